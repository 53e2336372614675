using Functional.Generation;
using Functional.Tests.Properties.Training;
using Xunit;

namespace Functional.Tests.Properties.Facade;

/// <summary>A tour: all its stages, stopped and gone on with anywhere; and answers that a judge compares.</summary>
public sealed class TourTests : IDisposable
{
    // Few enough questions that some are learned at once, and answers differ.
    const string Recipe = """
        model: {layers: 1, heads: 1, width: 16, context: 96, bias: false}
        text: {tokenizer: byte}
        run: {engine: managed}
        stages:
          pretrain: {batch: 2, steps: 2, eval-batches: 1, source: {corpus-size: 3000}}
          sft:
            {kind: sft, batch: 4, steps: 6, eval-batches: 1, source: {corpus-size: 9000}, rows: {lessons: count+compare, template: user-assistant}, learning: {lr: 0.01, min-lr: 0.01}}
          reward: {kind: reward, batch: 2, steps: 2, source: {data: preferences.jsonl}, rows: {template: user-assistant}}
          ppo:
            {kind: ppo, after: sft, batch: 2, steps: 4, source: {corpus-size: 9000}, rows: {lessons: count+compare, template: user-assistant},
             practice: {judged-by: reward, round-prompts: 4, round-answers: 1, answer-tokens: 6, round-epochs: 2}}
          dpo: {kind: dpo, after: sft, batch: 2, steps: 2, source: {data: preferences.jsonl}, rows: {template: user-assistant}}
        """;

    readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    // Worth is what no tiny model has: any letter. The tour's own judge is the truth, of which such a model knows little; an empty answer is no comparison.
    TourOptions Options
    {
        get
        {
            File.WriteAllText(scratch["recipe.yaml"], Recipe);
            return new() { Recipe = scratch["recipe.yaml"], Questions = 5, Compared = 3, Answers = 2 };
        }
    }

    static void Comparisons(string folder) => File.WriteAllLines(Path.Combine(folder, "preferences.jsonl"), Enumerable.Range(0, 12).Select(static i =>
        $$"""{"prompt":"How many letters are in w{{i}}?","chosen":"{{i}}","rejected":"no","margin":1.0,"verdict":"better","first":"chosen","annotator":"exact"}"""));

    async Task<TourResult> Whole(string name)
    {
        Directory.CreateDirectory(scratch[name]);
        Comparisons(scratch[name]);
        return await Tour.RunAsync(scratch[name], Options);
    }

    /// <summary>Each stage is there and worth something, its answers are of the same questions, and the page tells of all.</summary>
    [Fact]
    public async Task A_tour_trains_all_stages_and_asks_all_of_them_the_same()
    {
        var notes = new List<TourNote>();
        Directory.CreateDirectory(scratch["tour"]);
        Comparisons(scratch["tour"]);
        var result = await Tour.RunAsync(scratch["tour"], Options, null, new Noted(notes));
        Assert.True(result.IsDone);
        Assert.Equal(["pretrain", "sft", "reward", "ppo", "dpo"], result.Scores.Select(static s => s.Stage));
        Assert.Equal([null, "pretrain", "sft", "sft", "sft"], result.Scores.Select(static s => s.Beside));
        var writers = result.Scores.Where(static s => s.Right is null).ToArray();
        Assert.Equal(4, writers.Length);
        Assert.All(writers, w => Assert.Equal(writers[0].Answers.Select(static a => a.Question), w.Answers.Select(static a => a.Question)));
        Assert.All(writers, static w => Assert.Equal(5, w.Answers.Count));
        Assert.All(writers, static w => Assert.NotNull(w.Judged));
        Assert.All(writers.Skip(1), static w => Assert.True(double.IsFinite(w.Kl!.Value)));
        Assert.Equal((1L, true), (result["reward"]!.Pairs, result["reward"]!.Right is 0 or 1));
        var page = await File.ReadAllTextAsync(result.Page);
        Assert.All(result.Scores, s => Assert.Contains($"<td>{s.Stage}</td>", page, StringComparison.Ordinal));
        Assert.Equal(3, page.Split("<svg").Length - 1);
        // What one picture names, no other does.
        string[] names = [.. System.Text.RegularExpressions.Regex.Matches(page, " id=\"([^\"]+)\"").Select(static m => m.Groups[1].Value)];
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.All(System.Text.RegularExpressions.Regex.Matches(page, @"url\(#([^)]+)\)").Select(static m => m.Groups[1].Value), name => Assert.Contains(name, names));
        Assert.Equal(20, notes.Count);
    }

