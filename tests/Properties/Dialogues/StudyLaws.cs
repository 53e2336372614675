using FsCheck;
using Functional.Tests.Properties.Training;
using Xunit;

namespace Functional.Tests.Properties.Dialogues;

/// <summary>Who judges what in which order, and what follows from what was said.</summary>
public sealed class StudyLaws
{
    /// <summary>Everybody is asked all questions once and shown all answers once, in an order that depends on seed, name and question alone.</summary>
    [Property]
    public void Orders_are_permutations_of_their_own(PositiveInt seed, NonEmptyString name, byte many)
    {
        var study = Studies.Of(seed.Get, 1 + many % 30, 2 + many % 3);
        Assert.Equal(Enumerable.Range(0, study.Questions.Count), study.Order(name.Get).Order());
        for (var q = 0; q < study.Questions.Count; q++) Assert.Equal(Enumerable.Range(0, study.Answers), study.Shown(name.Get, q).Order());
        Assert.Equal(study.Order(name.Get), (study with { Models = ["other"], Tokens = 1 }).Order(name.Get));
    }

    /// <summary>Each answer stands first as often as the others, whoever looks; another seed and another name give another order.</summary>
    [Fact]
    public void Orders_differ_and_are_even()
    {
        var study = Studies.Of(1, 40, 4);
        Assert.Equal(60, new[] { "ann", "Ann", "bob", "eve" }.SelectMany(static n => Enumerable.Range(0, 15).Select(i => n + i)).Select(n => string.Join(' ', study.Order(n))).Distinct().Count());
        Assert.NotEqual(study.Order("ann"), (study with { Seed = 2 }).Order("ann"));
        Assert.NotEqual(study.Questions.Map((_, q) => study.Shown("ann", q)), study.Questions.Map((_, q) => (study with { Seed = 2 }).Shown("ann", q)));
        foreach (var answers in new[] { 2, 3, 4 })
        {
            var counts = new int[answers];
            var own = Studies.Of(3, 10, answers);
            for (var who = 0; who < 200; who++)
                for (var q = 0; q < 10; q++) counts[own.Shown($"w{who}", q)[0]]++;
            Assert.All(counts, c => Assert.InRange(c, 2000.0 / answers * 0.85, 2000.0 / answers * 1.15));
        }
    }

    [Property]
    public void A_study_is_read_back(PositiveInt seed, byte many)
    {
        var study = Studies.Of(seed.Get, 1 + many % 7, 2 + many % 3, 1 + many % 3);
        Assert.Equal(study.Written, TinyRun.Get(Study.Read(TinyRun.Get(Json.Parse(study.Written.Write(), "f")), "f")).Written);
    }

    /// <summary>What is no study is a fault that names the file.</summary>
    [Theory, InlineData("{}"), InlineData("[]"), InlineData("{\"study\": 2}"), InlineData("3"),
        InlineData("""{"study":1,"models":[],"seed":1,"answers":2,"temperature":0.5,"tokens":3,"passed-over":0,"questions":[{"prompt":"a","answers":[{"text":"a","model":"m"}]}]}"""),
        InlineData("""{"study":1,"models":[],"seed":1,"answers":9,"temperature":0.5,"tokens":3,"passed-over":0,"questions":[]}""")]
    public void What_is_no_study_is_told(string text) => Assert.StartsWith("f.json", TinyRun.Faults(Study.Read(TinyRun.Get(Json.Parse(text, "f.json")), "f.json")), StringComparison.Ordinal);

