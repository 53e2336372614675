namespace Functional.Tests.Properties.Families;

/// <summary>A <c>config.json</c> of any family, small, with any of its members changed or left out.</summary>
static class AnyPublished
{
    /// <summary>A configuration from numbers.</summary>
    public static Json.Map Of(int[] numbers)
    {
        var at = 0;
        int Next(int below) => at < numbers.Length ? (int)((uint)numbers[at++] % (uint)below) : 0;
        bool Coin() => Next(2) == 1;
        var family = Published.Families[Next(Published.Families.Count)].Name;
        var (heads, size) = (1 + Next(3), 2 * (2 + Next(3)));
        var keyHeads = Coin() ? heads : 1;
        var (width, layers, context) = (heads * size, 1 + Next(4), 16 + Next(20));
        var members = new List<(string, Json)> { ("model_type", new Json.Text(family)) };
        void Whole(string name, long value) => members.Add((name, new Json.Whole(value)));
        void Real(string name, double value) => members.Add((name, new Json.Real(value)));
        void Flag(string name) { if (Coin()) members.Add((name, new Json.Bool(Coin()))); }
        Whole("vocab_size", 3 + Next(9));
        if (family == "gpt2")
        {
            Whole("n_embd", width); Whole("n_layer", layers); Whole("n_head", heads); Whole("n_positions", context);
            if (Coin()) Whole("n_inner", 4 + Next(9));
            Flag("scale_attn_weights"); Flag("scale_attn_by_inverse_layer_idx"); Flag("tie_word_embeddings");
            if (Coin()) members.Add(("activation_function", new Json.Text(((string[])["gelu", "relu", "silu", "gelu_new"])[Next(4)])));
            return new(members.ToParams());
        }
        Whole("hidden_size", width); Whole("num_hidden_layers", layers); Whole("num_attention_heads", heads); Whole("max_position_embeddings", context);
        Whole(family == "opt" ? "ffn_dim" : "intermediate_size", 4 + Next(9));
        Flag("tie_word_embeddings");
        if (family == "opt")
        {
            Whole("word_embed_proj_dim", Coin() ? width : 2 + Next(9));
            Flag("enable_bias"); Flag("do_layer_norm_before"); Flag("_remove_final_layer_norm"); Flag("layer_norm_elementwise_affine");
            return new(members.ToParams());
        }
        if (family is not "gpt_neox") Whole("num_key_value_heads", keyHeads);
        if (family is "llama" or "mistral" or "mixtral" or "qwen3" or "qwen3_moe" or "gemma" or "gemma2" or "gemma3_text") Whole("head_dim", Coin() ? size
            : size + 2);
        if (family is "llama" or "qwen3" or "qwen3_moe" or "olmoe" or "gemma" or "gpt_neox") Flag("attention_bias");
        if (family is "llama") Flag("mlp_bias");
        if (family is "qwen2_moe") Flag("qkv_bias");
        if (family is "gpt_neox") Flag("use_parallel_residual");
        if (family is "gpt_neox" or "phi3") Real("partial_rotary_factor", Coin() ? 1 : 0.5);
        if (family is "gemma2" or "gemma3_text") Real("query_pre_attn_scalar", 1 + Next(40));
        if (family is "gemma2" && Coin()) members.Add(("attn_logit_softcapping", Coin() ? new Json.Real(5) : new Json.Null()));
        if (family is "olmoe" && Coin()) Real("clip_qkv", 0.5);
        if (family is "mistral" or "mixtral" or "phi3" or "gemma2" or "gemma3_text") members.Add(("sliding_window", Coin() || family[0] == 'g'
            ? new Json.Whole(1 + Next(9)) : new Json.Null()));
        if (family is "gemma3_text" && Coin()) Whole("sliding_window_pattern", 1 + Next(4));
        if (family is "qwen2" or "qwen3" or "qwen3_moe")
        {
            members.Add(("use_sliding_window", new Json.Bool(Coin())));
            Whole("sliding_window", 1 + Next(9)); Whole("max_window_layers", Next(layers + 2));
        }
        if (family is "mixtral" or "qwen2_moe" or "qwen3_moe" or "olmoe")
        {
            var count = 1 + Next(5);
            Whole(family == "mixtral" || Coin() ? "num_local_experts" : "num_experts", count);
            Whole("num_experts_per_tok", 1 + Next(count));
            if (family != "mixtral") Flag("norm_topk_prob");
            if (family[0] == 'q')
            {
                Whole("moe_intermediate_size", 3 + Next(5)); Whole("decoder_sparse_step", 1 + Next(3));
                members.Add(("mlp_only_layers", new Json.List([.. Enumerable.Range(0, layers).Where(_ => Coin())
                    .Select(static i => (Json)new Json.Whole(i))])));
                if (family == "qwen2_moe") Whole("shared_expert_intermediate_size", 3 + Next(5));
            }
        }
        if (Coin()) members.Add(("rope_scaling", Rope(family, size, members, Next)));
        if (Coin() && family != "gpt2") Real("rope_theta", 100 + Next(1000));
        return new(members.ToParams());
    }

    static Json Rope(string family, int size, List<(string Name, Json Value)> members, Func<int, int> next)
    {
        var share = members.FirstOrDefault(static m => m.Name == "partial_rotary_factor").Value is Json.Real r ? r.Value : family == "gpt_neox" ? 0.25 : 1;
        var head = members.FirstOrDefault(static m => m.Name == "head_dim").Value is Json.Whole w ? (int)w.Value : size;
        var factors = new Json.List([.. Enumerable.Range(0, (int)(head * share) / 2).Select(i => (Json)new Json.Real(1 + (i * 0.5)))]);
        (string, Json) Kind(string kind) => (next(2) == 1 ? "type" : "rope_type", new Json.Text(kind));
        var factor = ("factor", (Json)new Json.Real(1 + next(8)));
        (string, Json)[] scaling = (family == "phi3" ? 5 : next(6)) switch
        {
            0 => [Kind("default")],
            1 => [Kind("linear"), factor],
            2 => [Kind((int)(head * share) > 2 ? "dynamic" : "linear"), factor],
            3 => [Kind("llama3"), factor, ("low_freq_factor", new Json.Real(1)), ("high_freq_factor", new Json.Real(4)), ("original_max_position_embeddings",
                new Json.Whole(8))],
            4 => [Kind("yarn"), factor, ("beta_fast", new Json.Real(16 + next(9))), ("truncate", new Json.Bool(next(2) == 1)),
                .. next(2) == 1 ? ((string, Json)[])[("attention_factor", new Json.Real(0.5 + next(2)))] : [("mscale", new Json.Real(0.7)),
                    ("mscale_all_dim", new Json.Real(1))]],
            _ => [Kind(family == "phi3" && next(2) == 1 ? "su" : "longrope"), ("short_factor", factors), ("long_factor", factors),
                ("original_max_position_embeddings", new Json.Whole(8))],
        };
        return new Json.Map(scaling.ToParams());
    }
}
