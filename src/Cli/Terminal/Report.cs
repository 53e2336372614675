using System.Globalization;
using System.Text.RegularExpressions;
using Spectre.Console;

namespace Functional.Cli;

/// <summary>What a run is and costs, as tables.</summary>
static class Report
{
    /// <summary>The parameters of a model, a line for all blocks' parameters of the same kind.</summary>
    public static void Parameters(Terminal terminal, Model model)
    {
        var table = Plain("parameter", "shape", "numbers", "begins as", "decays");
        foreach (var column in table.Columns.Skip(2).Take(1)) column.RightAligned();
        var rows = model.Specs.Select(static p => p.Value)
            .GroupBy(static spec => (Name: Folded(spec.Name), spec.Type, spec.Init, spec.Decays))
            .Select(static g => (g.Key.Name, g.Key.Type, Count: g.Count(), g.Key.Init, g.Key.Decays));
        foreach (var (name, type, count, init, decays) in rows)
            table.AddRow(new Text(name), new Text(type.ToString()), new Text(count == 1 ? Show.Count(type.Size) : $"{count} × {Show.Count(type.Size)}"),
                new Text(Begins(init)), new Text(decays ? "yes" : "no"));
        Write(terminal, table);
    }

    /// <summary>What a run costs.</summary>
    public static void Costs(Terminal terminal, RunConfig config, RunCost cost)
    {
        var table = Plain("cost", "", "");
        void Row(string what, string value, string detail) => table.AddRow(new Text(what), new Text(value), new Text(detail));
        Row("parameters", Show.Count(cost.Parameters), "");
        Row("memory", Show.Bytes(cost.Bytes), $"weights {Show.Bytes(cost.WeightBytes)}, optimiser {Show.Bytes(cost.OptimiserBytes)}, work about {Show.Bytes(cost.WorkBytes)}");
        Row("a token", $"{Show.Short(cost.FlopsPerToken)}FLOP", "forward, backward and its share of the update");
        Row("a step", $"{Show.Short(cost.StepFlops)}FLOP", $"{Show.Count(cost.TokensPerStep)} tokens: {config.Batch} × {config.Model.Context}{(config.Accumulate > 1 ? $" × {config.Accumulate}" : "")}");
        Row("the run", $"{Show.Short(cost.TotalFlops)}FLOP", $"{Show.Count(cost.Steps)} steps, {Show.Count(cost.TotalTokens)} tokens");
        Write(terminal, table);
    }

    /// <summary>A table without colours and lines that would break in a file.</summary>
    static Table Plain(params ReadOnlySpan<string> columns)
    {
        var table = new Table { Border = TableBorder.Simple, ShowHeaders = true };
        foreach (var column in columns) table.AddColumn(new TableColumn(new Text(column)).NoWrap());
        return table;
    }

    static void Write(Terminal terminal, Table table)
    {
        var console = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No, Out = new AnsiConsoleOutput(terminal.Out) });
        console.Profile.Width = Math.Max(terminal.Width, 120);
        console.Write(table);
    }

    static string Begins(Initializer init) => init switch
    {
        Initializer.Normal normal => $"normal({Show.Number(normal.Std)})",
        Initializer.Uniform uniform => $"uniform({Show.Number(uniform.Bound)})",
        _ => init.ToString()!,
    };

    // blocks.3.qkv.weight → blocks.i.qkv.weight.
    static string Folded(string name) => Regex.Replace(name, @"\.\d+\.", ".i.", RegexOptions.CultureInvariant);
}
