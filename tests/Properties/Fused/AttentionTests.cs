namespace Functional.Tests.Properties;

/// <summary>Attention against plain loops, and what a query may see.</summary>
public sealed class AttentionTests
{
    static (int Batch, int Queries, int Keys, int Heads, int KvHeads, int Size, int[] Offset) Sizes(Random random)
    {
        var (batch, kvHeads, queries) = (random.Next(1, 4), random.Next(1, 3), random.Next(1, 5));
        int[] before = [.. Enumerable.Range(0, batch).Select(_ => random.Next(0, 4))];
        return (batch, queries, queries + before.Max() + random.Next(0, 2), kvHeads * random.Next(1, 4), kvHeads, random.Next(1, 4), before);
    }

    [Property]
    public void IsTheWeightedMeanOfTheValues(int seed, bool causal)
    {
        var random = new Random(seed);
        var s = Sizes(random);
        var (args, values) = Inputs(s, random);
        var results = Evaluator.Run([.. new Attention(0.6, causal).Apply(args), new Attention(0.6, causal).Weights(args)], values);
        Value q = values["q"], k = values["k"], v = values["v"];
        for (var b = 0; b < s.Batch; b++)
            for (var h = 0; h < s.Heads; h++)
                for (var i = 0; i < s.Queries; i++)
                {
                    var (g, seen) = (h / (s.Heads / s.KvHeads), causal ? Math.Min(s.Keys, i + s.Offset[b] + 1) : s.Keys);
                    var e = Enumerable.Range(0, seen).Select(j => Math.Exp(0.6 * Enumerable.Range(0, s.Size).Sum(d =>
                        q[((b * s.Queries + i) * s.Heads + h) * s.Size + d] * k[((b * s.Keys + j) * s.KvHeads + g) * s.Size + d]))).ToArray();
                    Assert.Equal(Math.Log(e.Sum()), results[1][(b * s.Heads + h) * s.Queries + i], 1e-12);
                    for (var j = 0; j < s.Keys; j++)
                        Assert.Equal(j < seen ? e[j] / e.Sum() : 0, results[2][((b * s.Heads + h) * s.Queries + i) * s.Keys + j], 1e-12);
                    for (var d = 0; d < s.Size; d++)
                        Assert.Equal(Enumerable.Range(0, seen).Sum(j => e[j] / e.Sum() * v[((b * s.Keys + j) * s.KvHeads + g) * s.Size + d]),
                            results[0][((b * s.Queries + i) * s.Heads + h) * s.Size + d], 1e-12);
                }
    }

    /// <summary>Changing keys and values after a position changes no result and no gradient by queries at or before it, bit for bit.</summary>
    [Property]
    public void NothingAfterAPositionReachesIt(int seed)
    {
        var random = new Random(seed);
        var s = Sizes(random);
        var (args, values) = Inputs(s, random);
        var position = random.Next(s.Offset.Min(), s.Offset.Max() + s.Queries);
        var changed = new Dictionary<string, Value>(values)
        {
            ["k"] = ChangedAfter(values["k"], position, random),
            ["v"] = ChangedAfter(values["v"], position, random),
        };
        var attention = new Attention(0.6);
        Vec<Tensor> roots = [attention.Result(0, args), attention.Result(1, args).Permute(0, 2, 1),
            Vjp.Pull(attention.Result(0, args), args[0].Like(1), args[0])[0]];
        var (before, after) = (Evaluator.Run(roots, values), Evaluator.Run(roots, changed));
        for (var r = 0; r < roots.Count; r++)
        {
            var row = roots[r].Type.Size / s.Batch / s.Queries;
            for (var n = 0; n < before[r].Items.Length; n++)
                if (n / row % s.Queries + s.Offset[n / row / s.Queries] <= position) Assert.Equal(before[r][n], after[r][n]);
        }
        // The change is there to be seen: without the mask it is.
        if (position + 1 < s.Keys)
            Assert.NotEqual(Open(values), Open(changed));

        double Open(Dictionary<string, Value> inputs) => Evaluator.Run([new Attention(0.6, false).Result(0, args).SumAll()], inputs)[0][0];
    }

