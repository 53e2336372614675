using System.CommandLine;
using System.CommandLine.Parsing;
using Functional.Base;
using Functional.Engines;
using Functional.Graphs;
using Functional.Settings;

namespace Functional.Cli;

/// <summary>
/// The <c>functional</c> command. Exit codes: 0 done; 1 something was wrong with a file, a value or a run; 2 the command line was not
/// understood; 70 a defect of the program; 129, 130 and 143 ended by SIGHUP, SIGINT or SIGTERM, with everything saved; 141 nobody reads what it writes.
/// </summary>
static class App
{
    const string Program = "functional";

    // A hundred layers that are missing say no more than the first of them.
    const int MostFaults = 50;

    static CommandSpec Root => new("Trains, samples and measures small language models.", [], null)
    {
        Commands =
        [
            new("tour", () => TourCommand.Spec), .. TrainCommand.All, new("run", () => RunCommand.Spec), new("sample", () => SampleCommand.Spec),
            new("ask", () => AskCommand.Spec), new("eval", () => EvalCommand.Spec), new("evaluate", () => EvaluateCommand.Spec), new("bestof", () => BestOfCommand.Spec),
            new("annotate", () => AnnotateCommand.Spec), new("serve", () => ServeCommand.Spec), new("studio", () => StudioCommand.Spec), new("merge", () => MergeCommand.Spec),
            new("quantise", () => QuantiseCommand.Spec), new("inspect", () => InspectCommand.Spec), new("report", () => ReportCommand.Spec), new("compare", () => CompareCommand.Spec),
            new("attention", () => AttentionCommand.Spec), new("logits", () => LogitsCommand.Spec), new("import", () => ImportCommand.Spec), new("export", () => ExportCommand.Spec),
            new("tokenize", () => TokenizeCommand.Spec), new("tokenizer", () => TokenizerCommand.Spec), new("data", () => DataCommand.Spec), new("bench", () => BenchCommand.Spec),
            new("doctor", () => DoctorCommand.Spec),
        ],
        Examples =
        [
            new("tour", "all of it in about five minutes: a model learns to read, to answer, and to answer better"),
            new("train", "trains on the embedded corpus, in about two minutes"),
            new("train --data poems.txt --out runs/poems", "trains on a text"),
            new("run recipe.yaml", "trains in stages, each from what the one before has learned"),
            new("sample --run runs/poems --prompt \"O \"", "writes on"),
        ],
    };

    static bool Debugging => Environment.GetEnvironmentVariable("FUNCTIONAL_DEBUG") is not (null or "" or "0");

