using Functional.Adapters;
using Functional.Base;
using Functional.Learning;

namespace Functional.Settings;

/// <summary>Which adapters a stage learns in place of its model's weights.</summary>
public sealed record AdapterConfig
{
    /// <summary>The rank of adapters; 0 for none, so that all weights learn.</summary>
    public int Rank { get; init; }

    /// <summary>What an adapter's output is scaled by: alpha / rank, or alpha / √rank.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>The rate of dropout on an adapter's input in training.</summary>
    public double Dropout { get; init; }

    /// <summary>Which layers have adapters: patterns with + between them, see <see cref="LoraConfig.Targets"/>.</summary>
    public string Targets { get; init; } = "q+v";

    /// <summary>Whether the scale is alpha / √rank.</summary>
    public bool RankStabilised { get; init; }

    /// <summary>Whether the norms of outputs are learned apart (DoRA).</summary>
    public bool Dora { get; init; }

    /// <summary>How many times the learning rate of A that of B is (LoRA+; Hayou et al. 2024).</summary>
    public double RateOfB { get; init; } = 1;

    /// <summary>The adapters of a model; nothing for none.</summary>
    /// <param name="judges">Whether the model has a head that judges, which begins fresh and learns whole.</param>
    public LoraConfig? Lora(bool judges) => Rank == 0 ? null : new()
    {
        Rank = Rank, Alpha = Alpha, Dropout = Dropout, Targets = [.. Targets.Split('+')], RankStabilised = RankStabilised, Dora = Dora,
        Saved = judges ? ["head"] : [],
    };

    /// <summary>An optimiser that gives the adapters' B their rate.</summary>
    public GradientTransform Over(GradientTransform optimiser) =>
        Rank == 0 || RateOfB == 1 ? optimiser : GradientTransform.Chain(optimiser, Optimisers.ScaleSome(Adapters.Lora.IsB, RateOfB));

    /// <summary>Its settings.</summary>
    internal static Vec<Field<AdapterConfig>> Fields { get; } =
    [
        .. new Field<AdapterConfig>[]
        {
            Make.Whole<AdapterConfig>("lora-rank", "rank of adapters that learn in place of the weights; 0 for none", static c => c.Rank,
                static (c, v) => c with { Rank = (int)v }, 0, 1 << 16) with { Aliases = ["rank", "lora-r", "r"] },
            Make.Number<AdapterConfig>("lora-alpha", "adapters are scaled by alpha / rank", "any", static c => c.Alpha, static (c, v) => c with { Alpha = v },
                static _ => true) with { Aliases = ["alpha"] },
            Make.Number<AdapterConfig>("lora-dropout", "dropout on what adapters read", Make.Share, static c => c.Dropout, static (c, v) => c with { Dropout = v },
                static v => v is >= 0 and < 1),
            Make.Name<AdapterConfig>("lora-targets", "which layers have adapters", "q, k, v, out, gate, up, down, all or names, with + between them", static c => c.Targets,
                static (c, v) => c with { Targets = v }) with { Aliases = ["target-modules"] },
            Make.Truth<AdapterConfig>("rslora", "adapters are scaled by alpha / √rank", static c => c.RankStabilised, static (c, v) => c with { RankStabilised = v }),
            Make.Truth<AdapterConfig>("dora", "the norms of adapted outputs are learned apart", static c => c.Dora, static (c, v) => c with { Dora = v }),
            Make.Number<AdapterConfig>("lora-b-rate", "how many times the rate of the adapters' A that of B is (LoRA+)", "above 0", static c => c.RateOfB,
                static (c, v) => c with { RateOfB = v }, static v => v > 0) with { Aliases = ["loraplus-lr-ratio"] },
        }.Select(static f => f with { Fixed = f.Name != "lora-dropout", IsDetail = true }),
    ];
}
