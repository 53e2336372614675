using System.Text;
using Functional.Base;
using Functional.Sampling;

namespace Functional.Samples;

/// <summary>Lesson 14: best of n. What more answers buy at test time, known from the answers that are there; and what a judge that is only nearly right does to it.</summary>
public static class BestOfN
{
    const int Answers = 64, Questions = 400;

    // What answers are worth: mostly little, sometimes much; and a judge who likes what is loud, as well.
    static readonly Vec<Vec<Candidate>> drawn = [.. Enumerable.Range(0, Questions).Select(static question => (Vec<Candidate>)[.. Enumerable.Range(0, Answers).Select(i =>
    {
        var key = Key.Seed(14).FoldIn(question).FoldIn(i);
        var (worth, loud) = (key.Normal(0), key.Normal(1));
        // The loudest of answers are worth less than they seem.
        return new Candidate("", 20, 0, worth + loud, worth - 0.4 * loud * Math.Max(0, loud));
    })])];

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var text = new StringBuilder("""
            Best of n
            =========
            1. Four answers to a question, as a judge sees them: 2, 5, 5, 9. The best of all four is 9. And the best of two? There are
               six pairs, and the i-th answer from below is the best of C(i, 1) of them:


            """);
        double[] scores = [2, 5, 5, 9];
        for (var k = 1; k <= 4; k++) text.Append(FormattableString.Invariant($"   best of {k}: {BestOf.Expected(scores, scores, k):0.0000}\n"));
        text.Append("""

               No answer was drawn anew: every subset of answers is as good a draw as another, and their mean is without bias.

            2. 400 questions with 64 answers each, at 20 tokens. A judge gives each what it is worth and, just as much, how loud it is.
               The best of n by the judge, as the judge sees it and as it is; KL is how far that is from the policy, at most, in nats:

                 n  tokens     KL  judged                          truly


            """);
        var points = Curves.OfBest(drawn, Key.Seed(1));
        foreach (var p in points)
            text.Append(FormattableString.Invariant($"   {p.Answers,3}    {p.Tokens,4}  {p.Kl,5:0.000}  {p.Reward.Value,5:0.00}  {Bar(p.Reward.Value),-24} {p.Value.Value,5:0.00}  {Bar(p.Value.Value)}")
                .TrimEnd()).Append('\n');
        text.Append("""

               The law: what the judge sees never falls with n. What is true rises, and then falls: the more there is to choose from, the
               more the choice is of what the judge gets wrong (Goodhart's law; Gao et al. 2023 measure it). That is why functional
               bestof has a --measure beside its --judge.

            3. Nobody judges: the answers vote.


            """);
        string[] said = ["7", "8", "7.", "9", "8"];
        text.Append(FormattableString.Invariant($"   {string.Join(", ", said)} → {said[Vote.Of([.. said.Select(Vote.Normal)], [1, 1, 1, 1, 1])!.Value]}: two say 7, two say 8, and 7 was seen first\n"));
        text.Append("""

            Exercise: of the answers 1, 1, 1, 10, what is the best of two worth in the mean?

            """);
        return text.ToString();
    }

    /// <summary>What the best of k is worth in the mean.</summary>
    public static double Worth(double[] scores, int k) => BestOf.Expected(scores, scores, k);

    /// <summary>What the judge sees of 1, 2, 4, … answers, and what is true.</summary>
    public static (double[] Judged, double[] Truly) Curve() => Curves.OfBest(drawn, Key.Seed(1)) is var points
        ? ([.. points.Select(static p => p.Reward.Value)], [.. points.Select(static p => p.Value.Value)]) : default;

    static string Bar(double value) => new('█', Math.Max(0, (int)Math.Round(6 * value)));
}
