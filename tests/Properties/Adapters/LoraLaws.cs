using FsCheck;
using Functional.Tests.Properties.Training;

namespace Functional.Tests.Properties.Adapters;

/// <summary>What adapters obey, whatever the model, the sites, ranks, scales, norms and copies.</summary>
public sealed class LoraLaws
{
    const double Exact = 1e-8;

    static (Model Base, LoraPlan Plan, Model Model, BatchShape Batch) Made(DecoderConfig config, int seed, double dropout = 0)
    {
        var model = Transformer.Of(config);
        var plan = TinyRun.Get(LoraPlan.Of(model, AnyLora.Of(model, seed, dropout)));
        return (model, plan, Lora.Of(model, plan), new(2, config.Context));
    }

    static (string, Value)[] Batch(BatchShape batch, int vocabulary, ulong seed) =>
        [(Names.Inputs, Runs.Tokens(batch, vocabulary, seed)), (Names.Labels, Runs.Labels(batch, vocabulary, seed)), (Names.Key, Runs.KeyOf(seed))];

    [Property(MaxTest = 80, Arbitrary = [typeof(AnyDecoder)])]
    public void Fresh_adapters_are_the_base_to_the_bit(DecoderConfig config, ushort seed)
    {
        var (based, plan, model, batch) = Made(config, seed);
        var given = AnyLora.Fresh(based, plan, seed).With(Batch(batch, config.Vocabulary, seed));
        Runs.Close(AnyLora.Logits(based, batch, given), AnyLora.Logits(model, batch, given), 0);
    }

    [Property(MaxTest = 80, Arbitrary = [typeof(AnyDecoder)])]
    public void Merged_is_unmerged_and_unmerging_gives_the_base_back(DecoderConfig config, ushort seed)
    {
        var (based, plan, model, batch) = Made(config, seed);
        var given = AnyLora.Learned(based, plan, seed).With(Batch(batch, config.Vocabulary, seed));
        var logits = AnyLora.Logits(model, batch, given);
        var merged = LoraMerge.Into(based, plan).Evaluate(given);
        var untied = Transformer.Of(config with { TiedHead = config.TiedHead && !LoraMerge.Unties(based, plan) });
        var tolerance = Exact * (1 + logits.Items.ToArray().Max(Math.Abs));
        Runs.Close(logits, AnyLora.Logits(untied, batch, given.With(merged)), tolerance);
        Assert.All(merged.Keys.Where(static k => k.StartsWith("param/", StringComparison.Ordinal)), name => Assert.Contains(name["param/".Length..], untied.Specs.Names));
        if (plan.Copies.Count > 0)
        {
            Assert.Throws<ArgumentException>(() => LoraMerge.OutOf(based, plan));
            return;
        }
        var back = LoraMerge.OutOf(based, plan).Evaluate(given.With(merged));
        foreach (var (name, value) in back) Runs.Close(given[name], value, tolerance, name);
        Assert.Equal(merged.Keys.Where(n => given.ContainsKey(n)).Order(StringComparer.Ordinal).Where(n => back.ContainsKey(n)), back.Keys);
    }

    /// <summary>By plain loops: W + scale · A B, its columns over their norms times the learned ones; for every site by itself.</summary>
    [Property(MaxTest = 60, Arbitrary = [typeof(AnyDecoder)])]
    public void An_adapted_matrix_is_what_plain_loops_make_of_it(DecoderConfig config, ushort seed, bool dora)
    {
        var based = Transformer.Of(config);
        foreach (var site in based.Sites)
        {
            var plan = TinyRun.Get(LoraPlan.Of(based, new() { Targets = [site.Name], Rank = 2, Alpha = 3, Dora = dora }));
            Assert.Equal(site, Assert.Single(plan.Adapters).Site);
            var given = AnyLora.Learned(based, plan, seed);
            var (a, b) = (given[Names.Param($"{site.Name}.lora_a")], given[Names.Param($"{site.Name}.lora_b")]);
            var merged = LoraMerge.Into(based, plan).Evaluate(given);
            var at = 0;
            foreach (var stretch in site.Stretches)
            {
                var matrix = given[Names.Param(stretch.Matrix)];
                double At(Value m, int input, int output) => m[site.Kind == SiteKind.Head ? output * site.Inputs + input : input * stretch.All + stretch.First + output];
                var name = site.Kind == SiteKind.Head ? Names.Param(config is { TiedHead: true } ? "head.weight" : stretch.Matrix) : Names.Param(stretch.Matrix);
                for (var j = 0; j < stretch.Count; j++)
                {
                    double[] column = [.. Enumerable.Range(0, site.Inputs).Select(i => At(matrix, i, j)
                        + 1.5 * Enumerable.Range(0, 2).Sum(r => a[i * 2 + r] * b[r * site.Outputs + at + j]))];
                    var norm = dora ? given[Names.Param($"{site.Name}.lora_magnitude")][at + j] / Math.Sqrt(column.Sum(static v => v * v)) : 1;
                    for (var i = 0; i < site.Inputs; i++) Assert.Equal(column[i] * norm, At(merged[name], i, j), Exact * (1 + Math.Abs(column[i] * norm)));
                }
                at += stretch.Count;
            }
        }
    }

