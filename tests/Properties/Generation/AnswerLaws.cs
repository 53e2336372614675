using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Generation;

/// <summary>Answers that are written together are each what it would be by itself, and end where they should.</summary>
public sealed class AnswerLaws
{
    static readonly Tokenizer bytes = ByteTokenizer.Instance;

    static Answer[] Written(int seed, IReadOnlyList<int[]> prompts, AnswerRules rules, int rows, Action<int, Answer>? told = null)
    {
        using var subject = new TinyGpt(seed, new DecoderConfig { Layers = 1, Heads = 2, Width = 8, Context = 24, Vocabulary = 256 });
        return subject.Answers(prompts, rules, [.. prompts.Select((_, i) => Key.Seed((ulong)seed).FoldIn(i))], rows, told);
    }

    static int[][] Prompts(int seed, int count) => [.. Enumerable.Range(0, count).Select(i => Enumerable.Range(0, 1 + (seed + 5 * i) % 7)
        .Select(j => (seed + 31 * i + 7 * j) % 256).ToArray())];

    /// <summary>Whatever else is written beside it, and in whatever row.</summary>
    [Property(MaxTest = 12)]
    public void An_answer_depends_on_its_prompt_and_key_alone(PositiveInt seed, PositiveInt count, PositiveInt rows)
    {
        var prompts = Prompts(seed.Get, 1 + count.Get % 7);
        var rules = new AnswerRules(new() { Temperature = 1 + seed.Get % 2 }, 1 + seed.Get % 9, [65, 66], ["C"]);
        var (alone, together) = (Written(seed.Get, prompts, rules, 1), Written(seed.Get, prompts, rules, 1 + rows.Get % 5));
        Assert.Equal(alone.Select(static a => (string.Join(' ', a.Tokens), a.Text, a.End)), together.Select(static a => (string.Join(' ', a.Tokens), a.Text, a.End)));
        Assert.Equal(alone.SelectMany(static a => a.LogProbs), together.SelectMany(static a => a.LogProbs));
    }

    /// <summary>It is the text of its tokens up to what ends it, and nothing ends it before.</summary>
    [Property(MaxTest = 20)]
    public void An_answer_ends_at_the_first_end_stop_or_at_its_length(PositiveInt seed, byte end, byte first, byte second)
    {
        var free = new AnswerRules(new() { Temperature = 2 }, 12);
        var whole = Written(seed.Get, Prompts(seed.Get, 2), free, 2);
        Assert.All(whole, static a => Assert.Equal((12, AnswerEnd.Length), (a.Tokens.Count, a.End)));
        // Ends and stops of what it says anyway: those that come up, and those on the edges.
        var said = whole[0].Tokens;
        var stop = bytes.Decode([said[first % 11] & 127, said[first % 11 + 1] & 127]);
        var rules = free with { Ends = [said[end % 12]], Stops = [stop, ((char)(said[second % 12] & 127)).ToString()] };
        foreach (var (answer, all) in Written(seed.Get, Prompts(seed.Get, 2), rules, 2).Zip(whole))
        {
            Assert.Equal(all.Tokens.Take(answer.Tokens.Count), answer.Tokens);
            var before = bytes.Decode([.. answer.Tokens.SkipLast(1)]);
            Assert.All(rules.Stops, text => Assert.DoesNotContain(text, before, StringComparison.Ordinal));
            Assert.All(answer.Tokens.SkipLast(1), token => Assert.DoesNotContain(token, rules.Ends));
            var text = bytes.Decode([.. answer.Tokens]);
            Assert.Equal(answer.End switch
            {
                AnswerEnd.Said => before,
                AnswerEnd.Stopped => text[..rules.Stops.Select(s => text.IndexOf(s, StringComparison.Ordinal)).Where(static at => at >= 0).Min()],
                _ => text,
            }, answer.Text);
            if (answer.End == AnswerEnd.Length) Assert.Equal(12, answer.Tokens.Count);
        }
    }

    /// <summary>Told piece by piece, an answer is what it is at once: nothing of a stop is ever told, and no character in halves.</summary>
    [Property(MaxTest = 40)]
    public void Pieces_are_the_answer(PositiveInt seed, byte end, byte first, byte length)
    {
        var free = new AnswerRules(new() { Temperature = 2 }, 16);
        var said = Written(seed.Get, Prompts(seed.Get, 1), free, 1)[0].Tokens;
        // Of what it says anyway: a stop that comes up, one that only begins, and one that begins as the first does.
        var at = first % 14;
        string Letters(int from, int count) => bytes.Decode([.. said.Skip(from).Take(count).Select(static t => t & 127)]);
        var rules = free with { Ends = [said[end % 16]], Stops = [Letters(at, 1 + length % 4), Letters(at, 2) + "\u0001", "é" + Letters(at, 1)] };
        using var subject = new TinyGpt(seed.Get, new DecoderConfig { Layers = 1, Heads = 2, Width = 8, Context = 24, Vocabulary = 256 });
        var (whole, pieces) = (Written(seed.Get, Prompts(seed.Get, 1), rules, 1)[0], subject.Pieces(Prompts(seed.Get, 1)[0], rules, Key.Seed((ulong)seed.Get).FoldIn(0)));
        Assert.Equal(whole.Text, string.Concat(pieces.Select(static p => p.Piece)));
        Assert.All(pieces.SkipLast(1), static p => Assert.True(p is { Piece.Length: > 0, Whole: null }));
        Assert.Equal((whole.Text, whole.End, string.Join(' ', whole.Tokens), string.Join(' ', whole.LogProbs)),
            pieces[^1].Whole is { } last ? (last.Text, last.End, string.Join(' ', last.Tokens), string.Join(' ', last.LogProbs)) : default);
    }

    /// <summary>What may be the beginning of a stop waits, and comes when it is none.</summary>
    [Fact]
    public void The_beginning_of_a_stop_waits()
    {
        using var subject = new TinyGpt(5, new DecoderConfig { Layers = 1, Heads = 2, Width = 8, Context = 24, Vocabulary = 128 });
        var free = new AnswerRules(new() { Temperature = 2 }, 12);
        var said = subject.Answers([[1, 2]], free, [Key.Seed(1)], 1)[0].Text;
        var pieces = subject.Pieces([1, 2], free with { Stops = [said[2..5] + "\u0080"] }, Key.Seed(1)).Select(static p => p.Piece);
        Assert.Equal([said[0].ToString(), said[1].ToString(), said[2..6], .. said[6..].Select(static c => c.ToString())], pieces);
    }

    [Fact]
    public void Each_answer_is_told_once()
    {
        var told = new List<int>();
        var answers = Written(3, Prompts(3, 9), new(SamplingConfig.Greedy, 3), 4, (i, _) => told.Add(i));
        Assert.Equal(9, answers.Length);
        Assert.Equal(Enumerable.Range(0, 9), told.Order());
        Assert.Empty(Written(3, [], new(SamplingConfig.Greedy, 3), 4));
    }
}
