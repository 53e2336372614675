namespace Functional.Tests.Properties;

/// <summary>Where the elements of an argument come from: a type and a way to draw them.</summary>
/// <param name="Type">The argument's shape and element type.</param>
/// <param name="Draw">The elements.</param>
sealed record Domain(TensorType Type, Func<Random, TensorType, double[]> Draw)
{
    /// <summary>Numbers in [low, high).</summary>
    public static Domain Uniform(Vec<int> shape, double low = -1.5, double high = 1.5) =>
        new(new(shape), (random, type) => Each(type, _ => low + (high - low) * random.NextDouble()));

    /// <summary>Whole numbers in [low, high).</summary>
    public static Domain Integers(Vec<int> shape, int low, int high) =>
        new(new(shape, DType.I32), (random, type) => Each(type, _ => random.Next(low, high)));

    /// <summary>So many different whole numbers of 0 … below − 1, in any order.</summary>
    public static Domain Distinct(int count, int below) => new(new([count], DType.I32), (random, type) =>
    {
        double[] items = [.. Enumerable.Range(0, below).Select(static i => (double)i)];
        random.Shuffle(items);
        return items[..count];
    });

    /// <summary>Every 32-bit integer.</summary>
    public static Domain Words(params Vec<int> shape) =>
        new(new(shape, DType.I32), (random, type) => Each(type, _ => (int)random.NextInt64(int.MinValue, 1L + int.MaxValue)));

    /// <summary>Truths.</summary>
    public static Domain Booleans(params Vec<int> shape) => new(new(shape, DType.Bool), (random, type) => Each(type, _ => random.Next(2)));

    /// <summary>Distinct numbers, any two at least 0.1 apart: no kink of a maximum is near.</summary>
    public static Domain Apart(params Vec<int> shape) => new(new(shape), (random, type) =>
    {
        var items = Each(type, i => 0.3 * (i - type.Size / 2.0) + 0.1 * random.NextDouble());
        random.Shuffle(items);
        return items;
    });

    /// <summary>Labels in [0, classes), every third of which does not count.</summary>
    public static Domain Labels(int rows, int classes) => new(new([rows], DType.I32), (random, type) =>
        Each(type, i => i % 3 == 1 ? LinearCrossEntropy.Ignore : random.Next(classes)));

    /// <summary>The same numbers always.</summary>
    public static Domain Always(TensorType type, params double[] items) => new(type, (_, _) => items);

    /// <summary>The same domain of another element type; the numbers are rounded to it.</summary>
    public Domain As(DType type) => this with { Type = Type with { DType = type } };

    /// <summary>A value from here.</summary>
    public Value Sample(Random random) => Value.Of(Type, Draw(random, Type));

    static double[] Each(TensorType type, Func<int, double> f) => [.. Enumerable.Range(0, (int)type.Size).Select(f)];
}
