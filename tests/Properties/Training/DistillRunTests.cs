using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

/// <summary>Students as runs: whose tokens they read, what a round is made of, what a teacher must be, and that it stays what it was.</summary>
public sealed class DistillRunTests : IDisposable
{
    readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    static readonly (string, string)[] tiny = [("layers", "1"), ("heads", "2"), ("width", "8"), ("context", "24"), ("batch", "4"), ("steps", "30"), ("eval-batches", "4"), ("corpus-size", "40000"),
        ("lr", "0.01"), ("seed", "3")];

    async Task<string> Run(string name, StageKind kind, params (string, string)[] settings)
    {
        await Functional.Training.RunAsync(Functional.Configuration.From(RunConfig.For(kind), [.. tiny.Where(t => settings.All(s => s.Item1 != t.Item1)), .. settings]), scratch[name]);
        return scratch[name];
    }

    Task<string> Teacher(params (string, string)[] settings) => Run("teacher", StageKind.Pretrain, [("layers", "2"), ("width", "16"), ("steps", "60"), .. settings]);

    static IEnumerable<double> Losses(string run) => TinyRun.Get(MetricsFile.Read(TinyRun.Get(RunFolder.Open(run)).Metrics)).Where(static l => l.ValidationLoss is not null).Select(static l => l.ValidationLoss!.Value);

    static byte[] Weights(string run) => TinyRun.Remains(run)["model.safetensors"];

    /// <summary>A fresh student reads its teacher's tokens, comes nearer to it, and is measured as training measured it; the teacher does not change, and may be gone afterwards.</summary>
    [Fact]
    public async Task A_fresh_student_comes_nearer_to_its_teacher()
    {
        var teacher = await Teacher();
        var before = Weights(teacher);
        var student = await Run("student", StageKind.Distill, ("teacher", teacher), ("on-text", "true"), ("eval-every", "5"));
        var (run, taught) = (TinyRun.Get(RunFolder.Open(student)), TinyRun.Get(RunFolder.Open(teacher)));
        Assert.Equal(taught.Tokenizer.Fingerprint, run.Tokenizer.Fingerprint);
        Assert.Equal((2, 16), (run.Config.Stage.Distill.Architecture!.Layers, run.Config.Stage.Distill.Architecture.Width));
        double[] losses = [.. Losses(student)];
        Assert.True(losses[^1] < losses[0] * 0.8, string.Join(" ", losses));
        using (var model = await LanguageModel.LoadAsync(student))
            Assert.Equal(losses[^1], (await model.MeasureAsync()) is var m && m.Rows > 0 ? m.Loss : double.NaN, 0.05);
        Assert.Equal(before, Weights(teacher));
        // A teacher that is gone keeps nobody from what was learned; only going on needs it.
        Directory.Move(teacher, scratch["elsewhere"]);
        using (var model = await LanguageModel.LoadAsync(student)) Assert.Equal(12, (await model.GenerateAsync("The ", new() { Tokens = 12 }).CountAsync()) is > 0 ? 12 : 0);
        var gone = await Assert.ThrowsAsync<FunctionalException>(() => Functional.Training.ResumeAsync(student, changes: [("steps", "31")]));
        Assert.Contains("teacher: ", gone.Message, StringComparison.Ordinal);
    }

    /// <summary>A student's own model teaches it nothing: it is where it would go.</summary>
    [Fact]
    public async Task A_model_is_no_distance_from_itself()
    {
        var teacher = await Teacher();
        var student = await Run("student", StageKind.Distill, ("teacher", teacher), ("from", teacher), ("layers", "2"), ("width", "16"), ("on-text", "true"), ("steps", "1"), ("lr", "1e-12"), ("min-lr", "0"));
        Assert.Equal(0, Losses(student).First(), 1e-5);
    }

    /// <summary>
    /// A student goes on with the checkpoint that taught it at first, whatever its teacher has learned since, and whoever names the teacher once more says the same; without that
    /// checkpoint it does not go on, and says so.
    /// </summary>
    [Fact]
    public async Task A_teacher_that_learns_on_teaches_what_it_knew()
    {
        var teacher = await Teacher();
        (string, string)[] settings = [("teacher", teacher), ("on-text", "true"), ("steps", "6"), ("keep", "9"), ("save-every", "3")];
        var whole = await Run("whole", StageKind.Distill, settings);
        var parts = await Run("parts", StageKind.Distill, [.. settings.Where(static s => s.Item1 != "steps"), ("steps", "3"), ("warmup", "0"), ("schedule", "constant")]);
        var plain = await Run("plain", StageKind.Distill, [.. settings, ("warmup", "0"), ("schedule", "constant")]);
        var pinned = TinyRun.Get(RunFolder.Open(parts)).Config.Stage.Distill.Teacher!;
        Assert.Equal(TinyRun.Get(TinyRun.Get(RunFolder.Open(teacher)).Checkpoint()).Folder, pinned);
        await Functional.Training.ResumeAsync(teacher, changes: [("steps", "90"), ("keep", "9")]);
        await Functional.Training.ResumeAsync(parts, changes: [("steps", "6"), ("teacher", teacher)]);
        Assert.Equal(Weights(plain), Weights(parts));
        Assert.NotEqual(Weights(whole), Weights(parts));
        Directory.Move(pinned, scratch["elsewhere"]);
        var gone = await Assert.ThrowsAsync<FunctionalException>(() => Functional.Training.ResumeAsync(parts, changes: [("steps", "7")]));
        Assert.Contains($"teacher: {pinned}", gone.Message, StringComparison.Ordinal);
    }

