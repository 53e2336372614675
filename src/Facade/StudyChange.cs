using Functional.Base;
using LanguageExt;

namespace Functional;

/// <summary>How often models prefer the answer that people chose, over some comparisons.</summary>
/// <param name="Pairs">How many comparisons.</param>
/// <param name="Judge">In how many the judge gives the chosen answer more.</param>
/// <param name="Before">In how many the base finds the chosen answer likelier.</param>
/// <param name="After">In how many the policy does.</param>
/// <param name="Moved">In how many the policy has moved towards the chosen answer: it is likelier beside the other than it was before.</param>
/// <param name="Margin">How many nats it has moved so, in the mean.</param>
public sealed record PreferenceShare(int Pairs, int Judge, int Before, int After, int Moved, double Margin);

/// <summary>A question that was asked before and after.</summary>
/// <param name="Question">What was asked.</param>
/// <param name="Before">What the base answered.</param>
/// <param name="After">What the policy answers, drawn with the same seed.</param>
/// <param name="BeforeReward">What the judge gives the first; NaN where it cannot read it.</param>
/// <param name="AfterReward">What it gives the second.</param>
/// <param name="Judged">Whether answers to it were learned from.</param>
public sealed record ChangedAnswer(string Question, string Before, string After, double BeforeReward, double AfterReward, bool Judged);

/// <summary>What came of learning from judgements.</summary>
/// <param name="Learned">On the comparisons that were learned.</param>
/// <param name="Kept">On those that were kept for evaluation.</param>
/// <param name="Answers">The same questions before and after, those first that were not learned from.</param>
/// <param name="Length">Tokens of an answer in the mean, before and after.</param>
/// <param name="Distance">How much likelier the policy finds its answers than the base does, in nats an answer; of answers that were drawn at temperature 1 an estimate of KL.</param>
public sealed record StudyChange(PreferenceShare Learned, PreferenceShare Kept, Vec<ChangedAnswer> Answers, (double Before, double After) Length, double Distance)
{
    /// <summary>How often the judge gives the new answer more; equal rewards count half, and what it cannot read not at all.</summary>
    public Rate WinRate => Rewards.Select(static a => a.AfterReward.CompareTo(a.BeforeReward)).ToArray() is var signs
        ? Rate.OfWins(signs.Count(static s => s > 0), signs.Count(static s => s == 0), signs.Count(static s => s < 0)) : default;

    /// <summary>How much more it gives the new answers in the mean.</summary>
    public Rate Gain => Rate.OfMean([.. Rewards.Select(static a => a.AfterReward - a.BeforeReward)], Key.Seed(1));

    /// <summary>How many answers are the same as before.</summary>
    public int Same => Answers.Count(static a => a.Before == a.After);

    IEnumerable<ChangedAnswer> Rewards => Answers.Where(static a => double.IsFinite(a.BeforeReward) && double.IsFinite(a.AfterReward));

    internal Json Written => new Json.Map(Params.Of<Json>(
        ("learned", Share(Learned)), ("kept", Share(Kept)), ("length", new Json.List([new Json.Real(Length.Before), new Json.Real(Length.After)])), ("distance", Number(Distance)),
        ("answers", new Json.List(Answers.Map(static a => (Json)new Json.List([new Json.Text(a.Question), new Json.Text(a.Before), new Json.Text(a.After), Number(a.BeforeReward),
            Number(a.AfterReward), new Json.Bool(a.Judged)]))))));

    internal static StudyChange? Read(Json json) => json["answers"].Case is Json.List { Items: var answers }
        && answers.All(static a => a is Json.List { Items: [Json.Text, Json.Text, Json.Text, Json, Json, Json.Bool] }) && json["length"].Case is Json.List { Items: [var before, var after] }
        && Share(json["learned"]) is { } learned && Share(json["kept"]) is { } kept
        ? new(learned, kept, answers.Map(static a => ((Json.List)a).Items is [Json.Text q, Json.Text was, Json.Text now, var one, var other, Json.Bool judged]
            ? new ChangedAnswer(q.Value, was.Value, now.Value, Of(one), Of(other), judged.Value) : default!), (Of(before), Of(after)), json["distance"].Case is Json d ? Of(d) : double.NaN)
        : null;

    static Json Share(PreferenceShare share) => new Json.List([new Json.Whole(share.Pairs), new Json.Whole(share.Judge), new Json.Whole(share.Before), new Json.Whole(share.After),
        new Json.Whole(share.Moved), Number(share.Margin)]);

    static PreferenceShare? Share(Option<Json> json) =>
        json.Case is Json.List { Items: [Json.Whole pairs, Json.Whole judge, Json.Whole before, Json.Whole after, Json.Whole moved, var margin] }
            ? new((int)pairs.Value, (int)judge.Value, (int)before.Value, (int)after.Value, (int)moved.Value, Of(margin)) : null;

    static Json Number(double value) => double.IsFinite(value) ? new Json.Real(value) : new Json.Null();

    static double Of(Json json) => json switch { Json.Real r => r.Value, Json.Whole w => w.Value, _ => double.NaN };
}
