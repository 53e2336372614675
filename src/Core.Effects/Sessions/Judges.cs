using Functional.Base;
using Functional.Dialogues;
using Functional.Engines;
using Functional.Settings;
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

/// <summary>Somebody who judges, and the prompts that answers are judged of.</summary>
/// <param name="Judge">Who judges; owned by whoever has this.</param>
/// <param name="Prompts">The prompts that are learned.</param>
/// <param name="Kept">Those that are only measured.</param>
public sealed record Judging(IJudge Judge, Vec<Asked> Prompts, Vec<Asked> Kept) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Judge.Dispose();
}

/// <summary>Judges by a function.</summary>
sealed class FunctionJudge(Reward reward) : IJudge
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

    /// <summary>How near an answer is to the one that is expected.</summary>
    /// <param name="measure"><c>exact</c>, <c>f1</c> or <c>rouge-l</c>.</param>
    public static Reward Nearness(string measure) => (asked, answer) => measure switch
    {
        "exact" when asked.IsRight is { } isRight => isRight(answer) ? 1 : 0,
        _ when asked.Expected is not { } => double.NaN,
        "exact" => AnswerMatch.Of(answer, asked.Expected).Exact ? 1 : 0,
        "f1" => AnswerMatch.Of(answer, asked.Expected).F1,
        _ => AnswerMatch.Of(answer, asked.Expected).RougeL,
    };
}

/// <summary>Judges by the words that settings and commands have for them.</summary>
static class Judges
{
    /// <summary>Whether a word names nearness to an answer that is expected, which every question then needs.</summary>
    public static bool IsNearness(string? word) => word is not null && PracticeConfig.Nearness.Contains(word);

    /// <summary>The judge, which is whoever's that asks for it.</summary>
    /// <param name="engine">Where a run judges.</param>
    /// <param name="word">A measure of nearness, <c>function</c>, or the folder of a run that has learned rewards.</param>
    /// <param name="reward">The function, where there is one.</param>
    /// <param name="where">What faults call the word.</param>
    public static Validation<Fault, IJudge> Of(IEngine engine, string word, Reward? reward, string where = "judge") => word switch
    {
        PracticeConfig.Function => reward is { } given ? Success<Fault, IJudge>(new FunctionJudge(given))
            : Fault.Of<IJudge>(where, "is function, and no function is given", $"allowed: {string.Join(", ", PracticeConfig.Nearness)}, or the folder of a run that has learned rewards"),
        _ when IsNearness(word) => Success<Fault, IJudge>(new FunctionJudge(FunctionJudge.Nearness(word))),
        _ => RewardJudge.Open(engine, word).Map(static IJudge (judge) => judge).MapFail(f => f.Where == "judge" ? f with { Where = where } : f),
    };
}
