using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>
/// Rows times a matrix in panels. Of a few rows the words are read where they lie, once and in order, and nothing is unpacked; of many, the matrix is unpacked
/// once into memory that all steps share.
/// </summary>
internal sealed unsafe class PanelMatMulStep : Step
{
    /// <summary>The most rows that are multiplied without unpacking.</summary>
    internal const int Few = FewRows.Limit;

    readonly FewRowsOfPanels? few;
    readonly UnpackedPanels unpacked;
    readonly Gemm gemm;
    readonly float* x, y;
    readonly long matrix;

    public PanelMatMulStep(PanelMatMul kind, PlanStep.Fused s, Address at)
    {
        var rows = s.Inputs[0].Shape[0];
        x = (float*)at(s.Inputs[0]);
        y = (float*)at(s.Outputs[0]!.Value);
        if (rows <= Few) few = new(kind, Kernels.Widest, rows, (int*)at(s.Inputs[1]), x, y);
        unpacked = new(new(kind.Packing, kind.Outputs, kind.Inputs, true), Kernels.Widest, (int*)at(s.Inputs[1]));
        gemm = new(GemmShape.Dense(rows, kind.Outputs, kind.Inputs));
        matrix = few is null ? ((long)kind.Outputs * kind.Inputs * sizeof(float) + 63) / 64 * 64 : 0;
    }

    public override long WorkspaceBytes => few is null ? matrix + gemm.WorkspaceBytes : 0;

    public override void Run(ManagedEngine engine)
    {
        if (few is not null)
        {
            engine.Team.Run(few, few.Tasks);
            return;
        }
        unpacked.To = (float*)engine.Workspace;
        engine.Team.Run(unpacked, unpacked.Tasks);
        gemm.Run(engine.Team, engine.Workspace + matrix, x, unpacked.To, y);
    }
}

/// <summary>A few rows times a matrix in panels; a task is some panels, and a sum is never of two tasks.</summary>
/// <param name="kind">The product.</param>
/// <param name="width">The vectors that it runs on.</param>
/// <param name="rows">Rows, up to <see cref="PanelMatMulStep.Few"/>.</param>
/// <param name="words">The matrix.</param>
/// <param name="x">The rows.</param>
/// <param name="y">Where the products go.</param>
internal sealed unsafe class FewRowsOfPanels(PanelMatMul kind, LaneWidth width, int rows, int* words, float* x, float* y) : Work
{
    const int MostTasks = 64;

    readonly PanelTable kernels = PanelTable.Of(width, kind.Packing.Bits);
    readonly int panels = PanelPacking.Panels(kind.Outputs), each = Math.Max(1, PanelPacking.Panels(kind.Outputs) / MostTasks);
    readonly nint panel = (nint)PanelPacking.Groups(kind.Inputs) * kind.Packing.TileWords;

    public int Tasks => (panels + each - 1) / each;

    public override void Run(int task, int worker)
    {
        var sums = stackalloc float[4 * PanelPacking.Panel];
        for (var p = task * each; p < Math.Min(panels, (task + 1) * each); p++)
        {
            var count = Math.Min(PanelPacking.Panel, kind.Outputs - p * PanelPacking.Panel);
            for (var row = 0; row < rows;)
            {
                var taken = rows - row >= 4 && kernels.Most >= 4 ? 4 : rows - row >= 2 ? 2 : 1;
                var to = y + (nint)row * kind.Outputs + p * PanelPacking.Panel;
                var whole = count == PanelPacking.Panel;
                kernels.Product(taken)(words + p * panel, kind.Inputs, x + (nint)row * kind.Inputs, kind.Inputs, whole ? to : sums, whole ? kind.Outputs : PanelPacking.Panel);
                for (var r = 0; !whole && r < taken; r++)
                    new ReadOnlySpan<float>(sums + r * PanelPacking.Panel, count).CopyTo(new(to + (nint)r * kind.Outputs, count));
                row += taken;
            }
        }
    }
}

/// <summary>A matrix in panels, unpacked; a task is a panel.</summary>
internal sealed unsafe class UnpackedPanels(PanelMatrix kind, LaneWidth width, int* words) : Work
{
    readonly PanelTable kernels = PanelTable.Of(width, kind.Packing.Bits);

    /// <summary>Where it goes, row-major.</summary>
    public float* To { get; set; }

    public int Tasks => PanelPacking.Panels(kind.Outputs);

    public override void Run(int task, int worker)
    {
        var one = stackalloc float[PanelPacking.Panel];
        var (first, count) = (task * PanelPacking.Panel, Math.Min(PanelPacking.Panel, kind.Outputs - task * PanelPacking.Panel));
        var tile = words + (nint)task * PanelPacking.Groups(kind.Inputs) * kind.Packing.TileWords;
        for (nint i = 0; i < kind.Inputs; i++)
        {
            kernels.Unpack(tile + i / PanelPacking.Group * kind.Packing.TileWords, i % PanelPacking.Group, one);
            if (kind.Turned) new ReadOnlySpan<float>(one, count).CopyTo(new(To + i * kind.Outputs + first, count));
            else
                for (nint o = 0; o < count; o++) To[(first + o) * kind.Inputs + i] = one[o];
        }
    }
}

/// <summary>A matrix in panels by itself.</summary>
internal sealed unsafe class PanelMatrixStep(PanelMatrix kind, PlanStep.Fused s, Address at) : Step
{
    readonly UnpackedPanels work = new(kind, Kernels.Widest, (int*)at(s.Inputs[0])) { To = (float*)at(s.Outputs[0]!.Value) };

    public override void Run(ManagedEngine engine) => engine.Team.Run(work, work.Tasks);
}

/// <summary>Rows of a table in panels.</summary>
internal sealed unsafe class PanelRowsStep(PanelRows kind, PlanStep.Fused s, Address at) : Step
{
    readonly int* words = (int*)at(s.Inputs[0]), rows = (int*)at(s.Inputs[1]);
    readonly float* to = (float*)at(s.Outputs[0]!.Value);
    readonly int count = s.Inputs[1].Shape[0];
    readonly PanelTable kernels = PanelTable.Of(Kernels.Widest, kind.Packing.Bits);

    public override void Run(ManagedEngine engine)
    {
        var one = stackalloc float[PanelPacking.Panel];
        for (var r = 0; r < count; r++)
        {
            var row = (int)Indices.Checked("panel_rows", rows[r], kind.Outputs);
            var tile = words + (nint)(row / PanelPacking.Panel) * PanelPacking.Groups(kind.Inputs) * kind.Packing.TileWords;
            for (nint i = 0; i < kind.Inputs; i++)
            {
                kernels.Unpack(tile + i / PanelPacking.Group * kind.Packing.TileWords, i % PanelPacking.Group, one);
                to[(nint)r * kind.Inputs + i] = one[row % PanelPacking.Panel];
            }
        }
    }
}
