using System.Globalization;
using Functional.Adapters;
using Functional.Base;
using Functional.Graphs;
using Functional.Learning;
using Functional.Models;

namespace Functional.Settings;

/// <summary>Which adapters a stage learns in place of its model's weights.</summary>
public sealed record AdapterConfig
{
    /// <summary>A folder of PEFT whose adapters it begins with; they are then the ones below. Nothing for fresh ones, or none.</summary>
    public string? From { get; init; }

    /// <summary>The rank of adapters; 0 for none, so that all weights learn.</summary>
    public int Rank { get; init; }

    /// <summary>What an adapter's output is scaled by: alpha / rank, or alpha / √rank.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>The rate of dropout on an adapter's input in training.</summary>
    public double Dropout { get; init; }

    /// <summary>Which layers have adapters: patterns with + between them, see <see cref="LoraConfig.Targets"/>.</summary>
    public string Targets { get; init; } = "q+v";

    /// <summary>Ranks of some layers, as <c>blocks.0.q=4+v=2</c>, see <see cref="LoraConfig.Ranks"/>; nothing for one rank.</summary>
    public string? Ranks { get; init; }

    /// <summary>Alphas of some layers, as <c>blocks.0.q=4+v=2</c>; nothing for one alpha.</summary>
    public string? Alphas { get; init; }

    /// <summary>Whether the scale is alpha / √rank.</summary>
    public bool RankStabilised { get; init; }

    /// <summary>Whether the norms of outputs are learned apart (DoRA).</summary>
    public bool Dora { get; init; }

    /// <summary>Which biases learn beside the adapters.</summary>
    public LoraBias Bias { get; init; }

    /// <summary>Modules of which copies learn whole: patterns with + between them, see <see cref="LoraConfig.Saved"/>; nothing for none.</summary>
    public string? Saved { get; init; }

    /// <summary>How many times the learning rate of A that of B is (LoRA+; Hayou et al. 2024).</summary>
    public double RateOfB { get; init; } = 1;

    /// <summary>Bits in which the frozen matrices under adapters are kept: 32, 8 or 4.</summary>
    public int BaseBits { get; init; } = 32;

    /// <summary>How they are kept; nothing for as they are.</summary>
    public BitPacking? Packing => (Rank, BaseBits) switch { (0, _) => null, (_, 8) => BitPacking.Int8, (_, 4) => BitPacking.Int4, _ => null };

    /// <summary>The adapters of a model; nothing for none.</summary>
    /// <param name="judges">Whether the model has a head that judges, which begins fresh and learns whole.</param>
    public LoraConfig? Lora(bool judges) => Rank == 0 ? null : new()
    {
        Rank = Rank, Alpha = Alpha, Dropout = Dropout, Targets = [.. Targets.Split('+')], RankStabilised = RankStabilised, Dora = Dora, Bias = Bias,
        Ranks = [.. (Pairs(Ranks) ?? []).Select(static p => new SiteValue<int>(p.Pattern, (int)p.Value))],
        Alphas = [.. (Pairs(Alphas) ?? []).Select(static p => new SiteValue<double>(p.Pattern, p.Value))],
        Saved = [.. (Saved?.Split('+') ?? []).Concat(judges ? ["head"] : []).Distinct()],
    };

    /// <summary>
    /// These settings with adapters of a model in place of their own; how fast and with which dropout they learn stays. What they mean for the model is the same:
    /// <see cref="LoraPlan.Of"/> of both is one.
    /// </summary>
    /// <param name="adapters">The adapters, without modules that are replaced.</param>
    /// <param name="model">The model, whose layers they name.</param>
    /// <exception cref="ArgumentException">The adapters do not fit the model.</exception>
    public AdapterConfig Like(LoraConfig adapters, Model model)
    {
        var adapted = LoraPlan.Of(model, adapters).IfFail(static faults => throw new ArgumentException(faults.Lines())).Adapters;
        double AlphaOf(Adapter a) => adapters.Alphas.FirstOrDefault(p => SitePattern.Means(p.Pattern, a.Site))?.Value ?? adapters.Alpha;
        return this with
        {
            Rank = adapters.Rank, Alpha = adapters.Alpha, RankStabilised = adapters.RankStabilised, Dora = adapters.Dora, Bias = adapters.Bias,
            Targets = string.Join('+', adapted.GroupBy(static a => a.Site.Short, StringComparer.Ordinal)
                .SelectMany(g => g.Count() == model.Sites.Count(s => s.Short == g.Key) ? [g.Key] : g.Select(static a => a.Site.Name))),
            Ranks = Written(static a => a.Rank, adapters.Rank), Alphas = Written(AlphaOf, adapters.Alpha),
            Saved = adapters.Saved.Count == 0 ? null : string.Join('+', adapters.Saved),
        };

        // A short name where all of that name have the value.
        string? Written(Func<Adapter, double> of, double all)
        {
            var texts = adapted.GroupBy(static a => a.Site.Short, StringComparer.Ordinal).SelectMany(g => g.Select(of).Distinct().Count() == 1 ? [(g.Key, of(g.First()))]
                : g.Select(a => (a.Site.Name, of(a)))).Where(p => p.Item2 != all)
                .Select(static p => string.Create(CultureInfo.InvariantCulture, $"{p.Item1}={p.Item2:R}")).ToList();
            return texts.Count == 0 ? null : string.Join('+', texts);
        }
    }

