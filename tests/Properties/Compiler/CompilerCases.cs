using System.Globalization;
using FsCheck;
using FsCheck.Fluent;

namespace Functional.Tests.Properties;

/// <summary>A program to compile.</summary>
/// <param name="Name">Which it is.</param>
/// <param name="Program">What is computed.</param>
/// <param name="Inputs">Values for its inputs.</param>
/// <param name="HasKernel">The fused kinds that are kept.</param>
/// <param name="IsSmooth">Whether it has no rounding to BF16 and no comparison that the order of a sum could turn.</param>
public sealed record CompilerCase(string Name, Program Program, IReadOnlyDictionary<string, Value> Inputs, Func<FusedKind, bool> HasKernel, bool IsSmooth)
{
    /// <summary>What is computed, as the compiler gets it.</summary>
    public Vec<Tensor> Roots => Program.Outputs.Map(static o => o.Value);

    /// <summary>The plan.</summary>
    public Plan Plan => Compiler.Compile(Program, HasKernel);

    // Sums in another order, multiplied by norms of nearly constant rows (1/√1e-5 each) and Adam's division by small numbers.
    const double OfDouble = 1e-9;

    /// <summary>Fails unless these are the outputs' elements, computed in double precision from a rewritten program.</summary>
    public void IsComputedBy(Vec<double[]> actual)
    {
        var expected = Expected();
        for (var o = 0; o < expected.Count; o++)
            for (var i = 0; i < actual[o].Length; i++)
            {
                var (value, bound) = (expected[o].Value[i], expected[o].Bound[i]);
                if (!actual[o][i].Equals(value) && !(Math.Abs(actual[o][i] - value) <= bound) && (IsSmooth || double.IsFinite(bound)))
                    Assert.Fail(string.Create(CultureInfo.InvariantCulture,
                        $"element {i} of '{Program.Outputs[o].Name}' is {actual[o][i]:R}, by the reference {value:R} ± {bound:R}\n{this}"));
            }
    }

    // The bounds are float32's, but tell what the order of sums decides; those of deep networks are infinite.
    Vec<(Value Value, double[] Bound)> Expected() => !IsSmooth ? ParityBounds.Run(Roots, Inputs)
        : Evaluator.Run(Roots, Inputs).Map(static v =>
            (v, Enumerable.Repeat(OfDouble * (1 + v.Items.ToArray().Select(Math.Abs).Max()), v.Items.Length).ToArray()));

    /// <summary>How it is named in a failure.</summary>
    public override string ToString() => $"{Name}, donated {Program.Donations}\n{Program.Print()}";
}

/// <summary>Random programs of every op, with random donations, and the programs of random GPTs.</summary>
public static class CompilerCases
{
    static readonly Vec<(string Name, Func<FusedKind, bool> Has)> Kernels =
    [
        ("the engine's kernels", ManagedEngine.HasKernel), ("every kernel", static _ => true), ("no kernels", static _ => false),
    ];

    /// <summary>One of them.</summary>
    public static Arbitrary<CompilerCase> Any() => Arb.From(Gen.Frequency((9, Random()), (1, Gpts())));

    static Gen<CompilerCase> Random() =>
        from make in Gen.Frequency((4, Gen.Elements(ParityCases.All.ToArray())),
            (1, Gen.Constant(KeyValuePair.Create("simplifiable", (ParityCase)Simplifiable.Of))))
        from seed in Gen.Choose(0, int.MaxValue)
        from kernels in Gen.Elements(Kernels.ToArray())
        let drawn = ParityProgram.Of(make.Value, seed, false)
        select new CompilerCase($"{make.Key} of seed {seed} with {kernels.Name}", drawn.Program, drawn.Inputs, kernels.Has, false);

    static Gen<CompilerCase> Gpts() =>
        // Which experts are the best is a comparison that the order of a sum could turn.
        from config in Gen.OneOf(AnyGpt.Configs().Generator, AnyDecoder.Configs().Generator.Select(static c => c with { Experts = new() }))
        from dropout in Gen.Elements(0, 0.2)
        from seed in Gen.Choose(0, 1000)
        from kernels in Gen.Elements(Kernels.ToArray())
        from kind in Gen.Choose(0, 5)
        let program = Gpt(config with { Dropout = dropout, Width = 4 * config.Width }, kind, (ulong)seed)
        select new CompilerCase($"{program.Name} of {config}, dropout {dropout}, seed {seed}, with {kernels.Name}", program.Program, program.Inputs,
            kernels.Has, true);

    static (string Name, Program Program, IReadOnlyDictionary<string, Value> Inputs) Gpt(DecoderConfig config, int kind, ulong seed)
    {
        var (model, batch) = (Models.Transformer.Of(config), new BatchShape(2, config.Context));
        var optimiser = seed % 2 == 0 ? Optimisers.AdamW() : Optimisers.Sgd(0.9, true, 0.1);
        var inputs = Runs.Parameters(model, seed)
            .With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)), (Names.Labels, Runs.Labels(batch, config.Vocabulary, seed)))
            .With((Names.Key, Runs.KeyOf(seed)), (Names.Position, Runs.Whole(0, config.Context - 1)), (Names.CacheRow, Runs.Whole(1, 0)))
            .With(Runs.Scalars(Programs.StepScalars(optimiser, 3, 0.1)))
            .With(Programs.Accumulators(Objectives.NextToken(model, batch)).Concat(Programs.Slots(Objectives.NextToken(model, batch), optimiser))
                .Concat(model.Caches(new(batch.Rows, 1)).Select(static c => (Names.Cache(c.Name), c.Value)).ToParams())
                // Second moments are not negative, and weights are not 0.
                .Select(t =>
                    KeyValuePair.Create(t.Name, Runs.Changed(Runs.Normal(t.Value, Key.Seed(seed).FoldIn(t.Name)), static (v, _) => 0.1 + Math.Abs(v)))));
        return kind switch
        {
            0 or 1 => ("training step", Programs.Step(Objectives.NextToken(model, batch, 0.1) with { Recomputed = (int)(seed % 3) }, optimiser, GradientClip.To(1)), inputs),
            2 => ("accumulation", Programs.Accumulate(Objectives.NextToken(model, batch) with { Recomputed = (int)(seed % 4) }), inputs),
            3 => ("application", Programs.Apply(Objectives.NextToken(model, batch), optimiser, GradientClip.To(1)), inputs),
            4 => ("cached step", Programs.CachedStep(model, new(2, 1), seed % 3 == 0 ? 2 : null),
                inputs.With((Names.Inputs, Runs.Tokens(new(2, 1), config.Vocabulary, seed)))),
            _ => ("attention weights", Programs.AttentionWeights(model, batch), inputs),
        };
    }
}
