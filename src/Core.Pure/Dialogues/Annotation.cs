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

    /// <summary>Further members of the row, which those who learn from it read past: whose answers these are, say.</summary>
    public Params<Json> Beside { get; init; } = Params<Json>.Empty;

    // What learners read of a row, and must not find twice in it.
    static readonly Vec<string> own = ["prompt", "chosen", "rejected", "margin", "verdict", "first", "annotator"];

    static readonly Vec<(Verdict Verdict, string Word)> words =
    [
        (Verdict.MuchBetter, "much better"), (Verdict.Better, "better"), (Verdict.Same, "about the same"), (Verdict.Worse, "worse"),
        (Verdict.MuchWorse, "much worse"), (Verdict.Skip, "skip"), (Verdict.Flag, "flag"),
    ];

    /// <summary>What a verdict is called in files.</summary>
    public static string WordOf(Verdict verdict) => words.First(w => w.Verdict == verdict).Word;

    /// <summary>The verdict of a word; nothing where it is none.</summary>
    /// <param name="word">What files call it.</param>
    public static Verdict? VerdictOf(string word) => words.FirstOrDefault(w => w.Word == word) is { Word: not null } found ? found.Verdict : null;

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
                ("prompt", PromptText(Prompt)),
                ("chosen", new Json.Text(worse ? Second : First)), ("rejected", new Json.Text(worse ? First : Second)),
                ("margin", Margin is { } margin ? new Json.Real(margin) : new Json.Whole(Math.Abs(Score(Verdict) ?? 0))), ("verdict", new Json.Text(WordOf(Verdict))),
                ("first", new Json.Text(worse ? "rejected" : "chosen")), ("annotator", new Json.Text(Annotator))).Concat(Beside));
        }
    }

    /// <summary>Reads a row that <see cref="Row"/> wrote.</summary>
    /// <param name="row">The row.</param>
    public static Validation<Fault, Annotation> Read(Row row) =>
        (PromptOf(row), Needed(row, "chosen"), Needed(row, "rejected"), Told(row), row.Maybe("annotator"), row.Maybe("first"))
            .Apply(static (prompt, chosen, rejected, verdict, who, first) =>
                first == "rejected" ? new Annotation(prompt, rejected, chosen, verdict, who) : new Annotation(prompt, chosen, rejected, verdict, who))
            .Map(read => read with { Beside = row.Fields.Filter(static (name, _) => !own.Contains(name)) });

    /// <summary>What is asked, as rows have it: a text where the user alone speaks, else a list of messages.</summary>
    /// <param name="prompt">What is asked.</param>
    public static Json PromptText(Vec<Message> prompt) => prompt is [{ Role: Role.User, Input: "" } only] ? new Json.Text(only.Text) : new Json.List(prompt.Map(Written));

    internal static Validation<Fault, Vec<Message>> PromptOf(Row row) => row.Fields.HasList("prompt") ? row.Messages("prompt")
        : row.Fields.Has("prompt") ? row.Text("prompt").Map(static text => (Vec<Message>)[new(Role.User, text)])
        : Fault.Of<Vec<Message>>(row.Where, "has no prompt", "expected what functional annotate wrote");

    static Validation<Fault, string> Needed(Row row, string name) => row.Fields.Has(name) ? row.Text(name)
        : Fault.Of<string>(row.Where, $"has no {name}", "expected what functional annotate wrote");

    static Validation<Fault, Verdict> Told(Row row) => row.Fields.Has("verdict") && row.Fields["verdict"] is Json.Text { Value: var word }
        && VerdictOf(word) is { } verdict ? Success<Fault, Verdict>(verdict)
        : Fault.Of<Verdict>(row.Where, "has no verdict that is known", $"allowed: {string.Join(", ", words.Map(static w => w.Word))}");

    static Json Written(Message message) => new Json.Map(Params.Of<Json>(
        ("role", new Json.Text(message.Role switch { Role.System => "system", Role.User => "user", _ => "assistant" })), ("content", new Json.Text(message.Whole))));
}
