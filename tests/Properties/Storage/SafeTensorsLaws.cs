using System.Text;
using Functional.Testing;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Storage;

public class SafeTensorsLaws
{
    static readonly string[] parts = ["tokens", "blocks.0.qkv.weight", "ünïcode/名前", "quote\"back\\slash", " ", "😀", "a", "__metadata", "new\nline"];

    /// <summary>Some tensors of random names, types and bits, the values that floats call NaN included.</summary>
    static Workspace Any(IEngine engine, Key key)
    {
        var types = Enumerable.Range(0, (int)key.Below(0, 6)).Select(i =>
        {
            var k = key.FoldIn((uint)i);
            var shape = Enumerable.Range(0, (int)k.Below(0, 4)).Select(d => 1 + (int)k.Below(10 + d, 5)).ToVec();
            return ($"{parts[k.Below(1, parts.Length)]}{i}", new TensorType(shape, (DType)k.Below(2, 4)));
        }).ToParams();
        var set = new Workspace(engine, types);
        foreach (var (name, buffer) in set.Buffers)
        {
            var bits = key.FoldIn(name);
            buffer.Write([.. Enumerable.Range(0, (int)buffer.Type.Bytes).Select(i => (byte)bits.Bits64(i))]);
        }
        return set;
    }

    static byte[] Bytes(IBuffer buffer)
    {
        var bytes = new byte[buffer.Type.Bytes];
        buffer.Read(bytes);
        return bytes;
    }

    static Params<TensorType> Types(SafeTensors file) =>
        file.Tensors.Map(static t => t.Held.IfNone(() => throw new InvalidOperationException($"{t} cannot be held")));

    static string Faults<T>(Validation<Fault, T> outcome) => TinyRun.Faults(outcome);

    static string Open(string path) => SafeTensors.Open(path).Match(static file => { file.Dispose(); return ""; }, static f => f.Lines());

