using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>Something that a model may ask its caller to do.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Description">What it does, for the model to read; may be empty.</param>
/// <param name="Parameters">The JSON schema of its arguments: an object.</param>
public sealed record Tool(string Name, string Description, Json Parameters);

/// <summary>That a model asks for it.</summary>
/// <param name="Name">A tool's name.</param>
/// <param name="Arguments">What its schema accepts.</param>
public sealed record ToolCall(string Name, Json Arguments);

/// <summary>
/// Calls of tools as texts: a call is the JSON object <c>{"name": …, "arguments": {…}}</c> and nothing else, which a schema guarantees, so that any model that
/// writes can call, whatever it has learned. What tools there are stands before the conversation, and what one gave is said by the user.
/// </summary>
public static class ToolCalls
{
    static Json Word(string text) => new Json.Text(text);

    static Json Object(params ReadOnlySpan<(string Name, Json Value)> members) => new Json.Map(Params.Of(members));

    static Json List(params ReadOnlySpan<Json> items) => new Json.List([.. items]);

    /// <summary>The schema of a call of one of some tools; references within a tool's own schema lead where they led.</summary>
    /// <param name="tools">One or more.</param>
    public static Json Schema(Vec<Tool> tools) => Object(("anyOf", new Json.List(tools.Map((tool, i) => Object(
        ("type", Word("object")),
        ("properties", Object(("name", Object(("const", Word(tool.Name)))), ("arguments", JsonSchemas.Moved(tool.Parameters, $"#/anyOf/{i}/properties/arguments")))),
        ("required", List(Word("name"), Word("arguments"))),
        ("additionalProperties", new Json.Bool(false)))))));

    /// <summary>What the system says of them.</summary>
    /// <param name="tools">One or more.</param>
    /// <param name="needed">Whether one must be called.</param>
    public static string Told(Vec<Tool> tools, bool needed) =>
        $"{(needed ? "Call one of these tools" : "You may call one of these tools")}: answer with {{\"name\": its name, \"arguments\": what it needs}} and nothing else.\n"
            + string.Join('\n', tools.Select(static tool => Object(("name", Word(tool.Name)), ("description", Word(tool.Description)), ("parameters", tool.Parameters)).Line()));

    /// <summary>A call as the assistant says it.</summary>
    public static string Said(ToolCall call) => Object(("name", Word(call.Name)), ("arguments", call.Arguments)).Line();

    /// <summary>What a tool gave, as it is told.</summary>
    /// <param name="name">The tool's name; may be empty where nobody knows.</param>
    /// <param name="result">What it gave.</param>
    public static string Result(string name, string result) => name.Length > 0 ? $"{name} gave: {result}" : $"The tool gave: {result}";

    /// <summary>The call that a text is; nothing where it is none of these tools.</summary>
    /// <param name="text">A whole text.</param>
    /// <param name="tools">The tools.</param>
    public static Option<ToolCall> Read(string text, Vec<Tool> tools) => text.StartsWith('{')
        ? Json.Parse(text, "call").ToOption().Bind(json =>
            from name in json["name"].Bind(static n => n is Json.Text { Value: var word } ? Some(word) : None)
            from arguments in json["arguments"].Filter(static a => a is Json.Map)
            where tools.Exists(t => t.Name == name)
            select new ToolCall(name, arguments))
        : None;
}
