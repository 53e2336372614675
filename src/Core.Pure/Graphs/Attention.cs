using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// Scaled dot-product attention without a score matrix in memory (Dao et al. 2022). Arguments: q <c>[batch, queries, heads, size]</c>,
/// k and v <c>[batch, keys, kvHeads, size]</c> (heads a multiple of kvHeads; Ainslie et al. 2023), and then any of these, in this order, told apart by
/// their types:
/// <list type="bullet">
/// <item>offsets <c>i32[batch]</c>, at least 0: the position of each row's query 0; without them 0;</item>
/// <item>rows <c>i32[batch]</c>, only after offsets: which row of k and v each row attends to; of k and v there may then be any number of rows;</item>
/// <item>starts <c>i32[batch, queries]</c>: the position of the first key that each query may see, such as where its document begins;</item>
/// <item>ends <c>i32[batch, queries]</c>, only after starts and not with a rolling cache: the position behind the last key that each query may see, such as
/// where padding begins;</item>
/// <item>sink queries, of q's type: what meets the <see cref="Sinks"/> in place of q, such as queries that are rotated by another angle.</item>
/// </list>
/// Query i stands at position offset + i, key j at position j (<see cref="Rolling"/> says otherwise). Results: out (q's type) and the log of each query's
/// sum of exponentials, <c>[batch, heads, queries]</c>; a query that sees nothing gives 0 and −∞.
/// </summary>
/// <param name="Scale">What the products are multiplied by, usually 1/√size.</param>
/// <param name="Causal">Whether query i sees only keys at or before its own position.</param>
public sealed record Attention(double Scale, bool Causal = true) : FusedKind
{
    /// <summary>How many keys a query sees at most, its own among them (Beltagy et al. 2020; Jiang et al. 2023); 0 for all. Only where attention is causal.</summary>
    public int Window { get; init; }

    /// <summary>How many keys from the first on are seen beside the window (Xiao et al. 2023).</summary>
    public int Sinks { get; init; }

    /// <summary>Scores s become cap · tanh(s / cap) (Gemma 2; Bello et al. 2016); 0 for none.</summary>
    public double SoftCap { get; init; }

    /// <summary>
    /// Whether scores have −slope · distance added, a slope for each head (<see cref="Alibi.Slopes"/>; Press et al. 2021). A sink is never further away than
    /// the window and the sinks are long.
    /// </summary>
    public bool HasAlibi { get; init; }

