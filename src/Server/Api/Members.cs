using Functional.Base;

namespace Functional.Server;

/// <summary>
/// A request's body, or an object in it, member by member; what is wrong in it is gathered. A member that is null is as one that is not there, and members that
/// nobody asks for are passed over: clients send what other servers know.
/// </summary>
sealed class Members(Json json, string path, List<Fault> faults)
{
    public static Members Of(Json json)
    {
        var faults = new List<Fault>();
        if (json is not Json.Map) faults.Add(new("body", $"is {json.Kind}", "expected an object"));
        return new(json, "", faults);
    }

    public Json Json => json;

    public string At(string name) => path.Length == 0 ? name : $"{path}.{name}";

    public void Wrong(string name, string what, string allowed) => faults.Add(new(At(name), what, allowed));

    /// <summary>Throws what was gathered.</summary>
    public void Check()
    {
        if (faults.Count > 0) throw ApiException.Of(faults);
    }

    public Json? this[string name] => json.Given(name).Case as Json;

    T? Typed<T>(string name, string expected) where T : Json
    {
        if (this[name] is not { } value) return null;
        if (value is T right) return right;
        Wrong(name, $"is {value.Kind}", $"expected {expected}");
        return null;
    }

    public string? Text(string name) => Typed<Json.Text>(name, "a text")?.Value;

    public bool Flag(string name) => Typed<Json.Bool>(name, "true or false")?.Value ?? false;

    public double Number(string name, double otherwise, double least, double most)
    {
        double? value = this[name] switch { null => null, Json.Whole w => w.Value, Json.Real r => r.Value, _ => double.NaN };
        if (value is null) return otherwise;
        if (value >= least && value <= most) return value.Value;
        Wrong(name, double.IsNaN(value.Value) ? $"is {this[name]!.Kind}" : FormattableString.Invariant($"is {value:R}"), FormattableString.Invariant($"allowed: {least:R} to {most:R}"));
        return otherwise;
    }

    public long? Whole(string name, long least, long most)
    {
        var value = this[name];
        if (value is null) return null;
        if (value is Json.Whole { Value: var whole } && whole >= least && whole <= most) return whole;
        Wrong(name, value is Json.Whole w ? $"is {w.Value}" : $"is {value.Kind}", $"allowed: whole numbers from {least} to {most}");
        return null;
    }

    public Members? Object(string name) => Typed<Json.Map>(name, "an object") is { } inner ? new(inner, At(name), faults) : null;

    public Vec<Json>? List(string name) => Typed<Json.List>(name, "a list")?.Items;

    /// <summary>The objects of a list.</summary>
    public IEnumerable<Members> Objects(string name)
    {
        if (List(name) is not { } items) yield break;
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i] is Json.Map) yield return new(items[i], $"{At(name)}[{i}]", faults);
            else Wrong($"{name}[{i}]", $"is {items[i].Kind}", "expected an object");
        }
    }

    /// <summary>A text or a list of texts.</summary>
    public Vec<string> Texts(string name, int most)
    {
        switch (this[name])
        {
            case null: return [];
            case Json.Text { Value: var text }: return [text];
            case Json.List { Items: var items } when items.Count <= most && items.All(static i => i is Json.Text): return [.. items.OfType<Json.Text>().Select(static t => t.Value)];
            default:
                Wrong(name, "is none", $"expected a text, or a list of up to {most}");
                return [];
        }
    }
}
