using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;

namespace Functional.Learning;

/// <summary>
/// Dynamic loss scaling (Micikevicius et al. 2018) as a state machine of two numbers, which a step computes with its updates and a checkpoint keeps with the optimiser's
/// state: what the loss is multiplied by, and for how many steps it has stayed. A step whose gradients overflow changes nothing but halves the scale; after
/// <see cref="Growth"/> steps without one the scale doubles.
/// </summary>
/// <remarks>
/// All states of optimisers begin at 0; a scale of 0 stands for <see cref="First"/>. Scales are powers of two, by which nothing is rounded. A skipped step counts as a
/// step: its rows are used up, and the schedule goes on. At a scale of 1 an overflow is the model's own, and ends the run as it does in float32.
/// </remarks>
public static class LossScale
{
    /// <summary>The first scale, 2¹². Gradients are of a sum over labels, so a label's own is about 1 at most, however many there are.</summary>
    public const double First = 4096;

    /// <summary>The largest scale, 2¹⁵: beyond it the gradient of a single label overflows.</summary>
    public const double Most = 32768;

    /// <summary>After how many steps without an overflow the scale doubles.</summary>
    public const int Growth = 2000;

    static readonly TensorType scalar = new([]);

    /// <summary>The state tensors of an objective, by name; none where its precision needs no scale.</summary>
    public static Params<TensorType> Slots(Objective objective) =>
        objective.Precision is { Scales: true } ? Params.Of((ScaleOf(objective), scalar), (StepsOf(objective), scalar)) : Params<TensorType>.Empty;

    /// <summary>What the loss is multiplied by, <c>f32[]</c>; nothing where the objective's precision needs no scale.</summary>
    public static Tensor? Of(Objective objective)
    {
        if (objective.Precision is not { Scales: true }) return null;
        var kept = Create.Input(ScaleOf(objective), scalar);
        return kept.EqualTo(kept.Like(0)).Where(kept.Like(First), kept);
    }

    /// <summary>The state after a step.</summary>
    /// <param name="objective">The objective.</param>
    /// <param name="fits">Whether the step's gradients are finite, <c>bool[]</c>.</param>
    public static Vec<Named> After(Objective objective, Tensor fits)
    {
        if (Of(objective) is not { } scale) return [];
        var steps = Create.Input(StepsOf(objective), scalar) + 1;
        var grows = steps.Less(steps.Like(Growth)).Not();
        var grown = grows.Where((scale * 2).Min(scale.Like(Most)), scale);
        return
        [
            new(ScaleOf(objective), fits.Where(grown, (scale * 0.5).Max(scale.Like(1)))),
            new(StepsOf(objective), fits.And(grows.Not()).Where(steps, steps.Like(0))),
        ];
    }

    // Kept with the first part that learns.
    static string ScaleOf(Objective objective) => objective.Parts.First(static p => p.Learns).Slot(Names.LossScale, "scale");

    static string StepsOf(Objective objective) => objective.Parts.First(static p => p.Learns).Slot(Names.LossScale, "steps");
}
