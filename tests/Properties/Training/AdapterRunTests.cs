using System.Text.Json;
using Functional.Testing;
using LanguageExt;

namespace Functional.Tests.Properties.Training;

/// <summary>Stages that go on with adapters of PEFT, and adapters that leave a run as PEFT has them.</summary>
public sealed class AdapterRunTests : IDisposable
{
    readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    // A model that Llama has words for, with as many key heads as heads.
    static readonly RunConfig basis = new()
    {
        Model = new()
        {
            Layers = 2, Heads = 2, Width = 8, Hidden = 12, Context = 48, Vocabulary = 0, Bias = Biases.None, TiedHead = false, Positions = Positions.Rotary, Norm = NormKind.Rms,
            NormEpsilon = 1e-5, Activation = Activation.SwiGlu,
        },
        Tokenizer = "byte",
        Stage = new() { Batch = 2, Steps = 2, EvalEvery = 0, SaveEvery = 0, Source = new() { CorpusSize = 2000 }, Optimiser = new() { Warmup = 0 } },
    };

    string Rows(StageKind kind)
    {
        var path = scratch[$"{kind}.jsonl"];
        if (!File.Exists(path)) File.WriteAllLines(path, Enumerable.Range(0, 9).Select(i => kind == StageKind.Sft
            ? $$"""{"prompt": "say {{i}}", "completion": "{{new string((char)('a' + i), 1 + i % 4)}}", "label": {{(i % 2 == 0 ? "true" : "false")}}}"""
            : $$"""{"prompt": "say {{i}}", "chosen": "{{new string((char)('a' + i), 1 + i % 4)}}", "rejected": "no {{i}}{{new string('!', i % 3)}}"}"""));
        return path;
    }

    string Base()
    {
        if (!RunFolder.Holds(scratch["base"])) Train("base", basis);
        return scratch["base"];
    }

    // As a command line has it.
    RunConfig Config(StageKind kind, params string[] given) => Functional.Configuration.From(RunConfig.For(kind), [.. new[]
    {
        $"from:{Base()}", $"data:{Rows(kind)}", "template:user-assistant", "validation-part:0.3", "steps:4", "batch:2", "save-every:1", "keep:2", "warmup:0", "lr:0.02", "eval-every:0",
        "eval-batches:0",
    }.Concat(given).Select(static word => word.Split(':', 2)).GroupBy(static w => w[0]).Select(static g => (g.Key, g.Last()[1]))]);

    void Train(string name, RunConfig config, int? stopAfter = null)
    {
        using var engine = new ReferenceEngine();
        using var stop = new CancellationTokenSource();
        using var session = TinyRun.Get(RunFolder.Holds(scratch[name]) ? RunSession.Resume(scratch[name]) : RunSession.Begin(scratch[name], Recipe.Of(config)));
        TinyRun.Get(Loop.Run(engine, session, new Stopper(stopAfter, stop), StillClock.Instance, stop.Token));
    }

    sealed class Stopper(int? after, CancellationTokenSource stop) : IRunObserver
    {
        public void Stepped(in StepMetrics metrics)
        {
            if (metrics.Step == after) stop.Cancel();
        }
    }

    // What a run learned, as PEFT has it.
    string Exported(string run, string? name = null)
    {
        using var engine = new ReferenceEngine();
        _ = TinyRun.Get(AdapterExport.Run(engine, scratch[run], scratch[name ?? $"{run}-lora"]));
        return scratch[name ?? $"{run}-lora"];
    }

    string Learned(string given)
    {
        if (!RunFolder.Holds(scratch["tuned"])) Train("tuned", Config(StageKind.Sft, given.Split(' ')));
        return Directory.Exists(scratch["tuned-lora"]) ? scratch["tuned-lora"] : Exported("tuned");
    }

