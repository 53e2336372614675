namespace Functional.Tests.Properties;

/// <summary>An eager plan computes its program though values are freed, written over and seen through views; and holds no more than it says.</summary>
public sealed class EagerLaws
{
    static EagerPlan Plan(CompilerCase given, bool keeps) => Compiler.Eager(given.Program, new(given.HasKernel, _ => keeps));

    [Property(MaxTest = 600, Arbitrary = [typeof(CompilerCases)])]
    public void Plans_compute_their_programs(CompilerCase given, bool keeps) => Computes(given, keeps);

    [Property(MaxTest = 2000, Arbitrary = [typeof(SharedMemory)])]
    public void Plans_compute_programs_whose_values_share_memory(CompilerCase given, bool keeps) => Computes(given, keeps);

    static void Computes(CompilerCase given, bool keeps) => given.IsComputedBy(EagerRun.Of(Plan(given, keeps), given.Inputs));

    [Property(MaxTest = 100, Arbitrary = [typeof(CompilerCases)])]
    public void Plans_have_the_precision_of_products_that_was_asked_for(CompilerCase given)
    {
        var steps = Compiler.Eager(given.Program, new(static _ => false, static _ => false, Precision.BF16)).Steps.OfType<EagerStep.Compute>().ToList();
        Assert.DoesNotContain(steps, static s => s.Node.Op is Op.MatMul && s.Node.DType == DType.F32);
        // No more is rounded than that: where there are no products, the plan is the same.
        if (!Graph.Topological(Graph.Expand(given.Roots)).Any(static n => n.Op is Op.MatMul)) Assert.Equal(Compiler.Eager(given.Program,
            new(static _ => false, static _ => false)).Steps.OfType<EagerStep.Compute>(), steps);
    }

    [Property(MaxTest = 100, Arbitrary = [typeof(CompilerCases)])]
    public void Every_value_is_made_once_and_freed_once(CompilerCase given)
    {
        var plan = Plan(given, true);
        var made = plan.Steps.SelectMany(static s =>
            s switch { EagerStep.Compute c => c.Results.Append(c.Keeps), EagerStep.Copy c => [c.To], _ => Enumerable.Empty<int>() })
                .Where(static s => s >= 0).ToList();
        var freed = plan.Steps.OfType<EagerStep.Free>().Select(static f => f.Slot).ToList();
        Assert.Equal(made.Count, made.Distinct().Count());
        Assert.Equal(freed.Count, freed.Distinct().Count());
        Assert.Empty(freed.Except(made));
        Assert.Equal(plan.Slots, made.Concat(plan.Inputs).Concat(plan.Constants.Select(static c => c.Slot)).Distinct().Count());
    }

    /// <summary>In a step with AdamW, what is held beside parameters is activations and one gradient of each: updates come one parameter at a time.</summary>
    [Fact]
    public void Updates_do_not_pile_up()
    {
        var model = Transformer.Of(new() { Layers = 6, Width = 64, Heads = 4, Context = 4, Vocabulary = 50 });
        var plan = Compiler.Eager(Programs.Step(Objectives.NextToken(model, new(1, 4)), Optimisers.AdamW(), GradientClip.To(1)),
            new(static _ => true, static _ => true));
        var weights = 4L * model.ParameterCount;
        Assert.InRange(plan.PeakBytes, weights, weights * 3 / 2);
    }

    /// <summary>A cache is written in place and gradients are added to their accumulators where these are.</summary>
    [Fact]
    public void Donated_buffers_are_written_in_place()
    {
        var model = Transformer.Of(new() { Layers = 2, Width = 8, Heads = 2, Context = 4, Vocabulary = 5 });
        foreach (var program in new[] { Programs.CachedStep(model, new(1, 1)), Programs.Accumulate(Objectives.NextToken(model, new(1, 4))) })
        {
            var plan = Compiler.Eager(program, new(static _ => true, static _ => true));
            Assert.DoesNotContain(plan.Steps, s => s is EagerStep.Store store && program.Donations.Any(d => d.Output == store.Output));
        }
    }

    [Fact]
    public void Kept_values_reach_their_gradients()
    {
        var model = Transformer.Of(new() { Layers = 2, Width = 8, Heads = 2, Context = 4, Vocabulary = 5, Activation = Activation.Gelu });
        var plan = Compiler.Eager(Programs.Accumulate(Objectives.NextToken(model, new(1, 4))), new(static _ => true, static _ => true));
        var takes = plan.Steps.OfType<EagerStep.Compute>().Where(static c => c.Takes >= 0).Select(static c => ((Op.Fused)c.Node.Op).Kind).ToList();
        Assert.Equal((2, 2, 5), (takes.Count(static k => k is AttentionGradient), takes.Count(static k => k is GeluGradient),
            takes.Count(static k => k is LayerNormGradient)));
        // Nothing else reads mean, deviation and log-sum-exp, so they are not made.
        Assert.All(plan.Steps.OfType<EagerStep.Compute>().Where(static c => c.Keeps >= 0), static c =>
            Assert.All(c.Results.Skip(1), static r => Assert.Equal(-1, r)));
    }
}
