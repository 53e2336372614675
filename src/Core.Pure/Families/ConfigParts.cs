using Functional.Base;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Families;

/// <summary>Parts of a <c>config.json</c> that several families share.</summary>
static class ConfigParts
{
    /// <summary>Vocabulary, width, MLP, layers, heads and context, by the names that most families use.</summary>
    public static Vec<ConfigPart> Sizes(int vocabulary, int width, int hidden, int layers, int heads, int context) =>
    [
        ConfigPart.Whole("vocab_size", vocabulary, static c => c.Vocabulary, static (c, n) => c with { Vocabulary = n }),
        ConfigPart.Whole("hidden_size", width, static c => c.Width, static (c, n) => c with { Width = n }),
        ConfigPart.Whole("intermediate_size", hidden, static c => c.HiddenWidth, static (c, n) => c with { Hidden = n }),
        ConfigPart.LayerCount("num_hidden_layers", layers),
        ConfigPart.Whole("num_attention_heads", heads, static c => c.Heads, static (c, n) => c with { Heads = n }),
        ConfigPart.Whole("max_position_embeddings", context, static c => c.Context, static (c, n) => c with { Context = n }),
    ];

    /// <summary>Heads of keys and values; null is as many as heads.</summary>
    /// <param name="absent">How many where it is not said; 0 for as many as heads.</param>
    public static ConfigPart KeyHeads(int absent) => ConfigPart.Whole(
        "num_key_value_heads", absent, static c => c.KeyHeadCount, static (c, n) => c with { KeyHeads = n == c.Heads ? 0 : n }, static _ => 0);

    /// <summary>The size of a head; null is width / heads.</summary>
    /// <param name="absent">What it is where it is not said; 0 for width / heads.</param>
    public static ConfigPart HeadSize(int absent) => ConfigPart.Whole(
        "head_dim", absent, static c => c.SizeOfHead, static (c, n) => c with { HeadSize = n * c.Heads == c.Width ? 0 : n }, static _ => 0);

    /// <summary>The size of a head in families that write none, and whose models in transformers still take one that is there.</summary>
    public static ConfigPart PlainHeads() => new(
        ["head_dim"],
        static (from, c) => from.Whole("head_dim", 1).Bind(size => size.ForAll(n => (long)n * c.Heads == c.Width) ? Success<Fault, DecoderConfig>(c)
            : from.Wrong("head_dim", $"is {size.IfNone(0)}", "allowed: none, or what makes all heads as wide as the model").As<DecoderConfig>()),
        static _ => []);

    /// <summary>What norms add; and their kind.</summary>
    public static Vec<ConfigPart> Rms(double epsilon, bool plusOne = false) =>
    [
        ConfigPart.Always(c => c with { Norm = plusOne ? Layers.NormKind.RmsPlusOne : Layers.NormKind.Rms, Bias = Biases.None }),
        ConfigPart.Real("rms_norm_eps", epsilon, static c => c.NormEpsilon, static (c, e) => c with { NormEpsilon = e }),
    ];

    /// <summary>Whether the head is the embedding.</summary>
    public static ConfigPart Tied(bool absent) => ConfigPart.Flag("tie_word_embeddings", absent, static c => c.TiedHead, static (c, on) =>
        c with { TiedHead = on });

    /// <summary>A window in every layer; null is none.</summary>
    public static ConfigPart Window(int? absent) => new(
        ["sliding_window"],
        (from, c) => from.Whole("sliding_window", 1).Map(size => c with { Window = size.IfNone(from.Has("sliding_window") ? 0 : absent ?? 0), Pattern = "" }),
        static c => [("sliding_window", c.Window > 0 ? new Json.Whole(c.Window) : new Json.Null())]);

