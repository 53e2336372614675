using Functional.Base;

namespace Functional.Storage;

/// <summary>Lines of metrics, and each of their numbers as a series.</summary>
public sealed class MetricsTable
{
    readonly Lock gate;
    readonly Dictionary<string, (List<(double Step, double Value)> Series, int Count)> columns;
    readonly Dictionary<string, Vec<(double Step, double Value)>> told = new(StringComparer.Ordinal);

    MetricsTable(Vec<MetricsLine> lines, int broken, Vec<string> names, Dictionary<string, (List<(double, double)>, int)> columns, Lock gate) =>
        (Lines, Broken, Names, this.columns, this.gate) = (lines, broken, names, columns, gate);

    /// <summary>No line.</summary>
    public static MetricsTable Empty { get; } = new Growing().Now();

    /// <summary>The lines, in order.</summary>
    public Vec<MetricsLine> Lines { get; }

    /// <summary>How many lines beside them are none of metrics.</summary>
    public int Broken { get; }

    /// <summary>The names of all numbers that lines have, in the order in which they come first.</summary>
    public Vec<string> Names { get; }

    /// <summary>A number of the lines, by the names that logs have: where it stands, from the first step to the last; nothing of one that no line has.</summary>
    public Vec<(double Step, double Value)> Series(string name)
    {
        if (!columns.TryGetValue(name, out var column)) return [];
        lock (gate)
        {
            if (!told.TryGetValue(name, out var series)) told[name] = series = [.. column.Series.GetRange(0, column.Count)];
            return series;
        }
    }

    /// <summary>A table that grows: what was added stays where it is, so that a longer table costs what is new of it.</summary>
    internal sealed class Growing
    {
        readonly Lock gate = new();
        readonly List<MetricsLine> lines = [];
        readonly List<string> names = [];
        readonly Dictionary<string, List<(double, double)>> columns = new(StringComparer.Ordinal);

        /// <summary>Adds a line.</summary>
        public void Add(MetricsLine line)
        {
            lock (gate)
            {
                lines.Add(line);
                foreach (var (name, value) in line.Record.Numbers)
                {
                    if (!columns.TryGetValue(name, out var column))
                    {
                        names.Add(name);
                        columns[name] = column = [];
                    }
                    column.Add((line.Step, value));
                }
            }
        }

        /// <summary>The table as it is now; what is added later does not change it.</summary>
        /// <param name="broken">How many lines beside are none of metrics.</param>
        public MetricsTable Now(int broken = 0)
        {
            lock (gate) return new([.. lines], broken, [.. names], columns.ToDictionary(static c => c.Key, static c => (c.Value, c.Value.Count), StringComparer.Ordinal), gate);
        }
    }
}
