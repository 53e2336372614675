using System.Text;
using Functional.Base;
using Functional.Reports;
using static System.FormattableString;

namespace Functional.Samples;

/// <summary>What became of a model.</summary>
/// <param name="KlWeight">What a nat of distance from the base cost it.</param>
/// <param name="Es">How many e's its answers have in the mean.</param>
/// <param name="Kl">How far it is from the base, in nats an answer: the mean of log π - log π_ref over what it wrote.</param>
/// <param name="Updates">How many updates it learned for.</param>
/// <param name="Seconds">How long these took, with what was written for them.</param>
public sealed record Outcome(double KlWeight, double Es, double Kl, long Updates, double Seconds)
{
    /// <summary>How it goes on with each prompt, once.</summary>
    public string Texts { get; init; } = "";
}

/// <summary>Reward against distance: what a weight chooses between.</summary>
public static class TradeOff
{
    /// <summary>A row a policy, with a bar of its e's.</summary>
    public static string Table(Outcome before, Vec<Outcome> policies)
    {
        var text = new StringBuilder("      KL weight  nats an answer   mean e  seconds\n");
        text.Append(Invariant($"      the base   {before.Kl,14:0.00} {before.Es,8:0.00}           {Bar(before.Es)}\n"));
        foreach (var p in policies) text.Append(Invariant($"      {p.KlWeight,-9}  {p.Kl,14:0.00} {p.Es,8:0.00} {p.Seconds,8:0}  {Bar(p.Es)}\n"));
        return text.ToString();
    }

    /// <summary>The same as a picture: each policy a point, from the nearest to the farthest.</summary>
    public static Chart Picture(Outcome before, Vec<Outcome> policies) => new("What distance from the base buys", "KL from the base, nats an answer",
        Invariant($"e in {CountingE.Characters} characters"),
    [
        new("from the base", [.. policies.Append(before).OrderBy(static p => p.Kl).Select(static p => (p.Kl, p.Es))]),
        .. policies.Select(static p => new Trace(Invariant($"KL weight {p.KlWeight}"), [(p.Kl, p.Es)]) { IsLine = false }),
    ]);

    /// <summary>
    /// The share of e in what the best policy writes where letters fall independently: π ∝ π_ref exp(reward / price), as lesson 13 has it. GRPO divides rewards by how much
    /// they vary in a group, so that its prices are not these.
    /// </summary>
    /// <param name="share">The share in what the base writes.</param>
    /// <param name="price">What a nat of distance costs, where an e is worth 1.</param>
    public static double Best(double share, double price) => share / (share + (1 - share) * Math.Exp(-1 / price));

    static string Bar(double es) => new('█', (int)Math.Round(es));
}
