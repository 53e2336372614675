using Functional.Graphs;

namespace Functional.Meaning;

/// <summary>
/// The content of a tensor in the reference evaluator: a type and its elements in row-major order, as doubles. Immutable.
/// </summary>
public sealed class Value
{
    readonly double[] items;

    internal Value(TensorType type, double[] items) => (Type, this.items) = (type, items);

    /// <summary>The shape and element type.</summary>
    public TensorType Type { get; }

    /// <summary>The elements in row-major order.</summary>
    public ReadOnlySpan<double> Items => items;

    /// <summary>The element at a linear index in row-major order.</summary>
    public double this[int index] => items[index];

    /// <summary>A value of these elements. BF16 and F16 elements are rounded to nearest even, booleans are 1 for whatever is not 0.</summary>
    /// <param name="type">The shape and element type.</param>
    /// <param name="items">The elements in row-major order, one for each of the type's.</param>
    /// <exception cref="ArgumentException">The number of elements differs, or an element of an I32 value is not a 32-bit integer.</exception>
    public static Value Of(TensorType type, params ReadOnlySpan<double> items)
    {
        if (items.Length != type.Size) throw new ArgumentException($"{type} has {type.Size} elements; given {items.Length}.");
        var copy = items.ToArray();
        foreach (var odd in copy.Where(v => type.DType == DType.I32 && v != (int)v))
            throw new ArgumentException(FormattableString.Invariant($"{type} holds 32-bit integers; given {odd}."));
        return new(type, Numbers.Store(type.DType, copy));
    }

    /// <summary>A scalar.</summary>
    public static Value Scalar(double value, DType type = DType.F32) => Of(new([], type), value);

    /// <summary>The type and the first elements, as <c>f32[2]: 0.5, 1</c>.</summary>
    public override string ToString()
    {
        const int Shown = 8;
        var numbers = items.Take(Shown).Select(static v => v.ToString("R", System.Globalization.CultureInfo.InvariantCulture));
        return $"{Type}: {string.Join(", ", numbers)}{(items.Length > Shown ? ", …" : "")}";
    }

    // For rules that only read.
    internal double[] Elements => items;
}
