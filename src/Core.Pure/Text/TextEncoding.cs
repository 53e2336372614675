using Functional.Base;

namespace Functional.Text;

/// <summary>How to tell text in another encoding than UTF-8 by its first bytes.</summary>
public static class TextEncoding
{
    /// <summary>As many bytes are enough to look at.</summary>
    public const int Beginning = 4096;

    // UTF-32 first: its mark begins as that of UTF-16 does.
    static readonly Vec<(string Name, Vec<byte> Mark)> marks =
    [
        ("UTF-32", [0xFF, 0xFE, 0, 0]), ("UTF-32", [0, 0, 0xFE, 0xFF]), ("UTF-16", [0xFF, 0xFE]), ("UTF-16", [0xFE, 0xFF]),
    ];

    /// <summary>
    /// What the beginning of a file looks like when it is UTF-16 or UTF-32, and by what sign: a byte order mark, which no UTF-8 begins with,
    /// or zeros in alternation with other bytes, which only a text of mostly western letters has. Nothing where there is no such sign.
    /// </summary>
    /// <param name="beginning">The first bytes of a file, at best <see cref="Beginning"/> or more.</param>
    public static (string Name, string Sign)? Other(ReadOnlySpan<byte> beginning)
    {
        foreach (var (name, mark) in marks)
            if (beginning.StartsWith(mark.Span)) return (name, $"it begins with {string.Join(' ', mark.Select(static b => $"0x{b:X2}"))}");
        return ByZeros(beginning[..Math.Min(beginning.Length, Beginning)]);
    }

    // Where in each four bytes the zeros stand: most characters below U+0100 leave them at the same places, and there alone.
    static (string Name, string Sign)? ByZeros(ReadOnlySpan<byte> bytes)
    {
        var zeros = new int[4];
        var rows = bytes.Length / 4;
        for (var i = 0; i < 4 * rows; i++)
            if (bytes[i] == 0) zeros[i & 3]++;
        bool Many(int place) => rows > 0 && 2 * zeros[place] >= rows;
        bool Few(int place) => 10 * zeros[place] <= rows;
        return (Many(2) && Many(3) && Few(0)) || (Many(0) && Many(1) && Few(3)) ? ("UTF-32", "most bytes are 0x00")
            : (Many(1) && Many(3) && Few(0) && Few(2)) || (Many(0) && Many(2) && Few(1) && Few(3)) ? ("UTF-16", "about every other byte is 0x00")
            : null;
    }
}
