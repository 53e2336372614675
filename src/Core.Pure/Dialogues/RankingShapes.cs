using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>Rows of answers that are compared, and of answers that are judged one by one.</summary>
public static class RankingShapes
{
    /// <summary>What an annotator says of a pair. A pair that was skipped or flagged is left out, and so is one that is about the same, unless it is asked for.</summary>
    public static Vec<string> Verdicts { get; } = ["much better", "better", "about the same", "worse", "much worse", "skip", "flag"];

    /// <summary>The forms of comparisons that are known.</summary>
    /// <param name="ties">Whether pairs that are about the same are taken, with the margin that they have.</param>
    /// <param name="skipsEqual">Whether a row of equal answers is left out, and is no fault.</param>
    public static Vec<RowShape<Ranking>> All(bool ties = false, bool skipsEqual = false) =>
    [
        new("ranked answers", "prompt or messages, answers: best first", static f => f.HasList("answers"), row => Ranked(row, skipsEqual)),
        new("Alpaca with chosen and rejected", "instruction, input, chosen, rejected", static f => f.Contains("instruction") && Pair(f),
            row => Paired(row, Asked(row), ties, skipsEqual)),
        new("prompt, chosen and rejected", "prompt or question, chosen, rejected, margin, verdict", static f => f.First("prompt", "question", "messages").IsSome && Pair(f),
            row => Paired(row, Asked(row), ties, skipsEqual)),
        new("chosen and rejected", "chosen, rejected: transcripts of Human and Assistant, or messages, with the same beginning", static f => Pair(f),
            row => Whole(row, ties, skipsEqual)),
    ];

    /// <summary>The forms of judged answers that are known.</summary>
    public static Vec<RowShape<Judged>> Single { get; } =
    [
        new("judged answers", "prompt or question; completion, response or answer; label: true or false",
            static f => f.Contains("label") && f.First("prompt", "question", "messages", "instruction").IsSome && f.First("completion", "response", "answer", "output").IsSome,
            static row => (Asked(row), Answer(row, row.Fields.First("completion", "response", "answer", "output").IfNone("")), Label(row))
                .Apply(static (prompt, answer, good) => Some(new Judged(prompt, answer, good)))),
    ];

    static bool Pair(Params<Json> fields) => fields.Contains("chosen") && fields.Contains("rejected");

    static Validation<Fault, Vec<Message>> Asked(Row row) => row.Fields.First("instruction", "prompt", "question", "messages").IfNone("") switch
    {
        "instruction" => (row.Maybe("system"), row.Text("instruction"), row.Maybe("input"))
            .Apply(static (system, asked, about) => RowShapes.With(system, new Message(Role.User, asked) { Input = about })),
        var name when row.Fields[name] is Json.List => row.Messages(name),
        var name when row.Fields[name] is Json.Text { Value: var text } && Transcript.IsOne(text) => Transcript.Read(text, row.Where, name),
        var name => (row.Maybe("system"), row.Text(name)).Apply(static (system, asked) => RowShapes.With(system, new Message(Role.User, asked))),
    };

    // A text, or the one message of the assistant in a list.
    static Validation<Fault, string> Answer(Row row, string name) => row.Fields[name] is not Json.List ? row.Text(name)
        : row.Messages(name).Bind(messages => messages is [{ Role: Role.Assistant, Text: var text }] ? Success<Fault, string>(text)
            : Fault.Of<string>(row.Where, $"its {name} has {messages.Count} messages", "expected one, of the assistant"));

    static Validation<Fault, bool> Label(Row row) => row.Fields["label"] switch
    {
        Json.Bool { Value: var good } => Success<Fault, bool>(good),
        Json.Whole { Value: 0 or 1 } whole => Success<Fault, bool>(whole.Value == 1),
        Json.Text { Value: "true" or "True" or "1" } => Success<Fault, bool>(true),
        Json.Text { Value: "false" or "False" or "0" } => Success<Fault, bool>(false),
        var other => Fault.Of<bool>(row.Where, $"its label is {(other is Json.Text t ? t.Value : other.Kind)}", "allowed: true or false, 1 or 0"),
    };

    static Validation<Fault, double> Margin(Row row) => !row.Fields.Has("margin") ? Success<Fault, double>(0) : (row.Fields["margin"] switch
    {
        Json.Whole { Value: var n } => (double?)n,
        Json.Real { Value: var x } => x,
        Json.Text { Value: var text } when double.TryParse(text, global::System.Globalization.NumberStyles.Float,
            global::System.Globalization.CultureInfo.InvariantCulture, out var x) => x,
        _ => null,
    }) is { } margin && margin >= 0 && margin <= float.MaxValue ? Success<Fault, double>(margin)
        : Fault.Of<double>(row.Where, "its margin is no number that is 0 or more", "expected how much better the chosen answer is, 0 or more");

