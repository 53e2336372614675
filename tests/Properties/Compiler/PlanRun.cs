using System.Diagnostics;

namespace Functional.Tests.Properties;

/// <summary>
/// Runs a plan by the plainest loops, in double precision, on memory laid out as the plan says. What was not written is NaN, also
/// half of what was. It shares no code with an engine, so it tells the compiler's mistakes from the kernels'.
/// </summary>
sealed class PlanRun
{
    readonly Plan plan;
    readonly Dictionary<(Space, string), double[]> blocks;

    PlanRun(Plan plan, IReadOnlyDictionary<string, Value> inputs)
    {
        this.plan = plan;
        // A number for each byte: an element is the number at its first byte, and what else was there is lost.
        blocks = plan.Buffers.Where(static b => b.Space != Space.Temporary).ToDictionary(static b => (b.Space, b.Name), static b => Lost(b.Bytes));
        blocks[(Space.Temporary, "")] = Lost(plan.ArenaBytes);
        foreach (var input in plan.Program.Inputs)
        {
            var (size, block, value) = (input.Value.DType.Size(), blocks[(Space.Input, input.Name)], inputs[input.Name]);
            for (var i = 0; i < value.Items.Length; i++) block[i * size] = value[i];
        }
        foreach (var step in plan.Steps) Run(step);
    }

    /// <summary>The elements of the program's outputs, in the program's order.</summary>
    public static Vec<double[]> Of(Plan plan, IReadOnlyDictionary<string, Value> inputs)
    {
        var run = new PlanRun(plan, inputs);
        var donors = plan.Program.Donations.ToDictionary(static d => d.Output, static d => (Space.Input, d.Input));
        return plan.Program.Outputs.Map(o => run.blocks[donors.GetValueOrDefault(o.Name, (Space.Output, o.Name))]
            .Where((_, i) => i % o.Value.DType.Size() == 0).ToArray());
    }

    void Run(PlanStep step)
    {
        switch (step)
        {
            case PlanStep.Pointwise s: Write(s.Outputs, PlanKernel.Run(s.Kernel, s.Inputs.Map(Read))); break;
            case PlanStep.Reduction s: Write(s.Output, Reduced(s)); break;
            case PlanStep.MatMul s: RunProduct(s); break;
            case PlanStep.Gather s: Write(s.Output, Apply(new Op.Gather(), s.Table, s.Indices)); break;
            case PlanStep.ScatterAdd s: Write(s.Target, Apply(new Op.ScatterAdd(), s.Target, s.Indices, s.Updates)); break;
            case PlanStep.ArgMax s: Write(s.Output, Apply(new Op.ArgMax(1), s.Input)); break;
            case PlanStep.CumSum s: Write(s.Output, Apply(new Op.CumSum(1), s.Input)); break;
            case PlanStep.Fused s:
                var results = Enumerable.Range(0, s.Outputs.Count).Where(i => s.Outputs[i] is not null).ToVec();
                Write(results.Map(i => s.Outputs[i]!.Value), results.Map(i => Apply(new Op.Fused(s.Kind, i), [.. s.Inputs])));
                break;
            default: throw new UnreachableException(step.GetType().Name);
        }
    }

    double[] Reduced(PlanStep.Reduction s)
    {
        var terms = PlanKernel.Run(s.Kernel, s.Inputs.Map(Read))[0];
        var results = (int)new TensorType([.. s.Kernel.Domain.Take(s.Kept)]).Size;
        return [.. Enumerable.Range(0, results).Select(i => terms.AsSpan(i * (terms.Length / results), terms.Length / results).ToArray())
            .Select(group => s.Kind == ReduceKind.Max ? group.Aggregate(Math.Max)
                : s.Output.DType == DType.I32 ? group.Aggregate(0, static (sum, v) => unchecked(sum + (int)v)) : group.Sum())];
    }

    void RunProduct(PlanStep.MatMul s)
    {
        // What a kernel may take as BF16 is: else one that does would have other results.
        if (s.IsRounded) Assert.All([.. Read(s.A), .. Read(s.B)], static v => Assert.Equal(v, Numbers.Convert(v, DType.BF16)));
        var products = Apply(new Op.MatMul(), s.A, s.B);
        var results = s.Epilogue is { } epilogue ? PlanKernel.Run(epilogue, [products, .. s.Inputs.Select(Read)]) : [];
        Write([s.C, .. s.Outputs], [products, .. results]);
    }

    double[] Apply(Op op, params Vec<View> views) => PlanKernel.Apply(op, views.Map(v => (new TensorType(v.Shape, v.DType), Read(v))));

    double[] Read(View view) => [.. PlanSteps.Places(view).Select(p => BlockOf(view)[Start(view) + p * view.DType.Size()])];

    void Write(Vec<View> views, Vec<double[]> items)
    {
        for (var i = 0; i < views.Count; i++) Write(views[i], items[i]);
    }

    void Write(View view, double[] items)
    {
        var (places, block, start, size) = (PlanSteps.Places(view), BlockOf(view), Start(view), view.DType.Size());
        for (var i = 0; i < places.Length; i++)
        {
            var at = start + places[i] * size;
            for (var k = 0; k < size; k++) block[at + k] = double.NaN;
            block[at] = items[i];
        }
    }

    double[] BlockOf(View view) => plan.Buffers[view.Buffer] is var b ? blocks[(b.Space, b.Name)] : [];

    long Start(View view) => plan.Buffers[view.Buffer] is { Space: Space.Temporary } b ? b.Offset : 0;

    static double[] Lost(long bytes)
    {
        var block = new double[bytes];
        block.AsSpan().Fill(double.NaN);
        return block;
    }
}
