using Functional.Compiling;
using Functional.Learning;
using Functional.Settings;

namespace Functional.Runs;

/// <summary>
/// What a run costs, worked out from its configuration alone: nothing is compiled or computed, and however large it is, only graphs of a few
/// blocks are made (<see cref="Cost.Of(int, Func{int, Program})"/>).
/// </summary>
/// <param name="Memory">What it keeps in memory throughout.</param>
/// <param name="WorkBytes">Most memory of activations and gradients during a step; an estimate, see <see cref="ProgramCost.WorkBytes"/>.</param>
/// <param name="StepFlops">Floating-point operations of a step with all its micro-batches.</param>
/// <param name="StepBytes">Bytes that a step moves; an estimate, see <see cref="ProgramCost.Bytes"/>.</param>
/// <param name="TokensPerStep">Tokens that a step learns from.</param>
/// <param name="Steps">Steps of the run.</param>
public sealed record RunCost(RunMemory Memory, Int128 WorkBytes, double StepFlops, double StepBytes, long TokensPerStep, long Steps)
{
    /// <summary>All memory together, in bytes.</summary>
    public Int128 Bytes => Memory.Bytes + WorkBytes;

    /// <summary>Floating-point operations for each token learned from.</summary>
    public double FlopsPerToken => StepFlops / TokensPerStep;

    /// <summary>Floating-point operations of the whole run.</summary>
    public double TotalFlops => StepFlops * Steps;

    /// <summary>Bytes that the whole run moves; an estimate.</summary>
    public double TotalBytes => StepBytes * Steps;

    /// <summary>Tokens that the whole run learns from.</summary>
    public Int128 TotalTokens => (Int128)TokensPerStep * Steps;

    /// <summary>The cost of a run.</summary>
    /// <param name="config">The run; its vocabulary is known.</param>
    /// <exception cref="ArgumentException">The configuration has faults, or its vocabulary is not known.</exception>
    public static RunCost Of(RunConfig config)
    {
        // A scale of each layer's own costs what any other does.
        var alike = config with { Model = config.Model with { ScaledByLayer = false } };
        var (optimiser, clip, memory) = (config.Transform, GradientClip.To(config.Stage.Optimiser.Clip), RunMemory.Of(config));
        if (config.Stage.Accumulate == 1)
        {
            var step = Blocks(objective => Programs.Step(objective, optimiser, clip), (objective, blocks) => config.UpdateOf(objective, blocks));
            return new(memory, step.WorkBytes, (double)step.Flops, (double)step.Bytes, config.TokensPerStep, config.Stage.Steps);
        }
        var part = Blocks(objective => Programs.Accumulate(objective));
        var end = Blocks(objective => Programs.Apply(objective, optimiser, clip));
        return new(memory, Int128.Max(part.WorkBytes, end.WorkBytes), config.Stage.Accumulate * (double)part.Flops + (double)end.Flops,
            config.Stage.Accumulate * (double)part.Bytes + (double)end.Bytes, config.TokensPerStep, config.Stage.Steps);

        ProgramCost Blocks(Func<Objective, Program> program, Func<Objective, int, Program?>? update = null) => Cost.Of(config.Model.Layers, config.Period, blocks =>
            alike.ObjectiveOf(blocks) is var objective && update?.Invoke(objective, blocks) is { } own ? own : program(alike.ObjectiveOf(blocks)));
    }
}
