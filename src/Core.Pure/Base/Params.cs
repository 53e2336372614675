using System.Collections;

namespace Functional.Base;

/// <summary>
/// An immutable map from names to values that keeps the order in which a model declares its parameters. The same container holds
/// weights, gradients, optimiser slots, shapes and specifications, so that they can be zipped. Names are compared ordinally.
/// </summary>
/// <typeparam name="T">What stands under each name.</typeparam>
public sealed class Params<T> : IReadOnlyCollection<(string Name, T Value)>, IEquatable<Params<T>>
{
    readonly Vec<(string Name, T Value)> items;
    readonly Dictionary<string, int> places;

    internal Params(Vec<(string Name, T Value)> items)
    {
        (this.items, places) = (items, new(items.Count, StringComparer.Ordinal));
        for (var i = 0; i < items.Count; i++)
            if (!places.TryAdd(items[i].Name, i)) throw new ArgumentException($"'{items[i].Name}' is named twice.");
    }

    /// <summary>A map of nothing.</summary>
    public static Params<T> Empty { get; } = new([]);

    /// <summary>The number of names.</summary>
    public int Count => items.Count;

    /// <summary>The names, in order.</summary>
    public Vec<string> Names => items.Map(static i => i.Name);

    /// <summary>The values, in order.</summary>
    public Vec<T> Values => items.Map(static i => i.Value);

    /// <summary>The value under a name.</summary>
    /// <exception cref="ArgumentException">There is no such name.</exception>
    public T this[string name] => places.TryGetValue(name, out var at) ? items[at].Value
        : throw new ArgumentException($"there is no '{name}' among {string.Join(", ", Names.Take(8))}{(Count > 8 ? ", …" : "")}.");

    /// <summary>Whether there is a value under this name.</summary>
    public bool Contains(string name) => places.ContainsKey(name);

    /// <summary>A map of <paramref name="f"/> of each value, under the same names.</summary>
    public Params<R> Map<R>(Func<T, R> f) => Map((_, value) => f(value));

    /// <summary>A map of <paramref name="f"/> of each name and value, under the same names.</summary>
    public Params<R> Map<R>(Func<string, T, R> f) => new(items.Map(i => (i.Name, f(i.Name, i.Value))));

    /// <summary>The same values under other names, which must stay different.</summary>
    public Params<T> Rename(Func<string, string> f) => new(items.Map(i => (f(i.Name), i.Value)));

    /// <summary>A map of <paramref name="f"/> of the two values under each name, in this map's order.</summary>
    /// <exception cref="ArgumentException">The two maps do not have the same names.</exception>
    public Params<R> Zip<U, R>(Params<U> other, Func<T, U, R> f) => Count == other.Count
        ? Map((name, value) => f(value, other[name]))
        : throw new ArgumentException($"cannot zip {Count} names with {other.Count}.");

    /// <summary>All values combined from first to last.</summary>
    public R Fold<R>(R seed, Func<R, T, R> f) => items.Aggregate(seed, (r, i) => f(r, i.Value));

    /// <summary>Only the names and values that satisfy <paramref name="keep"/>, in the same order.</summary>
    public Params<T> Filter(Func<string, T, bool> keep) => new([.. items.Where(i => keep(i.Name, i.Value))]);

    /// <summary>Only the names that begin with <paramref name="prefix"/>, such as <c>blocks.0.</c>.</summary>
    public Params<T> Under(string prefix) => Filter((name, _) => name.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>A map with another value under one name.</summary>
    /// <exception cref="ArgumentException">There is no such name.</exception>
    public Params<T> Replace(string name, T value) => Contains(name)
        ? Map((n, old) => string.Equals(n, name, StringComparison.Ordinal) ? value : old)
        : throw new ArgumentException($"there is no '{name}' to replace.");

    /// <summary>A map with the values of <paramref name="others"/> under their names, which must all be here.</summary>
    public Params<T> Replace(Params<T> others) => others.Names.FirstOrDefault(n => !Contains(n)) is { } missing
        ? throw new ArgumentException($"there is no '{missing}' to replace.")
        : Map((name, old) => others.Contains(name) ? others[name] : old);

    /// <summary>A map with one more name at the end.</summary>
    public Params<T> Add(string name, T value) => new([.. items, (name, value)]);

    /// <summary>A map of this one's names and then those of <paramref name="others"/>; no name may be in both.</summary>
    public Params<T> Concat(Params<T> others) => new([.. items, .. others.items]);

    /// <inheritdoc/>
    public bool Equals(Params<T>? other) => other is not null && items == other.items;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Params<T>);

    /// <inheritdoc/>
    public override int GetHashCode() => items.GetHashCode();

    /// <inheritdoc/>
    public IEnumerator<(string Name, T Value)> GetEnumerator() => items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>As <c>{a: 1, b: 2}</c>.</summary>
    public override string ToString() => $"{{{string.Join(", ", items.Select(static i => $"{i.Name}: {i.Value}"))}}}";
}

/// <summary>Makes <see cref="Params{T}"/> maps.</summary>
public static class Params
{
    /// <summary>A map of these names and values, in this order; names must be different.</summary>
    public static Params<T> Of<T>(params ReadOnlySpan<(string Name, T Value)> items) => new([.. items]);

    /// <summary>A map of these names and values, in this order; names must be different.</summary>
    public static Params<T> ToParams<T>(this IEnumerable<(string Name, T Value)> items) => new([.. items]);
}
