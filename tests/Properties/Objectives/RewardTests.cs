using Xunit;

namespace Functional.Tests.Properties.Training;

using Place = Functional.Data.Place;
using Schedule = Functional.Learning.Schedule;

/// <summary>
/// The seam: a reward head that learns from pairs (Bradley and Terry 1952), in forty lines and without a word of it anywhere else. Trainer, programs,
/// checkpoints and plan are those of pretraining.
/// </summary>
public class RewardTests
{
    const int Vocabulary = 5, Time = 4;

    // The reward of a text is a number read off its last hidden state; of two texts the better one should have more.
    static Objective Preference(Model model, int rows)
    {
        var head = ParamSpec.Of("reward.weight", [model.Specs["tokens"].Type.Shape[1], 1], new Initializer.Normal(0.02));
        var reward = new Part("reward", model with { Specs = model.Body.Params.Add(head.Name, head) });
        var tokens = new BatchShape(rows, Time).Tokens;
        return new([reward], Params.Of(("chosen", tokens), ("rejected", tokens)), scene =>
        {
            var env = scene.Of("reward");
            Tensor Score(string text) =>
                reward.Model.Hidden(env, scene[text]).Value.Slice(1, Time - 1, 1).Reshape(rows, -1).MatMul(env[head.Name]).Reshape(rows);
            var margin = Score("chosen") - Score("rejected");
            var count = Create.Scalar(rows);
            var right = margin.Greater(margin.Like(0)).Where(margin.Like(1), margin.Like(0));
            return new Loss(new(((-margin).Exp() + 1).Log().SumAll(), count)).With("accuracy", new(right.SumAll(), count));
        });
    }

    // Texts of random tokens; the better one of two has the higher last token.
    sealed class Pairs(long? rows) : Source
    {
        public override long? Rows => rows;
        public override Params<TensorType> Feed(int rows) =>
            Params.Of(("chosen", new BatchShape(rows, Time).Tokens), ("rejected", new BatchShape(rows, Time).Tokens));
        public override long Tokens(long rows) => 2 * Time * rows;
        public override Place After(Place place, long rows) => place with { Position = place.Position + rows };
        public override void Fill(Place place, long first, Batch batch)
        {
            for (var row = 0; row < batch.Rows; row++)
            {
                var key = Key.Seed(9).FoldIn(place.Position + first + row);
                for (var i = 0; i < Time; i++) (batch.Ints("chosen", row)[i], batch.Ints("rejected", row)[i]) = ((int)key.Below(i, Vocabulary),
                    (int)key.Below(Time + i, Vocabulary));
                var worse = (int)key.Below(2 * Time, Vocabulary - 1);
                (batch.Ints("rejected", row)[^1], batch.Ints("chosen", row)[^1]) = (worse, worse + 1 + (int)key.Below(2 * Time + 1, Vocabulary - 1 - worse));
            }
        }
    }

    static Stage Stage(int rows, int accumulate)
    {
        var model = Transformer.Of(new() { Layers = 1, Heads = 2, Width = 8, Context = Time, Vocabulary = Vocabulary });
        return new(Preference(model, rows), new Pairs(null), new Pairs(64), Optimisers.AdamW(decay: 0), GradientClip.To(1), new Schedule.Constant(2e-2),
            new(60, 0, 0, 0), rows, accumulate);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_reward_head_learns_from_pairs(int accumulate)
    {
        using var engine = new ManagedEngine(1);
        using var trainer = new Trainer(engine, Stage(16 / accumulate, accumulate));
        trainer.Initialise(Key.Seed(1));
        var (state, before, last) = (RunState.Start(Key.Seed(1)), trainer.Measure()!.Value, default(StepOutcome));
        // Before anything is learned, both of a pair are as good.
        Assert.Equal(Math.Log(2), before, 0.05);
        for (; state.Step < 60; state = state with { Step = state.Step + 1, Place = last.Next }) last = trainer.Step(state, 2e-2)!.Value;
        Assert.True(trainer.Measure() < 0.2, $"{before} became {trainer.Measure()}");
        Assert.Equal(128, last.Tokens);
        Assert.True(last.Shown!["accuracy"] > 0.85, $"{last.Shown["accuracy"]}");
    }

    /// <summary>Saved and loaded by its part's name, it goes on bit for bit.</summary>
    [Fact]
    public void A_reward_head_is_saved_and_goes_on()
    {
        using var scratch = new Scratch();
        using var engine = new ManagedEngine(1);
        using Trainer whole = new(engine, Stage(4, 2)), resumed = new(engine, Stage(4, 2));
        whole.Initialise(Key.Seed(1));
        var state = RunState.Start(Key.Seed(1));
        for (; state.Step < 3; state = state with { Step = state.Step + 1, Place = whole.Step(state, 1e-2)!.Value.Next }) { }
        var store = new CheckpointStore(scratch["c"]);
        var folder = TinyRun.Get(store.Save(state, new(new("", 0, ""), Params<string>.Empty), whole.Parts, 1));
        Assert.Equal(["reward/model.safetensors", "reward/optimizer.safetensors", "state.json"],
            Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(folder, f).Replace('\\', '/')).Order(StringComparer.Ordinal));
        var checkpoint = TinyRun.Get(Checkpoint.Open(folder));
        TinyRun.Get(resumed.Load(checkpoint));
        Assert.Equal(state, checkpoint.Training);
        Assert.Equal(whole.Step(state, 1e-2), resumed.Step(checkpoint.Training, 1e-2));
        foreach (var (name, value) in whole.Parts[0].Model) Assert.Equal(value.ToArray<float>(), resumed.Parts[0].Model[name].ToArray<float>());
    }
}
