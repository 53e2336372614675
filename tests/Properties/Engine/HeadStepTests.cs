namespace Functional.Tests.Properties;

/// <summary>
/// Heads whose logits do not fit in one chunk, which no random program is large enough for: against plain loops, with rows that count in runs and singly.
/// </summary>
public sealed class HeadStepTests
{
    // A chunk holds 12 rows of this vocabulary.
    const int Vocabulary = 600_000, Width = 2;

    public static TheoryData<string> Counted => new() { "all", "none", "some", "the last", "two runs" };

    static bool Counts(string which, int row) => which switch
    {
        "all" => true, "none" => false, "some" => row % 3 != 1, "the last" => row == 30, _ => row is < 12 or > 16,
    };

    [Theory, MemberData(nameof(Counted))]
    public void Chunks_together_are_the_whole(string which)
    {
        const int rows = 31;
        var (random, labels) = (new Random(5), new int[rows]);
        float[] Some(int n) => [.. Enumerable.Range(0, n).Select(_ => (float)(random.NextDouble() * 2 - 1))];
        float[] hidden = Some(rows * Width), weight = Some(Vocabulary * Width), shares = Some(rows);
        for (var row = 0; row < rows; row++) labels[row] = Counts(which, row) ? random.Next(Vocabulary) : -100;

        Tensor h = Create.Input("h", [rows, Width]), w = Create.Input("w", [Vocabulary, Width]), l = Create.Input("l", [rows], DType.I32), s = Create.Input("s", [rows]);
        var (entropy, likely) = (new LinearCrossEntropy().Apply(h, w, l), new LinearLogProbabilities().Apply(h, w, l));
        var program = Program.Of([new("sum", entropy[0]), new("byHidden", entropy[1]), new("byWeight", entropy[2]), new("own", likely[0]), new("ownByHidden", likely[1]),
            new("entropies", likely[2]), new("squares", likely[3]), new("shared", new LinearLogProbabilitiesGradient().Result(0, [h, w, l, s]))]);
        using var engine = new ManagedEngine(2);
        var found = Runs.On(engine)(program, new Dictionary<string, Value>
        {
            ["h"] = Of([rows, Width], hidden), ["w"] = Of([Vocabulary, Width], weight), ["s"] = Of([rows], shares), ["l"] = Value.Of(new([rows], DType.I32), [.. labels.Select(static x => (double)x)]),
        });

        double[] own = new double[rows], spread = new double[rows], squares = new double[rows], byHidden = new double[rows * Width], byWeight = new double[Vocabulary * Width],
            shared = new double[Vocabulary * Width], p = new double[Vocabulary];
        for (var row = 0; row < rows; row++)
        {
            if (labels[row] < 0) continue;
            double At(int v) => (double)hidden[2 * row] * weight[2 * v] + (double)hidden[2 * row + 1] * weight[2 * v + 1];
            var sum = 0.0;
            for (var v = 0; v < Vocabulary; v++) sum += p[v] = Math.Exp(At(v));
            own[row] = At(labels[row]) - Math.Log(sum);
            for (var v = 0; v < Vocabulary; v++)
            {
                p[v] /= sum;
                spread[row] -= p[v] * Math.Log(p[v]);
                squares[row] += p[v] * p[v];
                var delta = (v == labels[row] ? 1 : 0) - p[v];
                for (var d = 0; d < Width; d++)
                {
                    byHidden[row * Width + d] += delta * weight[v * Width + d];
                    byWeight[v * Width + d] -= delta * hidden[row * Width + d];
                    shared[v * Width + d] += shares[row] * delta * hidden[row * Width + d];
                }
            }
            squares[row] = Math.Log(squares[row]);
        }
        Assert.Equal(-own.Sum(), found["sum"][0], 1e-3);
        Near(own, "own", 2e-5);
        Near(spread, "entropies", 2e-5);
        Near(squares, "squares", 2e-5);
        Near(byHidden, "ownByHidden", 2e-5);
        Near([.. byHidden.Select(static v => -v)], "byHidden", 2e-5);
        Near(byWeight, "byWeight", 1e-6);
        Near(shared, "shared", 1e-6);

        void Near(double[] expected, string name, double tolerance)
        {
            for (var i = 0; i < expected.Length; i++) Assert.True(Math.Abs(expected[i] - found[name][i]) <= tolerance, $"{name}[{i}]: {expected[i]} expected, {found[name][i]} found");
        }

        static Value Of(Vec<int> shape, float[] numbers) => Value.Of(new(shape), [.. numbers.Select(static x => (double)x)]);
    }
}
