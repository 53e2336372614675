namespace Functional.Engines.Managed;

/// <summary>
/// One attention: queries [Batch, Queries, Heads, Width] over the first <paramref name="Keys"/> keys and values [Batch, ·, KvHeads, Width];
/// consecutive heads share a key head. Query i stands at position <paramref name="Offset"/> + i and, when causal, sees the keys up to it.
/// Scores are multiplied by <paramref name="Scale"/>.
/// </summary>
internal readonly record struct AttentionSpec(int Batch, int Heads, int KvHeads, int Queries, int Keys, int Width, float Scale, bool Causal, int Offset = 0)
{
    /// <summary>Query heads to a key head.</summary>
    public int Group => Heads / KvHeads;

    /// <summary>Width rounded up to whole vectors.</summary>
    public int Padded => (Width + 15) / 16 * 16;

    /// <summary>How many keys query <paramref name="query"/> sees.</summary>
    public int Visible(int query) => Causal ? Math.Clamp(Offset + query + 1, 0, Keys) : Keys;

    public void Validate()
    {
        if (Batch < 0 || Queries < 0 || Keys < 0 || Width <= 0 || KvHeads <= 0 || Heads <= 0 || Heads % KvHeads != 0 || Offset < 0)
            throw new ArgumentException($"not an attention: {this}; heads must be a multiple of key heads and nothing negative");
    }
}

/// <summary>A tensor [batch, token, head, width] in memory, possibly a slice of a packed one: widths are contiguous, the other axes stride.</summary>
internal readonly unsafe struct HeadsView(float* data, nint batchStride, nint tokenStride, nint headStride)
{
    public nint TokenStride => tokenStride;

    public nint HeadStride => headStride;

    public float* At(int batch, int token, int head) => data + batch * batchStride + token * tokenStride + head * headStride;

    /// <summary>The rows from this one on.</summary>
    public HeadsView Row(int batch) => new(data + batch * batchStride, batchStride, tokenStride, headStride);

    /// <summary>A dense [batch, tokens, heads, width].</summary>
    public static HeadsView Dense(float* data, int tokens, int heads, int width) => new(data, (nint)tokens * heads * width, (nint)heads * width, width);
}
