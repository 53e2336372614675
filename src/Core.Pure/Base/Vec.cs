using System.Collections;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace Functional.Base;

/// <summary>
/// An immutable array that compares by its items and can be written as a collection expression: <c>Vec&lt;int&gt; shape = [2, 3]</c>.
/// Shapes, axes and arguments are of this type, so records that hold them compare by value.
/// </summary>
/// <typeparam name="T">What it holds.</typeparam>
[CollectionBuilder(typeof(Vec), nameof(Vec.Create))]
public readonly struct Vec<T> : IEquatable<Vec<T>>, IReadOnlyList<T>
{
    readonly ImmutableArray<T> items;

    internal Vec(ImmutableArray<T> items) => this.items = items;

    ImmutableArray<T> Items => items.IsDefault ? [] : items;

    /// <summary>The item at <paramref name="index"/>, counted from 0.</summary>
    public T this[int index] => Items[index];

    /// <summary>The item at an index that may count from the end.</summary>
    public T this[Index index] => Items[index.GetOffset(Count)];

    /// <summary>The number of items.</summary>
    public int Count => Items.Length;

    /// <summary>The items as a span.</summary>
    public ReadOnlySpan<T> Span => Items.AsSpan();

    /// <summary>A copy with one item replaced.</summary>
    public Vec<T> With(int index, T item) => new(Items.SetItem(index, item));

    /// <summary>A new vector of what <paramref name="f"/> gives for each item.</summary>
    public Vec<R> Map<R>(Func<T, R> f) => new([.. Items.Select(f)]);

    /// <summary>A new vector of what <paramref name="f"/> gives for each item and its index.</summary>
    public Vec<R> Map<R>(Func<T, int, R> f) => new([.. Items.Select(f)]);

    /// <inheritdoc/>
    public bool Equals(Vec<T> other) => Items.AsSpan().SequenceEqual(other.Items.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Vec<T> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var item in Items) hash.Add(item);
        return hash.ToHashCode();
    }

    /// <summary>Equal in every item.</summary>
    public static bool operator ==(Vec<T> a, Vec<T> b) => a.Equals(b);

    /// <summary>Different in some item or in length.</summary>
    public static bool operator !=(Vec<T> a, Vec<T> b) => !a.Equals(b);

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)Items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>As <c>[2, 3]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", Items)}]";
}

/// <summary>Makes <see cref="Vec{T}"/> values.</summary>
public static class Vec
{
    /// <summary>A vector of these items.</summary>
    public static Vec<T> Create<T>(ReadOnlySpan<T> items) => new([.. items]);

    /// <summary>A vector of these items.</summary>
    public static Vec<T> ToVec<T>(this IEnumerable<T> items) => new([.. items]);
}
