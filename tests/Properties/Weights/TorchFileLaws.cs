using System.Buffers.Binary;
using System.Text;
using Functional.Testing;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Weights;

/// <summary>Files that PyTorch 2.6 wrote with torch.save, and what others may have done to such.</summary>
public sealed class TorchFileLaws : IDisposable
{
    static readonly string source = Path.Combine(SourceTree.Root, "tests", "Properties", "Weights", "torch");
    readonly string root = Directory.CreateTempSubdirectory("functional-torch-").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    static Json Parsed(string file) => TinyRun.Get(Json.Parse(File.ReadAllText(Path.Combine(source, file)), file));

    static double Number(Json json) => json switch { Json.Whole w => w.Value, Json.Real r => r.Value, Json.Bool b => b.Value ? 1 : 0, _ => double.NaN };

    [Theory, InlineData("new.bin"), InlineData("old.bin"), InlineData("protocol4.bin")]
    public void Each_tensor_has_its_shape_and_numbers_whatever_its_strides(string file)
    {
        using var weights = TinyRun.Get(WeightFolder.OpenFile(Path.Combine(source, file)));
        var expected = ((Json.Map)Parsed("values.json")).Members;
        Assert.Equal(expected.Names, weights.Tensors.Names);
        foreach (var (name, value) in expected)
        {
            var members = ((Json.Map)value).Members;
            var tensor = weights.Tensors[name];
            Assert.Equal([.. ((Json.List)members["shape"]).Items.Select(static s => ((Json.Whole)s).Value)], tensor.Shape);
            var dtype = ((Json.Text)members["dtype"]).Value["torch.".Length..] switch
            {
                "float32" => "F32", "float16" => "F16", "bfloat16" => "BF16", "float64" => "F64", "int64" => "I64", var other => other.ToUpperInvariant(),
            };
            Assert.Equal(dtype, tensor.DType);
            double[] numbers = [.. ((Json.List)members["values"]).Items.Select(Number)];
            var into = new float[numbers.Length];
            if (dtype is "I64" or "BOOL")
            {
                Assert.EndsWith($"{name}: has dtype {dtype}; allowed: F32, F16, BF16, F64", TinyRun.Faults(weights.Read(name, into)), StringComparison.Ordinal);
                continue;
            }
            _ = TinyRun.Get(weights.Read(name, into));
            Assert.Equal(numbers.Select(static n => (float)n), into);
            if (tensor.Shape.Count != 2) continue;
            var (turned, shape) = (new float[numbers.Length], tensor.Shape);
            _ = TinyRun.Get(weights.Read(name, ElementView.Of(shape).Transpose(), turned, ElementView.Of([shape[1], shape[0]])));
            Assert.Equal(Enumerable.Range(0, into.Length).Select(i => into[(i % (int)shape[0] * (int)shape[1]) + (i / (int)shape[0])]), turned);
        }
    }

    [Fact]
    public void The_state_of_a_module_has_its_parameters()
    {
        using var weights = TinyRun.Get(WeightFolder.OpenFile(Path.Combine(source, "module.bin")));
        foreach (var (name, values) in ((Json.Map)Parsed("module.json")).Members)
        {
            var into = new float[((Json.List)values).Items.Count];
            _ = TinyRun.Get(weights.Read(name, into));
            Assert.Equal(((Json.List)values).Items.Select(static v => (float)Number(v)), into);
        }
    }

    static string Faults(string path) => WeightFolder.OpenFile(path).Match(
        weights => { weights.Dispose(); return "opened"; }, f => f.Lines().Replace(path, "f", StringComparison.Ordinal));

    [Theory]
    [InlineData("whole.bin", "f: asks for __main__.M; allowed, as nothing is executed: torch._utils._rebuild_tensor_v2, ")]
    [InlineData("nested.bin", "f: model: is no tensor; expected a state_dict, that is tensors by name\nf: step: is no tensor; ")]
    [InlineData("expanded.bin", "f: x: has shape [3, 2], strides [0, 1] and offset 0; its storage has 2 elements, each of which may stand once in a tensor")]
    public void What_is_more_than_tensors_is_refused(string file, string fault) => Assert.StartsWith(fault, Faults(Path.Combine(source, file)),
        StringComparison.Ordinal);

