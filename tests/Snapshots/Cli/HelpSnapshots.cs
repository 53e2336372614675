using Functional.Sessions;

namespace Functional.Tests.Snapshots.Cli;

/// <summary>What the command says about itself.</summary>
public sealed class HelpSnapshots
{
    [Fact]
    public Task Root() => Help();

    [Fact]
    public Task Train() => Help("train");

    [Fact]
    public Task Run() => Help("run");

    [Fact]
    public Task Sample() => Help("sample");

    [Fact]
    public Task Ask() => Help("ask");

    [Fact]
    public Task Eval() => Help("eval");

    [Fact]
    public Task Evaluate() => Help("evaluate");

    [Fact]
    public Task Annotate() => Help("annotate");

    [Fact]
    public Task Serve() => Help("serve");

    [Fact]
    public Task Studio() => Help("studio");

    [Fact]
    public Task Sft() => Help("sft");

    [Fact]
    public Task Distill() => Help("distill");

    [Fact]
    public Task Grpo() => Help("grpo");

    /// <summary>What matters only without weights to begin with is left to those who ask for all; texts' own settings are no options of rows.</summary>
    [Fact]
    public async Task Help_of_rows_begins_with_what_matters()
    {
        var (some, all) = ((await Shell.Quietly("sft", "--help")).Text, (await Shell.Quietly("sft", "--help", "all")).Text);
        Assert.Equal(all, (await Shell.Quietly("sft", "help", "all")).Text);
        foreach (var name in (string[])["--layers", "--rope-base", "--experts", "--tokenizer"])
        {
            Assert.DoesNotContain($"{name} ", some, StringComparison.Ordinal);
            Assert.Contains($"{name} ", all, StringComparison.Ordinal);
        }
        foreach (var name in (string[])["--from", "--data", "--template", "--lora-rank", "--dropout"]) Assert.Contains($"{name} ", some, StringComparison.Ordinal);
        foreach (var name in (string[])["--order", "--separator"]) Assert.DoesNotContain($"{name} ", all, StringComparison.Ordinal);
        Assert.Contains("functional sft --help all lists ", some, StringComparison.Ordinal);
        Assert.DoesNotContain("--help all", all, StringComparison.Ordinal);
        Assert.Equal((await Shell.Quietly("train", "--help")).Text, (await Shell.Quietly("train", "--help", "all")).Text);
    }

    [Fact]
    public Task Best_of() => Help("bestof");

    [Fact]
    public Task Tour() => Help("tour");

    [Fact]
    public Task Inspect() => Help("inspect");

    [Fact]
    public Task Report() => Help("report");

    [Fact]
    public Task Compare() => Help("compare");

    [Fact]
    public Task Attention() => Help("attention");

    [Fact]
    public Task Import() => Help("import");

    [Fact]
    public Task Export() => Help("export");

    [Fact]
    public Task Quantise() => Help("quantise");

    [Fact]
    public Task Logits() => Help("logits");

    [Fact]
    public Task Tokenize() => Help("tokenize");

    [Fact]
    public Task Tokenizer() => Help("tokenizer");

    [Fact]
    public Task Tokenizer_train() => Help("tokenizer", "train");

    [Fact]
    public Task Data_tokenize() => Help("data", "tokenize");

    [Fact]
    public Task Data_inspect() => Help("data", "inspect");

    [Fact]
    public Task Data_commands() => Help("data");

    [Fact]
    public Task Doctor() => Help("doctor");

    [Fact]
    public Task Bench() => Help("bench");

    [Fact]
    public async Task Bench_commands()
    {
        using var shell = new Shell();
        foreach (var name in (string[])["gemm", "step", "decode"]) await shell.Run("bench", name, "--help");
        await Verify(shell.Log);
    }

    [Fact]
    public async Task Without_a_command_help_is_shown()
    {
        var help = await Shell.Quietly("--help");
        Assert.Equal(help, await Shell.Quietly());
        Assert.Equal(help, await Shell.Quietly("help"));
        Assert.Equal(0, help.Code);
    }

    [Fact]
    public async Task The_version_is_shown()
    {
        var (code, text) = await Shell.Quietly("--version");
        Assert.Equal(0, code);
        Assert.Matches(@"^functional \d+\.\d+\.\d+\n$", text);
    }

    static async Task Help(params string[] command)
    {
        using var shell = new Shell();
        await shell.Run([.. command, "--help"]);
        await Verify(shell.Log);
    }
}
