using System.Diagnostics;
using Functional.Sessions;
using Functional.Compiling;
using Functional.Engines.Managed;
using Functional.Graphs;

namespace Functional.Bench;

/// <summary>How long a training step takes from configuration to plan, first in a cold process, then warm.</summary>
internal static class CompileTime
{
    public static void Run(StepShape shape)
    {
        for (var i = 0; i < 5; i++)
        {
            var start = Stopwatch.GetTimestamp();
            var program = shape.Program;
            var graph = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            var plan = Compiler.Compile(program, ManagedEngine.HasKernel);
            var all = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            Console.WriteLine(FormattableString.Invariant(
                $$"""{"graph_ms": {{graph:F1}}, "compile_ms": {{all - graph:F1}}, "nodes": {{Graph.Topological(program.Outputs.Select(static o => o.Value)).Count}}, "steps": {{plan.Steps.Count}}, "arena_mb": {{plan.ArenaBytes / 1e6:F1}}}"""));
        }
    }
}
