using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>The loops of elementwise functions: this is where the engine is told of one.</summary>
internal static unsafe class LaneTable
{
    /// <summary>A loop over a tile: the instruction, its registers, the target, rows and columns.</summary>
    public static delegate*<in PointInstruction, Lane*, Lane, int, int, void> Of(in PointInstruction i) =>
        (delegate*<in PointInstruction, Lane*, Lane, int, int, void>)(i.Type == DType.F32 ? floats : i.Type == DType.Bool ? booleans
            : integers)[i.Function!.GetType()];

    static readonly Dictionary<Type, nint> floats = new()
    {
        [typeof(UnaryFunction.Neg)] = One<NegOp>(),
        [typeof(UnaryFunction.Exp)] = One<ExpOp>(),
        [typeof(UnaryFunction.Log)] = One<LogOp>(),
        [typeof(UnaryFunction.Log1p)] = One<Log1pOp>(),
        [typeof(UnaryFunction.Sqrt)] = One<SqrtOp>(),
        [typeof(UnaryFunction.Sin)] = One<SinOp>(),
        [typeof(UnaryFunction.Cos)] = One<CosOp>(),
        [typeof(UnaryFunction.Tanh)] = One<TanhOp>(),
        [typeof(UnaryFunction.Erf)] = One<ErfOp>(),
        [typeof(BinaryFunction.Add)] = Two<AddOp>(),
        [typeof(BinaryFunction.Sub)] = Two<SubOp>(),
        [typeof(BinaryFunction.Mul)] = Two<MulOp>(),
        [typeof(BinaryFunction.Div)] = Two<DivOp>(),
        [typeof(BinaryFunction.Max)] = Two<MaxOp>(),
        [typeof(BinaryFunction.Pow)] = Two<PowOp>(),
        [typeof(CompareFunction.Less)] = Two<LessOp>(),
        [typeof(CompareFunction.Equal)] = Two<EqualOp>(),
    };

    static readonly Dictionary<Type, nint> integers = new()
    {
        [typeof(UnaryFunction.Neg)] = One<NegIntOp>(),
        [typeof(BinaryFunction.Add)] = Two<AddIntOp>(),
        [typeof(BinaryFunction.Sub)] = Two<SubIntOp>(),
        [typeof(BinaryFunction.Mul)] = Two<MulIntOp>(),
        [typeof(BinaryFunction.Max)] = Two<MaxIntOp>(),
        [typeof(CompareFunction.Less)] = Two<LessIntOp>(),
        [typeof(CompareFunction.Equal)] = Two<EqualIntOp>(),
    };

    static readonly Dictionary<Type, nint> booleans = new()
    {
        [typeof(CompareFunction.Less)] = Two<LessBoolOp>(),
        [typeof(CompareFunction.Equal)] = Two<EqualIntOp>(),
    };

    static nint One<TOp>() where TOp : ILane1
    {
        return (nint)(delegate*<in PointInstruction, Lane*, Lane, int, int, void>)&Run;

        static void Run(in PointInstruction i, Lane* r, Lane t, int rows, int columns) => LaneLoops.Map<TOp>(r[i.A], t, rows, columns);
    }

    static nint Two<TOp>() where TOp : ILane2
    {
        return (nint)(delegate*<in PointInstruction, Lane*, Lane, int, int, void>)&Run;

        static void Run(in PointInstruction i, Lane* r, Lane t, int rows, int columns) => LaneLoops.Map<TOp>(r[i.A], r[i.B], t, rows, columns);
    }
}
