using System.Text;
using Functional.Base;
using Functional.Dialogues;
using Functional.Files;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>Questions that somebody typed or sent: a line each, or rows in JSON.</summary>
public static class QuestionText
{
    /// <summary>The most questions of a text, and the most characters of one.</summary>
    public const int Most = 2000, MostText = 1 << 16;

    /// <summary>
    /// The questions, each once. A text that begins with a brace or a bracket is JSON: objects in a list or one after the other, of the forms of <see cref="PromptShapes"/>;
    /// of any other each line asks. Faults name the line or row.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <param name="name">What faults call it.</param>
    public static Validation<Fault, Vec<Vec<Message>>> Read(string text, string name) =>
        from read in text.AsSpan().TrimStart() is ['{' or '[', ..] ? Rows(text, name) : Success<Fault, Vec<Vec<Message>>>(Lines(text))
        let each = read.Distinct().ToVec()
        from some in Fault.Unless(each.Count is > 0 and <= Most, name, $"are {each.Count}", $"expected 1 to {Most}: a line each, or rows of JSON with a prompt")
        from fit in each.Select((q, i) => Fault.Unless(q.Sum(static m => m.Whole.Length) <= MostText, $"{name}, question {i + 1}", "is too long", $"allowed: {MostText} characters")).Gather()
        select each;

    static Vec<Vec<Message>> Lines(string text) => [.. text.Split('\n').Select(static line => line.Trim()).Where(static line => line.Length > 0)
        .Select(static line => (Vec<Message>)[new(Role.User, line)])];

    static Validation<Fault, Vec<Vec<Message>>> Rows(string text, string name) =>
        RowReader.Read(JsonRows.Values(new ByteFeed(new MemoryStream(Encoding.UTF8.GetBytes(text))), name), PromptShapes.All, Columns.AsTheyAre, name)
            .Map(static read => read.Rows.Map(static r => r.Value));
}
