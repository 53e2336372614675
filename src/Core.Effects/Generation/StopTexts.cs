using System.Runtime.InteropServices;
using System.Text;
using Functional.Base;

namespace Functional.Generation;

/// <summary>The bytes of a text that ends where one of some texts stands, wherever tokens begin and end.</summary>
sealed class StopTexts
{
    readonly List<byte> bytes = [];
    readonly byte[][] stops;

    /// <param name="stops">The texts; none is empty.</param>
    /// <exception cref="ArgumentException">One is empty: it stands everywhere.</exception>
    public StopTexts(Vec<string> stops) => this.stops = [.. stops.Select(static s => s.Length > 0 ? Encoding.UTF8.GetBytes(s) : throw new ArgumentException("a stop is a text, and none is empty."))];

    /// <summary>All that was written.</summary>
    public ReadOnlySpan<byte> Written => CollectionsMarshal.AsSpan(bytes);

    /// <summary>What is written and stays, as long as the text goes on: all but what may be the beginning of a stop.</summary>
    public ReadOnlySpan<byte> Sure
    {
        get
        {
            var written = Written;
            var open = 0;
            foreach (var text in stops)
                for (var most = Math.Min(text.Length - 1, written.Length); most > open; most--)
                    if (written[^most..].SequenceEqual(text.AsSpan(0, most))) open = most;
            return written[..^open];
        }
    }

    /// <summary>Writes more; where the first stop begins that this has completed, and how long it is: of two that begin there, the longer.</summary>
    public (int At, int Length)? Push(ReadOnlySpan<byte> piece)
    {
        var before = bytes.Count;
        bytes.AddRange(piece);
        (int At, int Length)? first = null;
        var written = Written;
        foreach (var text in stops)
        {
            var from = Math.Max(0, before - text.Length + 1);
            if (written[from..].IndexOf(text) is not (>= 0 and var at)) continue;
            if (first is not var (known, length) || from + at < known || (from + at == known && text.Length > length)) first = (from + at, text.Length);
        }
        return first;
    }
}
