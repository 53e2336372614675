using System.Collections.Immutable;
using Functional.Subwords;
using Functional.Text;

namespace Functional.Grammars;

/// <summary>
/// The tokens of a vocabulary by their bytes, in order, so that those with a beginning in common are gone through once; and which characters they can write. Special tokens and
/// tokens of no bytes are no text, and are left out.
/// </summary>
public sealed class TokenTrie
{
    // Of each node: its byte, how deep it is (from 1), the first node behind its subtree, and its tokens.
    readonly byte[] labels;
    readonly int[] depths, ends, from, ids;

    TokenTrie(Tokenizer tokenizer, IReadOnlyCollection<int> without)
    {
        Size = tokenizer.VocabularySize;
        HashSet<int> left = [.. without, .. tokenizer is SubwordTokenizer words ? words.Added.Where(static t => t.Special).Select(static t => t.Id) : []];
        var all = Enumerable.Range(0, Size).Where(id => !left.Contains(id)).Select(id => (Id: id, Bytes: tokenizer.Bytes(id).ToArray())).Where(static t => t.Bytes.Length > 0).ToList();
        var single = new bool[256];
        foreach (var (_, bytes) in all)
            if (bytes.Length == 1) single[bytes[0]] = true;
        // Who begins a character with a part of it must be able to end it.
        var parts = Enumerable.Range(0x80, 64).All(b => single[b]);
        if (!parts) all.RemoveAll(static t => !IsWhole(t.Bytes));
        Whole = RuneRanges.Union(all.Select(static t => Character(t.Bytes)).Where(static c => c >= 0).Select(static c => (c, c)));
        Writable = !parts ? Whole : RuneRanges.Union(Whole.Concat(Enumerable.Range(0, 256).Where(b => single[b]).Select(static b => Led((byte)b)).Where(static r => r.Last >= 0)));
        Writable = RuneRanges.Both(Writable, RuneRanges.All);
        all.Sort(static (a, b) => a.Bytes.AsSpan().SequenceCompareTo(b.Bytes) is not 0 and var order ? order : a.Id.CompareTo(b.Id));
        (labels, depths, ends, from, ids) = Build(all);
    }

    /// <summary>The tokens of a tokenizer.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="without">Tokens that are no text here, such as those that end one, or are banned.</param>
    public static TokenTrie Of(Tokenizer tokenizer, IReadOnlyCollection<int>? without = null) => new(tokenizer, without ?? []);

    /// <summary>How many ids there are, with those that are left out.</summary>
    public int Size { get; }

    /// <summary>Characters that can be written whatever stands around them.</summary>
    internal ImmutableArray<(int First, int Last)> Writable { get; }

    /// <summary>Characters that are a token.</summary>
    internal ImmutableArray<(int First, int Last)> Whole { get; }

    /// <summary>The bytes of each id; none for those that are left out.</summary>
    internal byte[][] AllBytes()
    {
        var (bytes, path) = (new byte[Size][], new byte[Deepest]);
        System.Array.Fill(bytes, []);
        for (var node = 0; node < Nodes; node++)
        {
            path[depths[node] - 1] = labels[node];
            foreach (var id in Tokens(node)) bytes[id] = path[..depths[node]];
        }
        return bytes;
    }

    internal int Nodes => labels.Length;

    internal byte Label(int node) => labels[node];

    internal int Depth(int node) => depths[node];

    internal int End(int node) => ends[node];

    internal ReadOnlySpan<int> Tokens(int node) => ids.AsSpan(from[node]..from[node + 1]);

    internal int Deepest => depths.Length == 0 ? 0 : depths.Max();

    static (byte[], int[], int[], int[], int[]) Build(List<(int Id, byte[] Bytes)> all)
    {
        var (labels, depths, from, ids) = (new List<byte>(), new List<int>(), new List<int>(), new List<int>());
        byte[] before = [];
        foreach (var (id, bytes) in all)
        {
            var same = bytes.AsSpan().CommonPrefixLength(before);
            for (var i = same; i < bytes.Length; i++)
            {
                labels.Add(bytes[i]);
                depths.Add(i + 1);
                from.Add(ids.Count);
            }
            ids.Add(id);
            before = bytes;
        }
        from.Add(ids.Count);
        var ends = new int[labels.Count];
        var open = new Stack<int>();
        for (var node = 0; node <= labels.Count; node++)
        {
            while (open.Count > 0 && (node == labels.Count || depths[node] <= depths[open.Peek()])) ends[open.Pop()] = node;
            open.Push(node);
        }
        return ([.. labels], [.. depths], ends, [.. from], [.. ids]);
    }

    static bool IsWhole(byte[] bytes)
    {
        for (ReadOnlySpan<byte> rest = bytes; !rest.IsEmpty;)
        {
            if (System.Text.Rune.DecodeFromUtf8(rest, out _, out var used) != System.Buffers.OperationStatus.Done) return false;
            rest = rest[used..];
        }
        return true;
    }

    // The character that bytes are; −1 where they are not one.
    static int Character(byte[] bytes) =>
        System.Text.Rune.DecodeFromUtf8(bytes, out var rune, out var used) == System.Buffers.OperationStatus.Done && used == bytes.Length ? rune.Value : -1;

    // The characters that begin with a byte.
    static (int First, int Last) Led(byte b) => b switch
    {
        < 0x80 => (b, b),
        >= 0xC2 and < 0xE0 => ((b & 0x1F) << 6, ((b & 0x1F) << 6) + 0x3F),
        >= 0xE0 and < 0xF0 => (Math.Max(0x800, (b & 0xF) << 12), ((b & 0xF) << 12) + 0xFFF),
        >= 0xF0 and <= 0xF4 => (Math.Max(0x10000, (b & 7) << 18), Math.Min(0x10FFFF, ((b & 7) << 18) + 0x3FFFF)),
        _ => (0, -1),
    };
}