    /// <summary>What teaches has its own weights, also beside those that a student of the same architecture begins with.</summary>
    [Fact]
    public async Task A_teacher_has_its_own_weights()
    {
        var (teacher, start) = (await Teacher(), await Run("start", StageKind.Pretrain, ("layers", "2"), ("width", "16"), ("steps", "2"), ("seed", "9")));
        var student = await Run("student", StageKind.Distill, ("teacher", teacher), ("from", start), ("layers", "2"), ("width", "16"), ("on-text", "true"), ("steps", "1"), ("lr", "1e-12"), ("min-lr", "0"));
        Assert.InRange(Losses(student).First(), 0.01, double.MaxValue);
    }

    /// <summary>Where a teacher is stays known, wherever its student is gone on from.</summary>
    [Fact]
    public async Task A_teacher_is_named_by_its_whole_path()
    {
        var teacher = await Teacher();
        var student = await Run("student", StageKind.Distill, ("teacher", Path.GetRelativePath(Directory.GetCurrentDirectory(), teacher)), ("on-text", "true"), ("steps", "1"));
        Assert.StartsWith(Path.GetFullPath(teacher), TinyRun.Get(RunFolder.Open(student)).Config.Stage.Distill.Teacher!, StringComparison.Ordinal);
    }

    /// <summary>A teacher of as many tokens that are others is refused.</summary>
    [Fact]
    public async Task As_many_other_tokens_teach_nothing()
    {
        (string, string)[] like = [("layers", "2"), ("width", "16"), ("steps", "2")];
        foreach (var (name, text) in new[] { ("letters", "abcab cabba. "), ("others", "xyzxy zxyyx. ") }) File.WriteAllText(scratch[$"{name}.txt"], string.Concat(Enumerable.Repeat(text, 200)));
        var (letters, others) = (await Run("letters", StageKind.Pretrain, [("data", scratch["letters.txt"]), .. like]), await Run("others", StageKind.Pretrain, [("data", scratch["others.txt"]), .. like]));
        Assert.Equal(TinyRun.Get(RunFolder.Open(letters)).Config.Model.Vocabulary, TinyRun.Get(RunFolder.Open(others)).Config.Model.Vocabulary);
        var refused = await Assert.ThrowsAsync<FunctionalException>(() =>
            Run("refused", StageKind.Distill, [("teacher", letters), ("from", others), ("data", scratch["others.txt"]), ("on-text", "true"), .. like]));
        Assert.Contains("which reads other tokens than this run's", refused.Message, StringComparison.Ordinal);
        Assert.False(RunFolder.Holds(scratch["refused"]));
    }

    /// <summary>A recipe's tokenizer knows what is in texts that its students read.</summary>
    [Fact]
    public void A_tokenizer_is_made_for_what_students_read()
    {
        File.WriteAllText(scratch["first.txt"], string.Concat(Enumerable.Repeat("abcab cabba. ", 40)));
        File.WriteAllText(scratch["second.txt"], string.Concat(Enumerable.Repeat("xyzzy. ", 40)));
        StageConfig Of(string file) => TinyRun.Config.Stage with { Source = new() { File = scratch[file] } };
        var recipe = Recipe.Of(TinyRun.Config with { Tokenizer = "char", Stage = Of("first.txt") })
            .Then("taught", Of("second.txt") with { Kind = StageKind.Distill, Distill = new() { Teacher = "runs/any", OnText = true } });
        Assert.Equal("", TinyRun.Faults(TinyRun.Get(RunData.Load(recipe)).Tokenizer.Encode("abcxyz")));
    }

    /// <summary>A share of a round's prompts is so many whole ones as are nearest, of two the more.</summary>
    [Theory, InlineData(0.0625, 8, 1), InlineData(0.5, 5, 3), InlineData(0.3, 4, 1), InlineData(0.4, 4, 2), InlineData(1, 7, 7)]
    public void A_share_is_of_whole_prompts(double share, int prompts, int own) =>
        Assert.Equal(own, new StageConfig { Kind = StageKind.Distill, Distill = new() { OwnShare = share }, Practice = new() { Prompts = prompts } }.OwnPrompts);