    [Property]
    public bool Every_bit_comes_back(ulong seed, string? note)
    {
        using var scratch = new Scratch();
        using var engine = new ReferenceEngine();
        using var written = Any(engine, Key.Seed(seed));
        var metadata = Params.Of(("note", Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(note ?? ""))), ("step", "12"));
        TinyRun.Get(SafeTensors.Write(scratch["t"], written.Buffers, metadata));
        using var file = TinyRun.Get(SafeTensors.Open(scratch["t"]));
        using var read = new Workspace(engine, Types(file));
        TinyRun.Get(file.ReadInto(read.Buffers));
        return file.Metadata.Equals(metadata) && Types(file).Equals(written.Buffers.Map(static b => b.Type))
            && written.Buffers.All(b => Bytes(b.Value).AsSpan().SequenceEqual(Bytes(read[b.Name])))
            && (new FileInfo(scratch["t"]).Length - file.Tensors.Fold(0L, static (n, t) => n + t.Bytes)) % 8 == 0;
    }

    [Property(MaxTest = 30)]
    public bool A_file_cut_off_anywhere_is_a_fault(ulong seed)
    {
        using var scratch = new Scratch();
        using var engine = new ReferenceEngine();
        using var written = Any(engine, Key.Seed(seed));
        TinyRun.Get(SafeTensors.Write(scratch["t"], written.Buffers, Params<string>.Empty));
        var bytes = File.ReadAllBytes(scratch["t"]);
        for (var length = 0; length < bytes.Length; length++)
        {
            File.WriteAllBytes(scratch["cut"], bytes[..length]);
            if (!Open(scratch["cut"]).StartsWith(scratch["cut"], StringComparison.Ordinal)) return false;
        }
        File.WriteAllBytes(scratch["cut"], [.. bytes, 0]);
        return Open(scratch["cut"]) != "" && Open(scratch["t"]) == "";
    }

    [Property(MaxTest = 20)]
    public bool A_changed_header_never_throws_nor_reaches_outside(ulong seed, byte value)
    {
        using var scratch = new Scratch();
        using var engine = new ReferenceEngine();
        using var written = Any(engine, Key.Seed(seed));
        TinyRun.Get(SafeTensors.Write(scratch["t"], written.Buffers, Params.Of(("a", "b"))));
        var bytes = File.ReadAllBytes(scratch["t"]);
        for (var at = 0; at < Math.Min(bytes.Length, 400); at++)
        {
            var changed = (byte[])bytes.Clone();
            changed[at] ^= (byte)(1 + value % 255);
            File.WriteAllBytes(scratch["changed"], changed);
            _ = SafeTensors.Open(scratch["changed"]).Match(file =>
            {
                // Some changes, such as another letter in a name, make another valid file.
                using (file)
                    foreach (var (name, tensor) in file.Tensors)
                        if (tensor.Held.IsSome) TinyRun.Get(file.Read(name, new byte[tensor.Bytes]));
                return 0;
            }, static _ => 0);
        }
        return true;
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", 6, "t: b: begins at byte 2; expected 4, where the tensor before ends")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "t: b: begins at byte 8; expected 4, where the tensor before ends")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "t: a: begins at byte 4; expected 0, where the tensor before ends")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "t: a: has bytes 0 to 4; expected 8 bytes for F32[2]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "t: a: has bytes 4 to 0; expected a beginning from 0 on, and an end not before it")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}""", 4, "t: a: has bytes -4 to 0; expected a beginning from 0 on, and an end not before it")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775804,9223372036854775807]}}""", 4, "t: a: has bytes 9223372036854775804 to 9223372036854775807; expected 4 bytes for F32[1]")]
    [InlineData("""{"a":{"shape":[1],"data_offsets":[0,4]}}""", 4, "t: a: has no dtype; expected a text such as F32")]
    [InlineData("""{"a":{"dtype":"F32","shape":[65536,65536],"data_offsets":[0,17179869184]}}""", 0, "t: has 0 bytes of tensors; expected 17179869184; it is cut off")]
    [InlineData("""{"a":{"dtype":"X","shape":[1],"data_offsets":[0,9223372036854775807]}}""", 0, "t: has 0 bytes of tensors; expected 9223372036854775807; it is cut off")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "t: a: has no shape; expected a list of whole numbers from 0 on")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "t: a: is there twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4, "t: a: has no data_offsets; expected two whole numbers")]
    [InlineData("""{"a":[]}""", 4, "t: a: is no object; expected dtype, shape and data_offsets")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "t: __metadata__: a: is no text, or there twice; expected texts by name")]
    [InlineData("""{"__metadata__":3}""", 0, "t: __metadata__: is no object; expected texts by name")]
    [InlineData("""{}""", 4, "t: has 4 bytes of tensors; expected 0")]
    [InlineData("""{"a":""", 0, "t: has a header that is no JSON; it is damaged or no safetensors file")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "t: has a header that is no JSON; it is damaged or no safetensors file")]
    public void A_header_that_lies_is_found_out(string json, long bytes, string expected) =>
        Assert.Equal(expected, Faults(SafeTensorsHeader.Parse(Encoding.UTF8.GetBytes(json), bytes, "t")));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(100_000_001)]
    [InlineData(long.MaxValue)]
    [InlineData(-1)]
    public void A_huge_or_wrong_header_length_asks_for_no_memory(long length)
    {
        using var scratch = new Scratch();
        File.WriteAllBytes(scratch["t"], [.. BitConverter.GetBytes(length), (byte)'{', (byte)'}']);
        Assert.Contains($"says that its header has {(ulong)length} bytes; allowed: 2 to 2;", Open(scratch["t"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_a_folder_and_an_empty_file_are_faults()
    {
        using var scratch = new Scratch();
        File.WriteAllBytes(scratch["empty"], []);
        Assert.Equal($"{scratch["none"]}: lacks none; expected a safetensors file", Open(scratch["none"]));
        Assert.Equal($"{scratch.Path}: is a folder; expected a safetensors file", Open(scratch.Path));
        Assert.Equal($"{scratch["empty"]}: ends after 0 bytes; expected a safetensors file; it is cut off", Open(scratch["empty"]));
    }

    [Fact]
    public void Other_names_and_types_are_all_told_before_anything_is_read()
    {
        using var scratch = new Scratch();
        using var engine = new ReferenceEngine();
        using var written = new Workspace(engine, Params.Of(("a", new TensorType([2])), ("b", new TensorType([3])), ("c", new TensorType([]))));
        using var other = new Workspace(engine, Params.Of(("a", new TensorType([2])), ("b", new TensorType([4])), ("d", new TensorType([]))));
        other["a"].Write<float>([1, 2]);
        TinyRun.Get(SafeTensors.Write(scratch["t"], written.Buffers, Params<string>.Empty));
        using var file = TinyRun.Get(SafeTensors.Open(scratch["t"]));
        Assert.Equal(
            $"{scratch["t"]}: b: is f32[3]; expected f32[4]\n{scratch["t"]}: d: is missing; expected f32[]\n{scratch["t"]}: c: is not part of the model; expected its tensors and no others",
            Faults(file.ReadInto(other.Buffers)));
        Assert.Equal([1, 2], other["a"].ToArray<float>());
    }

    [Fact]
    public void A_full_device_is_a_fault()
    {
        if (!File.Exists("/dev/full")) return;
        using var engine = new ReferenceEngine();
        using var set = new Workspace(engine, Params.Of(("a", new TensorType([2]))));
        Assert.Equal("/dev/full: No space left on device; the file is not whole", Faults(SafeTensors.Write("/dev/full", set.Buffers, Params<string>.Empty)));
    }

    [Fact]
    public void The_layout_is_that_of_the_format()
    {
        using var scratch = new Scratch();
        using var engine = new ReferenceEngine();
        using var set = new Workspace(engine, Params.Of(("a", new TensorType([2])), ("b", new TensorType([1, 1], DType.Bool))));
        set["a"].Write<float>([1, -2]);
        set["b"].Write<byte>([1]);
        TinyRun.Get(SafeTensors.Write(scratch["t"], set.Buffers, Params.Of(("k", "v"))));
        const string header = """{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"BOOL","shape":[1,1],"data_offsets":[8,9]}}""";
        var padded = header.PadRight((header.Length + 7) / 8 * 8);
        Assert.Equal([.. BitConverter.GetBytes((long)padded.Length), .. Encoding.ASCII.GetBytes(padded), 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 1],
            File.ReadAllBytes(scratch["t"]));
    }
}
