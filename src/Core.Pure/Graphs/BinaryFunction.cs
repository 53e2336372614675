using Functional.Base;

namespace Functional.Graphs;

/// <summary>An elementwise function of two arguments of one type.</summary>
public abstract record BinaryFunction : ElementFunction
{
    BinaryFunction(string name, int cost = 1) : base(name, cost) { }

    /// <summary>All of them.</summary>
    public static Vec<BinaryFunction> All { get; } = [new Add(), new Sub(), new Mul(), new Div(), new Max(), new Pow()];

    /// <summary>Whether the arguments may change places.</summary>
    public virtual bool Commutes => false;

    /// <summary>The function of two numbers.</summary>
    public abstract double Of(double a, double b);

    /// <summary>The function of two integers, for those that take them.</summary>
    public virtual int Of(int a, int b) => throw new NotSupportedException($"{Name} takes no integers.");

    /// <summary>The cotangents of both arguments.</summary>
    /// <param name="a">The first argument.</param>
    /// <param name="b">The second.</param>
    /// <param name="y">The result.</param>
    /// <param name="ct">The result's cotangent.</param>
    public abstract (Tensor A, Tensor B) Pull(Tensor a, Tensor b, Tensor y, Tensor ct);

    /// <summary>a + b.</summary>
    public sealed record Add() : BinaryFunction("add")
    {
        /// <inheritdoc/>
        public override bool TakesIntegers => true;

        /// <inheritdoc/>
        public override bool Commutes => true;

        /// <inheritdoc/>
        public override double Of(double a, double b) => a + b;

        /// <inheritdoc/>
        public override int Of(int a, int b) => unchecked(a + b);

        /// <inheritdoc/>
        public override (Tensor A, Tensor B) Pull(Tensor a, Tensor b, Tensor y, Tensor ct) => (ct, ct);
    }

    /// <summary>a − b.</summary>
    public sealed record Sub() : BinaryFunction("sub")
    {
        /// <inheritdoc/>
        public override bool TakesIntegers => true;

        /// <inheritdoc/>
        public override double Of(double a, double b) => a - b;

        /// <inheritdoc/>
        public override int Of(int a, int b) => unchecked(a - b);

        /// <inheritdoc/>
        public override (Tensor A, Tensor B) Pull(Tensor a, Tensor b, Tensor y, Tensor ct) => (ct, -ct);
    }

    /// <summary>a · b.</summary>
    public sealed record Mul() : BinaryFunction("mul")
    {
        /// <inheritdoc/>
        public override bool TakesIntegers => true;

        /// <inheritdoc/>
        public override bool Commutes => true;

        /// <inheritdoc/>
        public override double Of(double a, double b) => a * b;

        /// <inheritdoc/>
        public override int Of(int a, int b) => unchecked(a * b);

        /// <inheritdoc/>
        public override (Tensor A, Tensor B) Pull(Tensor a, Tensor b, Tensor y, Tensor ct) => (ct * b, ct * a);
    }

    /// <summary>a / b.</summary>
    public sealed record Div() : BinaryFunction("div")
    {
        /// <inheritdoc/>
        public override double Of(double a, double b) => a / b;

        /// <inheritdoc/>
        public override (Tensor A, Tensor B) Pull(Tensor a, Tensor b, Tensor y, Tensor ct) => (ct / b, -(ct * y / b));
    }

    /// <summary>The larger of a and b.</summary>
    public sealed record Max() : BinaryFunction("max")
    {
        /// <inheritdoc/>
        public override bool TakesIntegers => true;

        /// <inheritdoc/>
        public override double Of(double a, double b) => Math.Max(a, b);

        /// <inheritdoc/>
        public override int Of(int a, int b) => Math.Max(a, b);

        /// <inheritdoc/>
        public override (Tensor A, Tensor B) Pull(Tensor a, Tensor b, Tensor y, Tensor ct) =>
            a.Less(b) is var less ? (less.Where(ct.Like(0), ct), less.Where(ct, ct.Like(0))) : default;
    }

    /// <summary>aᵇ.</summary>
    public sealed record Pow() : BinaryFunction("pow", 8)
    {
        /// <inheritdoc/>
        public override double Of(double a, double b) => Math.Pow(a, b);

        /// <inheritdoc/>
        public override (Tensor A, Tensor B) Pull(Tensor a, Tensor b, Tensor y, Tensor ct) => (ct * b * a.Pow(b - 1), ct * y * LogOfPositive(a));

        // At a = 0 the derivative by the exponent is 0 for every positive exponent; ln would make it NaN.
        static Tensor LogOfPositive(Tensor a)
        {
            var positive = a.Greater(a.Like(0));
            return positive.Where(positive.Where(a, a.Like(1)).Log(), a.Like(0));
        }
    }
}

/// <summary>An elementwise comparison of two arguments of one type; no gradient flows through it.</summary>
public abstract record CompareFunction : ElementFunction
{
    CompareFunction(string name) : base(name, 1) { }

    /// <summary>All of them.</summary>
    public static Vec<CompareFunction> All { get; } = [new Less(), new Equal()];

    /// <inheritdoc/>
    public override bool TakesIntegers => true;

    /// <summary>Whether it holds for two numbers.</summary>
    public abstract bool Of(double a, double b);

    /// <summary>a &lt; b.</summary>
    public sealed record Less() : CompareFunction("less")
    {
        /// <inheritdoc/>
        public override bool Of(double a, double b) => a < b;
    }

    /// <summary>a = b.</summary>
    public sealed record Equal() : CompareFunction("equal")
    {
        /// <inheritdoc/>
        public override bool Of(double a, double b) => a == b;
    }
}
