using Functional.Base;

namespace Functional.Templates;

/// <summary>A value while a template is rendered: Python's, as far as templates use them.</summary>
abstract record TemplateValue
{
    /// <summary>What a missing name or member gives: prints as nothing, is empty and false, and cannot be reckoned with.</summary>
    public sealed record Undefined(string Name) : TemplateValue;

    public sealed record None : TemplateValue;

    public sealed record Bool(bool Value) : TemplateValue;

    public sealed record Whole(long Value) : TemplateValue;

    public sealed record Real(double Value) : TemplateValue;

    public sealed record Text(string Value) : TemplateValue;

    /// <summary>A list, or a tuple, which differs in how it prints.</summary>
    public sealed record List(IReadOnlyList<TemplateValue> Items, bool Tuple = false) : TemplateValue;

    /// <summary>Values by key, in order.</summary>
    public sealed record Map(TemplateMap Held) : TemplateValue;

    /// <summary>The only thing that a template can change: <c>namespace(…)</c>, to carry values out of loops.</summary>
    public sealed record Cell(Dictionary<string, TemplateValue> Members) : TemplateValue;

    /// <summary>What can be called, and what a fault calls it.</summary>
    public sealed record Function(string Name, Func<Arguments, TemplateValue> Body) : TemplateValue;

    /// <summary>The <c>loop</c> of a for: its items and where it stands.</summary>
    public sealed record Loop(IReadOnlyList<TemplateValue> Items, int At, Dictionary<string, TemplateValue> Seen) : TemplateValue;

    /// <summary>Nothing.</summary>
    public static TemplateValue Nothing { get; } = new None();

    /// <summary>True or false.</summary>
    public static TemplateValue Of(bool value) => new Bool(value);

    /// <summary>A whole number.</summary>
    public static TemplateValue Of(long value) => new Whole(value);

    /// <summary>A text.</summary>
    public static TemplateValue Of(string value) => new Text(value);

    /// <summary>A list.</summary>
    public static TemplateValue Of(IEnumerable<TemplateValue> items) => new List([.. items]);

    /// <summary>A tuple of two.</summary>
    public static TemplateValue Pair(TemplateValue first, TemplateValue second) => new List([first, second], Tuple: true);

    /// <summary>What JSON says.</summary>
    public static TemplateValue Of(Json json) => json switch
    {
        Json.Bool b => Of(b.Value),
        Json.Whole w => Of(w.Value),
        Json.Real r => new Real(r.Value),
        Json.Text t => Of(t.Value),
        Json.List l => Of(l.Items.Select(Of)),
        Json.Map m => new Map(new(m.Members.Select(static e => (Of(e.Name), Of(e.Value))))),
        _ => Nothing,
    };

    /// <summary>What it is, as faults say it.</summary>
    public string Kind => this switch
    {
        Undefined u => $"'{u.Name}', which is undefined,",
        None => "none",
        Bool => "a boolean",
        Whole or Real => "a number",
        Text => "a string",
        List { Tuple: true } => "a tuple",
        List => "a list",
        Map => "a mapping",
        Cell => "a namespace",
        Loop => "the loop",
        _ => "a function",
    };

    /// <summary>Python's truth: what is empty, 0, none or undefined is false.</summary>
    public bool Truth => this switch
    {
        Undefined or None => false,
        Bool b => b.Value,
        Whole w => w.Value != 0,
        Real r => r.Value != 0,
        Text t => t.Value.Length > 0,
        List l => l.Items.Count > 0,
        Map m => m.Held.Count > 0,
        _ => true,
    };
}

