using System.Globalization;
using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional logits</c>: a model's numbers as they are.</summary>
static class LogitsCommand
{
    const int Best = 5;

    public static CommandSpec Spec => new("Shows what a model gives for tokens: logits of what comes next.",
        [
            new("--ids", "IDS", "ids of tokens with commas between them") { Required = true },
            new("--last", "N", "for how many of the last tokens") { Default = "1" },
            new("--cached", null, "reads them as when text is written, a token at a time; else all at once"),
            new("--json", null, "one line of JSON and nothing else: ids, and logits with every digit"),
            Models.Checkpoint,
            new("--stage", "NAME", "of which of its stages") { Default = "the last that has one" },
            .. EngineFlags.All,
        ], Run)
    {
        Argument = new("run", "RUN", "folder of the run"),
        Details = "Of a model that judges texts these are its scores; pads around the text are not read.\n",
        Examples = [new("logits runs/llama --ids 5,9,2", "the likeliest next tokens"), new("logits runs/llama --ids 5,9,2 --last 3 --json", "for scripts")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (options, checkpoint, ids, last) = (EngineFlags.Reading(given), CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint"),
            given.Wholes("--ids", [], 0), given.Whole("--last", 1, 1)).Checked();
        using var model = await LanguageModel.LoadAsync(given.Text("run")!, options, checkpoint, given.Text("--stage"), interruption.Token).ConfigureAwait(false);
        var rows = await model.LogitsAsync(ids, last, given.Has("--cached"), interruption.Token).ConfigureAwait(false);
        if (given.Has("--json")) terminal.Line(Json(ids, rows));
        else
            foreach (var (row, i) in rows.Select(static (row, i) => (row, i)))
            {
                terminal.Line(model.Config.Decoder.Labels > 0 ? "scores" : $"after {Show.Count(ids.Count - last + i + 1)} tokens");
                foreach (var (logit, id) in row.Select(static (logit, id) => (logit, id)).OrderByDescending(static t => t.logit).Take(Best))
                    terminal.Line(string.Create(CultureInfo.InvariantCulture,
                        $"{id,8}  {logit,12:0.00000}{(model.Config.Decoder.Labels > 0 || model.Tokenizer.Bytes(id).IsEmpty ? "" : $"  {Show.Harmless(model.Tokenizer.Describe(id))}")}").TrimEnd());
            }
        return interruption.ExitCode;
    }

    static string Json(IEnumerable<int> ids, IEnumerable<float[]> rows) => JsonLine.Of(json =>
    {
        json.WriteStartArray("ids");
        foreach (var id in ids) json.WriteNumberValue(id);
        json.WriteEndArray();
        json.WriteStartArray("logits");
        foreach (var row in rows)
        {
            json.WriteStartArray();
            foreach (var logit in row) json.WriteNumberValue(logit);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    });
}
