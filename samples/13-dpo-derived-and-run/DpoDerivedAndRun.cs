using System.Text;
using Functional.Base;
using Functional.Graphs;
using Functional.Learning;
using Functional.Meaning;

namespace Functional.Samples;

/// <summary>Lesson 13: DPO, derived and run. The best policy under a reward and a price for leaving the reference is known in closed form; read backwards, it is a loss.</summary>
public static class DpoDerivedAndRun
{
    const double Beta = 0.5;

    // Three answers: what the reference gives them, and how good they are.
    internal static readonly double[] reference = [0.5, 0.3, 0.2], rewards = [0, 0.4, 1];

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var (best, learned) = (Best(), Learn(3000));
        var text = new StringBuilder("""
            DPO, derived and run
            ====================
            1. Whoever wants much reward r, and pays β for each nat of KL from the reference, chooses
                  π(y) ∝ π_ref(y) · exp(r(y) / β).
               Solved for the reward: r(y) = β log(π(y) / π_ref(y)) + a constant, which is the same for every answer. Put into
               Bradley and Terry's probability that people prefer one answer, the constant falls out, and no reward is left
               (Rafailov et al. 2023):
                  loss = -log σ(β log(π(better) / π_ref(better)) - β log(π(worse) / π_ref(worse))).

            2. Three answers, compared by people who prefer as their rewards say; the loss alone, without any reward:


            """);
        text.Append("   answer  reference  reward  closed form  learned\n");
        for (var i = 0; i < 3; i++)
            text.Append(FormattableString.Invariant($"   {(char)('a' + i)}       {reference[i]:0.000}      {rewards[i]:0.0}     {best[i]:0.000}        {learned[i]:0.000}  "))
                .Append(new string('█', (int)Math.Round(30 * learned[i]))).Append('\n');
        text.Append(FormattableString.Invariant($"""

               The law: where the policy is its reference, the loss is the logarithm of two, {Loss(0, 0):0.000000}, whatever both think of the
               answers; and every answer's implied reward is known up to one constant.

            Exercise: with β = 0.1, the better answer's log-ratio is +2 and the worse one's -1. What is the loss?

            """));
        return text.ToString();
    }

    /// <summary>The loss of a pair, from the log-ratios of both answers.</summary>
    public static double Loss(double better, double worse, double beta = Beta)
    {
        Tensor Row(double x) => Create.Fill(x, [1]);
        var terms = new PairTerms(new(Row(better), Row(1)), new(Row(worse), Row(1)), Row(0), Row(0), Row(0));
        var loss = PreferenceLosses.Of([(PreferenceLosses.Find("sigmoid")!, 1)], terms, new() { Beta = beta });
        return Compiling.Program.Of([new("loss", loss.Total.Mean)]).Evaluate(new Dictionary<string, Value>())["loss"][0];
    }

    /// <summary>The closed form.</summary>
    public static double[] Best() => Best(reference, rewards, Beta);

    /// <summary>The best policy over some answers: much reward, at a price for each nat of distance from the reference.</summary>
    /// <param name="reference">What the reference gives them.</param>
    /// <param name="rewards">How good they are.</param>
    /// <param name="beta">The price.</param>
    public static double[] Best(double[] reference, double[] rewards, double beta)
    {
        double[] weights = [.. reference.Zip(rewards, (p, r) => p * Math.Exp(r / beta))];
        return [.. weights.Select(w => w / weights.Sum())];
    }

    /// <summary>The policy after so many steps on all comparisons, each weighted by how often people make it.</summary>
    public static double[] Learn(int steps)
    {
        var logits = Create.Input("logits", [3]);
        var policy = logits.LogSoftmax();
        (int Better, int Worse)[] pairs = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)];
        Tensor Row(IEnumerable<double> numbers) => Movement.Concat(0, [.. numbers.Select(static x => Create.Fill(x, [1]))]);
        Tensor Under(Func<(int Better, int Worse), int> which) => policy.Gather(Movement.Concat(0, [.. pairs.Select(p => Create.Fill(which(p), [1], DType.I32))]));
        var ones = Create.Fill(1, [pairs.Length]);
        var terms = new PairTerms(new(Under(static p => p.Better), ones), new(Under(static p => p.Worse), ones), Row(pairs.Select(static p => Math.Log(reference[p.Better]))),
            Row(pairs.Select(static p => Math.Log(reference[p.Worse]))), ones * 0);
        var each = PreferenceLosses.Find("sigmoid")!.Of(terms, new() { Beta = Beta });
        var loss = (each * Row(pairs.Select(static p => 1 / (1 + Math.Exp(rewards[p.Worse] - rewards[p.Better]))))).SumAll();
        var step = Compiling.Program.Of([new("logits", logits - Vjp.Gradients(loss, [logits])[0] * 1.0), new("policy", policy.Exp())]);
        var values = Value.Of(new([3]), [.. reference.Select(static p => Math.Log(p))]);
        for (var i = 0; i < steps; i++) values = step.Evaluate(new Dictionary<string, Value> { ["logits"] = values })["logits"];
        var last = step.Evaluate(new Dictionary<string, Value> { ["logits"] = values })["policy"];
        return [last[0], last[1], last[2]];
    }
}
