using System.Globalization;
using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>Rows of questions with answers to choose from.</summary>
public static class ChoiceShapes
{
    const int MostChoices = 1 << 10;

    /// <summary>The forms that are known.</summary>
    public static Vec<RowShape<MultipleChoice>> All { get; } =
    [
        new("ARC", "question or question_stem, choices: text and label, answerKey", static f => f.Contains("answerKey") && Asks(f) is not null && f.Contains("choices"),
            static row => (row.Text(Asks(row.Fields)!), Labelled(row).Bind(c => ByLabel(row, c.Labels).Map(right => (c.Texts, right))))
                .Apply(static (question, choices) => Some(MultipleChoice.Question(question, choices.Texts, choices.right)))),
        new("HellaSwag", "ctx, endings, label: from 0", static f => f.Contains("ctx") && f.Contains("endings"), static row => Ended(row, "ctx", "endings", "label")),
        new("PIQA", "goal, sol1, sol2, label: 0 or 1", static f => f.Contains("goal") && f.Contains("sol1") && f.Contains("sol2"),
            static row => (row.Text("goal"), row.Text("sol1"), row.Text("sol2"), ByPlace(row, "label", 2)).Apply(static (goal, a, b, right) =>
                Some(MultipleChoice.Question(goal, [a, b], right)))),
        new("multiple choice", "question or prompt, choices: a list of texts, answer: from 0, a letter or the text of one", static f => Asks(f) is not null && f.Contains("choices") && f.Contains("answer"),
            static row => (row.Text(Asks(row.Fields)!), Texts(row, "choices", row.Fields["choices"])).Apply(static (question, choices) => (question, choices))
                .Bind(both => ByAnswer(row, both.choices).Map(right => Some(MultipleChoice.Question(both.question, both.choices, right))))),
    ];

    static string? Asks(Params<Json> fields) => fields.First("question", "question_stem", "prompt").IfNoneUnsafe((string?)null);

    static Validation<Fault, Option<MultipleChoice>> Ended(Row row, string text, string ends, string label) =>
        (row.Text(text), Texts(row, ends, row.Fields[ends]).Bind(choices => ByPlace(row, label, choices.Count).Map(right => (choices, right))))
            .Apply(static (before, choices) => Some(MultipleChoice.Ending(before, choices.choices, choices.right)));

    static Validation<Fault, Vec<string>> Texts(Row row, string name, Json list) => list switch
    {
        Json.List { Items.Count: < 2 } few => Fault.Of<Vec<string>>(row.Where, $"its {name} has {few.Items.Count}", "expected two or more to choose from"),
        Json.List { Items.Count: > MostChoices } many => Fault.Of<Vec<string>>(row.Where, $"its {name} has {many.Items.Count}", $"allowed: up to {MostChoices}"),
        Json.List { Items: var items } => items.Select((item, i) => item switch
        {
            Json.Text { Value: var text } when !string.IsNullOrWhiteSpace(text) => Success<Fault, string>(text),
            Json.Text => Fault.Of<string>(row.Where, $"choice {i + 1} of its {name} is empty", "expected a text"),
            // A number is what it looks like.
            Json.Whole { Value: var number } => Success<Fault, string>(number.ToString(CultureInfo.InvariantCulture)),
            var other => Fault.Of<string>(row.Where, $"choice {i + 1} of its {name} is {other.Kind}", "expected a text"),
        }).Gather(),
        var other => Fault.Of<Vec<string>>(row.Where, $"its {name} is {other.Kind}", "expected a list of texts"),
    };

