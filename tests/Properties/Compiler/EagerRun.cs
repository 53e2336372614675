namespace Functional.Tests.Properties;

/// <summary>
/// Carries an eager plan out by the reference rules on memory that is really shared: a view is places in somebody's elements, writing over a
/// value changes everybody's, and what was freed is gone.
/// </summary>
sealed class EagerRun
{
    const double OfDouble = 1e-9;

    sealed record Seen(double[] Memory, int[] Places);

    sealed record Kept(Tensor Node, Vec<Seen> Args, Vec<double[]> Values);

    readonly EagerPlan plan;
    readonly object?[] slots;
    readonly Dictionary<string, double[]> inputs, outputs = [];

    EagerRun(EagerPlan plan, IReadOnlyDictionary<string, Value> given)
    {
        this.plan = plan;
        slots = new object?[plan.Slots];
        inputs = plan.Program.Inputs.ToDictionary(static i => i.Name, i => given[i.Name].Items.ToArray());
        for (var i = 0; i < plan.Inputs.Count; i++) slots[plan.Inputs[i]] = Whole(inputs[plan.Program.Inputs[i].Name]);
        foreach (var (slot, node) in plan.Constants) slots[slot] = Whole(Evaluator.Run(node).Items.ToArray());
    }

    /// <summary>The outputs in order.</summary>
    public static Vec<double[]> Of(EagerPlan plan, IReadOnlyDictionary<string, Value> inputs)
    {
        var run = new EagerRun(plan, inputs);
        foreach (var step in plan.Steps) run.Do(step);
        var donors = plan.Program.Donations.ToDictionary(static d => d.Output, static d => d.Input);
        foreach (var (name, value) in plan.Program.Inputs)
            if (plan.Program.Donations.All(d => d.Input != name)) Assert.True(run.inputs[name].SequenceEqual(inputs[name].Items.ToArray()),
                $"input '{name}' was written over and had not been donated");
        for (var slot = 0; slot < plan.Slots; slot++)
            if (!plan.Inputs.Contains(slot) && plan.Constants.All(c => c.Slot != slot)) Assert.True(run.slots[slot] is null || run.IsAnOutput(slot),
                $"slot {slot} is never freed");
        return plan.Program.Outputs.Map(o => donors.TryGetValue(o.Name, out var donor) ? run.inputs[donor] : run.outputs[o.Name]);
    }

    // What was computed right in a donated input's buffer stays there.
    bool IsAnOutput(int slot) => slots[slot] is Seen seen && inputs.ContainsValue(seen.Memory);

    void Do(EagerStep step)
    {
        switch (step)
        {
            case EagerStep.Compute c: Compute(c); break;
            case EagerStep.Copy c: slots[c.To] = Whole(Values(Get(c.From))); break;
            case EagerStep.Free f: Take(f.Slot); break;
            case EagerStep.Store s:
                var values = Values(Get(s.Slot));
                var donor = plan.Program.Donations.Where(d => d.Output == s.Output).Select(static d => d.Input).FirstOrDefault();
                if (donor is null) Assert.True(outputs.TryAdd(s.Output, values), $"'{s.Output}' is stored twice");
                else values.CopyTo(inputs[donor], 0);
                break;
        }
    }

