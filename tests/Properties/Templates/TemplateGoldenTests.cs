using System.Text.Json;
using Functional.Testing;
using LanguageExt;
using Xunit;
using static LanguageExt.Prelude;

namespace Functional.Tests.Properties.Templates;

/// <summary>What Jinja itself makes of expressions and statements, and what transformers makes of conversations.</summary>
public sealed class TemplateGoldenTests
{
    static string Read(string file) => File.ReadAllText(Path.Combine(SourceTree.Root, "tests", "Properties", "Templates", file));

    static Json Parsed(string file) => Json.Parse(Read(file), file).IfFail(f => throw new InvalidOperationException(f.Lines()));

    static readonly Vec<(string, Json)> names = [.. ((Json.Map)((Json.Map)Parsed("jinja.json")).Members["names"]).Members];

    public static TheoryData<string, string?> Cases
    {
        get
        {
            var data = new TheoryData<string, string?>();
            using var file = JsonDocument.Parse(Read("jinja.json"));
            foreach (var c in file.RootElement.GetProperty("cases").EnumerateArray()) data.Add(c[0].GetString()!, c.GetArrayLength() > 1 ? c[1].GetString()
                : null);
            return data;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Renders_as_Jinja_does_and_refuses_what_Jinja_refuses(string template, string? text) =>
        Assert.Equal(text ?? "refused", Template.Parse(template).Bind(t => t.Render(names, Some(new DateTime(2026, 3, 5, 14, 7, 9)))).Match(static r =>
            r.Text, static _ => "refused"));

    /// <summary>In words of our own, but with the features of the published one: what it says and what transformers made with that must be the same.</summary>
    const string Llama3 = """
        {%- for turn in messages %}
            {%- set start = '<|start_header_id|>' + turn.role + '<|end_header_id|>\n\n' %}
            {{- (bos_token if loop.first else '') + start + turn['content'] | trim + '<|eot_id|>' }}
        {%- endfor %}
        {{- '<|start_header_id|>' ~ 'assistant' ~ '<|end_header_id|>' }}{{ '\n\n' }}
        """;

    [Fact]
    public void Llama_3_conversations_come_out_as_in_transformers()
    {
        var golden = (Json.Map)Parsed("llama3.json");
        var conversations = ((Json.Map)((Json.Map)Parsed("conversations.json")).Members["conversations"]).Members;
        var config = new Json.Map(Params.Of<Json>(("bos_token", golden.Members["bos_token"]), ("chat_template", new Json.Text(Llama3)),
            ("add_bos_token", new Json.Bool(true))));
        var templates = ChatTemplates.Read(config, "tokenizer_config.json").IfFail(f => throw new InvalidOperationException(f.Lines()));
        Assert.Equal("<|begin_of_text|>", templates.Tokens["bos_token"]);
        _ = Assert.Single(templates.Tokens);
        foreach (var c in ((Json.List)golden.Members["cases"]).Items)
        {
            var messages = ((Json.List)conversations[((Json.Text)((Json.Map)c).Members["conversation"]).Value]).Items;
            var prompt = ((Json.Bool)((Json.Map)c).Members["add_generation_prompt"]).Value;
            Assert.Equal(((Json.Text)((Json.Map)c).Members["text"]).Value, templates.Render(messages, prompt).Match(static r => r.Text, static f => f.Lines()));
        }
    }
}
