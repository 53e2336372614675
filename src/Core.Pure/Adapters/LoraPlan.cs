using Functional.Base;
using Functional.Layers;
using Functional.Models;
using LanguageExt;

namespace Functional.Adapters;

/// <summary>What a configuration means for a model: its adapters, and the parameters of which it has copies.</summary>
/// <param name="Adapters">The adapters, in the order of the model's sites.</param>
/// <param name="Copies">The copies, in the order of the model's parameters.</param>
public sealed record LoraPlan(Vec<Adapter> Adapters, Vec<OwnCopy> Copies)
{
    /// <summary>The parameters that a model gets beside those of its base.</summary>
    /// <param name="bases">The parameters of the base.</param>
    public Params<ParamSpec> Specs(Params<ParamSpec> bases) => Adapters.SelectMany(static a => a.Specs).Concat(Copies.Select(c => CopyOf(bases[c.Of], c)))
        .Select(static s => (s.Name, s)).ToParams();

    static ParamSpec CopyOf(ParamSpec spec, OwnCopy copy) => spec with
    {
        Name = copy.Name, Type = spec.Type with { Shape = spec.Type.Shape.With(spec.Type.Rank - 1, copy.Count) }, Trains = copy.Learns,
    };

    /// <summary>What a configuration means for a model, or every fault: a pattern that means nothing, two adapters on one output.</summary>
    /// <param name="model">The base.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="set">The name of this set of adapters, of letters, digits, - and _; empty where it is the only one.</param>
    public static Validation<Fault, LoraPlan> Of(Model model, LoraConfig config, string set = "") => config.Validate().Bind(_ =>
    {
        var head = HeadOf(model);
        var modules = model.Specs.Names.Where(name => name != head || model.Body.Params.Contains(name)).Select(ModuleOf).Distinct().ToVec();
        var adapted = model.Sites.Where(site => config.Targets.Any(t => SitePattern.Means(t, site))
            && !config.Excluded.Any(e => SitePattern.Means(e, site))).ToVec();
        bool MeansSite(string pattern) => model.Sites.Any(site => SitePattern.Means(pattern, site));
        bool MeansModule(string pattern) => modules.Any(module => SitePattern.Means(pattern, module)) || MeansHead(model, pattern);
        var sites = string.Join(", ", model.Sites.Select(static s => s.Short).Distinct());
        return new[]
        {
            Fault.Unless(set.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'), "set", $"is called '{set}'",
                "allowed: letters, digits, - and _"),
        }.Concat(config.Targets.Select(t => Known("targets", t, MeansSite(t)))).Concat(config.Excluded.Select(t => Known("excluded", t, MeansSite(t))))
        .Concat(config.Ranks.Select(r => Known("ranks", r.Pattern, MeansSite(r.Pattern)))).Concat(config.Alphas.Select(a => Known("alphas", a.Pattern,
            MeansSite(a.Pattern))))
        .Concat(config.Saved.Select(s => Fault.Unless(MeansModule(s), "saved", $"'{s}' is no module of the model",
            $"allowed: head, or the end of a name such as {string.Join(", ", modules.Take(4))}")))
        .Concat(Overlaps(adapted)).Gather()
        .Map(_ => new LoraPlan([.. adapted.Select(site => At(site, config, set))], [.. Biases(model, config, adapted, set), .. Whole(model, config, set)]));

        Validation<Fault, Unit> Known(string where, string pattern, bool known) =>
            Fault.Unless(known, where, $"'{pattern}' is no layer of the model that can have an adapter",
                $"allowed: {SitePattern.All}, {sites}, or the end of a full name");
    });

    static Adapter At(Site site, LoraConfig config, string set)
    {
        var rank = config.Ranks.FirstOrDefault(r => SitePattern.Means(r.Pattern, site))?.Value ?? config.Rank;
        var alpha = config.Alphas.FirstOrDefault(a => SitePattern.Means(a.Pattern, site))?.Value ?? config.Alpha;
        return new(site, rank, config.Scale(rank, alpha), site.Kind == SiteKind.Table ? 0 : config.Dropout, config.Dora, set);
    }

    static IEnumerable<Validation<Fault, Unit>> Overlaps(Vec<Site> sites) =>
        from site in sites
        where site.IsComposite
        from other in sites
        where other != site && other.Stretches.Any(a => site.Stretches.Any(b => a.Matrix == b.Matrix && a.First < b.First + b.Count
            && b.First < a.First + a.Count))
        select Fault.Unless(false, "targets", $"mean both {site.Name} and {other.Name}, which is a part of it", "allowed: one of them");

    static IEnumerable<OwnCopy> Biases(Model model, LoraConfig config, Vec<Site> adapted, string set) => config.Bias switch
    {
        LoraBias.All => from name in model.Specs.Names
                        where ModuleOf(name) + ".bias" == name && !config.Saved.Concat(config.Replaced).Any(s => SitePattern.Means(s, ModuleOf(name)))
                        select Copied(model, name, set, true, false),
        LoraBias.Adapted => from site in adapted
                            from stretch in site.Stretches
                            let bias = ModuleOf(stretch.Matrix) + ".bias"
                            where site.Kind == SiteKind.Linear && model.Specs.Contains(bias)
                            select new OwnCopy(Adapter.Named(site.Stretches.Count == 1 ? site.Name : ModuleOf(bias), set, "lora_bias"), bias, stretch.First,
                                stretch.Count, true, false),
        _ => [],
    };

    static IEnumerable<OwnCopy> Whole(Model model, LoraConfig config, string set)
    {
        var saved = config.Saved.Select(static s => (Pattern: s, Learns: true)).Concat(config.Replaced.Select(static s =>
            (Pattern: s, Learns: false))).ToList();
        foreach (var name in model.Specs.Names.Where(model.Body.Params.Contains))
            if (saved.Where(s => SitePattern.Means(s.Pattern, ModuleOf(name))).ToList() is [var first, ..]) yield return Copied(model, name, set,
                first.Learns, false);
        if (saved.Where(s => MeansHead(model, s.Pattern)).ToList() is [var head, ..]) yield return Copied(model, HeadOf(model), set, head.Learns, true);
    }

    static OwnCopy Copied(Model model, string name, string set, bool learns, bool head) =>
        new(Adapter.Named(head ? "head" : name, set, "lora_own"), name, 0, model.Specs[name].Type.Shape[^1], learns, head);

    static bool MeansHead(Model model, string pattern) => SitePattern.Means(pattern, "head")
        || (!model.Body.Params.Contains(HeadOf(model)) && SitePattern.Means(pattern, ModuleOf(HeadOf(model))));

    /// <summary>The matrix of a model's head.</summary>
    internal static string HeadOf(Model model) => model.Sites.FirstOrDefault(static s => s.Kind == SiteKind.Head)?.Stretches[0].Matrix ?? "";

    /// <summary>A parameter's name without what it is in its module.</summary>
    internal static string ModuleOf(string name) => name.EndsWith(".weight", StringComparison.Ordinal) ? name[..^".weight".Length]
        : name.EndsWith(".bias", StringComparison.Ordinal) ? name[..^".bias".Length] : name;
}
