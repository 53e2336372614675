using Functional.Base;
using Functional.Sessions;
using Functional.Settings;

namespace Functional.Cli;

/// <summary>The settings of a run as options: each by its own name, a truth by a switch and another with <c>no-</c> before it.</summary>
static class SettingFlags
{
    // What people choose first stands first.
    static readonly string[] sections = ["source", "rows", "practice", "policy", "preference", "adapter", "model", "text", RunConfig.StageSection, "learning", "run", "rope", "experts"];

    /// <summary>The options of the settings that a kind of stage has, with what holds for it where nothing is said; the command itself says the kind.</summary>
    public static Vec<Flag> For(StageKind kind) => [.. RunConfig.Fields.Where(f => f.Name is not ("kind" or "after") && f.IsFor(kind) && (kind is StageKind.Pretrain or StageKind.Distill || f.Name is not ("order" or "separator" or "mixture")))
        .OrderBy(static f => Array.IndexOf(sections, f.Section)).ThenBy(static f => f.IsDetail).SelectMany(f => Of(f with { Summary = Said(f, kind) }, RunConfig.For(kind))
            .Select(flag => flag with { Seldom = kind != StageKind.Pretrain && InitialWeights.AreInherited(f) ? "only where no --from gives the model" : null }))];

    // Where rows are learned from, what is said of texts is said of them.
    static string Said(Field<RunConfig> field, StageKind kind) => kind == StageKind.Pretrain ? field.Summary : field.Name switch
    {
        "data" => "rows to learn from, a file or a folder of them; the embedded world's questions where none are given",
        "validation-part" => "the last part of the rows, kept for evaluation",
        "batch" => "rows in a batch",
        _ => field.Summary,
    };

    /// <summary>The options of a setting.</summary>
    /// <param name="field">The setting.</param>
    /// <param name="start">What holds where nothing is said.</param>
    public static Vec<Flag> Of(Field<RunConfig> field, RunConfig start)
    {
        var standard = field.Get(start);
        if (field.IsTruth)
            return [Switch($"--{field.Name}", field.Summary, standard == "true"), Switch($"--no-{field.Name}", "the opposite", standard == "false")];
        var value = field.Name is "from" or "adapter" or "teacher" ? "DIR" : field.IsPath ? "FILE" : field.IsText ? "NAME" : field.Allowed.StartsWith("a whole", StringComparison.Ordinal) ? "N"
            : field.Allowed.StartsWith("a number", StringComparison.Ordinal) ? "X" : "NAME";
        return [new($"--{field.Name}", value, field.Summary + (value == "NAME" ? $": {field.Allowed}" : "")) { Group = field.Section, Default = field.IsPath
            ? null : standard }];

        Flag Switch(string name, string help, bool isDefault) => new(name, null, isDefault ? $"{help} [default]" : help) { Group = field.Section };
    }

    /// <summary>What was given of all settings, by their names.</summary>
    /// <exception cref="FunctionalException">A switch and its opposite were.</exception>
    public static Vec<(string Name, string Value)> Given(Given given) => [.. RunConfig.Fields.SelectMany(field => field.IsTruth ? Truth(given, field.Name)
        : given.Text($"--{field.Name}") is { } text ? [(field.Name, text)] : Array.Empty<(string, string)>())];

    static (string, string)[] Truth(Given given, string name) => (given.Has($"--{name}"), given.Has($"--no-{name}")) switch
    {
        (true, true) => throw new FunctionalException(new Fault($"--{name}", $"stands beside --no-{name}", "allowed: one of them")),
        (true, _) => [(name, "true")],
        (_, true) => [(name, "false")],
        _ => [],
    };
}
