using System.Text;
using FsCheck;
using Functional.Testing;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Storage;

/// <summary>Files that other programs wrote: what a tensor here cannot be is listed and passed over, and what the format forbids is found out.</summary>
public class ForeignSafeTensorsLaws
{
    static Validation<Fault, SafeTensorsHeader> Parse(string json, long bytes) => SafeTensorsHeader.Parse(Encoding.UTF8.GetBytes(json), bytes, "t");

    static string Faults(string json, long bytes) => TinyRun.Faults(Parse(json, bytes));

    /// <summary>Whether tensors follow one another and cover the data.</summary>
    static bool Cover(SafeTensorsHeader header, long bytes)
    {
        var at = 0L;
        foreach (var (_, tensor) in header.Tensors)
        {
            if (tensor.Begin != at || tensor.End < at) return false;
            at = tensor.End;
        }
        return at == bytes;
    }

    static string Tensor(string name, string dtype, string shape, string offsets) => $$"""
        "{{name}}": {"dtype": "{{dtype}}", "shape": {{shape}}, "data_offsets": {{offsets}} }
        """;

    static string NotHeld(string path, ForeignTensor t) =>
        $"{path}: {t.Name}: has dtype {t.DType} and shape {t.Shape}; allowed: F32, F16, BF16, I32 or BOOL with 1 to 2147483647 elements";

    [Property(Arbitrary = [typeof(AnyForeign)], MaxTest = 300)]
    public bool Every_dtype_shape_and_order_is_listed(ForeignFile file)
    {
        var header = TinyRun.Get(Parse(file.Json(), file.DataBytes));
        var places = file.Places;
        return header.Tensors.Count == file.Tensors.Count
            && file.Tensors.Map((t, i) => header.Tensors[t.Name] == new StoredTensor(t.DType, t.Shape, places[i].Begin, places[i].End)).All(static t => t)
            && Cover(header, file.DataBytes)
            && header.Metadata.Equals(file.MetadataAt < 0 ? Params<string>.Empty : Params.Of(("format", "pt")));
    }

    [Property(Arbitrary = [typeof(AnyForeign)])]
    public bool Tensors_without_bytes_at_one_place_stay_in_the_order_of_the_header(ForeignFile file)
    {
        var named = file.Order.Select(i => file.Tensors[i].Name).ToList();
        return TinyRun.Get(Parse(file.Json(), file.DataBytes)).Tensors.Where(static t => t.Value.Bytes == 0).GroupBy(static t => t.Value.Begin)
            .All(at => at.Select(t => named.IndexOf(t.Name)) is var order && order.SequenceEqual(order.Order()));
    }

    [Property(Arbitrary = [typeof(AnyForeign)])]
    public bool Held_is_what_a_tensor_here_can_be(ForeignFile file)
    {
        var header = TinyRun.Get(Parse(file.Json(), file.DataBytes));
        return file.Tensors.All(t => header.Tensors[t.Name].Held.Match(
            type => t.IsHeld && type.Bytes == t.Bytes && type.ToString() == $"{t.DType.ToLowerInvariant()}{t.Shape}",
            () => !t.IsHeld));
    }

    [Property(Arbitrary = [typeof(AnyForeign)], MaxTest = 300)]
    public bool Another_length_than_the_elements_have_is_a_fault_where_the_dtype_is_known(ForeignFile file, byte which, sbyte by)
    {
        if (file.Tensors.Count == 0 || by == 0) return true;
        var i = which % file.Tensors.Count;
        var (tensor, longer) = (file.Tensors[i], Math.Max(by, -file.Tensors[i].Bytes));
        if (longer == 0) return true;
        // All that follows moves along, so that the length is all that is wrong.
        var changed = file with { Tensors = file.Tensors.With(i, tensor with { Bytes = tensor.Bytes + longer }) };
        var (begin, end) = changed.Places[i];
        var fault = $"t: {tensor.Name}: has bytes {begin} to {end}; expected {tensor.Bytes} bytes for {tensor.DType}{tensor.Shape}";
        return Faults(changed.Json(), changed.DataBytes) == (tensor.IsKnown ? fault : "");
    }

