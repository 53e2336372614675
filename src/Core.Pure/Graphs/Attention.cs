using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// Scaled dot-product attention without a score matrix in memory (Dao et al. 2022). Arguments: q <c>[batch, queries, heads, size]</c>,
/// k and v <c>[batch, keys, kvHeads, size]</c> (heads a multiple of kvHeads), and optionally the absolute position of each row's query 0,
/// <c>i32[batch]</c>, at least 0; after it optionally which row of k and v each row attends to, <c>i32[batch]</c>: of k and v there may then be any
/// number of rows. Results: out (q's type) and the log of each query's sum of exponentials, <c>[batch, heads, queries]</c>.
/// </summary>
/// <param name="Scale">What the products are multiplied by, usually 1/√size.</param>
/// <param name="Causal">Whether query i sees only keys at or before its own position.</param>
public sealed record Attention(double Scale, bool Causal = true) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"attention(scale={Scale:R}, causal={(Causal ? "true" : "false")})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args.Count is 3 or 4 or 5, args, "needs q, k, v and optionally offsets and rows");
        AttentionShape.Check(this, args, anyRows: args.Count == 5);
        Require(args.Skip(3).All(t => t == new TensorType([args[0].Shape[0]], DType.I32)), args, "needs offsets and rows i32[batch]");
        var q = args[0].Shape;
        return [args[0], new([q[0], q[2], q[1]])];
    }

    /// <summary>
    /// The attention weights themselves, <c>[batch, heads, queries, keys]</c>; rows sum to 1. Arguments as for the op, without v and rows.
    /// </summary>
    public Tensor Weights(Tensor q, Tensor k, Tensor? offset = null) => Scores(q, k, offset).Softmax();

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        if (args.Count == 5) return Apply(args[0], args[1].Gather(args[4]), args[2].Gather(args[4]), args[3]);
        var scores = Scores(args[0], args[1], args.Count > 3 ? args[3] : null);
        var values = Grouped(args[2], args[0].Shape[2]);
        var result = scores.Softmax().MatMul(values).Permute(0, 2, 1, 3);
        return [result, scores.LogSumExp().Reshape([.. scores.Shape.SkipLast(1)])];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent)
    {
        if (output != 0 || args.Count == 5) return base.Vjp(output, args, cotangent);
        var results = Apply(args);
        Vec<Tensor> given = [args[0], args[1], args[2], results[0], results[1], cotangent, .. args.Skip(3)];
        return [.. new AttentionGradient(Scale, Causal).Apply(given), .. args.Skip(3).Select(static _ => (Tensor?)null)];
    }

    /// <inheritdoc/>
    internal override ArgumentLayout Layout(int argument) => argument < 3 ? ArgumentLayout.Rows : ArgumentLayout.Dense;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 4.0 * args[0].Size * args[1].Shape[1] * (Causal && args[0].Shape[1] > 1 ? 0.5 : 1);

    // [batch, heads, queries, keys]; unseen keys are −∞.
    Tensor Scores(Tensor q, Tensor k, Tensor? offset)
    {
        var scores = q.Permute(0, 2, 1, 3).MatMul(Grouped(k, q.Shape[2]).T()) * Scale;
        if (!Causal) return scores;
        var (queries, keys) = (q.Shape[1], k.Shape[1]);
        var seen = offset is null ? Derived.CausalMask(queries, keys, Create.Scalar(0, DType.I32))
            : Derived.CausalMask(queries, keys, offset).Reshape(q.Shape[0], 1, queries, keys);
        return seen.Where(scores, scores.Like(double.NegativeInfinity));
    }

    // [batch, keys, kvHeads, size] → [batch, heads, keys, size], each key head shared by a group of query heads.
    static Tensor Grouped(Tensor x, int heads)
    {
        var (b, t, h, d) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]);
        return x.Permute(0, 2, 1, 3).Reshape(b, h, 1, t, d).BroadcastTo([b, h, heads / h, t, d]).Reshape(b, heads, t, d);
    }
}

/// <summary>
/// The gradient of <see cref="Attention"/> by recomputation. Arguments: q, k, v, out, logSumExp, the cotangent of out, and the offsets
/// <c>i32[batch]</c> if there are any. Results: the gradients of q, k and v.
/// </summary>
/// <param name="Scale">As in the forward op.</param>
/// <param name="Causal">As in the forward op.</param>
public sealed record AttentionGradient(double Scale, bool Causal) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"attention_gradient(scale={Scale:R}, causal={(Causal ? "true" : "false")})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args.Count is 6 or 7 && args[3] == args[0] && args[5] == args[0], args, "needs q, k, v, out, logSumExp, the cotangent and optionally offsets");
        AttentionShape.Check(this, args, anyRows: false);
        Require(args.Skip(6).All(t => t == new TensorType([args[0].Shape[0]], DType.I32)), args, "needs offsets i32[batch]");
        return [args[0], args[1], args[2]];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        // From q, k and v alone, so that the expansion's own derivative by them is the whole one.
        return Graphs.Vjp.OverPlaceholders([args[0], args[1], args[2], args[5], .. args.Skip(6)], holes =>
            Graphs.Vjp.Pull(new Attention(Scale, Causal).Expand([holes[0], holes[1], holes[2], .. holes.Skip(4)])[0], holes[3], holes[0], holes[1], holes[2]));
    }

    /// <inheritdoc/>
    internal override Tensor? Forward(Vec<Tensor> args)
    {
        Vec<Tensor> given = [.. args.Take(3), .. args.Skip(6)];
        var forward = new Attention(Scale, Causal);
        return args[3].Equals(forward.Result(0, given)) && args[4].Equals(forward.Result(1, given)) ? args[3] : null;
    }

    /// <inheritdoc/>
    internal override bool WritesParts => true;

    /// <inheritdoc/>
    internal override ArgumentLayout Layout(int argument) => argument is 4 or 6 ? ArgumentLayout.Dense : ArgumentLayout.Rows;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 10.0 * args[0].Size * args[1].Shape[1] * (Causal ? 0.5 : 1);
}

static class AttentionShape
{
    public static void Check(FusedKind kind, Vec<TensorType> a, bool anyRows)
    {
        var fits = a.Take(3).All(static t => t is { Rank: 4, DType: DType.F32 }) && a[1] == a[2]
            && (anyRows || a[0].Shape[0] == a[1].Shape[0]) && a[0].Shape[3] == a[1].Shape[3] && a[0].Shape[2] % a[1].Shape[2] == 0;
        TypeRules.Require(fits, kind.Text, a, "needs q f32[batch, queries, heads, size] and k, v f32[batch, keys, kvHeads, size], heads a multiple of kvHeads");
    }
}
