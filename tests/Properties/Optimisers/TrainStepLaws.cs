using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>What training programs obey: accumulation, masking, clipping, freezing, and nothing overwritten by what is not finite.</summary>
public sealed class TrainStepLaws
{
    const double Exact = 1e-9;
    static readonly GradientTransform adam = Optimisers.AdamW(0.9, 0.95, 1e-2, 0.1), plain = Optimisers.Sgd();

    static Dictionary<string, Value> Given(Model model, GradientTransform optimiser, BatchShape batch, ulong seed, double rate = 0.1) =>
        Runs.Parameters(model, seed)
            .With((Names.Inputs, Runs.Tokens(batch, model.Vocabulary, seed)), (Names.Labels, Runs.Labels(batch, model.Vocabulary, seed)))
            .With(Programs.Slots(Objectives.NextToken(model, batch), optimiser)
                .Select(s => KeyValuePair.Create(s.Name, Runs.Changed(Runs.Normal(s.Value, Key.Seed(seed).FoldIn(s.Name), 0.1), static (v, _) => Math.Abs(v)))))
            .With(Runs.Scalars(Programs.StepScalars(optimiser, 3, rate)));

    static Value Part(Value all, int from, int rows) =>
        Value.Of(new([rows, all.Type.Shape[1]], DType.I32), all.Items.Slice(from * all.Type.Shape[1], rows * all.Type.Shape[1]));

    [Property(MaxTest = 25, Arbitrary = [typeof(AnyGpt)])]
    public void Any_split_into_micro_batches_makes_the_same_step(DecoderConfig config, byte cut, ushort seed)
    {
        var (model, batch, clip) = (Transformer.Of(config), new BatchShape(4, config.Context), GradientClip.To(0.5));
        var given = Given(model, adam, batch, seed);
        var whole = Programs.Step(Objectives.NextToken(model, batch), adam, clip).Evaluate(given);
        var state = given.With(Runs.Zeros(Programs.Accumulators(Objectives.NextToken(model, batch))));
        for (int row = 0, rows; row < 4; row += rows)
        {
            // The bits of the cut say after which rows a micro-batch ends.
            for (rows = 1; row + rows < 4 && (cut >> (row + rows) & 1) == 0; rows++) { }
            var part = state.With((Names.Inputs, Part(given[Names.Inputs], row, rows)), (Names.Labels, Part(given[Names.Labels], row, rows)));
            state = state.With(Programs.Accumulate(Objectives.NextToken(model, new(rows, config.Context))).Evaluate(part));
        }
        var split = Programs.Apply(Objectives.NextToken(model, batch), adam, clip).Evaluate(state);
        foreach (var (name, value) in whole) Runs.Close(value, split[name], Exact, name);
        foreach (var (name, _) in Programs.Accumulators(Objectives.NextToken(model, batch))) Assert.All(split[name].Items.ToArray(), static v =>
            Assert.Equal(0, v));
    }

    [Property(MaxTest = 25, Arbitrary = [typeof(AnyGpt)])]
    public void Rows_without_labels_change_nothing(DecoderConfig config, ushort seed)
    {
        var (model, small, large) = (Transformer.Of(config), new BatchShape(2, config.Context), new BatchShape(3, config.Context));
        var given = Given(model, adam, small, seed);
        var more = given.With(
            (Names.Inputs, Value.Of(large.Tokens, [.. given[Names.Inputs].Items, .. Runs.Tokens(new(1, config.Context), config.Vocabulary, seed + 9UL).Items])),
            (Names.Labels, Value.Of(large.Tokens, [.. given[Names.Labels].Items, .. Enumerable.Repeat(-100.0, config.Context)])));
        var (few, many) = (Programs.Step(Objectives.NextToken(model, small), adam, GradientClip.None).Evaluate(given),
            Programs.Step(Objectives.NextToken(model, large), adam, GradientClip.None).Evaluate(more));
        foreach (var (name, value) in few) Runs.Close(value, many[name], Exact, name);
    }