    /// <summary>A window in some layers, which <c>layer_types</c> names or a rule tells.</summary>
    /// <param name="absent">The window where it is not said.</param>
    /// <param name="rule">Whether a layer has it, where the types are not named.</param>
    /// <param name="names">Other members that the rule reads.</param>
    /// <param name="rest">Other members to write.</param>
    public static ConfigPart Windows(
        int absent, Func<ConfigSource, int, Validation<Fault, Func<int, bool>>> rule, Vec<string> names, Func<DecoderConfig, Vec<(string, Json)>> rest) => new(
        ["sliding_window", "layer_types", .. names],
        (from, c) => from.Words("layer_types").Bind(types => types.Match(
                given => Listed(from, given, c.Layers), () => rule(from, c.Layers).Map(has => (Vec<bool>)[.. Enumerable.Range(0, Math.Min(c.Layers, Most))
                    .Select(has)])))
            .Bind(layers => !layers.Contains(true) ? Success<Fault, DecoderConfig>(c with { Window = 0, Pattern = "" })
                : from.Whole("sliding_window", 1).Bind(size => size.IfNone(from.Has("sliding_window") ? 0 : absent) is > 0 and var window
                    ? Success<Fault, DecoderConfig>(c with { Window = window, Pattern = Shortest(layers, 'w', 'f') })
                    : from.Wrong("sliding_window", "is missing, but some layers have a window", "expected a whole number from 1 on").As<DecoderConfig>())),
        c => [("sliding_window", c.Window > 0 ? new Json.Whole(c.Window) : new Json.Null()),
            ("layer_types", new Json.List([.. Enumerable.Range(0, c.Layers).Select(i => (Json)new Json.Text(c.HasWindow(i) ? "sliding_attention"
                : "full_attention"))])),
            .. rest(c)]);

    // More layers than any model has: a pattern is a letter for each.
    const int Most = 100_000;

    static Validation<Fault, Vec<bool>> Listed(ConfigSource from, Vec<string> types, int layers) =>
        types.FirstOrDefault(static t => t is not ("sliding_attention" or "full_attention")) is { } other
            ? from.Wrong("layer_types", $"has '{(other.Length > 60 ? other[..60] + "…" : other)}'",
                "allowed: sliding_attention, full_attention").As<Vec<bool>>()
        : types.Count != layers ? from.Wrong("layer_types", $"has {types.Count} layers", $"expected {layers}, as num_hidden_layers says").As<Vec<bool>>()
        : Success<Fault, Vec<bool>>(types.Map(static t => t == "sliding_attention"));

    /// <summary>Letters for layers, the fewest of which repeated are all; empty where all are the first letter.</summary>
    public static string Shortest(Vec<bool> layers, char yes, char no)
    {
        if (!layers.Contains(false)) return "";
        var letters = string.Concat(layers.Select(on => on ? yes : no));
        // How long the longest beginning is that is also an end, for each beginning: the shortest period is what is left (Knuth, Morris & Pratt 1977).
        var borders = new int[letters.Length];
        for (var i = 1; i < letters.Length; i++)
        {
            var length = borders[i - 1];
            while (length > 0 && letters[i] != letters[length]) length = borders[length - 1];
            borders[i] = letters[i] == letters[length] ? length + 1 : 0;
        }
        return letters[..(letters.Length - borders[^1])];
    }

    /// <summary>Windows as Qwen's dense models have them: only if they are switched on, and in the layers from <c>max_window_layers</c> on.</summary>
    public static ConfigPart QwenWindows() => Windows(4096, static (from, _) =>
        (from.Flag("use_sliding_window"), from.Whole("max_window_layers")).Apply(static (on, first) =>
            (Func<int, bool>)(i => on.IfNone(false) && i >= first.IfNone(28))), ["use_sliding_window", "max_window_layers"], static c =>
        [("use_sliding_window", new Json.Bool(c.Window > 0)),
            ("max_window_layers", new Json.Whole(Enumerable.Range(0, c.Layers).Append(c.Layers).First(i => i == c.Layers || c.HasWindow(i))))]);
}
