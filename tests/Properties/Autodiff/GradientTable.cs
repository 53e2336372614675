using static Functional.Tests.Properties.Gradient;

namespace Functional.Tests.Properties;

/// <summary>One row or more for every op and fused kind. Domains stay away from kinks and poles.</summary>
static class GradientTable
{
    static readonly Vec<int> Shape = [2, 3];
    static readonly Domain Any = Domain.Uniform(Shape), Positive = Domain.Uniform(Shape, 0.5, 2), Apart = Domain.Apart(2, 3);
    static readonly Domain Truths = Domain.Booleans(2, 3);
    static readonly Domain Bits = Domain.Words(2);

    public static IReadOnlyList<GradientRow> Rows { get; } = [.. Leaves(), .. Elements(), .. Moves(), .. Sums(), .. Fused()];

    static GradientRow Row(Op op, Gradient how, params Vec<Domain> arguments) => new(a => Tensor.Of(op, a.Span), how, arguments);

    static IEnumerable<GradientRow> Leaves() =>
    [
        new(static a => a[0], Smooth, Any),
        Row(new Op.Fill(2.5, new([2, 3])), None),
        Row(new Op.Iota([2, 3], 1), None),
        Row(new Op.RandomBits([2, 3], 7), None, Bits),
    ];

    static IEnumerable<GradientRow> Elements() =>
    [
        .. UnaryFunction.All.Select(f => Row(new Op.Unary(f), Smooth, double.IsFinite(f.Least) ? Positive : Any)),
        .. BinaryFunction.All.Select(f => f switch
        {
            BinaryFunction.Max => Row(new Op.Binary(f), Once, Apart, Domain.Uniform(Shape, -0.01, 0.01)),
            BinaryFunction.Div or BinaryFunction.Pow => Row(new Op.Binary(f), Smooth, Positive, Positive),
            _ => Row(new Op.Binary(f), Smooth, Any, Any),
        }),
        // A negative base: only the base may vary.
        new(static a => a[0].Pow(a[0].Like(3)), Smooth, Domain.Uniform(Shape, -2, -0.5)),
        new(static a => a[0].Pow(a[0].Like(0)), Smooth, Any),
        .. CompareFunction.All.Select(f => Row(new Op.Compare(f), None, Any, Any)),
        Row(new Op.Where(), Smooth, Truths, Any, Any),
        Row(new Op.StopGradient(), None, Any),
        Row(new Op.Cast(DType.I32), None, Domain.Uniform(Shape, -9, 9)),
        Row(new Op.Cast(DType.Bool), None, Any),
        Row(new Op.Cast(DType.F32), None, Domain.Integers(Shape, -9, 9)),
        Row(new Op.Cast(DType.BF16), Straight, Any),
        Row(new Op.Cast(DType.F16), Straight, Any),
        Row(new Op.Cast(DType.F32), Straight, Any.As(DType.BF16)),
    ];

    static IEnumerable<GradientRow> Moves() =>
    [
        Row(new Op.Reshape([3, 1, 2]), Smooth, Any),
        Row(new Op.Permute([2, 0, 1]), Smooth, Domain.Uniform([2, 3, 5])),
        Row(new Op.Broadcast([4, 2, 3]), Smooth, Domain.Uniform([1, 2, 1])),
        Row(new Op.Slice([1, 0, 2], [1, 3, 2]), Smooth, Domain.Uniform([2, 3, 5])),
        Row(new Op.Pad([1, 0], [0, 2]), Smooth, Any),
        Row(new Op.Concat(1), Smooth, Any, Domain.Uniform([2, 1]), Any),
    ];

