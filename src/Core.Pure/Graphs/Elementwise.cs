namespace Functional.Graphs;

/// <summary>Elementwise functions and operators. Two operands broadcast against each other, aligned at their last axes.</summary>
public static class Elementwise
{
    static Tensor Apply(UnaryFunction function, Tensor x) => Tensor.Of(new Op.Unary(function), x);

    static Tensor Apply(BinaryFunction function, Tensor a, Tensor b)
    {
        var (x, y) = Movement.Align(a, b, new Op.Binary(function));
        return Tensor.Of(new Op.Binary(function), x, y);
    }

    static Tensor Apply(CompareFunction function, Tensor a, Tensor b)
    {
        var (x, y) = Movement.Align(a, b, new Op.Compare(function));
        return Tensor.Of(new Op.Compare(function), x, y);
    }

    extension(Tensor x)
    {
        /// <summary>a + b, elementwise.</summary>
        public static Tensor operator +(Tensor a, Tensor b) => Apply(new BinaryFunction.Add(), a, b);

        /// <summary>a − b, elementwise.</summary>
        public static Tensor operator -(Tensor a, Tensor b) => Apply(new BinaryFunction.Sub(), a, b);

        /// <summary>a · b, elementwise.</summary>
        public static Tensor operator *(Tensor a, Tensor b) => Apply(new BinaryFunction.Mul(), a, b);

        /// <summary>a / b, elementwise.</summary>
        public static Tensor operator /(Tensor a, Tensor b) => Apply(new BinaryFunction.Div(), a, b);

        /// <summary>a + b, elementwise.</summary>
        public static Tensor operator +(Tensor a, double b) => a + a.Like(b);

        /// <summary>a − b, elementwise.</summary>
        public static Tensor operator -(Tensor a, double b) => a - a.Like(b);

        /// <summary>a · b, elementwise.</summary>
        public static Tensor operator *(Tensor a, double b) => a * a.Like(b);

        /// <summary>a / b, elementwise.</summary>
        public static Tensor operator /(Tensor a, double b) => a / a.Like(b);

        /// <summary>a − b, elementwise.</summary>
        public static Tensor operator -(double a, Tensor b) => b.Like(a) - b;

        /// <summary>a / b, elementwise.</summary>
        public static Tensor operator /(double a, Tensor b) => b.Like(a) / b;

        /// <summary>−a.</summary>
        public static Tensor operator -(Tensor a) => Apply(new UnaryFunction.Neg(), a);

        /// <summary>eˣ.</summary>
        public Tensor Exp() => Apply(new UnaryFunction.Exp(), x);

        /// <summary>ln x.</summary>
        public Tensor Log() => Apply(new UnaryFunction.Log(), x);

        /// <summary>ln(1 + x).</summary>
        public Tensor Log1p() => Apply(new UnaryFunction.Log1p(), x);

        /// <summary>√x.</summary>
        public Tensor Sqrt() => Apply(new UnaryFunction.Sqrt(), x);

        /// <summary>sin x.</summary>
        public Tensor Sin() => Apply(new UnaryFunction.Sin(), x);

        /// <summary>cos x.</summary>
        public Tensor Cos() => Apply(new UnaryFunction.Cos(), x);

        /// <summary>tanh x.</summary>
        public Tensor Tanh() => Apply(new UnaryFunction.Tanh(), x);

        /// <summary>The error function.</summary>
        public Tensor Erf() => Apply(new UnaryFunction.Erf(), x);

        /// <summary>The larger of x and y.</summary>
        public Tensor Max(Tensor y) => Apply(new BinaryFunction.Max(), x, y);

        /// <summary>The smaller of x and y.</summary>
        public Tensor Min(Tensor y) => -(-x).Max(-y);

        /// <summary>|x|.</summary>
        public Tensor Abs() => x.Max(-x);

        /// <summary>xʸ.</summary>
        public Tensor Pow(Tensor y) => Apply(new BinaryFunction.Pow(), x, y);

        /// <summary>x².</summary>
        public Tensor Square() => x * x;

        /// <summary>x &lt; y, a boolean.</summary>
        public Tensor Less(Tensor y) => Apply(new CompareFunction.Less(), x, y);

        /// <summary>x &gt; y, a boolean.</summary>
        public Tensor Greater(Tensor y) => Apply(new CompareFunction.Less(), y, x);

        /// <summary>x = y, a boolean.</summary>
        public Tensor EqualTo(Tensor y) => Apply(new CompareFunction.Equal(), x, y);

        /// <summary>Not x, for a boolean.</summary>
        public Tensor Not() => x.Where(x.Like(0), x.Like(1));

        /// <summary>x and y, for booleans.</summary>
        public Tensor And(Tensor y) => x.Where(y, x.Like(0));

        /// <summary>x or y, for booleans.</summary>
        public Tensor Or(Tensor y) => x.Where(x.Like(1), y);

        /// <summary><paramref name="whenTrue"/> where this boolean is true, else <paramref name="whenFalse"/>; all three broadcast.</summary>
        public Tensor Where(Tensor whenTrue, Tensor whenFalse)
        {
            var (a, b) = Movement.Align(whenTrue, whenFalse, new Op.Where());
            var (condition, choice) = Movement.Align(x, a, new Op.Where());
            return Tensor.Of(new Op.Where(), condition, choice, b.BroadcastTo(choice.Shape));
        }

        /// <summary>Converted to another element type; itself when it has that type already.</summary>
        public Tensor Cast(DType to) => x.DType == to ? x : Tensor.Of(new Op.Cast(to), x);

        /// <summary>The same value, through which no gradient passes.</summary>
        public Tensor StopGradient() => Tensor.Of(new Op.StopGradient(), x);

        /// <summary>A tensor of this one's type, filled with <paramref name="value"/>.</summary>
        public Tensor Like(double value) => Tensor.Of(new Op.Fill(value, x.Type));
    }
}
