using System.Globalization;
using Functional.Base;
using Functional.Settings;

namespace Functional.Runs;

/// <summary>
/// What is told of a run, as values: each log is an interpreter of the same records, so that all say the same numbers under the same names.
/// </summary>
/// <param name="Step">The step that it belongs to: the last that is done, or, of a rollout, the first that learns from it.</param>
public abstract record LogRecord(long Step)
{
    /// <summary>The run begins, or goes on after a step.</summary>
    /// <param name="Step">Steps done.</param>
    /// <param name="Run">The run's name, its folder's last.</param>
    /// <param name="Stage">The stage's name.</param>
    /// <param name="Settings">All its settings, by their names in files.</param>
    /// <param name="Facts">What else is known: the model's parameters, its data, its machine.</param>
    public sealed record Began(long Step, string Run, string Stage, Params<string> Settings, Params<string> Facts) : LogRecord(Step);

    /// <summary>A step is done.</summary>
    public sealed record Stepped(StepMetrics Metrics) : LogRecord(Metrics.Step);

    /// <summary>The loss on what is not learned was measured.</summary>
    /// <param name="Step">The step.</param>
    /// <param name="Loss">What was measured.</param>
    /// <param name="Average">The same of the mean of the weights; nothing where none is kept.</param>
    public sealed record Measured(long Step, double Loss, double? Average = null) : LogRecord(Step)
    {
        /// <summary>The loss of each of several texts, by name; none where there is one.</summary>
        public Params<float> Parts { get; init; } = Params<float>.Empty;
    }

    /// <summary>The policy wrote what the next steps learn from.</summary>
    public sealed record RolledOut(long Step, Params<float> Of) : LogRecord(Step);

    /// <summary>Norms by layer, by the names that <see cref="LayerNorms"/> has for them.</summary>
    public sealed record Normed(long Step, Params<float> Of) : LogRecord(Step);

    /// <summary>How some numbers of a layer are spread.</summary>
    /// <param name="Step">The step.</param>
    /// <param name="Of">What they are, such as <c>gradient/blocks.0</c>.</param>
    /// <param name="Counts">How they are spread.</param>
    public sealed record Spread(long Step, string Of, Histogram Counts) : LogRecord(Step);

    /// <summary>The model wrote something.</summary>
    public sealed record Written(long Step, string What) : LogRecord(Step);

    /// <summary>A checkpoint is safe.</summary>
    public sealed record Saved(long Step) : LogRecord(Step);

    /// <summary>The run ends.</summary>
    /// <param name="Step">Steps done.</param>
    /// <param name="Reason">Why; <see cref="StopReason.Failed"/> also where something threw.</param>
    public sealed record Ended(long Step, StopReason Reason) : LogRecord(Step);

    /// <summary>The names of a step's numbers that every step has, and of a measurement's.</summary>
    public static Vec<string> Usual { get; } = ["loss", "lr", "grad_norm", "step_ms", "tokens_per_second", "val_loss"];

    /// <summary>
    /// Its numbers by name, the same in every log as in <c>metrics.jsonl</c>, to the last digit; those that are not finite are left out, and of records that are
    /// texts or histograms there are none.
    /// </summary>
    public IEnumerable<(string Name, double Value)> Numbers => All.Where(static n => double.IsFinite(n.Value));

    IEnumerable<(string Name, double Value)> All => this switch
    {
        Stepped { Metrics: var m } =>
        [
            ("loss", Wide(m.Loss)), ("lr", m.LearningRate), ("grad_norm", Wide(m.GradientNorm)), ("step_ms", Math.Round(m.Milliseconds, 3)), ("tokens_per_second", Math.Round(m.TokensPerSecond, 1)),
            .. m.PeakShare is { } share ? [("peak_share", Math.Round(share, 6))] : Array.Empty<(string, double)>(),
            .. (m.Shown ?? Params<float>.Empty).Select(static s => ($"shown/{s.Name}", Wide(s.Value))),
        ],
        Measured { Loss: var loss, Average: var average, Parts: var parts } =>
        [
            ("val_loss", loss), .. average is { } mean ? [("val_loss_average", mean)] : Array.Empty<(string, double)>(),
            .. parts.Select(static p => ($"val_losses/{p.Name}", Wide(p.Value))),
        ],
        RolledOut { Of: var of } => of.Select(static n => ($"rollout/{n.Name}", Wide(n.Value))),
        Normed { Of: var of } => of.Select(static n => ($"norm/{n.Name}", Wide(n.Value))),
        _ => [],
    };

    // The number that its text says, so that 0.1 is 0.1 wherever it is written.
    static double Wide(float value) => double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>The settings of a configuration by name: those that its file has, which leaves out details that are as usual, and none that is not given.</summary>
    public static Params<string> SettingsOf(RunConfig config)
    {
        var usual = new RunConfig();
        return RunConfig.Fields.Where(f => !f.IsDetail || f.Get(config) != f.Get(usual)).Select(f => (f.Name, Text: f.Get(config)))
            .Where(static f => f.Text is not null).Select(static f => (f.Name, f.Text!)).ToParams();
    }
}
