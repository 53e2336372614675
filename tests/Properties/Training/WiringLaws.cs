using System.Globalization;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

/// <summary>
/// Every setting reaches what it sets, and nothing else: changed alone, it changes these aspects of a whole run, and leaves the bits of the others. Settings
/// are found by reflection, so that a new one without a line here fails.
/// </summary>
public class WiringLaws
{
    const string Numbers = "weights slots losses score", Rates = $"rates {Numbers}";

    // Everything is on, so that nothing hides a setting: gradients are clipped, micro-batches add up, nothing is pruned.
    static readonly RunConfig plain = TinyRun.Config with
    { Model = TinyRun.Config.Model with { Dropout = 0.2 }, Stage = TinyRun.Config.Stage with { Accumulate = 2, LabelSmoothing = 0.1, Steps = 6, Keep = 100,
        Optimiser = TinyRun.Config.Stage.Optimiser with { Clip = 0.05, WeightDecay = 0.5, LearningRate = 0.02, MinLearningRate = 0.001 } },
            Execution = TinyRun.Config.Execution with { Threads = 1, Engine = EngineKind.Managed, Device = Device.Cpu } };

    // What holds in both runs, another value, and what that changes. The two forms of GELU differ in the last places only.
    static readonly Dictionary<string, (string Given, string Value, string Changes)> table = new()
    {
        ["layers"] = ("", "2", Numbers), ["heads"] = ("", "1", Numbers), ["key-heads"] = ("", "1", Numbers), ["head-size"] = ("", "3", Numbers),
            ["width"] = ("", "8", Numbers), ["hidden"] = ("", "5", Numbers), ["hidden-multiple"] = ("", "5", Numbers), ["embedding-width"] = ("", "3", Numbers),
            ["context"] = ("", "4", Numbers), ["bias"] = ("", "true", Numbers),
        ["activation"] = ("", "gelu", "slots weights"), ["norm"] = ("", "post", Numbers), ["norm-kind"] = ("", "rms", Numbers),
            ["norm-epsilon"] = ("", "0.1", Numbers), ["norm-weights"] = ("", "false", Numbers), ["final-norm"] = ("", "false", Numbers),
            ["positions"] = ("", "sinusoidal", Numbers), ["tied-head"] = ("", "false", Numbers), ["dropout"] = ("", "0.3", Numbers),
        ["rope-base"] = (Rotary, "100", Numbers), ["rope-local-base"] = ($"{Rotary} window=2", "20", Numbers), ["rope-share"] = (Rotary, "0.5", Numbers),
            ["rope-pairing"] = (Rotary, "neighbours", Numbers), ["rope-scaling"] = ($"{Rotary} rope-factor=4", "linear", Numbers),
            ["rope-factor"] = ($"{Rotary} rope-scaling=linear", "4", Numbers),
            ["rope-original-context"] = ($"{Rotary} rope-scaling=llama3 rope-factor=4", "100", Numbers),
            ["rope-low"] = ($"{Llama}", "0.5", Numbers), ["rope-high"] = ($"{Llama}", "5", Numbers),
            ["rope-fast"] = (Yarn, "2", Numbers), ["rope-slow"] = (Yarn, "10", Numbers), ["rope-attention-factor"] = (Yarn, "0.5", Numbers),
            ["rope-magnitude"] = ($"{Yarn} rope-magnitude-all=1", "0.5", Numbers), ["rope-magnitude-all"] = ($"{Yarn} rope-magnitude=1", "0.5", Numbers),
            ["rope-truncate"] = (Yarn, "false", Numbers),
            // Of three tokens: up to the original context the short ones count, beyond it the long ones.
            ["rope-short"] = (Long, "1+2+1+1", Numbers), ["rope-long"] = ($"{Long} rope-original-context=2", "1+2+1+1", Numbers),
        ["window"] = ("", "2", Numbers), ["sinks"] = ("context=5 window=2", "1", Numbers), ["pattern"] = ("layers=2 window=2", "wf", Numbers),
            ["query-key-norm"] = ("", "head", Numbers), ["attention-scale"] = ("", "0.9", Numbers), ["scaled-by-layer"] = ("layers=2", "true", Numbers),
            ["attention-cap"] = ("", "0.001", Numbers), ["logit-cap"] = ("", "0.5", Numbers), ["qkv-clip"] = ("", "0.01", Numbers),
            ["scaled-embeddings"] = ("", "true", Numbers),
        ["experts"] = ("", "2", Numbers), ["experts-chosen"] = (Experts, "3", Numbers), ["expert-hidden"] = (Experts, "5", Numbers),
            ["expert-scores"] = (Experts, "sigmoid", Numbers), ["experts-renormalised"] = (Experts, "false", Numbers),
            ["shared-expert"] = (Experts, "5", Numbers), ["shared-expert-gate"] = ($"{Experts} shared-expert=5", "true", Numbers),
            ["expert-pattern"] = ($"{Experts} layers=2", "ed", Numbers), ["balance-loss"] = (Experts, "0.5", Numbers),
            ["router-z-loss"] = (Experts, "0.5", Numbers), ["router-noise"] = (Experts, "1", Numbers), ["expert-capacity"] = (Experts, "0.1", Numbers),
        // A model that judges texts learns no next tokens: any other value is refused, and DriftLaws says how.
        ["labels"] = ("", "", ""),
        ["validation-part"] = ("", "0.3", Numbers), ["order"] = ("", "shuffled", Numbers), ["batch"] = ("", "3", Numbers), ["accumulate"] = ("", "1", Numbers),
            ["seed"] = ("", "2", Numbers),
        ["optimiser"] = ("", "adam", Numbers), ["weight-decay"] = ("", "0.4", Numbers), ["beta1"] = ("", "0.8", Numbers), ["beta2"] = ("", "0.98", Numbers),
            ["eps"] = ("", "1e-3", Numbers), ["beta3"] = ("optimiser=ademamix", "0.9", Numbers), ["mix"] = ("optimiser=ademamix", "1", Numbers),
            ["muon-momentum"] = ("optimiser=muon", "0.5", Numbers), ["role-rates"] = ("", "matrix=3", Numbers), ["role-decays"] = ("", "embedding=0", Numbers),
            // Means change nothing but what is kept beside the weights.
            ["average"] = ("average=0.5", "0.9", "slots means"),
        ["clip"] = ("", "0.04", Numbers), ["label-smoothing"] = ("", "0.2", Numbers),
        ["lr"] = ("", "0.03", Rates), ["min-lr"] = ("", "0.002", Rates), ["warmup"] = ("", "3", Rates), ["schedule"] = ("", "linear", Rates),
        ["steps"] = ("", "8", $"{Rates} evaluations checkpoints samples lengths"),
        ["eval-every"] = ("", "2", "checkpoints evaluations"), ["eval-batches"] = ("", "1", "score"), ["save-every"] = ("", "3", "checkpoints"),
            ["keep"] = ("", "1", "checkpoints"), ["sample-every"] = ("", "3", "lengths samples texts"), ["sample-tokens"] = ("", "5", "lengths texts"),
            ["sample-temperature"] = ("", "0", "texts"),
        // What they do is in LogLaws and NormLaws.
        ["logs"] = ("", "csv", ""), ["otlp-endpoint"] = ("", "http://127.0.0.1:9", ""), ["norms-every"] = ("", "2", ""), ["log-histograms-every"] = ("", "2", ""), ["peak-share"] = ("", "true", ""),
        ["threads"] = ("", "2", "execution"), ["engine"] = ("", "auto", "execution"), ["device"] = ("", "auto", "execution"),
            ["precision"] = ("", "bf16", Numbers),
        ["data"] = ("", "TEXT", "text"), ["mixture"] = ("", "TEXTS", "text"), ["corpus-seed"] = ("", "2", "text"), ["corpus-size"] = ("", "2000", "text"), ["tokenizer"] = ("", "byte", "text"),
            ["line-ends"] = ("", "keep", "text"),
        ["vocabulary"] = ("", "300", "text"), ["split"] = ("", "gpt2", "text"), ["min-frequency"] = ("", "40", "text"),
            ["special-tokens"] = ("", "<|end|>", "text"), ["separator"] = ("", "b", Numbers),
        ["lora-rank"] = ("", "2", Numbers), ["lora-alpha"] = ("lora-rank=2", "4", Numbers), ["lora-dropout"] = ("lora-rank=2", "0.4", Numbers),
            ["lora-targets"] = ("lora-rank=2", "up+down", Numbers), ["rslora"] = ("lora-rank=2", "true", Numbers), ["dora"] = ("lora-rank=2", "true", Numbers),
            ["lora-b-rate"] = ("lora-rank=2", "4", Numbers), ["lora-ranks"] = ("lora-rank=2", "v=1", Numbers), ["lora-alphas"] = ("lora-rank=2", "v=4", Numbers),
            ["lora-bias"] = ("lora-rank=2 bias=true", "all", Numbers), ["lora-saved"] = ("lora-rank=2", "norm", Numbers),
        // Changes memory and time alone: RematerialisationLaws.
        ["recompute"] = ("", "", ""),
        // Their own tests: InitialWeightsTests, RecipeLaws, RowRunTests, AdapterRunTests.
        ["adapter"] = ("", "", ""), ["from"] = ("", "", ""), ["after"] = ("", "", ""), ["kind"] = ("", "", ""),
    };

