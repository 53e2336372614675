using Functional.Base;

namespace Functional.Sampling;

/// <summary>An answer that was drawn, and what it is worth.</summary>
/// <param name="Text">The answer.</param>
/// <param name="Tokens">How many tokens were drawn for it, its end among them.</param>
/// <param name="LogProb">The mean logarithm of the probability with which each was drawn, at the temperature of the draw.</param>
/// <param name="Reward">What the judge gives it; NaN where that is not known, and then it is never the best.</param>
/// <param name="Value">What it is measured by, which may be the reward itself; NaN where that is not known.</param>
public sealed record Candidate(string Text, int Tokens, double LogProb, double Reward, double Value);

/// <summary>What so much computing buys: means over prompts, each with the interval that drawing the prompts anew gives.</summary>
/// <param name="Answers">How many answers each prompt has.</param>
/// <param name="Tokens">How many tokens are written for a prompt, in the mean.</param>
/// <param name="Reward">What the judge gives the answer that is chosen; of a vote, which asks no judge, what the answer is measured by.</param>
/// <param name="Value">What it is measured by.</param>
/// <param name="Kl">The bound of <see cref="BestOf.Kl"/> in nats; NaN where there is none.</param>
public sealed record CurvePoint(int Answers, double Tokens, Rate Reward, Rate Value, double Kl);

/// <summary>Curves of reward against compute, of answers to many prompts.</summary>
public static class Curves
{
    /// <summary>
    /// Best of 1, 2, 4, … answers. A prompt of which no answer has a reward counts for nothing; one of which a reward, but no value is known only for the reward.
    /// </summary>
    /// <param name="prompts">Of each prompt its answers, as many for all.</param>
    /// <param name="key">What decides the draws of intervals.</param>
    public static Vec<CurvePoint> OfBest(Vec<Vec<Candidate>> prompts, Key key) => Of(prompts, key, static (all, sizes) =>
    {
        double[] rewards = [.. all.Select(static c => c.Reward)], values = [.. all.Select(static c => c.Value)];
        var known = all.Any(static c => double.IsFinite(c.Reward));
        var measured = known && all.All(static c => double.IsFinite(c.Value) || !double.IsFinite(c.Reward));
        return (sizes.Map(k => known ? BestOf.Expected(rewards, rewards, k) : double.NaN), sizes.Map(k => measured ? BestOf.Expected(rewards, values, k) : double.NaN));
    }, BestOf.Kl);

    /// <summary>The majority of 1, 2, 4, … answers, by what answers are measured by. A prompt with an answer whose value is not known counts for nothing.</summary>
    /// <param name="prompts">Of each prompt its answers, as many for all.</param>
    /// <param name="normal">The form in which answers are the same.</param>
    /// <param name="weighted">Whether likelier answers count more (<see cref="Vote.Weight"/>).</param>
    /// <param name="key">What decides the draws of intervals.</param>
    public static Vec<CurvePoint> OfVotes(Vec<Vec<Candidate>> prompts, Func<string, string> normal, bool weighted, Key key) => Of(prompts, key, (all, sizes) =>
    {
        if (!all.All(static c => double.IsFinite(c.Value))) return (sizes.Map(static _ => double.NaN), sizes.Map(static _ => double.NaN));
        var worth = Vote.Expected([.. all.Select(c => normal(c.Text))], [.. all.Select(c => weighted ? Vote.Weight(c.LogProb) : 1)], [.. all.Select(static c => c.Value)], sizes);
        return (worth, worth);
    }, static _ => double.NaN);

    /// <summary>A mean over prompts of what is known; NaN where nothing is.</summary>
    internal static Rate Mean(IEnumerable<double> numbers, Key key) =>
        numbers.Where(double.IsFinite).ToVec() is { Count: > 0 } known ? Rate.OfMean(known, key) : new(double.NaN, double.NaN, double.NaN);

    static Vec<CurvePoint> Of(Vec<Vec<Candidate>> prompts, Key key, Func<Vec<Candidate>, Vec<int>, (Vec<double> Rewards, Vec<double> Values)> of, Func<int, double> kl)
    {
        if (prompts.Count == 0) return [];
        var sizes = BestOf.Sizes(prompts[0].Count);
        var each = prompts.Map(all => of(all, sizes));
        // Any answer is as likely to be among k of n as another.
        var tokens = prompts.Average(static all => all.Average(static c => (double)c.Tokens));
        return sizes.Map((k, i) => new CurvePoint(k, k * tokens, Mean(each.Select(e => e.Rewards[i]), key), Mean(each.Select(e => e.Values[i]), key), kl(k)));
    }
}
