using System.Globalization;
using System.Runtime.InteropServices;
using Functional.Testing;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;
using static LanguageExt.Prelude;

namespace Functional.Tests.Properties.Weights;

/// <summary>Tensors of published models: what is written is read, by any view, in pieces of any size.</summary>
public sealed class WeightLaws : IDisposable
{
    readonly string root = Directory.CreateTempSubdirectory("functional-weights-").FullName;
    int folders;

    public void Dispose() => Directory.Delete(root, recursive: true);

    string Folder() => Directory.CreateDirectory(Path.Combine(root, folders++.ToString(CultureInfo.InvariantCulture))).FullName;

    static float Number(string name, long at) => MathF.ScaleB(1 + ((uint)HashCode.Combine(name.Length, at, 7) % 4096 / 4096f),
        (int)(at % 9) - 4) * (at % 2 == 0 ? 1 : -1);

    static Validation<Fault, Unit> Fill(string name, Span<float> into)
    {
        for (var i = 0; i < into.Length; i++) into[i] = Number(name, i);
        return Success<Fault, Unit>(unit);
    }

    /// <summary>A shape of one to four axes, and some of its elements in some order.</summary>
    static (Vec<long> Shape, ElementView View) Any(int[] numbers)
    {
        var at = 0;
        int Next(int below) => at < numbers.Length ? (int)((uint)numbers[at++] % (uint)below) : 0;
        Vec<long> shape = [.. Enumerable.Range(0, 1 + Next(3)).Select(_ => 1L + Next(6))];
        var view = ElementView.Of(shape);
        for (var steps = Next(5); steps > 0; steps--)
        {
            var axis = Next(view.Sizes.Count);
            view = Next(4) switch
            {
                0 => view.Permute([.. Enumerable.Range(0, view.Sizes.Count).Select(i => (i + axis) % view.Sizes.Count)]),
                1 => Next((int)view.Sizes[axis]) is var first ? view.Slice(axis, first, 1 + Next((int)view.Sizes[axis] - first)) : view,
                2 => Enumerable.Range(1, (int)view.Sizes[axis]).Where(n => view.Sizes[axis] % n == 0).ToArray() is var parts
                    ? view.Split(axis, parts[Next(parts.Length)]) : view,
                _ => view.Sizes.Count > 1 ? view.At(axis, Next((int)view.Sizes[axis])) : view,
            };
        }
        return (shape, view);
    }

    [Property]
    public bool A_view_stands_for_different_elements_of_its_tensor(int[] numbers)
    {
        var (shape, view) = Any(numbers);
        long[] places = [.. view.Places()];
        var all = ElementView.Of(shape);
        return places.Length == view.Count && places.Distinct().Count() == places.Length && places.All(p => p >= 0 && p < all.Count)
            && places.Max() + 1 == view.End
            && all.Places().SequenceEqual(Enumerable.Range(0, (int)all.Count).Select(static i => (long)i));
    }

    [Property]
    public bool Any_view_is_read_in_pieces_of_any_size_to_any_order(int[] numbers, byte type, byte turn, byte chunk)
    {
        var (shape, from) = Any(numbers);
        var dtype = ((string[])["F32", "F16", "BF16"])[type % 3];
        var folder = Folder();
        _ = TinyRun.Get(WeightWriter.Write(folder, Params.Of(("before", (Vec<long>)[3]), ("x", shape)), dtype, Fill));
        Vec<int> order = [.. Enumerable.Range(0, from.Sizes.Count).Select(i => (i + turn) % from.Sizes.Count)];
        var to = ElementView.Of([.. order.Select(a => from.Sizes[a])]).Permute([.. Enumerable.Range(0, order.Count)
            .Select(i => order.ToList().IndexOf(i))]) with { Offset = 2 };
        using var weights = TinyRun.Get(WeightFolder.Open(folder));
        var (all, expected) = (new float[ElementView.Of(shape).Count], new float[from.Count + 3]);
        _ = TinyRun.Get(weights.Read("x", all));
        foreach (var (source, target) in from.Places().Zip(to.Places())) expected[target] = all[source];
        var whole = new float[expected.Length];
        _ = TinyRun.Get(weights.Read("x", from, whole, to));
        var pieces = new float[expected.Length];
        using (var file = File.OpenHandle(Path.Combine(folder, "model.safetensors")))
            new ElementReader(file, weights.Tensors["x"].Start, ElementType.Of(dtype)!, 1 + (chunk % 20)).Copy(from, pieces, to);
        return whole.SequenceEqual(expected) && pieces.SequenceEqual(expected);
    }

