using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>What one instruction of a pointwise kernel does, lane by lane.</summary>
public enum PointOp : byte
{
    /// <summary>Base plus Σ coordinate · stride, an integer; the strides are those of <see cref="PointwiseKernel.Indices"/> number A.</summary>
    Index,
    /// <summary>Threefry bits of <see cref="PointInstruction.Stream"/> at the counters in A, with the two key words in registers B and C.</summary>
    RandomBits,
    /// <summary><see cref="PointInstruction.Function"/> of a, or of a and b.</summary>
    Apply,
    /// <summary>GELU of a.</summary>
    Gelu,
    /// <summary>GELU of a by tanh.</summary>
    GeluTanh,
    /// <summary>b · the derivative of GELU at a.</summary>
    GeluGradient,
    /// <summary>b · the derivative of GELU by tanh at a.</summary>
    GeluTanhGradient,
    /// <summary>a · b + c, rounded once.</summary>
    MulAdd,
    /// <summary>a ? b : c.</summary>
    Where,
    /// <summary>Float to integer, towards zero.</summary>
    FloatToInt,
    /// <summary>Integer to float.</summary>
    IntToFloat,
    /// <summary>A boolean as 1 or 0 of the instruction's type.</summary>
    FromBool,
    /// <summary>Whether a number is not 0.</summary>
    ToBool,
    /// <summary>Rounds a float to the nearest that BF16 can hold.</summary>
    RoundBF16,
    /// <summary>Rounds a float to the nearest that F16 can hold.</summary>
    RoundF16,
    /// <summary>a itself.</summary>
    Copy,
}

/// <summary>Fused kinds that are one instruction, so that they are computed inside elementwise kernels.</summary>
static class PointOps
{
    /// <summary>The instruction that computes a kind from its arguments; nothing where there is none.</summary>
    public static PointOp? Of(FusedKind kind) => kind switch
    {
        Gelu { Approximate: var tanh } => tanh ? PointOp.GeluTanh : PointOp.Gelu,
        GeluGradient { Approximate: var tanh } => tanh ? PointOp.GeluTanhGradient : PointOp.GeluGradient,
        _ => null,
    };

    /// <summary>Whether there is one.</summary>
    public static bool Has(FusedKind kind) => Of(kind) is not null;
}

/// <summary>One instruction: registers hold 4-byte lanes (floats, integers, or all-ones masks for booleans).</summary>
/// <param name="Op">What it does.</param>
/// <param name="Type">What the operands are (BF16 and F16 count as F32).</param>
/// <param name="Target">The register written.</param>
/// <param name="A">The first operand's register.</param>
/// <param name="B">The second's.</param>
/// <param name="C">The third's.</param>
/// <param name="Stream">The stream of <see cref="PointOp.RandomBits"/>.</param>
/// <param name="Function">The function of <see cref="PointOp.Apply"/>.</param>
public readonly record struct PointInstruction(PointOp Op, DType Type, int Target, int A = 0, int B = 0, int C = 0, uint Stream = 0,
    ElementFunction? Function = null);

/// <summary>The same value in every lane of a register.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Value">The value; for a boolean 0 is false.</param>
public readonly record struct PointConstant(DType Type, double Value);

/// <summary>
/// A fused chain of elementwise ops: straight-line code over registers. The first registers are the inputs, the next the constants; the
/// values of the output registers are stored at the end.
/// </summary>
/// <param name="Domain">The shape that is iterated over; the last axis is the innermost.</param>
/// <param name="Inputs">The number of inputs.</param>
/// <param name="Constants">The constants.</param>
/// <param name="Registers">The number of registers.</param>
/// <param name="Code">The instructions.</param>
/// <param name="Results">The registers that hold the outputs.</param>
/// <param name="Indices">For <see cref="PointOp.Index"/>: strides over the domain.</param>
public sealed record PointwiseKernel(
    Vec<int> Domain, int Inputs, Vec<PointConstant> Constants, int Registers, Vec<PointInstruction> Code, Vec<int> Results, Vec<Vec<int>> Indices)
{
    /// <summary>The number of elements of the domain.</summary>
    public long Size => new TensorType(Domain).Size;
}
