using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>
/// Turns a simplified graph into jobs over storages: one kernel for each fused group, matrix product, reduction or fused op,
/// copies only where no view will do. What order and what memory they get is decided afterwards.
/// </summary>
sealed class Lowering
{
    readonly Fusion fusion;
    readonly Dictionary<Tensor, View> views = [];
    readonly Dictionary<Tensor, View> placed = [];

    public Lowering(Vec<Tensor> roots)
    {
        fusion = new(Graph.Topological(roots), roots);
        foreach (var node in fusion.Order) Lower(node);
    }

    public List<Storage> Storages { get; } = [];

    public List<Job> Jobs { get; } = [];

    /// <summary>The view of a node's value; a copy is made where only a copy can show it.</summary>
    public View ViewOf(Tensor node)
    {
        if (views.TryGetValue(node, out var view)) return view;
        view = Fusion.IsMovement(node.Op) ? ViewOf(node.Args[0]).Through(node.Op) ?? CopyOf(ViewOf(node.Args[0]), node.Type)
            : Fusion.IsConstant(node.Op) ? StoreConstant(node)
            : throw new InvalidOperationException($"{node} has no place: it was fused away or not lowered yet");
        return views[node] = view;
    }

    /// <summary>A dense copy of a view under a shape of as many elements.</summary>
    public View CopyOf(View source, TensorType type)
    {
        var copy = View.Dense(NewStorage(type).Id, type);
        AddJob(Copy(source, copy.Reshape(source.Shape)!.Value));
        return copy;
    }

    public Storage NewStorage(TensorType type)
    {
        Storages.Add(new(Storages.Count, type));
        return Storages[^1];
    }

    public Storage AddInput(string name, TensorType type)
    {
        var storage = NewStorage(type);
        (storage.Space, storage.Name) = (Space.Input, name);
        return storage;
    }

    public Job AddJob(params IEnumerable<PlanStep> steps)
    {
        var job = new Job(Jobs.Count);
        Jobs.Add(job);
        foreach (var step in steps) AddStep(job, step);
        return job;
    }

    void AddStep(Job job, PlanStep step)
    {
        job.Steps.Add(step);
        foreach (var read in step.Reads()) Read(job, read);
        foreach (var write in step.Writes())
            if (!Storages[write.Buffer].Writers.Contains(job)) Storages[write.Buffer].Writers.Add(job);
    }

    void Read(Job job, View view)
    {
        var storage = Storages[view.Buffer];
        storage.Readers.Add(job);
        foreach (var writer in storage.Writers)
            if (writer != job) job.Follow(writer);
    }

    /// <summary>The step that copies one view to another of the same shape.</summary>
    public static PlanStep Copy(View from, View to)
    {
        var domain = WithoutOnes(from.Shape);
        var builder = new KernelBuilder(null, null, domain, static _ => default);
        var (kernel, inputs, outputs) = builder.Finish([builder.Load(from)], [to.Reshape(domain)!.Value]);
        return new PlanStep.Pointwise(kernel, inputs, outputs);
    }

    // The step along an axis of length 1 means nothing, but would make equal views differ.
    static Vec<int> WithoutOnes(Vec<int> shape) => [.. shape.Where(static d => d != 1)];

    void Lower(Tensor node)
    {
        switch (node.Op)
        {
            case Op.Input input: views[node] = View.Dense(AddInput(input.Name, node.Type).Id, node.Type); break;
            case Op.MatMul: LowerMatMul(node); break;
            case Op.Reduce o: LowerReduce(node, o); break;
            case Op.Gather: AddJob(new PlanStep.Gather(Dense(node.Args[0]), Dense(node.Args[1]), Store(node))); break;
            case Op.ScatterAdd: LowerScatter(node); break;
            case Op.ArgMax o: AddJob(new PlanStep.ArgMax(Around(Dense(node.Args[0]), o.Axis), Around(Store(node), o.Axis))); break;
            case Op.CumSum o: AddJob(new PlanStep.CumSum(Around(Dense(node.Args[0]), o.Axis), Around(Store(node), o.Axis))); break;
            case Op.Concat o: LowerConcat(node, o.Axis); break;
            case Op.Pad o: LowerPad(node, o); break;
            case Op.Fused o when !Fusion.IsPointwise(o): LowerFused(node, o); break;
            default:
                if (Fusion.IsPointwise(node.Op) && !Fusion.IsConstant(node.Op) && !fusion.IsInlined(node)
                    && IsLastOfKernel(node)) LowerPointwise(fusion.Home(node));
                break;
        }
    }

    View Store(Tensor node) => views[node] = placed.TryGetValue(node, out var view) ? view : View.Dense(NewStorage(node.Type).Id, node.Type);

    View Dense(Tensor node) => ViewOf(node) is { IsDense: true } view ? view : views[node] = CopyOf(ViewOf(node), node.Type);

    View StoreConstant(Tensor node)
    {
        var target = View.Dense(NewStorage(node.Type).Id, node.Type);
        AddJob(Filled(node, target));
        return target;
    }

