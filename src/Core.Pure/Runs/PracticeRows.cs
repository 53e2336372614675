using Functional.Base;
using Functional.Data;
using Functional.Graphs;
using Functional.Learning;
using Functional.Settings;

namespace Functional.Runs;

/// <summary>What rows of a round are made of: answers of a policy's own, what they are worth, and what models think of them. Each algorithm is one of them.</summary>
static class PracticeRows
{
    /// <summary>
    /// Of those to one prompt the best is preferred to the worst, and the margin is what it has more (online DPO; Guo et al. 2024). A prompt whose answers are all worth
    /// the same counts for nothing.
    /// </summary>
    public static void Pairs(Vec<Vec<Rollout>> answers, Batch rows)
    {
        for (var row = 0; row < answers.Count; row++)
        {
            var judged = answers[row].Where(static a => a.Counts).OrderByDescending(static a => a.Reward).ToArray();
            var differ = judged.Length > 1 && judged[0].Reward > judged[^1].Reward;
            rows.Floats("margin", row)[0] = differ ? (float)(judged[0].Reward - judged[^1].Reward) : 0;
            foreach (var (name, answer) in new[] { ("chosen", 0), ("rejected", judged.Length - 1) })
                if (differ) judged[answer].Write(rows.Ints(name, row), rows.Ints($"{name}_labels", row));
                else Rollout.Empty(rows.Ints(name, row), rows.Ints($"{name}_labels", row));
        }
    }

    /// <summary>A row an answer, with the probabilities that it was drawn with where they are asked for; one whose worth is not known counts for nothing.</summary>
    public static void Tokens(Vec<Vec<Rollout>> answers, Batch rows)
    {
        foreach (var (answer, row) in answers.SelectMany(static g => g).Select(static (a, i) => (a, i)))
        {
            if (answer.Counts) answer.Write(rows.Ints("inputs", row), rows.Ints("labels", row));
            else Rollout.Empty(rows.Ints("inputs", row), rows.Ints("labels", row));
            if (!rows.Feed.Contains("sampling")) continue;
            var drawn = rows.Floats("sampling", row);
            var labels = rows.Ints("labels", row);
            for (var t = 0; t < drawn.Length; t++) drawn[t] = labels[t] == LinearCrossEntropy.Ignore ? 0 : answer.LogProbs[t + 1 - answer.Start];
        }
    }

    /// <summary>Rows as they are behind those of a student's own answers: each once a pass over all.</summary>
    /// <param name="source">The rows.</param>
    /// <param name="round">Which round it is.</param>
    /// <param name="own">How many rows of the round are the student's own.</param>
    /// <param name="rows">The round's.</param>
    public static void Given(ConversationRows source, long round, int own, Batch rows)
    {
        if (rows.Rows == own) return;
        var some = new Batch(rows.Rows - own, source.Feed(rows.Rows - own));
        source.Fill(source.After(default, round * some.Rows), 0, some);
        for (var row = 0; row < some.Rows; row++) rows.CopyRow(own + row, some, row);
    }

    /// <summary>Windows of a text beside the answers, one a row, drawn by the round's key.</summary>
    public static void Text(TokenStream text, Key key, Batch rows)
    {
        var window = new int[rows.Ints(TextMix.Inputs, 0).Length + 1];
        for (var row = 0; row < rows.Rows; row++)
        {
            text.CopyTo(key.FoldIn(TextMix.Inputs).Below(row, text.Length - window.Length + 1), window);
            window.AsSpan(..^1).CopyTo(rows.Ints(TextMix.Inputs, row));
            window.AsSpan(1).CopyTo(rows.Ints(TextMix.Labels, row));
        }
    }

    /// <summary>Each token of an answer has what the answer is worth beside the others to its prompt (Shao et al. 2024).</summary>
    public static double Groups(PolicyConfig policy, Vec<Vec<Rollout>> answers, Params<float[]> numbers, Batch rows)
    {
        Vec<Rollout> all = [.. answers.SelectMany(static g => g)];
        var worth = GroupAdvantages.Of(all.Map(static a => a.Counts ? a.Reward : double.NaN), answers[0].Count, policy.Groups).Each;
        for (var row = 0; row < all.Count; row++)
        {
            var labels = rows.Ints("labels", row);
            Span<float> advantages = rows.Floats("advantages", row), old = rows.Floats("old", row);
            for (var t = 0; t < labels.Length; t++)
            {
                var counts = labels[t] != LinearCrossEntropy.Ignore;
                advantages[t] = counts ? (float)worth[row] : 0;
                old[t] = !counts ? 0 : numbers.Contains("old") ? numbers["old"][row * labels.Length + t] : all[row].LogProbs[t + 1 - all[row].Start];
            }
        }
        return double.NaN;
    }

    /// <summary>
    /// Generalised advantages over a critic's values (Schulman et al. 2016), whitened over the round; the answer's reward is its last token's, and each token may cost
    /// what it is away from the reference (Ziegler et al. 2019). Gives the mean distance from it, in nats an answer.
    /// </summary>
    public static double Estimated(RunConfig config, Vec<Vec<Rollout>> answers, Params<float[]> numbers, PracticeState carried, Batch rows)
    {
        var (policy, isHeld) = (config.Stage.Policy, config.HasReference && config.Stage.Policy.PlaceOf(config.Stage.Kind) == KlPlace.Reward);
        Vec<Rollout> all = [.. answers.SelectMany(static g => g)];
        var time = rows.Ints("labels", 0).Length;
        Vec<double> Of(string name) => [.. numbers[name].Select(static x => (double)x)];
        Vec<bool> counts = [.. Enumerable.Range(0, all.Count).SelectMany(row => rows.Ints("labels", row).ToArray()).Select(static l => l != LinearCrossEntropy.Ignore)];
        var (own, expected) = (Of("old"), Of("values"));
        var reference = isHeld ? Of("reference") : own;
        Vec<T> Row<T>(Vec<T> of, int row) => [.. of.Span.Slice(row * time, time)];
        Vec<double> rewards = [.. all.SelectMany((answer, row) => Rewards.OfTokens(answer.Counts ? answer.Reward : 0, Row(own, row), Row(reference, row), Row(counts, row),
            isHeld ? carried.Kl.Coefficient : 0, policy.Estimator))];
        if (config.Stage.Reward.Whitens) rewards = Advantages.Whitened(rewards, counts, Whitening.Trl with { ShiftsMean = false });
        var worth = new List<double>();
        for (var row = 0; row < all.Count; row++)
        {
            var estimates = Advantages.Gae(Row(rewards, row), Row(expected, row), Row(counts, row), policy.Discount, policy.Lambda);
            Span<float> returns = rows.Floats("returns", row), values = rows.Floats("values", row), old = rows.Floats("old", row);
            for (var t = 0; t < time; t++)
                (returns[t], values[t], old[t]) = counts[row * time + t] ? ((float)estimates.Returns[t], (float)expected[row * time + t], (float)own[row * time + t]) : default;
            worth.AddRange(estimates.Advantages);
        }
        var white = Advantages.Whitened([.. worth], counts);
        for (var (row, i) = (0, 0); row < all.Count; row++)
        {
            var advantages = rows.Floats("advantages", row);
            for (var t = 0; t < time; t++, i++) advantages[t] = counts[i] ? (float)white[i] : 0;
        }
        return isHeld ? all.Select((a, row) => (a, row)).Where(static x => x.a.Counts)
            .Select(x => Kl.Sum(policy.Estimator, Row(own, x.row), Row(reference, x.row), Row(counts, x.row))).DefaultIfEmpty(double.NaN).Average() : double.NaN;
    }
}
