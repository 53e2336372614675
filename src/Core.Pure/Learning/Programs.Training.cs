using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;

namespace Functional.Learning;

public static partial class Programs
{
    static readonly TensorType scalar = new([]);

    /// <summary>
    /// A whole training step. Inputs: parameters, slots, the batch (<c>batch/NAME</c>), <c>scalar/lr</c> and the optimiser's scalars
    /// (see <see cref="StepScalars"/>), <c>key</c> with dropout. Outputs: new parameters and slots in place of the old; <c>loss</c>,
    /// <c>weight</c>, <c>grad_norm</c>, <c>shown/NAME</c>, and <c>grad_sq/NAME</c> for each learned parameter.
    /// <para>When the loss or the norm is not finite, parameters and slots keep their values; the outputs tell what happened. Where the loss is scaled
    /// (<see cref="LossScale"/>) and only its gradients overflowed, the norm is given as 0, <c>shown/skipped</c> is 1, and the scale falls.</para>
    /// </summary>
    /// <param name="objective">What is learned.</param>
    /// <param name="optimiser">What turns gradients into updates.</param>
    /// <param name="clip">What limits all gradients together.</param>
    public static Program Step(Objective objective, GradientTransform optimiser, GradientClip clip)
    {
        var (loss, gradients) = Differentiated(objective);
        return Program.Of(Stepped(objective, optimiser, clip, loss, gradients), InPlace(objective, optimiser));
    }

    /// <summary>
    /// A micro-batch of a step: adds gradients of the summed loss, the sum and the weight to accumulators. Inputs: parameters, the batch,
    /// accumulators (<c>grad/NAME</c>, <c>acc/loss</c>, <c>acc/weight</c>, <c>acc/shown/NAME</c>, <c>acc/shown_weight/NAME</c>), <c>key</c> with
    /// dropout. Outputs: the accumulators, in place.
    /// </summary>
    public static Program Accumulate(Objective objective)
    {
        var (loss, gradients) = Differentiated(objective);
        Vec<Named> sums =
        [
            .. gradients.Select(static g => new Named(g.Of.Part.Gradient(g.Of.Spec.Name), g.Value)), .. Sums(loss),
        ];
        sums = sums.Map(static s => new Named(s.Name, Create.Input(s.Name, s.Value.Type) + s.Value));
        return Program.Of(sums, sums.Map(static s => new Donation(s.Name, s.Name)));
    }

    /// <summary>
    /// The end of a step of micro-batches: as <see cref="Step"/> from what <see cref="Accumulate"/> left in the accumulators, which are
    /// set to 0 for the next step.
    /// </summary>
    public static Program Apply(Objective objective, GradientTransform optimiser, GradientClip clip)
    {
        var gradients = objective.Learned.Map(static p => (Of: p, Value: Create.Input(p.Part.Gradient(p.Spec.Name), p.Spec.Type)));
        var loss = new Loss(Accumulated(Names.AccumulatedLoss, Names.AccumulatedWeight))
        {
            Shown = objective.Loss(training: true).Shown.Map(static (name, _) => Accumulated(Names.ShownSum(name), Names.ShownWeight(name))),
        };
        var cleared = Accumulators(objective).Map(static (name, type) => new Named(name, Create.Fill(0, type.Shape, type.DType))).Values;
        return Program.Of(
            [.. Stepped(objective, optimiser, clip, loss, gradients), .. cleared],
            [.. InPlace(objective, optimiser), .. cleared.Map(static c => new Donation(c.Name, c.Name))]);
    }

    /// <summary>
    /// The loss of a batch as it is measured, not as it is trained: outputs <c>loss_sum</c>, <c>weight</c>, <c>loss</c>, and <c>acc/shown/NAME</c> and
    /// <c>acc/shown_weight/NAME</c> of what is shown. Without dropout.
    /// </summary>
    public static Program Measure(Objective objective)
    {
        var loss = objective.Loss(training: false);
        return Program.Of([new(Names.LossSum, loss.Total.Sum), new(Names.Weight, loss.Total.Weight), new(Names.Loss, loss.Total.Mean), .. ShownSums(loss)]);
    }

    /// <summary>The state tensors of an optimiser for all learned parameters, named <c>slot/SLOT/NAME</c>, and of the loss's scale; all begin at 0.</summary>
    public static Params<TensorType> Slots(Objective objective, GradientTransform optimiser) =>
        objective.Learned.SelectMany(p => optimiser.Slots(p.Spec).Select(s => (p.Part.Slot(s.Name, p.Spec.Name), s.Type))).ToParams().Concat(LossScale.Slots(objective));

    /// <summary>The accumulators of gradients, loss, weight and what is shown; all begin at 0.</summary>
    public static Params<TensorType> Accumulators(Objective objective) =>
        objective.Learned.Select(static p => (p.Part.Gradient(p.Spec.Name), p.Spec.Type))
            .Concat(Sums(objective.Loss(training: true)).Select(static s => (s.Name, scalar))).ToParams();

    /// <summary>
    /// The means that <see cref="Optimisers.Averaged"/> keeps of all learned parameters, as outputs <c>average/NAME</c>; before the first step the parameters
    /// themselves.
    /// </summary>
    public static Program Averages(Objective objective) => Program.Of([.. objective.Learned.Select(static p =>
    {
        Tensor Slot(string name, TensorType type) => Create.Input(p.Part.Slot(name, p.Spec.Name), type);
        var share = Slot(Optimisers.AverageShare, scalar);
        return new Named(Names.Average(p.Name), share.EqualTo(share.Like(0)).Where(Create.Input(p.Name, p.Spec.Type), Slot(Optimisers.Average, p.Spec.Type) / share));
    })]);

