using Functional.Models;

namespace Functional.Adapters;

/// <summary>Patterns of names: a name, or its end after a point, where <c>*</c> stands for any characters.</summary>
static class SitePattern
{
    /// <summary>What every usual site is meant by.</summary>
    public const string All = "all";

    /// <summary>Whether a pattern means a site.</summary>
    public static bool Means(string pattern, Site site) => pattern == All ? site is { IsUsual: true, IsComposite: false }
        : Means(pattern, site.Name) && (!site.IsComposite || pattern == site.Short || pattern.EndsWith("." + site.Short, StringComparison.Ordinal));

    /// <summary>Whether a pattern means a name.</summary>
    public static bool Means(string pattern, string name)
    {
        for (var start = 0; start >= 0; start = name.IndexOf('.', start) is var dot && dot < 0 ? -1 : dot + 1)
            if (Fits(pattern, name.AsSpan(start))) return true;
        return false;
    }

    // Once a star has been passed, no choice before it has to be made again: linear in the name for each star.
    static bool Fits(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        var (p, n, star, mark) = (0, 0, -1, 0);
        while (n < name.Length)
            if (p < pattern.Length && pattern[p] == '*') (star, mark, p) = (p, n, p + 1);
            else if (p < pattern.Length && pattern[p] == name[n]) (p, n) = (p + 1, n + 1);
            else if (star >= 0) (p, n, mark) = (star + 1, mark + 1, mark + 1);
            else return false;
        return pattern[p..].IndexOfAnyExcept('*') < 0;
    }
}
