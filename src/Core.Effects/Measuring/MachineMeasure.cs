using Functional.Compiling;
using Functional.Engines;
using Functional.Graphs;

namespace Functional.Measuring;

/// <summary>What a machine can do, in two numbers, for estimates.</summary>
/// <param name="FlopsPerSecond">Floating-point operations a second in a large matrix product.</param>
/// <param name="BytesPerSecond">Bytes moved a second in an elementwise pass over memory.</param>
public sealed record MachineMeasure(double FlopsPerSecond, double BytesPerSecond)
{
    const int Product = 512, Elements = 1 << 23;

    /// <summary>
    /// About how many seconds a program takes: its arithmetic and its traffic, one after the other. Real programs overlap the two, but run neither
    /// at the full rate.
    /// </summary>
    public double Seconds(double flops, double bytes) => flops / FlopsPerSecond + bytes / BytesPerSecond;

    /// <summary>Measures an engine on this machine for about a second.</summary>
    public static MachineMeasure Of(IEngine engine)
    {
        var x = Create.Input("x", [Elements]);
        using var executable = engine.Compile(Program.Of(x + 1));
        using var input = engine.Allocate(x.Type);
        using var binding = executable.Bind(new Dictionary<string, IBuffer> { ["x"] = input });
        var pass = Timings.Of(binding.Run, 5, 2, TimeSpan.Zero);
        return new(GemmMeasure.On(engine, Product).Gflops * 1e9, 2.0 * x.Type.Bytes / pass.MedianMilliseconds * 1e3);
    }
}
