using System.Diagnostics;
using Functional.Base;
using Functional.Data;
using Functional.Learning;

namespace Functional.Runs;

/// <summary>When a run does what.</summary>
/// <param name="Steps">How many steps it has.</param>
/// <param name="MeasureEvery">Steps between measurements; 0 for one at the end only.</param>
/// <param name="SaveEvery">Steps between checkpoints; 0 for one at the end only.</param>
/// <param name="DrawEvery">Steps between samples; 0 for none.</param>
public sealed record Cadence(long Steps, long MeasureEvery, long SaveEvery, long DrawEvery)
{
    /// <summary>Whether the policy writes what it learns from, before each round of its source.</summary>
    public bool Practises { get; init; }

    /// <summary>How far a policy may be from what wrote a round (<see cref="Moved"/>, in nats) before the rest of the round is left out; 0 for any distance.</summary>
    public double MostMoved { get; init; }

    /// <summary>What an objective shows of that distance.</summary>
    public const string Moved = "kl_old";

    /// <summary>Whether the policy has to write before the next step: where a round begins, once.</summary>
    /// <param name="state">Where the run stands.</param>
    public bool RollsOut(in RunState state) => Practises && state.Place.Position == 0 && state.RolledOut != state.Step;

    /// <summary>Where the source stands after a step: where the step says, or where the next round begins.</summary>
    /// <param name="outcome">What the step gave.</param>
    public Place After(in StepOutcome outcome) => MostMoved > 0 && outcome.Next.Position > 0 && outcome.Shown is { } shown && shown.Contains(Moved) && shown[Moved] > MostMoved
        ? new(outcome.Next.Round + 1, 0) : outcome.Next;

    /// <summary>What is to be done after a step.</summary>
    public Due DueAfter(long step) =>
        (IsAt(step, MeasureEvery) || step == Steps ? Due.Measure : Due.None)
        | (IsAt(step, SaveEvery) || step == Steps ? Due.Save : Due.None)
        | (IsAt(step, DrawEvery) ? Due.Draw : Due.None);

    static bool IsAt(long step, long every) => every > 0 && step % every == 0;
}

/// <summary>
/// What a run does, as a pure state machine: (state, event) → (state, effects). An interpreter carries out the effects in order and feeds
/// back an event for each that answers with one. The learning loop, measurements, checkpoints, samples, interrupts and failures are decided
/// here and nowhere else, whatever is learned from whatever; a resumed run makes the decisions of an unbroken one because both see the same states.
/// </summary>
/// <param name="Cadence">When what is done.</param>
/// <param name="Rate">The learning rate of each step, counted from 0.</param>
public sealed record RunPlan(Cadence Cadence, Schedule Rate)
{
    /// <summary>What follows from an event: at most something to write, and something to do that answers with an event.</summary>
    public (RunState State, Vec<RunEffect> Effects) Next(RunState state, RunEvent happened) => happened switch
    {
        RunEvent.Begun => Go(state with { Interrupted = false }),
        RunEvent.Stepped { Outcome: var outcome } => outcome.IsFinite ? Stepped(state, outcome) : (state, [NotFinite(state, outcome)]),
        RunEvent.Measured measured => Measured(state, measured),
        RunEvent.Saved or RunEvent.Skipped => Go(state),
        RunEvent.Drawn => Go(state with { Due = state.Due & ~Due.Draw }),
        RunEvent.RolledOut { Numbers: var numbers } => Then(new RunEffect.LogRollOut(state.Step + 1, numbers), state with { RolledOut = state.Step }),
        RunEvent.Interrupted => (state with { Interrupted = true }, []),
        RunEvent.Failed { Fault: var fault } => (state, [new RunEffect.Stop(StopReason.Failed, fault)]),
        _ => throw new UnreachableException(),
    };

    (RunState, Vec<RunEffect>) Stepped(RunState state, StepOutcome outcome)
    {
        var step = state.Step + 1;
        var metrics = new StepMetrics(step, outcome.Loss, Rate.At(state.Step), outcome.GradientNorm, outcome.Milliseconds,
            outcome.Milliseconds > 0 ? outcome.Tokens * 1000.0 / outcome.Milliseconds : 0) { Shown = outcome.Shown };
        var after = state with { Step = step, Place = Cadence.After(outcome), Tokens = state.Tokens + outcome.Tokens, Due = Cadence.DueAfter(step) };
        return Then(new RunEffect.LogStep(metrics), after);
    }

    // A better model is saved at once, so that the best one is always there to go back to.
    (RunState, Vec<RunEffect>) Measured(RunState state, RunEvent.Measured measured)
    {
        var loss = measured.Loss;
        if (!double.IsFinite(loss))
            return (state, [new RunEffect.Stop(StopReason.NotFinite,
                new($"step {state.Step}", "the validation loss is not finite", "the checkpoints before are unharmed; a lower learning rate may help"))]);
        var better = loss < state.BestLoss;
        var after = state with { Due = (state.Due & ~Due.Measure) | (better ? Due.Save : Due.None) };
        return Then(new RunEffect.LogMeasured(state.Step, loss, measured.Average) { Parts = measured.Parts }, better ? after with { BestLoss = loss, BestStep = state.Step } : after);
    }

    static RunEffect NotFinite(RunState state, StepOutcome outcome) => new RunEffect.Stop(StopReason.NotFinite, new(
        $"step {state.Step + 1}",
        FormattableString.Invariant($"loss {outcome.Loss}, gradient norm {outcome.GradientNorm}; not finite: {string.Join(", ", outcome.NotFinite)}"),
        "nothing was overwritten; a lower learning rate or a longer warm-up may help, and so may bf16 in place of f16"));

    (RunState, Vec<RunEffect>) Then(RunEffect first, RunState state)
    {
        var (next, effects) = Go(state);
        return (next, [first, .. effects]);
    }

    // What comes next. An interrupted run saves first; what else is due then comes after it goes on.
    (RunState, Vec<RunEffect>) Go(RunState state) => state switch
    {
        { Interrupted: true } => state.Saved < state.Step ? Save(state) : (state, [new RunEffect.Stop(StopReason.Interrupted)]),
        _ when (state.Due & Due.Measure) != 0 => (state, [new RunEffect.Measure()]),
        _ when (state.Due & Due.Save) != 0 => Save(state),
        _ when (state.Due & Due.Draw) != 0 => (state, [new RunEffect.Draw()]),
        _ when state.Step >= Cadence.Steps => (state, [new RunEffect.Stop(StopReason.Completed)]),
        _ when Cadence.RollsOut(state) => (state, [new RunEffect.RollOut()]),
        _ => (state, [new RunEffect.TakeStep(state.Step + 1, Rate.At(state.Step))]),
    };

    // The state that is saved is the one after saving, which then goes on where this one does.
    static (RunState, Vec<RunEffect>) Save(RunState state) => (state with { Saved = state.Step, Due = state.Due & ~Due.Save }, [new RunEffect.Save()]);
}
