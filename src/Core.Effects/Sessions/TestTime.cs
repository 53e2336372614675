using Functional.Base;
using Functional.Dialogues;
using Functional.Generation;
using Functional.Sampling;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>How a model's answers are made better without changing the model.</summary>
/// <param name="Answers">How many answers each prompt has, 1 or more.</param>
/// <param name="Most">How many tokens an answer has at most.</param>
/// <param name="Sampling">How they are drawn.</param>
/// <param name="Key">What they are drawn with.</param>
/// <param name="Weighted">Whether likelier answers count more in a vote.</param>
/// <param name="Normal">The form in which answers are the same to a vote.</param>
/// <param name="Rounds">How often the model revises its best answer; 0 for not at all.</param>
/// <param name="Revisions">How many answers each round writes.</param>
/// <param name="Texts">What it is asked then.</param>
public sealed record TestTimeRules(int Answers, int Most, SamplingConfig Sampling, Key Key, bool Weighted, Func<string, string> Normal, int Rounds, int Revisions, RevisionTexts Texts);

/// <summary>A prompt with all that a model answered.</summary>
/// <param name="Asked">What was asked.</param>
/// <param name="Answers">The answers, in the order in which they were drawn.</param>
/// <param name="Best">The one that the judge gives most; nothing where none has a reward.</param>
/// <param name="Voted">The one that most of them give.</param>
/// <param name="Revised">The best after revisions; nothing where there were none, or no answer has a reward.</param>
public sealed record Tried(Asked Asked, Vec<Candidate> Answers, Candidate? Best, Candidate Voted, Candidate? Revised);

/// <summary>What more computing buys at test time.</summary>
/// <param name="Prompts">The prompts with their answers.</param>
/// <param name="Best">Best of 1, 2, 4, … by the judge.</param>
/// <param name="Votes">The majority of 1, 2, 4, …, by what answers are measured by.</param>
/// <param name="Revisions">Round by round, the first answers before them; empty where there were none.</param>
/// <param name="Dropped">How many answers have no reward.</param>
public sealed record TestTimeResult(Vec<Tried> Prompts, Vec<CurvePoint> Best, Vec<CurvePoint> Votes, Vec<RevisionPoint> Revisions, int Dropped);

/// <summary>
/// Best of n, votes and revisions: what a model answers when it is asked several times, as somebody judges it. Each answer depends on its prompt, its number and
/// the key alone; see <see cref="Batcher"/> for the rounding of sums.
/// </summary>
sealed class TestTime(TrainedModel model, DialogueEncoder encoder, TestTimeRules rules, IJudge judge, IJudge measure, Action<int>? told, CancellationToken stop)
{
    const int AtOnce = 32;
    int done;

    /// <summary>Everything; nothing where the token asks to stop.</summary>
    /// <param name="prompts">What is asked, one or more.</param>
    public Validation<Fault, Option<TestTimeResult>> Run(Vec<PromptRow> prompts)
    {
        var drawn = Draw(prompts, [.. prompts.Select(static p => p.Ids)], [.. prompts.Select((_, i) => rules.Key.FoldIn(i))], rules.Answers);
        return drawn is not { } answers ? Success<Fault, Option<TestTimeResult>>(None)
            : !answers.Any(static all => all.Any(static c => double.IsFinite(c.Reward)))
                ? Fault.Of<Option<TestTimeResult>>("judge", $"gives none of {prompts.Count * rules.Answers} answers a number", "expected one that can read them")
            : Revise(prompts, answers.Map(static a => new Revision(a))).Map(revised => revised.Map(all => Result(prompts, answers, all.Last, all.Points)));
    }

    TestTimeResult Result(Vec<PromptRow> prompts, Vec<Vec<Candidate>> answers, Vec<Revision> revised, Vec<RevisionPoint> points)
    {
        var key = rules.Key.FoldIn("intervals");
        return new([.. prompts.Select((p, i) => new Tried(p.Asked, answers[i], new Revision(answers[i]).Best, answers[i][VoteOf(answers[i])], points.Count > 0 ? revised[i].Best : null))],
            Curves.OfBest(answers, key), Curves.OfVotes(answers, rules.Normal, rules.Weighted, key), points,
            answers.Sum(static a => a.Count(static c => !double.IsFinite(c.Reward))));
    }

    int VoteOf(Vec<Candidate> all) => Vote.Of([.. all.Select(c => rules.Normal(c.Text))], [.. all.Select(c => rules.Weighted ? Vote.Weight(c.LogProb) : 1)])!.Value;

