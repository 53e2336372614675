using FsCheck;
using Functional.Dialogues;
using Xunit;

namespace Functional.Tests.Properties.Dialogues;

/// <summary>What annotators say reaches the rows that are learned from, and is read back.</summary>
public sealed class AnnotationLaws
{
    static readonly Verdict[] verdicts = Enum.GetValues<Verdict>();

    static Annotation Of(int prompt, bool turned, int verdict, string who = "ann") => new([new(Role.User, $"prompt {prompt}")],
        turned ? "b" : "a", turned ? "a" : "b", verdicts[verdict], who);

    /// <summary>Written and read, a judgement is what it was, and the row is a comparison of the answer that was preferred and the other.</summary>
    [Property]
    public void A_judgement_is_read_back_and_learned_from(bool turned, byte which, bool several)
    {
        var given = Of(3, turned, which % verdicts.Length) is var one && several
            ? one with { Prompt = [new(Role.System, "Be brief."), new(Role.User, "Why?")] } : one;
        var row = new Row(((Json.Map)given.Row).Members, "file.jsonl", "line 1");
        Assert.Equal(given, Annotation.Read(row).IfFail(static f => throw new InvalidOperationException(f.Lines())));
        var read = RowReader.Read<Ranking>([LanguageExt.Prelude.Success<Fault, Row>(row)], RankingShapes.All(), Columns.AsTheyAre, "file");
        if (Annotation.Score(given.Verdict) is not { } score || score == 0)
        {
            Assert.True(read.IsFail);
            return;
        }
        var ranking = read.IfFail(static f => throw new InvalidOperationException(f.Lines())).Rows[0].Value;
        Assert.Equal((given.Prompt, score > 0 ? given.First : given.Second, score > 0 ? given.Second : given.First, Math.Abs(score)),
            (ranking.Prompt, ranking.Answers[0], ranking.Answers[1], (int)ranking.Margin));
    }

    /// <summary>It does not matter which answer was shown first, nor who came first.</summary>
    [Property]
    public void Agreement_knows_no_order(PositiveInt seed)
    {
        var random = new Random(seed.Get);
        List<Annotation> all = [.. Enumerable.Range(0, 12).SelectMany(p => Enumerable.Range(0, random.Next(1, 4)).Select(who => Of(p, false, random.Next(7), $"{who}")))];
        var turned = all.Select(a => random.Next(2) == 0 ? a
            : a with { First = a.Second, Second = a.First, Verdict = Annotation.Score(a.Verdict) is { } s ? verdicts[2 + s] : a.Verdict }).OrderBy(_ => random.Next()).ToList();
        var (x, y) = (Agreement.Of(all), Agreement.Of(turned));
        Assert.Equal((x.Shared, Math.Round(x.Same, 9), Math.Round(x.Alpha, 9)), (y.Shared, Math.Round(y.Same, 9), Math.Round(y.Alpha, 9)));
    }

    [Fact]
    public void Agreement_is_one_for_the_same_words_and_low_for_opposite_ones()
    {
        Assert.Equal(new(3, 1, 1), Agreement.Of([Of(1, false, 0, "a"), Of(1, false, 0, "b"), Of(2, false, 3, "a"), Of(2, true, 1, "b"), Of(3, false, 2, "a"), Of(3, true, 2, "b")]));
        Assert.True(Agreement.Of([Of(1, false, 0, "a"), Of(1, false, 4, "b"), Of(2, false, 4, "a"), Of(2, false, 0, "b")]).Alpha < -0.3);
        // One person's last word counts, and what nobody else has judged does not.
        var last = Agreement.Of([Of(1, false, 4, "a"), Of(1, false, 1, "a"), Of(1, false, 0, "b"), Of(2, false, 0, "a"), Of(3, false, 5, "b")]);
        Assert.Equal((1, 1.0), (last.Shared, last.Same));
        Assert.Equal(0, Agreement.Of([]).Shared);
        // Krippendorff (2011), the interval metric: four units of two judgements, worked out by hand.
        var four = Agreement.Of([Of(1, false, 0, "a"), Of(1, false, 1, "b"), Of(2, false, 2, "a"), Of(2, false, 2, "b"), Of(3, false, 4, "a"), Of(3, false, 3, "b"),
            Of(4, false, 1, "a"), Of(4, false, 1, "b")]);
        Assert.Equal(1 - (2.0 + 2) / 8 / ((2 * 8 * 12.0 - 2 * 4) / 56), four.Alpha, 12);
    }

    /// <summary>A file is gone on with where it stands, a line that was cut off as it was written is written anew, and what is somebody else's is not touched.</summary>
    [Fact]
    public void A_file_of_judgements_is_gone_on_with()
    {
        using var scratch = new Training.Scratch();
        AnnotationFile Open() => Training.TinyRun.Get(AnnotationFile.Open(scratch["a.jsonl"]));
        var file = Open();
        Training.TinyRun.Get(file.Add(Of(1, false, 3)));
        Training.TinyRun.Get(file.Add(Of(2, true, 0, "bob") with { First = "two\nlines" }));
        Assert.Equal(2, File.ReadAllLines(scratch["a.jsonl"]).Length);
        File.AppendAllText(scratch["a.jsonl"], "{\"prompt\": \"cut");
        var again = Open();
        Assert.Equal(file.All, again.All);
        Assert.Equal((true, false, false, true), (again.Has(Of(1, false, 0).Prompt, "ann"), again.Has(Of(1, false, 0).Prompt, "bob"), again.Has(Of(3, false, 0).Prompt, "ann"),
            again.Has(Of(2, false, 0).Prompt, "bob")));
        Training.TinyRun.Get(again.Add(Of(3, false, 4)));
        Assert.Equal(3, Open().All.Count);
        // What it wrote is what stages learn from.
        Assert.Equal(3, Training.TinyRun.Get(RowReader.Read(RowFiles.Read(scratch["a.jsonl"]), RankingShapes.All(), Columns.AsTheyAre, "a")).Rows.Count);
        File.WriteAllText(scratch["b.jsonl"], "{\"other\": 1}\n");
        Assert.True(AnnotationFile.Open(scratch["b.jsonl"]).IsFail);
        Assert.Equal("{\"other\": 1}\n", File.ReadAllText(scratch["b.jsonl"]));
    }
}