    /// <summary>And its gradient by keys and values after a position is zero when only queries at or before it count.</summary>
    [Property]
    public void NoGradientReachesWhatWasNotSeen(int seed)
    {
        var random = new Random(seed);
        var s = Sizes(random);
        var (args, values) = Inputs(s, random);
        var first = new Attention(0.6).Result(0, args).Slice(1, 0, 1).SumAll();
        foreach (var gradient in Evaluator.Run(Vjp.Gradients(first, args[1], args[2]), values))
            for (var n = 0; n < gradient.Items.Length; n++)
                if (n / (s.KvHeads * s.Size) % s.Keys > s.Offset[n / (s.KvHeads * s.Size) / s.Keys]) Assert.Equal(0, gradient[n]);
    }

    /// <summary>Queries one at a time, each at its offset, are all of them at once.</summary>
    [Property]
    public void AnOffsetMovesTheMask(int seed)
    {
        var random = new Random(seed);
        var s = Sizes(random);
        var (args, values) = Inputs(s, random);
        var whole = Evaluator.Run([new Attention(0.6).Result(0, args)], values)[0];
        for (var i = 0; i < s.Queries; i++)
        {
            Vec<Tensor> one = [args[0].Slice(1, i, 1), args[1], args[2], args[3] + Create.Scalar(i, DType.I32)];
            var row = Evaluator.Run([new Attention(0.6).Result(0, one)], values)[0];
            var length = s.Heads * s.Size;
            for (var b = 0; b < s.Batch; b++)
                for (var n = 0; n < length; n++) Assert.Equal(whole[(b * s.Queries + i) * length + n], row[b * length + n], 1e-14);
        }
    }

    /// <summary>Rows of k and v by number are those rows, picked beforehand; and so are gradients, added where a row is picked twice.</summary>
    [Property]
    public void RowsArePicked(int seed)
    {
        var random = new Random(seed);
        var s = Sizes(random);
        var (args, values) = Inputs(s, random);
        var picked = Create.Input("picked", [s.Batch], DType.I32);
        values["picked"] = Value.Of(picked.Type, [.. Enumerable.Range(0, s.Batch).Select(_ => (double)random.Next(s.Batch))]);
        Tensor direct = new Attention(0.6).Result(0, [.. args, picked]),
            gathered = new Attention(0.6).Result(0, [args[0], args[1].Gather(picked), args[2].Gather(picked), args[3]]);
        Vec<Tensor> Roots(Tensor y) => [y, .. Vjp.Gradients((y * y).SumAll(), args[0], args[1], args[2])];
        foreach (var (expected, actual) in Evaluator.Run(Roots(gathered), values).Zip(Evaluator.Run(Roots(direct), values)))
            Assert.Equal(expected.Items.ToArray(), actual.Items.ToArray());
    }

    static (Vec<Tensor>, Dictionary<string, Value>) Inputs((int Batch, int Queries, int Keys, int Heads, int KvHeads, int Size, int[] Offset) s, Random random)
    {
        Vec<Tensor> args = [Create.Input("q", [s.Batch, s.Queries, s.Heads, s.Size]), Create.Input("k", [s.Batch, s.Keys, s.KvHeads, s.Size]),
            Create.Input("v", [s.Batch, s.Keys, s.KvHeads, s.Size]), Create.Input("offset", [s.Batch], DType.I32)];
        var values = args.Take(3).ToDictionary(static a => ((Op.Input)a.Op).Name, a => Domain.Uniform(a.Shape).Sample(random));
        values["offset"] = Runs.Whole(s.Offset);
        return (args, values);
    }

    static Value ChangedAfter(Value x, int position, Random random)
    {
        var row = (int)x.Type.Size / x.Type.Shape[0] / x.Type.Shape[1];
        return Value.Of(x.Type, [.. x.Items.ToArray().Select((v, n) => n / row % x.Type.Shape[1] > position ? v + 1 + random.NextDouble() : v)]);
    }
}
