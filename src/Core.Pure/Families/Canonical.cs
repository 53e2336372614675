using System.Globalization;
using Functional.Base;
using Functional.Layers;
using Functional.Models;

namespace Functional.Families;

/// <summary>Configurations with one way of saying each thing, so that those that compute the same are equal.</summary>
static class Canonical
{
    /// <summary>The same model, with sizes that follow from others left out and what is not used as it is by default. Dropout is no part of it.</summary>
    public static DecoderConfig Of(DecoderConfig any)
    {
        var c = WithoutMlps(any);
        var windows = Enumerable.Range(0, c.Layers).Select(c.HasWindow).ToVec();
        var experts = Enumerable.Range(0, c.Layers).Select(c.Experts.Has).ToVec();
        var (turns, plain, e) = (c.Positions == Positions.Rotary, new RotaryConfig(), c.Experts);
        return c with
        {
            KeyHeads = c.KeyHeadCount == c.Heads ? 0 : c.KeyHeads,
            HeadSize = c.SizeOfHead * c.Heads == c.Width ? 0 : c.HeadSize,
            Hidden = c.HiddenWidth,
            HiddenMultiple = 1,
            EmbeddingWidth = c.EmbeddingWidth == c.Width ? 0 : c.EmbeddingWidth,
            Bias = c.Norm == NormKind.Layer && c.NormWeights ? c.Bias : c.Bias & ~Biases.Norms,
            Window = windows.Contains(true) ? c.Window : 0,
            Sinks = windows.Contains(true) ? c.Sinks : 0,
            Pattern = windows.Contains(true) ? ConfigParts.Shortest(windows, 'w', 'f') : "",
            AttentionScale = Math.Abs(c.AttentionScale - (1 / Math.Sqrt(c.SizeOfHead))) < 1e-12 ? 0 : c.AttentionScale,
            TiedHead = c.Labels > 0 || c.TiedHead,
            LogitCap = c.Labels > 0 ? 0 : c.LogitCap,
            Dropout = 0,
            Rotary = turns ? Turned(c, windows.Contains(true), plain) : plain,
            Experts = !experts.Contains(true) ? new() : e with
            {
                Hidden = e.Hidden > 0 ? e.Hidden : c.HiddenWidth, Pattern = ConfigParts.Shortest(experts, 'e', 'd'), SharedGate = e.Shared > 0 && e.SharedGate,
                Balance = 0, ZLoss = 0, Noise = 0, Capacity = 0,
            },
        };
    }

    /// <summary>The same model; where every layer has experts, no MLP has a width of its own, which then is that of the experts.</summary>
    public static DecoderConfig WithoutMlps(DecoderConfig c) => c.Experts.Count > 0 && Enumerable.Range(0, c.Layers).All(c.Experts.Has)
        && (c.Experts.Hidden > 0 ? c.Experts.Hidden : c.HiddenWidth) is var hidden
        ? c with { Hidden = hidden, HiddenMultiple = 1, Experts = c.Experts with { Hidden = hidden } } : c;

    // The base and the share count always; what a kind of scaling does not read is as by default.
    static RotaryConfig Turned(DecoderConfig c, bool windowed, RotaryConfig plain)
    {
        var r = c.Rotary;
        var kept = plain with
        {
            Base = r.Base, Share = 2.0 * r.Pairs(c.SizeOfHead) / c.SizeOfHead, Interleaved = r.Interleaved, Kind = r.Kind,
            LocalBase = windowed && !(r.LocalBase == r.Base && r.Kind == RopeKind.None) ? r.LocalBase : 0,
        };
        var original = r.OriginalContext > 0 ? r.OriginalContext : c.Context;
        return r.Kind switch
        {
            RopeKind.Linear or RopeKind.Dynamic => kept with { Factor = r.Factor },
            RopeKind.Llama3 => kept with { Factor = r.Factor, Low = r.Low, High = r.High, OriginalContext = original },
            RopeKind.Yarn => kept with
            {
                Factor = r.Factor, OriginalContext = original, AttentionFactor = r.Scaling(c.Context).Factor(c.Context), Fast = r.Fast, Slow = r.Slow,
                    Truncates = r.Truncates,
            },
            RopeKind.Long => kept with { Short = r.Short, Long = r.Long, OriginalContext = original, AttentionFactor = r.Scaling(c.Context).Factor(c.Context) },
            _ => kept,
        };
    }

