using Functional.Base;
using Functional.Compiling;
using Functional.Data;
using Functional.Graphs;
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

    /// <summary>What it learns from that its own policy writes; nothing where it learns from what there is. Its source is then the practice's experience.</summary>
    public Practice? Practice { get; init; }

    /// <summary>What makes a step of the objective; nothing for gradients and the optimiser.</summary>
    public Func<Objective, Program>? Update { get; init; }

    /// <summary>How matrices that do not learn are kept; nothing for as they are.</summary>
    public BitPacking? Packing { get; init; }

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

    /// <summary>Pretraining on several texts: from which a row comes, their weights say, and each has windows and an order of its own.</summary>
    /// <param name="config">The run, resolved.</param>
    /// <param name="texts">What it learns from; of one, it is as if that were all that there is.</param>
    /// <param name="separator">The token that begins each document; nothing where each text is one.</param>
    /// <exception cref="ArgumentException">As for one text; or weights are none, see <see cref="Mixture.Of"/>.</exception>
    public static Stage Pretraining(RunConfig config, Vec<MixedText> texts, int? separator = null)
    {
        if (texts is [var one]) return Pretraining(config, one.Train, one.Validation, separator);
        var (mixture, key) = (Mixture.Of(texts.Map(static t => t.Weight)), RunState.Start(config.Key).DataKey.FoldIn("mixture"));
        return Of(config, config.Model.Context,
            new MixedWindows(mixture, texts.Map((t, i) => new TrainingWindows(t.Train, WindowsOf(t.Train, config), config.Stage.Source.Order, key.FoldIn(i), separator))),
            new MixedMeasure(texts.Map((t, i) => (t.Name, mixture.Share(i), MeasuringWindows.Spread(t.Validation, WindowsOf(t.Validation, config), Few(i), separator)))));

        // Of each its share, in whole batches, since a batch has rows of one text.
        long Few(int text) => config.Stage.EvalBatches == 0 ? long.MaxValue
            : Math.Max(1, (mixture.Taken(text, config.MeasuredRows) + config.Stage.Batch - 1) / config.Stage.Batch) * config.Stage.Batch;
    }

    /// <summary>Fine-tuning: a model learns the answers of conversations.</summary>
    /// <param name="config">The run, resolved.</param>
    /// <param name="train">What it learns from.</param>
    /// <param name="kept">What it is measured on.</param>
    public static Stage Answering(RunConfig config, Examples train, Examples kept)
    {
        var (context, packed) = (config.Model.Context, config.Stage.Packs);
        var time = packed ? context : Math.Max(train.Width(context), kept.Width(context));
        return Of(config, time, new ConversationRows(train, time, OrderOf(config), RunState.Start(config.Key).DataKey, packed), Measuring(config, kept, time));
    }

    internal static ConversationRows Measuring(RunConfig config, Examples kept, int time) => new(Few(kept, config), time, RowOrder.Once, packed: config.Stage.Packs);

    /// <summary>Learning from comparisons: rewards, or preferences.</summary>
    /// <param name="config">The run, resolved.</param>
    /// <param name="train">What it learns from.</param>
    /// <param name="kept">What it is measured on.</param>
    /// <param name="columns">What a reference thinks of the answers, see <see cref="Compared"/>, where the objective asks for it; nothing for zeros.</param>
    public static Stage Comparing(RunConfig config, Rankings train, Rankings kept, (Params<float[]> Train, Params<float[]> Kept)? columns = null)
    {
        var (time, most, key) = (TimeOf(config, train.Answers, kept.Answers), Math.Max(train.Most, kept.Most), RunState.Start(config.Key).DataKey);
        if (most > 2 && config.Stage.Kind == StageKind.Reward)
            return Of(config, time, new RankingRows(train, time, OrderOf(config), key, most: most), new RankingRows(Few(kept, config), time, RowOrder.Once, most: most), most);
        var known = columns ?? (Unknown(config, train.Count), Unknown(config, Few(kept, config).Count));
        return Of(config, time, new PairRows(train, time, OrderOf(config), key, known.Train), new PairRows(Few(kept, config), time, RowOrder.Once, columns: known.Kept));
    }

    /// <summary>Learning from answers that were judged one by one.</summary>
    /// <param name="config">The run, resolved.</param>
    /// <param name="train">What it learns from.</param>
    /// <param name="kept">What it is measured on.</param>
    /// <param name="columns">What a reference thinks of the answers; nothing for zeros.</param>
    public static Stage Judging(RunConfig config, Judgements train, Judgements kept, (Params<float[]> Train, Params<float[]> Kept)? columns = null)
    {
        var time = TimeOf(config, train.Answers, kept.Answers);
        var known = columns ?? (Unknown(config, train.Count), Unknown(config, Few(kept, config).Count));
        return Of(config, time, new JudgedRows(train, time, OrderOf(config), RunState.Start(config.Key).DataKey, known.Train),
            new JudgedRows(Few(kept, config), time, RowOrder.Once, columns: known.Kept));
    }

    /// <summary>Rows of all that is learned from and all that is measured, once and in order, for what has to be known of each before the first step.</summary>
    public static (Source Train, Source Kept, BatchShape Batch) Compared(RunConfig config, Rankings train, Rankings kept) => TimeOf(config, train.Answers, kept.Answers) is var time
        ? (new PairRows(train, time, RowOrder.Once), new PairRows(Few(kept, config), time, RowOrder.Once), new(config.Stage.Batch, time)) : default;

    /// <summary>As <see cref="Compared"/>, of judged answers.</summary>
    public static (Source Train, Source Kept, BatchShape Batch) Judged(RunConfig config, Judgements train, Judgements kept) => TimeOf(config, train.Answers, kept.Answers) is var time
        ? (new JudgedRows(train, time, RowOrder.Once), new JudgedRows(Few(kept, config), time, RowOrder.Once), new(config.Stage.Batch, time)) : default;

    static int TimeOf(RunConfig config, Examples train, Examples kept) =>
        Math.Max(train.Width(config.Model.Context, whole: true), kept.Width(config.Model.Context, whole: true));

    // Zeros where the objective asks for numbers that are not known: to say what a stage is, nothing has to be computed.
    static Params<float[]> Unknown(RunConfig config, int count) => config.ObjectiveOf(time: 1).Feed.Names
        .Where(static name => name.StartsWith("reference", StringComparison.Ordinal)).Select(name => (name, new float[count])).ToParams();

    // The last parts of a stage are those of every kind.
    internal static Stage Of(RunConfig config, int time, Source source, Source measured, int answers = 2) => new(
        config.ObjectiveOf(time: time, answers: answers), source, measured, config.Transform,
        GradientClip.To(config.Stage.Optimiser.Clip), config.Stage.LearningRates,
        new(config.Stage.Steps, config.Stage.EvalEvery, config.Stage.SaveEvery, config.Stage.Kind == StageKind.Reward ? 0 : config.Stage.SampleEvery), config.Stage.Batch, config.Stage.Accumulate)
        { First = config.FirstValues(), Packing = config.Stage.Adapter.Packing, Update = config.Stage.Kind == StageKind.Trpo ? objective => config.UpdateOf(objective)! : null };

    // Those that an evaluation is made of, spread evenly over all.
    static Examples Few(Examples kept, RunConfig config) => config.MeasuredRows >= kept.Count ? kept : kept.Only(Spread(kept.Count, config));

    static Rankings Few(Rankings kept, RunConfig config) => config.MeasuredRows >= kept.Count ? kept : kept.Only(Spread(kept.Count, config));

    static Judgements Few(Judgements kept, RunConfig config) => config.MeasuredRows >= kept.Count ? kept : kept.Only(Spread(kept.Count, config));

    static Vec<int> Spread(int count, RunConfig config) =>
        [.. Enumerable.Range(0, (int)config.MeasuredRows).Select(i => (int)((long)i * count / config.MeasuredRows))];

    internal static RowOrder OrderOf(RunConfig config) => config.Stage.Rows.Curriculum ? RowOrder.ShortFirst
        : config.Stage.Source.Order == WindowOrder.Ordered ? RowOrder.Ordered : RowOrder.Shuffled;

    static Windows WindowsOf(TokenStream text, RunConfig config) =>
        Windows.Of(text.Length, config.Model.Context).IfFail(static faults => throw new ArgumentException(faults.Lines()));
}
