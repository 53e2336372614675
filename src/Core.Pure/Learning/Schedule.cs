using System.Diagnostics;

namespace Functional.Learning;

/// <summary>
/// A number for every step, such as a learning rate: closed data with one closed form, so that it can be saved, compared and printed, and
/// a resumed run sees the rates of an unbroken one. Steps count from 0; before 0 and past its end a piece keeps its end's value.
/// </summary>
public abstract record Schedule
{
    Schedule() { }

    /// <summary>The same value at every step.</summary>
    /// <param name="Value">The value.</param>
    public sealed record Constant(double Value) : Schedule;

    /// <summary>A straight line: <c>From</c> at step 0, <c>To</c> at step <c>Steps</c> and after.</summary>
    /// <param name="From">The value at step 0.</param>
    /// <param name="To">The value at the end.</param>
    /// <param name="Steps">The length; with 0 the end's value holds from the start.</param>
    public sealed record Linear(double From, double To, long Steps) : Schedule;

    /// <summary>Half a cosine wave: To + (From - To) (1 + cos(π t / Steps)) / 2 (Loshchilov and Hutter, "SGDR", 2017, without restarts).</summary>
    /// <param name="From">The value at step 0.</param>
    /// <param name="To">The value at the end.</param>
    /// <param name="Steps">The length; with 0 the end's value holds from the start.</param>
    public sealed record Cosine(double From, double To, long Steps) : Schedule;

    /// <summary>
    /// Decay with the inverse square root of time: Peak √(Scale / (t + Scale)). After a warm-up of <c>Scale</c> steps this is the form
    /// of Vaswani et al. (2017), peak √warmup / √max(t, warmup) in steps of the whole run.
    /// </summary>
    /// <param name="Peak">The value at step 0.</param>
    /// <param name="TimeScale">After three times as many steps the value has halved; at least 1.</param>
    public sealed record InverseSqrt(double Peak, long TimeScale) : Schedule;

    /// <summary>One schedule before step <c>Boundary</c>, another from there on, whose own step 0 is the boundary.</summary>
    /// <param name="First">Holds for steps before the boundary.</param>
    /// <param name="Boundary">The first step of <c>Next</c>.</param>
    /// <param name="Next">Holds from the boundary on.</param>
    public sealed record Then(Schedule First, long Boundary, Schedule Next) : Schedule;

    /// <summary>A schedule times a factor.</summary>
    /// <param name="Inner">The schedule.</param>
    /// <param name="Factor">What each of its values is multiplied by.</param>
    public sealed record Scale(Schedule Inner, double Factor) : Schedule;

    /// <summary>The value at a step, from 0.</summary>
    public double At(long step) => this switch
    {
        Constant s => s.Value,
        Linear s => Between(s.From, s.To, Fraction(step, s.Steps)),
        Cosine s => Between(s.To, s.From, 0.5 * (1 + Math.Cos(Math.PI * Fraction(step, s.Steps)))),
        InverseSqrt s => s.Peak * Math.Sqrt(s.TimeScale / (Math.Max(step, 0) + (double)s.TimeScale)),
        Then s => step < s.Boundary ? s.First.At(step) : s.Next.At(step - s.Boundary),
        Scale s => s.Inner.At(step) * s.Factor,
        _ => throw new UnreachableException(),
    };

    /// <summary>
    /// A linear warm-up for joining: value peak (t + 1) / (warmup + 1) at step t below <paramref name="warmup"/>, so that no step is wasted
    /// at 0 and step <paramref name="warmup"/>, the first of what follows, has the peak. Then half a cosine that reaches
    /// <paramref name="floor"/> at step <paramref name="total"/> and stays there.
    /// </summary>
    /// <param name="peak">The highest value.</param>
    /// <param name="warmup">Steps before the peak; 0 starts at the peak.</param>
    /// <param name="total">The step at which the floor is reached.</param>
    /// <param name="floor">The value at the end and after.</param>
    public static Schedule WarmupCosine(double peak, long warmup, long total, double floor = 0) =>
        Warm(peak, warmup, new Cosine(peak, floor, total - warmup));

    /// <summary>As <see cref="WarmupCosine"/>, falling in a straight line.</summary>
    /// <inheritdoc cref="WarmupCosine"/>
    public static Schedule WarmupLinear(double peak, long warmup, long total, double floor = 0) =>
        Warm(peak, warmup, new Linear(peak, floor, total - warmup));

    /// <summary>The warm-up of <see cref="WarmupCosine"/>, then peak √warmup / √t (Vaswani et al., 2017), without an end.</summary>
    /// <param name="peak">The highest value, at step <paramref name="warmup"/>.</param>
    /// <param name="warmup">Steps before the peak, and the decay's time scale; taken as 1 for the scale when 0.</param>
    public static Schedule WarmupInverseSqrt(double peak, long warmup) => Warm(peak, warmup, new InverseSqrt(peak, Math.Max(1, warmup)));

    /// <summary>Warm-up, a plateau, then a straight fall over the last steps (Hu et al., "MiniCPM", 2024; the fall of Hägele et al., 2024).</summary>
    /// <param name="peak">The plateau's value.</param>
    /// <param name="warmup">Steps before the plateau.</param>
    /// <param name="total">The step at which the floor is reached.</param>
    /// <param name="decay">Steps of the fall.</param>
    /// <param name="floor">The value at the end and after.</param>
    public static Schedule WarmupStableDecay(double peak, long warmup, long total, long decay, double floor = 0)
    {
        var stable = Math.Max(0, total - warmup - decay);
        return Warm(peak, warmup, new Then(new Constant(peak), stable, new Linear(peak, floor, total - warmup - stable)));
    }

    /// <summary>
    /// One cycle (Smith and Topin, 2018), in two cosine halves: up from peak / <paramref name="startDivisor"/>, then down to
    /// peak / <paramref name="startDivisor"/> / <paramref name="endDivisor"/> at step <paramref name="total"/>.
    /// </summary>
    /// <param name="peak">The highest value.</param>
    /// <param name="total">The step at which the end is reached.</param>
    /// <param name="rise">The part of the steps that goes up, in [0, 1].</param>
    /// <param name="startDivisor">How far below the peak it starts.</param>
    /// <param name="endDivisor">How far below its start it ends.</param>
    public static Schedule OneCycle(double peak, long total, double rise = 0.3, double startDivisor = 25, double endDivisor = 1e4)
    {
        var up = (long)(rise * total);
        return new Then(new Cosine(peak / startDivisor, peak, up), up, new Cosine(peak, peak / startDivisor / endDivisor, total - up));
    }

    static Schedule Warm(double peak, long warmup, Schedule next) =>
        warmup <= 0 ? next : new Then(new Linear(peak / (warmup + 1.0), peak, warmup), warmup, next);

    static double Fraction(long step, long steps) => steps <= 0 ? 1 : Math.Clamp((double)step / steps, 0, 1);

    // Rounding must not carry a value past either end: a rate below the floor would surprise.
    static double Between(double a, double b, double part) => Math.Clamp(a * (1 - part) + b * part, Math.Min(a, b), Math.Max(a, b));
}
