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
            }) with { Beside = config.HasText && text is not null ? (state, rows) => PracticeRows.Text(text, state.RollOutKey, rows) : null },
        };
    }

    /// <summary>
    /// The stage of a student that learns from a teacher, in part, what it writes itself: of a round's rows the first are its own answers to prompts, and the rest rows as they are
    /// (<see cref="DistillConfig.OwnShare"/>). It is measured on rows.
    /// </summary>
    /// <param name="config">The run, resolved.</param>
    /// <param name="train">What is learned.</param>
    /// <param name="kept">What is only measured.</param>
    /// <param name="stops">What ends an answer.</param>
    /// <param name="tokenizer">What tokens stand for.</param>
    public static Stage Of(RunConfig config, Examples train, Examples kept, Stops stops, Tokenizer tokenizer)
    {
        var (practice, prompts, rules) = (config.Stage.Practice, Asking(config, train), RulesOf(config, stops, tokenizer));
        var time = Math.Min(config.Model.Context, Math.Max(Math.Max(train.Width(config.Model.Context), kept.Width(config.Model.Context)), prompts.Max(static p => p.Count) + practice.Tokens));
        var (own, start) = (rules.Prompts * rules.Answers, RunState.Start(config.Key).DataKey);
        var experience = new Experience(config.Stage.RoundRows, config.ObjectiveOf(time: time).Feed.Map(static type => type with { Shape = type.Shape.With(0, 1) }), practice.Epochs, start);
        var given = new ConversationRows(train, time, Stage.OrderOf(config), start);
        var stage = Stage.Of(config, time, experience, Stage.Measuring(config, kept, time));
        return stage with
        {
            Cadence = stage.Cadence with { Practises = true },
            Practice = new(prompts, [], rules, experience, PracticeRows.Tokens)
            {
                IsJudged = false, Beside = (state, rows) => PracticeRows.Given(given, state.Place.Round, own, rows),
            },
        };
    }

    /// <summary>What of examples a student may be asked: all before their last answer, where an answer of the most tokens has room behind it.</summary>
    public static Vec<Vec<int>> Asking(RunConfig config, Examples train) => [.. Enumerable.Range(0, train.Count).Select(i => train[i])
        .Where(e => e.LastAnswer > 0 && e.LastAnswer <= config.Model.Context - config.Stage.Practice.Tokens).Select(static e => (Vec<int>)[.. e.Ids.Take(e.LastAnswer)])];

    static PracticeRules RulesOf(RunConfig config, Stops stops, Tokenizer tokenizer) => (config.Stage.Practice, config.Stage.Reward) is var (practice, reward)
        ? new PracticeRules(config.Stage.OwnPrompts, practice.Answers, practice.Tokens, practice.Sampling, stops, tokenizer)
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