    /// <summary>What is done is not done again, and stands to the letter; a score that is lost is made again, the same.</summary>
    [Fact]
    public async Task What_is_done_stays()
    {
        var first = await Whole("tour");
        var before = TinyRun.Remains(scratch["tour"]);
        var lost = scratch["tour/stages/ppo/tour.json"];
        await File.WriteAllTextAsync(lost, "{\"stage\": 3}");
        File.Delete(first.Page);
        var notes = new List<TourNote>();
        var again = await Tour.RunAsync(scratch["tour"], Options, new Nothing(), new Noted(notes));
        Assert.Equal(first.Scores, again.Scores);
        Assert.All(notes, static n => Assert.Equal("answers of ppo", n.What));
        Assert.Equal(before.Select(static f => f.Key), TinyRun.Remains(scratch["tour"]).Select(static f => f.Key));
        Assert.All(before, f => Assert.Equal(f.Value, TinyRun.Remains(scratch["tour"])[f.Key]));
        // Of another number of questions nothing is known.
        var fewer = await Tour.RunAsync(scratch["tour"], Options with { Questions = 4 });
        Assert.All(fewer.Scores.Where(static s => s.Right is null), static s => Assert.Equal(4, s.Answers.Count));
    }

    /// <summary>Stopped after any event, and gone on with by the same call until nothing is left, it is what it would have been.</summary>
    [Theory, InlineData(6), InlineData(9), InlineData(17), InlineData(24), InlineData(29)]
    public async Task Stopped_anywhere_it_goes_on(int after)
    {
        var whole = await Whole("whole");
        Directory.CreateDirectory(scratch["parts"]);
        Comparisons(scratch["parts"]);
        TourResult? parts = null;
        for (var tries = 0; parts is not { IsDone: true }; tries++)
        {
            Assert.True(tries < 80, "it does not end");
            using var stop = new CancellationTokenSource();
            var stopping = new Stopping(after, stop);
            try
            {
                parts = await Tour.RunAsync(scratch["parts"], Options, stopping, stopping, stop.Token);
            }
            catch (OperationCanceledException)
            {
                // While nothing was learned.
            }
        }
        Assert.Equal(whole.Scores.Select(static s => s with { Seconds = 0 }), parts.Scores.Select(static s => s with { Seconds = 0 }));
    }

    /// <summary>What was compared before a tour was stopped is not asked again, and what comes after goes on from it.</summary>
    [Fact]
    public async Task Comparisons_go_on_where_they_stand()
    {
        Directory.CreateDirectory(scratch["tour"]);
        Comparisons(scratch["tour"]);
        File.Move(scratch["tour/preferences.jsonl"], scratch["tour/preferences.partial.jsonl"]);
        var before = await File.ReadAllTextAsync(scratch["tour/preferences.partial.jsonl"]);
        Assert.True((await Tour.RunAsync(scratch["tour"], Options)).IsDone);
        Assert.StartsWith(before, await File.ReadAllTextAsync(scratch["tour/preferences.jsonl"]), StringComparison.Ordinal);
        Assert.False(File.Exists(scratch["tour/preferences.partial.jsonl"]));
    }

