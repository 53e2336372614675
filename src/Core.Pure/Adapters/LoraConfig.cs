using Functional.Base;
using LanguageExt;

namespace Functional.Adapters;

/// <summary>Which biases of the model learn beside the adapters.</summary>
public enum LoraBias
{
    /// <summary>None.</summary>
    None,
    /// <summary>All, those of norms among them.</summary>
    All,
    /// <summary>Those of layers that have adapters.</summary>
    Adapted,
}

/// <summary>A value for the sites that a pattern means, in place of the one for all.</summary>
/// <typeparam name="T">What kind of value.</typeparam>
/// <param name="Pattern">Which sites, see <see cref="LoraConfig.Targets"/>.</param>
/// <param name="Value">The value.</param>
public sealed record SiteValue<T>(string Pattern, T Value);

/// <summary>
/// Low-rank adapters (Hu et al. 2021): a layer's product x W becomes x W + scale · dropout(x) A B, and only A <c>[inputs, rank]</c> and B
/// <c>[rank, outputs]</c> learn. Defaults are those of Hugging Face's PEFT.
/// </summary>
public sealed record LoraConfig
{
    /// <summary>The rank, 1 or more.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>What the scale is made of: alpha / rank, or alpha / √rank; a finite number.</summary>
    public double Alpha { get; init; } = 8;

    /// <summary>The rate of dropout on an adapter's input in training, in [0, 1).</summary>
    public double Dropout { get; init; }

    /// <summary>
    /// Patterns of sites: <c>q</c>, <c>k</c>, <c>v</c>, <c>out</c>, <c>gate</c>, <c>up</c>, <c>down</c>, <c>tokens</c>, <c>head</c>, or the end of a full name
    /// after a point, such as <c>blocks.0.q</c>; <c>*</c> stands for any characters, as in <c>blocks.*.q</c>. <c>all</c> is every layer but tables, heads
    /// and routers. <c>qkv</c> and <c>gate_up</c> are one adapter for two or three layers, and meant only by these names.
    /// </summary>
    public Vec<string> Targets { get; init; } = ["q", "v"];

    /// <summary>Patterns of sites that have none although a target means them.</summary>
    public Vec<string> Excluded { get; init; } = [];

    /// <summary>Whether the scale is alpha / √rank (Kalajdzievski 2023).</summary>
    public bool RankStabilised { get; init; }

    /// <summary>
    /// Whether the adapted matrix is divided by the norms of its outputs and multiplied by learned ones (DoRA; Liu et al. 2024). No gradient goes through the
    /// norms it is divided by.
    /// </summary>
    public bool Dora { get; init; }

    /// <summary>Ranks of some sites; the first pattern that means a site counts.</summary>
    public Vec<SiteValue<int>> Ranks { get; init; } = [];

    /// <summary>Alphas of some sites; the first pattern that means a site counts.</summary>
    public Vec<SiteValue<double>> Alphas { get; init; } = [];

    /// <summary>Which biases learn.</summary>
    public LoraBias Bias { get; init; }

    /// <summary>
    /// Patterns of modules of which copies learn whole: <c>head</c>, <c>tokens</c> (not the head, where that is tied to it), <c>norm</c>, or the end of a
    /// parameter's full name without <c>.weight</c> or <c>.bias</c>.
    /// </summary>
    public Vec<string> Saved { get; init; } = [];

    /// <summary>Patterns of modules that are replaced by copies which do not learn, as adapters in files have them beside adapted embeddings.</summary>
    public Vec<string> Replaced { get; init; } = [];

    /// <summary>This configuration, or every fault in its numbers; which sites there are is for <see cref="LoraPlan.Of"/> to say.</summary>
    public Validation<Fault, LoraConfig> Validate() => new[]
    {
        RankIs("rank", Rank), AlphaIs("alpha", Alpha), Fault.Unless(Dropout is >= 0 and < 1, "dropout", FormattableString.Invariant($"is {Dropout:R}"),
            "allowed: at least 0 and less than 1"),
        Fault.Unless(Targets.Count + Saved.Count > 0, "targets", "are none", "expected a pattern or more, such as q, v"),
    }.Concat(Ranks.Select(static r => RankIs($"rank of {r.Pattern}", r.Value))).Concat(Alphas.Select(static a => AlphaIs($"alpha of {a.Pattern}", a.Value)))
    .Concat(Targets.Concat(Excluded).Concat(Saved).Concat(Replaced).Concat(Ranks.Select(static r => r.Pattern)).Concat(Alphas.Select(static a => a.Pattern))
        .Select(static p => Fault.Unless(p.Length > 0, "pattern", "is empty", "expected a name such as q"))).Gather().Map(_ => this);

    /// <summary>What an adapter's output is multiplied by.</summary>
    /// <param name="rank">Its rank.</param>
    /// <param name="alpha">Its alpha.</param>
    public double Scale(int rank, double alpha) => alpha / (RankStabilised ? Math.Sqrt(rank) : rank);

    static Validation<Fault, Unit> RankIs(string where, int rank) => Fault.Unless(rank >= 1, where, $"is {rank}", "allowed: 1 or more");

    static Validation<Fault, Unit> AlphaIs(string where, double alpha) =>
        Fault.Unless(double.IsFinite(alpha), where, FormattableString.Invariant($"is {alpha:R}"), "allowed: finite numbers");
}
