using System.Text;
using Functional.Graphs;
using Functional.Learning;
using Functional.Meaning;

namespace Functional.Samples;

/// <summary>Lesson 16: one step of PPO. A token that was better than expected becomes likelier, as long as it has not become so already.</summary>
public static class PpoStepByStep
{
    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var text = new StringBuilder("""
            PPO, step by step
            =================
            A policy drew a token when its probability was p_old. Its advantage A says how much better it was than expected. Since then
            the policy may have changed: r = p / p_old is 1 at the first update of a round, and moves with each that follows.

            1. The surrogate  r A  has at r = 1 the gradient of REINFORCE, A ∇log p. Far from 1 the drawn tokens say little about the
               policy as it is now, so it is cut (Schulman et al. 2017):  loss = -min(r A, clip(r, 1 - ε, 1 + ε) A),  ε = 0.2.


            """);
        text.Append("      advantage  ratio    loss  d loss / d log p\n");
        foreach (var (advantage, ratio) in new[] { (1.0, 0.7), (1, 1), (1, 1.15), (1, 1.3), (-1, 0.7), (-1, 0.85), (-1, 1), (-1, 1.3) })
        {
            var (loss, slope) = Of(advantage, ratio);
            text.Append(FormattableString.Invariant($"      {advantage,+9:+0;-0}   {ratio:0.00}  {loss,6:0.00}  {slope,6:+0.00;-0.00; 0.00}  ")).Append(Picture(slope)).Append('\n');
        }
        text.Append("""

               Where a good token has become 20 % likelier already, or a bad one 20 % less likely, nothing pulls any more: 0. In the other
               direction nothing is cut: a good token that has become rarer is pulled back.

            2. Nothing keeps r within the bounds; there is only no reason left to leave them. So a round is gone through a few times and then
               thrown away, and what came of it is watched: the share of tokens that were cut, and KL(old ‖ now), the mean of r - 1 - log r.

            Exercise: the advantage is -1, the ratio 1.5. What is the loss?

            """);
        return text.ToString();
    }

    static string Picture(double slope) => (slope < 0 ? "pushed up   " : slope > 0 ? "pushed down " : "left alone  ") + new string('█', (int)Math.Round(10 * Math.Abs(slope)));

    /// <summary>The loss of a token, and its slope by the token's log-probability.</summary>
    public static (double Loss, double Slope) Of(double advantage, double ratio)
    {
        Tensor Row(double x) => Create.Fill(x, [1, 1]);
        var now = Create.Input("now", [1, 1]);
        var loss = PolicyLosses.Of(PolicyLosses.Find("ppo")!, new(now, Row(0), Row(advantage), Row(1)), new()).Total;
        var result = Compiling.Program.Of([new("loss", loss.Mean), new("slope", Vjp.Gradients(loss.Sum, [now])[0])])
            .Evaluate(new Dictionary<string, Value> { ["now"] = Value.Of(new([1, 1]), [Math.Log(ratio)]) });
        return (result["loss"][0], result["slope"][0]);
    }
}