    // p − lr · factor · g / weight: clipping keeps the direction of all gradients together.
    [Property(MaxTest = 25, Arbitrary = [typeof(AnyGpt)])]
    public void Clipping_scales_all_updates_by_one_factor(DecoderConfig config, PositiveInt n, ushort seed)
    {
        var (model, batch, limit) = (Transformer.Of(config), new BatchShape(2, config.Context), n.Get / 20.0);
        var given = Given(model, plain, batch, seed, 1);
        var free = Programs.Step(Objectives.NextToken(model, batch), plain, GradientClip.None).Evaluate(given);
        var clipped = Programs.Step(Objectives.NextToken(model, batch), plain, GradientClip.To(limit)).Evaluate(given);
        var (norm, total, after) = (free[Names.GradientNorm][0], 0.0, 0.0);
        var factor = norm > limit ? limit / (norm + 1e-6) : 1;
        foreach (var (name, _) in model.Specs)
        {
            var (before, without, with) = (given[Names.Param(name)], free[Names.Param(name)], clipped[Names.Param(name)]);
            for (var i = 0; i < before.Type.Size; i++)
            {
                Assert.Equal((without[i] - before[i]) * factor, with[i] - before[i], Exact);
                (total, after) = (total + Math.Pow(without[i] - before[i], 2), after + Math.Pow(with[i] - before[i], 2));
            }
            Assert.Equal(Enumerable.Range(0, (int)before.Type.Size).Sum(i => Math.Pow(without[i] - before[i], 2)), free[Names.GradientSquares(name)][0], Exact);
        }
        Assert.Equal(norm, Math.Sqrt(total), Exact);
        Assert.Equal(norm, clipped[Names.GradientNorm][0]);
        Assert.True(Math.Sqrt(after) <= limit + Exact || norm <= limit);
    }