    // Columns of texts and labels, or a list of pairs of both.
    static Validation<Fault, (Vec<string> Texts, Vec<string> Labels)> Labelled(Row row)
    {
        const string Expected = "expected text and label, a list each";
        var choices = row.Fields["choices"];
        if (choices is Json.List { Items: var pairs } && pairs.All(static p => p is Json.Map && p["text"].IsSome && p["label"].IsSome))
            choices = new Json.Map(Params.Of<Json>(("text", new Json.List(pairs.Map(static p => p["text"].IfNone(new Json.Null())))),
                ("label", new Json.List(pairs.Map(static p => p["label"].IfNone(new Json.Null()))))));
        if (choices is not Json.Map { Members: var m } || !m.Contains("text") || !m.Contains("label"))
            return Fault.Of<(Vec<string>, Vec<string>)>(row.Where, $"its choices is {choices.Kind}{(choices is Json.Map { Members: var had } ? $" of {RowShapes.Listed(had)}" : "")}", Expected);
        return (Texts(row, "choices", m["text"]), Texts(row, "labels", m["label"])).Apply(static (texts, labels) => (texts, labels))
            .Bind(both => Fault.Unless(both.texts.Count == both.labels.Count && both.labels.Distinct().Count() == both.labels.Count, row.Where,
                $"its choices has {both.texts.Count} texts and {both.labels.Distinct().Count()} different labels", "expected one label for each text").Map(_ => both));
    }

    static Validation<Fault, int> ByLabel(Row row, Vec<string> labels) => row.Fields["answerKey"] is var key
        && (key is Json.Text { Value: var word } ? word.Trim() : key is Json.Whole { Value: var whole } ? whole.ToString(CultureInfo.InvariantCulture) : null) is { } label
        ? labels.Select((l, i) => (l, i)).Where(p => p.l == label).Select(static p => p.i).ToList() is [var at] ? Success<Fault, int>(at)
            : Fault.Of<int>(row.Where, $"its answerKey is {Shown(label)}, which is no label of its choices", $"allowed: {string.Join(", ", labels)}")
        : Fault.Of<int>(row.Where, $"its answerKey is {row.Fields["answerKey"].Kind}", $"allowed: {string.Join(", ", labels)}");

    static Validation<Fault, int> ByPlace(Row row, string name, int count)
    {
        var allowed = $"allowed: 0 to {count - 1}";
        if (!row.Fields.Has(name)) return Fault.Of<int>(row.Where, $"has no {name}, so that it is not known which is right", allowed);
        return row.Fields[name] switch
        {
            Json.Whole { Value: var at } when at >= 0 && at < count => Success<Fault, int>((int)at),
            Json.Whole { Value: var at } => Fault.Of<int>(row.Where, $"its {name} is {at}", allowed),
            Json.Text { Value: var word } when int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at < count => Success<Fault, int>(at),
            Json.Text { Value: var word } => Fault.Of<int>(row.Where, $"its {name} is {(word.Length == 0 ? "empty" : Shown(word))}", allowed),
            var other => Fault.Of<int>(row.Where, $"its {name} is {other.Kind}", allowed),
        };
    }

    // The text of a choice says more than a letter that could be one, too.
    static Validation<Fault, int> ByAnswer(Row row, Vec<string> choices)
    {
        if (row.Fields["answer"] is not Json.Text { Value: var word }) return ByPlace(row, "answer", choices.Count);
        var same = choices.Select((c, i) => (c, i)).Where(p => p.c == word).Select(static p => p.i).ToList();
        if (same.Count > 0) return Fault.Unless(same.Count == 1, row.Where, $"its answer is {Shown(word)}, which stands {same.Count} times among its choices",
            $"allowed: once, or 0 to {choices.Count - 1}").Map(_ => same[0]);
        var letter = word.Trim() is [>= 'A' and <= 'Z' and var one] ? one - 'A' : -1;
        return letter >= 0 && letter < choices.Count ? Success<Fault, int>(letter)
            : int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? ByPlace(row, "answer", choices.Count)
            : Fault.Of<int>(row.Where, $"its answer is {(word.Length == 0 ? "empty" : Shown(word))}, which is none of its choices",
                $"allowed: 0 to {choices.Count - 1}, {(choices.Count <= 26 ? $"A to {(char)('A' + choices.Count - 1)}, " : "")}or the text of one of them");
    }

    static string Shown(string text) => text.Length > 40 ? $"'{text[..40]}…'" : $"'{text}'";
}
