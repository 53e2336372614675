using System.Text;
using Functional.Base;
using Functional.Learning;

namespace Functional.Samples;

/// <summary>Lesson 18: how far a policy is from its reference, told from single tokens: three estimators, two of them right in the mean, and how much each varies.</summary>
public static class ThreeEstimators
{
    static readonly double[] policy = [0.7, 0.3], reference = [0.5, 0.5];

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var text = new StringBuilder("""
            Three estimators of one distance
            ================================
            What it costs to leave the reference is KL(π ‖ π_ref) = Σ π log(π / π_ref). Over a whole vocabulary that is a lot of work; of one
            token that π drew we have d = log π - log π_ref for nothing (Schulman 2020):

                  k1 = d          k2 = ½ d²          k3 = e^-d - 1 + d

            1. π = (0.7, 0.3) beside (0.5, 0.5): the distance is 0.0822829. Over what π draws:

                  estimator   token 1   token 2      mean  deviation

            """);
        foreach (var estimator in (KlEstimator[])[KlEstimator.K1, KlEstimator.K2, KlEstimator.K3])
        {
            var (mean, deviation) = (Mean(estimator), Deviation(estimator));
            text.Append(FormattableString.Invariant($"      {estimator.ToString().ToLowerInvariant()}         {Each(estimator, 0),9:0.0000} {Each(estimator, 1),9:0.0000} {mean,9:0.0000000}  {deviation:0.0000}  "))
                .Append(new string('█', (int)Math.Round(40 * deviation))).Append('\n');
        }
        text.Append("""

               k1 is right in the mean, but of either sign, and varies most: a few tokens may well say that the distance is below 0. k2 is
               never below 0 and a little wrong. k3 is right in the mean and never below 0, for e^-d - 1 has mean 0 under π whatever π_ref is.

            2. The mean of n drawn tokens, ten times each:


            """);
        foreach (var n in (int[])[10, 1000])
            foreach (var estimator in (KlEstimator[])[KlEstimator.K1, KlEstimator.K3])
                text.Append(FormattableString.Invariant($"      n = {n,-4}  {estimator.ToString().ToLowerInvariant()}  "))
                    .AppendJoin(' ', Enumerable.Range(0, 10).Select(i => FormattableString.Invariant($"{Drawn(estimator, n, Key.Seed((ulong)i)),6:0.000}"))).Append('\n');
        text.Append("""

               In a reward the estimate is only a number, and k1 is what it says; in a loss its gradient counts, and k1's has mean 0: it
               pulls nowhere. So rewards are charged by k1, and losses by k3.

            Exercise: what is the mean of k2 under π?

            """);
        return text.ToString();
    }

    internal static double Each(KlEstimator estimator, int token) => Kl.Of(estimator, Math.Log(policy[token]), Math.Log(reference[token]));

    /// <summary>What an estimator says in the mean over what the policy draws.</summary>
    public static double Mean(KlEstimator estimator) => policy[0] * Each(estimator, 0) + policy[1] * Each(estimator, 1);

    internal static double Deviation(KlEstimator estimator) => Math.Sqrt(Enumerable.Range(0, 2).Sum(i => policy[i] * Math.Pow(Each(estimator, i) - Mean(estimator), 2)));

    internal static double Drawn(KlEstimator estimator, int n, Key key) => Enumerable.Range(0, n).Average(i => Each(estimator, key.Uniform(i) < policy[0] ? 0 : 1));
}
