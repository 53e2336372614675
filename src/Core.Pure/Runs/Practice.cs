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

    /// <summary>Makes the rest of the rows, from the answers and from those numbers of all rows; nothing where there is no rest.</summary>
    public Action<Vec<Vec<Rollout>>, Params<float[]>, Batch>? Finish { get; init; }

    /// <summary>Which prompts a round answers: each once a pass over all, every pass in another order.</summary>
    /// <param name="round">The round, from 0.</param>
    /// <param name="key">What the order is drawn with.</param>
    public Vec<int> Asked(long round, Key key) => [.. Enumerable.Range(0, Rules.Prompts).Select(i => round * Rules.Prompts + i)
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

    /// <summary>What an answer is worth.</summary>
    /// <param name="reward">What the judge gives it.</param>
    /// <param name="ends">Whether the model ended it.</param>
    public double Worth(double reward, bool ends) => ends ? reward : reward - EndPenalty;
}
