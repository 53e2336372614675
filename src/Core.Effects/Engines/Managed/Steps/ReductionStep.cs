using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>
/// An elementwise kernel whose results are summed, or their maximum taken, over the inner axes of its domain. The work is cut into chunks of
/// a fixed size whose partial results are combined in order, so the bits do not depend on the threads.
/// </summary>
internal sealed unsafe class ReductionStep : Step
{
    const int ChunkLanes = 32768;

    readonly Reducer work;

    public ReductionStep(PlanStep.Reduction step, Address at)
    {
        var kernel = step.Kernel;
        var kept = step.Kept;
        // Sums down columns that lie side by side: rows are added to rows, instead of each column gathered.
        var down = kept > 0 && kept < kernel.Domain.Count && kernel.Domain[kept - 1] > 1
            && step.Inputs.Any(v => v.Strides[kept - 1] == 1 && v.Strides[^1] != 1);
        if (down)
        {
            Vec<int> order = [.. Enumerable.Range(0, kept - 1), .. Enumerable.Range(kept, kernel.Domain.Count - kept), kept - 1];
            View Turned(View v) => v.Through(new Op.Permute(order))!.Value;
            kernel = kernel with { Domain = order.Map(i => kernel.Domain[i]), Indices = kernel.Indices.Map(s => order.Map(i => s[i])) };
            work = new(step.Kind, new(kernel, step.Inputs.Map(Turned), [], at), (int)step.Output.Shape.Take(kept - 1).Aggregate(1L, static (p, d) => p * d),
                at(step.Output), step.Output.DType, true);
        }
        else work = new(step.Kind, new(kernel, step.Inputs, [], at), (int)new TensorType(step.Output.Shape).Size, at(step.Output), step.Output.DType, false);
    }

    public override long WorkspaceBytes => work.WorkspaceBytes;

    public override int Registers => work.Machine.Registers + 1;

    public override void Run(ManagedEngine engine) => work.Run(engine);

    /// <param name="kind">Sum or maximum.</param>
    /// <param name="machine">Computes what is reduced.</param>
    /// <param name="groups">How many groups of neighbouring rows are reduced separately.</param>
    /// <param name="output">[groups], or [groups, columns] when rows are added to rows.</param>
    /// <param name="type">What the elements are.</param>
    /// <param name="down">Whether rows are added to rows.</param>
    sealed class Reducer(ReduceKind kind, TileMachine machine, int groups, byte* output, DType type, bool down) : Work
    {
        readonly int rows = (int)(machine.Rows / groups);
        readonly int columns = machine.Columns;
        readonly bool isInt = type == DType.I32;
        ManagedEngine engine = null!;

        public TileMachine Machine => machine;

        // The rows of a group that one task reduces, and the columns that it is responsible for.
        int ChunkRows => Math.Clamp(ChunkLanes / ChunkColumns, 1, rows);

        int ChunkColumns => Math.Min(columns, down ? TileMachine.Lanes : ChunkLanes);

        int Deep => (rows + ChunkRows - 1) / ChunkRows;

        int Across => (columns + ChunkColumns - 1) / ChunkColumns;

        // Groups of a short row each: several to a task.
        int GroupsPerTask => !down && Deep * Across == 1 ? Math.Max(1, ChunkLanes / Math.Max(1, rows * columns)) : 1;

        public long WorkspaceBytes => (down ? (long)groups * Deep * columns : (long)groups * Deep * Across) * sizeof(float);

        public void Run(ManagedEngine on)
        {
            engine = on;
            on.Team.Run(this, GroupsPerTask > 1 ? (groups + GroupsPerTask - 1) / GroupsPerTask : checked(groups * Deep * Across));
            if (down) CombineRows((float*)on.Workspace);
            else CombineChunks((float*)on.Workspace);
        }

        public override void Run(int task, int worker)
        {
            var memory = engine.Registers(worker);
            var partials = (float*)engine.Workspace;
            if (GroupsPerTask > 1)
            {
                var first = task * GroupsPerTask;
                for (var g = first; g < Math.Min(groups, first + GroupsPerTask); g++) partials[g] = Chunk(g, 0, rows, 0, columns, memory);
                return;
            }
            var (group, deep, across) = (task / Across / Deep, task / Across % Deep, task % Across);
            var (row, column) = (deep * ChunkRows, across * ChunkColumns);
            var (count, width) = (Math.Min(ChunkRows, rows - row), Math.Min(ChunkColumns, columns - column));
            if (down) AddRows(group, row, count, column, width, memory, partials + ((long)group * Deep + deep) * columns + column);
            else partials[task] = Chunk(group, row, count, column, width, memory);
        }

