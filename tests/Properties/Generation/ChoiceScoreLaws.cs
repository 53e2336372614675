using FsCheck;
using Xunit;
using static Functional.Tests.Properties.Training.TinyRun;

namespace Functional.Tests.Properties.Generation;

/// <summary>What a model thinks of a choice is the sum of its tokens' log-probabilities, however it is read.</summary>
public sealed class ChoiceScoreLaws
{
    static readonly DialogueEncoder encoder = Get(DialogueTemplate.Named("user-assistant").Bind(static t => DialogueEncoder.Of(t, ByteTokenizer.Instance)));

    static Choices Asked(int seed, int count, int context)
    {
        var key = Key.Seed((ulong)seed);
        string Any(Key own, int most) => string.Concat(Enumerable.Range(0, 1 + (int)own.Below(99, most)).Select(i => (char)('a' + own.Below(i, 26))));
        var rows = Enumerable.Range(0, count).Select(i => new Located<MultipleChoice>(MultipleChoice.Question(Any(key.FoldIn(i), 60),
            [.. Enumerable.Range(0, 2 + (int)key.FoldIn(i).Below(100, 3)).Select(c => Any(key.FoldIn(i).FoldIn(c), 14))], 0), $"row {i}")).ToVec();
        var fitted = Get(Prepare.Choices(rows, encoder, context));
        return new(encoder, rows, fitted.Map(static f => f.Examples), fitted.Count(static f => f.Cut != Cut.None));
    }

    static readonly DecoderConfig config = new() { Layers = 1, Heads = 2, Width = 8, Context = 40, Vocabulary = 256 };

    /// <summary>Of one full forward pass of the choice behind its question, by itself and without padding.</summary>
    [Property(MaxTest = 12)]
    public void A_score_is_the_sum_of_its_tokens_log_probabilities(PositiveInt seed, PositiveInt rows)
    {
        using var subject = new TinyGpt(seed.Get, config);
        var asked = Asked(seed.Get, 3, config.Context);
        var scores = subject.Choose(asked, 1 + rows.Get % 6);
        for (var question = 0; question < 3; question++)
            foreach (var (example, score) in asked.Examples[question].Zip(scores.Questions[question].Choices))
            {
                var expected = 0.0;
                for (var i = example.LastAnswer; i < example.Ids.Count; i++)
                {
                    var logits = subject.Logits([.. example.Ids.Take(i)]);
                    expected += logits[example.Ids[i]] - logits.Max() - Math.Log(logits.Sum(l => Math.Exp((double)l - logits.Max())));
                }
                Assert.Equal(expected, score.LogProb, 1e-4);
                Assert.Equal(example.Ids.Count - example.LastAnswer, score.Tokens);
            }
    }

    /// <summary>On the reference to the bit; on the engine that people use to the rounding of float32.</summary>
    [Property(MaxTest = 8)]
    public void Neither_other_rows_nor_padding_change_a_score(PositiveInt seed, PositiveInt rows, PositiveInt threads)
    {
        var asked = Asked(seed.Get, 4, config.Context);
        double[] Scores(IEngine engine, int at, Choices which)
        {
            using var subject = new TinyGpt(seed.Get, config, engine);
            return [.. subject.Choose(which, at).Questions.SelectMany(static q => q.Choices.Select(static c => c.LogProb))];
        }

        var alone = Scores(new ReferenceEngine(), 1, asked);
        Assert.Equal(alone, Scores(new ReferenceEngine(), 1 + rows.Get % 9, asked));
        Assert.Equal(alone, Scores(new ManagedEngine(1 + threads.Get % 3), 1 + rows.Get % 9, asked), static (a, b) => Math.Abs(a - b) < 1e-4);
        Assert.Equal(Scores(new ManagedEngine(1), 5, asked), Scores(new ManagedEngine(3), 5, asked));
        // In another order, beside other questions.
        Choices turned = asked with { Rows = [.. asked.Rows.Reverse()], Examples = [.. asked.Examples.Reverse()] };
        Assert.Equal(alone.Order(), Scores(new ReferenceEngine(), 2, turned).Order());
    }

    /// <summary>A question of exactly the context and one token more is whole; of one more it is cut, and the score is that of what is left.</summary>
    [Fact]
    public void The_last_token_is_only_predicted()
    {
        using var subject = new TinyGpt(3, config);
        var before = "User: \nAssistant: ".Length;
        for (var more = -1; more <= 1; more++)
        {
            var rows = (Vec<Located<MultipleChoice>>)[new(MultipleChoice.Question(new string('q', config.Context + 1 - before - 4 + more), ["abcd", "x"], 0), "row")];
            var fitted = Get(Prepare.Choices(rows, encoder, config.Context));
            Assert.Equal(more > 0 ? Cut.Prompt : Cut.None, fitted[0].Cut);
            Assert.Equal(config.Context + 1 + Math.Min(more, 0), fitted[0].Examples[0].Ids.Count);
            var scores = subject.Choose(new(encoder, rows, [fitted[0].Examples], more > 0 ? 1 : 0), 2);
            Assert.Equal((4, 1, more > 0 ? 1 : 0), (scores.Questions[0].Choices[0].Tokens, scores.Questions[0].Choices[1].Tokens, scores.Cut));
        }
    }

    [Fact]
    public void Numbers_that_are_none_are_said()
    {
        using var subject = new TinyGpt(3, config);
        subject.Spoil();
        Assert.Throws<NotFiniteNumberException>(() => subject.Choose(Asked(1, 1, config.Context), 2));
    }
}
