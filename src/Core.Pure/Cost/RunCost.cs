namespace Functional;

/// <summary>What a run costs, worked out from its configuration alone: nothing is compiled or computed.</summary>
/// <param name="Parameters">Numbers that the model holds.</param>
/// <param name="WeightBytes">Memory of the parameters.</param>
/// <param name="OptimiserBytes">Memory of the optimiser's state and of accumulated gradients.</param>
/// <param name="WorkBytes">Most memory of activations and gradients during a step; an estimate, see <see cref="ProgramCost.WorkBytes"/>.</param>
/// <param name="StepFlops">Floating-point operations of a step with all its micro-batches.</param>
/// <param name="StepBytes">Bytes that a step moves; an estimate, see <see cref="ProgramCost.Bytes"/>.</param>
/// <param name="TokensPerStep">Tokens that a step learns from.</param>
/// <param name="Steps">Steps of the run.</param>
public sealed record RunCost(
    long Parameters, long WeightBytes, long OptimiserBytes, long WorkBytes, double StepFlops, double StepBytes, long TokensPerStep, long Steps)
{
    /// <summary>All memory together, in bytes.</summary>
    public long Bytes => WeightBytes + OptimiserBytes + WorkBytes;

    /// <summary>Floating-point operations for each token learned from.</summary>
    public double FlopsPerToken => StepFlops / TokensPerStep;

    /// <summary>Floating-point operations of the whole run.</summary>
    public double TotalFlops => StepFlops * Steps;

    /// <summary>Tokens that the whole run learns from.</summary>
    public long TotalTokens => TokensPerStep * Steps;

    /// <summary>The cost of a run.</summary>
    /// <param name="config">The run; its vocabulary is known.</param>
    /// <exception cref="ArgumentException">The configuration has faults, or its vocabulary is not known.</exception>
    public static RunCost Of(RunConfig config)
    {
        var (model, optimiser, clip) = (Gpt.Of(config.Model), config.Transform, GradientClip.To(config.Clip));
        var slots = Programs.Slots(model, optimiser).Fold(0L, static (sum, type) => sum + type.Bytes);
        var weights = model.Specs.Fold(0L, static (sum, spec) => sum + spec.Type.Bytes);
        if (config.Accumulate == 1)
        {
            var step = Cost.Of(Programs.TrainStep(model, optimiser, clip, config.BatchShape, config.LabelSmoothing));
            return new(model.ParameterCount, weights, slots, step.WorkBytes, step.Flops, step.Bytes, config.TokensPerStep, config.Steps);
        }
        var part = Cost.Of(Programs.Accumulate(model, config.BatchShape, config.LabelSmoothing));
        var end = Cost.Of(Programs.Apply(model, optimiser, clip));
        var sums = Programs.Accumulators(model).Fold(0L, static (sum, type) => sum + type.Bytes);
        return new(model.ParameterCount, weights, slots + sums, Math.Max(part.WorkBytes, end.WorkBytes), config.Accumulate * part.Flops + end.Flops,
            config.Accumulate * part.Bytes + end.Bytes, config.TokensPerStep, config.Steps);
    }
}
