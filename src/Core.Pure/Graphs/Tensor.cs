using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// A node of an expression graph: what to compute, not where it is kept. Immutable; made by <see cref="Of"/>, which checks
/// shapes and element types. Two tensors are equal when they compute the same thing: identity is a 128-bit hash of the content.
/// </summary>
public sealed class Tensor : IEquatable<Tensor>
{
    Tensor(Op op, Vec<Tensor> args, TensorType type)
    {
        (Op, Args, Type) = (op, args, type);
        Id = ContentHash.Of(op, args, type);
    }

    /// <summary>What is computed.</summary>
    public Op Op { get; }

    /// <summary>What it is computed from.</summary>
    public Vec<Tensor> Args { get; }

    /// <summary>The shape and element type of the result.</summary>
    public TensorType Type { get; }

    /// <summary>A hash of everything this value depends on.</summary>
    public UInt128 Id { get; }

    /// <summary>The length of each axis.</summary>
    public Vec<int> Shape => Type.Shape;

    /// <summary>What one element is.</summary>
    public DType DType => Type.DType;

    /// <summary>The number of axes.</summary>
    public int Rank => Type.Shape.Count;

    /// <summary>A node that applies <paramref name="op"/> to <paramref name="args"/>.</summary>
    /// <exception cref="ArgumentException">The shapes or types do not fit; the message names the op and prints them.</exception>
    public static Tensor Of(Op op, params ReadOnlySpan<Tensor> args)
    {
        Vec<Tensor> operands = [.. args];
        return new(op, operands, TypeRules.Infer(op, operands.Map(static a => a.Type)));
    }

    /// <inheritdoc/>
    public bool Equals(Tensor? other) => other is not null && other.Id == Id;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Tensor);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)(ulong)Id;

    /// <summary>The op and the type, as <c>matmul : f32[2, 3]</c>; <see cref="Graph.Print"/> shows the whole graph.</summary>
    public override string ToString() => $"{Op} : {Type}";
}

/// <summary>A 128-bit hash of a sequence of words: two independent 64-bit lanes, each finalised by a strong mixer.</summary>
struct ContentHash
{
    ulong a = 0x243F6A8885A308D3, b = 0x13198A2E03707344;

    public ContentHash() { }

    public readonly UInt128 Value => new(a, b);

    public static UInt128 Of(Op op, Vec<Tensor> args, TensorType type)
    {
        var hash = new ContentHash();
        hash.Add(op.ToString());
        hash.Add((ulong)type.DType);
        foreach (var d in type.Shape.Span) hash.Add((ulong)d);
        foreach (var arg in args.Span) hash.Add(arg.Id);
        return hash.Value;
    }

    public void Add(ulong word)
    {
        a = Mix((a ^ word) * 0x9E3779B97F4A7C15 + 0x165667B19E3779F9);
        b = Mix(ulong.RotateLeft(b, 29) * 0xC2B2AE3D27D4EB4F + word);
    }

    public void Add(UInt128 word)
    {
        Add((ulong)word);
        Add((ulong)(word >> 64));
    }

    public void Add(string text)
    {
        Add((ulong)text.Length);
        foreach (var c in text) Add(c);
    }

    static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
