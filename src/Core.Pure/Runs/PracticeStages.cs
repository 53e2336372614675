using Functional.Base;
using Functional.Compiling;
using Functional.Data;
using Functional.Dialogues;
using Functional.Learning;
using Functional.Settings;
using Functional.Text;

namespace Functional.Runs;

/// <summary>Stages that learn from answers that their own policy writes. Each is what its rows are made of (<see cref="PracticeRows"/>).</summary>
public static class PracticeStages
{
    /// <summary>The stage of a configuration.</summary>
    /// <param name="config">The run, resolved.</param>
    /// <param name="prompts">The prompts that are learned.</param>
    /// <param name="kept">Those that are only measured.</param>
    /// <param name="stops">What ends an answer.</param>
    /// <param name="tokenizer">What tokens stand for.</param>
    /// <param name="text">The text that is learned beside; nothing where none is.</param>
    public static Stage Of(RunConfig config, Vec<Vec<int>> prompts, Vec<Vec<int>> kept, Stops stops, Tokenizer tokenizer, TokenStream? text = null)
    {
        var (practice, policy) = (config.Stage.Practice, config.Stage.Policy);
        var (rules, time) = (RulesOf(config, stops, tokenizer), Math.Min(config.Model.Context, prompts.Max(static p => p.Count) + practice.Tokens));
        var feed = config.ObjectiveOf(time: time).Feed.Map(static type => type with { Shape = type.Shape.With(0, 1) });
        var experience = new Experience(config.Stage.RoundRows, feed, practice.Epochs, RunState.Start(config.Key).DataKey);
        var stage = Stage.Of(config, time, experience, experience);
        return stage with
        {
            Cadence = stage.Cadence with { Practises = true, MostMoved = config.Stage.Kind is StageKind.Dpo or StageKind.Trpo ? 0 : policy.StopKl },
            Practice = (config.Stage.Kind switch
            {
                StageKind.Dpo => new(prompts, kept, rules, experience, PracticeRows.Pairs),
                StageKind.Grpo or StageKind.Trpo => new Practice(prompts, kept, rules, experience, PracticeRows.Tokens)
                {
                    Numbers = IsExact(practice) && !config.HasSampling ? null : scene => [new("old", Read(config, scene).Tokens)],
                    Finish = (answers, numbers, _, rows) => PracticeRows.Groups(policy, answers, numbers, rows),
                },
                _ => new Practice(prompts, kept, rules, experience, PracticeRows.Tokens)
                {
                    Numbers = scene => Expected(config, scene), Finish = (answers, numbers, carried, rows) => PracticeRows.Estimated(config, answers, numbers, carried, rows),
                    First = PracticeState.Begin(policy.Control),
                },
            }) with { Beside = config.HasText && text is not null ? (key, rows) => PracticeRows.Text(text, key, rows) : null },
        };
    }

    static PracticeRules RulesOf(RunConfig config, Stops stops, Tokenizer tokenizer) => (config.Stage.Practice, config.Stage.Reward) is var (practice, reward)
        ? new PracticeRules(practice.Prompts, practice.Answers, practice.Tokens, practice.Sampling, stops, tokenizer)
        {
            EndPenalty = practice.EndPenalty, OverlongTokens = reward.OverlongTokens, OverlongPenalty = reward.OverlongPenalty, Clip = reward.Clip, Normalises = reward.Normalises,
            Resample = config.Stage.Kind == StageKind.Ppo ? 0 : reward.Resample,
        } : throw new System.Diagnostics.UnreachableException();

    // Whether what answers were drawn by is the policy itself at a temperature, so that their log-probabilities are its own.
    static bool IsExact(PracticeConfig practice) => practice.Sampling is { TopK: 0, TopP: 1 };

    static LogProbabilities Read(RunConfig config, Scene scene) => config.ModelOf() is var model
        ? LogProbabilities.Of(model, scene.Of(""), scene["inputs"], scene["labels"]).At(config.Stage.Practice.Sampling.Temperature) : throw new System.Diagnostics.UnreachableException();

    // What policy, reference and critic think of a round before it is learned.
    static Vec<Named> Expected(RunConfig config, Scene scene)
    {
        var model = config.ModelOf();
        var read = LogProbabilities.Of(model, scene.Of(""), scene["inputs"], scene["labels"]);
        var values = config.CriticOf(model).Values(scene.Of(Critic.Name), scene["inputs"], () => read.Hidden).Value;
        Vec<Named> own = [new("old", read.At(config.Stage.Practice.Sampling.Temperature).Tokens), new("values", values)];
        return !config.HasReference ? own : [.. own, new("reference", LogProbabilities.Of(config.ReferenceOf(), scene.Of("reference"), scene["inputs"], scene["labels"])
            .At(config.Stage.Practice.Sampling.Temperature).Tokens)];
    }
}
