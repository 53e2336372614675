using System.Text;
using Functional.Sessions;
using Functional.Engines.Catalogue;
using Functional.Execution;
using Functional.Runs;

namespace Functional.Tests.Snapshots.Cli;

/// <summary>What the command says to bad input: one line for each thing that is wrong, and nothing written.</summary>
public sealed class ErrorSnapshots : IDisposable
{
    static readonly string[] tiny = ["--layers", "1", "--heads", "2", "--width", "8", "--context", "8", "--batch", "2", "--steps", "4", "--warmup", "1",
        "--eval-batches", "2"];
    readonly Shell shell = new();

    public void Dispose() => shell.Dispose();

    [Fact]
    public async Task Unknown_words()
    {
        await shell.Run("trian");
        await shell.Run("train", "--hedas", "4");
        await shell.Run("train", "--banana", "4");
        await shell.Run("train", "poems.txt");
        await shell.Run("bench", "stop");
        await shell.Run("sample");
        await shell.Run("sample", "--run");
        await shell.Run("train", "--steps", "3", "--steps", "4");
        await shell.Run("inspect");
        await shell.Run("train", "--tied-head", "--no-tied-head");
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Published_models()
    {
        var golden = Path.Combine(Functional.Testing.SourceTree.Root, "tests", "Properties", "Families", "hf", "llama");
        var model = Directory.CreateDirectory(shell["model"]).FullName;
        foreach (var file in (string[])["config.json", "model.safetensors"]) File.Copy(Path.Combine(golden, file), Path.Combine(model, file));
        await shell.Run("import");
        await shell.Run("import", shell["nowhere"], "--out", shell["run"]);
        await shell.Run("import", model, "--out", shell["run"], "--tokenizer", "cl100k_base");
        await shell.Run("import", model, "--out", shell["run"]);
        await shell.Run("import", model, "--out", shell["run"]);
        await shell.Run("sample", "--run", shell["run"]);
        await shell.Run("eval", "--run", shell["run"]);
        await shell.Run("tokenize", shell["run"], "--text", "abc");
        await shell.Run("train", "--resume", "--out", shell["run"]);
        await shell.Run("logits", shell["run"], "--ids", "5,9,2", "--last", "2");
        await shell.Run("logits", shell["run"], "--ids", "5,96");
        await shell.Run("logits", shell["run"], "--ids", "5,9", "--last", "3");
        await shell.Run("logits", shell["run"], "--ids", string.Join(',', Enumerable.Repeat("1", 65)));
        await shell.Run("export", shell["run"], "--out", shell["hf"], "--family", "gpt2");
        await shell.Run("export", shell["run"], "--out", shell["hf"], "--dtype", "F8");
        await shell.Run("export", shell["run"], "--out", shell["hf"]);
        await shell.Run("export", shell["run"], "--out", shell["hf"]);
        var config = File.ReadAllText(Path.Combine(model, "config.json"));
        shell.File("model/config.json", config.Replace("\"intermediate_size\": 56", "\"intermediate_size\": 57", StringComparison.Ordinal));
        await shell.Run("import", model, "--out", shell["other"]);
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Bad_values()
    {
        var text = shell.File("text.txt", "to be or not to be, that is the question.\n");
        await shell.Run("train", "--data", text, "--out", shell["run"], "--layers", "0", "--heads", "-1", "--batch", "many", "--lr", "nan", "--dropout", "1",
            "--schedule", "cosinus", "--tokenizer", "word");
        await shell.Run("train", "--data", text, "--out", shell["run"], "--heads", "3", "--width", "128");
        await shell.Run("train", "--data", text, "--out", shell["run"], "--warmup", "10", "--steps", "5", "--min-lr", "1");
        await shell.Run("train", "--data", text, "--out", "");
        await shell.Run("train", "--out", shell["run"], "--from", "", "--config", "", "--data", "");
        await shell.Run("sample", "--run", "", "--prompt-file", "", "--prompt", "");
        await shell.Run("eval", "--run", "", "--data", "");
        await shell.Run("inspect", "--config", "");
        await shell.Run("sample", "--run", shell["run"], "--tokens", "-1", "--top-k", "many", "--seed", "1.5");
        await shell.Run("train", "--out", shell["run"], "--threads", "100000");
        await shell.Run("bench", "gemm", "--n", "0");
        await shell.Run("bench", "step", "--heads", "3", "--width", "8");
        await shell.Run("bench", "decode", "--context", "16", "--positions", "0,16");
        Assert.False(Directory.Exists(shell["run"]));
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Bad_engines()
    {
        await shell.Run("train", "--out", shell["run"], "--engine", "tensor", "--device", "gpu", "--precision", "fp16", "--threads", "-1");
        await shell.Run("train", "--out", shell["run"], "--engine", "managed", "--device", "cuda", "--precision", "bf16");
        await shell.Run("train", "--config", shell.File("gpu.yaml", "engine: managed\ndevice: cuda:1\n"), "--out", shell["run"]);
        await shell.Run("train", "--config", shell["gpu.yaml"], "--out", shell["run"], "--device", "cuda:x");
        await shell.Run("sample", "--run", shell["run"], "--engine", "managed", "--device", "cuda:9", "--tokens", "-1");
        await shell.Run("eval", "--run", shell["run"], "--precision", "fp16");
        await shell.Run("bench", "gemm", "--n", "0", "--device", "gpu");
        await shell.Run("doctor", "--device", "gpu");
        Assert.False(Directory.Exists(shell["run"]));
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Without_libtorch()
    {
        Assert.SkipWhen(EngineCatalog.Offers().Any(static o => o is { Engine: EngineKind.Torch, Devices.Count: > 0 }), "libtorch is here");
        await shell.Run("train", "--out", shell["run"], "--engine", "torch");
        await shell.Run("train", "--out", shell["run"], "--engine", "torch", "--dry-run");
        await shell.Run("train", "--out", shell["run"], "--device", "cuda:9");
        await shell.Run("train", "--config", shell.File("torch.yaml", "engine: torch\n"), "--out", shell["run"]);
        await shell.Run("sample", "--run", shell["run"], "--precision", "tf32");
        await shell.Run("bench", "step", "--engine", "torch", "--device", "cpu", "--precision", "bf16");
        Assert.False(Directory.Exists(shell["run"]));
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Bad_yaml()
    {
        await shell.Run("train", "--config", shell["missing.yaml"], "--out", shell["run"]);
        await shell.Run("train", "--config", shell.File("typo.yaml", "layers: 2\nhaeds: 2\nwidht: 64\n"), "--out", shell["run"]);
        await shell.Run("train", "--config", shell.File("values.yaml", "layers: two\nheads: 0\nlr: [1, 2]\nlayers: 3\n"), "--out", shell["run"]);
        await shell.Run("train", "--config", shell.File("broken.yaml", "layers: 2\n  heads: : 3\n"), "--out", shell["run"]);
        await shell.Run("train", "--config", shell.File("list.yaml", "- layers\n- heads\n"), "--out", shell["run"]);
        await shell.Run("inspect", "--config", shell.File("width.yaml", "width: 100\nheads: 3\n"));
        Assert.False(Directory.Exists(shell["run"]));
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Bad_text()
    {
        await shell.Run("train", "--data", shell["missing.txt"], "--out", shell["run"]);
        await shell.Run("train", "--data", shell.Folder, "--out", shell["run"]);
        await shell.Run("train", "--data", shell.File("empty.txt", ""), "--out", shell["run"]);
        await shell.Run("train", "--data", shell.File("short.txt", "hello"), "--out", shell["run"]);
        await shell.Run("train", "--data", shell.File("latin1.txt", [.. "caf"u8, 0xE9, .. " au lait"u8]), "--out", shell["run"]);
        await shell.Run("train", "--data", shell.File("cut.txt", [.. "caf"u8, 0xC3]), "--out", shell["run"]);
        Assert.False(Directory.Exists(shell["run"]));
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Line_ends_and_encodings()
    {
        const string line = "to be or not to be, that is the question.\n";
        var crlf = shell.File("crlf.txt", string.Concat(Enumerable.Repeat(line.Replace("\n", "\r\n", StringComparison.Ordinal), 10)));
        await shell.Run("train", "--data", shell.File("utf16.txt", [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(line)]), "--out", shell["run"]);
        await shell.Run("train", "--data", shell.File("unmarked.txt", Encoding.BigEndianUnicode.GetBytes(line)), "--out", shell["run"]);
        await shell.Run("train", "--config", shell.File("utf16.yaml", Encoding.Unicode.GetBytes("layers: 2\n")), "--out", shell["run"]);
        await shell.Run("train", "--data", crlf, "--out", shell["run"], "--line-ends", "crlf");
        Assert.False(Directory.Exists(shell["run"]));
        await Train("--line-ends", "keep");
        await shell.Run("eval", "--run", shell["run"], "--data", crlf);
        await shell.Run("eval", "--run", shell["run"], "--data", shell.File("joined.txt", "to be\n\uFEFFor not"));
        await shell.Run("eval", "--run", shell["run"], "--data", shell.File("zeros.txt", "to be or not to be\0\n"));
        await shell.Run("train", "--out", shell["run"], "--resume", "--line-ends", "lf");
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Bad_runs()
    {
        await shell.Run("sample", "--run", shell["missing"]);
        await shell.Run("eval", "--run", shell.Folder);
        await shell.Run("train", "--out", shell["missing"], "--resume");
        await shell.Run(["train", "--out", Path.Combine(shell.File("file", "not a folder"), "run"), "--data", Text(), .. tiny]);
        await Train();
        await shell.Run(["train", "--out", shell["run"], "--data", Text(), .. tiny]);
        await shell.Run("sample", "--run", shell["run"], "--prompt", "Zürich");
        await shell.Run("sample", "--run", shell["run"], "--temperature", "-1", "--top-p", "2");
        await shell.Run("eval", "--run", shell["run"], "--data", shell.File("other.txt", "42"));
        await shell.Run("eval", "--run", shell["run"], "--data", shell.File("one.txt", "a"));
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Resuming_as_something_else()
    {
        await Train();
        await shell.Run("train", "--out", shell["run"], "--resume", "--layers", "2", "--width", "16");
        await shell.Run("train", "--out", shell["run"], "--resume", "--tokenizer", "byte");
        await shell.Run("train", "--out", shell["run"], "--resume", "--data",
            shell.File("other.txt", string.Concat(Enumerable.Repeat("something else\n", 20))));
        await shell.Run("train", "--out", shell["run"], "--resume", "--config", shell["run/config.yaml"]);
        await shell.Run("train", "--out", shell["run"], "--resume", "--layers", "2", "--dry-run");
        await shell.Run("train", "--out", shell["run"], "--resume", "--lr", "1e-5", "--dry-run");
        await Verify(shell.Log);
    }

    /// <summary>Names that other trainers have for a setting.</summary>
    [Fact]
    public async Task Words_of_elsewhere()
    {
        foreach (var word in (string[])["--learning-rate", "--batch_size", "--block-size", "--n_embd", "--max-iters", "--epochs", "--val-split=0.2",
            "--optimizer", "--gpu"])
            await shell.Run("train", word, "1");
        await shell.Run("train", "--config", shell.File("words.yaml", "n_layer: 2\nn_head: 2\nbatch_size: 4\nepochs: 3\n"), "--out", shell["run"]);
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Choosing_checkpoints()
    {
        await Train("--save-every", "2");
        foreach (var command in (string[])["sample", "eval", "inspect"])
        {
            await shell.Run(command, "--run", shell["run"], "--checkpoint", "first");
            await shell.Run(command, "--run", shell["run"], "--checkpoint", "3");
        }
        await shell.Run("train", "--out", shell["other"], "--checkpoint", "best");
        await shell.Run("train", "--out", shell["other"], "--from", shell["run"], "--checkpoint", "3");
        await shell.Run("train", "--out", shell["other"], "--from", shell["missing"]);
        await shell.Run("train", "--out", shell["other"], "--from", shell["run"], "--layers", "2", "--data", Text());
        await shell.Run("train", "--out", shell["other"], "--from", shell["run"], "--data",
            shell.File("digits.txt", string.Concat(Enumerable.Repeat("12345\n", 20))));
        await shell.Run("train", "--out", shell["run"], "--resume", "--checkpoint", "2");
        await shell.Run("train", "--out", shell["run"], "--resume", "--from", shell["run"]);
        Assert.False(RunFolder.Holds(shell["other"]));
        await Verify(shell.Log);
    }

    /// <summary>What no tensor's shape betrays, changed in the folder's own file.</summary>
    [Fact]
    public async Task Edited_configurations()
    {
        await Train();
        var config = await File.ReadAllTextAsync(shell["run/config.yaml"]);
        await File.WriteAllTextAsync(shell["run/config.yaml"],
            config.Replace("heads: 2", "heads: 4", StringComparison.Ordinal).Replace("validation-part: 0.1", "validation-part: 0.2", StringComparison.Ordinal));
        await shell.Run("sample", "--run", shell["run"]);
        await shell.Run("train", "--out", shell["run"], "--resume", "--steps", "8");
        await File.WriteAllTextAsync(shell["run/config.yaml"], config);
        await shell.Run("train", "--out", shell["run"], "--resume", "--seed", "7");
        shell.File("text.txt", string.Concat(Enumerable.Repeat("to be or not to be, that is a question.\n", 10)));
        await shell.Run("eval", "--run", shell["run"]);
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Damaged_checkpoints()
    {
        await Train("--save-every", "2");
        var newest = Path.Combine(shell["run"], "stages", "pretrain", "checkpoints", "step-00000004");
        var whole = await File.ReadAllBytesAsync(Path.Combine(newest, "model.safetensors"));
        await File.WriteAllBytesAsync(Path.Combine(newest, "model.safetensors"), whole[..^100]);
        await shell.Run("sample", "--run", shell["run"]);
        whole[^20] ^= 1;
        await File.WriteAllBytesAsync(Path.Combine(newest, "model.safetensors"), whole);
        await shell.Run("sample", "--run", shell["run"]);
        await shell.Run("train", "--out", shell["run"], "--resume", "--steps", "8");
        await File.WriteAllTextAsync(Path.Combine(newest, "state.json"), "{}");
        await shell.Run("eval", "--run", shell["run"]);
        await File.WriteAllTextAsync(shell["run/tokenizer.json"], "[");
        await shell.Run("eval", "--run", shell["run"]);
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Two_runs_in_one_folder()
    {
        await Train();
        using (new FileStream(shell["run/run.lock"], FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            await shell.Run("train", "--out", shell["run"], "--resume", "--steps", "8");
        await Verify(shell.Log);
    }

    string Text() => shell.File("text.txt", string.Concat(Enumerable.Repeat("to be or not to be, that is the question.\n", 10)));

    async Task Train(params string[] more)
    {
        var (code, text) = await Shell.Quietly(["train", "--out", shell["run"], "--data", Text(), .. tiny, .. more]);
        Assert.True(code == 0, text);
    }
}
