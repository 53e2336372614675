using Functional.Testing;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;
using static LanguageExt.Prelude;

namespace Functional.Tests.Properties.Families;

/// <summary>Laws of families over generated configurations, and what is told of those that cannot be right.</summary>
public sealed class FamilyLaws
{
    static Validation<Fault, PublishedModel> Read(int[] numbers) => Published.Read(AnyPublished.Of(numbers), "c");

    /// <summary>Heads too small to be turned in part are the only thing that a generated configuration has wrong.</summary>
    static bool For(int[] numbers, Func<PublishedModel, bool> holds) => Read(numbers).Match(holds, static f =>
        f.All(static fault => fault.Where.EndsWith("partial_rotary_factor", StringComparison.Ordinal)));

    [Property(MaxTest = 400)]
    public bool Each_number_of_ours_is_one_of_theirs_and_no_two_the_same(int[] numbers) => For(numbers, published =>
    {
        var specs = Transformer.Of(published.Config).Specs;
        var filled = specs.Map(static s => new int[s.Type.Size]);
        foreach (var tensor in published.Tensors)
        {
            var used = new int[ElementView.Of(tensor.Shape).Count];
            foreach (var piece in tensor.Pieces)
            {
                if (piece.From.Sizes != piece.To.Sizes || !specs.Contains(piece.Ours)) return false;
                foreach (var (from, to) in piece.From.Places().Zip(piece.To.Places()))
                {
                    used[from]++;
                    filled[piece.Ours][to]++;
                }
            }
            var padding = tensor.Name.EndsWith("embed_positions.weight", StringComparison.Ordinal) ? 2 * (int)tensor.Shape[1] : 0;
            if (used.Skip(padding).Any(static n => n != 1) || used.Take(padding).Any(static n => n != 0)) return false;
        }
        return filled.All(static f => f.Value.All(static n => n == 1)) && published.Tensors
            .Select(static t => t.Name).Distinct().Count() == published.Tensors.Count;
    });

    [Property(MaxTest = 400)]
    public bool A_configuration_that_is_written_is_read_as_the_same_model(int[] numbers) => For(numbers, published =>
    {
        var json = TinyRun.Get(published.Family.Write(published.Config, published.Tokens));
        var back = TinyRun.Get(Published.Read(json, "c"));
        return Canonical.Differences(published.Config, back.Config).Count == 0 && back.Tokens == published.Tokens && back.Remarks.Count == 0
            && TinyRun.Get(back.Family.Write(back.Config, back.Tokens)) == json;
    });

    /// <summary>What one family cannot say, it refuses; it never writes another model.</summary>
    [Property(MaxTest = 400)]
    public bool No_family_writes_another_model(int[] numbers, byte other) => For(numbers, published =>
        Published.Families[other % Published.Families.Count].Write(published.Config, TokenMarks.None).Match(
            json => TinyRun.Get(Published.Read(json, "c")) is var read
                && Enumerable.Range(0, published.Config.Layers).All(i => read.Config.HasWindow(i) == published.Config.HasWindow(i)
                    && read.Config.ScaleOf(i) == published.Config.ScaleOf(i))
                && Transformer.Of(read.Config).Specs.Select(static s => (s.Name, s.Value.Type)).SequenceEqual(Transformer.Of(published.Config).Specs
                    .Select(static s => (s.Name, s.Value.Type))),
            static f => f.Count > 0));

    /// <summary>The newer form, in which rotary settings stand together, says the same.</summary>
    [Property(MaxTest = 400)]
    public bool The_newer_form_of_rotary_settings_is_the_same(int[] numbers) => For(numbers, published =>
    {
        var members = AnyPublished.Of(numbers).Members;
        if (published.Family.Name is "gpt2" or "opt") return true;
        var inside = (members.Contains("rope_scaling") ? ((Json.Map)members["rope_scaling"]).Members : Params<Json>.Empty)
            .Concat(members.Filter(static (name, _) => name is "rope_theta" or "partial_rotary_factor"));
        var newer = members.Filter(static (name, _) => name is not ("rope_scaling" or "rope_theta" or "partial_rotary_factor")).Add("rope_parameters",
            published.Family.Name != "gemma3_text" ? new Json.Map(inside)
            : new Json.Map(Params.Of<Json>(("full_attention", new Json.Map(inside)),
                ("sliding_attention", new Json.Map(Params.Of<Json>(("rope_type", new Json.Text("default"))))))));
        return TinyRun.Get(Published.Read(new Json.Map(newer), "c")).Config == published.Config;
    });

