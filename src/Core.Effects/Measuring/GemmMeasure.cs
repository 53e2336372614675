using Functional.Base;
using Functional.Compiling;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;

namespace Functional.Measuring;

/// <summary>The speed of square matrix products in float32.</summary>
/// <param name="N">Rows and columns.</param>
/// <param name="Time">A product's.</param>
public sealed record GemmMeasure(int N, Timings Time)
{
    const double Enough = 0.5;
    const int Least = 5, Most = 2000, OnProcessor = 512, OnDevice = 4096;

    /// <summary>Billions of floating-point operations a second, at the median.</summary>
    public double Gflops => 2.0 * N * N * N / Time.MedianMilliseconds / 1e6;

    /// <summary>
    /// Floating-point operations a second that an engine does at most, about: in products of matrices that are large for its device. It takes a second or two; cancelled, it
    /// is not known.
    /// </summary>
    public static double? PeakOf(IEngine engine, CancellationToken stop = default)
    {
        try
        {
            return On(engine, engine.Memory is { Device: not "cpu" } ? OnDevice : OnProcessor, stop).Gflops * 1e9;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Multiplies on an engine until a second has gone by.</summary>
    public static GemmMeasure On(IEngine engine, int n, CancellationToken stop = default)
    {
        var (a, b) = (Create.Input("a", [n, n]), Create.Input("b", [n, n]));
        using var executable = engine.Compile(Program.Of(a.MatMul(b)));
        using var left = Random(engine, a.Type, "a");
        using var right = Random(engine, b.Type, "b");
        using var binding = executable.Bind(new Dictionary<string, IBuffer> { ["a"] = left, ["b"] = right });
        var one = Timings.Of(binding.Run, 1, 1, TimeSpan.Zero, stop).BestMilliseconds / 1e3;
        var repetitions = Math.Clamp((int)(Enough / one), Least, Most);
        return new(n, Timings.Of(binding.Run, repetitions, 2, TimeSpan.FromSeconds(Enough), stop));
    }

    static IBuffer Random(IEngine engine, TensorType type, string name)
    {
        var (buffer, values) = (engine.Allocate(type), new float[type.Size]);
        new Initializer.Normal(1).Fill(Key.Seed(1).FoldIn(name), 0, values);
        buffer.Write<float>(values);
        return buffer;
    }
}
