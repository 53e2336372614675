using Functional.Base;
using Functional.Models;
using static Functional.Families.TheirTensor;

namespace Functional.Families;

/// <summary>Mixtral (Jiang et al. 2024): Mistral with a mixture of experts in every layer, whose chosen weights always sum to 1.</summary>
static class MixtralFamily
{
    public static Family Mixtral { get; } = new()
    {
        Name = "mixtral",
        Class = "Mixtral",
        Prefix = "model.",
        Parts =
        [
            .. ConfigParts.Sizes(32000, 4096, 14336, 32, 32, 131072), ConfigParts.KeyHeads(8), ConfigParts.HeadSize(0), .. ConfigParts.Rms(1e-5),
            ConfigPart.Activation(["hidden_act"], "silu", gated: true), ConfigParts.Window(null), RopePart.Of(1_000_000),
            ExpertParts.Count("num_local_experts", 8), ExpertParts.Chosen(2), ExpertParts.Balance(0.001),
            ConfigPart.Always(static c => c with { Experts = c.Experts with { Renormalised = true, Hidden = 0 } }),
                ConfigPart.Dropout([("attention_dropout", 0)]), ConfigParts.Tied(false),
        ],
        // The names of the experts' layers are the first, second and third of the code that they come from.
        Body = static c => LlamaNames.Body(c, (_, theirs, ours) => Sparse(c, theirs.Replace(".mlp", ".block_sparse_moe", StringComparison.Ordinal), ours)),
    };

    static Vec<TheirTensor> Sparse(DecoderConfig c, string theirs, string ours) =>
    [
        Turned($"{theirs}.gate.weight", $"{ours}.router.weight", c.Width, c.Experts.Count),
        .. ExpertParts.Tensors(c, $"{theirs}.experts", ours, "w1", "w3", "w2"),
    ];
}
