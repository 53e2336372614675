using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>Rows put in order by their experts: each expert's are counted, and then placed behind those of the experts before.</summary>
internal sealed unsafe class ExpertOrderStep(ExpertOrder kind, PlanStep.Fused s, Address at) : Step
{
    readonly int* experts = (int*)at(s.Inputs[0]), place = (int*)Optional.At(s.Outputs[0], at), row = (int*)Optional.At(s.Outputs[1], at),
        ends = (int*)Optional.At(s.Outputs[2], at);

    readonly int rows = s.Inputs[0].Shape[0];

    public override long WorkspaceBytes => (kind.Experts + 1L) * sizeof(int);

    public override void Run(ManagedEngine engine)
    {
        var next = new Span<int>(engine.Workspace, kind.Experts + 1);
        next.Clear();
        for (var i = 0; i < rows; i++) next[Of(i)]++;
        var total = 0;
        for (var e = 0; e <= kind.Experts; e++)
        {
            (var count, next[e]) = (next[e], total);
            total += count;
            if (ends != null && e < kind.Experts) ends[e] = total;
        }
        for (var i = 0; i < rows; i++)
        {
            var to = next[Of(i)]++;
            if (place != null) place[i] = to;
            if (row != null) row[to] = i;
        }
    }

    int Of(int i) => (uint)experts[i] < (uint)kind.Experts ? experts[i] : kind.Experts;
}

/// <summary>Rows of groups times a matrix of each group's own.</summary>
internal sealed unsafe class GroupedMatMulStep(GroupedMatMul kind, PlanStep.Fused s, Address at) : Step
{
    readonly GroupedGemm gemm = GroupedGemm.Products(s.Inputs[1].Shape[0], s.Inputs[0].Shape[0], s.Inputs[0].Shape[1], s.Outputs[0]!.Value.Shape[1], kind.Transposed);
    readonly float* x = (float*)at(s.Inputs[0]), weights = (float*)at(s.Inputs[1]), output = (float*)at(s.Outputs[0]!.Value);
    readonly int* ends = (int*)at(s.Inputs[2]);
    readonly (int Groups, int Rows, int Columns) shape = (s.Inputs[1].Shape[0], s.Inputs[0].Shape[0], s.Outputs[0]!.Value.Shape[1]);

    public override void Run(ManagedEngine engine)
    {
        Ends.Check(ends, shape.Groups, shape.Rows);
        gemm.Run(engine.Team, x, weights, output, ends);
        // What is of no group.
        for (var row = shape.Groups == 0 ? 0 : ends[shape.Groups - 1]; row < shape.Rows; row++)
            new Span<float>(output + (long)row * shape.Columns, shape.Columns).Clear();
    }
}

/// <summary>The products of groups of rows, each turned.</summary>
internal sealed unsafe class GroupedOuterStep(PlanStep.Fused s, Address at) : Step
{
    readonly GroupedGemm gemm = GroupedGemm.Outer(s.Inputs[2].Shape[0], s.Inputs[0].Shape[0], s.Inputs[0].Shape[1], s.Inputs[1].Shape[1]);
    readonly float* a = (float*)at(s.Inputs[0]), b = (float*)at(s.Inputs[1]), output = (float*)at(s.Outputs[0]!.Value);
    readonly int* ends = (int*)at(s.Inputs[2]);
    readonly (int Groups, int Rows) shape = (s.Inputs[2].Shape[0], s.Inputs[0].Shape[0]);

    public override void Run(ManagedEngine engine)
    {
        Ends.Check(ends, shape.Groups, shape.Rows);
        gemm.Run(engine.Team, a, b, output, ends);
    }
}

/// <summary>Where groups end.</summary>
internal static unsafe class Ends
{
    public static void Check(int* ends, int groups, int rows)
    {
        for (var (g, before) = (0, 0); g < groups; before = ends[g++])
            if (ends[g] < before || ends[g] > rows)
                throw new ArgumentOutOfRangeException(nameof(ends), $"grouped_matmul: group {g} ends at {ends[g]}, behind {before}, of {rows} rows.");
    }
}
