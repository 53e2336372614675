using System.Globalization;
using Functional.Base;

namespace Functional.Settings;

/// <summary>One of those who judge answers, and what its word counts.</summary>
/// <param name="Name">What it is called: a nearness, <c>number</c>, <c>format:PATTERN</c>, <c>length:N</c>, a function or the folder of a run.</param>
/// <param name="Weight">What its rewards count.</param>
public sealed record JudgeChoice(string Name, double Weight)
{
    const string format = "format:", length = "length:";

    /// <summary>Which values a list of judges takes, in words.</summary>
    public static string Allowed => $"{string.Join(", ", PracticeConfig.Nearness.SkipLast(1))} or {PracticeConfig.Nearness[^1]} for nearness to the row's answer, format:PATTERN, length:N characters, the folder of a run "
        + "that has learned rewards, function or function:NAME for a program's own, several with weights, as exact=1+runs/judge=0.5, or nothing";

    /// <summary>Whether it compares with the answer that the row expects.</summary>
    public bool IsNearness => PracticeConfig.Nearness.Contains(Name);

    /// <summary>Whether a program gives it.</summary>
    public bool IsFunction => Name == PracticeConfig.Function || Name.StartsWith($"{PracticeConfig.Function}:", StringComparison.Ordinal);

    /// <summary>The pattern that a whole answer has to fit; nothing where it asks for none.</summary>
    public string? Pattern => Name.StartsWith(format, StringComparison.Ordinal) ? Name[format.Length..] : null;

    /// <summary>How many characters an answer should have; nothing where it does not ask for that.</summary>
    public int? Length => Name.StartsWith(length, StringComparison.Ordinal)
        && int.TryParse(Name.AsSpan(length.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0 ? n : null;

    /// <summary>Whether it is the folder of a run.</summary>
    public bool IsRun => !IsNearness && !IsFunction && !Name.StartsWith(format, StringComparison.Ordinal) && !Name.StartsWith(length, StringComparison.Ordinal);

    /// <summary>Whether it is somebody who can judge, as far as its text tells.</summary>
    bool Holds => Name.Length > 0 && double.IsFinite(Weight) && Name != $"{PracticeConfig.Function}:" && (IsRun || IsFunction || IsNearness || Length is not null
        || (Pattern is { } pattern && Unicode.Pattern.Parse(pattern, "judge").IsSuccess));

    /// <summary>
    /// The judges of a text: <c>NAME</c>, or several as <c>NAME=WEIGHT+NAME=WEIGHT</c>. A + divides them where what is before it ends with a weight or is a word that is known, so that
    /// patterns and folders may hold one.
    /// </summary>
    /// <param name="text">The text; nothing for none.</param>
    public static Vec<JudgeChoice> All(string? text)
    {
        if (text is null) return [];
        var (all, start) = (new List<JudgeChoice>(), 0);
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && (text[i] != '+' || !(Of(text[start..i]) is var before && (before.Weighted || before.Choice.IsNearness || before.Choice.Length is not null
                || before.Choice.Name == PracticeConfig.Function)))) continue;
            all.Add(Of(text[start..i]).Choice);
            start = i + 1;
        }
        return [.. all];
    }

    /// <summary>The text of judges, as <see cref="All"/> reads it.</summary>
    public static string Text(Vec<JudgeChoice> judges) => judges is [{ Weight: 1 } one] && Of(one.Name) is (false, _) ? one.Name
        : string.Join('+', judges.Select(static j => FormattableString.Invariant($"{j.Name}={j.Weight:R}")));

    /// <summary>Whether a text is one of judges, each of another name.</summary>
    public static bool IsSound(string? text) => All(text) is var all && all.All(static j => j.Holds) && all.DistinctBy(static j => j.Name).Count() == all.Count;

    static (bool Weighted, JudgeChoice Choice) Of(string text) => text.LastIndexOf('=') is > 0 and var at
        && double.TryParse(text.AsSpan(at + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var weight) ? (true, new(text[..at], weight)) : (false, new(text, 1));
}
