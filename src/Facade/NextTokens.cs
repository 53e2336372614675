using Functional.Base;
using Functional.Sampling;

namespace Functional;

/// <summary>What may come next.</summary>
/// <param name="Rules">What was done to the distribution, in order: first nothing, so that it is the model's own, then each rule that changed anything.</param>
/// <param name="Left">How many tokens are left behind each.</param>
/// <param name="Tokens">Tokens that may come: those that are likeliest to the model and those that are behind the rules.</param>
public sealed record NextTokens(Vec<string> Rules, Vec<int> Left, Vec<NextToken> Tokens)
{
    /// <summary>What rules make of a model's logits.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="logits">The logits, <c>[vocabulary]</c>.</param>
    /// <param name="prompt">The tokens that were given.</param>
    /// <param name="written">Those that were written.</param>
    /// <param name="most">How many of the likeliest are told.</param>
    internal static NextTokens Of(SamplingRules rules, float[] logits, int[] prompt, int[] written, int most)
    {
        var steps = rules.Trace(logits, new(prompt, written));
        IEnumerable<int> Likeliest(double[] of) => Enumerable.Range(0, of.Length).OrderByDescending(i => of[i]).Take(most);
        var (own, behind) = (steps[0].Probabilities, steps[^1].Probabilities);
        return new(steps.Map(static s => Named(s.Rule)), steps.Map(static s => s.Probabilities.Count(static p => p > 0)),
            [.. Likeliest(own).Union(Likeliest(behind).Where(i => behind[i] > 0)).OrderByDescending(i => behind[i]).ThenByDescending(i => own[i])
                .Select(i => new NextToken(i, steps.Map(s => s.Probabilities[i])))]);
    }

    static string Named(SamplingRule? rule) => FormattableString.Invariant(rule switch
    {
        null => $"the model's own",
        TemperatureRule t => $"temperature {t.Value}",
        TopKRule k => $"top-k {k.Count}",
        TopPRule p => $"top-p {p.Share}",
        MinPRule m => $"min-p {m.Share}",
        TypicalPRule t => $"typical-p {t.Share}",
        RepetitionRule r => $"repetition penalty {r.Factor}",
        PresenceRule p => $"presence penalty {p.Penalty}",
        FrequencyRule f => $"frequency penalty {f.Penalty}",
        BiasRule b => $"bias of {b.Biases.Count} tokens",
        BanRule b => $"ban of {b.Tokens.Count} tokens",
        _ => $"forced tokens",
    });
}

/// <summary>A token that may come next.</summary>
/// <param name="Token">The token.</param>
/// <param name="Probabilities">How likely it is behind each of <see cref="NextTokens.Rules"/>.</param>
public sealed record NextToken(int Token, Vec<double> Probabilities);
