namespace Functional.Tests.Properties;

/// <summary>What ops mean, in numbers that stand here or follow from plain code.</summary>
public sealed class EvaluatorTests
{
    // From the tables of the function; 17 digits.
    [Theory]
    [InlineData(0, 0), InlineData(1e-10, 1.1283791670955126e-10), InlineData(0.1, 0.11246291601828489), InlineData(0.46875, 0.49261347321793797)]
    [InlineData(0.5, 0.52049987781304654), InlineData(1, 0.84270079294971487), InlineData(2, 0.99532226501895273), InlineData(3.5, 0.99999925690162766)]
    [InlineData(4.5, 0.99999999980338394), InlineData(7, 1)]
    public void Erf(double x, double expected)
    {
        Assert.Equal(expected, Numbers.Erf(x), 1e-15 * Math.Max(expected, 1e-10));
        Assert.Equal(-expected, Numbers.Erf(-x), 1e-15 * Math.Max(expected, 1e-10));
    }

    [Property]
    public bool ErfHasItsDerivative(int n)
    {
        var x = n % 500 / 100.0;
        var slope = (Numbers.Erf(x + 1e-5) - Numbers.Erf(x - 1e-5)) / 2e-5;
        return Math.Abs(slope - 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x)) < 1e-9;
    }

    [Theory]
    [InlineData(1e-17, 1e-17), InlineData(1e-5, 9.9999500003333308e-6), InlineData(-1e-5, -1.0000050000333336e-5), InlineData(1, 0.69314718055994529)]
    [InlineData(-1, double.NegativeInfinity), InlineData(double.PositiveInfinity, double.PositiveInfinity)]
    public void Log1p(double x, double expected) => Assert.Equal(expected, Numbers.Log1p(x), double.IsFinite(expected) ? Math.Abs(expected) * 1e-15 : 0);

    [Theory]
    [InlineData(1, 1), InlineData(1.00390625, 1), InlineData(1.01171875, 1.015625), InlineData(1.00390626, 1.0078125), InlineData(-0.1, -0.10009765625)]
    [InlineData(3.3895313892515355e38, 3.3895313892515355e38), InlineData(3.4e38, double.PositiveInfinity), InlineData(-3.4e38, double.NegativeInfinity)]
    [InlineData(1e-40, 9.183549615799121e-41), InlineData(1e-42, 0), InlineData(double.NaN, double.NaN),
        InlineData(double.PositiveInfinity, double.PositiveInfinity)]
    public void BF16RoundsToNearestEven(double x, double expected) => Assert.Equal(expected, Numbers.RoundToBF16(x));

    [Theory]
    [InlineData(1.9, 1), InlineData(-1.9, -1), InlineData(3e9, int.MaxValue), InlineData(-3e9, int.MinValue), InlineData(double.NaN, 0)]
    [InlineData(double.PositiveInfinity, int.MaxValue), InlineData(double.NegativeInfinity, int.MinValue)]
    public void FloatsBecomeIntegersTowardsZeroAndSaturate(double x, int expected) =>
        Assert.Equal(expected, Evaluator.Run(Create.Scalar(x).Cast(DType.I32))[0]);

    [Theory]
#pragma warning disable xUnit1025 // −0 is not 0 here.
    [InlineData(0, false), InlineData(-0.0, false), InlineData(0.001, true), InlineData(double.NaN, true)]
