using Functional.Models;

namespace Functional.Families;

/// <summary>OLMoE (Muennighoff et al. 2024): experts in every layer, norms of queries and keys over all heads, and a limit for all three.</summary>
static class OlmoeFamily
{
    public static Family Olmoe { get; } = new()
    {
        Name = "olmoe",
        Class = "Olmoe",
        Prefix = "model.",
        Parts =
        [
            .. ConfigParts.Sizes(50304, 2048, 2048, 16, 16, 4096), ConfigParts.KeyHeads(0), ConfigParts.PlainHeads(), .. ConfigParts.Rms(1e-5),
            ConfigPart.Always(static c => c with { QueryKeyNorm = QueryKeyNorm.Width }), ConfigPart.Bias("attention_bias", false, Biases.Qkv | Biases.Output),
            ConfigPart.Limit("clip_qkv", null, static c => c.QkvClip, static (c, clip) => c with { QkvClip = clip }), ConfigPart.Activation(["hidden_act"],
                "silu", gated: true),
            RopePart.Of(), ExpertParts.Count("num_experts", 64), ExpertParts.Chosen(8), ExpertParts.Renormalised(), ExpertParts.Balance(0.01),
            ConfigPart.Dropout([("attention_dropout", 0)]), ConfigParts.Tied(false),
        ],
        Body = static c => LlamaNames.Body(c, (i, theirs, ours) => ExpertParts.Feed(c, i, theirs, ours)),
    };
}
