using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// An elementwise function, with everything that ops, gradients, the reference evaluator, the compiler and the tests ask of one. A new one is a record
/// here, a method of <see cref="Elementwise"/> that applies it, and an entry in each engine's table.
/// </summary>
public abstract record ElementFunction
{
    private protected ElementFunction(string name, int cost) => (Name, Cost) = (name, cost);

    /// <summary>Its name in text; part of a node's identity.</summary>
    public string Name { get; }

    /// <summary>How much dearer it is to compute than an addition, roughly; what is dear is kept rather than computed again.</summary>
    public int Cost { get; }

    /// <summary>Whether it takes integers too, and wraps.</summary>
    public virtual bool TakesIntegers => false;

    /// <inheritdoc/>
    public sealed override string ToString() => Name;
}

/// <summary>An elementwise function of one argument.</summary>
public abstract record UnaryFunction : ElementFunction
{
    UnaryFunction(string name, int cost = 4) : base(name, cost) { }

    /// <summary>All of them.</summary>
    public static Vec<UnaryFunction> All { get; } = [new Neg(), new Exp(), new Log(), new Log1p(), new Sqrt(), new Sin(), new Cos(), new Tanh(), new Erf()];

    /// <summary>The function of a number.</summary>
    public abstract double Of(double x);

    /// <summary>The function of an integer, for those that take them.</summary>
    public virtual int Of(int x) => throw new NotSupportedException($"{Name} takes no integers.");

    /// <summary>The argument's cotangent.</summary>
    /// <param name="x">The argument.</param>
    /// <param name="y">The result.</param>
    /// <param name="ct">The result's cotangent.</param>
    public abstract Tensor Pull(Tensor x, Tensor y, Tensor ct);

    /// <summary>The least argument for which it has a value.</summary>
    public virtual double Least => double.NegativeInfinity;

    /// <summary>−x.</summary>
    public sealed record Neg() : UnaryFunction("neg", 1)
    {
        /// <inheritdoc/>
        public override bool TakesIntegers => true;

        /// <inheritdoc/>
        public override double Of(double x) => -x;

        /// <inheritdoc/>
        public override int Of(int x) => unchecked(-x);

        /// <inheritdoc/>
        public override Tensor Pull(Tensor x, Tensor y, Tensor ct) => -ct;
    }

    /// <summary>eˣ.</summary>
    public sealed record Exp() : UnaryFunction("exp")
    {
        /// <inheritdoc/>
        public override double Of(double x) => Math.Exp(x);

        /// <inheritdoc/>
        public override Tensor Pull(Tensor x, Tensor y, Tensor ct) => ct * y;
    }

    /// <summary>ln x.</summary>
    public sealed record Log() : UnaryFunction("log")
    {
        /// <inheritdoc/>
        public override double Least => 0;

        /// <inheritdoc/>
        public override double Of(double x) => Math.Log(x);

        /// <inheritdoc/>
        public override Tensor Pull(Tensor x, Tensor y, Tensor ct) => ct / x;
    }

    /// <summary>ln(1 + x), accurate near 0.</summary>
    public sealed record Log1p() : UnaryFunction("log1p")
    {
        /// <inheritdoc/>
        public override double Least => -1;

        /// <inheritdoc/>
        public override double Of(double x) => Numbers.Log1p(x);

        /// <inheritdoc/>
        public override Tensor Pull(Tensor x, Tensor y, Tensor ct) => ct / (x + 1);
    }

    /// <summary>√x.</summary>
    public sealed record Sqrt() : UnaryFunction("sqrt")
    {
        /// <inheritdoc/>
        public override double Least => 0;

        /// <inheritdoc/>
        public override double Of(double x) => Math.Sqrt(x);

        /// <inheritdoc/>
        public override Tensor Pull(Tensor x, Tensor y, Tensor ct) => ct / (y * 2);
    }

    /// <summary>sin x, x in radians.</summary>
    public sealed record Sin() : UnaryFunction("sin")
    {
        /// <inheritdoc/>
        public override double Of(double x) => Math.Sin(x);

        /// <inheritdoc/>
        public override Tensor Pull(Tensor x, Tensor y, Tensor ct) => ct * x.Cos();
    }

    /// <summary>cos x, x in radians.</summary>
    public sealed record Cos() : UnaryFunction("cos")
    {
        /// <inheritdoc/>
        public override double Of(double x) => Math.Cos(x);

        /// <inheritdoc/>
        public override Tensor Pull(Tensor x, Tensor y, Tensor ct) => -(ct * x.Sin());
    }

    /// <summary>tanh x.</summary>
    public sealed record Tanh() : UnaryFunction("tanh")
    {
        /// <inheritdoc/>
        public override double Of(double x) => Math.Tanh(x);

        /// <inheritdoc/>
        public override Tensor Pull(Tensor x, Tensor y, Tensor ct) => ct * (1 - y * y);
    }

    /// <summary>The error function, 2/√π ∫₀ˣ e^(−t²) dt.</summary>
    public sealed record Erf() : UnaryFunction("erf")
    {
        /// <inheritdoc/>
        public override double Of(double x) => Numbers.Erf(x);

        /// <inheritdoc/>
        public override Tensor Pull(Tensor x, Tensor y, Tensor ct) => ct * (-(x * x)).Exp() * (2 / Math.Sqrt(Math.PI));
    }
}