    /// <summary>Any member as anything: settings or faults, and nothing is thrown.</summary>
    [Property(MaxTest = 600)]
    public bool A_member_of_another_kind_is_a_fault_or_read(int[] numbers, byte which, byte what)
    {
        var members = AnyPublished.Of(numbers).Members;
        var name = members.Names[which % members.Count];
        Json[] others =
        [
            new Json.Null(), new Json.Bool(true), new Json.Whole(-1), new Json.Whole(0), new Json.Whole(int.MaxValue), new Json.Whole(long.MaxValue),
                new Json.Real(0.5), new Json.Real(1e300),
            new Json.Text("x"), new Json.List([]), new Json.List([new Json.Whole(3)]), new Json.Map(Params<Json>.Empty),
                new Json.Map(Params.Of<Json>(("rope_type", new Json.Text("mrope")))),
        ];
        return Published.Read(new Json.Map(members.Replace(name, others[what % others.Length])), "c").Match(
            static published => published.Config.Validate().IsSuccess, static f => f.Count > 0
                && f.All(static fault => fault.Where.StartsWith("c: ", StringComparison.Ordinal)));
    }

    static string Faults(string json) => Published.Read(TinyRun.Get(Json.Parse(json, "c")), "c").Match(static p =>
        $"read{string.Concat(p.Remarks.Select(static r => "\n" + r))}", static f => f.Lines());

