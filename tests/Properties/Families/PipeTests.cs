using System.Diagnostics;
using Functional.Tests.Properties.Cli;
using Functional.Tests.Properties.Training;
using Xunit;

namespace Functional.Tests.Properties.Families;

/// <summary>Named pipes where files belong, which would be waited for without an end.</summary>
public sealed class PipeTests : IDisposable
{
    readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    static string Pipe(string path)
    {
        using var made = Process.Start("mkfifo", [path]);
        made.WaitForExit();
        return path;
    }

    static async Task<string> Error(params string[] args)
    {
        var run = FunctionalProcess.Start(args);
        var error = run.StandardError.ReadToEndAsync();
        try
        {
            await run.WaitForExitAsync(new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token);
        }
        catch (OperationCanceledException)
        {
            run.Kill();
            return "waited";
        }
        return await error;
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("model.safetensors.index.json")]
    [InlineData("pytorch_model.bin")]
    [InlineData("pytorch_model.bin.index.json")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer.model")]
    [InlineData("generation_config.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("chat_template.jinja")]
    public async Task A_pipe_in_a_published_folder_is_told(string name)
    {
        if (OperatingSystem.IsWindows()) return;
        var folder = Directory.CreateDirectory(scratch["published"]).FullName;
        if (name != "config.json") File.Copy(Path.Combine(Hf.Folder("llama"), "config.json"), Path.Combine(folder, "config.json"));
        if (!name.Contains("model.", StringComparison.Ordinal) || name == "tokenizer.model")
            File.Copy(Path.Combine(Hf.Folder("llama"), "model.safetensors"), Path.Combine(folder, "model.safetensors"));
        var pipe = Pipe(Path.Combine(folder, name));
        Assert.Equal($"error: {pipe}: is a pipe that nothing writes to; expected a regular file, which can be read twice\n", await Error("import", folder, "--out", scratch["run"]));
        Assert.False(Path.Exists(scratch["run"]));
    }

    [Fact]
    public async Task A_pipe_among_shards_is_told()
    {
        if (OperatingSystem.IsWindows()) return;
        var folder = Directory.CreateDirectory(scratch["published"]).FullName;
        File.Copy(Path.Combine(Hf.Folder("llama"), "config.json"), Path.Combine(folder, "config.json"));
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), """{"weight_map": {"lm_head.weight": "model-1.safetensors"}}""");
        var pipe = Pipe(Path.Combine(folder, "model-1.safetensors"));
        Assert.StartsWith($"error: {pipe}: is a pipe that nothing writes to; ", await Error("import", folder, "--out", scratch["run"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_as_data_is_told()
    {
        if (OperatingSystem.IsWindows()) return;
        var pipe = Pipe(scratch["data.txt"]);
        foreach (var command in (string[][])[["train", "--data", pipe, "--out", scratch["run"], "--steps", "1"], ["data", "tokenize", pipe, "--tokenizer", "byte", "--out", scratch["t"]]])
            Assert.Contains($"{pipe}: is a pipe that nothing writes to; ", await Error(command), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipe_among_adapters_is_told()
    {
        if (OperatingSystem.IsWindows()) return;
        var folder = Directory.CreateDirectory(scratch["published"]).FullName;
        foreach (var file in (string[])["config.json", "model.safetensors"]) File.Copy(Path.Combine(Hf.Folder("llama"), file), Path.Combine(folder, file));
        _ = TinyRun.Get(Import.Run(folder, scratch["base"]));
        var source = Path.Combine(Hf.Folder(""), "..", "..", "Adapters", "peft", "llama-lora");
        foreach (var name in (string[])["adapter_config.json", "adapter_model.safetensors"])
        {
            var adapter = Directory.CreateDirectory(scratch[$"of-{name}"]).FullName;
            foreach (var other in (string[])["adapter_config.json", "adapter_model.safetensors"])
                if (other != name) File.Copy(Path.Combine(source, other), Path.Combine(adapter, other));
            var pipe = Pipe(Path.Combine(adapter, name));
            Assert.Contains($"{pipe}: is a pipe that nothing writes to; ", await Error("merge", scratch["base"], "--adapter", adapter, "--out", scratch["merged"]), StringComparison.Ordinal);
        }
    }
}
