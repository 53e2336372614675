namespace Functional.Subwords;

/// <summary>Text on its way to tokens, and where each of its UTF-16 code units comes from: a range of those of the text that was given.</summary>
sealed class Shaped
{
    readonly int[]? from, to;
    readonly int offset;

    Shaped(char[] text, int[]? from, int[]? to, int offset) => (Text, this.from, this.to, this.offset) = (text, from, to, offset);

    public char[] Text { get; }

    /// <summary>A text as it is, which begins at <paramref name="offset"/> in a longer one.</summary>
    public static Shaped Of(ReadOnlySpan<char> text, int offset) => new(text.ToArray(), null, null, offset);

    /// <summary>Where a code unit's source begins.</summary>
    public int From(int at) => from is null ? offset + at : from[at];

    /// <summary>Where a code unit's source ends.</summary>
    public int To(int at) => to is null ? offset + at + 1 : to[at];

    /// <summary>Builds what a text becomes.</summary>
    public sealed class Builder(Shaped source)
    {
        char[] text = new char[source.Text.Length + 16];
        int[] from = new int[source.Text.Length + 16], to = new int[source.Text.Length + 16];
        int count;

        /// <summary>A part of the source as it is.</summary>
        public Builder Keep(int start, int end)
        {
            Grow(end - start);
            source.Text.AsSpan(start, end - start).CopyTo(text.AsSpan(count));
            for (var i = start; i < end; i++, count++) (from[count], to[count]) = (source.From(i), source.To(i));
            return this;
        }

        /// <summary>Other text that stands for a part of the source.</summary>
        public Builder Put(ReadOnlySpan<char> other, int start, int end)
        {
            foreach (var c in other) Add(c, start, end);
            return this;
        }

        /// <summary>Without some character at the end.</summary>
        public Builder TrimEnd(char last)
        {
            while (count > 0 && text[count - 1] == last) count--;
            return this;
        }

        void Add(char c, int start, int end)
        {
            Grow(1);
            (text[count], from[count], to[count]) = (c, source.From(start), source.To(end - 1));
            count++;
        }

        void Grow(int more)
        {
            if (count + more <= text.Length) return;
            var size = Math.Max(2 * text.Length, count + more);
            Array.Resize(ref text, size);
            Array.Resize(ref from, size);
            Array.Resize(ref to, size);
        }

        public Shaped Build()
        {
            if (text.Length != count) Array.Resize(ref text, count);
            return new(text, from, to, 0);
        }
    }
}
