using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Functional.Base;
using Functional.Compiling;
using Functional.Engines;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>
/// Runs the code of a pointwise kernel over rectangles of its domain, a tile that fits the first-level cache at a time. Inputs and outputs
/// with contiguous lanes are used where they lie; the others pass through registers.
/// </summary>
internal sealed unsafe class TileMachine
{
    /// <summary>Lanes of a register: a strip of a matrix product's block fits, and a few registers fit the first-level cache.</summary>
    public const int Lanes = 768;

    readonly PointwiseKernel kernel;
    readonly PointInstruction[] code;
    // The loop of each instruction that applies a function.
    readonly delegate*<in PointInstruction, Lane*, Lane, int, int, void>[] loops;
    readonly Operand[] inputs, outputs;
    readonly int[] outer;
    readonly int[][] indexOuter;
    readonly int[] indexInner;
    readonly int[] results, constants;
    readonly bool[] direct;

    /// <summary>A kernel on its memory.</summary>
    /// <param name="kernel">The code.</param>
    /// <param name="inputs">Where the inputs lie.</param>
    /// <param name="outputs">Where the results go; a reduction has none.</param>
    /// <param name="at">Addresses.</param>
    public TileMachine(PointwiseKernel kernel, Vec<View> inputs, Vec<View> outputs, Address at)
    {
        this.kernel = kernel;
        code = [.. kernel.Code];
        loops = new delegate*<in PointInstruction, Lane*, Lane, int, int, void>[code.Length];
        for (var i = 0; i < code.Length; i++)
            if (code[i].Function is not null) loops[i] = LaneTable.Of(code[i]);
        results = [.. kernel.Results];
        constants = [.. kernel.Constants.Select(Bits)];
        outer = [.. kernel.Domain.SkipLast(1)];
        Columns = kernel.Domain[^1];
        Operand Make(View v) => new(at(v), v.DType, [.. v.Strides.SkipLast(1)], v.Strides[^1]);
        this.inputs = [.. inputs.Select(Make)];
        this.outputs = [.. outputs.Select(Make)];
        indexOuter = [.. kernel.Indices.Select(static s => s.SkipLast(1).ToArray())];
        indexInner = [.. kernel.Indices.Select(static s => s[^1])];
        direct = [.. this.outputs.Select((_, i) => MayWriteAtOnce(i))];
        foreach (var d in outer) Rows *= d;
    }

    /// <summary>The number of rows: the product of all axes but the last.</summary>
    public long Rows { get; } = 1;

    /// <summary>The length of a row.</summary>
    public int Columns { get; }

    /// <summary>The number of registers.</summary>
    public int Registers => kernel.Registers;

    /// <summary>Computes a rectangle and stores the outputs.</summary>
    /// <param name="row">The first row.</param>
    /// <param name="rows">How many.</param>
    /// <param name="column">The first column.</param>
    /// <param name="columns">How many.</param>
    /// <param name="memory">The worker's registers.</param>
    [SkipLocalsInit]
    public void Run(long row, int rows, int column, int columns, float* memory)
    {
        var registers = stackalloc Lane[kernel.Registers];
        FillConstants(registers, memory);
        var width = Math.Min(columns, Lanes);
        var height = Lanes / Padded(width);
        for (var c = 0; c < columns; c += width)
            for (var r = 0; r < rows; r += height)
                Tile(row + r, Math.Min(height, rows - r), column + c, Math.Min(width, columns - c), memory, registers);
    }

    /// <summary>
    /// Computes a tile of at most <see cref="Lanes"/> lanes, its columns counted in whole vectors, and says where the lanes of the single
    /// result are.
    /// </summary>
    [SkipLocalsInit]
    public Lane Evaluate(long row, int rows, int column, int columns, float* memory)
    {
        var registers = stackalloc Lane[kernel.Registers];
        FillConstants(registers, memory);
        Tile(row, rows, column, columns, memory, registers);
        return registers[results[0]];
    }

    /// <summary>Columns in whole vectors.</summary>
    public static int Padded(int columns) => (columns + Managed.Lanes.Width - 1) / Managed.Lanes.Width * Managed.Lanes.Width;

