using System.Text.Json;
using Functional.Dialogues;
using Functional.Sessions;

namespace Functional.Cli;

/// <summary><c>functional data inspect</c>: what would be made of rows.</summary>
static class InspectRows
{
    const int MostShown = 4000;

    public static CommandSpec Spec => new("Shows what training would make of rows: conversations, comparisons, judged answers.",
        [
            new("--template", "NAME", $"how messages become text: {string.Join(", ", DialogueTemplate.BuiltIn.Select(static t => t.Name))}, own, or a file")
                { Default = "the model's own, else alpaca" },
            new("--run", "DIR", "folder of the run whose model is to learn: its tokenizer, context and template"),
            new("--tokenizer", "NAME", "byte, a tokenizer's file or folder, or the name of an encoding") { Default = "that of the run, else byte" },
            new("--context", "N", "how many tokens there is room for") { Default = "that of the run" },
            new("--columns", "LIST", "which columns are meant, such as prompt=question,response=answer"),
            new("--as", "KIND", "what rows are read as: conversations, comparisons, judgements, prompts") { Default = "what the first looks like" },
            new("--rows", "N", "how many of the first rows to show") { Default = "5" },
            new("--json", null, "one line of JSON and nothing else"),
        ], Run)
    {
        Argument = new("file", "FILE", "rows in JSON, JSON lines, CSV, TSV or Parquet, each maybe gzipped; or a folder of such files"),
        Details = """
            Forms of rows that are known: Alpaca (instruction, input, output), Dolly (instruction, context, response), prompt and completion,
            messages, ShareGPT's conversations; prompt, chosen and rejected, transcripts of Human and Assistant, ranked answers; prompt,
            completion and label; prompts alone. All rows of a file have one form.

            What is learned stands in another colour, or between ⟦ and ⟧ where there is none. Exit code 1 where a row has a fault.

            """,
        Examples =
        [
            new("data inspect instructions.json --run runs/base", "as the model of a run would learn from it"),
            new("data inspect rows.csv --columns prompt=question,response=answer --template chatml", "with columns of other names"),
        ],
    };

