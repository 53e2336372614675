using Functional.Base;
using Functional.Learning;

namespace Functional.Settings;

using Schedule = Functional.Learning.Schedule;

/// <summary>The shape of the learning rate over a run.</summary>
public enum ScheduleKind
{
    /// <summary>Warm-up, then half a cosine down to the lowest rate.</summary>
    Cosine,
    /// <summary>Warm-up, then a straight line down to the lowest rate.</summary>
    Linear,
    /// <summary>Warm-up, then the same rate.</summary>
    Constant,
    /// <summary>Warm-up, then decay with the inverse square root of time; the lowest rate plays no part.</summary>
    InverseSqrt,
    /// <summary>Warm-up, a plateau, and over the last fifth of the steps a straight line down to the lowest rate.</summary>
    Wsd,
    /// <summary>Up over 30 % of the steps and down to almost nothing; warm-up and lowest rate play no part.</summary>
    OneCycle,
}

/// <summary>What turns gradients into updates.</summary>
public enum OptimiserKind
{
    /// <summary>Adam with decoupled weight decay.</summary>
    AdamW,
    /// <summary>Adam, without weight decay.</summary>
    Adam,
    /// <summary>Gradient descent with momentum; weight decay is added to the gradient.</summary>
    Sgd,
    /// <summary>Lion, with decoupled weight decay: by the sign of the gradients' mean; wants a smaller rate.</summary>
    Lion,
}

/// <summary>How a stage learns from gradients.</summary>
public sealed record OptimiserConfig
{
    /// <summary>What makes updates.</summary>
    public OptimiserKind Kind { get; init; } = OptimiserKind.AdamW;

    /// <summary>The highest learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>The learning rate that schedules fall to.</summary>
    public double MinLearningRate { get; init; } = 1e-4;

    /// <summary>Steps until the highest rate.</summary>
    public long Warmup { get; init; } = 100;

    /// <summary>How the learning rate goes.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Cosine;

    /// <summary>Weight decay, on matrices only.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Adam's and Lion's memory of gradients, or SGD's momentum, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Adam's memory of squared gradients, or Lion's longer one of gradients, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.99;

    /// <summary>Keeps Adam from dividing by nothing.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>The limit of the gradients' global norm; 0 for none.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>The optimiser.</summary>
    public GradientTransform Transform => Kind switch
    {
        OptimiserKind.Adam => Optimisers.Adam(Beta1, Beta2, Epsilon),
        OptimiserKind.Sgd => Optimisers.Sgd(Beta1, nesterov: false, WeightDecay),
        OptimiserKind.Lion => Optimisers.Lion(Beta1, Beta2, WeightDecay),
        _ => Optimisers.AdamW(Beta1, Beta2, Epsilon, WeightDecay),
    };

    /// <summary>The learning rate of each of so many steps, counted from 0.</summary>
    public Schedule Rates(long steps) => Schedule switch
    {
        ScheduleKind.Constant => Learning.Schedule.WarmupLinear(LearningRate, Warmup, steps, LearningRate),
        ScheduleKind.Linear => Learning.Schedule.WarmupLinear(LearningRate, Warmup, steps, MinLearningRate),
        ScheduleKind.InverseSqrt => Learning.Schedule.WarmupInverseSqrt(LearningRate, Warmup),
        ScheduleKind.Wsd => Learning.Schedule.WarmupStableDecay(LearningRate, Warmup, steps, steps / 5, MinLearningRate),
        ScheduleKind.OneCycle => Learning.Schedule.OneCycle(LearningRate, steps),
        _ => Learning.Schedule.WarmupCosine(LearningRate, Warmup, steps, MinLearningRate),
    };

    /// <summary>Its settings.</summary>
    internal static Vec<Field<OptimiserConfig>> Fields { get; } =
    [
        Make.OneOf<OptimiserConfig, OptimiserKind>("optimiser", "what makes updates of gradients", static c => c.Kind, static (c, v) => c with { Kind = v },
            [("adamw", OptimiserKind.AdamW), ("adam", OptimiserKind.Adam), ("sgd", OptimiserKind.Sgd), ("lion", OptimiserKind.Lion)]) with { Fixed = true },
        Make.Number<OptimiserConfig>("lr", "the highest learning rate", "above 0", static c => c.LearningRate, static (c, v) => c with { LearningRate = v },
            static v => v > 0) with { Aliases = ["learning-rate", "max-lr", "rate"] },
        Make.Number<OptimiserConfig>("min-lr", "the learning rate at the end", "0 or more", static c => c.MinLearningRate,
            static (c, v) => c with { MinLearningRate = v }, static v => v >= 0) with { Aliases = ["min-learning-rate", "final-lr"] },
        Make.Whole<OptimiserConfig>("warmup", "steps until the highest learning rate", static c => c.Warmup, static (c, v) => c with { Warmup = v }, 0)
            with { Aliases = ["warmup-iters", "warmup-steps", "num-warmup-steps"] },
        Make.OneOf<OptimiserConfig, ScheduleKind>("schedule", "how the learning rate goes", static c => c.Schedule, static (c, v) => c with { Schedule = v },
            [("cosine", ScheduleKind.Cosine), ("linear", ScheduleKind.Linear), ("constant", ScheduleKind.Constant),
            ("inverse-sqrt", ScheduleKind.InverseSqrt), ("wsd", ScheduleKind.Wsd), ("one-cycle", ScheduleKind.OneCycle)])
            with { Aliases = ["lr-schedule", "lr-scheduler", "lr-scheduler-type", "scheduler"] },
        Make.Number<OptimiserConfig>("weight-decay", "pull of matrices towards 0", "0 or more", static c => c.WeightDecay,
            static (c, v) => c with { WeightDecay = v }, static v => v >= 0) with { Aliases = ["wd", "decay"] },
        Make.Number<OptimiserConfig>("beta1", "memory of gradients, or momentum", Make.Share, static c => c.Beta1, static (c, v) => c with { Beta1 = v },
            static v => v is >= 0 and < 1) with { Fixed = true, Aliases = ["adam-beta1", "momentum"] },
        Make.Number<OptimiserConfig>("beta2", "memory of squared gradients", Make.Share, static c => c.Beta2, static (c, v) => c with { Beta2 = v },
            static v => v is >= 0 and < 1) with { Fixed = true, Aliases = ["adam-beta2"] },
        Make.Number<OptimiserConfig>("eps", "keeps Adam from dividing by 0", "above 0", static c => c.Epsilon, static (c, v) => c with { Epsilon = v },
            static v => v > 0) with { Fixed = true, Aliases = ["epsilon", "adam-epsilon"] },
        Make.Number<OptimiserConfig>("clip", "limit of the gradients' global norm; 0 for none", "0 or more", static c => c.Clip,
            static (c, v) => c with { Clip = v }, static v => v >= 0) with { Aliases = ["grad-clip", "max-grad-norm", "gradient-clipping"] },
    ];
}
