using Functional.Base;
using Functional.Graphs;
using Functional.Layers;

namespace Functional.Learning;

/// <summary>Adafactor (Shazeer &amp; Stern 2018): Adam's second moment of a matrix as the product of a number a row and a number a column.</summary>
public static class Adafactor
{
    /// <summary>
    /// Adafactor's scaling: u = g / √v̂, and u ← u / max(1, RMS(u) / limit). Of parameters with two axes or more v̂ is r cᵀ / mean(r), with means of g² + ε over
    /// columns and rows (state <c>row</c>, <c>column</c>: n + m numbers for n · m), else a mean of its own (<c>v</c>). Their memory is 1 − t^−0.8: whole at the first
    /// step, longer with each. There is no memory of gradients; the rate is the step's.
    /// </summary>
    /// <param name="epsilon">What is added to squared gradients.</param>
    /// <param name="limit">The largest root mean square of an update before the rate.</param>
    public static GradientTransform ScaleByAdafactor(double epsilon = 1e-30, double limit = 1)
    {
        StepScalar memory = new("1-t^-0.8", static t => 1 - Math.Pow(t, -0.8));
        return new(
            static spec => IsFactored(spec)
                ? [new("row", new(spec.Type.Shape.With(spec.Type.Rank - 1, 1))), new("column", new(spec.Type.Shape.With(spec.Type.Rank - 2, 1)))]
                : [new("v", spec.Type)],
            [memory],
            c =>
            {
                var (square, last, kept) = (c.Update * c.Update + epsilon, c.Spec.Type.Rank - 1, c.Scalar(memory.Name));
                Tensor Mean(string slot, Tensor now) => c.Slots[slot] * kept + now * (1 - kept);
                var slots = IsFactored(c.Spec)
                    ? Params.Of(("row", Mean("row", square.Mean(last))), ("column", Mean("column", square.Mean(last - 1))))
                    : Params.Of(("v", Mean("v", square)));
                // Of factors the root of each: their product may be less than float32 holds.
                var update = IsFactored(c.Spec)
                    ? c.Update / (slots["row"] / slots["row"].Mean(last - 1)).Sqrt() / slots["column"].Sqrt()
                    : c.Update / slots["v"].Sqrt();
                var size = ((update * update).SumAll() / update.Type.Size).Sqrt();
                return new(update / (size / limit).Max(size.Like(1)), slots);
            });
    }

    /// <summary>Adafactor with decoupled weight decay.</summary>
    public static GradientTransform Of(double decay = 0) =>
        GradientTransform.Chain(ScaleByAdafactor(), Optimisers.AddDecayedWeights(decay), Optimisers.ScaleByLearningRate());

    static bool IsFactored(ParamSpec spec) => spec.Type.Rank >= 2;
}