    /// <summary>A step changes adapters and copies alone: nothing else has a gradient, a slot or a new value.</summary>
    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void Only_adapters_change(DecoderConfig config, ushort seed)
    {
        var (based, plan, model, batch) = Made(config, seed, 0.25);
        var (objective, optimiser) = (Objectives.NextToken(model, batch), Optimisers.AdamW());
        var own = plan.Specs(based.Specs).Where(static s => s.Value.Trains).Select(static s => Names.Param(s.Name)).ToArray();
        Assert.Equal(own, objective.Learned.Select(static p => p.Name));
        Assert.Equal(own.SelectMany(static n => new[] { $"slot/m/{n[6..]}", $"slot/v/{n[6..]}" }), Programs.Slots(objective, optimiser).Names);
        var step = Programs.Step(objective, optimiser, GradientClip.None);
        Assert.Equal(own.Order(StringComparer.Ordinal), step.Outputs.Select(static o => o.Name).Where(static n => n.StartsWith("param/", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal(own.Select(static n => "grad/" + n[6..]), Programs.Accumulate(objective).Outputs.Select(static o => o.Name).Where(static n => n.StartsWith("grad/", StringComparison.Ordinal)));
        Assert.DoesNotContain(based.Specs.Values, model.Specs.Contains("tokens") ? s => model.Specs[s.Name].Trains : static _ => false);
    }

    /// <summary>Adapters' gradients are those of the same function with the matrices formed; the norms of DoRA are constants.</summary>
    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void Gradients_are_those_of_the_merged_matrices(DecoderConfig any, ushort seed)
    {
        var config = any with { Experts = new() };
        var based = Transformer.Of(config);
        var plan = TinyRun.Get(LoraPlan.Of(based, AnyLora.Of(based, seed) with { Bias = LoraBias.None, Saved = [] }));
        var (model, batch) = (Lora.Of(based, plan), new BatchShape(2, config.Context));
        var given = AnyLora.Learned(based, plan, seed).With(Batch(batch, config.Vocabulary, seed));
        var merged = LoraMerge.Into(based, plan).Outputs.ToDictionary(static o => o.Name, static o => o.Value);
        var untied = Transformer.Of(config with { TiedHead = config.TiedHead && !LoraMerge.Unties(based, plan) });
        Tensor Loss(Model of, Env env) => Losses.NextToken(of, env, Create.Input(Names.Inputs, batch.Tokens), Create.Input(Names.Labels, batch.Tokens)).Total.Sum;
        Vec<Tensor> wrt = [.. plan.Specs(based.Specs).Select(static s => Create.Input(Names.Param(s.Name), s.Value.Type))];
        var formed = Vjp.Gradients(Loss(untied, new Env(name => merged.TryGetValue(Names.Param(name), out var m) ? m : Create.Input(Names.Param(name), untied.Specs[name].Type))), wrt);
        var own = Vjp.Gradients(Loss(model, Programs.Parameters(model)), wrt);
        var (expected, actual) = (Evaluator.Run(formed, given), Evaluator.Run(own, given));
        for (var i = 0; i < wrt.Count; i++) Runs.Close(expected[i], actual[i], Exact * (1 + expected[i].Items.ToArray().Max(Math.Abs)), wrt[i].Op.ToString());
    }

    [Property(MaxTest = 60, Arbitrary = [typeof(AnyDecoder)])]
    public void Cached_decoding_is_the_whole_forward_pass(DecoderConfig config, ushort seed)
    {
        var (based, plan, model, _) = Made(config, seed, 0.5);
        var batch = new BatchShape(1, config.Context);
        var (given, tokens) = (AnyLora.Learned(based, plan, seed), Runs.Tokens(batch, config.Vocabulary, seed));
        var full = AnyLora.Logits(model, batch, given.With((Names.Inputs, tokens)));
        var state = given.With(model.Caches(new(1, 1)).Select(static c => KeyValuePair.Create(Names.Cache(c.Name), Runs.Normal(c.Value, Key.Seed(1)))));
        for (var at = 0; at < config.Context; at++)
        {
            var step = Programs.CachedStep(model, new(1, 1)).Evaluate(state.With((Names.Inputs, Value.Of(new([1, 1], DType.I32), tokens[at])), (Names.Position, Runs.Whole(at))));
            state = state.With(step.Where(static o => o.Key != Names.Logits));
            for (var i = 0; i < config.Vocabulary; i++) Assert.Equal(full[at * config.Vocabulary + i], step[Names.Logits][i], Exact * (1 + Math.Abs(step[Names.Logits][i])));
        }
    }

    /// <summary>Dropout is on adapters' inputs in training alone: of almost nothing it is none, and of a rate what is left is as much more.</summary>
    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void Dropout_is_only_in_training(DecoderConfig config, ushort seed)
    {
        var (based, plan, model, batch) = Made(config, seed, 1e-12);
        var given = AnyLora.Learned(based, plan, seed).With(Batch(batch, config.Vocabulary, seed));
        var training = Programs.Parameters(model) with { RandomKey = Create.Input(Names.Key, [2], DType.I32) };
        var still = AnyLora.Logits(model, batch, given);
        Runs.Close(still, Evaluator.Run([model.Logits(training, Create.Input(Names.Inputs, batch.Tokens)).Value], given)[0], Exact * (1 + still.Items.ToArray().Max(Math.Abs)));
        Assert.DoesNotContain(Graph.Topological(Programs.Logits(model, batch).Outputs.Select(static o => o.Value)), static n => n.Op is Op.RandomBits);
        // One mask for each adapter that multiplies.
        var drops = Graph.Topological([model.Logits(training, Create.Input(Names.Inputs, batch.Tokens)).Value, model.Head(training)]).Count(static n => n.Op is Op.RandomBits);
        Assert.Equal(plan.Adapters.Count(static a => a.Site.Kind != SiteKind.Table), drops);
    }

    /// <summary>The mask is what dropout of the adapter's own stream draws, at its rate, and falls on the adapter alone.</summary>
    [Property(MaxTest = 20)]
    public void Dropout_is_of_the_rate_and_of_the_adapter(ushort seed, bool dora)
    {
        const double rate = 0.4;
        var (inputs, outputs) = (5, 3);
        var layer = Nn.Linear(inputs, outputs).Named("layer");
        var site = new Site("layer", SiteKind.Linear, inputs, [new("layer.weight", 0, outputs, outputs)]);
        var based = new Model(layer.Params, layer, static env => env.Parameters("layer.bias"), static _ => Params<TensorType>.Empty, 1, 1) { Sites = [site] };
        var model = Lora.Of(based, new LoraConfig { Targets = ["layer"], Rank = 2, Alpha = 1, Dropout = rate, Dora = dora });
        var plan = TinyRun.Get(LoraPlan.Of(based, new LoraConfig { Targets = ["layer"], Rank = 2, Alpha = 1, Dropout = rate, Dora = dora }));
        var x = Create.Input("x", [4, inputs]);
        var env = Programs.Parameters(model) with { RandomKey = Create.Input(Names.Key, [2], DType.I32) };
        var given = AnyLora.Learned(based, plan, seed).With((Names.Key, Runs.KeyOf(seed)), ("x", Runs.Normal(x.Type, Key.Seed(seed))));
        var dropped = x.Dropout(rate, env.RandomKey!, Key.StreamOf("layer.lora_dropout") >> 1);
        var (w, bias, low) = (env.Parameters("layer.weight"), env.Parameters("layer.bias"), env.Parameters("layer.lora_a").MatMul(env.Parameters("layer.lora_b")) * 0.5);
        // Norms are constants to the gradient.
        var ratio = dora ? env.Parameters("layer.lora_magnitude") / ((w + low) * (w + low)).Sum(0).Reshape(outputs).Sqrt().StopGradient() : Create.Fill(1, [outputs]);
        var expected = x.MatMul(w) + dropped.MatMul(w) * (ratio - 1) + dropped.MatMul(low) * ratio + bias;
        var actual = model.Body.Apply(env, x).Value;
        var ct = Create.Input("ct", expected.Type);
        Vec<Tensor> wrt = [x, .. plan.Specs(based.Specs).Select(static s => Create.Input(Names.Param(s.Name), s.Value.Type))];
        Vec<Tensor> Both(Tensor y) => [y, .. Vjp.Pull(y, ct, wrt)];
        given = given.With(("ct", Runs.Normal(ct.Type, Key.Seed(seed).FoldIn("ct"))));
        foreach (var (a, b) in Evaluator.Run(Both(expected), given).Zip(Evaluator.Run(Both(actual), given))) Runs.Close(a, b, Exact);
    }

    /// <summary>A policy and its reference over one base in memory: the reference owns nothing, and stays what the base is.</summary>
    [Fact]
    public void A_reference_shares_the_base_and_another_set_has_its_own()
    {
        var config = new DecoderConfig { Layers = 1, Heads = 2, Width = 4, Context = 3, Vocabulary = 5 };
        var (based, batch) = (Transformer.Of(config), new BatchShape(2, 3));
        var lora = new LoraConfig { Targets = ["all"], Rank = 2, Bias = LoraBias.All, Saved = ["head"] };
        Part policy = new("policy", Lora.Of(based, lora)), reference = new("reference", based) { Learns = false, Shares = "policy" },
            other = new("other", Lora.Of(based, lora, "b")) { Shares = "policy" };
        var objective = new Objective([policy, reference, other], batch.Feed, scene => new[] { "policy", "reference", "other" }
            .Select(name => Losses.NextToken(name == "reference" ? based : name == "policy" ? policy.Model : other.Model, scene.Of(name), scene["inputs"], scene["labels"]).Total)
            .Aggregate(static (a, b) => a + b));
        var plan = TinyRun.Get(LoraPlan.Of(based, lora, "b"));
        Assert.Equal(based.ParameterCount + (2 * plan.Specs(based.Specs).Fold(0L, static (n, s) => n + s.Type.Size)), objective.Parameters.Sum(static p => p.Spec.Type.Size));
        Assert.All(objective.Learned, static p => Assert.Contains(".lora_", p.Name, StringComparison.Ordinal));
        Assert.DoesNotContain(objective.Parameters, static p => p.Part.Name == "reference");
        Assert.Contains(objective.Learned, static p => p.Name == "other/param/blocks.0.q.b.lora_a");
    }

    /// <summary>Two adapters over one base: its parameters are there once, in programs as in buffers, and each gives what it gives by itself, merged.</summary>
    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void Two_adapters_over_one_base_share_it(DecoderConfig config, ushort seed)
    {
        var (based, batch) = (Transformer.Of(config), new BatchShape(1, config.Context));
        LoraPlan[] plans = [TinyRun.Get(LoraPlan.Of(based, AnyLora.Of(based, seed), "a")), TinyRun.Get(LoraPlan.Of(based, AnyLora.Of(based, seed + 1), "b"))];
        Model[] models = [.. plans.Select(plan => Lora.Of(based, plan))];
        Vec<Part> parts = [new("a", models[0]), new("b", models[1]) { Shares = "a" }];
        var objective = new Objective(parts, batch.Feed, scene => parts.Select(p => Losses.NextToken(p.Model, scene.Of(p.Name), scene["inputs"], scene["labels"]).Total).Aggregate(static (a, b) => a + b));
        Assert.Equal(based.ParameterCount + plans.Sum(plan => plan.Specs(based.Specs).Fold(0L, static (n, s) => n + s.Type.Size)), objective.Parameters.Sum(static p => p.Spec.Type.Size));
        var tokens = Runs.Tokens(batch, config.Vocabulary, seed);
        var given = AnyLora.Learned(based, plans[0], seed).With(AnyLora.Learned(based, plans[1], seed)).With((Names.Inputs, tokens));
        // In one program.
        var both = Program.Of([.. parts.Select(p => new Named(p.Name, p.Model.Logits(Env.Of(p.Model.Specs.Map((name, spec) => Create.Input(objective.NameOf(p, name), spec.Type))),
            Create.Input(Names.Inputs, batch.Tokens)).Value))]);
        Assert.All(both.Inputs.Where(static i => i.Name.StartsWith("b/", StringComparison.Ordinal)), static i => Assert.Contains(".b.lora_", i.Name, StringComparison.Ordinal));
        var outcome = both.Evaluate(given.With(both.Inputs.Where(static i => i.Name.Contains("/param/", StringComparison.Ordinal)).Select(i => KeyValuePair.Create(i.Name, given[i.Name[2..]]))));
        // In one memory, from which two models write.
        using var engine = new ReferenceEngine();
        using var memory = new Workspace(engine, based.Specs.Concat(plans[0].Specs(based.Specs)).Concat(plans[1].Specs(based.Specs)).Map(static s => s.Type));
        foreach (var (name, buffer) in memory.Buffers) buffer.Write<float>([.. given[Names.Param(name)].Items.ToArray().Select(static v => (float)v)]);
        Assert.Equal(objective.Parameters.Sum(static p => p.Spec.Type.Bytes), memory.Bytes);
        for (var i = 0; i < 2; i++)
        {
            var untied = Transformer.Of(config with { TiedHead = config.TiedHead && !LoraMerge.Unties(based, plans[i]) });
            var expected = AnyLora.Logits(untied, batch, given.With(LoraMerge.Into(based, plans[i]).Evaluate(given)));
            Runs.Close(expected, outcome[parts[i].Name], 1e-8 * (1 + expected.Items.ToArray().Max(Math.Abs)), parts[i].Name);
            var own = Sessions.Logits.Cached(engine, models[i], memory.Buffers.Filter((name, _) => models[i].Specs.Contains(name)), [.. tokens.Items.ToArray().Select(static t => (int)t)], batch.Time);
            for (var t = 0; t < batch.Time; t++)
                for (var v = 0; v < config.Vocabulary; v++)
                    Assert.Equal(expected[t * config.Vocabulary + v], own[t][v], 1e-4 * (1 + expected.Items.ToArray().Max(Math.Abs)));
        }
    }

    /// <summary>Sets over sets: both count, and the first no longer learns.</summary>
    [Property(MaxTest = 20)]
    public void Sets_over_sets_add_up(ushort seed)
    {
        var config = new DecoderConfig { Layers = 1, Heads = 2, Width = 4, Context = 3, Vocabulary = 5 };
        var (based, batch) = (Transformer.Of(config), new BatchShape(2, 3));
        LoraConfig lora = new() { Targets = ["all", "tokens", "head"], Rank = 2 };
        var (first, second) = (TinyRun.Get(LoraPlan.Of(based, lora, "a")), TinyRun.Get(LoraPlan.Of(based, lora, "b")));
        var both = Lora.Of(Lora.Of(based, first), second);
        var given = AnyLora.Learned(based, first, seed).With(AnyLora.Learned(based, second, seed)).With(Batch(batch, 5, seed));
        var once = given.With(LoraMerge.Into(based, first).Evaluate(given));
        var untied = Transformer.Of(config with { TiedHead = false });
        var twice = once.With(LoraMerge.Into(untied, TinyRun.Get(LoraPlan.Of(untied, lora, "b"))).Evaluate(once));
        Runs.Close(AnyLora.Logits(both, batch, given), AnyLora.Logits(untied, batch, twice), Exact);
        Assert.All(both.Specs, static s => Assert.Equal(s.Name.Contains(".b.lora_", StringComparison.Ordinal), s.Value.Trains));
    }

    [Fact]
    public void A_frozen_step_is_much_cheaper()
    {
        var config = new DecoderConfig { Layers = 6, Heads = 4, Width = 128, Context = 64, Vocabulary = 512, Bias = Biases.None };
        var (based, batch, optimiser) = (Transformer.Of(config), new BatchShape(4, 64), Optimisers.AdamW());
        Program Step(Model model) => Programs.Step(Objectives.NextToken(model, batch), optimiser, GradientClip.To(1));
        var (full, lora) = (Step(based), Step(Lora.Of(based, new LoraConfig { Rank = 16 })));
        long Work(Program program) => Compiler.Compile(program, static _ => true).ArenaBytes;
        Assert.InRange((double)Cost.Of(lora).Flops / (double)Cost.Of(full).Flops, 0, 0.75);
        Assert.InRange((double)Cost.Of(lora).InputBytes / (double)Cost.Of(full).InputBytes, 0, 0.40);
        // Where adapters stand in the last block alone, nothing of the blocks below is kept.
        var last = Step(Lora.Of(based, new LoraConfig { Rank = 16, Targets = ["blocks.5.q"] }));
        Assert.True(Work(lora) < Work(full), $"{Work(lora)} {Work(full)}");
        Assert.InRange((double)Work(last) / Work(full), 0, 0.45);
    }
}
