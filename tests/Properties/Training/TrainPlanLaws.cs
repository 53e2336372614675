using System.Buffers;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

public class TrainPlanLaws
{
    /// <summary>A run without a model: its configuration, and what the world answers.</summary>
    public sealed record World(RunConfig Config, ulong Seed)
    {
        public TrainPlan Plan { get; } = new(Config, Windows.Of(100, Config.Model.Context).IfFail(static _ => throw new InvalidOperationException()));
        public TrainState Start => TrainState.Start(Key.Seed(Seed));
        public double Number(string name, long step) => Key.Seed(Seed).FoldIn(name).Uniform(step);
    }

    public static Arbitrary<World> Worlds() => Arb.From(
        from steps in Gen.Choose(1, 40)
        from evaluate in Gen.Choose(0, 9)
        from save in Gen.Choose(0, 9)
        from sample in Gen.Choose(0, 9)
        from batch in Gen.Choose(1, 5)
        from accumulate in Gen.Choose(1, 3)
        from order in Gen.Elements(WindowOrder.Random, WindowOrder.Ordered, WindowOrder.Shuffled)
        from seed in ArbMap.Default.GeneratorFor<ulong>()
        select new World(new RunConfig
        {
            Steps = steps, EvalEvery = evaluate, SaveEvery = save, SampleEvery = sample, Batch = batch, Accumulate = accumulate, Order = order, Warmup = 0,
            Model = new() { Context = 7 },
        }, seed));

    sealed record Trace(List<(TrainEffect Effect, TrainState State)> Effects, TrainState End)
    {
        public long[] Steps(TrainEffectKind kind) => [.. Effects.Where(e => e.Effect.Kind == kind).Select(e => e.Effect.Step)];
        public TrainEffect Last => Effects[^1].Effect;
    }

    /// <summary>Interprets a plan without doing anything.</summary>
    /// <param name="world">What answers.</param>
    /// <param name="state">Where to begin.</param>
    /// <param name="badStep">The step whose gradient is not finite.</param>
    /// <param name="interruptAt">After how many answers somebody interrupts.</param>
    static Trace Run(World world, TrainState state, long badStep = -1, int interruptAt = -1)
    {
        var effects = new List<(TrainEffect, TrainState)>();
        var next = TrainEvent.Begin;
        for (var answers = 0; answers < 2000; answers++)
        {
            if (answers == interruptAt) (state, _) = world.Plan.Next(state, TrainEvent.Interrupted);
            (state, var asked) = world.Plan.Next(state, next);
            effects.AddRange(asked.List.Select(e => (e, state)));
            var last = asked.List.Last();
            if (last.Kind == TrainEffectKind.Stop) return new(effects, state);
            next = last.Kind switch
            {
                TrainEffectKind.RunStep when last.Step == badStep => TrainEvent.Stepped(new(float.NaN, 1, 1), ["blocks.0.up.weight", "tokens"]),
                TrainEffectKind.RunStep => TrainEvent.Stepped(new((float)world.Number("loss", last.Step), 1, 2)),
                TrainEffectKind.Evaluate => TrainEvent.Evaluated(world.Number("evaluation", last.Step)),
                TrainEffectKind.Save => TrainEvent.Saved,
                TrainEffectKind.Sample => TrainEvent.Sampled,
                _ => throw new InvalidOperationException($"{last.Kind} is not answered"),
            };
        }
        throw new InvalidOperationException("the plan never stops");
    }