    string Put(byte[] bytes)
    {
        var path = Path.Combine(root, "x.bin");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    static byte[] Zip(System.IO.Compression.CompressionLevel level, params ReadOnlySpan<(string Name, byte[] Bytes)> entries)
    {
        var memory = new MemoryStream();
        using (var zip = new System.IO.Compression.ZipArchive(memory, System.IO.Compression.ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, bytes) in entries)
            {
                using var entry = zip.CreateEntry(name, level).Open();
                entry.Write(bytes);
            }
        return memory.ToArray();
    }

    [Fact]
    public void An_archive_of_another_kind_is_told()
    {
        byte[] pickle = [0x80, 2, (byte)'}', (byte)'.'];
        const System.IO.Compression.CompressionLevel Plain = System.IO.Compression.CompressionLevel.NoCompression;
        Assert.Equal("opened", Faults(Put(Zip(Plain, ("a/data.pkl", pickle)))));
        Assert.Equal("f: a/data.pkl: is compressed by method 8; allowed: 0, that is stored as it is",
            Faults(Put(Zip(System.IO.Compression.CompressionLevel.Optimal, ("a/data.pkl", new byte[400])))));
        Assert.Equal("f: has no data.pkl, or several; expected what torch.save writes", Faults(Put(Zip(Plain, ("a/other", pickle)))));
        Assert.Equal("f: has no data.pkl, or several; expected what torch.save writes",
            Faults(Put(Zip(Plain, ("a/data.pkl", pickle), ("b/data.pkl", pickle)))));
        Assert.Equal("f: a/data.pkl: is there twice", Faults(Put(Zip(Plain, ("a/data.pkl", pickle), ("a/data.pkl", pickle)))));
        Assert.Equal("f: byteorder: is big; allowed: little", Faults(Put(Zip(Plain, ("a/data.pkl", pickle), ("a/byteorder", "big"u8.ToArray())))));
        Assert.StartsWith("f: is no file of PyTorch's by its first bytes", Faults(Put("hello"u8.ToArray())), StringComparison.Ordinal);
    }

    [Theory, InlineData("new.bin"), InlineData("old.bin"), InlineData("protocol4.bin")]
    public void A_file_that_is_cut_off_anywhere_is_a_fault(string file)
    {
        var whole = File.ReadAllBytes(Path.Combine(source, file));
        // All near the ends, where each byte is another thing, and some between.
        foreach (var length in Enumerable.Range(0, whole.Length).Where(n => n < 60 || n > whole.Length - 60 || n % 17 == 0))
            Assert.NotEqual("opened", Faults(Put(whole[..length])));
    }

    /// <summary>Whatever a byte is, the outcome is tensors within the file or faults.</summary>
    [Property(MaxTest = 1500)]
    public bool A_damaged_byte_never_throws(ushort at, byte value, ushort again, byte other, byte which)
    {
        var bytes = File.ReadAllBytes(Path.Combine(source, ((string[])["new.bin", "old.bin", "protocol4.bin", "module.bin"])[which % 4]));
        bytes[at % bytes.Length] = value;
        if (which % 3 == 0) bytes[again % bytes.Length] = other;
        return WeightFolder.OpenFile(Put(bytes)).Match(
            weights =>
            {
                using (weights)
                    return weights.Tensors.All(t => ElementView.Of(t.Value.Shape).Count * 1L <= bytes.Length
                        && weights.Read(t.Name, new float[ElementView.Of(t.Value.Shape).Count]).Match(static _ => true, static f => f.Count > 0));
            },
            static f => f.Count > 0);
    }

    /// <summary>A pickle by hand, in the old form.</summary>
    static byte[] Old(params object[] pickle)
    {
        var bytes = new List<byte>();
        bytes.AddRange([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.', 0x80, 2, (byte)'M', 0xe9, 3, (byte)'.',
            0x80, 2, (byte)'}', (byte)'.', 0x80, 2]);
        foreach (var part in pickle) bytes.AddRange(part switch { byte[] raw => raw, string text => Encoding.Latin1.GetBytes(text), int b => [(byte)b], _ =>
            [] });
        return [.. bytes];
    }

    static byte[] Text(string text)
    {
        var bytes = new byte[5 + text.Length];
        bytes[0] = (byte)'X';
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(1), text.Length);
        Encoding.ASCII.GetBytes(text, bytes.AsSpan(5));
        return bytes;
    }