    void Compute(EagerStep.Compute c)
    {
        var kept = c.Takes < 0 ? null : Assert.IsType<Kept>(slots[c.Takes]);
        // What a kernel kept refers to its arguments' memory: it must still hold what it held then.
        for (var i = 0; kept is not null && i < kept.Args.Count; i++) Assert.Equal(kept.Values[i], Values(kept.Args[i]));
        var forward = kept is null ? default : All(kept.Node, kept.Values);
        var values = c.Node.Args.Map((a, i) => c.Args[i] >= 0 ? Values(Get(c.Args[i])) : forward[((Op.Fused)a.Op).Output]);
        if (c.Keeps >= 0) slots[c.Keeps] = new Kept(c.Node, c.Args.Map(Get), values);
        if (IsView(c.Node.Op))
        {
            var places = Evaluator.Run([Apply(c.Node.Op, [c.Node.Args[0].Type])], new
                Dictionary<string, Value> { ["0"] = Value.Of(c.Node.Args[0].Type with { DType = DType.I32 }, [.. Get(c.Args[0]).Places.Select(static p => (double)p)]) })[0];
            slots[c.Results[0]] = new Seen(Get(c.Args[0]).Memory, [.. places.Items.ToArray().Select(static p => (int)p)]);
            return;
        }
        var results = All(c.Node, values);
        if (kept is not null) AssertIsGradient(c, kept, values, results);
        for (var o = 0; o < c.Results.Count; o++)
        {
            if (c.Results[o] < 0) continue;
            if (c.Overwrites < 0)
            {
                slots[c.Results[o]] = Whole(results[o]);
                continue;
            }
            var shared = c.Args.Where(a => a >= 0 && Get(a).Memory == Get(c.Args[c.Overwrites]).Memory).ToList();
            // Only what is elementwise reads all of an element before writing it; and then the same element of every argument that lies there.
            if (c.Node.Op is not (Op.Unary or Op.Binary)) Assert.Single(shared);
            Assert.All(shared, a => Assert.Equal(Get(c.Args[c.Overwrites]).Places, Get(a).Places));
            var over = (Seen)Take(c.Args[c.Overwrites])!;
            Assert.Equal(over.Places.Length, over.Places.Distinct().Count());
            for (var i = 0; i < over.Places.Length; i++) over.Memory[over.Places[i]] = results[o][i];
            slots[c.Results[o]] = over;
        }
    }

    // What was kept gives the gradients of the function that was recorded, whatever the step is called: they must be the step's.
    static void AssertIsGradient(EagerStep.Compute step, Kept kept, Vec<double[]> values, Vec<double[]> results)
    {
        var cotangent = ((Op.Fused)step.Node.Op).Kind switch { GeluGradient => 1, RmsNormGradient => 2, LayerNormGradient => 3, AttentionGradient => 5, var kind =>
            throw new NotSupportedException($"{kind}: say which argument is the cotangent") };
        var inputs = kept.Node.Args.Map((a, i) => Create.Input($"{i}", a.Shape, a.DType));
        var ct = Create.Input("cotangent", step.Node.Args[cotangent].Shape);
        var given = inputs.Select((t, i) => ($"{i}", Value.Of(t.Type, kept.Values[i]))).Append(("cotangent", Value.Of(ct.Type, values[cotangent])))
            .ToDictionary();
        var gradients = Vjp.Pull(((Op.Fused)kept.Node.Op).Kind.Expand(inputs)[0], ct, [.. inputs.Where(static t => t.DType.IsFloat())]);
        foreach (var (gradient, result) in Evaluator.Run([.. gradients], given).Zip(results))
            for (var i = 0; i < result.Length; i++)
                Assert.True(gradient[i].Equals(result[i]) || Math.Abs(gradient[i] - result[i]) <= OfDouble * (1 + result.Max(Math.Abs)),
                    $"{step.Node} takes what {kept.Node} kept, whose gradient is {gradient[i]} and not {result[i]}");
    }

    static bool IsView(Op op) => op is Op.Reshape or Op.Permute or Op.Broadcast or Op.Slice or Op.StopGradient;

    static Tensor Apply(Op op, Vec<TensorType> types) =>
        Tensor.Of(op, [.. types.Map((t, i) => Create.Input($"{i}", t.Shape, IsView(op) ? DType.I32 : t.DType))]);

    // Every result of a node's computation.
    static Vec<double[]> All(Tensor node, Vec<double[]> args)
    {
        var inputs = node.Args.Map((a, i) => Create.Input($"{i}", a.Shape, a.DType));
        var results = node.Op is Op.Fused f ? f.Kind.Apply(inputs) : [Tensor.Of(node.Op, inputs.Span)];
        return Evaluator.Run(results, inputs.Select((t, i) => ($"{i}", Value.Of(t.Type, args[i]))).ToDictionary()).Map(static v => v.Items.ToArray());
    }

    static Seen Whole(double[] items) => new(items, [.. Enumerable.Range(0, items.Length)]);

    static double[] Values(Seen seen) => [.. seen.Places.Select(p => seen.Memory[p])];

    Seen Get(int slot) => slots[slot] as Seen ?? throw new InvalidOperationException($"slot {slot} is read and holds nothing");

    object? Take(int slot)
    {
        var taken = slots[slot] ?? throw new InvalidOperationException($"slot {slot} is freed and holds nothing");
        slots[slot] = null;
        return taken;
    }
}
