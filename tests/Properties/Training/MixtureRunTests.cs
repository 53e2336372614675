using FsCheck;
using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

/// <summary>Runs that learn from several texts.</summary>
public sealed class MixtureRunTests : IDisposable
{
    readonly Scratch scratch = new();

    public MixtureRunTests()
    {
        Write("a.txt", "abcab cabba. ", 20);
        Write("b.txt", "cab bac, a bcc ", 9);
        Write("c.txt", "ccc abc. ", 14);
    }

    public void Dispose() => scratch.Dispose();

    void Write(string name, string text, int times) => File.WriteAllText(scratch[name], string.Concat(Enumerable.Repeat(text, times)));

    RunConfig Config(string? mixture, string? file = null, WindowOrder order = WindowOrder.Shuffled, string? separator = null) => TinyRun.Config with
    {
        Stage = TinyRun.Config.Stage with { Source = new() { Mixture = mixture is null ? null : Beside(mixture), File = file is null ? null : scratch[file], ValidationPart = 0.2,
            Order = order, Separator = separator } },
    };

    string Beside(string mixture) => TextChoice.All(mixture) is { } texts ? TextChoice.Text(texts.Map(t => t with { Name = scratch[t.Name] })) : mixture;

    static Validation<Fault, RunResult> Train(string folder, RunConfig config, Disk? disk = null)
    {
        using var engine = new ReferenceEngine();
        return (RunFolder.Holds(folder) ? RunData.Load(config, TinyRun.Get(RunFolder.Open(folder)).Tokenizer, Prelude.None).Bind(data => TinyRun.Resume(folder, config, data, disk ?? Disk.Real))
            : RunData.Load(Recipe.Of(config)).Bind(data => RunSession.Begin(folder, Recipe.Of(config), data, disk ?? Disk.Real))).Bind(session =>
        {
            using (session) return Loop.Run(engine, session, null, StillClock.Instance);
        });
    }

    /// <summary>One source in a mixture is that source alone, to the bit, whatever its weight.</summary>
    [Property(MaxTest = 6)]
    public void A_mixture_of_one_is_that_text(byte weight, byte order)
    {
        using var own = new Scratch();
        TinyRun.Get(Train(own["alone"], Config(null, "a.txt", (WindowOrder)(order % 3))));
        TinyRun.Get(Train(own["mixed"], Config($"a.txt={weight + 1}", order: (WindowOrder)(order % 3))));
        Assert.Equal("", TinyRun.Differences(TinyRun.Remains(own["alone"]), TinyRun.Remains(own["mixed"])));
    }

    /// <summary>Killed at any moment and begun again, a run leaves the bits of one that nobody disturbed.</summary>
    [Property(MaxTest = 8)]
    public void A_killed_run_goes_on_to_the_bit(int seed)
    {
        var (random, own) = (new Random(seed), new Scratch());
        using (own)
        {
            var config = Config(string.Join('+', "abc".Take(2 + random.Next(2)).Select(name => $"{name}.txt={1 + random.Next(20)}")), order: (WindowOrder)random.Next(3),
                separator: random.Next(2) == 0 ? "b" : null);
            config = config with { Seed = random.Next(), Stage = config.Stage with { Batch = 1 + random.Next(3), Accumulate = 1 + random.Next(2), SampleEvery = 0 } };
            TinyRun.Get(Train(own["whole"], config));
            for (var tries = 0; ; tries++)
            {
                try
                {
                    // What the disk cannot do is a failure that tests elsewhere know; here the process just ends.
                    if (Train(own["killed"], config, tries < 4 ? new FailingDisk(4 + random.Next(14), kill: true) : null).IsSuccess) break;
                }
                catch (KilledException)
                {
                    if (!RunFolder.Holds(own["killed"])) { Directory.Delete(own["killed"], recursive: true); }
                }
            }
            Assert.Equal("", TinyRun.Differences(TinyRun.Remains(own["whole"]), TinyRun.Remains(own["killed"])));
        }
    }

