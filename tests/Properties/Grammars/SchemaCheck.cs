using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Functional.Tests.Properties.Grammars;

/// <summary>Whether a schema accepts a value, by the plainest reading of its words.</summary>
static class SchemaCheck
{
    public static bool Accepts(JsonElement root, JsonElement schema, JsonElement value)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False) return schema.ValueKind == JsonValueKind.True;
        bool Of(JsonElement inner, JsonElement v) => Accepts(root, inner, v);
        foreach (var word in schema.EnumerateObject())
        {
            var w = word.Value;
            var holds = word.Name switch
            {
                "$ref" => Of(Find(root, w.GetString()!), value),
                "type" => w.ValueKind == JsonValueKind.Array ? w.EnumerateArray().Any(t => Is(value, t.GetString()!)) : Is(value, w.GetString()!),
                "const" => JsonElement.DeepEquals(w, value),
                "enum" => w.EnumerateArray().Any(v => JsonElement.DeepEquals(v, value)),
                "anyOf" => w.EnumerateArray().Any(s => Of(s, value)),
                "oneOf" => w.EnumerateArray().Count(s => Of(s, value)) == 1,
                "allOf" => w.EnumerateArray().All(s => Of(s, value)),
                "required" => value.ValueKind != JsonValueKind.Object || w.EnumerateArray().All(n => value.TryGetProperty(n.GetString()!, out _)),
                "properties" => value.ValueKind != JsonValueKind.Object || value.EnumerateObject().All(m => !w.TryGetProperty(m.Name, out var s) || Of(s, m.Value)),
                "additionalProperties" => value.ValueKind != JsonValueKind.Object || value.EnumerateObject().All(m =>
                    (schema.TryGetProperty("properties", out var p) && p.TryGetProperty(m.Name, out _)) || Of(w, m.Value)),
                "items" => value.ValueKind != JsonValueKind.Array || value.EnumerateArray().All(i => Of(w, i)),
                "minItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() >= w.GetInt32(),
                "maxItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() <= w.GetInt32(),
                "minLength" => value.ValueKind != JsonValueKind.String || value.GetString()!.EnumerateRunes().Count() >= w.GetInt32(),
                "maxLength" => value.ValueKind != JsonValueKind.String || value.GetString()!.EnumerateRunes().Count() <= w.GetInt32(),
                "pattern" => value.ValueKind != JsonValueKind.String || Regex.IsMatch(value.GetString()!, w.GetString()!),
                "minimum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() >= w.GetDouble(),
                "maximum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() <= w.GetDouble(),
                "exclusiveMinimum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() > w.GetDouble(),
                "exclusiveMaximum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() < w.GetDouble(),
                _ => true,
            };
            if (!holds) return false;
        }
        return true;
    }

    static bool Is(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "number" => value.ValueKind == JsonValueKind.Number && double.IsFinite(value.GetDouble()),
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        _ => value.ValueKind == JsonValueKind.Null,
    };

    static JsonElement Find(JsonElement root, string pointer) => pointer.Split('/').Skip(1).Aggregate(root, static (at, part) => at.GetProperty(part));
}
