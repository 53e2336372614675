using System.Globalization;
using System.Runtime.CompilerServices;
using Functional.Base;

namespace Functional.Settings;

/// <summary>A setting of a <see cref="RunConfig"/> as people write it.</summary>
/// <param name="Name">What files and command lines call it, such as <c>min-lr</c>.</param>
/// <param name="Member">What C# calls it, such as <c>MinLearningRate</c> or <c>Model.Layers</c>.</param>
/// <param name="Group">What it belongs to, such as <c>model</c>.</param>
/// <param name="Summary">One line for people.</param>
/// <param name="Allowed">Which values it takes, in words.</param>
/// <param name="Get">Its value as text; nothing where it is not given.</param>
/// <param name="Set">The configuration with another value, or nothing when the text is no such value.</param>
/// <param name="Holds">Whether its value is in range, as far as that can be told from the configuration alone.</param>
public sealed record ConfigField(
    string Name, string Member, string Group, string Summary, string Allowed,
    Func<RunConfig, string?> Get, Func<RunConfig, string?, RunConfig?> Set, Func<RunConfig, bool> Holds)
{
    /// <summary>
    /// Whether it decides the data, the architecture or the meaning of what a run keeps, so that a run that was begun with one value cannot go
    /// on with another. Checkpoints record these settings.
    /// </summary>
    public bool Fixed { get; init; }

    /// <summary>Whether any text is a value, and may be left out; other values are numbers, words or truths.</summary>
    public bool IsText { get; init; }

    /// <summary>Whether it names a file or folder; a relative one in a file is relative to that file's folder.</summary>
    public bool IsPath { get; init; }

    /// <summary>What others call it, for suggestions.</summary>
    public Vec<string> Aliases { get; init; }

    /// <summary>The value of <paramref name="config"/> for people.</summary>
    public string Show(RunConfig config) => Get(config) ?? "not given";

    internal static ConfigField Whole(string name, string group, string summary, Func<RunConfig, long> get, Func<RunConfig, long, RunConfig> set,
        long least, long most = long.MaxValue, [CallerArgumentExpression(nameof(get))] string getter = "") => new(
        name, MemberOf(getter), group, summary, $"a whole number, {Range(least, most)}",
        c => get(c).ToString(CultureInfo.InvariantCulture),
        (c, text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? set(c, value) : null,
        c => get(c) >= least && get(c) <= most);

    internal static ConfigField Whole(string name, string group, string summary, Func<RunConfig, int> get, Func<RunConfig, int, RunConfig> set, int least,
        [CallerArgumentExpression(nameof(get))] string getter = "") => new(
        name, MemberOf(getter), group, summary, $"a whole number, {Range(least, int.MaxValue)}",
        c => get(c).ToString(CultureInfo.InvariantCulture),
        (c, text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) ? set(c, value) : null,
        c => get(c) >= least);

    internal static ConfigField Number(string name, string group, string summary, string range, Func<RunConfig, double> get,
        Func<RunConfig, double, RunConfig> set, Func<double, bool> holds, [CallerArgumentExpression(nameof(get))] string getter = "") => new(
        name, MemberOf(getter), group, summary, $"a number, {range}",
        c => get(c).ToString("R", CultureInfo.InvariantCulture),
        (c, text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? set(c, value) : null,
        c => double.IsFinite(get(c)) && holds(get(c)));

    internal static ConfigField Truth(string name, string group, string summary, Func<RunConfig, bool> get, Func<RunConfig, bool, RunConfig> set,
        [CallerArgumentExpression(nameof(get))] string getter = "") => OneOf(name, group, summary, get, set, [("true", true), ("false", false)], getter);

    internal static ConfigField OneOf<T>(string name, string group, string summary, Func<RunConfig, T> get, Func<RunConfig, T, RunConfig> set,
        (string Text, T Value)[] choices, [CallerArgumentExpression(nameof(get))] string getter = "") where T : notnull => new(
        name, MemberOf(getter), group, summary, string.Join(", ", choices.Select(static c => c.Text)),
        c => choices.FirstOrDefault(choice => choice.Value.Equals(get(c))).Text ?? get(c).ToString(),
        (c, text) => choices.Any(choice => choice.Text == text) ? set(c, choices.First(choice => choice.Text == text).Value) : null,
        c => choices.Any(choice => choice.Value.Equals(get(c))));

    internal static ConfigField Path(string name, string group, string summary, string allowed, Func<RunConfig, string?> get,
        Func<RunConfig, string?, RunConfig> set, [CallerArgumentExpression(nameof(get))] string getter = "") => new(
        name, MemberOf(getter), group, summary, allowed, get, set, c => get(c) != "") { IsText = true, IsPath = true };

    // "static c => c.Model.Layers" is Model.Layers: the getter's own text, so that the two cannot differ.
    static string MemberOf(string getter) => getter[(getter.IndexOf('.', StringComparison.Ordinal) + 1)..];

    static string Range(long least, long most) =>
        most is int.MaxValue or long.MaxValue ? $"{least} or more" : $"{least} to {most}";
}
