using System.Text.Encodings.Web;
using System.Text.Json;
using Functional.Subwords;

namespace Functional.Formats;

/// <summary>
/// SentencePiece's normaliser in a <c>tokenizer.json</c>: a sequence of the parts that come closest to it, as the official library's converters write them, with a
/// member <c>sentencepiece</c> beside, which that library passes over and which says the rest.
/// </summary>
static class SentencePieceParts
{
    /// <summary>What the member is called.</summary>
    public const string Member = "sentencepiece";

    const string Prefix = "add_dummy_prefix", Extra = "remove_extra_whitespaces", Escape = "escape_whitespaces", Symbols = "user_defined_symbols", Reserved = "reserved";

    /// <summary>The normaliser as JSON.</summary>
    /// <param name="table">The bytes of its table; none for no table.</param>
    /// <param name="rules">The rest.</param>
    public static string Json(ReadOnlySpan<byte> table, SentencePieceRules rules)
    {
        var blank = rules.Escapes ? "▁" : " ";
        string[] parts =
        [
            .. table.IsEmpty ? (string[])[] : [$"{{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"{Convert.ToBase64String(table)}\"}}"],
            .. rules.RemovesExtra ? ["{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}",
                "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\" \"}"] : (string[])[],
            .. rules.Prefix ? [$"{{\"type\":\"Prepend\",\"prepend\":\"{blank}\"}}"] : (string[])[],
            .. rules.Escapes ? [$"{{\"type\":\"Replace\",\"pattern\":{{\"String\":\" \"}},\"content\":\"{blank}\"}}"] : (string[])[],
        ];
        static string Word(bool value) => value ? "true" : "false";
        var symbols = string.Join(',', rules.Symbols.Select(static s => $"\"{JsonEncodedText.Encode(s, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\""));
        return $"{{\"type\":\"Sequence\",\"normalizers\":[{string.Join(',', parts)}],\"{Member}\":{{\"{Prefix}\":{Word(rules.Prefix)},\"{Extra}\":{Word(rules.RemovesExtra)},"
            + $"\"{Escape}\":{Word(rules.Escapes)},\"{Symbols}\":[{symbols}],\"{Reserved}\":[{string.Join(',', rules.Reserved)}]}}}}";
    }

    /// <summary>The normaliser that the member describes.</summary>
    /// <param name="fields">Reads, and collects faults.</param>
    /// <param name="member">The member.</param>
    /// <param name="where">What faults call it.</param>
    /// <param name="table">The table among the sequence's parts; nothing for none.</param>
    public static TextNormalizer Read(JsonFields fields, JsonElement member, string where, CharacterTable? table)
    {
        if (member.ValueKind != JsonValueKind.Object) fields.Add(where, $"is {JsonFields.Shown(member)}", "allowed: an object");
        bool Flag(string name) => fields.Truth(JsonFields.Member(member, name), $"{where}.{name}", true);
        IEnumerable<(JsonElement Item, string Where)> Items(string name) => fields.Items(JsonFields.Member(member, name), $"{where}.{name}");
        return new SentencePieceNormalizer(table, new(Flag(Prefix), Flag(Extra), Flag(Escape),
            [.. Items(Symbols).Select(s => fields.Text(s.Item, s.Where)).OfType<string>()],
            [.. Items(Reserved).Select(id => fields.Whole(id.Item, id.Where, 0, ModelReader.MostId, 0))]));
    }
}