    [Property(Arbitrary = [typeof(AnyForeign)], MaxTest = 300)]
    public bool Sharing_a_byte_or_leaving_one_out_is_a_fault(ForeignFile file, byte which, bool back)
    {
        var full = Enumerable.Range(0, file.Tensors.Count).Where(i => file.Tensors[i].Bytes > 0).ToList();
        if (full.Count == 0) return true;
        var first = full[which % full.Count];
        var moved = file.Places.Map((p, i) => i < first ? p : back ? (Begin: p.Begin - 1, End: p.End - 1) : (Begin: p.Begin + 1, End: p.End + 1));
        var faults = Faults(file.Json(moved), moved[^1].End);
        return faults.Contains(": begins at byte ", StringComparison.Ordinal) || faults.Contains(": has bytes -1 to ", StringComparison.Ordinal);
    }

    [Property(Arbitrary = [typeof(AnyForeign)])]
    public bool More_or_fewer_bytes_than_the_tensors_have_are_a_fault(ForeignFile file, sbyte by) =>
        by == 0 || file.DataBytes + by < 0
        || Faults(file.Json(), file.DataBytes + by)
            == $"t: has {file.DataBytes + by} bytes of tensors; expected {file.DataBytes}{(by < 0 ? "; it is cut off" : "")}";

    [Property(Arbitrary = [typeof(SmallForeign)])]
    public bool Only_asking_for_what_cannot_be_held_is_a_fault(ForeignFile file)
    {
        using var scratch = new Scratch();
        using var engine = new ReferenceEngine();
        File.WriteAllBytes(scratch["t"], file.File());
        using var opened = TinyRun.Get(SafeTensors.Open(scratch["t"]));
        using var set = new Workspace(engine, opened.Tensors.Map(static t => t.Held.IfNone(() => new([]))));
        foreach (var (tensor, place) in file.Tensors.Zip(file.Places))
        {
            var bytes = new byte[tensor.Bytes];
            if (TinyRun.Faults(opened.Read(tensor.Name, bytes)) != (tensor.IsHeld ? "" : NotHeld(scratch["t"], tensor))) return false;
            if (tensor.IsHeld && !bytes.Select((b, i) => b == (byte)((place.Begin + i) * 7)).All(static same => same)) return false;
        }
        var asked = opened.Tensors.Names.Select(name => file.Tensors.First(t => t.Name == name));
        return TinyRun.Faults(opened.ReadInto(set.Buffers)) == string.Join('\n', asked.Where(static t => !t.IsHeld).Select(t => NotHeld(scratch["t"], t)));
    }

    [Property(Arbitrary = [typeof(SmallForeign)], MaxTest = 10)]
    public bool A_file_cut_off_anywhere_is_a_fault(ForeignFile file)
    {
        using var scratch = new Scratch();
        var bytes = file.File();
        return Enumerable.Range(0, bytes.Length).All(length =>
        {
            File.WriteAllBytes(scratch["cut"], bytes[..length]);
            return SafeTensors.Open(scratch["cut"]).IsFail;
        });
    }