    // As settings say it, not as C# does.
    static string Text(object? value) => value switch
    {
        bool truth => truth ? "true" : "false",
        Biases.All => "true",
        Biases.None => "false",
        Layers.Activation.ReluSquared => "relu2",
        Enum word => string.Join('+', word.ToString().Replace("Glu", "glu", StringComparison.Ordinal).Split(", ").Select(static name =>
            string.Concat(name.Select(static (c, i) => char.IsUpper(c) ? $"{(i > 0 ? "-" : "")}{char.ToLowerInvariant(c)}" : $"{c}")))),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>The settings in which two models differ, by what each has.</summary>
    public static Vec<(string Name, string Wanted, string Got)> Differences(DecoderConfig wanted, DecoderConfig got)
    {
        var (a, b) = (Of(wanted), Of(got));
        (string, object?, object?)[] settings =
        [
            ("layers", a.Layers, b.Layers), ("heads", a.Heads, b.Heads), ("key-heads", a.KeyHeadCount, b.KeyHeadCount), ("head-size", a.SizeOfHead,
                b.SizeOfHead),
            ("width", a.Width, b.Width), ("hidden", a.Hidden, b.Hidden), ("embedding-width", a.EmbeddingWidth, b.EmbeddingWidth),
                ("context", a.Context, b.Context),
            ("vocabulary", a.Vocabulary, b.Vocabulary), ("bias", a.Bias, b.Bias), ("activation", a.Activation, b.Activation), ("norm-kind", a.Norm, b.Norm),
            ("norm-epsilon", a.NormEpsilon, b.NormEpsilon), ("norm-weights", a.NormWeights, b.NormWeights), ("norm", a.NormPlacement, b.NormPlacement),
            ("final-norm", a.FinalNorm, b.FinalNorm), ("positions", a.Positions, b.Positions), .. Turns(a.Rotary).Zip(Turns(b.Rotary), static (x, y) => (x.Name, x.Value, y.Value)), ("window", a.Window, b.Window),
            ("sinks", a.Sinks, b.Sinks), ("pattern", a.Pattern, b.Pattern), ("query-key-norm", a.QueryKeyNorm, b.QueryKeyNorm),
                ("attention-scale", a.AttentionScale, b.AttentionScale),
            ("scaled-by-layer", a.ScaledByLayer, b.ScaledByLayer), ("attention-cap", a.AttentionCap, b.AttentionCap), ("logit-cap", a.LogitCap, b.LogitCap),
            ("qkv-clip", a.QkvClip, b.QkvClip), ("scaled-embeddings", a.ScaledEmbeddings, b.ScaledEmbeddings), .. Mixture(a.Experts).Zip(Mixture(b.Experts), static (x, y) => (x.Name, x.Value, y.Value)),
            ("tied-head", a.TiedHead, b.TiedHead), ("labels", a.Labels, b.Labels), ("bidirectional", a.Bidirectional, b.Bidirectional), ("pooling", a.Pooling, b.Pooling),
        ];
        return
        [
            .. settings.Where(static s => s.Item2 is double x && s.Item3 is double y ? Math.Abs(x - y) > 1e-12 * Math.Max(1, Math.Abs(x))
                : !Equals(s.Item2, s.Item3))
                .Select(static s => (s.Item1, Text(s.Item2), Text(s.Item3))),
        ];
    }

    static IEnumerable<(string Name, object? Value)> Turns(RotaryConfig r) =>
    [
        ("rope-base", r.Base), ("rope-local-base", r.LocalBase), ("rope-share", r.Share), ("rope-pairing", r.Interleaved ? "neighbours" : "halves"), ("rope-scaling", r.Kind),
        ("rope-factor", r.Factor), ("rope-original-context", r.OriginalContext), ("rope-low", r.Low), ("rope-high", r.High), ("rope-fast", r.Fast),
        ("rope-slow", r.Slow), ("rope-attention-factor", r.AttentionFactor), ("rope-magnitude", r.Magnitude), ("rope-magnitude-all", r.MagnitudeAll),
        ("rope-truncate", r.Truncates), ("rope-short", r.Short), ("rope-long", r.Long),
    ];

    static IEnumerable<(string Name, object? Value)> Mixture(ExpertConfig e) =>
    [
        ("experts", e.Count), ("experts-chosen", e.Chosen), ("expert-hidden", e.Hidden), ("expert-scores", e.Sigmoid ? "sigmoid" : "softmax"), ("experts-renormalised", e.Renormalised),
        ("shared-expert", e.Shared), ("shared-expert-gate", e.SharedGate), ("expert-pattern", e.Pattern),
    ];
}
