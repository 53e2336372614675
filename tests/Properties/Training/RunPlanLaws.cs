using System.Buffers;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

using Place = Functional.Data.Place;
using Schedule = Functional.Learning.Schedule;

public class RunPlanLaws
{
    /// <summary>A run without a model or a text: its cadence, and what the world answers.</summary>
    /// <param name="Cadence">When what is done.</param>
    /// <param name="Round">Steps of a round, where the policy writes what it learns from; 0 where it does not.</param>
    /// <param name="Tokens">Tokens of a step.</param>
    /// <param name="Seed">What numbers are drawn with.</param>
    public sealed record World(Cadence Cadence, int Round, long Tokens, ulong Seed)
    {
        public RunPlan Plan { get; } = new(Cadence, Schedule.WarmupCosine(1e-2, Cadence.Steps / 3, Cadence.Steps, 1e-3));
        public RunState Start => RunState.Start(Key.Seed(Seed));
        public double Number(string name, long step) => Key.Seed(Seed).FoldIn(name).Uniform(step);
        public Place After(Place place) => Round == 0 ? new(place.Round + 2, place.Position + 3) : place.Position + 1 < Round ? place with { Position = place.Position + 1 } : new(place.Round + 1, 0);
        public float Moved(long step) => (float)Number("moved", step);
    }

    public static Arbitrary<World> Worlds() => Arb.From(
        from steps in Gen.Choose(1, 40)
        from measure in Gen.Choose(0, 9)
        from save in Gen.Choose(0, 9)
        from draw in Gen.Choose(0, 9)
        from roll in Gen.Choose(0, 5)
        from tokens in Gen.Choose(1, 100)
        from seed in ArbMap.Default.GeneratorFor<ulong>()
        from most in Gen.Elements(0, 0.3, 0.7)
        select new World(new(steps, measure, save, draw) { Practises = roll > 0, MostMoved = roll > 0 ? most : 0 }, roll, tokens, seed));

    sealed record Trace(List<(RunEffect Effect, RunState State)> Effects, RunState End)
    {
        /// <summary>After which steps an effect of a kind came.</summary>
        public long[] After<T>() where T : RunEffect => [.. Effects.Where(static e => e.Effect is T).Select(static e => e.State.Step)];
        public RunEffect Last => Effects[^1].Effect;
        public StopReason Reason => Assert.IsType<RunEffect.Stop>(Last).Reason;
    }

    /// <summary>Interprets a plan without doing anything.</summary>
    /// <param name="world">What answers.</param>
    /// <param name="state">Where to begin.</param>
    /// <param name="badStep">The step whose gradient is not finite.</param>
    /// <param name="interruptAt">After how many answers somebody interrupts.</param>
    static Trace Run(World world, RunState state, long badStep = -1, int interruptAt = -1)
    {
        var effects = new List<(RunEffect, RunState)>();
        RunEvent next = new RunEvent.Begun();
        for (var answers = 0; answers < 2000; answers++)
        {
            if (answers == interruptAt) (state, _) = world.Plan.Next(state, new RunEvent.Interrupted());
            (state, var asked) = world.Plan.Next(state, next);
            effects.AddRange(asked.Select(e => (e, state)));
            // Only what answers with nothing stands before what answers.
            Assert.All(asked.SkipLast(1), static e => Assert.True(e is RunEffect.LogStep or RunEffect.LogMeasured or RunEffect.LogRollOut));
            if (asked[^1] is RunEffect.Stop) return new(effects, state);
            next = asked[^1] switch
            {
                RunEffect.TakeStep s when s.Number == badStep =>
                    new RunEvent.Stepped(new(float.NaN, 1, world.After(state.Place), world.Tokens) { NotFinite = ["blocks.0.up.weight", "tokens"] }),
                RunEffect.TakeStep s =>
                    new RunEvent.Stepped(new((float)world.Number("loss", s.Number), 1, world.After(state.Place), world.Tokens)
                    {
                        Milliseconds = 2, Shown = world.Round > 0 ? Params.Of((Cadence.Moved, world.Moved(s.Number))) : null,
                    }),
                RunEffect.Measure => new RunEvent.Measured(world.Number("evaluation", state.Step)),
                RunEffect.Save => new RunEvent.Saved(),
                RunEffect.Draw => new RunEvent.Drawn(),
                RunEffect.RollOut => new RunEvent.RolledOut(Params.Of(("reward", (float)world.Number("reward", state.Step)))),
                _ => throw new InvalidOperationException($"{asked[^1]} is not answered"),
            };
        }
        throw new InvalidOperationException("the plan never stops");
    }