    [Theory]
    [InlineData("""{}""", "c: model_type: is missing; allowed: gpt2, opt, llama, mistral, qwen2, qwen3, gemma, gemma2, gemma3_text, phi3, gpt_neox, mixtral, qwen2_moe, qwen3_moe, olmoe")]
    [InlineData("""{"model_type": "mamba"}""", "c: model_type: is 'mamba'; allowed: gpt2, ")]
    [InlineData("""{"model_type": "llama", "rope_scaling": {"type": "ntk", "factor": 2.0}}""", "c: rope_scaling: rope_type: is 'ntk'; allowed: default, linear, dynamic, llama3, yarn, longrope")]
    [InlineData("""{"model_type": "llama", "rope_parameters": {"rope_type": "mrope"}}""", "c: rope_parameters: rope_type: is 'mrope'; allowed: ")]
    [InlineData("""{"model_type": "phi3", "rope_scaling": {"type": "linear", "factor": 2.0}}""", "c: rope_scaling: rope_type: is 'linear'; allowed: default, longrope")]
    [InlineData("""{"model_type": "llama", "rope_scaling": {"type": "linear"}}""", "c: rope_scaling: factor: is missing; expected a number from 1 on")]
    [InlineData("""{"model_type": "llama", "rope_scaling": {"type": "linear", "factor": 0.5}}""", "c: rope_scaling.factor: is 0.5; allowed: 1 or more")]
    [InlineData("""{"model_type": "llama", "rope_parameters": {"rope_type": "linear", "factor": 0.5}}""", "c: rope_parameters.factor: is 0.5; allowed: 1 or more")]
    [InlineData("""{"model_type": "llama", "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0, "high_freq_factor": 1.0}}""", "c: rope_scaling.high_freq_factor: is 1; allowed: above low_freq_factor, both above 0")]
    [InlineData("""{"model_type": "llama", "rope_theta": 0.5}""", "c: rope_theta: is 0.5; allowed: above 1")]
    [InlineData("""{"model_type": "llama", "rope_parameters": {"rope_type": "default", "rope_theta": 0.5}}""", "c: rope_parameters.rope_theta: is 0.5; allowed: above 1")]
    [InlineData("""{"model_type": "gpt_neox", "rotary_pct": 1.5}""", "c: rotary_pct: is 1.5; allowed: above 0 and up to 1")]
    [InlineData("""{"model_type": "gpt_neox", "rotary_emb_base": 1}""", "c: rotary_emb_base: is 1; allowed: above 1")]
    [InlineData("""{"model_type": "gpt2", "n_head": 5}""", "c: n_embd: 768 is not divisible by n_head 5; allowed: a multiple of 5")]
    [InlineData("""{"model_type": "llama", "num_attention_heads": 32, "num_key_value_heads": 5}""", "c: num_key_value_heads: 5 does not divide num_attention_heads 32; allowed: a divisor of 32")]
    [InlineData("""{"model_type": "llama", "rms_norm_eps": 2}""", "c: rms_norm_eps: is 2; allowed: above 0 and less than 1")]
    [InlineData("""{"model_type": "gpt2", "layer_norm_epsilon": 0}""", "c: layer_norm_epsilon: is 0; allowed: above 0 and less than 1")]
    [InlineData("""{"model_type": "llama", "attention_dropout": 1.5}""", "c: attention_dropout: is 1.5; allowed: at least 0 and less than 1")]
    [InlineData("""{"model_type": "mixtral", "num_experts_per_tok": 9}""", "c: num_experts_per_tok: is 9 of 8; allowed: 1 to 8")]
    [InlineData("""{"model_type": "opt", "hidden_size": 100000, "num_attention_heads": 10, "vocab_size": 50000, "word_embed_proj_dim": 100000}""", "c: vocab_size: makes vocab_size × hidden_size = 5000000000; ")]
    [InlineData("""{"model_type": "llama", "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0}}""", "c: rope_scaling: high_freq_factor: is missing; ")]
    [InlineData("""{"model_type": "phi3", "rope_scaling": {"type": "su", "short_factor": [1.0], "long_factor": [1.0]}}""", "c: rope_scaling.short_factor: is 1; allowed: 48 numbers, one for each pair\nc: rope_scaling.long_factor: is 1; ")]
    [InlineData("""{"model_type": "llama", "partial_rotary_factor": 0.5}""", "c: partial_rotary_factor: is 0.5; allowed: 1, as this family turns whole heads")]
    [InlineData("""{"model_type": "llama", "hidden_size": "x", "num_hidden_layers": -1, "hidden_act": "mish"}""",
        "c: hidden_size: is 'x'; expected a whole number from 1 to 2147483647\nc: num_hidden_layers: is -1; expected a whole number from 1 to 2147483647\nc: hidden_act: is 'mish'; allowed: silu, gelu, gelu_new")]
    [InlineData("""{"model_type": "llama", "hidden_size": 100, "num_attention_heads": 3}""", "c: hidden_size: 100 is not divisible by num_attention_heads 3; allowed: a multiple of 3")]
    [InlineData("""{"model_type": "llama", "architectures": ["LlamaForTokenClassification"]}""", "c: architectures: is LlamaForTokenClassification; allowed: LlamaForCausalLM, LlamaForSequenceClassification")]
    [InlineData("""{"model_type": "gpt2", "architectures": ["GPT2Model"]}""", "read")]
    [InlineData("""{"model_type": "llama", "quantization_config": {"bits": 4}}""", "c: quantization_config: is given: the weights are quantised; allowed: none")]
    [InlineData("""{"model_type": "llama", "warp": 2, "none": null, "off": false}""", "read\nc: warp is not known, and not used")]
    [InlineData("""{"model_type": "llama", "is_encoder_decoder": true}""", "c: is_encoder_decoder: is true: there is no encoder here; allowed: false")]
    [InlineData("""{"model_type": "qwen3", "add_cross_attention": true}""", "c: add_cross_attention: is true: there is no encoder to attend to; allowed: false")]
    [InlineData("""{"model_type": "gpt2", "pruned_heads": {"0": [1, 2]}}""", "c: pruned_heads: is given: heads are cut out of layers; allowed: none")]
    [InlineData("""{"model_type": "gpt2", "pruned_heads": {}}""", "read")]
    [InlineData("""{"model_type": "llama", "is_causal": false}""", "c: is_causal: is false: tokens would see what comes after them; allowed: true")]
    [InlineData("""{"model_type": "llama", "use_bidirectional_attention": true}""", "c: use_bidirectional_attention: is true: tokens would see what comes after them; allowed: false")]
    [InlineData("""{"model_type": "llama", "compression_config": {"format": "pack-quantized"}}""", "c: compression_config: is given: the weights are packed; allowed: none")]
    [InlineData("""{"model_type": "llama", "is_encoder_decoder": 1, "pruned_heads": "x"}""", "c: is_encoder_decoder: is 1; expected true or false\nc: pruned_heads: is 'x'; expected an object")]
    [InlineData("""{"model_type": "phi3", "auto_map": {"AutoModelForCausalLM": "modeling_phi3.Phi3ForCausalLM"}}""", "read\nc: auto_map names code of its own, which is not run: the model is read as phi3 is known here")]
    [InlineData("""{"model_type": "llama", "is_causal": true, "is_encoder_decoder": false, "add_cross_attention": false, "pruned_heads": null, "quantization_config": null, "cross_attention_hidden_size": null}""", "read")]
    [InlineData("""{"model_type": "qwen2", "hidden_size": 64, "num_attention_heads": 4, "head_dim": 32}""", "c: head_dim: is 32; allowed: none, or what makes all heads as wide as the model")]
    [InlineData("""{"model_type": "qwen2", "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 16}""", "read")]
    [InlineData("""{"model_type": "gpt2", "add_cross_attention": true}""", "c: add_cross_attention: is true: there is no encoder to attend to; allowed: false")]
    [InlineData("""{"model_type": "gemma3_text", "use_bidirectional_attention": true}""", "c: use_bidirectional_attention: is true: ")]
    [InlineData("""{"model_type": "qwen2", "num_hidden_layers": 2, "layer_types": ["full_attention"]}""", "c: layer_types: has 1 layers; expected 2, as num_hidden_layers says")]
    [InlineData("""{"model_type": "qwen2", "num_hidden_layers": 1, "layer_types": ["chunked_attention"]}""", "c: layer_types: has 'chunked_attention'; allowed: sliding_attention, full_attention")]
    [InlineData("""{"model_type": "qwen2_moe", "use_sliding_window": true}""", "c: layer_types: is missing, but use_sliding_window is true; expected the type of each layer")]
    [InlineData("""{"model_type": "mistral", "sliding_window": 0}""", "c: sliding_window: is 0; expected a whole number from 1 to 2147483647")]
    [InlineData("""{"model_type": "llama", "eos_token_id": "x", "bos_token_id": -2}""", "c: bos_token_id: is -2; expected a token id\nc: eos_token_id: is 'x'; expected a token id or a list of them")]
    [InlineData("""{"model_type": "llama", "hidden_size": 1000000000, "intermediate_size": 1000000000}""", "c: vocab_size: makes vocab_size × hidden_size = 32000000000000; ")]
    [InlineData("""{"model_type": "llama", "num_hidden_layers": 1000000000}""", "c: num_hidden_layers: is 1000000000; allowed: up to 10000")]
    [InlineData("""{"model_type": "gpt2", "n_layer": 10001}""", "c: n_layer: is 10001; allowed: up to 10000")]
    [InlineData("""{"model_type": "opt", "num_hidden_layers": 10001}""", "c: num_hidden_layers: is 10001; allowed: up to 10000")]
    [InlineData("""{"model_type": "gemma2", "query_pre_attn_scalar": 0}""", "c: query_pre_attn_scalar: is 0; expected a number above 0")]
    [InlineData("""{"model_type": "llama", "rope_scaling": {"factor": 2.0}}""", "c: rope_scaling: rope_type: is missing, though there is a factor; allowed: default, linear, ")]
    [InlineData("""{"model_type": "llama", "rope_scaling": {"type": "linear", "rope_type": "yarn", "factor": 2.0}}""", "c: rope_scaling: rope_type: is 'yarn', and type is 'linear'; allowed: the same")]
    [InlineData("""{"model_type": "llama", "rope_scaling": {"type": "linear", "rope_type": "linear", "factor": 2.0}}""", "read")]
    public void What_cannot_be_right_is_told(string json, string faults) => Assert.StartsWith(faults, Faults(json), StringComparison.Ordinal);

