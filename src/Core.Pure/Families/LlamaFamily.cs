using Functional.Models;

namespace Functional.Families;

/// <summary>Llama 2 and 3 (Touvron et al. 2023; Dubey et al. 2024), and Mistral (Jiang et al. 2023), which is the same with windows.</summary>
static class LlamaFamily
{
    public static Family Llama { get; } = new()
    {
        Name = "llama",
        Class = "Llama",
        Prefix = "model.",
        Parts =
        [
            .. ConfigParts.Sizes(32000, 4096, 11008, 32, 32, 2048), ConfigParts.KeyHeads(0), ConfigParts.HeadSize(0), .. ConfigParts.Rms(1e-6),
            ConfigPart.Activation(["hidden_act"], "silu", gated: true), ConfigPart.Bias("attention_bias", false, Biases.Qkv | Biases.Output),
            ConfigPart.Bias("mlp_bias", false, Biases.FeedForward), RopePart.Of(), ConfigPart.Dropout([("attention_dropout", 0)]), ConfigParts.Tied(false),
        ],
        Body = LlamaNames.Body,
    };

    public static Family Mistral { get; } = new()
    {
        Name = "mistral",
        Class = "Mistral",
        Prefix = "model.",
        Parts =
        [
            .. ConfigParts.Sizes(32000, 4096, 14336, 32, 32, 131072), ConfigParts.KeyHeads(8), ConfigParts.HeadSize(0), .. ConfigParts.Rms(1e-6),
            ConfigPart.Activation(["hidden_act"], "silu", gated: true), ConfigParts.Window(4096), RopePart.Of(), ConfigPart.Dropout([("attention_dropout", 0)]),
            ConfigParts.Tied(false),
        ],
        Body = LlamaNames.Body,
    };
}
