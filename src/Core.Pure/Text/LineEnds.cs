namespace Functional.Text;

/// <summary>What becomes of the line ends of a text that is read.</summary>
public enum LineEnds
{
    /// <summary>CRLF and a CR by itself become LF.</summary>
    Lf,
    /// <summary>They stay as they are.</summary>
    Keep,
}

/// <summary>
/// Line ends of a text that arrives in pieces, whatever the cuts. An immutable value that remembers whether the last character was a CR:
/// a CR becomes LF at once, and an LF right after it nothing, so that no character waits for the next piece or for the end.
/// </summary>
public readonly record struct LineEndStream
{
    readonly LineEnds kind;

    LineEndStream(LineEnds kind, bool afterReturn) => (this.kind, AfterReturn) = (kind, afterReturn);

    /// <summary>Whether the last character was a CR whose line end is written already, so that an LF would belong to it.</summary>
    public bool AfterReturn { get; }

    /// <summary>The stream before its first character.</summary>
    public static LineEndStream Start(LineEnds kind) => new(kind, false);

    /// <summary>The stream after a piece, and that piece's text.</summary>
    /// <param name="piece">Characters, cut anywhere.</param>
    /// <param name="room">
    /// At least as long as the piece, or the piece itself; it is written to only where there is a CR to replace.
    /// </param>
    /// <param name="text">The piece or a part of it where that will do, else the beginning of <paramref name="room"/>.</param>
    public LineEndStream Push(ReadOnlySpan<char> piece, Span<char> room, out ReadOnlySpan<char> text)
    {
        text = AfterReturn && piece is ['\n', ..] ? piece[1..] : piece;
        if (kind == LineEnds.Keep || piece.IsEmpty) return this;
        // Before anything is written, perhaps over the piece.
        var next = new LineEndStream(kind, piece[^1] == '\r');
        if (text.Contains('\r')) text = room[..Write(text, room)];
        return next;
    }

    /// <summary>The text of a piece, the same object where nothing is to change, and the stream after it.</summary>
    public (string Text, LineEndStream Next) Push(string piece)
    {
        var replaces = kind == LineEnds.Lf && piece.Contains('\r', StringComparison.Ordinal);
        var next = Push(piece, replaces ? new char[piece.Length] : [], out var text);
        return (replaces || text.Length < piece.Length ? text.ToString() : piece, next);
    }

    /// <summary>A whole text with its line ends as asked for; the same object where nothing is to change.</summary>
    public static string Whole(LineEnds kind, string text) => Start(kind).Push(text).Text;

    // Never writes beyond what it has read, so that both may be the same memory.
    static int Write(ReadOnlySpan<char> from, Span<char> to)
    {
        var written = 0;
        for (int at; (at = from.IndexOf('\r')) >= 0;)
        {
            from[..at].CopyTo(to[written..]);
            to[written + at] = '\n';
            written += at + 1;
            from = from[(at + 1)..];
            if (from is ['\n', ..]) from = from[1..];
        }
        from.CopyTo(to[written..]);
        return written + from.Length;
    }
}
