using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Text;
using Functional.Base;
using Functional.Data;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>
/// A corpus in tokens, in a file that is looked at where it lies: data larger than memory trains. A header of 64 bytes (<c>FUNCTOK1</c>, bytes a token,
/// number of tokens, vocabulary, the tokenizer's fingerprint), and the tokens, little-endian, two bytes each or four where the vocabulary needs them.
/// </summary>
public sealed class TokenFile : TokenStream, IDisposable
{
    internal const int HeaderSize = 64;
    static readonly byte[] sign = Encoding.ASCII.GetBytes("FUNCTOK1");

    readonly MemoryMappedFile map;
    readonly MemoryMappedViewAccessor view;
    readonly int width;

    TokenFile(MemoryMappedFile map, Header header)
    {
        (this.map, width, Length, Vocabulary, Tokenizer) = (map, header.Width, header.Length, header.Vocabulary, header.Tokenizer);
        view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
    }

    readonly record struct Header(int Width, long Length, int Vocabulary, string Tokenizer);

    /// <inheritdoc/>
    public override long Length { get; }

    /// <summary>How many tokens there are to choose from.</summary>
    public int Vocabulary { get; }

    /// <summary>The fingerprint of the tokenizer that made the tokens.</summary>
    public string Tokenizer { get; }

    /// <summary>Whether a file begins as such a one does.</summary>
    public static bool IsOne(string path)
    {
        try
        {
            return FileFaults.Open(path).Exists(static file =>
            {
                using (file)
                {
                    var start = new byte[sign.Length];
                    return file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.AsSpan().SequenceEqual(sign);
                }
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return false;
        }
    }

    /// <summary>Opens a file for reading; what is wrong with it is faults that name it.</summary>
    public static Validation<Fault, TokenFile> Open(string path) => FileFaults.Reading(path, file =>
    {
        var bytes = new byte[HeaderSize];
        if (file.ReadAtLeast(bytes, HeaderSize, throwOnEndOfStream: false) < HeaderSize || !bytes.AsSpan().StartsWith(sign))
            return Fault.Of<TokenFile>(path, "is no file of tokens", "expected one that functional data tokenize wrote");
        var header = new Header(BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8)), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(16)),
            BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(12)), Encoding.ASCII.GetString(bytes, 24, 32));
        if (header.Width is not (2 or 4) || header.Vocabulary < 1 || header.Length < 0 || header.Length > (file.Length - HeaderSize) / header.Width
            || file.Length != HeaderSize + header.Length * header.Width)
            return Fault.Of<TokenFile>(path, "is damaged: its header does not fit its length", "expected the file that functional data tokenize wrote");
        if (header.Length == 0) return Fault.Of<TokenFile>(path, "holds no tokens", "expected some");
        return new TokenFile(MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read), header).Checked(path);
    });

    /// <inheritdoc/>
    public override void CopyTo(long start, Span<int> into)
    {
        CheckRange(start, into.Length);
        var bytes = into.Length * width <= 1 << 16 ? new byte[into.Length * width] : null;
        if (bytes is null)
        {
            for (var at = 0; at < into.Length; at += 1 << 14) CopyTo(start + at, into.Slice(at, Math.Min(1 << 14, into.Length - at)));
            return;
        }
        view.ReadArray(HeaderSize + start * width, bytes, 0, bytes.Length);
        for (var i = 0; i < into.Length; i++)
        {
            into[i] = width == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(2 * i)) : BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4 * i));
        }
    }

    // Whoever learns from a token that there is not would end far from here.
    Validation<Fault, TokenFile> Checked(string path)
    {
        var part = new int[1 << 14];
        for (long at = 0; at < Length; at += part.Length)
        {
            var ids = part.AsSpan(0, (int)Math.Min(part.Length, Length - at));
            CopyTo(at, ids);
            if (ids.IndexOfAnyExceptInRange(0, Vocabulary - 1) is not (>= 0 and var wrong)) continue;
            Dispose();
            return Fault.Of<TokenFile>(path, $"is damaged: token {at + wrong} is {ids[wrong]}", $"allowed: 0 to {Vocabulary - 1}");
        }
        return Success<Fault, TokenFile>(this);
    }

    /// <summary>
    /// Writes the tokens of some texts, one after the other, as they are read: beside the file first and then in its place, so that one that was broken off is never taken
    /// for whole. Where it is broken off it can be gone on with: the same texts, tokenizer and line ends give the same file as if it had never stopped, and anything else
    /// begins anew.
    /// </summary>
    /// <param name="path">The file of tokens.</param>
    /// <param name="texts">The texts' files.</param>
    /// <param name="tokenizer">What makes tokens of them.</param>
    /// <param name="lineEnds">What becomes of line ends.</param>
    /// <param name="stop">Asks to give up, between pieces; what is done is kept.</param>
    /// <returns>How many tokens there are.</returns>
    public static Validation<Fault, long> Write(string path, IReadOnlyList<string> texts, Tokenizer tokenizer, LineEnds lineEnds, CancellationToken stop = default) =>
        Write(path, texts, tokenizer, lineEnds, static _ => { }, stop);

    /// <summary>As <see cref="Write(string, IReadOnlyList{string}, Tokenizer, LineEnds, CancellationToken)"/>, and says where it goes on.</summary>
    /// <param name="path">The file of tokens.</param>
    /// <param name="texts">The texts' files.</param>
    /// <param name="tokenizer">What makes tokens of them.</param>
    /// <param name="lineEnds">What becomes of line ends.</param>
    /// <param name="goesOn">Told how many tokens are there already where an earlier one is gone on with.</param>
    /// <param name="stop">Asks to give up, between pieces; what is done is kept.</param>
    /// <returns>How many tokens there are.</returns>
    public static Validation<Fault, long> Write(
        string path, IReadOnlyList<string> texts, Tokenizer tokenizer, LineEnds lineEnds, Action<long> goesOn, CancellationToken stop)
    {
        using var writer = new TokenFileWriter(path, texts, tokenizer, lineEnds, stop) { GoesOn = goesOn };
        return writer.Write();
    }

    /// <summary>The bytes of a token in a file.</summary>
    internal static int WidthOf(Tokenizer tokenizer) => tokenizer.VocabularySize <= 1 << 16 ? 2 : 4;

    /// <summary>The header of a file with so many tokens.</summary>
    internal static byte[] HeaderOf(Tokenizer tokenizer, long length) => HeaderOf(new(WidthOf(tokenizer), length, tokenizer.VocabularySize, tokenizer.Fingerprint));

    static byte[] HeaderOf(Header header)
    {
        var bytes = new byte[HeaderSize];
        sign.CopyTo(bytes, 0);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), header.Width);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), header.Vocabulary);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), header.Length);
        Encoding.ASCII.GetBytes(header.Tokenizer).CopyTo(bytes, 24);
        return bytes;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        view.Dispose();
        map.Dispose();
    }
}
