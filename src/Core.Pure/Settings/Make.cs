using System.Globalization;
using System.Runtime.CompilerServices;

namespace Functional.Settings;

/// <summary>Makes fields. What C# calls them is read off their getters.</summary>
static class Make
{
    public const string Share = "at least 0 and less than 1";

    public static Lens<S, T> Part<S, T>(Func<S, T> get, Func<S, T, S> set, [CallerArgumentExpression(nameof(get))] string getter = "") =>
        new(MemberOf(getter), get, set);

    public static Field<T> Whole<T>(string name, string summary, Func<T, long> get, Func<T, long, T> set, long least, long most = long.MaxValue,
        [CallerArgumentExpression(nameof(get))] string getter = "") where T : class => new(
        name, MemberOf(getter), summary, $"a whole number, {(most is int.MaxValue or long.MaxValue ? $"{least} or more" : $"{least} to {most}")}",
        s => get(s).ToString(CultureInfo.InvariantCulture),
        (s, text) => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && (most > int.MaxValue || value == (int)value) ? set(s, value) : null,
        s => get(s) >= least && get(s) <= most);

    public static Field<T> Number<T>(string name, string summary, string range, Func<T, double> get, Func<T, double, T> set, Func<double, bool> holds,
        [CallerArgumentExpression(nameof(get))] string getter = "") where T : class => new(
        name, MemberOf(getter), summary, $"a number, {range}",
        s => get(s).ToString("R", CultureInfo.InvariantCulture),
        (s, text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? set(s, value) : null,
        s => double.IsFinite(get(s)) && holds(get(s)));

    public static Field<T> Truth<T>(string name, string summary, Func<T, bool> get, Func<T, bool, T> set,
        [CallerArgumentExpression(nameof(get))] string getter = "")
        where T : class => OneOf(name, summary, get, set, [("true", true), ("false", false)], getter) with { IsTruth = true };

    public static Field<T> OneOf<T, V>(string name, string summary, Func<T, V> get, Func<T, V, T> set, (string Text, V Value)[] choices,
        [CallerArgumentExpression(nameof(get))] string getter = "") where T : class where V : notnull => new(
        name, MemberOf(getter), summary, string.Join(", ", choices.Select(static c => c.Text)),
        s => choices.FirstOrDefault(choice => choice.Value.Equals(get(s))).Text ?? get(s).ToString(),
        (s, text) => choices.Any(choice => choice.Text == text) ? set(s, choices.First(choice => choice.Text == text).Value) : null,
        s => choices.Any(choice => choice.Value.Equals(get(s))));

    /// <summary>Some of these letters in any order and number, or the word all.</summary>
    public static Field<T> Pattern<T>(string name, string summary, string letters, Func<T, string> get, Func<T, string, T> set,
        [CallerArgumentExpression(nameof(get))] string getter = "") where T : class => Custom<T>(
        name, summary, $"all ({letters[0]}), or letters {letters[0]} and {letters[1]}", s => get(s).Length == 0 ? "all" : get(s),
        (s, text) => text is null or "all" ? set(s, "") : text.All(letters.Contains) && text.Length > 0 ? set(s, text) : null, s => get(s).All(letters.Contains), getter);

    /// <summary>Anything else that has a text.</summary>
    public static Field<T> Custom<T>(string name, string summary, string allowed, Func<T, string?> get, Func<T, string?, T?> set, Func<T, bool> holds,
        string getter) where T : class => new(name, MemberOf(getter), summary, allowed, get, set, holds);

    public static Field<T> Path<T>(string name, string summary, string allowed, Func<T, string?> get, Func<T, string?, T> set,
        [CallerArgumentExpression(nameof(get))] string getter = "") where T : class =>
        new(name, MemberOf(getter), summary, allowed, get, set, s => get(s) != "") { IsText = true, IsPath = true };

    /// <summary>A word that must be given.</summary>
    public static Field<T> Name<T>(string name, string summary, string allowed, Func<T, string> get, Func<T, string, T> set,
        [CallerArgumentExpression(nameof(get))] string getter = "") where T : class =>
        new(name, MemberOf(getter), summary, allowed, get, (s, text) => text is { Length: > 0 } ? set(s, text) : null, s => get(s).Length > 0) { IsText = true };

    public static (string, V)[] Choices<V>(Func<V, string> text) where V : struct, Enum => [.. Enum.GetValues<V>().Select(value => (text(value), value))];

    // "static c => c.Layers" is Layers: the getter's own text, so that the two cannot differ.
    static string MemberOf(string getter) => getter[(getter.IndexOf('.', StringComparison.Ordinal) + 1)..];
}
