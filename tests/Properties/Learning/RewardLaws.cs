using FsCheck;
using Functional.Testing;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Learning;

/// <summary>What becomes of what judges say before it is learned.</summary>
public sealed class RewardLaws
{
    static double[] Numbers(ulong seed, int count) => [.. Enumerable.Range(0, count).Select(i => 9 * Key.Seed(seed).Uniform(i) - 3)];

    /// <summary>Moments of all numbers are those of their parts one after the other, whatever the parts; what is no number is left out.</summary>
    [Property(MaxTest = 60)]
    public void Moments_of_parts_are_those_of_all(byte some, byte cut, ulong seed)
    {
        var all = Numbers(seed, 2 + some % 30);
        var at = cut % (all.Length + 1);
        var (whole, parts) = (RunningMoments.None.With(all), RunningMoments.None.With(all[..at]).With([.. all[at..], double.NaN, double.PositiveInfinity]));
        Assert.Equal((all.Length, all.Average()), (whole.Count, whole.Mean));
        Assert.Equal(whole.Count, parts.Count);
        Assert.Equal(whole.Mean, parts.Mean, 1e-9);
        Assert.Equal(Math.Sqrt(all.Average(x => (x - all.Average()) * (x - all.Average()))), parts.Deviation, 1e-9);
        // Those of the first round have mean 0 and variance 1, whatever was added to all and whatever all are multiplied by.
        var normal = all.Select(whole.Normalised).ToArray();
        Assert.Equal((0.0, 1.0), (Math.Round(normal.Average(), 9), Math.Round(normal.Average(static x => x * x), 9)));
        var moved = RunningMoments.None.With(all.Select(static x => 5 * x - 7));
        Assert.All(all.Zip(normal), p => Assert.Equal(p.Item2, moved.Normalised(5 * p.Item1 - 7), 1e-9));
        Assert.Equal(0, RunningMoments.None.With([4, 4, 4]).Normalised(4));
    }

    /// <summary>What is carried from round to round reads back to the bit.</summary>
    [Property]
    public void What_is_carried_reads_back(double coefficient, double mean, double squares, uint count, long asked)
    {
        var rules = new KlControl(0.3) { Target = 6, Horizon = 9 };
        var state = new PracticeState(rules with { Coefficient = coefficient }, new(count, mean, squares), asked);
        var words = state.ToWords();
        Assert.Equal(PracticeState.Words, words.Length);
        Assert.Equal(words, PracticeState.Begin(rules).Of(words).ToWords());
        if (!double.IsNaN(coefficient + mean + squares)) Assert.Equal(state, PracticeState.Begin(rules).Of(words));
    }

    static PracticeRules Rules => new(1, 2, 20, new(), new([], []), ByteTokenizer.Instance);

    /// <summary>The penalty for length is nothing up to where it begins, all at the limit, and grows evenly between; it stands beside that for no end.</summary>
    [Property(MaxTest = 60)]
    public void A_long_answer_is_worth_less(byte of, byte within, byte length)
    {
        var rules = Rules with { OverlongTokens = 1 + of % 20, OverlongPenalty = 1 + within % 3, EndPenalty = 0.5 };
        var n = length % 21;
        var over = Math.Max(0, n - (20 - rules.OverlongTokens)) / (double)rules.OverlongTokens;
        Assert.Equal(2 - rules.OverlongPenalty * over, rules.Worth(2, ends: true, n), 1e-9);
        Assert.Equal(rules.Worth(2, ends: true, n) - 0.5, rules.Worth(2, ends: false, n), 1e-9);
        Assert.Equal(2, (rules with { OverlongTokens = 0 }).Worth(2, ends: true, n));
    }

