using System.Text;
using Functional.Base;

namespace Functional.Cli;

/// <summary>What somebody types or pipes in, up to a length that no text has.</summary>
static class StandardInput
{
    const int Longest = 10_000_000;

    /// <summary>All of it.</summary>
    /// <param name="terminal">Whose.</param>
    /// <param name="where">What faults call it.</param>
    /// <param name="stop">Gives up: whoever is to type it may rather stop, and a read that waits cannot be called off, only left.</param>
    /// <exception cref="FunctionalException">It is not UTF-8, or never ends.</exception>
    public static Task<string> Text(Terminal terminal, string where, CancellationToken stop) =>
        Task.Run(() => Guarded(where, () => All(terminal.In(), where)), stop).WaitAsync(stop);

    /// <summary>A line of it, without its end; nothing where there is none.</summary>
    /// <param name="reader">Where lines come from.</param>
    /// <param name="where">What faults call it.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="FunctionalException">It is not UTF-8, or never ends.</exception>
    public static Task<string?> Line(TextReader reader, string where, CancellationToken stop) => Task.Run(() => Guarded(where, () =>
    {
        var text = new StringBuilder();
        int letter;
        while ((letter = reader.Read()) is >= 0 and not '\n') Append(text, [(char)letter], where);
        return letter < 0 && text.Length == 0 ? null : text.ToString().TrimEnd('\r');
    }), stop).WaitAsync(stop);

    static string All(TextReader reader, string where)
    {
        var text = new StringBuilder();
        var piece = new char[1 << 16];
        while (reader.Read(piece) is > 0 and var count) Append(text, piece.AsSpan(0, count), where);
        return text.ToString();
    }

    // A stream may have no end.
    static void Append(StringBuilder text, ReadOnlySpan<char> piece, string where)
    {
        if (text.Append(piece).Length > Longest)
            throw new FunctionalException(new Fault(where, "never ends, or nearly so", $"allowed: up to {Show.Count(Longest)} characters from standard input"));
    }

    static T Guarded<T>(string where, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (DecoderFallbackException)
        {
            throw new FunctionalException(new Fault(where, "standard input is not UTF-8", "expected UTF-8 text"));
        }
    }
}
