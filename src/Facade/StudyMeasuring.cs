using Functional.Base;
using Functional.Dialogues;
using Functional.Generation;
using Functional.Sessions;

namespace Functional;

/// <summary>What learning from judgements has changed.</summary>
/// <param name="before">The base.</param>
/// <param name="after">The policy.</param>
/// <param name="judge">The judge.</param>
/// <param name="template">How the first two are asked.</param>
sealed class StudyMeasuring(Func<Task<LanguageModel>> before, Func<Task<LanguageModel>> after, Func<Task<LanguageModel>> judge, string template)
{
    /// <summary>Measures it, a model at a time.</summary>
    /// <param name="learned">The comparisons.</param>
    /// <param name="kept">How many of them, the last, were only kept.</param>
    /// <param name="questions">A file of questions.</param>
    /// <param name="judged">Which of them were learned from.</param>
    /// <param name="asking">How they are asked.</param>
    /// <param name="told">Is told what is done.</param>
    /// <param name="stop">Gives up.</param>
    public async Task<StudyChange> Of(Vec<Annotation> learned, int kept, string questions, IReadOnlySet<string> judged, AnswerOptions asking, Action<string> told, CancellationToken stop)
    {
        Located<Ranking>[] pairs = [.. learned.Select(static (a, i) => new Located<Ranking>(Ranked(a), $"pair {i + 1}"))];
        var options = asking with { File = questions, Template = template };
        IReadOnlyList<(double Better, double Worse)> own, other;
        IReadOnlyList<JudgedAnswers> now, was;
        double distance;
        told("answers after");
        using (var model = await after().ConfigureAwait(false))
        {
            (own, now) = (await model.PrefersAsync(pairs, template, stop).ConfigureAwait(false), await Tried(model, options, stop).ConfigureAwait(false));
            distance = (await model.LogProbsAsync(now, stop).ConfigureAwait(false)).Average();
        }
        told("answers before");
        using (var model = await before().ConfigureAwait(false))
        {
            (other, was) = (await model.PrefersAsync(pairs, template, stop).ConfigureAwait(false), await Tried(model, options, stop).ConfigureAwait(false));
            distance -= (await model.LogProbsAsync(now, stop).ConfigureAwait(false)).Average();
        }
        told("what the judge gives");
        using var reward = await judge().ConfigureAwait(false);
        var given = await reward.RewardsAsync([.. pairs.Select(static p => new JudgedAnswers(new(p.Value.Prompt, null), [], p.Value.Answers.Map(static text => new Answer([], [], text, AnswerEnd.Said)), []))], stop)
            .ConfigureAwait(false);
        var (first, second) = (await reward.RewardsAsync(was, stop).ConfigureAwait(false), await reward.RewardsAsync(now, stop).ConfigureAwait(false));
        return new(Share(0, learned.Count - kept), Share(learned.Count - kept, learned.Count),
            [.. was.Select((old, i) => new ChangedAnswer(Text(old.Asked.Prompt), old.Answers[0].Text.Trim(), now[i].Answers[0].Text.Trim(), first[i], second[i],
                judged.Contains(Text(old.Asked.Prompt)))).OrderBy(static a => a.Judged)],
            (was.Average(static t => (double)t.Answers[0].Tokens.Count), now.Average(static t => (double)t.Answers[0].Tokens.Count)), distance);

        PreferenceShare Share(int from, int to)
        {
            var some = Enumerable.Range(from, to - from).ToArray();
            double[] moved = [.. some.Select(i => own[i].Better - own[i].Worse - (other[i].Better - other[i].Worse))];
            return new(some.Length, some.Count(i => given[2 * i] > given[2 * i + 1]), some.Count(i => other[i].Better > other[i].Worse), some.Count(i => own[i].Better > own[i].Worse),
                moved.Count(static m => m > 0), moved.DefaultIfEmpty(0).Average());
        }
    }

    // Who judges does not matter here: what answers are worth is asked afterwards.
    static Task<IReadOnlyList<JudgedAnswers>> Tried(LanguageModel model, AnswerOptions options, CancellationToken stop) => model.TryAsync(options, "function", static (_, _) => 0, 1, null, stop);

    /// <summary>A judgement as what is learned.</summary>
    public static Ranking Ranked(Annotation a) => Annotation.Score(a.Verdict) < 0 ? new(a.Prompt, [a.Second, a.First]) : new(a.Prompt, [a.First, a.Second]);

    /// <summary>What is asked, as people read it.</summary>
    public static string Text(Vec<Message> prompt) => string.Join("\n\n", prompt.Select(static m => m.Whole));
}