    /// <summary>Of what was said as answers were shown, rows are of the answers as they are: whoever is better is chosen, by all pairs.</summary>
    [Property]
    public void Rows_choose_what_was_said_to_be_better(PositiveInt seed)
    {
        var random = new Random(seed.Get);
        var study = Studies.Of(seed.Get, 5, random.Next(2, 5));
        var judged = Studies.Judged(study, random, "ann", random.Next(5));
        var (question, shown) = (study.Questions[judged.Question], study.Shown("ann", judged.Question));
        var rows = TinyRun.Get(judged.Rows(study));
        string Text(int place) => question.Answers[shown[place]].Text;
        Assert.All(rows, r => Assert.Equal((judged.Id, judged.Question, rows.Count, "ann"), (Judgement.IdOf(r), Judgement.QuestionOf(r), Judgement.RowsOf(r), r.Annotator)));
        var read = rows.Map(static r => (((Json.Map)r.Row).Members["chosen"], ((Json.Map)r.Row).Members["rejected"], Annotation.Score(r.Verdict)))
            .Map(static r => (Chosen: ((Json.Text)r.Item1).Value, Rejected: ((Json.Text)r.Item2).Value, r.Item3));
        switch (judged.Said)
        {
            case Said.Compared { Verdict: var verdict }:
                var score = Annotation.Score(verdict)!.Value;
                Assert.Equal([(Text(score < 0 ? 1 : 0), Text(score < 0 ? 0 : 1), score)], read);
                break;
            case Said.Graded { Grades: var grades }:
                Assert.Equal(grades.Count * (grades.Count - 1) / 2, rows.Count);
                var places = Enumerable.Range(0, grades.Count).ToDictionary(Text);
                Assert.All(read, r => Assert.Equal(Math.Min(2, grades[places[r.Chosen]] - grades[places[r.Rejected]]), Math.Abs(r.Item3!.Value)));
                break;
            case Said.Edited edit:
                Assert.Equal([(edit.Text, Text(edit.Answer), 1)], read);
                Assert.Equal(("", question.Answers[shown[edit.Answer]].Model), Judgement.ModelsOf(rows[0]));
                Assert.True(Judgement.IsEdited(rows[0]));
                break;
            default:
                Assert.Null(Assert.Single(read).Item3);
                break;
        }
        if (judged.Said is Said.Flagged flag) Assert.Equal(flag.Note, Judgement.NoteOf(rows[0]));
        if (judged.Said is Said.Compared or Said.Graded)
            Assert.All(rows, r => Assert.Equal((question.Answers.First(a => a.Text == r.First).Model, question.Answers.First(a => a.Text == r.Second).Model), Judgement.ModelsOf(r)));
    }

    /// <summary>What does not fit the question is a fault with the name of what is wrong, and gives no row.</summary>
    [Fact]
    public void What_cannot_be_said_is_told()
    {
        var (two, three) = (Studies.Of(1, 2, 2), Studies.Of(1, 2, 3));
        string Told(Study study, Said said, int question = 0, string id = "i", string who = "ann") => TinyRun.Faults(new Judgement(id, who, question, said).Rows(study)).Split(':')[0];
        Assert.Equal("verdict", Told(three, new Said.Compared(Verdict.Better)));
        Assert.Equal("verdict", Told(two, new Said.Compared(Verdict.Skip)));
        Assert.Equal("grades", Told(two, new Said.Graded([1, 2])));
        Assert.Equal("grades", Told(three, new Said.Graded([1, 2])));
        Assert.Equal("grades", Told(three, new Said.Graded([1, 2, 6])));
        Assert.Equal("grades", Told(three, new Said.Graded([0, 2, 5])));
        Assert.Equal("question", Told(two, new Said.Skipped(), 2));
        Assert.Equal("question", Told(two, new Said.Skipped(), -1));
        Assert.Equal("id", Told(two, new Said.Skipped(), 0, ""));
        Assert.Equal("annotator", Told(two, new Said.Skipped(), 0, "i", "a\nb"));
        Assert.Equal("annotator", Told(two, new Said.Skipped(), 0, "i", new string('a', 65)));
        Assert.Equal("annotator", Told(two, new Said.Skipped(), 0, "i", " "));
        Assert.Equal("answer", Told(two, new Said.Edited(2, "x")));
        Assert.Equal("text", Told(two, new Said.Edited(0, " ")));
        Assert.Equal("text", Told(two, new Said.Edited(1, $" {two.Questions[0].Answers[two.Shown("ann", 0)[1]].Text} ")));
        Assert.Equal("", Told(two, new Said.Edited(1, two.Questions[0].Answers[two.Shown("ann", 0)[0]].Text)));
    }

