using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Functional.Engines;

/// <summary>
/// Runs the code of a pointwise kernel over rectangles of its domain, a tile that fits the first-level cache at a time. Inputs and outputs
/// with contiguous lanes are used where they lie; the others pass through registers.
/// </summary>
internal sealed unsafe class TileMachine
{
    /// <summary>Lanes of a register.</summary>
    public const int Lanes = 512;

    readonly PointwiseKernel kernel;
    readonly PointInstruction[] code;
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
        results = [.. kernel.Results];
        constants = [.. kernel.Constants.Select(Bits)];
        outer = [.. kernel.Domain.SkipLast(1)];
        Columns = kernel.Domain[^1];
        Operand Make(View v) => new(at(v), v.DType, outer, [.. v.Strides.SkipLast(1)], Columns, v.Strides[^1]);
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
        var registers = stackalloc float*[kernel.Registers];
        if (columns >= Lanes || rows == 1)
            for (var c = 0; c < columns; c += Lanes)
                for (var r = 0; r < rows; r++)
                    Tile(row + r, 1, column + c, Math.Min(Lanes, columns - c), memory, registers, c == 0 && r == 0 ? First.Tile : r == 0 ? First.Column : First.No);
        else
            for (int r = 0, step = Lanes / columns; r < rows; r += step)
                Tile(row + r, Math.Min(step, rows - r), column, columns, memory, registers, r == 0 ? First.Tile : First.No);
    }

    /// <summary>
    /// Computes a tile of at most <see cref="Lanes"/> lanes and says where the lanes of the single result are. What does not change from row
    /// to row is prepared in the <paramref name="first"/> tile of a shape and of columns only.
    /// </summary>
    [SkipLocalsInit]
    public float* Evaluate(long row, int rows, int column, int columns, float* memory, bool first)
    {
        var registers = stackalloc float*[kernel.Registers];
        Tile(row, rows, column, columns, memory, registers, first ? First.Tile : First.No);
        return registers[results[0]];
    }

    // Which inputs that do not change along rows are already in their registers.
    enum First { Tile, Column, No }

    void Tile(long row, int rows, int column, int columns, float* memory, float** registers, First first)
    {
        var n = rows * columns;
        for (var i = inputs.Length; i < kernel.Registers; i++) registers[i] = memory + (long)i * Lanes;
        if (first == First.Tile) FillConstants(registers);
        for (var i = 0; i < inputs.Length; i++)
        {
            ref readonly var input = ref inputs[i];
            var from = input.At(outer, row, column);
            if (input.IsDirect && IsEven(input, row, rows, columns))
            {
                registers[i] = (float*)from;
                continue;
            }
            var lanes = registers[i] = memory + (long)i * Lanes;
            if (input.SameRows && (first == First.No || (first == First.Column && input.Inner == 0))) continue;
            input.Load(from, lanes, columns);
            for (var r = 1; r < rows; r++)
                if (input.SameRows) Unsafe.CopyBlockUnaligned(lanes + (long)r * columns, lanes, (uint)columns * 4);
                else input.Load(input.At(outer, row + r, column), lanes + (long)r * columns, columns);
        }
        var written = 0;
        for (var i = 0; i < outputs.Length; i++)
        {
            if (!direct[i]) continue;
            ref readonly var output = ref outputs[i];
            if (!IsEven(output, row, rows, columns)) continue;
            registers[results[i]] = (float*)output.At(outer, row, column);
            written |= 1 << i;
        }
        foreach (ref readonly var instruction in code.AsSpan()) Execute(instruction, registers, row, rows, column, columns, n);
        for (var i = 0; i < outputs.Length; i++)
        {
            if ((written & (1 << i)) != 0) continue;
            var lanes = registers[results[i]];
            for (var r = 0; r < rows; r++) outputs[i].Store(lanes + (long)r * columns, outputs[i].At(outer, row + r, column), columns);
        }
    }

    // Whether the tile's rows lie in memory one behind the other: whole rows, that do not cross an axis where the step changes.
    bool IsEven(in Operand operand, long row, int rows, int columns) =>
        rows == 1 || (columns == Columns && row / operand.EvenRows == (row + rows - 1) / operand.EvenRows);

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

    void Execute(in PointInstruction i, float** r, long row, int rows, int column, int columns, int n)
    {
        var t = r[i.Target];
        switch (i.Op)
        {
            case PointOp.Index: Index(i.A, t, row, rows, column, columns); break;
            case PointOp.RandomBits: RandomBits((int*)r[i.A], *(uint*)r[i.B], *(uint*)r[i.C], i.Stream, (int*)t, rows, columns); break;
            case PointOp.FromBool when i.Type == DType.I32: LaneLoops.Map<BoolToIntOp>(r[i.A], t, n); break;
            case PointOp.FromBool: LaneLoops.Map<BoolToFloatOp>(r[i.A], t, n); break;
            case PointOp.ToBool when i.Type == DType.I32: LaneLoops.Map<IntToBoolOp>(r[i.A], t, n); break;
            case PointOp.ToBool: LaneLoops.Map<FloatToBoolOp>(r[i.A], t, n); break;
            case PointOp.Where: LaneLoops.Map<WhereOp>(r[i.A], r[i.B], r[i.C], t, n); break;
            case PointOp.FloatToInt: LaneLoops.Map<FloatToIntOp>(r[i.A], t, n); break;
            case PointOp.IntToFloat: LaneLoops.Map<IntToFloatOp>(r[i.A], t, n); break;
            default:
                if (i.Type == DType.F32) Float(i, r, t, n);
                else Int(i, r, t, n);
                break;
        }
    }

    static void Float(in PointInstruction i, float** r, float* t, int n)
    {
        switch (i.Op)
        {
            case PointOp.Neg: LaneLoops.Map<NegOp>(r[i.A], t, n); break;
            case PointOp.Exp: LaneLoops.Map<ExpOp>(r[i.A], t, n); break;
            case PointOp.Log: LaneLoops.Map<LogOp>(r[i.A], t, n); break;
            case PointOp.Log1p: LaneLoops.Map<Log1pOp>(r[i.A], t, n); break;
            case PointOp.Sqrt: LaneLoops.Map<SqrtOp>(r[i.A], t, n); break;
            case PointOp.Sin: LaneLoops.Map<SinOp>(r[i.A], t, n); break;
            case PointOp.Cos: LaneLoops.Map<CosOp>(r[i.A], t, n); break;
            case PointOp.Tanh: LaneLoops.Map<TanhOp>(r[i.A], t, n); break;
            case PointOp.Erf: LaneLoops.Map<ErfOp>(r[i.A], t, n); break;
            case PointOp.Add: LaneLoops.Map<AddOp>(r[i.A], r[i.B], t, n); break;
            case PointOp.Sub: LaneLoops.Map<SubOp>(r[i.A], r[i.B], t, n); break;
            case PointOp.Mul: LaneLoops.Map<MulOp>(r[i.A], r[i.B], t, n); break;
            case PointOp.Div: LaneLoops.Map<DivOp>(r[i.A], r[i.B], t, n); break;
            case PointOp.Max: LaneLoops.Map<MaxOp>(r[i.A], r[i.B], t, n); break;
            case PointOp.Pow: LaneLoops.Map<PowOp>(r[i.A], r[i.B], t, n); break;
            case PointOp.MulAdd: LaneLoops.Map<MulAddOp>(r[i.A], r[i.B], r[i.C], t, n); break;
            case PointOp.Less: LaneLoops.Map<LessOp>(r[i.A], r[i.B], t, n); break;
            case PointOp.Equal: LaneLoops.Map<EqualOp>(r[i.A], r[i.B], t, n); break;
            case PointOp.RoundBF16: LaneLoops.Map<RoundBF16Op>(r[i.A], t, n); break;
            default: throw new UnreachableException(i.ToString());
        }
    }

    static void Int(in PointInstruction i, float** r, float* t, int n)
    {
        switch (i.Op)
        {
            case PointOp.Neg: LaneLoops.Map<NegIntOp>(r[i.A], t, n); break;
            case PointOp.Add: LaneLoops.Map<AddIntOp>(r[i.A], r[i.B], t, n); break;
            case PointOp.Sub: LaneLoops.Map<SubIntOp>(r[i.A], r[i.B], t, n); break;
            case PointOp.Mul: LaneLoops.Map<MulIntOp>(r[i.A], r[i.B], t, n); break;
            case PointOp.Max: LaneLoops.Map<MaxIntOp>(r[i.A], r[i.B], t, n); break;
            // True is −1 as a mask, and greater than false all the same.
            case PointOp.Less when i.Type == DType.Bool: LaneLoops.Map<LessIntOp>(r[i.B], r[i.A], t, n); break;
            case PointOp.Less: LaneLoops.Map<LessIntOp>(r[i.A], r[i.B], t, n); break;
            case PointOp.Equal: LaneLoops.Map<EqualIntOp>(r[i.A], r[i.B], t, n); break;
            default: throw new UnreachableException(i.ToString());
        }
    }

    void FillConstants(float** registers)
    {
        for (var i = 0; i < constants.Length; i++) new Span<int>(registers[inputs.Length + i], Lanes).Fill(constants[i]);
    }

    static int Bits(PointConstant c) => c.Type switch
    {
        DType.F32 => BitConverter.SingleToInt32Bits((float)c.Value),
        DType.Bool => c.Value != 0 ? -1 : 0,
        _ => unchecked((int)(long)c.Value),
    };

    void Index(int number, float* t, long row, int rows, int column, int columns)
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
            var lanes = (int*)t + (long)k * columns;
            for (var c = 0; c < columns; c++) lanes[c] = (int)(start + (long)c * inner);
        }
    }

    // Counters of a row follow each other unless a reduction turned the axes.
    static void RandomBits(int* counters, uint key0, uint key1, uint stream, int* bits, int rows, int columns)
    {
        for (var r = 0; r < rows; r++, counters += columns, bits += columns)
            if (counters[columns - 1] - counters[0] == columns - 1) RandomKernels.Fill(key0, key1, stream, (uint)counters[0], bits, columns);
            else
                for (var c = 0; c < columns; c++) RandomKernels.Fill(key0, key1, stream, (uint)counters[c], bits + c, 1);
    }
}