    static double Loss(string run) => TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(run)).Metrics)).Last(static l => l.ValidationLoss is not null).ValidationLoss!.Value;

    static double FirstLoss(string run) => TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(run)).Metrics)).First(static l => l.Training is not null).Training!.Value.Loss;

    const string Plain = "lora-rank:2 lora-alpha:6", Odd = "lora-rank:3 lora-targets:all lora-ranks:up=1+blocks.1.q=2 lora-alphas:blocks.0.v=5 dora:true rslora:true lora-saved:norm";

    public static TheoryData<string> Some => [Plain, Odd];

    Params<float[]> Weights(RunFolder run, Checkpoint checkpoint)
    {
        using var engine = new ReferenceEngine();
        using var loaded = TinyRun.Get(run.Load(engine, checkpoint));
        return loaded.Buffers.Map(static b => b.ToArray<float>());
    }

    /// <summary>What leaves a run as adapters and is merged over its base is what the run itself merges, to the bit; on the disk and in memory.</summary>
    [Theory, MemberData(nameof(Some))]
    public void Exported_and_merged_is_the_run_s_own(string given)
    {
        var folder = Learned(given);
        var run = TinyRun.Get(RunFolder.Open(scratch["tuned"]));
        var own = Weights(run, TinyRun.Get(run.Checkpoint()));
        using var engine = new ReferenceEngine();
        _ = TinyRun.Get(AdapterMerge.Run(engine, Base(), folder, scratch["merged"]));
        var merged = TinyRun.Get(RunFolder.Open(scratch["merged"]));
        var theirs = Weights(merged, TinyRun.Get(merged.Checkpoint()));
        Assert.Equal(own.Names, theirs.Names);
        Assert.All(own, w => Assert.Equal(w.Value, theirs[w.Name]));
        using var inMemory = TinyRun.Get(TrainedModel.OpenWith(engine, Base(), folder));
        using var itself = TinyRun.Get(TrainedModel.Open(engine, scratch["tuned"]));
        int[] ids = [72, 101, 108, 108, 111];
        Assert.Equal(TinyRun.Get(itself.Logits(ids, 5)), TinyRun.Get(inMemory.Logits(ids, 5)));
        using var plain = TinyRun.Get(TrainedModel.Open(engine, Base()));
        Assert.NotEqual(TinyRun.Get(plain.Logits(ids, 5)), TinyRun.Get(inMemory.Logits(ids, 5)));
    }

    /// <summary>The settings of a folder are the stage's, and what it begins with computes what was exported.</summary>
    [Theory, MemberData(nameof(Some))]
    public void A_stage_goes_on_where_the_adapters_ended(string given)
    {
        var folder = Learned(given);
        var config = Config(StageKind.Sft, $"adapter:{folder}", "steps:1", "lr:1e-12", "min-lr:0");
        var (was, now) = (TinyRun.Get(RunFolder.Open(scratch["tuned"])).Config, config);
        var whole = Transformer.Of(was.Decoder);
        Assert.Equal(TinyRun.Get(LoraPlan.Of(whole, was.Lora!)).Adapters, TinyRun.Get(LoraPlan.Of(whole, now.Lora!)).Adapters);
        Train("next", config);
        Assert.Equal(Loss(scratch["tuned"]), Loss(scratch["next"]), 1e-6);
        // Before anything has been learned, what would be exported is what was read.
        var before = Exported("next", "again");
        using WeightFolder a = TinyRun.Get(WeightFolder.OpenFile(Path.Combine(folder, "adapter_model.safetensors"))), b = TinyRun.Get(WeightFolder.OpenFile(Path.Combine(before, "adapter_model.safetensors")));
        Assert.Equal(a.Tensors.Names, b.Tensors.Names);
        foreach (var (name, tensor) in a.Tensors)
        {
            var (x, y) = (new float[ElementView.Of(tensor.Shape).Count], new float[ElementView.Of(tensor.Shape).Count]);
            _ = TinyRun.Get(a.Read(name, x));
            _ = TinyRun.Get(b.Read(name, y));
            for (var i = 0; i < x.Length; i++) Assert.Equal(x[i], y[i], 1e-6f);
        }
    }

    public static TheoryData<StageKind, string> Kinds => new()
    {
        { StageKind.Sft, Plain }, { StageKind.Sft, Odd }, { StageKind.Reward, Plain }, { StageKind.Dpo, Plain }, { StageKind.Dpo, $"{Odd} reference:live" },
    };

    /// <summary>Interrupted, and resumed when the folder is gone, a stage leaves the bits of one that never stopped; nothing else of the adapters is needed.</summary>
    [Theory, MemberData(nameof(Kinds))]
    public void A_stage_goes_on_without_the_folder(StageKind kind, string given)
    {
        var folder = Learned(given.Replace(" reference:live", "", StringComparison.Ordinal));
        var config = Config(kind, [$"adapter:{folder}", .. given.Contains("reference:", StringComparison.Ordinal) ? (string[])["reference:live"] : []]);
        Train("whole", config);
        Train("parts", config, stopAfter: 3);
        Directory.Delete(folder, recursive: true);
        Train("parts", config);
        Assert.Equal("", TinyRun.Differences(TinyRun.Remains(scratch["whole"]), TinyRun.Remains(scratch["parts"])));
        Assert.Equal(folder, TinyRun.Get(RunFolder.Open(scratch["parts"])).Config.Stage.Adapter.From);
        using var engine = new ReferenceEngine();
        using var model = TinyRun.Get(TrainedModel.Open(engine, scratch["parts"]));
        // Of preferences only training knows what they are held to.
        if (kind != StageKind.Dpo) Assert.Equal(Loss(scratch["parts"]), TinyRun.Get(model.Measure()).Loss, 1e-5);
    }

    /// <summary>A policy is held to the base with the adapters as they were, so that preferences cost the logarithm of two at first, and more or less than that later.</summary>
    [Theory, InlineData(Plain, "cached"), InlineData(Plain, "live"), InlineData(Odd, "cached"), InlineData(Odd, "live")]
    public void The_reference_has_the_adapters_as_they_began(string given, string reference)
    {
        Train("dpo", Config(StageKind.Dpo, $"adapter:{Learned(given)}", $"reference:{reference}"));
        Assert.Equal(Math.Log(2), FirstLoss(scratch["dpo"]), 1e-5);
        Assert.NotEqual(Math.Log(2), Loss(scratch["dpo"]), 1e-5);
    }

    [Fact]
    public void Both_references_are_one()
    {
        var folder = Learned(Odd);
        double[] Losses(string reference)
        {
            Train(reference, Config(StageKind.Dpo, $"adapter:{folder}", $"reference:{reference}"));
            return [.. TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(scratch[reference])).Metrics)).Where(static l => l.Training is not null).Select(static l => (double)l.Training!.Value.Loss)];
        }
        Assert.Equal(Losses("cached"), Losses("live"), static (a, b) => Math.Abs(a - b) < 1e-5);
    }

    /// <summary>The adapters of a judge have its head beside them, and go on as they are.</summary>
    [Fact]
    public void A_judge_goes_on_with_its_head()
    {
        Train("judge", Config(StageKind.Reward, "lora-rank:2"));
        var folder = Exported("judge");
        Assert.Contains("\"score\"", File.ReadAllText(Path.Combine(folder, "adapter_config.json")), StringComparison.Ordinal);
        Train("next", Config(StageKind.Reward, $"adapter:{folder}", "steps:1", "lr:1e-12", "min-lr:0"));
        Assert.Equal(Loss(scratch["judge"]), Loss(scratch["next"]), 1e-6);
    }

    /// <summary>Adapters that were learned over rounded matrices are those of these, and of no others.</summary>
    [Theory, InlineData("4"), InlineData("8")]
    public void Adapters_over_a_packed_base_go_on_over_it(string bits)
    {
        Train("packed", Config(StageKind.Sft, "lora-rank:2", "lora-targets:all", "dora:true", $"base-bits:{bits}"));
        var folder = Exported("packed");
        double Next(string name, string kept)
        {
            Train(name, Config(StageKind.Sft, $"adapter:{folder}", "steps:1", "lr:1e-12", "min-lr:0", $"base-bits:{kept}"));
            return Loss(scratch[name]);
        }
        Assert.Equal(Loss(scratch["packed"]), Next("same", bits), 1e-9);
        Assert.NotEqual(Loss(scratch["packed"]), Next("whole", "32"), 1e-8);
        foreach (var reference in (string[])["cached", "live"])
        {
            Train(reference, Config(StageKind.Dpo, $"adapter:{folder}", $"reference:{reference}", $"base-bits:{bits}"));
            Assert.Equal(Math.Log(2), FirstLoss(scratch[reference]), 1e-5);
        }
    }

    /// <summary>What is kept throughout is what a trainer has, to the byte: a quarter or an eighth of the matrices, and their scales.</summary>
    [Fact]
    public void A_packed_base_takes_what_is_said_of_it()
    {
        var config = Config(StageKind.Sft, "lora-rank:2") is var c ? c with { Model = c.Model with { Layers = 6, Heads = 4, Width = 128, Hidden = 384, Vocabulary = 256 } } : c;
        RunConfig With(int bits) => config with { Stage = config.Stage with { Adapter = config.Stage.Adapter with { BaseBits = bits } } };
        var (whole, matrices) = (RunMemory.Of(With(32)), Quantise.Matrices(Transformer.Of(config.Model)).Sum(name => Transformer.Of(config.Model).Specs[name].Type.Bytes));
        foreach (var (bits, share) in new[] { (8, 0.26), (4, 0.145) })
        {
            var packed = RunMemory.Of(With(bits));
            Assert.Equal(whole.Parameters, packed.Parameters);
            Assert.Equal(whole.OptimiserBytes, packed.OptimiserBytes);
            Assert.InRange((double)(packed.WeightBytes - (whole.WeightBytes - matrices)) / matrices, 0.125, share);
            Assert.Equal(With(bits).ObjectiveOf().Parameters.Sum(static p => p.Spec.Type.Bytes), (long)packed.WeightBytes);
            TestContext.Current.TestOutputHelper?.WriteLine($"{bits} bits: {packed.WeightBytes} of {whole.WeightBytes} bytes of weights");
        }
    }

    [Fact]
    public void A_packed_base_needs_adapters_and_weights_of_finite_numbers()
    {
        Assert.Contains("--base-bits: is 4, and all weights learn; allowed: 32, or lora-rank above 0", Faults(() => Config(StageKind.Sft, "base-bits:4")), StringComparison.Ordinal);
        Assert.Contains("--base-bits: is 5; allowed: 32, 8, 4", Faults(() => Config(StageKind.Sft, "lora-rank:2", "base-bits:5")), StringComparison.Ordinal);
        Assert.Contains("up", Faults(() => Config(StageKind.Sft, "lora-rank:2", "base-bits:4", "lora-saved:up")), StringComparison.Ordinal);
        var fresh = Functional.Configuration.From(RunConfig.For(StageKind.Sft), ("lora-rank", "2"), ("base-bits", "8"));
        Assert.Contains("base-bits: is 8, and there are no weights to keep so; expected from beside it, or 32", TinyRun.Faults(RunSession.Begin(scratch["none"], Recipe.Of(fresh))),
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(scratch["none"]));
        var model = Transformer.Of(new DecoderConfig { Layers = 1, Heads = 1, Width = 2, Context = 2, Vocabulary = 3 });
        using var engine = new ReferenceEngine();
        using var workspace = new Workspace(engine, model.Specs.Map(static s => s.Type));
        workspace["blocks.0.qkv.weight"].Write<float>([.. Enumerable.Range(0, 12).Select(static i => i == 7 ? float.NaN : i)]);
        Assert.Contains("blocks.0.qkv.weight of the base has the number NaN", TinyRun.Faults(PackedBase.Round(model, workspace.Buffers, BitPacking.Int4)), StringComparison.Ordinal);
    }

    static string Faults(Action work) => Assert.Throws<FunctionalException>(work).Message;

    /// <summary>What does not fit is told by its setting, and nothing is written.</summary>
    [Fact]
    public void What_does_not_fit_is_told()
    {
        var folder = Learned(Plain);
        string Told(params string[] given) => Faults(() => Config(StageKind.Sft, given));
        Assert.Contains($"--lora-rank: is 4, but the adapters of {folder} have 2; allowed with them: 2", Told($"adapter:{folder}", "lora-rank:4"), StringComparison.Ordinal);
        Assert.Contains($"--lora-alpha: is 16, but the adapters of {folder} have 6", Told($"adapter:{folder}", "lora-alpha:16"), StringComparison.Ordinal);
        Assert.Contains("--lora-targets: is up, but", Told($"adapter:{folder}", "lora-targets:up"), StringComparison.Ordinal);
        Assert.Contains("--dora: is true, but", Told($"adapter:{folder}", "dora:true"), StringComparison.Ordinal);
        Assert.Contains("nowhere: does not exist", Told($"adapter:{scratch["nowhere"]}"), StringComparison.Ordinal);
        // The same in other words is the same.
        Assert.Equal(2, Config(StageKind.Sft, $"adapter:{folder}", "lora-rank:2", "lora-targets:v+q").Lora!.Rank);
        Assert.Equal(0.25, Config(StageKind.Sft, $"adapter:{folder}", "lora-dropout:0.25").Stage.Adapter.Dropout);
        var damaged = Directory.CreateDirectory(scratch["damaged"]).FullName;
        foreach (var file in Directory.EnumerateFiles(folder)) File.Copy(file, Path.Combine(damaged, Path.GetFileName(file)));
        var bytes = File.ReadAllBytes(Path.Combine(damaged, "adapter_model.safetensors"));
        File.WriteAllBytes(Path.Combine(damaged, "adapter_model.safetensors"), bytes[..^8]);
        Assert.Contains("adapter_model.safetensors", Told($"adapter:{damaged}"), StringComparison.Ordinal);
        using var engine = new ReferenceEngine();
        Assert.Contains("adapter_model.safetensors", TinyRun.Faults(TrainedModel.OpenWith(engine, Base(), damaged)), StringComparison.Ordinal);
        // Without weights there is nothing that it was made for.
        Assert.Contains("--adapter: stands beside no weights; expected from", Faults(() => Functional.Configuration.From(RunConfig.For(StageKind.Sft), ("adapter", folder))), StringComparison.Ordinal);
        // Of another base, and in a configuration that was put together by hand.
        Train("other", basis with { Model = basis.Model with { Width = 16 } });
        Assert.Contains("the adapter was made for another base model", Faults(() => Functional.Configuration.From(RunConfig.For(StageKind.Sft), ("from", scratch["other"]), ("adapter", folder))), StringComparison.Ordinal);
        var plain = Config(StageKind.Sft);
        var byHand = plain with { Stage = plain.Stage with { Adapter = new() { From = folder, Rank = 3 } } };
        Assert.Contains($"lora-rank: is 3, but the adapters of {folder} have 2", TinyRun.Faults(RunSession.Begin(scratch["none"], Recipe.Of(byHand))), StringComparison.Ordinal);
        Assert.False(Directory.Exists(scratch["none"]));
    }

    [Fact]
    public void A_run_without_adapters_has_none_to_export()
    {
        using var engine = new ReferenceEngine();
        Assert.Contains("has learned no adapters in its stage pretrain; allowed: functional export without --adapter-only", TinyRun.Faults(AdapterExport.Run(engine, Base(), scratch["none"])),
            StringComparison.Ordinal);
        _ = Learned(Plain);
        Assert.Contains("dtype: is F8", TinyRun.Faults(AdapterExport.Run(engine, scratch["tuned"], scratch["none"], dtype: "F8")), StringComparison.Ordinal);
        Assert.Contains("is there already", TinyRun.Faults(AdapterExport.Run(engine, scratch["tuned"], scratch["tuned-lora"])), StringComparison.Ordinal);
        Assert.False(Directory.Exists(scratch["none"]));
    }

    /// <summary>A recipe may be carried out again where its run stands, also when the folder is gone.</summary>
    [Fact]
    public async Task A_recipe_goes_on_without_the_folder()
    {
        var folder = Learned(Plain);
        File.WriteAllText(scratch["recipe.yaml"], $"""
            from: {Base()}
            template: user-assistant
            batch: 2
            validation-part: 0.3
            warmup: 0
            stages:
              sft:
                kind: sft
                data: {Rows(StageKind.Sft)}
                adapter: tuned-lora
                steps: 2
              dpo:
                kind: dpo
                data: {Rows(StageKind.Dpo)}
                steps: 2
            """);
        var recipe = Functional.Configuration.RecipeFor(scratch["recipe.yaml"], scratch["run"], []);
        Assert.Equal((2, 6.0, 0), (recipe.Stages["sft"].Stage.Adapter.Rank, recipe.Stages["sft"].Stage.Adapter.Alpha, recipe.Stages["dpo"].Stage.Adapter.Rank));
        await Functional.Training.RunAsync(recipe, scratch["run"]);
        Directory.Delete(folder, recursive: true);
        var again = await Functional.Training.RunAsync(Functional.Configuration.RecipeFor(scratch["recipe.yaml"], scratch["run"], []), scratch["run"]);
        Assert.Equal(2, again.Step);
    }

    /// <summary>Adapters that are not alike in all blocks cost what they cost.</summary>
    [Fact]
    public void Costs_know_adapters_of_single_blocks()
    {
        var config = new RunConfig { Model = basis.Model with { Layers = 9, Vocabulary = 256 } };
        RunMemory Of(string targets) => RunMemory.Of(config with { Stage = config.Stage with { Adapter = new() { Rank = 2, Targets = targets } } });
        var one = Of("blocks.7.up").Parameters - RunMemory.Of(config).Parameters;
        Assert.Equal(2 * (8 + 12), one);
        Assert.Equal(9 * one, Of("up").Parameters - RunMemory.Of(config).Parameters);
    }

    /// <summary>The command's way: what writes, and what is evaluated, has the adapters that it is told.</summary>
    [Fact]
    public async Task Commands_take_adapters()
    {
        var folder = Learned(Plain);
        async Task<string> Out(params string[] args)
        {
            var (code, text, error) = await Cli.FunctionalProcess.Run(args, string.Concat(Enumerable.Repeat("2\n", 9)));
            Assert.True(code == 0, error);
            return text;
        }
        string[] sample = ["sample", "--prompt", "say 1", "--tokens", "12", "--temperature", "0", "--engine", "managed"];
        Assert.Equal(await Out([.. sample, "--run", scratch["tuned"]]), await Out([.. sample, "--run", Base(), "--adapter", folder]));
        string[] evaluate = ["evaluate", "--data", Rows(StageKind.Sft), "--template", "user-assistant", "--tokens", "3", "--json", "--engine", "managed"];
        double LossOf(string json) => JsonDocument.Parse(json).RootElement.GetProperty("runs")[0].GetProperty("loss").GetDouble();
        var (tuned, adapted, plain) = (LossOf(await Out([.. evaluate, "--from", scratch["tuned"]])), LossOf(await Out([.. evaluate, "--from", Base(), "--adapter", folder])),
            LossOf(await Out([.. evaluate, "--from", Base()])));
        Assert.Equal(tuned, adapted);
        Assert.NotEqual(tuned, plain);
        // Judged with adapters, answers are those that the run of the adapters gives.
        async Task<string> Judged(string name, params string[] run)
        {
            await Out(["annotate", "--prompts", Rows(StageKind.Sft), "--template", "user-assistant", "--tokens", "20", "--temperature", "1", "--out", scratch[name], "--engine", "managed", .. run]);
            return await File.ReadAllTextAsync(scratch[name]);
        }
        var judged = await Judged("with.jsonl", "--from", Base(), "--adapter", folder);
        Assert.Equal(9, judged.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(await Judged("tuned.jsonl", "--from", scratch["tuned"]), judged);
        Assert.NotEqual(await Judged("base.jsonl", "--from", Base()), judged);
        Assert.Contains("llama: adapters of ", await Out("export", scratch["tuned"], "--adapter-only", "--out", scratch["by-command"]), StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Path.Combine(folder, "adapter_model.safetensors")), File.ReadAllBytes(Path.Combine(scratch["by-command"], "adapter_model.safetensors")));
        await Out("sft", "--from", Base(), "--adapter", folder, "--data", Rows(StageKind.Sft), "--template", "user-assistant", "--steps", "1", "--out", scratch["by-sft"], "--engine", "managed");
        Assert.Equal(6, TinyRun.Get(RunFolder.Open(scratch["by-sft"])).Config.Stage.Adapter.Alpha);
    }
}
