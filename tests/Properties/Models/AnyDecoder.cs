using FsCheck;
using FsCheck.Fluent;

namespace Functional.Tests.Properties;

/// <summary>Small valid decoders of every kind of norm, position, attention and feed-forward, without dropout and without what looks at a sequence's length.</summary>
public static class AnyDecoder
{
    public static Arbitrary<DecoderConfig> Configs() => Arb.From(
        from plain in AnyGpt.Configs().Generator
        from pick in Gen.Choose(0, int.MaxValue - 1)
        select Of(plain, new Random(pick)), Smaller);

    static DecoderConfig Of(DecoderConfig c, Random random)
    {
        T Any<T>(params T[] choices) => choices[random.Next(choices.Length)];
        bool Maybe(double part = 0.5) => random.NextDouble() < part;
        var (keyHeads, size, window) = (random.Next(1, 3), Any(2, 4, 6), Maybe() ? random.Next(1, 5) : 0);
        var heads = keyHeads * random.Next(1, 3);
        var any = c with
        {
            Heads = heads, KeyHeads = keyHeads, HeadSize = size, Width = random.Next(1, 9), Hidden = Any(0, 5), HiddenMultiple = Any(1, 8),
            EmbeddingWidth = Maybe(0.2) ? 3 : 0,
            Bias = (Biases)random.Next((int)Biases.All + 1),
            Activation = Any(Enum.GetValues<Activation>()), Norm = Any(Enum.GetValues<NormKind>()), NormEpsilon = 1e-3, NormWeights = Maybe(0.9),
            NormPlacement = Any(Enum.GetValues<NormPlacement>()), FinalNorm = Maybe(0.8), Positions = Any(Enum.GetValues<Positions>()),
            Rotary = new()
            {
                Base = Any(10000, 50.0), LocalBase = Any(0, 20.0), Share = Any(1, Math.Min(1, 2.01 / size)), Interleaved = Maybe(),
                Kind = Any(RopeKind.None, RopeKind.Linear, RopeKind.Llama3, RopeKind.Yarn), Factor = 3, OriginalContext = 4,
            },
            Window = window, Sinks = window > 0 && Maybe() ? random.Next(1, 3) : 0, Pattern = Any("", "wf", "fw"),
            QueryKeyNorm = Any(Enum.GetValues<QueryKeyNorm>()), AttentionScale = Any(0, 0.3), ScaledByLayer = Maybe(0.2), AttentionCap = Maybe(0.3) ? 2 : 0,
            LogitCap = Maybe(0.3) ? 3 : 0, QkvClip = Maybe(0.2) ? 0.5 : 0, ScaledEmbeddings = Maybe(0.3),
            Experts = Maybe(0.3)
                ? new() { Count = 4, Chosen = random.Next(1, 5), Hidden = 3, Sigmoid = Maybe(), Renormalised = Maybe(), Shared = Any(0, 4), Pattern = Any("", "de"),
                    Balance = Any(0, 0.3), ZLoss = Any(0, 0.2) }
                : new(),
        };
        return any with { Experts = any.Experts with { SharedGate = any.Experts.Shared > 0 && Maybe() } };
    }

    static IEnumerable<DecoderConfig> Smaller(DecoderConfig c)
    {
        if (c.Layers > 1) yield return c with { Layers = 1 };
        if (c.Context > 1) yield return c with { Context = c.Context - 1 };
        if (c.Experts.Count > 0) yield return c with { Experts = new() };
        if (c.Window > 0) yield return c with { Window = 0, Sinks = 0 };
        if (c.Sinks > 0) yield return c with { Sinks = 0 };
        if (c.Positions != Positions.None) yield return c with { Positions = Positions.None };
        if (c.QueryKeyNorm != QueryKeyNorm.None) yield return c with { QueryKeyNorm = QueryKeyNorm.None };
        if (c.Bias != Biases.None) yield return c with { Bias = Biases.None };
        if (c.AttentionCap > 0) yield return c with { AttentionCap = 0 };
        if (c.Norm != NormKind.Layer) yield return c with { Norm = NormKind.Layer };
        if (c.NormPlacement != NormPlacement.Pre) yield return c with { NormPlacement = NormPlacement.Pre };
    }
}
