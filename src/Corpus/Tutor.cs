using Functional.Base;
using Functional.Dialogues;

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
    /// <summary>A lesson.</summary>
    /// <param name="seed">Chooses the world.</param>
    /// <param name="index">Which lesson, from 0.</param>
    public static Lesson Lesson(ulong seed, long index)
    {
        var key = Key.Seed(seed).FoldIn("tutor").FoldIn(index);
        var kind = (ExerciseKind)new Dice(key).Below((int)ExerciseKind.Sum + 1);
        var exercise = Exercise.Of(kind, key.FoldIn("exercise"));
        return new(exercise, RequestOf(exercise), WrongOf(exercise, key.FoldIn("wrong")));
    }

    /// <summary>Lessons without end.</summary>
    /// <param name="seed">Chooses the world.</param>
    public static IEnumerable<Lesson> Lessons(ulong seed)
    {
        for (long index = 0; ; index++) yield return Lesson(seed, index);
    }

    /// <summary>Whether a question is kept for evaluation, of which so large a share is.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="share">In (0, 1).</param>
    public static bool IsKept(string request, double share) => Key.Seed(0).FoldIn("kept").FoldIn(request).Uniform(0) < share;

    /// <summary>The lesson as a conversation.</summary>
    public static Conversation Conversation(Lesson lesson) => new([new(Role.User, lesson.Request), new(Role.Assistant, lesson.Exercise.Answer)]);

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
