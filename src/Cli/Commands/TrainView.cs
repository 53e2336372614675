using System.Diagnostics;
using System.Globalization;
using Functional.Base;
using Functional.Engines;
using Functional.Execution;
using Functional.Runs;
using Functional.Sessions;
using Spectre.Console;

namespace Functional.Cli;

/// <summary>Shows a run while it goes.</summary>
interface ITrainView : IProgress<TrainingEvent>, IProgress<TourNote>;

/// <summary>How far a run has come, for both views.</summary>
sealed class Pace
{
    const int Window = 50;
    readonly Queue<(double Milliseconds, double Tokens)> last = new();
    readonly Dictionary<string, double> shown = new(StringComparer.Ordinal);
    readonly Queue<double> rounds = new();
    double reward = double.NaN, even = double.NaN;
    bool practises;
    long steps, roundSteps;

    public double Loss { get; private set; } = double.NaN;

    public long Step { get; private set; }

    // Each stage at its own pace: its loss may be of another text.
    public void Begin(TrainingEvent.Started e)
    {
        (steps, Step, Loss, reward, even) = (e.Config.Stage.Steps, e.Step, double.NaN, double.NaN, double.NaN);
        (practises, roundSteps) = (e.Config.Stage.IsJudged, e.Config.Stage.RoundSteps);
        last.Clear();
        rounds.Clear();
        shown.Clear();
    }

    /// <summary>The loss as people want to see it: the mean of the last steps, more of the newest.</summary>
    public void Add(StepMetrics step)
    {
        last.Enqueue((step.Milliseconds, step.TokensPerSecond * step.Milliseconds));
        if (last.Count > Window) last.Dequeue();
        Loss = Smoothed(Loss, step.Loss);
        foreach (var (name, value) in step.Shown ?? Params<float>.Empty) shown[name] = Smoothed(shown.GetValueOrDefault(name, double.NaN), value);
        Step = step.Step;
    }

    static double Smoothed(double before, double now) => double.IsNaN(before) ? now : before * 0.9 + now * 0.1;

    /// <summary>What a policy wrote to learn from.</summary>
    public void Wrote(TrainingEvent.RolledOut e)
    {
        double Number(string name) => e.Numbers.Contains(name) ? e.Numbers[name] : double.NaN;
        (reward, even) = (Number("reward"), Number("even"));
        if (double.IsFinite(Number("milliseconds"))) rounds.Enqueue(Number("milliseconds"));
        if (rounds.Count > Window) rounds.Dequeue();
    }

    public double TokensPerSecond => last.Sum(static s => s.Milliseconds) is > 0 and var time ? last.Sum(static s => s.Tokens) / time : 0;

    public double SecondsLeft => last.Count == 0 ? 0 : ((steps - Step) * last.Average(static s => s.Milliseconds) + (rounds.Count == 0 ? 0 : RoundsLeft * rounds.Average())) / 1e3;

    // Those that the steps so far have learned from are written.
    long RoundsLeft => Rounds(steps) - Rounds(Step);

    long Rounds(long step) => (step + roundSteps - 1) / roundSteps;

    public override string ToString() =>
        $"step {Step,5}/{steps}{(practises ? Practice() : $"  loss {Show.Loss(Loss)}{Share("accuracy")}")}  {Show.Short(TokensPerSecond)} tokens/s  {Show.Duration(SecondsLeft)} left";

    // The loss of answers that are compared with each other is near 0, whatever they are worth.
    string Practice() => $"{Text("reward", reward, "0.000")}{Text("even", even, "0 %")}{Text("KL", shown.GetValueOrDefault("kl", double.NaN), "0.0000")}{Share("accuracy")}";

    string Share(string name) => Text(name, shown.GetValueOrDefault(name, double.NaN), "0 %");

    static string Text(string name, double value, string format) => double.IsNaN(value) ? "" : $"  {name} {value.ToString(format, CultureInfo.InvariantCulture)}";
}

/// <summary>Lines, about twenty for a run: for files and pipes.</summary>
sealed class PlainView(Terminal terminal) : ITrainView
{
    const int Lines = 20;
    readonly Pace pace = new();
    long every = 1;

