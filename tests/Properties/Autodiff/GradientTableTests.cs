namespace Functional.Tests.Properties;

/// <summary>Every op's gradient against central differences in the reference evaluator, along one random direction.</summary>
public sealed class GradientTableTests
{
    const double Step = 1e-5;

    public static TheoryData<int, string> RowNumbers
    {
        get
        {
            var data = new TheoryData<int, string>();
            for (var i = 0; i < GradientTable.Rows.Count; i++) data.Add(i, GradientTable.Rows[i].Key);
            return data;
        }
    }

    [Fact]
    public void EveryOpHasARow() => Assert.Empty(GradientRow.AllKeys().Except(GradientTable.Rows.Select(r => r.Key)));

    [Theory, MemberData(nameof(RowNumbers))]
    public void FirstOrder(int number, string key)
    {
        var row = GradientTable.Rows[number];
        var random = new Random(number + 1);
        var (values, floats) = (Samples(row, random), Floats(row));
        // Also through integers and booleans: a loss may depend on them.
        var output = row.Node.DType.IsFloat() ? row.Node : row.Node.Cast(DType.F32);
        var cotangent = Constant(output.Type, random);
        var pulled = Vjp.Pull(output, cotangent, floats);
        switch (row.How)
        {
            case Gradient.None:
                Assert.All(Evaluator.Run(pulled, values), static v => Assert.All(v.Items.ToArray(), static x => Assert.Equal(0, x)));
                break;
            case Gradient.Straight:
                // What a rounding loses has no derivative to compare with; the cotangent passes, rounded.
                Assert.Equal(Evaluator.Run([cotangent.Cast(floats[0].DType)], values)[0].Items, Evaluator.Run(pulled, values)[0].Items);
                break;
            default:
                Compare(key, Dot(output, cotangent), pulled, floats, values, random, row.Tolerance);
                break;
        }
    }

    [Theory, MemberData(nameof(RowNumbers))]
    public void SecondOrder(int number, string key)
    {
        var row = GradientTable.Rows[number];
        if (row.How != Gradient.Smooth || Floats(row).Count == 0) return;
        var random = new Random(number + 1001);
        var (values, cotangent) = (Samples(row, random), Constant(row.Node.Type, random));
        var floats = Floats(row);
        var along = Vjp.Pull(row.Node, cotangent, floats).Map(g => Dot(g, Constant(g.Type, random))).Aggregate(static (a, b) => a + b);
        Compare(key, along, Vjp.Gradients(along, floats), floats, values, random, row.Tolerance);
    }

    static void Compare(string key, Tensor scalar, Vec<Tensor> gradients, Vec<Tensor> floats, Dictionary<string, Value> values, Random random, double tolerance)
    {
        var direction = floats.Map(f => Domain.Uniform(f.Shape).Sample(random));
        var (ahead, back) = (At(Step), At(-Step));
        var expected = (ahead - back) / (2 * Step);
        var terms = Evaluator.Run(gradients, values).SelectMany((g, i) => g.Items.ToArray().Select((x, j) => x * direction[i][j])).ToArray();
        var (actual, magnitude) = (terms.Sum(), terms.Sum(Math.Abs) + Math.Abs(ahead) + 1);
        Assert.True(Math.Abs(actual - expected) <= tolerance * magnitude, $"{key}: the gradient along a direction is {actual:R}, by differences {expected:R}");

        double At(double step)
        {
            var moved = new Dictionary<string, Value>(values);
            for (var i = 0; i < floats.Count; i++)
            {
                var name = ((Op.Input)floats[i].Op).Name;
                var (from, along) = (values[name], direction[i]);
                moved[name] = Value.Of(from.Type, [.. from.Items.ToArray().Select((x, j) => x + step * along[j])]);
            }
            return Evaluator.Run([scalar], moved)[0][0];
        }
    }

    static Dictionary<string, Value> Samples(GradientRow row, Random random) =>
        row.Arguments.Select((d, i) => ($"a{i}", Value: d.Sample(random))).ToDictionary(static p => p.Item1, static p => p.Value);

    static Vec<Tensor> Floats(GradientRow row) => [.. row.Inputs.Where(static i => i.DType.IsFloat())];

    static Tensor Dot(Tensor a, Tensor b) => (a * b).SumAll();

    // Distinct random constants without an input: 1.5 · sin of a counter.
    static Tensor Constant(TensorType type, Random random) =>
        ((Create.Range((int)type.Size).Cast(DType.F32) * 2.7 + random.NextDouble() * 6).Sin() * 1.5).Reshape(type.Shape).Cast(type.DType);
}
