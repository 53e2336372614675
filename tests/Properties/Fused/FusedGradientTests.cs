namespace Functional.Tests.Properties;

/// <summary>A fused op's gradient is its expansion's, for every kind and output.</summary>
public sealed class FusedGradientTests
{
    const double Tolerance = 1e-11;

    public static TheoryData<int, string> RowNumbers =>
        [.. GradientTable.Rows.Select(static (r, i) => (i, r)).Where(static p => p.r.Node.Op is Op.Fused).Select(static p => (p.i, p.r.Key))];

    [Theory, MemberData(nameof(RowNumbers))]
    public void OfDistinctArguments(int number, string key) => Check(key, GradientTable.Rows[number], static (_, args) => args);

    /// <summary>Arguments of one type are one and the same node.</summary>
    [Theory, MemberData(nameof(RowNumbers))]
    public void OfRepeatedArguments(int number, string key) =>
        Check(key, GradientTable.Rows[number], static (_, args) => args.Map(a => args.First(b => b.Type == a.Type)));

    /// <summary>Each argument is computed from the one of its type before it.</summary>
    [Theory, MemberData(nameof(RowNumbers))]
    public void OfDependentArguments(int number, string key) => Check(key, GradientTable.Rows[number], static (_, args) =>
    {
        var chained = new List<Tensor>();
        foreach (var arg in args)
            chained.Add(arg.DType.IsFloat() && chained.FindLast(a => a.Type == arg.Type) is { } before ? arg + before.Sin() * 0.5 : arg);
        return [.. chained];
    });

    /// <summary>An argument is another result of the same op.</summary>
    [Theory, MemberData(nameof(RowNumbers))]
    public void OfItsOwnResults(int number, string key) => Check(key, GradientTable.Rows[number], static (kind, args) =>
        kind.Apply(args) is var results && args.All(a => a.Type != results[0].Type) ? args : args
            .Map(a => a.Type == results[0].Type ? a + results[0] * 0.5 : a));

    [Theory, MemberData(nameof(RowNumbers))]
    public void TypesAreThoseOfTheExpansion(int number, string key)
    {
        var row = GradientTable.Rows[number];
        var kind = ((Op.Fused)row.Node.Op).Kind;
        Assert.Equal(kind.Types(row.Node.Args.Map(static a => a.Type)), kind.Expand(row.Node.Args).Map(static e => e.Type));
        Assert.StartsWith(kind.Text, $"{row.Node.Op}", StringComparison.Ordinal);
        Assert.True(kind.Flops(row.Node.Args.Map(static a => a.Type)) >= 0, key);
    }

    static void Check(string key, GradientRow row, Func<FusedKind, Vec<Tensor>, Vec<Tensor>> arrange)
    {
        var fused = (Op.Fused)row.Node.Op;
        var args = arrange(fused.Kind, row.Node.Args);
        var (node, expansion) = (fused.Kind.Result(fused.Output, args), fused.Kind.Expand(args)[fused.Output]);
        var cotangent = Create.Input("cotangent", node.Type);
        Vec<Tensor> floats = [.. row.Inputs.Where(static i => i.DType.IsFloat())];
        var (actual, expected) = (Vjp.Pull(node, cotangent, floats), Vjp.Pull(Graph.Expand([expansion])[0], cotangent, floats));
        var random = new Random(key.Length * 31 + floats.Count);
        var values = row.Arguments.Select((d, i) => ($"a{i}", d.Sample(random))).Append(("cotangent", Domain.Uniform(node.Shape).Sample(random)))
            .ToDictionary();
        var results = Evaluator.Run([node, expansion, .. actual, .. expected], values);
        Assert.Equal(results[1].Items, results[0].Items);
        for (var i = 0; i < floats.Count; i++)
        {
            var (a, e) = (results[2 + i].Items.ToArray(), results[2 + floats.Count + i].Items.ToArray());
            var magnitude = e.Max(Math.Abs) + 1;
            for (var j = 0; j < a.Length; j++) Assert.True(Math.Abs(a[j] - e[j]) <= Tolerance * magnitude,
                $"{key}: argument {i}, element {j}: {a[j]:R}, the expansion's {e[j]:R}");
        }
    }
}
