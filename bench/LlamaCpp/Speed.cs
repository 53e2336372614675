using System.Diagnostics;
using System.Globalization;
using Functional.Base;
using Functional.Engines.Managed;
using Functional.Families;
using Functional.Graphs;
using Functional.Layers;
using Functional.Measuring;
using Functional.Models;
using Functional.Weights;
using LanguageExt;

namespace Functional.Bench;

/// <summary>Tokens a second of one stream at 8 bits, two threads, of the Llama of docs/performance.md: here and in llama.cpp, in turns.</summary>
static class Speed
{
    const int Tokens = 128, Turns = 3, Threads = 2;

    static readonly DecoderConfig shape = new()
    {
        Layers = 12, Heads = 12, Width = 768, Hidden = 2048, Context = 256, Vocabulary = 32000, Bias = Biases.None, Norm = NormKind.Rms, Positions = Positions.Rotary,
        Activation = Activation.SwiGlu, TiedHead = false,
    };

    public static async Task Measure()
    {
        var folder = Directory.CreateTempSubdirectory("functional-speed-").FullName;
        try
        {
            await Export(folder);
            Console.WriteLine("bits 8, two threads     here   llama.cpp  (tokens a second, positions 0 to 127)");
            for (var turn = 0; turn < Turns; turn++)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"turn {turn + 1}              {Ours(),8:0.0} {Theirs(Path.Combine(folder, "q8.gguf")),11:0.0}"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Random weights, as a published model, a run, a run in 8 bits and a file.
    static async Task Export(string folder)
    {
        var (published, run, kept) = (Path.Combine(folder, "hf"), Path.Combine(folder, "run"), Path.Combine(folder, "q8"));
        Directory.CreateDirectory(published);
        var specs = Transformer.Of(shape).Specs;
        _ = PublishedWeights.Write(published, Published.Find("llama").IfNone(static () => throw new UnreachableException()), shape, TokenMarks.None, "F32", (name, into) =>
        {
            specs[name].Fill(Key.Seed(1), 0, into[..(int)specs[name].Type.Size]);
            return Prelude.Success<Fault, Unit>(Prelude.unit);
        }).IfFail(static faults => throw new InvalidOperationException(string.Join("; ", faults)));
        await LanguageModel.ImportAsync(published, run);
        await LanguageModel.QuantiseAsync(run, kept);
        using var model = await LanguageModel.LoadAsync(kept);
        await model.ExportGgufAsync(Path.Combine(folder, "q8.gguf"));
    }

    static double Ours()
    {
        using var engine = new ManagedEngine(Threads);
        return DecodeMeasure.On(engine, shape, [0, Tokens / 2, Tokens - 1], 40, new PanelPacking(8)).Average(static m => m.TokensPerSecond);
    }

    static double Theirs(string file)
    {
        using var model = new Theirs(file, shape.Context, Threads);
        for (var i = 0; i < 10; i++) model.Read(1);
        var times = new double[Tokens];
        for (var i = 0; i < Tokens; i++)
        {
            var start = Stopwatch.GetTimestamp();
            model.Read(1);
            times[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        Array.Sort(times);
        return 1 / times[Tokens / 2];
    }
}
