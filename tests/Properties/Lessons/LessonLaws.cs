using System.Xml.Linq;
using Functional.Lessons;
using Lesson = Functional.Lessons.Lesson;

namespace Functional.Tests.Properties.Lessons;

/// <summary>What the catalogue of lessons promises; what the lessons print stands in tests/Snapshots/Samples.</summary>
public sealed class LessonLaws
{
    // Semantic Kernel's packages are its sample's alone.
    const string Outside = "26-semantic-kernel";

    static readonly string[] folders = [.. Directory.EnumerateDirectories(Path.Combine(SourceTree.Root, "samples")).Select(static f => Path.GetFileName(f)).Where(static f => f != Outside && char.IsAsciiDigit(f[0])).Order(StringComparer.Ordinal)];

    public static TheoryData<string, string> Laws => [.. from lesson in Lesson.All from law in lesson.Laws select (lesson.Name, law.Name)];

    public static TheoryData<string> Names => [.. Lesson.All.Select(static l => l.Name)];

    /// <summary>A folder that is added has to be in the catalogue, and in its place.</summary>
    [Fact]
    public void Every_sample_is_a_lesson() => Assert.Equal(folders, Lesson.All.Select(static l => l.Name));

    [Fact]
    public void Numbers_count_from_one() => Assert.Equal(Enumerable.Range(1, folders.Length), Lesson.All.Select(static l => l.Number));

    /// <summary>Names are looked for whole.</summary>
    [Fact]
    public void A_lesson_is_found_by_its_name()
    {
        Assert.All(Lesson.All, static l => Assert.Same(l, Lesson.Find(l.Name)));
        Assert.Null(Lesson.Find("01"));
        Assert.Null(Lesson.Find(Outside));
    }

