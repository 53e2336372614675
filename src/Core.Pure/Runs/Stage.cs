using Functional.Base;
using Functional.Compiling;
using Functional.Data;
using Functional.Learning;
using Functional.Settings;

namespace Functional.Runs;

using Schedule = Functional.Learning.Schedule;

/// <summary>
/// A stage of training as a value: what is learned, from what, how, and when what is done. Whoever carries it out knows no more, so that an algorithm
/// is its objective and its cadence.
/// </summary>
/// <param name="Objective">What is learned.</param>
/// <param name="Source">What it is learned from.</param>
/// <param name="Measured">What it is measured on; its rows end.</param>
/// <param name="Optimiser">What makes updates of gradients.</param>
/// <param name="Clip">What limits all gradients together.</param>
/// <param name="Rate">The learning rate of each step, counted from 0.</param>
/// <param name="Cadence">When what is done.</param>
/// <param name="Rows">Rows of a micro-batch.</param>
/// <param name="Accumulate">Micro-batches that make a step.</param>
public sealed record Stage(
    Objective Objective, Source Source, Source Measured, GradientTransform Optimiser, GradientClip Clip, Schedule Rate, Cadence Cadence, int Rows,
        int Accumulate)
{
    /// <summary>What gives parameters their first values that follow from those of others, as norms of adapted outputs do; nothing where none do.</summary>
    public Program? First { get; init; }

    /// <summary>What it does when.</summary>
    public RunPlan Plan => new(Cadence, Rate);

    /// <summary>Pretraining: a model learns the next token from windows of a text.</summary>
    /// <param name="config">The run, resolved.</param>
    /// <param name="train">What it learns from.</param>
    /// <param name="validation">What it is measured on.</param>
    /// <param name="separator">The token that begins each document; nothing where the text is one.</param>
    /// <exception cref="ArgumentException">A part of the text is too short for a window; <see cref="Windows.Of"/> says so as a value.</exception>
    public static Stage Pretraining(RunConfig config, TokenStream train, TokenStream validation, int? separator = null) => Of(config, config.Model.Context,
        new TrainingWindows(train, WindowsOf(train, config), config.Stage.Source.Order, RunState.Start(config.Key).DataKey, separator),
        MeasuringWindows.Spread(validation, WindowsOf(validation, config), config.MeasuredRows, separator));

    /// <summary>Fine-tuning: a model learns the answers of conversations.</summary>
    /// <param name="config">The run, resolved.</param>
    /// <param name="train">What it learns from.</param>
    /// <param name="kept">What it is measured on.</param>
    public static Stage Answering(RunConfig config, Examples train, Examples kept)
    {
        var (context, packed) = (config.Model.Context, config.Stage.Rows.Packing);
        var time = packed ? context : Math.Max(train.Width(context), kept.Width(context));
        return Of(config, time, new ConversationRows(train, time, OrderOf(config), RunState.Start(config.Key).DataKey, packed),
            new ConversationRows(Few(kept, config), time, RowOrder.Once, packed: packed));
    }

    /// <summary>Learning from comparisons: rewards, or preferences.</summary>
    /// <param name="config">The run, resolved.</param>
    /// <param name="train">What it learns from.</param>
    /// <param name="kept">What it is measured on.</param>
    public static Stage Comparing(RunConfig config, Rankings train, Rankings kept)
    {
        var time = Math.Max(train.Answers.Width(config.Model.Context, whole: true), kept.Answers.Width(config.Model.Context, whole: true));
        return Of(config, time, new PairRows(train, time, OrderOf(config), RunState.Start(config.Key).DataKey), new PairRows(Few(kept, config), time, RowOrder.Once));
    }

    // The last parts of a stage are those of every kind.
    static Stage Of(RunConfig config, int time, Source source, Source measured) => new(
        config.ObjectiveOf(config.ModelOf(), time), source, measured, config.Stage.Adapter.Over(config.Stage.Optimiser.Transform),
        GradientClip.To(config.Stage.Optimiser.Clip), config.Stage.LearningRates,
        new(config.Stage.Steps, config.Stage.EvalEvery, config.Stage.SaveEvery, config.Stage.Kind == StageKind.Reward ? 0 : config.Stage.SampleEvery), config.Stage.Batch, config.Stage.Accumulate)
        { First = config.FirstValues };

    // Those that an evaluation is made of, spread evenly over all.
    static Examples Few(Examples kept, RunConfig config) => config.MeasuredRows >= kept.Count ? kept : kept.Only(Spread(kept.Count, config));

    static Rankings Few(Rankings kept, RunConfig config) => config.MeasuredRows >= kept.Count ? kept : kept.Only(Spread(kept.Count, config));

    static Vec<int> Spread(int count, RunConfig config) =>
        [.. Enumerable.Range(0, (int)config.MeasuredRows).Select(i => (int)((long)i * count / config.MeasuredRows))];

    static RowOrder OrderOf(RunConfig config) => config.Stage.Rows.Curriculum ? RowOrder.ShortFirst
        : config.Stage.Source.Order == WindowOrder.Ordered ? RowOrder.Ordered : RowOrder.Shuffled;

    static Windows WindowsOf(TokenStream text, RunConfig config) =>
        Windows.Of(text.Length, config.Model.Context).IfFail(static faults => throw new ArgumentException(faults.Lines()));
}
