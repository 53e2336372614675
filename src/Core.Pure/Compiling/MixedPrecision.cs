using Functional.Base;
using Functional.Execution;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>
/// Mixed precision as a rewrite (Micikevicius et al. 2018, "Mixed precision training"): what goes into a product and what comes out of one is rounded to 16 bits, all
/// else stays float32.
/// <list type="table">
/// <item><term>matrix products, attention, the head, experts, and their gradients by activations</term><description>factors rounded, summed in float32, the result rounded</description></item>
/// <item><term>gradients by parameters, losses, log-probabilities</term><description>factors rounded, summed in float32, the result float32</description></item>
/// <item><term>norms, softmax, sums, residual connections, activation functions, the optimiser</term><description>float32</description></item>
/// </list>
/// Rounded numbers are float32 tensors whose values 16 bits can hold; whether they are stored so is the engine's affair.
/// </summary>
/// <param name="Type">What is rounded to: BF16 or F16.</param>
public sealed record MixedPrecision(DType Type)
{
    /// <summary>The policy of a precision; nothing where products are float32.</summary>
    public static MixedPrecision? Of(Precision precision) => precision switch
    {
        Precision.BF16 => new(DType.BF16),
        Precision.F16 => new(DType.F16),
        _ => null,
    };

    /// <summary>Whether small gradients would be lost, so that the loss has to be scaled: F16 holds nothing below 6e-8.</summary>
    public bool Scales => Type == DType.F16;

    /// <summary>Whether an argument of an op is rounded: a factor of products.</summary>
    public static bool RoundsArgument(Op op, int argument) => op switch
    {
        Op.MatMul => true,
        Op.Fused f => f.Kind.IsFactor(argument),
        _ => false,
    };

    /// <summary>Whether an op's result is rounded, where it is an activation or the gradient by one.</summary>
    public static bool RoundsResult(Op op) => op is Op.MatMul || op is Op.Fused f && f.Kind.IsProduct(f.Output);

    /// <summary>The roots as they are computed under this policy.</summary>
    /// <param name="roots">What is computed.</param>
    /// <param name="sums">Those of them, gradients by parameters, whose products stay float32, and so does what is only added up to them.</param>
    public Vec<Tensor> Run(Vec<Tensor> roots, Vec<Tensor> sums)
    {
        var (kept, done, raw) = (Kept(sums), new Dictionary<Tensor, Tensor>(), new Dictionary<Tensor, Tensor>());
        foreach (var node in Graph.Topological(roots))
        {
            // A gradient that takes its forward op's own results knows them again.
            var forward = node.Op is Op.Fused fused ? fused.Kind.Forward(node.Args) : null;
            var args = node.Args.Map((arg, i) => forward is not null && IsResultOf(forward, arg) ? raw[arg]
                : arg.DType == DType.F32 && RoundsArgument(node.Op, i) ? Rounded(done[arg]) : done[arg]);
            raw[node] = node.WithArgs(args);
            done[node] = node.DType == DType.F32 && RoundsResult(node.Op) && !kept.Contains(node) ? Rounded(raw[node]) : raw[node];
        }
        return roots.Map(root => done[root]);
    }

    static bool IsResultOf(Tensor one, Tensor other) => one.Op is Op.Fused a && other.Op is Op.Fused b && a.Kind.Equals(b.Kind) && one.Args == other.Args;

    // What only moves numbers moves rounded ones as well, so that all who read them share one rounding.
    Tensor Rounded(Tensor x) => x.Op is Op.Cast && x.Args[0].DType == Type ? x
        : x.Op is Op.Reshape or Op.Permute or Op.Broadcast or Op.Slice or Op.StopGradient ? x.WithArgs([Rounded(x.Args[0])])
        : x.Cast(Type).Cast(DType.F32);

    // Products between which and a parameter's gradient only sums lie.
    static System.Collections.Generic.HashSet<Tensor> Kept(Vec<Tensor> sums)
    {
        var (kept, open) = (new System.Collections.Generic.HashSet<Tensor>(), new Stack<Tensor>(sums));
        while (open.TryPop(out var node))
        {
            if (!kept.Add(node)) continue;
            if (node.Op is Op.Binary { Function: BinaryFunction.Add }) foreach (var arg in node.Args) open.Push(arg);
            else if (node.Op is Op.Reshape or Op.Permute or Op.Reduce { Kind: ReduceKind.Sum } or Op.ScatterAdd) open.Push(node.Args[0]);
        }
        return kept;
    }
}