    static RunState Reread(RunState state)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            RunStateJson.Write(json, state);
            json.WriteEndObject();
        }
        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return TinyRun.Get(RunStateJson.Read(document.RootElement, "state.json"));
    }

    // Where a round goes on, or ends because the policy has moved.
    static Place Next(World world, Place place, long step) => world.After(place) is var next && world.Cadence.MostMoved > 0 && next.Position > 0
        && world.Moved(step) > world.Cadence.MostMoved ? new(next.Round + 1, 0) : next;

    static long[] Steps(World world) => [.. Enumerable.Range(1, (int)world.Cadence.Steps).Select(static s => (long)s)];

    [Property(Arbitrary = [typeof(RunPlanLaws)])]
    public void Every_step_runs_once_and_is_logged(World world)
    {
        var (trace, all) = (Run(world, world.Start), Steps(world));
        var taken = trace.Effects.Select(static e => e.Effect).OfType<RunEffect.TakeStep>().ToList();
        Assert.Equal(all, taken.Select(static s => s.Number));
        Assert.Equal(all, trace.Effects.Select(static e => e.Effect).OfType<RunEffect.LogStep>().Select(static s => s.Metrics.Step));
        Assert.All(taken, s => Assert.Equal(world.Plan.Rate.At(s.Number - 1), s.LearningRate));
        Assert.Equal((StopReason.Completed, world.Cadence.Steps * world.Tokens), (trace.Reason, trace.End.Tokens));
        // Where its source stands is what the last step said of it.
        Assert.Equal(all.Aggregate(default(Place), (place, step) => Next(world, place, step)), trace.End.Place);
    }

    /// <summary>
    /// The numbers that are written down are those of their definitions: the rate that the step was told to use, all its tokens over its time, and what the
    /// objective shows.
    /// </summary>
    [Property(Arbitrary = [typeof(RunPlanLaws)])]
    public void What_is_logged_of_a_step_is_what_it_did(World world, ushort quarters)
    {
        var (state, effects) = world.Plan.Next(world.Start, new RunEvent.Begun());
        for (var step = 1; step <= Math.Min(4, world.Cadence.Steps); step++)
        {
            if (effects[^1] is not RunEffect.TakeStep run) return;
            var (milliseconds, shown) = (quarters / 4.0, Params.Of(("accuracy", step / 8f)));
            (state, effects) = world.Plan.Next(state,
                new RunEvent.Stepped(new(1.25f * step, 0.5f, default, world.Tokens) { Milliseconds = milliseconds, Shown = shown }));
            var speed = milliseconds > 0 ? world.Tokens / (milliseconds / 1000) : 0;
            var logged = Assert.IsType<RunEffect.LogStep>(effects[0]).Metrics;
            Assert.Equal((step, 1.25f * step, run.LearningRate, 0.5f, milliseconds, shown),
                (logged.Step, logged.Loss, logged.LearningRate, logged.GradientNorm, logged.Milliseconds, logged.Shown));
            Assert.Equal(speed, logged.TokensPerSecond, 1e-6 * speed);
        }
    }

    /// <summary>Of equal losses the first is the best; it is saved for that, and the second is not.</summary>
    [Property(Arbitrary = [typeof(RunPlanLaws)])]
    public void An_equal_loss_is_not_better(World world)
    {
        var state = world.Start with { Step = 10, Saved = 10, BestLoss = 2, BestStep = 5, Due = Due.Measure };
        RunState After(double loss) => world.Plan.Next(state, new RunEvent.Measured(loss)).State;
        Assert.Equal((2, 5), (After(2).BestLoss, After(2).BestStep));
        Assert.Equal((Math.BitDecrement(2.0), 10), (After(Math.BitDecrement(2.0)).BestLoss, After(Math.BitDecrement(2.0)).BestStep));
    }

    [Property(Arbitrary = [typeof(RunPlanLaws)])]
    public void Each_effect_comes_at_its_period(World world)
    {
        var (trace, c) = (Run(world, world.Start), world.Cadence);
        bool At(long step, long every) => every > 0 && step % every == 0;
        var measured = trace.After<RunEffect.Measure>();
        var best = measured.Where(s => measured.Where(t => t < s).All(t => world.Number("evaluation", t) > world.Number("evaluation", s))).ToHashSet();
        var steps = Steps(world);
        Assert.Equal(steps.Where(s => At(s, c.MeasureEvery) || s == c.Steps), measured);
        Assert.Equal(steps.Where(s => At(s, c.DrawEvery)), trace.After<RunEffect.Draw>());
        Assert.Equal(steps.Where(s => At(s, c.SaveEvery) || s == c.Steps || best.Contains(s)), trace.After<RunEffect.Save>());
        var places = new List<Place> { default };
        foreach (var step in steps) places.Add(Next(world, places[^1], step));
        var rolled = world.Round == 0 ? [] : steps.Where(s => places[(int)s - 1].Position == 0).ToArray();
        Assert.Equal(rolled, trace.After<RunEffect.RollOut>().Select(static s => s + 1));
        Assert.Equal(rolled, trace.Effects.Select(static e => e.Effect).OfType<RunEffect.LogRollOut>().Select(static e => e.Step));
        Assert.Equal(measured, trace.Effects.Select(static e => e.Effect).OfType<RunEffect.LogMeasured>().Select(static e => e.Step));
        Assert.Equal((best.Max(), world.Number("evaluation", best.Max())), (trace.End.BestStep, trace.End.BestLoss));
    }

    [Property(Arbitrary = [typeof(RunPlanLaws)])]
    public bool Resumed_from_any_checkpoint_is_unbroken(World world)
    {
        var trace = Run(world, world.Start);
        return Enumerable.Range(0, trace.Effects.Count).Where(i => trace.Effects[i].Effect is RunEffect.Save)
            .All(i => Run(world, Reread(trace.Effects[i].State)).Effects.SequenceEqual(trace.Effects.Skip(i + 1)));
    }

    [Property(Arbitrary = [typeof(RunPlanLaws)])]
    public bool An_interrupt_saves_once_and_stops(World world, byte at)
    {
        var answers = 1 + at % 60;
        var trace = Run(world, world.Start, interruptAt: answers);
        var whole = Run(world, world.Start);
        if (trace.Reason == StopReason.Completed) return trace.Effects.SequenceEqual(whole.Effects);
        var step = trace.End.Step;
        var saved = trace.Effects.FindLastIndex(e => e.Effect is RunEffect.Save && e.State.Step == step);
        var resumed = Run(world, Reread(trace.Effects[saved].State));
        // A sample that was under way comes again; nothing else lies between the checkpoint and the stop.
        return trace.Reason == StopReason.Interrupted && trace.After<RunEffect.Save>().Count(s => s == step) == 1
            && trace.Effects.Skip(saved + 1).SkipLast(1).All(static e => e.Effect is RunEffect.Draw or RunEffect.RollOut or RunEffect.LogRollOut)
            && Numbers(trace.Effects.Take(saved)).Concat(Numbers(resumed.Effects)).SequenceEqual(Numbers(whole.Effects));

        static IEnumerable<(RunEffect, long)> Numbers(IEnumerable<(RunEffect Effect, RunState State)> effects) =>
            effects.Where(static e => e.Effect is not (RunEffect.Save or RunEffect.Stop)).Select(static e => (e.Effect, e.State.Step));
    }

    [Property(Arbitrary = [typeof(RunPlanLaws)])]
    public void What_is_not_finite_is_never_saved(World world, byte which)
    {
        var bad = 1 + which % world.Cadence.Steps;
        var (trace, whole) = (Run(world, world.Start, badStep: bad), Run(world, world.Start));
        var until = whole.Effects.FindIndex(e => e.Effect is RunEffect.TakeStep s && s.Number == bad) + 1;
        Assert.Equal(whole.Effects.Take(until), trace.Effects.SkipLast(1));
        var stop = Assert.IsType<RunEffect.Stop>(trace.Last);
        Assert.Equal((StopReason.NotFinite, $"step {bad}", "loss NaN, gradient norm 1; not finite: blocks.0.up.weight, tokens", bad - 1),
            (stop.Reason, stop.Fault!.Where, stop.Fault.What, trace.End.Step));
    }

    [Property(Arbitrary = [typeof(RunPlanLaws)])]
    public void A_failure_stops_with_its_reason(World world)
    {
        var fault = new Fault("disk", "full", "");
        var (state, effects) = world.Plan.Next(world.Start, new RunEvent.Failed(fault));
        Assert.Equal(world.Start, state);
        Assert.Equal([new RunEffect.Stop(StopReason.Failed, fault)], effects);
    }

    [Property]
    public bool A_state_reads_back(ulong key, long step, long epoch, long position, long tokens, double loss, long best, byte due)
    {
        static long Abs(long value) => value == long.MinValue ? 0 : Math.Abs(value);
        var state = RunState.Start(Key.Seed(key)) with
        {
            Step = Abs(step), Place = new(Abs(epoch), Abs(position)), Tokens = Abs(tokens), BestLoss = double.IsFinite(loss) ? loss : double.PositiveInfinity,
            BestStep = Abs(best) - 1, Saved = Abs(step), Due = (Due)(due % 8),
        };
        return Reread(state) == state;
    }

    [Theory]
    [InlineData("{}", 9)]
    [InlineData("[]", 9)]
    [InlineData("""{"step":-1,"key":"0:0","round":"x","position":1.5,"tokens":1,"best_loss":"low","best_step":-2,"saved":-1,"due":"Lunch"}""", 7)]
    public void A_state_that_is_none_is_faults(string json, int faults)
    {
        using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(json));
        Assert.Equal(faults, TinyRun.Faults(RunStateJson.Read(document.RootElement, "state.json")).Split('\n').Length);
    }
}
