using System.Text.RegularExpressions;
using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Grammars;

/// <summary>Regular expressions as constraints, against .NET's and over any vocabulary.</summary>
public sealed class RegexLaws
{
    static Constraint Of(string pattern, Tokenizer tokenizer, IReadOnlyCollection<int>? without = null) =>
        Constraint.Regex(pattern, TokenTrie.Of(tokenizer, without)).IfFail(faults => throw new ArgumentException(faults.Lines()));

    static string Fault(string pattern, Tokenizer tokenizer, IReadOnlyCollection<int>? without = null) =>
        Constraint.Regex(pattern, TokenTrie.Of(tokenizer, without)).Match(static _ => "", static faults => faults.Lines());

    // A pattern over three characters, of which one has two bytes.
    static string Pattern(Key key, int depth) => key.Below(0, depth == 0 ? 4 : 9) switch
    {
        0 => "a", 1 => "b", 2 => "é", 3 => "[ab]",
        4 => $"(?:{Pattern(key.FoldIn(1), depth - 1)}|{Pattern(key.FoldIn(2), depth - 1)})",
        5 => $"(?:{Pattern(key.FoldIn(1), depth - 1)})*",
        6 => $"(?:{Pattern(key.FoldIn(1), depth - 1)}){{{key.Below(1, 2)},{1 + key.Below(2, 3)}}}",
        7 => $"(?:{Pattern(key.FoldIn(1), depth - 1)})?",
        _ => Pattern(key.FoldIn(1), depth - 1) + Pattern(key.FoldIn(2), depth - 1),
    };

    static IEnumerable<string> All(int length) => length == 0 ? [""] : All(length - 1).SelectMany(static s => new[] { s, s + "a", s + "b", s + "é", s + "c" }).Distinct();

    /// <summary>Every text of up to four characters is accepted exactly where .NET matches it whole, and no beginning is refused of what is accepted.</summary>
    [Property(MaxTest = 60)]
    public void A_constraint_accepts_what_the_pattern_matches(PositiveInt seed)
    {
        var pattern = Pattern(Key.Seed((ulong)seed.Get), 3);
        var (constraint, regex) = (Of(pattern, ByteTokenizer.Instance), new Regex($@"\A(?:{pattern})\z", RegexOptions.CultureInvariant));
        foreach (var text in All(4))
        {
            var state = constraint.Start;
            foreach (var b in System.Text.Encoding.UTF8.GetBytes(text))
            {
                var next = state < 0 ? -1 : constraint.Next(state, b);
                if (state >= 0) Assert.Equal(next >= 0, constraint.Mask(state).Has(b));
                state = next;
            }
            Assert.Equal(regex.IsMatch(text), state >= 0 && constraint.Accepts(state));
        }
    }

    /// <summary>Whatever tokens there are: what is drawn matches, nothing is a dead end, and the end comes in time where it can.</summary>
    [Property(MaxTest = 40)]
    public void What_is_drawn_matches(PositiveInt seed, byte kind, byte budget)
    {
        string[] patterns = ["[0-9]{4}-[0-9]{2}-[0-9]{2}", "(?:yes|no|maybe)( (?:really|not))*", "[a-z]+@[a-z]+\\.(?:com|org)", "(?:[^\"]|\"[a-z]*\")+", ".{3,12}", "(?i:Name): [a-z_]+", "^(?:a|e|i)+$", "(?:é|漢|a)*n"];
        var pattern = patterns[seed.Get % patterns.Length];
        var tokenizer = AnyVocabulary.Of(kind);
        var made = Constraint.Regex(pattern, TokenTrie.Of(tokenizer));
        made.IfSuccess(constraint =>
        {
            var (text, ended) = AnyVocabulary.Draw(constraint, tokenizer, 1 + budget % 40, Key.Seed((ulong)seed.Get));
            if (ended) Assert.Matches($@"\A(?:{pattern})\z", text);
        });
        // Only small vocabularies lack what a pattern needs.
        Assert.True(made.IsSuccess || kind % 4 is 1 or 2);
    }

