using Functional.Base;
using Functional.Layers;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Families;

/// <summary>
/// Rotary positions in a <c>config.json</c>: <c>rope_parameters</c> as transformers 5 writes them, or <c>rope_theta</c>, <c>rope_scaling</c> and the share
/// that turns as 4 does, which both read and which are what is written.
/// </summary>
static class RopePart
{
    static readonly string[] kinds = ["default", "linear", "dynamic", "llama3", "yarn", "longrope"];

    /// <summary>The part of a family.</summary>
    /// <param name="theta">The base where it is not said.</param>
    /// <param name="share">The share of a head that turns where it is not said; nothing where it is always the whole head.</param>
    /// <param name="local">The base in layers with a window where it is not said, of families that have another there.</param>
    /// <param name="phi">Whether it is Phi-3's: its kinds are the default and the long one alone, by whichever name, and its original context is 4096 where
    /// it is not said.</param>
    public static ConfigPart Of(double theta = 10000, double? share = null, double? local = null, bool phi = false) => new(
        ["rope_parameters", "rope_scaling", "rope_theta", "partial_rotary_factor", "rotary_pct", "rotary_emb_base", "original_max_position_embeddings",
            "rope_local_base_freq"],
        (from, c) => Inside(from, local is not null).Bind(found => Read(from, found.Full, c, theta, share, phi)
                .Bind(rotary => local is { } own ? Local(from, found.Sliding, rotary, own) : Success<Fault, RotaryConfig>(rotary)))
            .Map(rotary => c with { Positions = Positions.Rotary, Rotary = rotary }),
        c => Write(c, share is not null, local is not null, phi));

    static Validation<Fault, (ConfigSource Full, Option<ConfigSource> Sliding)> Inside(ConfigSource from, bool byLayer)
    {
        var empty = new ConfigSource(Params<Json>.Empty, from.Where);
        return from.Inside("rope_parameters").Bind(five => five.Match(
            parameters => byLayer && (parameters.Gives("full_attention") || parameters.Gives("sliding_attention"))
                ? (parameters.Inside("full_attention"), parameters.Inside("sliding_attention")).Apply((full, sliding) => (full.IfNone(empty), sliding))
                : Success<Fault, (ConfigSource, Option<ConfigSource>)>((parameters, None)),
            () => from.Inside("rope_scaling").Map(four => (four.IfNone(empty), Option<ConfigSource>.None))));
    }

    // What stands inside goes before what stands outside, but for the original context, which some families keep outside.
    static Validation<Fault, Option<T>> First<T>(params ReadOnlySpan<Validation<Fault, Option<T>>> places)
    {
        foreach (var place in places) if (place.IsFail || place.Exists(static p => p.IsSome)) return place;
        return Success<Fault, Option<T>>(None);
    }

    // Versions disagree which of two words counts; and a factor without a word would be for nothing.
    static Validation<Fault, Option<string>> Kind(ConfigSource rope) => (rope.Word("rope_type"), rope.Word("type"))
        .Apply(static (now, once) => (now, once)).Bind(g => g switch
        {
            ({ IsSome: true }, { IsSome: true }) when g.now != g.once => rope.Wrong("rope_type", $"is '{g.now.IfNone("")}', and type is '{g.once.IfNone("")}'",
                "allowed: the same, or one of them").As<Option<string>>(),
            ({ IsNone: true }, { IsNone: true }) when rope.Gives("factor") => rope.Wrong("rope_type", "is missing, though there is a factor",
                $"allowed: {string.Join(", ", kinds)}").As<Option<string>>(),
            _ => Success<Fault, Option<string>>(g.now.IsSome ? g.now : g.once),
        });

