using Functional.Base;
using Functional.Samples;
using Functional.Testing;

namespace Functional.Tests.Snapshots.Samples;

/// <summary>Lesson 20 with a model so small that all of it is over in seconds.</summary>
public sealed class CountingETests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("functional-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    CountingOptions Tiny => new()
    {
        Folder = Path.Combine(folder, "out"), Text = Path.Combine(folder, "text.txt"), PretrainSteps = 60, MostPretrainSteps = 60, Updates = 30, KlWeights = [0, 2], Measured = 40,
        Pretraining = [("layers", "1"), ("heads", "2"), ("width", "32"), ("context", "40"), ("engine", "managed"), ("eval-batches", "2")],
        Practice = [("lr", "0.01"), ("warmup", "0"), ("engine", "managed")],
    };

    // Letters of the prompts and others, evenly, so that there is something to be learned and little to be read.
    async Task Write() => await File.WriteAllTextAsync(Path.Combine(folder, "text.txt"),
        string.Concat(Enumerable.Range(0, 4000).Select(static i => "ROMEUTIC:suphedlnt\n"[(int)(Key.Seed(1).Uniform(i) * 19)])));

    /// <summary>The reward rises clearly, distance that costs is not gone, and who calls again does nothing twice.</summary>
    [Fact]
    public async Task A_policy_learns_to_write_e()
    {
        await Write();
        var told = new StringWriter();
        var outcomes = await CountingE.RunAsync(Tiny, told);
        Assert.Equal([0, 0, 2], outcomes.Select(static o => o.KlWeight));
        Assert.Equal([60L, 30, 30], outcomes.Select(static o => o.Updates));
        var (before, free, bound) = (outcomes[0], outcomes[1], outcomes[2]);
        Assert.InRange(before.Es, 0, 4);
        Assert.InRange(before.Kl, -1e-3, 1e-3);
        Assert.True(free.Es > before.Es + 8, told.ToString());
        Assert.True(bound.Es < free.Es - 4 && bound.Kl < free.Kl / 4, told.ToString());
        // Nothing ends an answer early: each line of a sample has all characters.
        Assert.All(free.Texts.TrimEnd('\n').Split('\n'), static line => Assert.Equal(CountingE.Characters, line[14..].Length));
        Assert.Contains("KL weight 2", await File.ReadAllTextAsync(Tiny.Picture), StringComparison.Ordinal);
        var again = new StringWriter();
        Assert.Equal(outcomes, await CountingE.RunAsync(Tiny, again));
        Assert.DoesNotMatch("update +[0-9]+:", again.ToString());
    }

    /// <summary>A text without all letters of the prompts is read as bytes; and a base of another text is not taken for one of this.</summary>
    [Fact]
    public async Task Another_text_wants_another_folder()
    {
        var brief = Tiny with { PretrainSteps = 1, MostPretrainSteps = 1 };
        await File.WriteAllTextAsync(brief.Text!, string.Concat(Enumerable.Repeat("few letters, all of them small.\n", 100)));
        await CountingE.Pretrain(brief, TextWriter.Null);
        Assert.Contains("tokenizer: byte", await File.ReadAllTextAsync(Path.Combine(brief.Base, "config.yaml")), StringComparison.Ordinal);
        foreach (var other in new[] { Path.Combine(folder, "other.txt"), null })
        {
            var error = await Assert.ThrowsAsync<FunctionalException>(() => CountingE.Pretrain(brief with { Text = other }, TextWriter.Null));
            Assert.Contains("has learned", error.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>The reward counts: of two texts one after the other it is the sum, no order of the letters changes it, and it is the length less what is left without e.</summary>
    [Fact]
    public void The_reward_counts() => Assert.All(Enumerable.Range(0, 200), static i =>
    {
        var key = Key.Seed(7).FoldIn(i);
        string Letters(string of) => string.Concat(Enumerable.Range(0, CountingE.Characters).Select(n => "eE ée\nxa"[(int)(key.FoldIn(of).Uniform(n) * 8)]));
        var (text, other) = (Letters("text"), Letters("other"));
        Assert.Equal(CountingE.Es(text) + CountingE.Es(other), CountingE.Es(text + other));
        Assert.Equal(CountingE.Es(text), CountingE.Es(string.Concat(text.Order())));
        Assert.Equal(text.Length - text.Replace("e", "", StringComparison.Ordinal).Length, CountingE.Es(text));
    });

    /// <summary>What the rewards of some texts are.</summary>
    [Theory]
    [InlineData("", 0)]
    [InlineData("eeeeeeeeeeeeeeeeeeeeeeee", 24)]
    [InlineData("MERCUTIO:\nThe best, sweet", 4)]
    public void Rewards_of_some_texts(string text, double es) => Assert.Equal(es, CountingE.Es(text));

    /// <summary>The exercise; a nat that costs nearly all leaves the base as it is, and one that costs nearly nothing leaves only e.</summary>
    [Fact]
    public void Counting_e_has_an_answer()
    {
        Assert.Equal(9.6436, CountingE.Characters * TradeOff.Best(1 / 12.0, 0.5), 1e-4);
        Assert.Equal((0.25, 1.0), (TradeOff.Best(0.25, 1e9), TradeOff.Best(0.25, 1e-3)), (a, b) => Math.Abs(a.Item1 - b.Item1) < 1e-6 && Math.Abs(a.Item2 - b.Item2) < 1e-6);
    }

    /// <summary>The table has a row for the base and one for each policy, with a bar as long as its e's.</summary>
    [Fact]
    public void A_table_shows_the_trade_off() => Assert.Equal("""
              KL weight  nats an answer   mean e  seconds
              the base             0.00     2.00           ██
              0                   80.25    23.60       40  ████████████████████████
              0.5                  5.00     4.40       41  ████

        """, TradeOff.Table(new(0, 2, 0, 1000, 50), [new(0, 23.6, 80.25, 100, 40), new(0.5, 4.4, 5, 100, 41)]).ReplaceLineEndings("\n"));
}
