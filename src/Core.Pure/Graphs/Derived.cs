namespace Functional.Graphs;

/// <summary>Functions with no rule of their own: each is an expression of primitives.</summary>
public static class Derived
{
    extension(Tensor x)
    {
        /// <summary>1 / (1 + e⁻ˣ), through tanh so that it never overflows.</summary>
        public Tensor Sigmoid() => (x * 0.5).Tanh() * 0.5 + 0.5;

        /// <summary>ln(1 + eˣ), without overflow.</summary>
        public Tensor Softplus() => x.Max(x.Like(0)) + (-x.Abs()).Exp().Log1p();

        /// <summary>max(x, 0).</summary>
        public Tensor Relu() => x.Max(x.Like(0));

        /// <summary>x · sigmoid(x) (Elfwing et al. 2017).</summary>
        public Tensor Silu() => x * x.Sigmoid();

        /// <summary>The exact GELU, x · Φ(x) (Hendrycks &amp; Gimpel 2016).</summary>
        public Tensor Gelu() => Gelu(x, new(false));

        /// <summary>GELU's tanh approximation, ½x(1 + tanh(√(2/π)(x + 0.044715x³))), as GPT-2 used it.</summary>
        public Tensor GeluTanh() => Gelu(x, new(true));

        /// <summary>ln Σ eˣ along the last axis, which stays with length 1.</summary>
        public Tensor LogSumExp()
        {
            var max = x.ReduceMax(-1).StopGradient();
            return (x - max).Exp().Sum(-1).Log() + max;
        }

        /// <summary>eˣ / Σ eˣ along the last axis.</summary>
        public Tensor Softmax()
        {
            var e = (x - x.ReduceMax(-1).StopGradient()).Exp();
            return e / e.Sum(-1);
        }

        /// <summary>ln softmax(x) along the last axis.</summary>
        public Tensor LogSoftmax() => x - x.LogSumExp();

        /// <summary>
        /// Zero with probability <paramref name="rate"/> and x / (1 − rate) otherwise (Srivastava et al. 2014); drawn from
        /// <paramref name="key"/> (<c>i32[2]</c>) and a stream number.
        /// </summary>
        public Tensor Dropout(double rate, Tensor key, uint stream)
        {
            // Compared as integers: every engine keeps exactly the same elements.
            var threshold = Math.Floor((1 - rate) * 4294967296.0) - 2147483648.0;
            var keep = Create.RandomBits(key, x.Shape, stream).Less(Create.Fill(threshold, x.Shape, DType.I32));
            return keep.Where(x * (1 / (1 - rate)), x.Like(0));
        }

        /// <summary>What is left of whole numbers, at least 0 and below 2²⁴, when they are divided by another.</summary>
        public Tensor Remainder(int by)
        {
            // The quotient's float is at most one off.
            var divisor = Create.Scalar(by, DType.I32);
            var rest = x - (x.Cast(DType.F32) / by).Cast(DType.I32) * divisor;
            rest = rest.Less(Create.Scalar(0, DType.I32)).Where(rest + divisor, rest);
            return rest.Less(divisor).Where(rest, rest - divisor);
        }

        /// <summary>Whether each element is a finite number.</summary>
        public Tensor IsFinite() => (x - x).EqualTo(x.Like(0));
    }

    // The kernel computes in F32; other types take the formula.
    static Tensor Gelu(Tensor x, Gelu kind) => x.DType == DType.F32 ? kind.Result(0, [x]) : kind.Expand([x])[0];

    /// <summary>
    /// A boolean <c>[…, queries, keys]</c>: true where key j may be seen by query i, that is j ≤ i + offset, for each offset <c>i32[…]</c>.
    /// </summary>
    public static Tensor CausalMask(int queries, int keys, Tensor offset)
    {
        var each = offset.Rank == 0 ? offset : offset.Reshape([.. offset.Shape, 1, 1]);
        return Create.Iota([queries, keys], 1).Less(Create.Iota([queries, keys], 0) + each + Create.Scalar(1, DType.I32));
    }
}