    /// <summary>Runs a command line and gives its exit code.</summary>
    public static async Task<int> Run(string[] args, Terminal terminal)
    {
        try
        {
            var (path, spec, rest) = Find(args);
            if (rest is ["--version"]) return Say(terminal, $"{Program} {typeof(App).Assembly.GetName().Version?.ToString(3)}");
            if (rest is ["help"] or ["help", "all"] || rest.Any(static a => a is "-h" or "--help" or "-?") || spec.Run is null && rest.Length == 0)
                return Say(terminal, Help.Of(path, spec, terminal.Width, rest is [.., "-h" or "--help" or "-?" or "help", "all"]).TrimEnd('\n'));
            if (spec.Run is null) return Refuse(terminal, path, UnknownCommand(spec, rest[0]));
            var (given, words, errors) = Parse(spec, rest);
            if (words.Length > 0) given = given.With(spec.Argument!.Name, words.Contains("") ? "" : string.Join('\n', words));
            if (words.Contains("")) errors = [.. errors, $"{spec.Argument!.Value} is empty; expected {path} {spec.Argument.Value}"];
            else if (words.Length == 0 && spec is { Argument: { } missing, MayLack: false }) errors = [.. errors, $"{missing.Value} is missing; expected {path} {missing.Value}"];
            if (errors.Count > 0) return Refuse(terminal, path, errors);
            Vec<Fault> nameless = [.. spec.Flags.Where(f => f.Value is "DIR" or "FILE" && given.Text(f.Name) is "")
                .Select(static f => new Fault(f.Name, "is empty", $"expected the name of a {(f.Value == "DIR" ? "folder" : "file")}"))];
            if (nameless.Count > 0) throw new FunctionalException([.. nameless]);
            using var interruption = new Interruption(terminal.Error.WriteLine);
            try
            {
                return await spec.Run(given, terminal, interruption).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (interruption.ExitCode != 0)
            {
                return interruption.ExitCode;
            }
        }
        catch (FunctionalException e)
        {
            foreach (var fault in e.Faults.Take(MostFaults)) terminal.Error.WriteLine(Show.Harmless($"error: {Named(fault)}"));
            if (e.Faults.Count > MostFaults) terminal.Error.WriteLine($"error: and {Show.Count(e.Faults.Count - MostFaults)} more");
            return 1;
        }
        // Whoever read has what they wanted; other programs end then by SIGPIPE, without a word.
        catch (OutputException e) when (e.IsUnread)
        {
            return 141;
        }
        catch (OutputException e)
        {
            terminal.Error.WriteLine(Show.Harmless($"error: standard output cannot be written: {e.Message}"));
            return 1;
        }
        catch (DeviceMemoryException e)
        {
            terminal.Error.WriteLine(Show.Harmless($"error: {e.Fault}"));
            return 1;
        }
        catch (OutOfMemoryException) when (!Debugging)
        {
            terminal.Error.WriteLine("error: memory: there is not enough; functional train --dry-run says what a run needs; smaller: layers, width, context, batch");
            return 1;
        }
        // What the system refuses is no defect, wherever it shows.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && !Debugging)
        {
            terminal.Error.WriteLine(Show.Harmless($"error: {e.Message.ReplaceLineEndings(" ")}"));
            return 1;
        }
        catch (Exception e) when (!Debugging)
        {
            terminal.Error.WriteLine(Show.Harmless($"error: {e.Message.ReplaceLineEndings(" ")} ({e.GetType().Name}). This is a defect of {Program}: "
                + "please report it with the command line and what FUNCTIONAL_DEBUG=1 shows."));
            return 70;
        }
    }

    // The library names settings as C# does.
    static Fault Named(Fault fault) => RunConfig.Fields.FirstOrDefault(f => f.Member == fault.Where) is { } field ? fault with { Where = field.Name } : fault;

    // The command that the first words name, and what is left.
    static (string Path, CommandSpec Spec, string[] Words) Find(string[] args)
    {
        var (path, spec) = (Program, Root);
        var at = 0;
        while (at < args.Length && spec.Commands.FirstOrDefault(c => c.Name == args[at]) is { } next) (path, spec, at) = ($"{path} {next.Name}", next.Spec(), at + 1);
        return (path, spec, args[at..]);
    }

    // What a command is for stands before its options or behind them; behind -- a word may look like an option.
    static (Given Given, string[] Words, IReadOnlyList<string> Errors) Parse(CommandSpec spec, string[] args)
    {
        var command = new RootCommand { TreatUnmatchedTokensAsErrors = false };
        command.Options.Clear();
        var options = spec.Flags.Select(static flag => (Flag: flag, Option: Of(flag))).ToArray();
        foreach (var (_, option) in options) command.Options.Add(option);
        var leading = spec.Argument is null ? [] : args.TakeWhile(IsWord).Take(spec.TakesMany ? args.Length : 1).ToArray();
        var literal = spec.Argument is not null && Array.IndexOf(args, "--") is >= 0 and var at ? args[(at + 1)..] : [];
        var rest = args[leading.Length..^(literal.Length > 0 ? literal.Length + 1 : 0)];
        // A file of arguments (@file) would make a prompt that begins with @ impossible.
        var parsed = command.Parse(rest, new() { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        string[] words = spec.Argument is null ? [] : leading.Length > 0 ? leading : literal.Length > 0 ? [.. literal.Take(spec.TakesMany ? literal.Length : 1)]
            : [.. parsed.UnmatchedTokens.TakeWhile(IsWord).Take(spec.TakesMany ? args.Length : 1)];
        string[] unknown = [.. parsed.UnmatchedTokens.Concat(literal).SkipWhile((_, i) => leading.Length == 0 && i < words.Length)];
        var errors = new List<string>();
        errors.AddRange(unknown.Take(1).Select(token => Unknown(spec, token)));
        if (errors.Count == 0) errors.AddRange(options.SelectMany(o => Wrong(o.Flag, parsed.GetResult(o.Option))));
        var texts = options.Where(o => parsed.GetResult(o.Option) is { Implicit: false })
            .ToDictionary(static o => o.Flag.Name, o => o.Flag.Many ? string.Join(Given.Between, parsed.GetResult(o.Option)!.Tokens.Select(static t => t.Value))
                : parsed.GetResult(o.Option)!.Tokens.Select(static t => t.Value).LastOrDefault() ?? "");
        return (new(texts), words, errors);
    }

    static bool IsWord(string text) => text == "-" || !text.StartsWith('-');

    static Option Of(Flag flag) => flag.Value is null
        ? new Option<bool>(flag.Name) { Arity = ArgumentArity.Zero }
        : flag.Many ? new Option<string[]>(flag.Name) { Arity = ArgumentArity.OneOrMore }
        : new Option<string>(flag.Name) { Arity = ArgumentArity.ExactlyOne };

    static IEnumerable<string> Wrong(Flag flag, OptionResult? result)
    {
        if (result is not { Implicit: false })
        {
            if (flag.Required) yield return $"{flag.Name} is missing; expected {flag.Name} {flag.Value}";
        }
        else if (result.IdentifierTokenCount > 1 && !flag.Many) yield return $"{flag.Name} is given {result.IdentifierTokenCount} times; allowed: once";
        else if (flag.Value is not null && result.Tokens.Count == 0) yield return $"{flag.Name} has no value; expected {flag.Name} {flag.Value}";
    }

    static string Unknown(CommandSpec spec, string token) => token.StartsWith('-')
        ? $"unknown option {token}{Near(spec, token)}"
        : $"unexpected '{token}'; {(spec is { Argument: { } argument, TakesMany: false } ? $"{argument.Value} is one word of the command line, in quotes where it has blanks" : "every value follows an option's name")}";

    // Settings are also known by the names that they have elsewhere, wherever a command takes them.
    static string Near(CommandSpec spec, string token)
    {
        var word = token.TrimStart('-').Split('=')[0];
        var (field, isClose) = RunConfig.Nearest(word);
        var setting = !isClose ? "" : spec.Flags.Any(f => f.Name == $"--{field.Name}") ? $"; did you mean --{field.Name}, {field.Summary}?"
            : spec.Flags.Any(static f => f.Name == "--config") ? $"; the setting {field.Name} is taken from a file, with --config" : "";
        // A name that it has elsewhere says more than one that looks alike.
        return setting.Length > 0 && field.Aliases.Contains(word) || Nearest(token, spec.Flags.Map(static f => f.Name)) is not { Length: > 0 } near ? setting
            : near;
    }

    static string[] UnknownCommand(CommandSpec spec, string token) =>
        [$"unknown command '{token}'{Nearest(token, spec.Commands.Map(static c => c.Name))}; allowed: {string.Join(", ", spec.Commands.Select(static c => c.Name))}"];

    static string Nearest(string token, Vec<string> names)
    {
        var nearest = names.MinBy(name => RunConfig.EditDistance(name, token));
        return nearest is not null && RunConfig.EditDistance(nearest, token) <= Math.Max(2, token.Length / 3) ? $"; did you mean {nearest}?" : "";
    }

    static int Say(Terminal terminal, string text)
    {
        terminal.Line(text);
        return 0;
    }

    static int Refuse(Terminal terminal, string path, IEnumerable<string> errors)
    {
        foreach (var error in errors) terminal.Error.WriteLine(Show.Harmless($"error: {error}"));
        terminal.Error.WriteLine($"{path} --help lists what it takes.");
        return 2;
    }
}
