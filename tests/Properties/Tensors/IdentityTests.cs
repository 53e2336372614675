using System.Globalization;
using System.Reflection;

namespace Functional.Tests.Properties;

/// <summary>A node's identity is its content's, and its text the same in every culture.</summary>
public sealed class IdentityTests
{
    [Fact]
    public void EqualGraphsHaveEqualIdentities()
    {
        foreach (var row in GradientTable.Rows)
        {
            Assert.Equal(row.Node, row.Node);
            Assert.Equal(row.Node.Id, row.Node.Id);
            Assert.Equal(row.Node.GetHashCode(), row.Node.GetHashCode());
        }
    }

    [Fact]
    public void DifferentOpsHaveDifferentTexts()
    {
        var keys = GradientTable.Rows.GroupBy(r => r.Key).Select(g => (g.Key, Text: $"{g.First().Node.Op}")).ToList();
        Assert.Empty(keys.GroupBy(k => k.Text).Where(g => g.Count() > 1).Select(g => string.Join(" and ", g.Select(k => k.Key))));
        Assert.DoesNotContain(keys, k => string.IsNullOrWhiteSpace(k.Text));
    }

    /// <summary>Every attribute of every op and fused kind, found by reflection, is part of the text or of the result's type.</summary>
    [Fact]
    public void AnyChangedAttributeChangesTheIdentity()
    {
        var seen = 0;
        foreach (var node in GradientTable.Rows.Select(r => r.Node))
            foreach (var op in Changed(node.Op))
            {
                seen++;
                Assert.NotEqual(node.Op, op);
                if ($"{op}" == $"{node.Op}")
                    Assert.NotEqual(node.Type, Tensor.Of(op, node.Args.Span).Type);
            }
        Assert.True(seen > 100, $"only {seen} changes were tried");
        foreach (var name in (string[])["Window", "Sinks", "SoftCap", "HasAlibi", "Rolling", "Scale", "Causal"])
            Assert.Contains(Changed(new Attention(1)), k => !typeof(Attention).GetProperty(name)!.GetValue(k)!.Equals(typeof(Attention).GetProperty(name)!.GetValue(new Attention(1))));
    }

    [Fact]
    public void AnyChangedArgumentChangesTheIdentity()
    {
        foreach (var node in GradientTable.Rows.Select(r => r.Node))
            for (var i = 0; i < node.Args.Count; i++)
            {
                var other = Tensor.Of(node.Op, node.Args.With(i, Create.Input("other", node.Args[i].Type)).Span);
                Assert.NotEqual(node.Id, other.Id);
                Assert.NotEqual(node, other);
            }
    }

    [Fact]
    public void TheOrderOfArgumentsCounts()
    {
        Tensor a = Create.Input("a", [2]), b = Create.Input("b", [2]);
        Assert.NotEqual(a - b, b - a);
        Assert.NotEqual(Movement.Concat(0, a, b, a), Movement.Concat(0, b, a, a));
    }

    [Fact]
    public void AHundredThousandNodesDoNotCollide()
    {
        var ids = new HashSet<UInt128>();
        Tensor x = Create.Input("x", []), chain = x;
        for (var i = 0; i < 25_000; i++)
        {
            chain += x;
            foreach (var node in (Tensor[])[chain, Create.Scalar(i), Create.Scalar(i + 0.5), Create.Input($"x{i}", [i + 1])])
                Assert.True(ids.Add(node.Id), $"{node} has another node's identity");
        }
        // Half of the bits must not already be the same for two of them: expected 0.3 pairs of equal 64-bit halves in 10⁹ runs.
        Assert.Equal(ids.Count, ids.Select(id => (ulong)id).Distinct().Count());
        Assert.Equal(ids.Count, ids.Select(id => (ulong)(id >> 64)).Distinct().Count());
    }

    [Fact]
    public void TextAndIdentityDoNotDependOnTheCulture()
    {
        var plain = GradientTable.Rows.Select(r => (Graph.Print(r.Node), r.Node.Id, $"{r.Node.Type}")).ToList();
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = Commas();
            Assert.Equal("-1234,5", (-1234.5).ToString(CultureInfo.CurrentCulture).Replace('~', '-'));
            Assert.Equal(plain, GradientTable.Rows.Select(r =>
                (Graph.Print(r.Build(r.Arguments.Map((d, i) => Create.Input($"a{i}", d.Type)))), r.Node.Id, $"{r.Node.Type}")));
            Assert.Equal("fill(-2.5)", $"{Create.Scalar(-2.5).Op}");
            Assert.Equal("layer_norm(eps=1E-05)", new LayerNorm().Text);
        }
        finally { CultureInfo.CurrentCulture = before; }
    }

    // A culture whose numbers look different in every part.
    static CultureInfo Commas()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (culture.NumberFormat.NumberDecimalSeparator, culture.NumberFormat.NumberGroupSeparator, culture.NumberFormat.NegativeSign) = (",", ".", "~");
        return culture;
    }

    static IEnumerable<Op> Changed(Op op) => op is Op.Fused fused
        ? Changed(fused.Kind).Select(k => new Op.Fused((FusedKind)k, fused.Output)).Append(new Op.Fused(fused.Kind, fused.Output + 1))
            .Where(f => f.Output < 3 && (f.Kind != fused.Kind
                || GradientTable.Rows.Any(r => r.Node.Op is Op.Fused g && g.Kind == f.Kind && g.Output == f.Output)))
        : Changed((object)op).Cast<Op>();

    // Copies of a record with one attribute changed, whether its constructor takes it or not.
    static IEnumerable<object> Changed(object record)
    {
        var copy = record.GetType().GetMethod("<Clone>$")!;
        foreach (var attribute in record.GetType().GetProperties().Where(static p => p.SetMethod is { IsPublic: true }))
            foreach (var other in Others(attribute.GetValue(record)!))
            {
                var changed = copy.Invoke(record, null)!;
                attribute.SetValue(changed, other);
                yield return changed;
            }
    }

    static IEnumerable<object> Others(object value) => value switch
    {
        int v => [v + 1],
        uint v => [v + 1],
        double v => [Math.BitIncrement(v), 1 - v],
        bool v => [!v],
        string v => [v + "x"],
        Vec<double> v => [.. Enumerable.Range(0, v.Count).Select(i => (object)v.With(i, Math.BitIncrement(v[i]))), (Vec<double>)[.. v, 1]],
        FusedKind => Changed(value),
        Vec<int> v => [.. Enumerable.Range(0, v.Count).Select(i => (object)v.With(i, v[i] + 1)), (Vec<int>)[.. v, 1]],
        BitPacking v => [v with { Bits = 12 - v.Bits }, v with { Group = v.Group + 1 }],
        PanelPacking v => [v with { Bits = 12 - v.Bits }],
        TensorType v => [v with { Shape = [.. v.Shape, 1] }, v with { DType = DType.BF16 }],
        Enum v => Enum.GetValues(v.GetType()).Cast<object>().Where(o => !o.Equals(v)),
        UnaryFunction => UnaryFunction.All.Where(other => !other.Equals(value)),
        BinaryFunction => BinaryFunction.All.Where(other => !other.Equals(value)),
        CompareFunction => CompareFunction.All.Where(other => !other.Equals(value)),
        _ => throw new NotSupportedException($"{value.GetType()}: say how it changes"),
    };
}
