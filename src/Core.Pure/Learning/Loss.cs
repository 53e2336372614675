using Functional.Base;
using Functional.Graphs;

namespace Functional.Learning;

/// <summary>
/// A loss before it is divided: a weighted sum and the weight, both scalars. Micro-batches and ranks add; the division happens once.
/// </summary>
/// <param name="Sum">Σ weight · loss.</param>
/// <param name="Weight">Σ weight; no gradient flows through it.</param>
public readonly record struct WeightedSum(Tensor Sum, Tensor Weight)
{
    /// <summary>The sum over both parts.</summary>
    public static WeightedSum operator +(WeightedSum a, WeightedSum b) => new(a.Sum + b.Sum, a.Weight + b.Weight);

    /// <summary>The sum divided by the weight.</summary>
    public Tensor Mean => Sum / Weight.StopGradient();
}

/// <summary>What an objective gives: what is made small, and what is only shown beside it.</summary>
/// <param name="Total">The loss that gradients are taken of.</param>
public readonly record struct Loss(WeightedSum Total)
{
    readonly Params<WeightedSum>? shown;

    /// <summary>Parts of the total and other numbers of interest, by name, such as <c>accuracy</c>; each is shown as its mean.</summary>
    public Params<WeightedSum> Shown { get => shown ?? Params<WeightedSum>.Empty; init => shown = value; }

    /// <summary>A loss with nothing beside it.</summary>
    public static implicit operator Loss(WeightedSum total) => new(total);

    /// <summary>The same loss with one more number beside it.</summary>
    public Loss With(string name, WeightedSum number) => this with { Shown = Shown.Add(name, number) };
}
