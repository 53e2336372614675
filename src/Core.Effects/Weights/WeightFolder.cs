using System.Collections.Concurrent;
using Functional.Base;
using Functional.Families;
using Functional.Files;
using LanguageExt;
using Microsoft.Win32.SafeHandles;
using static LanguageExt.Prelude;

namespace Functional.Weights;

/// <summary>
/// The tensors of a published model, whichever of the usual files they are in: <c>model.safetensors</c>, <c>pytorch_model.bin</c>, or shards of either with
/// an index. Everything is checked when it is opened; a tensor is read when it is asked for, straight into the reader's memory.
/// </summary>
public sealed class WeightFolder : IDisposable
{
    readonly string folder;
    readonly ConcurrentDictionary<string, SafeFileHandle> files = new(StringComparer.Ordinal);

    WeightFolder(string folder, Params<StoredWeight> tensors, Vec<string> remarks) => (this.folder, Tensors, Remarks) = (folder, tensors, remarks);

    /// <summary>What there is, in the files' order.</summary>
    public Params<StoredWeight> Tensors { get; }

    /// <summary>What is odd, but does no harm; a line each.</summary>
    public Vec<string> Remarks { get; }

    /// <summary>The files that are looked for, in this order.</summary>
    static readonly string[] names = ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json"];

    /// <summary>Opens the weights of a folder; owned by the caller.</summary>
    public static Validation<Fault, WeightFolder> Open(string folder) => Disk.Guard(folder, "expected a folder with a model", () =>
        !Directory.Exists(folder) ? Fault.Of<WeightFolder>(folder, File.Exists(folder) ? "is a file" : "does not exist", "expected a folder with a model")
        : System.Array.Find(names, name => File.Exists(Path.Combine(folder, name))) is { } found ? OpenFile(Path.Combine(folder, found))
        : Fault.Of<WeightFolder>(folder, "has no weights", $"expected one of {string.Join(", ", names)}"));

    /// <summary>Opens one file of weights, or an index with its shards; owned by the caller.</summary>
    public static Validation<Fault, WeightFolder> OpenFile(string path) => Disk.Guard(path, "expected a file of weights", () =>
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return path.EndsWith(".index.json", StringComparison.Ordinal)
            ? ShardIndex.Read(path).Bind(index => Sharded(folder, index))
            : List(path).Map(tensors => new WeightFolder(folder, tensors, []));
    });

    static Validation<Fault, Params<StoredWeight>> List(string path) => Disk.Guard(path, "expected a file of weights", () =>
        path.EndsWith(".safetensors", StringComparison.Ordinal) ? SafeTensorsFile.List(path)
        : path.EndsWith(".bin", StringComparison.Ordinal) || path.EndsWith(".pt", StringComparison.Ordinal) || path.EndsWith(".pth", StringComparison.Ordinal)
            ? TorchFile.List(path)
        : Fault.Of<Params<StoredWeight>>(path, "is no file of weights by its name", "allowed: .safetensors, .bin, .pt, .pth, .index.json"));

    static Validation<Fault, WeightFolder> Sharded(string folder, ShardIndex index) => index.Files
        .Select(file => !File.Exists(Path.Combine(folder, file))
            ? Fault.Of<(string, Params<StoredWeight>)>(Path.Combine(folder, file), "is missing", $"{index.Path} names it")
            : List(Path.Combine(folder, file)).Map(listed => (file, listed)))
        .Gather()
        .Bind(shards => Joined(folder, index, shards));

    static Validation<Fault, WeightFolder> Joined(string folder, ShardIndex index, Vec<(string File, Params<StoredWeight> Tensors)> shards)
    {
        var byFile = shards.ToDictionary(static s => s.File, static s => s.Tensors, StringComparer.Ordinal);
        var faults = index.Places.Where(place => !byFile[place.Value].Contains(place.Name))
            .Select(place => new Fault(Path.Combine(folder, place.Value), $"lacks {place.Name}", $"{index.Path} says that it is there"))
            .Concat(
                from shard in shards
                from name in shard.Tensors.Names
                where !index.Places.Contains(name) || index.Places[name] != shard.File
                select new Fault($"{Path.Combine(folder, shard.File)}: {name}",
                    index.Places.Contains(name) ? $"is also in {index.Places[name]}" : "is not in the index", $"expected what {index.Path} says"))
            .ToSeq().Strict();
        if (!faults.IsEmpty) return Validation<Fault, WeightFolder>.Fail(faults);
        var tensors = shards.SelectMany(static s => s.Tensors).ToParams();
        var bytes = tensors.Fold(0L, static (sum, t) => sum + t.Bytes);
        return Success<Fault, WeightFolder>(new(folder, tensors, [.. index.TotalSize.Filter(total => total != bytes)
            .Map(total => $"{index.Path}: metadata.total_size is {total}, but the tensors have {bytes} bytes")]));
    }

    /// <summary>Reads a whole tensor as float32 in row-major order.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="into">Memory for all of its elements.</param>
    public Validation<Fault, Unit> Read(string name, Span<float> into)
    {
        var all = ElementView.Of(Tensors[name].Shape);
        return Read(name, all, into, all);
    }

    /// <summary>Reads some of a tensor's elements as float32 to some places of a memory.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="from">Which of its row-major elements.</param>
    /// <param name="into">The memory.</param>
    /// <param name="to">Where they go, of the same sizes.</param>
    /// <exception cref="ArgumentException">There is no such tensor, or a view reaches beyond it or the memory.</exception>
    public Validation<Fault, Unit> Read(string name, ElementView from, Span<float> into, ElementView to)
    {
        var tensor = Tensors[name];
        var where = Named(name);
        if (ElementType.Of(tensor.DType) is not { IsReal: true } type) return Fault.Of<Unit>(where, $"has dtype {tensor.DType}",
            "allowed: F32, F16, BF16, F64");
        var whole = ElementView.Of(tensor.Shape);
        if (from.Sizes != to.Sizes) throw new ArgumentException($"{from.Sizes} elements do not go to {to.Sizes}.");
        if (whole.Count == 0 || from.Count == 0) return Success<Fault, Unit>(unit);
        if (from.End > whole.Count) throw new ArgumentException($"'{name}' {tensor} has no element {from.End - 1}.");
        if (to.End > into.Length) throw new ArgumentException($"there is no place for element {to.End - 1} among {into.Length}.");
        try
        {
            var reader = new ElementReader(Handle(tensor.File), tensor.Start, type);
            if (tensor.Strides == whole.Strides) reader.Copy(from, into, to);
            else if (from == whole) reader.Copy(whole with { Strides = tensor.Strides }, into, to);
            else
            {
                // Two views of a tensor that stands in another order are no one view: first into row-major order.
                var rows = new float[checked((int)whole.Count)];
                reader.Copy(whole with { Strides = tensor.Strides }, rows, whole);
                ElementCopy.Copy(rows, from, into, to);
            }
            return Success<Fault, Unit>(unit);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fault.Of<Unit>(where, Disk.Reason(e), "expected a whole file that can be read");
        }
    }

    /// <summary>What faults call a tensor: its file, and its name.</summary>
    internal string Named(string tensor) => $"{Path.Combine(folder, Tensors[tensor].File)}: {tensor}";

    SafeFileHandle Handle(string file) => files.GetOrAdd(file, name => File.OpenHandle(Path.Combine(folder, name)));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in files.Values) file.Dispose();
    }
}
