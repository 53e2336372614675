using FsCheck;
using FsCheck.Fluent;
using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Schedules;

using Schedule = Functional.Learning.Schedule;

/// <summary>Any schedule, and named ones with their peak, floor, warm-up and total.</summary>
public static class AnySchedule
{
    static readonly Gen<double> Value = Gen.Choose(-1000, 1000).Select(i => i * 1e-3 / 7);
    static readonly Gen<long> Steps = Gen.Choose(0, 60).Select(i => (long)i);

    public static Arbitrary<Schedule> Schedules() => Gen.Sized(size => Tree(Math.Min(size / 10, 5))).ToArbitrary();

    static Gen<Schedule> Tree(int depth) => depth <= 0 ? Gen.OneOf(
            Value.Select(Schedule (v) => new Schedule.Constant(v)),
            Value.Two().Zip(Steps).Select(Schedule (x) => new Schedule.Linear(x.Item1.Item1, x.Item1.Item2, x.Item2)),
            Value.Two().Zip(Steps).Select(Schedule (x) => new Schedule.Cosine(x.Item1.Item1, x.Item1.Item2, x.Item2)),
            Value.Zip(Steps).Select(Schedule (x) => new Schedule.InverseSqrt(x.Item1, x.Item2 + 1)))
        : Gen.OneOf(
            Tree(0),
            Tree(depth - 1).Zip(Steps).Zip(Tree(depth - 1)).Select(Schedule (x) => new Schedule.Then(x.Item1.Item1, x.Item1.Item2, x.Item2)),
            Tree(depth - 1).Zip(Value).Select(Schedule (x) => new Schedule.Scale(x.Item1, x.Item2)));

    public static Arbitrary<Named> Names() => (
        from kind in Gen.Choose(0, 4)
        from peak in Gen.Choose(1, 1000)
        from part in Gen.Choose(0, 10)
        from warmup in Gen.Choose(0, 40)
        from rest in Gen.Choose(1, 100)
        from decay in Gen.Choose(1, rest)
        let p = peak * 1e-5
        let floor = p * part / 10
        select kind switch
        {
            0 => new Named(Schedule.WarmupCosine(p, warmup, warmup + rest, floor), p, floor, warmup, warmup + rest),
            1 => new Named(Schedule.WarmupLinear(p, warmup, warmup + rest, floor), p, floor, warmup, warmup + rest),
            2 => new Named(Schedule.WarmupStableDecay(p, warmup, warmup + rest, decay, floor), p, floor, warmup, warmup + rest),
            3 => new Named(Schedule.OneCycle(p, warmup + rest), p, p / 25 / 1e4, (long)(0.3 * (warmup + rest)), warmup + rest),
            _ => new Named(Schedule.WarmupInverseSqrt(p, warmup), p, 0, warmup, long.MaxValue),
        }).ToArbitrary();
}

public sealed record Named(Schedule Schedule, double Peak, double Floor, long Warmup, long Total);

public class ScheduleLaws
{
    const double Rounding = 1e-14;

    static (double Low, double High) Ends(Schedule schedule) => schedule switch
    {
        Schedule.Constant s => (s.Value, s.Value),
        Schedule.Linear s => (Math.Min(s.From, s.To), Math.Max(s.From, s.To)),
        Schedule.Cosine s => (Math.Min(s.From, s.To), Math.Max(s.From, s.To)),
        Schedule.InverseSqrt s => (Math.Min(0, s.Peak), Math.Max(0, s.Peak)),
        Schedule.Then s => (Ends(s.First), Ends(s.Next)) is var (a, b) ? (Math.Min(a.Low, b.Low), Math.Max(a.High, b.High)) : default,
        Schedule.Scale s => (Ends(s.Inner).Low * s.Factor, Ends(s.Inner).High * s.Factor) is var (a, b) ? (Math.Min(a, b), Math.Max(a, b)) : default,
        _ => throw new NotSupportedException(),
    };

