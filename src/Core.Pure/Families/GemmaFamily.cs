using Functional.Base;
using Functional.Layers;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Families;

/// <summary>
/// Gemma 1, 2 and 3, the last as text alone (Gemma Team 2024, 2024, 2025): norms times 1 + weight, embeddings times √width, gates of GELU with tanh. The
/// second has norms on both sides, caps, and windows in every other layer; the third norms of queries and keys, and another base where there are windows.
/// </summary>
static class GemmaFamily
{
    public static Family Gemma { get; } = new()
    {
        Name = "gemma",
        Class = "Gemma",
        Prefix = "model.",
        Parts = [.. Common(256000, 3072, 24576, 28, 16, 8192, 16), Gelu(), RopePart.Of(), ConfigParts.Tied(true)],
        Body = LlamaNames.Body,
    };

    public static Family Gemma2 { get; } = new()
    {
        Name = "gemma2",
        Class = "Gemma2",
        Prefix = "model.",
        Parts =
        [
            .. Common(256000, 2304, 9216, 26, 8, 8192, 4), ConfigPart.Activation(["hidden_activation"], "gelu_pytorch_tanh", gated: true),
                Sandwich(QueryKeyNorm.None), Scale(),
            ConfigPart.Limit("attn_logit_softcapping", 50, static c => c.AttentionCap, static (c, cap) => c with { AttentionCap = cap }),
            ConfigPart.Limit("final_logit_softcapping", 30, static c => c.LogitCap, static (c, cap) => c with { LogitCap = cap }),
            ConfigParts.Windows(4096, static (_, _) => Success<Fault, Func<int, bool>>(static i => i % 2 == 0), [], static _ => []), RopePart.Of(),
                ConfigParts.Tied(true),
        ],
        Body = LlamaNames.Body,
    };

    public static Family Gemma3 { get; } = new()
    {
        Name = "gemma3_text",
        Class = "Gemma3",
        Prefix = "model.",
        Parts =
        [
            .. Common(262208, 2304, 9216, 26, 8, 131072, 4), ConfigPart.Activation(["hidden_activation"], "gelu_pytorch_tanh", gated: true),
                Sandwich(QueryKeyNorm.Head), Scale(),
            ConfigPart.Limit("attn_logit_softcapping", null, static c => c.AttentionCap, static (c, cap) => c with { AttentionCap = cap }),
            ConfigPart.Limit("final_logit_softcapping", null, static c => c.LogitCap, static (c, cap) => c with { LogitCap = cap }),
            ConfigParts.Windows(4096, static (from, _) => (from.Whole("sliding_window_pattern", 1), from.Whole("_sliding_window_pattern",
                1)).Apply(static (four, five) =>
                (Func<int, bool>)(i => (i + 1) % four.IfNone(five.IfNone(6)) != 0)), ["sliding_window_pattern", "_sliding_window_pattern"], static _ => []),
            RopePart.Of(1_000_000, local: 10000), ConfigParts.Tied(true),
        ],
        Body = LlamaNames.Body,
    };

    static Vec<ConfigPart> Common(int vocabulary, int width, int hidden, int layers, int heads, int context, int keyHeads) =>
    [
        .. ConfigParts.Sizes(vocabulary, width, hidden, layers, heads, context), ConfigParts.KeyHeads(keyHeads), ConfigParts.HeadSize(256),
        .. ConfigParts.Rms(1e-6, plusOne: true), ConfigPart.Always(static c => c with { ScaledEmbeddings = true }),
        ConfigPart.Bias("attention_bias", false, Biases.Qkv | Biases.Output), ConfigPart.Dropout([("attention_dropout", 0)]),
        ConfigPart.Must("use_bidirectional_attention", false, "tokens would see what comes after them"),
    ];

    // The first files said "gelu" and meant the form with tanh, as a second member was to tell.
    static ConfigPart Gelu() => new(
        ["hidden_activation", "hidden_act"],
        static (from, c) => from.Gives("hidden_activation") || from.Word("hidden_act").Exists(static w => w.Exists(static word => word != "gelu"))
            ? ConfigPart.Activation(["hidden_activation", "hidden_act"], "gelu_pytorch_tanh", gated: true).Read(from, c)
            : from.Word("hidden_act").Map(_ => c with { Activation = Activation.GeGluTanh }),
        ConfigPart.Activation(["hidden_activation", "hidden_act"], "gelu_pytorch_tanh", gated: true).Write);

    static ConfigPart Sandwich(QueryKeyNorm norm) => ConfigPart.Always(c => c with { NormPlacement = NormPlacement.Sandwich, QueryKeyNorm = norm });

    // Scores are over its root; it may be no whole number.
    static ConfigPart Scale() => new(
        ["query_pre_attn_scalar"],
        static (from, c) => from.Real("query_pre_attn_scalar").Bind(scalar => scalar.IfNone(256) > 0
            ? Success<Fault, DecoderConfig>(c with { AttentionScale = 1 / Math.Sqrt(scalar.IfNone(256)) })
            : from.Wrong("query_pre_attn_scalar", "is 0", "expected a number above 0").As<DecoderConfig>()),
        static c => [("query_pre_attn_scalar", Scalar(c.AttentionScale > 0 ? c.AttentionScale : 1 / Math.Sqrt(c.SizeOfHead)))]);

    // Of the numbers that have this root, the whole one, as transformers has it.
    static Json Scalar(double scale) => Math.Round(1 / (scale * scale)) is var whole && 1 / Math.Sqrt(whole) == scale
        ? new Json.Whole((long)whole) : new Json.Real(1 / (scale * scale));
}
