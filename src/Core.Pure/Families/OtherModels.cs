using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Families;

/// <summary>
/// Members of a <c>config.json</c> that any family may have (<c>PretrainedConfig</c> of transformers) and that make another function of the same weights, which is not known
/// here: to pass them over would be to compute something else without a word.
/// </summary>
static class OtherModels
{
    /// <summary>The member that names classes of a model's own, which are Python; many models have it that are of a known family.</summary>
    public const string Code = "auto_map";

    static readonly Vec<(string Name, bool Allowed, string Why)> flags =
    [
        ("is_encoder_decoder", false, "there is no encoder here"), ("add_cross_attention", false, "there is no encoder to attend to"),
        ("is_causal", true, "tokens would see what comes after them"), ("use_bidirectional_attention", false, "tokens would see what comes after them"),
    ];

    static readonly Vec<(string Name, string What)> absent =
    [
        ("quantization_config", "is given: the weights are quantised"), ("compression_config", "is given: the weights are packed"),
    ];

    /// <summary>Whether a member is looked at here.</summary>
    public static bool Knows(string name) => flags.Any(f => f.Name == name) || absent.Any(a => a.Name == name) || name == "pruned_heads";

    /// <summary>Every fault of such members.</summary>
    /// <param name="from">The file.</param>
    /// <param name="isOwn">Whether the family reads a member itself.</param>
    public static IEnumerable<Fault> Refuse(ConfigSource from, Func<string, bool> isOwn) =>
    [
        .. flags.Where(f => !isOwn(f.Name)).SelectMany(f => from.Flag(f.Name).Bind(given => Fault.Unless(given.IfNone(f.Allowed) == f.Allowed,
            from.Wrong(f.Name, $"is {(f.Allowed ? "false" : "true")}: {f.Why}", $"allowed: {(f.Allowed ? "true" : "false")}"))).FailToSeq()),
        .. absent.Where(a => from.Gives(a.Name)).Select(a => from.Wrong(a.Name, a.What, "allowed: none")),
        .. from.Inside("pruned_heads").Bind(heads => Fault.Unless(heads.ForAll(static h => h.Members.Count == 0),
            from.Wrong("pruned_heads", "is given: heads are cut out of layers", "allowed: none"))).FailToSeq(),
    ];
}
