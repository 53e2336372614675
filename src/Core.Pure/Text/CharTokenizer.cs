using System.Text;
using Functional.Base;
using Functional.Graphs;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Text;

/// <summary>
/// One token for each different character (Unicode code point) of a training text, ids in ascending order of code point.
/// </summary>
public sealed class CharTokenizer : Tokenizer
{
    const int FaultsShown = 8;
    readonly Vec<byte[]> bytes;
    readonly int[] table;
    readonly Dictionary<int, int>? beyond;

    CharTokenizer(Vec<Rune> runes)
    {
        Runes = runes;
        bytes = runes.Map(static rune => Encoding.UTF8.GetBytes(rune.ToString()));
        // Ids of the Basic Multilingual Plane by direct look-up; the table reaches only as far as needed.
        table = new int[1 + runes.Where(static r => r.IsBmp).Select(static r => r.Value).DefaultIfEmpty(-1).Max()];
        table.AsSpan().Fill(-1);
        for (var id = 0; id < runes.Count; id++)
            if (runes[id].IsBmp) table[runes[id].Value] = id;
            else (beyond ??= [])[runes[id].Value] = id;
    }

    /// <summary>The characters in the order of their ids.</summary>
    public Vec<Rune> Runes { get; }

    /// <inheritdoc/>
    public override string Kind => "char";

    /// <inheritdoc/>
    public override int VocabularySize => Runes.Count;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Bytes(int id)
    {
        Check(id);
        return bytes[id];
    }

    /// <summary>The tokenizer of every different character of a text.</summary>
    public static CharTokenizer Train(ReadOnlySpan<char> text) => Of(RuneSet.Empty.Add(text));

    /// <summary>The tokenizer of a set of characters, such as one gathered from a stream.</summary>
    public static CharTokenizer Of(RuneSet characters) => new(characters.Sorted());

    /// <summary>The tokenizer with these ids, whatever their order.</summary>
    /// <exception cref="ArgumentException">When a character stands there twice.</exception>
    public static CharTokenizer Of(Vec<Rune> runes) => runes.Distinct().Count() == runes.Count
        ? new(runes)
        : throw new ArgumentException("a character stands twice in the vocabulary", nameof(runes));

    /// <inheritdoc/>
    public override Validation<Fault, int[]> Encode(ReadOnlySpan<char> text, long position = 0)
    {
        var ids = new int[text.Length];
        var count = 0;
        SortedDictionary<int, long>? unknown = null;
        for (var i = 0; i < text.Length;)
        {
            var paired = Rune.DecodeFromUtf16(text[i..], out var rune, out var used) == System.Buffers.OperationStatus.Done;
            var value = paired ? rune.Value : text[i];
            var id = !paired ? -1 : value < table.Length ? table[value] : beyond is null ? -1 : beyond.GetValueOrDefault(value, -1);
            if (id >= 0) ids[count++] = id;
            else (unknown ??= []).TryAdd(value, position + i);
            i += used;
        }
        return unknown is null
            ? Success<Fault, int[]>(count == ids.Length ? ids : ids[..count])
            : Validation<Fault, int[]>.Fail(Describe(unknown));
    }

    Seq<Fault> Describe(SortedDictionary<int, long> unknown)
    {
        var allowed = $"allowed: the {VocabularySize} characters {Characters.Ranges(Runes.OrderBy(static r => r.Value).ToArray())}";
        var shown = unknown.OrderBy(static u => u.Value).Take(FaultsShown).Select(u => new Fault($"position {u.Value}", What(u.Key), allowed));
        return (unknown.Count <= FaultsShown ? shown
            : shown.Append(new Fault("text", $"{unknown.Count - FaultsShown} other characters are not in the vocabulary either", allowed))).ToSeq().Strict();
    }

    string What(int value) => Rune.IsValid(value)
        ? $"{Characters.Quote(new Rune(value))} ({Characters.CodePoint(value)}) is not in the vocabulary{Cause(value)}"
        : $"half a surrogate pair ({Characters.CodePoint(value)}) is no character";

    // Where it is likely how a file was made, rather than what it says.
    string Cause(int value) => value switch
    {
        '\r' when Knows('\n') => " (CRLF or CR line ends, where the vocabulary has LF; a run with line-ends lf reads them all)",
        '\n' when Knows('\r') => " (LF line ends, where the vocabulary has CR; a run with line-ends lf reads them all)",
        '\r' or '\n' => " (a line end; the vocabulary has none)",
        '\uFEFF' => " (a byte order mark, which is taken off at the beginning of a file only)",
        '\0' => " (UTF-16 text has such; save it as UTF-8)",
        _ => "",
    };

    bool Knows(char c) => c < table.Length && table[c] >= 0;
}