        // One number of a rectangle within a group.
        float Chunk(int group, int row, int count, int column, int width, float* memory)
        {
            var (first, result) = (true, 0f);
            var step = Math.Max(1, TileMachine.Lanes / TileMachine.Padded(Math.Min(width, TileMachine.Lanes)));
            for (var r = 0; r < count; r += step)
                for (var c = 0; c < width; c += TileMachine.Lanes)
                {
                    var (h, w) = (Math.Min(step, count - r), Math.Min(TileMachine.Lanes, width - c));
                    var lanes = machine.Evaluate((long)group * rows + row + r, h, column + c, w, memory);
                    for (var k = 0; k < h; k++)
                    {
                        var part = Row(lanes, lanes.At + k * lanes.Row, w);
                        (first, result) = (false, first ? part : Join(result, part));
                    }
                }
            return result;
        }

        float Row(Lane lanes, float* at, int n)
        {
            if (!isInt && lanes.Mask != 0) return kind == ReduceKind.Sum ? ReduceKernels.Sum(at, n) : ReduceKernels.Max(at, n);
            var result = at[0];
            for (var i = 1; i < n; i++) result = Join(result, at[i & lanes.Mask]);
            return result;
        }

        void AddRows(int group, int row, int count, int column, int width, float* memory, float* partial)
        {
            var sums = new Lane(partial, 0, -1);
            var step = TileMachine.Lanes / TileMachine.Padded(width);
            for (var r = 0; r < count; r += step)
            {
                var h = Math.Min(step, count - r);
                var lanes = machine.Evaluate((long)group * rows + row + r, h, column, width, memory);
                for (var k = 0; k < h; k++)
                {
                    var next = new Lane(lanes.At + k * lanes.Row, 0, lanes.Mask);
                    if (r + k == 0)
                        for (var i = 0; i < width; i++) partial[i] = next.At[i & next.Mask];
                    else Combine(next, sums, width);
                }
            }
        }

        void Combine(Lane lanes, Lane sums, int n)
        {
            if (isInt && kind == ReduceKind.Sum) LaneLoops.Map<AddIntOp>(sums, lanes, sums, 1, n);
            else if (isInt) LaneLoops.Map<MaxIntOp>(sums, lanes, sums, 1, n);
            else if (kind == ReduceKind.Sum) LaneLoops.Map<AddOp>(sums, lanes, sums, 1, n);
            else LaneLoops.Map<MaxOp>(sums, lanes, sums, 1, n);
        }

        void CombineRows(float* partials)
        {
            for (var g = 0; g < groups; g++)
            {
                var sums = (float*)output + (long)g * columns;
                var from = partials + (long)g * Deep * columns;
                new Span<float>(from, columns).CopyTo(new Span<float>(sums, columns));
                for (var d = 1; d < Deep; d++) Combine(new(from + (long)d * columns, 0, -1), new(sums, 0, -1), columns);
            }
        }

        void CombineChunks(float* partials)
        {
            var chunks = Deep * Across;
            for (var g = 0; g < groups; g++)
            {
                var from = partials + (long)g * chunks;
                var (result, wide) = (from[0], (double)from[0]);
                for (var i = 1; i < chunks; i++)
                {
                    result = Join(result, from[i]);
                    wide += from[i];
                }
                ((float*)output)[g] = kind == ReduceKind.Sum && !isInt ? (float)wide : result;
            }
        }

        // Lanes hold integers as bits.
        float Join(float a, float b)
        {
            if (!isInt) return kind == ReduceKind.Sum ? a + b : MathF.Max(a, b);
            var (x, y) = (BitConverter.SingleToInt32Bits(a), BitConverter.SingleToInt32Bits(b));
            return BitConverter.Int32BitsToSingle(kind == ReduceKind.Sum ? unchecked(x + y) : Math.Max(x, y));
        }
    }
}
