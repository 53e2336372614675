using Functional.Base;
using Functional.Graphs;
using Functional.Learning;
using Functional.Meaning;
using Functional.Reports;
using Functional.Samples;
using Functional.Sampling;

namespace Functional.Lessons;

/// <summary>Lessons 12, 13 and 14: numbers out of comparisons, a policy out of them, and the best of several answers.</summary>
static class PreferenceLessons
{
    public static Vec<Lesson> All => [Comparisons, Dpo, Best];

    static Lesson Comparisons => new("12-a-reward-from-comparisons", "A reward from comparisons", "How numbers come of votes: nobody says how good an answer is, only which of two is better (Bradley and Terry).", Lesson.Says(RewardFromComparisons.Text))
    {
        Pictures =
        [
            Picture.Lines("What the rewards say, beside the votes", "A point is a pair of answers: how often people preferred the first, and how often its reward says so. On the line both are the same; four numbers cannot say all that sixty votes do.",
                "share of the votes", "by the rewards", static () =>
                {
                    var rewards = RewardFromComparisons.Learn(600);
                    return
                    [
                        new("the same", [(0, 0), (1, 1)]),
                        new("pairs", [.. RewardFromComparisons.votes.Select(v => (v.Votes / 10.0, RewardFromComparisons.Wins(rewards[v.Better] - rewards[v.Worse])))]) { IsLine = false },
                    ];
                }),
            Picture.Lines("How a reward is learned", "Four answers, from 0 on; only differences count, so their sum stays where it was.", "steps", "reward", static () =>
            {
                (int Steps, double[] Rewards)[] curve = [.. ((int[])[0, 5, 10, 20, 40, 80, 160, 320]).Select(static steps => (steps, RewardFromComparisons.Learn(steps)))];
                return [.. RewardFromComparisons.answers.Select((name, i) => new Trace(name, [.. curve.Select(c => ((double)c.Steps, c.Rewards[i]))]))];
            }),
        ],
        Laws =
        [
            new("only-differences", "Rewards that are all higher by the same have the same loss.", static key =>
            {
                var draw = new Draws(key);
                var (better, worse, votes, added) = (draw.Normals("better", 4, 2), draw.Normals("worse", 4, 2), draw.Below("votes", 4, 9).Select(static v => v + 1.0).ToArray(), draw.Between("added", -50, 50));
                return LawCase.Same(Loss(better, worse, votes), Loss([.. better.Select(r => r + added)], [.. worse.Select(r => r + added)], votes), $"better {Shown.Of(better)}, worse {Shown.Of(worse)}, votes {Shown.Of(votes)}, added {added}");
            }),
            new("one-of-two", "How often an answer is preferred, and how often the other one is, make 1; and what has more is preferred.", static key =>
            {
                var d = new Draws(key).Between("difference", -20, 20);
                var (one, other) = (RewardFromComparisons.Wins(d), RewardFromComparisons.Wins(-d));
                return LawCase.Of(Math.Abs(one + other - 1) < 1e-12 && one >= 0.5 == d >= 0, $"a difference of {d}: {one} and {other}");
            }),
            new("a-step-down", "A small step along the gradient never makes the loss higher.", static key =>
            {
                var draw = new Draws(key);
                var (better, worse, votes) = (draw.Normals("better", 4, 2), draw.Normals("worse", 4, 2), new[] { 1.0, 2, 3, 4 });
                Tensor b = Create.Input("better", [4]), w = Create.Input("worse", [4]);
                var slopes = Vjp.Gradients(Total(b, w, votes), [b, w]);
                var found = Evaluator.Run([.. slopes], new Dictionary<string, Value> { ["better"] = Value.Of(b.Type, better), ["worse"] = Value.Of(w.Type, worse) });
                double[] Stepped(double[] from, Value slope) => [.. from.Select((r, i) => r - 0.1 * slope[i])];
                var (before, after) = (Loss(better, worse, votes), Loss(Stepped(better, found[0]), Stepped(worse, found[1]), votes));
                return LawCase.Of(after <= before + 1e-12, $"better {Shown.Of(better)}, worse {Shown.Of(worse)}: from {before} to {after}");
            }),
        ],
    };

    static Tensor Total(Tensor better, Tensor worse, double[] votes) => RewardLosses.Pairs(better, worse, better.Like(0), Listed.Of([.. votes]), new()).Total.Mean;

    static double Loss(double[] better, double[] worse, double[] votes) => Evaluator.Run(Total(Listed.Of([.. better]), Listed.Of([.. worse]), votes))[0];

