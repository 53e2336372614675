using Functional.Base;
using Functional.Layers;

namespace Functional.Settings;

/// <summary>The settings of a mixture of experts.</summary>
static class ExpertFields
{
    public static Vec<Field<ExpertConfig>> All { get; } =
    [
        Size("experts", "experts in place of an MLP; 0 for none", 0, static c => c.Count, static (c, v) => c with { Count = v })
            with { Aliases = ["num-experts", "num-local-experts"] },
        Size("experts-chosen", "experts that a token goes to", 1, static c => c.Chosen, static (c, v) => c with { Chosen = v })
            with { Aliases = ["top-k-experts", "num-experts-per-tok", "experts-per-token"] },
        Size("expert-hidden", "numbers inside an expert; 0 for hidden", 0, static c => c.Hidden, static (c, v) => c with { Hidden = v })
            with { Aliases = ["moe-intermediate-size"] },
        Make.OneOf<ExpertConfig, bool>("expert-scores", "how the router scores", static c => c.Sigmoid, static (c, v) => c with { Sigmoid = v },
            [("softmax", false), ("sigmoid", true)]) with { Fixed = true },
        Make.Truth<ExpertConfig>("experts-renormalised", "whether the chosen experts' weights are divided by their sum", static c => c.Renormalised,
            static (c, v) => c with { Renormalised = v }) with { Fixed = true, Aliases = ["norm-topk-prob"] },
        Size("shared-expert", "numbers inside an MLP for all tokens beside the experts; 0 for none", 0, static c => c.Shared,
            static (c, v) => c with { Shared = v }) with { Aliases = ["shared-expert-intermediate-size"] },
        Make.Truth<ExpertConfig>("shared-expert-gate", "whether it is times a sigmoid of its own", static c => c.SharedGate,
            static (c, v) => c with { SharedGate = v }) with { Fixed = true },
        Make.Pattern<ExpertConfig>("expert-pattern", "which layers have experts (e) and which an MLP (d), repeated", "ed", static c => c.Pattern,
            static (c, v) => c with { Pattern = v }) with { Fixed = true },
        Number("balance-loss", "coefficient of the load-balancing loss", static c => c.Balance, static (c, v) => c with { Balance = v })
            with { Aliases = ["router-aux-loss-coef"] },
        Number("router-z-loss", "coefficient of the router's z-loss", static c => c.ZLoss, static (c, v) => c with { ZLoss = v }),
        Number("router-noise", "standard deviation of noise on the router's scores in training", static c => c.Noise, static (c, v) => c with { Noise = v })
            with { Aliases = ["router-jitter-noise"] },
        Number("expert-capacity", "most that an expert takes in training, times its even share; 0 for no limit", static c => c.Capacity,
            static (c, v) => c with { Capacity = v }) with { Aliases = ["capacity-factor"] },
    ];

    static Field<ExpertConfig> Size(string name, string summary, int least, Func<ExpertConfig, long> get, Func<ExpertConfig, int, ExpertConfig> set,
        [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(get))] string getter = "") =>
        Make.Whole(name, summary, get, (c, v) => set(c, (int)v), least, int.MaxValue, getter) with { Fixed = true };

    static Field<ExpertConfig> Number(string name, string summary, Func<ExpertConfig, double> get, Func<ExpertConfig, double, ExpertConfig> set,
        [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(get))] string getter = "") =>
        Make.Number(name, summary, "0 or more", get, set, static v => v >= 0, getter);
}
