using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Data.World;

/// <summary>Lessons about the embedded world.</summary>
public sealed class TutorLaws
{
    /// <summary>Of the kinds that are asked for, every one and no other; and all where nothing is said.</summary>
    [Property(MaxTest = 20)]
    public void Lessons_are_of_the_kinds_that_are_asked_for(byte seed, byte which)
    {
        var some = Tutor.AllKinds.Where((_, i) => (which * 7 + seed >> i & 1) == 1).ToVec();
        var kinds = some.Count == 0 ? Tutor.AllKinds : some;
        var told = Tutor.Lessons(seed, some).Take(120).Select(static l => l.Exercise.Kind).Distinct().Order();
        Assert.Equal(kinds.Order(), told);
        Assert.Equal(some, Training.TinyRun.Get(Tutor.Kinds(some.Count == 0 ? "all" : string.Join('+', some.Map(Tutor.NameOf)))).Where(k => some.Contains(k)).ToVec());
    }

    [Theory, InlineData("copy+cook", "'cook' is no kind of them"), InlineData("", "'' is no kind"), InlineData("copy,sum", "'copy,sum' is no kind")]
    public void Other_words_are_faults(string text, string expected) => Assert.Contains(expected, Training.TinyRun.Faults(Tutor.Kinds(text)), StringComparison.Ordinal);

    /// <summary>A wrong answer is one: nothing that a right answer could be taken for.</summary>
    [Property(MaxTest = 60)]
    public void What_is_wrong_is_wrong(byte seed, byte index)
    {
        var lesson = Tutor.Lesson(seed, index);
        Assert.True(Exercise.Verify(lesson.Exercise, lesson.Exercise.Answer));
        Assert.False(Exercise.Verify(lesson.Exercise, lesson.Wrong));
    }
}
