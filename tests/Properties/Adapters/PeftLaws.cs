using Functional.Testing;
using Functional.Tests.Properties.Families;
using Functional.Tests.Properties.Training;

namespace Functional.Tests.Properties.Adapters;

/// <summary>
/// PEFT's layout for every family, against its own formula on the published tensors: whatever is packed, interleaved or transposed here or there, the model
/// with the adapter computes what the base computes from W + scale · B A.
/// </summary>
public sealed class PeftLaws
{
    const double Exact = 1e-7;

    static readonly string[] linear =
    [
        "q_proj", "k_proj", "v_proj", "o_proj", "out_proj", "c_attn", "c_proj", "c_fc", "fc1", "fc2", "dense", "query_key_value", "dense_h_to_4h", "dense_4h_to_h",
        "gate_proj", "up_proj", "down_proj", "gate_up_proj", "qkv_proj", "project_in", "project_out",
    ];

    static readonly string[] tables = ["embed_tokens", "wte", "embed_in"], heads = ["lm_head", "embed_out", "score"];

    static string Module(string tensor) => tensor[..tensor.LastIndexOf('.')];

    static string Last(string name) => name[(name.LastIndexOf('.') + 1)..];

    static Json Texts(IEnumerable<string> texts) => new Json.List([.. texts.Select(static t => (Json)new Json.Text(t))]);

    static double[] Random(string name, long count, int seed, bool positive = false) =>
        [.. Enumerable.Range(0, (int)count).Select(i => 0.4 * Key.Seed((ulong)(uint)seed).FoldIn(name).Normal(i)).Select(v => positive ? 0.5 + Math.Abs(v) : v)];

    /// <summary>Parameters here out of tensors there.</summary>
    static Dictionary<string, Value> Ours(Params<ParamSpec> specs, Vec<TheirTensor> tensors, Func<string, long, double[]> theirs)
    {
        var ours = specs.ToDictionary(static s => s.Name, static s => Enumerable.Repeat(double.NaN, (int)s.Value.Type.Size).ToArray());
        foreach (var tensor in tensors)
        {
            var numbers = theirs(tensor.Name, ElementView.Of(tensor.Shape).Count);
            foreach (var piece in tensor.Pieces)
                foreach (var (from, to) in piece.From.Places().Zip(piece.To.Places())) ours[piece.Ours][to] = numbers[from];
        }
        return ours.ToDictionary(static o => Names.Param(o.Key), o => Value.Of(specs[o.Key].Type, o.Value));
    }

    public static TheoryData<string> Families => [.. Published.Families.Select(static f => f.Name)];

    [Theory, MemberData(nameof(Families))]
    public void Whatever_is_packed_the_adapter_is_that_of_the_published_layers(string family)
    {
        for (var seed = 0; seed < 14; seed++) Is_that_of_the_published_layers(family, seed + 1000 * family.Length);
    }