    /// <summary>The page shows what is in the folder: every file but the line that prints.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Sources_are_those_of_the_folder(string name)
    {
        var files = Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "samples", name), "*.cs").Where(static f => Path.GetFileName(f) != "Program.cs").Order(StringComparer.Ordinal);
        Assert.Equal(files.Select(static f => new LessonSource(Path.GetFileName(f), File.ReadAllText(f).ReplaceLineEndings("\n"))), Lesson.Find(name)!.Sources);
    }

    /// <summary>Sentences are sentences, and names can stand in an address.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_said_can_be_read(string name)
    {
        var lesson = Lesson.Find(name)!;
        Assert.NotEmpty(lesson.Laws);
        Assert.Equal(lesson.Laws.Count, lesson.Laws.Select(static l => l.Name).Distinct().Count());
        Assert.All(lesson.Laws, static l => Assert.Matches("^[a-z0-9]+(-[a-z0-9]+)*$", l.Name));
        Assert.All(new[] { lesson.Learns }.Concat(lesson.Laws.Select(static l => l.Says)).Concat(lesson.Pictures.Select(static p => p.Caption)), static text => Assert.Matches(@"(?s)^[A-Z0-9].*\.$", text));
        Assert.InRange(lesson.Seconds, 1, 120);
    }

    /// <summary>Every picture is one element with a title, and something is drawn in it.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Pictures_are_drawn(string name)
    {
        Assert.NotEmpty(Lesson.Find(name)!.Pictures);
        foreach (var picture in Lesson.Find(name)!.Pictures)
        {
            var svg = XElement.Parse(picture.Svg(narrow: true));
            Assert.InRange((double)svg.Attribute("width")!, 100, 340);
            XNamespace of = "http://www.w3.org/2000/svg";
            Assert.Equal((of + "svg", picture.Title), (svg.Name, svg.Element(of + "title")?.Value));
            Assert.Equal("img", (string?)svg.Attribute("role"));
            Assert.NotNull(svg.Attribute("viewBox"));
            Assert.Contains(svg.Descendants(), d => (d.Name == of + "polyline" || d.Name == of + "polygon" || d.Name == of + "rect" || d.Name == of + "circle" || d.Name == of + "ellipse") && Painted(d));
            Assert.DoesNotContain(svg.Descendants(), d => d.Name == of + "script");
        }
    }

    // In one of the colours that numbers have, and not the grid's grey.
    static bool Painted(XElement of) => $"{of.Attribute("style")?.Value}{of.Attribute("fill")?.Value}{of.Attribute("stroke")?.Value}".Contains("rgb(0,114,178)", StringComparison.Ordinal);

    /// <summary>What a lesson says holds.</summary>
    [Theory]
    [MemberData(nameof(Laws))]
    public void Every_law_holds(string lesson, string law)
    {
        var result = Lesson.Find(lesson)!.Laws.Single(l => l.Name == law).Run(1, 50);
        Assert.True(result.Counterexample is null, $"{lesson}, {law}: {result}");
    }


    /// <summary>A wrong law, which nobody could tell by looking: shares of a head of two words are not always above a tenth.</summary>
    static readonly Law wrong = new("wrong", "No word takes less than a tenth of another.", static key =>
    {
        var q = key.Normal(0);
        var share = 1 / (1 + Math.Exp(-q));
        return LawCase.Of(share >= 0.1, $"q = {q:0.000}: a share of {share:0.000}");
    });

    /// <summary>What is wrong is found, and shown with its numbers; what held before it is counted.</summary>
    [Fact]
    public void A_wrong_law_is_caught_and_tells_its_case()
    {
        var told = new List<int>();
        var result = wrong.Run(1, 1000, told.Add);
        Assert.NotNull(result.Counterexample);
        Assert.InRange(result.Held, 1, 999);
        Assert.Equal(Enumerable.Range(1, result.Held), told);
        Assert.Matches(@"^q = -\d\.\d\d\d: a share of 0\.0\d\d$", result.Counterexample);
        Assert.Equal($"case {result.Held + 1} of 1000 does not hold: {result.Counterexample}", result.ToString());
        // The case can be looked at again by its seed alone, however many are asked for.
        Assert.Equal((result.Held, result.Counterexample), (wrong.Run(1, result.Held + 1).Held, wrong.Run(1, result.Held + 1).Counterexample));
        Assert.Null(wrong.Run(1, result.Held).Counterexample);
        Assert.NotEqual(result.Held, wrong.Run(2, 1000).Held);
    }

    /// <summary>What throws does not hold, and says what it threw; but who asks to stop is no counterexample.</summary>
    [Fact]
    public void What_throws_does_not_hold()
    {
        var result = new Law("thrown", "Nothing throws.", static _ => throw new InvalidOperationException("two and two are four")).Run(1, 10);
        Assert.Equal((0, "InvalidOperationException: two and two are four"), (result.Held, result.Counterexample));
        using var stop = new CancellationTokenSource();
        var seen = 0;
        Assert.Throws<OperationCanceledException>(() => new Law("long", "It is over soon.", _ => LawCase.Of(++seen < 1000, $"")).Run(1, 900, held =>
        {
            if (held == 5) stop.Cancel();
        }, stop.Token));
        Assert.Equal(5, seen);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(Law.MostCases + 1)]
    public void So_many_cases_are_not_looked_at(int cases) => Assert.Throws<ArgumentOutOfRangeException>(() => wrong.Run(1, cases));

    /// <summary>Numbers are the same up to a share of their size, or of 1; what is no number is never the same; rows of other lengths are not.</summary>
    [Theory]
    [InlineData(1, 1 + 1e-10, true)]
    [InlineData(1, 1 + 1e-8, false)]
    [InlineData(1e6, 1e6 + 1e-4, true)]
    [InlineData(1e6, 1e6 + 1, false)]
    [InlineData(0, 1e-10, true)]
    [InlineData(double.NaN, double.NaN, false)]
    [InlineData(double.NaN, 1, false)]
    public void Numbers_are_the_same(double one, double other, bool same)
    {
        Assert.Equal(same, LawCase.Same(one, other, $"").Holds);
        Assert.Equal(same, LawCase.Same([0, one], [0, other], $"").Holds);
        Assert.False(LawCase.Same([one], [one, one], $"").Holds);
    }

    /// <summary>Whoever leaves does not wait for a computation that nobody wants any more.</summary>
    [Theory]
    [InlineData("01-attention-by-hand")]
    [InlineData("09-experts")]
    [InlineData("20-counting-e")]
    [InlineData("25-in-a-program")]
    public async Task A_lesson_is_given_up(string name)
    {
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Lesson.Find(name)!.RunAsync(TextWriter.Null, stop.Token));
    }
}