    /// <summary>What is learned is normalised, then within its bound, and penalties come off that; without either it is what the answer is worth.</summary>
    [Property(MaxTest = 60)]
    public void What_is_learned_of_a_reward(int whole, byte bound, byte mean)
    {
        var (reward, all) = (whole / 8.0, new RunningMoments(4, mean, 16));
        var rules = Rules with { EndPenalty = 0.25 };
        Assert.Equal(rules.Worth(reward, false, 3), rules.Learned(reward, false, 3, all));
        var clip = 0.5 + bound % 5;
        Assert.Equal(Math.Clamp(reward, -clip, clip) - 0.25, (rules with { Clip = clip }).Learned(reward, false, 3, all));
        Assert.Equal(Math.Clamp((reward - mean) / 2, -clip, clip), (rules with { Clip = clip, Normalises = true }).Learned(reward, true, 3, all));
        Assert.True(double.IsNaN((rules with { Clip = clip, Normalises = true }).Learned(double.NaN, true, 3, all)));
    }

    /// <summary>Judges read back from their text, and a + or = within a pattern or a folder divides nothing that it should not.</summary>
    [Theory]
    [InlineData("exact", "exact:1")]
    [InlineData("runs/judge", "runs/judge:1")]
    [InlineData("exact=1+f1=0.5+runs/judge=2", "exact:1 f1:0.5 runs/judge:2")]
    [InlineData("exact+number+length:40=0.1", "exact:1 number:1 length:40:0.1")]
    [InlineData("format:a+b", "format:a+b:1")]
    [InlineData("format:a+b=2+exact=-1", "format:a+b:2 exact:-1")]
    [InlineData("runs/a+b", "runs/a+b:1")]
    [InlineData("function+function:other=0.5", "function:1 function:other:0.5")]
    public void Judges_read_back(string text, string expected)
    {
        string Told(Vec<JudgeChoice> judges) => string.Join(' ', judges.Select(static j => FormattableString.Invariant($"{j.Name}:{j.Weight}")));
        var judges = JudgeChoice.All(text);
        Assert.Equal(expected, Told(judges));
        Assert.Equal(expected, Told(JudgeChoice.All(JudgeChoice.Text(judges))));
    }

    static double Judged(string judge, string answer, string? expected)
    {
        var config = new RunConfig { Stage = new() { Kind = StageKind.Grpo, Practice = new() { Judge = judge } } };
        var data = new PromptData(TinyRun.Get(RowParts.Encoder(config with { Stage = config.Stage with { Rows = new() { Template = "user-assistant" } } }, ByteTokenizer.Instance, Option<PublishedNote>.None)),
            new("", 1, ""), [], []);
        using var engine = new ReferenceEngine();
        using var judging = (Judging)TinyRun.Get(data.Judge(engine, config, Params<Reward>.Empty)).Case!;
        return judging.Judges[0].Judge.Rewards([(new([], expected), answer)])[0];
    }

    /// <summary>What is checked without a model: the last number, the form of the whole answer, its length.</summary>
    [Theory]
    [InlineData("number", "It is 12.50 and not 3. So: 1,250.0", "the answer is 1250", 1)]
    [InlineData("number", "12", "13", 0)]
    [InlineData("number", "-5", "5", 0)]
    [InlineData("number", "\u22125", "-5", 1)]
    [InlineData("number", "9-5", "5", 1)]
    [InlineData("number", "1,2", "2", 1)]
    [InlineData("number", ".5", "0.50", 1)]
    [InlineData("number", "5.", "5", 1)]
    [InlineData("number", "1e3", "1000", 1)]
    [InlineData("number", "none at all", "5", 0)]
    [InlineData("number", "5", "none at all", double.NaN)]
    [InlineData("format:[a-z]+", "abc", null, 1)]
    [InlineData("format:[a-z]+", "abc1", null, 0)]
    [InlineData("format:[a-z]+", "1abc", null, 0)]
    [InlineData("format:a|b", "ab", null, 0)]
    [InlineData("format:^a$|^b$", "b", null, 1)]
    [InlineData("length:4", "abcd", null, 1)]
    [InlineData("length:4", "ab", null, 0.5)]
    [InlineData("length:4", "abcdef", null, 0.5)]
    [InlineData("length:4", "", null, 0)]
    [InlineData("length:4", "abcdefghijk", null, 0)]
    [InlineData("length:1", "\ud83d\ude00", null, 1)]
    public void Judges_without_a_model(string judge, string answer, string? expected, double reward) => Assert.Equal(reward, Judged(judge, answer, expected), 1e-12);
}
