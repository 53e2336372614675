using System.Globalization;
using Functional.Base;
using Functional.Families;
using Functional.Models;
using Functional.Unicode;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Adapters;

/// <summary>Which layers an <c>adapter_config.json</c> means, by PEFT's rules.</summary>
static class PeftTargets
{
    /// <summary>The layers that have adapters.</summary>
    public static Validation<Fault, Vec<PeftModule>> Of(ConfigSource source, PublishedModel published, Vec<PeftModule> modules) =>
        from meant in Meant(source, "target_modules", published, modules)
        from excluded in source.Gives("exclude_modules") ? Meant(source, "exclude_modules", published, modules) : Success<Fault, Func<string,
            bool>>(static _ => false)
        from layers in Layers(source)
        let found = modules.Where(m => meant(m.Name) && !excluded(m.Name) && layers(m.Name)).ToVec()
        from some in Fault.Unless(found.Count > 0, source.Wrong("target_modules", "means no layer of the base model",
            $"its layers are {string.Join(", ", modules.Select(static m => Last(m.Name)).Distinct())}"))
        from known in found.Select(m => m.Site is null
            ? source.Wrong("target_modules", $"means {m.Name}, which can have no adapter here", $"allowed: {Adaptable(modules)}").As<PeftModule>()
                : Success<Fault, PeftModule>(m)).Gather()
        select known;

    /// <summary>The last part of a name.</summary>
    public static string Last(string name) => name[(name.LastIndexOf('.') + 1)..];

    static string Adaptable(Vec<PeftModule> modules) => string.Join(", ",
        modules.Where(static m => m.Site is not null).Select(static m => Last(m.Name)).Distinct());

    // A text is a regular expression of the whole name, or "all-linear"; a list has names, or ends of names.
    static Validation<Fault, Func<string, bool>> Meant(ConfigSource source, string member, PublishedModel published, Vec<PeftModule> modules) =>
        source.Gives(member) && source.Members[member] is Json.Text { Value: var text }
        ? text.Equals("all-linear", StringComparison.OrdinalIgnoreCase) && member == "target_modules" ? AllLinear(source, published, modules)
            : Whole(text, $"{source.Where}: {member}")
        : source.Words(member).Bind(names => names.Match(
            list => Success<Fault, Func<string, bool>>(name => list.Any(t => name == t || name.EndsWith("." + t, StringComparison.Ordinal))),
            () => source.Wrong(member, "is missing", "expected a list of names of layers, or a regular expression").As<Func<string, bool>>()));

    static Validation<Fault, Func<string, bool>> AllLinear(ConfigSource source, PublishedModel published, Vec<PeftModule> modules) =>
        published.Config.Experts.Count > 0
        ? source.Wrong("target_modules", "is 'all-linear', of a model with experts",
            "which layers that means differs between versions; expected a list").As<Func<string, bool>>()
        : Success<Fault, Func<string, bool>>(name => modules.Any(m => m.Name == name && m.Site is { Kind: SiteKind.Linear }));

    /// <summary>Whether a regular expression matches a whole name.</summary>
    public static Validation<Fault, Func<string, bool>> Whole(string regex, string at) =>
        from alone in Pattern.Parse(regex, at, lines: false)
        from whole in Pattern.Parse($"(?:{regex})$", at, lines: false)
        select (Func<string, bool>)(name => whole.Matcher().Match(name, 0, out _) == name.Length);

    /// <summary>The value of the first pattern that is a name or the end of one after a point; nothing where none is.</summary>
    public static Validation<Fault, Func<string, Option<T>>> Patterns<T>(ConfigSource source, string member, Func<ConfigSource, string, Validation<Fault,
        Option<T>>> read) =>
        source.Inside(member).Bind(inside => inside.Match(
            map => map.Members.Names.Select(key =>
                from fits in Whole($@"(?:.*\.)?(?:{key})", $"{map.Where}: {key}")
                from value in read(map, key)
                from given in value.Match(Success<Fault, T>, () => map.Wrong(key, "is null", "expected a number").As<T>())
                select (Fits: fits, Value: given)).Gather()
                .Map(all => (Func<string, Option<T>>)(name => all.Where(p => p.Fits(name)).Select(static p => Some(p.Value)).FirstOrDefault(None))),
            static () => Success<Fault, Func<string, Option<T>>>(static _ => None)));

    // The number behind the name of a list of layers: the second but last of the parts before, or that behind one of the names given.
    static Validation<Fault, Func<string, bool>> Layers(ConfigSource source)
    {
        if (!source.Gives("layers_to_transform")) return Success<Fault, Func<string, bool>>(static _ => true);
        if (source.Members["target_modules"] is Json.Text) return source.Wrong("layers_to_transform",
            "is given beside a regular expression of target_modules", "allowed: beside a list").As<Func<string, bool>>();
        return
            from wanted in source.Members["layers_to_transform"] is Json.Whole
                ? source.Whole("layers_to_transform").Map(static one => one.Map(static n => (Vec<double>)[n])) : source.Reals("layers_to_transform")
            from lists in source.Gives("layers_pattern") && source.Members["layers_pattern"] is Json.Text
                ? source.Word("layers_pattern").Map(static w => w.Map(static word => (Vec<string>)[word])) : source.Words("layers_pattern")
            let numbers = wanted.IfNone([])
            let names = lists.IfNone([])
            select (Func<string, bool>)(name => numbers.Count == 0 || Number(name, names) is { } number && numbers.Contains(number));
    }

    static int? Number(string name, Vec<string> lists)
    {
        var parts = name.Split('.');
        // PEFT's expressions are greedy: the last that fits.
        for (var i = parts.Length - 2; i >= 2; i--)
            if (int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && (lists.Count == 0 || lists.Contains(parts[i - 1]))) return number;
        return null;
    }
}
