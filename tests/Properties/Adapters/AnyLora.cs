namespace Functional.Tests.Properties.Adapters;

/// <summary>Adapters of every kind for a model, drawn from a number; and the values of their parameters.</summary>
static class AnyLora
{
    public static LoraConfig Of(Model model, int seed, double dropout = 0)
    {
        var random = new Random(seed);
        T Any<T>(params T[] choices) => choices[random.Next(choices.Length)];
        var sites = model.Sites.Where(static s => !s.IsComposite).ToList();
        var some = Enumerable.Range(0, random.Next(1, 4)).Select(_ => sites[random.Next(sites.Count)].Name).Distinct().ToVec();
        // Packed layers as one, where there are any, now and then.
        Vec<string> targets = Any(0, 1, 2) switch { 0 => some, 1 => ["all", .. some.Where(static s => s is "tokens" or "head")], _ => ["qkv", "out", "tokens", "head"] };
        return new()
        {
            Rank = random.Next(1, 4), Alpha = Any(1, 2.5, 8), Dropout = dropout, RankStabilised = Any(true, false), Dora = Any(true, false),
            Targets = targets, Bias = Any(LoraBias.None, LoraBias.All, LoraBias.Adapted), Saved = Any<Vec<string>>([], [], ["head"], ["tokens"]),
            Ranks = Any<Vec<SiteValue<int>>>([], [new("out", 2)]), Alphas = Any<Vec<SiteValue<double>>>([], [new("blocks.0.*", 3)]),
        };
    }

    /// <summary>Values of all parameters: the base's any, the adapters' as they begin, and what follows from the base as it does.</summary>
    public static Dictionary<string, Value> Fresh(Model model, LoraPlan plan, ulong seed)
    {
        var given = Runs.Parameters(model, seed);
        foreach (var (name, spec) in plan.Specs(model.Specs))
        {
            var numbers = new float[spec.Type.Size];
            spec.Fill(Key.Seed(seed), 0, numbers);
            given[Names.Param(name)] = Value.Of(spec.Type, [.. numbers.Select(static n => (double)n)]);
        }
        return Lora.Begin(model, plan) is { Outputs.Count: > 0 } begin ? given.With(begin.Evaluate(given)) : given;
    }

    /// <summary>Values of all parameters, as if all had learned; norms are positive.</summary>
    public static Dictionary<string, Value> Learned(Model model, LoraPlan plan, ulong seed) => Runs.Parameters(model, seed).With(plan.Specs(model.Specs)
        .Select(s => KeyValuePair.Create(Names.Param(s.Name), Runs.Changed(Runs.Normal(s.Value.Type, Key.Seed(seed).FoldIn(s.Name), 0.4),
            (v, _) => s.Name.EndsWith("lora_magnitude", StringComparison.Ordinal) ? 0.5 + Math.Abs(v) : v))));

    public static Value Logits(Model model, BatchShape batch, Dictionary<string, Value> given) => Programs.Logits(model, batch).Evaluate(given)[Names.Logits];
}