    // Inputs are read where they lie if their rows are contiguous lanes at an even distance, else through a register.
    void Tile(long row, int rows, int column, int columns, float* memory, Lane* registers)
    {
        for (var i = inputs.Length + constants.Length; i < kernel.Registers; i++) registers[i] = Register(i, columns, memory);
        for (var i = 0; i < inputs.Length; i++)
        {
            ref readonly var input = ref inputs[i];
            var from = input.At(outer, row, column);
            if (input.IsUniform)
            {
                input.Load(from, memory + (long)i * Lanes, Managed.Lanes.Width);
                registers[i] = new(memory + (long)i * Lanes, 0, 0);
            }
            else if (input.IsDirect && Distance(input, row, rows, column, from) is { } apart)
            {
                registers[i] = new((float*)from, apart, -1);
                if (IsStream) PrefetchNext(from, columns);
            }
            else
            {
                registers[i] = Register(i, columns, memory);
                for (var r = 0; r < rows; r++) input.Load(input.At(outer, row + r, column), registers[i].At + r * registers[i].Row, columns);
            }
        }
        var written = 0;
        for (var i = 0; i < outputs.Length; i++)
        {
            if (!direct[i]) continue;
            var to = outputs[i].At(outer, row, column);
            if (Distance(outputs[i], row, rows, column, to) is not { } apart) continue;
            registers[results[i]] = new((float*)to, apart, -1);
            written |= 1 << i;
        }
        for (var i = 0; i < code.Length; i++)
        {
            ref readonly var instruction = ref code[i];
            if (loops[i] != null) loops[i](instruction, registers, registers[instruction.Target], rows, columns);
            else Execute(instruction, registers, row, rows, column, columns);
        }
        for (var i = 0; i < outputs.Length; i++)
        {
            if ((written & (1 << i)) != 0) continue;
            var lanes = registers[results[i]];
            for (var r = 0; r < rows; r++) outputs[i].Store(lanes, lanes.At + r * lanes.Row, outputs[i].At(outer, row + r, column), columns);
        }
    }

    // Long rows come from memory: the next tile is asked for while this one is computed. A prefetch never faults, so it may run past the end.
    bool IsStream => Columns >= 1 << 16;

    static void PrefetchNext(byte* from, int columns)
    {
        if (!Sse.IsSupported) return;
        for (var at = from + columns * sizeof(float); at < from + 2L * columns * sizeof(float); at += Plan.Alignment) Sse.Prefetch1(at);
    }

    static Lane Register(int i, int columns, float* memory) => new(memory + (long)i * Lanes, Padded(columns), -1);

    // Lanes from a row to the next if that is the same for all of the tile: with several outer axes it may change at their ends.
    nint? Distance(in Operand operand, long row, int rows, int column, byte* first)
    {
        if (rows == 1) return 0;
        var apart = operand.At(outer, row + 1, column) - first;
        if (outer.Length > 1)
            for (var r = 2; r < rows; r++)
                if (operand.At(outer, row + r, column) - first != r * apart) return null;
        return (nint)(apart / sizeof(float));
    }

    // A result may be formed in its output's own memory if nothing later in the code reads an input that shares it, and its
    // register holds nothing else before.
    bool MayWriteAtOnce(int output)
    {
        var target = results[output];
        if (!outputs[output].IsDirect || target < inputs.Length + constants.Length || results.Count(r => r == target) != 1 || outputs.Length > 31) return false;
        var last = Array.FindLastIndex(code, i => i.Target == target);
        if (Array.FindIndex(code, i => i.Target == target) != last) return false;
        for (var i = last + 1; i < code.Length; i++)
            foreach (var r in RegisterAllocator.Operands(code[i]))
                if (r < inputs.Length && inputs[r].Data == outputs[output].Data) return false;
        for (var i = 0; i < inputs.Length; i++)
            if (inputs[i].Data == outputs[output].Data && results.Contains(i)) return false;
        return true;
    }

