using Functional.Testing;
using Functional.Tests.Properties.Families;
using Functional.Tests.Properties.Training;

namespace Functional.Tests.Properties.Adapters;

/// <summary>What is wrong with a folder of adapters is told by file and entry, and nothing is half read.</summary>
public sealed class PeftFaultTests : IDisposable
{
    readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    string Copied(string name = "llama-lora")
    {
        var folder = Directory.CreateDirectory(scratch[Guid.NewGuid().ToString("N")]).FullName;
        foreach (var file in (string[])["adapter_config.json", "adapter_model.safetensors"]) File.Copy(Path.Combine(PeftGoldenTests.Folder(name), file), Path.Combine(folder, file));
        return folder;
    }

    static string Faults(string folder, string published = "llama") => AdapterFolder.Open(folder, Hf.Config(published)).Match(static opened => { opened.Dispose(); return ""; }, static f => f.Lines());

    string With(string member, string json, string name = "llama-lora")
    {
        var folder = Copied(name);
        var config = (Json.Map)Hf.Parsed(Path.Combine(folder, "adapter_config.json"));
        var value = TinyRun.Get(Json.Parse(json, "value"));
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), new Json.Map(config.Members.Contains(member) ? config.Members.Replace(member, value) : config.Members.Add(member, value)).Write());
        return Faults(folder);
    }

    [Theory]
    [InlineData("peft_type", "\"IA3\"", "peft_type: is 'IA3'; allowed: LORA")]
    [InlineData("r", "0", "r: is 0"), InlineData("r", "\"four\"", "r: is 'four'"), InlineData("lora_alpha", "[]", "lora_alpha: is a list"), InlineData("lora_dropout", "1.5", "lora_dropout: is 1.5")]
    [InlineData("bias", "\"some\"", "bias: is 'some'; allowed: none, all, lora_only")]
    [InlineData("layer_replication", "[[0,1]]", "layer_replication: is given"), InlineData("target_parameters", "[\"x\"]", "target_parameters: is given")]
    [InlineData("trainable_token_indices", "[1]", "trainable_token_indices: is given"), InlineData("use_qalora", "true", "use_qalora: is given"), InlineData("lora_bias", "true", "lora_bias: is given")]
    [InlineData("something_new", "{\"a\":1}", "something_new: is given"), InlineData("megatron_config", "{\"a\":1}", "megatron_config: is given")]
    [InlineData("init_lora_weights", "\"pissa\"", "init_lora_weights: is 'pissa', which changes the base"), InlineData("init_lora_weights", "\"olora\"", "init_lora_weights: is 'olora'")]
    [InlineData("target_modules", "[\"nothing\"]", "target_modules: means no layer of the base model"), InlineData("target_modules", "null", "target_modules: is missing")]
    [InlineData("target_modules", "[\"input_layernorm\"]", "target_modules: means model.layers.0.input_layernorm, which can have no adapter here"), InlineData("target_modules", "\"(\"", "target_modules: the regular expression")]
    [InlineData("modules_to_save", "[\"q_proj\"]", "modules_to_save: means model.layers.0.self_attn.q_proj, which is only a part"), InlineData("rank_pattern", "{\"q_proj\":0}", "rank_pattern: q_proj: is 0")]
    [InlineData("alpha_pattern", "{\"(\":1}", "alpha_pattern: (: the regular expression"), InlineData("alpha_pattern", "[1]", "alpha_pattern: is a list"), InlineData("layers_to_transform", "\"x\"", "layers_to_transform: is 'x'")]
    [InlineData("rank_pattern", "{\"q_proj\":5}", "model.layers.0.self_attn.q_proj.lora_A.weight: is F32[4, ")]
    public void A_member_that_cannot_be_is_named(string member, string json, string expected) => Assert.Contains(expected, With(member, json), StringComparison.Ordinal);

    [Fact]
    public void Another_rank_another_base_and_other_tensors_are_told()
    {
        Assert.Contains("adapter_config.json says another rank", With("r", "5"), StringComparison.Ordinal);
        Assert.Contains("lora_magnitude_vector: is missing", With("use_dora", "true"), StringComparison.Ordinal);
        Assert.Contains("down_proj.lora_A.weight: is F32[4, ", With("target_modules", "[\"q_proj\",\"v_proj\"]"), StringComparison.Ordinal);
        Assert.Contains("and left over", With("target_modules", "[\"q_proj\",\"v_proj\"]"), StringComparison.Ordinal);
        Assert.Contains("k_proj.lora_A.weight: is missing", With("target_modules", "[\"q_proj\",\"v_proj\",\"k_proj\",\"down_proj\"]"), StringComparison.Ordinal);
        Assert.Contains("layers.1.", With("layers_to_transform", "[0]"), StringComparison.Ordinal);
        Assert.Equal("", With("layers_to_transform", "[0,1]"));
        Assert.Equal("", With("target_modules", "\".*(q_proj|v_proj|down_proj)\""));
        Assert.Contains("target_modules: means no layer", Faults(Copied(), "gpt2"), StringComparison.Ordinal);
        Assert.Contains("made for another base model", Faults(Copied(), "mistral") + Faults(Copied(), "qwen2"), StringComparison.Ordinal);
    }

    /// <summary>Adapters that hold a number that is none would spoil whatever they are put over.</summary>
    [Fact]
    public void A_number_that_is_none_is_told_when_it_is_read()
    {
        var folder = Copied();
        var path = Path.Combine(folder, "adapter_model.safetensors");
        const string spoilt = "base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight";
        using (var source = TinyRun.Get(WeightFolder.OpenFile(Path.Combine(PeftGoldenTests.Folder("llama-lora"), "adapter_model.safetensors"))))
        {
            File.Delete(path);
            _ = TinyRun.Get(WeightWriter.WriteFile(path, source.Tensors.Map(static t => t.Shape), "F32", (name, into) =>
            {
                var read = source.Read(name, into);
                if (name == spoilt) into[5] = float.PositiveInfinity;
                return read;
            }));
        }
        using var adapters = TinyRun.Get(AdapterFolder.Open(folder, Hf.Config("llama")));
        var model = Transformer.Of(Hf.Config("llama").Config);
        var faults = TinyRun.Get(LoraPlan.Of(model, adapters.Config, "")).Specs(model.Specs).Where(spec => adapters.Holds(spec.Name))
            .Select(spec => adapters.Read(spec.Name, new float[spec.Value.Type.Size]).FailToSeq().Lines()).Where(static f => f.Length > 0);
        Assert.Equal([$"{path}: {spoilt}: holds infinity as its number 5; expected finite numbers, which fit into float32"], faults);
    }

    [Fact]
    public void A_folder_that_is_none_is_told()
    {
        Assert.Contains("does not exist", Faults(scratch["nowhere"]), StringComparison.Ordinal);
        var folder = Copied();
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), "{");
        Assert.Contains("adapter_config.json, line 1: is not JSON", Faults(folder), StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "adapter_config.json"), "[]");
        Assert.Contains("adapter_config.json: is a list; expected an object", Faults(folder), StringComparison.Ordinal);
        File.Delete(Path.Combine(folder, "adapter_config.json"));
        Assert.Contains("adapter_config.json: is missing", Faults(folder), StringComparison.Ordinal);
        var weightless = Copied();
        File.Delete(Path.Combine(weightless, "adapter_model.safetensors"));
        Assert.Contains("has no weights; expected one of adapter_model.safetensors, adapter_model.bin", Faults(weightless), StringComparison.Ordinal);
    }

    /// <summary>A file cut anywhere, or with any byte changed, is a fault or the same layout: never an exception.</summary>
    [Property(MaxTest = 60)]
    public void Damage_never_throws(ushort at, byte to, bool cut)
    {
        var folder = Copied();
        foreach (var file in (string[])["adapter_model.safetensors", "adapter_config.json"])
        {
            var (path, bytes) = (Path.Combine(folder, file), File.ReadAllBytes(Path.Combine(PeftGoldenTests.Folder("llama-lora"), file)));
            var place = at % Math.Min(bytes.Length, 2000);
            bytes[place] = to;
            File.WriteAllBytes(path, cut ? bytes[..place] : bytes);
            var faults = Faults(folder);
            if (cut) Assert.NotEqual("", faults);
            File.WriteAllBytes(path, File.ReadAllBytes(Path.Combine(PeftGoldenTests.Folder("llama-lora"), file)));
        }
    }

    /// <summary>Adapted embeddings are in files beside their adapters, whole; what is there counts, and where the head is tied it reads the same.</summary>
    [Fact]
    public void Embeddings_beside_their_adapters_count()
    {
        var published = Hf.Config("gpt2");
        var config = (Json.Map)TinyRun.Get(Json.Parse("""{"peft_type":"LORA","r":2,"target_modules":["wte"]}""", "config"));
        var there = new[] { "base_model.model.transformer.wte.lora_embedding_A", "base_model.model.transformer.wte.base_layer.weight" };
        var adapter = TinyRun.Get(Peft.Read(config, "adapter_config.json", published, [.. there]));
        Assert.Equal(["tokens", "head"], adapter.Config.Replaced);
        Assert.Contains(adapter.Tensors, t => t.Name == there[1]);
        Assert.Equal(["head.lora_own", "tokens.lora_own"], TinyRun.Get(LoraPlan.Of(Transformer.Of(published.Config), adapter.Config)).Copies.Select(static c => c.Name).Order(StringComparer.Ordinal));
        Assert.All(TinyRun.Get(LoraPlan.Of(Transformer.Of(published.Config), adapter.Config)).Copies, copy =>
        {
            Assert.False(copy.Learns);
            Assert.Contains(adapter.Tensors, t => t.Pieces.Any(p => p.Ours == copy.Name));
        });
    }

    [Fact]
    public void A_site_that_a_family_packs_has_no_place_in_its_files() => Assert.Contains("blocks.0.q: is no layer of its own in gpt2",
        TinyRun.Faults(Peft.Write(new() { Targets = ["q"] }, Hf.Config("gpt2"))), StringComparison.Ordinal);
}
