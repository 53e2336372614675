namespace Functional.Tests.Properties;

/// <summary>A plan uses memory rightly and computes its program, and is the same every time.</summary>
public sealed class PlanLaws
{
    /// <summary>
    /// No two live buffers overlap, nothing is read before it is written or while another place of it is written, all lies inside its
    /// memory, inputs that are not donated stay, outputs are written.
    /// </summary>
    [Property(MaxTest = 500, Arbitrary = [typeof(CompilerCases)])]
    public void Memory_is_used_rightly(CompilerCase given) => Assert.Empty(PlanMemory.Faults(given.Plan));

    /// <summary>
    /// The steps in their order, on that memory, give the program's outputs: every step finds the value that it was meant to read, also in
    /// a donated input's buffer and in one that several values share one after the other.
    /// </summary>
    [Property(MaxTest = 500, Arbitrary = [typeof(CompilerCases)])]
    public void Plans_compute_their_programs(CompilerCase given) => given.IsComputedBy(PlanRun.Of(given.Plan, given.Inputs));

    [Property(MaxTest = 80, Arbitrary = [typeof(CompilerCases)])]
    public void Plans_do_not_depend_on_how_the_program_was_built(CompilerCase given)
    {
        var (first, again, rebuilt) = (given.Plan, given.Plan, (given with { Program = Rebuilt(given.Program) }).Plan);
        Assert.Equal(first.ToString(), again.ToString());
        Assert.Equal(first.ToString(), rebuilt.ToString());
        Assert.True(first == again && first == rebuilt, "plans print alike and are not equal");
    }

    [Fact]
    public void A_deep_model_compiles()
    {
        var model = Transformer.Of(new() { Layers = 12, Width = 64, Heads = 4, Context = 16, Vocabulary = 100 });
        var plan = Compiler.Compile(Programs.Step(Objectives.NextToken(model, new(2, 16)), Optimisers.AdamW(), GradientClip.To(1)), ManagedEngine.HasKernel);
        Assert.Empty(PlanMemory.Faults(plan));
    }

    // New nodes, the last outputs and the last arguments first.
    static Program Rebuilt(Program program)
    {
        var done = new Dictionary<UInt128, Tensor>();
        var stack = new Stack<Tensor>(program.Outputs.Select(static o => o.Value));
        while (stack.TryPeek(out var node))
        {
            var waiting = node.Args.Where(a => !done.ContainsKey(a.Id)).ToList();
            if (waiting.Count > 0) waiting.ForEach(stack.Push);
            else done[stack.Pop().Id] = Tensor.Of(node.Op, [.. node.Args.Select(a => done[a.Id])]);
        }
        return Program.Of(program.Outputs.Map(o => o with { Value = done[o.Value.Id] }), program.Donations);
    }
}
