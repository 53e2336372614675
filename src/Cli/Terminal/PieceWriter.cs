using Functional.Text;

namespace Functional.Cli;

/// <summary>Writes text of a model as it comes: as it is, unless it could do something to a terminal.</summary>
sealed class PieceWriter(Terminal terminal) : IProgress<string>
{
    LineEndStream lines = LineEndStream.Start(LineEnds.Lf);

    /// <summary>Writes a piece, so that it is seen at once.</summary>
    public void Report(string value)
    {
        (var shown, lines) = terminal.IsTerminal ? Show.Harmless(value, lines) : (value, lines);
        terminal.Out.Write(shown);
        terminal.Out.Flush();
    }
}
