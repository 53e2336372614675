using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>Nodes that are computed together: all results of one fused computation, or a single node.</summary>
/// <param name="node">One of the nodes.</param>
sealed class EagerUnit(Tensor node)
{
    /// <summary>One of the nodes.</summary>
    public Tensor Node => node;

    /// <summary>The nodes by output number; nothing where a result is not used.</summary>
    public Tensor?[] Outputs { get; } = node.Op is Op.Fused f ? new Tensor?[f.Kind.Types(node.Args.Map(static a => a.Type)).Count] : [node];

    /// <summary>The forward computation that keeps what this gradient needs, and no other's; nothing when there is none.</summary>
    public EagerUnit? Forward { get; private set; }

    /// <summary>Whether a gradient takes what this keeps.</summary>
    public bool Keeps { get; private set; }

    /// <summary>All that must be there when this is computed: its arguments, and those to which what was kept for it refers.</summary>
    public IEnumerable<Tensor> Needs => Forward is { } forward ? node.Args.Concat(forward.Node.Args) : node.Args;

    /// <summary>All units of nodes, in order.</summary>
    /// <param name="order">The nodes, arguments before users.</param>
    /// <param name="keeps">Fused kinds that can keep what their gradients need.</param>
    public static List<EagerUnit> Of(IReadOnlyList<Tensor> order, Func<FusedKind, bool> keeps)
    {
        var (units, homes, fused) = (new List<EagerUnit>(), new Dictionary<Tensor, EagerUnit>(), new Dictionary<(FusedKind, Vec<Tensor>), EagerUnit>());
        foreach (var node in order)
        {
            if (node.Op is not Op.Fused f)
            {
                units.Add(new(node));
                continue;
            }
            if (!fused.TryGetValue((f.Kind, node.Args), out var unit))
            {
                units.Add(fused[(f.Kind, node.Args)] = unit = new(node));
                if (f.Kind.Forward(node.Args) is { Op: Op.Fused forward } made && keeps(forward.Kind) && homes.TryGetValue(made, out var home) && !home.Keeps)
                {
                    unit.Forward = home;
                    home.Keeps = true;
                }
            }
            unit.Outputs[f.Output] = node;
            homes[node] = unit;
        }
        return units;
    }

    /// <summary>Whether an argument need not be read, because the forward computation keeps it.</summary>
    public bool Has(Tensor argument) => Forward is { } forward && forward.Outputs.Any(argument.Equals);
}
