using Functional.Base;
using Functional.Layers;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Families;

/// <summary>Some members of a <c>config.json</c> and the settings that they stand for, both ways.</summary>
/// <param name="Names">The members that it reads.</param>
/// <param name="Read">The configuration so far with these settings, or every fault of the members.</param>
/// <param name="Write">The members that say what a configuration has.</param>
sealed record ConfigPart(
    Vec<string> Names, Func<ConfigSource, DecoderConfig, Validation<Fault, DecoderConfig>> Read, Func<DecoderConfig, Vec<(string Name, Json Value)>> Write)
{
    /// <summary>A whole number.</summary>
    /// <param name="name">The member.</param>
    /// <param name="absent">What it is where it is not there.</param>
    /// <param name="get">The setting.</param>
    /// <param name="set">A configuration with the setting.</param>
    /// <param name="nothing">What null stands for; nothing where null is as if absent.</param>
    /// <param name="least">The smallest that may stand there.</param>
    public static ConfigPart Whole(
        string name, int absent, Func<DecoderConfig, int> get, Func<DecoderConfig, int, DecoderConfig> set, Func<DecoderConfig, int>? nothing = null,
            int least = 1) => new(
        [name],
        (from, c) => from.Whole(name, least).Map(value => set(c, value.IfNone(() => from.Has(name) && nothing is not null ? nothing(c) : absent))),
        c => [(name, new Json.Whole(get(c)))]);

    /// <summary>How many layers there are: each is listed with its tensors, so that there must be an end to them.</summary>
    public static ConfigPart LayerCount(string name, int absent)
    {
        var any = Whole(name, absent, static c => c.Layers, static (c, n) => c with { Layers = n });
        return any with
        {
            Read = (from, c) => any.Read(from, c).Bind(read => read.Layers <= MostLayers ? Success<Fault, DecoderConfig>(read)
                : from.Wrong(name, FormattableString.Invariant($"is {read.Layers}"), FormattableString.Invariant($"allowed: up to {MostLayers}"))
                    .As<DecoderConfig>()),
        };
    }

    const int MostLayers = 10_000;

    /// <summary>A number.</summary>
    public static ConfigPart Real(string name, double absent, Func<DecoderConfig, double> get, Func<DecoderConfig, double, DecoderConfig> set) => new(
        [name], (from, c) => from.Real(name).Map(value => set(c, value.IfNone(absent))), c => [(name, new Json.Real(get(c)))]);

    /// <summary>A number that may be null, which is 0 here: none.</summary>
    public static ConfigPart Limit(string name, double? absent, Func<DecoderConfig, double> get, Func<DecoderConfig, double, DecoderConfig> set) => new(
        [name],
        (from, c) => from.Real(name).Map(value => set(c, value.IfNone(from.Has(name) ? 0 : absent ?? 0))),
        c => [(name, get(c) > 0 ? new Json.Real(get(c)) : new Json.Null())]);

    /// <summary>True or false.</summary>
    public static ConfigPart Flag(string name, bool absent, Func<DecoderConfig, bool> get, Func<DecoderConfig, bool, DecoderConfig> set) => new(
        [name], (from, c) => from.Flag(name).Map(value => set(c, value.IfNone(absent))), c => [(name, new Json.Bool(get(c)))]);

    /// <summary>Biases of some parts, or none of them.</summary>
    public static ConfigPart Bias(string name, bool absent, Biases parts) => Flag(
        name, absent, c => (c.Bias & parts) == parts, (c, on) => c with { Bias = on ? c.Bias | parts : c.Bias & ~parts });

    /// <summary>What this family always has, whatever a file says.</summary>
    public static ConfigPart Always(Func<DecoderConfig, DecoderConfig> set) => new([], (_, c) => Success<Fault, DecoderConfig>(set(c)), static _ => []);

    /// <summary>A flag that must be as it is.</summary>
    public static ConfigPart Must(string name, bool value, string why) => new(
        [name],
        (from, c) => from.Flag(name).Bind(given => given.IfNone(value) == value ? Success<Fault, DecoderConfig>(c)
            : from.Wrong(name, $"is {(value ? "false" : "true")}: {why}", $"allowed: {(value ? "true" : "false")}").As<DecoderConfig>()),
        _ => [(name, new Json.Bool(value))]);

    /// <summary>The nonlinearity of MLPs.</summary>
    /// <param name="names">Its member; of several the first that is given counts, and all are written.</param>
    /// <param name="absent">Its word where it is not there.</param>
    /// <param name="gated">Whether it is a gate.</param>
    public static ConfigPart Activation(Vec<string> names, string absent, bool gated) => new(
        names,
        (from, c) =>
        {
            var name = names.FirstOrDefault(from.Gives) ?? names[0];
            return from.Word(name).Bind(word => Named(word.IfNone(absent), gated).Match(
                activation => Success<Fault, DecoderConfig>(c with { Activation = activation }),
                () => from.Wrong(name, $"is '{word.IfNone(absent)}'", gated ? "allowed: silu, gelu, gelu_new"
                    : "allowed: gelu, gelu_new, relu, relu2, silu").As<DecoderConfig>()));
        },
        c => [.. names.Map(name => (name, (Json)new Json.Text(WordOf(c.Activation))))]);

    static Option<Activation> Named(string word, bool gated) => (word, gated) switch
    {
        ("silu" or "swish", true) => Layers.Activation.SwiGlu,
        ("silu" or "swish", false) => Layers.Activation.Silu,
        ("gelu" or "gelu_python", true) => Layers.Activation.GeGlu,
        ("gelu" or "gelu_python", false) => Layers.Activation.Gelu,
        ("gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" or "gelu_accurate", true) => Layers.Activation.GeGluTanh,
        ("gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" or "gelu_accurate", false) => Layers.Activation.GeluTanh,
        ("relu", false) => Layers.Activation.Relu,
        ("relu2", false) => Layers.Activation.ReluSquared,
        _ => None,
    };

    static string WordOf(Activation activation) => activation switch
    {
        Layers.Activation.SwiGlu or Layers.Activation.Silu => "silu",
        Layers.Activation.GeGlu or Layers.Activation.Gelu => "gelu",
        Layers.Activation.GeGluTanh or Layers.Activation.GeluTanh => "gelu_pytorch_tanh",
        Layers.Activation.Relu => "relu",
        _ => "relu2",
    };

    /// <summary>The rates of dropout, of which there is one here: theirs, where all are the same, else 0.</summary>
    /// <param name="rates">The members and what they are where they are not there.</param>
    public static ConfigPart Dropout(params Vec<(string Name, double Absent)> rates) => new(
        rates.Map(static r => r.Name),
        (from, c) => rates.Select(r => from.Real(r.Name).Map(value => value.IfNone(r.Absent))).Gather()
            .Map(all => c with { Dropout = all.All(rate => rate == all[0]) ? all[0] : 0 }),
        c => [.. rates.Map(r => (r.Name, (Json)new Json.Real(c.Dropout)))]);
}
