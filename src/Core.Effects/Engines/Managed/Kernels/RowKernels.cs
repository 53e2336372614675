using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Functional.Engines.Managed;

/// <summary>The gradient of rows picked from a table [entries, width] by index.</summary>
internal static unsafe class RowKernels
{
    /// <summary>Columns that one task of a scatter owns: the split that needs no atomics and keeps every sum in the indices' order.</summary>
    public const int ColumnBlock = 64;

    /// <summary>table[indices[i], c] += y[i, c] for i = 0 … n - 1 in that order and columns c in [firstColumn, endColumn).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ScatterAdd(float* y, int* indices, int n, int width, float* table, int entries, int firstColumn, int endColumn)
    {
        for (var i = 0; i < n; i++)
        {
            Check(indices[i], entries);
            var source = y + (long)i * width;
            var target = table + (long)indices[i] * width;
            var j = firstColumn;
            for (; j <= endColumn - 16; j += 16) (Vector512.Load(target + j) + Vector512.Load(source + j)).Store(target + j);
            if (j < endColumn)
                Lanes.StoreFirst(target + j, Lanes.LoadFirst(target + j, endColumn - j, 0f) + Lanes.LoadFirst(source + j, endColumn - j, 0f), endColumn - j);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Check(int index, int entries)
    {
        if ((uint)index >= (uint)entries) Refuse(index, entries);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    static void Refuse(int index, int entries) =>
        throw new ArgumentException($"index {index} is outside [0, {entries})", nameof(index));
}
