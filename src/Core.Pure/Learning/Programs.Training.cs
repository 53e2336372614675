using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Learning;

public static partial class Programs
{
    /// <summary>
    /// A whole training step. Inputs: parameters, slots, <c>batch/inputs</c>, <c>batch/labels</c>, <c>scalar/lr</c> and the optimiser's scalars
    /// (see <see cref="StepScalars"/>), <c>key</c> with dropout. Outputs: new parameters and slots in place of the old; <c>loss</c>,
    /// <c>weight</c>, <c>grad_norm</c>, and <c>grad_sq/NAME</c> for each trained parameter.
    /// <para>When the loss or the norm is not finite, parameters and slots keep their values; the outputs tell what happened.</para>
    /// </summary>
    /// <param name="model">What is trained.</param>
    /// <param name="optimiser">What turns gradients into updates.</param>
    /// <param name="clip">What limits all gradients together.</param>
    /// <param name="batch">The shape of the batch.</param>
    /// <param name="smoothing">Label smoothing, in [0, 1).</param>
    public static Program TrainStep(Model model, GradientTransform optimiser, GradientClip clip, BatchShape batch, double smoothing = 0)
    {
        var (loss, gradients) = Differentiated(model, batch, smoothing);
        return Program.Of(Step(model, optimiser, clip, loss, gradients), InPlace(model, optimiser));
    }

    /// <summary>
    /// A micro-batch of a step: adds gradients of the summed loss, the sum and the weight to accumulators. Inputs: parameters, the batch,
    /// accumulators (<c>grad/NAME</c>, <c>acc/loss</c>, <c>acc/weight</c>), <c>key</c> with dropout. Outputs: the accumulators, in place.
    /// </summary>
    public static Program Accumulate(Model model, BatchShape batch, double smoothing = 0)
    {
        var (loss, gradients) = Differentiated(model, batch, smoothing);
        Vec<Named> sums =
        [
            .. gradients.Select(static g => new Named(Names.Gradient(g.Name), Create.Input(Names.Gradient(g.Name), g.Value.Type) + g.Value)),
            new(Names.AccumulatedLoss, Create.Input(Names.AccumulatedLoss, scalar) + loss.Sum),
            new(Names.AccumulatedWeight, Create.Input(Names.AccumulatedWeight, scalar) + loss.Weight),
        ];
        return Program.Of(sums, sums.Map(static s => new Donation(s.Name, s.Name)));
    }

    /// <summary>
    /// The end of a step of micro-batches: as <see cref="TrainStep"/> from what <see cref="Accumulate"/> left in the accumulators, which are
    /// set to 0 for the next step.
    /// </summary>
    public static Program Apply(Model model, GradientTransform optimiser, GradientClip clip)
    {
        var gradients = Trained(model).Map(static (name, spec) => Create.Input(Names.Gradient(name), spec.Type));
        var loss = new WeightedSum(Create.Input(Names.AccumulatedLoss, scalar), Create.Input(Names.AccumulatedWeight, scalar));
        var cleared = Accumulators(model).Map(static (name, type) => new Named(name, Create.Fill(0, type.Shape, type.DType))).Values;
        return Program.Of(
            [.. Step(model, optimiser, clip, loss, gradients), .. cleared],
            [.. InPlace(model, optimiser), .. cleared.Map(static c => new Donation(c.Name, c.Name))]);
    }

    /// <summary>The values of all scalar inputs of a step: <c>scalar/lr</c> and what the optimiser needs.</summary>
    /// <param name="optimiser">The optimiser.</param>
    /// <param name="step">The step, counted from 1.</param>
    /// <param name="learningRate">The learning rate of this step.</param>
    public static Params<double> StepScalars(GradientTransform optimiser, long step, double learningRate) =>
        Params.Of((Names.LearningRate, learningRate)).Concat(optimiser.Scalars.Select(s => (Names.Scalar(s.Name), s.At(step))).ToParams());

    // Gradients of the loss's sum: the division by the weight happens once, in the scale of the update.
    static (WeightedSum Loss, Params<Tensor> Gradients) Differentiated(Model model, BatchShape batch, double smoothing)
    {
        var env = Parameters(model) with { RandomKey = Create.Input(Names.Key, [2], DType.I32) };
        var loss = Losses.NextToken(model, env, Create.Input(Names.Inputs, batch.Tokens), Create.Input(Names.Labels, batch.Tokens), smoothing);
        var trained = Trained(model);
        var gradients = Vjp.Gradients(loss.Sum, trained.Names.Map(name => env.Parameters(name)));
        return (loss, trained.Names.Map((name, i) => (name, gradients[i])).ToParams());
    }

    static Vec<Named> Step(Model model, GradientTransform optimiser, GradientClip clip, WeightedSum loss, Params<Tensor> gradients)
    {
        var mean = loss.Mean;
        var perLabel = 1 / loss.Weight;
        var squares = gradients.Map(g => (g * g).SumAll() * perLabel * perLabel);
        var norm = squares.Values.Aggregate((a, b) => a + b).Sqrt();
        var (factor, ok) = (clip.Factor(norm) * perLabel, mean.IsFinite().And(norm.IsFinite()));
        var updated = gradients.Map((name, g) => Updated(model.Specs[name], optimiser, g * factor, ok)).Values;
        return
        [
            .. updated.SelectMany(static u => u),
            new(Names.Loss, mean), new(Names.Weight, loss.Weight), new(Names.GradientNorm, norm),
            .. squares.Select(static s => new Named(Names.GradientSquares(s.Name), s.Value)),
        ];
    }

    // The new parameter and slots, or the old ones when this step must not count.
    static Vec<Named> Updated(ParamSpec spec, GradientTransform optimiser, Tensor gradient, Tensor ok)
    {
        var param = Create.Input(Names.Param(spec.Name), spec.Type);
        var slots = optimiser.Slots(spec).Select(s => (s.Name, Create.Input(Names.Slot(s.Name, spec.Name), s.Type))).ToParams();
        var after = optimiser.Apply(new(spec, param, gradient, slots, static name => Create.Input(Names.Scalar(name), scalar)));
        return
        [
            new(Names.Param(spec.Name), ok.Where(param + after.Update, param)),
            .. after.Slots.Select(s => new Named(Names.Slot(s.Name, spec.Name), ok.Where(s.Value, slots[s.Name]))),
        ];
    }

    static Vec<Donation> InPlace(Model model, GradientTransform optimiser) =>
        [.. Trained(model).Names.Select(Names.Param).Concat(Slots(model, optimiser).Names).Select(static name => new Donation(name, name))];
}