    /// <summary>Whether it may be other adapters in other blocks, so that blocks are not alike.</summary>
    internal bool NamesBlocks => Rank > 0 && ((string?[])[Targets, Ranks, Alphas, Saved]).Any(static text => text is not null && text.Split('+')
        .Any(static part => part.Split('=')[0].Any(char.IsAsciiDigit)));

    /// <summary>An optimiser that gives the adapters' B their rate.</summary>
    public GradientTransform Over(GradientTransform optimiser) =>
        Rank == 0 || RateOfB == 1 ? optimiser : GradientTransform.Chain(optimiser, Optimisers.ScaleSome(Adapters.Lora.IsB, RateOfB));

    // Nothing for what is no list of them.
    static List<(string Pattern, double Value)>? Pairs(string? text)
    {
        var all = new List<(string, double)>();
        foreach (var part in text?.Split('+') ?? [])
        {
            if (part.Split('=') is not [{ Length: > 0 } pattern, var number] || !double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                || !double.IsFinite(value)) return null;
            all.Add((pattern, value));
        }
        return all;
    }

    static bool AreRanks(string? text) => Pairs(text)?.TrueForAll(static p => p.Value is >= 1 and <= 1 << 16 && p.Value == Math.Floor(p.Value)) ?? false;

    /// <summary>Its settings.</summary>
    internal static Vec<Field<AdapterConfig>> Fields { get; } =
    [
        .. new Field<AdapterConfig>[]
        {
            Make.Path<AdapterConfig>("adapter", "adapters of PEFT that it goes on with; what they are is then no question", "a folder with adapter_config.json and its weights",
                static c => c.From, static (c, text) => c with { From = text }) with { Aliases = ["peft-model", "adapter-name-or-path"] },
            Make.Whole<AdapterConfig>("lora-rank", "rank of adapters that learn in place of the weights; 0 for none", static c => c.Rank,
                static (c, v) => c with { Rank = (int)v }, 0, 1 << 16) with { Aliases = ["rank", "lora-r", "r"] },
            Make.Number<AdapterConfig>("lora-alpha", "adapters are scaled by alpha / rank", "any", static c => c.Alpha, static (c, v) => c with { Alpha = v },
                static _ => true) with { Aliases = ["alpha"] },
            Make.Number<AdapterConfig>("lora-dropout", "dropout on what adapters read", Make.Share, static c => c.Dropout, static (c, v) => c with { Dropout = v },
                static v => v is >= 0 and < 1),
            Make.Name<AdapterConfig>("lora-targets", "which layers have adapters", "q, k, v, out, gate, up, down, all or names, with + between them", static c => c.Targets,
                static (c, v) => c with { Targets = v }) with { Aliases = ["target-modules"] },
            new("lora-ranks", nameof(Ranks), "other ranks for some layers, as blocks.0.q=4+v=2", "LAYERS=RANK, with + between them, ranks from 1 to 65536, or nothing",
                static c => c.Ranks, static (c, text) => c with { Ranks = text }, static c => AreRanks(c.Ranks)) { IsText = true, Aliases = ["rank-pattern"] },
            new("lora-alphas", nameof(Alphas), "other alphas for some layers, as blocks.0.q=4+v=2", "LAYERS=ALPHA, with + between them, or nothing",
                static c => c.Alphas, static (c, text) => c with { Alphas = text }, static c => Pairs(c.Alphas) is not null) { IsText = true, Aliases = ["alpha-pattern"] },
            Make.Truth<AdapterConfig>("rslora", "adapters are scaled by alpha / √rank", static c => c.RankStabilised, static (c, v) => c with { RankStabilised = v }),
            Make.Truth<AdapterConfig>("dora", "the norms of adapted outputs are learned apart", static c => c.Dora, static (c, v) => c with { Dora = v }),
            Make.OneOf<AdapterConfig, LoraBias>("lora-bias", "which biases learn beside adapters", static c => c.Bias, static (c, v) => c with { Bias = v },
                [("none", LoraBias.None), ("all", LoraBias.All), ("adapted", LoraBias.Adapted)]),
            new("lora-saved", nameof(Saved), "modules of which copies learn whole beside adapters", "head, tokens, norm or names, with + between them, or nothing",
                static c => c.Saved, static (c, text) => c with { Saved = text }, static c => c.Saved is not { } text || text.Split('+').All(static p => p.Length > 0))
                { IsText = true, Aliases = ["modules-to-save"] },
            Make.OneOf<AdapterConfig, int>("base-bits", "bits in which the frozen matrices under adapters are kept", static c => c.BaseBits, static (c, v) => c with { BaseBits = v },
                [("32", 32), ("8", 8), ("4", 4)]) with { Kinds = [StageKind.Sft, StageKind.Distill, StageKind.Reward, StageKind.Dpo], Aliases = ["load-in-bits", "quantise", "quantize"] },
            Make.Number<AdapterConfig>("lora-b-rate", "how many times the rate of the adapters' A that of B is (LoRA+)", "above 0", static c => c.RateOfB,
                static (c, v) => c with { RateOfB = v }, static v => v > 0) with { Aliases = ["loraplus-lr-ratio"] },
        }.Select(static f => f with { Fixed = f.Name != "lora-dropout", IsDetail = true }),
    ];
}
