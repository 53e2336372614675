using System.Diagnostics;
using Functional.Sessions;
using Functional.Compiling;
using Functional.Engines.Managed;
using Functional.Graphs;

namespace Functional.Bench;

/// <summary>Where a training step's time goes: the best time of each kernel, grouped by kind and shape.</summary>
internal static class Profile
{
    const int Repeats = 20;

    public static void Run(StepShape shape, int threads)
    {
        using var engine = new ManagedEngine(threads);
        var program = shape.Program;
        using var executable = (ManagedExecutable)engine.Compile(program);
        using var binding = (ManagedBinding)executable.Bind(StepShape.Inputs(program, shape.Model, engine));
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
