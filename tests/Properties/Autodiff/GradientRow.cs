using System.Reflection;

namespace Functional.Tests.Properties;

/// <summary>How an op's gradient is checked.</summary>
enum Gradient
{
    /// <summary>By finite differences, first and second order.</summary>
    Smooth,
    /// <summary>By finite differences, first order: it has kinks, or its derivative is not continuous everywhere.</summary>
    Once,
    /// <summary>None flows, whatever the finite differences say.</summary>
    None,
    /// <summary>The cotangent itself, rounded as the op rounds.</summary>
    Straight,
}

/// <summary>A row of the gradient-check table: an op applied to arguments away from its kinks.</summary>
/// <param name="Build">The node under test, over inputs.</param>
/// <param name="How">What its gradient must be.</param>
/// <param name="Arguments">Where the inputs come from.</param>
sealed record GradientRow(Func<Vec<Tensor>, Tensor> Build, Gradient How, params Vec<Domain> Arguments)
{
    /// <summary>Relative to the sum of the absolute contributions, for central differences of step 1e-5 in double precision.</summary>
    public double Tolerance { get; init; } = 1e-8;

    /// <summary>Inputs <c>a0</c>, <c>a1</c>, …</summary>
    public Vec<Tensor> Inputs { get; } = Arguments.Map(static (d, i) => Create.Input($"a{i}", d.Type));

    /// <summary>The node.</summary>
    public Tensor Node => Build(Inputs);

    /// <summary>What the row stands for.</summary>
    public string Key => KeyOf(Node.Op);

    /// <summary>The op's name with its enumerated attributes, such as <c>Unary.Exp</c>, or a fused kind's with the output.</summary>
    public static string KeyOf(Op op) => op is Op.Fused fused
        ? $"{fused.Kind.GetType().Name}#{fused.Output}"
        : string.Join('.', Choices(op.GetType()).Select(p => $"{p.GetValue(op)}").Prepend(op.GetType().Name));

    /// <summary>Every key that there must be: found by reflection, so that a new op without a row is noticed.</summary>
    public static IReadOnlySet<string> AllKeys()
    {
        var ops = typeof(Op).GetNestedTypes().Where(t => t.IsSubclassOf(typeof(Op)) && t != typeof(Op.Fused)).SelectMany(t =>
            Choices(t).SingleOrDefault() is { } choice ? Enum.GetNames(choice.PropertyType).Select(n => $"{t.Name}.{n}") : [t.Name]);
        var fused = FusedKinds().SelectMany(t => GradientTable.Rows.Select(r => r.Node).Where(n => n.Op is Op.Fused f && f.Kind.GetType() == t) is var nodes
            && nodes.Any()
            ? Enumerable.Range(0, nodes.Max(n => ((Op.Fused)n.Op).Kind.Types(n.Args.Map(a => a.Type)).Count)).Select(i => $"{t.Name}#{i}")
            : [$"{t.Name}#0"]);
        return ops.Concat(fused).ToSortedSet();
    }

    /// <summary>Every fused kind in the library.</summary>
    public static IEnumerable<Type> FusedKinds() => typeof(FusedKind).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(FusedKind)) && !t.IsAbstract);

    static IEnumerable<PropertyInfo> Choices(Type op) => op.GetProperties().Where(p => p.PropertyType.IsEnum);
}

static class Sets
{
    public static SortedSet<string> ToSortedSet(this IEnumerable<string> items) => new(items, StringComparer.Ordinal);
}
