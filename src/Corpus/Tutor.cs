using Functional.Base;
using Functional.Dialogues;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Stories;

/// <summary>An exercise of the world as somebody would ask it, with the right answer and a wrong one.</summary>
/// <param name="Exercise">The exercise.</param>
/// <param name="Request">What is asked.</param>
/// <param name="Wrong">An answer that is not right: that of another exercise of the kind.</param>
public sealed record Lesson(Exercise Exercise, string Request, string Wrong);

/// <summary>
/// Dialogues about the embedded world, made up from a seed; each depends on the seed and its own index alone. A question is either learned or kept for
/// evaluation, wherever it comes up again: its text decides.
/// </summary>
public static class Tutor
{
    /// <summary>All kinds of exercises.</summary>
    public static Vec<ExerciseKind> AllKinds { get; } = [.. Enum.GetValues<ExerciseKind>()];

    /// <summary>The kinds that a text names: <c>count+copy</c>, or <c>all</c>.</summary>
    public static Validation<Fault, Vec<ExerciseKind>> Kinds(string text) => text == "all" ? Success<Fault, Vec<ExerciseKind>>(AllKinds) : text.Split('+')
        .Select(word => AllKinds.FirstOrDefault(kind => NameOf(kind) == word, (ExerciseKind)(-1)) is >= 0 and var kind ? Success<Fault, ExerciseKind>(kind)
            : Fault.Of<ExerciseKind>("lessons", $"is {text}, and '{word}' is no kind of them", $"allowed: all, or {string.Join(", ", AllKinds.Map(NameOf))}, with + between them"))
        .Gather();

    /// <summary>What settings call a kind.</summary>
    public static string NameOf(ExerciseKind kind) => kind switch
    {
        ExerciseKind.Story => "story", ExerciseKind.Count => "count", ExerciseKind.Copy => "copy", ExerciseKind.Reverse => "reverse", ExerciseKind.Compare => "compare",
        ExerciseKind.Sum => "sum", _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such kind of exercise"),
    };

    /// <summary>A lesson.</summary>
    /// <param name="seed">Chooses the world.</param>
    /// <param name="index">Which lesson, from 0.</param>
    /// <param name="kinds">Of what kinds, one or more; all where none is given.</param>
    public static Lesson Lesson(ulong seed, long index, Vec<ExerciseKind> kinds = default)
    {
        var key = Key.Seed(seed).FoldIn("tutor").FoldIn(index);
        var some = kinds.Count == 0 ? AllKinds : kinds;
        var kind = some[new Dice(key).Below(some.Count)];
        var exercise = Exercise.Of(kind, key.FoldIn("exercise"));
        return new(exercise, RequestOf(exercise), WrongOf(exercise, key.FoldIn("wrong")));
    }

    /// <summary>Lessons without end.</summary>
    /// <param name="seed">Chooses the world.</param>
    /// <param name="kinds">Of what kinds; all where none is given.</param>
    public static IEnumerable<Lesson> Lessons(ulong seed, Vec<ExerciseKind> kinds = default)
    {
        for (long index = 0; ; index++) yield return Lesson(seed, index, kinds);
    }

    /// <summary>Whether a question is kept for evaluation, of which so large a share is.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="share">In (0, 1).</param>
    public static bool IsKept(string request, double share) => Key.Seed(0).FoldIn("kept").FoldIn(request).Uniform(0) < share;

    /// <summary>The lesson as a conversation.</summary>
    public static Conversation Conversation(Lesson lesson) => new([new(Role.User, lesson.Request), new(Role.Assistant, lesson.Exercise.Answer)]);

    /// <summary>The lesson as a conversation with somebody who errs: to so large a share of questions the answer is wrong; the question's text decides.</summary>
    /// <param name="lesson">The lesson.</param>
    /// <param name="share">In [0, 1).</param>
    public static Conversation Fallible(Lesson lesson, double share) => Key.Seed(0).FoldIn("slip").FoldIn(lesson.Request).Uniform(0) < share
        ? new([new(Role.User, lesson.Request), new(Role.Assistant, lesson.Wrong)]) : Conversation(lesson);

    /// <summary>The lesson as a comparison: what is right is preferred.</summary>
    public static Ranking Ranking(Lesson lesson) => new([new(Role.User, lesson.Request)], [lesson.Exercise.Answer, lesson.Wrong]);

    /// <summary>The lesson as an answer that was judged by itself: by turns a right and a wrong one.</summary>
    public static Judged Judged(Lesson lesson) => Key.Seed(0).FoldIn("judged").FoldIn(lesson.Request).Below(0, 2) == 0
        ? new([new(Role.User, lesson.Request)], lesson.Exercise.Answer, true) : new([new(Role.User, lesson.Request)], lesson.Wrong, false);

    // "Question: … Answer:" is how the corpus asks; a user just asks.
    static string RequestOf(Exercise exercise)
    {
        const string question = "Question: ", answer = "\nAnswer:";
        var text = exercise.Prompt.EndsWith(answer, StringComparison.Ordinal) ? exercise.Prompt[..^answer.Length] : exercise.Prompt;
        var at = text.LastIndexOf(question, StringComparison.Ordinal);
        return at < 0 ? text : text.Remove(at, question.Length);
    }

    static string WrongOf(Exercise exercise, Key key)
    {
        for (long i = 0; ; i++)
            if (Exercise.Of(exercise.Kind, key.FoldIn(i)).Answer is var other && !Exercise.Verify(exercise, other)) return other;
    }
}
