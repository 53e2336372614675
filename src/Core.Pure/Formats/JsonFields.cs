using System.Text.Json;
using Functional.Base;

namespace Functional.Formats;

/// <summary>Reads members of JSON objects and collects what is wrong with them.</summary>
/// <param name="file">What faults call the file.</param>
sealed class JsonFields(string file)
{
    const int Most = 16;
    int left;

    public List<Fault> Faults { get; } = [];

    /// <summary>A place in the file, as faults call it.</summary>
    public string Named(string where) => $"{file}: {where}";

    /// <summary>Notes a fault; of very many, the number.</summary>
    public void Add(string where, string what, string allowed)
    {
        if (Faults.Count < Most) Faults.Add(new(Named(where), what, allowed));
        else if (left++ == 0) Faults.Add(new(file, "1 more is wrong", "as above"));
        else Faults[^1] = new(file, $"{left} more are wrong", "as above");
    }

    public static JsonElement? Member(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } parent && parent.TryGetProperty(name, out var member) && member.ValueKind != JsonValueKind.Null ? member : null;

    /// <summary>A text; nothing where it is absent or, which is a fault, something else.</summary>
    public string? Text(JsonElement? element, string where)
    {
        if (element is { } given && given.ValueKind != JsonValueKind.String) Add(where, $"is {Shown(given)}", "allowed: a text");
        return element is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
    }

    public bool Truth(JsonElement? element, string where, bool otherwise = false)
    {
        if (element is { } given && given.ValueKind is not (JsonValueKind.True or JsonValueKind.False)) Add(where, $"is {Shown(given)}", "allowed: true, false");
        return element is { ValueKind: var kind } && kind is JsonValueKind.True or JsonValueKind.False ? kind == JsonValueKind.True : otherwise;
    }

    public int Whole(JsonElement? element, string where, int least, int most, int otherwise)
    {
        if (element is not { } given) return otherwise;
        if (given.ValueKind == JsonValueKind.Number && given.TryGetInt32(out var value) && value >= least && value <= most) return value;
        Add(where, $"is {Shown(given)}", $"allowed: {least} to {most}");
        return otherwise;
    }

    /// <summary>The items of a list; none where it is absent or, which is a fault, something else.</summary>
    public IEnumerable<(JsonElement Item, string Where)> Items(JsonElement? element, string where)
    {
        if (element is { } given && given.ValueKind != JsonValueKind.Array) Add(where, $"is {Shown(given)}", "allowed: a list");
        return element is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray().Select((item, i) => (item, $"{where}[{i}]")) : [];
    }

    /// <summary>A word of an object's <c>type</c>.</summary>
    public string? Type(JsonElement element, string where)
    {
        if (Text(Member(element, "type"), $"{where}.type") is { } type) return type;
        if (Member(element, "type") is null) Add($"{where}.type", "is missing", "expected what kind it is");
        return null;
    }

    /// <summary>JSON as people can read it in a line.</summary>
    public static string Shown(JsonElement element) => element.GetRawText() is { Length: > 60 } text ? text[..60] + "…" : element.GetRawText();
}
