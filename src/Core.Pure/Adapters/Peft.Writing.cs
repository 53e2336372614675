using Functional.Base;
using Functional.Families;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Adapters;

public static partial class Peft
{
    /// <summary>An <c>adapter_config.json</c> and the tensors beside it, or every site that the family has no layer for.</summary>
    /// <param name="config">The adapters.</param>
    /// <param name="published">The base model, as it is published.</param>
    /// <param name="basePath">Where PEFT is to find the base; empty for nowhere.</param>
    /// <param name="set">The name of the set of adapters here; files have none.</param>
    public static Validation<Fault, (Json Config, PeftAdapter Adapter)> Write(LoraConfig config, PublishedModel published, string basePath = "",
        string set = "")
    {
        var modules = PeftModule.Of(published);
        return LoraPlan.Of(Transformer.Of(published.Config), config, set).Bind(plan =>
            from targets in plan.Adapters.Select(a => modules.FirstOrDefault(m => m.Site?.Name == a.Site.Name) is { } m ? Success<Fault,
                (PeftModule Module, Adapter Adapter)>((m, a))
                : Fault.Of<(PeftModule, Adapter)>(a.Site.Name, $"is no layer of its own in {published.Family.Name}",
                    $"allowed: {string.Join(", ", modules.Where(static x => x.Site is not null).Select(static x => x.Site!.Short).Distinct())}")).Gather()
            from saved in SavedNames(plan, published, modules)
            select (ConfigOf(config, published, modules, targets, saved, basePath),
                new PeftAdapter(config, TensorsOf(published, plan, modules, ReplacedIn(plan, published, modules), []))));
    }

    // Of a tied head and its table, one stands for both.
    static Vec<(string Name, Vec<string> Ours)> ReplacedIn(LoraPlan plan, PublishedModel published, Vec<PeftModule> modules) =>
        [.. modules.Where(m => m.Site is { Kind: not SiteKind.Linear } site && plan.Copies.Any(c => !c.Learns && c.ForHead == (site.Kind == SiteKind.Head)))
            .Take(IsTied(published) ? 1 : 2).Select(static m => (m.Name, (Vec<string>)[]))];

    static Validation<Fault, Vec<string>> SavedNames(LoraPlan plan, PublishedModel published, Vec<PeftModule> modules) => plan.Copies
        .Where(c => c.Learns && !(LoraPlan.ModuleOf(c.Of) + ".bias" == c.Of && !plan.Copies.Any(w => w.Of == LoraPlan.ModuleOf(c.Of) + ".weight")))
        .Select(c => modules.FirstOrDefault(m => m.Site is { Kind: SiteKind.Head } ? c.ForHead : !c.ForHead
            && OursOf(published, m) == LoraPlan.ModuleOf(c.Of)) is { } m
            ? Success<Fault, string>(m.Name) : Fault.Of<string>(c.Of, $"is no layer of its own in {published.Family.Name}",
                "expected other modules to be saved whole"))
        .Gather().Map(static names => names.Distinct().ToVec());

    static Json ConfigOf(LoraConfig config, PublishedModel published, Vec<PeftModule> modules, Vec<(PeftModule Module, Adapter Adapter)> targets,
        Vec<string> saved, string basePath)
    {
        var scaled = targets.Map(t => (t.Module.Name, t.Adapter.Rank, Alpha: config.Alphas.FirstOrDefault(a =>
            SitePattern.Means(a.Pattern, t.Adapter.Site))?.Value ?? config.Alpha));
        static Json Number(double value) => value == Math.Floor(value) && Math.Abs(value) < 1e15 ? new Json.Whole((long)value) : new Json.Real(value);
        static Json Texts(IEnumerable<string> texts) => new Json.List([.. texts.Select(static t => (Json)new Json.Text(t))]);
        return new Json.Map(Params.Of<Json>(
            ("alpha_pattern", new Json.Map(scaled.Where(t => t.Alpha != config.Alpha).Select(static t => (t.Name, Number(t.Alpha))).ToParams())),
            ("auto_mapping", new Json.Null()),
            ("base_model_name_or_path", basePath.Length == 0 ? new Json.Null() : new Json.Text(basePath)),
            ("bias", new Json.Text(config.Bias switch { LoraBias.All => "all", LoraBias.Adapted => "lora_only", _ => "none" })),
            ("fan_in_fan_out", new Json.Bool(published.Family.Name == "gpt2")),
            ("inference_mode", new Json.Bool(true)),
            ("init_lora_weights", new Json.Bool(true)),
            ("layers_pattern", new Json.Null()),
            ("layers_to_transform", new Json.Null()),
            ("lora_alpha", Number(config.Alpha)),
            ("lora_dropout", new Json.Real(config.Dropout)),
            ("modules_to_save", saved.Count == 0 ? new Json.Null() : Texts(saved)),
            ("peft_type", new Json.Text("LORA")),
            ("r", new Json.Whole(config.Rank)),
            ("rank_pattern", new Json.Map(scaled.Where(t => t.Rank != config.Rank).Select(static t => (t.Name, (Json)new Json.Whole(t.Rank))).ToParams())),
            ("revision", new Json.Null()),
            ("target_modules", Texts(Names(modules, [.. targets.Select(static t => t.Module.Name)]))),
            ("task_type", new Json.Text(published.Config.Labels > 0 ? "SEQ_CLS" : "CAUSAL_LM")),
            ("use_dora", new Json.Bool(config.Dora)),
            ("use_rslora", new Json.Bool(config.RankStabilised))));
    }

    // The last part of a name where every layer that ends so is meant; else the whole name.
    static IEnumerable<string> Names(Vec<PeftModule> modules, Vec<string> targets)
    {
        var ends = modules.GroupBy(static m => PeftTargets.Last(m.Name), StringComparer.Ordinal).Where(g =>
            g.All(m => targets.Contains(m.Name))).Select(static g => g.Key).ToVec();
        return targets.Select(t => ends.Contains(PeftTargets.Last(t)) ? PeftTargets.Last(t) : t).Distinct();
    }
}