    [Property(Arbitrary = [typeof(AnyHostile)], MaxTest = 2000)]
    public bool Whatever_a_header_says_nothing_is_thrown_nor_much_memory_taken(HostileHeader hostile)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var parsed = Parse(hostile.Json, hostile.DataBytes);
        return GC.GetAllocatedBytesForCurrentThread() - before < 4 << 20 && parsed.Match(
            header => Cover(header, hostile.DataBytes) && hostile.Json[0] == '{',
            static faults => faults.Count > 0 && faults.ForAll(static f => f.Where.StartsWith('t')));
    }

    [Theory]
    [InlineData("F4", 3, "12 bits")]
    [InlineData("F4", 1, "4 bits")]
    [InlineData("F6_E2M3", 1, "6 bits")]
    [InlineData("F6_E3M2", 2, "12 bits")]
    [InlineData("F6_E3M2", 3, "18 bits")]
    public void Elements_that_end_inside_a_byte_are_a_fault(string dtype, int count, string bits)
    {
        foreach (var bytes in (int[])[0, 1, 2, 3])
            Assert.Equal(
                $"t: a: has {bits} as {dtype}[{count}]; expected whole bytes",
                Faults($"{{{Tensor("a", dtype, $"[{count}]", $"[0,{bytes}]")}}}", bytes));
    }

    [Theory]
    // Before, between and after others.
    [InlineData(0, "")]
    [InlineData(4, "")]
    [InlineData(8, "")]
    // Inside another, and behind all.
    [InlineData(2, "t: e: begins at byte 2; expected 4, where the tensor before ends\nt: b: begins at byte 4; expected 2, where the tensor before ends")]
    [InlineData(9, "t: e: begins at byte 9; expected 8, where the tensor before ends\nt: has 8 bytes of tensors; expected 9; it is cut off")]
    public void A_tensor_without_bytes_lies_where_others_begin_and_end(int at, string expected)
    {
        var others = $"{Tensor("b", "F32", "[1]", "[4,8]")},{Tensor("a", "F32", "[1]", "[0,4]")}";
        var json = $"{{{others},{Tensor("e", "F32", "[0,3]", $"[{at},{at}]")}}}";
        Assert.Equal(expected, Faults(json, 8));
    }

    [Theory]
    [InlineData(" {}", "0x20")]
    [InlineData("\n{}", "0x0A")]
    [InlineData("\uFEFF{}", "0xEF")]
    [InlineData("\0{}", "0x00")]
    [InlineData("[]", "0x5B")]
    [InlineData("12", "0x31")]
    public void A_header_begins_with_a_brace(string json, string first) =>
        Assert.Equal($"t: has a header that begins with byte {first}; expected {{, byte 0x7B; it is no safetensors file", Faults(json, 0));

    [Theory]
    [InlineData("""{}      """, "")]
    [InlineData("{}\0", "t: has a header that is no JSON; it is damaged or no safetensors file")]
    [InlineData("""{} {}""", "t: has a header that is no JSON; it is damaged or no safetensors file")]
    [InlineData("""{}/**/""", "t: has a header that is no JSON; it is damaged or no safetensors file")]
    public void Behind_a_header_spaces_may_follow_and_nothing_else(string json, string expected) => Assert.Equal(expected, Faults(json, 0));

    [Theory]
    // Sizes whose product no long holds; the first is 2^64, which is 0 to 64 bits.
    [InlineData("F32", "[4294967296,4294967296]", "[0,0]", "has shape [4294967296, 4294967296]; allowed: up to 9223372036854775807 elements")]
    [InlineData("U8", "[4611686018427387904,2]", "[0,0]", "has shape [4611686018427387904, 2]; allowed: up to 9223372036854775807 elements")]
    // 2^62 elements of 8 bytes are 2^65 bytes, which is 0 to 64 bits too.
    [InlineData("I64", "[4611686018427387904]", "[0,0]", "has bytes 0 to 0; expected 36893488147419103232 bytes for I64[4611686018427387904]")]
    [InlineData("F4", "[4611686018427387904]", "[0,0]", "has bytes 0 to 0; expected 2305843009213693952 bytes for F4[4611686018427387904]")]
    [InlineData("F32", "[4611686018427387904,4611686018427387904,0]", "[0,0]", "")]
    [InlineData("F32", "[9223372036854775808]", "[0,0]", "has no shape; expected a list of whole numbers from 0 on")]
    [InlineData("F32", "[-1]", "[0,0]", "has no shape; expected a list of whole numbers from 0 on")]
    [InlineData("F32", "[-1,-1]", "[0,4]", "has no shape; expected a list of whole numbers from 0 on")]
    [InlineData("X", "[-1]", "[0,0]", "has no shape; expected a list of whole numbers from 0 on")]
    [InlineData("X", "[1.0]", "[0,0]", "has no shape; expected a list of whole numbers from 0 on")]
    [InlineData("X", "[\"1\"]", "[0,0]", "has no shape; expected a list of whole numbers from 0 on")]
    [InlineData("X", "[[1]]", "[0,0]", "has no shape; expected a list of whole numbers from 0 on")]
    [InlineData("X", "{}", "[0,0]", "has no shape; expected a list of whole numbers from 0 on")]
    [InlineData("X", "[1]", "[4,0]", "has bytes 4 to 0; expected a beginning from 0 on, and an end not before it")]
    [InlineData("X", "[1]", "[-4,0]", "has bytes -4 to 0; expected a beginning from 0 on, and an end not before it")]
    [InlineData("X", "[1]", "[-9223372036854775808,0]", "has bytes -9223372036854775808 to 0; expected a beginning from 0 on, and an end not before it")]
    [InlineData("X", "[1]", "[0.0,4]", "has no data_offsets; expected two whole numbers")]
    [InlineData("X", "[1]", "[0,4,8]", "has no data_offsets; expected two whole numbers")]
    public void Absurd_sizes_and_places_are_faults(string dtype, string shape, string offsets, string expected) =>
        Assert.Equal(expected == "" ? "" : $"t: a: {expected}", Faults($"{{{Tensor("a", dtype, shape, offsets)}}}", 0));

    [Theory]
    [InlineData("""{"a":{"dtype":"X","shape":[1],"dtype":"F32","data_offsets":[0,4]}}""", "t: a: dtype: is there twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4],"shap\u0065":[1]}}""", "t: a: shape: is there twice")]
    [InlineData("""{"a":{"data_offsets":[0,0],"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "t: a: data_offsets: is there twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0061":{"dtype":"X","shape":[],"data_offsets":[4,4]}}""", "t: a: is there twice")]
    [InlineData("""{"__metadata__":{},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"__metadata__":{}}""", "t: __metadata__: is there twice")]
    [InlineData("""{"__metadata__":{"b":"","b":""}}""", "t: __metadata__: b: is no text, or there twice; expected texts by name")]
    [InlineData("""{"a":{"dtype":"","shape":[1],"data_offsets":[0,4]}}""", "t: a: has no dtype; expected a text such as F32")]
    [InlineData("""{"a":{"dtype":null,"shape":[1],"data_offsets":[0,4]}}""", "t: a: has no dtype; expected a text such as F32")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":{"x":[]}}}""", "")]
    public void What_is_said_twice_is_a_fault(string json, string expected) => Assert.Equal(expected, Faults(json, 4));

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{\"a\":", "}")]
    [InlineData("[", "")]
    public void Deep_nesting_is_a_fault(string open, string close)
    {
        static string Many(string text) => string.Concat(Enumerable.Repeat(text, 100_000));
        var json = $$"""{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"more":{{Many(open)}}0{{Many(close)}} } }""";
        Assert.Equal("t: has a header that is no JSON; it is damaged or no safetensors file", Faults(json, 4));
    }

    [Fact]
    public void What_lies_behind_more_bytes_than_an_int_counts_is_read()
    {
        // Elsewhere a file with a hole takes the room of its length.
        if (!OperatingSystem.IsLinux()) return;
        using var scratch = new Scratch();
        const long hole = 5L << 30;
        var (behind, before) = (Tensor("z", "F32", "[]", $"[{hole},{hole + 4}]"), Tensor("a", "U8", "[5,1073741824]", $"[0,{hole}]"));
        var header = Encoding.UTF8.GetBytes($"{{{behind},{before}}}");
        using (var file = File.Create(scratch["t"]))
        {
            file.Write([.. BitConverter.GetBytes((long)header.Length), .. header]);
            file.Position += hole;
            file.Write(BitConverter.GetBytes(1.5f));
        }
        using var opened = TinyRun.Get(SafeTensors.Open(scratch["t"]));
        var bytes = new byte[4];
        TinyRun.Get(opened.Read("z", bytes));
        Assert.Equal(1.5f, BitConverter.ToSingle(bytes));
        Assert.Equal(NotHeld(scratch["t"], new("a", "U8", [5, 1 << 30], hole)), TinyRun.Faults(opened.Read("a", bytes)));
    }

    /// <summary>Messages stay short whatever a header says, and lengths are what they are read as.</summary>
    [Fact]
    public void Very_many_axes_and_lengths_beyond_all_files_are_told()
    {
        var header = System.Text.Encoding.UTF8.GetBytes($"{{\"a\":{{\"dtype\":\"F32\",\"shape\":[{string.Join(',', Enumerable.Repeat(1, 1025))}],\"data_offsets\":[0,4]}}}}");
        byte[] file = [.. BitConverter.GetBytes((long)header.Length), .. header, 0, 0, 0, 0];
        Assert.Equal("f: a: has 1025 axes; allowed: up to 1024", SafeTensorsHeader.Read(new MemoryStream(file), "f").FailToSeq().Lines());
        Assert.StartsWith("f: says that its header has 18446744073709551615 bytes; allowed: 2 to 2;",
            SafeTensorsHeader.Read(new MemoryStream([.. Enumerable.Repeat((byte)255, 8)]), "f").FailToSeq().Lines(), StringComparison.Ordinal);
    }
}
