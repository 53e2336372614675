using Functional.Base;
using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>
/// Scaled dot-product attention by libtorch's fused kernel, or spelt out where scores are more than products. The gradient comes from automatic
/// differentiation of what the forward step recorded.
/// </summary>
sealed class TorchAttention
{
    readonly Attention kind;
    readonly TorchContext context;
    readonly AttentionArguments given;
    readonly TorchSeen seen;
    readonly (long Batch, long Queries, long Heads, long Size, long Keys, long KvHeads) n;
    readonly Scalar factor, toDefault, unseen = double.NegativeInfinity.ToScalar(), cap, perCap, zero = 0.ToScalar();
    readonly bool isDefault, isSpelt;

    TorchAttention(Attention kind, Vec<TensorType> args, TorchContext context)
    {
        (this.kind, this.context, given) = (kind, context, AttentionArguments.Of(args));
        var (q, k) = (args[0].Shape, args[1].Shape);
        n = (q[0], q[1], q[2], q[3], k[1], k[2]);
        seen = new(kind, context.Device, n.Batch, n.Queries, n.Keys);
        var scale = kind.Scale * Math.Sqrt(n.Size);
        (factor, toDefault, isDefault) = (kind.Scale.ToScalar(), scale.ToScalar(), Math.Abs(scale - 1) < 1e-12);
        (cap, perCap) = (kind.SoftCap.ToScalar(), (1 / Math.Max(kind.SoftCap, double.Epsilon)).ToScalar());
        isSpelt = kind.SoftCap > 0 || kind.HasAlibi || given.SinkQueries is not null;
    }

    public static TorchKernel Forward(Attention kind, Vec<Tensor> args, TorchContext context)
    {
        var attention = new TorchAttention(kind, args.Map(static a => a.Type), context);
        return frame =>
        {
            TorchTensor? Get(int? argument) => argument is { } i ? frame[i] : null;
            // Keys and values of the rows that are asked for.
            TorchTensor Rows(int argument) => Get(attention.given.Rows) is { } rows ? frame[argument].index_select(0, rows) : frame[argument];
            var (keys, values, mask) = (Rows(1), Rows(2), attention.Mask(Get(attention.given.Offsets), Get(attention.given.Starts), Get(attention.given.Ends)));
            Vec<TorchTensor> all = [attention.Whole(frame[0]), attention.Whole(keys), attention.Whole(values),
                .. Get(attention.given.SinkQueries) is { } sink ? (Vec<TorchTensor>)[sink] : []];
            TorchTape.Forward(frame, a => attention.Attend(a, mask), [.. all]);
            if (!frame.Wants(1)) return;
            var whole = mask ?? attention.Mask(null, null, null, always: true);
            frame.Results[1] = attention.Scores([frame[0], keys, values, .. all.Skip(3)], whole).logsumexp(-1);
        };
    }

    public static TorchKernel Gradient(AttentionGradient kind, Vec<Tensor> args, TorchContext context)
    {
        Vec<TensorType> types = [.. args.Take(3).Concat(args.Skip(6)).Select(static a => a.Type)];
        var attention = new TorchAttention(kind.Of, types, context);
        return frame =>
        {
            // Behind the forward op's first three there are three others.
            TorchTensor? Get(int? argument) => frame.Tape is null && argument is { } i ? frame[i + 3] : null;
            var mask = frame.Tape is null ? attention.Mask(Get(attention.given.Offsets), Get(attention.given.Starts), Get(attention.given.Ends)) : null;
            TorchTensor[] args = frame.Tape is not null ? []
                : [attention.Whole(frame[0]), attention.Whole(frame[1]), attention.Whole(frame[2]), .. Get(attention.given.SinkQueries) is { } s ? (TorchTensor[])[s] : []];
            var gradients = TorchTape.Gradients(frame, attention.Whole(frame[5]), a => attention.Attend(a, mask), args);
            for (var i = 0; i < frame.Results.Length; i++) frame.Results[i] = gradients[i];
        };
    }