    public void Report(TourNote value)
    {
        if (value.Done < value.Of) return;
        terminal.Line($"{Show.Count(value.Of)} {value.What}");
        terminal.Out.Flush();
    }

    public void Report(TrainingEvent value)
    {
        switch (value)
        {
            case TrainingEvent.Started e:
                pace.Begin(e);
                every = Math.Max(1, e.Config.Stage.Steps / Lines);
                terminal.Line(TrainText.Begin(e));
                break;
            case TrainingEvent.Stepped e:
                pace.Add(e.Metrics);
                if (e.Metrics.Step % every == 0 || e.Metrics.Step == 1) terminal.Line(pace.ToString());
                break;
            case TrainingEvent.RolledOut e:
                pace.Wrote(e);
                break;
            case TrainingEvent.Evaluated or TrainingEvent.EvaluatedTexts or TrainingEvent.Sampled or TrainingEvent.LogFailed:
                terminal.Line(TrainText.Of(value));
                break;
        }
        terminal.Out.Flush();
    }
}

/// <summary>A bar that moves, with evaluations and samples above it: for people.</summary>
sealed class LiveView(IAnsiConsole console, ProgressTask bar) : ITrainView
{
    const int RedrawMilliseconds = 100, LeastRows = 10;
    readonly Pace pace = new();
    readonly Stopwatch sinceDrawn = Stopwatch.StartNew();

    public static async Task Run(Terminal terminal, Interruption interruption, Func<ITrainView, Task> work)
    {
        // It knows a terminal only by the runtime's own stream.
        var console = AnsiConsole.Create(new() { Ansi = AnsiSupport.Yes, Interactive = InteractionSupport.Yes, Out = new AnsiConsoleOutput(terminal.Out) });
        console.Profile.Width = terminal.Width;
        // A terminal that was never told its size has no rows, and a bar that does not fit into none would end the view.
        console.Profile.Height = Math.Max(LeastRows, console.Profile.Height);
        var say = interruption.Say;
        // A line of its own would be drawn over.
        interruption.Say = console.WriteLine;
        try
        {
            await console.Progress().AutoClear(true)
                .Columns(new ProgressBarColumn { Width = 16 }, new TaskDescriptionColumn { Alignment = Justify.Left })
                .StartAsync(context => work(new LiveView(console, context.AddTask("reading")))).ConfigureAwait(false);
        }
        finally
        {
            interruption.Say = say;
        }
    }

    public void Report(TourNote value)
    {
        bar.MaxValue(value.Of);
        bar.Value = value.Done;
        bar.Description = Markup.Escape($"{Show.Count(value.Done)} of {Show.Count(value.Of)} {value.What}");
    }

    public void Report(TrainingEvent value)
    {
        switch (value)
        {
            case TrainingEvent.Started e:
                pace.Begin(e);
                Lines(TrainText.Begin(e));
                bar.MaxValue(e.Config.Stage.Steps);
                bar.Value = e.Step;
                break;
            case TrainingEvent.Stepped e:
                pace.Add(e.Metrics);
                // Steps may take less than a millisecond: drawing each would take longer than computing it.
                if (sinceDrawn.ElapsedMilliseconds < RedrawMilliseconds && e.Metrics.Step < bar.MaxValue) break;
                sinceDrawn.Restart();
                bar.Value = e.Metrics.Step;
                bar.Description = Markup.Escape(pace.ToString());
                break;
            case TrainingEvent.RolledOut e:
                pace.Wrote(e);
                break;
            case TrainingEvent.Evaluated or TrainingEvent.EvaluatedTexts or TrainingEvent.Sampled or TrainingEvent.LogFailed:
                Lines(TrainText.Of(value));
                break;
        }
    }

    // One at a time: of several at once, those after the first would keep what the bar had there.
    void Lines(string text)
    {
        foreach (var line in text.Split('\n')) console.WriteLine(line);
    }
}

