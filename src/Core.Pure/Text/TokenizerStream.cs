using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Text;

/// <summary>What becomes of special tokens, such as <c>&lt;|endoftext|&gt;</c>, that stand in a text.</summary>
public enum SpecialTokens
{
    /// <summary>They are the tokens.</summary>
    Allow,
    /// <summary>They are faults: for text that others wrote.</summary>
    Refuse,
    /// <summary>They are text like any other.</summary>
    Text,
}

/// <summary>A token and where it comes from.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">What its vocabulary calls it.</param>
/// <param name="Start">Where its text begins, in Unicode scalar values as the official tokenizers library counts; of a part of a character, the character.</param>
/// <param name="End">Where its text ends, in Unicode scalar values.</param>
/// <param name="First">Where its text begins, in UTF-16 code units.</param>
/// <param name="Last">Where its text ends, in UTF-16 code units.</param>
public sealed record Token(int Id, string Text, int Start, int End, int First, int Last);

/// <summary>Where a stream stands: the tokens of all that is before are given, and a stream that begins here gives those of the rest.</summary>
/// <param name="Position">How much of the text is before, in UTF-16 code units.</param>
/// <param name="Before">The last character before, where the rest goes on from it; nothing where the rest is encoded as a text of its own.</param>
/// <param name="GoesOn">Whether the rest goes on with what is before, rather than begins, as behind a special token.</param>
public readonly record struct StreamPoint(long Position, char? Before = null, bool GoesOn = false);

/// <summary>
/// Encodes a text that streams by in pieces, wherever those are cut: the ids of all are those of the whole. What might yet change waits. Used by one owner.
/// </summary>
public abstract class TokenizerStream
{
    /// <summary>The tokens that more text makes certain, or its faults, after which the stream is of no use.</summary>
    /// <param name="piece">Some text; never half a surrogate pair.</param>
    public abstract Validation<Fault, int[]> Push(ReadOnlySpan<char> piece);

    /// <summary>How far the tokens reach that were given, so that another stream may go on from there.</summary>
    public abstract StreamPoint Point { get; }

    /// <summary>The tokens of what waits when no more text comes.</summary>
    public abstract Validation<Fault, int[]> Finish();

    /// <summary>
    /// The tokens of a text that lies between borders of a longer one (<see cref="Tokenizer.Border"/>), whichever came before: what was learned about words serves
    /// the next. Not for a stream that was pushed to.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="position">Where it begins in the longer one, in UTF-16 code units.</param>
    public abstract Validation<Fault, int[]> Between(ReadOnlySpan<char> text, long position);
}

/// <summary>Each piece by itself, for tokenizers to whom that is the same.</summary>
sealed class PieceByPiece(Tokenizer tokenizer, long position) : TokenizerStream
{
    long at = position;

    public override StreamPoint Point => new(at);

    public override Validation<Fault, int[]> Push(ReadOnlySpan<char> piece)
    {
        var ids = tokenizer.Encode(piece, at);
        at += piece.Length;
        return ids;
    }

    public override Validation<Fault, int[]> Finish() => Success<Fault, int[]>([]);

    public override Validation<Fault, int[]> Between(ReadOnlySpan<char> text, long position) => tokenizer.Encode(text, position);
}
