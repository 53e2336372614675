using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

/// <summary>Stages that learn from rows: each setting reaches what it sets, a stage that was interrupted goes on bit for bit, and what writes has adapters merged.</summary>
public sealed class RowRunTests : IDisposable
{
    readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    static readonly RunConfig basis = new()
    {
        Model = new() { Layers = 1, Heads = 2, Width = 8, Context = 48, Vocabulary = 0, Bias = Biases.None, TiedHead = false, Dropout = 0.1 }, Tokenizer = "byte",
        Stage = new() { Batch = 2, Steps = 2, EvalEvery = 0, SaveEvery = 0, Source = new() { CorpusSize = 2000 }, Optimiser = new() { Warmup = 0 } },
    };

    // Every form that the kinds read, so that one file serves them all.
    string Rows()
    {
        var path = scratch["rows.jsonl"];
        if (!File.Exists(path)) File.WriteAllLines(path, Enumerable.Range(0, 9).Select(static i =>
            $$"""{"prompt": "say {{i}}", "completion": "{{new string((char)('a' + i), 1 + i % 4)}}", "question": "q{{i}}", "answer": "r{{i}}", "label": {{(i % 2 == 0 ? "true" : "false")}}}"""));
        return path;
    }

    string Pairs()
    {
        var path = scratch["pairs.jsonl"];
        if (!File.Exists(path)) File.WriteAllLines(path, Enumerable.Range(0, 9).Select(static i =>
            $$"""{"prompt": "say {{i}}", "chosen": "{{new string((char)('a' + i), 1 + i % 4)}}", "rejected": "no {{i}}{{new string('!', i % 3)}}", "margin": {{i % 3}}}"""));
        return path;
    }

    string Base()
    {
        if (!RunFolder.Holds(scratch["base"])) Train("base", basis);
        return scratch["base"];
    }

