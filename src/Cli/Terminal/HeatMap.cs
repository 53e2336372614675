using System.Text;
using Functional.Sessions;

namespace Functional.Cli;

/// <summary>The load of experts as a picture in characters.</summary>
static class HeatMap
{
    const int Cell = 7;

    /// <summary>Rows are layers, columns are experts, as many beside each other as a line holds; numbers are shares of the choices times the experts.</summary>
    /// <param name="loads">Of each layer.</param>
    /// <param name="chosen">Experts that a token goes to.</param>
    /// <param name="width">Columns of a line.</param>
    public static string Of(IReadOnlyList<ExpertLoad> loads, int chosen, int width)
    {
        var (experts, name) = (loads.Max(static l => l.Shares.Count), loads.Max(static l => l.Layer.Length));
        var text = new StringBuilder(FormattableString.Invariant(
            $"share of the choices × experts: 1.00 is even, and {(double)experts / chosen:0.00} is an expert that every token goes to\n"));
        foreach (var group in Enumerable.Range(0, experts).Chunk(Math.Max(1, (width - name) / Cell)))
        {
            text.Append('\n').Append(' ', name).AppendJoin("", group.Select(static e => FormattableString.Invariant($"{e,Cell - 2}  "))).Append('\n');
            foreach (var (layer, shares) in loads)
                text.Append(layer.PadRight(name))
                    .AppendJoin("", group.Select(e => FormattableString.Invariant($"{shares[e],Cell - 2:0.00} {Shade(shares[e])}"))).Append('\n');
        }
        return text.ToString();
    }

    static char Shade(double load) => load switch { < 0.25 => ' ', < 0.75 => '░', < 1.25 => '▒', < 2 => '▓', _ => '█' };
}
