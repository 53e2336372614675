using Functional.Base;
using Functional.Engines;
using Functional.Execution;
using Functional.Graphs;
using Functional.Measuring;
using Functional.Runs;
using Functional.Sessions;
using Functional.Settings;
using Functional.Storage;
using LanguageExt;

namespace Functional;

/// <summary>What a run would work on.</summary>
/// <param name="Config">The run, or its next stage, with nothing left open.</param>
/// <param name="TrainTokens">Tokens to learn from.</param>
/// <param name="ValidationTokens">Tokens kept for evaluation.</param>
public sealed record RunOutlook(RunConfig Config, long TrainTokens, long ValidationTokens)
{
    /// <summary>Tokens of a prompt in the mean, of a stage that learns from its own answers; 0 for others.</summary>
    public double PromptTokens { get; init; }

    /// <summary>Rows that do not fit the context: how many lose the beginning of what stands before the answer, and how many the end of an answer.</summary>
    public (long Prompts, long Answers) Cut { get; init; }

    /// <summary>How the run would see each of several texts; none where it learns from one, or from rows.</summary>
    public IReadOnlyList<TextShare> Texts { get; init; } = [];

    internal static RunOutlook Of(RunConfig config, RunData data) =>
        new(config, data.TrainTokens, data.ValidationTokens) { PromptTokens = data.PromptTokens, Cut = data.Cut, Texts = data.Shares(config) };
}

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
        return Start(() => Checked(config).Bind(valid => folder is null ? RunSession.BeginAnew(DefaultFolder(valid), Recipe.Of(valid), cancellation)
                : RunSession.Begin(folder, Recipe.Of(valid), cancellation)).MapFail(static f => f.ByMember()).OrThrow(), Engine.Create, progress, cancellation);
    }

    /// <summary>
    /// Trains a policy on answers that it writes itself and that a function judges; as <see cref="RunAsync(RunConfig, string?, IProgress{TrainingEvent}?, CancellationToken)"/>
    /// otherwise.
    /// </summary>
    /// <param name="config">A stage that practises (<see cref="StageKind.Grpo"/>, <see cref="StageKind.Ppo"/> or <see cref="StageKind.Dpo"/>); its judge becomes <c>function</c>, unless it names that among others.</param>
    /// <param name="reward">What an answer is worth. It is called on the thread that trains; what it throws, or a number that is not finite, drops the answer.</param>
    /// <param name="folder">Where it is kept; nothing for one of its own under <c>runs/</c>.</param>
    /// <param name="progress">Is told what happens.</param>
    /// <param name="cancellation">Asks to save and stop.</param>
    /// <exception cref="FunctionalException">As without a function.</exception>
    /// <example><code>
    /// var config = Configuration.From(RunConfig.For(StageKind.Grpo), ("from", "runs/answers"), ("data", "questions.jsonl"));
    /// await Training.RunAsync(config, (asked, answer) => -answer.Length, "runs/brief");
    /// </code></example>
    public static Task<RunResult> RunAsync(RunConfig config, Reward reward, string? folder = null, IProgress<TrainingEvent>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(reward);
        return RunAsync(config, Alone(reward), folder, progress, cancellation);
    }

    /// <summary>
    /// As <see cref="RunAsync(RunConfig, Reward, string?, IProgress{TrainingEvent}?, CancellationToken)"/>, with several functions, each by its name: the judges
    /// <c>function:NAME</c> of the configuration, such as <c>function:brief=1+function:polite=0.5+exact=1</c>; where it has none of a program's, these alone, alike.
    /// </summary>
    /// <param name="config">A stage that practises.</param>
    /// <param name="rewards">What answers are worth, by name.</param>
    /// <param name="folder">Where it is kept; nothing for one of its own under <c>runs/</c>.</param>
    /// <param name="progress">Is told what happens.</param>
    /// <param name="cancellation">Asks to save and stop.</param>
    /// <exception cref="FunctionalException">As with one function; or the configuration names another judge of a program's.</exception>
    public static Task<RunResult> RunAsync(RunConfig config, IReadOnlyDictionary<string, Reward> rewards, string? folder = null, IProgress<TrainingEvent>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        var named = Named(rewards);
        var judges = config.Stage.Practice.Judges;
        var judged = judges.Any(static j => j.IsFunction) ? config : config with
        {
            Stage = config.Stage with { Practice = config.Stage.Practice with { Judge = JudgeChoice.Text(named.Names.Map(static n => new JudgeChoice(n, 1))) } },
        };
        return Start(() => Judged(Checked(judged).Bind(valid => folder is null ? RunSession.BeginAnew(DefaultFolder(valid), Recipe.Of(valid), cancellation)
                : RunSession.Begin(folder, Recipe.Of(valid), cancellation)).MapFail(static f => f.ByMember()).OrThrow(), named), Engine.Create, progress, cancellation);
    }

    /// <summary>Goes on with a run whose answers a function judges, as another otherwise.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="reward">What an answer is worth: the same function as before, or the run is another from here on.</param>
    /// <param name="progress">Is told what happens.</param>
    /// <param name="cancellation">Asks to save and stop.</param>
    /// <exception cref="FunctionalException">As without a function.</exception>
    public static Task<RunResult> ResumeAsync(string folder, Reward reward, IProgress<TrainingEvent>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(reward);
        return ResumeAsync(folder, Alone(reward), progress, cancellation);
    }

    /// <summary>Goes on with a run whose answers several functions judge.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="rewards">The functions by their names: the same as before, or the run is another from here on.</param>
    /// <param name="progress">Is told what happens.</param>
    /// <param name="cancellation">Asks to save and stop.</param>
    /// <exception cref="FunctionalException">As with one function.</exception>
    public static Task<RunResult> ResumeAsync(string folder, IReadOnlyDictionary<string, Reward> rewards, IProgress<TrainingEvent>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        var named = Named(rewards);
        return Start(() => Judged(RunSession.Resume(folder, stop: cancellation).OrThrow(), named), Engine.Create, progress, cancellation);
    }

    static Dictionary<string, Reward> Alone(Reward reward) => new(StringComparer.Ordinal) { [""] = reward };

    static Params<Reward> Named(IReadOnlyDictionary<string, Reward> rewards)
    {
        ArgumentNullException.ThrowIfNull(rewards);
        if (rewards.Count == 0 || rewards.Any(static r => r.Value is null)) throw new ArgumentException("at least one function is needed, and each must be one", nameof(rewards));
        return rewards.Select(static r => (r.Key.Length == 0 ? PracticeConfig.Function : $"{PracticeConfig.Function}:{r.Key}", r.Value)).ToParams();
    }

    static RunSession Judged(RunSession session, Params<Reward> rewards)
    {
        session.Rewards = rewards;
        return session;
    }

    /// <summary>
    /// Carries out a recipe, stage by stage; in a folder that holds the run already, from where it stands. What is not yet begun may be another than it was
    /// then, and so may settings that do not decide data or the meaning of weights.
    /// </summary>
    /// <param name="recipe">The stages, as <see cref="Configuration.RecipeFromYaml"/> reads them.</param>
    /// <param name="folder">Where it is kept; it is made where it is not there.</param>
    /// <param name="progress">Is told what happens, as for <see cref="RunAsync(RunConfig, string?, IProgress{TrainingEvent}?, CancellationToken)"/>.</param>
    /// <param name="cancellation">Asks to save and stop.</param>
    /// <exception cref="FunctionalException">As for a run of one stage; or a stage that was begun is another now.</exception>
    public static Task<RunResult> RunAsync(Recipe recipe, string folder, IProgress<TrainingEvent>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Start(() =>
            (RunFolder.IsBegun(folder) ? RunSession.Resume(folder, RunSession.ChangeTo(recipe), cancellation)
                : RunSession.Begin(folder, recipe, cancellation)).OrThrow(),
            Engine.Create, progress, cancellation);
    }

    /// <summary>How far each stage of a run has come.</summary>
    /// <param name="folder">Its folder.</param>
    /// <exception cref="FunctionalException">There is no run in it.</exception>
    public static Task<IReadOnlyList<StageProgress>> StagesAsync(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Task.Run(IReadOnlyList<StageProgress> () => RunFolder.Open(folder).OrThrow().Progress);
    }

    /// <summary>
    /// Goes on with a run from its newest checkpoint, on the same engine and device bit for bit as if it had never stopped. With
    /// <c>auto</c> the engine is chosen anew.
    /// </summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="progress">Is told what happens, on the thread that trains. What it throws does not touch the run.</param>
    /// <param name="cancellation">
    /// Asks to save and stop, as for <see cref="RunAsync(RunConfig, string?, IProgress{TrainingEvent}?, CancellationToken)"/>.
    /// </param>
    /// <param name="changes">Settings that are to be different from here on, such as <c>("steps", "10000")</c>.</param>
    /// <exception cref="FunctionalException">
    /// As for <see cref="RunAsync(RunConfig, string?, IProgress{TrainingEvent}?, CancellationToken)"/>; or the folder holds no run, or a setting that
    /// decides its data or the meaning of its weights is to be another, here
    /// or in its <c>config.yaml</c>.
    /// </exception>
    public static Task<RunResult> ResumeAsync(
        string folder, IProgress<TrainingEvent>? progress = null, CancellationToken cancellation = default,
            params IReadOnlyList<(string Name, string Value)> changes)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Start(() => RunSession.Resume(folder, RunSession.ChangeOf(Configuration.Entries(changes)), cancellation).OrThrow(), Engine.Create, progress,
            cancellation);
    }

    /// <summary>Where a run is kept when nothing is said: <c>runs/</c> and the name of its text, and what it learns where that is not to go on with it.</summary>
    /// <param name="config">The run.</param>
    public static string DefaultFolder(RunConfig config) => Path.Combine("runs",
        (config.Stage.Source.Texts is { Count: > 1 } ? "mixture"
            : config.Stage.Source.Texts is [var text] && Path.GetFileNameWithoutExtension(text.Name) is { Length: > 0 } name ? name : "world")
        + (config.Stage.Kind == StageKind.Pretrain ? "" : $"-{Recipe.Of(config).Stages.Names[0]}"));

    /// <summary>Reads the text of a run and says what it would work on, without training.</summary>
    /// <param name="config">The run.</param>
    /// <exception cref="FunctionalException">Something is wrong with the configuration or the text.</exception>
    public static Task<RunOutlook> OutlookAsync(RunConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Task.Run(() =>
        {
            var data = RunData.Load(Recipe.Of(config)).OrThrow();
            if (config.Stage.From is { } weights) _ = InitialWeights.Open(data.Resolve(config).OrThrow(), weights).MapFail(static f => f.ByMember()).OrThrow();
            return RunOutlook.Of(data.Resolve(config).OrThrow(), data);
        });
    }

    /// <summary>As <see cref="OutlookAsync"/>, for a run that goes on.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="changes">Settings that are to be different from here on, as for <c>ResumeAsync</c>.</param>
    /// <exception cref="FunctionalException">There is no run, a setting cannot be another, or something is wrong with the text.</exception>
    public static Task<RunOutlook> OutlookOfResumeAsync(string folder, params IReadOnlyList<(string Name, string Value)> changes)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Task.Run(() =>
        {
            var (planned, data) = RunSession.Plan(folder, RunSession.ChangeOf(Configuration.Entries(changes))).OrThrow();
            return RunOutlook.Of(data.Resolve(planned.Config).OrThrow(), data);
        });
    }

    /// <summary>The losses of a run so far.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="stage">Of which stage; nothing for the last that has a checkpoint.</param>
    /// <exception cref="FunctionalException">There is no run in it.</exception>
    public static Task<IReadOnlyList<MetricsLine>> MetricsAsync(string folder, string? stage = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Task.Run(IReadOnlyList<MetricsLine> () => MetricsFile.Read(RunFolder.Open(folder, stage).OrThrow().Metrics).OrThrow());
    }

    // Everything that is wrong, at once, and in C#'s names; a setting that both find wrong is told once.
    static Validation<Fault, RunConfig> Checked(RunConfig config) => new[]
    {
        config.Validate(static field => field.Member).Map(static _ => Unit.Default),
        Engine.Resolve(config.Execution).Map(static _ => Unit.Default).MapFail(static f => f.ByMember()),
    }.Gather().Match(_ => Prelude.Success<Fault, RunConfig>(config), static faults => Validation<Fault, RunConfig>.Fail(faults.Distinct()));

    // A thread of its own: a run keeps it busy for minutes or days.
    internal static Task<RunResult> Start(
        Func<RunSession> open, Func<EngineOptions, IEngine> make, IProgress<TrainingEvent>? progress, CancellationToken cancellation) =>
            Task.Factory.StartNew(() => Outcomes.OnDevice(() =>
    {
        var session = open();
        try
        {
            using var engine = make(session.Config.Execution);
            double? peak = null;
            while (true)
            {
                if (session.Config.Logs.PeakShare) session.Peak = peak ??= GemmMeasure.PeakOf(engine, cancellation);
                var result = Loop.Run(engine, session, progress is null ? null : new ProgressObserver(engine, session, progress), stop: cancellation).OrThrow();
                if (result.Reason != StopReason.Completed || session.Folder.IsLast) return result;
                var rewards = session.Rewards;
                session.Dispose();
                session = RunSession.Resume(result.Folder, stop: cancellation).OrThrow();
                session.Rewards = rewards;
            }
        }
        finally
        {
            session.Dispose();
        }
    }), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    sealed class ProgressObserver(IEngine engine, RunSession session, IProgress<TrainingEvent> progress) : IRunObserver
    {
        bool practises;

        public void Began(RunSession begun, Trainer trainer, RunState state)
        {
            practises = trainer.Stage.Practice is { IsJudged: true };
            progress.Report(Started(trainer, state));
        }

        TrainingEvent.Started Started(Trainer trainer, RunState state) => new(session.Config, session.Folder.Location, (long)RunMemory.Of(session.Config).Parameters, session.Data.TrainTokens,
                session.Data.ValidationTokens, state.Step)
        {
            Cut = session.Data.Cut, Texts = session.Data.Shares(session.Config), Stage = session.Folder.Stage, Stages = session.Folder.Recipe.Stages.Names,
            Engine = engine.Name, Memory = engine.Memory, LearningRate = session.Config.Stage.LearningRates.At(state.Step),
            LearningRateBefore = state.Step > 0 ? session.Before?.Stage.LearningRates.At(state.Step - 1) : null,
            PrecisionBefore = state.Step > 0 ? session.Before?.Execution.Precision : null,
        };

        public void Stepped(in StepMetrics metrics) => progress.Report(new TrainingEvent.Stepped(metrics) { Practises = practises });

        public void Measured(long step, double loss, bool best, double? average = null) =>
            progress.Report(new TrainingEvent.Evaluated(step, loss, best) { IsReward = practises, Average = average });

        public void MeasuredParts(long step, Params<double> losses) => progress.Report(new TrainingEvent.EvaluatedTexts(step, losses));

        public void RolledOut(long step, Params<float> numbers) => progress.Report(new TrainingEvent.RolledOut(step, numbers));

        public void Saved(long step, string folder) => progress.Report(new TrainingEvent.Saved(step, folder));

        public void LogFailed(Fault fault) => progress.Report(new TrainingEvent.LogFailed(fault));

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
