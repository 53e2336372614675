using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

/// <summary>
/// What decides the data or the meaning of the weights cannot drift: for every setting, found by reflection, another value is refused by name or used.
/// </summary>
public class DriftLaws
{
    static readonly string[] candidates = ["true", "false", "gelu", "post", "sinusoidal", "byte", "shuffled", "sgd", "keep", "0.25", "0.5", "3", "2", "4", "8",
        "linear", "managed", "cpu", "1", "1e-5", "rms", "neighbours", "w", "head", "sigmoid", "e", "gpt2", "ipo", "forward-kl", "none", "ranking", "q=3", "all", "norm", "ppo", "k1", "loss", "norm=3", "bf16", "csv"];

    // What the settings are beside which the others mean something.
    static RunConfig Begun(string name) => TinyRun.Config with
    {
        Stage = TinyRun.Config.Stage with { Steps = 2, SaveEvery = 1, Adapter = new() { Rank = name == "base-bits" ? 2 : 0 } }, Model = TinyRun.Config.Model with { Window = name == "sinks" ? 2 : 0 },
    };

    // Labels, kinds, what comes after what and how a judge reads have tests of their own.
    public static TheoryData<string> Settings => [.. RunConfig.Fields.Select(static f => f.Name).Except(["labels", "kind", "after", "judged-by", "bidirectional", "pooling"])];

    /// <summary>A stage is called by its kind where it has no other name: another kind is another stage, of which there is nothing.</summary>
    [Fact]
    public void A_stage_of_another_kind_is_another_stage()
    {
        using var scratch = new Scratch();
        TinyRun.Get(TinyRun.Train(scratch["run"], Begun("kind")));
        var run = TinyRun.Get(RunFolder.Open(scratch["run"]));
        File.WriteAllText(scratch["run/config.yaml"], ConfigYaml.Write(Recipe.Of(run.Config with { Stage = run.Config.Stage with { Kind = StageKind.Sft } })));
        Assert.Contains("lacks the stage pretrain", TinyRun.Faults(RunFolder.Open(scratch["run"])), StringComparison.Ordinal);
    }

    /// <summary>A model that judges texts is no predictor of tokens: wherever it is asked for, training refuses it by name.</summary>
    [Fact]
    public void A_model_of_labels_is_not_trained_to_predict()
    {
        const string Refused = "labels: is 3, and a model that judges texts has no next token to learn; allowed: 0";
        using var scratch = new Scratch();
        var judge = TinyRun.Config with { Model = TinyRun.Config.Model with { Labels = 3 }, Stage = TinyRun.Config.Stage with { Steps = 2, SaveEvery = 1 } };
        Assert.Equal(Refused, TinyRun.Faults(judge.Learns()));
        Assert.Equal(Refused, TinyRun.Faults(Memory.DeviceOf(judge)));
        Assert.Equal(Refused, Assert.Throws<InvalidOperationException>(() => TinyRun.Data(judge)).Message);
        TinyRun.Get(TinyRun.Train(scratch["run"], Begun("labels")));
        var run = TinyRun.Get(RunFolder.Open(scratch["run"]));
        File.WriteAllText(scratch["run/config.yaml"], ConfigYaml.Write(Recipe.Of(run.Config with { Model = run.Config.Model with { Labels = 3 } })));
        Assert.Contains("labels: is 3, but the checkpoint was written with 0", TinyRun.Faults(TinyRun.Get(RunFolder.Open(scratch["run"])).Checkpoint()),
            StringComparison.Ordinal);
    }

    // The first of the candidates that is another value and can stand there.
    static RunConfig? Changed(RunConfig config, Field<RunConfig> field) => candidates
        .Select(text => field.Set(config, field.IsPath ? "/elsewhere" : field.Name switch { "separator" => "b", "otlp-endpoint" => "http://127.0.0.1:9", "judge" => "f1", "critic" => "own", "mixture" => "/a=1+/b=2", "ratio-level" => "token", "loss-norm" => "rows", "sampling-correction" => "token-mask", _ => text }))
        .FirstOrDefault(c => c is not null && field.Get(c) != field.Get(config) && c.Validate().IsSuccess);

