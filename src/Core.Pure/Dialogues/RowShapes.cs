using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>Forms of rows, told apart by their columns.</summary>
public static class RowShapes
{
    const int Shown = 12, MostMessages = 1 << 16;

    /// <summary>Every name of a column that a form knows.</summary>
    public static Vec<string> Words { get; } =
    [
        "instruction", "input", "output", "context", "prompt", "question", "completion", "response", "answer", "system", "messages", "conversations",
        "chosen", "rejected", "answers", "margin", "verdict", "label", "choices", "answerKey", "question_stem", "ctx", "endings", "goal", "sol1", "sol2",
    ];

    /// <summary>The form of a row: the first of those that it fits.</summary>
    /// <param name="shapes">The forms.</param>
    /// <param name="row">The row.</param>
    public static Validation<Fault, RowShape<T>> Detect<T>(Vec<RowShape<T>> shapes, Row row) => shapes.FirstOrDefault(s => s.Fits(row.Fields)) is { } shape
        ? Success<Fault, RowShape<T>>(shape)
        : Fault.Of<RowShape<T>>(row.Where, $"fits no form of rows: it has {Listed(row.Fields)}",
            $"allowed: {string.Join("; ", shapes)}; or say which columns are meant, with columns");

    /// <summary>A row in the form that the rows before it have.</summary>
    /// <param name="shapes">All forms.</param>
    /// <param name="shape">The one.</param>
    /// <param name="row">The row.</param>
    public static Validation<Fault, Option<T>> Read<T>(Vec<RowShape<T>> shapes, RowShape<T> shape, Row row) => shape.Fits(row.Fields) ? shape.Read(row)
        : Fault.Of<Option<T>>(row.Where, $"has {Listed(row.Fields)}{(shapes.FirstOrDefault(s => s.Fits(row.Fields)) is { } other ? $", which is {other.Name}" : "")}",
            $"expected {shape}, as in the rows before it");

    internal static string Listed(Params<Json> fields) => fields.Count == 0 ? "no columns"
        : $"{string.Join(", ", fields.Names.Take(Shown))}{(fields.Count > Shown ? $" and {fields.Count - Shown} more" : "")}";

    // A column that is there and not null.
    internal static bool Has(this Params<Json> fields, string name) => fields.Contains(name) && fields[name] is not Json.Null;

    internal static bool HasText(this Params<Json> fields, string name) => fields.Contains(name) && fields[name] is Json.Text;

    internal static bool HasList(this Params<Json> fields, string name) => fields.Contains(name) && fields[name] is Json.List;

    internal static Option<string> First(this Params<Json> fields, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            if (fields.Contains(name)) return name;
        return None;
    }

    // A text that says something.
    internal static Validation<Fault, string> Text(this Row row, string name) => row.Fields[name] switch
    {
        Json.Text { Value: var text } => string.IsNullOrWhiteSpace(text) ? Fault.Of<string>(row.Where, $"its {name} is empty", "expected a text")
            : Success<Fault, string>(text),
        var other => Fault.Of<string>(row.Where, $"its {name} is {other.Kind}", "expected a text"),
    };

    // A text that may be missing, null or empty.
    internal static Validation<Fault, string> Maybe(this Row row, string name) => !row.Fields.Has(name) ? Success<Fault, string>("") : row.Fields[name] switch
    {
        Json.Text { Value: var text } => Success<Fault, string>(string.IsNullOrWhiteSpace(text) ? "" : text),
        var other => Fault.Of<string>(row.Where, $"its {name} is {other.Kind}", "expected a text, or nothing"),
    };

    internal static Vec<Message> With(string system, params ReadOnlySpan<Message> messages) =>
        system.Length == 0 ? [.. messages] : [new(Role.System, system), .. messages];

    // Messages as OpenAI has them (role, content) or as ShareGPT has them (from, value).
    internal static Validation<Fault, Vec<Message>> Messages(this Row row, string name) => row.Fields[name] switch
    {
        Json.List { Items.Count: 0 } => Fault.Of<Vec<Message>>(row.Where, $"its {name} is an empty list", "expected messages"),
        Json.List { Items: { Count: <= MostMessages } items } => items.Select((item, i) => Message(item, row.Where, $"message {i + 1} of {name}")).Gather(),
        Json.List { Items.Count: var count } => Fault.Of<Vec<Message>>(row.Where, $"its {name} has {count} messages", $"allowed: up to {MostMessages}"),
        var other => Fault.Of<Vec<Message>>(row.Where, $"its {name} is {other.Kind}", "expected a list of messages"),
    };

    static Validation<Fault, Message> Message(Json json, string where, string which)
    {
        if (json is not Json.Map { Members: var m }) return Fault.Of<Message>(where, $"its {which} is {json.Kind}", "expected an object with role and content, or from and value");
        var (speaker, text) = m.Contains("role") ? ("role", "content") : m.Contains("from") ? ("from", "value") : ("", "");
        if (speaker.Length == 0 || !m.Contains(text))
            return Fault.Of<Message>(where, $"its {which} has {Listed(m)}", "expected role and content, or from and value");
        return (RoleOf(m[speaker], where, $"{speaker} of {which}"), Content(m[text], where, which), Weight(json, where, which))
            .Apply(static (role, content, learns) => new Message(role, content) { Learns = learns });
    }

    static Validation<Fault, Role> RoleOf(Json json, string where, string which) => json is not Json.Text { Value: var word }
        ? Fault.Of<Role>(where, $"the {which} is {json.Kind}", Roles)
        : word switch
        {
            "system" or "developer" => Success<Fault, Role>(Role.System),
            "user" or "human" => Success<Fault, Role>(Role.User),
            "assistant" or "gpt" or "model" or "bot" or "chatgpt" => Success<Fault, Role>(Role.Assistant),
            _ => Fault.Of<Role>(where, $"the {which} is {word}", Roles),
        };

    const string Roles = "allowed: system, user or human, assistant or gpt";

    // Either a text, or parts of which each is one.
    static Validation<Fault, string> Content(Json json, string where, string which)
    {
        var text = json switch
        {
            Json.Text { Value: var whole } => Success<Fault, string>(whole),
            Json.List { Items: var parts } => parts.Select(part => part is Json.Map && (part["type"].IfNone(new Json.Text("text")), part["text"].IfNone(new Json.Null()))
                is (Json.Text { Value: "text" }, Json.Text { Value: var piece }) ? Success<Fault, string>(piece)
                : Fault.Of<string>(where, $"the content of {which} has a part that is no text", "allowed: parts of type text")).Gather().Map(static pieces => string.Concat(pieces)),
            _ => Fault.Of<string>(where, $"the content of {which} is {json.Kind}", "expected a text, or a list of parts that are texts"),
        };
        return text.Bind(said => string.IsNullOrWhiteSpace(said) ? Fault.Of<string>(where, $"the content of {which} is empty", "expected a text")
            : Success<Fault, string>(said));
    }

    static Validation<Fault, bool> Weight(Json message, string where, string which) => message.Given("weight").Match(
        weight => weight switch
        {
            Json.Whole { Value: 0 } => Success<Fault, bool>(false),
            Json.Whole { Value: 1 } => Success<Fault, bool>(true),
            _ => Fault.Of<bool>(where, $"the weight of {which} is not 0 or 1", "allowed: 0, so that it is not learned, or 1"),
        },
        static () => Success<Fault, bool>(true));
}
