namespace Functional.Cli;

/// <summary>Where the command writes.</summary>
/// <param name="Out">Results.</param>
/// <param name="Error">Progress that is no result, and messages about what went wrong.</param>
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
        return new(Console.Out, Console.Error, live, live ? Math.Max(Narrowest, Columns()) : Default) { IsTerminal = !Console.IsOutputRedirected };
    }

    /// <summary>A line of results.</summary>
    public void Line(string text = "") => Out.WriteLine(text);

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