    [Property]
    public bool What_is_written_is_read_whatever_the_shards(byte[] sizes, byte type, ushort most)
    {
        var dtype = ((string[])["F32", "F16", "BF16"])[type % 3];
        var shapes = sizes.Select((size, i) => ($"layer.{i}{new string('x', i % 3)}", (Vec<long>)[size % 5, 1 + (size % 7)])).ToParams();
        var folder = Folder();
        _ = TinyRun.Get(WeightWriter.Write(folder, shapes, dtype, Fill, most % 300));
        using var weights = TinyRun.Get(WeightFolder.Open(folder));
        return weights.Remarks.Count == 0 && weights.Tensors.Count == shapes.Count && shapes.All(s =>
        {
            var into = new float[s.Value[0] * s.Value[1]];
            _ = TinyRun.Get(weights.Read(s.Name, into));
            return weights.Tensors[s.Name].Shape == s.Value && weights.Tensors[s.Name].DType == dtype && into
                .Select((v, i) => v == Rounded(Number(s.Name, i), dtype)).All(static same => same);
        });
    }

    static float Rounded(float value, string dtype) => dtype switch
    {
        "F16" => (float)(Half)value,
        // 8 bits of precision: to the nearest multiple of 2^-7 of its power of two.
        "BF16" => (float)(Math.Round(value / Math.ScaleB(1, Math.ILogB(value) - 7), MidpointRounding.ToEven) * Math.ScaleB(1, Math.ILogB(value) - 7)),
        _ => value,
    };

    [Theory, InlineData("F16"), InlineData("BF16")]
    public void Each_of_the_65536_numbers_of_16_bits_is_widened_and_comes_back(string dtype)
    {
        var type = ElementType.Of(dtype)!;
        ushort[] bits = [.. Enumerable.Range(0, 65536).Select(static i => (ushort)i)];
        var (wide, back) = (new float[65536], new ushort[65536]);
        type.Read(MemoryMarshal.AsBytes<ushort>(bits), wide);
        type.Write(wide, MemoryMarshal.AsBytes(back.AsSpan()));
        for (var i = 0; i < 65536; i++)
        {
            var expected = dtype == "F16" ? (float)BitConverter.UInt16BitsToHalf((ushort)i) : BitConverter.UInt32BitsToSingle((uint)i << 16);
            Assert.True(float.IsNaN(expected) ? float.IsNaN(wide[i]) : BitConverter.SingleToUInt32Bits(expected) == BitConverter.SingleToUInt32Bits(wide[i]),
                $"{i:X4}");
            Assert.True(back[i] == i || float.IsNaN(expected), $"{i:X4}");
        }
    }

    [Theory]
    [InlineData("F16", 65504f, 65504f), InlineData("F16", 65519f, 65504f), InlineData("F16", 65520f, null), InlineData("F16", -1e9f, null)]
    [InlineData("F16", float.PositiveInfinity, float.PositiveInfinity), InlineData("BF16", 3.39e38f, 3.3895314E+38f), InlineData("BF16", 3.4e38f, null)]
    [InlineData("BF16", 1.00390625f, 1f), InlineData("BF16", 1.01171875f, 1.015625f), InlineData("F32", float.MaxValue, float.MaxValue)]
    public void A_number_goes_to_the_nearest_and_one_that_is_too_large_is_a_fault(string dtype, float number, float? written)
    {
        var folder = Folder();
        var outcome = WeightWriter.Write(folder, Params.Of(("x", (Vec<long>)[1])), dtype, (_, into) => { into[0] = number; return Success<Fault,
            Unit>(unit); });
        if (written is not { } expected)
        {
            Assert.Equal($"{Path.Combine(folder, "model.safetensors")}: x: has the number {number.ToString("R", CultureInfo.InvariantCulture)}; it is too large for {dtype}",
                TinyRun.Faults(outcome));
            return;
        }
        using var weights = TinyRun.Get(WeightFolder.Open(folder));
        var into = new float[1];
        _ = TinyRun.Get(weights.Read("x", into));
        Assert.Equal(expected, into[0]);
    }

