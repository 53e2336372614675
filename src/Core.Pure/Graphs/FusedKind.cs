using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// A computation that an engine may run in one kernel. Its <see cref="Expand"/> into primitives is its meaning; an engine without
/// a kernel for it runs the expansion. Several results are several nodes of the same kind and arguments with different
/// <see cref="Op.Fused.Output"/> numbers; a compiler computes those that are used together.
/// </summary>
public abstract record FusedKind
{
    /// <summary>The name and attributes, the same in every culture; part of a node's identity.</summary>
    public abstract string Text { get; }

    /// <summary>The types of all results.</summary>
    /// <exception cref="ArgumentException">The arguments' types do not fit.</exception>
    public abstract Vec<TensorType> Types(Vec<TensorType> args);

    /// <summary>All results as expressions of primitives (or of other fused ops).</summary>
    public abstract Vec<Tensor> Expand(Vec<Tensor> args);

    /// <summary>
    /// The cotangent of every argument when result <paramref name="output"/> has the cotangent <paramref name="cotangent"/>;
    /// null where none flows. By default the gradient of the expansion.
    /// </summary>
    public virtual IReadOnlyList<Tensor?> Vjp(int output, Vec<Tensor> args, Tensor cotangent) =>
        Graphs.Vjp.ThroughExpansion(this, output, args, cotangent);

    /// <summary>The floating-point operations of one run, multiplications and additions counted singly.</summary>
    public abstract double Flops(Vec<TensorType> args);

    /// <summary>Whether each element of the result depends on the same element of the arguments alone.</summary>
    internal virtual bool IsElementwise => false;

    /// <summary>The argument, of the result's type, that the result is written over where that is nobody else's; nothing where there is none.</summary>
    internal virtual int? Overwrites => null;

    /// <summary>Whether an argument is a factor of products, which mixed precision rounds.</summary>
    internal virtual bool IsFactor(int argument) => false;

    /// <summary>Whether a result is one of products that other layers read, which mixed precision rounds; losses and gradients by weights are not.</summary>
    internal virtual bool IsProduct(int output) => false;

    /// <summary>How a kernel reads an argument.</summary>
    internal virtual ArgumentLayout Layout(int argument) => ArgumentLayout.Dense;

    /// <summary>Whether its kernel writes results through any view, so that one that is only a part of a concatenation is formed in its place there.</summary>
    internal virtual bool WritesParts => false;

    /// <summary>For a gradient, a result of the forward op that belongs to these arguments; nothing where there is none.</summary>
    internal virtual Tensor? Forward(Vec<Tensor> args) => null;

    /// <summary>Result number <paramref name="output"/> as a node.</summary>
    public Tensor Result(int output, Vec<Tensor> args) => Tensor.Of(new Op.Fused(this, output), args.Span);

    /// <summary>All results as nodes.</summary>
    public Vec<Tensor> Apply(params Vec<Tensor> args) => Types(args.Map(static a => a.Type)).Map((_, i) => Result(i, args));

    /// <inheritdoc/>
    public sealed override string ToString() => Text;

    private protected void Require(bool condition, Vec<TensorType> args, string what) => TypeRules.Require(condition, Text, args, what);
}

/// <summary>How a fused kind's kernel reads an argument; what lies otherwise is copied first.</summary>
enum ArgumentLayout
{
    /// <summary>Row-major, without gaps.</summary>
    Dense,
    /// <summary>Any view whose innermost axis is without gaps, such as a slice of a packed projection.</summary>
    Rows,
}
