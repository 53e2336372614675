using Functional.Compiling;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;

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

    /// <summary>Trains on an engine. The optimiser is AdamW with betas 0.9 and 0.95, decay 0.1, gradients clipped at 1.</summary>
    public static StepMeasure On(IEngine engine, DecoderConfig config, int batch, int steps, CancellationToken stop = default)
    {
        var (model, optimiser, shape) = (Transformer.Of(config), Optimisers.AdamW(0.9, 0.95, decay: 0.1), new BatchShape(batch, config.Context));
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var objective = Objectives.NextToken(model, shape);
        var program = Programs.Step(objective, optimiser, GradientClip.To(1));
        clock.Stop();
        using var workspace = new Workspace(engine);
        foreach (var (name, spec) in model.Specs) workspace.Fill(Names.Param(name), spec);
        workspace.Add(Programs.Slots(objective, optimiser));
        foreach (var name in (string[])[Names.Inputs, Names.Labels]) workspace.Tokens(name, shape.Tokens, config.Vocabulary);
        foreach (var (name, _) in Programs.StepScalars(optimiser, 1, 0)) workspace.Add(name, new([]));
        if (program.Inputs.Any(static i => i.Name == Names.Key)) workspace.Add(Names.Key, new([2], DType.I32));
        clock.Start();
        var training = workspace.Bind(program);
        var compile = clock.Elapsed.TotalMilliseconds;
        var step = 0L;
        var time = Timings.Of(Step, steps, 3, TimeSpan.FromMilliseconds(500), stop);
        return new((long)batch * config.Context, (double)Cost.Of(program).Flops, compile, time, Timings.PeakMemory(), engine.Name, engine.Memory);

        void Step()
        {
            foreach (var (name, value) in Programs.StepScalars(optimiser, ++step, 3e-4)) workspace[name].Write<float>([(float)value]);
            training.Run();
            _ = training[Names.Loss].Scalar();
        }
    }
}
