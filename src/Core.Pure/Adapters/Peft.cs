using Functional.Base;
using Functional.Families;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Adapters;

/// <summary>An adapter in PEFT's file layout: what it is here, and where each of its tensors stands.</summary>
/// <param name="Config">The adapters.</param>
/// <param name="Tensors">The tensors of the file, read from left to right to load and from right to left to save.</param>
public sealed record PeftAdapter(LoraConfig Config, Vec<TheirTensor> Tensors);

/// <summary>
/// The file layout of Hugging Face's PEFT for low-rank adapters: <c>adapter_config.json</c> and the names and layouts of tensors in
/// <c>adapter_model.safetensors</c>, both ways. What would change the numbers and is not known here is refused by its name.
/// </summary>
public static partial class Peft
{
    internal const string Prefix = "base_model.model.";

    // Members that change nothing of what is computed.
    static readonly string[] notes =
    [
        "auto_mapping", "base_model_name_or_path", "revision", "task_type", "inference_mode", "peft_version", "megatron_core", "qalora_group_size",
            "runtime_config",
    ];

    static readonly string[] known =
    [
        "peft_type", "r", "lora_alpha", "lora_dropout", "target_modules", "exclude_modules", "fan_in_fan_out", "bias", "use_rslora", "use_dora",
            "modules_to_save",
        "layers_to_transform", "layers_pattern", "rank_pattern", "alpha_pattern", "init_lora_weights",
    ];

    /// <summary>What an <c>adapter_config.json</c> says of a base, beside the tensors that its file has; or every fault.</summary>
    /// <param name="config">The whole file.</param>
    /// <param name="file">What faults call it.</param>
    /// <param name="published">The base model.</param>
    /// <param name="there">The names of the tensors that are there.</param>
    public static Validation<Fault, PeftAdapter> Read(Json config, string file, PublishedModel published, Vec<string> there)
    {
        if (config is not Json.Map { Members: var members }) return Fault.Of<PeftAdapter>(file, $"is {config.Kind}", "expected an object");
        var (source, modules) = (new ConfigSource(members, file), PeftModule.Of(published));
        return
            from kind in Kind(source)
            from others in Refused(source)
            from plain in Numbers(source)
            from targets in PeftTargets.Of(source, published, modules)
            from ranks in PeftTargets.Patterns(source, "rank_pattern", static (map, key) => map.Whole(key, 1))
            from alphas in PeftTargets.Patterns(source, "alpha_pattern", static (map, key) => map.Real(key))
            from saved in Saved(source, published, modules)
            let replaced = Replaced(published, modules, there, [.. saved.Select(static s => s.Name)])
            let lora = plain with
            {
                Targets = targets.Map(static m => m.Site!.Name),
                Ranks = [.. targets.SelectMany(m => ranks(m.Name).ToSeq().Map(r => new SiteValue<int>(m.Site!.Name, r)))],
                Alphas = [.. targets.SelectMany(m => alphas(m.Name).ToSeq().Map(a => new SiteValue<double>(m.Site!.Name, a)))],
                Saved = [.. saved.SelectMany(static s => s.Ours).Distinct()], Replaced = [.. replaced.SelectMany(static r => r.Ours).Distinct()],
            }
            from plan in LoraPlan.Of(Transformer.Of(published.Config), lora).MapFail(f => f with { Where = $"{file}: {f.Where}" })
            select new PeftAdapter(lora, TensorsOf(published, plan, modules, replaced, there));
    }

    static Validation<Fault, Unit> Kind(ConfigSource source) => source.Word("peft_type").Bind(type => Fault.Unless(type == "LORA", source.Wrong("peft_type",
        type.Match(static t => $"is '{(t.Length > 60 ? t[..60] + "…" : t)}'", static () => "is missing"), "allowed: LORA")));

