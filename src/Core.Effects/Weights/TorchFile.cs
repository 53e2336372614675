using System.Buffers.Binary;
using System.Text;
using Functional.Base;
using Functional.Families;
using Functional.Files;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Weights;

/// <summary>
/// What a file of <c>torch.save</c> lists: a dictionary of tensors, in the form of a ZIP archive (PyTorch 1.6 and later) or in the older one of pickles that
/// follow one another. Nothing in it is executed.
/// </summary>
static class TorchFile
{
    // 0x1950a86a20f9469cfc6c, its low 8 bytes.
    const long Magic = unchecked((long)0xa86a20f9469cfc6c);

    /// <summary>Its tensors in the dictionary's order, or every fault.</summary>
    public static Validation<Fault, Params<StoredWeight>> List(string path) => FileFaults.Open(path, buffer: 1 << 16).Bind(stream =>
    {
        using (stream) return List(stream, path);
    });

    static Validation<Fault, Params<StoredWeight>> List(FileStream stream, string path)
    {
        var head = new byte[4];
        var read = stream.ReadAtLeast(head, 4, throwOnEndOfStream: false);
        try
        {
            stream.Position = 0;
            return read == 4 && head is [(byte)'P', (byte)'K', 3, 4] ? ZipDirectory.Read(stream, path).Bind(zip => Zipped(stream, zip, path))
                : read == 4 && head[0] == 0x80 ? Old(stream, path)
                : Fault.Of<Params<StoredWeight>>(path, "is no file of PyTorch's by its first bytes", "expected what torch.save writes");
        }
        catch (PickleException e)
        {
            return e.In(path).As<Params<StoredWeight>>();
        }
    }

    static Validation<Fault, Params<StoredWeight>> Zipped(FileStream stream, ZipDirectory zip, string path)
    {
        if (zip.Entries.Names.Where(static n => n == "data.pkl" || n.EndsWith("/data.pkl", StringComparison.Ordinal)).ToArray() is not [var pickle])
            return Fault.Of<Params<StoredWeight>>(path, "has no data.pkl, or several", "expected what torch.save writes");
        var prefix = pickle[..^"data.pkl".Length];
        if (zip.Entries.Contains(prefix + "byteorder") && zip.Entries[prefix + "byteorder"] is { Length: < 16 } order && Text(stream, order) != "little")
            return Fault.Of<Params<StoredWeight>>($"{path}: byteorder", $"is {Text(stream, order)}", "allowed: little");
        var (start, length) = zip.Entries[pickle];
        stream.Position = start;
        var entries = new PickleReader(new Part(stream, length)).Read();
        return Tensors(entries, path, storage => zip.Entries.Contains($"{prefix}data/{storage.Key}") ? zip.Entries[$"{prefix}data/{storage.Key}"] : null);
    }

    static string Text(FileStream stream, (long Start, long Length) place)
    {
        stream.Position = place.Start;
        var bytes = new byte[place.Length];
        stream.ReadExactly(bytes);
        return Encoding.ASCII.GetString(bytes).Trim();
    }

    static Validation<Fault, Params<StoredWeight>> Old(FileStream stream, string path)
    {
        Pickled Next() => new PickleReader(stream).Read();
        if (Next() is not Pickled.Whole { Value: Magic }) return Fault.Of<Params<StoredWeight>>(path, "has no magic number of PyTorch's",
            "expected what torch.save writes");
        if (Next() is not Pickled.Whole { Value: 1001 }) return Fault.Of<Params<StoredWeight>>(path, "is of another version of the old form", "allowed: 1001");
        if (Next() is not Pickled.Entries system || system.Of.Any(static e => e is (Pickled.Text { Value: "little_endian" }, Pickled.Flag { Value: false })))
            return Fault.Of<Params<StoredWeight>>(path, "was written by a machine with another order of bytes", "allowed: little_endian");
        var entries = Next();
        if (Next() is not Pickled.Items keys || keys.Of.Any(static k => k is not Pickled.Text)) return Fault.Of<Params<StoredWeight>>(path,
            "has no list of storages");
        var widths = new Dictionary<string, int>(StringComparer.Ordinal);
        if (entries is Pickled.Entries map)
            foreach (var (_, value) in map.Of) if (value is Pickled.Tensor t) widths[t.In.Key] = t.In.Type.Bytes;
        var places = new Dictionary<string, (long, long)>(StringComparer.Ordinal);
        foreach (var key in keys.Of.Cast<Pickled.Text>())
        {
            var count = new byte[8];
            if (!widths.TryGetValue(key.Value, out var width)) return Fault.Of<Params<StoredWeight>>($"{path}: storage {key.Value}", "belongs to no tensor",
                "it is damaged");
            if (stream.ReadAtLeast(count, 8, throwOnEndOfStream: false) < 8 || BinaryPrimitives.ReadInt64LittleEndian(count) is var n
                && (n < 0 || n > (stream.Length - stream.Position) / width))
                return Fault.Of<Params<StoredWeight>>($"{path}: storage {key.Value}", "is not all there", "it is cut off or damaged");
            places[key.Value] = (stream.Position, BinaryPrimitives.ReadInt64LittleEndian(count) * width);
            stream.Position += BinaryPrimitives.ReadInt64LittleEndian(count) * width;
        }
        return Tensors(entries, path, storage => places.TryGetValue(storage.Key, out var place) ? place : null);
    }

