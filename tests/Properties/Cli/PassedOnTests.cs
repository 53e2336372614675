using System.Text.Json;
using Functional.Tests.Properties.Families;
using Functional.Tests.Properties.Training;
using Xunit;

namespace Functional.Tests.Properties.Cli;

/// <summary>What the command is told reaches what it is for: each option against the same call from C#, or against another value of its own.</summary>
public sealed class PassedOnTests : IDisposable
{
    readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    // Its vocabulary is smaller than the models'.
    const string Words = """
        {"version": "1.0", "added_tokens": [{"id": 0, "content": "<e>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
         "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": {"type": "Fuse"},
         "model": {"type": "BPE", "unk_token": null, "fuse_unk": false, "byte_fallback": false,
           "vocab": {"<e>": 0, "a": 1, "b": 2, "c": 3, "ab": 4, " ": 5, "\n": 6, "<": 7, ">": 8, "e": 9}, "merges": ["a b"]}}
        """;

    string Run(string name)
    {
        var folder = Directory.CreateDirectory(scratch[$"{name}-of"]).FullName;
        foreach (var file in (string[])["config.json", "model.safetensors"]) File.Copy(Path.Combine(Hf.Folder(name), file), Path.Combine(folder, file));
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), Words);
        _ = TinyRun.Get(Import.Run(folder, scratch[name]));
        return scratch[name];
    }

    static async Task<string> Out(params string[] args)
    {
        var (code, text, error) = await FunctionalProcess.Run(args);
        Assert.True(code == 0, error);
        return text;
    }

    static async Task<string[]> Errors(params string[] args)
    {
        var (code, text, error) = await FunctionalProcess.Run(args);
        Assert.Equal((1, ""), (code, text));
        return error.TrimEnd().Split('\n');
    }

    [Fact]
    public async Task Special_tokens_are_read_as_they_are_told()
    {
        File.WriteAllText(scratch["tokenizer.json"], Words);
        async Task<int[]> Ids(params string[] more) => [.. JsonDocument.Parse(await Out(["tokenize", scratch["tokenizer.json"], "--text", "ab<e>c", "--json", .. more]))
            .RootElement.GetProperty("ids").EnumerateArray().Select(static i => i.GetInt32())];
        Assert.Equal((int[])[4, 0, 3], await Ids());
        Assert.Equal((int[])[4, 0, 3], await Ids("--special", "allow"));
        Assert.Equal((int[])[4, 7, 9, 8, 3], await Ids("--special", "text"));
        Assert.Contains("<e> is a special token", (await Errors("tokenize", scratch["tokenizer.json"], "--text", "ab<e>c", "--special", "refuse"))[0], StringComparison.Ordinal);
    }

    /// <summary>Window and sinks change what is written, and the command, the facade and the generator agree about how.</summary>
    [Fact]
    public async Task A_window_and_sinks_reach_the_decoder()
    {
        var run = Run("llama");
        const string prompt = "abc abca cab ccab abcb ab";
        var texts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (window, sinks) in ((int, int)[])[(0, 0), (2, 0), (2, 3)]) _ = texts.Add(await Agreed(window, sinks));
        Assert.Equal(3, texts.Count);

        async Task<string> Agreed(int window, int sinks)
        {
            var told = await Out("sample", "--run", run, "--prompt", prompt, "--tokens", "60", "--temperature", "1", "--engine", "managed", "--no-stop",
                "--window", $"{window}", "--sinks", $"{sinks}");
            using var engine = new ManagedEngine();
            using var model = TinyRun.Get(TrainedModel.Open(engine, run));
            var generator = TinyRun.Get(model.Generator(window, sinks, stops: false));
            Assert.Equal(prompt + string.Concat(generator.Text(TinyRun.Get(generator.Encode(prompt)), 60, new(new() { Temperature = 1 }), Key.Seed(1))), told.TrimEnd('\n'));
            return told;
        }
    }

    [Fact]
    public async Task An_export_has_the_type_and_the_family_that_were_asked_for()
    {
        var run = Run("llama");
        foreach (var (type, word, stored) in ((string, string, string)[])[("F32", "float32", "F32"), ("F16", "float16", "F16"), ("BF16", "bfloat16", "BF16")])
            await Written(type, word, stored);
        _ = await Out("export", run, "--out", scratch["other"], "--family", "mistral");
        Assert.Contains("\"model_type\": \"mistral\"", File.ReadAllText(Path.Combine(scratch["other"], "config.json")), StringComparison.Ordinal);

        async Task Written(string type, string word, string stored)
        {
            _ = await Out("export", run, "--out", scratch[type], "--dtype", type);
            Assert.Contains($"\"torch_dtype\": \"{word}\"", File.ReadAllText(Path.Combine(scratch[type], "config.json")), StringComparison.Ordinal);
            using var file = File.OpenRead(Path.Combine(scratch[type], "model.safetensors"));
            Assert.All(TinyRun.Get(SafeTensorsHeader.Read(file, "f")).Tensors.Values, tensor => Assert.Equal(stored, tensor.DType));
        }
    }

    [Fact]
    public async Task Experts_of_an_imported_model_are_counted_on_a_text_of_ones_own()
    {
        var run = Run("mixtral");
        File.WriteAllText(scratch["text.txt"], string.Concat(Enumerable.Repeat("abc ab cab\n", 100)));
        Assert.Equal([$"error: {run}: was imported, and has no text of its own; expected a text, as with --data FILE"], await Errors("inspect", "--run", run, "--experts"));
        Assert.Contains("blocks.1", await Out("inspect", "--run", run, "--experts", "--data", scratch["text.txt"]), StringComparison.Ordinal);
        Assert.Equal(["error: --data: is a text to choose experts for; expected --experts beside it"], await Errors("inspect", "--run", run, "--data", scratch["text.txt"]));
        Assert.StartsWith("a decoder of 43,424 parameters, imported as mixtral\n", await Out("inspect", "--run", run), StringComparison.Ordinal);
    }

    /// <summary>Of very many faults the first ones are shown.</summary>
    [Fact]
    public async Task A_model_that_lacks_nearly_everything_does_not_fill_the_screen()
    {
        var folder = Path.GetDirectoryName(Run("llama"))!;
        var path = Path.Combine(folder, "llama-of", "config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 2000", StringComparison.Ordinal));
        var errors = await Errors("import", Path.Combine(folder, "llama-of"), "--out", scratch["more"]);
        Assert.Equal((51, "error: and 17,932 more"), (errors.Length, errors[^1]));
    }

    [Fact]
    public async Task A_tokenizer_does_not_take_the_place_of_its_text()
    {
        File.WriteAllText(scratch["a.txt"], "some text");
        Assert.Equal([$"error: --out: is {scratch["a.txt"]}, a text that is read; allowed: another file"],
            await Errors("tokenizer", "train", scratch["a.txt"], "--out", scratch["a.txt"], "--vocabulary", "256"));
        Assert.Equal("some text", File.ReadAllText(scratch["a.txt"]));
    }

    [Fact]
    public async Task A_tokenizer_from_elsewhere_is_imported_with_a_model_that_has_none()
    {
        var folder = Directory.CreateDirectory(scratch["bare"]).FullName;
        foreach (var file in (string[])["config.json", "model.safetensors"]) File.Copy(Path.Combine(Hf.Folder("llama"), file), Path.Combine(folder, file));
        File.WriteAllText(scratch["tokenizer.json"], Words);
        Assert.Contains("bpe tokenizer, 96 tokens", await Out("import", folder, "--out", scratch["run"], "--tokenizer", scratch["tokenizer.json"]), StringComparison.Ordinal);
        Assert.Contains("ids tokenizer", await Out("import", folder, "--out", scratch["without"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_published_model_in_place_of_a_run_is_told_what_makes_one_of_it()
    {
        var run = Run("llama");
        var folder = $"{run}-of";
        foreach (var command in (string[][])[["sample", "--run", folder], ["logits", folder, "--ids", "1"], ["train", "--from", folder, "--out", scratch["x"]]])
            Assert.Equal([$"error: {folder}: holds a published model and no run; allowed: a run of it, as functional import makes"], await Errors(command));
    }

    [Fact]
    public async Task The_checkpoint_that_is_asked_for_is_exported_and_shown()
    {
        var config = TinyRun.Config with { Model = TinyRun.Config.Model with { Bias = Biases.All } };
        var run = scratch["own"];
        _ = TinyRun.Get(TinyRun.Train(run, config with { Stage = config.Stage with { Steps = 4, SaveEvery = 2, Keep = 5 } }));
        var (weights, logits) = (new List<string>(), new List<string>());
        foreach (var step in (string[])["2", "4"])
        {
            _ = await Out("export", run, "--out", scratch[step], "--checkpoint", step);
            weights.Add(Convert.ToHexString(File.ReadAllBytes(Path.Combine(scratch[step], "model.safetensors"))));
            logits.Add(await Out("logits", run, "--ids", "1,2", "--json", "--checkpoint", step));
        }
        Assert.NotEqual(weights[0], weights[1]);
        Assert.NotEqual(logits[0], logits[1]);
        _ = await Out("export", run, "--out", scratch["last"]);
        Assert.Equal(weights[1], Convert.ToHexString(File.ReadAllBytes(Path.Combine(scratch["last"], "model.safetensors"))));
    }

    [Fact]
    public async Task Texts_are_tokenized_and_tokenizers_trained_as_their_help_says()
    {
        File.WriteAllText(scratch["a.txt"], "a\r\nb\rc\n");
        Assert.StartsWith("6 tokens", await Out("data", "tokenize", scratch["a.txt"], "--tokenizer", "byte", "--out", scratch["a.tokens"]), StringComparison.Ordinal);
        File.WriteAllText(scratch["b.txt"], string.Concat(Enumerable.Repeat("it's DON'T 12345\n", 20)));
        async Task<string> Trained(params string[] more)
        {
            _ = await Out(["tokenizer", "train", scratch["b.txt"], "--out", scratch["b.json"], .. more]);
            return File.ReadAllText(scratch["b.json"]);
        }
        var plain = await Trained("--vocabulary", "1024");
        Assert.Contains("<x>", await Trained("--special-tokens", "<x>"), StringComparison.Ordinal);
        Assert.NotEqual(plain, await Trained("--split", "gpt2"));
        Assert.NotEqual(plain, await Trained("--min-frequency", "21"));
        Assert.NotEqual(plain, await Trained("--vocabulary", "260"));
    }

    /// <summary>Adapters are those of the checkpoint that is asked for, by the command and from C#.</summary>
    [Fact]
    public async Task The_checkpoint_that_is_asked_for_is_the_adapters_that_are_exported()
    {
        var run = Run("llama");
        File.WriteAllText(scratch["text.txt"], string.Concat(Enumerable.Repeat("abc ab cab\n", 200)));
        _ = await Out("train", "--from", run, "--data", scratch["text.txt"], "--out", scratch["tuned"], "--lora-rank", "2", "--steps", "4", "--save-every", "2", "--keep", "5",
            "--batch", "2", "--eval-batches", "1", "--warmup", "0");
        var weights = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var step in (string[])["2", "4"])
        {
            _ = await Out("export", scratch["tuned"], "--adapter-only", "--out", scratch[$"command-{step}"], "--checkpoint", step);
            _ = await LanguageModel.ExportAdapterAsync(scratch["tuned"], scratch[$"code-{step}"], CheckpointChoice.Parse(step, "").IfFail(default(CheckpointChoice)));
            weights[step] = Convert.ToHexString(File.ReadAllBytes(Path.Combine(scratch[$"command-{step}"], "adapter_model.safetensors")));
            Assert.Equal(weights[step], Convert.ToHexString(File.ReadAllBytes(Path.Combine(scratch[$"code-{step}"], "adapter_model.safetensors"))));
        }
        Assert.NotEqual(weights["2"], weights["4"]);
    }

    /// <summary>A pair that stands in the text just so often is merged, and one that stands there once less is not.</summary>
    [Fact]
    public async Task How_often_a_pair_must_stand_in_a_text_is_passed_on()
    {
        const int times = 12;
        var text = string.Concat(Enumerable.Repeat("qz\n", times));
        File.WriteAllText(scratch["pairs.txt"], text);
        foreach (var (least, merged) in ((int, bool)[])[(times, true), (times + 1, false)])
        {
            _ = await Out("tokenizer", "train", scratch["pairs.txt"], "--out", scratch["made.json"], "--vocabulary", "300", "--min-frequency", $"{least}");
            var settings = new BpeConfig { Vocabulary = 300, MinFrequency = least };
            _ = await Out("train", "--data", scratch["pairs.txt"], "--tokenizer", "bpe", "--vocabulary", "300", "--min-frequency", $"{least}", "--out", scratch[$"run-{least}"], "--steps", "1",
                "--layers", "1", "--heads", "1", "--width", "8", "--context", "4", "--batch", "1", "--eval-batches", "1", "--warmup", "0", "--validation-part", "0.3");
            (string, Tokenizer)[] made =
            [
                ("tokenizer train", Tokenizers.Load(scratch["made.json"])), ("Train", Tokenizers.Train(text, settings)),
                ("TrainOnFiles", Tokenizers.TrainOnFiles([scratch["pairs.txt"]], settings)), ("train", Tokenizers.Load(scratch[$"run-{least}"])),
            ];
            Assert.Equal(merged ? "tokenizer train, Train, TrainOnFiles, train" : "",
                string.Join(", ", made.Where(static m => ((SubwordTokenizer)m.Item2).Find("qz") is not null).Select(static m => m.Item1)));
        }
    }
}