    /// <summary>transformers keeps this one as a whole number, which the scale is the root of.</summary>
    [Theory, InlineData("24", "24"), InlineData("144", "144"), InlineData("168", "168"), InlineData("224", "224"), InlineData("256", "256")]
    public void What_scores_are_over_the_root_of_comes_back_as_it_was(string scalar, string written)
    {
        var family = Published.Find("gemma2").IfNone(() => throw new InvalidOperationException());
        var json = TinyRun.Get(family.Write(Get($$"""{"model_type": "gemma2", "query_pre_attn_scalar": {{scalar}}}"""), TokenMarks.None));
        Assert.Equal(written, json["query_pre_attn_scalar"].Match(static n => n.Write().Trim(), static () => "none"));
    }

    [Theory, InlineData("mixtral"), InlineData("qwen2_moe"), InlineData("qwen3_moe"), InlineData("olmoe")]
    public void The_coefficient_of_the_balancing_loss_is_written_as_it_was_read(string name)
    {
        var config = Get($$"""{"model_type": "{{name}}", "router_aux_loss_coef": 0.25}""");
        Assert.Equal(0.25, config.Experts.Balance);
        var family = Published.Find(name).IfNone(() => throw new InvalidOperationException());
        Assert.Equal("0.25", TinyRun.Get(family.Write(config, TokenMarks.None))["router_aux_loss_coef"].Match(static n => n.Write().Trim(), static () => "none"));
    }

