using System.Buffers;
using Functional.Base;
using Functional.Files;
using Functional.Storage;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Weights;

/// <summary>Gives one tensor's elements, in row-major order.</summary>
/// <param name="name">The tensor's name.</param>
/// <param name="into">Memory for all of them.</param>
public delegate Validation<Fault, Unit> FillWeight(string name, Span<float> into);

/// <summary>
/// Writes the weights of a model as Hugging Face's transformers lays them out: <c>model.safetensors</c>, or, where that would be too large, shards
/// <c>model-00001-of-0000N.safetensors</c> with an index.
/// </summary>
public static class WeightWriter
{
    const int Chunk = 1 << 20;

    /// <summary>Writes all tensors; one at a time is held.</summary>
    /// <param name="folder">Where; it must exist and have no weights yet.</param>
    /// <param name="shapes">The tensors in order.</param>
    /// <param name="dtype">F32, F16 or BF16; numbers go to the nearest, and one that is too large is a fault.</param>
    /// <param name="fill">Gives the elements.</param>
    /// <param name="shardBytes">How large a file may become; a tensor that is larger has a file of its own.</param>
    public static Validation<Fault, Unit> Write(string folder, Params<Vec<long>> shapes, string dtype, FillWeight fill, long shardBytes = 5_000_000_000)
    {
        if (ElementType.Of(dtype) is not { IsReal: true, Name: not "F64" } type) return Fault.Of<Unit>("dtype", $"is {dtype}",
            $"allowed: {ElementType.Written}");
        return Disk.Guard(folder, "the files are not whole", () =>
        {
            if (Directory.EnumerateFiles(folder).Select(Path.GetFileName).FirstOrDefault(IsWeights) is { } there)
                return Fault.Of<Unit>(Path.Combine(folder, there), "is there already", "expected a folder without weights");
            var shards = Shards(shapes, type.Bytes, shardBytes);
            string Name(int i) => shards.Count == 1 ? "model.safetensors" : $"model-{i + 1:00000}-of-{shards.Count:00000}.safetensors";
            for (var i = 0; i < shards.Count; i++)
                if (Write(Path.Combine(folder, Name(i)), shards[i], type, fill) is { IsFail: true } failed) return failed;
            if (shards.Count == 1) return Success<Fault, Unit>(unit);
            var total = shapes.Fold(0L, (sum, shape) => sum + (Count(shape) * type.Bytes));
            var index = new Json.Map(Params.Of<Json>(
                ("metadata", new Json.Map(Params.Of<Json>(("total_size", new Json.Whole(total))))),
                ("weight_map", new Json.Map(shards.SelectMany((shard, i) => shard.Names.Select(name => (name, (Json)new Json.Text(Name(i)))))
                    .OrderBy(static e => e.name, StringComparer.Ordinal).ToParams()))));
            Disk.Real.Replace(Path.Combine(folder, "model.safetensors.index.json"), System.Text.Encoding.UTF8.GetBytes(index.Write()));
            return Success<Fault, Unit>(unit);
        });
    }

    /// <summary>Writes one file of safetensors; one tensor at a time is held.</summary>
    /// <param name="path">Where.</param>
    /// <param name="shapes">The tensors in order.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <param name="fill">Gives the elements.</param>
    internal static Validation<Fault, Unit> WriteFile(string path, Params<Vec<long>> shapes, string dtype, FillWeight fill) =>
        ElementType.Of(dtype) is { IsReal: true, Name: not "F64" } type ? Disk.Guard(path, "the file is not whole", () => Write(path, shapes, type, fill))
            : Fault.Of<Unit>("dtype", $"is {dtype}", $"allowed: {ElementType.Written}");

    static bool IsWeights(string? name) => name is not null
        && ((name.StartsWith("model", StringComparison.Ordinal) && (name.EndsWith(".safetensors", StringComparison.Ordinal) || name.EndsWith(".index.json",
            StringComparison.Ordinal)))
            || name.StartsWith("pytorch_model", StringComparison.Ordinal));

    static long Count(Vec<long> shape) => shape.Aggregate(1L, static (n, size) => n * size);

    static Vec<Params<Vec<long>>> Shards(Params<Vec<long>> shapes, int width, long most)
    {
        var shards = new List<List<(string, Vec<long>)>> { new() };
        var size = 0L;
        foreach (var (name, shape) in shapes)
        {
            var bytes = Count(shape) * width;
            if (size + bytes > most && shards[^1].Count > 0)
            {
                shards.Add([]);
                size = 0;
            }
            shards[^1].Add((name, shape));
            size += bytes;
        }
        return [.. shards.Select(static s => s.ToParams())];
    }

    static Validation<Fault, Unit> Write(string path, Params<Vec<long>> shapes, ElementType type, FillWeight fill)
    {
        var (tensors, at) = (new List<(string, StoredTensor)>(), 0L);
        foreach (var (name, shape) in shapes)
        {
            var end = at + (Count(shape) * type.Bytes);
            tensors.Add((name, new(type.Name, shape, at, end)));
            at = end;
        }
        using var file = Disk.Real.Create(path);
        file.Write(new SafeTensorsHeader(tensors.ToParams(), Params.Of(("format", "pt"))).Write());
        var bytes = ArrayPool<byte>.Shared.Rent(Chunk * type.Bytes);
        try
        {
            foreach (var (name, shape) in shapes)
            {
                var numbers = new float[checked((int)Count(shape))];
                if (fill(name, numbers) is { IsFail: true } failed) return failed;
                for (var i = 0; i < numbers.Length; i += Chunk)
                {
                    var part = numbers.AsSpan(i, Math.Min(Chunk, numbers.Length - i));
                    var raw = bytes.AsSpan(0, part.Length * type.Bytes);
                    type.Write(part, raw);
                    if (TooLarge(part, type) is { } number) return Fault.Of<Unit>($"{path}: {name}", $"has the number {number:R}",
                        $"it is too large for {type.Name}");
                    file.Write(raw);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
        Disk.Real.Flush(file);
        return Success<Fault, Unit>(unit);
    }

    static float? TooLarge(ReadOnlySpan<float> numbers, ElementType type)
    {
        var most = type.Name switch { "F16" => 65519.996f, "BF16" => 3.3961775e38f, _ => float.MaxValue };
        foreach (var number in numbers)
            if (float.IsFinite(number) && MathF.Abs(number) > most) return number;
        return null;
    }
}
