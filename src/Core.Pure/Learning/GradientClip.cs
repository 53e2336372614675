using System.Diagnostics;
using Functional.Graphs;

namespace Functional.Learning;

/// <summary>
/// A transform over all gradients together: a factor in (0, 1] from their global norm. Folded into the gradient's scale, it costs
/// the update nothing.
/// </summary>
public abstract record GradientClip
{
    GradientClip() { }

    /// <summary>Never clips.</summary>
    public sealed record Never : GradientClip;

    /// <summary>Scales all gradients down so that their global norm does not exceed <paramref name="Limit"/> (Pascanu et al. 2013).</summary>
    public sealed record ByGlobalNorm(double Limit) : GradientClip;

    /// <summary>No clipping.</summary>
    public static GradientClip None { get; } = new Never();

    /// <summary>Clipping to a global norm; 0 for none.</summary>
    /// <exception cref="ArgumentException">The limit is negative or not a number.</exception>
    public static GradientClip To(double limit) => limit > 0 ? new ByGlobalNorm(limit) : limit == 0 ? None
        : throw new ArgumentException($"a clipping limit must be above 0, or 0 for none; given {limit}.");

    /// <summary>
    /// What gradients are multiplied by, <c>f32[]</c>, given their norm: exactly 1 up to the limit, above it limit / (norm + 1e-6) as PyTorch.
    /// </summary>
    public Tensor Factor(Tensor norm) => this switch
    {
        Never => norm.Like(1),
        ByGlobalNorm c => norm.Greater(norm.Like(c.Limit)).Where(c.Limit / (norm + 1e-6), norm.Like(1)),
        _ => throw new UnreachableException(GetType().Name),
    };
}