    PlanStep Filled(Tensor constant, View target)
    {
        var domain = WithoutOnes(target.Shape);
        var builder = new KernelBuilder(fusion, null, domain, ViewOf);
        var (kernel, inputs, outputs) = builder.Finish([builder.Emit(constant)], [target.Reshape(domain)!.Value]);
        return new PlanStep.Pointwise(kernel, inputs, outputs);
    }

    // The axes before, at and after one, as three.
    static View Around(View view, int axis) =>
        view.Reshape([Product(view.Shape.Take(axis)), view.Shape[axis], Product(view.Shape.Skip(axis + 1))])!.Value;

    static int Product(IEnumerable<int> lengths) => lengths.Aggregate(1, static (p, d) => p * d);

    // ---- elementwise ----

    // A kernel's job is made when all of its stored nodes have been met: only then are all its arguments lowered.
    bool IsLastOfKernel(Tensor node) => fusion.Members(fusion.Home(node))[^1].Equals(node);

    void LowerPointwise(Tensor kernel)
    {
        var stored = fusion.Members(kernel);
        var domain = fusion.Domain(kernel);
        var builder = new KernelBuilder(fusion, kernel, domain, ViewOf);
        Vec<int> results = [.. stored.Select(builder.Emit)];
        Vec<View> outputs = [.. stored.Select(n => Store(n).Reshape(domain)!.Value)];
        if (TryEpilogue(builder, domain, results, outputs)) return;
        var (code, inputs, targets) = builder.Finish(results, outputs);
        AddJob(new PlanStep.Pointwise(code, inputs, targets));
    }

    bool TryEpilogue(KernelBuilder builder, Vec<int> domain, Vec<int> results, Vec<View> outputs)
    {
        if (domain.Count == 0) return false;
        // The latest product among the inputs, if the others can all be had before it.
        var product = builder.Inputs.SelectMany(v => Storages[v.Buffer].Writers).Where(static u => u.Steps is [PlanStep.MatMul { Epilogue: null }])
            .OrderByDescending(static u => u.Id).FirstOrDefault();
        if (product is null || product.Steps is not [PlanStep.MatMul matmul] || matmul.C.DType != DType.F32 || domain[^1] != matmul.C.Shape[2]) return false;
        if (new TensorType(domain).Size != new TensorType(matmul.C.Shape).Size || matmul.C.Reshape(domain) is not { } whole
            || !builder.Inputs.Contains(whole)) return false;
        var others = builder.Inputs.Where(v => v.Buffer != matmul.C.Buffer).SelectMany(v => Storages[v.Buffer].Writers).Distinct();
        if (builder.Inputs.Count(v => v.Buffer == matmul.C.Buffer) != 1 || others.Any(u => u.Reaches(product))) return false;
        Vec<int> innermost = [domain.Count - 1];
        var (kernel, inputs, targets) = builder.Finish(results, outputs, innermost);
        var (ordered, rest) = FirstInput(kernel, inputs, inputs.Span.IndexOf(inputs.First(v => v.Buffer == matmul.C.Buffer)));
        product.Steps.Clear();
        AddStep(product, matmul with { Epilogue = ordered, Inputs = rest, Outputs = targets });
        return true;
    }

    // The kernel with input number `first` as input 0; the other inputs' views in order.
    static (PointwiseKernel, Vec<View>) FirstInput(PointwiseKernel kernel, Vec<View> inputs, int first)
    {
        int At(int r) => r == first ? 0 : r < first ? r + 1 : r;
        Vec<PointInstruction> code = kernel.Code.Map(i => i.Op switch
        {
            PointOp.Index => i with { Target = At(i.Target) },
            _ => i with { Target = At(i.Target), A = At(i.A), B = At(i.B), C = At(i.C) },
        });
        return (kernel with { Code = code, Results = kernel.Results.Map(At) }, [.. inputs.Where((_, i) => i != first)]);
    }

    // ---- other kernels ----

    void LowerMatMul(Tensor node)
    {
        View Operand(Tensor arg)
        {
            var view = ViewOf(arg);
            Vec<int> shape = [Product(view.Shape.SkipLast(2)), view.Shape[^2], view.Shape[^1]];
            return view.Reshape(shape) is { } v && (v.Strides[2] == 1 || v.Strides[1] == 1 || v.Shape[2] == 1 || v.Shape[1] == 1)
                ? v : Dense(arg).Reshape(shape)!.Value;
        }

        var (a, b) = (Operand(node.Args[0]), Operand(node.Args[1]));
        var c = Store(node).Reshape([a.Shape[0], a.Shape[1], b.Shape[2]])!.Value;
        AddJob(new PlanStep.MatMul(a, b, c, null, [], []) { IsRounded = IsRounded(node.Args[0]) && IsRounded(node.Args[1]) });
    }

    // Whether a tensor holds only numbers that BF16 holds, by how it is made.
    static bool IsRounded(Tensor x) => x.Op is Op.Cast && x.Args[0].DType == DType.BF16 || Fusion.IsMovement(x.Op) && IsRounded(x.Args[0]);

