using System.Numerics;
using Functional.Tests.Properties.Training;

namespace Functional.Tests.Properties;

/// <summary>The cost of many blocks from graphs of a few, against that of the whole graph: the same to the last byte.</summary>
public sealed class RepeatedCostLaws
{
    static void Same(RunConfig config, Func<Model, Program> program) => Assert.Equal(
        Cost.Of(program(Transformer.Of(config.Model))), Cost.Of(config.Model.Layers, config.Model.Period, blocks => program(Transformer.Of(config.Model, blocks))));

    /// <summary>Windows, mixtures and scales that differ from layer to layer cost what whole graphs say, too.</summary>
    [Property(Arbitrary = [typeof(DecoderRun)], MaxTest = 40)]
    public void A_run_of_any_decoder_costs_what_its_whole_graphs_say(DecoderRun run)
    {
        Assert.Equal(Whole(run.Config), RunCost.Of(run.Config));
        Assert.Equal(DecoderByHand.Parameters(run.Config.Model), (long)RunMemory.Of(run.Config).Parameters);
    }

    [Property(Arbitrary = [typeof(DecoderRun)])]
    public void A_decoder_that_writes_needs_its_weights_and_caches(DecoderRun run)
    {
        var model = Transformer.Of(run.Config.Model);
        var types = model.Specs.Values.Select(static s => s.Type).Concat(model.Caches(new(1, Functional.Generation.Batcher.MostPiece)).Values);
        Assert.Equal(types.Aggregate(Int128.Zero, static (sum, type) => sum + type.Bytes), Memory.DecodingBytes(run.Config.Model));
    }

    [Property(Arbitrary = [typeof(DecoderRun)], MaxTest = 20)]
    public void So_do_its_other_programs(DecoderRun run)
    {
        var alike = run.Config with { Model = run.Config.Model with { ScaledByLayer = false } };
        Same(alike, model => Programs.Logits(model, alike.BatchShape));
        Same(alike, model => Programs.CachedStep(model, new(alike.Stage.Batch, 1)));
    }

    /// <summary>However many layers there are, and however they take turns, a plan comes soon.</summary>
    [Fact]
    public async Task The_longest_turns_are_soon_costed()
    {
        var model = new DecoderConfig
        {
            Layers = 2_000_000_000, Window = 3, Pattern = "wwwwwwwwf", ScaledByLayer = true, Experts = new() { Count = 2, Pattern = "eeeeeed" },
        };
        Assert.Equal(63, model.Period);
        await Task.Run(() => RunCost.Of(new() { Model = model })).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.False((model with { Positions = Positions.None, Pattern = "" }).IsBounded);
    }

    [Property(Arbitrary = [typeof(SmallRun)], MaxTest = 150)]
    public void Programs_of_training_cost_what_their_whole_graphs_do(SmallRun run)
    {
        var c = run.Config;
        Same(c, model =>
            Programs.Step(Objectives.NextToken(model, c.BatchShape, c.Stage.LabelSmoothing), c.Stage.Optimiser.Transform(c.Stage.Steps),
                GradientClip.To(c.Stage.Optimiser.Clip)));
        Same(c, model => Programs.Accumulate(Objectives.NextToken(model, c.BatchShape, c.Stage.LabelSmoothing)));
        Same(c, model => Programs.Apply(Objectives.NextToken(model, new(1, 1)), c.Stage.Optimiser.Transform(c.Stage.Steps), GradientClip.To(c.Stage.Optimiser.Clip)));
    }

    [Property(Arbitrary = [typeof(SmallRun)], MaxTest = 150)]
    public void Other_programs_do_too(SmallRun run)
    {
        Same(run.Config, model => Programs.Logits(model, run.Config.BatchShape));
        Same(run.Config, model => Programs.Measure(Objectives.NextToken(model, run.Config.BatchShape, run.Config.Stage.LabelSmoothing)));
        Same(run.Config, model => Programs.CachedStep(model, new(run.Config.Stage.Batch, 1)));
    }

    /// <summary>Where the peak is changes with the number of blocks: here the pass that is the largest of few is not that of many.</summary>
    [Fact]
    public void The_peak_may_move_when_blocks_are_added()
    {
        static RunConfig Of(int layers, int vocabulary, int context) => new()
        {
            Model = new() { Layers = layers, Heads = 4, Width = 12, Context = context, Vocabulary = vocabulary },
            Stage = new() { Batch = 7, Accumulate = 2, Optimiser = new() { Kind = OptimiserKind.Sgd } },
        };
        static bool Moves(int vocabulary, int context) => ((int[])[2, 3, 11, 12]).Select(layers => RunCost.Of(Of(layers, vocabulary, context)).WorkBytes).ToArray() is var work
            && work[1] - work[0] != work[3] - work[2];
        var moving = (from vocabulary in (int[])[50, 400, 1605, 6400, 25600] from context in (int[])[5, 20, 80] where Moves(vocabulary, context) select (vocabulary, context)).ToList();
        Assert.NotEmpty(moving);
        for (var layers = 1; layers <= 12; layers++)
            Same(Of(layers, moving[0].vocabulary, moving[0].context), model => Programs.Accumulate(Objectives.NextToken(model, Of(layers, moving[0].vocabulary, moving[0].context).BatchShape)));
    }

