using System.Text;
using Functional.Dialogues;
using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional annotate</c>: somebody says which of two answers is better.</summary>
static class AnnotateCommand
{
    const int Draws = 4;

    static readonly (string Key, Verdict Verdict)[] keys =
        [("1", Verdict.MuchBetter), ("2", Verdict.Better), ("3", Verdict.Same), ("4", Verdict.Worse), ("5", Verdict.MuchWorse), ("s", Verdict.Skip), ("f", Verdict.Flag)];

    public static CommandSpec Spec => new("Shows two answers of a model at a time, and writes down which is better.",
        [
            new("--from", "DIR", "folder of the run that answers") { Required = true },
            new("--prompts", "FILE", "rows of prompts: JSON, JSON lines, CSV, TSV, Parquet, plain or gzipped") { Required = true },
            new("--out", "FILE", "JSON lines that functional reward and functional dpo learn from; what is there is gone on with") { Default = "preferences.jsonl" },
            new("--annotator", "NAME", "who judges") { Default = "the user's name" },
            new("--template", "NAME", "how prompts are asked") { Default = "as the run was trained" },
            new("--columns", "NAMES", "which columns are meant, as prompt=question"),
            new("--checkpoint", "NAME", "which checkpoint: best, last, average or a step") { Default = "last" },
            new("--stage", "NAME", "of which of its stages") { Default = "the last that has one" },
            Models.Adapter,
            new("--tokens", "N", "tokens of an answer at most") { Default = "128" },
            new("--temperature", "T", "how freely answers are drawn") { Default = "0.8" },
            new("--seed", "N", "the same seed draws the same answers") { Default = "1" },
            .. EngineFlags.All,
        ], Run)
    {
        Details = """
            Of the first answer say 1 much better, 2 better, 3 about the same, 4 worse, 5 much worse; s skips, f flags it for
            somebody else, e writes a better answer than the first, and q ends; Enter follows each. Every judgement is on the
            disk before the next two answers are shown. Margins are 2 for much better, 1 for better.

            """,
        Examples = [new("annotate --from runs/answers --prompts questions.jsonl --out preferences.jsonl", "judges a model's answers"),
            new("dpo --from runs/answers --data preferences.jsonl --margins", "learns from them")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (engine, checkpoint, tokens, seed) = (EngineFlags.Reading(given), CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint"),
            given.Whole("--tokens", 128, 1), given.Whole64("--seed", 1, 0)).Checked();
        var temperature = given.Number("--temperature", 0.8).OrThrow();
        var (file, who) = (given.Text("--out") ?? "preferences.jsonl", given.Text("--annotator") ?? Environment.UserName);
        using var model = await Models.Load(given, given.Text("--from")!, engine, checkpoint, given.Text("--stage"), interruption.Token).ConfigureAwait(false);
        var options = new AnswerOptions { File = given.Text("--prompts"), Template = given.Text("--template"), Columns = given.Text("--columns"), Tokens = tokens,
            Temperature = temperature, Seed = seed };
        var session = await model.AnnotateAsync(options, file, who, interruption.Token).ConfigureAwait(false);
        using var reader = terminal.In();
        terminal.Line($"{Show.Count(session.Left)} of {Show.Count(session.Prompts)} prompts are left for {Show.Harmless(who)}");
        while (!interruption.Token.IsCancellationRequested && await session.NextAsync(Draws, interruption.Token).ConfigureAwait(false) is { } pair)
        {
            Show2(terminal, session, pair);
            if (await Ask(terminal, reader, pair, interruption.Token).ConfigureAwait(false) is not { } judged) break;
            session.Add(judged);
        }
        if (session.Agreement is { Shared: > 0 } agreement)
            terminal.Line($"{agreement.Shared} comparisons were judged by several: they agree in {agreement.Same:P0}, Krippendorff's alpha {agreement.Alpha:0.00}");
        terminal.Line($"{Show.Count(session.Done)} judgements in {file}");
        return interruption.ExitCode;
    }

    // Side by side, where that is wide enough for reading.
    static void Show2(Terminal terminal, Annotating session, Annotation pair)
    {
        terminal.Line($"\n─── {Show.Count(session.Done + 1)} ───");
        terminal.Line(TrainText.Indented(string.Join("\n\n", pair.Prompt.Select(static m => m.Whole))));
        var width = (terminal.Width - 3) / 2;
        var (left, right) = (Wrapped(pair.First, width), Wrapped(pair.Second, width));
        terminal.Line($"{"first".PadRight(width)} │ second");
        for (var i = 0; i < Math.Max(left.Count, right.Count); i++)
            terminal.Line($"{(i < left.Count ? left[i] : "").PadRight(width)} │ {(i < right.Count ? right[i] : "")}".TrimEnd());
    }

    static async Task<Annotation?> Ask(Terminal terminal, TextReader reader, Annotation pair, CancellationToken stop)
    {
        while (true)
        {
            terminal.Line("the first is: 1 much better, 2 better, 3 about the same, 4 worse, 5 much worse; s skip, f flag, e edit, q end; then Enter");
            var line = await Line(reader, stop).ConfigureAwait(false);
            switch (line?.Trim().ToLowerInvariant())
            {
                case null or "q": return null;
                case "e":
                    terminal.Line("a better answer, in one line:");
                    if (await Line(reader, stop).ConfigureAwait(false) is not { } text) return null;
                    if (text.Trim().Length > 0 && text.Trim() != pair.First) return pair with { First = text.Trim(), Second = pair.First, Verdict = Verdict.Better };
                    terminal.Line("that is the first answer, or none");
                    break;
                case var word when Array.Find(keys, k => k.Key == word) is { Key: not null } key: return pair with { Verdict = key.Verdict };
                default: terminal.Line("expected 1, 2, 3, 4, 5, s, f, e or q"); break;
            }
        }
    }

    // A read that waits cannot be called off, only left.
    static Task<string?> Line(TextReader reader, CancellationToken stop) => Task.Run(reader.ReadLine, stop).WaitAsync(stop);

    static List<string> Wrapped(string text, int width)
    {
        var lines = new List<string>();
        foreach (var paragraph in Show.Harmless(text).Split('\n'))
        {
            var line = new StringBuilder();
            foreach (var word in paragraph.Split(' '))
            {
                var rest = word;
                if (line.Length > 0 && line.Length + 1 + rest.Length > width) Break();
                for (; rest.Length > width; rest = rest[width..]) { line.Append(rest[..width]); Break(); }
                line.Append(line.Length > 0 ? " " : "").Append(rest);
            }
            Break();

            void Break()
            {
                lines.Add(line.ToString());
                line.Clear();
            }
        }
        return lines;
    }
}
