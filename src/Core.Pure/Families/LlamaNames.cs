using Functional.Base;
using Functional.Models;
using static Functional.Families.TheirTensor;

namespace Functional.Families;

/// <summary>Tensors of attention and of MLPs in the words of Llama, which most families use.</summary>
static class LlamaNames
{
    /// <summary>Queries, keys and values as three layers, here one; the layer behind; and norms of queries and keys, where there are.</summary>
    /// <param name="theirs">What their names begin with.</param>
    /// <param name="output">The name of the layer behind.</param>
    /// <param name="ours">What ours begin with.</param>
    /// <param name="c">The configuration.</param>
    public static Vec<TheirTensor> Separate(string theirs, string output, string ours, DecoderConfig c)
    {
        var (q, k, bias) = (c.HeadsWidth, c.KeyHeadCount * c.SizeOfHead, c.Bias.HasFlag(Biases.Qkv));
        var all = q + (2 * k);
        return
        [
            .. LinearColumns($"{theirs}.q_proj", $"{ours}.qkv", c.Width, q, 0, all, bias), .. LinearColumns($"{theirs}.k_proj", $"{ours}.qkv", c.Width, k, q,
                all, bias),
            .. LinearColumns($"{theirs}.v_proj", $"{ours}.qkv", c.Width, k, q + k, all, bias),
            .. Linear($"{theirs}.{output}", $"{ours}.out", q, c.Width, c.Bias.HasFlag(Biases.Output)),
            .. c.QueryKeyNorm switch
            {
                QueryKeyNorm.Head => [.. Norms.Of($"{theirs}.q_norm", $"{ours}.query_norm", c, c.SizeOfHead), .. Norms.Of($"{theirs}.k_norm",
                    $"{ours}.key_norm", c, c.SizeOfHead)],
                QueryKeyNorm.Width => [.. Norms.Of($"{theirs}.q_norm", $"{ours}.query_norm", c, q), .. Norms.Of($"{theirs}.k_norm", $"{ours}.key_norm", c, k)],
                _ => (Vec<TheirTensor>)[],
            },
        ];
    }

    /// <summary>A gated MLP of three layers.</summary>
    public static Vec<TheirTensor> Gated(string theirs, string ours, int width, int hidden, bool bias) =>
    [
        .. Linear($"{theirs}.gate_proj", $"{ours}.gate", width, hidden, bias), .. Linear($"{theirs}.up_proj", $"{ours}.up", width, hidden, bias),
        .. Linear($"{theirs}.down_proj", $"{ours}.down", hidden, width, bias),
    ];

    /// <summary>The body of a model in Llama's words: embedding, blocks with their two norms, and the last norm.</summary>
    /// <param name="c">The configuration.</param>
    /// <param name="feed">The MLP of a block, by its number and the beginnings of both names.</param>
    /// <param name="attention">The attention of a block; without it, three layers.</param>
    public static Vec<TheirTensor> Body(DecoderConfig c, Func<int, string, string, Vec<TheirTensor>> feed, Func<string, string,
        Vec<TheirTensor>>? attention = null) =>
    [
        Same("model.embed_tokens.weight", "tokens", c.Vocabulary, c.Width),
        .. Enumerable.Range(0, c.Layers).SelectMany(i =>
        {
            var (theirs, ours) = ($"model.layers.{i}", $"blocks.{i}");
            return (Vec<TheirTensor>)
            [
                .. attention?.Invoke($"{theirs}.self_attn", ours) ?? Separate($"{theirs}.self_attn", "o_proj", ours, c), .. feed(i, $"{theirs}.mlp", ours),
                .. Norms.Of($"{theirs}.input_layernorm", $"{ours}.norm1", c),
                .. c.NormPlacement == Layers.NormPlacement.Sandwich
                    ? [.. Norms.Of($"{theirs}.post_attention_layernorm", $"{ours}.post_norm1", c), .. Norms.Of($"{theirs}.pre_feedforward_layernorm",
                        $"{ours}.norm2", c),
                        .. Norms.Of($"{theirs}.post_feedforward_layernorm", $"{ours}.post_norm2", c)]
                    : Norms.Of($"{theirs}.post_attention_layernorm", $"{ours}.norm2", c),
            ];
        }),
        .. Norms.Of("model.norm", "norm", c),
    ];

    /// <summary>The same with gated MLPs.</summary>
    public static Vec<TheirTensor> Body(DecoderConfig c) =>
        Body(c, (_, theirs, ours) => Gated(theirs, ours, c.Width, c.HiddenWidth, c.Bias.HasFlag(Biases.FeedForward)));
}