    static IEnumerable<GradientRow> Sums() =>
    [
        Row(new Op.Reduce(ReduceKind.Sum, [0, 2]), Smooth, Domain.Uniform([2, 3, 5])),
        Row(new Op.Reduce(ReduceKind.Max, [0, 2]), Once, Domain.Apart(2, 3, 5)),
        Row(new Op.ArgMax(1), None, Apart),
        Row(new Op.CumSum(1), Smooth, Domain.Uniform([2, 5, 3])),
        Row(new Op.MatMul(), Smooth, Any, Domain.Uniform([3, 4])),
        Row(new Op.MatMul(), Smooth, Domain.Uniform([2, 2, 3]), Domain.Uniform([2, 3, 1])),
        Row(new Op.Gather(), Smooth, Domain.Uniform([4, 2]), Domain.Integers([3, 2], 0, 4)),
        Row(new Op.ScatterAdd(), Smooth, Domain.Uniform([4, 2]), Domain.Integers([3], 0, 4), Domain.Uniform([3, 2])),
    ];

    static IEnumerable<GradientRow> Fused()
    {
        Domain rows = Domain.Uniform([2, 3, 4]), width = Domain.Uniform([4]), row = Domain.Uniform([2, 3, 1]);
        foreach (var kind in (FusedKind[])[new LayerNorm(0.01), new LayerNorm(0.1)])
            for (var output = 0; output < 3; output++)
                foreach (var arguments in (Vec<Domain>[])[[rows], [rows, width], [rows, width, width]])
                    yield return Row(new Op.Fused(kind, output), Smooth, arguments);
        for (var output = 0; output < 3; output++) yield return Row(new Op.Fused(new LayerNormGradient(0.01), output), Smooth, rows, row, row, rows, width);
        yield return Row(new Op.Fused(new LayerNormGradient(0.01), 0), Smooth, rows, row, row, rows);

        Domain q = Domain.Uniform([2, 3, 4, 2]), k = Domain.Uniform([2, 5, 2, 2]), self = Domain.Uniform([2, 3, 2, 2]), lse = Domain.Uniform([2, 4, 3]);
        Domain offset = Domain.Integers([2], 1, 4), cache = Domain.Uniform([3, 5, 2, 2]), picked = Domain.Integers([2], 1, 3);
        for (var output = 0; output < 2; output++)
        {
            yield return Row(new Op.Fused(new Attention(0.7), output), Smooth, q, self, self);
            yield return Row(new Op.Fused(new Attention(0.7), output), Smooth, q, k, k, offset);
            yield return Row(new Op.Fused(new Attention(0.7), output), Smooth, q, cache, cache, picked, picked);
            yield return Row(new Op.Fused(new Attention(0.7, Causal: false), output), Smooth, q, k, k);
        }
        for (var output = 0; output < 3; output++)
        {
            yield return Row(new Op.Fused(new AttentionGradient(new Attention(0.7, true)), output), Smooth, q, self, self, q, lse, q);
            yield return Row(new Op.Fused(new AttentionGradient(new Attention(0.7, true)), output), Smooth, q, k, k, q, lse, q, offset);
            yield return Row(new Op.Fused(new AttentionGradient(new Attention(0.7, false)), output), Smooth, q, k, k, q, lse, q);
        }
        foreach (var row1 in Attending()) yield return row1;
        foreach (var (op, arguments) in Modern()) yield return Row(op, Smooth, arguments);
        for (var output = 0; output < 3; output++) yield return Row(new Op.Fused(new ExpertOrder(3), output), None, Domain.Integers([5], -1, 4));
        foreach (var approximate in (bool[])[false, true])
        {
            yield return Row(new Op.Fused(new ScaledSum(approximate ? -0.3 : 2), 0), Smooth,
                [.. Enumerable.Repeat(Domain.Uniform([3, 4]), approximate ? 2 : 3)]);
            yield return Row(new Op.Fused(new Gelu(approximate), 0), Smooth, Domain.Uniform([3, 4], -3, 3));
            yield return Row(new Op.Fused(new GeluGradient(approximate), 0), Smooth, Domain.Uniform([3, 4], -3, 3), Domain.Uniform([3, 4]));
        }
        yield return Row(new Op.Fused(new Deferred(), 0), Straight, Domain.Uniform([3, 4]), Domain.Uniform([2]));
        yield return Row(new Op.Fused(new BlockEnd(), 0), Straight, Domain.Uniform([3, 4]));
        yield return Row(new Op.Fused(new Ranks(), 0), None, Domain.Apart(2, 4), Domain.Uniform([2, 4]));
        yield return Row(new Op.Fused(new Ranks(), 1), Smooth, Domain.Apart(2, 4), Domain.Uniform([2, 4]));
        yield return Row(new Op.Fused(new CacheWrite(), 0), Smooth, Domain.Uniform([2, 5, 3]), Domain.Uniform([2, 2, 3]), Domain.Integers([2], 0, 5));
        yield return Row(new Op.Fused(new CacheWrite(), 0), Smooth, Domain.Uniform([4, 5, 3]), Domain.Uniform([2, 2, 3]), Domain.Distinct(2, 4),
            Domain.Distinct(2, 4));
        for (var output = 0; output < 3; output++)
            foreach (var smoothing in (double[])[0, 0.2])
                yield return Row(new Op.Fused(new LinearCrossEntropy(smoothing) { Cap = smoothing * 3 }, output), Smooth, Domain.Uniform([5, 3]),
                    Domain.Uniform([4, 3]), Domain.Labels(5, 4));
        foreach (var cap in (double[])[0, 0.6])
        {
            for (var output = 0; output < 4; output++)
                yield return Row(new Op.Fused(new LinearLogProbabilities { Cap = cap }, output), Smooth, Domain.Uniform([5, 3]), Domain.Uniform([4, 3]),
                    Domain.Labels(5, 4));
            yield return Row(new Op.Fused(new LinearLogProbabilitiesGradient { Cap = cap }, 0), Smooth, Domain.Uniform([5, 3]), Domain.Uniform([4, 3]),
                Domain.Labels(5, 4), Domain.Uniform([5]));
        }
    }