    // A verdict of worse was written when the answers had their places; chosen is chosen.
    static Validation<Fault, bool> Counts(Row row, bool ties) => !row.Fields.Has("verdict") ? Success<Fault, bool>(true) : row.Fields["verdict"] switch
    {
        Json.Text { Value: "skip" or "flag" } => Success<Fault, bool>(false),
        Json.Text { Value: "about the same" } => Success<Fault, bool>(ties),
        Json.Text { Value: var verdict } when Verdicts.Contains(verdict) => Success<Fault, bool>(true),
        var other => Fault.Of<bool>(row.Where, $"its verdict is {(other is Json.Text t ? t.Value : other.Kind)}", $"allowed: {string.Join(", ", Verdicts)}"),
    };

    static Validation<Fault, Option<Ranking>> Paired(Row row, Validation<Fault, Vec<Message>> asked, bool ties, bool skipsEqual) => Counts(row, ties).Bind(counts => !counts
        ? Success<Fault, Option<Ranking>>(None)
        : IsWhole(row) ? Whole(row, ties, skipsEqual)
        : (asked, Answer(row, "chosen"), Answer(row, "rejected"), Margin(row))
            .Apply(static (prompt, chosen, rejected, margin) => new Ranking(prompt, [chosen, rejected], margin)).Bind(r => Different(r, row, skipsEqual)));

    // With a prompt beside them, both columns may still hold everything from the beginning.
    static bool IsWhole(Row row) => row.Fields["chosen"] is Json.List { Items.Count: > 1 } && row.Fields["rejected"] is Json.List { Items.Count: > 1 };

    static Validation<Fault, Option<Ranking>> Ranked(Row row, bool skipsEqual) => row.Fields.First("instruction", "prompt", "question", "messages").IsNone
        ? Fault.Of<Option<Ranking>>(row.Where, $"has no prompt: it has {RowShapes.Listed(row.Fields)}", "expected prompt, question, instruction or messages beside answers")
        : (Asked(row), ((Json.List)row.Fields["answers"]).Items.Select((item, i) => item is Json.Text { Value: var text } && !string.IsNullOrWhiteSpace(text)
                ? Success<Fault, string>(text) : Fault.Of<string>(row.Where, $"answer {i + 1} of its answers is {(item is Json.Text ? "empty" : item.Kind)}", "expected a text")).Gather(),
                Margin(row))
            .Apply(static (prompt, answers, margin) => new Ranking(prompt, answers, margin))
            .Bind(r => r.Answers.Count >= 2 ? Different(r, row, skipsEqual) : Fault.Of<Option<Ranking>>(row.Where, $"has {r.Answers.Count} answers", "expected two or more, the best first"));

    // Each column is a conversation to its end; what both begin with is the prompt.
    static Validation<Fault, Option<Ranking>> Whole(Row row, bool ties, bool skipsEqual) => Counts(row, ties).Bind(counts => !counts ? Success<Fault, Option<Ranking>>(None)
        : (Conversation(row, "chosen"), Conversation(row, "rejected"), Margin(row)).Apply(static (chosen, rejected, margin) => (chosen, rejected, margin)).Bind(both =>
        {
            var (chosen, rejected, margin) = both;
            return (chosen, rejected) is ([.., { Role: Role.Assistant, Text: var better }], [.., { Role: Role.Assistant, Text: var worse }])
                ? chosen.Take(chosen.Count - 1).SequenceEqual(rejected.Take(rejected.Count - 1))
                    ? chosen.Count > 1 ? Different(new Ranking([.. chosen.Take(chosen.Count - 1)], [better, worse], margin), row, skipsEqual)
                        : Fault.Of<Option<Ranking>>(row.Where, "has answers to nothing", "expected what is asked before them")
                    : Fault.Of<Option<Ranking>>(row.Where, "its chosen and rejected differ before their last message", "expected the same beginning, and two answers to it")
                : Fault.Of<Option<Ranking>>(row.Where, "its chosen or rejected does not end with what the assistant says", "expected an answer at the end of both");
        }));

    static Validation<Fault, Vec<Message>> Conversation(Row row, string name) => row.Fields[name] is Json.List ? row.Messages(name)
        : row.Text(name).Bind(text => Transcript.Read(text, row.Where, name));

    static Validation<Fault, Option<Ranking>> Different(Ranking ranking, Row row, bool skipsEqual) => ranking.Answers.Distinct(StringComparer.Ordinal).Count() == ranking.Answers.Count
        ? Success<Fault, Option<Ranking>>(Some(ranking))
        : skipsEqual ? Success<Fault, Option<Ranking>>(None)
        : Fault.Of<Option<Ranking>>(row.Where, ranking.Answers.Count == 2 ? "its chosen and rejected are equal" : "two of its answers are equal",
            "expected answers that differ, for from equal ones nothing is learned; skip-equal leaves such rows out");
}
