using Functional.Base;

namespace Functional.Data;

/// <summary>A long row of token ids that never changes, wherever it is kept.</summary>
public abstract class TokenStream
{
    /// <summary>The number of tokens.</summary>
    public abstract long Length { get; }

    /// <summary>Copies the tokens from <paramref name="start"/> on, as many as <paramref name="into"/> holds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">When the row ends before.</exception>
    public abstract void CopyTo(long start, Span<int> into);

    /// <summary>A part as a stream of its own; nothing is copied.</summary>
    /// <exception cref="ArgumentOutOfRangeException">When the part is not inside.</exception>
    public TokenStream Slice(long start, long length)
    {
        CheckRange(start, length);
        return start == 0 && length == Length ? this : new Part(this, start, length);
    }

    /// <summary>Training and validation parts: the first floor(<paramref name="fraction"/> × Length) tokens, and the rest.</summary>
    /// <param name="fraction">The training part, in [0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">When the fraction is outside [0, 1].</exception>
    public (TokenStream Train, TokenStream Validation) Split(double fraction)
    {
        if (!(fraction >= 0 && fraction <= 1)) throw new ArgumentOutOfRangeException(nameof(fraction), fraction, "must be in [0, 1]");
        var train = Math.Min(Length, (long)Math.Floor(fraction * Length));
        return (Slice(0, train), Slice(train, Length - train));
    }

    /// <summary>The stream of these ids, at two bytes an id.</summary>
    public static TokenStream Of(ReadOnlyMemory<ushort> ids) => new Narrow(ids);

    /// <summary>The stream of these ids.</summary>
    public static TokenStream Of(ReadOnlyMemory<int> ids) => new Wide(ids);

    /// <summary>Several streams as one, one after the other; nothing is copied.</summary>
    public static TokenStream Of(Vec<TokenStream> parts) => parts is [var one] ? one : new Chain(parts);

    /// <summary>Throws unless the tokens from <paramref name="start"/> on, <paramref name="length"/> of them, are inside the stream.</summary>
    /// <exception cref="ArgumentOutOfRangeException">When they are not.</exception>
    protected void CheckRange(long start, long length)
    {
        if (start < 0 || length < 0 || start > Length - length)
            throw new ArgumentOutOfRangeException(nameof(start), start, $"tokens {start} to {start + length} are not inside a stream of {Length}");
    }

    sealed class Part(TokenStream whole, long offset, long length) : TokenStream
    {
        public override long Length => length;

        public override void CopyTo(long start, Span<int> into)
        {
            CheckRange(start, into.Length);
            whole.CopyTo(offset + start, into);
        }
    }

    sealed class Chain(Vec<TokenStream> parts) : TokenStream
    {
        public override long Length { get; } = parts.Sum(static p => p.Length);

        public override void CopyTo(long start, Span<int> into)
        {
            CheckRange(start, into.Length);
            foreach (var part in parts)
            {
                var count = (int)Math.Clamp(part.Length - start, 0, into.Length);
                if (count > 0) part.CopyTo(start, into[..count]);
                start = Math.Max(0, start - part.Length);
                into = into[count..];
            }
        }
    }

    sealed class Narrow(ReadOnlyMemory<ushort> ids) : TokenStream
    {
        public override long Length => ids.Length;

        public override void CopyTo(long start, Span<int> into)
        {
            CheckRange(start, into.Length);
            var from = ids.Span.Slice((int)start, into.Length);
            for (var i = 0; i < from.Length; i++) into[i] = from[i];
        }
    }

    sealed class Wide(ReadOnlyMemory<int> ids) : TokenStream
    {
        public override long Length => ids.Length;

        public override void CopyTo(long start, Span<int> into)
        {
            CheckRange(start, into.Length);
            ids.Span.Slice((int)start, into.Length).CopyTo(into);
        }
    }
}
