namespace Functional.Tests.Properties;

/// <summary>What the compiler makes of a training step of a GPT with norms before its blocks: so that a regression is seen.</summary>
public sealed class FusionLaws
{
    // No two of the lengths and their products are equal by accident.
    const int Layers = 2, Width = 32, Context = 24, Rows = 3, Vocabulary = 3000, Tokens = Rows * Context;

    static readonly Model model = Transformer.Of(new() { Layers = Layers, Width = Width, Heads = 4, Context = Context, Vocabulary = Vocabulary });
    static readonly Plan plan = Compiler.Compile(Programs.Step(Objectives.NextToken(model, new(Rows, Context)), Optimisers.AdamW(), GradientClip.To(1)),
        ManagedEngine.HasKernel);

    [Fact]
    public void One_step_updates_a_parameter_and_its_moments()
    {
        foreach (var name in model.Specs.Names)
        {
            string[] state = [.. Programs.Slots(Objectives.NextToken(model, new(1, 1)), Optimisers.AdamW()).Names
                .Where(s => s.EndsWith("/" + name, StringComparison.Ordinal)), Names.Param(name)];
            var writers = plan.Steps.Where(s => Written(s).Any(b => state.Contains(b.Name))).ToList();
            var update = Assert.IsType<PlanStep.Pointwise>(Assert.Single(writers));
            Assert.Equal(state.Order(StringComparer.Ordinal), update.Outputs.Select(v => plan.Buffers[v.Buffer].Name).Order(StringComparer.Ordinal));
            Assert.Equal(3, update.Outputs.Count);
            Assert.All(update.Outputs, v => Assert.Contains(v, update.Inputs));
        }
    }

    [Fact]
    public void Nothing_is_copied() => Assert.DoesNotContain(plan.Steps, PlanSteps.IsCopy);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 5)]
    public void Caches_are_written_where_they_are(int rows, int time)
    {
        var step = Compiler.Compile(Programs.CachedStep(model, new(rows, time)), ManagedEngine.HasKernel);
        Assert.DoesNotContain(step.Steps.Where(PlanSteps.IsCopy), s =>
            PlanSteps.Accesses(s).Any(a => step.Buffers[a.View.Buffer].Name.StartsWith(Names.Cache(""), StringComparison.Ordinal)));
    }

    [Fact]
    public void A_product_that_only_its_epilogue_reads_has_no_memory_of_its_own()
    {
        var products = plan.Steps.OfType<PlanStep.MatMul>().Where(static m => m.Epilogue is not null
            && !plan.Steps.Any(s =>
                PlanSteps.Accesses(s).Any(a => a.Reads && a.View.Buffer == m.C.Buffer && m.Outputs.All(o => o.Buffer != m.C.Buffer)))).ToList();
        Assert.NotEmpty(products);
        Assert.All(products, static m => Assert.Contains(m.Outputs, o => o.Buffer == m.C.Buffer));
    }

    [Fact]
    public void No_buffer_holds_the_logits() =>
        Assert.DoesNotContain(plan.Buffers, static b => b.Space == Space.Temporary && b.Bytes >= sizeof(float) * (long)Tokens * Vocabulary);

    [Fact]
    public void The_arena_holds_gradients_and_activations()
    {
        // All gradients live until their norm is known. A block keeps its input, two norms, queries, keys and values, what attention gives,
        // the sum after it, and the MLP's hidden layer before GELU and after: 16 widths. Above the blocks: the last state, its norm, and
        // their gradients; on the way back a block has a hidden layer's gradient twice and a state's twice: 10 widths.
        const long Activations = sizeof(float) * (long)Tokens * Width;
        var gradients = model.Specs.Values.Sum(static s => s.Type.Bytes + Plan.Alignment);
        Assert.InRange(plan.ArenaBytes, gradients, gradients + Activations * (16 * Layers + 4 + 10));
    }

    static IEnumerable<PlanBuffer> Written(PlanStep step) =>
        PlanSteps.Accesses(step).Where(static a => a.Writes).Select(static a => plan.Buffers[a.View.Buffer]);
}
