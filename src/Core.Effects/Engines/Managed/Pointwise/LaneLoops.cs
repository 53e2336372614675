using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Functional.Engines.Managed;

/// <summary>
/// A register of a tile: rows of lanes at a distance, anywhere in memory. A distance of 0 repeats one row; a mask of 0 repeats one vector.
/// </summary>
internal unsafe struct Lane(float* at, nint row, nint mask)
{
    /// <summary>The first lane.</summary>
    public readonly float* At = at;

    /// <summary>Floats from a row to the next.</summary>
    public readonly nint Row = row;

    /// <summary>−1, or 0 where all lanes are alike and only the first vector is kept.</summary>
    public readonly nint Mask = mask;

    /// <summary>The vector at lane <paramref name="i"/> of the row that begins at <paramref name="p"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<float> Load(float* p, nint i) => Vector512.Load(p + (i & Mask));

    /// <summary>The last, partial vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<float> LoadRest(float* p, nint i, int count) => Lanes.LoadFirst(p + (i & Mask), Mask == 0 ? Lanes.Width : count, 1f);
}

/// <summary>Loops over the lanes of a tile; the operation is a type, so that each loop is compiled for it.</summary>
internal static unsafe class LaneLoops
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Map<TOp>(Lane a, Lane t, int rows, int columns) where TOp : ILane1
    {
        for (var (r, p, to) = (0, (nint)a.At, (nint)t.At); r < rows; r++, p += a.Row * sizeof(float), to += t.Row * sizeof(float))
        {
            nint i = 0;
            for (; i <= columns - Lanes.Width; i += Lanes.Width) TOp.Apply(a.Load((float*)p, i)).Store((float*)to + i);
            if (i < columns) Lanes.StoreFirst((float*)to + i, TOp.Apply(a.LoadRest((float*)p, i, (int)(columns - i))), (int)(columns - i));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Map<TOp>(Lane a, Lane b, Lane t, int rows, int columns) where TOp : ILane2
    {
        var (p, q, to) = ((nint)a.At, (nint)b.At, (nint)t.At);
        for (var r = 0; r < rows; r++, p += a.Row * sizeof(float), q += b.Row * sizeof(float), to += t.Row * sizeof(float))
        {
            nint i = 0;
            for (; i <= columns - Lanes.Width; i += Lanes.Width) TOp.Apply(a.Load((float*)p, i), b.Load((float*)q, i)).Store((float*)to + i);
            var rest = (int)(columns - i);
            if (rest > 0) Lanes.StoreFirst((float*)to + i, TOp.Apply(a.LoadRest((float*)p, i, rest), b.LoadRest((float*)q, i, rest)), rest);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Map<TOp>(Lane a, Lane b, Lane c, Lane t, int rows, int columns) where TOp : ILane3
    {
        var (p, q, s, to) = ((nint)a.At, (nint)b.At, (nint)c.At, (nint)t.At);
        for (var r = 0; r < rows; r++, p += a.Row * sizeof(float), q += b.Row * sizeof(float), s += c.Row * sizeof(float), to += t.Row * sizeof(float))
        {
            nint i = 0;
            for (; i <= columns - Lanes.Width; i += Lanes.Width)
                TOp.Apply(a.Load((float*)p, i), b.Load((float*)q, i), c.Load((float*)s, i)).Store((float*)to + i);
            var rest = (int)(columns - i);
            if (rest > 0)
                Lanes.StoreFirst((float*)to + i, TOp.Apply(a.LoadRest((float*)p, i, rest), b.LoadRest((float*)q, i, rest), c.LoadRest((float*)s, i, rest)),
                    rest);
        }
    }

    /// <summary>t = a ∘ b over <paramref name="n"/> lanes one behind the other.</summary>
    public static void Map<TOp>(float* a, float* b, float* t, int n) where TOp : ILane2 =>
        Map<TOp>(new Lane(a, 0, -1), new Lane(b, 0, -1), new Lane(t, 0, -1), 1, n);
}
