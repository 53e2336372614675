using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Text;

/// <summary>
/// Tokenizers as the text of a <c>tokenizer.json</c> in the layout of Hugging Face's tokenizers: byte-pair encoding without merges,
/// whose vocabulary is the characters, or GPT-2's 256 stand-ins for bytes (Radford et al., 2019) behind a byte-level pre-tokenizer.
/// </summary>
public static class TokenizerJson
{
    static readonly JsonWriterOptions Style = new() { Indented = true, IndentSize = 1, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The file's text, the same for equal tokenizers.</summary>
    public static string Write(Tokenizer tokenizer)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Style))
        {
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            foreach (var absent in (ReadOnlySpan<string>)["truncation", "padding"]) json.WriteNull(absent);
            json.WriteStartArray("added_tokens");
            json.WriteEndArray();
            json.WriteNull("normalizer");
            var level = tokenizer is ByteTokenizer;
            WriteStep(json, "pre_tokenizer", level ? "ByteLevel" : null);
            json.WriteNull("post_processor");
            WriteStep(json, "decoder", level ? "ByteLevel" : "Fuse");
            WriteModel(json, tokenizer);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    static void WriteStep(Utf8JsonWriter json, string name, string? type)
    {
        if (type is null) { json.WriteNull(name); return; }
        json.WriteStartObject(name);
        json.WriteString("type", type);
        if (type == "ByteLevel")
        {
            json.WriteBoolean("add_prefix_space", false);
            json.WriteBoolean("trim_offsets", true);
            json.WriteBoolean("use_regex", false);
        }
        json.WriteEndObject();
    }

    static void WriteModel(Utf8JsonWriter json, Tokenizer tokenizer)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        foreach (var absent in (ReadOnlySpan<string>)["dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"]) json.WriteNull(absent);
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteStartObject("vocab");
        for (var id = 0; id < tokenizer.VocabularySize; id++)
            json.WriteNumber(tokenizer is ByteTokenizer ? StandIn(id).ToString() : Encoding.UTF8.GetString(tokenizer.Bytes(id)), id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The tokenizer that a file's text describes, or every fault found in it.</summary>
    /// <param name="text">The whole file.</param>
    /// <param name="file">What faults call the file.</param>
    public static Validation<Fault, Tokenizer> Parse(string text, string file = "tokenizer.json")
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return Read(document.RootElement, file);
        }
        catch (InvalidOperationException)
        {
            return Fault.Of<Tokenizer>(file, "holds half a surrogate pair", "allowed: Unicode text");
        }
        catch (JsonException e)
        {
            return Fault.Of<Tokenizer>($"{file}, line {e.LineNumber + 1}", "is not JSON", "expected what training wrote beside the model");
        }
    }

    static Validation<Fault, Tokenizer> Read(JsonElement root, string file)
    {
        if (Member(root, "model") is not { ValueKind: JsonValueKind.Object } model)
            return Fault.Of<Tokenizer>($"{file}: model", "is missing", "expected an object with type and vocab");
        var faults = new List<Fault>();
        if (Text(Member(model, "type")) is var type && type != "BPE") faults.Add(new($"{file}: model.type", $"is {type ?? "missing"}", "allowed: BPE"));
        if (Member(model, "merges") is { ValueKind: JsonValueKind.Array } merges && merges.GetArrayLength() > 0)
            faults.Add(new($"{file}: model.merges", $"has {merges.GetArrayLength()} merges", "allowed: none, that is one token a character or byte"));
        if (Member(root, "added_tokens") is { ValueKind: JsonValueKind.Array } added && added.GetArrayLength() > 0)
            faults.Add(new($"{file}: added_tokens", $"has {added.GetArrayLength()} tokens", "allowed: none"));
        var step = Text(Member(Member(root, "pre_tokenizer"), "type"));
        if (step is not (null or "ByteLevel")) faults.Add(new($"{file}: pre_tokenizer.type", $"is {step}", "allowed: null, ByteLevel"));
        var runes = Vocabulary(Member(model, "vocab"), file, faults);
        var byteLevel = step is "ByteLevel";
        if (faults.Count == 0 && byteLevel && !IsBytes(runes))
            faults.Add(new($"{file}: model.vocab", "is not that of the 256 bytes in order",
                "allowed behind ByteLevel: the 256 stand-ins of bytes, ids 0 to 255"));
        return faults.Count > 0 ? Validation<Fault, Tokenizer>.Fail(faults.ToSeq().Strict())
            : Success<Fault, Tokenizer>(byteLevel ? ByteTokenizer.Instance : CharTokenizer.Of(runes));
    }

    static Vec<Rune> Vocabulary(JsonElement? vocab, string file, List<Fault> faults)
    {
        if (vocab is not { ValueKind: JsonValueKind.Object } entries)
        {
            faults.Add(new($"{file}: model.vocab", "is missing", "expected an object of characters and their ids"));
            return [];
        }
        var size = entries.EnumerateObject().Count();
        var runes = new Rune[size];
        var taken = new bool[size];
        var seen = new System.Collections.Generic.HashSet<Rune>();
        if (size == 0) faults.Add(new($"{file}: model.vocab", "is empty", "expected at least one character"));
        foreach (var entry in entries.EnumerateObject())
        {
            var where = $"{file}: model.vocab[{JsonSerializer.Serialize(entry.Name)}]";
            if (Rune.DecodeFromUtf16(entry.Name, out var rune, out var used) != OperationStatus.Done || used != entry.Name.Length)
                faults.Add(new(where, "is not one character", "allowed: single characters"));
            else if (!seen.Add(rune)) faults.Add(new(where, "stands there twice", "allowed: each character once"));
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out var id) || id < 0 || id >= size)
                faults.Add(new(where, $"has id {entry.Value.GetRawText()}", $"allowed: 0 to {size - 1}"));
            else if (taken[id]) faults.Add(new(where, $"has id {id}, which another character has", $"allowed: each of 0 to {size - 1} once"));
            else (runes[id], taken[id]) = (rune, true);
        }
        return runes.ToVec();
    }

    static JsonElement? Member(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } parent && parent.TryGetProperty(name, out var member) ? member : null;

    static string? Text(JsonElement? element) => element switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        null or { ValueKind: JsonValueKind.Null } => null,
        { } other => other.GetRawText(),
    };

    static bool IsBytes(Vec<Rune> runes) => runes.Count == 256 && Enumerable.Range(0, 256).All(id => runes[id].Value == StandIn(id));

    /// <summary>GPT-2's printable stand-in of a byte: itself where it prints, else the next free code point from U+0100.</summary>
    static char StandIn(int value) => Prints(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(static b => !Prints(b)));

    static bool Prints(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
}
