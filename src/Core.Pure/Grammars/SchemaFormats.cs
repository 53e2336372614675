using Functional.Base;

namespace Functional.Grammars;

/// <summary>The formats of strings that JSON Schema names, as regular expressions. What they allow is always right; not all that is right is written.</summary>
static class SchemaFormats
{
    const string Day = "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))";
    const string Date = $"[1-9][0-9]{{3}}-{Day}";
    const string Hour = "(?:[01][0-9]|2[0-3]):[0-5][0-9]";
    // As far from UTC as any zone is, and as DateTimeOffset reads.
    const string Zone = "(?:0[0-9]|1[0-3]):[0-5][0-9]";
    const string Time = $@"{Hour}:[0-5][0-9](?:\.[0-9]{{1,9}})?(?:Z|[+-]{Zone})";
    const string Label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,20}[A-Za-z0-9])?";
    const string Host = $@"{Label}(?:\.{Label}){{1,3}}";
    const string Octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    const string Hex = "[0-9a-f]";

    // RFC 3339, 5321, 1123, 2673, 4122 and 3986.
    static readonly Params<string> patterns = Params.Of(
        ("date", Date), ("time", Time), ("date-time", $"{Date}T{Time}"), ("email", $@"[A-Za-z0-9_+-]{{1,20}}(?:\.[A-Za-z0-9_+-]{{1,20}}){{0,2}}@{Host}"), ("hostname", Host),
        ("ipv4", $@"{Octet}(?:\.{Octet}){{3}}"), ("uuid", $"{Hex}{{8}}-{Hex}{{4}}-{Hex}{{4}}-{Hex}{{4}}-{Hex}{{12}}"), ("uri", $"https?://{Host}(?:/[A-Za-z0-9._~-]{{1,40}}){{0,8}}/?"));

    /// <summary>Their names.</summary>
    public static Vec<string> Names => patterns.Names;

    /// <summary>The pattern of one, of a whole text; nothing where there is no such format.</summary>
    public static string? Pattern(string name) => patterns.Contains(name) ? $"^(?:{patterns[name]})$" : null;
}
