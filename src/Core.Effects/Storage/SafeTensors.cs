using Functional.Base;
using Functional.Engines;
using Functional.Files;
using Functional.Graphs;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Storage;

/// <summary>
/// Tensors in a file, in the format of Hugging Face's safetensors. Reading and writing take one tensor at a time, so that memory holds the
/// largest and not all of them. A file that others wrote may hold tensors that cannot be held here; only to ask for one is a fault.
/// </summary>
public sealed class SafeTensors : IDisposable
{
    readonly FileStream stream;
    readonly SafeTensorsHeader header;
    readonly long start;
    readonly string path;

    SafeTensors(FileStream stream, SafeTensorsHeader header, string path) =>
        (this.stream, this.header, this.path, start) = (stream, header, path, stream.Position);

    /// <summary>What the file lists, in the order of its bytes, whether it can be held here or not.</summary>
    public Params<StoredTensor> Tensors => header.Tensors;

    /// <summary>Free text by name.</summary>
    public Params<string> Metadata => header.Metadata;

    /// <summary>Opens a file and checks its header against its length; owned by the caller.</summary>
    public static Validation<Fault, SafeTensors> Open(string path) => Disk.Guard(path, "expected a safetensors file", () =>
    {
        if (Directory.Exists(path)) return Fault.Of<SafeTensors>(path, "is a folder", "expected a safetensors file");
        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        try
        {
            var opened = SafeTensorsHeader.Read(stream, path).Map(header => new SafeTensors(stream, header, path));
            if (opened.IsFail) stream.Dispose();
            return opened;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    });

    /// <summary>Reads one tensor; the length is its <see cref="StoredTensor.Bytes"/>. One that cannot be held here is a fault.</summary>
    /// <exception cref="ArgumentException">There is no such tensor, or the length is another.</exception>
    public Validation<Fault, Unit> Read(string name, Span<byte> bytes)
    {
        var tensor = Tensors[name];
        if (tensor.Held.IsNone) return NotHeld(name).As<Unit>();
        if (bytes.Length != tensor.Bytes) throw new ArgumentException($"'{name}' {tensor} has {tensor.Bytes} bytes; given {bytes.Length}.");
        try
        {
            stream.Position = start + tensor.Begin;
            return Fault.Unless(stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length, $"{path}: {name}", "is cut off",
                "expected a whole file");
        }
        catch (IOException e)
        {
            return Fault.Of<Unit>($"{path}: {name}", e.Message, "expected a file that can be read");
        }
    }

    /// <summary>
    /// Fills buffers with the tensors of their names. Before anything is written, missing and unknown names, other types and what cannot be
    /// held here are faults, all at once.
    /// </summary>
    /// <param name="buffers">What is wanted.</param>
    /// <param name="mayDiffer">Which names may be missing on either side; a buffer that is missing here stays what it is. Nothing for none.</param>
    public Validation<Fault, Unit> ReadInto(Params<IBuffer> buffers, Func<string, bool>? mayDiffer = null)
    {
        if (mayDiffer is not null) buffers = buffers.Filter((name, _) => Tensors.Contains(name) || !mayDiffer(name));
        return buffers
            .Select(b => !Tensors.Contains(b.Name) ? Fault.Of<Unit>($"{path}: {b.Name}", "is missing", $"expected {b.Value.Type}")
                : Held(b.Name).Bind(type => Fault.Unless(type == b.Value.Type, $"{path}: {b.Name}", $"is {type}", $"expected {b.Value.Type}")))
            .Concat(Tensors.Names.Where(name => !buffers.Contains(name) && mayDiffer?.Invoke(name) != true)
                .Select(name => Fault.Of<Unit>($"{path}: {name}", "is not part of the model", "expected its tensors and no others")))
            .Gather()
            .Bind(_ =>
            {
                var staging = Staging(buffers);
                return buffers.Select(b =>
                {
                    var bytes = staging.AsSpan(0, (int)b.Value.Type.Bytes);
                    var read = Read(b.Name, bytes);
                    if (read.IsSuccess) b.Value.Write(bytes);
                    return read;
                }).Gather();
            })
            .Map(static _ => unit);
    }

    /// <summary>Writes buffers to a file in their order.</summary>
    public static Validation<Fault, Unit> Write(string path, Params<IBuffer> buffers, Params<string> metadata) =>
        Disk.Guard(path, "the file is not whole", () =>
    {
        using var file = Disk.Real.Create(path);
        Write(new SummingStream(file), buffers, metadata);
        Disk.Real.Flush(file);
        return Success<Fault, Unit>(unit);
    });

    internal static void Write(SummingStream file, Params<IBuffer> buffers, Params<string> metadata)
    {
        file.Write(SafeTensorsHeader.Of(buffers.Map(static b => b.Type), metadata).Write());
        var staging = Staging(buffers);
        foreach (var (_, buffer) in buffers)
        {
            var bytes = staging.AsSpan(0, (int)buffer.Type.Bytes);
            buffer.Read(bytes);
            file.Write(bytes);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();

    Validation<Fault, TensorType> Held(string name) => Tensors[name].Held.Match(Success<Fault, TensorType>, () => NotHeld(name).As<TensorType>());

    Fault NotHeld(string name) => new(
        $"{path}: {name}",
        $"has dtype {Tensors[name].DType} and shape {Tensors[name].Shape}",
        $"allowed: F32, F16, BF16, I32 or BOOL with 1 to {int.MaxValue} elements");

    static byte[] Staging(Params<IBuffer> buffers) =>
        GC.AllocateUninitializedArray<byte>((int)buffers.Fold(0L, static (most, b) => Math.Max(most, b.Type.Bytes)));
}
