using System.Text;
using Functional.Graphs;

namespace Functional.Cli;

/// <summary>Help as text.</summary>
static class Help
{
    const int Indent = 2, Gap = 2, Widest = 30;

    /// <summary>The help of a command.</summary>
    /// <param name="path">What to type for it, such as <c>functional bench gemm</c>.</param>
    /// <param name="command">The command.</param>
    /// <param name="width">Columns of a line.</param>
    /// <param name="all">Whether options that seldom matter are listed, too.</param>
    public static string Of(string path, CommandSpec command, int width, bool all = false)
    {
        var text = new StringBuilder($"{command.Summary}\n\nusage: {path}{Usage(command)}\n");
        if (command.Commands.Count > 0) Section(text, "commands", [.. command.Commands.Select(static c => (c.Name, c.Spec().Summary))], width);
        if (command.Argument is { } argument) Section(text, "argument", [(argument.Value!, argument.Help)], width);
        var left = command.Flags.Where(f => !all && f.Seldom is not null).ToArray();
        foreach (var group in command.Flags.Except(left).GroupBy(static f => f.Group)) Section(text, group.Key, [.. group.Select(Row)], width);
        foreach (var rest in left.GroupBy(static f => f.Seldom))
            text.Append('\n').AppendJoin('\n', Wrap($"{path} --help all lists {rest.Count()} more options, which matter {rest.Key}: {string.Join(", ", rest.Select(static f => f.Group).Distinct())}.", width)).Append('\n');
        if (command.Details.Length > 0) text.Append('\n').Append(command.Details);
        if (command.Examples.Count > 0) text.Append("\nexamples:\n");
        foreach (var (line, help) in command.Examples) text.Append($"  {path.Split(' ')[0]} {line}\n      {help}\n");
        if (command.Commands.Count > 0) text.Append($"\n{path} COMMAND --help says more about a command.\n");
        return text.ToString();
    }

    static string Usage(CommandSpec command) => command.Commands.Count > 0
        ? " COMMAND [options]"
        : (command.Argument is { } argument ? (command.MayLack ? $" [{argument.Value}]" : $" {argument.Value}") : "") + string
            .Concat(command.Flags.Where(static f => f.Required).Select(static f => $" {f.Name} {f.Value}")) + " [options]";

    static (string, string) Row(Flag flag) =>
        (flag.Value is null ? flag.Name : $"{flag.Name} {flag.Value}", flag.Default is { } value ? $"{flag.Help} [{value}]" : flag.Help);

    static void Section(StringBuilder text, string title, IReadOnlyList<(string Left, string Right)> rows, int width)
    {
        var left = Math.Min(Widest, rows.Max(static r => r.Left.Length));
        text.Append($"\n{title}:\n");
        foreach (var (name, help) in rows)
        {
            text.Append(new string(' ', Indent)).Append(name.PadRight(left + Gap));
            var lines = Wrap(help, Math.Max(20, width - left - Indent - Gap));
            text.AppendJoin("\n" + new string(' ', left + Indent + Gap), lines).Append('\n');
        }
    }

    static List<string> Wrap(string help, int width)
    {
        var lines = new List<string> { "" };
        foreach (var word in help.Split(' '))
            if (lines[^1].Length == 0) lines[^1] = word;
            else if (lines[^1].Length + 1 + word.Length <= width) lines[^1] += $" {word}";
            else lines.Add(word);
        return lines;
    }
}
