namespace Functional.Tests.Properties;

/// <summary>Writing into a cache against plain code.</summary>
public sealed class CacheWriteTests
{
    /// <summary>
    /// Also with positions at which some or all tokens fall outside, before or behind; into the rows in order, or into some of more rows in any.
    /// </summary>
    [Property]
    public void ReplacesTheTokensThatFit(int seed, bool some)
    {
        var random = new Random(seed);
        var (batch, capacity, count, width) = (random.Next(1, 4), random.Next(1, 6), random.Next(1, 5), random.Next(1, 4));
        int[] order = [.. Enumerable.Range(0, some ? batch + random.Next(3) : batch)];
        if (some) random.Shuffle(order);
        int[] positions = [.. Enumerable.Range(0, batch).Select(_ => random.Next(-3, 8))];
        Vec<Tensor> args = [Create.Input("cache", [order.Length, capacity, width]), Create.Input("tokens", [batch, count, width]),
            Create.Input("position", [batch], DType.I32)];
        if (some) args = [.. args, Create.Input("rows", [batch], DType.I32)];
        Value cache = Domain.Uniform(args[0].Shape).Sample(random), tokens = Domain.Uniform(args[1].Shape).Sample(random);
        var values = new Dictionary<string, Value> { ["cache"] = cache, ["tokens"] = tokens, ["position"] = Runs.Whole(positions),
            ["rows"] = Runs.Whole(order.AsSpan(0, batch)) };
        var expected = cache.Items.ToArray();
        for (var b = 0; b < batch; b++)
            for (var i = 0; i < count; i++)
                if (positions[b] + i >= 0 && positions[b] + i < capacity)
                    tokens.Items.Slice((b * count + i) * width, width).CopyTo(expected.AsSpan((order[b] * capacity + positions[b] + i) * width));
        Assert.Equal(expected, Evaluator.Run([new CacheWrite().Result(0, args)], values)[0].Items.ToArray());
    }

    [Property]
    public void WorksForAnyElementTypeAndRank(int seed)
    {
        var random = new Random(seed);
        foreach (var type in Enum.GetValues<DType>())
        {
            Vec<int> tail = [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => random.Next(1, 3))];
            Vec<Tensor> args = [Create.Fill(0, [1, 3, .. tail], type), Create.Fill(1, [1, 2, .. tail], type), Create.Fill(1, [1], DType.I32)];
            var written = Evaluator.Run(new CacheWrite().Result(0, args));
            var row = written.Items.Length / 3;
            for (var i = 0; i < written.Items.Length; i++) Assert.Equal(i < row ? 0 : 1, written[i]);
        }
    }
}