    static DecoderConfig Get(string json) => TinyRun.Get(Published.Read(TinyRun.Get(Json.Parse(json, "c")), "c")).Config;

    [Fact]
    public void What_is_absent_and_what_is_null_are_told_apart()
    {
        Assert.Equal((4096, 0), (Get("""{"model_type": "mistral"}""").Window, Get("""{"model_type": "mistral", "sliding_window": null}""").Window));
        Assert.Equal((8, 32), (Get("""{"model_type": "mistral"}""").KeyHeadCount, Get("""{"model_type": "mistral", "num_key_value_heads": null}""").KeyHeadCount));
        Assert.Equal((50, 0), (Get("""{"model_type": "gemma2"}""").AttentionCap, Get("""{"model_type": "gemma2", "attn_logit_softcapping": null}""").AttentionCap));
        Assert.Equal((false, true), (Get("""{"model_type": "llama"}""").TiedHead, Get("""{"model_type": "gemma"}""").TiedHead));
        Assert.Equal(128, Get("""{"model_type": "qwen3", "num_attention_heads": 4, "num_key_value_heads": 4, "hidden_size": 64}""").SizeOfHead);
        Assert.Equal(Activation.GeGluTanh, Get("""{"model_type": "gemma", "hidden_act": "gelu"}""").Activation);
        Assert.Equal(Activation.GeGlu, Get("""{"model_type": "gemma", "hidden_act": "gelu", "hidden_activation": "gelu"}""").Activation);
    }