    // Rounds on the prompts that have a best answer and room for what a round asks.
    Validation<Fault, Option<(Vec<Revision> Last, Vec<RevisionPoint> Points)>> Revise(Vec<PromptRow> prompts, Vec<Revision> first)
    {
        var (all, points, key) = (first.ToArray(), new List<RevisionPoint>(), rules.Key.FoldIn("intervals"));
        if (rules.Rounds > 0) points.Add(Revision.Point(0, first, 0, key));
        for (var round = 1; round <= rules.Rounds; round++)
        {
            var before = all.ToVec();
            Vec<int> which = [.. Enumerable.Range(0, all.Length).Where(i => before[i].Best is not null)];
            string Question(int i) => string.Join("\n\n", prompts[i].Asked.Prompt.Select(static m => m.Whole));
            var loss = Aside(which, round, "loss", (i, _) => rules.Texts.AskLoss(Question(i), before[i].Best!.Text, before[i].Worst!.Text));
            var gradient = loss.Bind(said => said.Match(s => Aside(s.Which, round, "gradient", (i, at) =>
                rules.Texts.AskGradient(Question(i), before[i].Best!.Text, before[i].Worst!.Text, s.Texts[at])), static () => Stopped<Asides>()));
            var update = gradient.Bind(said => said.Match(s => Ids(s.Which, (i, at) => rules.Texts.AskUpdate(Question(i), before[i].Best!.Text, s.Texts[at])).Map(Some), static () => Stopped<Fitting>()));
            if (update.IsFail) return update.Map(static _ => Option<(Vec<Revision>, Vec<RevisionPoint>)>.None);
            if (loss.IfFail(None).Case is not Asides critiques || gradient.IfFail(None).Case is not Asides advice || update.IfFail(None).Case is not Fitting asked) return Success<Fault, Option<(Vec<Revision>, Vec<RevisionPoint>)>>(None);
            if (round == 1 && asked.Which.Count == 0 && which.Count > 0)
                return Fault.Of<Option<(Vec<Revision>, Vec<RevisionPoint>)>>("revisions", $"ask more than a context of {model.Model.Context} holds, of every prompt",
                    $"allowed: a model of a larger context, fewer tokens of an answer than {rules.Most}, shorter texts, or no revisions");
            if (Draw([.. asked.Which.Select(i => prompts[i])], asked.Ids, [.. asked.Which.Select(i => Turn(i, round, "update"))], rules.Revisions) is not { } written)
                return Success<Fault, Option<(Vec<Revision>, Vec<RevisionPoint>)>>(None);
            // What was said for nothing was said all the same.
            foreach (var said in (Asides[])[critiques, advice])
                for (var at = 0; at < said.Which.Count; at++) all[said.Which[at]] = all[said.Which[at]].After([], said.Tokens[at]);
            for (var at = 0; at < asked.Which.Count; at++) all[asked.Which[at]] = all[asked.Which[at]].After(written[at], 0);
            points.Add(Revision.Point(round, [.. all], asked.Which.Count, key));
        }
        return Success<Fault, Option<(Vec<Revision>, Vec<RevisionPoint>)>>(Some(((Vec<Revision>)[.. all], points.ToVec())));
    }

    sealed record Fitting(Vec<int> Which, Vec<Vec<int>> Ids);

    sealed record Asides(Vec<int> Which, Vec<string> Texts, Vec<int> Tokens);

    static Validation<Fault, Option<T>> Stopped<T>() => Success<Fault, Option<T>>(None);

    Key Turn(int prompt, int round, string what) => rules.Key.FoldIn(prompt).FoldIn("round").FoldIn(round).FoldIn(what);

    // Something that is said about each of some prompts; nothing where the token asks to stop.
    Validation<Fault, Option<Asides>> Aside(Vec<int> which, int round, string what, Func<int, int, string> text) => Ids(which, text).Map(asked =>
    {
        var said = Write(asked.Ids, [.. asked.Which.Select(i => Turn(i, round, what))]);
        return said.Length < asked.Ids.Count ? None : Some(new Asides(asked.Which, [.. said.Select(static a => a.Text.Trim())], [.. said.Select(static a => a.Tokens.Count)]));
    });

    // As tokens, of those prompts for which it has room beside an answer.
    Validation<Fault, Fitting> Ids(Vec<int> which, Func<int, int, string> text) =>
        which.Select((i, at) => encoder.Prompt([new(Role.User, text(i, at))], "revision texts").Map(ids => (i, ids))).Gather()
            .Map(all => all.Where(one => one.ids.Count > 0 && one.ids.Count + rules.Most <= model.Model.Context).ToVec())
            .Map(static all => new Fitting(all.Map(static one => one.i), all.Map(static one => one.ids)));

    // So many answers to each, judged and measured.
    Vec<Vec<Candidate>>? Draw(Vec<PromptRow> prompts, Vec<Vec<int>> ids, Vec<Key> keys, int each)
    {
        var answers = Write([.. ids.SelectMany(one => Enumerable.Repeat(one, each))], [.. keys.SelectMany(key => Enumerable.Range(0, each).Select(i => key.FoldIn(i)))]);
        if (answers.Length < ids.Count * each) return null;
        (Asked, string)[] said = [.. answers.Select((answer, i) => (prompts[i / each].Asked, answer.Text))];
        var rewards = judge.Rewards(said);
        var values = ReferenceEquals(judge, measure) ? rewards : measure.Rewards(said);
        return [.. prompts.Select((_, i) => (Vec<Candidate>)[.. Enumerable.Range(i * each, each).Select(j => new Candidate(answers[j].Text, answers[j].Tokens.Count,
            answers[j].LogProbs.Average(static p => (double)p), rewards[j], values[j]))])];
    }

    Answer[] Write(IReadOnlyList<Vec<int>> ids, IReadOnlyList<Key> keys) => model.Write(ids,
        new(rules.Sampling, rules.Most, encoder.Stops.Tokens, encoder.Stops.Texts), keys, AtOnce, (_, _) => told?.Invoke(++done), stop);
}
