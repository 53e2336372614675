using FsCheck;
using FsCheck.Fluent;
using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Configuration;

public class ConfigLaws
{
    static readonly RunConfig defaults = new();

    /// <summary>Configurations with every setting changed at random, all valid.</summary>
    public static Arbitrary<RunConfig> Configs() => Arb.From(
        from seed in ArbMap.Default.GeneratorFor<ulong>()
        from name in ArbMap.Default.GeneratorFor<string>()
        select Any(Key.Seed(seed), name));

    static RunConfig Any(Key key, string? name)
    {
        var config = RunConfig.Fields.Aggregate(defaults, (c, field) => field.IsText ? c : Values(field, key.FoldIn(field.Name)) is { } text
            ? field.Set(c, text)! : c);
        var path = string.IsNullOrEmpty(name) || Lone(name) ? null : name;
        var options = config.Stage.Preference.Options;
        config = config with { Stage = config.Stage with { Preference = config.Stage.Preference with { Options = options with { Smoothing = options.Smoothing / 2 } } } };
        config = config with { Stage = config.Stage with { From = key.Below(9, 2) == 0 ? path : null, Source = config.Stage.Source with { File = path },
            Optimiser = config.Stage.Optimiser with { Warmup = Math.Min(config.Stage.Optimiser.Warmup, config.Stage.Steps),
                MinLearningRate = Math.Min(config.Stage.Optimiser.MinLearningRate, config.Stage.Optimiser.LearningRate) } } };
        if (config.Stage.LearnsText && key.Below(15, 2) == 0)
            config = config with { Stage = config.Stage with { Source = config.Stage.Source with { File = null, Mixture = $"x{path}y=0.75+z={1 + key.Below(16, 3)}" } } };
        // Only judges read from both sides, or by the mean.
        var (model, judges) = (Fitted(config.Model, key), config.Stage.Kind == StageKind.Reward);
        config = config with { Stage = config.Stage with { Preference = config.Stage.Preference with
        {
            Bidirectional = config.Stage.Preference.Bidirectional && judges && model.Window == 0 && model.Positions != Positions.Alibi,
            Pooling = judges ? config.Stage.Preference.Pooling : Pooling.Last,
        } } };
        // Small enough for every tensor of a step.
        config = config with { Model = model, Stage = config.Stage with { Batch = 1 + config.Stage.Batch % 30, Recompute = config.Stage.Recompute % 65 } };
        // A policy's rounds are learned whole, and its answers have room.
        // A step within a trust region takes a whole round.
        if (config.Stage.Kind == StageKind.Trpo)
            config = config with
            {
                Stage = config.Stage with
                {
                    Batch = 2 * (1 + config.Stage.Batch % 14), Accumulate = 1, Recompute = 0, Practice = config.Stage.Practice with { Answers = 3, Epochs = 3 },
                    Optimiser = config.Stage.Optimiser with { Average = 0 },
                },
                Execution = config.Execution with { Precision = Precision.F32 },
            };
        // A student writes one answer at least where it writes any, and none to a text.
        if (config.Stage is { Kind: StageKind.Distill, Distill: var taught })
            config = config with { Stage = config.Stage with { Distill = taught with { OwnShare = taught.OnText ? 0 : Math.Max(taught.OwnShare, 0.5) } } };
        var (stage, practice) = (config.Stage, config.Stage.Practice);
        return config with { Stage = stage with { Practice = practice with
        {
            Judge = stage.Kind is StageKind.Grpo or StageKind.Ppo or StageKind.Trpo ? "exact" : null, Prompts = stage.Kind == StageKind.Trpo ? stage.Batch / 2 : stage.Batch * stage.Accumulate, Answers = 2 + practice.Answers % 3,
            Tokens = 1 + practice.Tokens % (model.Context - 1), Epochs = 1 + practice.Epochs % 3,
        }, Reward = stage.Reward with { OverlongTokens = stage.Reward.OverlongTokens % (1 + (1 + practice.Tokens % (model.Context - 1))) },
            Policy = stage.Policy with { CorrectionMost = stage.Policy.CorrectionLeast + stage.Policy.CorrectionMost } } };
    }

