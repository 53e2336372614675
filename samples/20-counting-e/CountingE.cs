using System.Text.Json;
using Functional.Base;
using Functional.Sessions;
using Functional.Settings;
using Functional.Stories;
using static System.FormattableString;

namespace Functional.Samples;

/// <summary>
/// Lesson 20: the whole of it on a reward that everybody can count. A model learns a text letter by letter; then a policy that begins as that model is rewarded for every e
/// among 24 characters that it writes, and learns by GRPO to write hardly anything else, unless it pays for leaving the text.
/// </summary>
public static class CountingE
{
    /// <summary>How many characters a policy writes.</summary>
    public const int Characters = 24;

    /// <summary>What it goes on with: two that the text knows, one that begins a word, and two of e's own.</summary>
    public static Vec<string> Prompts { get; } = ["ROMEO:", "MERCUTIO:", "sup", "heheh", "eee:"];

    /// <summary>The reward: how often the small letter e stands in an answer.</summary>
    public static double Es(string answer) => answer.AsSpan().Count('e');

    /// <summary>The lesson, from the text to the picture.</summary>
    /// <param name="options">What is learned, and where it is kept.</param>
    /// <param name="told">Where it is told.</param>
    /// <param name="cancellation">Asks to save and stop; the same call goes on.</param>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    /// <exception cref="FunctionalException">As for training.</exception>
    public static async Task<Vec<Outcome>> RunAsync(CountingOptions options, TextWriter told, CancellationToken cancellation = default)
    {
        Directory.CreateDirectory(options.Folder);
        // Each prompt twice: what is learned from and what is kept for evaluation are parts of a file, and here they are to be the same.
        await File.WriteAllLinesAsync(options.Prompts, Prompts.Concat(Prompts).Select(static p => JsonSerializer.Serialize(new { prompt = p })), cancellation).ConfigureAwait(false);
        await told.WriteLineAsync($"Counting e\n==========\n1. A model learns {options.Text ?? "the embedded corpus"}.\n").ConfigureAwait(false);
        await Pretrain(options, told, cancellation).ConfigureAwait(false);
        var before = await Measure(options, 0, options.Base, cancellation).ConfigureAwait(false);
        await told.WriteLineAsync(Invariant($"\n   Of {Characters} characters {before.Es:0.00} are e. It goes on so:\n\n{before.Texts}")).ConfigureAwait(false);
        var outcomes = new List<Outcome>();
        foreach (var weight in options.KlWeights)
        {
            await told.WriteLineAsync(Invariant($"{outcomes.Count + 2}. A policy is rewarded for each e, and pays {weight} for a nat of distance from that model.\n"))
                .ConfigureAwait(false);
            await Practise(options, weight, told, cancellation).ConfigureAwait(false);
            var after = await Measure(options, weight, options.Policy(weight), cancellation).ConfigureAwait(false);
            await told.WriteLineAsync(Invariant($"\n   From {before.Es:0.00} to {after.Es:0.00} e in {after.Updates} updates and {after.Seconds:0} seconds, ")
                + Invariant($"{after.Kl:0.0} nats an answer away. It goes on so:\n\n{after.Texts}")).ConfigureAwait(false);
            outcomes.Add(after);
        }
        await File.WriteAllTextAsync(options.Picture, TradeOff.Picture(before, [.. outcomes]).Svg(), cancellation).ConfigureAwait(false);
        await told.WriteLineAsync(Invariant($"{outcomes.Count + 2}. What distance buys ({options.Picture}):\n\n{TradeOff.Table(before, [.. outcomes])}")
            + Invariant($"\nExercise: if letters fell independently, one in twelve of them an e, and rewards counted as they are (lesson 13): how many of {Characters} would be\n")
            + "e where a nat costs 0.5?").ConfigureAwait(false);
        return [before, .. outcomes];
    }

    /// <summary>Learns the text until the validation loss is low enough, or goes on with what is there of it.</summary>
    public static async Task Pretrain(CountingOptions options, TextWriter told, CancellationToken cancellation = default)
    {
        for (var steps = options.PretrainSteps; ; steps += options.PretrainSteps)
        {
            // What is there stays.
            var asked = Math.Max(steps, (await Done(options.Base).ConfigureAwait(false)).Steps);
            var config = Configuration.From(options.Text is { } text ? new RunConfig().OnFile(Path.GetFullPath(text)) : new(), Set(options.Pretraining,
                ("layers", "4"), ("heads", "4"), ("width", "128"), ("context", "64"), ("positions", "rotary"), ("norm-kind", "rms"), ("activation", "swiglu"),
                ("query-key-norm", "head"), ("bias", "false"), ("tokenizer", Tokenizer(options.Text)), ("batch", "12"), ("lr", "0.003"), ("min-lr", "0.0003"),
                ("eval-every", "250"), ("save-every", "250"), ("steps", Invariant($"{asked}"))));
            if (RunFolder.IsBegun(options.Base) && RunFolder.Open(options.Base).OrThrow().Config.Stage.Source is var learned && learned.File != config.Stage.Source.File)
                throw new FunctionalException(new Fault(options.Base, $"has learned {learned.Name}", $"allowed: another folder for {config.Stage.Source.Name}"));
            Completed(await Training.RunAsync(Recipe.Of(config), options.Base, new Teller(told, 250), cancellation).ConfigureAwait(false));
            using var model = await LanguageModel.LoadAsync(options.Base, cancellation: cancellation).ConfigureAwait(false);
            var loss = (await model.EvaluateAsync(cancellation: cancellation).ConfigureAwait(false)).Loss;
            var seconds = await Seconds(options.Base).ConfigureAwait(false);
            await told.WriteLineAsync(Invariant($"   {model.ParameterCount} parameters, {model.Step} steps in {seconds:0} seconds; validation loss {loss:0.000} nats a token"))
                .ConfigureAwait(false);
            if (loss < options.Enough || model.Step >= options.MostPretrainSteps) return;
        }
    }

