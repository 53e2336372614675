using System.Globalization;
using Functional.Base;

namespace Functional.Settings;

/// <summary>One of several texts to learn from, and what it counts.</summary>
/// <param name="Name">The name of its file.</param>
/// <param name="Weight">What it counts beside the others.</param>
public sealed record TextChoice(string Name, double Weight)
{
    /// <summary>Which values a list of texts takes, in words.</summary>
    public const string Allowed = "files of text or tokens with weights, as stories.txt=3+code.tokens=1, or nothing";

    /// <summary>
    /// The texts of a list: <c>FILE=WEIGHT+FILE=WEIGHT</c>; nothing where it is none. A + divides them where what is before it ends with a weight, so that
    /// names may hold one; white space around names is none of theirs.
    /// </summary>
    /// <param name="text">The list; nothing for none.</param>
    public static Vec<TextChoice>? All(string? text)
    {
        if (text is null) return null;
        var (all, start) = (new List<TextChoice>(), 0);
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] != '+') continue;
            if (Of(text[start..i]) is { } choice) (all, start) = ([.. all, choice], i + 1);
            else if (i == text.Length) return null;
        }
        return [.. all];
    }

    /// <summary>The list of texts, as <see cref="All"/> reads it.</summary>
    public static string Text(Vec<TextChoice> texts) => string.Join('+', texts.Select(static t => FormattableString.Invariant($"{t.Name}={t.Weight:R}")));

    /// <summary>The weights of several texts alone, as <c>3+1</c>; nothing of one, which counts whatever it is.</summary>
    public static string? Weights(Vec<TextChoice> texts) => texts.Count < 2 ? null : string.Join('+', texts.Select(static t => t.Weight.ToString("R", CultureInfo.InvariantCulture)));

    static TextChoice? Of(string text) => text.LastIndexOf('=') is > 0 and var at && text[..at].Trim() is { Length: > 0 } name
        && double.TryParse(text.AsSpan(at + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var weight) ? new(name, weight) : null;
}