    static Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (context, rows) = (given.Whole("--context", 0, 1), given.Whole("--rows", 5, 0)).Checked();
        var options = new RowOptions
        {
            Template = given.Text("--template"),
            Run = given.Text("--run"),
            Tokenizer = given.Text("--tokenizer"),
            Context = given.Has("--context") ? context : null,
            Columns = given.Text("--columns"),
            Kind = Kind(given.Text("--as")),
            Rows = rows,
        };
        var found = TrainingRows.Inspect(given.Text("file")!, options, interruption.Token);
        if (given.Has("--json")) terminal.Line(Json(found));
        else Tell(terminal, found, options);
        return Task.FromResult(interruption.ExitCode != 0 ? interruption.ExitCode : found.Faults.Count > 0 ? 1 : 0);
    }

    static RowKind? Kind(string? word) => word switch
    {
        null => null,
        "conversations" => RowKind.Conversations,
        "comparisons" => RowKind.Comparisons,
        "judgements" => RowKind.Judgements,
        "prompts" => RowKind.Prompts,
        _ => throw new FunctionalException(new Base.Fault("--as", $"is {word}", "allowed: conversations, comparisons, judgements, prompts")),
    };

    static void Tell(Terminal terminal, RowInspection found, RowOptions options)
    {
        var (all, one) = (found.All, found.Kind switch { RowKind.Conversations => "conversation", RowKind.Comparisons => "comparison", RowKind.Prompts => "prompt", _ => "judgement" });
        terminal.Line($"{Show.Count(all.Rows)} {one}{(all.Rows == 1 ? "" : "s")}{(found.Shapes.Count > 0 ? $", {string.Join("; ", found.Shapes)}" : "")}"
            + (all.LeftOut > 0 ? $"; {Show.Count(all.LeftOut)} left out" : "") + (all.Faulty > 0 ? $"; {Show.Count(all.Faulty)} with faults" : ""));
        if (all.Rows > 0)
            terminal.Line($"{Show.Count(all.Tokens)} tokens, {Show.Count(all.Learned)} of them learned; the longest has {Show.Count(all.Longest)}; cut: "
                + $"{Show.Count(all.PromptsCut)} prompts, {Show.Count(all.AnswersCut)} answers");
        if (all.Rows > 0 && options.CountsBytes) terminal.Line("tokens are bytes here; --run DIR has those of a run's model, and its context and template");
        if (all.Rows > 0 && found.Kind == RowKind.Prompts) terminal.Line("nothing of a prompt is learned: functional grpo, ppo and dpo with --judge have a policy answer them");
        foreach (var row in found.First)
        {
            terminal.Line();
            foreach (var text in row.Texts)
            {
                terminal.Line(Bold(terminal, Show.Harmless($"{row.Where}, {text.Name}: {Show.Count(text.Tokens)} tokens, {Show.Count(text.Learned)} learned{Said(row)}")));
                terminal.Line(string.Concat(text.Parts.Select(part => Marked(terminal, part))));
            }
        }
        foreach (var fault in found.Faults) terminal.Error.WriteLine(Show.Harmless($"error: {fault}"));
        if (all.Faulty > found.Faults.Count) terminal.Error.WriteLine($"error: rows: {Show.Count(all.Faulty - found.Faults.Count)} more have faults");
    }

    static string Said(InspectedRow row) => row.Cut switch
    {
        Cut.Prompt => $"; the beginning is cut, {Show.Count(row.Whole)} tokens long",
        Cut.Answer => $"; the end of the answer is cut, {Show.Count(row.Whole)} tokens long",
        _ => "",
    };

    static string Bold(Terminal terminal, string text) => terminal.Live ? $"\e[1m{text}\e[0m" : text;

    static string Marked(Terminal terminal, InspectedPart part)
    {
        var text = Show.Harmless(part.Text.Length > MostShown ? part.Text[..MostShown] + "…" : part.Text);
        return (terminal.Live, part.Learns) switch
        {
            (true, true) => $"\e[32m{text.Replace("\n", "\e[0m\n\e[32m", StringComparison.Ordinal)}\e[0m",
            (true, false) => $"\e[36m{text.Replace("\n", "\e[0m\n\e[36m", StringComparison.Ordinal)}\e[0m",
            (false, true) => $"⟦{text}⟧",
            _ => text,
        };
    }

    static string Json(RowInspection found) => JsonLine.Of(json =>
    {
        json.WriteString("kind", found.Kind.ToString().ToLowerInvariant());
        json.WriteStartArray("shapes");
        foreach (var shape in found.Shapes) json.WriteStringValue(shape);
        json.WriteEndArray();
        foreach (var (name, value) in (ReadOnlySpan<(string, long)>)[("rows", found.All.Rows), ("left_out", found.All.LeftOut), ("faulty", found.All.Faulty),
            ("tokens", found.All.Tokens), ("learned", found.All.Learned), ("longest", found.All.Longest), ("prompts_cut", found.All.PromptsCut),
            ("answers_cut", found.All.AnswersCut)]) json.WriteNumber(name, value);
        json.Objects("first", found.First, row => Row(json, row));
        json.Objects("faults", found.Faults, fault =>
        {
            json.WriteString("where", fault.Where);
            json.WriteString("what", fault.What);
            json.WriteString("allowed", fault.Allowed);
        });
    });

    static void Row(Utf8JsonWriter json, InspectedRow row)
    {
        json.WriteString("where", row.Where);
        json.WriteString("cut", row.Cut.ToString().ToLowerInvariant());
        json.WriteNumber("whole", row.Whole);
        json.Objects("texts", row.Texts, text =>
        {
            json.WriteString("name", text.Name);
            json.WriteNumber("tokens", text.Tokens);
            json.WriteNumber("learned", text.Learned);
            json.Objects("parts", text.Parts, part =>
            {
                json.WriteString("text", part.Text);
                json.WriteBoolean("learns", part.Learns);
            });
        });
    }
}
