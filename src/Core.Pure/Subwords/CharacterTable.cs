using System.Buffers.Binary;
using System.Text;
using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Subwords;

/// <summary>
/// What SentencePiece replaces before it looks for tokens: a <c>precompiled_charsmap</c>, which is the size of a trie in bytes, the trie as a double array of the
/// darts-clone library, both little-endian, and the replacements in UTF-8, each with a NUL behind it. A trie's value is where in them its replacement begins.
/// </summary>
sealed class CharacterTable
{
    const int LongestText = 256, MostKeys = 1 << 18;
    const uint Leaf = 1u << 31, Label = Leaf | 0xFF;
    readonly uint[] units;
    readonly Dictionary<int, string> texts = [];
    readonly Lazy<System.Collections.Generic.HashSet<int>?> inside;

    CharacterTable(uint[] units)
    {
        this.units = units;
        inside = new(Inside);
    }

    /// <summary>The table of a file's bytes, or what is wrong with them: every part of the trie is looked at, once.</summary>
    /// <param name="bytes">The whole table.</param>
    /// <param name="where">What faults call it.</param>
    public static Validation<Fault, CharacterTable> Parse(ReadOnlySpan<byte> bytes, string where)
    {
        Validation<Fault, CharacterTable> Wrong(string what, string allowed) => Fault.Of<CharacterTable>(where, what, allowed);
        if (bytes.Length < 4) return Wrong("is cut off", "expected the size of a trie, the trie and its replacements");
        var size = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (size == 0 || size % 4 != 0 || size > bytes.Length - 4)
            return Wrong($"has a trie of {size} bytes, of {bytes.Length - 4} that there are", "allowed: a multiple of 4, from 4 to what there is");
        var units = new uint[size / 4];
        for (var i = 0; i < units.Length; i++) units[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 + 4 * i)..]);
        var replacements = bytes[(4 + (int)size)..];
        if (!System.Text.Unicode.Utf8.IsValid(replacements)) return Wrong("has replacements that are not UTF-8", "allowed: UTF-8 text");
        if (replacements.IsEmpty || replacements[^1] != 0) return Wrong("is cut off inside of a replacement", "expected a NUL behind each");
        var table = new CharacterTable(units);
        return table.Check(replacements) is (var what, var allowed) ? Wrong(what, allowed) : Success<Fault, CharacterTable>(table);
    }

    static int Offset(uint unit) => (int)((unit >> 10) << (int)((unit & 512) >> 6));

    // The node that a byte leads to from another; -1 for none.
    int Next(int node, int label)
    {
        var at = node ^ label;
        return at < units.Length && (units[at] & Label) == label ? at ^ Offset(units[at]) : -1;
    }

    // Whether a key ends at the node that lies behind a unit.
    bool Ends(int node, int label) => (units[node ^ label] >> 8 & 1) != 0;

    // Goes through every node once. Those in whose middle it still is must not come again, which keys without an end would do.
    (string What, string Allowed)? Check(ReadOnlySpan<byte> replacements)
    {
        const byte Open = 1, Done = 2;
        var state = new byte[units.Length];
        var path = new Stack<(int Node, int Label)>();
        var root = Offset(units[0]);
        if (root >= units.Length) return Outside(root);
        path.Push((root, 0));
        state[root] = Open;
        while (path.TryPop(out var top))
        {
            var (node, label) = (top.Node, top.Label + 1);
            while (label < 256 && Next(node, label) < 0) label++;
            if (label == 256) { state[node] = Done; continue; }
            path.Push((node, label));
            var next = Next(node, label);
            if (next >= units.Length) return Outside(next);
            if (Ends(node, label) && Read(units[next] & ~Leaf, replacements) is { } wrong) return wrong;
            if (state[next] == Open) return ($"has a trie that goes in circles at {next}", "expected keys that end");
            if (state[next] == Done) continue;
            state[next] = Open;
            path.Push((next, 0));
        }
        return null;
    }

    (string, string) Outside(int node) => ($"has a trie that leads to {node}", $"allowed: 0 to {units.Length - 1}");

    (string, string)? Read(uint value, ReadOnlySpan<byte> replacements)
    {
        if (value >= replacements.Length) return ($"has a replacement at byte {value}", $"allowed: 0 to {replacements.Length - 1}");
        if (texts.ContainsKey((int)value)) return null;
        var rest = replacements[(int)value..];
        if ((rest[0] & 0xC0) == 0x80) return ($"has a replacement at byte {value}, inside of a character", "allowed: where one begins");
        var length = rest.IndexOf((byte)0);
        if (length > LongestText) return ($"has a replacement of {length} bytes", $"allowed: up to {LongestText}");
        texts[(int)value] = Encoding.UTF8.GetString(rest[..length]);
        return null;
    }

    /// <summary>What stands for the longest beginning of a text that the table has; nothing where it has none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="length">How much of it, in UTF-16 code units.</param>
    public string? Longest(ReadOnlySpan<char> text, out int length) => Find(text, false, out length);

    /// <summary>What stands for the shortest beginning of a text that the table has; nothing where it has none.</summary>
    public string? Shortest(ReadOnlySpan<char> text) => Find(text, true, out _);

    string? Find(ReadOnlySpan<char> text, bool first, out int length)
    {
        length = 0;
        string? found = null;
        var node = Offset(units[0]);
        Span<byte> bytes = stackalloc byte[4];
        for (int at = 0, used; at < text.Length; at += used)
        {
            Rune.DecodeFromUtf16(text[at..], out var rune, out used);
            // 0 is what a node's value stands under.
            if (rune.Value == 0) break;
            var ends = false;
            foreach (var b in bytes[..rune.EncodeToUtf8(bytes)])
            {
                if (Next(node, b) is not (>= 0 and var next)) return found;
                ends = Ends(node, b);
                node = next;
            }
            if (!ends) continue;
            (found, length) = (texts[(int)(units[node] & ~Leaf)], at + used);
            if (first) break;
        }
        return found;
    }

    /// <summary>Whether a character stands in some key behind its beginning, so that what it becomes may depend on what is before it.</summary>
    public bool IsInside(Rune rune) => inside.Value?.Contains(rune.Value) ?? true;

    // Goes through the keys themselves; nothing where they are so many that no table of characters has them.
    System.Collections.Generic.HashSet<int>? Inside()
    {
        var all = new System.Collections.Generic.HashSet<int>();
        var pending = new Stack<(int Node, int Bytes, int Rune, bool IsFirst)>();
        pending.Push((Offset(units[0]), 0, 0, true));
        for (var left = MostKeys; pending.TryPop(out var top); left--)
        {
            if (left == 0) return null;
            for (var label = 1; label < 256; label++)
            {
                if (Next(top.Node, label) is not (>= 0 and var next)) continue;
                var isLead = top.Bytes == 0;
                var more = !isLead ? top.Bytes - 1 : label < 0x80 ? 0 : label < 0xE0 ? 1 : label < 0xF0 ? 2 : 3;
                var rune = !isLead ? (top.Rune << 6) | (label & 63) : more == 0 ? label : label & (0x3F >> more);
                if (more == 0 && !top.IsFirst) all.Add(rune);
                pending.Push((next, more, rune, top.IsFirst && more > 0));
            }
        }
        return all;
    }
}