    void LowerReduce(Tensor node, Op.Reduce o)
    {
        var domain = fusion.Domain(node);
        var builder = new KernelBuilder(fusion, null, domain, ViewOf);
        Vec<int> result = [builder.Emit(node.Args[0])];
        // Which of the domain's axes belong to a reduced axis of the argument.
        var reduced = new bool[domain.Count];
        var shape = node.Args[0].Shape;
        var mark = new View(-1, DType.I32, 0, shape, shape.Map((d, i) => o.Axes.Contains(i) && d > 1 ? 1 : 0));
        for (int i = shape.Count - 1, j = domain.Count - 1; i >= 0; i--)
            for (var left = shape[i]; left > 1; left /= domain[j--]) reduced[j] = mark.Strides[i] == 1;
        Vec<int> order = [.. Enumerable.Range(0, domain.Count).Where(i => !reduced[i]), .. Enumerable.Range(0, domain.Count).Where(i => reduced[i])];
        var kept = reduced.Count(static r => !r);
        var (code, inputs, outputs) = builder.Permuted(order).Finish(result, [], [kept]);
        var merged = Merged(code.Domain, kept, domain, order);
        AddJob(new PlanStep.Reduction(o.Kind, code, merged, inputs, Store(node).Reshape([.. code.Domain.Take(merged)])!.Value));
    }

    // How many axes of the merged domain come from the first `kept` of the permuted one.
    static int Merged(Vec<int> merged, int kept, Vec<int> domain, Vec<int> order)
    {
        long target = order.Take(kept).Aggregate(1L, (p, i) => p * domain[i]), product = 1;
        if (kept == 0) return 0;
        var count = 0;
        while (product != target || count == 0) product *= merged[count++];
        return count;
    }

    void LowerScatter(Tensor node)
    {
        var (indices, updates) = (Dense(node.Args[1]), Dense(node.Args[2]));
        var start = Fusion.IsConstant(node.Args[0].Op) ? null : (View?)ViewOf(node.Args[0]);
        var target = Store(node);
        AddJob(start is { } from ? Copy(from, target) : Filled(node.Args[0], target), new PlanStep.ScatterAdd(target, indices, updates));
    }

    void LowerConcat(Tensor node, int axis)
    {
        var target = Store(node);
        var (start, steps) = (0, new List<PlanStep>());
        foreach (var arg in node.Args)
        {
            var part = target.Slice(node.Shape.Map((_, i) => i == axis ? start : 0), arg.Shape);
            start += arg.Shape[axis];
            if (Fusion.IsConstant(arg.Op)) steps.Add(Filled(arg, part));
            else if (!IsAlreadyThere(arg, target)) steps.Add(Copy(ViewOf(arg), part));
        }
        if (steps.Count > 0) AddJob(steps);
    }

    bool IsAlreadyThere(Tensor arg, View target) => ViewOf(arg).Buffer == target.Buffer;

    void LowerPad(Tensor node, Op.Pad o)
    {
        var source = ViewOf(node.Args[0]);
        var target = Store(node);
        AddJob(Filled(node.Like(0), target), Copy(source, target.Slice(o.Before, source.Shape)));
    }

    void LowerFused(Tensor node, Op.Fused o)
    {
        // All results of one computation that are used become one job, made when the first of them is met.
        if (views.ContainsKey(node)) return;
        var inputs = node.Args.Map((a, i) => o.Kind.Layout(i) == ArgumentLayout.Rows && ViewOf(a).HasRows ? ViewOf(a) : Dense(a));
        var results = o.Kind.Types(node.Args.Map(static a => a.Type)).Map((_, i) => o.Kind.Result(i, node.Args));
        Vec<View?> outputs = results.Map(r => fusion.Contains(r) ? (View?)Place(r) : null);
        var step = new PlanStep.Fused(o.Kind, inputs, outputs);
        if (o.Kind.Overwrites is { } over && outputs[0] is { } target) AddJob(Copy(inputs[over], target), step with { Inputs = inputs.With(over, target) });
        else AddJob(step);
    }

    // What is only a part of a concatenation is written straight into its place there, where the kernel can.
    View Place(Tensor result)
    {
        var (node, shapes) = (result, new Stack<Vec<int>>());
        while (result.Op is Op.Fused { Kind.WritesParts: true } && fusion.Users(node) is [{ } user] && !fusion.IsOutput(node))
        {
            if (user.Op is Op.Concat concat && user.Args.Count(a => a.Equals(node)) == 1)
            {
                var whole = views.TryGetValue(user, out var there) ? there : placed.TryGetValue(user, out there) ? there
                    : placed[user] = View.Dense(NewStorage(user.Type).Id, user.Type);
                var start = user.Args.TakeWhile(a => !a.Equals(node)).Sum(a => a.Shape[concat.Axis]);
                if (whole.Slice(user.Shape.Map((_, i) => i == concat.Axis ? start : 0), node.Shape).Reshape(result.Shape) is { } part) placed[result] = part;
                break;
            }
            if (user.Op is not Op.Reshape) break;
            node = user;
        }
        return Store(result);
    }
}
