using Functional.Base;

namespace Functional.Settings;

/// <summary>What stands behind a key of a configuration, before it is known what the key means.</summary>
public abstract record ConfigValue
{
    ConfigValue() { }

    /// <summary>A bare word or number.</summary>
    public sealed record Plain(string Text) : ConfigValue;

    /// <summary>Text in quotes.</summary>
    public sealed record Quoted(string Text) : ConfigValue;

    /// <summary>Nothing.</summary>
    public sealed record Nothing : ConfigValue;

    /// <summary>A list, which no setting is, or a mapping where there should be a value.</summary>
    public sealed record Nested(string What) : ConfigValue;

    /// <summary>As a fault shows it.</summary>
    public sealed override string ToString() => this switch
    {
        Plain p => p.Text,
        Quoted q => $"\"{q.Text}\"",
        Nested n => n.What,
        _ => "nothing",
    };
}

/// <summary>A key and its value as they stand in a file or on a command line.</summary>
/// <param name="Key">The key, known or not.</param>
/// <param name="Where">What faults call the place, such as <c>run.yaml, line 3, layers</c> or <c>--layers</c>.</param>
/// <param name="Value">What stands there.</param>
public sealed record ConfigEntry(string Key, string Where, ConfigValue Value)
{
    /// <summary>The headings that it stands under, from the outermost in.</summary>
    public Vec<string> Under { get; init; } = [];

    /// <summary>An option of a command line; its text needs no quotes.</summary>
    public static ConfigEntry Option(string name, string text) => new(name, $"--{name}",
        RunConfig.Fields.Any(f => f.IsText && f.Name == name) ? new ConfigValue.Quoted(text) : new ConfigValue.Plain(text));
}