    /// <summary>Lets a policy learn from its reward by GRPO, or goes on with what is there of it.</summary>
    public static async Task Practise(CountingOptions options, double weight, TextWriter told, CancellationToken cancellation = default)
    {
        var folder = options.Policy(weight);
        if ((await Done(folder).ConfigureAwait(false)).All)
        {
            await told.WriteLineAsync($"   That is done, in {folder}.").ConfigureAwait(false);
            return;
        }
        // A round of all prompts is an update: as many rows as a batch has. Plain text ends nowhere before it has all its characters, and its rows need no marks.
        var config = Configuration.From(RunConfig.For(StageKind.Grpo), Set(options.Practice,
            ("from", options.Base), ("data", options.Prompts), ("validation-part", "0.5"), ("template", "plain"), ("answer-tokens", Invariant($"{Characters}")),
            ("round-prompts", Invariant($"{Prompts.Count}")), ("round-answers", "16"), ("batch", "80"), ("accumulate", "1"), ("steps", Invariant($"{options.Updates}")), ("warmup", "5"),
            ("lr", "0.001"), ("min-lr", "0.001"), ("kl-weight", Invariant($"{weight}")), ("eval-every", "0"), ("save-every", "25")));
        Reward reward = static (_, answer) => Es(answer);
        Completed(RunFolder.IsBegun(folder) ? await Training.ResumeAsync(folder, reward, new Teller(told, 10), cancellation).ConfigureAwait(false)
            : await Training.RunAsync(config, reward, folder, new Teller(told, 10), cancellation).ConfigureAwait(false));
    }

    /// <summary>Lets a model go on with the prompts, at temperature 1, and says how many e's that gives and how far it is from the base.</summary>
    public static async Task<Outcome> Measure(CountingOptions options, double weight, string folder, CancellationToken cancellation = default)
    {
        using var model = await LanguageModel.LoadAsync(folder, cancellation: cancellation).ConfigureAwait(false);
        using var origin = await LanguageModel.LoadAsync(options.Base, cancellation: cancellation).ConfigureAwait(false);
        // Each prompt stands twice in the file.
        var asked = new AnswerOptions { File = options.Prompts, Template = "plain", Tokens = Characters, Temperature = 1 };
        var tried = await model.TryAsync(asked, PracticeConfig.Function, static (_, answer) => Es(answer), (options.Measured + 1) / 2, cancellation: cancellation)
            .ConfigureAwait(false);
        var likely = await origin.LogProbsAsync(tried, cancellation).ConfigureAwait(false);
        var drawn = tried.SelectMany(static t => t.Answers.Select(static a => a.LogProbs.Sum(static p => (double)p)));
        return new(weight, tried.SelectMany(static t => t.Rewards).Average(), drawn.Zip(likely, static (own, origins) => own - origins).Average(), model.Step,
            await Seconds(folder).ConfigureAwait(false))
        {
            Texts = string.Concat(tried.Take(Prompts.Count).Select((t, i) => $"   {Prompts[i],-10} {Shown(t.Answers[0].Text)}\n")),
        };
    }

    // What stands last holds.
    static (string, string)[] Set(Vec<(string Name, string Value)> own, params (string Name, string Value)[] usual) =>
        [.. usual.Where(u => own.All(o => o.Name != u.Name)), .. own];

    // Characters, unless the text lacks one of the prompts; bytes know them all, and are characters of an English text as well.
    // A file that is not there is left to training, which says it.
    static string Tokenizer(string? text) => (text is null ? Corpus.Text(1, 100_000) : File.Exists(text) ? File.ReadAllText(text) : "").ToHashSet() is var known
        && Prompts.All(p => p.All(known.Contains)) ? "char" : "byte";

    static string Shown(string text) => text.Replace("\n", "⏎", StringComparison.Ordinal);

    static async Task<(long Steps, bool All)> Done(string folder) => RunFolder.IsBegun(folder) && (await Training.StagesAsync(folder).ConfigureAwait(false)) is [var only]
        ? (only.Done, only.IsDone) : (0, false);

    // Of steps and of what a policy wrote to learn from, however often the run was stopped.
    static async Task<double> Seconds(string folder) => (await Training.MetricsAsync(folder).ConfigureAwait(false))
        .Sum(static line => (line.Training?.Milliseconds ?? 0) + (line.RollOut is { } round ? round["milliseconds"] : 0)) / 1000;

    static void Completed(RunResult result)
    {
        if (result.Reason != Runs.StopReason.Completed) throw new OperationCanceledException(result.ToString());
    }

    // At once, where a Progress would tell later and elsewhere.
    sealed class Teller(TextWriter told, int every) : IProgress<TrainingEvent>
    {
        public void Report(TrainingEvent value)
        {
            if (value switch
            {
                TrainingEvent.RolledOut { Step: var step } e when step % every == 1 => Invariant($"   update {step,3}: {e.Numbers["reward"],5:0.00} e an answer"),
                TrainingEvent.Evaluated { IsReward: false } or TrainingEvent.Started => $"   {value}",
                _ => null,
            } is { } line) told.WriteLine(line);
        }
    }
}