    // Windows, sinks, caps, distances, texts that begin later, rolling caches, and their gradients.
    static IEnumerable<GradientRow> Attending()
    {
        Domain q = Domain.Uniform([2, 4, 4, 2]), k = Domain.Uniform([2, 4, 2, 2]), lse = Domain.Uniform([2, 4, 4]), starts = Starts(2, 4), ends = Behind(2, 4);
        Domain longer = Domain.Uniform([2, 7, 2, 2]), offset = Domain.Integers([2], 0, 9);
        var plain = new Attention(0.7);
        Vec<(Attention, Vec<Domain>)> kinds =
        [
            (plain with { Window = 2 }, []), (plain with { SoftCap = 1.5 }, []), (plain with { HasAlibi = true }, []), (plain, [starts]),
            (new Attention(0.7, Causal: false), [starts, ends]), (plain with { Window = 2, Sinks = 1 }, [starts, ends, q]),
            (plain with { Window = 2, Sinks = 1 }, [q]), (plain with { Window = 2, Sinks = 1, SoftCap = 2, HasAlibi = true }, [starts, q]),
        ];
        foreach (var (kind, beside) in kinds)
        {
            for (var output = 0; output < 2; output++) yield return Row(new Op.Fused(kind, output), Smooth, [q, k, k, .. beside]);
            for (var output = 0; output < (beside.Contains(q) ? 4 : 3); output++)
                yield return Row(new Op.Fused(new AttentionGradient(kind), output), Smooth, [q, k, k, q, lse, q, .. beside]);
        }
        yield return Row(new Op.Fused(plain with { Window = 2, Sinks = 1, Rolling = true }, 0), Smooth, q, longer, longer, offset);
    }