    static Validation<Fault, Params<StoredWeight>> Tensors(Pickled entries, string path, Func<Pickled.Storage, (long Start, long Length)?> find)
    {
        if (entries is not Pickled.Entries map) return Fault.Of<Params<StoredWeight>>(path, "holds no dictionary of tensors", "expected a state_dict");
        var names = new System.Collections.Generic.HashSet<string>(StringComparer.Ordinal);
        return map.Of.Select(entry => entry switch
        {
            (Pickled.Text name, Pickled.Tensor tensor) => names.Add(name.Value) ? Weight(tensor, path, name.Value, find).Map(weight => (name.Value, weight))
                : Fault.Of<(string, StoredWeight)>($"{path}: {name.Value}", "is there twice"),
            (Pickled.Text name, _) => Fault.Of<(string, StoredWeight)>($"{path}: {name.Value}", "is no tensor",
                "expected a state_dict, that is tensors by name"),
            _ => Fault.Of<(string, StoredWeight)>(path, "has an entry whose name is no text", "expected a state_dict, that is tensors by name"),
        }).Gather().Map(static found => found.ToParams());
    }

    static Validation<Fault, StoredWeight> Weight(Pickled.Tensor tensor, string path, string name, Func<Pickled.Storage, (long Start, long Length)?> find)
    {
        var (where, width) = ($"{path}: {name}", tensor.In.Type.Bytes);
        if (tensor.Shape.Count != tensor.Strides.Count) return Fault.Of<StoredWeight>(where, $"has shape {tensor.Shape} and strides {tensor.Strides}",
            "expected as many");
        if (find(tensor.In) is not { } place) return Fault.Of<StoredWeight>(where, $"is in storage {tensor.In.Key}, which the file lacks",
            "it is cut off or damaged");
        // Of an axis of length 1 the stride says nothing, and of a tensor without elements none does.
        var whole = ElementView.Of(tensor.Shape);
        var (empty, apart, reach, held) = (tensor.Shape.Contains(0), true, (Int128)0, place.Length / width);
        foreach (var (size, stride) in tensor.Shape.Zip(tensor.Strides).Where(static axis => axis.Item1 > 1).OrderBy(static axis => axis.Item2))
        {
            apart &= stride > reach;
            reach += (Int128)(size - 1) * stride;
        }
        if (!empty && (!apart || tensor.Offset + reach >= held))
            return Fault.Of<StoredWeight>(where, $"has shape {tensor.Shape}, strides {tensor.Strides} and offset {tensor.Offset}",
                $"its storage has {held} elements, each of which may stand once in a tensor");
        return Success<Fault, StoredWeight>(new(tensor.In.Type.Name, tensor.Shape, Path.GetFileName(path))
        {
            Start = place.Start + (empty ? 0 : tensor.Offset * width),
            Strides = empty ? whole.Strides : whole.Strides.Map((stride, axis) => tensor.Shape[axis] == 1 ? stride : tensor.Strides[axis]),
            Bytes = empty ? 0 : whole.Count * width,
        });
    }

    /// <summary>The next bytes of a stream, and no more.</summary>
    sealed class Part(Stream inner, long left) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            var read = inner.Read(buffer[..(int)Math.Min(buffer.Length, left)]);
            left -= read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));
        public override int ReadByte()
        {
            if (left == 0) return -1;
            left--;
            return inner.ReadByte();
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