    RunConfig Config(StageKind kind, string given = "")
    {
        var config = basis with
        {
            Stage = basis.Stage with
            {
                Kind = kind, From = Base(), Steps = 4, SaveEvery = 1, Keep = 9, Rows = new() { Template = "user-assistant" },
                Source = new() { File = kind is StageKind.Sft or StageKind.Distill ? Rows() : Pairs(), ValidationPart = 0.3 }, Optimiser = new() { Warmup = 0, LearningRate = 0.01 },
            },
        };
        if (kind >= StageKind.Grpo) given = $"judge:function round-prompts:3 round-answers:{(kind == StageKind.Ppo ? 1 : 2)} answer-tokens:5 batch:1 {(kind == StageKind.Trpo ? "cg-iterations:3 line-tries:4" : "")} {given}";
        if (kind == StageKind.Distill) given = $"teacher:{Teacher()} round-prompts:6 round-answers:1 answer-tokens:5 {(given.Contains("judge:", StringComparison.Ordinal) ? "own-share:0.5 " : "")}{given}";
        config = given.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static word => word.Split(':', 2))
            .Aggregate(config, static (c, word) => RunConfig.Field(word[0])!.Set(c, word[1])!);
        config = Fitted(config);
        return config.Stage.Practises || (config.Stage.Kind == StageKind.Dpo && config.Stage.Preference.Judged is not null)
            ? config with { Stage = config.Stage with { Source = config.Stage.Source with { File = Rows() } } } : config;
    }

    // A step of trpo takes a whole round.
    static RunConfig Fitted(RunConfig config) => config.Stage.Kind != StageKind.Trpo ? config
        : config with { Stage = config.Stage with { Batch = config.Stage.RoundRows, Accumulate = 1, Practice = config.Stage.Practice with { Epochs = 1 } } };

    string Judge()
    {
        if (!RunFolder.Holds(scratch["judge"])) Train("judge", Config(StageKind.Reward));
        return scratch["judge"];
    }

    // Larger than its student.
    string Teacher()
    {
        var large = Config(StageKind.Sft);
        if (!RunFolder.Holds(scratch["teacher"])) Train("teacher", large with { Tokenizer = TinyRun.Get(RunFolder.Open(Base())).Config.Tokenizer, Model = large.Model with { Layers = 2, Width = 12, Context = 96 }, Stage = large.Stage with { From = null } });
        return scratch["teacher"];
    }

    string Text()
    {
        if (!File.Exists(scratch["text.txt"])) File.WriteAllText(scratch["text.txt"], string.Concat(Enumerable.Range(0, 40).Select(static i => $"line {i * i}\n")));
        return scratch["text.txt"];
    }

    void Train(string name, RunConfig config, int? stopAfter = null, int? stopBefore = null)
    {
        using var engine = new ReferenceEngine();
        using var stop = new CancellationTokenSource();
        using var session = TinyRun.Get(RunFolder.Holds(scratch[name]) ? RunSession.Resume(scratch[name]) : RunSession.Begin(scratch[name], Recipe.Of(config)));
        session.Rewards = Params.Of<Reward>(("function", static (asked, answer) => asked.Prompt.Count + answer.Sum(static letter => letter * 0.37 % 1)),
            ("function:other", static (_, answer) => answer.Length % 3));
        TinyRun.Get(Loop.Run(engine, session, new Stopper(stopAfter, stopBefore, stop), StillClock.Instance, stop.Token));
    }

    sealed class Stopper(int? after, int? before, CancellationTokenSource stop) : IRunObserver
    {
        public void RolledOut(long step, Params<float> numbers)
        {
            if (step == before) stop.Cancel();
        }

        public void Stepped(in StepMetrics metrics)
        {
            if (metrics.Step == after) stop.Cancel();
        }
    }

    // Three steps a round, so that an interrupt after the second is in the middle of one.
    const string practice = "judge:function round-prompts:6 answer-tokens:5";

    public static TheoryData<StageKind, string> Kinds => new()
    {
        { StageKind.Sft, "" }, { StageKind.Sft, "packing:false neftune:5 curriculum:true" }, { StageKind.Sft, "lora-rank:2 dora:true lora-targets:all lora-dropout:0.2" },
        { StageKind.Pretrain, "lora-rank:2" }, { StageKind.Reward, "" }, { StageKind.Reward, "lora-rank:2 centring:0.1 margins:true" },
        { StageKind.Reward, "bidirectional:true pooling:mean" }, { StageKind.Reward, "bidirectional:true lora-rank:2" }, { StageKind.Dpo, "" },
        { StageKind.Dpo, "reference:live" }, { StageKind.Dpo, "reference:live lora-rank:2" }, { StageKind.Dpo, "lora-rank:2 accumulate:2" }, { StageKind.Dpo, "preference-loss:kto" },
        { StageKind.Grpo, "" }, { StageKind.Grpo, "answer-top-k:50 lora-rank:2 policy-loss:gspo end-penalty:1 accumulate:2" }, { StageKind.Ppo, "" },
        { StageKind.Ppo, "kl-weight:0 entropy-weight:0.1 round-epochs:2" }, { StageKind.Ppo, "kl-weight:1 kl-target:0.1 kl-horizon:10 whiten-rewards:true round-epochs:2" },
        { StageKind.Ppo, "round-prompts:2 kl-weight:1 kl-target:0.1 kl-horizon:10 reward-normalise:true" }, { StageKind.Grpo, "round-epochs:3 stop-kl:0.000001 reward-normalise:true reward-clip:1" },
        { StageKind.Grpo, "judge:exact=1+function=0.5+function:other=1 batch:3 resample:2 overlong-tokens:3 sampling-correction:token-truncate answer-top-k:9" },
        { StageKind.Dpo, $"{practice} round-answers:3 resample:1 judge:length:4" },
        { StageKind.Ppo, "critic:own round-epochs:2" }, { StageKind.Ppo, "critic:own lora-rank:2" }, { StageKind.Ppo, "pretrain-weight:0.5" }, { StageKind.Grpo, "pretrain-weight:1 accumulate:2" },
        { StageKind.Distill, "" }, { StageKind.Distill, "distill-beta:1 answer-weight:0.5 lora-rank:2" }, { StageKind.Distill, "own-share:0.5" }, { StageKind.Distill, "own-share:1 distill-beta:0 accumulate:2 round-prompts:12 curriculum:true" },
        { StageKind.Distill, "packing:true distill-temperature:2" },
        { StageKind.Trpo, "" }, { StageKind.Trpo, "lora-rank:2 kl-weight:0 cg-iterations:3 resample:1" }, { StageKind.Dpo, $"{practice} round-answers:3" }, { StageKind.Dpo, $"{practice} round-prompts:2 round-epochs:3 preference-loss:simpo save-every:3" },
        { StageKind.Dpo, "preference-loss:simpo=1+sft=0.5" }, { StageKind.Sft, "dft:true" }, { StageKind.Dpo, "wpo:true sft-weight:0.5 sft-text:true length-share:0.5" },
        { StageKind.Sft, "lora-rank:2 dora:true lora-targets:all lora-bias:all base-bits:4" },
        { StageKind.Reward, "lora-rank:2 base-bits:8" }, { StageKind.Dpo, "lora-rank:2 base-bits:4" }, { StageKind.Dpo, "reference:live lora-rank:2 base-bits:8" },
    };

    /// <summary>Interrupted in the middle and resumed, a stage leaves the bits of one that never stopped.</summary>
    [Theory, MemberData(nameof(Kinds))]
    public void An_interrupted_stage_goes_on_bit_for_bit(StageKind kind, string given)
    {
        var config = kind == StageKind.Pretrain ? Config(kind, given) with { } : Config(kind, given);
        if (kind == StageKind.Pretrain) config = config with { Stage = config.Stage with { Source = basis.Stage.Source } };
        Train("whole", config);
        Train("parts", config, stopAfter: 2);
        Assert.Equal(2, TinyRun.Get(TinyRun.Get(RunFolder.Open(scratch["parts"])).Checkpoint()).Step);
        Train("parts", config);
        Assert.Equal("", TinyRun.Differences(TinyRun.Remains(scratch["whole"]), TinyRun.Remains(scratch["parts"])));
    }

    /// <summary>What a student writes itself nobody judges: it is learned as it is, and of a round only its form is told.</summary>
    [Fact]
    public void Answers_that_nobody_judges_are_learned()
    {
        Train("student", Config(StageKind.Distill, "own-share:1"));
        var lines = TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(scratch["student"])).Metrics));
        Assert.All(lines.Where(static l => l.RollOut is not null), static l => Assert.Equal(["length", "ended", "milliseconds"], l.RollOut!.Names));
        Assert.All(lines.Where(static l => l.Training is not null), static l => Assert.InRange(l.Training!.Value.Loss, 1e-6f, float.MaxValue));
    }

    /// <summary>A text that counts for nothing changes nothing, to the bit.</summary>
    [Theory, InlineData(StageKind.Grpo), InlineData(StageKind.Ppo)]
    public void A_text_without_weight_is_none(StageKind kind)
    {
        Train("without", Config(kind));
        Train("with", Config(kind, $"pretrain-weight:0 pretrain-data:{Text()}"));
        Assert.Equal(TinyRun.Remains(scratch["without"])["model.safetensors"], TinyRun.Remains(scratch["with"])["model.safetensors"]);
        Train("learned", Config(kind, $"pretrain-weight:2 pretrain-data:{Text()}"));
        Assert.All(TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(scratch["learned"])).Metrics)).Where(static l => l.Training is not null),
            static l => Assert.InRange(l.Training!.Value.Shown!["text"], 1, 9));
        File.WriteAllText(scratch["text.txt"], "short");
        Assert.Contains("pretrain-data: has 5 tokens", TinyRun.Faults(RunSession.Begin(scratch["short"], Recipe.Of(Config(kind, $"pretrain-weight:2 pretrain-data:{scratch["text.txt"]}")))),
            StringComparison.Ordinal);
    }

    /// <summary>
    /// A critic of its own begins with the policy's weights, or with those of a run that has learned rewards, and goes on bit for bit when that is gone; one of another
    /// architecture, of other tokens or that gives no reward is a fault.
    /// </summary>
    [Fact]
    public void A_critic_may_be_a_model_of_its_own()
    {
        var config = Config(StageKind.Ppo, $"critic:{Judge()} lr:1e-9 min-lr:0 value-weight:0");
        Train("parts", config, stopAfter: 2);
        Directory.Move(scratch["judge"], scratch["moved"]);
        Train("parts", config);
        Directory.Move(scratch["moved"], scratch["judge"]);
        Train("whole", config);
        Assert.Equal("", TinyRun.Differences(TinyRun.Remains(scratch["whole"]), TinyRun.Remains(scratch["parts"])));
        float[] Of(string run, string file, string tensor)
        {
            using var tensors = TinyRun.Get(SafeTensors.Open(Path.Combine(TinyRun.Get(TinyRun.Get(RunFolder.Open(scratch[run])).Checkpoint()).Folder, file)));
            var numbers = new float[tensors.Tensors[tensor].Bytes / 4];
            tensors.Read(tensor, System.Runtime.InteropServices.MemoryMarshal.AsBytes(numbers.AsSpan()));
            return numbers;
        }
        foreach (var tensor in new[] { "score.weight", "tokens" })
            Assert.All(Of("judge", "model.safetensors", tensor).Zip(Of("whole", "critic/model.safetensors", tensor)), static p => Assert.Equal(p.Item1, p.Item2, 1e-5f));
        Train("own", Config(StageKind.Ppo, "critic:own lr:1e-9 min-lr:0"));
        Assert.All(Of("base", "model.safetensors", "tokens").Zip(Of("own", "critic/model.safetensors", "tokens")), static p => Assert.Equal(p.Item1, p.Item2, 1e-5f));

        string Faults(RunConfig of, string name) => TinyRun.Faults(RunSession.Begin(scratch[name], Recipe.Of(of)));
        Assert.Contains("whose model gives no reward; allowed: head, own, or a run that has learned rewards from left to right", Faults(Config(StageKind.Ppo, $"critic:{Base()}"), "a"), StringComparison.Ordinal);
        Assert.Contains("critic: ", Faults(Config(StageKind.Ppo, $"critic:{scratch["nowhere"]}"), "b"), StringComparison.Ordinal);
        var wide = Config(StageKind.Reward) with { Model = basis.Model with { Width = 12 } };
        Train("wide", wide with { Stage = wide.Stage with { From = null } });
        Assert.Contains("whose width is 12; allowed: a run whose width is 8, as the policy's", Faults(Config(StageKind.Ppo, $"critic:{scratch["wide"]}"), "c"), StringComparison.Ordinal);
        Train("both", Config(StageKind.Reward, "bidirectional:true"));
        Assert.Contains("which judges whole texts, and a critic expects rewards at each token", Faults(Config(StageKind.Ppo, $"critic:{scratch["both"]}"), "d"), StringComparison.Ordinal);
        var other = Config(StageKind.Reward) with { Tokenizer = "bpe", Bpe = new() { Vocabulary = 270 } };
        Train("other", other with { Stage = other.Stage with { From = null } });
        Assert.Contains("reads other tokens than this run's", Faults(Config(StageKind.Ppo, $"critic:{scratch["other"]}"), "e"), StringComparison.Ordinal);
        // A judge reads texts, with its own tokens: that of another tokenizer judges all the same.
        Train("judged", Config(StageKind.Grpo, $"judge:{scratch["other"]}"));
        Assert.All(TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(scratch["judged"])).Metrics)).Where(static l => l.RollOut is not null),
            static l => Assert.True(float.IsFinite(l.RollOut!["reward"])));
    }

    /// <summary>What drew the tokens of a round has them as likely as a full pass over the rows has: before the first step nothing has moved.</summary>
    [Theory, InlineData(StageKind.Grpo, ""), InlineData(StageKind.Grpo, "answer-temperature:0.5"), InlineData(StageKind.Grpo, "answer-top-k:9"), InlineData(StageKind.Ppo, "critic:own"),
        InlineData(StageKind.Trpo, "")]
    public void A_round_is_as_likely_as_a_full_pass_says(StageKind kind, string given)
    {
        Train("run", Config(kind, $"dropout:0 {given}"));
        var first = TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(scratch["run"])).Metrics)).First(static l => l.Training is not null).Training!.Value.Shown!;
        Assert.Equal(1, first["ratio"], 1e-5);
        Assert.Equal(0, first["kl_old"], 1e-9);
    }

    /// <summary>What drew the tokens of a round is what the policy was where nothing was left out: a correction then corrects nothing, and else it does.</summary>
    [Fact]
    public void Tokens_that_the_policy_drew_itself_need_no_correction()
    {
        const string masked = "sampling-correction:token-mask correction-least:0.999 correction-most:1.001";
        Train("plain", Config(StageKind.Grpo, "dropout:0"));
        Train("masked", Config(StageKind.Grpo, $"dropout:0 {masked}"));
        Train("few", Config(StageKind.Grpo, $"dropout:0 answer-top-k:9 kl-weight:0 {masked}"));
        double[] Losses(string run) => [.. TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(scratch[run])).Metrics)).Where(static l => l.Training is not null).Select(static l => (double)l.Training!.Value.Loss)];
        Assert.Equal(Losses("plain"), Losses("masked"), static (a, b) => Math.Abs(a - b) < 1e-4);
        Assert.Contains(Losses("plain"), static l => Math.Abs(l) > 0.1);
        Assert.All(Losses("few"), static l => Assert.Equal(0, l));
    }

    /// <summary>A step of trpo goes no further than it may and does not make the surrogate worse; optimiser settings mean nothing to it.</summary>
    [Fact]
    public void A_step_within_a_trust_region_stays_there()
    {
        Train("one", Config(StageKind.Trpo, "max-kl:0.02 answer-tokens:9"));
        Train("two", Config(StageKind.Trpo, "max-kl:0.02 answer-tokens:9 lr:0.3 optimiser:sgd"));
        Assert.Equal(TinyRun.Remains(scratch["one"])["model.safetensors"], TinyRun.Remains(scratch["two"])["model.safetensors"]);
        var steps = TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(scratch["one"])).Metrics)).Where(static l => l.Training is not null).Select(static l => l.Training!.Value.Shown!).ToArray();
        Assert.All(steps, static s => Assert.True(s["kl_step"] is >= -1e-6f and <= 0.02f && s["gain"] >= 0, $"{s}"));
        Assert.Contains(steps, static s => s["step_scale"] > 0);
        var fault = TinyRun.Faults((Config(StageKind.Trpo) with { Stage = Config(StageKind.Trpo).Stage with { Batch = 3 } }).Validate());
        Assert.Contains("batch: is 3 with accumulate 1 and round-epochs 1, and a step of trpo takes a whole round of 6 rows; allowed: 6", fault, StringComparison.Ordinal);
    }

    /// <summary>A round that a checkpoint keeps is not written again, and neither is its line lost.</summary>
    [Theory, InlineData(StageKind.Ppo, ""), InlineData(StageKind.Dpo, $"{practice} round-answers:3")]
    public void An_interrupt_between_a_round_and_its_first_step_loses_no_line(StageKind kind, string given)
    {
        var config = Config(kind, given);
        string[] Lines(string name) => File.ReadAllLines(TinyRun.Get(RunFolder.Open(scratch[name])).Metrics);
        Train("whole", config);
        var first = TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(scratch["whole"])).Metrics)).Where(static l => l.RollOut is not null).Select(static l => (int)l.Step).ElementAt(1);
        Train("parts", config, stopBefore: first);
        Assert.Equal(first - 1, TinyRun.Get(TinyRun.Get(RunFolder.Open(scratch["parts"])).Checkpoint()).Step);
        Train("parts", config);
        Assert.Equal(Lines("whole"), Lines("parts"));
    }

    /// <summary>With adapters, the weights that a stage began with stay what they were, and checkpoints hold adapters alone.</summary>
    [Fact]
    public void Only_adapters_learn()
    {
        Train("tuned", Config(StageKind.Sft, "lora-rank:2"));
        var run = TinyRun.Get(RunFolder.Open(scratch["tuned"]));
        using var file = TinyRun.Get(SafeTensors.Open(Path.Combine(TinyRun.Get(run.Checkpoint()).Folder, "model.safetensors")));
        Assert.All(file.Tensors, static t => Assert.Contains(".lora_", t.Name, StringComparison.Ordinal));
        Assert.Equal(4, file.Tensors.Count);
    }

    /// <summary>The model that writes is what training measured: adapters are merged, whatever the stage is, and also where a stage goes on from adapters.</summary>
    [Theory, InlineData("lora-rank:2"), InlineData("lora-rank:3 dora:true lora-targets:all"), InlineData(""), InlineData("lora-rank:2 base-bits:8"),
        InlineData("lora-rank:2 dora:true lora-targets:all base-bits:4")]
    public void What_was_trained_is_what_writes(string given)
    {
        var config = Config(StageKind.Sft, given) with { };
        config = config with { Stage = config.Stage with { EvalBatches = 0, EvalEvery = 0 } };
        Train("tuned", config);
        var measured = TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(scratch["tuned"])).Metrics)).Last(static l => l.ValidationLoss is not null).ValidationLoss!.Value;
        using var engine = new ReferenceEngine();
        using (var model = TinyRun.Get(TrainedModel.Open(engine, scratch["tuned"])))
        {
            Assert.Equal(measured, TinyRun.Get(model.Measure()).Loss, 1e-5);
            TinyRun.Get(model.Save(scratch["alone"]));
        }
        using var alone = TinyRun.Get(TrainedModel.Open(engine, scratch["alone"]));
        Assert.Null(alone.Run.Config.Lora);
        Assert.Equal(measured, TinyRun.Get(alone.Measure()).Loss, 1e-5);
        // A stage of its own over the merged weights begins where this one ended.
        Train("next", Config(StageKind.Sft, "steps:1 lr:1e-12 min-lr:0") is var next ? next with { Stage = next.Stage with { From = scratch["tuned"], EvalBatches = 0 } } : config);
        using var last = TinyRun.Get(TrainedModel.Open(engine, scratch["next"]));
        Assert.Equal(measured, TinyRun.Get(last.Measure()).Loss, 1e-4);
    }

    /// <summary>Before the first step the policy is its reference, wherever the reference's numbers come from.</summary>
    [Theory, InlineData("reference:cached"), InlineData("reference:live"), InlineData("reference:live lora-rank:2"), InlineData("reference:cached lora-rank:2 length-share:0.5"),
        InlineData("reference:live length-share:0.5"), InlineData("reference:cached lora-rank:2 base-bits:4"), InlineData("reference:live lora-rank:2 base-bits:4 dora:true")]
    public void At_the_first_step_preferences_cost_the_logarithm_of_two(string given)
    {
        // Dropout is for the policy alone.
        var config = Config(StageKind.Dpo, $"{given} dropout:0");
        Train("dpo", config);
        Assert.Equal(Math.Log(2), TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(scratch["dpo"])).Metrics)).First(static l => l.Training is not null).Training!.Value.Loss, 1e-5);
    }

    /// <summary>Numbers that come with the rows are those of a model beside the policy.</summary>
    [Fact]
    public void A_cached_reference_is_the_live_one()
    {
        Train("cached", Config(StageKind.Dpo, "reference:cached dropout:0"));
        Train("live", Config(StageKind.Dpo, "reference:live dropout:0"));
        double[] Losses(string run) => [.. TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(scratch[run])).Metrics)).Where(static l => l.Training is not null).Select(static l => (double)l.Training!.Value.Loss)];
        Assert.Equal(Losses("cached"), Losses("live"), static (a, b) => Math.Abs(a - b) < 1e-5);
    }

    /// <summary>What is measured of a finished stage is what training measured at its end, whatever its reference was and whatever it learned.</summary>
    [Theory, InlineData(""), InlineData("reference:live"), InlineData("lora-rank:2"), InlineData("reference:live lora-rank:2"), InlineData("reference:none preference-loss:simpo"),
        InlineData("preference-loss:kto")]
    public void What_is_measured_is_what_training_measured(string given)
    {
        Train("preferred", Config(StageKind.Dpo, given));
        using var engine = new ReferenceEngine();
        using var model = TinyRun.Get(TrainedModel.Open(engine, scratch["preferred"]));
        var last = TinyRun.Get(MetricsFile.Read(model.Run.Metrics)).Last(static l => l.ValidationLoss is not null).ValidationLoss!.Value;
        Assert.Equal(last, TinyRun.Get(model.Measure()).Loss, 1e-5);
    }

    // What holds in both runs, and another value; the kind is the field's own.
    static readonly Dictionary<string, (string Given, string Value)> table = new()
    {
        ["template"] = ("", "plain"), ["columns"] = ("", "prompt=question,completion=answer"), ["packing"] = ("", "false"), ["curriculum"] = ("packing:false", "true"),
        ["neftune"] = ("", "5"), ["preference-loss"] = ("", "ipo"), ["beta"] = ("", "0.5"), ["reference"] = ("preference-loss:ipo", "none"), ["preference-smoothing"] = ("", "0.2"),
        ["divergence"] = ("", "forward-kl"), ["divergence-alpha"] = ("divergence:alpha", "0.5"), ["by-token"] = ("", "true"), ["gamma"] = ("preference-loss:simpo", "3"),
        ["reward-alpha"] = ("preference-loss:simpo", "0.5"), ["discopop-temperature"] = ("preference-loss:discopop", "1"), ["sft-weight"] = ("", "0.5"),
        ["sft-text"] = ("sft-weight:0.5", "true"), ["wpo"] = ("", "true"), ["dft"] = ("", "true"), ["lessons"] = ("", "copy"), ["slips"] = ("", "0.5"),
        ["length-share"] = ("", "0.5"), ["good-weight"] = ("preference-loss:kto", "2"), ["bad-weight"] = ("preference-loss:kto", "2"), ["margins"] = ("", "true"),
        ["reward-loss"] = ("", "ranking"), ["centring"] = ("", "0.5"), ["bidirectional"] = ("pooling:mean", "true"), ["pooling"] = ("", "mean"),
        ["policy-loss"] = ("", "reinforce"), ["clip-low"] = ("round-epochs:3", "0"), ["clip-high"] = ("round-epochs:3", "0"), ["kl-weight"] = ("", "0.5"),
        ["kl-estimator"] = ("batch:3 kl-weight:0.5", "k2"), ["kl-place"] = ("kl-weight:0.5 round-epochs:3", "loss"), ["entropy-weight"] = ("", "0.5"), ["baseline"] = ("", "best"),
        ["advantage-scale"] = ("", "none"), ["discount"] = ("", "0.5"), ["gae-lambda"] = ("discount:0.5 round-epochs:3", "0.1"), ["value-weight"] = ("", "3"),
        ["value-clip"] = ("round-epochs:3 value-clip:0.001", "0"),
        ["judge"] = (practice, "f1"), ["round-prompts"] = (practice, "4"), ["round-answers"] = (practice, "5"), ["answer-tokens"] = (practice, "9"),
        ["answer-temperature"] = (practice, "0.3"), ["answer-top-k"] = (practice, "2"), ["answer-top-p"] = (practice, "0.1"), ["round-epochs"] = ($"{practice} batch:3", "3"),
        ["base-bits"] = ("lora-rank:2", "4"),
        ["reward-clip"] = ($"{practice} margins:true batch:3 round-answers:3 advantage-scale:none", "0.5"), ["reward-normalise"] = ($"{practice} margins:true batch:3 round-answers:3 advantage-scale:none", "true"),
        ["whiten-rewards"] = ("kl-weight:0.5 round-epochs:3", "true"),
        ["resample"] = ($"{practice} round-answers:2 batch:3 judge:length:4", "3"), ["kl-target"] = ("round-prompts:1 kl-weight:0.5 kl-horizon:10", "0.1"),
        ["kl-horizon"] = ("round-prompts:1 kl-weight:0.5 kl-target:0.1", "10"), ["kl-weighted"] = ("kl-weight:0.5 kl-place:loss round-epochs:3", "true"),
        ["stop-kl"] = ("round-epochs:4", "0.0000001"), ["ratio-level"] = ("round-epochs:3", "answer"), ["loss-norm"] = ("batch:3", "rows"),
        ["dual-clip"] = ("round-epochs:4 lr:0.3", "1.001"), ["ratio-cap"] = ("round-epochs:4 lr:0.3 clip-high:0", "1.001"), ["cispo-ceiling"] = ("policy-loss:cispo round-epochs:4 lr:0.3", "1.001"),
        ["soft-clip-positive"] = ("policy-loss:sapo round-epochs:3", "3"), ["soft-clip-negative"] = ("policy-loss:sapo round-epochs:3", "3"), ["top-entropy"] = ("batch:3", "0.5"),
        ["off-policy-mask"] = ("batch:3 round-epochs:4 lr:0.1", "0.00001"), ["sampling-correction"] = ("answer-top-k:9", "token-truncate"),
        ["correction-most"] = ("answer-top-k:9 sampling-correction:token-truncate", "0.01"), ["correction-least"] = ("answer-top-k:9 sampling-correction:token-truncate", "0.9"),
        ["advantage-epsilon"] = ("", "1"), ["critic"] = ("", "own"), ["pretrain-weight"] = ("", "0.5"), ["pretrain-data"] = ("pretrain-weight:0.5", "FILE"),
        ["label-smoothing"] = ("", "0.3"), ["teacher"] = ("", "BASE"), ["distill-beta"] = ("", "0"), ["distill-temperature"] = ("", "3"), ["answer-weight"] = ("", "2"), ["own-share"] = ("", "1"), ["on-text"] = ("", "true"),
        ["max-kl"] = ("", "0.0001"), ["cg-iterations"] = ("", "1"), ["cg-damping"] = ("", "2"), ["line-tries"] = ("max-kl:3", "1"),
    };

    public static TheoryData<string> Settings => [.. RunConfig.Fields.Where(static f => f.Kinds.Count > 0).Select(static f => f.Name).Except(["skip-equal", "end-penalty", "judged-by", "overlong-tokens", "overlong-penalty"])];

    /// <summary>A stage of the recipe judges as its folder does, to the bit; what is no judge before it, or stands beside another, is refused by name.</summary>
    [Fact]
    public void A_stage_of_the_recipe_judges()
    {
        var (sft, judge, policy) = (Config(StageKind.Sft), Config(StageKind.Reward).Stage with { From = null }, Config(StageKind.Ppo).Stage with { From = null, After = "sft" });
        StageConfig By(string? folder, string? stage) => policy with { Practice = policy.Practice with { Judge = folder, JudgedBy = stage } };
        var recipe = Recipe.Of(sft).Then("judge", judge).Then("other", judge with { Steps = 1 });
        string Faults(StageConfig stage) => TinyRun.Faults(recipe.Then("policy", stage).Validate());
        Assert.Contains("policy: judged-by: is sft; allowed: judge, other, or nothing", Faults(By(null, "sft")), StringComparison.Ordinal);
        Assert.Contains("policy: judged-by: is judge, beside judge, which says who judges, too", Faults(By("exact", "judge")), StringComparison.Ordinal);
        Assert.Contains("judge: is not given", TinyRun.Faults(recipe.Then("policy", By(null, null)).Stages["policy"].Learns()), StringComparison.Ordinal);
        Assert.Contains("allowed: nothing, since no stage before it learns rewards", TinyRun.Faults(Recipe.Of(sft).Then("policy", By(null, "judge")).Validate()), StringComparison.Ordinal);
        Stages("whole", recipe.Then("policy", By(null, "judge")));
        byte[] Policy(string run) => TinyRun.Remains(scratch[$"{run}/stages/policy"])["model.safetensors"];
        Stages("apart", recipe);
        Stages("apart", recipe.Then("policy", By(scratch["apart/stages/judge"], null)));
        Stages("elsewhere", recipe);
        Stages("elsewhere", recipe.Then("policy", By(scratch["elsewhere/stages/other"], null)));
        Assert.Equal(Policy("apart"), Policy("whole"));
        Assert.NotEqual(Policy("elsewhere"), Policy("whole"));
    }

    void Stages(string run, Recipe recipe)
    {
        using var engine = new ReferenceEngine();
        while (true)
        {
            using var session = TinyRun.Get(RunFolder.Holds(scratch[run]) ? RunSession.Resume(scratch[run], RunSession.ChangeTo(recipe)) : RunSession.Begin(scratch[run], recipe));
            TinyRun.Get(Loop.Run(engine, session, null, StillClock.Instance));
            if (session.Folder.IsLast) return;
        }
    }

    /// <summary>An answer that the model did not end is worth less by the penalty, and one that it ended is worth what it is.</summary>
    [Fact]
    public void An_answer_without_an_end_is_worth_less()
    {
        var config = Config(StageKind.Grpo, "end-penalty:3");
        config = config with { Model = config.Model with { Vocabulary = 256 } };
        var stage = TinyRun.Get(RunData.Load(config, ByteTokenizer.Instance, Option<PublishedNote>.None)).Stage(config);
        Assert.Equal((-2, 1), (stage.Practice!.Rules.Worth(1, ends: false), stage.Practice.Rules.Worth(1, ends: true)));
    }

    /// <summary>An answer that is nearly as long as may be is worth less, in proportion, down to the penalty; all that settings say of rewards reaches the stage.</summary>
    [Fact]
    public void What_becomes_of_rewards_reaches_the_stage()
    {
        var config = Config(StageKind.Grpo, "answer-tokens:9 overlong-tokens:4 overlong-penalty:2 reward-clip:3 reward-normalise:true resample:5");
        config = config with { Model = config.Model with { Vocabulary = 256 } };
        var rules = TinyRun.Get(RunData.Load(config, ByteTokenizer.Instance, Option<PublishedNote>.None)).Stage(config).Practice!.Rules;
        Assert.Equal([1, 1, 0.5, 0, -0.5, -1], new[] { 1, 5, 6, 7, 8, 9 }.Select(n => rules.Worth(1, ends: true, n)));
        Assert.Equal((3.0, true, 5), (rules.Clip, rules.Normalises, rules.Resample));
        Assert.Contains("overlong-tokens: is 10; allowed: up to answer-tokens 9", TinyRun.Faults(Config(StageKind.Grpo, "answer-tokens:9 overlong-tokens:10").Validate()), StringComparison.Ordinal);
        Assert.Contains("kl-target: is 1, and the distance from a reference costs nothing in rewards", TinyRun.Faults(Config(StageKind.Ppo, "kl-target:1 kl-place:loss").Validate()), StringComparison.Ordinal);
        Assert.Contains("correction-least: 4 is above correction-most 3", TinyRun.Faults(Config(StageKind.Grpo, "correction-least:4").Validate()), StringComparison.Ordinal);
    }

    /// <summary>What the distance from the reference costs follows the distance, from round to round and over an interrupt: it is told, and is what the next round has.</summary>
    [Fact]
    public void The_price_of_the_distance_follows_it()
    {
        Train("run", Config(StageKind.Ppo, "round-prompts:1 kl-weight:0.5 kl-target:0.5 kl-horizon:2 lr:0.1 steps:6"), stopAfter: 3);
        Train("run", Config(StageKind.Ppo, "round-prompts:1 kl-weight:0.5 kl-target:0.5 kl-horizon:2 lr:0.1 steps:6"));
        var rounds = TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(scratch["run"])).Metrics)).Where(static l => l.RollOut is not null).Select(static l => l.RollOut!).ToArray();
        Assert.Equal(6, rounds.Length);
        var expected = new KlControl(0.5) { Target = 0.5, Horizon = 2 };
        foreach (var numbers in rounds)
        {
            Assert.Equal(expected.Coefficient, numbers["kl-coefficient"], 1e-5);
            expected = expected.After(numbers["kl"], 1);
        }
        Assert.NotEqual(0.5, expected.Coefficient);
    }

    /// <summary>A policy that has gone too far from what wrote a round leaves the rest of its rows, and the next round begins at once.</summary>
    [Theory, InlineData("", 1), InlineData("stop-kl:1e-12", 3), InlineData("stop-kl:1000", 1)]
    public void A_round_ends_where_the_policy_has_moved(string given, int rounds)
    {
        // Before the first step of a round the policy is what wrote it; at the second it has moved.
        Train("run", Config(StageKind.Ppo, $"dropout:0 round-prompts:3 steps:5 lr:0.1 round-epochs:2 {given}"));
        var lines = TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(scratch["run"])).Metrics));
        Assert.Equal(rounds, lines.Count(static l => l.RollOut is not null));
    }

    /// <summary>Comparisons of equal answers are faults with their line, or left out where that is asked for.</summary>
    [Fact]
    public void Equal_answers_are_told_or_left_out()
    {
        File.AppendAllLines(Pairs(), ["""{"prompt": "say 9", "chosen": "same", "rejected": "same", "margin": 0}"""]);
        var config = Config(StageKind.Dpo);
        Assert.Contains("line 10: its chosen and rejected are equal", TinyRun.Faults(RunData.Load(config, ByteTokenizer.Instance, Option<PublishedNote>.None)), StringComparison.Ordinal);
        var skips = (RankingData)TinyRun.Get(RunData.Load(Config(StageKind.Dpo, "skip-equal:true"), ByteTokenizer.Instance, Option<PublishedNote>.None));
        Assert.Equal(9, skips.Train.Count + skips.Kept.Count);
    }

    /// <summary>Prompts may expect no answers: a policy practises on them, and is asked those that it keeps, with nothing to compare.</summary>
    [Fact]
    public void Prompts_without_answers_are_practised_and_asked()
    {
        var prompts = scratch["prompts.jsonl"];
        File.WriteAllLines(prompts, Enumerable.Range(0, 6).Select(static i => $$"""{"prompt": "say {{i}}"}"""));
        var config = Config(StageKind.Grpo);
        Train("practised", config with { Stage = config.Stage with { Source = config.Stage.Source with { File = prompts } } });
        var asked = TinyRun.Get(Questions.Of(TinyRun.Get(RunFolder.Open(scratch["practised"])), null));
        Assert.Equal(["say 4", "say 5"], Enumerable.Range(0, asked.Rows.Count).Select(asked.Prompt));
        Assert.Equal([null, null], Enumerable.Range(0, asked.Rows.Count).Select(asked.Expected));
        Assert.Equal(0, asked.Examples.Count);
    }

    /// <summary>What a policy is held to takes memory, and is no part of the model.</summary>
    [Fact]
    public void Parameters_are_those_of_the_model_without_its_reference()
    {
        var config = Config(StageKind.Dpo, "reference:live");
        config = config with { Model = config.Model with { Vocabulary = 256 } };
        var memory = RunMemory.Of(config);
        Assert.Equal(Transformer.Of(config.Model).ParameterCount, (long)memory.Parameters);
        Assert.Equal(8 * memory.Parameters, memory.WeightBytes);
    }

    [Theory, MemberData(nameof(Settings))]
    public void A_setting_of_rows_changes_what_is_learned(string name)
    {
        Assert.True(table.TryGetValue(name, out var row), $"say what {name} changes");
        foreach (var kind in RunConfig.Field(name)!.Kinds)
        {
            // Columns of comparisons are other ones.
            var value = name == "columns" && kind is (StageKind.Reward or StageKind.Dpo) ? "prompt=prompt,chosen=rejected,rejected=chosen" : row.Value;
            // A judge in place of none is another stage, of other rows.
            var begun = Config(kind, $"dropout:0 steps:{(row.Given.Contains("answer-top", StringComparison.Ordinal) || name.StartsWith("answer-top", StringComparison.Ordinal) ? 1 : 4)} {(kind >= StageKind.Grpo ? row.Given.Replace(practice, "", StringComparison.Ordinal) : row.Given)}");
            if (name is "lessons" or "slips") begun = begun with { Model = begun.Model with { Context = 96 }, Stage = begun.Stage with { From = null, Source = basis.Stage.Source } };
            var changed = Fitted(RunConfig.Field(name)!.Set(begun, value switch { "FILE" => Text(), "BASE" => Base(), _ => value })!);
            Train($"{kind}-before", begun);
            Train($"{kind}-after", changed);
            byte[] Weights(string run) => TinyRun.Remains(scratch[run])["model.safetensors"];
            Assert.False(Weights($"{kind}-before").AsSpan().SequenceEqual(Weights($"{kind}-after")), $"{name} changes nothing of {kind}");
        }
    }

    /// <summary>Rewards of answers do not depend on what they are padded to, nor on who stands beside them.</summary>
    [Theory, InlineData(""), InlineData("pooling:mean"), InlineData("bidirectional:true"), InlineData("bidirectional:true pooling:mean lora-rank:2")]
    public void Rewards_of_padded_rows_are_those_of_each_alone(string given)
    {
        Train("reward", Config(StageKind.Reward, given));
        using var engine = new ReferenceEngine();
        using var model = TinyRun.Get(TrainedModel.Open(engine, scratch["reward"]));
        var data = (RankingData)TinyRun.Get(RunData.Load(model.Run.Config, model.Run.Tokenizer, model.Run.Note));
        var (sum, pairs) = (0.0, data.Kept.Count);
        for (var i = 0; i < pairs; i++)
        {
            double Reward(int which) => TinyRun.Get(model.Logits([.. data.Kept.Answers[data.Kept.First(i) + which].Ids]))[0][0];
            sum += Math.Log(1 + Math.Exp(-(Reward(0) - Reward(1))));
        }
        Assert.Equal(sum / pairs, TinyRun.Get(model.Measure()).Loss, 1e-5);
        // What reads a token at a time would miss what a judge of whole texts sees.
        Assert.Equal(given.Length == 0 ? "" : "cached", model.Logits([1, 2], cached: true).Match(static _ => "", static f => f.Head.Where));
        if (given.Contains("lora", StringComparison.Ordinal)) return;
        // A run of its own keeps how it reads.
        TinyRun.Get(model.Save(scratch["alone"]));
        using var alone = TinyRun.Get(TrainedModel.Open(engine, scratch["alone"]));
        Assert.Equal(TinyRun.Get(model.Logits([3, 4, 5]))[0], TinyRun.Get(alone.Logits([3, 4, 5]))[0]);
    }

    /// <summary>How a judge reads is part of what it is: a run goes on, and is opened, only as it was begun.</summary>
    [Theory, InlineData("bidirectional", "true", "false"), InlineData("pooling", "mean", "last")]
    public void A_judge_reads_as_it_learned_to(string name, string value, string begun)
    {
        Train("reward", Config(StageKind.Reward));
        var changed = RunConfig.Field(name)!.Set(Config(StageKind.Reward), value)!;
        Assert.Contains($"{name}: is {value}, but the run was begun with {begun}", TinyRun.Faults(TinyRun.Resume(scratch["reward"], changed,
            TinyRun.Get(RunData.Load(changed, ByteTokenizer.Instance, Option<PublishedNote>.None)), Disk.Real)), StringComparison.Ordinal);
        File.WriteAllText(scratch["reward/config.yaml"], ConfigYaml.Write(Recipe.Of(changed)));
        Assert.Contains($"{name}: is {value}, but the checkpoint was written with {begun}", TinyRun.Faults(TinyRun.Get(RunFolder.Open(scratch["reward"])).Checkpoint()), StringComparison.Ordinal);
    }

    /// <summary>A stage after a reward model begins with the last one that writes, or with the one that it names.</summary>
    [Fact]
    public void What_judges_is_no_beginning_for_what_writes()
    {
        var sft = Config(StageKind.Sft);
        var recipe = Recipe.Of(sft).Then("judge", Config(StageKind.Reward).Stage with { From = null }).Then("policy", Config(StageKind.Dpo).Stage with { From = null, After = "sft" });
        Assert.Equal(("sft", "sft"), (recipe.Before("judge"), recipe.Before("policy")));
        Assert.Contains("allowed: sft, or nothing", TinyRun.Faults(recipe.With("policy", recipe.Stages["policy"] with { Stage = recipe.Stages["policy"].Stage with { After = "judge" } })
            .Validate()), StringComparison.Ordinal);
        using var engine = new ReferenceEngine();
        using (var session = TinyRun.Get(RunSession.Begin(scratch["pipeline"], recipe))) TinyRun.Get(Loop.Run(engine, session, null, StillClock.Instance));
        for (var stage = 0; stage < 2; stage++)
            using (var session = TinyRun.Get(RunSession.Resume(scratch["pipeline"]))) TinyRun.Get(Loop.Run(engine, session, null, StillClock.Instance));
        Assert.All(TinyRun.Get(RunFolder.Open(scratch["pipeline"])).Progress, static p => Assert.True(p.IsDone, p.Name));
    }
}
