using Functional.Base;
using Functional.Sessions;

namespace Functional;

/// <summary>What came of asking a model for answers that are compared.</summary>
/// <param name="Asked">How many questions were asked now.</param>
/// <param name="Written">How many comparisons are in the file.</param>
/// <param name="Even">How many questions had answers of one worth only, which say nothing.</param>
public sealed record Collected(int Asked, int Written, int Even);

/// <content>Answers that somebody judges.</content>
public sealed partial class LanguageModel
{
    // Answers between two times that what is compared is written down, an eighth of all at most: many enough that caches and programs are seldom made.
    const int Written = 1024, Parts = 8;

    /// <summary>Asks the model questions that its run has kept for evaluation, or those of a file, and has the answers judged.</summary>
    /// <param name="options">Which questions, and how answers are drawn.</param>
    /// <param name="judge"><c>exact</c>, <c>f1</c>, <c>rouge-l</c>, the folder of a run that has learned rewards, or <c>function</c> for the next.</param>
    /// <param name="reward">What an answer is worth, where the judge is a function.</param>
    /// <param name="answers">How many answers a question has, 1 or more.</param>
    /// <param name="progress">Is told how many answers there are, on the thread that computes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">As for <see cref="AnswerAsync"/>; or there is no such judge.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<IReadOnlyList<JudgedAnswers>> TryAsync(AnswerOptions? options = null, string judge = "exact", Reward? reward = null, int answers = 1, IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(judge);
        ArgumentOutOfRangeException.ThrowIfLessThan(answers, 1);
        var valid = (options ?? new()).Validate().OrThrow();
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => Finite(IReadOnlyList<JudgedAnswers> () =>
        {
            var trial = TrialOf(valid, kept: true, judge, cancellation);
            using var judging = Judges.Of(engine, judge, reward).OrThrow();
            var tried = trial.Ask(model, judging, answers, valid.Sampling, valid.Tokens, trial.Keys(Key.Seed((ulong)valid.Seed)), progress is null ? null : progress.Report, cancellation);
            cancellation.ThrowIfCancellationRequested();
            return tried;
        }), cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Asks the model questions that its run learns from, or those of a file, several times each; of the answers to a question the one that is worth most is written
    /// beside the one that is worth least, where these differ: rows for <c>functional reward</c> and <c>functional dpo</c>. What is in the file already is kept and
    /// not asked again, so that whoever was stopped goes on.
    /// </summary>
    /// <param name="file">Where comparisons are written, a line of JSON each.</param>
    /// <param name="judge">Who says what answers are worth, as for <see cref="TryAsync"/>.</param>
    /// <param name="options">Which questions, and how answers are drawn: at a temperature above 0.</param>
    /// <param name="reward">What an answer is worth, where the judge is a function.</param>
    /// <param name="answers">How many answers a question has, 2 or more.</param>
    /// <param name="progress">Is told how many questions are done, on the thread that computes.</param>
    /// <param name="cancellation">Stops; what is written stays.</param>
    /// <exception cref="FunctionalException">As for <see cref="TryAsync"/>; or the file is of something else, or cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<Collected> CollectAsync(string file, string judge = "exact", AnswerOptions? options = null, Reward? reward = null, int answers = 4, IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        ArgumentException.ThrowIfNullOrEmpty(judge);
        ArgumentOutOfRangeException.ThrowIfLessThan(answers, 2);
        var valid = (options ?? new() { Temperature = 1 }).Validate().OrThrow();
        if (valid.Temperature == 0) throw new FunctionalException(new Fault(nameof(AnswerOptions.Temperature), "is 0, at which all answers to a question are the same", "allowed: above 0"));
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => Finite(() => Collect(file, judge, valid, reward, answers, progress, cancellation)), cancellation).ConfigureAwait(false);
    }

    Collected Collect(string path, string judge, AnswerOptions options, Reward? reward, int answers, IProgress<int>? progress, CancellationToken stop)
    {
        var file = AnnotationFile.Open(path).OrThrow();
        var trial = TrialOf(options, kept: false, judge, stop);
        using var judging = Judges.Of(engine, judge, reward).OrThrow();
        var (key, asked, even, done) = (Key.Seed((ulong)options.Seed), 0, 0, 0);
        var most = Math.Max(1, Math.Min(Written / answers, (trial.Rows.Count + Parts - 1) / Parts));
        // A question's key is of its place among all, however many were asked before.
        foreach (var some in trial.Rows.Select(static (row, at) => (row, at)).Where(r => !file.Has(r.row.Asked.Prompt, judge)).Chunk(most))
        {
            stop.ThrowIfCancellationRequested();
            var tried = (trial with { Rows = [.. some.Select(static r => r.row)] }).Ask(model, judging, answers, options.Sampling, options.Tokens, [.. some.Select(r => key.FoldIn(r.at))], null, stop);
            foreach (var one in tried)
            {
                asked++;
                if (file.Has(one.Asked.Prompt, judge)) continue;
                if (one.Comparison(judge).Case is Dialogues.Annotation annotation) file.Add(annotation).OrThrow();
                else even++;
            }
            progress?.Report(done += some.Length);
        }
        return new(asked, file.All.Count, even);
    }

    /// <summary>
    /// How likely the model finds answers, in nats: the sum over an answer's tokens. The mean of what its writer drew them with less this is an estimate of how far the
    /// writer is from this model, where both have the same tokens.
    /// </summary>
    /// <param name="tried">Questions with answers, as <see cref="TryAsync"/> gives them.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">The device has no room.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<IReadOnlyList<double>> LogProbsAsync(IReadOnlyList<JudgedAnswers> tried, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tried);
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => Finite(IReadOnlyList<double> () => model.LogProbs([.. tried.SelectMany(static t => t.Answers.Select(a => (t.Prompt, a.Tokens)))], cancellation)
            ?? throw new OperationCanceledException(cancellation)), cancellation).ConfigureAwait(false);
    }

    /// <summary>What the model gives answers, where it has learned rewards; NaN for one that it cannot read.</summary>
    /// <param name="tried">Questions with answers, as <see cref="TryAsync"/> gives them.</param>
    /// <param name="cancellation">Gives up before it begins.</param>
    /// <exception cref="FunctionalException">The model is none that learned rewards, or the device has no room.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<IReadOnlyList<double>> RewardsAsync(IReadOnlyList<JudgedAnswers> tried, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tried);
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(IReadOnlyList<double> () => model.Rewards(tried).OrThrow(), cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>How likely the model finds the better and the worse answer of comparisons, in nats, by a template.</summary>
    internal async Task<IReadOnlyList<(double Better, double Worse)>> PrefersAsync(IReadOnlyCollection<Dialogues.Located<Dialogues.Ranking>> pairs, string template, CancellationToken cancellation)
    {
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => Finite(IReadOnlyList<(double, double)> () => model.Prefers(pairs, template, cancellation).OrThrow().IfNone(() => throw new OperationCanceledException(cancellation))),
            cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// How the model is asked where nobody says: as it has learned to be, by its own template, or, where it has learned no answers and has none, by going on with the question: <c>plain</c>.
    /// </summary>
    /// <exception cref="FunctionalException">The template is damaged or gone, or the model has no tokenizer.</exception>
    public string AskedBy => model.AskedBy().OrThrow();

    Trial TrialOf(AnswerOptions options, bool kept, string judge, CancellationToken stop) => Trial.Of(model.Run, kept, judge, options.Tokens, options.File, options.Template,
        options.Columns, options.Questions, options.Like is { } other ? RunFolder.Open(other).OrThrow() : null, stop).OrThrow();
}