    /// <summary>Counts are of judgements, not of rows; models win by whose answers were chosen; and no question is of both parts of what is learned.</summary>
    [Property]
    public void Results_count_each_judgement_once(PositiveInt seed)
    {
        var random = new Random(seed.Get);
        var study = Studies.Of(seed.Get, random.Next(1, 25), random.Next(2, 5), 3);
        List<Judgement> all = [.. new[] { "ann", "bob", "eve" }.SelectMany(who => Enumerable.Range(0, study.Questions.Count).Where(_ => random.Next(4) > 0).Select(q => Studies.Judged(study, random, who, q)))];
        List<Annotation> rows = [.. all.SelectMany(j => TinyRun.Get(j.Rows(study)))];
        var results = StudyResults.Of(study, rows);
        Assert.Equal(all.Select(static j => j.Annotator).Distinct().Order(), results.People.Select(static p => p.Name));
        Assert.All(results.People, p => Assert.Equal((all.Count(j => j.Annotator == p.Name), all.Count(j => j.Annotator == p.Name && j.Said is Said.Edited),
            all.Count(j => j.Annotator == p.Name && j.Said is Said.Skipped), all.Count(j => j.Annotator == p.Name && j.Said is Said.Flagged)), (p.All, p.Edited, p.Skipped, p.Flagged)));
        // Each comparison of two models is won by one and lost by the other.
        Assert.Equal(results.Models.Sum(static m => m.Wins), results.Models.Sum(static m => m.Losses));
        Assert.Equal(results.Between.Sum(static b => b.Agreement.Shared) > 0, results.Agreement.Shared > 0);
        var learned = StudyResults.Learned(rows);
        Assert.Equal((rows.Count(static r => Annotation.Score(r.Verdict) is not (null or 0)), learned.Count), (learned.Count, results.Pairs));
        var kept = StudyResults.Kept(learned);
        Assert.Equal(learned.Select(static r => Judgement.QuestionOf(r)).Distinct().Count() > 1, kept > 0);
        Assert.Empty(learned.TakeLast(kept).Select(static r => Judgement.QuestionOf(r)).Intersect(learned.SkipLast(kept).Select(static r => Judgement.QuestionOf(r))));
        if (kept > 0) Assert.True(kept >= Math.Max(1, learned.Count / 8));
    }

    [Fact]
    public void Agreement_of_two_is_of_these_two()
    {
        var study = Studies.Of(1, 3, 2);
        Annotation Say(string who, int q, int answer) => TinyRun.Get(new Judgement($"{who}{q}", who, q, new Said.Compared(study.Shown(who, q)[0] == answer ? Verdict.Better : Verdict.Worse)).Rows(study))[0];
        // The two answers are always shown turned to somebody: agreement is of answers, not of places.
        Annotation[] all = [.. Enumerable.Range(0, 3).SelectMany(q => new[] { Say("ann", q, 0), Say("bob", q, 0), Say("eve", q, 1) })];
        var results = StudyResults.Of(study, all);
        Assert.Equal([("ann", "bob", 3, 1.0), ("ann", "eve", 3, 0.0), ("bob", "eve", 3, 0.0)], results.Between.Select(static b => (b.One, b.Other, b.Agreement.Shared, b.Agreement.Same)));
        // Answer 0 to question q is of model q mod 2: ann and bob prefer the first model in questions 0 and 2, eve in question 1.
        Assert.Equal([(5, 0, 4), (4, 0, 5)], results.Models.Select(static m => (m.Wins, m.Ties, m.Losses)));
    }
}
