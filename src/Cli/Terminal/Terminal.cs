using System.Text;

namespace Functional.Cli;

/// <summary>Where the command writes.</summary>
/// <param name="Out">Results. What cannot be written throws <see cref="OutputException"/>.</param>
/// <param name="Error">Progress that is no result, and messages about what went wrong. What cannot be written is dropped.</param>
/// <param name="Live">Whether a person watches: then lines may be redrawn and coloured.</param>
/// <param name="Width">Columns of a line.</param>
sealed record Terminal(TextWriter Out, TextWriter Error, bool Live, int Width)
{
    const int Narrowest = 60, Default = 100;

    /// <summary>Whether what is written is seen as it comes, so that control characters would act: text of others is made harmless.</summary>
    public bool IsTerminal { get; init; } = Live;

    /// <summary>The terminal of this process; a stream that is redirected is plain text.</summary>
    public static Terminal OfProcess()
    {
        var live = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb";
        return new(Output(), new ForgivingWriter(Console.Error), live, live ? Math.Max(Narrowest, Columns())
            : Default) { IsTerminal = !Console.IsOutputRedirected };
    }

    /// <summary>
    /// The same terminal for a run that is worth more than its picture: when results cannot be written, that is said once, and nothing stops.
    /// </summary>
    public Terminal Forgiving() => this with
    {
        Out = new ForgivingWriter(Out, e => Error.WriteLine($"warning: standard output cannot be written ({e.Message}); training goes on without it")),
    };

    /// <summary>Standard input, for whoever wants it.</summary>
    public Func<TextReader> In { get; init; } = static () => new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false, throwOnInvalidBytes: true));

    /// <summary>A line of results.</summary>
    public void Line(string text = "") => Out.WriteLine(text);

    /// <summary>A line of results that may be long, until somebody asks to stop.</summary>
    public void LongLine(string text, CancellationToken stop)
    {
        const int part = 1 << 16;
        for (var at = 0; at < text.Length; at += part)
        {
            stop.ThrowIfCancellationRequested();
            Out.Write(text.AsSpan(at, Math.Min(part, text.Length - at)));
        }
        Out.WriteLine();
    }

    static TextWriter Output() => OperatingSystem.IsWindows() ? Console.Out
        : new StreamWriter(new StandardOutput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };

    static int Columns()
    {
        try
        {
            return Console.WindowWidth;
        }
        catch (IOException)
        {
            return Default;
        }
    }
}