    /// <summary>The mask of every state is what reading each token by itself says, with or without a budget.</summary>
    [Property(MaxTest = 20)]
    public void A_mask_is_what_each_token_says(PositiveInt seed, byte kind)
    {
        var tokenizer = AnyVocabulary.Of(kind);
        if (Constraint.Regex("[a-z ]{2,9}(?:,[0-9]+)?\\.?", TokenTrie.Of(tokenizer, [3])).Case is not Constraint constraint) return;
        var state = constraint.Start;
        for (var i = 0; i < 6; i++)
        {
            var left = 1 + (int)Key.Seed((ulong)seed.Get).Below(100 + i, 14);
            var (mask, tight, limit) = (constraint.Mask(state), constraint.Mask(state, left), constraint.Shortest(state) > left ? int.MaxValue : left - 1);
            for (var token = 0; token < tokenizer.VocabularySize; token++)
            {
                var next = constraint.Next(state, token);
                // Who may not write parts of characters may not begin them.
                if (mask.Has(token)) Assert.True(next > 0);
                Assert.Equal(mask.Has(token) && constraint.Shortest(next) <= limit, tight.Has(token));
                Assert.Equal(next >= 0, mask.Has(token));
            }
            Assert.False(mask.Has(3));
            int[] allowed = [.. Enumerable.Range(0, tokenizer.VocabularySize).Where(mask.Has)];
            if (allowed.Length == 0) return;
            state = constraint.Next(state, allowed[Key.Seed((ulong)seed.Get).Below(i, allowed.Length)]);
        }
    }

    [Theory]
    [InlineData("a^", "regex: matches no text; allowed: one that some text fits")]
    [InlineData("[^\\s\\S]", "regex: matches no text; allowed: one that some text fits")]
    [InlineData("$a", "regex: matches no text; allowed: one that some text fits")]
    [InlineData("(", "lacks a )")]
    [InlineData("a(?=b)", "looks ahead")]
    [InlineData("a\\b", "border")]
    [InlineData("a++", "possessive")]
    [InlineData("a?^b", "has ^ where the text may or may not be at its end")]
    [InlineData("(a$)+", "has $ where")]
    public void What_cannot_match_is_a_fault(string pattern, string fault) => Assert.Contains(fault, Fault(pattern, ByteTokenizer.Instance), StringComparison.Ordinal);

    [Fact]
    public void What_the_vocabulary_cannot_write_is_a_fault()
    {
        var tokenizer = CharTokenizer.Train("abc");
        Assert.Equal("regex: matches no text; the vocabulary cannot write U+00E9", Fault("aé", tokenizer));
        Assert.Equal("regex: matches no text; the vocabulary cannot write U+0062", Fault("b", tokenizer, [1]));
        Assert.Equal("", Fault("[aé]+", tokenizer));
        // A byte of a character alone is no way to write it.
        Assert.NotEqual("", Fault("é", ByteTokenizer.Instance, [0xA9]));
        Assert.Equal("", Fault("e", ByteTokenizer.Instance, [0xA9]));
    }

    [Fact]
    public void Marks_at_the_ends_change_nothing()
    {
        foreach (var pattern in (string[])["^ab$", "^(?:ab)$", "(?:^ab|^ab)$", "ab", "^^ab$$"])
            Assert.Equal((true, 2), Of(pattern, ByteTokenizer.Instance) is var c && c.Next(c.Next(c.Start, 'a'), 'b') is var end && c.IsOver(end) ? (c.Accepts(end), c.Shortest(c.Start)) : default);
    }

    /// <summary>Thousands of optional parts, and counts of counts, are no trouble.</summary>
    [Fact]
    public void Large_patterns_are_no_trouble()
    {
        var many = Of(string.Concat(Enumerable.Repeat("a?", 5000)), ByteTokenizer.Instance);
        Assert.True(many.Mask(many.Start).Has('a') && many.Accepts(many.Start));
        var nested = Of("(?:a{500}b{500}){1000}", ByteTokenizer.Instance);
        Assert.Equal(1_000_000, nested.Shortest(nested.Start));
    }

    /// <summary>Once a state was asked for, its mask is there: no memory a token.</summary>
    [Fact]
    public void Masks_are_kept()
    {
        var constraint = Of("[a-z]*", ByteTokenizer.Instance);
        var logits = new float[256];
        var state = constraint.Next(constraint.Start, 'a');
        Assert.Same(constraint.Mask(state, 100), constraint.Mask(constraint.Next(state, 'b'), 99));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            constraint.Mask(state, 100).Apply(logits, []);
            state = constraint.Next(state, 'a');
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024);
        Assert.Equal(26, logits.Count(static l => l == 0));
    }
}
