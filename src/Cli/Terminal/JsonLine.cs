using System.Text;
using System.Text.Json;

namespace Functional.Cli;

/// <summary>A line of JSON, for scripts.</summary>
static class JsonLine
{
    /// <summary>An object with what is written into it.</summary>
    public static string Of(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream)) json.Object(write);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>An object.</summary>
    public static void Object(this Utf8JsonWriter json, Action<Utf8JsonWriter> write)
    {
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
    }

    /// <summary>An array under a name, with an object for each item.</summary>
    public static void Objects<T>(this Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items) json.Object(_ => write(item));
        json.WriteEndArray();
    }
}
