using FsCheck;
using Xunit;
using static Functional.Tests.Properties.Training.TinyRun;

namespace Functional.Tests.Properties.Sampling;

/// <summary>Texts of revisions are filled in as they stand, and what is kept of rounds never gets worse.</summary>
public sealed class RevisionLaws
{
    /// <summary>Whatever is written in the rounds, and whatever is not known of it.</summary>
    [Property(MaxTest = 60)]
    public void The_best_so_far_never_falls(PositiveInt seed, PositiveInt rounds)
    {
        var key = Key.Seed((ulong)seed.Get);
        var all = new Revision([]);
        var (before, tokens) = (double.NegativeInfinity, 0L);
        Assert.Null(all.Best);
        for (var round = 0; round < 1 + rounds.Get % 6; round++)
        {
            Vec<Candidate> written = [.. Enumerable.Range(0, 1 + round % 3).Select(i => key.FoldIn(round).Below(i, 5) is var r
                ? new Candidate($"{round}.{i}", i + 1, 0, r == 4 ? double.NaN : r, r) : throw new InvalidOperationException())];
            all = all.After(written, round);
            tokens += round + written.Sum(static c => (long)c.Tokens);
            Assert.Equal(tokens, all.Tokens);
            double[] known = [.. all.Seen.Select(static c => c.Reward).Where(double.IsFinite)];
            Assert.Equal(known.Length > 0, all.Best is not null);
            if (all.Best is not { } best || all.Worst is not { } worst) continue;
            Assert.True(best.Reward >= before);
            Assert.Equal((known.Max(), known.Min()), (best.Reward, worst.Reward));
            Assert.Equal(all.Seen.First(c => c.Reward == known.Max()), best);
            before = best.Reward;
            Assert.Equal((round, (double)all.Seen.Count, (double)tokens, best.Reward, best.Value, 7), Revision.Point(round, [all], 7, key) is var p
                ? (p.Round, p.Answers, p.Tokens, p.Reward.Value, p.Value.Value, p.Revised) : default);
        }
    }

    /// <summary>Braces, and names in braces, that stand in what is filled in are text.</summary>
    [Property(MaxTest = 60)]
    public void What_is_filled_in_is_text(NonNull<string> question, NonNull<string> best)
    {
        var texts = new RevisionTexts("{{{question}}}[{best}]({worst})", "{critique}", "{question}{advice}");
        Assert.True(texts.Validate().IsSuccess);
        Assert.Equal($"{{{question.Get}}}[{best.Get}]({{worst}}{{)", texts.AskLoss(question.Get, best.Get, "{worst}{"));
        Assert.Equal("{critique}", texts.AskGradient("", "", "", "{critique}"));
        Assert.Equal(question.Get + best.Get, texts.AskUpdate(question.Get, "", best.Get));
    }

    [Theory]
    [InlineData("""[]""", "f: is a list; expected an object; allowed: loss, gradient, update, each a text")]
    [InlineData("""{"lost":"x","update":1}""", "f: lost: is unknown; allowed: loss, gradient, update, each a text\nf: update: is a whole number; expected a text")]
    [InlineData("""{"loss":"{best} and {worst} and {gradient}"}""", "f: loss: has {gradient}; allowed: {question}, {best}, {worst}; {{ and }} for braces")]
    [InlineData("""{"loss":"{best} {worst"}""", "f: loss: opens a brace at character 8 that stays open; allowed: {question}, {best}, {worst}; {{ and }} for braces")]
    [InlineData("""{"loss":"{best} {worst} }"}""", "f: loss: closes a brace at character 16 that was not opened; allowed: {question}, {best}, {worst}; {{ and }} for braces")]
    [InlineData("""{"gradient":"what now?","update":"{question} {best}"}""",
        "f: gradient: has no {critique}, without which it asks nothing; allowed: {question}, {best}, {worst}, {critique}\nf: update: has no {advice}, without which it asks nothing; allowed: {question}, {best}, {advice}")]
    public void What_is_wrong_with_texts_is_said(string json, string expected) => Assert.Equal(expected, Faults(RevisionTexts.Read(Get(Json.Parse(json, "f")), "f")));

    [Fact]
    public void What_is_not_written_is_the_standard()
    {
        Assert.Equal(RevisionTexts.Standard, Get(RevisionTexts.Read(Get(Json.Parse("{}", "f")), "f")));
        Assert.Equal(RevisionTexts.Standard with { Gradient = "{critique}!" }, Get(RevisionTexts.Read(Get(Json.Parse("""{"gradient":"{critique}!"}""", "f")), "f")));
        Assert.True(RevisionTexts.Standard.Validate().IsSuccess);
    }
}