    // What settings ask of each other, over every model otherwise at random.
    static DecoderConfig Fitted(DecoderConfig m, Key key)
    {
        int Below(int at, int most) => (int)key.Below(at, (uint)most);
        var (size, keyHeads) = (4 * (1 + Below(7, 3)), 1 + Below(8, 4));
        var (share, given) = (Below(10, 2) == 0 ? 1 : 0.5, Below(11, 2) == 0);
        // Each third of configurations is all at its defaults where few need another value.
        Vec<double> Divisors(int from) => [.. Enumerable.Range(0, (int)(size * share) / 2).Select(i => 1 + key.Uniform(from + i))];
        var fitted = m with
        {
            Heads = keyHeads * (1 + m.Heads % 200), KeyHeads = Below(12, 3) == 0 ? 0 : keyHeads, HeadSize = given ? size : 0,
            Context = 2 + m.Context % 40, Sinks = m.Window > 0 ? m.Sinks : 0, Labels = 0,
            Rotary = m.Rotary with
            {
                Share = share, High = m.Rotary.Low + m.Rotary.High, Fast = m.Rotary.Slow + m.Rotary.Fast, OriginalContext = Below(13, 2) == 0 ? 0 : 2 + m.Rotary.OriginalContext,
                Short = m.Rotary.Kind == RopeKind.Long ? Divisors(20) : [], Long = m.Rotary.Kind == RopeKind.Long ? Divisors(40) : [],
            },
            Experts = m.Experts with
            {
                Count = m.Experts.Count % 9, Chosen = 1 + m.Experts.Chosen % Math.Max(1, m.Experts.Count % 9),
                SharedGate = m.Experts.SharedGate && m.Experts.Shared > 0,
            },
        };
        fitted = fitted with { Width = fitted.Heads * size };
        return Below(14, 3) == 0 ? new() { Vocabulary = 0, Bias = fitted.Bias, Heads = fitted.Heads, Width = fitted.Width, Positions = fitted.Positions } : fitted;
    }

    static string? Values(Field<RunConfig> field, Key key) => field.Allowed switch
    {
        var _ when field.Name == "bias" => ((string[])["true", "false", "qkv", "output+norms", "qkv+output+feed-forward", "norms"])[key.Below(0, 6)],
        var _ when field.Name == "logs" => ((string[])["none", "csv", "csv+tensorboard", "tensorboard+otlp", "csv+tensorboard+otlp"])[key.Below(0, 5)],
        var pattern when pattern.StartsWith("all (", StringComparison.Ordinal) => key.Below(0, 3) == 0 ? "all"
            : string.Concat(Enumerable.Range(0, 1 + (int)key.Below(1, 5)).Select(i => pattern[key.Below(2 + i, 2) == 0 ? 5 : ^1])),
        var list when list.StartsWith("numbers above 0", StringComparison.Ordinal) => key.Below(0, 2) == 0 ? "none" : FormattableString.Invariant($"{key.Uniform(1) + 0.1:R}+2"),
        "a number, 0, or above 1" => key.Below(0, 2) == 0 ? "0" : FormattableString.Invariant($"{1.5 + key.Uniform(1):R}"),
        "a number, above 1" or "a number, 1 or more" => FormattableString.Invariant($"{1.5 + key.Uniform(0):R}"),
        var _ when field.Name == "device" => ((string[])["auto", "cpu", "cuda:0", "cuda:12"])[key.Below(0, 4)],
        var words when !words.StartsWith("a ", StringComparison.Ordinal) && words.Contains(", ", StringComparison.Ordinal) =>
            words.Split(", ")[key.Below(0, words.Split(", ").Length)],
        var whole when whole.StartsWith("a whole", StringComparison.Ordinal) => FormattableString.Invariant($"{key.Below(0, 1000) + 1}"),
        var number when number.StartsWith("a number", StringComparison.Ordinal) => FormattableString.Invariant($"{key.Uniform(0):R}"),
        _ => null,
    };

    static bool Lone(string text)
    {
        try { _ = new System.Text.UTF8Encoding(false, true).GetBytes(text); return false; }
        catch (System.Text.EncoderFallbackException) { return true; }
    }

    static Validation<Fault, RunConfig> Parse(string yaml) =>
        ConfigYaml.Entries(yaml, "run.yaml").Bind(static entries => Recipe.Read(defaults, entries, adapts: false))
            .Map(static recipe => recipe.Stages.Values[0]);