    /// <summary>Of two at once in one folder the second is told so, whatever the first is about.</summary>
    [Fact]
    public async Task One_tour_at_a_time_is_in_a_folder()
    {
        Directory.CreateDirectory(scratch["tour"]);
        Comparisons(scratch["tour"]);
        var refused = new List<string>();
        await Tour.RunAsync(scratch["tour"], Options, null, new Second(() =>
            refused.Add(Assert.ThrowsAsync<FunctionalException>(() => Tour.RunAsync(scratch["tour"], Options)).GetAwaiter().GetResult().Message)));
        Assert.NotEmpty(refused);
        Assert.All(refused, static message => Assert.Contains("another run is training in this folder", message, StringComparison.Ordinal));
    }

    sealed class Second(Action begin) : IProgress<TourNote>
    {
        public void Report(TourNote value) => begin();
    }

    /// <summary>
    /// What is done is what it is: another seed is refused and nothing is written anew; a stage that was trained further, and those that are held against it, are asked again; and a
    /// score that is none is made anew.
    /// </summary>
    [Fact]
    public async Task A_tour_that_is_done_stays_what_it_is()
    {
        await Whole("tour");
        string Score(string stage) => Path.Combine(scratch["tour"], "stages", stage, "tour.json");
        var page = await File.ReadAllTextAsync(Path.Combine(scratch["tour"], "report.html"));
        var other = await Assert.ThrowsAsync<FunctionalException>(() => Tour.RunAsync(scratch["tour"], Options with { Settings = [("seed", "7")] }));
        Assert.Contains("seed: is 7, but the run was begun with 1", other.Message, StringComparison.Ordinal);
        Assert.Equal(page, await File.ReadAllTextAsync(Path.Combine(scratch["tour"], "report.html")));
        var before = new[] { "pretrain", "sft", "dpo", "ppo" }.ToDictionary(static s => s, s => File.ReadAllText(Score(s)));
        await File.WriteAllTextAsync(Score("sft"), before["sft"].Replace("\"stage\": \"sft\"", "\"stage\": \"zzz\"", StringComparison.Ordinal));
        await File.WriteAllTextAsync(Score("ppo"), "{\"stage\":\"ppo\",\"kind\":\"ppo\",\"answers\":[]}");
        await Functional.Training.ResumeAsync(scratch["tour"], changes: [("steps", "3")]);
        var longer = Options;
        await File.WriteAllTextAsync(longer.Recipe!, Recipe.Replace("dpo: {kind: dpo, after: sft, batch: 2, steps: 2", "dpo: {kind: dpo, after: sft, batch: 2, steps: 3", StringComparison.Ordinal));
        await Tour.RunAsync(scratch["tour"], longer);
        Assert.Contains("dpo after 2", before["dpo"], StringComparison.Ordinal);
        Assert.Contains("dpo after 3, sft after 6", await File.ReadAllTextAsync(Score("dpo")), StringComparison.Ordinal);
        Assert.Equal(before["pretrain"], await File.ReadAllTextAsync(Score("pretrain")));
        Assert.Contains("\"stage\": \"sft\"", await File.ReadAllTextAsync(Score("sft")), StringComparison.Ordinal);
        Assert.Contains("judged", await File.ReadAllTextAsync(Score("ppo")), StringComparison.Ordinal);
    }

    /// <summary>A recipe that asks nothing, or whose settings are none, is said before anything is written.</summary>
    [Fact]
    public async Task What_is_no_tour_is_said()
    {
        await File.WriteAllTextAsync(scratch["none.yaml"], "stages: {pretrain: {steps: 1}}");
        var none = await Assert.ThrowsAsync<FunctionalException>(() => Tour.RunAsync(scratch["tour"], new() { Recipe = scratch["none.yaml"] }));
        Assert.Contains("has no stage of kind sft", none.Message, StringComparison.Ordinal);
        var few = await Assert.ThrowsAsync<FunctionalException>(() => Tour.RunAsync(scratch["tour"], Options with { Questions = 0, Answers = 1 }));
        Assert.Contains("Questions: is 0; allowed: 1 or more", few.Message, StringComparison.Ordinal);
        Assert.Contains("Answers: is 1; allowed: 2 or more", few.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(scratch["tour"]));
    }