    static void Is_that_of_the_published_layers(string family, int seed)
    {
        var random = new Random(seed);
        int[] numbers = [Published.Families.Select(static f => f.Name).ToList().IndexOf(family), .. Enumerable.Range(0, 60).Select(_ => random.Next())];
        // Not every one of them is valid.
        if (Published.Read(AnyPublished.Of(numbers), "config.json") is not { IsSuccess: true } read) return;
        var published = TinyRun.Get(read);
        T Any<T>(params T[] choices) => choices[random.Next(choices.Length)];
        var (tensors, tied) = (published.Tensors, published.Config.TiedHead);
        var modules = tensors.Where(static t => t.Shape.Count == 2 && !t.Name.Contains(".experts.", StringComparison.Ordinal)).Select(static t => Module(t.Name))
            .Concat(tied ? ["lm_head"] : []).Where(m => linear.Concat(tables).Concat(heads).Contains(Last(m))).ToList();
        if (published.Family.Name == "gpt_neox" && tied) modules[^1] = "embed_out";
        var targets = modules.Where(_ => random.Next(3) == 0).Append(modules[random.Next(modules.Count)]).Distinct().ToList();
        var (rank, alpha, stabilised, dora, bias) = (random.Next(1, 4), Any(1.0, 6.0, 2.5), Any(true, false), Any(true, false), Any("none", "all", "lora_only"));
        var named = targets.ToList();
        var excluded = targets.Count > 1 && random.Next(2) == 0 ? [targets[0]] : new List<string>();
        targets = [.. targets.Except(excluded)];
        var (special, saved) = (targets[random.Next(targets.Count)], Any<string[]>([], ["lm_head", "embed_out"], ["embed_tokens", "wte", "embed_in"], ["norm", "ln_f"], ["classifier"]));
        // Of a whole name and of its end, the first that fits counts.
        (string Key, int Rank, double Alpha)[] patterns = [(special, rank + 1, alpha + 2), (Last(special), rank + 2, alpha + 3)];
        (int Rank, double Alpha) Of(string module) => patterns.Where(p => module == p.Key || module.EndsWith("." + p.Key, StringComparison.Ordinal)).Select(static p => (p.Rank, p.Alpha)).FirstOrDefault((rank, alpha));
        var config = new Json.Map(Params.Of<Json>(
            ("peft_type", new Json.Text("LORA")), ("r", new Json.Whole(rank)), ("lora_alpha", alpha == 2.5 ? new Json.Real(alpha) : new Json.Whole((long)alpha)), ("bias", new Json.Text(bias)),
            ("use_dora", new Json.Bool(dora)), ("use_rslora", new Json.Bool(stabilised)), ("fan_in_fan_out", new Json.Bool(published.Family.Name == "gpt2")),
            ("target_modules", Any(Texts(named), new Json.Text(string.Join('|', named.Select(static t => t.Replace(".", "\\.", StringComparison.Ordinal)))))),
            ("exclude_modules", excluded.Count == 0 ? new Json.Null() : Any(Texts(excluded), new Json.Text(string.Join('|', excluded.Select(static t => $".*{t.Replace(".", "\\.", StringComparison.Ordinal)}"))))),
            ("modules_to_save", saved.Length == 0 ? new Json.Null() : Texts(saved)), ("loftq_config", new Json.Map(Params<Json>.Empty)), ("init_lora_weights", new Json.Bool(true)),
            ("rank_pattern", new Json.Map(patterns.Select(static p => (p.Key, (Json)new Json.Whole(p.Rank))).DistinctBy(static p => p.Key).ToParams())),
            ("alpha_pattern", new Json.Map(patterns.Select(static p => (p.Key, (Json)new Json.Real(p.Alpha))).DistinctBy(static p => p.Key).ToParams()))));
        var adapter = TinyRun.Get(Peft.Read(config, "adapter_config.json", published, []));
        var based = Transformer.Of(published.Config);
        var plan = TinyRun.Get(LoraPlan.Of(based, adapter.Config));
        double[] Theirs(string name, long count) => Random(name, count, seed, name.EndsWith("magnitude_vector", StringComparison.Ordinal));
        var given = Ours(based.Specs, tensors, Theirs).With(Ours(plan.Specs(based.Specs), adapter.Tensors, Theirs));
        Assert.All(given, static g => Assert.DoesNotContain(double.NaN, g.Value.Items.ToArray()));

        // What is saved stands in the place of the base's, and adapters are added, all there.
        var whole = published with { Config = published.Config with { TiedHead = false } };
        double[] Merged(string name, long count)
        {
            var head = tied && heads.Contains(Last(Module(name))) ? tables.SelectMany(t => tensors.Where(x => Last(Module(x.Name)) == t)).First().Name : name;
            var (w, module) = (Theirs(head, count), Module(name));
            if (adapter.Tensors.Any(t => t.Name == $"base_model.model.{name}")) w = Theirs($"base_model.model.{name}", count);
            if (adapter.Tensors.Any(t => t.Name == $"base_model.model.{module}.base_layer.bias") && name.EndsWith(".bias", StringComparison.Ordinal)) w = Theirs($"base_model.model.{module}.base_layer.bias", count);
            if (!targets.Contains(module) || name.EndsWith(".bias", StringComparison.Ordinal)) return w;
            var (r, a) = Of(module);
            var (scale, table) = (a / (stabilised ? Math.Sqrt(r) : r), tables.Contains(Last(module)));
            var shape = whole.Tensors.Single(t => t.Name == name).Shape;
            var turned = table || published.Family.Name == "gpt2" && linear.Contains(Last(module));
            var (outputs, inputs) = turned ? ((int)shape[1], (int)shape[0]) : ((int)shape[0], (int)shape[1]);
            var (path, kind) = ($"base_model.model.{module}.lora_{(table ? "embedding_" : "")}", table ? "" : ".weight");
            var (lowA, lowB, m) = (Theirs($"{path}A{kind}", r * inputs), Theirs($"{path}B{kind}", outputs * r), Theirs($"base_model.model.{module}.lora_magnitude_vector", outputs));
            for (var o = 0; o < outputs; o++)
            {
                int At(int i) => turned ? i * outputs + o : o * inputs + i;
                for (var i = 0; i < inputs; i++) w[At(i)] += scale * Enumerable.Range(0, r).Sum(k => lowB[o * r + k] * lowA[k * inputs + i]);
                var norm = dora ? m[o] / Math.Sqrt(Enumerable.Range(0, inputs).Sum(i => w[At(i)] * w[At(i)])) : 1;
                for (var i = 0; i < inputs; i++) w[At(i)] *= norm;
            }
            return w;
        }
        var plain = Transformer.Of(whole.Config);
        var expected = Ours(plain.Specs, whole.Tensors, Merged);
        var batch = new BatchShape(2, Math.Min(5, published.Config.Context));
        var tokens = (Names.Inputs, Runs.Tokens(batch, published.Config.Vocabulary, (ulong)(uint)seed));
        var logits = AnyLora.Logits(plain, batch, expected.With(tokens));
        Runs.Close(logits, AnyLora.Logits(Lora.Of(based, plan), batch, given.With(tokens)), Exact * (1 + logits.Items.ToArray().Max(Math.Abs)), $"{published.Family.Name} {string.Join(' ', targets)}");
    }

