namespace Functional.Tests.Snapshots.Cli;

/// <summary>What people see of rows that models learn from.</summary>
public sealed class RowSnapshots
{
    const string Alpaca = """
        [
          {"instruction": "Add.", "input": "1 2", "output": "3"},
          {"instruction": "Name a colour.", "input": "", "output": "Red."},
          {"instruction": "", "output": "Nothing."}
        ]
        """;

    const string Pairs = """
        {"prompt": "Hello", "chosen": "Good day.", "rejected": "What?", "margin": 1}
        {"prompt": "Bye", "chosen": "Bye.", "rejected": "Bye.", "margin": 1}
        {"prompt": "Hm", "chosen": "a", "rejected": "b", "verdict": "skip"}

        """;

    [Fact]
    public async Task Rows_are_shown_as_they_are_learned()
    {
        using var shell = new Shell();
        var (alpaca, pairs) = (shell.File("alpaca.json", Alpaca), shell.File("pairs.jsonl", Pairs));
        _ = await shell.Run("data", "inspect", alpaca, "--context", "120");
        _ = await shell.Run("data", "inspect", alpaca, "--template", "chatml", "--rows", "1");
        _ = await shell.Run("data", "inspect", pairs, "--template", "user-assistant");
        _ = await shell.Run("data", "inspect", pairs, "--template", "plain", "--rows", "1", "--json");
        _ = await shell.Run("data", "inspect", shell.File("qa.csv", "q,a\nWhy?,\"So, that's it.\"\n"), "--columns", "prompt=q,response=a", "--template", shell.File("mine.yaml",
            "user: {before: \"Q: \", after: \"\\n\"}\nassistant: {before: \"A: \", after: \"\\n\"}\n"));
        var prompts = shell.File("prompts.jsonl", "{\"prompt\": \"Hello\"}\n{\"question\": \"Why?\", \"prompt\": \"So\"}\n");
        _ = await shell.Run("data", "inspect", prompts, "--template", "plain");
        _ = await shell.Run("data", "inspect", alpaca, "--as", "prompts", "--template", "plain", "--rows", "1", "--context", "8");
        _ = await shell.Run("data", "inspect", shell.File("asked.jsonl", "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}\n"), "--template", "plain", "--tokenizer", "byte", "--json");
        await Verify(shell.Timeless);
    }

    [Fact]
    public async Task Rows_that_cannot_be_used()
    {
        using var shell = new Shell();
        foreach (var (name, text) in ((string, string)[])
        [
            ("half.jsonl", "{\"instruction\": \"i\", \"output\": \"o\"}\n{\"prompt\": \"p\", \"completion\": \"c\"}\n"), ("none.jsonl", "{\"a\": 1}\n"), ("empty.csv", ""),
            ("bad.jsonl", "{\"prompt\": \"p\", \"completion\": \"c\"}\n{\"prompt\": \"p\",\n"), ("other.txt", "words"),
        ]) _ = await shell.Run("data", "inspect", shell.File(name, text), "--rows", "0");
        var rows = shell.File("good.jsonl", "{\"prompt\": \"p\", \"completion\": \"c\"}\n");
        _ = await shell.Run("data", "inspect", rows, "--template", "vicuna");
        _ = await shell.Run("data", "inspect", rows, "--template", "own");
        _ = await shell.Run("data", "inspect", rows, "--template", shell.File("no.yaml", "user: {before: \"Q: \"}\n"));
        _ = await shell.Run("data", "inspect", rows, "--columns", "ask=p");
        _ = await shell.Run("data", "inspect", rows, "--columns", "prompt=x,response=completion");
        _ = await shell.Run("data", "inspect", rows, "--as", "pairs");
        _ = await shell.Run("data", "inspect", rows, "--as", "comparisons");
        _ = await shell.Run("data", "inspect", rows, "--context", "0");
        _ = await shell.Run("data", "inspect", shell["missing.json"]);
        await Verify(shell.Log);
    }
}
