using Functional.Base;
using Functional.Layers;
using Functional.Models;
using static Functional.Families.TheirTensor;

namespace Functional.Families;

/// <summary>GPT-NeoX and Pythia (Black et al. 2022; Biderman et al. 2023): attention and MLP from the same x, a quarter of each head turned, and each head's
/// queries, keys and values side by side.</summary>
static class NeoXFamily
{
    public static Family NeoX { get; } = new()
    {
        Name = "gpt_neox",
        Class = "GPTNeoX",
        Prefix = "gpt_neox.",
        Head = "embed_out.weight",
        Ignored = ["rotary_emb.inv_freq", "attention.bias", "attention.masked_bias"],
        Parts =
        [
            ConfigPart.Always(static c => c with { Norm = NormKind.Layer, Bias = Biases.FeedForward | Biases.Norms }), .. ConfigParts.Sizes(50432, 6144,
                24576, 44, 64, 2048),
            ConfigPart.Real("layer_norm_eps", 1e-5, static c => c.NormEpsilon, static (c, e) => c with { NormEpsilon = e }),
            ConfigPart.Activation(["hidden_act"], "gelu", gated: false), ConfigPart.Bias("attention_bias", true, Biases.Qkv | Biases.Output),
            ConfigPart.Flag("use_parallel_residual", true, static c => c.NormPlacement == NormPlacement.Parallel,
                static (c, on) => c with { NormPlacement = on ? NormPlacement.Parallel : NormPlacement.Pre }),
            RopePart.Of(share: 0.25), ConfigPart.Dropout([("hidden_dropout", 0), ("attention_dropout", 0)]), ConfigParts.Tied(false),
        ],
        Body = static c =>
        [
            Same("gpt_neox.embed_in.weight", "tokens", c.Vocabulary, c.Width),
            .. Enumerable.Range(0, c.Layers).SelectMany(i => Block(c, $"gpt_neox.layers.{i}", $"blocks.{i}")), .. Norms.Of("gpt_neox.final_layer_norm",
                "norm", c),
        ],
    };

    static Vec<TheirTensor> Block(DecoderConfig c, string theirs, string ours) =>
    [
        .. Norms.Of($"{theirs}.input_layernorm", $"{ours}.norm1", c), .. Norms.Of($"{theirs}.post_attention_layernorm", $"{ours}.norm2", c),
        .. Interleaved(c, $"{theirs}.attention.query_key_value", $"{ours}.qkv"),
        .. Linear($"{theirs}.attention.dense", $"{ours}.out", c.Width, c.Width, c.Bias.HasFlag(Biases.Output)),
        .. Linear($"{theirs}.mlp.dense_h_to_4h", $"{ours}.up", c.Width, c.HiddenWidth, true), .. Linear($"{theirs}.mlp.dense_4h_to_h", $"{ours}.down",
            c.HiddenWidth, c.Width, true),
    ];

    // Rows are [head, (query, key, value), number] there, and columns [(query, key, value), head, number] here.
    static Vec<TheirTensor> Interleaved(DecoderConfig c, string theirs, string ours)
    {
        var rows = ElementView.Of(3 * c.Width, c.Width).Split(0, c.Heads).Split(1, 3).Permute([3, 1, 0, 2]);
        var columns = ElementView.Of(c.Width, 3 * c.Width).Split(1, 3).Split(2, c.Heads);
        return
        [
            new($"{theirs}.weight", [3 * c.Width, c.Width], [new(rows, $"{ours}.weight", columns)]),
            .. c.Bias.HasFlag(Biases.Qkv)
                ? (Vec<TheirTensor>)[new($"{theirs}.bias", [3 * c.Width],
                    [new(ElementView.Of(3 * c.Width).Split(0, c.Heads).Split(1, 3).Permute([1, 0, 2]), $"{ours}.bias", ElementView.Of(3 * c.Width).Split(0,
                        3).Split(1, c.Heads))])]
                : [],
        ];
    }
}
