using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Functional.Engines.Managed;

/// <summary>
/// What a block of queries sees in one pass over keys: of each query an interval of positions, and of each vector of 16 queries the bounds of theirs.
/// Every mask of attention is such intervals.
/// </summary>
internal readonly unsafe struct Sight
{
    /// <summary>Floats that a block's sight takes.</summary>
    public const int Size = 3 * AttentionForward.QueryBlock + 4 * 4;

    readonly int* from, to, bounds;
    readonly float* measured;

    /// <summary>A sight in memory of so many floats.</summary>
    public Sight(float* memory)
    {
        from = (int*)memory;
        to = from + AttentionForward.QueryBlock;
        measured = memory + 2 * AttentionForward.QueryBlock;
        bounds = (int*)(measured + AttentionForward.QueryBlock);
    }

    /// <summary>Of the block, the first position that any query sees, and the one behind the last.</summary>
    public (int From, int To) Look(in AttentionSpec spec, int batch, int first, int count, bool sinks)
    {
        var (least, most) = (int.MaxValue, 0);
        var vectors = (count + 15) / 16;
        for (var i = 0; i < vectors * 16; i++)
        {
            // Lanes behind the last query see what it sees: their numbers are dropped.
            var query = first + Math.Min(i, count - 1);
            (from[i], to[i]) = spec.Sees(batch, query, sinks);
            measured[i] = spec.Measured(batch, query, sinks);
            if (from[i] >= to[i]) (from[i], to[i]) = (to[i], to[i]);
            else (least, most) = (Math.Min(least, from[i]), Math.Max(most, to[i]));
        }
        for (var v = 0; v < vectors; v++)
        {
            var (a, b) = (Vector512.Load(from + v * 16), Vector512.Load(to + v * 16));
            var b4 = bounds + v * 4;
            (b4[0], b4[1], b4[2], b4[3]) = (int.MaxValue, 0, int.MaxValue, 0);
            for (var i = 0; i < 16; i++)
            {
                // A query that sees nothing keeps no key from being masked, and asks for none.
                if (a[i] < b[i]) (b4[0], b4[3]) = (Math.Min(b4[0], a[i]), Math.Max(b4[3], b[i]));
                (b4[1], b4[2]) = (Math.Max(b4[1], a[i]), Math.Min(b4[2], b[i]));
            }
            if (b4[0] == int.MaxValue) b4[0] = 0;
        }
        return (least, most);
    }

    /// <summary>The positions that one query sees.</summary>
    public (int From, int To) Of(int query) => (from[query], to[query]);

    /// <summary>The keys of a block at <paramref name="start"/> that some query of a vector sees.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (int From, int To) Some(int vector, int start, int n) => Within(bounds[vector * 4], bounds[vector * 4 + 3], start, n);

    /// <summary>Those that all of them see.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (int From, int To) All(int vector, int start, int n) => Within(bounds[vector * 4 + 1], bounds[vector * 4 + 2], start, n);

    /// <summary>The keys of a block that any of some neighbouring queries sees.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (int From, int To) Rows(int query, int rows, int start, int n)
    {
        var (a, b) = (int.MaxValue, 0);
        for (var i = query; i < query + rows; i++)
            if (from[i] < to[i]) (a, b) = (Math.Min(a, from[i]), Math.Max(b, to[i]));
        return Within(a, b, start, n);
    }

    /// <summary>The first vector and the one behind the last that hold a query which sees any of the keys from a position on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public (int First, int Behind) Vectors(int position, int keys, int vectors)
    {
        var (first, behind) = (0, vectors);
        while (first < behind && (bounds[first * 4 + 3] <= position || bounds[first * 4] >= (long)position + keys)) first++;
        while (behind > first && (bounds[behind * 4 - 1] <= position || bounds[behind * 4 - 4] >= (long)position + keys)) behind--;
        return (first, behind);
    }

    /// <summary>The lanes that see a key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Sees(int vector, int position)
    {
        var key = Vector512.Create(position);
        return (Vector512.GreaterThanOrEqual(key, Vector512.Load(from + vector * 16))
            & Vector512.LessThan(key, Vector512.Load(to + vector * 16))).AsSingle();
    }

    /// <summary>The positions from which a vector's distances are taken.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Measured(int vector) => Vector512.Load(measured + vector * 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static (int, int) Within(int from, int to, int start, int n)
    {
        var first = Math.Clamp(from - (long)start, 0, n);
        return ((int)first, (int)Math.Clamp(to - (long)start, first, n));
    }
}
