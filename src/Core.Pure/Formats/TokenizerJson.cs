using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Functional.Base;
using Functional.Subwords;
using Functional.Text;
using Functional.Unicode;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Formats;

/// <summary>
/// Tokenizers as the text of a <c>tokenizer.json</c> in the layout of Hugging Face's tokenizers: byte-pair encoding and unigram models with what stands around
/// them. One token a character or byte is byte-pair encoding without merges, whose vocabulary is the characters, or GPT-2's 256 stand-ins for bytes.
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
            var subwords = (tokenizer as SubwordTokenizer)?.Definition;
            json.WriteStartObject();
            json.WriteString("version", "1.0");
            foreach (var absent in (ReadOnlySpan<string>)["truncation", "padding"]) json.WriteNull(absent);
            json.WriteStartArray("added_tokens");
            foreach (var token in subwords?.Added ?? []) WriteAdded(json, token);
            json.WriteEndArray();
            var parts = subwords?.Json ?? (tokenizer is ByteTokenizer ? new(null, Level, null, Level) : new PartsJson(null, null, null, "{\"type\":\"Fuse\"}"));
            WritePart(json, "normalizer", parts.Normalizer);
            WritePart(json, "pre_tokenizer", parts.PreTokenizer);
            WritePart(json, "post_processor", parts.PostProcessor);
            WritePart(json, "decoder", parts.Decoder);
            if (subwords is null) WriteModel(json, tokenizer);
            else ModelWriter.Write(json, subwords);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n";
    }

    const string Level = "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":false}";

    static void WritePart(Utf8JsonWriter json, string name, string? part)
    {
        if (part is null)
        {
            json.WriteNull(name);
            return;
        }
        using var document = JsonDocument.Parse(part);
        json.WritePropertyName(name);
        document.RootElement.WriteTo(json);
    }

    static void WriteAdded(Utf8JsonWriter json, AddedToken token)
    {
        json.WriteStartObject();
        json.WriteNumber("id", token.Id);
        json.WriteString("content", token.Content);
        json.WriteBoolean("single_word", token.SingleWord);
        json.WriteBoolean("lstrip", token.LeftStrip);
        json.WriteBoolean("rstrip", token.RightStrip);
        json.WriteBoolean("normalized", token.Normalized);
        json.WriteBoolean("special", token.Special);
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
            json.WriteNumber(tokenizer is ByteTokenizer ? StandIns.Of(id).ToString() : Encoding.UTF8.GetString(tokenizer.Bytes(id)), id);
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
        catch (PatternLimitException e)
        {
            return e.Fault.As<Tokenizer>();
        }
        catch (InvalidOperationException)
        {
            return Fault.Of<Tokenizer>(file, "holds half a surrogate pair", "allowed: Unicode text");
        }
        catch (JsonException e)
        {
            return Fault.Of<Tokenizer>($"{file}, line {e.LineNumber + 1}", "is not JSON", "expected a tokenizer.json");
        }
    }

    static Validation<Fault, Tokenizer> Read(JsonElement root, string file)
    {
        if (JsonFields.Member(root, "model") is not { ValueKind: JsonValueKind.Object } model)
            return Fault.Of<Tokenizer>($"{file}: model", "is missing", "expected an object with type and vocab");
        var fields = new JsonFields(file);
        var type = JsonFields.Member(model, "type") is null && JsonFields.Member(model, "merges") is not null ? "BPE" : fields.Text(JsonFields.Member(model, "type"), "model.type");
        if (type is not ("BPE" or "Unigram"))
            fields.Add("model.type", $"is {type ?? "missing"}", "allowed: BPE, Unigram; WordPiece and WordLevel are not supported");
        var components = new ComponentReader(fields);
        var byBytes = false;
        JsonElement? Part(string name) => JsonFields.Member(root, name);
        var normalizer = components.Normalizer(Part("normalizer"), "normalizer");
        var steps = components.PreTokenizer(Part("pre_tokenizer"), "pre_tokenizer", ref byBytes);
        var post = components.PostProcessor(Part("post_processor"), "post_processor");
        var decoding = components.Decoder(Part("decoder"), "decoder");
        var json = new PartsJson(Compact(Part("normalizer")), Compact(Part("pre_tokenizer")), Compact(Part("post_processor")), Compact(Part("decoder")));
        var reader = new ModelReader(fields);
        var definition = type == "Unigram" ? Unigram(model, reader, fields) : Bpe(model, reader, fields, byBytes, Part("added_tokens"));
        definition = definition with
        {
            Added = reader.Added(Part("added_tokens"), definition.Names), Normalizer = normalizer, Steps = steps.ToVec(), Decoding = decoding, Post = post, Json = json,
        };
        Check(definition, fields);
        return fields.Faults.Count > 0 ? Validation<Fault, Tokenizer>.Fail(fields.Faults.ToSeq().Strict()) : Success<Fault, Tokenizer>(Simplest(definition));
    }

    static void Check(SubwordDefinition definition, JsonFields fields)
    {
        var size = Math.Max(definition.Names.Count, definition.Added.Select(static t => t.Id + 1).DefaultIfEmpty(0).Max());
        if (definition.Post.Single.Concat(definition.Post.Pair).SelectMany(static i => i.Ids).Any(id => id >= size))
            fields.Add("post_processor", "puts in an id that no token has", $"allowed: 0 to {size - 1}");
    }

    static SubwordDefinition Bpe(JsonElement model, ModelReader reader, JsonFields fields, bool byBytes, JsonElement? added)
    {
        if (JsonFields.Member(model, "dropout") is { } dropout && !(dropout.ValueKind == JsonValueKind.Number && dropout.GetDouble() == 0))
            fields.Add("model.dropout", $"is {JsonFields.Shown(dropout)}: dropping merges by chance is not supported", "allowed: null");
        foreach (var name in (ReadOnlySpan<string>)["continuing_subword_prefix", "end_of_word_suffix"])
            if (fields.Text(JsonFields.Member(model, name), $"model.{name}") is { Length: > 0 } mark)
                fields.Add($"model.{name}", $"is {mark}, which is not supported", "allowed: null");
        var (names, ids) = reader.Vocabulary(JsonFields.Member(model, "vocab"));
        var merges = reader.Merges(JsonFields.Member(model, "merges"), ids);
        var unknown = fields.Text(JsonFields.Member(model, "unk_token"), "model.unk_token");
        var id = unknown is null ? -1 : ids.TryGetValue(unknown, out var known) ? known
            : fields.Items(added, "added_tokens").Where(t => JsonFields.Member(t.Item, "content") is { ValueKind: JsonValueKind.String } c && c.GetString() == unknown)
                .Select(t => fields.Whole(JsonFields.Member(t.Item, "id"), "", 0, ModelReader.MostId, -1)).FirstOrDefault(-1);
        if (unknown is not null && id < 0) fields.Add("model.unk_token", $"is {unknown}, which is not in the vocabulary", "allowed: a token of the vocabulary, or null");
        bool Flag(string name) => fields.Truth(JsonFields.Member(model, name), $"model.{name}");
        return new(names, merges, [], new(byBytes, Flag("ignore_merges"), id, Flag("fuse_unk"), Flag("byte_fallback")), [], null, [], DecodingRules.Plain, PostRules.None,
            new(null, null, null, null));
    }

    static SubwordDefinition Unigram(JsonElement model, ModelReader reader, JsonFields fields)
    {
        var (names, scores) = reader.Pieces(JsonFields.Member(model, "vocab"));
        var unknown = fields.Whole(JsonFields.Member(model, "unk_id"), "model.unk_id", 0, Math.Max(0, names.Count - 1), -1);
        return new(names, [], scores, new(false, false, unknown, true, fields.Truth(JsonFields.Member(model, "byte_fallback"), "model.byte_fallback")), [], null, [],
            DecodingRules.Plain, PostRules.None, new(null, null, null, null));
    }

    // Characters and bytes one by one are tokenizers of their own.
    static Tokenizer Simplest(SubwordDefinition d)
    {
        var bare = d is { IsUnigram: false, Merges.Count: 0, Added.Count: 0, Normalizer: null, Steps.Count: 0, Post: { Single.Count: 0, Trim: false } }
            && d.Rules is { Unknown: -1, ByteFallback: false } && d.Names.All(static n => n is not null);
        if (bare && d.Rules.ByBytes && d.Names.Count == 256 && Enumerable.Range(0, 256).All(b => d.Names[b] == StandIns.Of(b).ToString())) return ByteTokenizer.Instance;
        if (bare && !d.Rules.ByBytes && d.Names.All(static n => Rune.DecodeFromUtf16(n, out _, out var used) == OperationStatus.Done && used == n!.Length)
            && d.Json.Decoder is null or "{\"type\":\"Fuse\"}")
            return CharTokenizer.Of(d.Names.Map(static n => Rune.GetRuneAt(n!, 0)));
        return new SubwordTokenizer(d);
    }

    /// <summary>JSON without blanks.</summary>
    internal static string? Compact(JsonElement? element)
    {
        if (element is not { } given) return null;
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) given.WriteTo(json);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
