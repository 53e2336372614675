namespace Functional.Tests.Properties;

/// <summary>The cost model against sums worked out by hand and the closed form for a GPT.</summary>
public sealed class CostLaws
{
    static readonly Tensor a = Create.Input("a", [8, 16]), b = Create.Input("b", [16, 4]), c = Create.Input("c", [8, 4]);

    [Fact]
    public void A_product_reads_its_arguments_and_writes_its_result() =>
        Assert.Equal(new(2 * 8 * 16 * 4, 4 * (128 + 64 + 32), 4 * (128 + 64), 4 * 32, 0), Cost.Of(Program.Of(a.MatMul(b))));

    [Fact]
    public void A_chain_of_elementwise_ops_is_one_pass() =>
        Assert.Equal(new(3 * 32, 4 * (32 + 32), 4 * 32, 4 * 32, 0), Cost.Of(Program.Of((c * 2 + 1).Tanh())));

    [Fact]
    public void What_a_product_needs_is_stored_before_it() =>
        // c + 1 is written and read again: that is the work memory.
        Assert.Equal(new(32 + 2 * 8 * 8 * 4, 4 * (32 + 32 + 32 + 32 + 64), 4 * 32, 4 * 64, 4 * 32), Cost.Of(Program.Of((c + 1).MatMul(c.T()))));

    [Fact]
    public void A_donated_output_needs_no_memory() =>
        Assert.Equal(0, Cost.Of(Program.Of([new("c", c + 1)], [new("c", "c")])).OutputBytes);

    [Fact]
    public void Results_of_one_fused_op_are_one_run()
    {
        var (kind, labels) = (new LinearCrossEntropy(), Create.Input("labels", [8], DType.I32));
        var (h, w) = (Create.Input("h", [8, 16]), Create.Input("w", [32, 16]));
        var all = kind.Apply(h, w, labels);
        var cost = Cost.Of(Program.Of([new("sum", all[0]), new("h'", all[1]), new("w'", all[2])]));
        Assert.Equal((Int128)kind.Flops([h.Type, w.Type, labels.Type]), cost.Flops);
        Assert.Equal(4 * (128 + 512 + 8 + 1 + 128 + 512), cost.Bytes);
    }

    // Wide and long enough that what the closed form leaves out is small.
    [Fact]
    public void The_closed_form_for_a_GPT_agrees_with_its_graphs()
    {
        var (config, batch) = (new DecoderConfig { Layers = 4, Heads = 4, Width = 512, Context = 128, Vocabulary = 2000 }, new BatchShape(2, 128));
        var model = Transformer.Of(config);
        var (forward, training) = (Cost.Of(Programs.Logits(model, batch)),
            Cost.Of(Programs.Step(Objectives.NextToken(model, batch), Optimisers.AdamW(), GradientClip.To(1))));
        Assert.Equal(1, (double)forward.Flops / (256 * config.ForwardFlops), 0.05);
        Assert.Equal(1, (double)training.Flops / (256 * config.TrainingFlops), 0.06);
        var memory = config.TrainingMemory(Optimisers.AdamW(), batch);
        Assert.Equal(4 * config.ParameterCount, memory.Parameters);
        Assert.Equal(memory.Parameters, memory.Gradients);
        Assert.Equal(2 * memory.Parameters, memory.Slots);
        // The batch, the learning rate and two corrections come on top.
        Assert.Equal(memory.Parameters + memory.Slots + 2 * 256 * 4 + 12, training.InputBytes);
        // Activations go while gradients come: the peak is below their sum.
        Assert.InRange((double)training.WorkBytes, 0.95 * memory.Gradients, 1.1 * (memory.Gradients + memory.Activations));
    }

    [Theory]
    [InlineData(true, Activation.Gelu)]
    [InlineData(false, Activation.GeluTanh)]
    public void Activations_are_estimated_well_where_they_dominate(bool bias, Activation activation)
    {
        var config = new DecoderConfig { Layers = 6, Heads = 4, Width = 64, Context = 64, Vocabulary = 50, Bias = bias ? Biases.All : Biases.None, Activation = activation };
        var (adam, batch) = (Optimisers.AdamW(), new BatchShape(64, 64));
        var work = Cost.Of(Programs.Step(Objectives.NextToken(Transformer.Of(config), batch), adam, GradientClip.None)).WorkBytes;
        Assert.InRange((double)work / config.TrainingMemory(adam, batch).Activations, 0.8, 1.25);
    }

    [Fact]
    public void Time_is_the_longer_of_work_and_traffic()
    {
        var cost = new ProgramCost(100, 50, 0, 0, 0);
        Assert.Equal(10, cost.Seconds(10, 50));
        Assert.Equal(50, cost.Seconds(1000, 1));
        Assert.Equal(2, cost.Intensity);
    }
}
