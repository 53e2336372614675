using Functional.Base;
using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>
/// Scaled dot-product attention by libtorch's fused kernel. The gradient comes from automatic differentiation of what the forward step recorded.
/// </summary>
/// <param name="context">The device and the precision.</param>
/// <param name="scale">Of the scores.</param>
/// <param name="causal">Whether queries see only keys at or before their position.</param>
/// <param name="q">The type of the queries, <c>[batch, queries, heads, size]</c>.</param>
/// <param name="k">The type of the keys, <c>[batch, keys, kvHeads, size]</c>.</param>
sealed class TorchAttention(TorchContext context, double scale, bool causal, TensorType q, TensorType k)
{
    readonly (long Batch, long Queries, long Heads, long Size, long Keys, long KvHeads) n = (q.Shape[0], q.Shape[1], q.Shape[2], q.Shape[3], k.Shape[1],
        k.Shape[2]);
    readonly Scalar factor = scale.ToScalar(), toDefault = (scale * Math.Sqrt(q.Shape[3])).ToScalar(), unseen = double.NegativeInfinity.ToScalar();
    readonly bool isDefault = Math.Abs(scale * Math.Sqrt(q.Shape[3]) - 1) < 1e-12;

    public static TorchKernel Forward(Attention kind, Vec<Tensor> args, TorchContext context)
    {
        var attention = new TorchAttention(context, kind.Scale, kind.Causal, args[0].Type, args[1].Type);
        return frame =>
        {
            var mask = attention.Mask(frame.Args.Length > 3 ? frame[3] : null);
            // Keys and values of the rows that are asked for.
            TorchTensor Rows(int argument) => frame.Args.Length > 4 ? frame[argument].index_select(0, frame[4]) : frame[argument];
            var (keys, values) = (Rows(1), Rows(2));
            TorchTape.Forward(frame, a => attention.Attend(a, mask), [attention.Whole(frame[0]), attention.Whole(keys), attention.Whole(values)]);
            if (!frame.Wants(1)) return;
            frame.Results[1] = attention.Scores(attention.Heads(frame[0]), attention.Heads(keys), mask ?? attention.Mask(null, always: true)).logsumexp(-1);
        };
    }

    public static TorchKernel Gradient(AttentionGradient kind, Vec<Tensor> args, TorchContext context)
    {
        var attention = new TorchAttention(context, kind.Scale, kind.Causal, args[0].Type, args[1].Type);
        return frame =>
        {
            var mask = frame.Tape is null ? attention.Mask(frame.Args.Length > 6 ? frame[6] : null) : null;
            TorchTensor[] args = frame.Tape is null ? [attention.Whole(frame[0]), attention.Whole(frame[1]), attention.Whole(frame[2])] : [];
            var gradients = TorchTape.Gradients(frame, attention.Whole(frame[5]), a => attention.Attend(a, mask), args);
            for (var i = 0; i < 3; i++) frame.Results[i] = gradients[i];
        };
    }

    // [queries, keys], or [batch, 1, queries, keys] with offsets; true where a key is seen; nothing where all are, or where the fused kernel knows by itself.
    TorchTensor? Mask(TorchTensor? offsets, bool always = false)
    {
        if (!causal || (offsets is null && !always)) return null;
        var last = TorchTypes.Range(n.Queries, context.Device).unsqueeze(1);
        return TorchTypes.Range(n.Keys, context.Device).unsqueeze(0).le(offsets is null ? last : last.Plus(offsets.reshape(n.Batch, 1, 1, 1)));
    }

    TorchTensor Whole(TorchTensor x) => context.AsOnGpu ? TorchTypes.Aligned(x) : x;

    // [batch, tokens, heads, size] of q, k and v to that of the result.
    TorchTensor Attend(TorchTensor[] a, TorchTensor? mask)
    {
        var (queries, keys, values) = (context.Factor(Heads(a[0])), context.Factor(Heads(a[1])), context.Factor(Heads(a[2])));
        var result = torch.nn.functional.scaled_dot_product_attention(isDefault ? queries : queries.mul(toDefault), keys, values, mask, 0, causal
            && mask is null);
        return result.to(torch.ScalarType.Float32).transpose(1, 2);
    }

    TorchTensor Scores(TorchTensor queries, TorchTensor keys, TorchTensor? mask)
    {
        var scores = Product(queries.mul(factor), keys.transpose(-2, -1)).to(torch.ScalarType.Float32);
        return mask is null ? scores : scores.masked_fill(mask.logical_not(), unseen);
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