    static string Faults(string yaml) => Parse(yaml).Match(static c => "read", static f => f.Lines());

    [Property(Arbitrary = [typeof(ConfigLaws)])]
    public bool Written_configurations_read_back(RunConfig config) =>
        config.Validate().IsSuccess && Parse(ConfigYaml.Write(Recipe.Of(config))).Match(c => c == config, static _ => false);

    [Property(Arbitrary = [typeof(ConfigLaws)])]
    public bool Options_read_back(RunConfig config) =>
        RunConfig.Read(defaults, RunConfig.Fields.Where(f => f.Get(config) is not null).Select(f => ConfigEntry.Option(f.Name, f.Get(config)!)))
            .Match(c => c == config, static _ => false);

    /// <summary>What few need is left out where it is as usual: the standard configuration is short, and nothing is lost by that.</summary>
    [Property(Arbitrary = [typeof(ConfigLaws)])]
    public void What_is_written_is_what_is_not_as_usual(RunConfig config)
    {
        var written = ConfigYaml.Entries(ConfigYaml.Write(Recipe.Of(config)), "run.yaml").IfFail(static f => throw new InvalidOperationException(f.Lines()))
            .Select(static e => e.Key).ToHashSet(StringComparer.Ordinal);
        Assert.Equal(RunConfig.Fields.Where(f => !f.IsDetail || f.Get(config) != f.Get(defaults)).Select(static f => f.Name).Order(StringComparer.Ordinal),
            written.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_standard_configuration_is_short()
    {
        var text = ConfigYaml.Write(Recipe.Of(defaults));
        Assert.DoesNotContain("rope", text, StringComparison.Ordinal);
        Assert.DoesNotContain("experts", text, StringComparison.Ordinal);
        Assert.InRange(text.Count(static c => c == '\n'), 40, 70);
    }

    /// <summary>A heading that one of its settings is called by is read as either.</summary>
    [Theory]
    [InlineData("experts: 8")]
    [InlineData("experts:\n  experts: 8")]
    [InlineData("experts: {experts: 8}")]
    public void Experts_are_a_heading_and_a_number(string yaml) =>
        Assert.Equal(8, Parse(yaml).IfFail(static f => throw new InvalidOperationException(f.Lines())).Model.Experts.Count);

    static RunConfig Begun(params Vec<string>[] places) =>
        RunConfig.Begin(defaults, [.. places
            .Select((place, i) => ConfigYaml.Entries(string.Join('\n', place), $"{i}").IfFail(static f => throw new InvalidOperationException(f.Lines())))])
            .IfFail(static f => throw new InvalidOperationException(f.Lines()));

    /// <summary>Whoever takes another optimiser has its usual rate, unless a rate was said, here or before, or the stage has another; the rate's end goes with it.</summary>
    [Theory]
    [InlineData("optimiser: muon", "", 2e-3, 2e-4), InlineData("optimiser: sgd", "", 0.1, 0.01), InlineData("optimiser: lion", "", 3e-4, 3e-5), InlineData("optimiser: adafactor", "", 2e-3, 2e-4)]
    [InlineData("optimiser: adamw", "", 1e-3, 1e-4), InlineData("optimiser: muon\nlr: 0.001", "", 1e-3, 1e-4), InlineData("lr: 0.001", "optimiser: muon", 1e-3, 1e-4)]
    [InlineData("optimiser: muon", "lr: 0.001", 1e-3, 2e-4), InlineData("optimiser: muon\nmin-lr: 0.0003", "", 2e-3, 3e-4), InlineData("min-lr: 0.0003", "optimiser: sgd", 0.1, 3e-4)]
    [InlineData("optimiser: muon", "steps: 50", 2e-3, 2e-4)]
    public void Optimisers_have_usual_rates(string first, string second, double rate, double last)
    {
        var config = Begun([.. first.Split('\n')], [.. second.Split('\n', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.Equal((rate, last), (config.Stage.Optimiser.LearningRate, config.Stage.Optimiser.MinLearningRate));
    }

    /// <summary>
    /// Whoever shortens a run shortens its warm-up, and whoever lowers the rate lowers where it ends, unless the same place says both; wherever it
    /// stands.
    /// </summary>
    [Property]
    public bool What_was_not_said_is_fitted_to_what_was(PositiveInt steps, PositiveInt tenThousandths, bool says, bool inFile)
    {
        var (n, lr) = (10 + steps.Get, tenThousandths.Get / 1e5);
        Vec<string> given = [$"steps: {n}", FormattableString.Invariant($"lr: {lr:R}"), .. says ? ["warmup: 7", "min-lr: 1e-6"] : (string[])[]];
        Vec<string> whole = ["steps: 5000", "warmup: 100", "lr: 0.001", "min-lr: 0.0001"];
        var config = inFile ? Begun(given) : Begun(whole, given);
        return config.Stage.Steps == n && config.Stage.Optimiser.LearningRate == lr
            && (says ? config is { Stage.Optimiser: { Warmup: 7, MinLearningRate: 1e-6 } }
            : config.Stage.Optimiser.Warmup == Math.Min(100, n / 10) && config.Stage.Optimiser.MinLearningRate == (lr < 1e-4 ? lr / 10 : 1e-4));
    }

    /// <summary>A place that comes after, and says something else or nothing, does not keep an earlier one from being fitted.</summary>
    [Fact]
    public void What_an_earlier_place_says_is_fitted_too()
    {
        Assert.Equal((20, 1e-5 / 10, 3), Begun(["steps: 200", "lr: 1e-5"], ["layers: 3"]) is var c
            ? (c.Stage.Optimiser.Warmup, c.Stage.Optimiser.MinLearningRate, c.Model.Layers) : default);
        Assert.Equal((20, 1e-5 / 10), Begun(["steps: 200", "lr: 1e-5"], []) is var d ? (d.Stage.Optimiser.Warmup, d.Stage.Optimiser.MinLearningRate) : default);
        Assert.Equal((7, 2e-6), Begun(["steps: 200", "lr: 1e-5"], ["warmup: 7", "min-lr: 2e-6"]) is var e
            ? (e.Stage.Optimiser.Warmup, e.Stage.Optimiser.MinLearningRate) : default);
    }

    /// <summary>On the edge nothing is changed: a tenth of the steps, and the lowest rate itself.</summary>
    [Fact]
    public void What_just_fits_stays()
    {
        Assert.Equal((100, 1e-4), (Begun(["steps: 1000", "lr: 1e-4"]).Stage.Optimiser.Warmup, Begun(["lr: 1e-4"]).Stage.Optimiser.MinLearningRate));
        Assert.Equal(99, Begun(["steps: 999"]).Stage.Optimiser.Warmup);
    }

    [Fact]
    public void A_later_place_takes_the_place_of_an_earlier_one_even_where_that_is_wrong()
    {
        Assert.Equal((96, 3), (Begun(["heads: 3", "width: many"], ["width: 96"]).Model.Width, Begun(["heads: 3", "width: 64"], ["width: 96"]).Model.Heads));
        Assert.Equal("0, line 1, heads: is many; allowed: a whole number, 1 or more\n1, line 1, width: 97 is not divisible by heads 4; allowed: a multiple of 4",
            RunConfig.Begin(defaults, Entries("heads: many", "0"), Entries("width: 97", "1")).Match(static _ => "", static f => f.Lines()));

        static Vec<ConfigEntry> Entries(string text, string file) =>
            ConfigYaml.Entries(text, file).IfFail(static f => throw new InvalidOperationException(f.Lines()));
    }

    /// <summary>The names that C# has for settings are those of the properties that they change.</summary>
    [Fact]
    public void Every_setting_names_its_member()
    {
        foreach (var field in RunConfig.Fields)
        {
            var owner = typeof(RunConfig);
            foreach (var member in field.Member.Split('.'))
                owner = owner.GetProperty(member)?.PropertyType ?? throw new InvalidOperationException($"{field.Name}: {field.Member}");
        }
        Assert.Equal(RunConfig.Fields.Count, RunConfig.Fields.Select(static f => f.Member).Distinct().Count());
        Assert.Equal("Stage.Optimiser.LearningRate: is -1; allowed: a number, above 0\nStage.Optimiser.MinLearningRate: 0.0001 is above Stage.Optimiser.LearningRate -1; allowed: up to Stage.Optimiser.LearningRate\nModel.Width: 128 is not divisible by heads 3; allowed: a multiple of 3",
            (defaults with { Model = defaults.Model with { Heads = 3 },
                Stage = defaults.Stage with { Optimiser = defaults.Stage.Optimiser with { LearningRate = -1 } } }).Validate(static f => f.Member)
                    .Match(static _ => "", static f => f.Lines()));
    }

    /// <summary>Rules over several settings speak in the names that were asked for, and in no others.</summary>
    [Fact]
    public void Every_rule_speaks_in_the_names_of_its_caller()
    {
        var bad = defaults with { Model = defaults.Model with { Context = 1 << 20 },
            Stage = defaults.Stage with { Steps = 10, Batch = 1 << 20, Optimiser = defaults.Stage.Optimiser with { Warmup = 11, MinLearningRate = 1 } } };
        Assert.Equal(
            """
            min-lr: 1 is above lr 0.001; allowed: up to lr
            warmup: 11 is more than steps 10; allowed: up to steps
            batch: makes batch × context = 1099511627776; allowed: up to 268435456
            """.ReplaceLineEndings("\n"), Faults(static f => f.Name));
        Assert.Equal(
            """
            Stage.Optimiser.MinLearningRate: 1 is above Stage.Optimiser.LearningRate 0.001; allowed: up to Stage.Optimiser.LearningRate
            Stage.Optimiser.Warmup: 11 is more than Stage.Steps 10; allowed: up to Stage.Steps
            Stage.Batch: makes Stage.Batch × Model.Context = 1099511627776; allowed: up to 268435456
            """.ReplaceLineEndings("\n"), Faults(static f => f.Member));

        string Faults(Func<Field<RunConfig>, string> name) => bad.Validate(name).Match(static _ => "", static f => f.Lines());
    }

    /// <summary>What may change when a run goes on is a decision about each setting: here are both lists.</summary>
    [Fact]
    public void What_is_fixed_is_known_setting_by_setting()
    {
        Assert.Equal(
            "layers heads key-heads head-size width hidden hidden-multiple embedding-width context bias activation norm norm-kind norm-epsilon norm-weights final-norm positions "
            + "rope-base rope-local-base rope-share rope-pairing rope-scaling rope-factor rope-original-context rope-low rope-high rope-fast rope-slow "
            + "rope-attention-factor rope-magnitude rope-magnitude-all rope-truncate rope-short rope-long "
            + "window sinks pattern query-key-norm attention-scale scaled-by-layer attention-cap logit-cap qkv-clip scaled-embeddings "
            + "experts experts-chosen expert-hidden expert-scores experts-renormalised shared-expert shared-expert-gate expert-pattern tied-head labels "
            + "tokenizer vocabulary split min-frequency special-tokens line-ends seed from after kind mixture corpus-seed corpus-size validation-part order separator template columns lessons slips packing curriculum skip-equal dft teacher distill-beta distill-temperature answer-weight own-share on-text preference-loss beta reference preference-smoothing divergence "
            + "divergence-alpha by-token gamma reward-alpha discopop-temperature sft-weight sft-text wpo length-share good-weight bad-weight margins reward-loss centring bidirectional pooling "
            + "judge judged-by round-prompts round-answers answer-tokens answer-temperature answer-top-k answer-top-p end-penalty round-epochs "
            + "reward-clip reward-normalise overlong-tokens overlong-penalty whiten-rewards resample "
            + "policy-loss clip-low clip-high kl-weight kl-estimator kl-place kl-target kl-horizon kl-weighted stop-kl ratio-level loss-norm dual-clip ratio-cap cispo-ceiling "
            + "soft-clip-positive soft-clip-negative top-entropy off-policy-mask sampling-correction correction-most correction-least "
            + "entropy-weight baseline advantage-scale advantage-epsilon pretrain-weight pretrain-data max-kl cg-iterations cg-damping line-tries critic discount gae-lambda value-weight value-clip "
            + "adapter lora-rank lora-alpha lora-targets lora-ranks lora-alphas rslora dora lora-bias lora-saved base-bits lora-b-rate optimiser beta1 beta2 beta3 mix muon-momentum average eps",
            string.Join(' ', RunConfig.Fields.Where(static f => f.Fixed).Select(static f => f.Name)));
        Assert.Equal("balance-loss router-z-loss router-noise expert-capacity dropout engine device precision threads logs otlp-endpoint norms-every log-histograms-every peak-share batch accumulate recompute steps label-smoothing eval-every eval-batches save-every keep sample-every sample-tokens sample-temperature data neftune lora-dropout lr min-lr warmup schedule weight-decay role-rates role-decays clip",
            string.Join(' ', RunConfig.Fields.Where(static f => !f.Fixed).Select(static f => f.Name)));
    }

    /// <summary>No name is the name or the alias of two settings.</summary>
    [Fact]
    public void Every_alias_leads_to_one_setting()
    {
        var names = RunConfig.Fields.SelectMany(static f => f.Aliases.Prepend(f.Name)).ToList();
        Assert.Equal(names.Count, names.Distinct().Count());
        Assert.All(RunConfig.Fields, static f =>
            Assert.All(f.Aliases, alias => Assert.Equal((f.Name, true), (RunConfig.Nearest(alias).Field.Name, RunConfig.Nearest(alias).IsClose))));
    }

    /// <summary>A record whose member is made of itself would print without end.</summary>
    [Fact]
    public void A_configuration_is_printed() => Assert.Contains("LearningRate", defaults.ToString(), StringComparison.Ordinal);

    [Fact]
    public void Defaults_are_valid() => Assert.True(defaults.Validate().IsSuccess);

    [Fact]
    public void A_file_that_says_nothing_is_the_start()
    {
        foreach (var text in (string[])["", "# nothing\n", "---\n", "null"])
            Assert.Equal(defaults, Parse(text).IfFail(f => throw new InvalidOperationException(f.Lines())));
    }

    [Fact]
    public void All_faults_come_at_once_with_their_lines() => Assert.Equal(
        """
        run.yaml, line 2, layer: is no setting; the nearest is layers; it takes a whole number, 1 or more
        run.yaml, line 3, heads: is many; allowed: a whole number, 1 or more
        run.yaml, line 4, width: is "128"; allowed: a whole number, 1 or more
        run.yaml, line 5, schedule: is cosinus; allowed: cosine, linear, constant, inverse-sqrt, wsd, one-cycle
        run.yaml, line 6, bias: is a list; allowed: true, false, or some of qkv, output, feed-forward, norms, joined by +
        run.yaml, line 8, batch: is given twice; first at run.yaml, line 7, batch
        run.yaml, line 9, dropout: is nothing; allowed: a number, at least 0 and less than 1
        run.yaml, line 7, batch: is 0; allowed: a whole number, 1 or more
        run.yaml, line 11, lr: is -1; allowed: a number, above 0
        run.yaml, line 10, beta1: is 1; allowed: a number, at least 0 and less than 1
        """.ReplaceLineEndings("\n"),
        string.Join('\n',
            Faults("# a run\nlayer: 3\nheads: many\nwidth: \"128\"\nschedule: cosinus\nbias: [true]\nbatch: 0\nbatch: 3\ndropout:\nbeta1: 1\nlr: -1\n")
            .Split('\n').Where(static l => !l.StartsWith("min-lr", StringComparison.Ordinal))));

    [Theory]
    [InlineData("layers: 4\nlayers: 4.5\n", "run.yaml, line 2, layers: is given twice; first at run.yaml, line 1, layers")]
    [InlineData("heads: 3", "width: 128 is not divisible by heads 3; allowed: a multiple of 3")]
    [InlineData("heads: 3\nwidth: 100", "run.yaml, line 2, width: 100 is not divisible by heads 3; allowed: a multiple of 3")]
    [InlineData("steps: 10", "warmup: 100 is more than steps 10; allowed: up to steps")]
    [InlineData("lr: 1e-5", "min-lr: 0.0001 is above lr 1E-05; allowed: up to lr")]
    [InlineData("lr: .nan", "run.yaml, line 1, lr: is .nan; allowed: a number, above 0")]
    [InlineData("lr: NaN", "run.yaml, line 1, lr: is NaN; allowed: a number, above 0")]
    [InlineData("steps: 99999999999999999999", "run.yaml, line 1, steps: is 99999999999999999999; allowed: a whole number, 1 or more")]
    [InlineData("data: ''", "run.yaml, line 1, data: is ; allowed: the name of a text file")]
    [InlineData("lr_min: 1", "run.yaml, line 1, lr_min: is no setting; the nearest is ")]
    [InlineData("learning_rate: 1", "run.yaml, line 1, learning_rate: is no setting; the nearest is lr; it takes a number, above 0")]
    [InlineData("batch_size: 1", "run.yaml, line 1, batch_size: is no setting; the nearest is batch; it takes a whole number, 1 or more")]
    [InlineData("block_size: 1", "run.yaml, line 1, block_size: is no setting; the nearest is context; it takes a whole number, 1 or more")]
    [InlineData("n_embd: 1", "run.yaml, line 1, n_embd: is no setting; the nearest is width; it takes a whole number, 1 or more")]
    [InlineData("max_iters: 1", "run.yaml, line 1, max_iters: is no setting; the nearest is steps; it takes a whole number, 1 or more")]
    [InlineData("Epochs: 1", "run.yaml, line 1, Epochs: is no setting; the nearest is steps; it takes a whole number, 1 or more")]
    [InlineData("- layers", "run.yaml: is no mapping; expected lines such as layers: 4")]
    [InlineData("layers", "run.yaml: is no mapping; expected lines such as layers: 4")]
    [InlineData("[a]: 4", "run.yaml, line 1: a key is no word; expected lines such as layers: 4")]
    [InlineData("layers: 4\n---\nheads: 4", "run.yaml, line 2: begins a second document; allowed: one")]
    public void A_fault_says_what_is_wrong(string yaml, string expected)
    {
        var faults = Faults(yaml);
        if (expected.EndsWith(' ')) Assert.StartsWith(expected, faults, StringComparison.Ordinal);
        else Assert.Equal(expected, faults);
    }

    /// <summary>What nests deeply is refused at once, whatever it would take to read.</summary>
    [Theory]
    [InlineData("[")]
    [InlineData("{")]
    [InlineData("{a: [")]
    public async Task What_nests_deeply_is_refused(string bracket) => Assert.Equal("run.yaml: nests too deeply; expected lines such as layers: 4",
        await Task.Run(() => Faults($"layers: {string.Concat(Enumerable.Repeat(bracket, 300_000))}")).WaitAsync(TimeSpan.FromSeconds(20)));

    [Property]
    public bool No_text_throws(string text) => Faults(text ?? "") is not null;

    [Property]
    public bool Torn_files_never_throw(ushort at, byte value)
    {
        var text = ConfigYaml.Write(Recipe.Of(defaults)).ToCharArray();
        text[at % text.Length] = (char)value;
        return Faults(new(text)) is not null;
    }

    [Property]
    public bool A_mistyped_key_names_the_nearest(ushort which, ushort at, byte letter)
    {
        var key = RunConfig.Fields[which % RunConfig.Fields.Count].Name;
        var typo = key.Insert(at % (key.Length + 1), ((char)('a' + letter % 26)).ToString());
        var nearest = RunConfig.Fields.Select(static f => f.Name).Where(name => RunConfig.EditDistance(name, typo) <= 1).ToList();
        return nearest.Contains(typo) || nearest.Any(name => Faults($"{typo}: 1").Contains($"the nearest is {name};", StringComparison.Ordinal));
    }

    [Property]
    public bool Edit_distance_is_a_count_of_edits(string? a, string? b)
    {
        var (x, y) = (a ?? "", b ?? "");
        var d = RunConfig.EditDistance(x, y);
        return d == RunConfig.EditDistance(y, x) && (d == 0) == (x == y) && d <= Math.Max(x.Length, y.Length) && d >= Math.Abs(x.Length - y.Length);
    }

    [Property(Arbitrary = [typeof(ConfigLaws)])]
    public bool Resuming_refuses_exactly_the_fixed_settings(RunConfig begun, RunConfig now)
    {
        var different = RunConfig.Fields.Where(f => f.Fixed && f.Get(begun) != f.Get(now)).Select(f => f.Name).ToList();
        return RunConfig.Resume(begun, now).Match(_ => different.Count == 0, f => f.Select(x => x.Where).SequenceEqual(different));
    }
}