/// <summary>What a function is called with.</summary>
/// <param name="Budget">Counts what the function makes.</param>
/// <param name="At">Where the call stands.</param>
/// <param name="Placed">Arguments by place.</param>
/// <param name="Named">Arguments by name, in order.</param>
readonly record struct Arguments(TemplateBudget Budget, Spot At, IReadOnlyList<TemplateValue> Placed, IReadOnlyList<(string Name, TemplateValue Value)> Named)
{
    /// <summary>The argument that stands there or has that name; nothing where there is none.</summary>
    public TemplateValue? Find(int place, string name) =>
        place < Placed.Count ? Placed[place] : Named.FirstOrDefault(n => n.Name == name).Value;

    /// <summary>The argument that stands there or has that name.</summary>
    public TemplateValue Get(int place, string name) => Find(place, name) ?? throw Wrong($"'{name}' is not given");

    /// <summary>A text that must be given.</summary>
    public string Text(int place, string name) =>
        Get(place, name) is TemplateValue.Text t ? t.Value : throw Wrong($"'{name}' is {Get(place, name).Kind}", "expected a string");

    /// <summary>A whole number, or <paramref name="otherwise"/> where none is given.</summary>
    public long Whole(int place, string name, long otherwise) => Find(place, name) switch
    {
        null or TemplateValue.None => otherwise,
        TemplateValue.Whole w => w.Value,
        TemplateValue.Bool b => b.Value ? 1 : 0,
        var other => throw Wrong($"'{name}' is {other.Kind}", "expected a whole number"),
    };

    /// <summary>Whether a flag is given and true.</summary>
    public bool Flag(int place, string name, bool otherwise = false) => Find(place, name)?.Truth ?? otherwise;

    /// <summary>Refuses more arguments than there are parameters, and unknown names.</summary>
    public void Only(string function, params ReadOnlySpan<string> names)
    {
        if (Placed.Count > names.Length) throw Wrong($"{function} is given {Placed.Count} arguments", $"allowed: {names.Length}");
        foreach (var (name, _) in Named)
            if (!names.Contains(name)) throw Wrong($"{function} has no argument '{name}'", names.Length > 0 ? $"allowed: {string.Join(", ", names!)}"
                : "allowed: none");
    }

    /// <summary>A fault at the call.</summary>
    public TemplateException Wrong(string what, string allowed = "") => new(At, what, allowed);
}

/// <summary>Values by key in order; keys are equal as Python has it, so <c>1</c>, <c>1.0</c> and <c>true</c> are one key.</summary>
sealed class TemplateMap
{
    readonly List<(TemplateValue Key, TemplateValue Value)> entries = [];
    readonly Dictionary<string, int> places = new(StringComparer.Ordinal);

    /// <summary>A map in which a later value of a key replaces an earlier one, at the earlier's place.</summary>
    public TemplateMap(IEnumerable<(TemplateValue Key, TemplateValue Value)> items)
    {
        foreach (var (key, value) in items)
            if (Id(key) is not { } id) continue;
            else if (places.TryGetValue(id, out var at)) entries[at] = (entries[at].Key, value);
            else
            {
                places.Add(id, entries.Count);
                entries.Add((key, value));
            }
    }

    /// <summary>Keys and values, in order.</summary>
    public IReadOnlyList<(TemplateValue Key, TemplateValue Value)> Entries => entries;

    /// <summary>The number of keys.</summary>
    public int Count => entries.Count;

    /// <summary>The value of a key; nothing where there is none.</summary>
    public TemplateValue? Find(TemplateValue key) => Id(key) is { } id && places.TryGetValue(id, out var at) ? entries[at].Value : null;

    /// <summary>The value of a key that is a text.</summary>
    public TemplateValue? Find(string key) => places.TryGetValue("s" + key, out var at) ? entries[at].Value : null;

    /// <summary>What tells keys apart; nothing for what cannot be one.</summary>
    public static string? Id(TemplateValue key) => key switch
    {
        TemplateValue.Text t => "s" + t.Value,
        TemplateValue.None => "0",
        TemplateValue.Bool b => b.Value ? "n1" : "n0",
        TemplateValue.Whole w => "n" + w.Value.ToString(System.Globalization.CultureInfo.InvariantCulture),
        TemplateValue.Real r => "n" + r.Value.ToString("R", System.Globalization.CultureInfo.InvariantCulture),
        _ => null,
    };
}