    /// <summary>What a run costs, from whole graphs.</summary>
    static RunCost Whole(RunConfig c)
    {
        var (model, clip) = (Transformer.Of(c.Model), GradientClip.To(c.Stage.Optimiser.Clip));
        Int128 Bytes(IEnumerable<TensorType> types) => types.Sum(static t => t.Bytes);
        var slots = Bytes(Programs.Slots(Objectives.NextToken(model, new(1, 1)), c.Stage.Optimiser.Transform(1)).Values) + (c.Stage.Accumulate > 1
            ? Bytes(Programs.Accumulators(Objectives.NextToken(model, new(1, 1))).Values) : 0);
        var memory = new RunMemory(model.ParameterCount, Bytes(model.Specs.Values.Select(static s => s.Type)), slots);
        if (c.Stage.Accumulate == 1)
        {
            var step = Cost.Of(Programs.Step(Objectives.NextToken(model, c.BatchShape, c.Stage.LabelSmoothing), c.Stage.Optimiser.Transform(c.Stage.Steps), clip));
            return new(memory, step.WorkBytes, (double)step.Flops, (double)step.Bytes, c.TokensPerStep, c.Stage.Steps);
        }
        var (part, end) = (Cost.Of(Programs.Accumulate(Objectives.NextToken(model, c.BatchShape, c.Stage.LabelSmoothing))),
            Cost.Of(Programs.Apply(Objectives.NextToken(model, new(1, 1)), c.Stage.Optimiser.Transform(c.Stage.Steps), clip)));
        return new(memory, Int128.Max(part.WorkBytes, end.WorkBytes), (double)(c.Stage.Accumulate * part.Flops + end.Flops),
            (double)(c.Stage.Accumulate * part.Bytes + end.Bytes), c.TokensPerStep, c.Stage.Steps);
    }

    [Property(Arbitrary = [typeof(SmallRun)])]
    public void A_run_costs_what_its_whole_graphs_say(SmallRun run) => Assert.Equal(Whole(run.Config), RunCost.Of(run.Config));

    [Property(Arbitrary = [typeof(SmallRun)])]
    public void A_run_keeps_what_is_worked_out_by_hand(SmallRun run)
    {
        var memory = RunMemory.Of(run.Config);
        Assert.Equal(RunByHand.Parameters(run.Config.Model), (BigInteger)memory.Parameters);
        Assert.Equal(4 * memory.Parameters, memory.WeightBytes);
        Assert.Equal(RunByHand.Kept(run.Config), (BigInteger)memory.Bytes);
    }

    /// <summary>The buffers that a trainer asks its engine for are those that the plan counts, and the batch, the key and the step's scalars.</summary>
    [Theory]
    [InlineData(OptimiserKind.AdamW, 0.9, 1)]
    [InlineData(OptimiserKind.Adam, 0.9, 2)]
    [InlineData(OptimiserKind.Sgd, 0.9, 1)]
    [InlineData(OptimiserKind.Lion, 0.9, 2)]
    [InlineData(OptimiserKind.Sgd, 0, 3)]
    public void A_trainer_makes_what_a_run_is_said_to_keep(OptimiserKind optimiser, double momentum, int accumulate)
    {
        var asked = TinyRun.Config with { Model = TinyRun.Config.Model with { Layers = 5 },
            Stage = TinyRun.Config.Stage with { Accumulate = accumulate,
                Optimiser = TinyRun.Config.Stage.Optimiser with { Kind = optimiser, Beta1 = momentum } } };
        var data = TinyRun.Data(asked);
        var config = TinyRun.Get(data.Resolve(asked));
        using var engine = new ListingEngine(new ReferenceEngine());
        using var trainer = new Trainer(engine, data.Stage(config));
        // A batch to learn from, and one to be measured on.
        var passing = 4 * config.BatchShape.Tokens.Bytes + 2 * sizeof(int) + sizeof(float) * (1 + config.Stage.Optimiser.Transform(1).Scalars.Count);
        Assert.Equal(RunMemory.Of(config).Bytes + passing, engine.Bytes);
        Assert.Equal(RunMemory.Of(config).WeightBytes, trainer.Parts[0].Model.Values.Sum(static b => b.Type.Bytes));
    }

    /// <summary>An engine that adds up what it is asked for.</summary>
    sealed class ListingEngine(IEngine inner) : IEngine
    {
        public long Bytes { get; private set; }

        public string Name => inner.Name;

        public DeviceMemory Memory => inner.Memory;

        public IBuffer Allocate(TensorType type)
        {
            Bytes += type.Bytes;
            return inner.Allocate(type);
        }

        public IExecutable Compile(Program program) => inner.Compile(program);

        public void Dispose() => inner.Dispose();
    }

    static readonly Tensor x = Create.Input("x", [4, 4]);

    [Fact]
    public void Parts_that_are_not_alike_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Cost.Of(5, n => Program.Of(n == 4 ? x.Tanh().T().MatMul(x) : x.MatMul(x))));
        Assert.Throws<ArgumentException>(() => Cost.Of(5, n => Program.Of(n == 3 ? x.MatMul(x).MatMul(x) : x.MatMul(x).Reshape(2, 8))));
    }

    [Fact]
    public void Up_to_four_parts_need_not_be_alike() =>
        Assert.Equal(Cost.Of(Program.Of(x.MatMul(x))), Cost.Of(4, n => Program.Of(n == 4 ? x.MatMul(x) : throw new InvalidOperationException())));
}