    [Property(Arbitrary = [typeof(AnySchedule)])]
    public bool Bounded_by_the_ends(Schedule schedule, ushort step) =>
        Ends(schedule) is var (low, high) && schedule.At(step) is var value && value >= low && value <= high;

    [Property(Arbitrary = [typeof(AnySchedule)])]
    public bool Joined_parts_keep_their_own_steps(Schedule first, Schedule next, byte boundary, byte step)
    {
        var joined = new Schedule.Then(first, boundary, next);
        return joined.At(step) == (step < boundary ? first.At(step) : next.At(step - boundary)) && joined.At(boundary + step) == next.At(step);
    }

    [Property(Arbitrary = [typeof(AnySchedule)])]
    public bool Ends_are_exact(double from, double to, byte steps)
    {
        if (!double.IsFinite(from) || !double.IsFinite(to)) return true;
        Schedule[] pieces = [new Schedule.Linear(from, to, steps + 1), new Schedule.Cosine(from, to, steps + 1)];
        return pieces.All(p => p.At(0) == from && p.At(steps + 1) == to && p.At(long.MaxValue) == to && p.At(-5) == from);
    }

    [Property(Arbitrary = [typeof(AnySchedule)])]
    public bool Named_rise_to_the_peak_then_fall_and_never_rebound(Named n)
    {
        var slack = n.Peak * Rounding;
        var end = n.Total == long.MaxValue ? n.Warmup + 500 : n.Total;
        for (long t = 0; t < end + 50; t++)
        {
            var (now, next) = (n.Schedule.At(t), n.Schedule.At(t + 1));
            if (t < n.Warmup ? next < now - slack : next > now + slack) return false;
            if (t >= n.Total && now != n.Floor) return false;
        }
        return n.Schedule.At(n.Warmup) == n.Peak && n.Schedule.At(0) > 0;
    }

    /// <summary>Over one step, nothing moves by more than the steepest part of a piece: π/2 times the height over its length for a cosine.</summary>
    [Property(Arbitrary = [typeof(AnySchedule)])]
    public bool Named_are_continuous_at_joins(ushort peak, byte warmup, byte rest, byte decay)
    {
        var (p, w, d) = (1e-5 * (peak + 1), (long)warmup, 1L + decay);
        var total = w + d + rest;
        (Schedule Schedule, double Steepest)[] rows =
        [
            (Schedule.WarmupCosine(p, w, total), Math.Max(p / (w + 1), Math.PI / 2 * p / (total - w))),
            (Schedule.WarmupLinear(p, w, total), Math.Max(p / (w + 1), p / (total - w))),
            (Schedule.WarmupStableDecay(p, w, total, d), Math.Max(p / (w + 1), p / d)),
            (Schedule.WarmupInverseSqrt(p, w), Math.Max(p / (w + 1), p / 2 / Math.Max(1, w))),
        ];
        return rows.All(row => Enumerable.Range(0, (int)total + 20)
            .All(t => Math.Abs(row.Schedule.At(t + 1) - row.Schedule.At(t)) <= row.Steepest * (1 + 1e-9)));
    }

    [Property]
    public bool Inverse_root_after_warm_up_is_the_published_form(ushort warmup, ushort step)
    {
        var w = 1L + warmup;
        var expected = 0.01 * Math.Sqrt(w) / Math.Sqrt(Math.Max(w + step, w));
        return Math.Abs(Schedule.WarmupInverseSqrt(0.01, w).At(w + step) - expected) <= Rounding;
    }

    [Theory]
    [InlineData(0, 1e-3 / 101)]
    [InlineData(99, 1e-3 * 100 / 101)]
    [InlineData(100, 1e-3)]
    [InlineData(1050, 5.5e-4)]
    [InlineData(2000, 1e-4)]
    [InlineData(5000, 1e-4)]
    public void Warm_up_and_cosine_by_hand(long step, double rate) =>
        Assert.Equal(rate, Schedule.WarmupCosine(1e-3, 100, 2000, 1e-4).At(step), 1e-15);
}