    static TrainState Reread(TrainState state)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            TrainStateJson.Write(json, state);
            json.WriteEndObject();
        }
        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return TinyRun.Get(TrainStateJson.Read(document.RootElement, "state.json"));
    }

    [Property(Arbitrary = [typeof(TrainPlanLaws)])]
    public bool Every_step_runs_once_and_is_logged(World world)
    {
        var trace = Run(world, world.Start);
        var all = Enumerable.Range(1, (int)world.Config.Steps).Select(static s => (long)s).ToArray();
        return trace.Steps(TrainEffectKind.RunStep).SequenceEqual(all) && trace.Steps(TrainEffectKind.LogStep).SequenceEqual(all)
            && trace.Last is { Kind: TrainEffectKind.Stop, Reason: StopReason.Completed } && trace.End.Tokens == world.Config.Steps * world.Config.TokensPerStep
            && trace.Effects.Where(e => e.Effect.Kind == TrainEffectKind.RunStep).All(e => e.Effect.LearningRate == world.Config.LearningRates.At(e.Effect.Step - 1));
    }

    /// <summary>
    /// The numbers that are written down are those of their definitions: the rate that the step was told to use, and all its tokens over its time.
    /// </summary>
    [Property(Arbitrary = [typeof(TrainPlanLaws)])]
    public void What_is_logged_of_a_step_is_what_it_did(World world, ushort quarters)
    {
        var (state, effects) = world.Plan.Next(world.Start, TrainEvent.Begin);
        for (var step = 1; step <= Math.Min(4, world.Config.Steps); step++)
        {
            var run = effects.First.Kind == TrainEffectKind.RunStep ? effects.First : effects.Second;
            if (run.Kind != TrainEffectKind.RunStep) return;
            var milliseconds = quarters / 4.0;
            (state, effects) = world.Plan.Next(state, TrainEvent.Stepped(new(1.25f * step, 0.5f, milliseconds)));
            var c = world.Config;
            var speed = milliseconds > 0 ? (double)c.Batch * c.Accumulate * c.Model.Context / (milliseconds / 1000) : 0;
            var logged = effects.First.Metrics;
            Assert.Equal((step, 1.25f * step, run.LearningRate, 0.5f, milliseconds), (logged.Step, logged.Loss, logged.LearningRate, logged.GradientNorm, logged.Milliseconds));
            Assert.Equal(speed, logged.TokensPerSecond, 1e-6 * speed);
        }
    }

    /// <summary>Of equal losses the first is the best; it is saved for that, and the second is not.</summary>
    [Property(Arbitrary = [typeof(TrainPlanLaws)])]
    public void An_equal_loss_is_not_better(World world)
    {
        var state = world.Start with { Step = 10, Saved = 10, BestLoss = 2, BestStep = 5, Due = Due.Evaluate };
        var (equal, lower) = (world.Plan.Next(state, TrainEvent.Evaluated(2)).State, world.Plan.Next(state, TrainEvent.Evaluated(Math.BitDecrement(2.0))).State);
        Assert.Equal((2, 5), (equal.BestLoss, equal.BestStep));
        Assert.Equal((Math.BitDecrement(2.0), 10), (lower.BestLoss, lower.BestStep));
    }

    [Property(Arbitrary = [typeof(TrainPlanLaws)])]
    public bool Each_effect_comes_at_its_period(World world)
    {
        var (trace, c) = (Run(world, world.Start), world.Config);
        bool At(long step, long every) => every > 0 && step % every == 0;
        var evaluations = trace.Steps(TrainEffectKind.Evaluate);
        var best = evaluations.Where(s => evaluations.Where(t => t < s).All(t => world.Number("evaluation", t) > world.Number("evaluation", s))).ToHashSet();
        var steps = Enumerable.Range(1, (int)c.Steps).Select(static s => (long)s).ToArray();
        return evaluations.SequenceEqual(steps.Where(s => At(s, c.EvalEvery) || s == c.Steps))
            && trace.Steps(TrainEffectKind.Sample).SequenceEqual(steps.Where(s => At(s, c.SampleEvery)))
            && trace.Steps(TrainEffectKind.Save).SequenceEqual(steps.Where(s => At(s, c.SaveEvery) || s == c.Steps || best.Contains(s)))
            && trace.Steps(TrainEffectKind.LogEvaluation).SequenceEqual(evaluations)
            && trace.End.BestStep == best.Max() && trace.End.BestLoss == world.Number("evaluation", best.Max());
    }

    [Property(Arbitrary = [typeof(TrainPlanLaws)])]
    public bool Resumed_from_any_checkpoint_is_unbroken(World world)
    {
        var trace = Run(world, world.Start);
        return Enumerable.Range(0, trace.Effects.Count).Where(i => trace.Effects[i].Effect.Kind == TrainEffectKind.Save)
            .All(i => Run(world, Reread(trace.Effects[i].State)).Effects.SequenceEqual(trace.Effects.Skip(i + 1)));
    }

    [Property(Arbitrary = [typeof(TrainPlanLaws)])]
    public bool An_interrupt_saves_once_and_stops(World world, byte at)
    {
        var answers = 1 + at % 60;
        var trace = Run(world, world.Start, interruptAt: answers);
        var whole = Run(world, world.Start);
        if (trace.Last.Reason == StopReason.Completed) return trace.Effects.SequenceEqual(whole.Effects);
        var step = trace.Last.Step;
        var saved = trace.Effects.FindLastIndex(e => e.Effect.Kind == TrainEffectKind.Save && e.Effect.Step == step);
        var resumed = Run(world, Reread(trace.Effects[saved].State));
        // A sample that was under way comes again; nothing else lies between the checkpoint and the stop.
        return trace.Last.Reason == StopReason.Interrupted && trace.Steps(TrainEffectKind.Save).Count(s => s == step) == 1
            && trace.Effects.Skip(saved + 1).SkipLast(1).All(e => e.Effect.Kind == TrainEffectKind.Sample)
            && Numbers(trace.Effects.Take(saved)).Concat(Numbers(resumed.Effects)).SequenceEqual(Numbers(whole.Effects));

        static IEnumerable<TrainEffect> Numbers(IEnumerable<(TrainEffect Effect, TrainState)> effects) =>
            effects.Select(static e => e.Effect).Where(static e => e.Kind is not (TrainEffectKind.Save or TrainEffectKind.Stop));
    }

    [Property(Arbitrary = [typeof(TrainPlanLaws)])]
    public bool What_is_not_finite_is_never_saved(World world, byte which)
    {
        var bad = 1 + which % world.Config.Steps;
        var (trace, whole) = (Run(world, world.Start, badStep: bad), Run(world, world.Start));
        var before = whole.Effects.TakeWhile(e => e.Effect.Kind != TrainEffectKind.RunStep || e.Effect.Step <= bad).Select(static e => e.Effect).ToList();
        before = before.Take(before.FindLastIndex(e => e.Kind == TrainEffectKind.RunStep) + 1).ToList();
        return trace.Effects.SkipLast(1).Select(static e => e.Effect).SequenceEqual(before)
            && trace.Last is { Kind: TrainEffectKind.Stop, Reason: StopReason.NotFinite, Fault: { } fault }
            && fault.Where == $"step {bad}" && fault.What == "loss NaN, gradient norm 1; not finite: blocks.0.up.weight, tokens" && trace.End.Step == bad - 1;
    }

    [Property(Arbitrary = [typeof(TrainPlanLaws)])]
    public bool The_cursor_moves_over_every_window_of_ordered_runs(World world)
    {
        var trace = Run(world, world.Start);
        var cursor = trace.End.Cursor;
        var taken = cursor.Epoch * world.Plan.Windows.InOrder + cursor.Position;
        return taken == (world.Config.Order == WindowOrder.Random ? 0 : world.Config.Steps * world.Config.Batch * world.Config.Accumulate);
    }

    [Property(Arbitrary = [typeof(TrainPlanLaws)])]
    public bool A_failure_stops_with_its_reason(World world)
    {
        var (state, effects) = world.Plan.Next(world.Start, TrainEvent.Failed(new("disk", "full", "")));
        return state == world.Start && effects.First is { Kind: TrainEffectKind.Stop, Reason: StopReason.Failed, Fault.Where: "disk" };
    }

    [Property]
    public bool A_state_reads_back(ulong key, long step, long epoch, long position, long tokens, double loss, long best, byte due)
    {
        static long Abs(long value) => value == long.MinValue ? 0 : Math.Abs(value);
        var state = TrainState.Start(Key.Seed(key)) with
        {
            Step = Abs(step), Cursor = new(Abs(epoch), Abs(position)), Tokens = Abs(tokens), BestLoss = double.IsFinite(loss) ? loss : double.PositiveInfinity,
            BestStep = Abs(best) - 1, Saved = Abs(step), Due = (Due)(due % 8),
        };
        return Reread(state) == state;
    }

    [Theory]
    [InlineData("{}", 9)]
    [InlineData("[]", 9)]
    [InlineData("""{"step":-1,"key":"0:0","epoch":"x","position":1.5,"tokens":1,"best_loss":"low","best_step":-2,"saved":-1,"due":"Lunch"}""", 7)]
    public void A_state_that_is_none_is_faults(string json, int faults)
    {
        using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(json));
        Assert.Equal(faults, TinyRun.Faults(TrainStateJson.Read(document.RootElement, "state.json")).Split('\n').Length);
    }
}
