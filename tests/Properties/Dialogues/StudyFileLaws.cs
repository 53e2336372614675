using FsCheck;
using Functional.Tests.Properties.Training;
using Xunit;

namespace Functional.Tests.Properties.Dialogues;

/// <summary>Judgements on the disk: what was told to be there is there, whenever the process ends.</summary>
public sealed class StudyFileLaws : IDisposable
{
    readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    StudyFolder Begin(Study study) => TinyRun.Get(StudyFolder.Begin(scratch["s"], study));

    StudyFolder Open() => TinyRun.Get(StudyFolder.Open(scratch["s"]));

    string File => scratch[Path.Combine("s", StudyFolder.JudgementsName)];

    static StudyFolder Judge(StudyFolder folder, int seed, int people = 2)
    {
        var random = new Random(seed);
        for (var who = 0; who < people; who++)
            while (folder.Next($"p{who}") is { } q) TinyRun.Get(folder.Add(Studies.Judged(folder.Study, random, $"p{who}", q)));
        return folder;
    }

    /// <summary>Everybody comes to the end of an own order, and what was judged is learned from as it is: what was skipped, flagged or about the same is left out.</summary>
    [Theory, InlineData(2), InlineData(3), InlineData(4)]
    public void All_are_asked_all_and_the_file_is_learned_from(int answers)
    {
        var folder = Begin(Studies.Of(5, 9, answers));
        var order = new List<int>();
        while (folder.Next("ann") is { } q)
        {
            order.Add(q);
            TinyRun.Get(folder.Add(Studies.Judged(folder.Study, new Random(q), "ann", q)));
            Assert.Equal(Open().Rows, folder.Rows);
        }
        Assert.Equal(folder.Study.Order("ann"), order);
        Judge(folder, 8);
        var learned = StudyResults.Learned(folder.Rows);
        Assert.Equal(learned.Select(static a => Functional.StudyMeasuring.Ranked(a)).OrderBy(static r => $"{r.Prompt}{r.Answers}"),
            Studies.Learned(folder.Judgements).Select(static r => r.Value with { Margin = 0 }).OrderBy(static r => $"{r.Prompt}{r.Answers}"));
        Assert.Contains(folder.Rows, static r => r.Verdict == Verdict.Skip);
        Assert.Contains(folder.Rows, static r => r.Verdict == Verdict.Flag);
    }

    /// <summary>Killed at any byte of a write, a file has every judgement that was told to be there, none in part, and is gone on with.</summary>
    [Theory, InlineData(2), InlineData(4)]
    public void A_kill_at_any_byte_loses_nothing_that_was_acknowledged(int answers)
    {
        var folder = Begin(Studies.Of(2, 3, answers));
        var (random, ends) = (new Random(answers), new List<long> { 0 });
        while (folder.Next("ann") is { } q)
        {
            // The last has many rows.
            Said said = ends.Count == 3 && answers > 2 ? new Said.Graded([4, 1, 2, 5]) : Studies.Judged(folder.Study, random, "ann", q).Said;
            TinyRun.Get(folder.Add(new Judgement($"j{q}", "ann", q, said)));
            ends.Add(new FileInfo(File).Length);
        }
        var (whole, all) = (System.IO.File.ReadAllBytes(File), folder.Rows);
        for (var cut = 0; cut <= whole.Length; cut++)
        {
            System.IO.File.WriteAllBytes(File, whole[..cut]);
            var again = Open();
            var (least, most) = (ends.FindLastIndex(e => e <= cut), ends.FindLastIndex(e => e <= cut + 1));
            Assert.Equal(all.Take(again.Rows.Count), again.Rows);
            Assert.InRange(again.Judged("ann").Count, least, most);
            Assert.Equal(again.Judged("ann").Count, again.Rows.Select(Judgement.IdOf).Distinct().Count());
            // A judgement that is there has all its rows.
            Assert.All(again.Rows.GroupBy(Judgement.IdOf), static g => Assert.Equal(Judgement.RowsOf(g.First()), g.Count()));
            // Each write waits for the disk: some will do.
            if (cut % 11 > 0 || again.Next("ann") is not { } next) continue;
            TinyRun.Get(again.Add(new Judgement("more", "ann", next, new Said.Skipped())));
            Assert.Equal(again.Rows, Open().Rows);
        }
    }

    /// <summary>What is taken back is gone, whole, and all else is as it was to the byte; its question is the next; twice is as once.</summary>
    [Property(MaxTest = 20)]
    public void Taking_back_takes_one_judgement(PositiveInt seed)
    {
        var folder = Judge(TinyRun.Get(StudyFolder.Begin(scratch[$"t{seed.Get}-{Guid.NewGuid():n}"], Studies.Of(seed.Get, 4, 2 + seed.Get % 3))), seed.Get);
        var (lines, last) = (System.IO.File.ReadAllLines(folder.Judgements), folder.Last("p0")!);
        var question = Judgement.QuestionOf(folder.Rows.First(r => Judgement.IdOf(r) == last));
        Assert.True(folder.TakeBack(last, "p1").IsFail);
        for (var twice = 0; twice < 2; twice++)
        {
            TinyRun.Get(folder.TakeBack(last, "p0"));
            Assert.Equal(lines.Where((_, i) => !lines[i].Contains($"\"{last}\"", StringComparison.Ordinal)), System.IO.File.ReadAllLines(folder.Judgements));
            Assert.Equal((question, false), (folder.Next("p0"), folder.Has(last)));
        }
        Assert.Equal(folder.Rows, TinyRun.Get(StudyFolder.Open(folder.Location)).Rows);
        TinyRun.Get(folder.Add(new Judgement("again", "p0", question!.Value, new Said.Skipped())));
        Assert.Null(folder.Next("p0"));
    }

