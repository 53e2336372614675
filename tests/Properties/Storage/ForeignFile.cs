using System.Numerics;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace Functional.Tests.Properties.Storage;

/// <summary>A tensor as another program may write it.</summary>
public sealed record ForeignTensor(string Name, string DType, Vec<long> Shape, long Bytes)
{
    /// <summary>Bits of one element, as the format has them.</summary>
    public static readonly (string DType, int Bits)[] Known =
    [
        ("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6),
        ("BOOL", 8), ("U8", 8), ("I8", 8), ("F8_E4M3", 8), ("F8_E5M2", 8), ("F8_E8M0", 8), ("F8_E4M3FNUZ", 8), ("F8_E5M2FNUZ", 8),
        ("F16", 16), ("BF16", 16), ("I16", 16), ("U16", 16),
        ("F32", 32), ("I32", 32), ("U32", 32),
        ("F64", 64), ("I64", 64), ("U64", 64), ("C64", 64),
    ];

    public static readonly string[] Unknown = ["I4", "F128", "f32", "Q4_K", "F32 ", "BOOL8", "числа", "\"", "-"];

    public bool IsKnown => Known.Any(k => k.DType == DType);

    public bool IsHeld => DType is "F32" or "F16" or "BF16" or "I32" or "BOOL" && Size > 0 && Size <= int.MaxValue;

    public static BigInteger SizeOf(IEnumerable<long> shape) => shape.Aggregate(BigInteger.One, static (n, d) => n * d);

    BigInteger Size => SizeOf(Shape);

    public string Json(long begin, long end) => JsonSerializer.Serialize(new { dtype = DType, shape = Shape, data_offsets = (long[])[begin, end] });
}

/// <summary>A safetensors file as another program may write it.</summary>
/// <param name="Tensors">In the order of their bytes.</param>
/// <param name="Order">The order in which the header names them.</param>
/// <param name="MetadataAt">Before which of them the header has its texts; less than 0: it has none.</param>
/// <param name="Padding">Spaces after the header.</param>
public sealed record ForeignFile(Vec<ForeignTensor> Tensors, Vec<int> Order, int MetadataAt, int Padding)
{
    public long DataBytes => Tensors.Sum(static t => t.Bytes);

    public Vec<(long Begin, long End)> Places => Tensors.Map((t, i) =>
        Tensors.Take(i).Sum(static before => before.Bytes) is var begin ? (begin, begin + t.Bytes) : default);

    public string Json() => Json(Places);

    /// <summary>The header with the tensors at other places.</summary>
    public string Json(IReadOnlyList<(long Begin, long End)> places)
    {
        var members = Order.Select(i => $"\"{Tensors[i].Name}\":{Tensors[i].Json(places[i].Begin, places[i].End)}").ToList();
        if (MetadataAt >= 0) members.Insert(MetadataAt, """ "__metadata__" : {"format":"pt"} """);
        return $"{{{string.Join(',', members)}}}{new string(' ', Padding)}";
    }

    /// <summary>The whole file, each byte of data the low bits of its place times 7.</summary>
    public byte[] File() => Encoding.UTF8.GetBytes(Json()) is var header
        ? [.. BitConverter.GetBytes((long)header.Length), .. header, .. Enumerable.Range(0, (int)DataBytes).Select(static i => (byte)(i * 7))]
        : [];

    /// <summary>Files of at most some hundred bytes.</summary>
    public static Gen<ForeignFile> Small { get; } = Files(Gen.Constant(Vec<long>()));

    /// <summary>Files of which some have more elements than a tensor here can have.</summary>
    public static Gen<ForeignFile> Any { get; } = Files(Gen.Frequency(
        (4, Gen.Constant(Vec<long>())),
        (1, Gen.Elements(65536, int.MaxValue, int.MaxValue + 1L, 1L << 40).Select(static d => Vec(d)))));

    static Gen<ForeignFile> Files(Gen<Vec<long>> more) =>
        from count in Gen.Choose(0, 8)
        from tensors in Gen.CollectToArray(Enumerable.Range(0, count), i => Tensor(i, more))
        from order in Gen.Shuffle(Enumerable.Range(0, count))
        from at in Gen.Choose(-1, count)
        from padding in Gen.Choose(0, 9)
        select new ForeignFile(tensors.ToVec(), order.ToVec(), at, padding);

    static Gen<ForeignTensor> Tensor(int i, Gen<Vec<long>> more)
    {
        var axes =
            from rank in Gen.Choose(0, 3)
            from sizes in Gen.Frequency((7, Gen.Choose(1, 4)), (1, Gen.Constant(0))).Select(static d => (long)d).ArrayOf(rank)
            from other in more
            from shuffled in Gen.Shuffle(sizes.Concat(other))
            select shuffled;
        // Four elements of any width fill whole bytes.
        var known =
            from dtype in Gen.OneOf(Gen.Elements(ForeignTensor.Known), Gen.Elements(("F32", 32), ("F16", 16), ("BF16", 16), ("I32", 32), ("BOOL", 8)))
            from shape in axes
            let full = dtype.Item2 < 8 ? [.. shape, 4L] : shape
            select new ForeignTensor($"tensor {i}", dtype.Item1, full.ToVec(), (long)(ForeignTensor.SizeOf(full) * dtype.Item2 / 8));
        var unknown =
            from dtype in Gen.Elements(ForeignTensor.Unknown)
            from shape in Gen.Elements(0L, 1, 2, 7, 1L << 31, 1L << 62, long.MaxValue).ListOf()
            from bytes in Gen.Choose(0, 9)
            select new ForeignTensor($"tensor {i}", dtype, shape.ToVec(), bytes);
        return Gen.Frequency((5, known), (1, unknown));
    }

    static Vec<T> Vec<T>(params ReadOnlySpan<T> items) => Base.Vec.Create(items);
}

public static class AnyForeign
{
    public static Arbitrary<ForeignFile> Files() => ForeignFile.Any.ToArbitrary();
}

public static class SmallForeign
{
    public static Arbitrary<ForeignFile> Files() => ForeignFile.Small.ToArbitrary();
}