    static Lesson Dpo => new("13-dpo-derived-and-run", "DPO, derived and run", "That the best policy under a reward is known in closed form, and that the same form read backwards is a loss without a reward.", Lesson.Says(DpoDerivedAndRun.Text))
    {
        Seconds = 3,
        Pictures =
        [
            Picture.Lines("Learned and in closed form", "Three answers: what the reference gives them, what is best in closed form, and what the loss alone came to, without any reward.", "answer", "probability", static () =>
            {
                static Trace Of(string name, double[] shares, bool line) => new(name, [.. shares.Select(static (p, i) => (i + 1.0, p))]) { IsLine = line };
                return [Of("closed form", DpoDerivedAndRun.Best(), true), Of("learned", DpoDerivedAndRun.Learn(1000), false), Of("reference", DpoDerivedAndRun.reference, false)];
            }),
            Picture.Lines("The loss of a pair", "Against how much the better answer's log-ratio is above the worse one's: log 2 where the policy is its reference; a larger β is sooner content, and stricter.", "difference of log-ratios", "loss", static () =>
                [.. ((double[])[0.1, 0.5, 2]).Select(static beta => new Trace(FormattableString.Invariant($"β = {beta}"), [.. Enumerable.Range(-16, 33).Select(static i => i / 4.0).Select(d => (d, DpoDerivedAndRun.Loss(d, 0, beta)))]))]),
        ],
        Laws =
        [
            new("begins-at-log-2", "Where the policy is its reference, the loss of every pair is the logarithm of two.", static key =>
            {
                var draw = new Draws(key);
                var (likely, beta) = (draw.Normals("likely", 2, 30).Select(static l => -Math.Abs(l)).ToArray(), draw.Between("beta", 0.01, 5));
                return LawCase.Same(Math.Log(2), Pair(likely[0], likely[1], likely[0], likely[1], beta), $"log-probabilities {Shown.Of(likely)} under both, β = {beta}");
            }),
            new("shift", "What both log-ratios have in common has no part in the loss.", static key =>
            {
                var draw = new Draws(key);
                var (ratios, added, beta) = (draw.Normals("ratios", 2, 3), draw.Between("added", -20, 20), draw.Between("beta", 0.01, 2));
                return LawCase.Same(DpoDerivedAndRun.Loss(ratios[0], ratios[1], beta), DpoDerivedAndRun.Loss(ratios[0] + added, ratios[1] + added, beta), $"log-ratios {Shown.Of(ratios)}, and {added} more, β = {beta}");
            }),
            new("best-there-is", "No other policy has more reward, less its price for each nat from the reference, than the closed form.", static key =>
            {
                var draw = new Draws(key);
                var size = draw.Whole("answers", 2, 6);
                var (reference, rewards, beta, other) = (draw.Shares("reference", size), draw.Normals("rewards", size, 2), draw.Between("beta", 0.05, 3), draw.Shares("other", size, 2));
                double Worth(double[] policy) => Enumerable.Range(0, size).Sum(i => policy[i] == 0 ? 0 : policy[i] * (rewards[i] - beta * Math.Log(policy[i] / reference[i])));
                var best = DpoDerivedAndRun.Best(reference, rewards, beta);
                return LawCase.Of(Worth(best) >= Worth(other) - 1e-9, $"reference {Shown.Of(reference)}, rewards {Shown.Of(rewards)}, β = {beta}: {Shown.Of(best)} is worth {Worth(best)}, and {Shown.Of(other)} is worth {Worth(other)}");
            }),
        ],
    };

    static double Pair(double better, double worse, double referenceBetter, double referenceWorse, double beta)
    {
        static Tensor Row(double x) => Create.Fill(x, [1]);
        var terms = new PairTerms(new(Row(better), Row(1)), new(Row(worse), Row(1)), Row(referenceBetter), Row(referenceWorse), Row(0));
        return Evaluator.Run(PreferenceLosses.Of([(PreferenceLosses.Find("sigmoid")!, 1)], terms, new() { Beta = beta }).Total.Mean)[0];
    }

    static Lesson Best => new("14-best-of-n", "Best of n", "What more answers buy at test time, known from those that are there, and what a judge that is only nearly right does to it.", Lesson.Says(BestOfN.Text))
    {
        Pictures =
        [
            Picture.Lines("The best of n, as judged and as it is", "What the judge sees never falls. What is true rises and then falls: the more there is to choose from, the more the choice is of what the judge gets wrong.", "answers", "worth", static () =>
            {
                var (judged, truly) = BestOfN.Curve();
                var sizes = BestOf.Sizes(64);
                return [new("judged", [.. judged.Select((y, i) => ((double)sizes[i], y))]), new("truly", [.. truly.Select((y, i) => ((double)sizes[i], y))])];
            }),
        ],
        Laws =
        [
            new("all-subsets", "What the best of k is worth in the mean is what comes of looking at every subset of k answers.", static key =>
            {
                var draw = new Draws(key);
                var (count, scores) = (draw.Whole("answers", 1, 8), draw.Below("scores", 8, 5).Select(static s => (double)s).ToArray());
                var (k, own) = (draw.Whole("k", 1, count), scores[..count]);
                var subsets = Enumerable.Range(0, 1 << count).Where(set => int.PopCount(set) == k).Select(set => Enumerable.Range(0, count).Where(i => (set >> i & 1) != 0).Max(i => own[i]));
                return LawCase.Same(subsets.Average(), BestOfN.Worth(own, k), $"the best of {k} of {Shown.Of(own)}");
            }),
            new("never-falls", "More answers never make the best of them worse, by what it was chosen for.", static key =>
            {
                var draw = new Draws(key);
                var scores = draw.Normals("scores", draw.Whole("answers", 2, 12));
                double[] curve = [.. Enumerable.Range(1, scores.Length).Select(k => BestOfN.Worth(scores, k))];
                return LawCase.Of(curve.Zip(curve.Skip(1)).All(static pair => pair.Item2 >= pair.Item1 - 1e-12), $"scores {Shown.Of(scores)} have the curve {Shown.Of(curve)}");
            }),
        ],
    };
}
