using Functional.Base;
using Functional.Compiling;
using Functional.Data;
using Functional.Dialogues;
using Functional.Graphs;
using Functional.Learning;
using Functional.Settings;
using Functional.Text;

namespace Functional.Runs;

/// <summary>Stages that learn from answers that their own policy writes. Each is what its rows are made of.</summary>
public static class PracticeStages
{
    /// <summary>The stage of a configuration.</summary>
    /// <param name="config">The run, resolved.</param>
    /// <param name="prompts">The prompts that are learned.</param>
    /// <param name="kept">Those that are only measured.</param>
    /// <param name="stops">What ends an answer.</param>
    /// <param name="tokenizer">What tokens stand for.</param>
    public static Stage Of(RunConfig config, Vec<Vec<int>> prompts, Vec<Vec<int>> kept, Stops stops, Tokenizer tokenizer)
    {
        var practice = config.Stage.Practice;
        var (rules, time) = (new PracticeRules(practice.Prompts, practice.Answers, practice.Tokens, practice.Sampling, stops, tokenizer) { EndPenalty = practice.EndPenalty },
            Math.Min(config.Model.Context, prompts.Max(static p => p.Count) + practice.Tokens));
        var feed = config.ObjectiveOf(time: time).Feed.Map(static type => type with { Shape = type.Shape.With(0, 1) });
        var experience = new Experience(config.Stage.RoundRows, feed, practice.Epochs, RunState.Start(config.Key).DataKey);
        var stage = Stage.Of(config, time, experience, experience);
        return stage with
        {
            Cadence = stage.Cadence with { RollOutEvery = config.Stage.RoundSteps },
            Practice = config.Stage.Kind switch
            {
                StageKind.Dpo => new(prompts, kept, rules, experience, Pairs),
                StageKind.Grpo => new Practice(prompts, kept, rules, experience, Tokens)
                {
                    Numbers = Exact(practice) ? null : scene => [new("old", Read(config, scene).Tokens)],
                    Finish = (answers, numbers, rows) => Groups(config.Stage.Policy, answers, numbers, rows),
                },
                _ => new Practice(prompts, kept, rules, experience, Tokens)
                {
                    Numbers = scene => Expected(config, scene), Finish = (answers, numbers, rows) => Estimated(config, answers, numbers, rows),
                },
            },
        };
    }

    // Whether what answers were drawn by is the policy itself at a temperature, so that their log-probabilities are its own.
    static bool Exact(PracticeConfig practice) => practice.Sampling is { TopK: 0, TopP: 1 };

    // Of those to one prompt the best is preferred to the worst, and the margin is what it has more (online DPO; Guo et al. 2024). A prompt whose answers are all
    // worth the same counts for nothing.
    static void Pairs(Vec<Vec<Rollout>> answers, Batch rows)
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

    // A row an answer; one whose worth is not known counts for nothing.
    static void Tokens(Vec<Vec<Rollout>> answers, Batch rows)
    {
        foreach (var (answer, row) in answers.SelectMany(static g => g).Select(static (a, i) => (a, i)))
            if (answer.Counts) answer.Write(rows.Ints("inputs", row), rows.Ints("labels", row));
            else Rollout.Empty(rows.Ints("inputs", row), rows.Ints("labels", row));
    }

    // Each token of an answer has what the answer is worth beside the others to its prompt (Shao et al. 2024).
    static void Groups(PolicyConfig policy, Vec<Vec<Rollout>> answers, Params<float[]> numbers, Batch rows)
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
    }

    static LogProbabilities Read(RunConfig config, Scene scene) => config.ModelOf() is var model
        ? LogProbabilities.Of(model, scene.Of(""), scene["inputs"], scene["labels"]).At(config.Stage.Practice.Sampling.Temperature) : throw new System.Diagnostics.UnreachableException();

    // What policy, reference and critic think of a round before it is learned.
    static Vec<Named> Expected(RunConfig config, Scene scene)
    {
        var model = config.ModelOf();
        var read = LogProbabilities.Of(model, scene.Of(""), scene["inputs"], scene["labels"]);
        var values = Critic.Head(model).Values(scene.Of(Critic.Name), scene["inputs"], () => read.Hidden).Value;
        Vec<Named> own = [new("old", read.At(config.Stage.Practice.Sampling.Temperature).Tokens), new("values", values)];
        return !config.HasReference ? own : [.. own, new("reference", LogProbabilities.Of(config.ReferenceOf(), scene.Of("reference"), scene["inputs"], scene["labels"])
            .At(config.Stage.Practice.Sampling.Temperature).Tokens)];
    }

    // Generalised advantages over a critic's values (Schulman et al. 2016), whitened over the round; the answer's reward is its last token's, and each token may
    // cost what it is away from the reference.
    static void Estimated(RunConfig config, Vec<Vec<Rollout>> answers, Params<float[]> numbers, Batch rows)
    {
        var policy = config.Stage.Policy;
        var cost = config.HasReference && policy.PlaceOf(config.Stage.Kind) == KlPlace.Reward ? policy.Kl : 0;
        var (worth, counted) = (new List<double>(), new List<bool>());
        Vec<Rollout> all = [.. answers.SelectMany(static g => g)];
        for (var row = 0; row < all.Count; row++)
        {
            var labels = rows.Ints("labels", row);
            Span<float> returns = rows.Floats("returns", row), values = rows.Floats("values", row), old = rows.Floats("old", row);
            var (from, time) = (row * labels.Length, labels.Length);
            Vec<double> Of(string name) => [.. numbers[name].Skip(from).Take(time).Select(static x => (double)x)];
            Vec<bool> counts = [.. labels.ToArray().Select(static l => l != LinearCrossEntropy.Ignore)];
            var (own, expected) = (Of("old"), Of("values"));
            var rewards = Rewards.OfTokens(all[row].Counts ? all[row].Reward : 0, own, cost > 0 ? Of("reference") : own, counts, cost, policy.Estimator);
            var estimates = Advantages.Gae(rewards, expected, counts, policy.Discount, policy.Lambda);
            for (var t = 0; t < labels.Length; t++)
                (returns[t], values[t], old[t]) = counts[t] ? ((float)estimates.Returns[t], (float)expected[t], (float)own[t]) : default;
            worth.AddRange(estimates.Advantages);
            counted.AddRange(counts);
        }
        var white = Advantages.Whitened([.. worth], [.. counted]);
        for (var (row, i) = (0, 0); row < all.Count; row++)
        {
            var advantages = rows.Floats("advantages", row);
            for (var t = 0; t < advantages.Length; t++, i++) advantages[t] = counted[i] ? (float)white[i] : 0;
        }
    }
}
