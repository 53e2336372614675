using System.Buffers;
using System.Text;

namespace Functional.Text;

/// <summary>
/// Incremental UTF-8 decoding for text that arrives in pieces, such as tokens: only complete characters come out, whatever the cuts. An
/// immutable value that remembers up to three bytes of an unfinished character. Invalid bytes become U+FFFD, one for each maximal
/// subpart (The Unicode Standard, §3.9), as soon as it is certain that they are invalid.
/// </summary>
public readonly record struct Utf8Stream
{
    readonly uint bytes;

    Utf8Stream(uint bytes, int pending) => (this.bytes, Pending) = (bytes, pending);

    /// <summary>The stream before its first byte.</summary>
    public static Utf8Stream Start => default;

    /// <summary>How many bytes of an unfinished character wait, 0 to 3.</summary>
    public int Pending { get; }

    /// <summary>The characters that <paramref name="piece"/> completes, and the stream after it.</summary>
    public (string Text, Utf8Stream Next) Push(ReadOnlySpan<byte> piece)
    {
        Span<byte> joined = Pending + piece.Length <= 256 ? stackalloc byte[Pending + piece.Length] : new byte[Pending + piece.Length];
        for (var i = 0; i < Pending; i++) joined[i] = (byte)(bytes >> (8 * i));
        piece.CopyTo(joined[Pending..]);
        var text = new StringBuilder(joined.Length);
        Span<char> utf16 = stackalloc char[2];
        ReadOnlySpan<byte> rest = joined;
        while (!rest.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(rest, out var rune, out var consumed);
            if (status == OperationStatus.NeedMoreData) break;
            text.Append(utf16[..rune.EncodeToUtf16(utf16)]);
            rest = rest[consumed..];
        }
        var kept = 0u;
        for (var i = 0; i < rest.Length; i++) kept |= (uint)rest[i] << (8 * i);
        return (text.ToString(), new(kept, rest.Length));
    }

    /// <summary>What remains when no more bytes come: U+FFFD for an unfinished character, else nothing.</summary>
    public string Flush() => Pending == 0 ? "" : "\uFFFD";
}
