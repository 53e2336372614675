using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>What somebody says of the first of two answers beside the second.</summary>
public enum Verdict
{
    /// <summary>It is much better.</summary>
    MuchBetter,
    /// <summary>It is better.</summary>
    Better,
    /// <summary>Neither is better.</summary>
    Same,
    /// <summary>It is worse.</summary>
    Worse,
    /// <summary>It is much worse.</summary>
    MuchWorse,
    /// <summary>No judgement.</summary>
    Skip,
    /// <summary>No judgement, and somebody else should look at it.</summary>
    Flag,
}

/// <summary>A judgement of two answers, as <c>functional annotate</c> writes it: a row that <see cref="RankingShapes"/> read.</summary>
/// <param name="Prompt">What both answer, in order.</param>
/// <param name="First">The answer that was shown first.</param>
/// <param name="Second">The other.</param>
/// <param name="Verdict">What was said of the first.</param>
/// <param name="Annotator">Who said it.</param>
public sealed record Annotation(Vec<Message> Prompt, string First, string Second, Verdict Verdict, string Annotator)
{
    /// <summary>How much better the better answer is, 0 or more, where somebody measured it; else the verdict says it.</summary>
    public double? Margin { get; init; }

    static readonly Vec<(Verdict Verdict, string Word)> words =
    [
        (Verdict.MuchBetter, "much better"), (Verdict.Better, "better"), (Verdict.Same, "about the same"), (Verdict.Worse, "worse"),
        (Verdict.MuchWorse, "much worse"), (Verdict.Skip, "skip"), (Verdict.Flag, "flag"),
    ];

    /// <summary>What a verdict is called in files.</summary>
    public static string WordOf(Verdict verdict) => words.First(w => w.Verdict == verdict).Word;

    /// <summary>How much better the first answer is: 2, 1, 0, −1 or −2; nothing where nothing was said.</summary>
    public static int? Score(Verdict verdict) => verdict switch
    {
        Verdict.MuchBetter => 2,
        Verdict.Better => 1,
        Verdict.Same => 0,
        Verdict.Worse => -1,
        Verdict.MuchWorse => -2,
        _ => null,
    };

    /// <summary>
    /// The row: <c>prompt</c>, <c>chosen</c>, <c>rejected</c>, <c>margin</c> (2 for much better, 1 for better, 0), <c>verdict</c> as it was said of the first, and
    /// <c>annotator</c>; <c>first</c> says which of the two was shown first.
    /// </summary>
    public Json Row
    {
        get
        {
            var worse = Score(Verdict) < 0;
            return new Json.Map(Params.Of<Json>(
                ("prompt", Prompt is [{ Role: Role.User, Input: "" } only] ? new Json.Text(only.Text) : new Json.List(Prompt.Map(Written))),
                ("chosen", new Json.Text(worse ? Second : First)), ("rejected", new Json.Text(worse ? First : Second)),
                ("margin", Margin is { } margin ? new Json.Real(margin) : new Json.Whole(Math.Abs(Score(Verdict) ?? 0))), ("verdict", new Json.Text(WordOf(Verdict))),
                ("first", new Json.Text(worse ? "rejected" : "chosen")), ("annotator", new Json.Text(Annotator))));
        }
    }

    /// <summary>Reads a row that <see cref="Row"/> wrote.</summary>
    /// <param name="row">The row.</param>
    public static Validation<Fault, Annotation> Read(Row row) =>
        (PromptOf(row), Needed(row, "chosen"), Needed(row, "rejected"), VerdictOf(row), row.Maybe("annotator"), row.Maybe("first"))
            .Apply(static (prompt, chosen, rejected, verdict, who, first) =>
                first == "rejected" ? new Annotation(prompt, rejected, chosen, verdict, who) : new Annotation(prompt, chosen, rejected, verdict, who));

    static Validation<Fault, Vec<Message>> PromptOf(Row row) => row.Fields.HasList("prompt") ? row.Messages("prompt")
        : row.Fields.Has("prompt") ? row.Text("prompt").Map(static text => (Vec<Message>)[new(Role.User, text)])
        : Fault.Of<Vec<Message>>(row.Where, "has no prompt", "expected what functional annotate wrote");

    static Validation<Fault, string> Needed(Row row, string name) => row.Fields.Has(name) ? row.Text(name)
        : Fault.Of<string>(row.Where, $"has no {name}", "expected what functional annotate wrote");

    static Validation<Fault, Verdict> VerdictOf(Row row) => row.Fields.Has("verdict") && row.Fields["verdict"] is Json.Text { Value: var word }
        && words.FirstOrDefault(w => w.Word == word) is { Word: not null } found ? Success<Fault, Verdict>(found.Verdict)
        : Fault.Of<Verdict>(row.Where, "has no verdict that is known", $"allowed: {string.Join(", ", words.Map(static w => w.Word))}");

    static Json Written(Message message) => new Json.Map(Params.Of<Json>(
        ("role", new Json.Text(message.Role switch { Role.System => "system", Role.User => "user", _ => "assistant" })), ("content", new Json.Text(message.Whole))));
}

/// <summary>How far several people agree on the same answers.</summary>
/// <param name="Shared">Comparisons that two or more have judged.</param>
/// <param name="Same">The share of pairs of judgements that prefer the same answer, or both neither.</param>
/// <param name="Alpha">Krippendorff's alpha over the five steps as numbers: 1 for agreement, 0 for chance; NaN where all judgements are equal.</param>
public sealed record Agreement(int Shared, double Same, double Alpha)
{
    /// <summary>Of judgements, in any order; those without a verdict do not count, and of one person's on the same answers the last does.</summary>
    /// <param name="all">The judgements.</param>
    public static Agreement Of(IEnumerable<Annotation> all)
    {
        // Of the two answers the lesser in ordinal order is asked about, whichever was shown first.
        var units = all.Where(static a => Annotation.Score(a.Verdict) is not null).GroupBy(static a => (string.Join('\0', a.Prompt.Select(static m => m.ToString())),
                string.CompareOrdinal(a.First, a.Second) < 0 ? (a.First, a.Second) : (a.Second, a.First)))
            .Select(static g => g.GroupBy(static a => a.Annotator, StringComparer.Ordinal).Select(static own => Oriented(own.Last())).ToList())
            .Where(static u => u.Count > 1).ToList();
        if (units.Count == 0) return new(0, double.NaN, double.NaN);
        var pairs = units.SelectMany(static u => u.SelectMany((a, i) => u.Skip(i + 1).Select(b => Math.Sign(a) == Math.Sign(b)))).ToList();
        return new(units.Count, pairs.Count(static same => same) / (double)pairs.Count, Krippendorff(units));
    }

    static int Oriented(Annotation a) => (string.CompareOrdinal(a.First, a.Second) < 0 ? 1 : -1) * Annotation.Score(a.Verdict)!.Value;

    // Krippendorff (2011), "Computing Krippendorff's alpha-reliability", with the squared difference of numbers.
    static double Krippendorff(List<List<int>> units)
    {
        var values = units.SelectMany(static u => u).ToList();
        double n = values.Count;
        var observed = units.Sum(static u => u.Sum(a => u.Sum(b => (double)(a - b) * (a - b))) / (u.Count - 1)) / n;
        var (sum, squares) = (values.Sum(static v => (double)v), values.Sum(static v => (double)v * v));
        var expected = (2 * n * squares - 2 * sum * sum) / (n * (n - 1));
        return expected == 0 ? double.NaN : 1 - observed / expected;
    }
}
