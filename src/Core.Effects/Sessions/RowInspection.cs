using Functional.Base;
using Functional.Data;
using Functional.Dialogues;
using Functional.Files;
using LanguageExt;

namespace Functional.Sessions;

/// <summary>What rows are read as.</summary>
public enum RowKind
{
    /// <summary>Conversations, to be fine-tuned on.</summary>
    Conversations,
    /// <summary>Answers that are compared.</summary>
    Comparisons,
    /// <summary>Answers that are judged one by one.</summary>
    Judgements,
    /// <summary>Questions without answers.</summary>
    Prompts,
}

/// <summary>Some text of a row.</summary>
/// <param name="Text">As its tokens spell it.</param>
/// <param name="Learns">Whether it is learned.</param>
public sealed record InspectedPart(string Text, bool Learns);

/// <summary>What a model reads of a row: a conversation, or a prompt with one of its answers.</summary>
/// <param name="Name">What it is called there.</param>
/// <param name="Parts">Its text, as far as there is room for it.</param>
/// <param name="Tokens">How many tokens that is.</param>
/// <param name="Learned">How many of them are learned.</param>
public sealed record InspectedText(string Name, Vec<InspectedPart> Parts, int Tokens, int Learned);

/// <summary>What a row becomes.</summary>
/// <param name="Where">The row.</param>
/// <param name="Texts">What a model reads of it.</param>
/// <param name="Whole">How many tokens the longest of those had before anything was cut.</param>
/// <param name="Cut">What was cut.</param>
public sealed record InspectedRow(string Where, Vec<InspectedText> Texts, int Whole, Cut Cut);

/// <summary>What all rows of a file become.</summary>
/// <param name="Rows">Rows to learn from.</param>
/// <param name="LeftOut">Rows that are left out on purpose.</param>
/// <param name="Faulty">Rows with faults.</param>
/// <param name="Tokens">Tokens of all texts, when they are cut.</param>
/// <param name="Learned">How many of those are learned.</param>
/// <param name="Longest">The tokens of the longest text, before anything is cut.</param>
/// <param name="PromptsCut">Rows that lose the beginning of a prompt.</param>
/// <param name="AnswersCut">Rows that lose the end of an answer.</param>
public sealed record RowStatistics(long Rows, long LeftOut, long Faulty, long Tokens, long Learned, int Longest, long PromptsCut, long AnswersCut);

/// <summary>What would be made of the rows of a file.</summary>
/// <param name="Kind">What they are read as.</param>
/// <param name="Shapes">The forms that they have.</param>
/// <param name="First">The first of them.</param>
/// <param name="All">All of them, summed up.</param>
/// <param name="Faults">The first faults.</param>
public sealed record RowInspection(RowKind Kind, Vec<string> Shapes, Vec<InspectedRow> First, RowStatistics All, Vec<Fault> Faults)
{
    /// <summary>Looks at every row of a file, as training would; rows with faults are passed over.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="encoder">What makes tokens of it.</param>
    /// <param name="context">How many tokens there is room for; nothing for any number.</param>
    /// <param name="columns">Which columns are meant.</param>
    /// <param name="kind">What rows are read as; nothing for what the first looks like.</param>
    /// <param name="shown">How many of the first rows are wanted whole.</param>
    /// <param name="stop">Asks to give up.</param>
    public static RowInspection Of(string path, DialogueEncoder encoder, int? context, Columns columns, RowKind? kind, int shown, CancellationToken stop = default)
    {
        var (rows, room) = (RowFiles.Read(path, stop), context ?? int.MaxValue - 1);
        return (kind ?? Kinds(rows, columns)) switch
        {
            RowKind.Comparisons => Look(RowKind.Comparisons, rows, RankingShapes.All(), columns, row => Prepare.Fit(row, encoder, room), static (row, i) =>
                row.Answers.Count > 2 ? $"answer {i + 1}" : i == 0 ? "chosen" : "rejected", encoder, shown),
            RowKind.Judgements => Look(RowKind.Judgements, rows, RankingShapes.Single, columns, row => Prepare.Fit(row, encoder, room), static (row, _) =>
                row.Good ? "good" : "bad", encoder, shown),
            RowKind.Prompts => Look(RowKind.Prompts, rows, PromptShapes.All, columns, row => Prepare.Fit(row, encoder, room), static (_, _) => "prompt", encoder, shown),
            _ => Look(RowKind.Conversations, rows, ConversationShapes.All, columns, row => Prepare.Fit(row, encoder, room), static (_, _) => "conversation", encoder, shown),
        };
    }

