using System.Globalization;
using Functional.Base;
using LanguageExt;

namespace Functional.Settings;

/// <summary>What is asked of learning from judgements; what is left open follows from how many there are.</summary>
public sealed record PreferenceWishes
{
    /// <summary>How the policy learns: <see cref="StageKind.Dpo"/> from the comparisons, or <see cref="StageKind.Ppo"/> from what the judge that was trained gives its answers.</summary>
    public StageKind Method { get; init; } = StageKind.Dpo;

    /// <summary>Steps of the judge, 1 to <see cref="PreferencePlan.MostSteps"/>.</summary>
    public long? RewardSteps { get; init; }

    /// <summary>Steps of the policy, 1 to <see cref="PreferencePlan.MostSteps"/>.</summary>
    public long? Steps { get; init; }

    /// <summary>The policy's learning rate, above 0 and up to 1.</summary>
    public double? Rate { get; init; }

    /// <summary>How strongly the policy is held to where it begins, above 0 and up to 10: DPO's beta, or what a nat costs in PPO.</summary>
    public double? Beta { get; init; }
}

/// <summary>What is learned from.</summary>
/// <param name="Pairs">Comparisons.</param>
/// <param name="Kept">How many of them, the last, are kept for evaluation.</param>
/// <param name="Questions">Questions that a policy answers itself.</param>
/// <param name="Tokens">How many tokens an answer has at most.</param>
public sealed record PreferenceCounts(int Pairs, int Kept, int Questions, int Tokens);

/// <summary>Where things are.</summary>
/// <param name="Base">The folder that is begun with.</param>
/// <param name="Template">How its model is asked.</param>
/// <param name="Pairs">The file of comparisons.</param>
/// <param name="Questions">The file of questions.</param>
/// <param name="Judge">The folder of the judge's run.</param>
public sealed record PreferencePlaces(string Base, string Template, string Pairs, string Questions, string Judge);

/// <summary>
/// A judge and a policy that learn from a few dozen comparisons: settings over those that each kind has. So few rows are gone through many times at a small rate, all of
/// what is kept is measured, and models beyond <see cref="Large"/> learn adapters alone.
/// </summary>
/// <param name="Reward">The judge's settings, by name.</param>
/// <param name="Policy">The policy's.</param>
public sealed record PreferencePlan(Vec<(string Name, string Value)> Reward, Vec<(string Name, string Value)> Policy)
{
    /// <summary>The most steps that may be asked for.</summary>
    public const long MostSteps = 100_000;

    /// <summary>Parameters from which on adapters learn in place of the weights.</summary>
    public const long Large = 30_000_000;

    const int MostBatch = 8, Round = 32;
    const double AdapterRate = 4;

    /// <summary>The plan, or every fault in what is asked.</summary>
    /// <param name="begun">What is begun with.</param>
    /// <param name="parameters">How many parameters it has.</param>
    /// <param name="rows">What is learned from.</param>
    /// <param name="places">Where things are.</param>
    /// <param name="wishes">What is asked.</param>
    public static Validation<Fault, PreferencePlan> Of(RunConfig begun, long parameters, PreferenceCounts rows, PreferencePlaces places, PreferenceWishes wishes) => new[]
    {
        Fault.Unless(wishes.Method is StageKind.Dpo or StageKind.Ppo, "method", $"is {$"{wishes.Method}".ToLowerInvariant()}", "allowed: dpo, ppo"),
        Fault.Unless(wishes.RewardSteps is null or (>= 1 and <= MostSteps), "reward_steps", $"are {wishes.RewardSteps}", $"allowed: 1 to {MostSteps}"),
        Fault.Unless(wishes.Steps is null or (>= 1 and <= MostSteps), "steps", $"are {wishes.Steps}", $"allowed: 1 to {MostSteps}"),
        Fault.Unless(wishes.Rate is null or (> 0 and <= 1), "rate", $"is {wishes.Rate}", "allowed: above 0, up to 1"),
        Fault.Unless(wishes.Beta is null or (> 0 and <= 10), "beta", $"is {wishes.Beta}", "allowed: above 0, up to 10"),
        Fault.Unless(rows.Pairs - rows.Kept >= 1 && rows.Kept >= 1, "pairs", $"are {rows.Pairs}, which answer {(rows.Pairs == 0 ? "no question" : "one question alone")}",
            "needed: comparisons in which one answer is better, of two questions or more, so that one is kept for evaluation"),
        Fault.Unless(begun.Decoder.Labels == 0, "base", "is a model that judges texts", "expected one that writes"),
        Fault.Unless(wishes.Method != StageKind.Ppo || rows.Questions >= 2, "questions", $"are {rows.Questions}", "needed: 2 or more for PPO, one to learn and one that is kept for evaluation"),
    }.Gather().Map(_ => new PreferencePlan(Judge(begun, parameters, rows, places, wishes), wishes.Method == StageKind.Dpo ? Dpo(begun, parameters, rows, places, wishes)
        : Ppo(begun, parameters, rows, places, wishes)));

