using Functional.Base;

namespace Functional.Families;

/// <summary>
/// What a <c>config.json</c> calls the settings of a model: whoever wrote the file knows its members, and not what they are here. Of several members the first counts that
/// the file gives, and else the first that its family reads.
/// </summary>
/// <param name="from">The file.</param>
/// <param name="known">The members that its family reads.</param>
sealed class ConfigEntries(ConfigSource from, Vec<string> known)
{
    static readonly Params<Vec<string>> entries = new (string, Vec<string>)[]
    {
        ("layers", ["num_hidden_layers", "n_layer"]), ("heads", ["num_attention_heads", "n_head"]), ("key-heads", ["num_key_value_heads"]), ("head-size", ["head_dim"]),
        ("width", ["hidden_size", "n_embd"]), ("hidden", ["intermediate_size", "ffn_dim", "n_inner"]), ("embedding-width", ["word_embed_proj_dim"]),
        ("context", ["max_position_embeddings", "n_positions"]), ("vocabulary", ["vocab_size"]), ("labels", ["id2label", "num_labels"]),
        ("window", ["sliding_window"]), ("pattern", ["layer_types"]), ("norm-epsilon", ["rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon"]),
        ("dropout", ["attention_dropout", "hidden_dropout", "resid_pdrop", "embd_pdrop", "attn_pdrop", "dropout"]), ("attention-scale", ["query_pre_attn_scalar"]),
        ("attention-cap", ["attn_logit_softcapping"]), ("logit-cap", ["final_logit_softcapping"]), ("qkv-clip", ["clip_qkv"]),
        ("experts", ["num_experts", "num_local_experts"]), ("experts-chosen", ["num_experts_per_tok"]), ("expert-hidden", ["moe_intermediate_size"]),
        ("shared-expert", ["shared_expert_intermediate_size"]), ("expert-pattern", ["mlp_only_layers", "decoder_sparse_step"]), ("balance-loss", ["router_aux_loss_coef"]),
        ("rope-base", ["rope_theta", "rotary_emb_base"]), ("rope-local-base", ["rope_local_base_freq"]), ("rope-share", ["partial_rotary_factor", "rotary_pct"]),
    }.ToParams();

    // These stand inside of the member about rotary positions.
    static readonly Params<Vec<string>> inner = new (string, Vec<string>)[]
    {
        ("rope-scaling", ["rope_type", "type"]), ("rope-factor", ["factor"]), ("rope-original-context", ["original_max_position_embeddings"]), ("rope-low", ["low_freq_factor"]),
        ("rope-high", ["high_freq_factor"]), ("rope-fast", ["beta_fast"]), ("rope-slow", ["beta_slow"]), ("rope-short", ["short_factor"]), ("rope-long", ["long_factor"]),
        ("rope-attention-factor", ["attention_factor"]), ("rope-magnitude", ["mscale"]), ("rope-magnitude-all", ["mscale_all_dim"]),
    }.ToParams();

    /// <summary>A fault of a setting as one of the file's member.</summary>
    public Fault Named(Fault fault) => new($"{from.Where}: {Path(fault.Where)}", Renamed(fault.What), Renamed(fault.Allowed));

    string Path(string setting)
    {
        var rope = from.Gives("rope_parameters") ? "rope_parameters" : "rope_scaling";
        var inside = from.Gives(rope) && from.Members[rope] is Json.Map { Members: var members } ? members : Params<Json>.Empty;
        if (setting == "rope-local-base" && Gives(inside, "sliding_attention")) return $"{rope}.sliding_attention.rope_theta";
        if (Gives(inside, "full_attention") && inside["full_attention"] is Json.Map { Members: var full }) (rope, inside) = ($"{rope}.full_attention", full);
        var names = Names(setting);
        if (setting.StartsWith("rope-", StringComparison.Ordinal) && setting != "rope-local-base")
        {
            if (names.FirstOrDefault(name => Gives(inside, name)) is { } held) return $"{rope}.{held}";
            if (inner.Contains(setting)) return names.FirstOrDefault(from.Gives) ?? $"{rope}.{names[0]}";
        }
        return names.FirstOrDefault(name => known.Contains(name) && from.Gives(name)) ?? names.FirstOrDefault(known.Contains) ?? names.FirstOrDefault(from.Gives)
            ?? (names.Count > 0 ? names[0] : setting);
    }

    static bool Gives(Params<Json> members, string name) => members.Contains(name) && members[name] is not Json.Null;

    static Vec<string> Names(string setting) => entries.Contains(setting) ? entries[setting] : inner.Contains(setting) ? inner[setting] : [];

    // Settings are called by their names, which may be common words, too: those are meant that are multiplied or have a number behind them.
    string Renamed(string text)
    {
        var words = text.Split(' ');
        bool IsFactor(int i) => i >= 0 && i < words.Length && words[i] == "×";
        return string.Join(' ', words.Select((word, i) => word.TrimEnd(',') is var bare && Names(bare).Count > 0
            && (bare.Contains('-', StringComparison.Ordinal) || IsFactor(i - 1) || IsFactor(i + 1) || (i + 1 < words.Length && char.IsAsciiDigit(words[i + 1][0])))
            ? Path(bare).Split('.')[^1] + word[bare.Length..] : word));
    }
}
