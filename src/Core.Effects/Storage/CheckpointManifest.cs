using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Functional.Base;
using Functional.Files;
using Functional.Runs;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Storage;

/// <summary>A file of a checkpoint as it was written.</summary>
sealed record FileSum(string Name, long Bytes, uint Crc);

/// <summary>
/// The content of <c>state.json</c>, which is written last: where the run stands, and the length and checksum of each other file. Its own
/// checksum is its last member, so that a changed digit is noticed as well as a lost file.
/// </summary>
sealed record CheckpointManifest(RunState State, RunIdentity Identity, Vec<FileSum> Files)
{
    const int Format = 3;
    static readonly JsonWriterOptions style = new() { Indented = true, IndentSize = 1, NewLine = "\n" };

    public byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, style))
        {
            json.WriteStartObject();
            json.WriteNumber("format", Format);
            RunStateJson.Write(json, State);
            json.WriteString("tokenizer", Identity.Text.Tokenizer);
            json.WriteNumber("text_tokens", Identity.Text.Tokens);
            json.WriteString("text_crc32c", Identity.Text.Crc);
            json.WriteStartObject("settings");
            foreach (var (name, value) in Identity.Settings) json.WriteString(name, value);
            json.WriteEndObject();
            json.WriteStartObject("files");
            foreach (var file in Files)
            {
                json.WriteStartObject(file.Name);
                json.WriteNumber("bytes", file.Bytes);
                json.WriteString("crc32c", Hex(file.Crc));
                json.WriteEndObject();
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        var body = buffer.WrittenSpan[..^2];
        return [.. body, .. Encoding.ASCII.GetBytes(Check(body))];
    }

    public static Validation<Fault, CheckpointManifest> Parse(ReadOnlyMemory<byte> text, string file)
    {
        var tail = Check([]).Length;
        if (text.Length < tail || !text.Span[^tail..].SequenceEqual(Encoding.ASCII.GetBytes(Check(text.Span[..^tail]))))
            return Fault.Of<CheckpointManifest>(file, "is damaged: its checksum does not fit", "expected what training wrote");
        try
        {
            using var document = JsonDocument.Parse(text);
            var json = document.RootElement;
            if (json.GetProperty("format").GetInt32() != Format)
                return Fault.Of<CheckpointManifest>($"{file}: format", $"is {json.GetProperty("format")}", $"allowed: {Format}; another version wrote it");
            var identity = new RunIdentity(
                new(json.GetProperty("tokenizer").GetString()!, json.GetProperty("text_tokens").GetInt64(), json.GetProperty("text_crc32c").GetString()!),
                json.GetProperty("settings").EnumerateObject().Select(static s => (s.Name, s.Value.GetString()!)).ToParams());
            var files = json.GetProperty("files").EnumerateObject().Select(static f => new FileSum(f.Name, f.Value.GetProperty("bytes").GetInt64(),
                uint.Parse(f.Value.GetProperty("crc32c").GetString()!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))).ToVec();
            return RunStateJson.Read(json, file).Map(state => new CheckpointManifest(state, identity, files));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or OverflowException or KeyNotFoundException or ArgumentException)
        {
            return Fault.Of<CheckpointManifest>(file, "is not what training writes", "expected an unchanged file");
        }
    }

    public static string Hex(uint crc) => crc.ToString("x8", CultureInfo.InvariantCulture);

    static string Check(ReadOnlySpan<byte> body) => $",\n \"check\": \"{Hex(Crc32C.Of(body))}\"\n}}\n";
}
