namespace Functional.Sampling;

/// <summary>
/// Speculative decoding (Leviathan et al. 2023, "Fast inference from transformers via speculative decoding"; Chen et al. 2023): a draft proposes some tokens, the model reads
/// them all at once, and so many are accepted that the distribution is that of the model alone. Pure functions of probabilities and numbers.
/// </summary>
public static class Speculation
{
    /// <summary>The probability that a draft is accepted: 1 where the model finds it as likely as the draft did, else the quotient.</summary>
    /// <param name="target">What the model finds, <c>[vocabulary]</c>.</param>
    /// <param name="draft">What the draft was drawn from; nothing where it was certain.</param>
    /// <param name="token">The draft.</param>
    public static double Acceptance(ReadOnlySpan<double> target, double[]? draft, int token) => Math.Min(1, target[token] / (draft is null ? 1 : draft[token]));

    /// <summary>
    /// What is drawn from where a draft was refused: what the model finds beyond what the draft did, up to a factor, max(0, p − q). With <see cref="Acceptance"/> that makes p.
    /// </summary>
    /// <param name="target">What the model finds, <c>[vocabulary]</c>.</param>
    /// <param name="draft">What the draft was drawn from; nothing where it was certain.</param>
    /// <param name="token">The draft.</param>
    public static double[] Residual(ReadOnlySpan<double> target, double[]? draft, int token)
    {
        var rest = target.ToArray();
        if (draft is null) rest[token] = 0;
        else
            for (var i = 0; i < rest.Length; i++) rest[i] = Math.Max(0, rest[i] - draft[i]);
        return rest;
    }

    /// <summary>How many drafts are accepted, and the token after them: drawn from the residual where one was refused, else from what the model finds behind all.</summary>
    /// <param name="target">What the model finds before each draft and behind the last, drafts + 1 of them.</param>
    /// <param name="draft">What each draft was drawn from; nothing for one that was certain.</param>
    /// <param name="drafts">The drafts, in order; there may be none.</param>
    /// <param name="tests">A number in [0, 1) for each draft.</param>
    /// <param name="last">A number in [0, 1) for the token after each count of accepted drafts, drafts + 1 of them.</param>
    /// <exception cref="ArgumentException">There are not as many of each.</exception>
    public static (int Accepted, int Next) Accept(IReadOnlyList<double[]> target, IReadOnlyList<double[]?> draft, ReadOnlySpan<int> drafts, ReadOnlySpan<double> tests,
        ReadOnlySpan<double> last)
    {
        if (target.Count != drafts.Length + 1 || draft.Count != drafts.Length || tests.Length != drafts.Length || last.Length != drafts.Length + 1)
            throw new ArgumentException("each draft has its probabilities and its number, and one more stands behind the last.");
        for (var i = 0; i < drafts.Length; i++)
        {
            if (tests[i] < Acceptance(target[i], draft[i], drafts[i])) continue;
            var rest = Residual(target[i], draft[i], drafts[i]);
            var total = Sum(rest);
            // By rounding alone a draft is refused that is as likely as it can be: then nothing is left but what the model finds.
            return total > 0 ? (i, Inversion.Draw(rest, total, last[i])) : (i, Inversion.Draw(target[i], Sum(target[i]), last[i]));
        }
        return (drafts.Length, Inversion.Draw(target[^1], Sum(target[^1]), last[^1]));
    }

    static double Sum(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values) sum += value;
        return sum;
    }
}

/// <summary>Drafts without a model (Saxena 2023, "Prompt lookup decoding"): what followed the last tokens when they stood somewhere before.</summary>
public static class PromptLookup
{
    /// <summary>What followed where the last <paramref name="length"/> tokens stood before, at the latest such place; empty where they did not.</summary>
    /// <param name="seen">All tokens so far.</param>
    /// <param name="length">How many tokens must be the same, 1 or more.</param>
    /// <param name="most">How many tokens at most.</param>
    public static ReadOnlySpan<int> Draft(ReadOnlySpan<int> seen, int length, int most)
    {
        if (seen.Length <= length) return [];
        var at = seen[..^1].LastIndexOf(seen[^length..]);
        return at < 0 ? [] : seen.Slice(at + length, Math.Min(most, seen.Length - at - length));
    }
}