    void Execute(in PointInstruction i, Lane* r, long row, int rows, int column, int columns)
    {
        var t = r[i.Target];
        switch (i.Op)
        {
            case PointOp.Index: Index(i.A, t, row, rows, column, columns); break;
            case PointOp.RandomBits: RandomBits(r[i.A], *(uint*)r[i.B].At, *(uint*)r[i.C].At, i.Stream, t, rows, columns); break;
            case PointOp.FromBool when i.Type == DType.I32: LaneLoops.Map<BoolToIntOp>(r[i.A], t, rows, columns); break;
            case PointOp.FromBool: LaneLoops.Map<BoolToFloatOp>(r[i.A], t, rows, columns); break;
            case PointOp.ToBool when i.Type == DType.I32: LaneLoops.Map<IntToBoolOp>(r[i.A], t, rows, columns); break;
            case PointOp.ToBool: LaneLoops.Map<FloatToBoolOp>(r[i.A], t, rows, columns); break;
            case PointOp.Where: LaneLoops.Map<WhereOp>(r[i.A], r[i.B], r[i.C], t, rows, columns); break;
            case PointOp.FloatToInt: LaneLoops.Map<FloatToIntOp>(r[i.A], t, rows, columns); break;
            case PointOp.IntToFloat: LaneLoops.Map<IntToFloatOp>(r[i.A], t, rows, columns); break;
            case PointOp.Gelu: LaneLoops.Map<GeluOp>(r[i.A], t, rows, columns); break;
            case PointOp.GeluTanh: LaneLoops.Map<GeluTanhOp>(r[i.A], t, rows, columns); break;
            case PointOp.GeluGradient: LaneLoops.Map<GeluGradientOp>(r[i.A], r[i.B], t, rows, columns); break;
            case PointOp.GeluTanhGradient: LaneLoops.Map<GeluTanhGradientOp>(r[i.A], r[i.B], t, rows, columns); break;
            case PointOp.MulAdd: LaneLoops.Map<MulAddOp>(r[i.A], r[i.B], r[i.C], t, rows, columns); break;
            case PointOp.RoundBF16: LaneLoops.Map<RoundBF16Op>(r[i.A], t, rows, columns); break;
            case PointOp.RoundF16: LaneLoops.Map<RoundF16Op>(r[i.A], t, rows, columns); break;
            default: throw new UnreachableException(i.ToString());
        }
    }

    void FillConstants(Lane* registers, float* memory)
    {
        for (var i = 0; i < constants.Length; i++)
        {
            var at = memory + (long)(inputs.Length + i) * Lanes;
            Vector512.Create(constants[i]).Store((int*)at);
            registers[inputs.Length + i] = new(at, 0, 0);
        }
    }

    static int Bits(PointConstant c) => c.Type switch
    {
        DType.F32 => BitConverter.SingleToInt32Bits((float)c.Value),
        DType.Bool => c.Value != 0 ? -1 : 0,
        _ => unchecked((int)(long)c.Value),
    };

    void Index(int number, Lane t, long row, int rows, int column, int columns)
    {
        var (strides, inner) = (indexOuter[number], indexInner[number]);
        for (var k = 0; k < rows; k++)
        {
            long start = (long)column * inner, rest = row + k;
            for (var a = outer.Length - 1; a >= 0; a--)
            {
                start += rest % outer[a] * strides[a];
                rest /= outer[a];
            }
            var lanes = (int*)(t.At + k * t.Row);
            for (var c = 0; c < columns; c++) lanes[c] = (int)(start + (long)c * inner);
        }
    }

    // Counters of a row follow each other unless a reduction turned the axes.
    static void RandomBits(Lane counters, uint key0, uint key1, uint stream, Lane t, int rows, int columns)
    {
        for (var r = 0; r < rows; r++)
        {
            var (from, bits) = ((nint)(counters.At + r * counters.Row), (nint)(t.At + r * t.Row));
            var (first, last) = (*(int*)from, ((int*)from)[columns - 1]);
            if (last - first == columns - 1) RandomKernels.Fill(key0, key1, stream, (uint)first, (int*)bits, columns);
            else
                for (var c = 0; c < columns; c++) RandomKernels.Fill(key0, key1, stream, ((uint*)from)[c], (int*)bits + c, 1);
        }
    }
}
