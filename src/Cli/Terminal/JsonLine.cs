using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Functional.Base;

namespace Functional.Cli;

/// <summary>A line of JSON, for scripts.</summary>
static class JsonLine
{
    /// <summary>An object with what is written into it.</summary>
    public static string Of(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        // No page shows it: only what JSON and terminals ask for is escaped.
        using (var json = new Utf8JsonWriter(stream, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) json.Object(write);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>An object.</summary>
    public static void Object(this Utf8JsonWriter json, Action<Utf8JsonWriter> write)
    {
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
    }

    /// <summary>A number under a name; null where it is not known.</summary>
    public static void Number(this Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value)) json.WriteNumber(name, value);
        else json.WriteNull(name);
    }

    /// <summary>A rate under a name, and the ends of its interval under <c>NAME_low</c> and <c>NAME_high</c>.</summary>
    public static void Rate(this Utf8JsonWriter json, string name, Rate rate)
    {
        json.Number(name, rate.Value);
        json.Number($"{name}_low", rate.Low);
        json.Number($"{name}_high", rate.High);
    }

    /// <summary>An array under a name, with an object for each item.</summary>
    public static void Objects<T>(this Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items) json.Object(_ => write(item));
        json.WriteEndArray();
    }
}
