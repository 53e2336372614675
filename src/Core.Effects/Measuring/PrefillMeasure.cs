using Functional.Compiling;
using Functional.Engines;
using Functional.Generation;
using Functional.Graphs;
using Functional.Learning;
using Functional.Models;

namespace Functional.Measuring;

/// <summary>The speed of reading a prompt into caches at once, beside that of matrix products alone.</summary>
/// <param name="Tokens">How many tokens the prompt has.</param>
/// <param name="Flops">Floating-point operations of reading it, with the logits of its last token.</param>
/// <param name="Time">A prompt's.</param>
/// <param name="Ceiling">Billions of operations a second of a product of two square matrices on the same engine.</param>
public sealed record PrefillMeasure(int Tokens, double Flops, Timings Time, double Ceiling)
{
    /// <summary>Tokens a second, at the median.</summary>
    public double TokensPerSecond => Tokens * 1e3 / Time.MedianMilliseconds;

    /// <summary>Billions of operations a second, at the median.</summary>
    public double Gflops => Flops / Time.MedianMilliseconds / 1e6;

    /// <summary>The part of the ceiling that is reached.</summary>
    public double Share => Gflops / Ceiling;

    /// <summary>Reads prompts on an engine.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="config">The model; its context is at least the prompt.</param>
    /// <param name="tokens">Tokens of the prompt.</param>
    /// <param name="repetitions">How many prompts are measured.</param>
    /// <param name="packing">How its matrices are kept; nothing for float32.</param>
    /// <param name="stop">Asks to give up.</param>
    public static PrefillMeasure On(IEngine engine, DecoderConfig config, int tokens, int repetitions, PanelPacking? packing = null, CancellationToken stop = default)
    {
        using var parameters = new Workspace(engine);
        var model = parameters.Fill(config, packing);
        using var decoder = new Decoder(engine, model, parameters.Buffers);
        int[] prompt = [.. Enumerable.Range(0, tokens).Select(i => i * 7 % config.Vocabulary)];
        var logits = new float[config.Vocabulary];
        var time = Timings.Of(Read, repetitions, 2, TimeSpan.FromMilliseconds(300), stop);
        return new(tokens, (double)Cost.Of(Programs.CachedStep(Transformer.Of(config), new(1, tokens))).Flops, time, GemmMeasure.On(engine, Math.Max(512, config.Width), stop).Gflops);

        void Read()
        {
            decoder.Reset();
            decoder.Read(prompt, logits);
        }
    }
}
