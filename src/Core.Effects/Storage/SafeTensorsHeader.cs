using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional;

/// <summary>Where a tensor lies in a file.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Begin">Its first byte, counted from the end of the header.</param>
readonly record struct TensorPlace(TensorType Type, long Begin)
{
    public long End => Begin + Type.Bytes;
}

/// <summary>
/// The header of a safetensors file (Hugging Face's format): 8 bytes of length, then JSON that gives each tensor's element type, shape and
/// offsets; the tensors follow without gaps. Everything is checked before anything is believed.
/// </summary>
/// <param name="Tensors">The tensors in the order of their bytes.</param>
/// <param name="Metadata">Free text by name.</param>
sealed record SafeTensorsHeader(Params<TensorPlace> Tensors, Params<string> Metadata)
{
    // As the format's own library, so that a damaged length cannot ask for all memory.
    const long MaxBytes = 100_000_000;
    const string MetadataKey = "__metadata__";

    /// <summary>The header of tensors that follow one another.</summary>
    public static SafeTensorsHeader Of(Params<TensorType> types, Params<string> metadata)
    {
        var places = new List<(string, TensorPlace)>();
        var at = 0L;
        foreach (var (name, type) in types)
        {
            places.Add((name, new(type, at)));
            at += type.Bytes;
        }
        return new(places.ToParams(), metadata);
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
            foreach (var (name, place) in Tensors)
            {
                json.WriteStartObject(name);
                json.WriteString("dtype", Text(place.Type.DType));
                json.WriteStartArray("shape");
                foreach (var size in place.Type.Shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(place.Begin);
                json.WriteNumberValue(place.End);
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
        if (stream.ReadAtLeast(prefix, 8, throwOnEndOfStream: false) < 8) return Fault.Of<SafeTensorsHeader>(file, $"ends after {size} bytes", "expected a safetensors file; it is cut off");
        var length = BinaryPrimitives.ReadInt64LittleEndian(prefix);
        if (length < 2 || length > MaxBytes || length > size - 8)
            return Fault.Of<SafeTensorsHeader>(file, $"says that its header has {length} bytes", $"allowed: 2 to {Math.Min(MaxBytes, Math.Max(2, size - 8))}; it is cut off or no safetensors file");
        var text = new byte[length];
        if (stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false) < text.Length) return Fault.Of<SafeTensorsHeader>(file, "ends inside its header", "it is cut off");
        return Parse(text, size - 8 - length, file);
    }

    /// <summary>The header whose JSON this is.</summary>
    /// <param name="text">The JSON.</param>
    /// <param name="dataBytes">Bytes that follow the header.</param>
    /// <param name="file">What faults call the file.</param>
    public static Validation<Fault, SafeTensorsHeader> Parse(ReadOnlyMemory<byte> text, long dataBytes, string file)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return Fault.Of<SafeTensorsHeader>(file, "has a header that is no JSON object", "expected a safetensors file");
            var faults = new List<Fault>();
            var tensors = new List<(string Name, TensorPlace Place)>();
            var metadata = new List<(string, string)>();
            var names = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var member in document.RootElement.EnumerateObject())
            {
                if (!names.Add(member.Name)) faults.Add(new($"{file}: {member.Name}", "is there twice", ""));
                else if (member.Name == MetadataKey) faults.AddRange(Collect(member.Value, metadata, file));
                else _ = Place(member.Value, $"{file}: {member.Name}").Match(p => { tensors.Add((member.Name, p)); return unit; }, f => { faults.AddRange(f); return unit; });
            }
            if (faults.Count == 0) faults.AddRange(Gaps(tensors, dataBytes, file));
            return faults.Count == 0
                ? Success<Fault, SafeTensorsHeader>(new(tensors.OrderBy(static t => t.Place.Begin).ToParams(), metadata.ToParams()))
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
        foreach (var member in json.EnumerateObject())
            if (member.Value.ValueKind != JsonValueKind.String || metadata.Any(m => m.Name == member.Name))
                yield return new($"{file}: {MetadataKey}: {member.Name}", "is no text, or there twice", "expected texts by name");
            else metadata.Add((member.Name, member.Value.GetString()!));
    }

    static Validation<Fault, TensorPlace> Place(JsonElement json, string where)
    {
        if (json.ValueKind != JsonValueKind.Object) return Fault.Of<TensorPlace>(where, "is no object", "expected dtype, shape and data_offsets");
        var name = json.TryGetProperty("dtype", out var dtype) && dtype.ValueKind == JsonValueKind.String ? dtype.GetString() : null;
        if (Parse(name) is not { } type) return Fault.Of<TensorPlace>(where, $"has dtype {name ?? "missing"}", "allowed: F32, BF16, I32, BOOL");
        if (Numbers(json, "shape") is not { } shape || shape.Any(static d => d is < 1 or > int.MaxValue)) return Fault.Of<TensorPlace>(where, "has no shape", "expected a list of whole numbers from 1 on");
        if (Numbers(json, "data_offsets") is not [var begin, var end]) return Fault.Of<TensorPlace>(where, "has no data_offsets", "expected two whole numbers");
        var size = shape.Aggregate(1L, static (n, d) => n > int.MaxValue ? n : n * d);
        if (size > int.MaxValue) return Fault.Of<TensorPlace>(where, $"has shape [{string.Join(", ", shape)}]", $"allowed: up to {int.MaxValue} elements");
        var place = new TensorPlace(new([.. shape.Select(static d => (int)d)], type), begin);
        return begin >= 0 && begin <= long.MaxValue / 2 && end == place.End
            ? Success<Fault, TensorPlace>(place)
            : Fault.Of<TensorPlace>(where, $"has bytes {begin} to {end}", $"expected {place.Type.Bytes} bytes for {place.Type}");
    }

    // Tensors must cover the data exactly: no two share a byte, and none is left over.
    static IEnumerable<Fault> Gaps(List<(string Name, TensorPlace Place)> tensors, long dataBytes, string file)
    {
        var at = 0L;
        foreach (var (name, place) in tensors.OrderBy(static t => t.Place.Begin))
        {
            if (place.Begin != at) yield return new($"{file}: {name}", $"begins at byte {place.Begin}", $"expected {at}, where the tensor before ends");
            at = place.End;
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

    static string Text(DType type) => type == DType.Bool ? "BOOL" : type.ToString();

    static DType? Parse(string? text) => text switch { "F32" => DType.F32, "BF16" => DType.BF16, "I32" => DType.I32, "BOOL" => DType.Bool, _ => null };
}
