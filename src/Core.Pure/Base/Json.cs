using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Base;

/// <summary>
/// A JSON value (RFC 8259) as an immutable tree that compares by value. Whole numbers stay apart from others, since <c>1</c> and <c>1.0</c> mean different
/// things to those who wrote them. Members keep their order.
/// </summary>
public abstract record Json
{
    Json()
    {
    }

    /// <summary>No value.</summary>
    public sealed record Null : Json;

    /// <summary>True or false.</summary>
    public sealed record Bool(bool Value) : Json;

    /// <summary>A number that was written without point and exponent.</summary>
    public sealed record Whole(long Value) : Json;

    /// <summary>Any other number, finite.</summary>
    public sealed record Real(double Value) : Json;

    /// <summary>A text.</summary>
    public sealed record Text(string Value) : Json;

    /// <summary>Values in order.</summary>
    public sealed record List(Vec<Json> Items) : Json;

    /// <summary>Values by name, in order.</summary>
    public sealed record Map(Params<Json> Members) : Json;

    /// <summary>The member of that name; nothing where there is none or this is no map.</summary>
    public Option<Json> this[string name] => this is Map { Members: var members } && members.Contains(name) ? Some(members[name]) : None;

    /// <summary>The member of that name; nothing where there is none, or null stands there, or this is no map.</summary>
    public Option<Json> Given(string name) => this[name].Filter(static value => value is not Null);

    /// <summary>What it is, as faults say it: <c>a text</c>.</summary>
    public string Kind => this switch
    {
        Null => "null",
        Bool => "true or false",
        Whole => "a whole number",
        Real => "a number",
        Text => "a text",
        List => "a list",
        _ => "an object",
    };

    /// <summary>
    /// The value that a text describes, or one fault: no JSON, deeper than 64, a name twice in one object, half a surrogate pair, or a number that neither 64
    /// bits nor a double can hold.
    /// </summary>
    /// <param name="text">The whole text.</param>
    /// <param name="file">What faults call it.</param>
    public static Validation<Fault, Json> Parse(string text, string file)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new() { MaxDepth = 64 });
            return Of(document.RootElement, file);
        }
        catch (JsonException e)
        {
            return Fault.Of<Json>($"{file}, line {e.LineNumber + 1}", "is not JSON", "expected one value, at most 64 deep");
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            return Fault.Of<Json>(file, "holds half a surrogate pair", "allowed: Unicode text");
        }
    }

    static Validation<Fault, Json> Of(JsonElement element, string where) => element.ValueKind switch
    {
        JsonValueKind.Null => Success<Fault, Json>(new Null()),
        JsonValueKind.True or JsonValueKind.False => Success<Fault, Json>(new Bool(element.GetBoolean())),
        JsonValueKind.String => Success<Fault, Json>(new Text(element.GetString()!)),
        JsonValueKind.Number => Number(element, where),
        JsonValueKind.Array => element.EnumerateArray().Select((item, i) => Of(item, $"{where}[{i}]")).Gather().Map(static items => (Json)new List(items)),
        _ => Object(element, where),
    };

    static Validation<Fault, Json> Number(JsonElement element, string where)
    {
        var written = element.GetRawText();
        if (written.AsSpan().IndexOfAny(".eE") < 0)
            return long.TryParse(written, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
                ? Success<Fault, Json>(new Whole(whole))
                : Fault.Of<Json>(where, "is a whole number of more than 64 bits", $"allowed: {long.MinValue} to {long.MaxValue}");
        return element.TryGetDouble(out var real) && double.IsFinite(real)
            ? Success<Fault, Json>(new Real(real))
            : Fault.Of<Json>(where, $"is {(written.Length > 40 ? written[..40] + "…" : written)}", $"allowed: up to {double.MaxValue:R} in size");
    }

    static Validation<Fault, Json> Object(JsonElement element, string where)
    {
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        return element.EnumerateObject()
            .Select(member => seen.Add(member.Name)
                ? Of(member.Value, $"{where}: {member.Name}").Map(value => (member.Name, value))
                : Fault.Of<(string, Json)>($"{where}: {member.Name}", "is there twice", "allowed: once"))
            .Gather()
            .Map(static members => (Json)new Map(members.ToParams()));
    }

    /// <summary>The text of this value, with two spaces a level, ending with a line end, as Python's <c>json.dumps(…, indent=2)</c> has it.</summary>
    public string Write() => Written(indented: true) + "\n";

    /// <summary>The text of this value in one line, without a line end.</summary>
    public string Line() => Written(indented: false);

    string Written(bool indented)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new() { Indented = indented, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) Write(json);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    void Write(Utf8JsonWriter json)
    {
        switch (this)
        {
            case Bool b: json.WriteBooleanValue(b.Value); break;
            case Whole w: json.WriteNumberValue(w.Value); break;
            case Real r: json.WriteRawValue(Digits(r.Value)); break;
            case Text t: json.WriteStringValue(t.Value); break;
            case List l:
                json.WriteStartArray();
                foreach (var item in l.Items) item.Write(json);
                json.WriteEndArray();
                break;
            case Map m:
                json.WriteStartObject();
                foreach (var (name, value) in m.Members)
                {
                    json.WritePropertyName(name);
                    value.Write(json);
                }
                json.WriteEndObject();
                break;
            default: json.WriteNullValue(); break;
        }
    }

    // A point or an exponent, so that it is read back as what it was.
    static string Digits(double value) =>
        value.ToString("R", CultureInfo.InvariantCulture) is var digits && digits.AsSpan().IndexOfAny(".E") < 0 ? digits + ".0" : digits;
}
