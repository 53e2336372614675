using Functional.Sampling;

namespace Functional.Generation;

/// <summary>A smaller model that drafts what a text may go on with: it reads what the text has, and draws by the text's own rules.</summary>
/// <param name="batcher">The model; a row of it is taken with the first draft.</param>
sealed class Drafter(Batcher batcher)
{
    int row = -1;
    // How many tokens of prompt and text it has read.
    int read, drafted;

    /// <summary>Drafts, and the probabilities with which each was drawn.</summary>
    /// <param name="passage">The text.</param>
    /// <param name="most">How many, 1 or more.</param>
    public (int[] Drafts, double[]?[] From) Draft(Passage passage, int most)
    {
        if (row < 0) row = batcher.Join();
        int[] all = [.. passage.Request.Prompt, .. passage.Tokens];
        var (drafts, from, logits) = (new List<int>(), new List<double[]?>(), new float[batcher.Vocabulary]);
        batcher.Read(row, all.AsSpan(read), logits);
        (read, drafted) = (all.Length, 0);
        while (true)
        {
            if (passage.Probabilities(logits, [.. drafts]) is not { } probabilities) break;
            var token = Inverse(probabilities, passage.KeyAt(passage.Count + drafts.Count).FoldIn("draft").Uniform(0));
            drafts.Add(token);
            from.Add(probabilities);
            if (drafts.Count == most || passage.IsEnd(token)) break;
            batcher.Read(row, [token], logits);
            drafted++;
        }
        return ([.. drafts], [.. from]);
    }

    /// <summary>So many drafts are accepted; what it read of the others it forgets.</summary>
    public void Keep(Passage passage, int accepted)
    {
        var kept = Math.Min(accepted, drafted);
        if (drafted - kept <= batcher.Position(row)) batcher.CutBack(row, drafted - kept);
        else
        {
            // It has begun anew in between, and holds less than it would have to forget.
            batcher.Leave(row);
            (row, kept, read) = (batcher.Join(), 0, 0);
        }
        read += kept;
    }

    /// <summary>Gives its row back.</summary>
    public void Leave()
    {
        if (row >= 0) batcher.Leave(row);
        row = -1;
    }

    static int Inverse(double[] probabilities, double u) => Speculation.Accept([probabilities], [], [], [], [u]).Next;
}
