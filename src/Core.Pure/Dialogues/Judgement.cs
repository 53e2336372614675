using System.Globalization;
using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>What somebody says of the answers to a question, as they were shown.</summary>
public abstract record Said
{
    Said()
    {
    }

    /// <summary>How the first of two answers is beside the second.</summary>
    public sealed record Compared(Verdict Verdict) : Said;

    /// <summary>How good each answer is, from 1 to <see cref="Judgement.BestGrade"/>.</summary>
    public sealed record Graded(Vec<int> Grades) : Said;

    /// <summary>One of the answers, bettered by whoever judges.</summary>
    /// <param name="Answer">Which, as it was shown, from 0.</param>
    /// <param name="Text">The better answer.</param>
    public sealed record Edited(int Answer, string Text) : Said;

    /// <summary>No judgement.</summary>
    public sealed record Skipped : Said;

    /// <summary>No judgement, and somebody else should look at it.</summary>
    /// <param name="Note">Why; may be empty.</param>
    public sealed record Flagged(string Note) : Said;
}

/// <summary>A judgement of the answers to a question of a <see cref="Study"/>.</summary>
/// <param name="Id">What it is known by: the same judgement that comes twice is one.</param>
/// <param name="Annotator">Who judged.</param>
/// <param name="Question">The number of the question, from 0.</param>
/// <param name="Said">What was said.</param>
public sealed record Judgement(string Id, string Annotator, int Question, Said Said)
{
    /// <summary>The best grade; the worst is 1.</summary>
    public const int BestGrade = 5;

    /// <summary>The most characters of an id or a name, and of a note or an answer.</summary>
    public const int MostName = 64, MostText = 1 << 16;

    const string id = "id", number = "number", rows = "rows", first = "first-model", second = "second-model", edited = "edited", note = "note", grades = "grades";

    /// <summary>
    /// The comparisons that follow, a row each: of two answers what was said; of more all pairs, of which the one with the higher grade is better, and much better from two
    /// grades on. Each knows its judgement, its question, how many rows the judgement has, and whose answers these are.
    /// </summary>
    /// <param name="study">What was judged.</param>
    public Validation<Fault, Vec<Annotation>> Rows(Study study) => Checks(study).Gather().Map(_ =>
    {
        var (question, order) = (study.Questions[Question], study.Shown(Annotator, Question));
        StudyAnswer[] shown = [.. order.Select(i => question.Answers[i])];
        Annotation Pair(StudyAnswer one, StudyAnswer other, Verdict verdict, params ReadOnlySpan<(string, Json)> more) => new(question.Prompt, one.Text, other.Text, verdict, Annotator)
        {
            Beside = Params.Of<Json>([(first, new Json.Text(one.Model)), (second, new Json.Text(other.Model)), .. more]),
        };
        Vec<Annotation> all = Said switch
        {
            Said.Compared c => [Pair(shown[0], shown[1], c.Verdict)],
            Said.Graded g => [.. Enumerable.Range(0, shown.Length).SelectMany(i => Enumerable.Range(i + 1, shown.Length - i - 1).Select(j =>
                Pair(shown[i], shown[j], Of(g.Grades[i] - g.Grades[j]), (grades, new Json.List([new Json.Whole(g.Grades[i]), new Json.Whole(g.Grades[j])])))))],
            Said.Edited e => [Pair(new(e.Text.Trim(), ""), shown[e.Answer], Verdict.Better, (edited, new Json.Bool(true)))],
            Said.Flagged f => [Pair(shown[0], shown[1], Verdict.Flag, (note, new Json.Text(f.Note.Trim())))],
            _ => [Pair(shown[0], shown[1], Verdict.Skip)],
        };
        return all.Map(a => a with { Beside = Params.Of<Json>((id, new Json.Text(Id)), (number, new Json.Whole(Question)), (rows, new Json.Whole(all.Count))).Concat(a.Beside) });
    });

    // What the first is beside the second, by the difference of their grades.
    static Verdict Of(int difference) => difference switch { >= 2 => Verdict.MuchBetter, 1 => Verdict.Better, 0 => Verdict.Same, -1 => Verdict.Worse, _ => Verdict.MuchWorse };

