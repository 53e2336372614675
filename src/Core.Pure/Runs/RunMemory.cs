using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Learning;
using Functional.Settings;

namespace Functional.Runs;

/// <summary>What a run keeps in memory from its first step to its last, exactly; activations and gradients come and go beside it.</summary>
/// <param name="Parameters">Numbers that the model holds, however many bits each has, without those of a reference beside it.</param>
/// <param name="WeightBytes">Memory of the parameters, in bytes.</param>
/// <param name="OptimiserBytes">Memory of the optimiser's state and of accumulated gradients, in bytes.</param>
public sealed record RunMemory(Int128 Parameters, Int128 WeightBytes, Int128 OptimiserBytes)
{
    /// <summary>Both together, in bytes.</summary>
    public Int128 Bytes => WeightBytes + OptimiserBytes;

    /// <summary>The memory of a run: of the tensors that training makes, for any number of blocks.</summary>
    /// <param name="config">The run; its vocabulary is known.</param>
    /// <exception cref="ArgumentException">The configuration has faults, or its vocabulary is not known.</exception>
    public static RunMemory Of(RunConfig config)
    {
        var optimiser = config.Transform;
        var accumulators = config.Stage.Accumulate > 1 ? Sum(Programs.Accumulators, static type => type.Bytes) : 0;
        var plain = config with { Stage = config.Stage with { Adapter = config.Stage.Adapter with { BaseBits = 32 } } };
        return new(SumOf(plain, Own, static type => type.Size), Sum(Types, static type => type.Bytes),
            Sum(objective => Programs.Slots(objective, optimiser), static type => type.Bytes) + accumulators);

        Int128 Sum(Func<Objective, Params<TensorType>> types, Func<TensorType, long> number) => SumOf(config, types, number);

        static Int128 SumOf(RunConfig of, Func<Objective, Params<TensorType>> types, Func<TensorType, long> number) =>
            Cost.At(of.Model.Layers, of.Period, blocks => types(of.ObjectiveOf(blocks)).Fold(Int128.Zero, (sum, type) => sum + number(type)));
    }

    // A reference is what the model was, and no more of it.
    static Params<TensorType> Own(Objective objective) => objective.Parameters.Where(static p => p.Part.Learns).Select(static p => (p.Name, p.Spec.Type)).ToParams();

    static Params<TensorType> Types(Objective objective) => objective.Parameters.Select(static p => (p.Name, p.Spec.Type)).ToParams();
}