#pragma warning restore xUnit1025
    public void WhateverIsNotZeroIsTrue(double x, bool expected) => Assert.Equal(expected ? 1 : 0, Evaluator.Run(Create.Scalar(x).Cast(DType.Bool))[0]);

    [Property]
    public void IntegersWrap(int a, int b)
    {
        Assert.Equal(unchecked(a + b), Integers(a, b, static (x, y) => x + y));
        Assert.Equal(unchecked(a - b), Integers(a, b, static (x, y) => x - y));
        Assert.Equal(unchecked(a * int.MaxValue), Integers(a, int.MaxValue, static (x, y) => x * y));
        Assert.Equal(unchecked(-a), Integers(a, 0, static (x, _) => -x));
        Assert.Equal(Math.Max(a, b), Integers(a, b, static (x, y) => x.Max(y)));
        Assert.Equal(unchecked(a + int.MaxValue), Integers(a, int.MaxValue, static (x, y) => Movement
            .Concat(0, x.Reshape(1), y.Reshape(1)).Sum(0).Reshape([])));
        Assert.Equal(unchecked(a + int.MaxValue), Integers(a, int.MaxValue, static (x, y) => Movement
            .Concat(0, x.Reshape(1), y.Reshape(1)).CumSum(0).Slice(0, 1, 1).Reshape([])));
    }

    [Fact]
    public void TheSmallestIntegerIsItsOwnNegative() => Assert.Equal(int.MinValue, Integers(int.MinValue, 0, static (x, _) => -x));

    [Property]
    public void RandomBitsAreThreefry(uint a, uint b, uint stream)
    {
        var key = Movement.Concat(0, Create.Fill((int)a, [1], DType.I32), Create.Fill((int)b, [1], DType.I32));
        var bits = Evaluator.Run(Create.RandomBits(key, [3, 2], stream));
        for (var i = 0; i < 6; i++) Assert.Equal((int)new Key(a, b).Bits((uint)i, stream).X, bits[i]);
    }

    [Theory]
    [InlineData(-1), InlineData(5), InlineData(int.MaxValue)]
    public void AnIndexOutsideTheTableIsNamed(int index)
    {
        var (table, at) = (Create.Fill(1, [5, 2]), Create.Fill(index, [1], DType.I32));
        foreach (var (name, node) in new[] { ("gather", table.Gather(at)), ("scatter_add", table.ScatterAdd(at, Create.Fill(1, [1, 2]))) })
        {
            var fault = Assert.Throws<ArgumentOutOfRangeException>(() => Evaluator.Run(node));
            Assert.Contains(name, fault.Message, StringComparison.Ordinal);
            Assert.Contains(FormattableString.Invariant($"{index}"), fault.Message, StringComparison.Ordinal);
            Assert.Contains("5 rows", fault.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void InputsAreChecked()
    {
        var x = Create.Input("x", [2]);
        Assert.Contains("'x'", Assert.Throws<ArgumentException>(() => Evaluator.Run(x)).Message, StringComparison.Ordinal);
        var other = new Dictionary<string, Value> { ["x"] = Value.Scalar(1) };
        Assert.Contains("f32[2]", Assert.Throws<ArgumentException>(() => Evaluator.Run([x], other)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Value.Of(new([2]), 1));
        Assert.Throws<ArgumentException>(() => Value.Of(new([1], DType.I32), 0.5));
    }

    /// <summary>Every movement against plain loops over indices, for random shapes of rank 3.</summary>
    [Property]
    public void MovementsMove(int seed)
    {
        var random = new Random(seed);
        Vec<int> s = [random.Next(1, 4), random.Next(1, 4), random.Next(1, 4)];
        var x = Evaluator.Run(Create.Range((int)new TensorType(s).Size).Reshape(s));
        var node = Create.Input("x", x.Type);
        int At(int i, int j, int k) => (i * s[1] + j) * s[2] + k;

        Check(node.Permute(2, 0, 1), [s[2], s[0], s[1]], (i, j, k) => At(j, k, i));
        Check(node.Permute(1, 0, 2), [s[1], s[0], s[2]], (i, j, k) => At(j, i, k));
        Check(node.Slice(1, s[1] / 2, s[1] - s[1] / 2), [s[0], s[1] - s[1] / 2, s[2]], (i, j, k) => At(i, j + s[1] / 2, k));
        Check(node.Slice(0, 0, 1).BroadcastTo([4, s[1], s[2]]), [4, s[1], s[2]], (_, j, k) => At(0, j, k));
        Check(node.Pad([1, 0, 2], [0, 1, 1]), [s[0] + 1, s[1] + 1, s[2] + 3],
            (i, j, k) => i < 1 || j >= s[1] || k < 2 || k >= s[2] + 2 ? 0 : At(i - 1, j, k - 2));
        Check(Movement.Concat(1, node, node.Slice(1, 0, 1)), [s[0], s[1] + 1, s[2]], (i, j, k) => At(i, j == s[1] ? 0 : j, k));
        Check(node.CumSum(1), s, (i, j, k) => Enumerable.Range(0, j + 1).Sum(p => At(i, p, k)));
        Check(node.Sum(0, 2), [1, s[1], 1], (_, j, _) => Enumerable.Range(0, s[0]).Sum(i => Enumerable.Range(0, s[2]).Sum(k => At(i, j, k))));
        Check(node.ReduceMax(1), [s[0], 1, s[2]], (i, _, k) => At(i, s[1] - 1, k));

        void Check(Tensor moved, Vec<int> shape, Func<int, int, int, int> expected)
        {
            var value = Evaluator.Run([moved], new Dictionary<string, Value> { ["x"] = x })[0];
            Assert.Equal(shape, value.Type.Shape);
            for (var n = 0; n < value.Items.Length; n++)
                Assert.Equal(expected(n / (shape[1] * shape[2]), n / shape[2] % shape[1], n % shape[2]), value[n]);
        }
    }

    [Fact]
    public void TheFirstOfEqualMaximaIsTaken()
    {
        var x = Create.Input("x", [2, 4]);
        var value = Value.Of(x.Type, 1, 3, 3, 2, double.NegativeInfinity, double.NegativeInfinity, -5, -5);
        Assert.Equal([1, 2], Evaluator.Run([x.ArgMaxLast()], new Dictionary<string, Value> { ["x"] = value })[0].Items.ToArray());
    }

    static double Integers(int a, int b, Func<Tensor, Tensor, Tensor> f)
    {
        var (x, y) = (Create.Input("x", [], DType.I32), Create.Input("y", [], DType.I32));
        return Evaluator.Run([f(x, y)], new Dictionary<string, Value> { ["x"] = Value.Scalar(a, DType.I32), ["y"] = Value.Scalar(b, DType.I32) })[0][0];
    }
}