    /// <summary>What is seen: true where a key is; and what is taken off scores, and which keys are sinks, where that is asked for.</summary>
    sealed record Masked(TorchTensor Seen, TorchTensor? Distances, TorchTensor Sinks);

    // Nothing where all is seen, or where the fused kernel knows by itself: of fewer queries than keys it takes the first for the last on a GPU.
    Masked? Mask(TorchTensor? offsets, TorchTensor? starts, TorchTensor? ends, bool always = false)
    {
        if (!always && !isSpelt && (kind.Causal ? seen.IsPlain(offsets, starts) && ends is null && n.Queries == n.Keys : starts is null && ends is null)) return null;
        var (query, key, start, sees, sinks) = seen.Of(offsets, starts, ends);
        return new(sees, kind.HasAlibi ? seen.Distance(query, key, start, sinks).to(torch.ScalarType.Float32).mul(Slopes()) : null, sinks);
    }

    TorchTensor Slopes() => torch.tensor(Alibi.SlopesOf((int)n.Heads).Map(static s => (float)s).ToArray(), device: context.Device).reshape(1, n.Heads, 1, 1);

    TorchTensor Whole(TorchTensor x) => context.AsOnGpu ? TorchTypes.Aligned(x) : x;

    // [batch, tokens, heads, size] of q, k and v to that of the result.
    TorchTensor Attend(TorchTensor[] a, Masked? mask)
    {
        if (isSpelt) return Spelt(a, mask!);
        var (queries, keys, values) = (context.Factor(Heads(a[0])), context.Factor(Heads(a[1])), context.Factor(Heads(a[2])));
        var result = torch.nn.functional.scaled_dot_product_attention(isDefault ? queries : queries.mul(toDefault), keys, values, mask?.Seen, 0,
            kind.Causal && mask is null);
        result = result.to(torch.ScalarType.Float32);
        // A query that sees nothing.
        if (mask is not null && (given.Starts is not null || kind.Window > 0)) result = result.masked_fill(mask.Seen.any(-1, true).logical_not(), zero);
        return result.transpose(1, 2);
    }

    TorchTensor Spelt(TorchTensor[] a, Masked mask)
    {
        var scores = Scores(a, mask);
        var some = mask.Seen.any(-1, true);
        var weights = torch.where(some, scores, torch.zeros_like(scores)).softmax(-1).masked_fill(mask.Seen.logical_not(), zero);
        return Product(context.Factor(weights), context.Factor(Heads(a[2]))).to(torch.ScalarType.Float32).transpose(1, 2);
    }

    // [batch, heads, queries, keys] of q, k, v and perhaps sink queries.
    TorchTensor Scores(TorchTensor[] a, Masked? mask)
    {
        var keys = context.Factor(Heads(a[1])).transpose(-2, -1);
        TorchTensor Products(TorchTensor queries)
        {
            var scores = Product(context.Factor(Heads(queries).mul(factor)), keys).to(torch.ScalarType.Float32);
            return kind.SoftCap > 0 ? scores.mul(perCap).tanh().mul(cap) : scores;
        }
        var scores = Products(a[0]);
        if (a.Length > 3) scores = torch.where(mask!.Sinks, Products(a[3]), scores);
        if (mask?.Distances is { } distances) scores = scores.sub(distances);
        return mask is null ? scores : scores.masked_fill(mask.Seen.logical_not(), unseen);
    }

    // [batch, tokens, heads or kvHeads, size] → [batch, heads, tokens, size].
    TorchTensor Heads(TorchTensor x)
    {
        var (tokens, heads) = (x.shape[1], x.shape[2]);
        return heads == n.Heads ? x.transpose(1, 2)
            : x.transpose(1, 2).unsqueeze(2).expand(n.Batch, heads, n.Heads / heads, tokens, n.Size).reshape(n.Batch, n.Heads, tokens, n.Size);
    }

    TorchTensor Product(TorchTensor a, TorchTensor b) => TorchReductions.Product(a, b, [n.Batch, n.Heads, a.shape[2], b.shape[3]]);
}
