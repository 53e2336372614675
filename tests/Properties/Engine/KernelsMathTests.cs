using System.Runtime.Intrinsics;
using Xunit;

namespace Functional.Tests.Properties;

/// <summary>Vector functions against double precision, in units in the last place of the exact value.</summary>
public sealed class KernelsMathTests
{
    static readonly float[] Specials =
    [
        0f, -0f, float.Epsilon, -float.Epsilon, 1e-40f, -1e-40f, 1.17549435e-38f, 1e-20f, -1e-20f, 1f, -1f, 0.92f, -0.92f, 0.919999f,
        0.70710678f, 0.70710677f, 1.4142135f, 88.72f, 88.73f, -87.4f, -103.9f, -104.1f, 1e4f, -1e4f, 3e38f, -3e38f,
        float.PositiveInfinity, float.NegativeInfinity, float.NaN,
    ];

    [Fact]
    public void Exp() => Check(v => VectorMath.Exp(v), Math.Exp, Uniform(-110, 95), 2);

    [Fact]
    public void Exp2OfNonPositive() => Check(v => VectorMath.Exp2(v), x => Math.Pow(2, x), Uniform(-155, 0), 3, x => x <= 0);

    [Fact]
    public void Log() => Check(v => VectorMath.Log(v), Math.Log, Exponents().Concat(Uniform(0.5f, 2f)), 2);

    [Fact]
    public void Log1p() => Check(v => VectorMath.Log1p(v), Log1pExact, Exponents().Concat(Uniform(-1, 2)), 3);

    [Fact]
    public void Tanh() => Check(v => VectorMath.Tanh(v), Math.Tanh, Exponents().Concat(Uniform(-12, 12)), 3);

    [Fact]
    public void Erf() => Check(v => VectorMath.Erf(v), ErfExact, Exponents().Concat(Uniform(-5, 5)), 3);

    [Fact]
    public void Sin() => Check(v => VectorMath.Sin(v), Math.Sin, Uniform(-20, 20).Concat(Uniform(-9000, 9000)), 3);

    [Fact]
    public void Cos() => Check(v => VectorMath.Cos(v), Math.Cos, Uniform(-20, 20).Concat(Uniform(-9000, 9000)), 3);

    [Fact]
    public void Pow()
    {
        var random = new Random(5);
        for (var i = 0; i < 20000; i++)
        {
            var x = MathF.Exp((float)(random.NextDouble() * 40 - 20));
            var y = (float)(random.NextDouble() * 12 - 6);
            AssertUlps(Math.Pow(x, y), VectorMath.Pow(Vector512.Create(x), Vector512.Create(y))[i % 16], 1, $"{x}^{y}");
        }
        foreach (var x in Specials)
            foreach (var y in (float[])[0f, 1f, 2f, -3f, 0.5f, float.PositiveInfinity, float.NegativeInfinity, float.NaN])
                AssertUlps(Math.Pow(x, y), VectorMath.Pow(Vector512.Create(x), Vector512.Create(y))[3], 1, $"{x}^{y}");
    }

    [Fact]
    public void PartialVectorsTouchNothingElse() => AllCounts();

    static unsafe void AllCounts()
    {
        var source = Enumerable.Range(1, 40).Select(i => (float)i).ToArray();
        for (var count = 0; count <= 40; count++)
        {
            var target = Enumerable.Repeat(-1f, 40).ToArray();
            fixed (float* s = source, t = target)
                Lanes.StoreFirst(t, Lanes.LoadFirst(s, count, 9f) + Vector512.Create(1f), count);
            for (var i = 0; i < 40; i++) Assert.Equal(i < Math.Min(count, 16) ? i + 2f : -1f, target[i]);
        }
    }

    static void Check(Func<Vector512<float>, Vector512<float>> f, Func<double, double> exact, IEnumerable<float> points, double ulps,
        Func<float, bool>? domain = null)
    {
        var all = Specials.Where(x => domain?.Invoke(x) ?? true).Concat(points).Chunk(16);
        foreach (var chunk in all)
        {
            var v = Vector512<float>.Zero;
            for (var i = 0; i < chunk.Length; i++) v = v.WithElement(i, chunk[i]);
            var result = f(v);
            for (var i = 0; i < chunk.Length; i++) AssertUlps(exact(chunk[i]), result[i], ulps, chunk[i].ToString("R"));
        }
    }

    static void AssertUlps(double exact, float actual, double limit, string at)
    {
        var rounded = (float)exact;
        if (float.IsNaN(rounded)) Assert.True(float.IsNaN(actual), $"at {at}: expected NaN, got {actual:R}");
        else if (float.IsInfinity(rounded)) Assert.True(actual == rounded || Math.Abs(exact) < 3.5e38 && MathF.Abs(actual) > 3.4e38f,
            $"at {at}: expected {rounded}, got {actual:R}");
        else
        {
            var ulp = (double)MathF.BitIncrement(MathF.Abs(rounded)) - MathF.Abs(rounded);
            Assert.True(Math.Abs(actual - exact) <= limit * ulp, $"at {at}: expected {exact:R}, got {actual:R}, {Math.Abs(actual - exact) / ulp:F2} ulp");
        }
    }

    static IEnumerable<float> Uniform(float low, float high)
    {
        var random = new Random(17);
        return Enumerable.Range(0, 40000).Select(_ => (float)(low + (high - low) * random.NextDouble()));
    }

    static IEnumerable<float> Exponents()
    {
        var random = new Random(23);
        return Enumerable.Range(0, 40000).Select(_ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)));
    }

    static double Log1pExact(double x)
    {
        if (x == 0 || double.IsPositiveInfinity(x)) return x;
        var u = 1 + x;
        return u == 1 ? x : Math.Log(u) * (x / (u - 1));
    }

    static double ErfExact(double x)
    {
        if (double.IsNaN(x)) return x;
        var t = Math.Abs(x);
        if (t > 6) return Math.Sign(x);
        // erf x = 2/sqrt(pi) e^(-x^2) * sum of 2^n x^(2n+1) / (1*3*...*(2n+1)), all terms of one sign.
        double term = x, sum = x;
        for (var n = 1; n < 200; n++) sum += term *= 2 * x * x / (2 * n + 1);
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}
