using System.Globalization;
using Functional.Base;
using Functional.Layers;
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
    /// <summary>Muon for matrices inside the model, AdamW for the rest, at one rate.</summary>
    Muon,
    /// <summary>Adafactor, with decoupled weight decay: hardly any state, no memory of gradients.</summary>
    Adafactor,
    /// <summary>AdamW whose states take 8 bits a number.</summary>
    AdamW8Bit,
    /// <summary>AdEMAMix, with decoupled weight decay: AdamW with a second, much longer memory of gradients.</summary>
    AdEMAMix,
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

    /// <summary>AdEMAMix's long memory of gradients, in [0, 1); 0 for what goes with the run's length, see <see cref="LongMemory"/>.</summary>
    public double Beta3 { get; init; }

    /// <summary>What AdEMAMix's long memory counts beside the short one.</summary>
    public double Mix { get; init; } = 5;

    /// <summary>Muon's memory of gradients, in [0, 1).</summary>
    public double MuonMomentum { get; init; } = 0.95;

    /// <summary>Rates of roles of parameters beside the rate, such as <c>embedding=0.5+head=2</c>; those that are not named have 1.</summary>
    public string RoleRates { get; init; } = "";

    /// <summary>Weight decay of roles of parameters, such as <c>embedding=0+norm=0.1</c>; of those that are not named, matrices, embeddings and heads have <see cref="WeightDecay"/>.</summary>
    public string RoleDecays { get; init; } = "";

    /// <summary>How long the mean of the weights remembers, in [0, 1); 0 for no mean. It is measured and saved beside the weights.</summary>
    public double Average { get; init; }

    /// <summary>Keeps Adam from dividing by nothing.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>The limit of the gradients' global norm; 0 for none.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>
    /// The long memory that goes with a run: half of it is of the last 2.7 % of the steps, as 0.9999 has it in the 256,000 of the paper. One that is as long as the run holds to where the
    /// run began, and does not learn.
    /// </summary>
    /// <param name="steps">How many steps it has.</param>
    public static double LongMemory(long steps) => Math.Pow(0.5, 1 / Math.Max(1, 0.027 * steps));

    /// <summary>The highest learning rate that an optimiser is usually given, of a small model in some thousand steps, and the one that it falls to.</summary>
    public static (double Highest, double Last) UsualRates(OptimiserKind kind) => kind switch
    {
        OptimiserKind.Sgd => (0.1, 0.01),
        OptimiserKind.Lion => (3e-4, 3e-5),
        OptimiserKind.Muon or OptimiserKind.Adafactor => (2e-3, 2e-4),
        _ => (1e-3, 1e-4),
    };

    /// <summary>The optimiser of a stage of so many steps: a direction, decay, the rate, and what roles have of it.</summary>
    /// <param name="steps">How many; what goes on for longer may depend on it.</param>
    public GradientTransform Transform(long steps)
    {
        var decay = Optimisers.AddDecayedWeights(DecayOf);
        var adam = Optimisers.ScaleByAdam(Beta1, Beta2, Epsilon);
        var direction = Kind switch
        {
            OptimiserKind.Adam => adam,
            OptimiserKind.Sgd => Beta1 == 0 ? decay : decay.Then(Optimisers.Momentum(Beta1)),
            OptimiserKind.Lion => Optimisers.ScaleByLion(Beta1, Beta2).Then(decay),
            OptimiserKind.Muon => GradientTransform.Where(Muon.IsMatrix, Muon.ScaleByMuon(MuonMomentum), adam).Then(decay),
            OptimiserKind.Adafactor => Adafactor.ScaleByAdafactor().Then(decay),
            OptimiserKind.AdamW8Bit => EightBits.Of(adam, static name => name == "v").Then(decay),
            OptimiserKind.AdEMAMix => Optimisers.ScaleByAdEMAMix(Beta1, Beta2, Beta3 == 0 ? LongMemory(steps) : Beta3, Mix, steps, Epsilon).Then(decay),
            _ => adam.Then(decay),
        };
        var rated = direction.Then(Optimisers.ScaleByLearningRate());
        return (Parsed(RoleRates) ?? []).Where(static r => r.Value != 1).Aggregate(rated, static (all, r) => all.Then(Optimisers.ScaleSome(spec => spec.Role == r.Role, r.Value)));
    }

    double DecayOf(ParamSpec spec) => Parsed(RoleDecays)?.Where(d => d.Role == spec.Role).Select(static d => (double?)d.Value).FirstOrDefault() ?? (spec.Decays ? WeightDecay : 0);

    static string Allowed => $"{string.Join(", ", roles.Select(static r => r.Text))} with numbers, 0 or more, as embedding=0.5+head=2";

    static readonly (string Text, ParamRole Role)[] roles = [.. Enum.GetValues<ParamRole>().Select(static role => (role.ToString().ToLowerInvariant(), role))];

    // Nothing for what is no list of roles, each once, with numbers.
    static List<(ParamRole Role, double Value)>? Parsed(string text)
    {
        var all = new List<(ParamRole, double)>();
        foreach (var part in text.Length == 0 ? [] : text.Split('+'))
        {
            if (part.Split('=') is not [var name, var number] || !roles.Any(r => r.Text == name) || !double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
                || !double.IsFinite(value) || value < 0) return null;
            var role = roles.First(r => r.Text == name).Role;
            if (all.Any(r => r.Item1 == role)) return null;
            all.Add((role, value));
        }
        return all;
    }

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
        Make.OneOf<OptimiserConfig, OptimiserKind>("optimiser", "what makes updates of gradients; pretraining has the usual rate of each where none is given", static c => c.Kind, static (c, v) => c with { Kind = v },
            [("adamw", OptimiserKind.AdamW), ("adam", OptimiserKind.Adam), ("sgd", OptimiserKind.Sgd), ("lion", OptimiserKind.Lion), ("muon", OptimiserKind.Muon),
            ("adafactor", OptimiserKind.Adafactor), ("adamw-8bit", OptimiserKind.AdamW8Bit), ("ademamix", OptimiserKind.AdEMAMix)]) with { Fixed = true },
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
        Make.Number<OptimiserConfig>("beta3", "ademamix's long memory of gradients; 0 for what goes with the run's length", Make.Share, static c => c.Beta3, static (c, v) => c with { Beta3 = v },
            static v => v is >= 0 and < 1) with { Fixed = true, IsDetail = true },
        Make.Number<OptimiserConfig>("mix", "what ademamix's long memory counts beside the short one", "0 or more", static c => c.Mix, static (c, v) => c with { Mix = v },
            static v => v >= 0) with { Fixed = true, IsDetail = true, Aliases = ["ademamix-alpha"] },
        Make.Number<OptimiserConfig>("muon-momentum", "muon's memory of gradients", Make.Share, static c => c.MuonMomentum, static (c, v) => c with { MuonMomentum = v },
            static v => v is >= 0 and < 1) with { Fixed = true, IsDetail = true },
        new("role-rates", nameof(RoleRates), "rates of roles of parameters beside the rate", Allowed, static c => c.RoleRates.Length == 0 ? null : c.RoleRates,
            static (c, text) => c with { RoleRates = text ?? "" }, static c => Parsed(c.RoleRates) is not null) { IsText = true, IsDetail = true },
        new("role-decays", nameof(RoleDecays), "weight decay of roles of parameters", Allowed, static c => c.RoleDecays.Length == 0 ? null : c.RoleDecays,
            static (c, text) => c with { RoleDecays = text ?? "" }, static c => Parsed(c.RoleDecays) is not null) { IsText = true, IsDetail = true },
        Make.Number<OptimiserConfig>("average", "how long the mean of weights remembers, which is measured and saved beside them; 0 for none", Make.Share,
            static c => c.Average, static (c, v) => c with { Average = v }, static v => v is >= 0 and < 1)
            with { Fixed = true, Aliases = ["ema", "ema-decay", "weight-averaging"] },
        Make.Number<OptimiserConfig>("eps", "keeps Adam from dividing by 0", "above 0", static c => c.Epsilon, static (c, v) => c with { Epsilon = v },
            static v => v > 0) with { Fixed = true, Aliases = ["epsilon", "adam-epsilon"] },
        Make.Number<OptimiserConfig>("clip", "limit of the gradients' global norm; 0 for none", "0 or more", static c => c.Clip,
            static (c, v) => c with { Clip = v }, static v => v >= 0) with { Aliases = ["grad-clip", "max-grad-norm", "gradient-clipping"] },
    ];
}
