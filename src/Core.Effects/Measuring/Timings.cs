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
    public static Timings Of(Action work, int repetitions, int unmeasured, TimeSpan settle, CancellationToken stop = default) => InTurns([work], repetitions, unmeasured, settle, stop)[0];

    /// <summary>The same of several works, a repetition of each in turn: a machine that changes its speed meanwhile changes it for all.</summary>
    /// <param name="works">What is measured.</param>
    /// <param name="repetitions">How often each is measured, at least once.</param>
    /// <param name="unmeasured">How often each runs before, at least.</param>
    /// <param name="settle">Each also runs unmeasured for so long.</param>
    /// <param name="stop">Asks to give up, which is heard before each repetition.</param>
    public static Timings[] InTurns(ReadOnlySpan<Action> works, int repetitions, int unmeasured, TimeSpan settle, CancellationToken stop = default)
    {
        foreach (var work in works)
        {
            var clock = Stopwatch.StartNew();
            for (var i = 0; i < unmeasured || clock.Elapsed < settle; i++) Once(work);
        }
        var (times, timings) = (new double[works.Length, repetitions], new Timings[works.Length]);
        for (var i = 0; i < repetitions; i++)
        {
            for (var w = 0; w < works.Length; w++)
            {
                var start = Stopwatch.GetTimestamp();
                Once(works[w]);
                // At least a tick of the clock: what took no time at all would be infinitely fast.
                times[w, i] = Math.Max(1, Stopwatch.GetTimestamp() - start) * 1e3 / Stopwatch.Frequency;
            }
        }
        for (var w = 0; w < works.Length; w++)
        {
            double[] sorted = [.. Enumerable.Range(0, repetitions).Select(i => times[w, i]).Order()];
            timings[w] = new(sorted[repetitions / 2], sorted[0]);
        }
        return timings;

        void Once(Action work)
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
