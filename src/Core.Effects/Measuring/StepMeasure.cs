using Functional.Compiling;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Settings;

namespace Functional.Measuring;

/// <summary>The speed of a whole training step: forward, backward, clipping and AdamW, on random tokens.</summary>
/// <param name="Tokens">Tokens in a step.</param>
/// <param name="Flops">Floating-point operations in a step, by the cost model.</param>
/// <param name="CompileMilliseconds">What compiling the step took.</param>
/// <param name="Time">A step's.</param>
/// <param name="PeakMegabytes">The most memory that the process had, in units of 2^20 bytes.</param>
/// <param name="Engine">The engine's name.</param>
/// <param name="Memory">The memory of its device, with everything of the step in place.</param>
public sealed record StepMeasure(long Tokens, double Flops, double CompileMilliseconds, Timings Time, double PeakMegabytes, string Engine, DeviceMemory Memory)
{
    /// <summary>Tokens a second, at the median.</summary>
    public double TokensPerSecond => Tokens / Time.MedianMilliseconds * 1e3;

    /// <summary>Billions of floating-point operations a second, at the median.</summary>
    public double Gflops => Flops / Time.MedianMilliseconds / 1e6;

    /// <summary>
    /// A step of a run: its objective, optimiser and clipping, on random tokens of which all are learned. What else its rows have, such as what a reference
    /// thinks of them, is zeros.
    /// </summary>
    /// <param name="engine">Where it runs.</param>
    /// <param name="config">The run, without faults and with its vocabulary; one micro-batch is measured.</param>
    /// <param name="steps">How many steps are measured.</param>
    /// <param name="stop">Asks to give up.</param>
    public static StepMeasure On(IEngine engine, RunConfig config, int steps, CancellationToken stop = default)
    {
        var (optimiser, clock) = (config.Transform, System.Diagnostics.Stopwatch.StartNew());
        var objective = config.ObjectiveOf();
        var program = Programs.Step(objective, optimiser, GradientClip.To(config.Stage.Optimiser.Clip));
        clock.Stop();
        using var workspace = new Workspace(engine);
        foreach (var owned in objective.Parameters) workspace.Fill(owned.Name, owned.Spec);
        workspace.Add(Programs.Slots(objective, optimiser));
        foreach (var (name, type) in objective.Feed)
            if (type.DType == DType.I32 && type.Shape.Count == 2 && name != "starts") workspace.Tokens(Names.Feed(name), type, config.Model.Vocabulary);
            else workspace.Add(Names.Feed(name), type);
        foreach (var (name, _) in Programs.StepScalars(optimiser, 1, 0)) workspace.Add(name, new([]));
        if (program.Inputs.Any(static i => i.Name == Names.Key)) workspace.Add(Names.Key, new([2], DType.I32));
        clock.Start();
        var training = workspace.Bind(program);
        var compile = clock.Elapsed.TotalMilliseconds;
        var (step, tokens) = (0L, objective.Feed.Where(static f => f.Name is "inputs" or "chosen" or "rejected" or "answers").Sum(static f => f.Value.Size));
        var time = Timings.Of(Step, steps, 3, TimeSpan.FromMilliseconds(500), stop);
        return new(tokens, (double)Cost.Of(program).Flops, compile, time, Timings.PeakMemory(), engine.Name, engine.Memory);

        void Step()
        {
            foreach (var (name, value) in Programs.StepScalars(optimiser, ++step, 3e-4)) workspace[name].Write<float>([(float)value]);
            training.Run();
            _ = training[Names.Loss].Scalar();
        }
    }
}
