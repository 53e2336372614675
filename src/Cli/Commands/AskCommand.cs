using Functional.Base;
using Functional.Dialogues;
using Functional.Generation;
using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional ask</c>: one question to a model, or a talk with it.</summary>
static class AskCommand
{
    static readonly AskOptions standard = new();

    public static CommandSpec Spec => new("Asks a model a question of your own, or talks with it.",
        [
            new("--from", "DIR", "folder of the run") { Required = true },
            Models.Checkpoint,
            new("--stage", "NAME", "of which of its stages") { Default = "the last that has one" },
            Models.Adapter,
            new("--chat", null, "each line of standard input is a question, and the model knows what was said before; ctrl-d ends"),
            new("--system", "TEXT", "what the system says first, which holds throughout"),
            new("--template", "NAME", "how it is asked") { Default = "as the run was trained" },
            new("--tokens", "N", "tokens of an answer at most") { Default = $"{standard.Tokens}" },
            new("--temperature", "T", "0 takes the likeliest token each time, 1 draws as the model believes") { Default = Show.Number(standard.Temperature) },
            new("--top-k", "N", "draw from so many of the likeliest tokens; 0 for all") { Default = $"{standard.TopK}" },
            new("--top-p", "P", "draw from the likeliest tokens that together reach this share") { Default = Show.Number(standard.TopP) },
            new("--seed", "N", "the same seed draws the same answer") { Default = $"{standard.Seed}" },
            .. DecodingFlags.All,
            .. DecodingFlags.Several,
            .. EngineFlags.All,
        ], Run)
    {
        Argument = new("question", "QUESTION", "what is asked; - reads it from standard input; beside --chat the first question, or none"),
        MayLack = true,
        Details = """
            The answer is written as it comes, and ends where the template says that it ends. Where a talk grows longer than the model's
            context, its oldest questions and answers are forgotten, and that is said.

            """,
        Examples = [new("ask --from runs/answers \"What is the capital of France?\"", "one question"),
            new("ask --from runs/answers --chat --system \"Be brief.\" --temperature 0.8", "a talk"),
            new("ask --from runs/answers - < letter.txt", "a question of many lines"),
            new("ask --from runs/answers --temperature 0.8 --samples 3 --best-of 12 --json \"Name a colour.\"", "the three of twelve answers that the model finds likeliest, for a script")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (tokens, topK, seed, engine) = (given.Whole("--tokens", standard.Tokens, 1), given.Whole("--top-k", standard.TopK, 0),
            given.Whole64("--seed", standard.Seed, 0), EngineFlags.Reading(given)).Checked();
        var (temperature, topP, checkpoint) = (given.Number("--temperature", standard.Temperature), given.Number("--top-p", standard.TopP),
            CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint")).Checked();
        var options = DecodingFlags.Of(given, standard with
        {
            Template = given.Text("--template"), System = given.Text("--system"), Tokens = tokens, Temperature = temperature, TopK = topK, TopP = topP, Seed = seed,
        });
        options.Validate().MapFail(DecodingFlags.Named).OrThrow();
        var (chats, stop) = (given.Has("--chat"), interruption.Token);
        var wholes = DecodingFlags.Whole(given, options);
        if (chats && (given.Has("--json") || options is not { Samples: 1, BestOf: 0, Beams: 0, LogProbs: 0 }))
            throw new FunctionalException(new Fault("--chat", "stands beside several answers", "allowed: a single question, or a talk with one answer to each"));
        if (chats && given.Text("question") is "-") throw new FunctionalException(new Fault("question", "is -, and --chat reads standard input, too", "allowed: one of them"));
        var question = given.Text("question") is not "-" and var named ? named
            : (await StandardInput.Text(terminal, "question", stop).ConfigureAwait(false)).TrimEnd('\r', '\n');
        if (question is null && !chats) throw new FunctionalException(new Fault("question", "is missing", "expected functional ask --from DIR QUESTION, - to read it from standard input, or --chat"));
        using var model = await Models.Load(given, given.Text("--from")!, engine, checkpoint, given.Text("--stage"), stop).ConfigureAwait(false);
        if (options.Template is null && model.UsualTemplate is (var template, false))
            terminal.Error.WriteLine(Show.Harmless($"note: {given.Text("--from")} has learned no answers; it is asked with the template {template}, and --template takes another"));
        if (chats) return await Talk(model, question, options, terminal, stop).ConfigureAwait(false) ? interruption.ExitCode : 1;
        if (wholes) await Several(model, question!, options, given.Has("--json"), terminal, stop).ConfigureAwait(false);
        else await Say(model, question!, options, terminal, stop).ConfigureAwait(false);
        return interruption.ExitCode;
    }

    // What cannot be asked is no part of the talk, and does not end it.
    static async Task<bool> Talk(LanguageModel model, string? question, AskOptions options, Terminal terminal, CancellationToken stop)
    {
        using var reader = terminal.In();
        var sound = true;
        while ((question ??= await Next(reader, terminal, stop).ConfigureAwait(false)) is not null)
        {
            if (!string.IsNullOrWhiteSpace(question))
                try
                {
                    var reply = await Say(model, question, options, terminal, stop).ConfigureAwait(false);
                    options = options with { Before = [.. options.Before.Skip(reply.Forgotten), new(Role.User, question), new(Role.Assistant, reply.Text)] };
                }
                catch (FunctionalException e)
                {
                    foreach (var fault in e.Faults) terminal.Error.WriteLine(Show.Harmless($"error: {fault}"));
                    sound = false;
                }
            question = null;
        }
        if (terminal.IsTerminal) terminal.Line();
        return sound;
    }

    static Task<string?> Next(TextReader reader, Terminal terminal, CancellationToken stop)
    {
        if (terminal.IsTerminal) terminal.Out.Write("> ");
        terminal.Out.Flush();
        return StandardInput.Line(reader, "question", stop);
    }

    static async Task Several(LanguageModel model, string question, AskOptions options, bool json, Terminal terminal, CancellationToken stop)
    {
        var replies = await DecodingFlags.Named(() => model.RepliesAsync(question, options, cancellation: stop)).ConfigureAwait(false);
        AnswerView.Write(terminal, question, "", [.. replies.Select(static r => r.Answer)], options, options.Tokens, model.Tokenizer, json);
    }

    static async Task<Reply> Say(LanguageModel model, string question, AskOptions options, Terminal terminal, CancellationToken stop)
    {
        var reply = await DecodingFlags.Named(() => model.AskAsync(question, options, new PieceWriter(terminal), stop)).ConfigureAwait(false);
        terminal.Line();
        if (reply.Forgotten > 0) terminal.Error.WriteLine($"note: the oldest {reply.Forgotten} messages are forgotten, for the model's context has no room for them");
        if (reply.Answer is { End: AnswerEnd.Length, IsWhole: false })
            terminal.Error.WriteLine($"note: the answer is cut after {reply.Answer.Tokens.Count} tokens, {(reply.Answer.Tokens.Count < options.Tokens ? "where the model's context ends" : "and --tokens allows more")}");
        return reply;
    }
}
