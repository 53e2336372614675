using Functional.Testing;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;
using static LanguageExt.Prelude;

namespace Functional.Tests.Properties.Families;

/// <summary>Folders whose configuration and weights do not go together, and those that go together by other names.</summary>
public sealed class PublishedWeightsTests : IDisposable
{
    readonly string root = Directory.CreateTempSubdirectory("functional-published-").FullName;
    int folders;

    public void Dispose() => Directory.Delete(root, recursive: true);

    /// <summary>A folder with the configuration and tensors of a golden one, changed.</summary>
    string Put(string name, Func<string, string>? config = null, Func<string, (string Name, Vec<long> Shape)?>? tensor = null,
        params (string Name, Vec<long> Shape)[] more)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, $"{folders++}")).FullName;
        File.WriteAllText(Path.Combine(folder, "config.json"), (config ?? (static c => c))(File.ReadAllText(Path.Combine(Hf.Folder(name), "config.json"))));
        using var source = TinyRun.Get(WeightFolder.Open(Hf.Folder(name)));
        var renamed = source.Tensors.Names.Select(n => (From: n, To: tensor is null ? (n, source.Tensors[n].Shape) : tensor(n))).Where(static t =>
            t.To is not null).ToList();
        var back = renamed.ToDictionary(static t => t.To!.Value.Item1, static t => t.From);
        _ = TinyRun.Get(WeightWriter.Write(folder, renamed.Select(static t => t.To!.Value).Concat(more).ToParams(), "F32", (n, into) =>
        {
            if (!back.TryGetValue(n, out var from) || into.Length != ElementView.Of(source.Tensors[from].Shape).Count) return Success<Fault, Unit>(unit);
            return source.Read(from, into);
        }));
        return folder;
    }

    Vec<long> Shape(string name, string tensor)
    {
        using var source = TinyRun.Get(WeightFolder.Open(Hf.Folder(name)));
        return source.Tensors[tensor].Shape;
    }

    string Faults(string folder) => PublishedWeights.Open(folder).Match(
        weights => { using (weights) return "opened"; }, f => f.Lines().Replace(folder, "F", StringComparison.Ordinal).Replace(Path.DirectorySeparatorChar,
            '/'));

    [Fact]
    public void Missing_misshaped_and_left_over_tensors_are_all_told()
    {
        var folder = Put("llama", null, n => n switch
        {
            "model.norm.weight" => null,
            "model.layers.1.mlp.up_proj.weight" => null,
            "lm_head.weight" => (n, [95, 32]),
            _ => (n, Shape("llama", n)),
        }, ("model.layers.2.mlp.up_proj.weight", [56, 32]), ("model.layers.0.self_attn.rotary_emb.inv_freq", [4]));
        Assert.Equal("""
            F: model.layers.1.mlp.up_proj.weight: is missing; expected [56, 32], as config.json says
            F: model.norm.weight: is missing; expected [32], as config.json says
            F/model.safetensors: lm_head.weight: is F32[95, 32]; expected [96, 32] of F32, F16, BF16 or F64, as config.json says
            F/model.safetensors: model.layers.2.mlp.up_proj.weight: is F32[56, 32], and left over; llama of this config.json has no such tensor
            """, Faults(folder));
    }

    [Fact]
    public void A_configuration_of_other_sizes_is_told_by_each_tensor()
    {
        var faults = Faults(Put("llama", static c => c.Replace("\"intermediate_size\": 56", "\"intermediate_size\": 57", StringComparison.Ordinal)));
        Assert.Equal(6, faults.Split('\n').Length);
        Assert.Contains("F/model.safetensors: model.layers.0.mlp.down_proj.weight: is F32[32, 56]; expected [32, 57] of", faults, StringComparison.Ordinal);
    }

    [Theory, InlineData("gpt2", "transformer."), InlineData("opt", "model."), InlineData("gemma2", "model.")]
    public void A_body_alone_goes_by_names_without_a_prefix(string name, string prefix)
    {
        var folder = Put(name, null, n => (n.StartsWith(prefix, StringComparison.Ordinal) ? n[prefix.Length..] : n, Shape(name, n)));
        using PublishedWeights bare = TinyRun.Get(PublishedWeights.Open(folder)), whole = TinyRun.Get(PublishedWeights.Open(Hf.Folder(name)));
        var expected = Hf.Parameters(whole);
        foreach (var (key, value) in Hf.Parameters(bare)) Runs.Close(expected[key], value, 0, key);
    }

    [Fact]
    public void Masks_of_old_files_and_a_head_that_is_tied_are_passed_over() =>
        Assert.Equal("opened", Faults(Put("gpt2", null, null, ("transformer.h.0.attn.bias", [1, 1, 64, 64]), ("transformer.h.1.attn.masked_bias", []),
            ("lm_head.weight", [96, 32]))));

    [Fact]
    public void A_head_that_is_not_tied_must_be_there()
    {
        Assert.Equal("F: lm_head.weight: is missing; expected [96, 32], as config.json says",
            Faults(Put("qwen2", static c => c.Replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false", StringComparison.Ordinal))));
        Assert.Equal("F: lm_head.weight: is missing; expected [96, 32], as config.json says",
            Faults(Put("qwen2", static c => c.Replace("\"tie_word_embeddings\": true,", "", StringComparison.Ordinal))));
    }

    [Fact]
    public void A_model_that_its_family_has_no_words_for_is_not_written()
    {
        var config = Hf.Config("llama").Config with { Sinks = 2, Window = 4, QueryKeyNorm = QueryKeyNorm.Head };
        var folder = Directory.CreateDirectory(Path.Combine(root, "never")).FullName;
        Assert.Equal("window: is 4; llama has 0\nsinks: is 2; llama has 0\nquery-key-norm: is head; llama has none", TinyRun.Faults(
            PublishedWeights.Write(folder, Hf.Config("llama").Family, config, TokenMarks.None, "F32", static (_, _) =>
                throw new InvalidOperationException())));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    /// <summary>A golden folder in which one number of one tensor is another, as it stands in the file.</summary>
    string Spoilt(string name, string dtype, string tensor, int at, float number)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, $"{folders++}")).FullName;
        File.Copy(Path.Combine(Hf.Folder(name), "config.json"), Path.Combine(folder, "config.json"));
        using var source = TinyRun.Get(WeightFolder.Open(Hf.Folder(name)));
        _ = TinyRun.Get(WeightWriter.Write(folder, source.Tensors.Map(static t => t.Shape), dtype, (n, into) =>
        {
            var read = source.Read(n, into);
            if (n == tensor) into[at] = number;
            return read;
        }));
        return folder;
    }

    /// <summary>A model of which one number is none has no use, and whoever imports it is told which.</summary>
    [Theory]
    [InlineData("llama", "F32", "model.layers.1.mlp.up_proj.weight", 57, float.NaN, "NaN")]
    [InlineData("llama", "BF16", "model.layers.0.self_attn.k_proj.weight", 3, float.PositiveInfinity, "infinity")]
    [InlineData("llama", "F16", "lm_head.weight", 3071, float.NegativeInfinity, "-infinity")]
    [InlineData("gpt2", "F32", "transformer.h.0.attn.c_attn.weight", 0, float.NaN, "NaN")]
    [InlineData("gpt_neox", "F32", "gpt_neox.layers.1.attention.query_key_value.bias", 40, float.NaN, "NaN")]
    [InlineData("mixtral", "F32", "model.layers.1.block_sparse_moe.experts.2.w2.weight", 9, float.PositiveInfinity, "infinity")]
    public void A_number_that_is_none_is_told_by_its_tensor_and_place(string name, string dtype, string tensor, int at, float number, string told)
    {
        var folder = Spoilt(name, dtype, tensor, at, number);
        var run = Path.Combine(root, $"run-{folders}");
        Assert.Equal($"F/model.safetensors: {tensor}: holds {told} as its number {at}; expected finite numbers, which fit into float32",
            Import.Run(folder, run).FailToSeq().Lines().Replace(folder, "F", StringComparison.Ordinal));
        Assert.False(Path.Exists(run));
    }

    [Fact]
    public void Numbers_that_are_not_read_may_be_anything()
    {
        // Rows of padding, which OPT's table of positions begins with.
        _ = TinyRun.Get(Import.Run(Spoilt("opt", "F32", "model.decoder.embed_positions.weight", 0, float.NaN), Path.Combine(root, "run")));
    }
}
