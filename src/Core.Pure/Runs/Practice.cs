using Functional.Base;
using Functional.Compiling;
using Functional.Data;
using Functional.Dialogues;
using Functional.Learning;
using Functional.Sampling;
using Functional.Text;

namespace Functional.Runs;

/// <summary>
/// What a stage learns from that its own policy writes: before each round of steps it answers some prompts, somebody judges the answers, and rows are made of
/// both. How is a value; whoever carries it out knows nothing of what the rows are for.
/// </summary>
/// <param name="Prompts">The prompts that are learned, as tokens.</param>
/// <param name="Kept">Those that are only measured.</param>
/// <param name="Rules">How answers are written.</param>
/// <param name="Experience">Where rows stand.</param>
/// <param name="Rows">Makes all rows of a round: from the answers, prompt by prompt.</param>
public sealed record Practice(Vec<Vec<int>> Prompts, Vec<Vec<int>> Kept, PracticeRules Rules, Experience Experience, Action<Vec<Vec<Rollout>>, Batch> Rows)
{
    /// <summary>What the stage's models think of rows before they are learned, each <c>[rows, time]</c>; nothing where nobody asks.</summary>
    public Func<Scene, Vec<Named>>? Numbers { get; init; }

    /// <summary>
    /// Makes the rest of the rows, from the answers, from those numbers of all rows and from what is carried from round to round; nothing where there is no rest. It gives
    /// the mean distance of the answers from the reference, in nats an answer, where rewards have it, else NaN.
    /// </summary>
    public Func<Vec<Vec<Rollout>>, Params<float[]>, PracticeState, Batch, double>? Finish { get; init; }

    /// <summary>Fills what of the rows does not follow from answers, given where the run stands; nothing where there is nothing.</summary>
    public Action<RunState, Batch>? Beside { get; init; }

    /// <summary>Whether somebody judges the answers, and the stage is measured by what kept prompts' are worth; else by its loss on rows.</summary>
    public bool IsJudged { get; init; } = true;

    /// <summary>What is carried from round to round, at first.</summary>
    public PracticeState First { get; init; } = PracticeState.Begin(new(0));

    /// <summary>Whether that changes in ways that only a checkpoint can tell.</summary>
    public bool Carries => First.Kl.Target is not null || Rules.Normalises || Rules.Resample > 0;

    /// <summary>Which prompts are answered next: each once a pass over all, every pass in another order.</summary>
    /// <param name="from">How many were before.</param>
    /// <param name="count">How many.</param>
    /// <param name="key">What the order is drawn with.</param>
    public Vec<int> Asked(long from, int count, Key key) => [.. Enumerable.Range(0, count).Select(i => from + i)
        .Select(i => (int)new Permutation(key.FoldIn("prompts").FoldIn(i / Prompts.Count), Prompts.Count).At(i % Prompts.Count))];
}

/// <summary>How a policy answers prompts to learn from it.</summary>
/// <param name="Prompts">How many prompts a round answers.</param>
/// <param name="Answers">How many answers each has.</param>
/// <param name="Most">How many tokens an answer has at most.</param>
/// <param name="Sampling">How tokens are drawn.</param>
/// <param name="Stops">What ends an answer.</param>
/// <param name="Tokenizer">What tokens stand for.</param>
public sealed record PracticeRules(int Prompts, int Answers, int Most, SamplingConfig Sampling, Stops Stops, Tokenizer Tokenizer)
{
    /// <summary>What is taken off the reward of an answer that the model did not end.</summary>
    public double EndPenalty { get; init; }

    /// <summary>In how many tokens before the most an answer becomes too long; 0 for none.</summary>
    public int OverlongTokens { get; init; }

    /// <summary>What is taken off the reward of an answer of the most tokens, where it becomes too long.</summary>
    public double OverlongPenalty { get; init; }

    /// <summary>How far what judges give may be from 0; 0 for no bound.</summary>
    public double Clip { get; init; }

    /// <summary>Whether what judges give counts in deviations from the mean of all so far.</summary>
    public bool Normalises { get; init; }

    /// <summary>How many times other prompts are asked in place of those whose answers are all worth the same.</summary>
    public int Resample { get; init; }

    /// <summary>What an answer is worth, less what is taken off where the model did not end it and where it is too long (Yu et al. 2025).</summary>
    /// <param name="reward">What the judges give it.</param>
    /// <param name="ends">Whether the model ended it.</param>
    /// <param name="length">How many tokens it has.</param>
    public double Worth(double reward, bool ends, int length = 0) => reward - (ends ? 0 : EndPenalty)
        - (OverlongTokens > 0 ? OverlongPenalty * Math.Clamp((length - (Most - OverlongTokens)) / (double)OverlongTokens, 0, 1) : 0);

    /// <summary>What of an answer's reward is learned: normalised, clipped, less what is taken off.</summary>
    /// <param name="reward">What the judges give it.</param>
    /// <param name="ends">Whether the model ended it.</param>
    /// <param name="length">How many tokens it has.</param>
    /// <param name="all">What judges gave so far, this round's among it.</param>
    public double Learned(double reward, bool ends, int length, RunningMoments all)
    {
        var own = Normalises ? all.Normalised(reward) : reward;
        return Worth(Clip > 0 && double.IsFinite(own) ? Math.Clamp(own, -Clip, Clip) : own, ends, length);
    }
}