    static Validation<Fault, RotaryConfig> Read(ConfigSource from, ConfigSource rope, DecoderConfig c, double theta, double? share, bool phi)
    {
        var plain = (First(rope.Real("rope_theta"), from.Real("rope_theta"), from.Real("rotary_emb_base")),
            First(rope.Real("partial_rotary_factor"), from.Real("partial_rotary_factor"), from.Real("rotary_pct")))
            .Apply((start, part) => new RotaryConfig { Base = start.IfNone(theta), Share = part.IfNone(share ?? 1) })
            .Bind(r => share is null && r.Share != 1
                ? from.Wrong("partial_rotary_factor", FormattableString.Invariant($"is {r.Share:R}"),
                    "allowed: 1, as this family turns whole heads").As<RotaryConfig>()
                : Success<Fault, RotaryConfig>(r));
        return (plain, Kind(rope)).Apply(static (r, kind) => (r, kind))
            .Bind(both => Scaled(from, rope, both.r, Plain(both.kind.IfNone("default"), phi), c, phi));
    }

    static string Plain(string kind, bool phi) => kind == "su" || (phi && kind == "yarn") ? "longrope" : kind;

    static Validation<Fault, RotaryConfig> Scaled(ConfigSource from, ConfigSource rope, RotaryConfig r, string kind, DecoderConfig c, bool phi)
    {
        if (!kinds.Contains(kind) || (phi && kind is not ("default" or "longrope")))
            return rope.Wrong("rope_type", $"is '{(kind.Length > 60 ? kind[..60] + "…" : kind)}'",
                $"allowed: {(phi ? "default, longrope" : string.Join(", ", kinds))}").As<RotaryConfig>();
        Validation<Fault, double> Factor() => rope.Real("factor").Bind(f => f.Match(Success<Fault, double>, () => rope.Wrong("factor", "is missing",
            "expected a number from 1 on").As<double>()));
        var original = First(from.Whole("original_max_position_embeddings", 1), rope.Whole("original_max_position_embeddings", 1)).Map(o =>
            o.IfNone(phi ? 4096 : 0));
        var attention = rope.Real("attention_factor").Map(static a => a.IfNone(0));
        switch (kind)
        {
            case "linear": return Factor().Map(f => r with { Kind = RopeKind.Linear, Factor = f });
            case "dynamic": return Factor().Map(f => r with { Kind = RopeKind.Dynamic, Factor = f });
            case "llama3":
                return (Factor(), original, rope.Real("low_freq_factor"), rope.Real("high_freq_factor")).Apply((f, o, low, high) => (f, o, low, high)).Bind(g =>
                    g.low.IsNone || g.high.IsNone ? rope.Wrong(g.low.IsNone ? "low_freq_factor" : "high_freq_factor", "is missing",
                        "expected a number").As<RotaryConfig>()
                    : Success<Fault, RotaryConfig>(r with { Kind = RopeKind.Llama3, Factor = g.f, OriginalContext = g.o, Low = g.low.IfNone(1), High =
                        g.high.IfNone(4) }));
            case "yarn":
                var beta = (rope.Real("beta_fast"), rope.Real("beta_slow"), rope.Real("mscale"), rope.Real("mscale_all_dim"), rope.Flag("truncate"))
                    .Apply((fast, slow, one, all, cut) => r with
                    {
                        Kind = RopeKind.Yarn, Fast = Unless0(fast, 32), Slow = Unless0(slow, 1), Magnitude = one.IfNone(0), MagnitudeAll = all.IfNone(0),
                            Truncates = cut.IfNone(true),
                    });
                return (beta, original, attention, rope.Real("factor")).Apply((y, o, a, f) => y with
                {
                    OriginalContext = o, AttentionFactor = a, Factor = f.IfNone(() => o > 0 ? (double)c.Context / o : 1),
                });
            case "longrope":
                return (rope.Reals("short_factor"), rope.Reals("long_factor"), original, attention, rope.Real("factor"))
                    .Apply((small, large, o, a, f) => (small, large, o, a, f)).Bind(g => g.small.IsNone || g.large.IsNone
                        ? rope.Wrong(g.small.IsNone ? "short_factor" : "long_factor", "is missing", "expected a list of numbers").As<RotaryConfig>()
                        : Success<Fault, RotaryConfig>(r with
                        {
                            Kind = RopeKind.Long, Short = g.small.IfNone([]), Long = g.large.IfNone([]), OriginalContext = g.o,
                            AttentionFactor = g.a > 0 || phi ? g.a : g.f.Match(f => f <= 1 ? 1
                                : Math.Sqrt(1 + (Math.Log(f) / Math.Log(g.o > 0 ? g.o : c.Context))), static () => 0),
                        }));
            default: return Success<Fault, RotaryConfig>(r);
        }
    }

