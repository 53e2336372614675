using System.Text;
using Functional.Base;
using LanguageExt;

namespace Functional.Text;

/// <summary>
/// A reversible map between text and token ids 0 … VocabularySize-1. Immutable; two tokenizers are equal when every id stands for the
/// same bytes and every text has the same ids, which <see cref="Fingerprint"/> sums up.
/// </summary>
public abstract class Tokenizer : IEquatable<Tokenizer>
{
    readonly Lazy<string> fingerprint;

    private protected Tokenizer() => fingerprint = new(Hash);

    /// <summary>The kind as users write it, such as <c>char</c>.</summary>
    public abstract string Kind { get; }

    /// <summary>The number of token ids.</summary>
    public abstract int VocabularySize { get; }

    /// <summary>The UTF-8 bytes of one token.</summary>
    /// <exception cref="ArgumentOutOfRangeException">When the id is not in the vocabulary.</exception>
    public abstract ReadOnlySpan<byte> Bytes(int id);

    /// <summary>
    /// The token ids of a text, or one fault for each different character that has none. Special tokens that stand in it are tokens. A text that comes in pieces is
    /// encoded by a <see cref="TokenizerStream"/>.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="position">Where the text begins in a longer one, in UTF-16 code units; faults count from there.</param>
    public abstract Validation<Fault, int[]> Encode(ReadOnlySpan<char> text, long position = 0);

    /// <summary>As <see cref="Encode(ReadOnlySpan{char}, long)"/>, with special tokens as asked for.</summary>
    /// <param name="text">The text.</param>
    /// <param name="special">What becomes of special tokens in it.</param>
    public virtual Validation<Fault, int[]> Encode(ReadOnlySpan<char> text, SpecialTokens special) => Encode(text);

    /// <summary>Encodes a text that streams by.</summary>
    /// <param name="special">What becomes of special tokens in it.</param>
    /// <param name="position">Where the text begins in a longer one, in UTF-16 code units; faults count from there.</param>
    public virtual TokenizerStream Stream(SpecialTokens special = SpecialTokens.Allow, long position = 0) => new PieceByPiece(this, position);

    /// <summary>Encodes the rest of a text from where another stream stood (<see cref="TokenizerStream.Point"/>).</summary>
    /// <param name="from">Where.</param>
    /// <param name="special">What becomes of special tokens in it.</param>
    public virtual TokenizerStream Stream(StreamPoint from, SpecialTokens special = SpecialTokens.Allow) => Stream(special, from.Position);

    /// <summary>A place in a text, at <paramref name="near"/> or before it, where it may be cut and its parts encoded apart; 0 where none is known.</summary>
    /// <param name="text">The text.</param>
    /// <param name="near">Where to begin looking, inside the text.</param>
    public virtual int Border(ReadOnlySpan<char> text, int near) => near > 0 && near < text.Length && char.IsLowSurrogate(text[near]) ? near - 1 : near;

    /// <summary>The tokens of a text with their places in it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="special">What becomes of special tokens in it.</param>
    public Validation<Fault, Vec<Token>> Tokens(string text, SpecialTokens special = SpecialTokens.Allow) => Part(text, 0, text.Length, special);

    /// <summary>The tokens of a part of a text that lies between borders; their places in UTF-16 code units are in the whole, those in characters in the part.</summary>
    internal virtual Validation<Fault, Vec<Token>> Part(string text, int start, int end, SpecialTokens special) =>
        Encode(text.AsSpan(start, end - start), start).Map(ids => Placed(text, start, ids));

    /// <summary>Where tokens are whose bytes are a part of a text, which begins at <paramref name="from"/>. One of some of a character's bytes is where that is.</summary>
    private protected Vec<Token> Placed(string text, int from, int[] ids)
    {
        var tokens = new List<Token>(ids.Length);
        var (at, scalar, used, done) = (from, 0, 0, 0);
        foreach (var id in ids)
        {
            done += Bytes(id).Length;
            var (first, start) = (at, scalar);
            var (last, end) = (at, scalar);
            while (used < done)
            {
                var rune = Rune.GetRuneAt(text, at);
                (last, end) = (at + rune.Utf16SequenceLength, scalar + 1);
                if (used + rune.Utf8SequenceLength > done) break;
                (at, scalar, used) = (last, end, used + rune.Utf8SequenceLength);
            }
            tokens.Add(new(id, Name(id), start, end, first, last));
        }
        return tokens.ToVec();
    }

