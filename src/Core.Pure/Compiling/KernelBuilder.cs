using System.Diagnostics;
using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>Writes the code of one pointwise kernel from the nodes that fusion put into it.</summary>
sealed class KernelBuilder(Fusion? fusion, Tensor? kernel, Vec<int> domain, Func<Tensor, View> viewOf)
{
    Vec<int> domain = domain;
    readonly List<PointInstruction> code = [];
    readonly List<View> inputs = [];
    readonly List<Vec<int>> indices = [];
    readonly Dictionary<View, int> inputRegisters = [];
    readonly List<PointConstant> constants = [];
    readonly Dictionary<Tensor, int> values = [];
    int registers;

    public Vec<View> Inputs => [.. inputs];

    /// <summary>The register that holds a node's value; its instructions are emitted at first use.</summary>
    public int Emit(Tensor node)
    {
        // The nodes kept inside a kernel are bounded in number (Fusion.KernelLimit), so recursion is too.
        if (values.TryGetValue(node, out var known)) return known;
        var register = node.Op switch
        {
            Op.Reshape or Op.StopGradient when Reaches(node) => Emit(node.Args[0]),
            Op.Fill f => Constant(f),
            Op.Iota i when Indices(i) is { } strides => Index(strides),
            _ when IsInside(node) => Compute(node),
            _ => Load(viewOf(node)),
        };
        return values[node] = register;
    }

    /// <summary>A register that holds what a view shows.</summary>
    public int Load(View view)
    {
        var refined = view.Reshape(domain) ?? throw new UnreachableException($"a view of {view.Shape} does not fit the domain {domain}");
        if (inputRegisters.TryGetValue(refined, out var register)) return register;
        inputs.Add(refined);
        return inputRegisters[refined] = -inputs.Count;
    }

    /// <summary>The same code with the domain's axes in another order.</summary>
    public KernelBuilder Permuted(Vec<int> order)
    {
        domain = order.Map(i => domain[i]);
        for (var i = 0; i < inputs.Count; i++) inputs[i] = inputs[i].Through(new Op.Permute(order))!.Value;
        for (var i = 0; i < indices.Count; i++) indices[i] = order.Map(k => indices[i][k]);
        return this;
    }

    /// <summary>The finished kernel: axes that every view crosses evenly are merged, registers are reused, products and sums joined.</summary>
    public (PointwiseKernel Kernel, Vec<View> Inputs, Vec<View> Outputs) Finish(Vec<int> results, Vec<View> outputs, Vec<int> keptBreaks = default)
    {
        var (merged, views, strides) = AxisMerger.Run(domain, [.. inputs, .. outputs], [.. indices], keptBreaks);
        var (allocated, used, kept) = RegisterAllocator.Run(MulAddFusion.Run(code, results), inputs.Count, constants.Count, results);
        return (new(merged, inputs.Count, [.. constants], used, allocated, kept, strides), [.. views.Take(inputs.Count)], [.. views.Skip(inputs.Count)]);
    }

    // Whether looking through the movement leads to something computed here or to a constant, rather than to memory.
    bool Reaches(Tensor node)
    {
        while (node.Op is Op.Reshape or Op.StopGradient) node = node.Args[0];
        return IsInside(node) || (node.Op is Op.Iota iota ? Indices(iota) is not null : Fusion.IsConstant(node.Op));
    }

    bool IsInside(Tensor node) =>
        fusion is not null && Fusion.IsPointwise(node.Op) && (fusion.IsInlined(node) || (kernel is not null && fusion.Home(node).Equals(kernel)));

    int Next(PointInstruction instruction)
    {
        code.Add(instruction with { Target = registers });
        return registers++;
    }

    int Constant(Op.Fill f)
    {
        var constant = new PointConstant(Lane(f.Type.DType), Numbers.Convert(f.Value, f.Type.DType));
        if (!constants.Contains(constant)) constants.Add(constant);
        return RegisterAllocator.Constant(constants.IndexOf(constant));
    }

    // How indices grow along the domain's axes; null where a reshape broke the axis up, so that only memory can hold them.
    Vec<int>? Indices(Op.Iota i) => new View(-1, DType.I32, 0, i.Shape, i.Shape.Map((_, axis) => axis == i.Axis ? 1 : 0)).Reshape(domain)?.Strides;

    int Index(Vec<int> strides)
    {
        indices.Add(strides);
        return Next(new(PointOp.Index, DType.I32, 0, indices.Count - 1));
    }

    int Compute(Tensor node)
    {
        var type = Lane(node.Args[0].DType);
        int A(int i) => Emit(node.Args[i]);
        var result = node.Op switch
        {
            Op.Unary o => Next(new(PointOp.Apply, type, 0, A(0), Function: o.Function)),
            Op.Binary o => Next(new(PointOp.Apply, type, 0, A(0), A(1), Function: o.Function)),
            Op.Compare o => Next(new(PointOp.Apply, type, 0, A(0), A(1), Function: o.Function)),
            Op.Where => Next(new(PointOp.Where, Lane(node.DType), 0, A(0), A(1), A(2))),
            Op.Cast o => Cast(node.Args[0].DType, o.To, A(0)),
            Op.RandomBits o => RandomBits(o, node.Args[0]),
            Op.Fused o => Next(new(PointOps.Of(o.Kind)!.Value, type, 0, A(0), node.Args.Count > 1 ? A(1) : 0)),
            _ => throw new UnreachableException(node.Op.ToString()),
        };
        return node.DType.IsNarrow() && node.Op is not (Op.Where or Op.Cast) ? Rounded(node.DType, result) : result;
    }

    int RandomBits(Op.RandomBits op, Tensor key)
    {
        int Word(int i) => Load(viewOf(key).Slice([i], [1]) with { Shape = domain, Strides = domain.Map(static _ => 0) });
        var counter = Index(View.Dense(-1, new(op.Shape, DType.I32)).Reshape(domain)!.Value.Strides);
        return Next(new(PointOp.RandomBits, DType.I32, 0, counter, Word(0), Word(1), op.Stream));
    }

    int Cast(DType from, DType to, int a) => (from, to) switch
    {
        (DType.Bool, _) => Next(new(PointOp.FromBool, Lane(to), 0, a)),
        (_, DType.Bool) => Next(new(PointOp.ToBool, Lane(from), 0, a)),
        (DType.F32 or DType.BF16 or DType.F16, DType.I32) => Next(new(PointOp.FloatToInt, DType.I32, 0, a)),
        (DType.I32, DType.F32) => Next(new(PointOp.IntToFloat, DType.F32, 0, a)),
        (DType.I32, DType.BF16 or DType.F16) => Rounded(to, Next(new(PointOp.IntToFloat, DType.F32, 0, a))),
        (_, DType.BF16 or DType.F16) when from != to => Rounded(to, a),
        _ => a,
    };

    int Rounded(DType to, int a) => Next(new(to == DType.F16 ? PointOp.RoundF16 : PointOp.RoundBF16, DType.F32, 0, a));

    static DType Lane(DType type) => type.IsNarrow() ? DType.F32 : type;
}