    /// <summary>What is written of adapters made here and read again is the same, in every family, to the bit.</summary>
    [Property(MaxTest = 60)]
    public void Saved_and_loaded_is_the_same(int seed)
    {
        var random = new Random(seed);
        int[] numbers = [.. Enumerable.Range(0, 60).Select(_ => random.Next())];
        // Not every one of them is valid.
        if (Published.Read(AnyPublished.Of(numbers), "config.json") is not { IsSuccess: true } read) return;
        var published = TinyRun.Get(read);
        var based = Transformer.Of(published.Config);
        T Any<T>(params T[] choices) => choices[random.Next(choices.Length)];
        var sites = PeftModule.Of(published).Where(static m => m.Site is not null).Select(static m => m.Site!.Name).ToList();
        var config = new LoraConfig
        {
            Targets = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => sites[random.Next(sites.Count)]).Distinct()], Rank = random.Next(1, 4), Alpha = Any(1, 0.7, 16), Dropout = Any(0, 0.25),
            RankStabilised = Any(true, false), Dora = Any(true, false), Bias = Any(LoraBias.None, LoraBias.All, LoraBias.Adapted), Saved = Any<Vec<string>>([], ["head"], ["tokens", "head"]),
            Ranks = Any<Vec<SiteValue<int>>>([], [new(sites[^1], 3)]), Alphas = Any<Vec<SiteValue<double>>>([], [new(sites[^1], 0.3)]),
        };
        var set = Any("", "mine");
        var plan = TinyRun.Get(LoraPlan.Of(based, config, set));
        var specs = plan.Specs(based.Specs);
        Dictionary<string, float[]> given = specs.ToDictionary(static s => s.Name, s => Random(s.Name, s.Value.Type.Size, seed).Select(static v => (float)v).ToArray());
        using var scratch = new Scratch();
        var folder = Directory.CreateDirectory(scratch["adapter"]).FullName;
        _ = TinyRun.Get(AdapterFolder.Write(folder, config, published, "F32", (name, into) =>
        {
            given[name].CopyTo(into);
            return LanguageExt.Prelude.Success<Fault, LanguageExt.Unit>(LanguageExt.Prelude.unit);
        }, set: set));
        using var back = TinyRun.Get(AdapterFolder.Open(folder, published));
        var again = TinyRun.Get(LoraPlan.Of(based, back.Config, set));
        Assert.Equal(plan.Adapters, again.Adapters);
        Assert.Equal(plan.Copies.Order(Comparer<OwnCopy>.Create(static (a, b) => string.CompareOrdinal(a.Name, b.Name))), again.Copies.Order(Comparer<OwnCopy>.Create(static (a, b) => string.CompareOrdinal(a.Name, b.Name))));
        foreach (var (name, spec) in TinyRun.Get(LoraPlan.Of(based, back.Config)).Specs(based.Specs))
        {
            var found = PeftGoldenTests.Read(back, spec);
            var wanted = given[set.Length == 0 ? name : name.Insert(name.LastIndexOf(".lora_", StringComparison.Ordinal), ".mine")];
            Assert.Equal(wanted.Select(static v => (double)v), found.Items.ToArray());
        }
    }
}
