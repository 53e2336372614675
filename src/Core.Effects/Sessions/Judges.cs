using System.Globalization;
using System.Text.RegularExpressions;
using Functional.Base;
using Functional.Dialogues;
using Functional.Engines;
using Functional.Settings;
using Functional.Unicode;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>A prompt that a policy answers, as people read it.</summary>
/// <param name="Prompt">What is said before the answer.</param>
/// <param name="Expected">The answer in the rows; nothing where there is none.</param>
public sealed record Asked(Vec<Message> Prompt, string? Expected)
{
    /// <summary>Whether an answer is right, of questions that have a rule for it; else it is compared with what is expected.</summary>
    public Func<string, bool>? IsRight { get; init; }
}

/// <summary>What an answer is worth: any number; the larger, the better. One that is not finite, or an exception, drops the answer.</summary>
/// <param name="asked">What was asked.</param>
/// <param name="answer">The answer's text.</param>
public delegate double Reward(Asked asked, string answer);

/// <summary>Gives answers their rewards.</summary>
public interface IJudge : IDisposable
{
    /// <summary>What answers are worth, one after the other; NaN where that is not known.</summary>
    double[] Rewards(IReadOnlyList<(Asked Asked, string Answer)> answers);
}

/// <summary>Somebody who judges beside others.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Weight">What its rewards count.</param>
/// <param name="Judge">Who it is; owned by whoever has this.</param>
public sealed record WeightedJudge(string Name, double Weight, IJudge Judge)
{
    /// <summary>What it gives answers; NaN where that is no finite number.</summary>
    public Vec<double> Rewards(IReadOnlyList<(Asked Asked, string Answer)> answers) => [.. Judge.Rewards(answers).Select(static r => double.IsFinite(r) ? r : double.NaN)];
}

/// <summary>Those who judge, and the prompts that answers are judged of.</summary>
/// <param name="Judges">Who judges; owned by whoever has this.</param>
/// <param name="Prompts">The prompts that are learned.</param>
/// <param name="Kept">Those that are only measured.</param>
public sealed record Judging(Vec<WeightedJudge> Judges, Vec<Asked> Prompts, Vec<Asked> Kept) : IDisposable
{
    /// <summary>What each judge gives answers; NaN where it gives no finite number.</summary>
    public Vec<Vec<double>> Rewards(IReadOnlyList<(Asked Asked, string Answer)> answers) => Judges.Map(j => j.Rewards(answers));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var judge in Judges) judge.Judge.Dispose();
    }
}

/// <summary>Judges by what settings and commands call them: one, or several with weights (<see cref="JudgeChoice.All"/>).</summary>
public static class Judges
{
    /// <summary>Whether somebody among them compares with an answer that is expected, which every question then needs.</summary>
    public static bool AreNear(string? text) => JudgeChoice.All(text).Any(static j => j.IsNearness);

    /// <summary>All of them as one: their weighted sum; owned by the caller. What is none is a fault.</summary>
    /// <param name="engine">Where a run judges.</param>
    /// <param name="text">Who.</param>
    /// <param name="reward">What a program gives where a judge is <c>function</c>.</param>
    /// <param name="where">What faults call the text.</param>
    public static Validation<Fault, IJudge> Of(IEngine engine, string text, Reward? reward = null, string where = "judge") =>
        (from sound in Fault.Unless(JudgeChoice.IsSound(text), "judge", $"is {text}", $"allowed: {JudgeChoice.Allowed}")
         from judges in Of(engine, JudgeChoice.All(text), reward is null ? Params<Reward>.Empty : Params.Of((PracticeConfig.Function, reward)))
         select (IJudge)new JointJudge(judges)).MapFail(f => f.Where == "judge" ? f with { Where = where } : f);

    /// <summary>Each by itself; owned by the caller.</summary>
    /// <param name="engine">Where a run judges.</param>
    /// <param name="choices">Who.</param>
    /// <param name="rewards">What a program gives where a judge is a function, by its name.</param>
    internal static Validation<Fault, Vec<WeightedJudge>> Of(IEngine engine, Vec<JudgeChoice> choices, Params<Reward> rewards)
    {
        var (open, faults) = (new List<WeightedJudge>(), new List<Fault>());
        foreach (var choice in choices)
            _ = Of(engine, choice, rewards).Match(
                judge => { open.Add(new(choice.Name, choice.Weight, judge)); return unit; }, found => { faults.AddRange(found); return unit; });
        if (faults.Count == 0) return Success<Fault, Vec<WeightedJudge>>([.. open]);
        foreach (var judge in open) judge.Judge.Dispose();
        return Validation<Fault, Vec<WeightedJudge>>.Fail(faults.ToSeq().Strict());
    }

