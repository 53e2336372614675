using Functional.Base;
using Functional.Layers;
using Functional.Models;
using LanguageExt;
using static Functional.Families.TheirTensor;
using static LanguageExt.Prelude;

namespace Functional.Families;

/// <summary>
/// OPT (Zhang et al. 2022). Positions stand two rows further down in their table, whose first two rows only padding reads. The model of 350 million
/// parameters normalises afterwards, has no last norm, and narrower embeddings.
/// </summary>
static class OptFamily
{
    const string D = "model.decoder";

    // The rows that are for padding.
    const int Shift = 2;

    public static Family Opt { get; } = new()
    {
        Name = "opt",
        Class = "OPT",
        Prefix = "model.",
        Parts =
        [
            // The epsilon has no name there.
            ConfigPart.Always(static c => c with { Bias = Biases.Norms, Norm = NormKind.Layer, Positions = Positions.Learned, NormEpsilon = 1e-5 }),
            ConfigPart.Whole("vocab_size", 50272, static c => c.Vocabulary, static (c, n) => c with { Vocabulary = n }),
            ConfigPart.Whole("hidden_size", 768, static c => c.Width, static (c, n) => c with { Width = n }),
            ConfigPart.Whole("ffn_dim", 3072, static c => c.HiddenWidth, static (c, n) => c with { Hidden = n }),
            ConfigPart.LayerCount("num_hidden_layers", 12),
            ConfigPart.Whole("num_attention_heads", 12, static c => c.Heads, static (c, n) => c with { Heads = n }),
            ConfigPart.Whole("max_position_embeddings", 2048, static c => c.Context, static (c, n) => c with { Context = n }),
            new(["word_embed_proj_dim"],
                static (from, c) => from.Whole("word_embed_proj_dim", 1).Map(width => c with
                {
                    EmbeddingWidth = width.IfNone(from.Has("word_embed_proj_dim") ? c.Width : 768) is var w && w == c.Width ? 0 : w,
                }),
                static c => [("word_embed_proj_dim", new Json.Whole(c.EmbeddingWidth > 0 ? c.EmbeddingWidth : c.Width))]),
            ConfigPart.Activation(["activation_function"], "relu", gated: false),
            ConfigPart.Bias("enable_bias", true, Biases.Qkv | Biases.Output | Biases.FeedForward),
            ConfigPart.Flag("layer_norm_elementwise_affine", true, static c => c.NormWeights, static (c, on) => c with { NormWeights = on }),
            new(["do_layer_norm_before", "_remove_final_layer_norm"],
                static (from, c) => (from.Flag("do_layer_norm_before"), from.Flag("_remove_final_layer_norm")).Apply((before, removed) => c with
                {
                    NormPlacement = before.IfNone(true) ? NormPlacement.Pre : NormPlacement.Post, FinalNorm = before.IfNone(true) && !removed.IfNone(false),
                }),
                static c => [("do_layer_norm_before", new Json.Bool(c.NormPlacement == NormPlacement.Pre)),
                    ("_remove_final_layer_norm", new Json.Bool(c.NormPlacement == NormPlacement.Pre && !c.FinalNorm))]),
            ConfigPart.Dropout([("dropout", 0.1), ("attention_dropout", 0)]),
            ConfigParts.Tied(true),
        ],
        Body = static c => [.. Around(c), .. Blocks(c)],
    };

    static IEnumerable<TheirTensor> Around(DecoderConfig c)
    {
        var width = c.EmbeddingWidth > 0 ? c.EmbeddingWidth : c.Width;
        yield return Same($"{D}.embed_tokens.weight", "tokens", c.Vocabulary, width);
        yield return new($"{D}.embed_positions.weight", [c.Context + Shift, c.Width],
            [new(ElementView.Of(c.Context + Shift, c.Width).Slice(0, Shift, c.Context), "positions", ElementView.Of(c.Context, c.Width))]);
        if (c.EmbeddingWidth > 0)
        {
            yield return Turned($"{D}.project_in.weight", "embedding_in.weight", width, c.Width);
            yield return Turned($"{D}.project_out.weight", "embedding_out.weight", c.Width, width);
        }
        if (c.FinalNorm) foreach (var tensor in Norms.Of($"{D}.final_layer_norm", "norm", c)) yield return tensor;
    }

    static IEnumerable<TheirTensor> Blocks(DecoderConfig c) => Enumerable.Range(0, c.Layers).SelectMany(i =>
    {
        var (theirs, ours, feed) = ($"{D}.layers.{i}", $"blocks.{i}", c.Bias.HasFlag(Biases.FeedForward));
        return (Vec<TheirTensor>)
        [
            .. LlamaNames.Separate($"{theirs}.self_attn", "out_proj", ours, c), .. Norms.Of($"{theirs}.self_attn_layer_norm", $"{ours}.norm1", c),
            .. Linear($"{theirs}.fc1", $"{ours}.up", c.Width, c.HiddenWidth, feed), .. Linear($"{theirs}.fc2", $"{ours}.down", c.HiddenWidth, c.Width, feed),
            .. Norms.Of($"{theirs}.final_layer_norm", $"{ours}.norm2", c),
        ];
    });
}
