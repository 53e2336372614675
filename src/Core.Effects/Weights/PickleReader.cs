using System.Buffers.Binary;
using System.Text;

namespace Functional.Weights;

/// <summary>
/// Reads Python's pickles of tensors without doing what a pickle may ask for: it knows the instructions of protocols 2 to 5 that build numbers, texts, lists,
/// dictionaries and tensors, and the few names in <see cref="PickleGlobals"/>. Any other instruction or name is refused by its name.
/// </summary>
/// <param name="stream">The pickle's bytes from where it begins; afterwards it stands behind the pickle.</param>
sealed class PickleReader(Stream stream)
{
    // A text or a run of items longer than this is no part of a list of tensors.
    const int MostText = 1 << 20;
    const int MostItems = 1 << 22;

    readonly List<Pickled> stack = [];
    readonly Dictionary<long, Pickled> memo = [];

    /// <summary>What the pickle holds.</summary>
    /// <exception cref="PickleException">It holds something else than tensors, or is damaged.</exception>
    public Pickled Read()
    {
        while (true)
        {
            var code = (byte)Next();
            if (code == '.') return stack.Count == 1 ? Pop() : throw new PickleException($"ends with {stack.Count} values", "expected one; it is damaged");
            Do(code);
            if (stack.Count > MostItems || memo.Count > MostItems) throw new PickleException($"has more than {MostItems} values");
        }
    }

