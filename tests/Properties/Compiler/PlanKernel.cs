using System.Diagnostics;

namespace Functional.Tests.Properties;

/// <summary>Pointwise code by its meaning: one instruction after the other on whole arrays.</summary>
static class PlanKernel
{
    /// <summary>The outputs over the domain, in row-major order.</summary>
    /// <param name="kernel">The code.</param>
    /// <param name="inputs">The elements of each input, in the domain's order.</param>
    public static Vec<double[]> Run(PointwiseKernel kernel, Vec<double[]> inputs)
    {
        var registers = new double[kernel.Registers][];
        for (var i = 0; i < inputs.Count; i++) registers[i] = inputs[i];
        for (var i = 0; i < kernel.Constants.Count; i++) registers[inputs.Count + i] = [.. Enumerable.Repeat(kernel.Constants[i].Value, (int)kernel.Size)];
        foreach (var code in kernel.Code) registers[code.Target] = Run(kernel, code, registers);
        return kernel.Results.Map(r => registers[r]);
    }

    static double[] Run(PointwiseKernel kernel, PointInstruction code, double[][] registers)
    {
        if (code.Op == PointOp.Index) return [.. PlanSteps.Places(new(0, DType.I32, 0, kernel.Domain, kernel.Indices[code.A])).Select(static p => (double)p)];
        var (a, b, c) = (registers[code.A], registers[code.B], registers[code.C]);
        var type = new TensorType([(int)kernel.Size]);
        return code.Op switch
        {
            PointOp.Gelu or PointOp.GeluTanh => Apply(new Op.Fused(new Gelu(code.Op == PointOp.GeluTanh), 0), [(type, a)]),
            PointOp.GeluGradient or PointOp.GeluTanhGradient =>
                Apply(new Op.Fused(new GeluGradient(code.Op == PointOp.GeluTanhGradient), 0), [(type, a), (type, b)]),
            PointOp.RandomBits => [.. a.Select((counter, i) => (double)(int)new Key((uint)(int)b[i], (uint)(int)c[i]).Bits((uint)(int)counter, code.Stream).X)],
            PointOp.Where => [.. a.Select((condition, i) => condition != 0 ? b[i] : c[i])],
            PointOp.MulAdd => [.. a.Select((x, i) => x * b[i] + c[i])],
            PointOp.Apply => code.Function switch
            {
                UnaryFunction f => [.. a.Select(x => code.Type == DType.I32 ? f.Of((int)x) : f.Of(x))],
                BinaryFunction f => [.. a.Select((x, i) => code.Type == DType.I32 ? f.Of((int)x, (int)b[i]) : f.Of(x, b[i]))],
                CompareFunction f => [.. a.Select((x, i) => f.Of(x, b[i]) ? 1.0 : 0.0)],
                _ => throw new UnreachableException(code.ToString()),
            },
            _ => [.. a.Select(x => One(code.Op, x))],
        };
    }

    /// <summary>The op on arguments of these types, by the reference evaluator.</summary>
    public static double[] Apply(Op op, Vec<(TensorType Type, double[] Items)> args)
    {
        var inputs = args.Map(static (a, i) => Create.Input($"x{i}", a.Type));
        var values = args.Select(static (a, i) => ($"x{i}", new Value(a.Type, a.Items))).ToDictionary();
        return Evaluator.Run([Tensor.Of(op, inputs.Span)], values)[0].Items.ToArray();
    }

    static double One(PointOp op, double x) => op switch
    {
        PointOp.FloatToInt => Numbers.Convert(x, DType.I32),
        PointOp.ToBool => x != 0 ? 1 : 0,
        PointOp.RoundBF16 => Numbers.RoundToBF16(x),
        PointOp.RoundF16 => Numbers.RoundToF16(x),
        PointOp.IntToFloat or PointOp.FromBool or PointOp.Copy => x,
        _ => throw new UnreachableException(op.ToString()),
    };
}
