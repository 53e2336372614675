using Functional.Data;

namespace Functional.Files;

/// <summary>
/// Tokens in memory at two bytes each, four where the vocabulary needs them, in segments, so that neither growing nor length is limited
/// by what one array may hold.
/// </summary>
sealed class TokenStore : TokenStream
{
    const int SegmentBits = 18, SegmentSize = 1 << SegmentBits;
    readonly List<ushort[]> narrow;
    readonly List<int[]> wide;

    TokenStore(Builder built) => (narrow, wide, Length) = (built.Narrow, built.Wide, built.Length);

    public override long Length { get; }

    public override void CopyTo(long start, Span<int> into)
    {
        CheckRange(start, into.Length);
        while (!into.IsEmpty)
        {
            var (segment, offset) = ((int)(start >> SegmentBits), (int)(start & (SegmentSize - 1)));
            var count = Math.Min(into.Length, SegmentSize - offset);
            if (narrow.Count > 0)
            {
                var from = narrow[segment].AsSpan(offset, count);
                for (var i = 0; i < count; i++) into[i] = from[i];
            }
            else wide[segment].AsSpan(offset, count).CopyTo(into);
            into = into[count..];
            start += count;
        }
    }

    /// <summary>Collects tokens. Used by one reader, and not after <see cref="Build"/>.</summary>
    public sealed class Builder(int vocabulary)
    {
        public List<ushort[]> Narrow { get; } = [];
        public List<int[]> Wide { get; } = [];
        public long Length { get; private set; }

        public Builder Add(int[] ids)
        {
            for (var i = 0; i < ids.Length;)
            {
                var offset = (int)(Length & (SegmentSize - 1));
                var count = Math.Min(ids.Length - i, SegmentSize - offset);
                var from = ids.AsSpan(i, count);
                if (vocabulary <= 1 << 16)
                {
                    if (offset == 0) Narrow.Add(new ushort[SegmentSize]);
                    var to = Narrow[^1].AsSpan(offset, count);
                    for (var k = 0; k < count; k++) to[k] = (ushort)from[k];
                }
                else
                {
                    if (offset == 0) Wide.Add(new int[SegmentSize]);
                    from.CopyTo(Wide[^1].AsSpan(offset));
                }
                Length += count;
                i += count;
            }
            return this;
        }

        public TokenStore Build() => new(this);
    }
}
