using Functional.Base;
using Functional.Engines;
using Functional.Execution;
using Functional.Runs;
using Functional.Sessions;
using Functional.Settings;
using static System.FormattableString;

namespace Functional;

/// <summary>What happens in a run, as it happens.</summary>
public abstract record TrainingEvent
{
    TrainingEvent() { }

    /// <summary>The event as a line for people.</summary>
    public sealed override string ToString() => this switch
    {
        Started e => Invariant($"{(e.Stages.Count > 1 ? $"stage {e.Stage}: " : "")}{e.Config.Stage.Source.Name}: {e.TrainTokens} tokens to learn from; {e.Parameters} parameters; {(e.Step > 0 ? $"going on after step {e.Step}" : "saving")} in {e.Folder}"),
        Stepped { Practises: true, Metrics: var m } => Invariant($"step {m.Step}: {string.Concat((m.Shown ?? Params<float>.Empty).Select(static s => Invariant($"{s.Name} {s.Value:0.000}, ")))}{m.TokensPerSecond:0} tokens a second"),
        Stepped { Metrics: var m } => Invariant($"step {m.Step}: loss {m.Loss:0.0000}, {m.TokensPerSecond:0} tokens a second"),
        Evaluated { IsReward: true } e => Invariant($"step {e.Step}: reward {-e.Loss:0.0000} for prompts that are kept{(e.Best ? ", the highest so far" : "")}"),
        RolledOut e => Invariant($"from step {e.Step} on: {string.Join(", ", e.Numbers.Select(static n => Invariant($"{n.Name} {n.Value:0.000}")))}"),
        Evaluated e => Invariant($"step {e.Step}: validation loss {e.Loss:0.0000}{(e.Average is { } mean ? Invariant($", of the mean of the weights {mean:0.0000}") : "")}{(e.Best ? ", the lowest so far" : "")}"),
        EvaluatedTexts e => Invariant($"step {e.Step}: {string.Join(", ", e.Losses.Select(static l => Invariant($"{l.Name} {l.Value:0.0000}")))}"),
        Sampled e => $"step {e.Step} writes: {e.Text}",
        Saved e => $"step {e.Step}: saved in {e.Folder}",
        LogFailed e => $"a log failed: {e.Fault}",
        _ => "",
    };

    /// <summary>Everything is ready: the text is read, the model made or loaded, the first step about to be computed.</summary>
    /// <param name="Config">The run, with its vocabulary.</param>
    /// <param name="Folder">Where it is kept.</param>
    /// <param name="Parameters">Numbers that the model holds.</param>
    /// <param name="TrainTokens">Tokens to learn from.</param>
    /// <param name="ValidationTokens">Tokens kept for evaluation.</param>
    /// <param name="Step">Steps done before, when the run goes on.</param>
    public sealed record Started(RunConfig Config, string Folder, long Parameters, long TrainTokens, long ValidationTokens, long Step) : TrainingEvent
    {
        /// <summary>The stage that begins or goes on.</summary>
        public string Stage { get; init; } = "";

        /// <summary>All stages of the run, in order.</summary>
        public IReadOnlyList<string> Stages { get; init; } = [];

        /// <summary>Rows that did not fit the context: how many lost the beginning of what stands before the answer, and how many the end of an answer.</summary>
        public (long Prompts, long Answers) Cut { get; init; }

        /// <summary>How the run sees each of several texts; none where it learns from one, or from rows.</summary>
        public IReadOnlyList<TextShare> Texts { get; init; } = [];

        /// <summary>The engine that computes, such as <c>managed</c>.</summary>
        public string Engine { get; init; } = "";

        /// <summary>
        /// Its device, such as <c>cpu</c> or <c>cuda:0</c>, with what parameters, optimiser and programs take there; nothing where that is not known.
        /// </summary>
        public DeviceMemory? Memory { get; init; }

        /// <summary>The learning rate of the next step.</summary>
        public double LearningRate { get; init; }

        /// <summary>The learning rate of the last step before a run went on; nothing at a beginning.</summary>
        public double? LearningRateBefore { get; init; }

        /// <summary>The precision of the steps before a run went on; nothing at a beginning.</summary>
        public Precision? PrecisionBefore { get; init; }
    }

    /// <summary>A step was computed.</summary>
    /// <param name="Metrics">Its numbers.</param>
    public sealed record Stepped(StepMetrics Metrics) : TrainingEvent
    {
        /// <summary>Whether it learned from answers of the policy's own: its loss then says nothing of how good these are.</summary>
        public bool Practises { get; init; }
    }

    /// <summary>The validation loss was measured.</summary>
    /// <param name="Step">Steps done.</param>
    /// <param name="Loss">In nats a token.</param>
    /// <param name="Best">Whether it is the lowest so far.</param>
    public sealed record Evaluated(long Step, double Loss, bool Best) : TrainingEvent
    {
        /// <summary>The same loss of the mean of the weights; nothing where none is kept.</summary>
        public double? Average { get; init; }

        /// <summary>Whether the loss is minus a mean reward, as of a policy that learns from answers of its own.</summary>
        public bool IsReward { get; init; }
    }

    /// <summary>The validation loss of each of several texts, of which <see cref="Evaluated"/> told all together.</summary>
    /// <param name="Step">Steps done.</param>
    /// <param name="Losses">In nats a token, by the name of the text.</param>
    public sealed record EvaluatedTexts(long Step, Params<double> Losses) : TrainingEvent;

    /// <summary>A policy has written what the next steps learn from.</summary>
    /// <param name="Step">The first step that learns from it.</param>
    /// <param name="Numbers">What is known of it: <c>reward</c>, <c>length</c>, the <c>milliseconds</c> that it took, and others.</param>
    public sealed record RolledOut(long Step, Params<float> Numbers) : TrainingEvent;

    /// <summary>The model wrote something.</summary>
    /// <param name="Step">Steps done.</param>
    /// <param name="Text">What it wrote.</param>
    public sealed record Sampled(long Step, string Text) : TrainingEvent;

    /// <summary>A checkpoint is safe on disk.</summary>
    /// <param name="Step">Steps done.</param>
    /// <param name="Folder">Where it lies.</param>
    public sealed record Saved(long Step, string Folder) : TrainingEvent;

    /// <summary>A log of the run cannot be written, for the first time; the run goes on.</summary>
    /// <param name="Fault">Which, and why.</param>
    public sealed record LogFailed(Fault Fault) : TrainingEvent;
}
