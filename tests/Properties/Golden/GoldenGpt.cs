using Run = System.Func<Functional.Compiling.Program, System.Collections.Generic.IReadOnlyDictionary<string, Functional.Meaning.Value>,
    System.Collections.Generic.IReadOnlyDictionary<string, Functional.Meaning.Value>>;

namespace Functional.Tests.Properties;

/// <summary>A tiny GPT against PyTorch in float64: 1e-10 in the reference evaluator, float32's precision where engines keep float32.</summary>
public sealed class GoldenGpt
{
    // Float32 keeps 24 bits. Logits of size 2 sum some hundred products; Adam divides gradients of every size by their own size, so that
    // an update of 0.01 carries the relative error of a gradient (1e-3 for one of 1e-5 beside others of 0.1), five times over.
    const double Exact = 1e-10, LogitsOfFloat = 2e-6, GradientsOfFloat = 5e-7, LossOfFloat = 1e-6, AfterStepsOfFloat = 1e-4;

    readonly Golden golden = Golden.Read();

    [Fact]
    public void Evaluator_gives_PyTorchs_logits() => Logits(static (program, given) => program.Evaluate(given), Exact);

    [Fact]
    public void Evaluator_gives_PyTorchs_gradients() => Gradients(static (program, given) => program.Evaluate(given), Exact);

    [Fact]
    public void Evaluator_gives_PyTorchs_five_steps() => FiveSteps(static (program, given) => program.Evaluate(given), Exact, Exact);

    [Fact]
    public void Evaluator_gives_PyTorchs_five_steps_by_accumulation() => FiveAccumulatedSteps(static (program, given) => program.Evaluate(given), Exact, Exact);

    public static TheoryData<string> Engines => EngineList.Names;

    [Theory]
    [MemberData(nameof(Engines))]
    public void Engines_give_PyTorchs_logits_and_gradients_in_float_precision(string name)
    {
        using var engine = EngineList.All[name]();
        Logits(Runs.On(engine), LogitsOfFloat);
        Gradients(Runs.On(engine), GradientsOfFloat);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public void Engines_give_PyTorchs_five_steps_in_float_precision(string name)
    {
        using var engine = EngineList.All[name]();
        FiveSteps(Runs.On(engine), LossOfFloat, AfterStepsOfFloat);
        FiveAccumulatedSteps(Runs.On(engine), LossOfFloat, AfterStepsOfFloat);
    }

    static GradientTransform AdamW => Optimisers.AdamW(0.9, 0.95, 1e-8, 0.1);

    Dictionary<string, Value> Given => golden.Parameters.ToDictionary(static p => Names.Param(p.Name), static p => p.Value)
        .With((Names.Inputs, golden.Inputs), (Names.Labels, golden.Labels));

    void Logits(Run run, double tolerance)
    {
        var model = Transformer.Of(golden.Config);
        Assert.Equal(golden.Parameters.Map(static v => v.Type).ToHashSet(), model.Specs.Map(static s => s.Type).ToHashSet());
        Runs.Close(golden.Logits, run(Programs.Logits(model, golden.Batch), Given)[Names.Logits], tolerance, "logits");
    }

    void Gradients(Run run, double tolerance)
    {
        var model = Transformer.Of(golden.Config);
        var sums = run(Programs.Accumulate(Objectives.NextToken(model, golden.Batch)),
            Given.With(Runs.Zeros(Programs.Accumulators(Objectives.NextToken(model, new(1, 1))))));
        Assert.Equal(golden.Gradients.Count, model.Specs.Count);
        foreach (var (name, expected) in golden.Gradients)
            Runs.Close(expected, Runs.Changed(sums[Names.Gradient(name)], (g, _) => g / sums[Names.AccumulatedWeight][0]), tolerance, name);
    }

    void FiveSteps(Run run, double lossTolerance, double tolerance)
    {
        var model = Transformer.Of(golden.Config);
        var program = Programs.Step(Objectives.NextToken(model, golden.Batch), AdamW, GradientClip.To(0.5));
        var state = Given.With(Runs.Zeros(Programs.Slots(Objectives.NextToken(model, new(1, 1)), AdamW)));
        for (var step = 1; step <= golden.Steps.Count; step++)
        {
            var after = run(program, state.With(Runs.Scalars(Programs.StepScalars(AdamW, step, 0.01))));
            Reported(step, after, lossTolerance);
            state = state.With(after.Where(o => state.ContainsKey(o.Key)));
        }
        foreach (var (name, expected) in golden.After) After(name, expected, state[Names.Param(name)], tolerance);
    }

    // Every row is a micro-golden.Batch of its own.
    void FiveAccumulatedSteps(Run run, double lossTolerance, double tolerance)
    {
        var (model, row) = (Transformer.Of(golden.Config), new BatchShape(1, golden.Batch.Time));
        var (accumulate, apply) = (Programs.Accumulate(Objectives.NextToken(model, row)),
            Programs.Apply(Objectives.NextToken(model, golden.Batch), AdamW, GradientClip.To(0.5)));
        var state = Given.With(Runs.Zeros(Programs.Slots(Objectives.NextToken(model, golden.Batch),
            AdamW))).With(Runs.Zeros(Programs.Accumulators(Objectives.NextToken(model, golden.Batch))));
        Value Row(Value all, int i) => Value.Of(row.Tokens, all.Items.Slice(i * row.Time, row.Time));
        for (var step = 1; step <= golden.Steps.Count; step++)
        {
            for (var i = 0; i < golden.Batch.Rows; i++)
                state = state.With(run(accumulate, state.With((Names.Inputs, Row(golden.Inputs, i)), (Names.Labels, Row(golden.Labels, i)))));
            var after = run(apply, state.With(Runs.Scalars(Programs.StepScalars(AdamW, step, 0.01))));
            Reported(step, after, lossTolerance);
            state = state.With(after.Where(o => state.ContainsKey(o.Key)));
        }
        foreach (var (name, expected) in golden.After) After(name, expected, state[Names.Param(name)], tolerance);
    }

    // A bias of the keys shifts all scores of a query alike: its gradient is exactly 0, and what rounding leaves of it Adam divides by its own
    // size. In float32 those elements may go anywhere that five steps reach; in float64 Adam's epsilon still hides them.
    static void After(string name, Value expected, Value actual, double tolerance)
    {
        var free = name.EndsWith("qkv.bias", StringComparison.Ordinal) && tolerance > Exact;
        Assert.Equal(expected.Type, actual.Type);
        var width = (int)expected.Type.Size / 3;
        for (var i = 0; i < expected.Type.Size; i++)
            Assert.Equal(expected[i], actual[i], free && i / width == 1 ? 5 * 0.01 : tolerance);
    }

    void Reported(int step, IReadOnlyDictionary<string, Value> outputs, double tolerance)
    {
        Assert.Equal(golden.Steps[step - 1].Loss, outputs[Names.Loss][0], tolerance);
        Assert.Equal(golden.Steps[step - 1].GradientNorm, outputs[Names.GradientNorm][0], tolerance);
    }
}