    [Fact]
    public void Nothing_is_written_over()
    {
        var folder = Folder();
        _ = TinyRun.Get(WeightWriter.Write(folder, Params.Of(("x", (Vec<long>)[1])), "F32", Fill));
        Assert.Equal($"{Path.Combine(folder, "model.safetensors")}: is there already; expected a folder without weights",
            TinyRun.Faults(WeightWriter.Write(folder, Params.Of(("x", (Vec<long>)[1])), "F32", Fill)));
        Assert.Equal("dtype: is I8; allowed: F32, F16, BF16", TinyRun.Faults(WeightWriter.Write(Folder(), Params.Of(("x", (Vec<long>)[1])), "I8", Fill)));
    }

    [Fact]
    public void Shards_that_transformers_wrote_are_one_folder()
    {
        using var weights = TinyRun.Get(WeightFolder.Open(Path.Combine(SourceTree.Root, "tests", "Properties", "Weights", "llama-sharded")));
        Assert.Equal(21, weights.Tensors.Count);
        Assert.Equal(23200, weights.Tensors.Fold(0L, static (sum, t) => sum + ElementView.Of(t.Shape).Count));
        Assert.Empty(weights.Remarks);
        Assert.Equal("model-00003-of-00003.safetensors", weights.Tensors["lm_head.weight"].File);
        var (head, turned) = (new float[96 * 32], new float[96 * 32]);
        _ = TinyRun.Get(weights.Read("lm_head.weight", head));
        _ = TinyRun.Get(weights.Read("lm_head.weight", ElementView.Of(96, 32).Transpose(), turned, ElementView.Of(32, 96)));
        Assert.Contains(head, static v => v != 0);
        for (var i = 0; i < 96; i++) for (var j = 0; j < 32; j++) Assert.Equal(head[(i * 32) + j], turned[(j * 96) + i]);
    }

    static readonly string shard = Path.Combine(SourceTree.Root, "tests", "Properties", "Weights", "llama-sharded");