    [Fact]
    public void Windows_stand_in_the_layers_that_each_family_says()
    {
        static string Windows(string json) => Get(json) is var c ? string.Concat(Enumerable.Range(0, c.Layers).Select(i => c.HasWindow(i) ? 'w' : 'f')) : "";
        Assert.Equal("wfwfw", Windows("""{"model_type": "gemma2", "num_hidden_layers": 5}"""));
        Assert.Equal("wwwwwfww", Windows("""{"model_type": "gemma3_text", "num_hidden_layers": 8}"""));
        Assert.Equal("wfw", Windows("""{"model_type": "gemma3_text", "num_hidden_layers": 3, "sliding_window_pattern": 2}"""));
        Assert.Equal("ffww", Windows("""{"model_type": "qwen2", "num_hidden_layers": 4, "use_sliding_window": true, "max_window_layers": 2}"""));
        Assert.Equal("ffff", Windows("""{"model_type": "qwen2", "num_hidden_layers": 4, "max_window_layers": 2}"""));
        Assert.Equal("fwf", Windows("""{"model_type": "qwen3", "num_hidden_layers": 3, "sliding_window": 9, "layer_types": ["full_attention", "sliding_attention", "full_attention"]}"""));
        Assert.Equal("ww", Windows("""{"model_type": "mistral", "num_hidden_layers": 2}"""));
    }

    [Fact]
    public void Experts_stand_in_the_layers_that_are_not_listed()
    {
        var c = Get("""{"model_type": "qwen2_moe", "num_hidden_layers": 6, "decoder_sparse_step": 2, "mlp_only_layers": [3]}""");
        Assert.Equal([false, true, false, false, false, true], Enumerable.Range(0, 6).Select(c.Experts.Has));
    }

    [Fact]
    public void Frequencies_of_gemma_3_are_scaled_only_where_all_is_seen()
    {
        const string Four = """{"model_type": "gemma3_text", "rope_scaling": {"rope_type": "linear", "factor": 8.0}, "rope_theta": 1000000.0, "rope_local_base_freq": 10000.0}""";
        const string Five = """{"model_type": "gemma3_text", "rope_parameters": {"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}}""";
        Assert.Equal(Get(Four), Get(Five));
        var c = Get(Four);
        double Second(bool local) => new Rotary(c.Rotary, c.SizeOfHead, c.Context, local).Frequencies(10)[1];
        Assert.Equal(Math.Pow(1e6, -2.0 / 256) / 8, Second(false), 1e-15);
        Assert.Equal(Math.Pow(1e4, -2.0 / 256), Second(true), 1e-15);
    }

