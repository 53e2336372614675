namespace Functional.Tests.Properties;

/// <summary>The loss of a linear head against plain code.</summary>
public sealed class LinearCrossEntropyTests
{
    static readonly Tensor Hidden = Create.Input("hidden", [7, 3]), Weight = Create.Input("weight", [5, 3]), Labels = Create.Input("labels", [7], DType.I32);
    static readonly Vec<Tensor> Args = [Hidden, Weight, Labels];

    [Property]
    public void IsTheFormula(int seed, byte smoothness)
    {
        var smoothing = smoothness % 4 * 0.1;
        var values = Samples(new Random(seed));
        var result = Evaluator.Run([new LinearCrossEntropy(smoothing).Result(0, Args)], values)[0][0];
        var (h, w, labels) = (values["hidden"], values["weight"], values["labels"]);
        var expected = Enumerable.Range(0, 7).Where(i => labels[i] >= 0).Sum(i =>
        {
            var logits = Enumerable.Range(0, 5).Select(c => Enumerable.Range(0, 3).Sum(d => h[i * 3 + d] * w[c * 3 + d])).ToArray();
            var logZ = Math.Log(logits.Sum(Math.Exp));
            // The cross-entropy with the smoothed target distribution.
            return Enumerable.Range(0, 5).Sum(c => ((c == (int)labels[i] ? 1 - smoothing : 0) + smoothing / 5) * (logZ - logits[c]));
        });
        Assert.Equal(expected, result, 1e-12);
    }

    /// <summary>The gradient of a row is the probabilities minus the smoothed target.</summary>
    [Property]
    public void GradientsAreProbabilitiesMinusTargets(int seed, byte smoothness)
    {
        var smoothing = smoothness % 4 * 0.1;
        var values = Samples(new Random(seed));
        var results = Evaluator.Run([.. new LinearCrossEntropy(smoothing).Apply(Args), Hidden.MatMul(Weight.T()).Softmax()], values);
        var (h, w, labels, p) = (values["hidden"], values["weight"], values["labels"], results[3]);
        double Delta(int i, int c) => labels[i] < 0 ? 0 : p[i * 5 + c] - (c == (int)labels[i] ? 1 - smoothing : 0) - smoothing / 5;
        for (var d = 0; d < 3; d++)
        {
            for (var i = 0; i < 7; i++) Assert.Equal(Enumerable.Range(0, 5).Sum(c => Delta(i, c) * w[c * 3 + d]), results[1][i * 3 + d], 1e-12);
            for (var c = 0; c < 5; c++) Assert.Equal(Enumerable.Range(0, 7).Sum(i => Delta(i, c) * h[i * 3 + d]), results[2][c * 3 + d], 1e-12);
        }
    }

    /// <summary>Whatever finite numbers a row without a label holds, however large; NaN and infinity are not promised to stay inside it.</summary>
    [Property]
    public void RowsWithoutALabelCountForNothing(int seed)
    {
        var random = new Random(seed);
        var values = Samples(random);
        var labels = values["labels"];
        var other = new Dictionary<string, Value>(values)
        {
            ["hidden"] = Value.Of(Hidden.Type, [.. values["hidden"].Items.ToArray()
                .Select((x, n) => labels[n / 3] < 0 ? 1e6 * (random.NextDouble() - 0.5) : x)]),
        };
        var (a, b) = (Evaluator.Run(new LinearCrossEntropy(0.1).Apply(Args), values), Evaluator.Run(new LinearCrossEntropy(0.1).Apply(Args), other));
        for (var r = 0; r < 3; r++) Assert.Equal(a[r].Items, b[r].Items);
        for (var n = 0; n < 21; n++)
            if (labels[n / 3] < 0) Assert.Equal(0, b[1][n]);
    }

    [Fact]
    public void NoLabelAtAllIsNoLoss()
    {
        var values = Samples(new Random(1));
        values["labels"] = Value.Of(Labels.Type, [.. Enumerable.Repeat(-100.0, 7)]);
        Assert.All(Evaluator.Run(new LinearCrossEntropy().Apply(Args), values), static v => Assert.All(v.Items.ToArray(), static x => Assert.Equal(0, x)));
        Assert.Equal(0, Evaluator.Run([Losses.LabelCount(Labels)], values)[0][0]);
    }

    [Property]
    public void IsTheUnfusedLoss(int seed)
    {
        var fused = Losses.LinearCrossEntropy(Hidden, Weight, Labels, 0.1);
        var plain = Losses.CrossEntropy(Hidden.MatMul(Weight.T()), Labels, 0.1);
        var values = Samples(new Random(seed));
        var results = Evaluator.Run([fused.Mean, plain.Mean, fused.Weight, plain.Weight], values);
        Assert.Equal(results[1][0], results[0][0], 1e-13);
        Assert.Equal(values["labels"].Items.ToArray().Count(static l => l >= 0), results[2][0]);
        Assert.Equal(results[2][0], results[3][0]);
    }

    static Dictionary<string, Value> Samples(Random random) => new()
    {
        ["hidden"] = Domain.Uniform(Hidden.Shape).Sample(random),
        ["weight"] = Domain.Uniform(Weight.Shape).Sample(random),
        ["labels"] = Domain.Labels(7, 5).Sample(random),
    };
}
