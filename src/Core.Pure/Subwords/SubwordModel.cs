using System.Text;

namespace Functional.Subwords;

/// <summary>Turns pieces of text into tokens, each piece by itself.</summary>
abstract class SubwordModel
{
    /// <summary>The length of a token that stands for the same bytes as the one before.</summary>
    public const int SameAgain = -1;

    readonly Lazy<Inside?> neighbours;

    protected SubwordModel(TokenTable tokens)
    {
        Tokens = tokens;
        neighbours = new(Neighbours);
    }

    /// <summary>The tokens that text is found in, as bytes; without added ones.</summary>
    public TokenTable Tokens { get; }

    /// <summary>Whether a piece is its bytes, so that tokens may end inside of characters.</summary>
    public abstract bool IsByBytes { get; }

    /// <summary>Whether unknown characters side by side are one unknown token.</summary>
    protected abstract bool FusesUnknown { get; }

    /// <summary>The tokens of a piece.</summary>
    /// <param name="piece">UTF-8.</param>
    /// <param name="ids">Where they go.</param>
    /// <param name="lengths">Where it goes how many bytes each stands for, or <see cref="SameAgain"/>; not asked for where nothing.</param>
    /// <returns>The place of the first byte that no token is there for; -1 where all is well.</returns>
    public abstract int Encode(ReadOnlySpan<byte> piece, IdBuffer ids, IdBuffer? lengths);

    /// <summary>
    /// The first place behind <paramref name="from"/> where no token reaches across, so that what is before it and what is behind it may be encoded apart; -1
    /// for none.
    /// </summary>
    public int NextBorder(ReadOnlySpan<char> text, int from)
    {
        if (neighbours.Value is not { } inside) return -1;
        var last = RuneAt(text, from, out var length);
        for (var at = from + length; at < text.Length; at += length)
        {
            var next = RuneAt(text, at, out length);
            if (!inside.Has(last, next) && !(FusesUnknown && IsUnknown(last) && IsUnknown(next))) return at;
            last = next;
        }
        return -1;
    }

    bool IsUnknown(int rune)
    {
        Span<byte> bytes = stackalloc byte[4];
        return Tokens.Find(bytes[..new Rune(rune).EncodeToUtf8(bytes)]) < 0;
    }

    static int RuneAt(ReadOnlySpan<char> text, int at, out int length)
    {
        length = at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
        return length == 2 ? char.ConvertToUtf32(text[at], text[at + 1]) : text[at];
    }

    // Which characters stand side by side within some token. Tokens of bytes do not show it.
    Inside? Neighbours()
    {
        if (IsByBytes) return null;
        var pairs = new Inside();
        for (var id = 0; id < Tokens.Count; id++)
        {
            var rest = Tokens[id];
            for (var last = -1; !rest.IsEmpty;)
            {
                Rune.DecodeFromUtf8(rest, out var rune, out var used);
                if (last >= 0) pairs.Add(last, rune.Value);
                last = rune.Value;
                rest = rest[used..];
            }
        }
        return pairs;
    }
}

/// <summary>Pairs of characters: those of ASCII and of SentencePiece's blank as bits, and a set of all others.</summary>
sealed class Inside
{
    const int Blank = 0x2581;
    readonly ulong[] near = new ulong[2 * 128];
    readonly System.Collections.Generic.HashSet<ulong> others = [];

    // The blank takes the place of NUL, which then is as other characters are.
    static int Place(int rune) => rune == Blank ? 0 : rune is > 0 and < 128 ? rune : -1;

    public void Add(int a, int b)
    {
        if (Place(a) is >= 0 and var i && Place(b) is >= 0 and var k) near[2 * i + (k >> 6)] |= 1UL << (k & 63);
        else others.Add(Pair(a, b));
    }

    public bool Has(int a, int b) => Place(a) is >= 0 and var i && Place(b) is >= 0 and var k ? (near[2 * i + (k >> 6)] >> (k & 63) & 1) != 0
        : others.Contains(Pair(a, b));

    static ulong Pair(int a, int b) => ((ulong)(uint)a << 32) | (uint)b;
}

/// <summary>A row of numbers that grows.</summary>
sealed class IdBuffer
{
    int[] items = new int[256];

    public int Count { get; private set; }

    public ReadOnlySpan<int> Span => items.AsSpan(0, Count);

    public int this[int index] => items[index];

    public void Add(int item)
    {
        if (Count == items.Length) Array.Resize(ref items, 2 * Count);
        items[Count++] = item;
    }

    public void Add(ReadOnlySpan<int> more)
    {
        if (Count + more.Length > items.Length) Array.Resize(ref items, Math.Max(2 * items.Length, Count + more.Length));
        more.CopyTo(items.AsSpan(Count));
        Count += more.Length;
    }

    /// <summary>Forgets what comes after the first <paramref name="count"/>.</summary>
    public void Cut(int count) => Count = count;

    public void AddToLast(int more) => items[Count - 1] += more;
}