    [Property(MaxTest = 25, Arbitrary = [typeof(AnyGpt)])]
    public void Nothing_is_overwritten_when_something_is_not_finite(DecoderConfig config, byte which, byte kind, ushort seed)
    {
        var (model, batch) = (Transformer.Of(config), new BatchShape(2, config.Context));
        var given = Given(model, adam, batch, seed);
        // Final norm: its gradient reaches every other parameter, whichever tokens occur.
        var bad = model.Specs.Names[which % model.Specs.Count];
        var poison = new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity }[kind % 3];
        given = kind % 4 == 3
            ? given.With((Names.Labels, Runs.Changed(given[Names.Labels], static (_, _) => -100)))
            : given.With((Names.Param(bad), Runs.Changed(given[Names.Param(bad)], (_, _) => poison)));
        var after = Programs.Step(Objectives.NextToken(model, batch), adam, GradientClip.To(1)).Evaluate(given);
        if (double.IsFinite(after[Names.Loss][0]) && double.IsFinite(after[Names.GradientNorm][0])) return;
        Assert.All(after.Where(o => given.ContainsKey(o.Key)), o => Runs.Close(given[o.Key], o.Value, 0, o.Key));
    }

    [Fact]
    public void A_non_finite_gradient_alone_is_enough_to_keep_everything()
    {
        var (model, batch) = (Transformer.Of(new() { Layers = 1, Heads = 1, Width = 2, Context = 2, Vocabulary = 3 }), new BatchShape(1, 2));
        var given = Given(model, adam, batch, 3).With(Runs.Zeros(Programs.Accumulators(Objectives.NextToken(model, batch))))
            .With((Names.AccumulatedWeight, Value.Scalar(1)), (Names.Gradient("tokens"), Value.Of(new([3, 2]), 0, 1, double.PositiveInfinity, 0, 0, 0)));
        var after = Programs.Apply(Objectives.NextToken(model, batch), adam, GradientClip.To(1)).Evaluate(given);
        Assert.Equal(0, after[Names.Loss][0]);
        Assert.Equal(double.PositiveInfinity, after[Names.GradientSquares("tokens")][0]);
        Assert.Equal(0, after[Names.GradientSquares("norm.weight")][0]);
        Assert.All(after.Where(o => given.ContainsKey(o.Key) && !o.Key.StartsWith("grad/", StringComparison.Ordinal)
            && !o.Key.StartsWith("acc/", StringComparison.Ordinal)),
            o => Runs.Close(given[o.Key], o.Value, 0, o.Key));
    }

    [Fact]
    public void Frozen_parameters_are_read_and_never_written()
    {
        var model = Transformer.Of(new() { Layers = 1, Heads = 1, Width = 2, Context = 2, Vocabulary = 3 });
        var partly = model with { Specs = model.Specs.Map(static (name, spec) => spec with { Trains = name == "blocks.0.up.weight" }) };
        var program = Programs.Step(Objectives.NextToken(partly, new(1, 2)), adam, GradientClip.None);
        Assert.Equal([Names.Param("blocks.0.up.weight"), "slot/m/blocks.0.up.weight", "slot/v/blocks.0.up.weight"],
            program.Donations.Select(static d => d.Output));
        Assert.Equal(model.Specs.Count, program.Inputs.Count(static i => i.Name.StartsWith("param/", StringComparison.Ordinal)));
        var given = Given(model, adam, new(1, 2), 5);
        var (some, whole) = (program.Evaluate(given), Programs.Step(Objectives.NextToken(model, new(1, 2)), adam, GradientClip.None).Evaluate(given));
        Runs.Close(whole[Names.Param("blocks.0.up.weight")], some[Names.Param("blocks.0.up.weight")], Exact);
    }

    [Property(MaxTest = 20, Arbitrary = [typeof(AnyGpt)])]
    public void Every_state_tensor_is_updated_in_place(DecoderConfig config)
    {
        var (model, batch) = (Transformer.Of(config), new BatchShape(2, config.Context));
        var state = model.Specs.Names.Select(Names.Param).Concat(Programs.Slots(Objectives.NextToken(model, batch), adam).Names).Order(StringComparer.Ordinal);
        foreach (var program in new[] { Programs.Step(Objectives.NextToken(model, batch), adam, GradientClip.None),
            Programs.Apply(Objectives.NextToken(model, batch), adam, GradientClip.None) })
        {
            Assert.All(program.Donations, static d => Assert.Equal(d.Input, d.Output));
            Assert.Equal(state, program.Donations.Select(static d => d.Output).Where(static n => n.StartsWith("param", StringComparison.Ordinal)
                || n.StartsWith("slot", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        }
        Assert.DoesNotContain(Programs.Step(Objectives.NextToken(model, batch), adam, GradientClip.None).Inputs, static i => i.Name == Names.Key);
        Assert.Contains(Programs.Step(Objectives.NextToken(Transformer.Of(config with { Dropout = 0.1 }), batch), adam, GradientClip.None).Inputs, static i =>
            i.Name == Names.Key);
        Assert.DoesNotContain(Programs.Measure(Objectives.NextToken(Transformer.Of(config with { Dropout = 0.1 }), batch)).Inputs, static i => i.Name == Names.Key);
    }

    [Property(MaxTest = 15, Arbitrary = [typeof(AnyGpt)])]
    public void Dropout_is_a_function_of_the_key(DecoderConfig config, ushort seed)
    {
        var (model, batch) = (Transformer.Of(config with { Dropout = 0.4 }), new BatchShape(2, config.Context));
        var program = Programs.Step(Objectives.NextToken(model, batch), plain, GradientClip.None);
        var given = Given(model, plain, batch, seed);
        IReadOnlyDictionary<string, Value> Run(ulong key) => program.Evaluate(given.With((Names.Key, Runs.KeyOf(key))));
        var once = Run(1);
        Assert.All(Run(1), o => Runs.Close(once[o.Key], o.Value, 0));
        if (config.Width > 4 && config.Vocabulary > 1) Assert.NotEqual(once[Names.Loss][0], Run(2)[Names.Loss][0]);
        Runs.Close(Programs.Logits(Transformer.Of(config), batch).Evaluate(given)[Names.Logits], Programs.Logits(model, batch).Evaluate(given)[Names.Logits], 0);
    }

    [Fact]
    public void Gradient_descent_learns_a_batch_by_heart()
    {
        var (model, batch) = (Transformer.Of(new() { Layers = 1, Heads = 2, Width = 8, Context = 4, Vocabulary = 5 }), new BatchShape(2, 4));
        var program = Programs.Step(Objectives.NextToken(model, batch), Optimisers.AdamW(decay: 0), GradientClip.To(1));
        var state = Given(model, Optimisers.AdamW(decay: 0), batch, 1).With(Runs.Zeros(Programs.Slots(Objectives.NextToken(model, batch), adam)));
        var losses = new List<double>();
        for (var step = 1; step <= 60; step++)
        {
            var after = program.Evaluate(state.With(Runs.Scalars(Programs.StepScalars(adam, step,
                0.03))).With(Runs.Scalars(Programs.StepScalars(Optimisers.AdamW(), step, 0.03))));
            losses.Add(after[Names.Loss][0]);
            state = state.With(after.Where(o => state.ContainsKey(o.Key)));
        }
        Assert.True(losses[^1] < 0.05, $"{losses[0]} became {losses[^1]}");
    }
}
