using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Functional.Base;
using Functional.Graphs;

namespace Functional.Engines;

/// <summary>What this machine's processor can do.</summary>
public static class Processor
{
    /// <summary>Bits of the widest vectors that are computed in hardware; 0 without any.</summary>
    public static int VectorBits => Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : Vector128.IsHardwareAccelerated ? 128 : 0;

    /// <summary>The instruction sets that matter here and that the processor has.</summary>
    public static Vec<string> InstructionSets
    {
        get
        {
            (bool Has, string Name)[] all =
            [
                (Avx512F.IsSupported, "AVX-512F"), (Avx512BW.IsSupported, "AVX-512BW"), (Avx512DQ.IsSupported, "AVX-512DQ"),
                    (Avx512Vbmi.IsSupported, "AVX-512VBMI"),
                (Avx2.IsSupported, "AVX2"), (Avx.IsSupported, "AVX"), (Fma.IsSupported, "FMA"), (Sse42.IsSupported, "SSE4.2"),
                (AdvSimd.IsSupported, "AdvSimd"), (Dp.IsSupported, "DotProd"),
            ];
            return all.Where(static s => s.Has).Select(static s => s.Name).ToVec();
        }
    }

    /// <summary>As <c>x64</c>.</summary>
    public static string Architecture => RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    /// <summary>As <c>x64, 512-bit vectors</c>.</summary>
    public static string Name => FormattableString.Invariant($"{Architecture}, {VectorBits}-bit vectors");
}
