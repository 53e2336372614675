using Functional.Data;
using Functional.Learning;
using Functional.Settings;

namespace Functional.Runs;

/// <summary>
/// What a run does, as a pure state machine: (state, event) → (state, effects). An interpreter carries out the effects in order and feeds
/// back an event for each that answers with one. The learning loop, evaluations, checkpoints, samples, interrupts and failures are decided
/// here and nowhere else; a resumed run makes the decisions of an unbroken one because both see the same states.
/// </summary>
public sealed record TrainPlan
{
    readonly Schedule rates;

    /// <summary>The plan of a configuration.</summary>
    /// <param name="config">The run.</param>
    /// <param name="windows">The training windows, over which ordered batches move.</param>
    public TrainPlan(RunConfig config, Windows windows) => (Config, Windows, rates) = (config, windows, config.LearningRates);

    /// <summary>The run.</summary>
    public RunConfig Config { get; }

    /// <summary>The training windows.</summary>
    public Windows Windows { get; }

    /// <summary>What follows from an event.</summary>
    public (TrainState State, TrainEffects Effects) Next(TrainState state, in TrainEvent happened) => happened.Kind switch
    {
        TrainEventKind.Begin => Go(state with { Interrupted = false }),
        TrainEventKind.Stepped => happened.Outcome.IsFinite ? Stepped(state, happened.Outcome) : (state, Refuse(state, happened)),
        TrainEventKind.Evaluated => Evaluated(state, happened.Loss),
        TrainEventKind.Saved or TrainEventKind.Skipped => Go(state),
        TrainEventKind.Sampled => Go(state with { Due = state.Due & ~Due.Sample }),
        TrainEventKind.Interrupted => (state with { Interrupted = true }, TrainEffects.None),
        _ => (state, new(TrainEffect.Stop(StopReason.Failed, state.Step, happened.Fault))),
    };

    (TrainState, TrainEffects) Stepped(TrainState state, StepOutcome outcome)
    {
        var after = state.After(Config, Windows);
        var metrics = new StepMetrics(after.Step, outcome.Loss, rates.At(state.Step), outcome.GradientNorm, outcome.Milliseconds,
            outcome.Milliseconds > 0 ? Config.TokensPerStep * 1000.0 / outcome.Milliseconds : 0);
        var (next, effects) = Go(after with { Due = DueAfter(after.Step) });
        return (next, new(TrainEffect.LogStep(metrics), effects.First));
    }

    // A better model is saved at once, so that the best one is always there to go back to.
    (TrainState, TrainEffects) Evaluated(TrainState state, double loss)
    {
        if (!double.IsFinite(loss))
            return (state, new(TrainEffect.Stop(StopReason.NotFinite, state.Step,
                new($"step {state.Step}", "the validation loss is not finite", "the checkpoints before are unharmed; a lower learning rate may help"))));
        var better = loss < state.BestLoss;
        var after = state with { Due = (state.Due & ~Due.Evaluate) | (better ? Due.Save : Due.None) };
        var (next, effects) = Go(better ? after with { BestLoss = loss, BestStep = state.Step } : after);
        return (next, new(TrainEffect.LogEvaluation(state.Step, loss), effects.First));
    }

    static TrainEffects Refuse(TrainState state, TrainEvent happened) => new(TrainEffect.Stop(StopReason.NotFinite, state.Step + 1, new(
        $"step {state.Step + 1}",
        FormattableString.Invariant($"loss {happened.Outcome.Loss}, gradient norm {happened.Outcome.GradientNorm}; not finite: {string.Join(", ", happened.NotFinite)}"),
        "nothing was overwritten; a lower learning rate or a longer warm-up may help")));

    Due DueAfter(long step) =>
        (IsAt(step, Config.EvalEvery) || step == Config.Steps ? Due.Evaluate : Due.None)
        | (IsAt(step, Config.SaveEvery) || step == Config.Steps ? Due.Save : Due.None)
        | (IsAt(step, Config.SampleEvery) ? Due.Sample : Due.None);

    static bool IsAt(long step, long every) => every > 0 && step % every == 0;

    // What comes next. An interrupted run saves first; what else is due then comes after it goes on.
    (TrainState, TrainEffects) Go(TrainState state)
    {
        if (state.Interrupted) return state.Saved < state.Step ? Save(state) : (state, new(TrainEffect.Stop(StopReason.Interrupted, state.Step)));
        if ((state.Due & Due.Evaluate) != 0) return (state, new(TrainEffect.At(TrainEffectKind.Evaluate, state.Step)));
        if ((state.Due & Due.Save) != 0) return Save(state);
        if ((state.Due & Due.Sample) != 0) return (state, new(TrainEffect.At(TrainEffectKind.Sample, state.Step)));
        return state.Step >= Config.Steps
            ? (state, new(TrainEffect.Stop(StopReason.Completed, state.Step)))
            : (state, new(TrainEffect.RunStep(state.Step + 1, rates.At(state.Step))));
    }

    // The state that is saved is the one after saving, which then goes on where this one does.
    static (TrainState, TrainEffects) Save(TrainState state) =>
        (state with { Saved = state.Step, Due = state.Due & ~Due.Save }, new(TrainEffect.At(TrainEffectKind.Save, state.Step)));
}
