using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Data.World;

/// <summary>Questions of the world with choices: one is right, and the others are wrong.</summary>
public sealed class QuizLaws
{
    [Property(MaxTest = 200)]
    public void One_choice_is_right(byte seed, PositiveInt index)
    {
        var lesson = Tutor.Lesson(seed, index.Get);
        var quiz = Quiz.Of(lesson);
        Assert.Equal([quiz.Right], Enumerable.Range(0, quiz.Choices.Count).Where(i => Exercise.Verify(lesson.Exercise, quiz.Choices[i])));
        Assert.Equal(lesson.Exercise.Answer, quiz.Choices[quiz.Right]);
        Assert.InRange(quiz.Choices.Count, 2, 4);
        Assert.Equal(quiz.Choices.Count, quiz.Choices.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.DoesNotContain(quiz.Choices, string.IsNullOrWhiteSpace);
        // What is asked is what the corpus asks, and what a lesson asks.
        Assert.Equal(lesson.Exercise.Prompt, quiz.Text);
        Assert.Equal([new(Role.User, lesson.Request)], quiz.Prompt);
        Assert.Equal(quiz, Quiz.Of(lesson));
    }

    /// <summary>Where the right one stands says nothing, and wrong ones are of the right one's kind.</summary>
    [Fact]
    public void The_right_one_stands_anywhere_among_its_like()
    {
        var all = Enumerable.Range(0, 2000).Select(static i => (Lesson: Tutor.Lesson(7, i), Quiz: Quiz.Of(Tutor.Lesson(7, i)))).ToList();
        foreach (var group in all.GroupBy(static q => q.Quiz.Choices.Count).Where(static g => g.Count() > 200))
            for (var at = 0; at < group.Key; at++) Assert.Equal(1.0 / group.Key, group.Count(q => q.Quiz.Right == at) / (double)group.Count(), 0.06);
        bool AreAll(string answer, Func<string, bool> kind) => all.Where(q => kind(q.Lesson.Exercise.Answer) && q.Lesson.Exercise.Kind == ExerciseKind.Story).All(q => q.Quiz.Choices.Count(kind) >= q.Quiz.Choices.Count);
        Assert.True(AreAll("a place", static text => Lexicon.Places.Any(p => p.At == text)));
        Assert.True(AreAll("a number", static text => int.TryParse(text, out _)));
        Assert.True(AreAll("yes", static text => text is "yes" or "no"));
        Assert.True(AreAll("a name", static text => text == "nobody" || Lexicon.People.Any(p => p.Name == text)));
        // Of the two that a question names, the other.
        Assert.All(all.Where(static q => q.Lesson.Exercise.Kind == ExerciseKind.Compare), static q =>
        {
            Assert.Equal(2, q.Quiz.Choices.Count);
            Assert.All(q.Quiz.Choices, choice => Assert.Contains($" {choice}", q.Lesson.Request, StringComparison.Ordinal));
        });
    }
}
