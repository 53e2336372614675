using System.Diagnostics;
using Functional.Base;

namespace Functional.Layers;

/// <summary>How a parameter's first value is made: a pure function of a key and the element's index.</summary>
public abstract record Initializer
{
    Initializer() { }

    /// <summary>The same value everywhere.</summary>
    public sealed record Constant(double Value) : Initializer
    {
        /// <inheritdoc/>
        public override string ToString() => FormattableString.Invariant($"constant({Value:R})");
    }

    /// <summary>Normal with mean 0 and standard deviation <paramref name="Std"/>; never beyond 5.9 standard deviations.</summary>
    public sealed record Normal(double Std) : Initializer
    {
        /// <inheritdoc/>
        public override string ToString() => FormattableString.Invariant($"normal({Std:R})");
    }

    /// <summary>Uniform in [−<paramref name="Bound"/>, <paramref name="Bound"/>).</summary>
    public sealed record Uniform(double Bound) : Initializer
    {
        /// <inheritdoc/>
        public override string ToString() => FormattableString.Invariant($"uniform({Bound:R})");
    }

    /// <summary>All zeros, as biases begin.</summary>
    public static Initializer Zeros { get; } = new Constant(0);

    /// <summary>All ones, as the weights of norms begin.</summary>
    public static Initializer Ones { get; } = new Constant(1);

    /// <summary>The whole value.</summary>
    public void Fill(Key key, Span<float> destination) => Fill(key, 0, destination);

    /// <summary>
    /// The part that begins at element <paramref name="start"/>. Any division of the elements over calls gives the same values, to the
    /// bit and on every machine, so that large parameters may be filled in parallel.
    /// </summary>
    /// <param name="key">The parameter's key.</param>
    /// <param name="start">The first element, in row-major order.</param>
    /// <param name="destination">Where the elements go.</param>
    public void Fill(Key key, long start, Span<float> destination)
    {
        switch (this)
        {
            case Constant c: destination.Fill((float)c.Value); break;
            case Normal n: Draws.Normal(key, start, (float)n.Std, destination); break;
            case Uniform u: Draws.Uniform(key, start, (float)u.Bound, destination); break;
            default: throw new UnreachableException(GetType().Name);
        }
    }
}
