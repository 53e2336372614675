using Functional.Base;
using Functional.Data;
using Functional.Engines;
using Functional.Execution;
using Functional.Graphs;
using Functional.Runs;
using Functional.Sessions;
using Functional.Settings;
using Functional.Storage;
using LanguageExt;

namespace Functional;

/// <summary>What a run would work on.</summary>
/// <param name="Config">The run, with nothing left open.</param>
/// <param name="TrainTokens">Tokens to learn from.</param>
/// <param name="ValidationTokens">Tokens kept for evaluation.</param>
public sealed record TrainingPlan(RunConfig Config, long TrainTokens, long ValidationTokens);

/// <summary>Trains models.</summary>
/// <example><code>
/// var config = new RunConfig().OnFile("poems.txt").Sized(layers: 6, heads: 6, width: 384, context: 256).For(steps: 5000);
/// await Training.RunAsync(config, "runs/poems", new Progress&lt;TrainingEvent&gt;(Console.WriteLine));
/// </code></example>
public static class Training
{
    /// <summary>Trains from the beginning, in a folder that holds no run yet, or one that ended before its first step.</summary>
    /// <param name="config">The run.</param>
    /// <param name="folder">Where it is kept; it is made. Nothing for <c>runs/</c> and the name of the text, with a number where that is taken.</param>
    /// <param name="progress">
    /// Is told what happens, on the thread that trains. What it throws does not touch the run; <see cref="Progress{T}"/>, which calls its handler
    /// elsewhere and later, keeps no exception from the process.
    /// </param>
    /// <param name="cancellation">
    /// Asks to save and stop: the run then ends as interrupted, without an exception. It is heard before each micro-batch. Cancelled before there is
    /// anything to save, while the text is read, nothing is left and the task is cancelled.
    /// </param>
    /// <exception cref="FunctionalException">
    /// Something is wrong with the configuration, the text or the folder; the engine is not there or its device has no room; a file cannot be
    /// written; or a loss or gradient is not finite. What was saved before is unharmed.
    /// </exception>
    public static Task<RunResult> RunAsync(
        RunConfig config, string? folder = null, IProgress<TrainingEvent>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (folder is "") throw new ArgumentException("the folder has no name", nameof(folder));
        return Start(() => Checked(config).Bind(valid => folder is null ? RunSession.BeginAnew(DefaultFolder(valid), valid, cancellation)
                : RunSession.Begin(folder, valid, cancellation)).MapFail(static f => f.ByMember()).OrThrow(), Engine.Create, progress, cancellation);
    }

