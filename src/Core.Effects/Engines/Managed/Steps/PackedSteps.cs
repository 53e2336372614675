using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>A packed matrix, unpacked; a task is a few of its rows.</summary>
internal sealed unsafe class PackedRows(BitPacking packing, View words, View scales, Address at) : Work
{
    const int Rows = 16;

    readonly int* packed = (int*)at(words);
    readonly float* factors = (float*)at(scales);
    readonly (int Inputs, int Width, int Outputs) shape = (words.Shape[0], words.Shape[1], scales.Shape[1]);

    /// <summary>Where it goes, row-major.</summary>
    public float* To { get; set; }

    public int Tasks => (shape.Inputs + Rows - 1) / Rows;

    public override void Run(int task, int worker)
    {
        for (var i = task * Rows; i < Math.Min(shape.Inputs, (task + 1) * Rows); i++)
            PackedKernels.Row(packing, packed + (nint)i * shape.Width, factors + (packing.Group == 0 ? 0 : (nint)(i / packing.Group) * shape.Outputs), 0,
                shape.Outputs,
                To + (nint)i * shape.Outputs);
    }
}

/// <summary>A packed matrix by itself.</summary>
internal sealed unsafe class PackedMatrixStep(PackedMatrix kind, PlanStep.Fused s, Address at) : Step
{
    readonly PackedRows rows = new(kind.Packing, s.Inputs[0], s.Inputs[1], at) { To = (float*)at(s.Outputs[0]!.Value) };

    public override void Run(ManagedEngine engine) => engine.Team.Run(rows, rows.Tasks);
}

/// <summary>
/// Rows times a packed matrix. Of many rows the matrix is unpacked once, into memory that all steps share; of a few, its words are read where they are
/// needed, and nothing is unpacked.
/// </summary>
internal sealed unsafe class PackedMatMulStep : Step
{
    const int Few = 8;

    readonly PackedRows rows;
    readonly FewPackedRows? few;
    readonly Gemm gemm;
    readonly float* x, y;
    readonly long matrix;

    public PackedMatMulStep(PackedMatMul kind, PlanStep.Fused s, Address at)
    {
        var (count, inputs, outputs) = (s.Inputs[0].Shape[0], s.Inputs[1].Shape[0], s.Inputs[2].Shape[1]);
        x = (float*)at(s.Inputs[0]);
        y = (float*)at(s.Outputs[0]!.Value);
        rows = new(kind.Packing, s.Inputs[1], s.Inputs[2], at);
        if (count <= Few && !kind.Transposed) few = new(kind.Packing, s.Inputs[1], s.Inputs[2], count, x, y, at);
        gemm = new(GemmShape.Dense(count, kind.Transposed ? inputs : outputs, kind.Transposed ? outputs : inputs, transposeB: kind.Transposed));
        matrix = few is null ? ((long)inputs * outputs * sizeof(float) + 63) / 64 * 64 : 0;
    }

    public override long WorkspaceBytes => few is null ? matrix + gemm.WorkspaceBytes : 0;

    public override void Run(ManagedEngine engine)
    {
        if (few is not null)
        {
            engine.Team.Run(few, few.Tasks);
            return;
        }
        rows.To = (float*)engine.Workspace;
        engine.Team.Run(rows, rows.Tasks);
        gemm.Run(engine.Team, engine.Workspace + matrix, x, rows.To, y);
    }
}

/// <summary>A few rows times a packed matrix; a task is a block of outputs, whose sums stay in the first-level cache.</summary>
internal sealed unsafe class FewPackedRows(BitPacking packing, View words, View scales, int count, float* x, float* y, Address at) : Work
{
    const int Block = 256;

    readonly int* packed = (int*)at(words);
    readonly float* factors = (float*)at(scales);
    readonly (int Inputs, int Width, int Outputs) shape = (words.Shape[0], words.Shape[1], scales.Shape[1]);

    public int Tasks => (shape.Outputs + Block - 1) / Block;

    public override void Run(int task, int worker)
    {
        var (first, columns) = (task * Block, Math.Min(Block, shape.Outputs - task * Block));
        var length = packing.Group == 0 ? shape.Inputs : packing.Group;
        var sums = stackalloc float[count * Block];
        for (var row = 0; row < count; row++) new Span<float>(y + (nint)row * shape.Outputs + first, columns).Clear();
        for (var group = 0; group * (long)length < shape.Inputs; group++)
        {
            new Span<float>(sums, count * Block).Clear();
            for (var i = group * length; i < Math.Min(shape.Inputs, (group + 1L) * length); i++)
                for (var row = 0; row < count; row++)
                    PackedKernels.Add(packing, packed + (nint)i * shape.Width, x[(nint)row * shape.Inputs + i], first, columns, sums + row * Block);
            for (var row = 0; row < count; row++)
                for (var j = 0; j < columns; j++)
                    y[(nint)row * shape.Outputs + first + j] += sums[row * Block + j] * factors[(nint)group * shape.Outputs + first + j];
        }
    }
}
