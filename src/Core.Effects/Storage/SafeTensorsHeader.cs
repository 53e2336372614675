using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using Functional.Base;
using Functional.Graphs;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Storage;

/// <summary>
/// The header of a safetensors file (Hugging Face's format): 8 bytes of length, then JSON that gives each tensor's element type, shape and
/// offsets; the tensors follow without gaps. Everything is checked before anything is believed.
/// </summary>
/// <param name="Tensors">The tensors in the order of their bytes; those without bytes before one that begins where they do.</param>
/// <param name="Metadata">Free text by name.</param>
sealed record SafeTensorsHeader(Params<StoredTensor> Tensors, Params<string> Metadata)
{
    // As the format's own library, so that a damaged length cannot ask for all memory.
    const long MaxBytes = 100_000_000;
    const int MaxAxes = 1024;
    const string MetadataKey = "__metadata__";

    /// <summary>The header of tensors that follow one another.</summary>
    public static SafeTensorsHeader Of(Params<TensorType> types, Params<string> metadata)
    {
        var tensors = new List<(string, StoredTensor)>();
        var at = 0L;
        foreach (var (name, type) in types)
        {
            tensors.Add((name, StoredTensor.Of(type, at)));
            at += type.Bytes;
        }
        return new(tensors.ToParams(), metadata);
    }

