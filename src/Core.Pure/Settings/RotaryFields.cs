using System.Globalization;
using Functional.Base;
using Functional.Layers;

namespace Functional.Settings;

/// <summary>The settings of rotary positions.</summary>
static class RotaryFields
{
    public static Vec<Field<RotaryConfig>> All { get; } =
    [
        Make.Number<RotaryConfig>("rope-base", "base of the frequencies", "above 1", static c => c.Base, static (c, v) => c with { Base = v }, static v => v > 1)
            with { Fixed = true, Aliases = ["rope-theta", "rotary-emb-base"] },
        Make.Number<RotaryConfig>("rope-local-base", "base in layers with a window, then unscaled; 0 for the same", "0, or above 1", static c => c.LocalBase,
            static (c, v) => c with { LocalBase = v }, static v => v is 0 or > 1) with { Fixed = true, Aliases = ["rope-local-base-freq"] },
        Make.Number<RotaryConfig>("rope-share", "share of a head that is turned", "above 0 and up to 1", static c => c.Share, static (c, v) => c with { Share = v },
            static v => v is > 0 and <= 1) with { Fixed = true, Aliases = ["partial-rotary-factor", "rotary-pct"] },
        Make.OneOf<RotaryConfig, bool>("rope-pairing", "which numbers are a pair", static c => c.Interleaved, static (c, v) => c with { Interleaved = v },
            [("halves", false), ("neighbours", true)]) with { Fixed = true },
        Make.OneOf<RotaryConfig, RopeKind>("rope-scaling", "how frequencies change for long sequences", static c => c.Kind, static (c, v) => c with { Kind = v },
            [("none", RopeKind.None), ("linear", RopeKind.Linear), ("dynamic", RopeKind.Dynamic), ("llama3", RopeKind.Llama3), ("yarn", RopeKind.Yarn),
                ("long", RopeKind.Long)]) with { Fixed = true },
        Number("rope-factor", "by how much longer sequences are", "1 or more", static v => v >= 1, static c => c.Factor, static (c, v) => c with { Factor = v }),
        Make.Whole<RotaryConfig>("rope-original-context", "tokens of training before scaling; 0 for the context", static c => c.OriginalContext,
            static (c, v) => c with { OriginalContext = (int)v }, 0, int.MaxValue) with { Fixed = true },
        Number("rope-low", "llama3: turns below which frequencies are divided", "above 0", static v => v > 0, static c => c.Low,
            static (c, v) => c with { Low = v }),
        Number("rope-high", "llama3: turns above which they are kept", "above 0", static v => v > 0, static c => c.High, static (c, v) => c with { High = v }),
        Number("rope-fast", "yarn: turns above which frequencies are kept", "above 0", static v => v > 0, static c => c.Fast,
            static (c, v) => c with { Fast = v }) with { Aliases = ["beta-fast"] },
        Number("rope-slow", "yarn: turns below which they are divided", "above 0", static v => v > 0, static c => c.Slow,
            static (c, v) => c with { Slow = v }) with { Aliases = ["beta-slow"] },
        Number("rope-attention-factor", "yarn, long: what cosines and sines are times; 0 for what the kind says", "0 or more", static v => v >= 0,
            static c => c.AttentionFactor, static (c, v) => c with { AttentionFactor = v }),
        Number("rope-magnitude", "yarn: how fast that factor grows; 0 for 1", "0 or more", static v => v >= 0, static c => c.Magnitude,
            static (c, v) => c with { Magnitude = v }) with { Aliases = ["mscale"] },
        Number("rope-magnitude-all", "yarn: by what growth it is divided; 0 for none", "0 or more", static v => v >= 0, static c => c.MagnitudeAll,
            static (c, v) => c with { MagnitudeAll = v }) with { Aliases = ["mscale-all-dim"] },
        Make.Truth<RotaryConfig>("rope-truncate", "yarn: whether bounds are whole pairs", static c => c.Truncates, static (c, v) => c with { Truncates = v })
            with { Fixed = true },
        List("rope-short", "long: divisors for sequences up to the original context", static c => c.Short, static (c, v) => c with { Short = v }),
        List("rope-long", "long: divisors for longer ones", static c => c.Long, static (c, v) => c with { Long = v }),
    ];

    static Field<RotaryConfig> Number(string name, string summary, string range, Func<double, bool> holds, Func<RotaryConfig, double> get,
        Func<RotaryConfig, double, RotaryConfig> set, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(get))] string getter = "") =>
        Make.Number(name, summary, range, get, set, holds, getter) with { Fixed = true };

    static Field<RotaryConfig> List(string name, string summary, Func<RotaryConfig, Vec<double>> get, Func<RotaryConfig, Vec<double>, RotaryConfig> set,
        [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(get))] string getter = "") => Make.Custom<RotaryConfig>(name, summary,
        "numbers above 0, joined by +, or none",
        c => get(c) is { Count: > 0 } some ? string.Join('+', some.Map(static v => v.ToString("R", CultureInfo.InvariantCulture))) : "none",
        (c, text) => text is null or "none" ? set(c, [])
            : text.Split('+').Select(static w => double.TryParse(w, NumberStyles.Float, CultureInfo.InvariantCulture, out var v) ? v : double.NaN).ToVec() is var all
                && all.All(double.IsFinite) ? set(c, all) : null,
        c => get(c).All(static v => v > 0), getter) with { Fixed = true };
}