    /// <summary>A disk that fails or a process that ends while something is taken back leaves the file as it was.</summary>
    [Property(MaxTest = 20)]
    public void Taking_back_is_whole_or_not_at_all(byte at, bool kill)
    {
        var folder = scratch[$"d{at}-{kill}-{Guid.NewGuid():n}"];
        var file = Judge(TinyRun.Get(StudyFolder.Begin(folder, Studies.Of(1, 3, 2))), 3).Judgements;
        var before = System.IO.File.ReadAllBytes(file);
        var own = TinyRun.Get(AnnotationFile.Open(file, new FailingDisk(at % 4, kill)));
        var (id, done) = (Judgement.IdOf(own.All[0])!, false);
        try
        {
            done = own.TakeBack(id).IsSuccess;
        }
        catch (KilledException)
        {
            // Nobody is told.
        }
        var after = System.IO.File.ReadAllBytes(file);
        var read = TinyRun.Get(AnnotationFile.Open(file)).All;
        if (done) Assert.DoesNotContain(read, r => Judgement.IdOf(r) == id);
        else if (!kill) Assert.Equal(before, after);
        Assert.True(after.AsSpan().SequenceEqual(before) || read.All(r => Judgement.IdOf(r) != id));
    }

    /// <summary>The same judgement that comes twice is one; another of the same question, or of the same id, is told and changes nothing.</summary>
    [Fact]
    public void Twice_is_once()
    {
        var folder = Begin(Studies.Of(1, 3, 2));
        var one = new Judgement("a", "ann", 1, new Said.Compared(Verdict.Better));
        for (var i = 0; i < 3; i++) TinyRun.Get((i == 2 ? Open() : folder).Add(one));
        Assert.Single(Open().Rows);
        Assert.StartsWith("question", TinyRun.Faults(folder.Add(one with { Id = "b" })), StringComparison.Ordinal);
        Assert.StartsWith("id", TinyRun.Faults(folder.Add(one with { Question = 2 })), StringComparison.Ordinal);
        Assert.StartsWith("id", TinyRun.Faults(folder.Add(one with { Annotator = "bob" })), StringComparison.Ordinal);
        Assert.Single(Open().Rows);
        // What another has written meanwhile is not written over.
        TinyRun.Get(Open().Add(new Judgement("c", "bob", 0, new Said.Skipped())));
        Assert.True(folder.Add(new Judgement("d", "ann", 0, new Said.Skipped())).IsFail);
        Assert.True(folder.TakeBack("a", "ann").IsFail);
        Assert.Equal(2, Open().Rows.Count);
    }

    /// <summary>A file of something else is told and stays to the byte, however it ends.</summary>
    [Theory, InlineData("hello"), InlineData("{\"other\": 1}"), InlineData("{\"other\": 1}\n{\"prompt\":\"cu"), InlineData("{\"prompt\": \"p\", \"chosen\": \"a\"}"), InlineData("\0\0\0\0")]
    public void What_is_somebody_elses_is_not_touched(string text)
    {
        Begin(Studies.Of(1, 3, 2));
        System.IO.File.WriteAllText(File, text);
        Assert.Contains(StudyFolder.JudgementsName, TinyRun.Faults(StudyFolder.Open(scratch["s"])), StringComparison.Ordinal);
        Assert.Equal(text, System.IO.File.ReadAllText(File));
    }

    /// <summary>A last line that says all is kept though its end is gone, as editors leave files; judgements of another study are told.</summary>
    [Fact]
    public void An_editor_may_take_the_last_end_away()
    {
        var folder = Judge(Begin(Studies.Of(1, 3, 2)), 1);
        System.IO.File.WriteAllText(File, System.IO.File.ReadAllText(File).TrimEnd('\n'));
        Assert.Equal(folder.Rows, Open().Rows);
        TinyRun.Get(Open().Add(new Judgement("z", "zoe", 0, new Said.Skipped())));
        Assert.Equal(folder.Rows.Count + 1, Open().Rows.Count);
        System.IO.File.Copy(File, scratch["other.jsonl"]);
        TinyRun.Get(StudyFolder.Begin(scratch["s2"], Studies.Of(1, 2, 2)));
        System.IO.File.Copy(scratch["other.jsonl"], scratch[Path.Combine("s2", StudyFolder.JudgementsName)]);
        Assert.Contains("question", TinyRun.Faults(StudyFolder.Open(scratch["s2"])), StringComparison.Ordinal);
        Assert.True(StudyFolder.Begin(scratch["s2"], Studies.Of(1, 2, 2)).IsFail);
    }
}