    IEnumerable<Validation<Fault, Unit>> Checks(Study study)
    {
        yield return Fault.Unless(IsName(Id), "id", $"has {Id.Length} characters, or some that cannot be seen", $"allowed: 1 to {MostName}");
        yield return CheckName(Annotator);
        var known = Question >= 0 && Question < study.Questions.Count;
        yield return Fault.Unless(known, "question", $"is {Question}", $"allowed: 0 to {study.Questions.Count - 1}");
        if (!known) yield break;
        var (prompt, answers) = (study.Questions[Question].Prompt, study.Questions[Question].Answers);
        switch (Said)
        {
            case Said.Compared c:
                yield return Fault.Unless(answers.Count == 2, "verdict", $"is of two answers, and there are {answers.Count}", $"expected {answers.Count} grades");
                yield return Fault.Unless(Annotation.Score(c.Verdict) is not null, "verdict", $"is {Annotation.WordOf(c.Verdict)}", "expected what one answer is beside the other");
                break;
            case Said.Graded g:
                yield return Fault.Unless(answers.Count > 2, "grades", "are given to two answers", "expected a verdict");
                yield return Fault.Unless(g.Grades.Count == answers.Count && g.Grades.All(static x => x is >= 1 and <= BestGrade), "grades", $"are {string.Join(", ", g.Grades)}",
                    $"expected {answers.Count} of 1 to {BestGrade}");
                break;
            case Said.Edited e:
                yield return Fault.Unless(e.Answer >= 0 && e.Answer < answers.Count, "answer", $"is {e.Answer}", $"allowed: 0 to {answers.Count - 1}");
                yield return Fault.Unless(!string.IsNullOrWhiteSpace(e.Text) && e.Text.Length <= MostText, "text", $"has {e.Text.Length} characters", $"expected a better answer of up to {MostText}");
                if (e.Answer >= 0 && e.Answer < answers.Count)
                    yield return Fault.Unless(answers[study.Shown(Annotator, Question)[e.Answer]].Text != e.Text.Trim(), "text", "is the answer as it was", "expected a better one");
                break;
            case Said.Flagged f:
                yield return Fault.Unless(f.Note.Length <= MostText, "note", $"has {f.Note.Length} characters", $"allowed: up to {MostText}");
                break;
        }
    }

    /// <summary>Whether somebody may be called so; else the fault.</summary>
    public static Validation<Fault, Unit> CheckName(string annotator) =>
        Fault.Unless(IsName(annotator), "annotator", annotator.Length == 0 ? "has no name" : "has a name that is too long, or has characters that cannot be seen or white space at an end",
            $"allowed: 1 to {MostName} characters");

    static bool IsName(string text) => text.Length is > 0 and <= MostName && text.Trim() == text && !text.Any(static c => char.GetUnicodeCategory(c)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);

    /// <summary>The id of the judgement that a row is of; nothing where it is of none.</summary>
    public static string? IdOf(Annotation row) => Member(row, id) is Json.Text { Value: var value } ? value : null;

    /// <summary>The number of the question that a row is of; nothing where it is of none.</summary>
    public static int? QuestionOf(Annotation row) => Member(row, number) is Json.Whole { Value: >= 0 and <= int.MaxValue and var value } ? (int)value : null;

    /// <summary>How many rows the row's judgement has: 1 where nothing is said.</summary>
    public static int RowsOf(Annotation row) => Member(row, rows) is Json.Whole { Value: > 0 and <= int.MaxValue and var value } ? (int)value : 1;

    /// <summary>Whether the better answer was written by whoever judged.</summary>
    public static bool IsEdited(Annotation row) => Member(row, edited) is Json.Bool { Value: true };

    /// <summary>Why the answers were flagged; empty where nothing was said.</summary>
    public static string NoteOf(Annotation row) => Member(row, note) is Json.Text { Value: var value } ? value : "";

    /// <summary>Whose the answers of a row are; empty where nobody's are known, or it was written by whoever judged.</summary>
    public static (string First, string Second) ModelsOf(Annotation row) =>
        (Member(row, first) is Json.Text { Value: var one } ? one : "", Member(row, second) is Json.Text { Value: var other } ? other : "");

    static Json? Member(Annotation row, string name) => row.Beside.Contains(name) ? row.Beside[name] : null;
}
