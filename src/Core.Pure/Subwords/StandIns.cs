namespace Functional.Subwords;

/// <summary>GPT-2's 256 printable stand-ins of bytes (Radford et al. 2019): a byte itself where it prints in Latin-1, else the next free code point from U+0100.</summary>
static class StandIns
{
    static readonly char[] OfByte = [.. Enumerable.Range(0, 256).Select(static b => Prints(b) ? (char)b : (char)(256 + Enumerable.Range(0, b).Count(static k => !Prints(k))))];

    static readonly short[] OfChar = [.. Enumerable.Range(0, 256 + 68).Select(static c => (short)Array.IndexOf(OfByte, (char)c))];

    static bool Prints(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);

    /// <summary>The stand-in of a byte.</summary>
    public static char Of(int value) => OfByte[value];

    /// <summary>The byte that a character stands for; -1 for none.</summary>
    public static int Byte(char c) => c < OfChar.Length ? OfChar[c] : -1;

    /// <summary>The bytes that a text of stand-ins stands for; nothing where it holds anything else.</summary>
    public static byte[]? Bytes(ReadOnlySpan<char> text)
    {
        var bytes = new byte[text.Length];
        for (var i = 0; i < bytes.Length; i++)
            if (Byte(text[i]) is >= 0 and var b) bytes[i] = (byte)b;
            else return null;
        return bytes;
    }

    /// <summary>The stand-ins of some bytes.</summary>
    public static string Text(ReadOnlySpan<byte> bytes)
    {
        var text = new char[bytes.Length];
        for (var i = 0; i < text.Length; i++) text[i] = OfByte[bytes[i]];
        return new(text);
    }

    /// <summary>All bytes by the code points of their stand-ins: the order of an alphabet in a trained vocabulary.</summary>
    public static IEnumerable<byte> Alphabet => Enumerable.Range(0, 256).Select(static b => (byte)b).OrderBy(static b => OfByte[b]);
}
