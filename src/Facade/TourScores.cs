using Functional.Sessions;
using Functional.Settings;

namespace Functional;

/// <summary>Asks what the stages of a tour are worth; what was asked before lies beside them and is not asked again.</summary>
sealed class TourScores(string folder, Recipe recipe, string teacher, TourOptions options, IProgress<TourNote>? notes, CancellationToken stop) : IDisposable
{
    // Models that several stages are held against, each loaded once.
    readonly Dictionary<string, LanguageModel> held = [];

    /// <summary>How many tokens an answer has at most: every stage answers as long as the policies may.</summary>
    public static int TokensOf(Recipe recipe) =>
        recipe.Stages.Values.Where(static c => c.Stage.Practises).Select(static c => c.Stage.Practice.Tokens).DefaultIfEmpty(new PracticeConfig().Tokens).Max();

    /// <summary>The score of a stage; on the disk when this returns.</summary>
    public async Task<TourScore> Of(string stage)
    {
        var (path, stand) = (Path.Combine(folder, "stages", stage, "tour.json"), Stand(stage));
        if (File.Exists(path) && TourScore.Read(await File.ReadAllTextAsync(path, stop).ConfigureAwait(false), path).Case is TourScore known && known.Stage == stage && known.Stand == stand
            && (known.Right is null ? known.Answers.Count > 0 : Judges(stage))) return known;
        var score = await Asked(stage, stand).ConfigureAwait(false);
        await File.WriteAllTextAsync($"{path}.partial", score.Written.Write(), stop).ConfigureAwait(false);
        File.Move($"{path}.partial", path, overwrite: true);
        return score;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var model in held.Values) model.Dispose();
    }

    Task<LanguageModel> Load(string stage) => LanguageModel.LoadAsync(folder, recipe.Stages[stage].Execution, stage: stage, cancellation: stop);

    async Task<LanguageModel> Held(string stage) => held.TryGetValue(stage, out var model) ? model : held[stage] = await Load(stage).ConfigureAwait(false);

    bool Judges(string stage) => recipe.Stages[stage].Stage.Kind == StageKind.Reward;

    string? Judge => recipe.Stages.FirstOrDefault(static s => s.Value.Stage.Kind == StageKind.Reward).Name;

    // A stage that was trained further, or replaced, or is held against one that was, is asked again.
    string Stand(string stage) => string.Join(", ", new[] { stage, recipe.Before(stage), Judges(stage) ? null : Judge }.OfType<string>()
        .Select(name => RunFolder.Open(folder, name).OrThrow() is var run ? $"{name} after {run.Checkpoint().OrThrow().Step}" : name)
        .Append(Judges(stage) ? "" : $"{options.Questions} questions of {TokensOf(recipe)} tokens at most"));

    async Task<TourScore> Asked(string stage, string stand)
    {
        var lines = await Training.MetricsAsync(folder, stage).ConfigureAwait(false);
        var seconds = lines.Sum(static l => (l.Training?.Milliseconds ?? 0) + (l.RollOut is { } round && round.Contains("milliseconds") ? round["milliseconds"] : 0)) / 1e3;
        var score = new TourScore(stage, RunConfig.Field("kind")!.Show(recipe.Stages[stage]), recipe.Before(stage), stand, seconds, []);
        using var model = await Load(stage).ConfigureAwait(false);
        if (Judges(stage))
        {
            var pairs = await model.JudgeAsync(cancellation: stop).ConfigureAwait(false);
            return score with { Right = (long)Math.Round(pairs.Accuracy.Value * pairs.Pairs), Pairs = pairs.Pairs };
        }
        var questions = new AnswerOptions { Like = Path.Combine(folder, "stages", teacher), Questions = options.Questions, Tokens = TokensOf(recipe), Temperature = 1 };
        var tried = await model.TryAsync(questions, progress: notes is null ? null : new TourProgress(done => notes.Report(new($"answers of {stage}", done, options.Questions))),
            cancellation: stop).ConfigureAwait(false);
        return score with
        {
            Answers = [.. tried.Select(static t => new TourAnswer(string.Join("\n\n", t.Asked.Prompt.Select(static m => m.Whole)), t.Answers[0].Text.Trim(), t.Rewards[0]))],
            Length = tried.Average(static t => (double)t.Answers[0].Tokens.Count),
            Kl = recipe.Before(stage) is { } before ? await Away(before, tried).ConfigureAwait(false) : null,
            Judged = Judge is { } judge ? await Judged(judge, tried).ConfigureAwait(false) : null,
        };
    }

    async Task<double> Away(string before, IReadOnlyList<JudgedAnswers> tried) => tried.Select(static t => t.Answers[0].LogProbs.Sum(static p => (double)p))
        .Zip(await (await Held(before).ConfigureAwait(false)).LogProbsAsync(tried, stop).ConfigureAwait(false), static (own, other) => own - other).Average();

    async Task<double> Judged(string judge, IReadOnlyList<JudgedAnswers> tried) =>
        (await (await Held(judge).ConfigureAwait(false)).RewardsAsync(tried, stop).ConfigureAwait(false)).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();
}

/// <summary>Tells on the thread that computes.</summary>
sealed class TourProgress(Action<int> tell) : IProgress<int>
{
    public void Report(int value) => tell(value);
}
