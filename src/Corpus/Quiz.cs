using System.Globalization;
using Functional.Base;
using Functional.Dialogues;

namespace Functional.Stories;

/// <summary>
/// Exercises of the world with answers to choose from: the right one among others of its kind that the world says are wrong. What is wrong is near: another place
/// or person, those of the story first; a number beside it; the same words in another order.
/// </summary>
public static class Quiz
{
    const int MostChoices = 4;

    /// <summary>A lesson's question with two to four choices, of which <see cref="Exercise.Verify"/> takes one; where that stands follows from the question.</summary>
    public static MultipleChoice Of(Lesson lesson)
    {
        var (exercise, key) = (lesson.Exercise, Key.Seed(0).FoldIn("quiz").FoldIn(lesson.Request));
        var wrong = Near(exercise, key).Append(lesson.Wrong).Where(other => !Exercise.Verify(exercise, other)).DistinctBy(static other => other.ToUpperInvariant())
            .Take(Few(exercise) ? 1 : MostChoices - 1).ToList();
        var right = (int)key.Below(0, wrong.Count + 1);
        return new([new(Role.User, lesson.Request)], exercise.Prompt, [.. wrong.Take(right), exercise.Answer, .. wrong.Skip(right)], right);
    }

    // Where a question names what it asks between, or takes yes or no, there is no third.
    static bool Few(Exercise exercise) => exercise.Kind == ExerciseKind.Compare || exercise.Answer is "yes" or "no";

    static IEnumerable<string> Near(Exercise exercise, Key key) => exercise switch
    {
        { Answer: "yes" or "no" } => [exercise.Answer == "yes" ? "no" : "yes"],
        { Kind: ExerciseKind.Compare } => Between(exercise.Prompt).Where(word => word != exercise.Answer),
        { Kind: ExerciseKind.Copy or ExerciseKind.Reverse } => Reordered(exercise.Answer, key),
        _ when int.TryParse(exercise.Answer, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => Beside(number, key).Select(Digits),
        { Kind: ExerciseKind.Count } => Counted(exercise.Answer),
        _ => Others(exercise, key),
    };

    // "…, a or b?"
    static IEnumerable<string> Between(string prompt) =>
        prompt[..prompt.LastIndexOf('?')] is var question ? question[(question.LastIndexOf(", ", StringComparison.Ordinal) + 2)..].Split(" or ") : [];

    static IEnumerable<string> Reordered(string answer, Key key)
    {
        var words = answer.Contains(' ', StringComparison.Ordinal);
        string[] parts = words ? answer.Split(' ') : [.. answer.Select(static c => c.ToString())];
        foreach (var at in Shuffled(parts.Length - 1, key))
        {
            var other = parts.ToArray();
            (other[at], other[at + 1]) = (other[at + 1], other[at]);
            yield return string.Join(words ? " " : "", other);
        }
        yield return string.Join(words ? " " : "", parts.Reverse());
        yield return string.Join(words ? " " : "", parts.SkipLast(1));
        yield return string.Join(words ? " " : "", parts.Append(parts[0]));
    }

    static IEnumerable<int> Beside(int number, Key key) => Shuffled(6, key).Select(i => number + (i < 3 ? i - 3 : i - 2)).Where(static other => other >= 0);

    // One number more, one less, and one too far.
    static IEnumerable<string> Counted(string answer)
    {
        var numbers = answer.Split(' ');
        var (first, last) = (int.Parse(numbers[0], CultureInfo.InvariantCulture), int.Parse(numbers[^1], CultureInfo.InvariantCulture));
        yield return string.Join(' ', numbers.Skip(1));
        yield return string.Join(' ', numbers.SkipLast(1));
        yield return string.Join(' ', Enumerable.Range(first, last - first + 2).Select(Digits));
    }

    // Of the kind that the answer is, those of which the story speaks before the others.
    static IEnumerable<string> Others(Exercise exercise, Key key)
    {
        Vec<(string Name, string Answer)> places = Lexicon.Places.Map(static p => (p.Name, p.At));
        var all = places.Any(p => p.Answer == exercise.Answer) ? places : [.. Lexicon.People.Select(static p => (p.Name, p.Name)), ("nobody", "nobody")];
        return Shuffled(all.Count, key).Select(i => all[i])
            .OrderBy(other => exercise.Prompt.Contains(other.Name, StringComparison.Ordinal) || other.Name == "nobody" ? 0 : 1).Select(static other => other.Answer);
    }

    static IEnumerable<int> Shuffled(int count, Key key) => Enumerable.Range(0, Math.Max(0, count)).OrderBy(i => key.FoldIn("order").Bits64(i));

    static string Digits(int n) => n.ToString(CultureInfo.InvariantCulture);
}
