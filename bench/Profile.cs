using System.Diagnostics;
using Functional.Base;
using Functional.Compiling;
using Functional.Engines;
using Functional.Engines.Managed;
using Functional.Graphs;
using Functional.Layers;
using Functional.Sampling;

namespace Functional.Bench;

/// <summary>Where a program's time goes: the best time of each kernel, grouped by kind and shape.</summary>
internal static class Profile
{
    const int Repeats = 20;

    public static void Run(StepShape shape, int threads)
    {
        using var engine = new ManagedEngine(threads);
        Run(engine, shape.Program, StepShape.Inputs(shape.Program, shape.Model, engine));
    }

    /// <summary>A token of each row drawn, in the middle of the context.</summary>
    public static void RollOut(StepShape shape, int threads)
    {
        using var engine = new ManagedEngine(threads);
        var program = Draw.CachedStep(shape.Model, new(shape.Batch, 1), null, new(), 256);
        var buffers = program.Inputs.ToDictionary(static i => i.Name, i => engine.Allocate(i.Value.Type));
        foreach (var (name, spec) in shape.Model.Specs)
        {
            var items = new float[spec.Type.Size];
            spec.Fill(Key.Seed(1), 0, items);
            buffers[Names.Param(name)].Write<float>(items);
        }
        buffers[Names.Position].Write<int>([.. Enumerable.Repeat(shape.Context / 2, shape.Batch)]);
        foreach (var donation in program.Donations) buffers[donation.Output] = buffers[donation.Input];
        Run(engine, program, buffers);
    }

    static void Run(ManagedEngine engine, Program program, IReadOnlyDictionary<string, IBuffer> buffers)
    {
        using var executable = (ManagedExecutable)engine.Compile(program);
        using var binding = (ManagedBinding)executable.Bind(buffers);
        var best = new double[binding.Steps.Count];
        Array.Fill(best, double.MaxValue);
        for (var repeat = 0; repeat < Repeats; repeat++)
            for (var i = 0; i < best.Length; i++)
            {
                var start = Stopwatch.GetTimestamp();
                binding.Steps[i].Run(engine);
                best[i] = Math.Min(best[i], Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        var steps = executable.Plan.Steps;
        foreach (var group in Enumerable.Range(0, best.Length).GroupBy(i => Describe(steps[i])).OrderByDescending(g => g.Sum(i => best[i])))
        {
            var ms = group.Sum(i => best[i]);
            var flops = group.Sum(i => Flops(steps[i]));
            Console.WriteLine(FormattableString.Invariant(
                $$"""{"ms": {{ms:F3}}, "count": {{group.Count()}}, "kernel": "{{group.Key}}"{{(flops > 0 ? FormattableString.Invariant($", \"gflops\": {flops / ms / 1e6:F0}") : "")}}}"""));
        }
        Console.WriteLine(FormattableString.Invariant($$"""{"ms": {{best.Sum():F2}}, "kernel": "all"}"""));
    }

    static string Describe(PlanStep step) => step switch
    {
        PlanStep.MatMul s => $"matmul {s.A.Shape} x {s.B.Shape} epilogue {s.Epilogue?.Code.Count ?? 0}",
        PlanStep.Pointwise s => $"pointwise {s.Kernel.Domain} code {s.Kernel.Code.Count} inputs {s.Inputs.Count} outputs {s.Outputs.Count}",
        PlanStep.Reduction s => $"reduction {s.Kernel.Domain} kept {s.Kept}",
        PlanStep.Fused s => $"{s.Kind.Text} {s.Inputs[0].Shape}",
        _ => step.GetType().Name,
    };

    static double Flops(PlanStep step) => step is PlanStep.MatMul s ? 2.0 * s.C.Shape[0] * s.C.Shape[1] * s.C.Shape[2] * s.A.Shape[2] : 0;
}