    /// <summary>Each member of a scaling by its own: another number there is another setting, and the right one.</summary>
    [Theory]
    [InlineData("yarn", "\"factor\": 3.0", "Factor", 3)]
    [InlineData("yarn", "\"beta_fast\": 16", "Fast", 16)]
    [InlineData("yarn", "\"beta_slow\": 2", "Slow", 2)]
    [InlineData("yarn", "\"beta_fast\": 0", "Fast", 32)]
    [InlineData("yarn", "\"beta_slow\": null", "Slow", 1)]
    [InlineData("yarn", "\"attention_factor\": 0.5", "AttentionFactor", 0.5)]
    [InlineData("yarn", "\"mscale\": 0.7", "Magnitude", 0.7)]
    [InlineData("yarn", "\"mscale_all_dim\": 0.8", "MagnitudeAll", 0.8)]
    [InlineData("yarn", "\"truncate\": false", "Truncates", false)]
    [InlineData("yarn", "\"original_max_position_embeddings\": 512", "OriginalContext", 512)]
    [InlineData("yarn", "\"original_max_position_embeddings\": 512", "Factor", 4)]
    [InlineData("llama3", "\"factor\": 8.0, \"low_freq_factor\": 2.0, \"high_freq_factor\": 5.0", "Low", 2)]
    [InlineData("llama3", "\"factor\": 8.0, \"low_freq_factor\": 2.0, \"high_freq_factor\": 5.0", "High", 5)]
    [InlineData("llama3", "\"factor\": 8.0, \"low_freq_factor\": 2.0, \"high_freq_factor\": 5.0, \"original_max_position_embeddings\": 99",
        "OriginalContext", 99)]
    [InlineData("linear", "\"factor\": 2.5", "Factor", 2.5)]
    [InlineData("dynamic", "\"factor\": 2.5", "Factor", 2.5)]
    [InlineData("linear", "\"factor\": 2.5, \"rope_theta\": 77.0", "Base", 77)]
    public void Each_member_of_a_scaling_reaches_its_setting(string kind, string member, string setting, object expected)
    {
        foreach (var (outer, name) in ((string, string)[])[("rope_scaling", "type"), ("rope_scaling", "rope_type"), ("rope_parameters", "rope_type")])
        {
            var c = Get($"{{\"model_type\": \"llama\", \"{outer}\": {{\"{name}\": \"{kind}\", {member}}}}}");
            Assert.Equal(Convert.ToDouble(expected, System.Globalization.CultureInfo.InvariantCulture),
                Convert.ToDouble(typeof(RotaryConfig).GetProperty(setting)!.GetValue(c.Rotary), System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Where every layer has experts, MLPs have no width that a file would have to say; where one has none, they have.</summary>
    [Fact]
    public void Experts_in_every_layer_leave_no_width_to_MLPs()
    {
        var mixtral = Published.Families.First(static f => f.Name == "mixtral");
        var config = new DecoderConfig
        {
            Heads = 4, KeyHeads = 2, Width = 32, Bias = Biases.None, Activation = Activation.SwiGlu, Norm = NormKind.Rms, Positions = Positions.Rotary,
            TiedHead = false, Experts = new() { Count = 4, Hidden = 5 },
        };
        var read = TinyRun.Get(Published.Read(TinyRun.Get(mixtral.Write(config, TokenMarks.None)), "c")).Config;
        Assert.Equal(5, read.HiddenWidth);
        Assert.Empty(Canonical.Differences(config, read));
        var mixed = config with { Experts = config.Experts with { Pattern = "ed" } };
        Assert.Contains("expert-pattern: is ed; mixtral has ", TinyRun.Faults(mixtral.Write(mixed, TokenMarks.None)), StringComparison.Ordinal);
    }

    /// <summary>Whatever setting two models differ in, they are not taken for the same: else one could be written as the other.</summary>
    [Fact]
    public void A_difference_in_any_setting_is_seen()
    {
        var all = new DecoderConfig
        {
            Layers = 4, Heads = 4, KeyHeads = 2, HeadSize = 6, Width = 32, Hidden = 20, EmbeddingWidth = 8, Activation = Activation.SwiGlu, Positions =
                Positions.Rotary, Window = 4, Sinks = 1,
            Pattern = "wf", AttentionScale = 0.3, AttentionCap = 5, LogitCap = 6, QkvClip = 7, TiedHead = false, QueryKeyNorm = QueryKeyNorm.Head,
            Rotary = new() { Kind = RopeKind.Linear, Factor = 2, LocalBase = 50 }, Experts = new() { Count = 4, Hidden = 5, Shared = 3, Pattern = "ed" },
        };
        // Sizes that follow from others, and what only training knows.
        string[] none = ["Dropout", "HiddenMultiple", "Balance", "ZLoss", "Noise", "Capacity", "OriginalContext", "Low", "High", "Fast", "Slow",
            "AttentionFactor", "Magnitude", "MagnitudeAll",
            "Truncates", "Short", "Long"];
        static IEnumerable<T> Changed<T>(T of, string[] except) where T : class =>
            from property in typeof(T).GetProperties()
            where property.CanWrite && !except.Contains(property.Name) && property.PropertyType is var type && (type == typeof(int) || type == typeof(double)
                || type == typeof(bool) || type == typeof(string) || type.IsEnum)
            let copy = (T)typeof(T).GetMethod("<Clone>$")!.Invoke(of, null)!
            let _ = Set(property, copy)
            select copy;
        static bool Set(System.Reflection.PropertyInfo property, object of)
        {
            property.SetValue(of, property.GetValue(of) switch
            {
                int n => n + 2, double n => n == 1 ? 0.5 : n + 1.5, bool on => !on, string letters => letters.Length > 0 ? string.Concat(letters.Reverse())
                    : "x",
                Enum e => Enum.ToObject(e.GetType(), Convert.ToInt32(e, null) == 1 ? 2 : 1), var other => other,
            });
            return true;
        }
        DecoderConfig[] changed =
        [
            .. Changed(all, none), .. Changed(all.Rotary, none).Select(r => all with { Rotary = r }), .. Changed(all.Experts, none)
                .Select(e => all with { Experts = e }),
        ];
        Assert.True(changed.Length > 35, $"{changed.Length}");
        foreach (var other in changed) Assert.True(Canonical.Differences(all, other).Count > 0, $"{other}");
        Assert.Empty(Canonical.Differences(all, all with { Dropout = 0.5, HiddenMultiple = 3 }));
    }

    [Fact]
    public void Special_tokens_are_one_several_or_none()
    {
        static TokenMarks Of(string json) => TinyRun.Get(Published.Read(TinyRun.Get(Json.Parse(json, "c")), "c")).Tokens;
        Assert.Equal(new(1, [2, 5], 0), Of("""{"model_type": "llama", "bos_token_id": 1, "eos_token_id": [2, 5], "pad_token_id": 0}"""));
        Assert.Equal(TokenMarks.None, Of("""{"model_type": "llama", "bos_token_id": null, "pad_token_id": -1}"""));
        foreach (var tokens in (TokenMarks[])[TokenMarks.None, new(3, [4], None), new(None, [7, 8, 9], 1)])
            Assert.Equal(tokens, TinyRun.Get(Published.Read(TinyRun.Get(Published.Find("llama").IfNone(() => throw new InvalidOperationException())
                .Write(Get("""{"model_type": "llama"}"""), tokens)), "c")).Tokens);
    }

    [Fact]
    public void A_long_scaling_counts_from_the_context_that_stands_outside()
    {
        const string Factors = "[1.0, 1.1, 1.2, 1.3]";
        const string Small = """{"model_type": "phi3", "hidden_size": 16, "num_attention_heads": 2, "max_position_embeddings": 64, "original_max_position_embeddings": 16, "rope_scaling": """;
        var c = Get(Small + $"{{\"type\": \"su\", \"short_factor\": {Factors}, \"long_factor\": {Factors}}}}}");
        Assert.Equal((RopeKind.Long, 16), (c.Rotary.Kind, c.Rotary.OriginalContext));
        Assert.Equal(Math.Sqrt(1 + (Math.Log(4) / Math.Log(16))), c.Rotary.Scaling(c.Context).Factor(c.Context), 1e-12);
        Assert.Equal(4096, Get("""{"model_type": "phi3", "max_position_embeddings": 131072, "rope_scaling": {"type": "yarn", "short_factor": [], "long_factor": []}, "hidden_size": 3072}""" is var wrong
            ? wrong.Replace("[]", $"[{string.Join(", ", Enumerable.Repeat("1.0", 48))}]", StringComparison.Ordinal) : "").Rotary.OriginalContext);
    }

    /// <summary>What a family lacks is said in the words of the settings.</summary>
    [Theory, InlineData("bias"), InlineData("activation"), InlineData("norm-kind"), InlineData("norm"), InlineData("positions"), InlineData("query-key-norm"), InlineData("rope-scaling"),
        InlineData("rope-pairing"), InlineData("expert-scores"), InlineData("tied-head")]
    public void Differences_are_in_the_words_of_settings(string name)
    {
        var field = RunConfig.Field(name)!;
        var basis = new RunConfig { Model = new() { Vocabulary = 9, Positions = Positions.Rotary, Experts = new() { Count = 4 } } };
        string[] words = name == "bias" ? ["true", "false", "qkv+output", "feed-forward+norms"] : field.IsTruth ? ["true", "false"] : field.Allowed.Split(", ");
        Assert.True(words.Length > 1);
        foreach (var (one, other) in words.Zip(words.Skip(1)))
        {
            var (a, b) = (field.Set(basis, one)!, field.Set(basis, other)!);
            Assert.Contains((name, one, other), Canonical.Differences(a.Model, b.Model));
        }
    }
}