    /// <summary>The values of all scalar inputs of a step: <c>scalar/lr</c> and what the optimiser needs.</summary>
    /// <param name="optimiser">The optimiser.</param>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="learningRate">The learning rate of this step.</param>
    public static Params<double> StepScalars(GradientTransform optimiser, long step, double learningRate) =>
        Params.Of((Names.LearningRate, learningRate)).Concat(optimiser.Scalars.Select(s => (Names.Scalar(s.Name), s.At(step))).ToParams());

    // Gradients of the loss's sum: the division by the weight happens once, in the scale of the update.
    static (Loss Loss, Vec<(OwnedParam Of, Tensor Value)> Gradients) Differentiated(Objective objective)
    {
        var (loss, learned) = (objective.Loss(training: true), objective.Learned);
        Vec<Tensor> parameters = learned.Map(static p => Create.Input(p.Name, p.Spec.Type)), values = Tensors(loss);
        var marks = objective.Recomputed > 0 ? Rematerialisation.Marks(values) : [];
        var pulled = Vjp.Pull(loss.Total.Sum, LossScale.Of(objective) ?? loss.Total.Sum.Like(1), [.. parameters, .. marks]);
        Vec<Tensor> gradients = [.. pulled.Take(parameters.Count)];
        if (marks.Count > 0) (values, gradients) = Rematerialisation.Run(values, gradients, marks, [.. pulled.Skip(parameters.Count)]);
        if (objective.Precision is { } precision)
        {
            var all = precision.Run([.. values, .. gradients], gradients);
            (values, gradients) = ([.. all.Take(values.Count)], [.. all.Skip(values.Count)]);
        }
        return (Of(loss, values), learned.Map((p, i) => (p, gradients[i])));
    }

    static Vec<Tensor> Tensors(Loss loss) => [loss.Total.Sum, loss.Total.Weight, .. loss.Shown.SelectMany(static s => new[] { s.Value.Sum, s.Value.Weight })];

    // The same loss of other tensors, in that order.
    static Loss Of(Loss loss, Vec<Tensor> values) => new(new WeightedSum(values[0], values[1]))
    {
        Shown = loss.Shown.Select((s, i) => (s.Name, new WeightedSum(values[2 * i + 2], values[2 * i + 3]))).ToParams(),
    };

    static Vec<Named> Stepped(Objective objective, GradientTransform optimiser, GradientClip clip, Loss loss, Vec<(OwnedParam Of, Tensor Value)> gradients)
    {
        var (mean, weight, scale) = (loss.Total.Mean, loss.Total.Weight, LossScale.Of(objective));
        var perLabel = 1 / (scale is null ? weight : weight * scale);
        var squares = gradients.Map(g => (g.Of, Value: (g.Value * g.Value).SumAll() * perLabel * perLabel));
        var norm = squares.Select(static s => s.Value).Aggregate(static (a, b) => a + b).Sqrt();
        var (factor, fits) = (clip.Factor(norm) * perLabel, norm.IsFinite());
        var ok = mean.IsFinite().And(fits);
        // An overflow that a smaller scale may end is no failure.
        var skipped = scale is null ? null : ok.Not().And(mean.IsFinite()).And(scale.Greater(scale.Like(1)));
        return
        [
            .. gradients.SelectMany(g => Updated(g.Of, optimiser, g.Value * factor, ok)), .. LossScale.After(objective, fits),
            new(Names.Loss, mean), new(Names.Weight, weight), new(Names.GradientNorm, skipped is null ? norm : skipped.Where(norm.Like(0), norm)),
            .. loss.Shown.Select(static s => new Named(Names.Shown(s.Name), s.Value.Mean)),
            .. skipped is null ? Array.Empty<Named>() : [new(Names.Shown(Names.LossScale), scale!), new(Names.Shown("skipped"), skipped.Cast(DType.F32))],
            .. squares.Select(static s => new Named(s.Of.Part.GradientSquares(s.Of.Spec.Name), s.Value)),
        ];
    }

    // The new parameter and slots, or the old ones when this step must not count.
    static Vec<Named> Updated(OwnedParam of, GradientTransform optimiser, Tensor gradient, Tensor ok)
    {
        var (part, spec) = (of.Part, of.Spec);
        var param = Create.Input(of.Name, spec.Type);
        var slots = optimiser.Slots(spec).Select(s => (s.Name, Create.Input(part.Slot(s.Name, spec.Name), s.Type))).ToParams();
        var after = optimiser.Apply(new(spec, param, gradient, slots, static name => Create.Input(Names.Scalar(name), scalar)));
        return
        [
            new(of.Name, ok.Where(param + after.Update, param)),
            .. after.Slots.Select(s => new Named(part.Slot(s.Name, spec.Name), ok.Where(s.Value, slots[s.Name]))),
        ];
    }

    static Vec<Donation> InPlace(Objective objective, GradientTransform optimiser) =>
        [.. objective.Learned.Select(static p => p.Name).Concat(Slots(objective, optimiser).Names).Select(static name => new Donation(name, name))];

    static Vec<Named> Sums(Loss loss) => [new(Names.AccumulatedLoss, loss.Total.Sum), new(Names.AccumulatedWeight, loss.Total.Weight), .. ShownSums(loss)];

    static IEnumerable<Named> ShownSums(Loss loss) =>
        loss.Shown.SelectMany(static s => new[] { new Named(Names.ShownSum(s.Name), s.Value.Sum), new Named(Names.ShownWeight(s.Name), s.Value.Weight) });

    static WeightedSum Accumulated(string sum, string weight) => new(Create.Input(sum, scalar), Create.Input(weight, scalar));
}