    // The first row that can be read decides.
    static RowKind Kinds(IEnumerable<Validation<Fault, Row>> rows, Columns columns) => rows.Select(row => row.Bind(columns.Of)).FirstOrDefault(static r => r.IsSuccess)
        .Match(static row => row.Fields.Contains("rejected") || row.Fields.Contains("answers") ? RowKind.Comparisons
            : RankingShapes.Single[0].Fits(row.Fields) ? RowKind.Judgements : PromptShapes.HasNoAnswer(row) ? RowKind.Prompts : RowKind.Conversations, static _ => RowKind.Conversations);

    static RowInspection Look<T>(RowKind kind, IEnumerable<Validation<Fault, Row>> rows, Vec<RowShape<T>> shapes, Columns columns,
        Func<Located<T>, Validation<Fault, Fitted>> fit, Func<T, int, string> name, DialogueEncoder encoder, int shown)
    {
        var (names, first, faults, sum) = (new List<string>(), new List<InspectedRow>(), new List<Fault>(), new RowStatistics(0, 0, 0, 0, 0, 0, 0, 0));
        foreach (var row in RowReader.Each(rows, shapes, columns))
            sum = row.Bind(read =>
            {
                if (!names.Contains(read.Shape)) names.Add(read.Shape);
                return read.Value.Match(value => fit(new(value, read.Where)).Map(fitted =>
                {
                    if (first.Count < shown) first.Add(Of(read.Where, value, fitted, name, encoder));
                    return Plus(sum, fitted);
                }), () => sum with { LeftOut = sum.LeftOut + 1 });
            }).Match(static more => more, wrong =>
            {
                faults.AddRange(wrong.Take(RowReader.FaultsShown - faults.Count));
                return sum with { Faulty = sum.Faulty + 1 };
            });
        if (sum is { Rows: 0, LeftOut: 0, Faulty: 0 }) faults.Add(new("rows", "there are none", $"expected {string.Join("; ", shapes)}"));
        return new(kind, [.. names], [.. first], sum, [.. faults]);
    }

    static RowStatistics Plus(RowStatistics sum, Fitted fitted) => sum with
    {
        Rows = sum.Rows + 1,
        Tokens = sum.Tokens + fitted.Examples.Sum(static e => (long)e.Ids.Count),
        Learned = sum.Learned + fitted.Examples.Sum(static e => (long)e.Learned),
        Longest = Math.Max(sum.Longest, fitted.Whole),
        PromptsCut = sum.PromptsCut + (fitted.Cut == Cut.Prompt ? 1 : 0),
        AnswersCut = sum.AnswersCut + (fitted.Cut == Cut.Answer ? 1 : 0),
    };

    static InspectedRow Of<T>(string where, T value, Fitted fitted, Func<T, int, string> name, DialogueEncoder encoder) => new(where,
        fitted.Examples.Map((example, i) => new InspectedText(name(value, i), Parts(example, encoder), example.Ids.Count, example.Learned)), fitted.Whole, fitted.Cut);

    static Vec<InspectedPart> Parts(Example example, DialogueEncoder encoder)
    {
        var (parts, from) = (new List<InspectedPart>(), 0);
        for (var at = 1; at <= example.Ids.Count; at++)
        {
            if (at < example.Ids.Count && example.Learns[at] == example.Learns[from]) continue;
            parts.Add(new(encoder.Tokenizer.Decode(example.Ids.Span[from..at]), example.Learns[from]));
            from = at;
        }
        return [.. parts];
    }
}
