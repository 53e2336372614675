using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Functional.Engines.Managed;

/// <summary>What multiplies pairs of BF16 numbers on this machine: tiles of machine code, or nothing and why.</summary>
internal static unsafe class PairUnit
{
    static readonly (nint[] Tiles, string? Lacking) found = Find(Lacks(), MachineCode.Place);

    /// <summary>Why products of BF16 numbers are made of float32 here; nothing where they are made of pairs.</summary>
    public static string? Lacking => found.Lacking;

    /// <summary>The tiles; nothing where there are none.</summary>
    public static Kernels? Kernels { get; } = Lacking is null ? Managed.Kernels.OfPairs() : null;

    /// <summary>Where a tile's code is: by rows × 2 + vectors − 1.</summary>
    public static nint Tile(int rows, int vectors) => found.Tiles[2 * rows + vectors - 1];

    internal delegate (nint Address, string? Refused) Placing(ReadOnlySpan<byte> code);

    /// <summary>All tiles in one piece of memory, or none of them.</summary>
    internal static (nint[] Tiles, string? Lacking) Find(string? lacks, Placing place)
    {
        if (lacks is not null) return ([], lacks);
        var (code, starts) = (new List<byte>(), new int[2 * PairCode.Rows + 2]);
        for (var rows = 1; rows <= PairCode.Rows; rows++)
            for (var vectors = 1; vectors <= 2; vectors++)
            {
                // Each begins on a line of the cache.
                while (code.Count % 64 != 0) code.Add(0x90);
                starts[2 * rows + vectors - 1] = code.Count;
                code.AddRange(PairCode.Tile(rows, vectors));
            }
        var (address, refused) = place(CollectionsMarshal.AsSpan(code));
        return refused is null ? ([.. starts.Select(start => address + start)], null) : ([], refused);
    }

    // Intel's processors have the instruction, at half the speed of float32; those of AMD at twice that.
    static string? Lacks() => Environment.GetEnvironmentVariable("FUNCTIONAL_PAIRS") is "0" ? "FUNCTIONAL_PAIRS is 0"
        : RuntimeInformation.ProcessArchitecture != Architecture.X64 || !X86Base.IsSupported || !Vector512.IsHardwareAccelerated || X86Base.CpuId(0, 0).Eax < 7 || (X86Base.CpuId(7, 1).Eax & 1 << 5) == 0 ? "the processor multiplies no pairs of them"
        : X86Base.CpuId(0, 0).Ebx != Amd ? "the processor multiplies pairs of them slower than float32" : null;

    // "Auth", of AuthenticAMD.
    const int Amd = 0x68747541;
}

/// <summary>A tile as the product calls it.</summary>
/// <typeparam name="R">Rows.</typeparam>
/// <typeparam name="W">Vectors a row.</typeparam>
internal static unsafe class PairTile<R, W>
    where R : struct, INumber
    where W : struct, INumber
{
    static readonly delegate* unmanaged<nint, float*, nint, nint, float*, nint, float*, nint, int, void> code =
        (delegate* unmanaged<nint, float*, nint, nint, float*, nint, float*, nint, int, void>)PairUnit.Tile(R.Value, W.Value);

    /// <inheritdoc cref="Tile{V, R, W, P}.Run"/>
    public static void Run(nint k, float* a, nint aRow, nint aColumn, float* b, nint bRow, float* c, nint cRow, int accumulate) =>
        code(k, a, aRow, aColumn, b, bRow, c, cRow, accumulate);
}
