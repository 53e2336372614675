using System.Runtime.CompilerServices;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>An input or output of pointwise code: where it lies, and how to step through it.</summary>
internal readonly unsafe struct Operand(byte* data, DType type, int[] outerStrides, int innerStride)
{
    public byte* Data => data;

    /// <summary>Whether all elements are one.</summary>
    public bool IsUniform { get; } = innerStride == 0 && outerStrides.All(static s => s == 0);

    /// <summary>Whether memory can serve as a register: 4-byte lanes, one behind the other.</summary>
    public bool IsDirect { get; } = innerStride == 1 && (type is DType.F32 or DType.I32);

    /// <summary>The address of row <paramref name="row"/>'s element <paramref name="column"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* At(int[] outer, long row, int column)
    {
        long offset = (long)column * innerStride;
        if (outer.Length == 1) offset += row * outerStrides[0];
        else
            for (var i = outer.Length - 1; i >= 0; i--)
            {
                var (rest, at) = Math.DivRem(row, outer[i]);
                offset += at * outerStrides[i];
                row = rest;
            }
        return data + offset * type.Size();
    }

    /// <summary>Copies <paramref name="n"/> elements of one row into lanes.</summary>
    public void Load(byte* from, float* lanes, int n)
    {
        if (innerStride == 0) new Span<float>(lanes, n).Fill(Lane(from));
        else if (IsDirect) Unsafe.CopyBlockUnaligned(lanes, from, (uint)n * 4);
        else
        {
            var step = (long)innerStride * type.Size();
            for (var i = 0; i < n; i++) lanes[i] = Lane(from + i * step);
        }
    }

    /// <summary>Copies <paramref name="n"/> lanes of a register's row into a row of memory.</summary>
    public void Store(Lane register, float* lanes, byte* to, int n)
    {
        if (IsDirect && register.Mask != 0) Unsafe.CopyBlockUnaligned(to, lanes, (uint)n * 4);
        else
        {
            var step = (long)innerStride * type.Size();
            for (var i = 0; i < n; i++)
            {
                var lane = lanes[i & register.Mask];
                switch (type)
                {
                    case DType.BF16: *(ushort*)(to + i * step) = (ushort)(BitConverter.SingleToUInt32Bits(lane) >> 16); break;
                    case DType.F16: *(Half*)(to + i * step) = (Half)lane; break;
                    case DType.Bool: *(to + i * step) = (byte)(BitConverter.SingleToInt32Bits(lane) & 1); break;
                    default: *(float*)(to + i * step) = lane; break;
                }
            }
        }
    }

    // As the 4 bytes of a lane: booleans become masks, BF16 and F16 floats, the others stay.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    float Lane(byte* p) => type switch
    {
        DType.BF16 => BitConverter.UInt32BitsToSingle((uint)*(ushort*)p << 16),
        DType.F16 => (float)*(Half*)p,
        DType.Bool => BitConverter.Int32BitsToSingle(-*p),
        _ => *(float*)p,
    };
}