    static byte[] Storage(string type, int length) => [.. "("u8, .. Text("storage"), .. Encoding.ASCII.GetBytes($"ctorch\n{type}\n"), .. Text("0"),
        .. Text("cpu"), (byte)'K', (byte)length, .. "tQ"u8];

    [Fact]
    public void Nothing_is_executed()
    {
        Assert.StartsWith("f: asks for os.system; ", Faults(Put(Old("cos\nsystem\n", Text("true"), 0x85, "R."))), StringComparison.Ordinal);
        Assert.StartsWith("f: asks for builtins.eval; ", Faults(Put(Old(Text("builtins"), Text("eval"), 0x93, "."))), StringComparison.Ordinal);
        Assert.StartsWith("f: asks for torch.load; ", Faults(Put(Old("ctorch\nload\n."))), StringComparison.Ordinal);
        foreach (var code in "iIoF\x81\x82\x92\x8e\x96\x97PS") Assert.StartsWith($"f: holds the instruction 0x{(int)code:X2}; ",
            Faults(Put(Old(code.ToString()))), StringComparison.Ordinal);
        Assert.StartsWith("f: calls torch._utils._rebuild_tensor_v2 with something else", Faults(Put(Old("ctorch._utils\n_rebuild_tensor_v2\n)R."))),
            StringComparison.Ordinal);
        Assert.StartsWith("f: holds a call of another kind", Faults(Put(Old(Text("x"), ")R."))), StringComparison.Ordinal);
        Assert.StartsWith("f: holds a storage of another form", Faults(Put(Old(Text("x"), "Q."))), StringComparison.Ordinal);
        Assert.StartsWith("f: holds no dictionary of tensors", Faults(Put(Old("N.", 0x80, 2, "]."))), StringComparison.Ordinal);
        Assert.StartsWith("f: holds a text of 2147483647 bytes", Faults(Put(Old("X", new byte[] { 255, 255, 255, 127 }))), StringComparison.Ordinal);
        Assert.StartsWith("f: holds a reference of another kind", Faults(Put(Old("h", 7))), StringComparison.Ordinal);
        // A list that holds itself is no tensor, and nobody goes round in it.
        Assert.StartsWith("f: a: is no tensor", Faults(Put(Old("}", Text("a"), "]q", 0, "h", 0, "as.", 0x80, 2, "]."))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4, 0, 2, 1, "opened")]
    [InlineData(4, 0, 4, 1, "opened")]
    [InlineData(4, 1, 4, 1, "f: t: has shape [4], strides [1] and offset 1; its storage has 4 elements")]
    [InlineData(4, 0, 5, 1, "f: t: has shape [5], strides [1] and offset 0; its storage has 4 elements")]
    [InlineData(4, 0, 2, 3, "opened")]
    [InlineData(4, 0, 2, 4, "f: t: has shape [2], strides [4] and offset 0; its storage has 4 elements")]
    [InlineData(4, 0, 2, 0, "f: t: has shape [2], strides [0] and offset 0; its storage has 4 elements")]
    [InlineData(4, 3, 1, 200, "opened")]
    [InlineData(4, 200, 0, 1, "opened")]
    public void A_tensor_stays_within_its_storage(int held, int offset, int size, int stride, string fault)
    {
        var file = Old("}", Text("t"), "ctorch._utils\n_rebuild_tensor_v2\n(", Storage("FloatStorage", held), "K", offset, "K", size, 0x85, "K", stride,
            0x85, "N}tRs.", 0x80, 2, "]", Text("0"), "a.",
            BitConverter.GetBytes((long)held), new byte[held * 4]);
        Assert.StartsWith(fault, Faults(Put(file)), StringComparison.Ordinal);
    }
}
