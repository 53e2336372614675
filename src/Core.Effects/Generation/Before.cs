using Functional.Base;

namespace Functional.Generation;

/// <summary>What a model thinks of the tokens at a place, before any rule.</summary>
/// <param name="Normal">log Σ exp of the logits.</param>
/// <param name="Likely">The likeliest, of equal ones the lower number first.</param>
readonly record struct Before(double Normal, Vec<LikelyToken> Likely)
{
    /// <exception cref="NotFiniteNumberException">The model's numbers are not finite.</exception>
    public static Before Of(ReadOnlySpan<float> logits, int likely)
    {
        if (logits.ContainsAnyExceptInRange(float.NegativeInfinity, float.MaxValue)) throw new NotFiniteNumberException("the model's numbers are not finite");
        var (max, total) = (float.NegativeInfinity, 0.0);
        foreach (var logit in logits) max = Math.Max(max, logit);
        foreach (var logit in logits) total += Math.Exp(logit - max);
        var normal = max + Math.Log(total);
        return new(normal, likely == 0 ? [] : Top(logits, Math.Min(likely, logits.Length), normal));
    }

    /// <summary>The log-probability of a token, in nats.</summary>
    public float At(ReadOnlySpan<float> logits, int token) => (float)(logits[token] - Normal);

    // Few of many: each finds its place among those so far.
    static Vec<LikelyToken> Top(ReadOnlySpan<float> logits, int count, double normal)
    {
        var best = new List<(float Logit, int Token)>(count + 1);
        for (var i = 0; i < logits.Length; i++)
        {
            if (best.Count == count && logits[i] <= best[^1].Logit) continue;
            var at = best.Count;
            while (at > 0 && best[at - 1].Logit < logits[i]) at--;
            best.Insert(at, (logits[i], i));
            if (best.Count > count) best.RemoveAt(count);
        }
        return [.. best.Select(b => new LikelyToken(b.Token, (float)(b.Logit - normal)))];
    }
}
