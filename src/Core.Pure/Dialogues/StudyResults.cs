using Functional.Base;

namespace Functional.Dialogues;

/// <summary>What one person has judged.</summary>
/// <param name="Name">Who.</param>
/// <param name="Judged">Questions whose answers were compared.</param>
/// <param name="Edited">Questions of which an answer was bettered.</param>
/// <param name="Skipped">Questions that were skipped.</param>
/// <param name="Flagged">Questions that were flagged.</param>
public sealed record AnnotatorCount(string Name, int Judged, int Edited, int Skipped, int Flagged)
{
    /// <summary>All of them.</summary>
    public int All => Judged + Edited + Skipped + Flagged;
}

/// <summary>How often a model's answers were preferred to others'.</summary>
/// <param name="Model">The model.</param>
/// <param name="Wins">Comparisons with another model's answer that it won.</param>
/// <param name="Ties">Of both neither was better.</param>
/// <param name="Losses">That it lost.</param>
public sealed record ModelCount(string Model, int Wins, int Ties, int Losses)
{
    /// <summary>How often it wins; ties count half.</summary>
    public Rate WinRate => Rate.OfWins(Wins, Ties, Losses);
}

/// <summary>Answers that somebody should look at.</summary>
/// <param name="Question">The number of the question, from 0.</param>
/// <param name="Annotator">Who says so.</param>
/// <param name="Note">Why.</param>
public sealed record FlaggedQuestion(int Question, string Annotator, string Note);

/// <summary>What came of a study so far.</summary>
/// <param name="Pairs">Comparisons that can be learned from.</param>
/// <param name="People">Who judged, by name.</param>
/// <param name="Models">Whose answers were preferred; none where all are of one model.</param>
/// <param name="Agreement">How far all agree.</param>
/// <param name="Between">How far each two do who have judged something both.</param>
/// <param name="Flagged">What was flagged.</param>
public sealed record StudyResults(int Pairs, Vec<AnnotatorCount> People, Vec<ModelCount> Models, Agreement Agreement, Vec<(string One, string Other, Agreement Agreement)> Between,
    Vec<FlaggedQuestion> Flagged)
{
    /// <summary>Of a study's rows, in any order.</summary>
    /// <param name="study">The study.</param>
    /// <param name="rows">What was judged.</param>
    public static StudyResults Of(Study study, IReadOnlyCollection<Annotation> rows) => new(Learned(rows).Count,
        [.. rows.GroupBy(static r => r.Annotator, StringComparer.Ordinal).OrderBy(static g => g.Key, StringComparer.Ordinal).Select(static g => Counted(g.Key, g))],
        study.Models.Count < 2 ? [] : study.Models.Map(model => Preferred(model, rows)),
        Agreement.Of(rows), Agreement.Pairwise(rows),
        [.. rows.Where(static r => r.Verdict == Verdict.Flag).Select(static r => new FlaggedQuestion(Judgement.QuestionOf(r) ?? 0, r.Annotator, Judgement.NoteOf(r)))]);

    /// <summary>The rows from which something is learned, those of a question beside each other, in the order of the questions: one answer is better, and nobody skipped or flagged them.</summary>
    /// <param name="rows">All rows.</param>
    public static Vec<Annotation> Learned(IEnumerable<Annotation> rows) =>
        [.. rows.Where(static r => Annotation.Score(r.Verdict) is not (null or 0)).OrderBy(static r => Judgement.QuestionOf(r) ?? int.MaxValue)];

    /// <summary>
    /// How many of the last rows are kept for evaluation, an eighth or so: all of a question's rows or none of them, so that no question is of both parts, and at least one
    /// row of each. 0 where all rows are of one question.
    /// </summary>
    /// <param name="learned">The rows as <see cref="Learned"/> gives them.</param>
    public static int Kept(Vec<Annotation> learned)
    {
        const int Parts = 8;
        var least = Math.Max(1, learned.Count / Parts);
        for (var at = learned.Count - least; at > 0; at--)
            if (Judgement.QuestionOf(learned[at]) is null || Judgement.QuestionOf(learned[at - 1]) != Judgement.QuestionOf(learned[at])) return learned.Count - at;
        return 0;
    }

    static AnnotatorCount Counted(string name, IEnumerable<Annotation> rows)
    {
        var all = rows.GroupBy(static r => Judgement.IdOf(r) ?? $"{r.GetHashCode()}", StringComparer.Ordinal).Select(static g => g.First()).ToList();
        var (edited, skipped, flagged) = (all.Count(Judgement.IsEdited), all.Count(static r => r.Verdict == Verdict.Skip), all.Count(static r => r.Verdict == Verdict.Flag));
        return new(name, all.Count - edited - skipped - flagged, edited, skipped, flagged);
    }

    // Of its answers beside those of others: its own beside each other say nothing.
    static ModelCount Preferred(string model, IEnumerable<Annotation> rows)
    {
        var scores = rows.Where(static r => Judgement.ModelsOf(r) is { First.Length: > 0, Second.Length: > 0 } of && of.First != of.Second).Select(r => (Of: Judgement.ModelsOf(r), Score: Annotation.Score(r.Verdict)))
            .Where(r => r.Score is not null && (r.Of.First == model || r.Of.Second == model)).Select(r => r.Of.First == model ? r.Score!.Value : -r.Score!.Value).ToList();
        return new(model, scores.Count(static s => s > 0), scores.Count(static s => s == 0), scores.Count(static s => s < 0));
    }
}