    string Tampered(Func<string, string> index, params string[] without)
    {
        var folder = Folder();
        foreach (var file in Directory.EnumerateFiles(shard)) if (!without.Contains(Path.GetFileName(file))) File.Copy(file,
            Path.Combine(folder, Path.GetFileName(file)));
        var path = Path.Combine(folder, "model.safetensors.index.json");
        File.SetAttributes(path, FileAttributes.Normal);
        File.WriteAllText(path, index(File.ReadAllText(path)));
        return WeightFolder.Open(folder).Match(
            weights => { using (weights) return string.Join('\n', weights.Remarks.Prepend("opened")); },
            static f => f.Lines()).Replace(folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"lm_head.weight\": \"model-00003-of-00003.safetensors\"", "\"lm_head.weight\": \"../x.safetensors\"",
        "model.safetensors.index.json: weight_map: lm_head.weight: names the file '../x.safetensors'; allowed: a name that ends with .safetensors, in the same folder")]
    [InlineData("\"lm_head.weight\": \"model-00003-of-00003.safetensors\"", "\"lm_head.weight\": \"/etc/x.safetensors\"",
        "model.safetensors.index.json: weight_map: lm_head.weight: names the file '/etc/x.safetensors'; allowed: a name that ends with .safetensors, in the same folder")]
    [InlineData("\"lm_head.weight\": \"model-00003-of-00003.safetensors\"", "\"lm_head.weight\": \"C:\\\\x.safetensors\"",
        "model.safetensors.index.json: weight_map: lm_head.weight: names the file 'C:\\x.safetensors'; allowed: a name that ends with .safetensors, in the same folder")]
    [InlineData("\"lm_head.weight\": \"model-00003-of-00003.safetensors\"", "\"lm_head.weight\": \"config.json\"",
        "model.safetensors.index.json: weight_map: lm_head.weight: names the file 'config.json'; allowed: a name that ends with .safetensors, in the same folder")]
    [InlineData("\"lm_head.weight\": \"model-00003-of-00003.safetensors\"", "\"lm_head.weight\": 3",
        "model.safetensors.index.json: weight_map: lm_head.weight: is a whole number; expected the name of a file")]
    [InlineData("\"lm_head.weight\": \"model-00003-of-00003.safetensors\"", "\"lm_head.weight\": \"model-00001-of-00003.safetensors\"",
        "model-00001-of-00003.safetensors: lacks lm_head.weight; model.safetensors.index.json says that it is there\n"
        + "model-00003-of-00003.safetensors: lm_head.weight: is also in model-00001-of-00003.safetensors; expected what model.safetensors.index.json says")]
    [InlineData("\"lm_head.weight\": \"model-00003-of-00003.safetensors\"", "\"other.weight\": \"model-00003-of-00003.safetensors\"",
        "model-00003-of-00003.safetensors: lacks other.weight; model.safetensors.index.json says that it is there\n"
        + "model-00003-of-00003.safetensors: lm_head.weight: is not in the index; expected what model.safetensors.index.json says")]
    [InlineData("\"lm_head.weight\": \"model-00003-of-00003.safetensors\"", "\"lm_head.weight\": \"model-4.safetensors\"",
        "model-4.safetensors: is missing; model.safetensors.index.json names it")]
    [InlineData("\"lm_head.weight\": \"model-00003-of-00003.safetensors\"", "\"lm_head.weight\": \"..\\\\x.safetensors\"",
        "model.safetensors.index.json: weight_map: lm_head.weight: names the file '..\\x.safetensors'; allowed: a name that ends with .safetensors, in the same folder")]
    [InlineData("\"lm_head.weight\": \"model-00003-of-00003.safetensors\"", "\"lm_head.weight\": \"a\\\\x.safetensors\"",
        "model.safetensors.index.json: weight_map: lm_head.weight: names the file 'a\\x.safetensors'; allowed: a name that ends with .safetensors, in the same folder")]
    [InlineData("\"lm_head.weight\": \"model-00003-of-00003.safetensors\"", "\"lm_head.weight\": \".safetensors\"",
        "model.safetensors.index.json: weight_map: lm_head.weight: names the file '.safetensors'; allowed: a name that ends with .safetensors, in the same folder")]
    [InlineData("\"total_size\": 92800", "\"total_size\": 92801",
        "opened\nmodel.safetensors.index.json: metadata.total_size is 92801, but the tensors have 92800 bytes")]
    [InlineData("\"total_size\": 92800", "\"total_size\": -1",
        "model.safetensors.index.json: metadata.total_size: is a whole number; expected a whole number of bytes from 0 on")]
    [InlineData("\"total_size\": 92800", "\"total_size\": 92800.0", "opened")]
    [InlineData("\"weight_map\"", "\"weights\"", "model.safetensors.index.json: weight_map: is missing or no object; expected the file of each tensor")]
    [InlineData("\"model.norm.weight\"", "\"lm_head.weight\"", "model.safetensors.index.json: weight_map: lm_head.weight: is there twice; allowed: once")]
    [InlineData("{", "", "model.safetensors.index.json, line 2: is not JSON; expected one value, at most 64 deep")]
    public void An_index_that_cannot_be_right_is_told(string what, string instead, string faults) =>
        Assert.Equal(faults, Tampered(text => text.IndexOf(what, StringComparison.Ordinal) is var at ? text[..at] + instead + text[(at + what.Length)..]
            : text));

    [Fact]
    public void Each_missing_shard_is_told() => Assert.Equal(
        "model-00001-of-00003.safetensors: is missing; model.safetensors.index.json names it\nmodel-00003-of-00003.safetensors: is missing; model.safetensors.index.json names it",
        Tampered(static text => text, "model-00001-of-00003.safetensors", "model-00003-of-00003.safetensors"));

    [Fact]
    public void A_folder_without_weights_is_told()
    {
        var folder = Folder();
        Assert.Equal($"{folder}: has no weights; expected one of model.safetensors, model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json",
            TinyRun.Faults(WeightFolder.Open(folder)));
        Assert.Equal($"{folder}x: does not exist; expected a folder with a model", TinyRun.Faults(WeightFolder.Open(folder + "x")));
        File.WriteAllText(Path.Combine(folder, "model.safetensors"), "");
        Assert.Contains("ends after 0 bytes", TinyRun.Faults(WeightFolder.Open(folder)), StringComparison.Ordinal);
    }
}
