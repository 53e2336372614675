using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// Pairs of numbers turned by angles (rotary position embedding; Su et al. 2021). Arguments: x <c>[batch, time, heads, size]</c>, and the cosines and
/// sines of the angles, <c>[batch or 1, time, pairs]</c>, 2 · pairs ≤ size. Result, of x's type: the pair (a, b) becomes (a cos − b sin, b cos + a sin);
/// what lies behind the first 2 · pairs numbers of a head stays.
/// </summary>
/// <param name="Interleaved">Whether pair i is numbers 2i and 2i + 1, as in the paper; else i and pairs + i, as in most published weights.</param>
public sealed record Rotation(bool Interleaved) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => Interleaved ? "rotation(interleaved)" : "rotation(halves)";

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        var fits = args is [{ Rank: 4, DType: DType.F32 }, { Rank: 3, DType: DType.F32 }, _] && args[1] == args[2]
            && (args[1].Shape[0] == 1 || args[1].Shape[0] == args[0].Shape[0]) && args[1].Shape[1] == args[0].Shape[1]
            && 2 * args[1].Shape[2] <= args[0].Shape[3];
        Require(fits, args, "needs x f32[batch, time, heads, size], and cosines and sines f32[batch or 1, time, pairs], 2 · pairs ≤ size");
        return [args[0]];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        var (x, pairs) = (args[0], args[1].Shape[2]);
        Tensor Angle(int i) => args[i].Reshape(args[i].Shape[0], args[i].Shape[1], 1, pairs);
        var (cos, sin) = (Angle(1), Angle(2));
        var turned = x.Slice(3, 0, 2 * pairs);
        var (a, b) = Interleaved ? (Every(turned, 0), Every(turned, 1)) : (turned.Slice(3, 0, pairs), turned.Slice(3, pairs, pairs));
        var (c, d) = (a * cos - b * sin, b * cos + a * sin);
        var result = Interleaved ? Movement.Concat(4, Apart(c), Apart(d)).Reshape(turned.Shape) : Movement.Concat(3, c, d);
        var rest = x.Shape[3] - 2 * pairs;
        return [rest == 0 ? result : Movement.Concat(3, result, x.Slice(3, 2 * pairs, rest))];

        static Tensor Apart(Tensor y) => y.Reshape([.. y.Shape, 1]);
        Tensor Every(Tensor y, int which) => y.Reshape([.. y.Shape.SkipLast(1), pairs, 2]).Slice(4, which, 1).Reshape([.. y.Shape.SkipLast(1), pairs]);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent)
    {
        // Turning back: the transpose of a rotation times a factor is that with the angle's sign changed.
        var through = base.Vjp(output, args, cotangent);
        return [Result(0, [cotangent, args[1], -args[2]]), through[1], through[2]];
    }

    /// <inheritdoc/>
    internal override bool WritesParts => true;

    /// <inheritdoc/>
    internal override ArgumentLayout Layout(int argument) => argument == 0 ? ArgumentLayout.Rows : ArgumentLayout.Dense;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 3.0 * args[0].Size;
}
