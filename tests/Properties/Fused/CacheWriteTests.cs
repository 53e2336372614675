namespace Functional.Tests.Properties;

/// <summary>Writing into a cache against plain code.</summary>
public sealed class CacheWriteTests
{
    /// <summary>Also with positions at which some or all rows fall outside, before or behind.</summary>
    [Property]
    public void ReplacesTheRowsThatFit(int seed)
    {
        var random = new Random(seed);
        var (batch, capacity, count, width, position) = (random.Next(1, 3), random.Next(1, 6), random.Next(1, 5), random.Next(1, 4), random.Next(-3, 8));
        Vec<Tensor> args = [Create.Input("cache", [batch, capacity, width]), Create.Input("rows", [batch, count, width]), Create.Input("position", [], DType.I32)];
        Value cache = Domain.Uniform(args[0].Shape).Sample(random), rows = Domain.Uniform(args[1].Shape).Sample(random);
        var values = new Dictionary<string, Value> { ["cache"] = cache, ["rows"] = rows, ["position"] = Value.Scalar(position, DType.I32) };
        var expected = cache.Items.ToArray();
        for (var b = 0; b < batch; b++)
            for (var i = 0; i < count; i++)
                if (position + i >= 0 && position + i < capacity)
                    rows.Items.Slice((b * count + i) * width, width).CopyTo(expected.AsSpan((b * capacity + position + i) * width));
        Assert.Equal(expected, Evaluator.Run([new CacheWrite().Result(0, args)], values)[0].Items.ToArray());
    }

    [Property]
    public void WorksForAnyElementTypeAndRank(int seed)
    {
        var random = new Random(seed);
        foreach (var type in Enum.GetValues<DType>())
        {
            Vec<int> tail = [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => random.Next(1, 3))];
            Vec<Tensor> args = [Create.Fill(0, [1, 3, .. tail], type), Create.Fill(1, [1, 2, .. tail], type), Create.Scalar(1, DType.I32)];
            var written = Evaluator.Run(new CacheWrite().Result(0, args));
            var row = written.Items.Length / 3;
            for (var i = 0; i < written.Items.Length; i++) Assert.Equal(i < row ? 0 : 1, written[i]);
        }
    }
}