    /// <summary>
    /// Goes on with a run from its newest checkpoint, on the same engine and device bit for bit as if it had never stopped. With
    /// <c>auto</c> the engine is chosen anew.
    /// </summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="progress">Is told what happens, on the thread that trains. What it throws does not touch the run.</param>
    /// <param name="cancellation">Asks to save and stop, as for <see cref="RunAsync"/>.</param>
    /// <param name="changes">Settings that are to be different from here on, such as <c>("steps", "10000")</c>.</param>
    /// <exception cref="FunctionalException">
    /// As for <see cref="RunAsync"/>; or the folder holds no run, or a setting that decides its data or the meaning of its weights is to be another, here
    /// or in its <c>config.yaml</c>.
    /// </exception>
    public static Task<RunResult> ResumeAsync(
        string folder, IProgress<TrainingEvent>? progress = null, CancellationToken cancellation = default, params IReadOnlyList<(string Name, string Value)> changes)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Start(() => RunSession.Resume(folder, Configuration.Entries(changes), cancellation).OrThrow(), Engine.Create, progress, cancellation);
    }

    /// <summary>Where a run is kept when nothing is said: <c>runs/</c> and the name of its text.</summary>
    /// <param name="config">The run.</param>
    public static string DefaultFolder(RunConfig config) =>
        Path.Combine("runs", config.DataFile is { } file && Path.GetFileNameWithoutExtension(file) is { Length: > 0 } name ? name : "world");

    /// <summary>Reads the text of a run and says what it would work on, without training.</summary>
    /// <param name="config">The run.</param>
    /// <exception cref="FunctionalException">Something is wrong with the configuration or the text.</exception>
    public static Task<TrainingPlan> PlanAsync(RunConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Task.Run(() =>
        {
            var data = RunData.Load(config).OrThrow();
            if (config.InitialWeights is { } weights) _ = InitialWeights.Open(data.Resolve(config).OrThrow(), weights).MapFail(static f => f.ByMember()).OrThrow();
            return new TrainingPlan(data.Resolve(config).OrThrow(), data.Train.Length, data.Validation.Length);
        });
    }

    /// <summary>As <see cref="PlanAsync"/>, for a run that goes on.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="changes">Settings that are to be different from here on, as for <see cref="ResumeAsync"/>.</param>
    /// <exception cref="FunctionalException">There is no run, a setting cannot be another, or something is wrong with the text.</exception>
    public static Task<TrainingPlan> PlanResumeAsync(string folder, params IReadOnlyList<(string Name, string Value)> changes)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Task.Run(() =>
        {
            var (config, data) = RunSession.Plan(folder, Configuration.Entries(changes)).OrThrow();
            return new TrainingPlan(data.Resolve(config).OrThrow(), data.Train.Length, data.Validation.Length);
        });
    }

    /// <summary>What the simplest models reach on the text of a run, as yardsticks.</summary>
    /// <param name="config">The run.</param>
    /// <exception cref="FunctionalException">Something is wrong with the configuration or the text.</exception>
    public static Task<NGrams> BaselinesAsync(RunConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Task.Run(() =>
        {
            var data = RunData.Load(config with { InitialWeights = null, Model = config.Model with { Vocabulary = 0 } }).OrThrow();
            return NGrams.Measure(data.Train, data.Validation, data.Tokenizer.VocabularySize);
        });
    }

    /// <summary>The losses of a run so far.</summary>
    /// <param name="folder">Its folder.</param>
    /// <exception cref="FunctionalException">There is no run in it.</exception>
    public static Task<IReadOnlyList<MetricsLine>> MetricsAsync(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Task.Run(IReadOnlyList<MetricsLine> () => MetricsFile.Read(RunFolder.Open(folder).OrThrow().Metrics).OrThrow());
    }

    // Everything that is wrong, at once, and in C#'s names; a setting that both find wrong is told once.
    static Validation<Fault, RunConfig> Checked(RunConfig config) => new[]
    {
        config.Validate(static field => field.Member).Map(static _ => Unit.Default),
        Engine.Resolve(config.Execution).Map(static _ => Unit.Default).MapFail(static f => f.ByMember()),
    }.Gather().Match(_ => Prelude.Success<Fault, RunConfig>(config), static faults => Validation<Fault, RunConfig>.Fail(faults.Distinct()));

    // A thread of its own: a run keeps it busy for minutes or days.
    internal static Task<RunResult> Start(
        Func<RunSession> open, Func<EngineOptions, IEngine> make, IProgress<TrainingEvent>? progress, CancellationToken cancellation) => Task.Factory.StartNew(() => Outcomes.OnDevice(() =>
    {
        using var session = open();
        using var engine = make(session.Config.Execution);
        return Loop.Run(engine, session, progress is null ? null : new ProgressObserver(engine, session, progress), stop: cancellation).OrThrow();
    }), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    sealed class ProgressObserver(IEngine engine, RunSession session, IProgress<TrainingEvent> progress) : IRunObserver
    {
        public void Began(RunSession begun, Trainer trainer, RunState state) => progress.Report(new TrainingEvent.Started(
            session.Config, session.Folder.Location, trainer.Stage.Objective.Parameters.Sum(static p => p.Spec.Type.Size), session.Data.Train.Length, session.Data.Validation.Length, state.Step)
        {
            Engine = engine.Name, Memory = engine.Memory, LearningRate = session.Config.LearningRates.At(state.Step),
            LearningRateBefore = state.Step > 0 ? session.Before?.LearningRates.At(state.Step - 1) : null,
        });

        public void Stepped(in StepMetrics metrics) => progress.Report(new TrainingEvent.Stepped(metrics));

        public void Measured(long step, double loss, bool best) => progress.Report(new TrainingEvent.Evaluated(step, loss, best));

        public void Saved(long step, string folder) => progress.Report(new TrainingEvent.Saved(step, folder));

        public void Drawn(long step, string text) => progress.Report(new TrainingEvent.Sampled(step, text));

        public void Failed(Exception error)
        {
            try
            {
                Console.Error.WriteLine($"the run's progress could not be shown ({error.Message.ReplaceLineEndings(" ")}); training goes on");
            }
            catch (IOException)
            {
                // Then there is nobody to tell; the result says it.
            }
        }
    }
}