    /// <summary>
    /// Whether k and v are a rolling cache: after the sinks' own places, position p lies at place sinks + (p − sinks) mod (keys − sinks), and the last
    /// query is the newest that was written. Needs a window, offsets, and keys ≥ sinks + window + queries − 1.
    /// </summary>
    public bool Rolling { get; init; }

    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"attention({Attributes})");

    internal string Attributes => string.Concat(
        FormattableString.Invariant($"scale={Scale:R}, causal={(Causal ? "true" : "false")}"),
        Window > 0 ? FormattableString.Invariant($", window={Window}") : "", Sinks > 0 ? FormattableString.Invariant($", sinks={Sinks}") : "",
        SoftCap > 0 ? FormattableString.Invariant($", cap={SoftCap:R}") : "", HasAlibi ? ", alibi" : "", Rolling ? ", rolling" : "");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        AttentionArguments.Check(this, args);
        var q = args[0].Shape;
        return [args[0], new([q[0], q[2], q[1]])];
    }

    /// <summary>The attention weights themselves, <c>[batch, heads, queries, keys]</c>; rows sum to 1, or are 0 where nothing is seen. Arguments as for the op.</summary>
    public Tensor Weights(Vec<Tensor> args) => Softmax(AttentionScores.Of(this, args)).Weights;

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        var (weights, logSum) = Softmax(AttentionScores.Of(this, args));
        return [Mean(weights, args), logSum.Reshape([.. logSum.Shape.SkipLast(1)])];
    }

    /// <summary>The means of the values by weights <c>[batch, heads, queries, keys]</c>, of q's type. Arguments as for the op.</summary>
    public static Tensor Mean(Tensor weights, Vec<Tensor> args) =>
        weights.MatMul(AttentionScores.Grouped(AttentionArguments.Of(args).Picked(args[2]), args[0].Shape[2])).Permute(0, 2, 1, 3);

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent)
    {
        var given = AttentionArguments.Of(args);
        if (output != 0 || given.Rows is not null) return base.Vjp(output, args, cotangent);
        var results = Apply(args);
        var gradients = new AttentionGradient(this).Apply([args[0], args[1], args[2], results[0], results[1], cotangent, .. args.Skip(3)]);
        return [.. gradients.Take(3), .. args.Skip(3).Select(a => a.DType.IsFloat() ? gradients[3] : null)];
    }

    /// <inheritdoc/>
    internal override bool IsFactor(int argument) => true;

    /// <inheritdoc/>
    internal override bool IsProduct(int output) => output == 0;

    /// <inheritdoc/>
    internal override ArgumentLayout Layout(int argument) => argument < 3 ? ArgumentLayout.Rows : ArgumentLayout.Dense;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 4.0 * args[0].Size * KeysPerQuery(args[0].Shape[1], args[1].Shape[1]);

    /// <summary>How many keys a query sees on average.</summary>
    internal double KeysPerQuery(int queries, int keys)
    {
        if (!Causal) return keys;
        if (Window == 0 || Window + Sinks >= keys) return queries > 1 ? keys / 2.0 : keys;
        var most = (double)Window + Sinks;
        return queries > 1 ? most - most * most / (2.0 * keys) : most;
    }

    // A row of −∞ alone has no largest number to take off, and no sum to divide by.
    static (Tensor Weights, Tensor LogSum) Softmax(Tensor scores)
    {
        var largest = scores.ReduceMax(-1).StopGradient();
        var some = largest.Greater(largest.Like(-1e30));
        var max = some.Where(largest, largest.Like(0));
        var e = (scores - max).Exp();
        var sum = e.Sum(-1);
        var divisor = some.Where(sum, sum.Like(1));
        return (e / divisor, some.Where(divisor.Log() + max, sum.Like(double.NegativeInfinity)));
    }
}

/// <summary>
/// The gradient of <see cref="Attention"/> by recomputation. Arguments: q, k, v, out, logSumExp, the cotangent of out, and what the forward op has
/// after v, which may not be rows. Results: the gradients of q, k and v, and of the sink queries if there are any.
/// </summary>
/// <param name="Of">The forward op.</param>
public sealed record AttentionGradient(Attention Of) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => FormattableString.Invariant($"attention_gradient({Of.Attributes})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args.Count >= 6 && args[3] == args[0] && args[5] == args[0], args, "needs q, k, v, out, logSumExp, the cotangent, and what attention has beside");
        AttentionArguments.Check(Of, Beside(args), Text);
        Require(AttentionArguments.Of(Beside(args)).Rows is null, args, "takes no rows");
        return [args[0], args[1], args[2], .. args.Skip(6).Where(static a => a.DType.IsFloat())];
    }

    /// <summary>The forward op's arguments among this one's.</summary>
    static Vec<T> Beside<T>(Vec<T> args) => [.. args.Take(3), .. args.Skip(6)];

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        // From q, k and v alone, so that the expansion's own derivative by them is the whole one.
        return Graphs.Vjp.OverPlaceholders([.. Beside(args), args[5]], holes =>
            Graphs.Vjp.Pull(Of.Expand([.. holes.SkipLast(1)])[0], holes[^1], [.. holes.SkipLast(1).Where(static h => h.DType.IsFloat())]));
    }

    /// <inheritdoc/>
    internal override Tensor? Forward(Vec<Tensor> args)
    {
        var given = Beside(args);
        return args[3].Equals(Of.Result(0, given)) && args[4].Equals(Of.Result(1, given)) ? args[3] : null;
    }

    /// <inheritdoc/>
    internal override bool IsFactor(int argument) => argument is not (3 or 4);

    /// <inheritdoc/>
    internal override bool IsProduct(int output) => true;

    /// <inheritdoc/>
    internal override bool WritesParts => true;

    /// <inheritdoc/>
    internal override ArgumentLayout Layout(int argument) => argument is 0 or 1 or 2 or 3 or 5 ? ArgumentLayout.Rows : ArgumentLayout.Dense;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 10.0 * args[0].Size * Of.KeysPerQuery(args[0].Shape[1], args[1].Shape[1]);
}