    // Heads of eight numbers, so that there are fast and slow pairs.
    const string Rotary = "positions=rotary width=16", Llama = $"{Rotary} rope-scaling=llama3 rope-factor=4 rope-original-context=16",
        Yarn = $"{Rotary} rope-scaling=yarn rope-factor=4 rope-original-context=1000",
        Long = $"{Rotary} rope-scaling=long rope-short=1+1+1+1 rope-long=1+1+1+1", Experts = "experts=4";

    public static TheoryData<string> Settings => [.. RunConfig.Fields.Select(static f => f.Name)];

    // Another model writes another text, or by chance the same.
    static readonly Dictionary<string, SortedDictionary<string, string>> known = [];

    static SortedDictionary<string, string> Unchanged(string given) => known.TryGetValue(given, out var aspects) ? aspects : known[given] = Aspects(With(given));

    static RunConfig With(string given) => given.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static word => word.Split('='))
        .Aggregate(plain, static (config, word) => RunConfig.Field(word[0])!.Set(config, word[1])!);

    [Theory, MemberData(nameof(Settings))]
    public void A_setting_changes_what_it_sets_and_nothing_else(string name)
    {
        if (RunConfig.Field(name)!.Kinds.Count > 0) return;
        Assert.True(table.TryGetValue(name, out var row), $"say what {name} changes");
        if (row.Changes.Length == 0) return;
        var begun = With(row.Given);
        if (row.Changes is "text")
        {
            Assert.NotEqual(Text(begun, name), Text(Changed(begun, name, row.Value), name));
            return;
        }
        var changed = Changed(begun, name, row.Value);
        if (row.Changes is "execution")
        {
            // What computes changes no bit.
            Assert.NotEqual(begun.Execution, changed.Execution);
            if (name is "engine" or "device") return;
        }
        var (before, after) = (Unchanged(row.Given), Aspects(changed));
        Assert.Equal(row.Changes.Replace("execution", "", StringComparison.Ordinal).Split(' ',
            StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            before.Where(a => after[a.Key] != a.Value && (a.Key != "texts" || after["weights"] == before["weights"])).Select(static a => a.Key));
    }

    /// <summary>Each word of a setting is a value of its own: no two of them train the same weights.</summary>
    [Theory]
    [InlineData("activation", "", "")]
    [InlineData("norm", "", "")]
    [InlineData("norm-kind", "", "")]
    [InlineData("positions", "", "")]
    [InlineData("query-key-norm", "", "")]
    // Dynamic scaling changes what is longer than the context, which nothing is in training.
    [InlineData("rope-scaling", $"{Rotary} rope-factor=4 rope-original-context=64 rope-short=1+2+3+4 rope-long=1+1+1+1", "dynamic")]
    // Small parameters keep their states in float32.
    [InlineData("optimiser", "", "adamw-8bit")]
    public void No_two_words_say_the_same(string name, string given, string except)
    {
        var field = RunConfig.Field(name)!;
        var words = field.Allowed.Split(", ").Except([except]).ToList();
        Assert.Equal(words.Count, words.Select(word => Aspects(field.Set(With(given), word)!)["weights"]).Distinct().Count());
    }

    /// <summary>Each part that may have biases has them by its own word.</summary>
    [Fact]
    public void Each_part_has_its_own_biases()
    {
        string Biased(string value) => string.Join(' ', Models.Transformer.Of(RunConfig.Field("bias")!.Set(new() { Model = new() { Layers = 1 } }, value)!.Model)
            .Specs.Names.Where(static n => n.EndsWith(".bias", StringComparison.Ordinal)));
        Assert.Equal(("", "blocks.0.qkv.bias", "blocks.0.out.bias", "blocks.0.up.bias blocks.0.down.bias", "blocks.0.norm1.bias blocks.0.norm2.bias norm.bias",
            "blocks.0.qkv.bias blocks.0.up.bias blocks.0.down.bias"),
            (Biased("false"), Biased("qkv"), Biased("output"), Biased("feed-forward"), Biased("norms"), Biased("feed-forward+qkv")));
    }

    static RunConfig Changed(RunConfig config, string name, string value)
    {
        var field = RunConfig.Field(name)!;
        var changed = field.Set(config, value switch { "TEXT" => File(), "TEXTS" => $"{File()}=1+{File("other")}=1", _ => value })!;
        Assert.NotEqual(field.Get(config), field.Get(changed));
        Assert.Equal("", changed.Validate().Match(static _ => "", static f => f.Lines()));
        return changed;
    }

    static string File(string name = "wiring")
    {
        var path = Path.Combine(AppContext.BaseDirectory, $"{name}.txt");
        System.IO.File.WriteAllText(path, "a text\r\nof its own, which is long enough to have a part that is kept for evaluation\r\n");
        return path;
    }

    // The first tokens of the text, and what they are tokens of.
    static string Text(RunConfig config, string name)
    {
        if (name is "vocabulary" or "split" or "min-frequency" or "special-tokens") config = RunConfig.Field("tokenizer")!.Set(config, "bpe")!;
        var data = (TextData)TinyRun.Get(RunData.Load(Recipe.Of(name == "line-ends" ? RunConfig.Field("data")!.Set(config, File())! : config)));
        var tokens = new int[Math.Min(60, (int)data.Train.Length)];
        data.Train.CopyTo(0, tokens);
        return $"{data.Tokenizer.Fingerprint} {data.Train.Length} {string.Join(' ', tokens)}";
    }

    static SortedDictionary<string, string> Aspects(RunConfig config)
    {
        using var scratch = new Scratch();
        var samples = new Samples();
        var resolved = TinyRun.Get(TinyRun.Data(config).Resolve(config));
        using (var engine = new ManagedEngine(config.Execution.Threads))
        using (var session = TinyRun.Get(RunSession.Begin(scratch["run"], Recipe.Of(config), TinyRun.Data(config), Disk.Real)))
            TinyRun.Get(Loop.Run(engine, session, samples, StillClock.Instance));
        var run = TinyRun.Get(RunFolder.Open(scratch["run"]));
        var last = TinyRun.Get(run.Checkpoint()).Folder;
        var lines = TinyRun.Get(MetricsFile.Read(run.Metrics));
        string Bytes(string file) => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(System.IO.File.ReadAllBytes(Path.Combine(last, file))));
        static string Text(IEnumerable<double> numbers) => string.Join(' ', numbers.Select(static n => n.ToString("R", CultureInfo.InvariantCulture)));
        return new(StringComparer.Ordinal)
        {
            ["means"] = System.IO.File.Exists(Path.Combine(last, "average/model.safetensors")) ? Bytes("average/model.safetensors") : "",
            ["weights"] = Bytes("model.safetensors"), ["slots"] = Bytes("optimizer.safetensors"),
            ["losses"] = Text(lines.Where(static l => l.Training is not null).Select(static l => (double)l.Training!.Value.Loss)),
            ["rates"] = Text(lines.Where(static l => l.Training is not null).Select(static l => l.Training!.Value.LearningRate)),
            ["score"] = Text(lines.Where(static l => l.ValidationLoss is not null).TakeLast(1).Select(static l => l.ValidationLoss!.Value)),
            ["evaluations"] = string.Join(' ', lines.Where(static l => l.ValidationLoss is not null).Select(static l => l.Step)),
            ["checkpoints"] = string.Join(' ', new CheckpointStore(scratch["run/stages/pretrain/checkpoints"]).Steps),
            ["samples"] = string.Join(' ', samples.Steps), ["texts"] = string.Join('|', samples.Texts), ["lengths"] = string.Join(' ', samples.Texts.Select(static t => t.Length)),
        };
    }

    sealed class Samples : IRunObserver
    {
        public List<long> Steps { get; } = [];

        public List<string> Texts { get; } = [];

        public void Drawn(long step, string text)
        {
            Steps.Add(step);
            Texts.Add(text);
        }
    }
}
