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

    // Another value, and what it changes. The two forms of GELU differ in the last places only.
    static readonly Dictionary<string, (string Value, string Changes)> table = new()
    {
        ["layers"] = ("2", Numbers), ["heads"] = ("1", Numbers), ["width"] = ("8", Numbers), ["context"] = ("4", Numbers), ["bias"] = ("true", Numbers),
        ["activation"] = ("gelu", "slots weights"), ["norm"] = ("post", Numbers), ["positions"] = ("sinusoidal", Numbers), ["tied-head"] = ("false", Numbers),
            ["dropout"] = ("0.3", Numbers),
        ["validation-part"] = ("0.3", Numbers), ["order"] = ("shuffled", Numbers), ["batch"] = ("3", Numbers), ["accumulate"] = ("1", Numbers),
            ["seed"] = ("2", Numbers),
        ["optimiser"] = ("adam", Numbers), ["weight-decay"] = ("0.4", Numbers), ["beta1"] = ("0.8", Numbers), ["beta2"] = ("0.98", Numbers),
            ["eps"] = ("1e-3", Numbers),
        ["clip"] = ("0.04", Numbers), ["label-smoothing"] = ("0.2", Numbers),
        ["lr"] = ("0.03", Rates), ["min-lr"] = ("0.002", Rates), ["warmup"] = ("3", Rates), ["schedule"] = ("linear", Rates),
        ["steps"] = ("8", $"{Rates} evaluations checkpoints samples lengths"),
        ["eval-every"] = ("2", "checkpoints evaluations"), ["eval-batches"] = ("1", "score"), ["save-every"] = ("3", "checkpoints"),
            ["keep"] = ("1", "checkpoints"), ["sample-every"] = ("3", "lengths samples texts"), ["sample-tokens"] = ("5", "lengths texts"), ["sample-temperature"] = ("0", "texts"),
        ["threads"] = ("2", "execution"), ["engine"] = ("auto", "execution"), ["device"] = ("auto", "execution"), ["precision"] = ("bf16", "execution"),
        ["data"] = ("TEXT", "text"), ["corpus-seed"] = ("2", "text"), ["corpus-size"] = ("2000", "text"), ["tokenizer"] = ("byte", "text"),
            ["line-ends"] = ("keep", "text"),
        ["vocabulary"] = ("300", "text"), ["split"] = ("gpt2", "text"), ["min-frequency"] = ("40", "text"), ["special-tokens"] = ("<|end|>", "text"),
        // Its own tests: InitialWeightsTests.
        ["from"] = ("", ""),
    };

    public static TheoryData<string> Settings => [.. RunConfig.Fields.Select(static f => f.Name)];

    // Another model writes another text, or by chance the same.
    static readonly Lazy<SortedDictionary<string, string>> unchanged = new(() => Aspects(plain));

    [Theory, MemberData(nameof(Settings))]
    public void A_setting_changes_what_it_sets_and_nothing_else(string name)
    {
        Assert.True(table.TryGetValue(name, out var row), $"say what {name} changes");
        if (row.Changes.Length == 0) return;
        if (row.Changes is "text")
        {
            Assert.NotEqual(Text(plain, name), Text(Changed(plain, name, row.Value), name));
            return;
        }
        var changed = Changed(plain, name, row.Value);
        if (row.Changes is "execution")
        {
            // What computes changes no bit.
            Assert.NotEqual(plain.Execution, changed.Execution);
            if (name is "precision" or "engine" or "device") return;
        }
        var after = Aspects(changed);
        Assert.Equal(row.Changes.Replace("execution", "", StringComparison.Ordinal).Split(' ',
            StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            unchanged.Value.Where(a => after[a.Key] != a.Value && (a.Key != "texts" || after["weights"] == unchanged.Value["weights"])).Select(static a => a.Key));
    }

    static RunConfig Changed(RunConfig config, string name, string value)
    {
        var field = RunConfig.Field(name)!;
        var changed = field.Set(config, value == "TEXT" ? File() : value)!;
        Assert.NotEqual(field.Get(config), field.Get(changed));
        Assert.Equal("", changed.Validate().Match(static _ => "", static f => f.Lines()));
        return changed;
    }

    static string File()
    {
        var path = Path.Combine(AppContext.BaseDirectory, "wiring.txt");
        System.IO.File.WriteAllText(path, "a text\r\nof its own, which is long enough to have a part that is kept for evaluation\r\n");
        return path;
    }

    // The first tokens of the text, and what they are tokens of.
    static string Text(RunConfig config, string name)
    {
        if (name is "vocabulary" or "split" or "min-frequency" or "special-tokens") config = RunConfig.Field("tokenizer")!.Set(config, "bpe")!;
        var data = TinyRun.Get(RunData.Load(Recipe.Of(name == "line-ends" ? RunConfig.Field("data")!.Set(config, File())! : config)));
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
