using Functional.Base;
using Functional.Layers;
using Functional.Models;
using static Functional.Families.TheirTensor;

namespace Functional.Families;

/// <summary>GPT-2 (Radford et al. 2019): the record's own defaults. Matrices are <c>[in, out]</c> as here.</summary>
static class Gpt2Family
{
    public static Family Gpt2 { get; } = new()
    {
        Name = "gpt2",
        Class = "GPT2",
        Causal = "LMHeadModel",
        Prefix = "transformer.",
        Ignored = ["attn.bias", "attn.masked_bias"],
        Parts =
        [
            ConfigPart.Always(static c => c with { Bias = Biases.All, Norm = NormKind.Layer, Positions = Positions.Learned, NormPlacement =
                NormPlacement.Pre }),
            ConfigPart.Whole("vocab_size", 50257, static c => c.Vocabulary, static (c, n) => c with { Vocabulary = n }),
            ConfigPart.Whole("n_embd", 768, static c => c.Width, static (c, n) => c with { Width = n }),
            ConfigPart.LayerCount("n_layer", 12),
            ConfigPart.Whole("n_head", 12, static c => c.Heads, static (c, n) => c with { Heads = n }),
            ConfigPart.Whole("n_positions", 1024, static c => c.Context, static (c, n) => c with { Context = n }),
            ConfigPart.Whole("n_inner", 0, static c => c.HiddenWidth, static (c, n) => c with { Hidden = n }, static _ => 0),
            ConfigPart.Activation(["activation_function"], "gelu_new", gated: false),
            ConfigPart.Real("layer_norm_epsilon", 1e-5, static c => c.NormEpsilon, static (c, e) => c with { NormEpsilon = e }),
            ConfigPart.Flag("scale_attn_weights", true, static c => c.AttentionScale != 1, static (c, on) => c with { AttentionScale = on ? 0 : 1 }),
            ConfigPart.Flag("scale_attn_by_inverse_layer_idx", false, static c => c.ScaledByLayer, static (c, on) => c with { ScaledByLayer = on }),
            ConfigPart.Must("add_cross_attention", false, "there is no encoder to attend to"),
            ConfigPart.Dropout([("resid_pdrop", 0.1), ("embd_pdrop", 0.1), ("attn_pdrop", 0.1)]),
            ConfigParts.Tied(true),
        ],
        Body = static c =>
        [
            Same("transformer.wte.weight", "tokens", c.Vocabulary, c.Width), Same("transformer.wpe.weight", "positions", c.Context, c.Width),
            .. Enumerable.Range(0, c.Layers).SelectMany(i => Block(c, $"transformer.h.{i}", $"blocks.{i}")), .. Norm("transformer.ln_f", "norm", c),
        ],
    };

    static IEnumerable<TheirTensor> Block(DecoderConfig c, string theirs, string ours) =>
    [
        .. Norm($"{theirs}.ln_1", $"{ours}.norm1", c), .. Matrix($"{theirs}.attn.c_attn", $"{ours}.qkv", c.Width, 3 * c.Width),
        .. Matrix($"{theirs}.attn.c_proj", $"{ours}.out", c.Width, c.Width), .. Norm($"{theirs}.ln_2", $"{ours}.norm2", c),
        .. Matrix($"{theirs}.mlp.c_fc", $"{ours}.up", c.Width, c.HiddenWidth), .. Matrix($"{theirs}.mlp.c_proj", $"{ours}.down", c.HiddenWidth, c.Width),
    ];

    static Vec<TheirTensor> Matrix(string theirs, string ours, int inputs, int outputs) =>
        [Same($"{theirs}.weight", $"{ours}.weight", inputs, outputs), Same($"{theirs}.bias", $"{ours}.bias", outputs)];

    static Vec<TheirTensor> Norm(string theirs, string ours, DecoderConfig c) => Norms.Of(theirs, ours, c);
}
