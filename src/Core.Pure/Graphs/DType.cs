namespace Functional.Graphs;

/// <summary>What one element of a tensor is.</summary>
public enum DType : byte
{
    /// <summary>32-bit IEEE floating point.</summary>
    F32,
    /// <summary>16-bit brain floating point: float32's range, 8 bits of precision. Stored as 16 bits, computed in 32.</summary>
    BF16,
    /// <summary>32-bit signed integer, wrapping.</summary>
    I32,
    /// <summary>True or false, one byte.</summary>
    Bool,
    /// <summary>16-bit IEEE floating point: 11 bits of precision up to 65,504, fewer below 6.1e-5. Stored as 16 bits, computed in 32.</summary>
    F16,
}

/// <summary>Facts about <see cref="DType"/>.</summary>
public static class DTypes
{
    /// <summary>Bytes that one element takes in memory and in files.</summary>
    public static int Size(this DType type) => type switch { DType.BF16 or DType.F16 => 2, DType.Bool => 1, _ => 4 };

    /// <summary>Whether gradients can flow through elements of this type.</summary>
    public static bool IsFloat(this DType type) => type is DType.F32 or DType.BF16 or DType.F16;

    /// <summary>Whether elements have 16 bits, and are computed in 32.</summary>
    public static bool IsNarrow(this DType type) => type is DType.BF16 or DType.F16;
}