    /// <summary>What is shown beside the loss is the loss of each text, and the loss is their mean by shares; it is what each text gives alone.</summary>
    [Fact]
    public void The_loss_is_that_of_the_texts_by_their_shares()
    {
        var result = TinyRun.Get(Train(scratch["run"], Config("a.txt=3+b.txt=1")));
        var lines = TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(result.Folder)).Metrics)).Where(static l => l.ValidationLoss is not null).ToArray();
        Assert.Equal([3L, 6, 7], lines.Select(static l => l.Step));
        Assert.All(lines, static l =>
        {
            Assert.Equal(["a.txt", "b.txt"], l.PartLosses!.Names);
            Assert.NotEqual(l.PartLosses["a.txt"], l.PartLosses["b.txt"]);
            Assert.Equal(l.ValidationLoss!.Value, 0.75 * l.PartLosses["a.txt"] + 0.25 * l.PartLosses["b.txt"], 1e-6);
        });
        using var engine = new ReferenceEngine();
        using var model = TinyRun.Get(TrainedModel.Open(engine, result.Folder));
        var all = TinyRun.Get(model.Measure());
        var texts = TinyRun.Get(model.Data()).Texts;
        var each = texts.Select(t => model.Score(t.Validation.Slice(0, (t.Validation.Length - 1) / 3 * 3 + 1)).Loss).ToArray();
        Assert.Equal(0.75 * each[0] + 0.25 * each[1], all.Loss, 1e-6);
        // Measured from outside, too.
        var score = model.Score(TinyRun.Get(model.Data()));
        Assert.Equal([("a.txt", 0.75), ("b.txt", 0.25)], score.Parts.Select(static p => (p.Name, p.Share)));
        Assert.Equal(texts.Select(t => model.Score(t.Validation)), score.Parts.Select(static p => p.Score));
        Assert.Equal(0.75 * score.Parts[0].Score.Loss + 0.25 * score.Parts[1].Score.Loss, score.Loss, 1e-12);
        Assert.Equal(0.75 * score.Parts[0].Score.BitsPerByte + 0.25 * score.Parts[1].Score.BitsPerByte, score.BitsPerByte, 1e-12);
    }

    /// <summary>What is shown beside the loss is by shares, too, whatever the texts' lengths are.</summary>
    [Fact]
    public void What_is_shown_is_by_shares()
    {
        using var engine = new ReferenceEngine();
        TinyRun.Get(Train(scratch["run"], Config("a.txt=3+b.txt=1")));
        var run = TinyRun.Get(RunFolder.Open(scratch["run"]));
        var stage = TinyRun.Get(RunData.Load(run.Config, run.Tokenizer, Prelude.None)).Stage(run.Config);
        using var workspace = new Workspace(engine);
        foreach (var (name, spec) in stage.Objective.Parts[0].Model.Specs) workspace.Fill(Names.Param(name), spec);
        var objective = stage.Objective;
        var showing = new Objective(objective.Parts, objective.Feed, scene => objective.In(scene) is var loss ? loss.With("double", new(loss.Total.Sum + loss.Total.Sum, loss.Total.Weight)) : loss);
        (double Loss, double Shown) On(Source source)
        {
            using var evaluation = new Evaluation(workspace, showing, source, stage.Rows);
            return (evaluation.Run()!.Value, evaluation.Shown["double"]);
        }
        var (all, a, b) = (On(stage.Measured), On(stage.Measured.Parts[0].Source), On(stage.Measured.Parts[1].Source));
        Assert.NotEqual(a.Shown, b.Shown, 1e-3);
        Assert.Equal(0.75 * a.Shown + 0.25 * b.Shown, all.Shown, 1e-9);
        Assert.Equal(2 * all.Loss, all.Shown, 1e-6);
    }

    /// <summary>Bits per byte are by shares, too, where a token of one text has other bytes than of another.</summary>
    [Fact]
    public void Bits_per_byte_are_by_shares()
    {
        var score = Score.Of([new("a", 0.75, new(2, 100, 400)), new("b", 0.25, new(3, 50, 50))]);
        Assert.Equal((2.25, 150L, 450L), (score.Loss, score.Tokens, score.Bytes));
        Assert.Equal((0.75 * 2 * 100 / 400 + 0.25 * 3) / Math.Log(2), score.BitsPerByte, 1e-12);
    }

    /// <summary>Other texts, other weights or another order of them are another run's.</summary>
    [Theory]
    [InlineData("a.txt=3+b.txt=2", "mixture: is ")]
    [InlineData("a.txt=3+c.txt=1", "data: a mixture of 2 texts is not the text that the run was begun with")]
    [InlineData("b.txt=3+a.txt=1", "data: a mixture of 2 texts is not the text that the run was begun with")]
    [InlineData("a.txt=3", "mixture: is ")]
    [InlineData("a.txt=3+b.txt=1+c.txt=1", "mixture: is ")]
    [InlineData("a.txt=3 + b.txt=1.0", null)]
    [InlineData("moved.txt=3+b.txt=1", null)]
    public void Other_data_is_refused(string mixture, string? fault)
    {
        File.Copy(scratch["a.txt"], scratch["moved.txt"]);
        var begun = Config("a.txt=3+b.txt=1");
        TinyRun.Get(Train(scratch["run"], begun));
        var now = Config(mixture);
        var faults = TinyRun.Faults(Train(scratch["run"], now with { Stage = now.Stage with { Steps = 8 } }));
        if (fault is null) Assert.Equal("", faults);
        else Assert.StartsWith(fault, faults, StringComparison.Ordinal);
        // The same text, changed.
        Write("b.txt", "cab bac, a bcb ", 9);
        Assert.StartsWith("data: a mixture of 2 texts is not", TinyRun.Faults(Train(scratch["run"], begun with { Stage = begun.Stage with { Steps = 9 } })), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a.txt=0+b.txt=1", "mixture: gives HERE/a.txt the weight 0; allowed: a finite number above 0")]
    [InlineData("a.txt=-1+b.txt=1", "mixture: gives HERE/a.txt the weight -1; allowed: a finite number above 0")]
    [InlineData("a.txt=NaN+b.txt=1", "mixture: gives HERE/a.txt the weight NaN; allowed: a finite number above 0")]
    [InlineData("a.txt=1+b.txt=1e400", "mixture: gives HERE/b.txt the weight Infinity; allowed: a finite number above 0")]
    [InlineData("a.txt=1+b.txt=1e-10", "mixture: gives HERE/b.txt the weight 1E-10, next to nothing beside the heaviest; allowed: 1E-09 or more")]
    [InlineData("a.txt=1+a.txt=2", "mixture: names HERE/a.txt more than once; allowed: each text once")]
    [InlineData("a.txt=1+sub/../a.txt=2", "mixture: names HERE/sub/../a.txt, which is HERE/a.txt; allowed: each text once")]
    [InlineData("a.txt=1+link.txt=2", "mixture: names HERE/link.txt, which is HERE/a.txt; allowed: each text once")]
    [InlineData("a.txt=1+no.txt=2", "HERE/no.txt: does not exist; expected a file")]
    [InlineData("a.txt=1+empty.txt=2", "HERE/empty.txt: is empty; expected text")]
    [InlineData("a.txt=1+short.txt=2", "validation part of HERE/short.txt: has 2 tokens, too few for one window; needed: 4 or more, the context of 3 and one to predict")]
    [InlineData("a.txt=1+latin.txt=2", "HERE/latin.txt, byte 6: 0xE9 does not continue or begin a UTF-8 character; expected UTF-8 text")]
    public void What_is_wrong_names_the_file(string mixture, string fault)
    {
        File.CreateSymbolicLink(scratch["link.txt"], scratch["a.txt"]);
        File.WriteAllText(scratch["empty.txt"], "");
        File.WriteAllText(scratch["short.txt"], "abcabcab");
        File.WriteAllBytes(scratch["latin.txt"], [.. "abcabc"u8, 0xE9, .. "abc"u8]);
        Assert.Equal(fault.Replace("HERE", scratch.Path, StringComparison.Ordinal), TinyRun.Faults(RunData.Load(Recipe.Of(Config(mixture)))));
    }

    [Fact]
    public void It_stands_alone_and_in_stages_that_learn_a_text()
    {
        var both = Config("a.txt=1+b.txt=1", "a.txt");
        Assert.Equal("mixture: stands beside data; allowed: one of them", TinyRun.Faults(both.Validate()));
        var rows = Config("a.txt=1+b.txt=1");
        Assert.Equal("mixture: stands in a stage that learns from rows; allowed: in one that learns a text",
            TinyRun.Faults((rows with { Stage = rows.Stage with { Kind = StageKind.Sft } }).Validate()));
        Assert.StartsWith("mixture: is a.txt; allowed: files of text or tokens with weights", TinyRun.Faults(Config("a.txt").Validate()), StringComparison.Ordinal);
    }

    /// <summary>Names may hold a + and an =, as they are read from lists and as they are written.</summary>
    [Property]
    public void Lists_are_read_as_they_are_written((NonEmptyString Name, PositiveInt Weight)[] texts)
    {
        Vec<TextChoice> all = [.. texts.Select((t, i) => new TextChoice($"{t.Name.Get.Replace('+', '-').Trim()}{i}z+x=y", t.Weight.Get / 8.0))];
        if (all.Count > 0) Assert.Equal(all, TextChoice.All(TextChoice.Text(all))!.Value);
        Assert.Null(TextChoice.All("a+b=1+c"));
        Assert.Equal([new("a+b", 1), new("c=2", 1e20)], TextChoice.All(" a+b = 1 + c=2=1e+20")!.Value);
    }

    /// <summary>One tokenizer is made of all texts, and paths of a file are relative to it.</summary>
    [Fact]
    public async Task A_file_names_texts_beside_it()
    {
        Directory.CreateDirectory(scratch["sub"]);
        File.WriteAllText(scratch["sub/z.txt"], string.Concat(Enumerable.Repeat("zyx ", 40)));
        File.WriteAllText(scratch["sub/run.yaml"], "mixture: ../a.txt=3 + z.txt=1\ncontext: 3\nsteps: 40\nbatch: 2\n");
        var plan = await Functional.Training.OutlookAsync(Functional.Configuration.FromYaml(scratch["sub/run.yaml"]));
        Assert.Equal($"{scratch["a.txt"]}=3+{scratch["sub/z.txt"]}=1", plan.Config.Stage.Source.Mixture);
        Assert.Equal("abc. zyx".Distinct().Count(), plan.Config.Model.Vocabulary);
        Assert.Equal([("a.txt", 234, 26, 0.75, 60 * 3 / 234.0), ("z.txt", 144, 16, 0.25, 20 * 3 / 144.0)],
            plan.Texts.Select(static t => (t.Name, (int)t.TrainTokens, (int)t.ValidationTokens, t.Share, t.Epochs)));
        Assert.Equal((378, 42), (plan.TrainTokens, plan.ValidationTokens));
        var built = Functional.Configuration.From(new RunConfig().OnFiles([(scratch["a.txt"], 3), (scratch["sub/z.txt"], 1)]).Sized(context: 3).For(steps: 40, batch: 2));
        Assert.Equal(plan.Config.Stage.Source.Mixture, built.Stage.Source.Mixture);
        Assert.Throws<ArgumentException>("texts", () => new RunConfig().OnFiles([("a=1+b", 1), ("c", 1)]));
        Assert.Throws<ArgumentNullException>("texts", () => new RunConfig().OnFiles(null!));
        Assert.Null(built.OnFile(scratch["a.txt"]).Stage.Source.Mixture);
    }
}