    static IEnumerable<(Op, Vec<Domain>)> Modern()
    {
        Domain rows = Domain.Uniform([2, 3, 4]), row = Domain.Uniform([2, 3, 1]), width = Domain.Uniform([4]);
        for (var output = 0; output < 2; output++)
        {
            yield return (new Op.Fused(new RmsNorm(0.01), output), [rows, width]);
            yield return (new Op.Fused(new RmsNormGradient(0.01), output), [rows, row, rows, width]);
        }
        yield return (new Op.Fused(new RmsNorm(0.1), 0), [rows]);
        yield return (new Op.Fused(new RmsNormGradient(0.1), 0), [rows, row, rows]);
        foreach (var interleaved in (bool[])[false, true])
        {
            yield return (new Op.Fused(new Rotation(interleaved), 0), [Domain.Uniform([2, 3, 2, 4]), Domain.Uniform([1, 3, 2]), Domain.Uniform([1, 3, 2])]);
            yield return (new Op.Fused(new Rotation(interleaved), 0), [Domain.Uniform([2, 3, 2, 5]), Domain.Uniform([2, 3, 1]), Domain.Uniform([2, 3, 1])]);
            yield return (new Op.Fused(new GroupedMatMul(interleaved), 0),
                [Domain.Uniform([6, interleaved ? 4 : 3]), Domain.Uniform([2, 3, 4]), Ends(2, 6)]);
        }
        yield return (new Op.Fused(new GroupedOuter(), 0), [Domain.Uniform([6, 3]), Domain.Uniform([6, 2]), Ends(2, 6)]);
        foreach (var packing in (BitPacking[])[new(8, 0), new(4, 2)])
        {
            yield return (new Op.Fused(new PackedMatrix(packing), 0), [Domain.Words(3, 2), Domain.Uniform(packing.Scales(3, 2 * packing.InWord - 1).Shape, -0.01, 0.01)]);
            foreach (var transposed in (bool[])[false, true])
                yield return (new Op.Fused(new PackedMatMul(packing, transposed), 0), [Domain.Uniform([2, transposed ? 2 * packing.InWord - 1 : 3]), Domain.Words(3, 2),
                    Domain.Uniform(packing.Scales(3, 2 * packing.InWord - 1).Shape, -0.01, 0.01)]);
        }
        foreach (var packing in (PanelPacking[])[new(8), new(4)])
        {
            foreach (var turned in (bool[])[false, true])
                yield return (new Op.Fused(new PanelMatrix(packing, 5, 3, turned), 0), [InPanels(packing, 5, 3)]);
            yield return (new Op.Fused(new PanelMatMul(packing, 5, 3), 0), [Domain.Uniform([2, 3]), InPanels(packing, 5, 3)]);
            yield return (new Op.Fused(new PanelRows(packing, 5, 3), 0), [InPanels(packing, 5, 3), Domain.Integers([4], 0, 5)]);
        }
        yield return (new Op.Fused(new CacheWrite { Rolling = true, Sinks = 1 }, 0),
            [Domain.Uniform([2, 5, 3]), Domain.Uniform([2, 2, 3]), Domain.Integers([2], 0, 9)]);
        yield return (new Op.Fused(new Listed([1, 0.1, -3]), 0), []);
    }

    /// <summary>The words of a matrix in panels.</summary>
    public static Domain InPanels(PanelPacking packing, int outputs, int inputs) => new(packing.Words(outputs, inputs), (random, type) =>
    {
        var (kind, words) = (new PanelMatrix(packing, outputs, inputs, false), new int[type.Size]);
        _ = Panels.Pack([.. Enumerable.Range(0, outputs * inputs).Select(_ => (float)random.NextDouble() - 0.5f)], kind, words);
        return [.. words.Select(static w => (double)w)];
    });

    // Where texts begin: nowhere behind the query.
    static Domain Starts(int batch, int queries) =>
        new(new([batch, queries], DType.I32), (random, _) => [.. Enumerable.Range(0, batch * queries).Select(i => (double)random.Next(i % queries + 1))]);

    // Where they end: not before the query.
    static Domain Behind(int batch, int queries) => new(new([batch, queries], DType.I32),
        (random, _) => [.. Enumerable.Range(0, batch * queries).Select(i => (double)random.Next(i % queries + 1, queries + 1))]);

    // Where groups of rows end: never falling, and perhaps before the last row.
    internal static Domain Ends(int groups, int rows) =>
        new(new([groups], DType.I32), (random, _) => [.. Enumerable.Range(0, groups).Select(_ => (double)random.Next(rows + 1)).Order()]);
}
