using System.Diagnostics;
using System.Globalization;
using Functional.Engines;
using Functional.Execution;
using Functional.Runs;
using Spectre.Console;

namespace Functional.Cli;

/// <summary>Shows a run while it goes.</summary>
interface ITrainView : IProgress<TrainingEvent>, IProgress<TourNote>;

/// <summary>How far a run has come, for both views.</summary>
sealed class Pace
{
    const int Window = 50;
    readonly Queue<(double Milliseconds, double Tokens)> last = new();
    double reward = double.NaN;
    long steps;

    public double Loss { get; private set; } = double.NaN;

    public long Step { get; private set; }

    // Each stage at its own pace: its loss may be of another text.
    public void Begin(TrainingEvent.Started e)
    {
        (steps, Step, Loss, reward) = (e.Config.Stage.Steps, e.Step, double.NaN, double.NaN);
        last.Clear();
    }

    /// <summary>The loss as people want to see it: the mean of the last steps, more of the newest.</summary>
    public void Add(StepMetrics step)
    {
        last.Enqueue((step.Milliseconds, step.TokensPerSecond * step.Milliseconds));
        if (last.Count > Window) last.Dequeue();
        Loss = double.IsNaN(Loss) ? step.Loss : Loss * 0.9 + step.Loss * 0.1;
        Step = step.Step;
    }

    /// <summary>What a policy wrote: the mean reward, shown beside the loss.</summary>
    public void Wrote(TrainingEvent.RolledOut e) => reward = e.Numbers.Contains("reward") ? e.Numbers["reward"] : double.NaN;

    public double TokensPerSecond => last.Sum(static s => s.Milliseconds) is > 0 and var time ? last.Sum(static s => s.Tokens) / time : 0;

    public double SecondsLeft => last.Count == 0 ? 0 : (steps - Step) * last.Average(static s => s.Milliseconds) / 1e3;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"step {Step,5}/{steps}  loss {Show.Loss(Loss)}{(double.IsNaN(reward) ? "" : string.Create(CultureInfo.InvariantCulture, $"  reward {reward:0.000}"))}  {Show.Short(TokensPerSecond)} tokens/s  {Show.Duration(SecondsLeft)} left");
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
            case TrainingEvent.Evaluated or TrainingEvent.Sampled:
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
            case TrainingEvent.Evaluated or TrainingEvent.Sampled:
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
            : "") + $"{e.Config.Stage.Source.Name}: {Show.Count(e.TrainTokens)} tokens to learn from, {Show.Count(e.ValidationTokens)} to be tested on\n"
        + $"{e.Config.Model.Layers} layers, {e.Config.Model.Heads} heads, width {e.Config.Model.Width}, context {e.Config.Model.Context}: {Show.Count(e.Parameters)} parameters\n"
        + (e is { Memory: { } memory } && !IsUsual(e) ? Computing(e, memory) : "")
        + (e.Step > 0 ? $"going on after step {e.Step} in {e.Folder}{Rate(e)}" : $"saving in {e.Folder}"));

    // A run that is made longer takes up its schedule elsewhere, which people want to know before it is too late.
    static string Rate(TrainingEvent.Started e) => e.LearningRateBefore is not { } before ? ""
        : $", at learning rate {Show.Number(e.LearningRate)}{(Math.Abs(e.LearningRate - before) > 0.05 * Math.Max(e.LearningRate, before) ? $" (it was {Show.Number(before)})" : "")}";

    static bool IsUsual(TrainingEvent.Started e) => e is { Engine: "managed", Memory.Device: "cpu" };

    static string Computing(TrainingEvent.Started e, DeviceMemory memory) =>
        $"{e.Engine} engine on {memory.Device}, products in {EngineChoice.Text(e.Config.Execution.Precision)}: {Show.Bytes(memory.Buffers)} in buffers, "
        + $"{Show.Bytes(memory.Workspace)} of work memory, {Show.Bytes(memory.Free)} of {Show.Bytes(memory.Total)} free\n";

    public static string Of(TrainingEvent e) => e switch
    {
        TrainingEvent.Evaluated { IsReward: true } v => string.Create(CultureInfo.InvariantCulture, $"step {v.Step,5}: reward {-v.Loss:0.0000} for prompts that are kept"),
        TrainingEvent.Evaluated v => $"step {v.Step,5}: validation loss {Show.Loss(v.Loss)}",
        TrainingEvent.Sampled s => $"step {s.Step,5} writes:\n{Indented(s.Text)}",
        _ => "",
    };

    /// <summary>Text of the model, set off from the program's own.</summary>
    public static string Indented(string text) => "  │ " + Show.Harmless(text).TrimEnd('\n').Replace("\n", "\n  │ ", StringComparison.Ordinal);
}
