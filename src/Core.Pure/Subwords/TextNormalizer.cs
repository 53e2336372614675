using System.Globalization;
using System.Text;
using Functional.Unicode;

namespace Functional.Subwords;

/// <summary>Makes text even before it is cut into pieces.</summary>
abstract class TextNormalizer
{
    /// <summary>The text, made even.</summary>
    /// <param name="text">A text between added tokens, or a part of it.</param>
    /// <param name="begins">Whether it begins where the whole does.</param>
    /// <param name="ends">Whether it ends where the whole does.</param>
    public abstract Shaped Apply(Shaped text, bool begins, bool ends);

    /// <summary>How many times as long a text may become, at most; forms and mappings of Unicode, which are bounded, are left out.</summary>
    public virtual double Growth => 1;

    /// <summary>Whether text may be cut between two characters, and its parts made even apart.</summary>
    public abstract bool MayCut(Rune before, Rune after);

    /// <summary>Whether text may be cut anywhere.</summary>
    public virtual bool MayCutAnywhere => false;

    /// <summary>Whether a character stays as it is.</summary>
    public bool Keeps(Rune rune) => Apply(Shaped.Of(rune.ToString(), 0), false, false).Text.AsSpan().SequenceEqual(rune.ToString());
}

sealed class SequenceNormalizer(IReadOnlyList<TextNormalizer> parts) : TextNormalizer
{
    public override Shaped Apply(Shaped text, bool begins, bool ends) => parts.Aggregate(text, (t, part) => part.Apply(t, begins, ends));

    public override double Growth => parts.Aggregate(1.0, static (all, part) => all * part.Growth);

    public override bool MayCutAnywhere => parts.All(static p => p.MayCutAnywhere);

    // What one changes, the next would see otherwise.
    public override bool MayCut(Rune before, Rune after) => MayCutAnywhere
        || (parts.All(p => p.MayCut(before, after)) && (parts.Count == 1 || parts.All(p => p.Keeps(before) && p.Keeps(after))));
}

sealed class FormNormalizer(bool compatible, bool composes) : TextNormalizer
{
    public override Shaped Apply(Shaped text, bool begins, bool ends)
    {
        if (NormalForm.Of(text.Text, compatible, composes, out var origin) is not { } runes) return text;
        var starts = new List<int>();
        for (var at = 0; at < text.Text.Length; at += Rune.DecodeFromUtf16(text.Text.AsSpan(at), out _, out var used) is var _ ? used : 1) starts.Add(at);
        starts.Add(text.Text.Length);
        var built = new Shaped.Builder(text);
        Span<char> units = stackalloc char[2];
        for (var i = 0; i < runes.Count; i++)
            built.Put(units[..new Rune(runes[i]).EncodeToUtf16(units)], starts[origin[i]], starts[origin[i] + 1]);
        return built.Build();
    }

    public override bool MayCut(Rune before, Rune after) => NormalForm.BeginsAnew(after.Value);
}

/// <summary>Each character by itself, into as many as it becomes.</summary>
sealed class RuneNormalizer(Func<Rune, string?> becomes) : TextNormalizer
{
    /// <summary>Lower case by full mappings; the final sigma is one like all others.</summary>
    public static TextNormalizer Lower { get; } = new RuneNormalizer(static r => r.Value == 0x130 ? "i\u0307" : Rune.ToLowerInvariant(r).ToString());

    /// <summary>Without marks.</summary>
    public static TextNormalizer NoAccents { get; } = new RuneNormalizer(static r => Rune.GetUnicodeCategory(r)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark ? null : r.ToString());

    public override Shaped Apply(Shaped text, bool begins, bool ends)
    {
        var built = new Shaped.Builder(text);
        for (int at = 0, used; at < text.Text.Length; at += used)
        {
            Rune.DecodeFromUtf16(text.Text.AsSpan(at), out var rune, out used);
            built.Put(becomes(rune), at, at + used);
        }
        return built.Build();
    }

    public override bool MayCut(Rune before, Rune after) => true;

    public override bool MayCutAnywhere => true;
}

sealed class StripNormalizer(bool left, bool right) : TextNormalizer
{
    public override Shaped Apply(Shaped text, bool begins, bool ends)
    {
        var (start, end) = (0, text.Text.Length);
        while (left && begins && start < end && CharClasses.IsWhite(text.Text[start])) start++;
        while (right && ends && end > start && CharClasses.IsWhite(text.Text[end - 1])) end--;
        return start == 0 && end == text.Text.Length ? text : new Shaped.Builder(text).Keep(start, end).Build();
    }

    public override bool MayCut(Rune before, Rune after) => !CharClasses.IsWhite(before.Value);
}

sealed class PrependNormalizer(string prefix) : TextNormalizer
{
    public override Shaped Apply(Shaped text, bool begins, bool ends) => begins ? Prefixed(text, prefix) : text;

    /// <summary>The text behind a prefix, which stands for its first character; nothing stays nothing.</summary>
    public static Shaped Prefixed(Shaped text, string prefix)
    {
        if (text.Text.Length == 0) return text;
        var first = text.Text.Length > 1 && char.IsSurrogatePair(text.Text[0], text.Text[1]) ? 2 : 1;
        return new Shaped.Builder(text).Put(prefix, 0, first).Keep(0, text.Text.Length).Build();
    }

    public override bool MayCut(Rune before, Rune after) => true;

    public override bool MayCutAnywhere => true;
}

/// <summary>Other text in place of each match, which stands for the match's last character.</summary>
sealed class ReplaceNormalizer(Pattern pattern, string? literal, string content) : TextNormalizer
{
    // A regular expression takes one character at least.
    public override double Growth => Math.Max(1, (double)content.Length / (literal?.Length ?? 1));

    public override Shaped Apply(Shaped text, bool begins, bool ends)
    {
        if (literal is not null && text.Text.AsSpan().IndexOf(literal) < 0) return text;
        var built = new Shaped.Builder(text);
        var finder = literal is null ? pattern.Matcher(oneText: true) : null;
        for (var at = 0; at < text.Text.Length;)
        {
            var (start, end) = Next(text.Text, at, finder);
            if (start < 0)
            {
                built.Keep(at, text.Text.Length);
                break;
            }
            var last = end - at > 1 && char.IsLowSurrogate(text.Text[end - 1]) ? end - 2 : end - 1;
            built.Keep(at, start).Put(content, last, end);
            at = end;
        }
        return built.Build();
    }

    (int Start, int End) Next(ReadOnlySpan<char> text, int at, Pattern.Finder? finder) => finder is not null ? finder.Find(text, at, out _)
        : text[at..].IndexOf(literal) is >= 0 and var found ? (at + found, at + found + literal!.Length) : (-1, -1);

    public override bool MayCutAnywhere => literal is { Length: 1 };

    public override bool MayCut(Rune before, Rune after) => MayCutAnywhere || !pattern.MayJoin(before.Value, after.Value);
}