    void Do(byte code)
    {
        switch (code)
        {
            case 0x80:
                if (Next() is not (>= 2 and <= 5) and var protocol) throw new PickleException($"has protocol {protocol}", "allowed: 2 to 5");
                break;
            case 0x95: _ = Bytes(8); break;
            case (byte)'N': stack.Add(new Pickled.Nothing()); break;
            case 0x88 or 0x89: stack.Add(new Pickled.Flag(code == 0x88)); break;
            case (byte)'J': stack.Add(new Pickled.Whole(BinaryPrimitives.ReadInt32LittleEndian(Bytes(4)))); break;
            case (byte)'K': stack.Add(new Pickled.Whole(Next())); break;
            case (byte)'M': stack.Add(new Pickled.Whole(BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2)))); break;
            case 0x8a: stack.Add(Long(Next())); break;
            case (byte)'G': stack.Add(new Pickled.Real(BinaryPrimitives.ReadDoubleBigEndian(Bytes(8)))); break;
            case (byte)'X': stack.Add(Text(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)))); break;
            case 0x8c or (byte)'U': stack.Add(Text((uint)Next())); break;
            case (byte)'T': stack.Add(Text(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)))); break;
            case (byte)')' or (byte)']': stack.Add(new Pickled.Items([])); break;
            case (byte)'}': stack.Add(new Pickled.Entries([])); break;
            case (byte)'(': stack.Add(new Pickled.Mark()); break;
            case (byte)'t' or (byte)'l': stack.Add(new Pickled.Items(ToMark())); break;
            case (byte)'d': stack.Add(new Pickled.Entries(Pairs(ToMark()))); break;
            case 0x85 or 0x86 or 0x87: stack.Add(new Pickled.Items(Top(code - 0x84))); break;
            case (byte)'0': _ = Pop(); break;
            case (byte)'1': _ = ToMark(); break;
            case (byte)'2': stack.Add(Peek()); break;
            case (byte)'q': memo[Next()] = Peek(); break;
            case (byte)'r': memo[BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4))] = Peek(); break;
            case 0x94: memo[memo.Count] = Peek(); break;
            case (byte)'h': stack.Add(Recall(Next())); break;
            case (byte)'j': stack.Add(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4)))); break;
            case (byte)'a': Append(Top(1)); break;
            case (byte)'e': Append(ToMark()); break;
            case (byte)'s': Set(Top(2)); break;
            case (byte)'u': Set(ToMark()); break;
            case (byte)'c': stack.Add(PickleGlobals.Of(Line(), Line())); break;
            case 0x93: stack.Add(Top(2) is [Pickled.Text module, Pickled.Text name] ? PickleGlobals.Of(module.Value, name.Value)
                : throw Damaged("a name")); break;
            case (byte)'Q': stack.Add(PickleGlobals.Storage(Pop())); break;
            case (byte)'R': stack.Add(Top(2) is [Pickled.Global global, Pickled.Items given] ? PickleGlobals.Call(global.Name, given.Of)
                : throw Damaged("a call")); break;
            case (byte)'b':
                // Attributes of a dictionary, such as the versions of its modules: no part of the tensors.
                _ = Pop();
                if (Peek() is not Pickled.Entries) throw Damaged("a state");
                break;
            default: throw new PickleException($"holds the instruction 0x{code:X2}",
                "allowed: those that build numbers, texts, lists, dictionaries and tensors");
        }
    }

    static PickleException Damaged(string what) => new($"holds {what} of another kind than expected", "it is damaged, or holds more than tensors");

    int Next() => stream.ReadByte() is >= 0 and var value ? value : throw new PickleException("ends inside its list of tensors", "it is cut off");

    byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        return stream.ReadAtLeast(bytes, count, throwOnEndOfStream: false) == count ? bytes : throw new PickleException("ends inside its list of tensors",
            "it is cut off");
    }

    Pickled.Text Text(uint length) => length <= MostText ? new(Encoding.UTF8.GetString(Bytes((int)length)))
        : throw new PickleException($"holds a text of {length} bytes", $"allowed: up to {MostText}");

    string Line()
    {
        var line = new StringBuilder();
        while (Next() is not '\n' and var c)
            if (line.Append((char)c).Length > 256) throw new PickleException("holds a name of more than 256 characters");
        return line.ToString();
    }

    // As many bytes as the number needs; more than 8 only the magic number of the old form has, whose low bytes tell it.
    Pickled.Whole Long(int length)
    {
        var bytes = Bytes(length);
        if (length > 10) throw new PickleException($"holds a number of {length} bytes", "allowed: up to 8");
        var wide = new byte[8];
        bytes.AsSpan(0, Math.Min(8, length)).CopyTo(wide);
        if (length is > 0 and < 8 && (bytes[^1] & 0x80) != 0) wide.AsSpan(length).Fill(0xFF);
        return new(BinaryPrimitives.ReadInt64LittleEndian(wide));
    }

    Pickled Peek() => stack.Count > 0 ? stack[^1] : throw Damaged("a value");

    Pickled Pop()
    {
        var top = Peek();
        stack.RemoveAt(stack.Count - 1);
        return top is Pickled.Mark ? throw Damaged("a value") : top;
    }

    Pickled Recall(long place) => memo.TryGetValue(place, out var value) ? value : throw Damaged("a reference");

    List<Pickled> Top(int count)
    {
        if (stack.Count < count) throw Damaged("a value");
        var top = stack.GetRange(stack.Count - count, count);
        if (top.Any(static p => p is Pickled.Mark)) throw Damaged("a value");
        stack.RemoveRange(stack.Count - count, count);
        return top;
    }

    List<Pickled> ToMark()
    {
        var mark = stack.FindLastIndex(static p => p is Pickled.Mark);
        if (mark < 0) throw Damaged("a run of values");
        var items = stack.GetRange(mark + 1, stack.Count - mark - 1);
        stack.RemoveRange(mark, stack.Count - mark);
        return items;
    }

    void Append(List<Pickled> items)
    {
        if (Peek() is not Pickled.Items list || list.Of.Count + items.Count > MostItems) throw Damaged("a list");
        list.Of.AddRange(items);
    }

    void Set(List<Pickled> items)
    {
        if (Peek() is not Pickled.Entries map || map.Of.Count + items.Count > MostItems) throw Damaged("a dictionary");
        map.Of.AddRange(Pairs(items));
    }

    static List<(Pickled, Pickled)> Pairs(List<Pickled> items) => items.Count % 2 == 0
        ? [.. items.Chunk(2).Select(static pair => (pair[0], pair[1]))]
        : throw Damaged("a dictionary");
}