    static Validation<Fault, Unit> Refused(ConfigSource source) => source.Members.Names.Where(name => !known.Contains(name) && !notes.Contains(name))
        .Select(name => Fault.Unless(IsNothing(source.Members[name]), source.Wrong(name, "is given, and would change what is computed",
            "allowed: none, or left out")))
        .Append(source.Gives("init_lora_weights") && source.Members["init_lora_weights"] is var init ? Fault.Unless(
            init is Json.Bool or Json.Text { Value: "gaussian" or "eva" or "orthogonal" },
            source.Wrong("init_lora_weights", init is Json.Text { Value: var how }
                ? $"is '{(how.Length > 60 ? how[..60] + "…" : how)}', which changes the base model's weights"
                : $"is {init.Kind}", "allowed: true, false, gaussian, orthogonal, eva; convert the adapter to plain LoRA")) : Success<Fault, Unit>(unit))
        .Gather().Map(static _ => unit);

    static bool IsNothing(Json value) => value is Json.Null or Json.Bool { Value: false } or Json.Map { Members.Count: 0 } or Json.List { Items.Count: 0 };

    static Validation<Fault, LoraConfig> Numbers(ConfigSource source) =>
        (source.Whole("r", 1), source.Maybe("lora_alpha", "a number", static json =>
            json switch { Json.Whole w => Some((double)w.Value), Json.Real r => Some(r.Value), _ => None }),
            source.Real("lora_dropout"), source.Flag("use_rslora"), source.Flag("use_dora"),
                Bias(source)).Apply(static (rank, alpha, dropout, stabilised, dora, bias) =>
            new LoraConfig { Rank = rank.IfNone(8), Alpha = alpha.IfNone(8), Dropout = dropout.IfNone(0), RankStabilised = stabilised.IfNone(false),
                Dora = dora.IfNone(false), Bias = bias })
        .Bind(config => config.Validate().MapFail(f => source.Wrong(f.Where switch { "rank" => "r", "alpha" => "lora_alpha", "dropout" => "lora_dropout",
            var other => other }, f.What, f.Allowed)));

    static Validation<Fault, LoraBias> Bias(ConfigSource source) => source.Word("bias").Bind(word => word.IfNone("none") switch
    {
        "none" => Success<Fault, LoraBias>(LoraBias.None),
        "all" => Success<Fault, LoraBias>(LoraBias.All),
        "lora_only" => Success<Fault, LoraBias>(LoraBias.Adapted),
        var other => source.Wrong("bias", $"is '{(other.Length > 60 ? other[..60] + "…" : other)}'", "allowed: none, all, lora_only").As<LoraBias>(),
    });

    // Names that mean nothing are no fault: PEFT itself adds "classifier" beside "score".
    static Validation<Fault, Vec<(string Name, Vec<string> Ours)>> Saved(ConfigSource source, PublishedModel published, Vec<PeftModule> modules) =>
        source.Words("modules_to_save").Bind(names => modules.Where(m => names.IfNone([]).Any(n => m.Name.EndsWith(n, StringComparison.Ordinal)))
            .Select(m => OursOf(published, m) is { } ours ? Success<Fault, (string, Vec<string>)>((m.Name, [ours]))
                : source.Wrong("modules_to_save", $"means {m.Name}, which is only a part of a layer here", "allowed: layers that stand alone").As<(string,
                    Vec<string>)>()).Gather());

    // The module here that is all of one of theirs; nothing where theirs is a part.
    static string? OursOf(PublishedModel published, PeftModule module) => module.Site is { Kind: SiteKind.Head } ? "head"
        : published.Tensors.FirstOrDefault(t => t.Name == $"{module.Name}.weight") is { Pieces: [var piece] }
            && Transformer.Of(published.Config).Specs[piece.Ours].Type.Size == piece.To.Count ? LoraPlan.ModuleOf(piece.Ours) : null;

    // Files have adapted embeddings whole as well, and those that were asked for; a tied head then reads the same.
    static Vec<(string Name, Vec<string> Ours)> Replaced(PublishedModel published, Vec<PeftModule> modules, Vec<string> there, Vec<string> saved) =>
    [
        .. from module in modules
           where module.Site is { Kind: not SiteKind.Linear } && !saved.Contains(module.Name)
               && (there.Contains($"{Prefix}{module.Name}.weight") || there.Contains($"{Prefix}{module.Name}.base_layer.weight"))
           select (module.Name, IsTied(published) ? (Vec<string>)["tokens", "head"] : module.Site!.Kind == SiteKind.Head ? ["head"] : ["tokens"]),
    ];
}