/// <summary>Events as lines.</summary>
static class TrainText
{
    public static string Begin(TrainingEvent.Started e) => Show.Harmless(
        (e.Stages.Count > 1 ? $"stage {e.Stage}, {e.Stages.ToList().IndexOf(e.Stage) + 1} of {e.Stages.Count}\n"
            : "") + $"{e.Config.Stage.Source.Name}: {Show.Count(e.TrainTokens)} tokens to learn from, {Show.Count(e.ValidationTokens)} to be tested on\n" + Texts(e.Texts) + Cut(e.Cut, e.Config.Model.Context)
        + $"{e.Config.Model.Layers} layers, {e.Config.Model.Heads} heads, width {e.Config.Model.Width}, context {e.Config.Model.Context}: {Show.Count(e.Parameters)} parameters\n"
        + (e is { Memory: { } memory } && !IsUsual(e) ? Computing(e, memory) : "")
        + (e.Step > 0 ? $"going on after step {e.Step} in {e.Folder}{Rate(e)}{Precision(e)}" : $"saving in {e.Folder}"));

    /// <summary>A line for each of several texts: how much of it there is, and how much of it is seen; nothing for one.</summary>
    public static string Texts(IReadOnlyList<TextShare> texts) => string.Concat(texts.Select(static t => string.Create(CultureInfo.InvariantCulture,
        $"  {Show.Harmless(t.Name)}: {Show.Count(t.TrainTokens)} tokens to learn from, {Show.Count(t.ValidationTokens)} to be tested on, {100 * t.Share:0.##} % of the rows, {t.Epochs:0.00} epochs\n")));

    /// <summary>A line that says what did not fit; nothing where all did.</summary>
    public static string Cut((long Prompts, long Answers) cut, int context) => cut == default ? ""
        : $"cut to a context of {context}: {string.Join(", and ", new[] { cut.Prompts > 0 ? $"{Show.Count(cut.Prompts)} rows at the beginning of what is asked" : "", cut.Answers > 0 ? $"{Show.Count(cut.Answers)} at the end of an answer" : "" }.Where(static t => t.Length > 0))}; functional data inspect shows how\n";

    // A run that is made longer takes up its schedule elsewhere, which people want to know before it is too late.
    static string Rate(TrainingEvent.Started e) => e.LearningRateBefore is not { } before ? ""
        : $", at learning rate {Show.Number(e.LearningRate)}{(Math.Abs(e.LearningRate - before) > 0.05 * Math.Max(e.LearningRate, before) ? $" (it was {Show.Number(before)})" : "")}";

    static string Precision(TrainingEvent.Started e) => e.PrecisionBefore is { } before && before != e.Config.Execution.Precision
        ? $", in {EngineChoice.Text(e.Config.Execution.Precision)} (it was {EngineChoice.Text(before)})" : "";

    static bool IsUsual(TrainingEvent.Started e) => e is { Engine: "managed", Memory.Device: "cpu" };

    static string Computing(TrainingEvent.Started e, DeviceMemory memory) =>
        $"{e.Engine} engine on {memory.Device}, products in {EngineChoice.Text(e.Config.Execution.Precision)}: {Show.Bytes(memory.Buffers)} in buffers, "
        + $"{Show.Bytes(memory.Workspace)} of work memory, {Show.Bytes(memory.Free)} of {Show.Bytes(memory.Total)} free\n";

    public static string Of(TrainingEvent e) => e switch
    {
        TrainingEvent.Evaluated { IsReward: true } v => string.Create(CultureInfo.InvariantCulture, $"step {v.Step,5}: reward {-v.Loss:0.0000} for prompts that are kept"),
        TrainingEvent.Evaluated v => $"step {v.Step,5}: validation loss {Show.Loss(v.Loss)}{(v.Average is { } mean ? $", of the mean of the weights {Show.Loss(mean)}" : "")}",
        TrainingEvent.EvaluatedTexts v => $"  {string.Join(", ", v.Losses.Select(static l => $"{Show.Harmless(l.Name)} {Show.Loss(l.Value)}"))}",
        TrainingEvent.LogFailed l => Show.Harmless($"warning: {l.Fault}"),
        TrainingEvent.Sampled s => $"step {s.Step,5} writes:\n{Indented(s.Text)}",
        _ => "",
    };

    /// <summary>Text of the model, set off from the program's own.</summary>
    public static string Indented(string text) => "  │ " + Show.Harmless(text).TrimEnd('\n').Replace("\n", "\n  │ ", StringComparison.Ordinal);
}
