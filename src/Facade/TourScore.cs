using Functional.Base;
using LanguageExt;

namespace Functional;

/// <summary>An answer to a question of a tour.</summary>
/// <param name="Question">What was asked.</param>
/// <param name="Answer">What was answered.</param>
/// <param name="Reward">What it is worth: 1 where it is right, else 0.</param>
public sealed record TourAnswer(string Question, string Answer, double Reward);

/// <summary>What a stage of a tour is worth: all stages are asked the same questions, of which none was learned.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Kind">What it learned.</param>
/// <param name="Beside">The stage whose weights it began with, with which it is compared; nothing for the first.</param>
/// <param name="Stand">What was asked, and how: the checkpoints of the stage and of those that it is held against, and the questions.</param>
/// <param name="Seconds">How long its steps took.</param>
/// <param name="Answers">One answer to each question, drawn at temperature 1; none of a model that judges.</param>
public sealed record TourScore(string Stage, string Kind, string? Beside, string Stand, double Seconds, Vec<TourAnswer> Answers)
{
    /// <summary>How far it is from where it began: an estimate of the Kullback–Leibler divergence, in nats an answer; nothing for the first.</summary>
    public double? Kl { get; init; }

    /// <summary>Tokens of an answer, in the mean.</summary>
    public double Length { get; init; }

    /// <summary>What the tour's own judge gives its answers, in the mean; nothing where there is none.</summary>
    public double? Judged { get; init; }

    /// <summary>Of a model that judges: how many of <see cref="Pairs"/> comparisons that were kept it has right; else nothing.</summary>
    public long? Right { get; init; }

    /// <summary>How many comparisons were kept for it.</summary>
    public long Pairs { get; init; }

    /// <summary>How often it is right, with the interval in which that lies with 95 %.</summary>
    public Rate Reward => Right is { } right ? Rate.Of(right, Pairs) : Rate.Of(Answers.Sum(static a => a.Reward), Answers.Count);

    /// <summary>How much more often it is right than where it began, on the same questions, with its interval.</summary>
    /// <param name="before">Where it began.</param>
    public Rate Gain(TourScore before) => Rate.OfMean([.. Answers.Zip(before.Answers, static (a, b) => a.Reward - b.Reward)], Key.Seed(0).FoldIn("gain"));

    /// <summary>The score as a file keeps it.</summary>
    internal Json Written => new Json.Map(((string, Json?)[])
    [
        ("stage", new Json.Text(Stage)), ("kind", new Json.Text(Kind)), ("beside", Beside is { } beside ? new Json.Text(beside) : null), ("stand", new Json.Text(Stand)), ("seconds", new Json.Real(Seconds)),
        ("kl", Kl is { } kl ? new Json.Real(kl) : null), ("length", new Json.Real(Length)), ("judged", Judged is { } judged ? new Json.Real(judged) : null),
        ("right", Right is { } right ? new Json.Whole(right) : null), ("pairs", new Json.Whole(Pairs)),
        ("answers", new Json.List(Answers.Map(static a => (Json)new Json.List([new Json.Text(a.Question), new Json.Text(a.Answer), new Json.Real(a.Reward)])))),
    ] is var all ? all.Where(static m => m.Item2 is not null).Select(static m => (m.Item1, m.Item2!)).ToParams() : default!);

    /// <summary>Reads what <see cref="Written"/> wrote; a file of anything else is nothing, and is made anew.</summary>
    internal static Option<TourScore> Read(string text, string file) => Json.Parse(text, file).ToOption().Bind(static json =>
        (json["stage"].Case, json["kind"].Case, json["answers"].Case) is (Json.Text { Value: var stage }, Json.Text { Value: var kind }, Json.List { Items: var answers })
            && answers.All(static a => a is Json.List { Items: [Json.Text, Json.Text, Json.Real or Json.Whole] })
        ? Prelude.Some(new TourScore(stage, kind, json["beside"].Case is Json.Text { Value: var beside } ? beside : null, json["stand"].Case is Json.Text { Value: var stand } ? stand : "", Number(json, "seconds") ?? 0,
            [.. answers.Select(static a => ((Json.List)a).Items is [Json.Text asked, Json.Text answered, var worth] ? new TourAnswer(asked.Value, answered.Value, Of(worth) ?? 0) : default!)])
        {
            Kl = Number(json, "kl"), Length = Number(json, "length") ?? 0, Judged = Number(json, "judged"), Right = (long?)Number(json, "right"), Pairs = (long)(Number(json, "pairs") ?? 0),
        })
        : Option<TourScore>.None);

    static double? Number(Json json, string name) => json[name].Case is Json value ? Of(value) : null;

    static double? Of(Json value) => value switch { Json.Real r => r.Value, Json.Whole w => w.Value, _ => null };
}
