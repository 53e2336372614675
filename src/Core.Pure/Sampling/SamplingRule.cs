using Functional.Base;
using LanguageExt;

namespace Functional.Sampling;

/// <summary>The tokens before the one that is chosen.</summary>
/// <param name="prompt">What was given.</param>
/// <param name="written">What was chosen since, in order.</param>
public readonly ref struct Seen(ReadOnlySpan<int> prompt, ReadOnlySpan<int> written)
{
    /// <summary>What was given.</summary>
    public ReadOnlySpan<int> Prompt { get; } = prompt;

    /// <summary>What was chosen since, in order.</summary>
    public ReadOnlySpan<int> Written { get; } = written;
}

/// <summary>
/// A rule of choosing the next token: a function from logits and the tokens so far to logits, of which −∞ is never drawn. The hierarchy is closed; rules are values, and
/// a list of them is one, too (<see cref="SamplingRules"/>).
/// </summary>
public abstract record SamplingRule
{
    private protected SamplingRule()
    {
    }

    /// <summary>
    /// Its place in the usual order, from 0: first what changes single tokens (repetition, presence, frequency, bias, banned, forced), then temperature, then what
    /// leaves the unlikely out (top-k, top-p, min-p, typical-p).
    /// </summary>
    internal abstract int Place { get; }

    /// <summary>Changes logits in place; the same logits and tokens give the same logits.</summary>
    /// <param name="seen">The tokens so far.</param>
    /// <param name="logits">A score for each token, numbers or −∞, <c>[vocabulary]</c>.</param>
    public abstract void Apply(Seen seen, Span<double> logits);

    /// <summary>Nothing, or what is wrong with its numbers.</summary>
    public abstract Validation<Fault, Unit> Validate();

    private protected static Validation<Fault, Unit> Within(bool holds, string where, double value, string allowed) =>
        Fault.Unless(holds, where, FormattableString.Invariant($"is {value:R}"), allowed);

    /// <summary>The most likely token, of several the first.</summary>
    private protected static int Best(ReadOnlySpan<double> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
            if (logits[i] > logits[best]) best = i;
        return best;
    }
}
