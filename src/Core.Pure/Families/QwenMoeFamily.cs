using Functional.Base;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Families;

/// <summary>Qwen's mixtures of experts: the second generation has a shared expert with a gate of its own, the third none.</summary>
static class QwenMoeFamily
{
    public static Family Qwen2Moe { get; } = new()
    {
        Name = "qwen2_moe",
        Class = "Qwen2Moe",
        Prefix = "model.",
        Parts =
        [
            .. ConfigParts.Sizes(151936, 2048, 5632, 24, 16, 32768), ConfigParts.KeyHeads(16), ConfigParts.PlainHeads(), .. ConfigParts.Rms(1e-6), ConfigPart.Bias("qkv_bias", true,
                Biases.Qkv),
            ConfigPart.Activation(["hidden_act"], "silu", gated: true),
            // Versions of transformers have different rules for it.
            Windows(static (from, _) => from.Wrong("layer_types", "is missing, but use_sliding_window is true",
                "expected the type of each layer").As<Func<int, bool>>()),
            RopePart.Of(), ExpertParts.Count("num_experts", 60), ExpertParts.Chosen(4), ExpertParts.Hidden(1408), ExpertParts.Renormalised(),
                ExpertParts.Layers(),
            ExpertParts.Balance(0.001),
            ConfigPart.Whole("shared_expert_intermediate_size", 5632, static c => c.Experts.Shared, static (c, n) =>
                c with { Experts = c.Experts with { Shared = n, SharedGate = true } }),
            ConfigPart.Dropout([("attention_dropout", 0)]), ConfigParts.Tied(false),
        ],
        Body = static c => LlamaNames.Body(c, (i, theirs, ours) => ExpertParts.Feed(c, i, theirs, ours)),
    };

    public static Family Qwen3Moe { get; } = new()
    {
        Name = "qwen3_moe",
        Class = "Qwen3Moe",
        Prefix = "model.",
        Parts =
        [
            .. ConfigParts.Sizes(151936, 2048, 6144, 24, 32, 32768), ConfigParts.KeyHeads(4), ConfigParts.HeadSize(0), .. ConfigParts.Rms(1e-6),
            ConfigPart.Always(static c => c with { QueryKeyNorm = QueryKeyNorm.Head }), ConfigPart.Bias("attention_bias", false, Biases.Qkv | Biases.Output),
            ConfigPart.Activation(["hidden_act"], "silu", gated: true),
            Windows(static (_, first) => Success<Fault, Func<int, bool>>(i => i >= first)), RopePart.Of(), ExpertParts.Count("num_experts", 128),
                ExpertParts.Chosen(8),
            ExpertParts.Hidden(768), ExpertParts.Renormalised(), ExpertParts.Layers(), ExpertParts.Balance(0.001),
                ConfigPart.Dropout([("attention_dropout", 0)]),
            ConfigParts.Tied(false),
        ],
        Body = static c => LlamaNames.Body(c, (i, theirs, ours) => ExpertParts.Feed(c, i, theirs, ours)),
    };

    static ConfigPart Windows(Func<ConfigSource, int, Validation<Fault, Func<int, bool>>> rule) => ConfigParts.Windows(4096, (from, _) =>
        (from.Flag("use_sliding_window"), from.Whole("max_window_layers")).Apply(static (on, first) => (on, first)).Bind(g =>
            g.on.IfNone(false) ? rule(from, g.first.IfNone(0)) : Success<Fault, Func<int, bool>>(static _ => false)),
                ["use_sliding_window", "max_window_layers"],
        static c => [("use_sliding_window", new Json.Bool(c.Window > 0))]);
}
