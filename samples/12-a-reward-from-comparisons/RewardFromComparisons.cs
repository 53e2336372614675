using System.Text;
using Functional.Base;
using Functional.Graphs;
using Functional.Learning;
using Functional.Meaning;

namespace Functional.Samples;

/// <summary>Lesson 12: a reward from comparisons. Nobody says how good an answer is; people only say which of two is better. That is enough for a number.</summary>
public static class RewardFromComparisons
{
    internal static readonly string[] answers = ["short", "kind", "rude", "wrong"];

    // Of ten people, how many prefer the first to the second.
    internal static readonly (int Better, int Worse, int Votes)[] votes = [(0, 1, 4), (1, 0, 6), (0, 2, 8), (2, 0, 2), (1, 2, 9), (2, 1, 1), (0, 3, 9), (3, 0, 1), (1, 3, 9), (3, 1, 1), (2, 3, 6), (3, 2, 4)];

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var rewards = Learn(600);
        var text = new StringBuilder("""
            A reward from comparisons
            =========================
            1. Bradley and Terry (1952): the first of two wins with probability σ(r1 - r2). The loss is the mean of -log σ over what
               people said; sixty votes on four answers make four rewards:


            """);
        foreach (var (name, reward) in answers.Zip(rewards))
            text.Append(FormattableString.Invariant($"   {name,-6} {reward,6:0.00}  ")).Append(new string(' ', (int)Math.Round(10 + 5 * Math.Min(0, reward))))
                .Append(new string('█', (int)Math.Round(5 * Math.Abs(reward)))).Append('\n');
        text.Append("""

            2. What the rewards say of each pair, beside the votes:


            """);
        foreach (var (better, worse, count) in votes.Where(static v => v.Better < v.Worse))
            text.Append(FormattableString.Invariant($"   {answers[better],-6} before {answers[worse],-6} {Wins(rewards[better] - rewards[worse]):0.00}  (votes {count / 10.0:0.0})\n"));
        text.Append("""

               The law: only differences count. Rewards that are all higher by the same are as right, and a pair that has the same
               rewards costs the logarithm of two.

            Exercise: one answer has 1.2 more than another. How often is it preferred?

            """);
        return text.ToString();
    }

    /// <summary>How often an answer is preferred that has so much more.</summary>
    public static double Wins(double difference) => 1 / (1 + Math.Exp(-difference));

    /// <summary>The rewards after so many steps of gradient descent.</summary>
    public static double[] Learn(int steps)
    {
        var (r, n) = (Create.Input("r", [answers.Length]), votes.Length);
        Tensor Of(Func<(int Better, int Worse, int Votes), int> which) => r.Gather(Movement.Concat(0, [.. votes.Select(v => Create.Fill(which(v), [1], DType.I32))]));
        var counts = Movement.Concat(0, [.. votes.Select(static v => Create.Fill(v.Votes, [1]))]);
        var loss = RewardLosses.Pairs(Of(static v => v.Better), Of(static v => v.Worse), Create.Fill(0, [n]), counts, new()).Total;
        var step = Compiling.Program.Of([new("r", r - Vjp.Gradients(loss.Sum, [r])[0] / loss.Weight * 4)]);
        var values = Value.Of(new([answers.Length]), new double[answers.Length]);
        for (var i = 0; i < steps; i++) values = step.Evaluate(new Dictionary<string, Value> { ["r"] = values })["r"];
        return [.. Enumerable.Range(0, answers.Length).Select(i => values[i])];
    }
}
