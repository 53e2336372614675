using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Templates;

/// <summary>
/// What turns conversations into the text that a model was trained on: a tokenizer's templates by name, and the special tokens that they may name, as
/// Hugging Face's <c>tokenizer_config.json</c> has them.
/// </summary>
/// <param name="Named">Templates by name; a tokenizer with one calls it <c>default</c>.</param>
/// <param name="Tokens">The texts of special tokens by name, such as <c>bos_token</c>.</param>
public sealed record ChatTemplates(Params<Template> Named, Params<string> Tokens)
{
    const string Default = "default";
    const string WithTools = "tool_use";

    /// <summary>The templates of a tokenizer, or every fault in them. No template at all is no fault: there are tokenizers without.</summary>
    /// <param name="config">The contents of <c>tokenizer_config.json</c>.</param>
    /// <param name="file">What faults call it.</param>
    /// <param name="beside">The contents of <c>chat_template.jinja</c>, which stands before what the configuration says.</param>
    public static Validation<Fault, ChatTemplates> Read(Json config, string file, Option<string> beside = default)
    {
        if (config is not Json.Map { Members: var members }) return Fault.Of<ChatTemplates>(file, $"is {config.Kind}", "expected an object");
        return beside.Match(text => Template.Parse(text, "chat_template.jinja").Map(static t => Params.Of((Default, t))), () => Written(config, file))
            .Map(named => new ChatTemplates(named, members.Where(static m => m.Name.EndsWith("_token", StringComparison.Ordinal))
                .Select(static m => (m.Name, Text: TokenText(m.Value))).Where(static m => m.Text is not null)
                    .Select(static m => (m.Name, m.Text!)).ToParams()));
    }

    static string? TokenText(Json token) => token switch
    {
        Json.Text t => t.Value,
        Json.Map => token["content"].Match(static c => TokenText(c), static () => null),
        _ => null,
    };

    static Validation<Fault, Params<Template>> Written(Json config, string file)
    {
        var where = $"{file}: chat_template";
        return config.Given("chat_template").Match(
            written => written switch
            {
                Json.Text text => Template.Parse(text.Value, where).Map(static t => Params.Of((Default, t))),
                Json.List list => list.Items.Select((entry, i) => Entry(entry, $"{where}[{i}]", where)).Gather().Bind(all => Different(all, where)),
                _ => Fault.Of<Params<Template>>(where, $"is {written.Kind}", "expected a text, or a list of names and templates"),
            },
            static () => Success<Fault, Params<Template>>(Params<Template>.Empty));
    }

    static Validation<Fault, (string Name, Template Template)> Entry(Json entry, string at, string where) =>
        (entry["name"].IfNone(new Json.Null()), entry["template"].IfNone(new Json.Null())) is (Json.Text name, Json.Text text)
            ? Template.Parse(text.Value, $"{where} '{name.Value}'").Map(t => (name.Value, t))
            : Fault.Of<(string, Template)>(at, "has no name or no template", "expected an object of two texts, name and template");

    static Validation<Fault, Params<Template>> Different(Vec<(string Name, Template Template)> all, string where) =>
        all.GroupBy(static e => e.Name).FirstOrDefault(static g => g.Count() > 1) is { Key: var twice }
            ? Fault.Of<Params<Template>>(where, $"names '{twice}' twice", "allowed: once")
            : Success<Fault, Params<Template>>(all.ToParams());

    /// <summary>The template of that name; without one, that for tools where there are any and it exists, else the default.</summary>
    public Validation<Fault, Template> Choose(Option<string> name, bool tools)
    {
        var wanted = name.IfNone(tools && Named.Contains(WithTools) ? WithTools : Default);
        return Named.Contains(wanted) ? Success<Fault, Template>(Named[wanted])
            : Fault.Of<Template>("chat_template", Named.Count == 0 ? "is missing: this tokenizer has none" : $"has none that is called '{wanted}'",
                Named.Count == 0 ? "expected a chat_template in tokenizer_config.json, or chat_template.jinja" : $"allowed: {string.Join(", ", Named.Names)}");
    }

    /// <summary>The text of a conversation, or why there is none.</summary>
    /// <param name="messages">Objects with <c>role</c> and <c>content</c>, in order.</param>
    /// <param name="prompt">Whether the text ends where the assistant is to write.</param>
    /// <param name="tools">What the assistant may call, as JSON schemas.</param>
    /// <param name="more">Other names for the template, such as <c>enable_thinking</c>; they stand before special tokens.</param>
    /// <param name="now">The time, for templates that tell it.</param>
    /// <param name="name">Which template; without it, as <see cref="Choose"/> says.</param>
    /// <param name="limits">How much the template may do.</param>
    public Validation<Fault, Rendering> Render(
        Vec<Json> messages, bool prompt, Option<Json> tools = default, Params<Json>? more = null, Option<DateTime> now = default, Option<string> name = default,
        TemplateLimits? limits = null) =>
        Choose(name, tools.IsSome).Bind(template =>
        {
            // Absent tools and documents are none rather than undefined, which templates tell apart.
            (string Name, Json Value)[] given =
            [
                ("messages", new Json.List(messages)), ("tools", tools.IfNone(new Json.Null())), ("documents", new Json.Null()),
                ("add_generation_prompt", new Json.Bool(prompt)), .. more ?? Params<Json>.Empty,
            ];
            return template.Render([.. Tokens.Select(static t => (t.Name, Value: (Json)new Json.Text(t.Value))), .. given], now, limits);
        });
}
