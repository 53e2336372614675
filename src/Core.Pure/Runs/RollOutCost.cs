using Functional.Compiling;
using Functional.Learning;
using Functional.Settings;

namespace Functional.Runs;

/// <summary>
/// What it costs at most that a policy writes what it learns from, in all rounds of a run: every answer is as long as it may be. Whoever judges takes something
/// beside it.
/// </summary>
/// <param name="Rounds">How many rounds.</param>
/// <param name="Flops">Floating-point operations of all of them.</param>
/// <param name="Bytes">Bytes that they move; an estimate, see <see cref="ProgramCost.Bytes"/>.</param>
public sealed record RollOutCost(long Rounds, double Flops, double Bytes)
{
    // As many as the rollouts write at a time, and tokens of a prompt that they read at once.
    const int AtOnce = 64, Piece = 64;

    /// <summary>The cost for a stage; nothing for one that does not practise.</summary>
    /// <param name="config">The run; its vocabulary is known.</param>
    /// <param name="prompt">Tokens of a prompt, in the mean.</param>
    /// <exception cref="ArgumentException">The configuration has faults, or its vocabulary is not known.</exception>
    public static RollOutCost? Of(RunConfig config, double prompt)
    {
        if (!config.Stage.Practises) return null;
        var (practice, alike) = (config.Stage.Practice, config with { Model = config.Model with { ScaledByLayer = false } });
        var answers = (long)config.Stage.OwnPrompts * practice.Answers;
        var rows = (int)Math.Min(answers, AtOnce);
        var step = Cost.Of(config.Model.Layers, config.Period, blocks => Programs.CachedStep(alike.ModelOf(blocks), new(rows, 1)));
        var rounds = (config.Stage.Steps + config.Stage.RoundSteps - 1) / config.Stage.RoundSteps;
        var (waves, pieces) = ((answers + rows - 1) / rows, Math.Ceiling(prompt / Piece));
        return new(rounds, rounds * (double)step.Flops / rows * answers * (prompt + practice.Tokens), rounds * (double)step.Bytes * (waves * practice.Tokens + answers * pieces));
    }
}
