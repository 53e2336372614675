using System.Text.Json;
using Functional.Subwords;

namespace Functional.Formats;

/// <summary>Writes models of a <c>tokenizer.json</c> as the official library does.</summary>
static class ModelWriter
{
    public static void Write(Utf8JsonWriter json, SubwordDefinition d)
    {
        json.WriteStartObject("model");
        json.WriteString("type", d.IsUnigram ? "Unigram" : "BPE");
        if (d.IsUnigram) WriteUnigram(json, d);
        else WriteBpe(json, d);
        json.WriteEndObject();
    }

    static void WriteBpe(Utf8JsonWriter json, SubwordDefinition d)
    {
        json.WriteNull("dropout");
        if (d.Rules.Unknown >= 0) json.WriteString("unk_token", Name(d, d.Rules.Unknown));
        else json.WriteNull("unk_token");
        json.WriteNull("continuing_subword_prefix");
        json.WriteNull("end_of_word_suffix");
        json.WriteBoolean("fuse_unk", d.Rules.FuseUnknown);
        json.WriteBoolean("byte_fallback", d.Rules.ByteFallback);
        json.WriteBoolean("ignore_merges", d.Rules.IgnoreMerges);
        json.WriteStartObject("vocab");
        for (var id = 0; id < d.Names.Count; id++)
            if (d.Names[id] is { } name) json.WriteNumber(name, id);
        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var merge in d.Merges)
        {
            json.WriteStartArray();
            json.WriteStringValue(d.Names[merge.Left]);
            json.WriteStringValue(d.Names[merge.Right]);
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }

    static string Name(SubwordDefinition d, int id) => id < d.Names.Count && d.Names[id] is { } name ? name : d.Added.First(t => t.Id == id).Content;

    static void WriteUnigram(Utf8JsonWriter json, SubwordDefinition d)
    {
        if (d.Rules.Unknown >= 0) json.WriteNumber("unk_id", d.Rules.Unknown);
        else json.WriteNull("unk_id");
        json.WriteStartArray("vocab");
        // Behind those with scores are only ids that no token has.
        for (var id = 0; id < d.Scores.Count; id++)
        {
            json.WriteStartArray();
            json.WriteStringValue(d.Names[id]);
            json.WriteNumberValue(d.Scores[id]);
            json.WriteEndArray();
        }
        json.WriteEndArray();
        json.WriteBoolean("byte_fallback", d.Rules.ByteFallback);
    }
}
