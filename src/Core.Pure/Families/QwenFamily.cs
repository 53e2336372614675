using Functional.Models;

namespace Functional.Families;

/// <summary>Qwen2, Qwen2.5 (Yang et al. 2024) and Qwen3 (2025), which normalises queries and keys by head in place of their biases.</summary>
static class QwenFamily
{
    public static Family Qwen2 { get; } = new()
    {
        Name = "qwen2",
        Class = "Qwen2",
        Prefix = "model.",
        Parts =
        [
            .. ConfigParts.Sizes(151936, 4096, 22016, 32, 32, 32768), ConfigParts.KeyHeads(32), ConfigParts.PlainHeads(), .. ConfigParts.Rms(1e-6),
            ConfigPart.Always(static c => c with { Bias = Biases.Qkv }), ConfigPart.Activation(["hidden_act"], "silu", gated: true), ConfigParts.QwenWindows(),
            RopePart.Of(), ConfigPart.Dropout([("attention_dropout", 0)]), ConfigParts.Tied(false),
        ],
        Body = LlamaNames.Body,
    };

    public static Family Qwen3 { get; } = new()
    {
        Name = "qwen3",
        Class = "Qwen3",
        Prefix = "model.",
        Parts =
        [
            .. ConfigParts.Sizes(151936, 4096, 22016, 32, 32, 32768), ConfigParts.KeyHeads(32), ConfigParts.HeadSize(128), .. ConfigParts.Rms(1e-6),
            ConfigPart.Always(static c => c with { QueryKeyNorm = QueryKeyNorm.Head }), ConfigPart.Bias("attention_bias", false, Biases.Qkv | Biases.Output),
            ConfigPart.Activation(["hidden_act"], "silu", gated: true), ConfigParts.QwenWindows(), RopePart.Of(),
                ConfigPart.Dropout([("attention_dropout", 0)]),
            ConfigParts.Tied(false),
        ],
        Body = LlamaNames.Body,
    };
}