    static double Unless0(Option<double> value, double otherwise) => value.Filter(static v => v > 0).IfNone(otherwise);

    static Validation<Fault, RotaryConfig> Local(ConfigSource from, Option<ConfigSource> sliding, RotaryConfig rotary, double absent) => sliding.Match(
        own => (own.Real("rope_theta"), First(own.Word("rope_type"), own.Word("type"))).Apply(static (start, kind) => (start, kind)).Bind(g =>
            g.kind.IfNone("default") == "default"
            ? Success<Fault, RotaryConfig>(rotary with { LocalBase = g.start.IfNone(absent) })
            : own.Wrong("rope_type", $"is '{g.kind.IfNone("")}'", "allowed: default").As<RotaryConfig>()),
        () => from.Real("rope_local_base_freq").Map(start => rotary with { LocalBase = start.IfNone(absent) }));

    static Vec<(string, Json)> Write(DecoderConfig c, bool hasShare, bool hasLocal, bool phi)
    {
        var r = c.Rotary;
        static Json Number(double value) => new Json.Real(value);
        Json original = new Json.Whole(r.OriginalContext > 0 ? r.OriginalContext : c.Context);
        Vec<(string, Json)> attention = r.AttentionFactor > 0 ? [("attention_factor", Number(r.AttentionFactor))] : [];
        Vec<(string, Json)> scaling = r.Kind switch
        {
            RopeKind.Linear => [("rope_type", new Json.Text("linear")), ("factor", Number(r.Factor))],
            RopeKind.Dynamic => [("rope_type", new Json.Text("dynamic")), ("factor", Number(r.Factor))],
            RopeKind.Llama3 => [("rope_type", new Json.Text("llama3")), ("factor", Number(r.Factor)), ("low_freq_factor", Number(r.Low)),
                ("high_freq_factor", Number(r.High)),
                ("original_max_position_embeddings", original)],
            RopeKind.Yarn => [("rope_type", new Json.Text("yarn")), ("factor", Number(r.Factor)), ("original_max_position_embeddings", original), .. attention,
                ("beta_fast", Number(r.Fast)), ("beta_slow", Number(r.Slow)), ("truncate", new Json.Bool(r.Truncates)),
                .. r.Magnitude > 0 ? (Vec<(string, Json)>)[("mscale", Number(r.Magnitude))] : [], .. r.MagnitudeAll > 0
                    ? (Vec<(string, Json)>)[("mscale_all_dim", Number(r.MagnitudeAll))] : []],
            RopeKind.Long => [("rope_type", new Json.Text("longrope")), ("short_factor", new Json.List(r.Short.Map(Number))),
                ("long_factor", new Json.List(r.Long.Map(Number))), .. attention,
                .. phi ? (Vec<(string, Json)>)[] : [("original_max_position_embeddings", original)]],
            _ => [],
        };
        return
        [
            ("rope_theta", Number(r.Base)), ("rope_scaling", scaling.Count == 0 ? new Json.Null() : new Json.Map(scaling.ToParams())),
            .. hasShare ? (Vec<(string, Json)>)[("partial_rotary_factor", Number(r.Share)), .. phi ? (Vec<(string, Json)>)[]
                : [("rotary_pct", Number(r.Share))]] : [],
            .. hasLocal ? (Vec<(string, Json)>)[("rope_local_base_freq", Number(r.LocalBase > 0 ? r.LocalBase : r.Base))] : [],
            .. phi ? (Vec<(string, Json)>)[("original_max_position_embeddings", original)] : [],
        ];
    }
}
