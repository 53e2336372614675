using System.Diagnostics;

namespace Functional.Measuring;

/// <summary>How long repetitions of a work took.</summary>
/// <param name="MedianMilliseconds">The middle one, or the upper of the two middle ones.</param>
/// <param name="BestMilliseconds">The shortest.</param>
public readonly record struct Timings(double MedianMilliseconds, double BestMilliseconds)
{
    /// <summary>Runs a work some times unmeasured, then measures each of some repetitions.</summary>
    /// <param name="work">What is measured.</param>
    /// <param name="repetitions">How often it is measured, at least once.</param>
    /// <param name="unmeasured">How often it runs before, at least.</param>
    /// <param name="settle">It also runs unmeasured for so long: the runtime replaces first versions of methods only after a while.</param>
    /// <param name="stop">Asks to give up, which is heard before each repetition.</param>
    public static Timings Of(Action work, int repetitions, int unmeasured, TimeSpan settle, CancellationToken stop = default)
    {
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < unmeasured || clock.Elapsed < settle; i++) Once();
        var times = new double[repetitions];
        for (var i = 0; i < repetitions; i++)
        {
            var start = Stopwatch.GetTimestamp();
            Once();
            // At least a tick of the clock: what took no time at all would be infinitely fast.
            times[i] = Math.Max(1, Stopwatch.GetTimestamp() - start) * 1e3 / Stopwatch.Frequency;
        }
        Array.Sort(times);
        return new(times[repetitions / 2], times[0]);

        void Once()
        {
            stop.ThrowIfCancellationRequested();
            work();
        }
    }

    /// <summary>The most memory that the process has had at once, in units of 2^20 bytes.</summary>
    public static double PeakMemory()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / (double)(1 << 20);
    }
}
