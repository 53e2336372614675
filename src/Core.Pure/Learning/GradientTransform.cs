using Functional.Base;
using Functional.Graphs;
using Functional.Layers;

namespace Functional.Learning;

/// <summary>A state tensor that an optimiser keeps for a parameter; it begins at 0.</summary>
/// <param name="Name">Such as <c>m</c>.</param>
/// <param name="Type">Its shape and element type.</param>
public sealed record SlotSpec(string Name, TensorType Type);

/// <summary>A number that changes from step to step in a way known ahead, worked out in double precision outside the program.</summary>
/// <param name="Name">The name under which programs take it; equal names must mean equal functions.</param>
/// <param name="At">Its value at a step, counted from 1.</param>
public sealed record StepScalar(string Name, Func<long, double> At);

/// <summary>What a transform sees of one parameter.</summary>
/// <param name="Spec">What the parameter is.</param>
/// <param name="Param">Its value before the step.</param>
/// <param name="Update">The gradient, or what earlier transforms made of it.</param>
/// <param name="Slots">The transform's state tensors for this parameter.</param>
/// <param name="Scalar">The scalar <c>f32[]</c> of a name, such as <c>lr</c>.</param>
public sealed record UpdateContext(ParamSpec Spec, Tensor Param, Tensor Update, Params<Tensor> Slots, Func<string, Tensor> Scalar);

/// <summary>What a transform gives for one parameter.</summary>
/// <param name="Update">The changed update, of the parameter's type.</param>
/// <param name="Slots">The new state tensors.</param>
public readonly record struct Updated(Tensor Update, Params<Tensor> Slots);

/// <summary>
/// A part of an optimiser, as a pure function over expressions (after Optax, DeepMind 2020). Transforms compose by <see cref="Then"/>;
/// an optimiser is a chain whose last update is added to the parameter.
/// </summary>
/// <param name="Slots">Which state tensors a parameter needs.</param>
/// <param name="Scalars">Which scalars it needs beside the learning rate.</param>
/// <param name="Apply">The update.</param>
public sealed record GradientTransform(Func<ParamSpec, Vec<SlotSpec>> Slots, Vec<StepScalar> Scalars, Func<UpdateContext, Updated> Apply)
{
    /// <summary>The update, unchanged.</summary>
    public static GradientTransform Identity { get; } = Stateless(static c => c.Update);

    /// <summary>A transform without state.</summary>
    public static GradientTransform Stateless(Func<UpdateContext, Tensor> update) => new(static _ => [], [], c => new(update(c), Params<Tensor>.Empty));

    /// <summary>
    /// This transform, and <paramref name="next"/> on its update. Where both have a state tensor of one name, the later one's is called
    /// <c>name.2</c>, <c>name.3</c>, …
    /// </summary>
    public GradientTransform Then(GradientTransform next) => new(
        spec => [.. Slots(spec), .. Renamed(Slots(spec), next.Slots(spec)).Select(static s => s.Slot with { Name = s.As })],
        [.. Scalars, .. next.Scalars.Where(s => Scalars.All(t => t.Name != s.Name))],
        c =>
        {
            var own = Slots(c.Spec);
            var others = Renamed(own, next.Slots(c.Spec));
            var first = Apply(c with { Slots = own.Select(s => (s.Name, c.Slots[s.Name])).ToParams() });
            var second = next.Apply(c with { Update = first.Update, Slots = others.Select(s => (s.Slot.Name, c.Slots[s.As])).ToParams() });
            return new(second.Update, first.Slots.Concat(others.Select(s => (s.As, second.Slots[s.Slot.Name])).ToParams()));
        });

    /// <summary>Transforms one after the other; of none, <see cref="Identity"/>.</summary>
    public static GradientTransform Chain(params ReadOnlySpan<GradientTransform> transforms)
    {
        var all = Identity;
        foreach (var next in transforms) all = ReferenceEquals(all, Identity) ? next : all.Then(next);
        return all;
    }

    /// <summary>One transform for some parameters and another for the rest, each with its own state (after Optax's partition).</summary>
    /// <param name="some">Which parameters the first is for.</param>
    /// <param name="then">The transform of those.</param>
    /// <param name="otherwise">The transform of the others.</param>
    public static GradientTransform Where(Func<ParamSpec, bool> some, GradientTransform then, GradientTransform otherwise) => new(
        spec => (some(spec) ? then : otherwise).Slots(spec),
        [.. then.Scalars, .. otherwise.Scalars.Where(s => then.Scalars.All(t => t.Name != s.Name))],
        c => (some(c.Spec) ? then : otherwise).Apply(c));

    static Vec<(SlotSpec Slot, string As)> Renamed(Vec<SlotSpec> taken, Vec<SlotSpec> slots)
    {
        var used = taken.Concat(slots.Where(s => taken.All(t => t.Name != s.Name))).Select(static s => s.Name).ToList();
        var renamed = new List<(SlotSpec, string)>();
        foreach (var slot in slots)
        {
            var name = slot.Name;
            if (taken.Any(t => t.Name == name))
            {
                for (var i = 2; used.Contains(name); i++) name = FormattableString.Invariant($"{slot.Name}.{i}");
                used.Add(name);
            }
            renamed.Add((slot, name));
        }
        return renamed.ToVec();
    }
}
