using Functional.Base;
using Functional.Layers;
using LanguageExt;

namespace Functional.Models;

public sealed partial record DecoderConfig
{
    // What a run of many layers costs is worked out from graphs of four turns and the rest; of few, from all.
    const int LongestPeriod = 64, FewLayers = 256;

    /// <summary>This configuration, or every fault in it at once.</summary>
    public Validation<Fault, DecoderConfig> Validate()
    {
        Vec<Validation<Fault, Unit>> checks = [.. Sizes(), .. Kinds(), .. Attending(), .. Turning(), .. Mixing(), .. Fitting()];
        return checks.Gather().Map(_ => this);
    }

    /// <summary>
    /// The same model with a window in every layer, so that it writes without end in memory that does not grow (StreamingLLM; Xiao et al. 2023). Each
    /// token is further from the beginning than training saw only as the window is long.
    /// </summary>
    /// <param name="window">Tokens that a query sees, its own among them; 0 for the model as it is.</param>
    /// <param name="sinks">Tokens from the beginning that it sees beside them.</param>
    public Validation<Fault, DecoderConfig> Streaming(int window, int sinks) => window == 0 && sinks == 0 ? Prelude.Success<Fault, DecoderConfig>(this)
        : new[]
        {
            Fault.Unless(window >= 1, "window", $"is {window}", "allowed: 1 or more, or 0 without sinks for the model as it is"),
            NotNegative("sinks", sinks),
            Fault.Unless(Positions != Positions.Learned, "window", "cannot be given to a model whose positions are learned, which end with its context",
                "allowed: 0"),
            Fault.Unless((long)window + sinks <= Context, "window", $"is {window} with sinks {sinks}", $"allowed: up to the context, {Context}, together"),
        }.Gather().Bind(_ => (this with { Window = window, Sinks = sinks, Pattern = "" }).Validate());

    IEnumerable<Validation<Fault, Unit>> Sizes() =>
    [
        AtLeastOne("layers", Layers), AtLeastOne("heads", Heads), AtLeastOne("width", Width), AtLeastOne("context", Context),
        AtLeastOne("vocabulary", Vocabulary), AtLeastOne("hidden-multiple", HiddenMultiple),
        NotNegative("key-heads", KeyHeads), NotNegative("head-size", HeadSize), NotNegative("hidden", Hidden), NotNegative("embedding-width", EmbeddingWidth),
        NotNegative("labels", Labels), NotNegative("window", Window), NotNegative("sinks", Sinks),
        Fault.Unless(HeadSize > 0 || Heads < 1 || Width < 1 || Width % Heads == 0, "width", $"{Width} is not divisible by heads {Heads}",
            $"allowed: a multiple of {Heads}"),
        Fault.Unless(KeyHeads < 1 || Heads < 1 || Heads % KeyHeads == 0, "key-heads", $"{KeyHeads} does not divide heads {Heads}",
            $"allowed: a divisor of {Heads}"),
    ];

    IEnumerable<Validation<Fault, Unit>> Kinds() =>
    [
        Fault.Unless(Dropout is >= 0 and < 1, "dropout", FormattableString.Invariant($"is {Dropout:R}"), "allowed: at least 0 and less than 1"),
        Known("activation", Activation), Known("norm-kind", Norm), Known("norm", NormPlacement), Known("positions", Positions),
        Known("query-key-norm", QueryKeyNorm),
        Fault.Unless((Bias & ~Biases.All) == 0, "bias", $"is {(int)Bias}", "allowed: some of qkv, output, feed-forward, norms"),
        Fault.Unless(NormEpsilon is > 0 and < 1, "norm-epsilon", FormattableString.Invariant($"is {NormEpsilon:R}"), "allowed: above 0 and less than 1"),
        Limit("attention-scale", AttentionScale), Limit("attention-cap", AttentionCap), Limit("logit-cap", LogitCap), Limit("qkv-clip", QkvClip),
    ];

    IEnumerable<Validation<Fault, Unit>> Attending() =>
    [
        Fault.Unless(Pattern.All(static c => c is 'w' or 'f'), "pattern", $"is {Pattern}", "allowed: letters w and f"),
        Fault.Unless(Sinks == 0 || Window > 0, "sinks", $"is {Sinks} without a window", "allowed: 0, or a window"),
        Fault.Unless(!Bidirectional || Labels > 0, "bidirectional", "is true of a language model, which writes from left to right",
            "allowed: false, or a model that judges texts"),
        Fault.Unless(!Bidirectional || Window == 0, "bidirectional", $"is true of a model with a window of {Window}, which looks back", "allowed: false, or window 0"),
        Fault.Unless(!Bidirectional || Positions != Positions.Alibi, "bidirectional", "is true of a model whose positions are distances to what came before",
            "allowed: false, or positions learned, sinusoidal, rotary or none"),
        Fault.Unless(Pooling == Pooling.Last || Labels > 0, "pooling", "is mean in a language model, which says what comes after each token",
            "allowed: last, or a model that judges texts"),
        Known("pooling", Pooling),
        Fault.Unless(Layers <= FewLayers || Period <= LongestPeriod, Pattern.Length > 1 && Window > 0 ? "pattern" : "expert-pattern",
            $"makes {Period} kinds of layers in a row", $"allowed: patterns that begin again together after {LongestPeriod} layers or fewer, or {FewLayers} layers"),
        Fault.Unless((long)Window + Sinks <= int.MaxValue / 2, "window", $"is {Window} with sinks {Sinks}", $"allowed: up to {int.MaxValue / 2} together"),
    ];

