using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>Rows of a table by indices.</summary>
internal sealed unsafe class GatherStep(PlanStep.Gather s, Address at) : Step
{
    readonly byte* table = at(s.Table), output = at(s.Output);
    readonly int* indices = (int*)at(s.Indices);
    readonly int rows = s.Table.Shape[0];
    readonly long count = new TensorType(s.Indices.Shape).Size;
    readonly long bytes = new TensorType(s.Table.Shape, s.Table.DType).Bytes / s.Table.Shape[0];

    public override void Run(ManagedEngine engine)
    {
        for (var i = 0L; i < count; i++)
            Buffer.MemoryCopy(table + Indices.Checked("gather", indices[i], rows) * bytes, output + i * bytes, bytes, bytes);
    }
}

/// <summary>Updates added into the rows of a target, in the order of the indices.</summary>
internal sealed unsafe class ScatterAddStep(PlanStep.ScatterAdd s, Address at) : Step
{
    readonly Columns work = new((float*)at(s.Target), (int*)at(s.Indices), (float*)at(s.Updates), s.Target.Shape[0],
        (int)new TensorType(s.Indices.Shape).Size, (int)(new TensorType(s.Target.Shape).Size / s.Target.Shape[0]));

    readonly int* indices = (int*)at(s.Indices);
    readonly int rows = s.Target.Shape[0], count = (int)new TensorType(s.Indices.Shape).Size;

    public override void Run(ManagedEngine engine)
    {
        // Before anything is added: a wrong index must not leave half of the updates.
        for (var i = 0; i < count; i++) Indices.Checked("scatter_add", indices[i], rows);
        engine.Team.Run(work, work.Tasks);
    }

    // Columns are independent, so a task is a strip of them over all indices.
    sealed class Columns(float* target, int* indices, float* updates, int rows, int count, int width) : Work
    {
        public int Tasks => (width + RowKernels.ColumnBlock - 1) / RowKernels.ColumnBlock;

        public override void Run(int task, int worker) => RowKernels.ScatterAdd(updates, indices, count, width, target, rows,
            task * RowKernels.ColumnBlock, Math.Min(width, (task + 1) * RowKernels.ColumnBlock));
    }
}

/// <summary>Checks of indices that are known only when a program runs.</summary>
internal static class Indices
{
    public static long Checked(string op, int index, int rows) => (uint)index < (uint)rows ? index
        : throw new ArgumentOutOfRangeException(nameof(index), $"{op}: index {index} is outside the table's rows 0..{rows - 1}.");
}

/// <summary>The first maximum along the middle axis of [outer, n, inner].</summary>
internal sealed unsafe class ArgMaxStep(PlanStep.ArgMax s, Address at) : Step
{
    readonly float* input = (float*)at(s.Input);
    readonly int* output = (int*)at(s.Output);
    readonly (int Outer, int N, int Inner) shape = (s.Input.Shape[0], s.Input.Shape[1], s.Input.Shape[2]);
    readonly DType type = s.Input.DType;

    public override void Run(ManagedEngine engine)
    {
        for (var o = 0; o < shape.Outer; o++)
            for (var i = 0; i < shape.Inner; i++)
            {
                var (best, from) = (0, (long)o * shape.N * shape.Inner + i);
                for (var k = 1; k < shape.N; k++)
                    if (Exceeds(from + (long)k * shape.Inner, from + (long)best * shape.Inner)) best = k;
                output[(long)o * shape.Inner + i] = best;
            }
    }

    bool Exceeds(long a, long b) => type == DType.F32 ? input[a] > input[b] : ((int*)input)[a] > ((int*)input)[b];
}

/// <summary>Running sums along the middle axis of [outer, n, inner].</summary>
internal sealed unsafe class CumSumStep(PlanStep.CumSum s, Address at) : Step
{
    readonly float* input = (float*)at(s.Input), output = (float*)at(s.Output);
    readonly (int Outer, int N, int Inner) shape = (s.Input.Shape[0], s.Input.Shape[1], s.Input.Shape[2]);
    readonly bool isInt = s.Input.DType == DType.I32;

    public override void Run(ManagedEngine engine)
    {
        for (var o = 0; o < shape.Outer; o++)
            for (var k = 0; k < shape.N; k++)
            {
                var at = ((long)o * shape.N + k) * shape.Inner;
                if (k == 0) new Span<float>(input + at, shape.Inner).CopyTo(new Span<float>(output + at, shape.Inner));
                else if (isInt) LaneLoops.Map<AddIntOp>(output + at - shape.Inner, input + at, output + at, shape.Inner);
                else LaneLoops.Map<AddOp>(output + at - shape.Inner, input + at, output + at, shape.Inner);
            }
    }
}