    /// <summary>What the vocabulary calls a token; for bytes that are no text, as <c>&lt;0x0A&gt;</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">When the id is not in the vocabulary.</exception>
    public virtual string Name(int id) => Rune.DecodeFromUtf8(Bytes(id), out _, out var used) == System.Buffers.OperationStatus.Done && used == Bytes(id).Length
        ? Encoding.UTF8.GetString(Bytes(id)) : string.Concat(Bytes(id).ToArray().Select(static b => $"<0x{b:X2}>"));

    /// <summary>The bytes of a row of tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">When an id is not in the vocabulary.</exception>
    public byte[] DecodeBytes(ReadOnlySpan<int> ids)
    {
        var size = 0;
        foreach (var id in ids) size += Bytes(id).Length;
        var bytes = new byte[size];
        var at = 0;
        foreach (var id in ids)
        {
            var piece = Bytes(id);
            piece.CopyTo(bytes.AsSpan(at));
            at += piece.Length;
        }
        return bytes;
    }

    /// <summary>The text of a row of tokens; bytes that are not UTF-8 become U+FFFD.</summary>
    /// <exception cref="ArgumentOutOfRangeException">When an id is not in the vocabulary.</exception>
    public virtual string Decode(ReadOnlySpan<int> ids) => Encoding.UTF8.GetString(DecodeBytes(ids));

    /// <summary>A token for people: its characters in quotes with control characters escaped, or a byte as <c>&lt;0x0A&gt;</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">When the id is not in the vocabulary.</exception>
    public string Describe(int id)
    {
        var bytes = Bytes(id);
        return Characters.Quote(bytes) ?? string.Concat(bytes.ToArray().Select(b => $"<0x{b:X2}>"));
    }

    /// <summary>
    /// 128 bits as 32 hexadecimal digits that depend on the bytes of every token in order, and on whatever else decides which tokens a text has, such as merges:
    /// equal exactly when those are (up to a chance of 2^-128). FNV-1a over each token's length and bytes, and then the rest.
    /// </summary>
    public string Fingerprint => fingerprint.Value;

    /// <summary>Whether every id stands for the same bytes in both, and every text has the same ids.</summary>
    public bool Equals(Tokenizer? other) => other is not null && VocabularySize == other.VocabularySize && Fingerprint == other.Fingerprint;

    /// <inheritdoc/>
    public sealed override bool Equals(object? obj) => Equals(obj as Tokenizer);

    /// <inheritdoc/>
    public sealed override int GetHashCode() => Fingerprint.GetHashCode(StringComparison.Ordinal);

    /// <summary>As <c>char tokenizer, 65 tokens</c>.</summary>
    public sealed override string ToString() => $"{Kind} tokenizer, {VocabularySize} tokens";

    /// <summary>Whatever decides which tokens a text has beside their bytes.</summary>
    private protected virtual ReadOnlySpan<byte> Rules => [];

    private protected void Check(int id)
    {
        if ((uint)id >= (uint)VocabularySize)
            throw new ArgumentOutOfRangeException(nameof(id), id, $"token {id} is not in the vocabulary of {VocabularySize}");
    }

    string Hash()
    {
        var prime = new UInt128(0x0000000001000000, 0x000000000000013B);
        var hash = new UInt128(0x6c62272e07bb0142, 0x62b821756295c58d);
        for (var id = 0; id < VocabularySize; id++)
        {
            var bytes = Bytes(id);
            for (var shift = 0; shift < 32; shift += 8) hash = (hash ^ (byte)(bytes.Length >> shift)) * prime;
            foreach (var b in bytes) hash = (hash ^ b) * prime;
        }
        foreach (var b in Rules) hash = (hash ^ b) * prime;
        return hash.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
    }
}