    /// <summary>Length and JSON, filled up with spaces so that the tensors begin at a multiple of 8.</summary>
    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (Metadata.Count > 0)
            {
                json.WriteStartObject(MetadataKey);
                foreach (var (name, value) in Metadata) json.WriteString(name, value);
                json.WriteEndObject();
            }
            foreach (var (name, tensor) in Tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", tensor.DType);
                json.WriteStartArray("shape");
                foreach (var size in tensor.Shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(tensor.Begin);
                json.WriteNumberValue(tensor.End);
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        var length = (buffer.WrittenCount + 7) / 8 * 8;
        var bytes = new byte[8 + length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        buffer.WrittenSpan.CopyTo(bytes.AsSpan(8));
        bytes.AsSpan(8 + buffer.WrittenCount).Fill((byte)' ');
        return bytes;
    }

    /// <summary>The header at the beginning of a file, or faults that name the file and the tensor.</summary>
    /// <param name="stream">The file, at its beginning; left where the tensors begin.</param>
    /// <param name="file">What faults call it.</param>
    public static Validation<Fault, SafeTensorsHeader> Read(Stream stream, string file)
    {
        Span<byte> prefix = stackalloc byte[8];
        var size = stream.Length;
        if (stream.ReadAtLeast(prefix, 8, throwOnEndOfStream: false) < 8) return Fault.Of<SafeTensorsHeader>(file, $"ends after {size} bytes",
            "expected a safetensors file; it is cut off");
        var length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        if (length < 2 || length > MaxBytes || length > size - 8)
            return Fault.Of<SafeTensorsHeader>(file, $"says that its header has {(ulong)length} bytes",
                $"allowed: 2 to {Math.Min(MaxBytes, Math.Max(2, size - 8))}; it is cut off or no safetensors file");
        var text = new byte[length];
        if (stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false) < text.Length) return Fault.Of<SafeTensorsHeader>(file, "ends inside its header",
            "it is cut off");
        return Parse(text, size - 8 - length, file);
    }

    /// <summary>The header whose JSON this is.</summary>
    /// <param name="text">The JSON.</param>
    /// <param name="dataBytes">Bytes that follow the header.</param>
    /// <param name="file">What faults call the file.</param>
    public static Validation<Fault, SafeTensorsHeader> Parse(ReadOnlyMemory<byte> text, long dataBytes, string file)
    {
        // Else a file could be one of another format too.
        if (text.Span is [not (byte)'{' and var first, ..])
            return Fault.Of<SafeTensorsHeader>(file, $"has a header that begins with byte 0x{first:X2}", "expected {, byte 0x7B; it is no safetensors file");
        try
        {
            using var document = JsonDocument.Parse(text);
            var faults = new List<Fault>();
            var tensors = new List<(string Name, StoredTensor Tensor)>();
            var metadata = new List<(string, string)>();
            var names = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (!names.Add(member.Name)) faults.Add(new($"{file}: {member.Name}", "is there twice", ""));
                else if (member.Name == MetadataKey) faults.AddRange(Collect(member.Value, metadata, file));
                else _ = Tensor(member.Value, $"{file}: {member.Name}").Match(
                    t => { tensors.Add((member.Name, t)); return unit; },
                    f => { faults.AddRange(f); return unit; });
            }
            var ordered = tensors.OrderBy(static t => t.Tensor.Begin).ThenBy(static t => t.Tensor.End).ToParams();
            if (faults.Count == 0) faults.AddRange(Gaps(ordered, dataBytes, file));
            return faults.Count == 0
                ? Success<Fault, SafeTensorsHeader>(new(ordered, metadata.ToParams()))
                : Validation<Fault, SafeTensorsHeader>.Fail(faults.ToSeq().Strict());
        }
        // The second for names that are half a surrogate pair.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return Fault.Of<SafeTensorsHeader>(file, "has a header that is no JSON", "it is damaged or no safetensors file");
        }
    }

    static IEnumerable<Fault> Collect(JsonElement json, List<(string Name, string)> metadata, string file)
    {
        if (json.ValueKind != JsonValueKind.Object) { yield return new($"{file}: {MetadataKey}", "is no object", "expected texts by name"); yield break; }
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var member in json.EnumerateObject())
            if (!names.Add(member.Name) || member.Value.ValueKind != JsonValueKind.String)
                yield return new($"{file}: {MetadataKey}: {member.Name}", "is no text, or there twice", "expected texts by name");
            else metadata.Add((member.Name, member.Value.GetString()!));
    }

    static Validation<Fault, StoredTensor> Tensor(JsonElement json, string where)
    {
        if (json.ValueKind != JsonValueKind.Object) return Fault.Of<StoredTensor>(where, "is no object", "expected dtype, shape and data_offsets");
        var keys = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var member in json.EnumerateObject())
            if (!keys.Add(member.Name)) return Fault.Of<StoredTensor>($"{where}: {member.Name}", "is there twice");
        if (!json.TryGetProperty("dtype", out var text) || text.ValueKind != JsonValueKind.String || text.GetString() is not { Length: > 0 } dtype)
            return Fault.Of<StoredTensor>(where, "has no dtype", "expected a text such as F32");
        if (Numbers(json, "shape") is not { } shape || shape.Any(static d => d < 0))
            return Fault.Of<StoredTensor>(where, "has no shape", "expected a list of whole numbers from 0 on");
        if (shape.Count > MaxAxes) return Fault.Of<StoredTensor>(where, $"has {shape.Count} axes", $"allowed: up to {MaxAxes}");
        if (Numbers(json, "data_offsets") is not [var begin, var end])
            return Fault.Of<StoredTensor>(where, "has no data_offsets", "expected two whole numbers");
        if (begin < 0 || end < begin)
            return Fault.Of<StoredTensor>(where, $"has bytes {begin} to {end}", "expected a beginning from 0 on, and an end not before it");
        return Fits(new(dtype, shape.ToVec(), begin, end), where);
    }

    // What elements of an unknown dtype take is not known: then the place alone must be right.
    static Validation<Fault, StoredTensor> Fits(StoredTensor tensor, string where)
    {
        if (tensor.Width is not { } width) return Success<Fault, StoredTensor>(tensor);
        if (tensor.Elements is not { } elements) return Fault.Of<StoredTensor>(where, $"has shape {tensor.Shape}", $"allowed: up to {long.MaxValue} elements");
        var bits = (Int128)elements * width;
        return bits % 8 != 0 ? Fault.Of<StoredTensor>(where, $"has {bits} bits as {tensor}", "expected whole bytes")
            : bits / 8 != tensor.Bytes ? Fault.Of<StoredTensor>(where, $"has bytes {tensor.Begin} to {tensor.End}", $"expected {bits / 8} bytes for {tensor}")
            : Success<Fault, StoredTensor>(tensor);
    }

    // Tensors, in the order of their bytes, must cover the data exactly: no two share a byte, and none is left over.
    static IEnumerable<Fault> Gaps(Params<StoredTensor> tensors, long dataBytes, string file)
    {
        var at = 0L;
        foreach (var (name, tensor) in tensors)
        {
            if (tensor.Begin != at) yield return new($"{file}: {name}", $"begins at byte {tensor.Begin}", $"expected {at}, where the tensor before ends");
            at = tensor.End;
        }
        if (at != dataBytes) yield return new(file, $"has {dataBytes} bytes of tensors", $"expected {at}{(dataBytes < at ? "; it is cut off" : "")}");
    }

    static List<long>? Numbers(JsonElement json, string name)
    {
        if (!json.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array) return null;
        var numbers = new List<long>();
        foreach (var item in list.EnumerateArray())
            if (item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out var value)) numbers.Add(value); else return null;
        return numbers;
    }
}
