using System.Text.RegularExpressions;
using Functional.Layers;
using Functional.Models;
using Functional.Runs;
using Functional.Settings;
using Spectre.Console;

namespace Functional.Cli;

using Text = Spectre.Console.Text;

/// <summary>What a run is and costs, as tables.</summary>
static class Report
{
    /// <summary>The parameters of a model, a line for all blocks' parameters of the same kind.</summary>
    /// <param name="terminal">Where the table goes.</param>
    /// <param name="model">The model with its first blocks, one of each kind.</param>
    /// <param name="blocks">How many blocks it has.</param>
    /// <param name="period">After how many the kinds of blocks begin again.</param>
    public static void Parameters(Terminal terminal, Model model, int blocks, int period)
    {
        var table = Plain("parameter", "shape", "numbers", "begins as", "decays");
        foreach (var column in table.Columns.Skip(2).Take(1)) column.RightAligned();
        foreach (var (name, spec) in model.Specs)
        {
            var (folded, block) = Folded(name, period);
            var (numbers, times) = (Show.Count(spec.Type.Size), block is { } i ? (blocks - i + period - 1) / period : 1);
            table.AddRow(new Text(folded), new Text(spec.Type.ToString()), new Text(times == 1 ? numbers : $"{times} × {numbers}"),
                new Text(Begins(spec.Init)), new Text(spec.Decays ? "yes" : "no"));
        }
        Write(terminal, table);
    }

    /// <summary>What a run costs.</summary>
    public static void Costs(Terminal terminal, RunConfig config, RunCost cost)
    {
        var table = Plain("cost", "", "");
        void Row(string what, string value, string detail) => table.AddRow(new Text(what), new Text(value), new Text(detail));
        Row("parameters", Show.Count(cost.Memory.Parameters), "");
        Row("memory", Show.Bytes((double)cost.Bytes), 
            $"weights {Show.Bytes((double)cost.Memory.WeightBytes)}, optimiser {Show.Bytes((double)cost.Memory.OptimiserBytes)}, "
            + $"work about {Show.Bytes((double)cost.WorkBytes)}");
        Row("a token", $"{Show.Short(cost.FlopsPerToken)}FLOP", "forward, backward and its share of the update");
        Row("a step", $"{Show.Short(cost.StepFlops)}FLOP",
            $"{Show.Count(cost.TokensPerStep)} tokens: {config.Stage.Batch} × {config.Model.Context}{(config.Stage.Accumulate > 1 ? $" × {config.Stage.Accumulate}" : "")}");
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
        var console = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(terminal.Out) });
        // The numbers of an absurd run are long, but a number in two pieces is none.
        console.Profile.Width = Math.Max(terminal.Width, 160);
        console.Write(table);
    }

    static string Begins(Initializer init) => init switch
    {
        Initializer.Normal normal => $"normal({Show.Number(normal.Std)})",
        Initializer.Uniform uniform => $"uniform({Show.Number(uniform.Bound)})",
        _ => init.ToString()!,
    };

    // blocks.1.qkv.weight → blocks.i.qkv.weight, or, where only every third is like this one, blocks.1+3i.qkv.weight; and which block it is.
    static (string Name, int? Block) Folded(string name, int period)
    {
        var match = Regex.Match(name, @"^(.*)\.(\d+)\.(.*)$", RegexOptions.CultureInvariant);
        if (!match.Success) return (name, null);
        var which = period == 1 ? "i" : $"{match.Groups[2].Value}+{period}i";
        return ($"{match.Groups[1].Value}.{which}.{match.Groups[3].Value}", int.Parse(match.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture));
    }
}
