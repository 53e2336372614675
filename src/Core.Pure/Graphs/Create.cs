using Functional.Base;

namespace Functional.Graphs;

/// <summary>Tensors that are made of no other: inputs, constants and indices; and random bits of a key.</summary>
public static class Create
{
    /// <summary>A value that is given, by name, when the program runs.</summary>
    public static Tensor Input(string name, TensorType type) => Tensor.Of(new Op.Input(name, type));

    /// <summary>A value that is given, by name, when the program runs.</summary>
    public static Tensor Input(string name, Vec<int> shape, DType type = DType.F32) => Input(name, new TensorType(shape, type));

    /// <summary>A tensor filled with one value.</summary>
    public static Tensor Fill(double value, Vec<int> shape, DType type = DType.F32) => Tensor.Of(new Op.Fill(value, new(shape, type)));

    /// <summary>A scalar constant.</summary>
    public static Tensor Scalar(double value, DType type = DType.F32) => Fill(value, [], type);

    /// <summary>Each element's index along <paramref name="axis"/>, as an integer.</summary>
    public static Tensor Iota(Vec<int> shape, int axis) => Tensor.Of(new Op.Iota(shape, axis));

    /// <summary>0, 1, …, n − 1, as integers.</summary>
    public static Tensor Range(int n) => Iota([n], 0);

    /// <summary>32 random bits an element, drawn from <paramref name="key"/> (<c>i32[2]</c>) and a stream number.</summary>
    public static Tensor RandomBits(Tensor key, Vec<int> shape, uint stream) => Tensor.Of(new Op.RandomBits(shape, stream), key);
}