    [Theory, MemberData(nameof(Settings))]
    public void An_edited_configuration_is_refused_by_name_or_used(string name)
    {
        using var scratch = new Scratch();
        TinyRun.Get(TinyRun.Train(scratch["run"], Begun(name)));
        var run = TinyRun.Get(RunFolder.Open(scratch["run"]));
        var field = RunConfig.Field(name)!;
        // Fewer steps than are done are refused, too.
        var changed = name == "steps" ? run.Config with { Stage = run.Config.Stage with { Steps = 9 } } : Changed(run.Config, field);
        Assert.True(changed is not null, $"no candidate is another value of {name}");
        File.WriteAllText(scratch["run/config.yaml"], ConfigYaml.Write(Recipe.Of(changed)));
        var edited = TinyRun.Get(RunFolder.Open(scratch["run"]));
        var opened = TinyRun.Faults(edited.Checkpoint());
        using var resumed = TinyRun.Resume(scratch["run"], changed, TinyRun.Data(changed), Disk.Real)
            .Match(static Held (s) => new(s, ""), static f => new(null, f.Lines()));
        if (field.Fixed)
        {
            var expected = $"{scratch["run/config.yaml"]}: {name}: is {field.Show(changed)}, but the checkpoint was written with {(field.Get(run.Config) ?? "none")}; allowed: {(field.Get(run.Config) ?? "none")}";
            Assert.Equal(expected, opened);
            Assert.Contains(expected, resumed.Faults, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal("", opened);
            Assert.Equal("", resumed.Faults);
            Assert.Equal(field.Get(changed), field.Get(resumed.Session!.Config));
        }
    }

    /// <summary>A change that is asked for when a run goes on is refused by name, or stands in its configuration from then on.</summary>
    [Theory, MemberData(nameof(Settings))]
    public void A_change_on_resuming_is_refused_by_name_or_used(string name)
    {
        using var scratch = new Scratch();
        TinyRun.Get(TinyRun.Train(scratch["run"], Begun(name)));
        var run = TinyRun.Get(RunFolder.Open(scratch["run"]));
        var field = RunConfig.Field(name)!;
        if (name == "precision") return;
        var changed = name == "steps" ? run.Config with { Stage = run.Config.Stage with { Steps = 9 } } : Changed(run.Config, field)!;
        using var resumed = TinyRun.Resume(scratch["run"], changed, TinyRun.Data(run.Config), Disk.Real)
            .Match(static Held (s) => new(s, ""), static f => new(null, f.Lines()));
        if (field.Fixed) Assert.StartsWith($"{name}: is {field.Show(changed)}, but the run was begun with", resumed.Faults, StringComparison.Ordinal);
        else Assert.Equal(field.Get(changed), field.Get(TinyRun.Get(RunFolder.Open(scratch["run"])).Config));
    }

    /// <summary>A run cannot end before where it is; at its own step it is complete.</summary>
    [Fact]
    public void A_run_cannot_go_on_to_fewer_steps_than_it_has_done()
    {
        using var scratch = new Scratch();
        TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config with { Stage = TinyRun.Config.Stage with { Steps = 4, SaveEvery = 4 } }));
        var before = File.ReadAllText(scratch["run/config.yaml"]);
        Assert.Equal("steps: is 3, but the run has done 4; allowed: 4 or more",
            TinyRun.Faults(TinyRun.Train(scratch["run"], TinyRun.Config with { Stage = TinyRun.Config.Stage with { Steps = 3, SaveEvery = 4 } })));
        Assert.Equal(before, File.ReadAllText(scratch["run/config.yaml"]));
        Assert.Equal(StopReason.Completed,
            TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config with { Stage = TinyRun.Config.Stage with { Steps = 4, SaveEvery = 4 } })).Reason);
    }

    [Fact]
    public void A_tokenizer_that_was_changed_is_refused()
    {
        using var scratch = new Scratch();
        TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config with { Stage = TinyRun.Config.Stage with { Steps = 2, SaveEvery = 1 } }));
        var run = TinyRun.Get(RunFolder.Open(scratch["run"]));
        var other = CharTokenizer.Of([.. ((CharTokenizer)run.Tokenizer).Runes.Reverse()]);
        TinyRun.Get(TokenizerFile.Write(scratch["run/tokenizer.json"], other));
        Assert.Equal($"{scratch["run/tokenizer.json"]}: is not the tokenizer that the checkpoint was written with; allowed: the one that training wrote",
            TinyRun.Faults(TinyRun.Get(RunFolder.Open(scratch["run"])).Checkpoint()));
    }

    sealed record Held(RunSession? Session, string Faults) : IDisposable
    {
        public void Dispose() => Session?.Dispose();
    }
}
