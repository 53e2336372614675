using Functional.Base;
using Functional.Graphs;

namespace Functional.Data;

/// <summary>An answer that a policy wrote, and what it was worth.</summary>
/// <param name="Prompt">Which prompt it answers.</param>
/// <param name="Ids">Prompt and answer as tokens, the one that ended it among them.</param>
/// <param name="Start">Where the answer begins, 1 or more.</param>
/// <param name="LogProbs">The logarithm of the probability with which each token of the answer was drawn.</param>
/// <param name="Ends">Whether the model ended it; else it was cut where it was as long as it may be.</param>
/// <param name="Reward">What it was worth, as it is learned; NaN where that is not known, and then it counts for nothing.</param>
public sealed record Rollout(int Prompt, Vec<int> Ids, int Start, Vec<float> LogProbs, bool Ends, double Reward)
{
    /// <summary>What judges gave it together; NaN where none gave a number.</summary>
    public double Judged { get; init; } = double.NaN;

    /// <summary>What each judge gave it; NaN where it gave no number.</summary>
    public Vec<double> Kinds { get; init; }

    /// <summary>How many tokens the answer has.</summary>
    public int Length => Ids.Count - Start;

    /// <summary>Whether it is known what it was worth.</summary>
    public bool Counts => double.IsFinite(Reward);

    /// <summary>Writes its tokens, and for those before one of the answer that one as label; the rest has none.</summary>
    /// <param name="inputs">As long as the row, no shorter than prompt and answer.</param>
    /// <param name="labels">The same.</param>
    public void Write(Span<int> inputs, Span<int> labels)
    {
        Empty(inputs, labels);
        for (var i = 0; i < Ids.Count; i++)
        {
            inputs[i] = Ids[i];
            if (i >= Start) labels[i - 1] = Ids[i];
        }
    }

    /// <summary>Writes a row that counts for nothing.</summary>
    public static void Empty(Span<int> inputs, Span<int> labels)
    {
        inputs.Clear();
        labels.Fill(LinearCrossEntropy.Ignore);
    }
}