    IEnumerable<Validation<Fault, Unit>> Turning()
    {
        if (Positions != Positions.Rotary) yield break;
        var r = Rotary;
        yield return Known("rope-scaling", r.Kind);
        yield return Fault.Unless(r.Base > 1 && double.IsFinite(r.Base), "rope-base", FormattableString.Invariant($"is {r.Base:R}"), "allowed: above 1");
        yield return Fault.Unless(r.LocalBase == 0 || (r.LocalBase > 1 && double.IsFinite(r.LocalBase)), "rope-local-base",
            FormattableString.Invariant($"is {r.LocalBase:R}"), "allowed: 0, or above 1");
        yield return Fault.Unless(r.Share is > 0 and <= 1, "rope-share", FormattableString.Invariant($"is {r.Share:R}"), "allowed: above 0 and up to 1");
        if (Heads < 1 || Width < 1) yield break;
        var turned = (int)(SizeOfHead * r.Share);
        yield return Fault.Unless(turned >= 2 && turned % 2 == 0, "rope-share",
            FormattableString.Invariant($"{r.Share:R} of a head of {SizeOfHead} turns {turned} numbers"), "allowed: an even number of them, 2 or more");
        foreach (var fault in r.Scaling(Context).Check(turned)) yield return fault.As<Unit>();
    }

    IEnumerable<Validation<Fault, Unit>> Mixing()
    {
        var e = Experts;
        yield return NotNegative("experts", e.Count);
        if (e.Count < 1) yield break;
        yield return Fault.Unless(e.Chosen >= 1 && e.Chosen <= e.Count, "experts-chosen", $"is {e.Chosen} of {e.Count}", $"allowed: 1 to {e.Count}");
        yield return NotNegative("expert-hidden", e.Hidden);
        yield return NotNegative("shared-expert", e.Shared);
        yield return Fault.Unless(e.Shared > 0 || !e.SharedGate, "shared-expert-gate", "is true without a shared expert", "allowed: false, or a shared-expert");
        yield return Fault.Unless(e.Pattern.All(static c => c is 'e' or 'd'), "expert-pattern", $"is {e.Pattern}", "allowed: letters e and d");
        yield return Limit("balance-loss", e.Balance);
        yield return Limit("router-z-loss", e.ZLoss);
        yield return Limit("router-noise", e.Noise);
        yield return Limit("expert-capacity", e.Capacity);
    }

    IEnumerable<Validation<Fault, Unit>> Fitting()
    {
        Int128 width = Math.Max(0, Width), heads = Math.Max(0, Heads);
        yield return EmbeddingWidth > 0 ? Fits("vocabulary", "vocabulary × embedding-width", (Int128)Vocabulary * EmbeddingWidth)
            : Fits("vocabulary", "vocabulary × width", Vocabulary * width);
        if (Labels > 0) yield return Fits("labels", "labels × width", Labels * width);
        yield return Fits("context", "context × width", Context * width);
        if (Width < 1 || Heads < 1) yield break;
        var isUsual = Hidden <= 0 && !Activation.IsGated && HiddenMultiple <= 1;
        if (HeadSize > 0) yield return Fits("head-size", "3 × width × heads × head-size", 3 * width * heads * HeadSize);
        else if (!isUsual) yield return Fits("width", "3 × width × width", 3 * width * width);
        yield return isUsual ? Fits("width", "4 × width × width", 4 * width * width)
            : Hidden > 0 ? Fits("hidden", "width × hidden", width * Hidden)
            : Fits(HiddenMultiple > 1 ? "hidden-multiple" : "width", $"width × {HiddenWidth}", width * HiddenWidth);
        if (EmbeddingWidth > 0) yield return Fits("embedding-width", "width × embedding-width", width * EmbeddingWidth);
        if (!IsBounded) yield return Fits("window", $"{(Int128)Window + Sinks} × {KeyHeadCount} × {SizeOfHead}", ((Int128)Window + Sinks) * KeyHeadCount * SizeOfHead);
        if (Experts.Count < 1) yield break;
        yield return Experts.Hidden > 0 ? Fits("experts", "experts × width × expert-hidden", Experts.Count * width * Experts.Hidden)
            : Fits("experts", $"experts × width × {HiddenWidth}", Experts.Count * width * HiddenWidth);
        if (Experts.Shared > 0) yield return Fits("shared-expert", "width × shared-expert", width * Experts.Shared);
    }

    static Validation<Fault, Unit> AtLeastOne(string name, int value) => Fault.Unless(value >= 1, name, $"is {value}", "allowed: 1 or more");

    static Validation<Fault, Unit> NotNegative(string name, int value) => Fault.Unless(value >= 0, name, $"is {value}", "allowed: 0 or more");

    static Validation<Fault, Unit> Limit(string name, double value) =>
        Fault.Unless(value >= 0 && double.IsFinite(value), name, FormattableString.Invariant($"is {value:R}"), "allowed: 0 or more");

    static Validation<Fault, Unit> Known<T>(string name, T value) where T : struct, Enum =>
        Fault.Unless(Enum.IsDefined(value), name, $"is {value}", $"allowed: {string.Join(", ", Enum.GetNames<T>())}");

    internal static Validation<Fault, Unit> Fits(string name, string product, Int128 size) =>
        Fault.Unless(size <= int.MaxValue, name, $"makes {product} = {size}", $"allowed: up to {int.MaxValue}, the most that one tensor holds");
}
