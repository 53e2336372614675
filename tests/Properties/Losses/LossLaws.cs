using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>Cross-entropy: its value, masking, smoothing, and its gradient against the closed form.</summary>
public sealed class LossLaws
{
    const double Exact = 1e-10;

    static Value Run(Tensor t, params (string, Value)[] given) => Evaluator.Run([t], new Dictionary<string, Value>().With(given))[0];

    static (Tensor Logits, Tensor Labels, Value Scores, Value Targets) Make(int rows, int vocabulary, ushort seed) => (
        Create.Input("logits", [rows, vocabulary]), Create.Input("labels", [rows], DType.I32),
        Runs.Normal(new([rows, vocabulary]), Key.Seed(seed), 3),
        Value.Of(new([rows], DType.I32), Runs.Labels(new(1, rows), vocabulary, seed).Items));

    [Property]
    public void The_gradient_is_probabilities_minus_targets(PositiveInt r, PositiveInt v, byte percent, ushort seed)
    {
        var (rows, vocabulary, smoothing) = (1 + r.Get % 6, 1 + v.Get % 7, percent % 100 / 100.0);
        var (logits, labels, scores, targets) = Make(rows, vocabulary, seed);
        var gradient = Run(Vjp.Gradients(Losses.CrossEntropy(logits, labels, smoothing).Sum, logits)[0], ("logits", scores), ("labels", targets));
        for (var row = 0; row < rows; row++)
        {
            var exps = scores.Items.Slice(row * vocabulary, vocabulary).ToArray().Select(Math.Exp).ToArray();
            for (var i = 0; i < vocabulary; i++)
            {
                var target = (i == targets[row] ? 1 - smoothing : 0) + smoothing / vocabulary;
                Assert.Equal(targets[row] == -100 ? 0 : exps[i] / exps.Sum() - target, gradient[row * vocabulary + i], Exact);
            }
        }
    }

    [Property]
    public void Masked_rows_do_not_matter_whatever_stands_there(PositiveInt r, PositiveInt v, ushort seed)
    {
        var (rows, vocabulary) = (1 + r.Get % 6, 2 + v.Get % 7);
        var (logits, labels, scores, targets) = Make(rows, vocabulary, seed);
        var (width, table) = (3, Create.Input("table", [vocabulary, 3]));
        var hidden = Create.Input("hidden", [rows, width]);
        var noise = Runs.Normal(new([rows, width]), Key.Seed(seed).FoldIn(1));
        var other = Runs.Changed(noise, (x, i) => targets[i / width] == -100 ? 1e6 * (x + 1) : x);
        var weights = Runs.Normal(table.Type, Key.Seed(2));
        var loss = Losses.LinearCrossEntropy(hidden, table, labels);
        foreach (var t in new[] { loss.Sum, loss.Weight, loss.Mean, Vjp.Gradients(loss.Sum, table)[0], Vjp.Gradients(loss.Sum, hidden)[0] })
            Runs.Close(Run(t, ("hidden", noise), ("table", weights), ("labels", targets)), Run(t, ("hidden", other), ("table", weights), ("labels", targets)),
                Exact);
        Assert.Equal(targets.Items.ToArray().Count(static l => l != -100), Run(loss.Weight, ("labels", targets))[0]);
    }

    [Property]
    public void The_fused_head_is_the_plain_one(PositiveInt r, PositiveInt v, byte percent, ushort seed)
    {
        var (rows, vocabulary, smoothing) = (1 + r.Get % 6, 1 + v.Get % 7, percent % 100 / 100.0);
        var (_, labels, _, targets) = Make(rows, vocabulary, seed);
        var (hidden, table) = (Create.Input("hidden", [rows, 3]), Create.Input("table", [vocabulary, 3]));
        (string, Value)[] given = [("hidden", Runs.Normal(hidden.Type, Key.Seed(seed))), ("table", Runs.Normal(table.Type, Key.Seed(2))), ("labels", targets)];
        var (fused, plain) = (Losses.LinearCrossEntropy(hidden, table, labels, smoothing), Losses.CrossEntropy(hidden.MatMul(table.T()), labels, smoothing));
        Runs.Close(Run(plain.Sum, given), Run(fused.Sum, given), Exact);
        Runs.Close(Run(plain.Weight, given), Run(fused.Weight, given), 0);
        var (a, b) = (Vjp.Gradients(fused.Sum, hidden, table), Vjp.Gradients(plain.Sum, hidden, table));
        for (var i = 0; i < 2; i++) Runs.Close(Run(b[i], given), Run(a[i], given), Exact);
    }

    [Property]
    public void Parts_add(PositiveInt r, PositiveInt v, byte cut, ushort seed)
    {
        var (rows, vocabulary) = (2 + r.Get % 6, 1 + v.Get % 7);
        var (logits, labels, scores, targets) = Make(rows, vocabulary, seed);
        var first = 1 + cut % (rows - 1);
        var whole = Losses.CrossEntropy(logits, labels);
        var parts = Losses.CrossEntropy(logits.Slice(0, 0, first), labels.Slice(0, 0, first)) + Losses.CrossEntropy(logits.Slice(0, first, rows - first),
            labels.Slice(0, first, rows - first));
        Runs.Close(Run(whole.Sum, ("logits", scores), ("labels", targets)), Run(parts.Sum, ("logits", scores), ("labels", targets)), Exact);
        Runs.Close(Run(whole.Mean, ("logits", scores), ("labels", targets)), Run(parts.Mean, ("logits", scores), ("labels", targets)), Exact);
    }

    [Fact]
    public void Equal_scores_cost_the_logarithm_of_the_vocabulary() =>
        Assert.Equal(Math.Log(7), Run(Losses.CrossEntropy(Create.Fill(3, [2, 7]), Create.Fill(4, [2], DType.I32), 0.3).Mean)[0], Exact);
}