    /// <summary>The tour's own recipe is the file that people read.</summary>
    [Fact]
    public void The_recipe_is_the_one_that_lies_there()
    {
        var here = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(here, "Functional.sln"))) here = Path.GetDirectoryName(here)!;
        Assert.Equal(ConfigYaml.Write(Tour.RecipeOf(scratch["tour"], new() { Recipe = Path.Combine(here, "recipes/tour.yaml") })), ConfigYaml.Write(Tour.RecipeOf(scratch["tour"], new())));
        Assert.Equal(7, Tour.RecipeOf(scratch["tour"], new() { Settings = [("seed", "7")] }).Stages.Values[0].Seed);
        Assert.Equal(Path.Combine(scratch["tour"], "preferences.jsonl"), Tour.RecipeOf(scratch["tour"], new()).Stages["dpo"].Stage.Source.File);
    }

    /// <summary>Every stage answers as long as any policy may.</summary>
    [Fact]
    public void Answers_are_as_long_as_the_longest_policys()
    {
        var recipe = Tour.RecipeOf(scratch["tour"], Options);
        var policy = recipe.Stages["ppo"].Stage;
        foreach (var (tokens, most) in new[] { (3, 6), (9, 9) })
            Assert.Equal(most, TourScores.TokensOf(recipe.Then("more", policy with { Practice = policy.Practice with { Tokens = tokens } })));
        Assert.Equal(new PracticeConfig().Tokens, TourScores.TokensOf(Functional.Settings.Recipe.Of(recipe.Stages["sft"])));
    }

    /// <summary>Of the world's questions so many are asked as are wanted, also where others have no room.</summary>
    [Fact]
    public async Task What_has_no_room_takes_no_place()
    {
        await Whole("tour");
        var run = TinyRun.Get(RunFolder.Open(scratch["tour/stages/sft"]));
        int Asked(int tokens, int most) => Trial.Of(run, kept: true, "exact", tokens, most: most).Match(static t => t.Rows.Count, static _ => 0);
        var all = Asked(1, 0);
        var (tokens, some) = Enumerable.Range(1, run.Config.Model.Context - 1).Select(n => (n, Asked(n, 0))).First(p => p.Item2 <= all / 2);
        Assert.InRange(some, 2, all - 1);
        Assert.Equal(some, Asked(tokens, some));
        Assert.Equal(some - 1, Asked(tokens, some - 1));
    }

    /// <summary>Of the answers to a question the best stands beside the worst, whoever was stopped goes on, and the file is that of an unbroken call.</summary>
    [Fact]
    public async Task Answers_are_compared_and_written_down()
    {
        await Whole("tour");
        using var model = await LanguageModel.LoadAsync(scratch["tour"], stage: "sft");
        var options = new AnswerOptions { Temperature = 1, Tokens = 4, Questions = 40 };
        static double Vowels(Asked asked, string answer) => answer.Count(static c => "aeiou123".Contains(c, StringComparison.Ordinal));
        var whole = await model.CollectAsync(scratch["whole.jsonl"], "function", options, Vowels);
        Assert.Equal(whole.Written, File.ReadAllLines(scratch["whole.jsonl"]).Length);
        Assert.True(whole.Written > 4 && whole.Asked >= whole.Written + whole.Even, $"{whole}");
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => model.CollectAsync(scratch["parts.jsonl"], "function", options, Vowels, progress: new Stops(stop), cancellation: stop.Token));
        Assert.InRange(File.ReadAllLines(scratch["parts.jsonl"]).Length, 1, whole.Written - 1);
        await model.CollectAsync(scratch["parts.jsonl"], "function", options, Vowels);
        Assert.Equal(File.ReadAllLines(scratch["whole.jsonl"]), File.ReadAllLines(scratch["parts.jsonl"]));
        foreach (var line in File.ReadAllLines(scratch["whole.jsonl"]))
        {
            var row = TinyRun.Get(Json.Parse(line, "line"));
            string Text(string name) => ((Json.Text)row[name].Case!).Value;
            Assert.True(Vowels(null!, Text("chosen")) - Vowels(null!, Text("rejected")) is > 0 and var margin && margin >= ((Json.Real)row["margin"].Case!).Value - 1e-9, line);
        }
        await Assert.ThrowsAsync<FunctionalException>(() => model.CollectAsync(scratch["cold.jsonl"], "function", options with { Temperature = 0 }, Vowels));
    }

    /// <summary>What was drawn at temperature 1 is as likely as it was drawn, whoever is asked beside it; so a model is at no distance from itself.</summary>
    [Fact]
    public async Task Answers_are_as_likely_as_they_were_drawn()
    {
        await Whole("tour");
        using var model = await LanguageModel.LoadAsync(scratch["tour"], stage: "sft");
        var tried = await model.TryAsync(new() { Temperature = 1, Tokens = 5, Questions = 7 }, "function", static (_, answer) => answer.Length, answers: 3);
        Assert.All(tried, static t => Assert.Equal((3, 3), (t.Answers.Count, t.Rewards.Count)));
        Assert.All(tried, static t => Assert.All(t.Answers.Zip(t.Rewards), static a => Assert.Equal(a.Item1.Text.Length, a.Item2)));
        Assert.Contains(tried, static t => t.Answers.Select(static a => a.Text).Distinct().Count() > 1);
        var likely = await model.LogProbsAsync(tried);
        var drawn = tried.SelectMany(static t => t.Answers.Select(static a => a.LogProbs.Sum(static p => (double)p))).ToArray();
        Assert.Equal(drawn.Length, likely.Count);
        Assert.All(drawn.Zip(likely), static p => Assert.Equal(p.Item1, p.Item2, 1e-4));
        // Of others alone as beside all.
        var few = await model.TryAsync(new() { Temperature = 1, Tokens = 5, Questions = 7 }, "function", static (_, answer) => answer.Length);
        Assert.Equal(tried.Select(static t => t.Answers[0].Text), few.Select(static t => t.Answers[0].Text));
    }

    static Answer Said(string text) => new([1], [0f], text, AnswerEnd.Said);

    /// <summary>Only answers that differ in words and worth are compared, and one whose worth is not known is none.</summary>
    [Theory]
    [InlineData("a b c", "1 3 2", "b a 2")]
    [InlineData("a b", "1 1", "")]
    [InlineData("a a", "1 0", "")]
    [InlineData("a b", "NaN 1", "")]
    [InlineData("a b c", "NaN 0 1", "c b 1")]
    [InlineData("a", "1", "")]
    public void The_best_stands_beside_the_worst(string answers, string rewards, string expected)
    {
        var tried = new JudgedAnswers(new([new(Role.User, "q")], null), [1], [.. answers.Split(' ').Select(Said)],
            [.. rewards.Split(' ').Select(static r => double.Parse(r, System.Globalization.CultureInfo.InvariantCulture))]);
        Assert.Equal(expected, tried.Comparison("me").Case is Annotation a ? $"{a.First} {a.Second} {a.Margin}" : "");
    }

    sealed class Noted(List<TourNote> notes) : IProgress<TourNote>
    {
        public void Report(TourNote value) => notes.Add(value);
    }

    sealed class Nothing : IProgress<TrainingEvent>
    {
        public void Report(TrainingEvent value) => Assert.Fail($"nothing is left to train: {value}");
    }

    sealed class Stops(CancellationTokenSource stop) : IProgress<int>
    {
        public void Report(int value) => stop.Cancel();
    }

    sealed class Stopping(int after, CancellationTokenSource stop) : IProgress<TrainingEvent>, IProgress<TourNote>
    {
        int seen;

        public void Report(TrainingEvent value) => See();

        public void Report(TourNote value) => See();

        void See()
        {
            if (++seen == after) stop.Cancel();
        }
    }
}
