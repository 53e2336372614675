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
    /// <para>When the loss or the norm is not finite, parameters and slots keep their values; the outputs tell what happened.</para>
    /// </summary>
    /// <param name="objective">What is learned.</param>
    /// <param name="optimiser">What turns gradients into updates.</param>
    /// <param name="clip">What limits all gradients together.</param>
    public static Program Step(Objective objective, GradientTransform optimiser, GradientClip clip)
    {
        var (loss, gradients) = Differentiated(objective);
        return Program.Of(Stepped(optimiser, clip, loss, gradients), InPlace(objective, optimiser));
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
            [.. Stepped(optimiser, clip, loss, gradients), .. cleared],
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

    /// <summary>The state tensors of an optimiser for all learned parameters, named <c>slot/SLOT/NAME</c>; all begin at 0.</summary>
    public static Params<TensorType> Slots(Objective objective, GradientTransform optimiser) =>
        objective.Learned.SelectMany(p => optimiser.Slots(p.Spec).Select(s => (p.Part.Slot(s.Name, p.Spec.Name), s.Type))).ToParams();

    /// <summary>The accumulators of gradients, loss, weight and what is shown; all begin at 0.</summary>
    public static Params<TensorType> Accumulators(Objective objective) =>
        objective.Learned.Select(static p => (p.Part.Gradient(p.Spec.Name), p.Spec.Type))
            .Concat(Sums(objective.Loss(training: true)).Select(static s => (s.Name, scalar))).ToParams();

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
        var gradients = Vjp.Gradients(loss.Total.Sum, learned.Map(static p => Create.Input(p.Name, p.Spec.Type)));
        return (loss, learned.Map((p, i) => (p, gradients[i])));
    }

    static Vec<Named> Stepped(GradientTransform optimiser, GradientClip clip, Loss loss, Vec<(OwnedParam Of, Tensor Value)> gradients)
    {
        var (mean, weight) = (loss.Total.Mean, loss.Total.Weight);
        var perLabel = 1 / weight;
        var squares = gradients.Map(g => (g.Of, Value: (g.Value * g.Value).SumAll() * perLabel * perLabel));
        var norm = squares.Select(static s => s.Value).Aggregate(static (a, b) => a + b).Sqrt();
        var (factor, ok) = (clip.Factor(norm) * perLabel, mean.IsFinite().And(norm.IsFinite()));
        return
        [
            .. gradients.SelectMany(g => Updated(g.Of, optimiser, g.Value * factor, ok)),
            new(Names.Loss, mean), new(Names.Weight, weight), new(Names.GradientNorm, norm),
            .. loss.Shown.Select(static s => new Named(Names.Shown(s.Name), s.Value.Mean)),
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
