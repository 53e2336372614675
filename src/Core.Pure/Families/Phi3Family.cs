using Functional.Base;
using Functional.Models;
using static Functional.Families.TheirTensor;

namespace Functional.Families;

/// <summary>Phi-3 (Abdin et al. 2024): Llama with queries, keys and values, and gate and up, packed by rows, and frequencies by lists.</summary>
static class Phi3Family
{
    public static Family Phi3 { get; } = new()
    {
        Name = "phi3",
        Class = "Phi3",
        Prefix = "model.",
        Parts =
        [
            .. ConfigParts.Sizes(32064, 3072, 8192, 32, 32, 4096), ConfigParts.KeyHeads(0), ConfigParts.PlainHeads(), .. ConfigParts.Rms(1e-5),
            ConfigPart.Activation(["hidden_act"], "silu", gated: true), ConfigParts.Window(null), RopePart.Of(share: 1, phi: true),
            ConfigPart.Dropout([("resid_pdrop", 0), ("embd_pdrop", 0), ("attention_dropout", 0)]), ConfigParts.Tied(false),
        ],
        Body = static c => LlamaNames.Body(c, (_, theirs, ours) => Packed(c, theirs, ours), (theirs, ours) =>
        [
            Turned($"{theirs}.qkv_proj.weight", $"{ours}.qkv.weight", c.Width, (c.Heads + (2 * c.KeyHeadCount)) * c.SizeOfHead),
            Turned($"{theirs}.o_proj.weight", $"{ours}.out.weight", c.HeadsWidth, c.Width),
        ]),
    };

    static Vec<TheirTensor> Packed(DecoderConfig c, string theirs, string ours)
    {
        var (rows, matrix) = (ElementView.Of(2 * c.HiddenWidth, c.Width), ElementView.Of(c.Width, c.HiddenWidth));
        return
        [
            new($"{theirs}.gate_up_proj.weight", rows.Sizes,
            [
                new(rows.Slice(0, 0, c.HiddenWidth).Transpose(), $"{ours}.gate.weight", matrix),
                new(rows.Slice(0, c.HiddenWidth, c.HiddenWidth).Transpose(), $"{ours}.up.weight", matrix),
            ]),
            Turned($"{theirs}.down_proj.weight", $"{ours}.down.weight", c.HiddenWidth, c.Width),
        ];
    }
}
