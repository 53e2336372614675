using System.Buffers;
using System.Text;
using Functional.Base;
using Functional.Subwords;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>
/// Tells special tokens that a template writes from the same signs in what people write: those are covered before the template sees them, and uncovered when
/// the template's own have been found.
/// </summary>
sealed class Shield
{
    // A sign that is no character, and two of those that nobody has agreed on: which special token was covered. The sign itself is covered, too.
    const char Cover0 = '\uFDD0', Cover1 = '\uE000';
    const int Digit = 4096;

    readonly Tokenizer tokenizer;
    readonly string[] covered;
    readonly Dictionary<string, int> numbers = new(StringComparer.Ordinal), ids = new(StringComparer.Ordinal);
    readonly SearchValues<string> any;
    readonly int[] lengths;

    Shield(Tokenizer tokenizer, IEnumerable<AddedToken> special)
    {
        this.tokenizer = tokenizer;
        foreach (var token in special) ids.TryAdd(token.Content, token.Id);
        covered = [Cover0.ToString(), .. ids.Keys];
        for (var i = 0; i < covered.Length; i++) numbers[covered[i]] = i;
        any = SearchValues.Create(covered, StringComparison.Ordinal);
        lengths = [.. covered.Select(static c => c.Length).Distinct().OrderDescending()];
    }

    public static Shield Of(Tokenizer tokenizer) =>
        new(tokenizer, tokenizer is SubwordTokenizer words ? words.Added.Where(static t => t.Special && t.Content.Length > 0) : []);

    public bool IsSpecial(string text) => ids.ContainsKey(text);

    public bool Begins(string text) => ids.Keys.Any(token => text.StartsWith(token, StringComparison.Ordinal));

    public int Id(string text) => ids[text];

    public string Cover(string text)
    {
        if (!text.AsSpan().ContainsAny(any)) return text;
        var all = new StringBuilder();
        for (var at = 0; ;)
        {
            var (next, which) = Next(text, at);
            all.Append(text, at, next - at);
            if (which.Length == 0) return all.ToString();
            var number = numbers[which];
            all.Append(Cover0).Append((char)(Cover1 + number / Digit)).Append((char)(Cover1 + number % Digit));
            at = next + which.Length;
        }
    }

    public Validation<Fault, int[]> Encode(string text)
    {
        if (!text.Contains(Cover0, StringComparison.Ordinal)) return tokenizer.Encode(text, SpecialTokens.Allow);
        var parts = new List<Validation<Fault, int[]>>();
        for (var at = 0; ;)
        {
            var (next, which) = Next(text, at, 1);
            if (next > at) parts.Add(tokenizer.Encode(Uncover(text[at..next]), SpecialTokens.Text));
            if (which.Length == 0) return parts.Gather().Map(static all => (int[])[.. all.SelectMany(static p => p)]);
            parts.Add(Success<Fault, int[]>([ids[which]]));
            at = next + which.Length;
        }
    }

    string Uncover(string text)
    {
        var all = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
            if (text[at] == Cover0) all.Append(covered[(text[++at] - Cover1) * Digit + text[++at] - Cover1]);
            else all.Append(text[at]);
        return all.ToString();
    }

    // Of several at one place the longest.
    (int At, string Which) Next(string text, int from, int least = 0)
    {
        for (var at = from; ; at++)
        {
            var found = text.AsSpan(at).IndexOfAny(any);
            if (found < 0) return (text.Length, "");
            at += found;
            var lookup = numbers.GetAlternateLookup<ReadOnlySpan<char>>();
            foreach (var length in lengths)
                if (at + length <= text.Length && lookup.TryGetValue(text.AsSpan(at, length), out var number) && number >= least) return (at, covered[number]);
        }
    }
}
