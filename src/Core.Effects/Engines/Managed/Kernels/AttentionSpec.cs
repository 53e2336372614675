namespace Functional.Engines.Managed;

/// <summary>
/// One attention: queries [Batch, Queries, Heads, Width] over the first <paramref name="Keys"/> keys and values [Batch, ·, KvHeads, Width];
/// consecutive heads share a key head. Query i stands at position <paramref name="Offset"/> + i and, when causal, sees the keys up to it.
/// Scores are multiplied by <paramref name="Scale"/>. The other members are as those of the op.
/// </summary>
internal readonly record struct AttentionSpec(int Batch, int Heads, int KvHeads, int Queries, int Keys, int Width, float Scale, bool Causal, int Offset = 0)
{
    /// <summary>Query heads to a key head.</summary>
    public int Group => Heads / KvHeads;

    /// <summary>Width rounded up to whole vectors.</summary>
    public int Padded => (Width + 15) / 16 * 16;

    /// <summary>How many keys a query sees at most; 0 for all.</summary>
    public int Window { get; init; }

    /// <summary>How many keys from the first on are seen beside the window.</summary>
    public int Sinks { get; init; }

    /// <summary>The soft cap of scores; 0 for none.</summary>
    public float Cap { get; init; }

    /// <summary>Whether distances are taken off.</summary>
    public bool HasAlibi { get; init; }

    /// <summary>Whether keys and values lie in a rolling cache.</summary>
    public bool Rolls { get; init; }

    /// <summary>Where int[Batch, Queries] stands, the first key that each query may see; 0 for key 0.</summary>
    public nint Starts { get; init; }

    /// <summary>Where int[Batch, Queries] stands, the position behind the last key that each query may see; 0 for no such end.</summary>
    public nint Ends { get; init; }

    /// <summary>Whether scores are more than products.</summary>
    public bool Adjusts => Cap > 0 || HasAlibi;

    /// <summary>Positions that keys may have: without end in a rolling cache.</summary>
    public int End => Rolls ? int.MaxValue : Keys;

    public void Validate()
    {
        if (Batch < 0 || Queries < 0 || Keys < 0 || Width <= 0 || KvHeads <= 0 || Heads <= 0 || Heads % KvHeads != 0 || Offset < 0)
            throw new ArgumentException($"not an attention: {this}; heads must be a multiple of key heads and nothing negative");
    }

    /// <summary>The position of the first key that a query may see, apart from windows.</summary>
    public unsafe int Start(int batch, int query) => Starts == 0 ? 0 : Math.Max(0, ((int*)Starts)[(nint)batch * Queries + query]);

    /// <summary>The positions of the keys that a query sees: its sinks, or, where there are sinks, all others.</summary>
    public unsafe (int From, int To) Sees(int batch, int query, bool sinks)
    {
        var start = Start(batch, query);
        var to = Causal ? (int)Math.Clamp((long)Offset + query + 1, 0, End) : End;
        if (Ends != 0) to = Math.Clamp(((int*)Ends)[(nint)batch * Queries + query], 0, to);
        if (sinks) return (start, (int)Math.Min((long)start + Sinks, to));
        var from = (long)start + Sinks;
        if (Window > 0) from = Math.Max(from, (long)Offset + query + 1 - Window);
        return ((int)Math.Min(from, int.MaxValue), to);
    }

    /// <summary>The position from which a query's distance to keys is taken: that of the query, but to sinks never further than window and sinks are long.</summary>
    public int Measured(int batch, int query, bool sinks) =>
        sinks ? (int)Math.Min((long)Offset + query, (long)Start(batch, query) + Sinks + Window - 1) : Offset + query;

    /// <summary>Where the key of a position lies, and how many of the next ones lie behind it in order.</summary>
    public (int Place, int Run) Place(int position)
    {
        if (!Rolls || position < Sinks) return (position, Rolls ? Sinks - position : int.MaxValue);
        var ring = Keys - Sinks;
        var place = (position - Sinks) % ring;
        return (Sinks + place, ring - place);
    }

    /// <summary>The slope of a head's distances, times <paramref name="unit"/>.</summary>
    public float Slope(int head, float unit) => HasAlibi ? (float)Graphs.Alibi.SlopeOf(Heads, head) * unit : 0f;
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