    static Validation<Fault, IJudge> Of(IEngine engine, JudgeChoice choice, Params<Reward> rewards) => choice switch
    {
        { IsFunction: true } => rewards.Contains(choice.Name) ? Success<Fault, IJudge>(new FunctionJudge(rewards[choice.Name]))
            : Fault.Of<IJudge>("judge", $"is {choice.Name}, and no function is given{(choice.Name == PracticeConfig.Function ? "" : " by that name")}",
                $"allowed: {string.Join(", ", PracticeConfig.Nearness)}, or the folder of a run that has learned rewards"),
        { IsRun: true } => RewardJudge.Open(engine, choice.Name).Map(static IJudge (judge) => judge),
        { Pattern: { } pattern } => Pattern.Parse($"(?:{pattern})$", "judge", lines: false).Map(static IJudge (fits) => new FunctionJudge(FunctionJudge.Format(fits))),
        { Length: { } length } => Success<Fault, IJudge>(new FunctionJudge(FunctionJudge.Length(length))),
        _ => Success<Fault, IJudge>(new FunctionJudge(FunctionJudge.Nearness(choice.Name))),
    };
}

/// <summary>Several who judge as one: the weighted sum of what they give; one that gives no number to an answer is left out for it.</summary>
sealed class JointJudge(Vec<WeightedJudge> judges) : IJudge
{
    public double[] Rewards(IReadOnlyList<(Asked Asked, string Answer)> answers) =>
        [.. Learning.Rewards.Sum(judges.Map(j => j.Rewards(answers)), judges.Map(static j => j.Weight))];

    public void Dispose()
    {
        foreach (var judge in judges) judge.Judge.Dispose();
    }
}

/// <summary>Judges by a function.</summary>
sealed partial class FunctionJudge(Reward reward) : IJudge
{
    public double[] Rewards(IReadOnlyList<(Asked Asked, string Answer)> answers) => [.. answers.Select(a => Of(a.Asked, a.Answer))];

    // Whoever judges is a stranger: what it throws drops one answer and ends nothing.
    double Of(Asked asked, string answer)
    {
        try
        {
            return reward(asked, answer);
        }
        catch (Exception)
        {
            return double.NaN;
        }
    }

    public void Dispose() { }

    /// <summary>Whether a whole answer fits a pattern.</summary>
    /// <param name="pattern">The pattern, which ends where the text does.</param>
    public static Reward Format(Pattern pattern)
    {
        var matcher = pattern.Matcher();
        return (_, answer) => matcher.Match(answer, 0, out var _) >= 0 ? 1 : 0;
    }

    /// <summary>How near an answer's length is to a number of characters: 1 there, falling to 0 at nothing and at twice as many.</summary>
    public static Reward Length(int characters) => (_, answer) => Math.Max(0, 1 - Math.Abs(answer.EnumerateRunes().Count() - characters) / (double)characters);

    // A sign is one where it is not taken from what stands before; commas divide thousands.
    [GeneratedRegex(@"(?:(?<!\w)[-\u2212])?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3}(?![0-9]))?", RegexOptions.CultureInvariant)]
    private static partial Regex Numbers();

    static double? LastNumber(string text) => Numbers().Matches(text) is { Count: > 0 } all
        ? double.Parse(all[^1].Value.Replace('\u2212', '-'), NumberStyles.Float | NumberStyles.AllowThousands, CultureInfo.InvariantCulture) : null;

    // What an answer does not say is wrong; where nothing is expected that is a number, nothing can be told.
    static double SameNumber(string answer, string expected) => LastNumber(expected) is not { } right ? double.NaN : LastNumber(answer) == right ? 1 : 0;

    /// <summary>How near an answer is to the one that is expected.</summary>
    /// <param name="measure"><c>exact</c>, <c>f1</c>, <c>rouge-l</c> or <c>number</c>, whether the last number of both is the same.</param>
    public static Reward Nearness(string measure) => (asked, answer) => measure switch
    {
        "exact" when asked.IsRight is { } isRight => isRight(answer) ? 1 : 0,
        _ when asked.Expected is not { } => double.NaN,
        "exact" => AnswerMatch.Of(answer, asked.Expected).Exact ? 1 : 0,
        "number" => SameNumber(answer, asked.Expected),
        "f1" => AnswerMatch.Of(answer, asked.Expected).F1,
        _ => AnswerMatch.Of(answer, asked.Expected).RougeL,
    };
}