    /// <summary>What teaches is a run of the same tokens that writes, with room for all that its student reads.</summary>
    [Fact]
    public async Task What_cannot_teach_is_refused_by_name()
    {
        var teacher = await Teacher();
        var judge = await Run("judge", StageKind.Reward, ("from", teacher), ("layers", "2"), ("width", "16"), ("lessons", "copy"), ("template", "plain"), ("steps", "2"));
        var bytes = await Run("bytes", StageKind.Pretrain, ("tokenizer", "byte"), ("steps", "2"));
        async Task Refused(string what, params (string, string)[] settings)
        {
            var fault = await Assert.ThrowsAsync<FunctionalException>(() => Run("refused", StageKind.Distill, [("lessons", "copy"), ("template", "plain"), .. settings]));
            Assert.Contains(what, fault.Message, StringComparison.Ordinal);
            Assert.False(RunFolder.Holds(scratch["refused"]));
        }
        await Refused("is not given, and a student learns from one");
        await Refused($"{scratch["nowhere"]}: does not exist", ("teacher", scratch["nowhere"]));
        await Refused("whose model judges texts and writes none", ("teacher", judge));
        await Refused("which reads other tokens than this run's", ("teacher", bytes), ("from", teacher), ("layers", "2"), ("width", "16"));
        Assert.Equal(24, Functional.Configuration.From(RunConfig.For(StageKind.Distill), ("teacher", teacher)).Model.Context);
        await Refused("whose context is 24; allowed: a run whose context is 32 or more", ("teacher", teacher), ("context", "32"));
        await Refused("beside on-text", ("teacher", teacher), ("on-text", "true"), ("own-share", "0.5"));
        await Refused("which is none of 8 prompts; allowed: 0, or 0.0625 or more", ("teacher", teacher), ("own-share", "0.05"), ("answer-tokens", "4"));
    }

    /// <summary>Of a round the first rows are what the student wrote and the rest are rows as they are, each once a pass; what it writes is learned to its end.</summary>
    [Fact]
    public void A_round_holds_own_answers_and_given_ones()
    {
        var config = new RunConfig
        {
            Model = new() { Layers = 1, Heads = 2, Width = 8, Context = 40, Vocabulary = 256 }, Tokenizer = "byte",
            Stage = new()
            {
                Kind = StageKind.Distill, Batch = 2, Distill = new() { Teacher = "runs/any", OwnShare = 0.5 }, Practice = new() { Prompts = 4, Answers = 1, Tokens = 6 }, Rows = new() { Lessons = "copy" },
                Source = new() { CorpusSize = 600 },
            },
        };
        var data = (ConversationData)TinyRun.Get(RunData.Load(config, ByteTokenizer.Instance, Option<PublishedNote>.None));
        var stage = data.Stage(config);
        var practice = stage.Practice!;
        Assert.Equal((2, 4, false), (practice.Rules.Prompts, practice.Experience.Written.Rows, practice.IsJudged));
        Assert.Equal(data.Kept.Count, stage.Measured.Rows);
        var rows = practice.Experience.Written;
        practice.Rows([.. Enumerable.Range(0, 2).Select(i => (Vec<Rollout>)[new Rollout(i, [.. practice.Prompts[i], 65, 66], practice.Prompts[i].Count, [0, 0], true, 0)])], rows);
        practice.Beside!(RunState.Start(config.Key), rows);
        for (var row = 0; row < 2; row++)
        {
            int[] inputs = [.. rows.Ints("inputs", row)], labels = [.. rows.Ints("labels", row)];
            var start = practice.Prompts[row].Count;
            Assert.Equal([65, 66], new[] { labels[start - 1], labels[start] });
            Assert.Equal(2, labels.Count(static l => l >= 0));
            Assert.Equal([.. practice.Prompts[row], 65, 66], inputs[..(start + 2)]);
        }
        string Row(int row) => string.Join(' ', rows.Ints("inputs", row).ToArray());
        var seen = new List<string>();
        for (var round = 0; seen.Count < data.Train.Count; round++)
        {
            practice.Beside(RunState.Start(config.Key) with { Place = new(round, 0) }, rows);
            seen.AddRange([Row(2), Row(3)]);
        }
        Assert.Equal(data.Train.Count, seen.Take(data.Train.Count).Distinct().Count());
        // Of conversations those are asked that leave an answer room.
        Assert.All(practice.Prompts, p => Assert.InRange(p.Count, 1, 34));
    }
}
