using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// Rows in groups, each group times a matrix of its own (Gale et al. 2022): cost follows the rows, not the number of matrices. Arguments: x
/// <c>[rows, inputs]</c>, weights <c>[groups, inputs, outputs]</c> (<c>[groups, outputs, inputs]</c> when <paramref name="Transposed"/>), and ends
/// <c>i32[groups]</c>, which never fall: group g is the rows from the end of the one before to its own. Result <c>[rows, outputs]</c>; rows behind the last
/// group are 0.
/// </summary>
/// <param name="Transposed">Whether each matrix is turned first.</param>
public sealed record GroupedMatMul(bool Transposed = false) : FusedKind
{
    /// <inheritdoc/>
    public override string Text => Transposed ? "grouped_matmul(transposed)" : "grouped_matmul";

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        var fits = args is [{ Rank: 2, DType: DType.F32 }, { Rank: 3, DType: DType.F32 }, { Rank: 1, DType: DType.I32 }]
            && args[0].Shape[1] == args[1].Shape[Transposed ? 2 : 1] && args[2].Shape[0] == args[1].Shape[0];
        Require(fits, args, "needs x f32[rows, inputs], weights f32[groups, inputs, outputs] and ends i32[groups]");
        return [new([args[0].Shape[0], args[1].Shape[Transposed ? 1 : 2]])];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        var (x, weights) = (args[0], Transposed ? args[1].Permute(0, 2, 1) : args[1]);
        var inside = Inside(args[2], x.Shape[0]);
        // [groups, rows, inputs]: of each group its own rows, and 0 elsewhere.
        var (groups, rows) = (weights.Shape[0], x.Shape[0]);
        var own = inside.Reshape(groups, rows, 1).Where(x.Reshape(1, rows, x.Shape[1]), Create.Scalar(0));
        return [own.MatMul(weights).Sum(0).Reshape(rows, weights.Shape[2])];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent)
    {
        var (left, right) = Transposed ? (cotangent, args[0]) : (args[0], cotangent);
        return [new GroupedMatMul(!Transposed).Result(0, [cotangent, args[1], args[2]]), new GroupedOuter().Result(0, [left, right, args[2]]), null];
    }

    /// <inheritdoc/>
    internal override bool IsFactor(int argument) => argument < 2;

    /// <inheritdoc/>
    internal override bool IsProduct(int output) => true;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 2.0 * args[0].Size * args[1].Shape[Transposed ? 1 : 2];

    /// <summary><c>bool[groups, rows]</c>: whether a row is of a group.</summary>
    internal static Tensor Inside(Tensor ends, int rows)
    {
        var groups = ends.Shape[0];
        var row = Create.Iota([groups, rows], 1);
        var begins = groups == 1 ? Create.Fill(0, [1], DType.I32) : Movement.Concat(0, Create.Fill(0, [1], DType.I32), ends.Slice(0, 0, groups - 1));
        return row.Less(ends.Reshape(groups, 1)).And(row.Less(begins.Reshape(groups, 1)).Not());
    }
}

/// <summary>
/// The products of groups of rows, each turned: Arguments: a <c>[rows, m]</c>, b <c>[rows, n]</c>, and ends <c>i32[groups]</c> as for
/// <see cref="GroupedMatMul"/>. Result <c>[groups, m, n]</c>: aᵀ b of each group's rows.
/// </summary>
public sealed record GroupedOuter : FusedKind
{
    /// <inheritdoc/>
    public override string Text => "grouped_outer";

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        var fits = args is [{ Rank: 2, DType: DType.F32 }, { Rank: 2, DType: DType.F32 }, { Rank: 1, DType: DType.I32 }] && args[0].Shape[0] == args[1].Shape[0];
        Require(fits, args, "needs a f32[rows, m], b f32[rows, n] and ends i32[groups]");
        return [new([args[2].Shape[0], args[0].Shape[1], args[1].Shape[1]])];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        var (a, b, groups, rows) = (args[0], args[1], args[2].Shape[0], args[0].Shape[0]);
        var own = GroupedMatMul.Inside(args[2], rows).Reshape(groups, rows, 1).Where(a.Reshape(1, rows, a.Shape[1]), Create.Scalar(0));
        return [own.Permute(0, 2, 1).MatMul(b.Reshape(1, rows, b.Shape[1]).BroadcastTo([groups, rows, b.Shape[1]]))];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent) =>
    [
        new GroupedMatMul(true).Result(0, [args[1], cotangent, args[2]]), new GroupedMatMul().Result(0, [args[0], cotangent, args[2]]), null,
    ];

    /// <inheritdoc/>
    internal override bool IsFactor(int argument) => argument < 2;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 2.0 * args[0].Size * args[1].Shape[1];
}