    static Vec<(string, string)> Judge(RunConfig begun, long parameters, PreferenceCounts rows, PreferencePlaces places, PreferenceWishes wishes) =>
    [
        .. Common(begun, parameters, places, places.Pairs, (double)rows.Kept / rows.Pairs, wishes.RewardSteps ?? StepsFor(rows, 30), 2e-4), ("batch", $"{Batch(rows)}"),
    ];

    static Vec<(string, string)> Dpo(RunConfig begun, long parameters, PreferenceCounts rows, PreferencePlaces places, PreferenceWishes wishes) =>
    [
        .. Common(begun, parameters, places, places.Pairs, (double)rows.Kept / rows.Pairs, wishes.Steps ?? StepsFor(rows, 15), wishes.Rate ?? 5e-5), ("batch", $"{Batch(rows)}"),
        ("beta", Text(wishes.Beta ?? 0.5)),
    ];

    static Vec<(string, string)> Ppo(RunConfig begun, long parameters, PreferenceCounts rows, PreferencePlaces places, PreferenceWishes wishes) =>
    [
        .. Common(begun, parameters, places, places.Questions, 0.1, wishes.Steps ?? 60, wishes.Rate ?? 1e-4), ("batch", "16"), ("round-prompts", $"{Round}"), ("round-answers", "1"),
        ("round-epochs", "2"), ("answer-tokens", $"{rows.Tokens}"), ("kl-weight", Text(wishes.Beta ?? 0.05)), ("gae-lambda", "1"), ("judge", places.Judge),
    ];

    // Each comparison so many times, as far as that is a minute or so of a small model. A policy that has seen them more often, or is held to its beginning less, says
    // by heart what was preferred, and is worse at everything else: measured with twenty to forty comparisons of the tour's sft.
    static long StepsFor(PreferenceCounts rows, int passes) => Math.Clamp((long)passes * (rows.Pairs - rows.Kept) / Batch(rows), 40, 200);

    static int Batch(PreferenceCounts rows) => Math.Clamp(rows.Pairs - rows.Kept, 1, MostBatch);

    // Adapters have their own measure of a step.
    static IEnumerable<(string, string)> Common(RunConfig begun, long parameters, PreferencePlaces places, string data, double kept, long steps, double usual) =>
        (parameters < Large ? usual : usual * AdapterRate) is var rate ?
    [
        ("from", places.Base), ("data", data), ("template", places.Template), ("validation-part", Text(kept)), ("steps", $"{steps}"), ("lr", Text(rate)), ("min-lr", Text(rate / 10)),
        ("warmup", $"{Math.Min(10, steps / 10)}"), ("accumulate", "1"), ("eval-every", $"{Math.Max(1, steps / 4)}"), ("eval-batches", "0"), ("save-every", "0"), ("keep", "1"),
        ("dropout", "0"), ("seed", $"{begun.Seed}"),
        .. parameters < Large ? [] : new[] { ("lora-rank", "8") },
    ] : throw new System.Diagnostics.UnreachableException();

    static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);
}
