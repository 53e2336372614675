using System.Text;
using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Text;

/// <summary>One token for each of the 256 bytes; text is its UTF-8 bytes. Knows every text and needs no training.</summary>
public sealed class ByteTokenizer : Tokenizer
{
    static readonly byte[] All = [.. Enumerable.Range(0, 256).Select(static b => (byte)b)];

    ByteTokenizer() { }

    /// <summary>The byte tokenizer.</summary>
    public static ByteTokenizer Instance { get; } = new();

    /// <inheritdoc/>
    public override string Kind => "byte";

    /// <inheritdoc/>
    public override int VocabularySize => 256;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Bytes(int id)
    {
        Check(id);
        return All.AsSpan(id, 1);
    }

    /// <summary>The ids of any bytes, text or not.</summary>
    public static int[] EncodeBytes(ReadOnlySpan<byte> bytes)
    {
        var ids = new int[bytes.Length];
        for (var i = 0; i < ids.Length; i++) ids[i] = bytes[i];
        return ids;
    }

    /// <inheritdoc/>
    public override Validation<Fault, int[]> Encode(ReadOnlySpan<char> text, long position = 0)
    {
        for (int i = text.IndexOfAnyInRange('\uD800', '\uDFFF'), used; (uint)i < (uint)text.Length; i += used)
            if (Rune.DecodeFromUtf16(text[i..], out _, out used) != System.Buffers.OperationStatus.Done)
                return Fault.Of<int[]>($"position {position + i}", $"half a surrogate pair ({Characters.CodePoint(text[i])}) is no character",
                    "allowed: every Unicode text");
        var bytes = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, bytes);
        return Success<Fault, int[]>(EncodeBytes(bytes));
    }
}
