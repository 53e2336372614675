using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>Blocks that are computed again for the backward pass: the same numbers, in less memory, for no more than a second forward pass.</summary>
public sealed class RematerialisationLaws
{
    static Objective Learned(DecoderConfig config, int every) => Objectives.NextToken(Models.Transformer.Of(config), new(2, config.Context), 0.1) with { Recomputed = every };

    static DecoderConfig Deep(int layers) => new() { Layers = layers, Heads = 2, Width = 32, Context = 48, Vocabulary = 20, TiedHead = false };

    static Plan PlanOf(Objective objective) => Compiler.Compile(Programs.Accumulate(objective), ManagedEngine.HasKernel);

    /// <summary>Every output is the same number, dropout included, and no mark is left.</summary>
    [Property(MaxTest = 60, Arbitrary = [typeof(AnyDecoder)])]
    public void Numbers_stay_what_they_are(DecoderConfig config, ulong seed, byte every, bool drops)
    {
        var given = config with { Dropout = drops ? 0.2 : 0 };
        var (kept, again) = (Programs.Accumulate(Learned(given, 0)), Programs.Accumulate(Learned(given, every % 3 + 1)));
        Assert.DoesNotContain(Graph.Topological(again.Outputs.Map(static o => o.Value)), static n => n.Op is Op.Fused { Kind: BlockEnd });
        Assert.Equal(kept.Outputs.Map(static o => (o.Name, o.Value.Type)), again.Outputs.Map(static o => (o.Name, o.Value.Type)));
        var model = Models.Transformer.Of(given);
        var batch = new BatchShape(2, given.Context);
        var inputs = Runs.Parameters(model, seed).With((Names.Inputs, Runs.Tokens(batch, given.Vocabulary, seed)), (Names.Labels, Runs.Labels(batch, given.Vocabulary, seed)),
            (Names.Key, Runs.KeyOf(seed))).With(Runs.Zeros(Programs.Accumulators(Learned(given, 0))));
        var (expected, actual) = (kept.Evaluate(inputs), again.Evaluate(inputs));
        foreach (var (name, value) in expected) Runs.Close(value, actual[name], 0, name);
    }

    /// <summary>On the engine each block's inside is really computed twice, and no more.</summary>
    [Fact]
    public void The_engine_computes_each_block_twice()
    {
        int Products(int every) => PlanOf(Learned(Deep(4), every)).Steps.Count(static s => s is PlanStep.MatMul);
        // Four products a block forward: the last one's result is the block's own.
        Assert.InRange(Products(1) - Products(0), 3 * 4, 4 * 4);
        Assert.InRange(Products(2) - Products(0), 3 * 4, 4 * 4);
        int Attentions(int every) => PlanOf(Learned(Deep(4), every)).Steps.Count(static s => s is PlanStep.Fused { Kind: Attention });
        Assert.Equal((4, 8), (Attentions(0), Attentions(1)));
        // What is left behind the last whole group is one, too.
        Assert.InRange(Products(3) - Products(0), 3 * 4, 4 * 4);
        Assert.Equal((8, 8), (Attentions(2), Attentions(3)));
    }

    /// <summary>The memory of activations falls, the more the deeper a model is, and the work grows by a forward pass at most.</summary>
    [Theory]
    [InlineData(6, 1, 0.62), InlineData(12, 1, 0.45), InlineData(12, 3, 0.5), InlineData(12, 12, 1.01)]
    public void Memory_falls(int layers, int every, double most)
    {
        var (kept, again) = (Learned(Deep(layers), 0), Learned(Deep(layers), every));
        // Beside activations there are gradients of all weights, which wait for each other.
        double Activations(Objective o) => PlanOf(o).ArenaBytes;
        Assert.InRange(Activations(again) / Activations(kept), 0, most);
        var (plain, more) = ((double)Cost.Of(Programs.Accumulate(kept)).Flops, (double)Cost.Of(Programs.Accumulate(again)).Flops);
        Assert.InRange(more / plain, 1.0, 1.36);
    }

    /// <summary>What is told before a run begins falls as well, for any number of blocks.</summary>
    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void Costs_know_of_it(int every)
    {
        RunConfig Config(int recompute) => new() { Model = Deep(14), Stage = new() { Batch = 8, Recompute = recompute } };
        var (kept, again) = (RunCost.Of(Config(0)), RunCost.Of(Config(every)));
        Assert.InRange((double)again.WorkBytes / (double)kept.WorkBytes, 0, 0.6);
        Assert.InRange(again.StepFlops / kept.StepFlops, 1.05, 1.36);
        Assert.Equal(kept.Memory, again.Memory);
    }

    /// <summary>A step that trains is the same on the managed engine with blocks computed again, to float32's rounding.</summary>
    [Property(MaxTest = 10, Arbitrary = [typeof(AnyGpt)])]
    public void The_engine_gives_the_same_gradients(DecoderConfig config, ulong seed)
    {
        var (model, batch) = (Models.Transformer.Of(config), new BatchShape(2, config.Context));
        var inputs = Runs.Parameters(model, seed).With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)), (Names.Labels, Runs.Labels(batch, config.Vocabulary, seed)),
            (Names.Key, Runs.KeyOf(seed))).With(Runs.Zeros(Programs.Accumulators(Learned(config, 0))));
        using var engine = new ManagedEngine(1);
        var run = Runs.On(engine);
        var (kept, again) = (run(Programs.Accumulate(Learned(config, 0)), inputs), run(Programs.Accumulate(Learned(config, 1)), inputs));
        foreach (var (name, value) in kept) Runs.Close(value, again[name], 2e-4 * (1 + value.Items.ToArray().Select(Math.Abs).Max()), name);
    }
}
