using Functional.Testing;
using LanguageExt;
using Xunit;
using static Functional.Tests.Properties.Dialogues.Talk;

namespace Functional.Tests.Properties.Dialogues;

/// <summary>What is cut of what does not fit.</summary>
public sealed class TruncationLaws
{
    // Its tokens count, so that it shows which were kept; those of the answer alone are learned.
    static Example Of(int prompt, int answer, int kept, int first = 0) => new([.. Enumerable.Range(0, prompt), .. Enumerable.Range(1000 + first, answer)],
        [.. Enumerable.Range(0, prompt + answer).Select(i => i >= prompt)], Math.Min(kept, prompt));

    [Property(MaxTest = 500)]
    public void The_answer_stays_whole_where_it_can(byte prompt, byte answer, byte most, bool begins)
    {
        var (p, a, m, kept) = (1 + prompt % 60, 1 + answer % 40, 2 + most % 60, begins ? 1 : 0);
        var whole = Of(p, a, kept);
        var (example, cut) = whole.Within(m);
        Assert.Equal(p + a <= m ? Cut.None : a + Math.Min(kept, m - 2) < m ? Cut.Prompt : Cut.Answer, cut);
        Assert.Equal(example.Ids.Count, example.Learns.Count);
        Assert.Equal(Math.Min(p + a, m), cut == Cut.Answer ? Math.Min(p + a, m) : example.Ids.Count);
        Assert.True(example.Ids.Count <= m && example.Learned >= 1 && example.LastAnswer >= 1);
        if (kept > 0 && m > 2) Assert.Equal(0, example.Ids[0]);
        // Of the prompt its end, of the answer its beginning; and the answer's end only where it is whole.
        Assert.Equal(whole.Ids.Skip(p).Take(example.Learned), example.Ids.Skip(example.LastAnswer));
        Assert.Equal(p - 1, example.Ids[example.LastAnswer - 1]);
        if (cut != Cut.Answer) Assert.Equal(a, example.Learned);
        // Exactly what fits is not cut, and one more is.
        Assert.Equal((whole, Cut.None), whole.Within(Math.Max(2, p + a)));
        if (p + a > 3) Assert.NotEqual(Cut.None, whole.Within(p + a - 1).Cut);
    }

    /// <summary>All answers stand behind the same prompt, and each that fits is whole.</summary>
    [Property(MaxTest = 500)]
    public void Prompts_are_cut_alike(byte prompt, byte first, byte second, byte most)
    {
        var (p, m) = (1 + prompt % 60, 2 + most % 60);
        Vec<Example> pair = [Of(p, 1 + first % 40, 0), Of(p, 1 + second % 40, 0, 500)];
        var (cut, kind) = Example.Within(pair, m);
        Assert.Equal(cut[0].Ids.Take(cut[0].LastAnswer), cut[1].Ids.Take(cut[1].LastAnswer));
        Assert.All(cut, e => Assert.True(e.Ids.Count <= m && e.Learned >= 1));
        if (kind != Cut.Answer) Assert.Equal(pair.Map(static e => e.Learned), cut.Map(static e => e.Learned));
        Assert.NotEqual(cut[0], cut[1]);
    }

    [Fact]
    public void Answers_that_cutting_would_make_equal_are_a_fault()
    {
        var row = new Located<Ranking>(new([User("q")], [new string('a', 50) + "b", new string('a', 50) + "c"]), "file, line 4");
        Assert.StartsWith("file, line 4: its two answers are equal in what is left of them, for there is room for 20 tokens", Prepare.Rankings([row], Encoder("plain"), 20).Show(), StringComparison.Ordinal);
        var fits = Prepare.Rankings([row], Encoder("plain"), 52).Get();
        Assert.Equal((1, 0L, 0L), (fits.Data.Count, fits.PromptsCut, fits.AnswersCut));
        // Equal to the template, though not to the letter.
        Assert.StartsWith("file, line 5: its two answers are the same tokens", Prepare.Rankings([new(new([User("q")], ["a", "a "]), "file, line 5")], Encoder("llama3"), 99).Show(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_cut_is_counted()
    {
        static Located<Conversation> Row(int prompt, int answer) => new(new([User(new('p', prompt)), Assistant(new('a', answer))]), "x");
        // Places predict, and the last token is only predicted: 10 places hold 11 tokens.
        var cut = Prepare.Conversations([Row(5, 6), Row(6, 6), Row(1, 10), Row(1, 11), Row(9, 11)], Encoder("plain"), 10).Get();
        Assert.Equal((2L, 1L), (cut.AnswersCut, cut.PromptsCut));
        Assert.Equal(11, cut.Data.Longest);
    }
}
