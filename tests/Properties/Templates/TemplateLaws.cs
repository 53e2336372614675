using System.Text;
using Functional.Testing;
using Functional.Tests.Properties.Text;
using LanguageExt;
using Xunit;
using static LanguageExt.Prelude;

namespace Functional.Tests.Properties.Templates;

/// <summary>Laws of templates over generated texts, values and conversations.</summary>
public sealed class TemplateLaws
{
    static Validation<Fault, Rendering> Render(string template, params (string, Json)[] names) => Template.Parse(template, "t").Bind(t => t.Render([.. names]));

    static string Text(string template, params (string, Json)[] names) => Render(template, names).Match(static r => r.Text, static f => "FAULT " + f.Lines());

    static Json Of(string text) => new Json.Text(text);

    /// <summary>A JSON value from numbers, never deep.</summary>
    static Json Any(int[] numbers)
    {
        var at = 0;
        int Next(int below) => at < numbers.Length ? (int)((uint)numbers[at++] % (uint)below) : 0;
        Json Make(int depth) => Next(depth > 3 ? 5 : 7) switch
        {
            0 => new Json.Null(),
            1 => new Json.Bool(Next(2) == 1),
            2 => new Json.Whole(Next(int.MaxValue) - 1000L),
            3 => new Json.Real((Next(20001) - 10000) / 64.0),
            4 => Of(Word()),
            5 => new Json.List([.. Enumerable.Range(0, Next(4)).Select(_ => Make(depth + 1))]),
            _ => new Json.Map(Enumerable.Range(0, Next(4)).Select(i => ($"{Word()}{i}", Make(depth + 1))).ToParams()),
        };
        string Word() => string.Concat(Enumerable.Range(0, Next(6)).Select(_ => char.ConvertFromUtf32(Next(3) switch { 0 => 32 + Next(95), 1 => Next(32),
            _ => 0x1F300 + Next(200) })));
        return Make(0);
    }

    [Property]
    public bool A_text_without_tags_is_itself(int[] numbers)
    {
        var text = Texts.Of(numbers).Replace("{", "(", StringComparison.Ordinal);
        var ends = text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        return Text(text) == (ends.EndsWith('\n') ? ends[..^1] : ends);
    }

    [Property]
    public bool What_is_printed_is_the_text_whatever_stands_in_it(int[] numbers) => Text("[{{ x }}]", ("x", Of(Texts.Of(numbers)))) == $"[{Texts.Of(numbers)}]";

    [Property]
    public bool Tojson_is_read_back_as_the_same_value(int[] numbers)
    {
        var value = Any(numbers);
        return ((string[])["{{ x|tojson }}", "{{ x|tojson(indent=3) }}", "{{ x|tojson(separators=(',', ':')) }}"])
            .All(t => Json.Parse(Text(t, ("x", value)), "x") == Success<Fault, Json>(value));
    }

    [Property]
    public bool Written_JSON_is_read_back_as_the_same_value(int[] numbers) => Any(numbers) is var value && Json.Parse(value.Write(), "x") == Success<Fault,
        Json>(value);

    [Property]
    public bool Slices_are_those_of_a_list_by_hand(sbyte from, sbyte to, sbyte step, byte count)
    {
        var (n, by) = (count % 9, step == 0 ? 1 : step % 4 == 0 ? 1 : step % 4);
        int At(int i) => i < 0 ? i + n : i;
        var (first, last) = (At(from % 12), At(to % 12));
        var picked = Enumerable.Range(0, n).Where(i => by > 0 ? i >= first && i < last && (i - Math.Max(first, 0)) % by == 0
            : i <= first && i > Math.Max(last, -1) && (Math.Min(first, n - 1) - i) % -by == 0);
        var expected = string.Join(",", by > 0 ? picked : picked.Reverse());
        var list = new Json.List([.. Enumerable.Range(0, n).Select(static i => (Json)new Json.Whole(i))]);
        return Text($"{{{{ x[{from % 12}:{to % 12}:{by}]|join(',') }}}}", ("x", list)) == expected;
    }

    [Property]
    public bool Strings_are_counted_in_code_points(int[] numbers)
    {
        var runes = Texts.Of(numbers).EnumerateRunes().ToArray();
        var text = string.Concat(runes.Select(static r => r.ToString()));
        return Text("{{ x|length }}|{{ x[::-1] }}|{{ x[1:] }}", ("x", Of(text)))
            == $"{runes.Length}|{string.Concat(runes.Reverse().Select(static r => r.ToString()))}|{string.Concat(runes.Skip(1).Select(static r => r.ToString()))}";
    }

    [Property]
    public bool Generated_spans_cut_out_what_the_assistant_wrote(int[][] turns)
    {
        var said = (turns ?? []).Select(static t => Texts.Of(t ?? [])).ToArray();
        var messages = new Json.List([.. said.Select(static (t, i) => (Json)new Json.Map(Params.Of<Json>(("role", Of(i % 2 == 0 ? "user" : "assistant")),
            ("content", Of(t)))))]);
        const string Turns = "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}";
        return Render(Turns, ("messages", messages)).Match(
            r => r.Text == string.Concat(said.Select(static (t, i) => (i % 2 == 0 ? "<user>" : "<assistant>") + t))
                && r.Generated.Select(g => r.Text[g.Start..g.End]).SequenceEqual(said.Where(static (_, i) => i % 2 == 1)),
            static _ => false);
    }

    static readonly string[] pieces =
    [
        "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", " if ", " for ", " x ", " in ", " set ", " endif ", " endfor ", " else ", "(", ")", "[", "]", "{", "}",
            "'", "\"", "1", ".", ",",
        "|", "trim", "~", "=", "==", " is ", " not ", "none", " macro ", "endmacro", "\n", " ", "\\", "raw", "endraw", "generation", "*", "**", "/", "%",
            ":", "range", "namespace", "loop", "x.x", "é",
    ];

    /// <summary>Whatever stands in a template or a value, the outcome is a text or a fault.</summary>
    [Property(MaxTest = 2000)]
    public bool Nothing_that_a_stranger_writes_throws(byte[] picks, int[] value)
    {
        var text = string.Concat(picks.Select(static p => pieces[p % pieces.Length]));
        _ = Render("{{" + text, ("x", Any(value)));
        return Render(text, ("x", Any(value))).Match(static r => r.Text is not null, static f => f.Count == 1 && f.Head().Where.StartsWith("t, line ",
            StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", "steps")]
    [InlineData("{% for i in range(1000000000) %}{% endfor %}", "characters or items")]
    [InlineData("{% set ns = namespace(x='abcdefgh') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}", "characters or items")]
    [InlineData("{{ 'ab' * 1000000000 }}", "characters or items")]
    [InlineData("{{ [1] * 1000000000 }}", "characters or items")]
    [InlineData("{{ ('a' * 100000).replace('a', 'b' * 100000) }}", "characters or items")]
    [InlineData("{{ ('\n' * 100000)|indent('x' * 10000, true, true) }}", "characters or items")]
    [InlineData("{{ '1'.zfill(100000000) }}", "characters or items")]
    [InlineData("{% for i in range(100) %}{{ 'a' * 1000000 }}{% endfor %}", "characters")]
    [InlineData("{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}", "deep")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "64 bits")]
    [InlineData("{{ 2 ** 9999999999 }}", "64 bits")]
    [InlineData("{{ (0 - 9223372036854775807 - 1) // -1 }}", "64 bits")]
    public void What_is_too_much_is_stopped(string template, string why) => Assert.Contains(why, Text(template), StringComparison.Ordinal);

    [Fact]
    public void What_is_nested_too_deep_is_refused_where_it_is_read()
    {
        static string Many(string what) => string.Concat(Enumerable.Repeat(what, 9000));
        foreach (var deep in (string[])[$"{Many("(")}1{Many(")")}", $"{Many("[")}1{Many("]")}", $"{Many("{1:")}1{Many("}")}", $"{Many("not ")}1",
            $"{Many("-")}1", $"{Many("1 if 1 else ")}1"])
            Assert.Contains("deep", Text($"{{{{ {deep} }}}}"), StringComparison.Ordinal);
        foreach (var deep in (string[])[Many("{% if 1 %}"), Many("{% for x in 'a' %}"), Many("{% set x %}")])
            Assert.Contains("deep", Text(deep), StringComparison.Ordinal);
        Assert.Contains("deep", Text($"{{{{ 1{string.Concat(Enumerable.Repeat(" + 1", 9000))} }}}}"), StringComparison.Ordinal);
        Assert.Equal("31", Text($"{{{{ 1{string.Concat(Enumerable.Repeat(" + 1", 30))} }}}}"));
    }

    [Theory]
    [InlineData("ab\n  {{ x | foo }}", "t, line 2, column 10", "the filter 'foo' is not supported")]
    [InlineData("{% if x is foo %}{% endif %}", "t, line 1, column 12", "the test 'foo' is not supported")]
    [InlineData("\n\n{% include 'x' %}", "t, line 3, column 4", "the statement 'include' is not supported")]
    [InlineData("{% if x %}\nabc", "t, line 1, column 4", "'if' is not closed")]
    [InlineData("{{ x.y.z }}", "t, line 1, column 5", "'x', which is undefined, has no member 'y'")]
    [InlineData("a\n{{ raise_exception('Roles must alternate') }}", "t, line 2, column 19", "Roles must alternate")]
    [InlineData("{{ 'a' + 1 }}", "t, line 1, column 8", "a string + a number has no value")]
    [InlineData("{{ [1].append(2) }}", "t, line 1, column 14", "append would change a list")]
    [InlineData("{{ strftime_now('%Y') }}", "t, line 1, column 16", "the time is asked for, but not known")]
    [InlineData("{% macro m() %}{% generation %}x{% endgeneration %}{% endmacro %}{{ m() }}", "t, line 1, column 19", "generation stands inside")]
    public void A_fault_says_where_and_what(string template, string where, string what)
    {
        var fault = Render(template).Match(static _ => throw new InvalidOperationException(), static f => f.Head());
        Assert.Equal(where, fault.Where);
        Assert.StartsWith(what, fault.What, StringComparison.Ordinal);
    }

    static Json Config(string json) => Json.Parse(json, "c").IfFail(f => throw new InvalidOperationException(f.Lines()));

    static string Rendered(string config, Option<Json> tools = default, Option<string> name = default, Option<string> beside = default, Params<Json>? more =
        null) =>
        ChatTemplates.Read(Config(config), "c", beside)
            .Bind(t => t.Render([Config("""{"role": "user", "content": "hi"}""")], true, tools, more, name: name)).Match(static r => r.Text, static f => f.Lines());

    [Fact]
    public void Templates_are_chosen_by_name_and_by_tools()
    {
        const string Both = """{"chat_template": [{"name": "default", "template": "D{{ tools is none }}"}, {"name": "tool_use", "template": "T{{ tools|length }}"}, {"name": "rag", "template": "R"}]}""";
        Assert.Equal("DTrue", Rendered(Both));
        Assert.Equal("T1", Rendered(Both, tools: Config("[{}]")));
        Assert.Equal("R", Rendered(Both, tools: Config("[{}]"), name: "rag"));
        Assert.Equal("chat_template: has none that is called 'x'; allowed: default, tool_use, rag", Rendered(Both, name: "x"));
        Assert.Equal("B", Rendered(Both, beside: "B"));
        Assert.Equal("chat_template: is missing: this tokenizer has none; expected a chat_template in tokenizer_config.json, or chat_template.jinja",
            Rendered("{}"));
        Assert.Equal("chat_template: has none that is called 'default'; allowed: rag", Rendered("""{"chat_template": [{"name": "rag", "template": "R"}]}"""));
    }

    [Theory, InlineData(true, "True"), InlineData(false, "False")]
    public void Whether_the_assistant_is_to_write_is_what_was_asked_for(bool prompt, string text) => Assert.Equal(text,
        ChatTemplates.Read(Config("""{"chat_template": "{{ add_generation_prompt }}"}"""), "c").Bind(t => t.Render([], prompt)).Match(static r => r.Text, static f => f.Lines()));

    [Fact]
    public void Special_tokens_are_texts_objects_or_null()
    {
        const string Tokens = """{"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>", "unk_token": null, "add_bos_token": true, "chat_template": "{{ bos_token }}{{ eos_token }}{{ unk_token is defined }}{{ add_bos_token is defined }}{{ x }}"}""";
        Assert.Equal("<s></s>FalseFalse", Rendered(Tokens));
        Assert.Equal("<s>!FalseFalse7", Rendered(Tokens, more: Params.Of<Json>(("eos_token", Of("!")), ("x", new Json.Whole(7)))));
    }

    [Theory]
    [InlineData("""{"chat_template": 3}""", "c: chat_template: is a whole number; expected a text, or a list of names and templates")]
    [InlineData("""{"chat_template": [{"name": "a"}]}""", "c: chat_template[0]: has no name or no template; expected an object of two texts, name and template")]
    [InlineData("""{"chat_template": [{"name": "a", "template": ""}, {"name": "a", "template": ""}]}""", "c: chat_template: names 'a' twice; allowed: once")]
    [InlineData("""{"chat_template": [{"name": "a", "template": "{{"}, {"name": "b", "template": "{% x %}"}]}""",
        "c: chat_template 'a', line 1, column 1: the expression is not closed; expected }}\nc: chat_template 'b', line 1, column 4: the statement 'x' is not supported; allowed: if, for, set, macro, filter, generation, break, continue, raw")]
    [InlineData("[]", "c: is a list; expected an object")]
    public void Every_fault_of_a_configuration_is_told(string config, string faults) => Assert.Equal(faults, Rendered(config));

    [Theory]
    [InlineData("""{"a": 1, "a": 2}""", "x: a: is there twice; allowed: once")]
    [InlineData("""{"a": [1, 99999999999999999999]}""", "x: a[1]: is a whole number of more than 64 bits; allowed: -9223372036854775808 to 9223372036854775807")]
    [InlineData("1e999", "x: is 1e999; allowed: up to 1.7976931348623157E+308 in size")]
    [InlineData("{\n,", "x, line 2: is not JSON; expected one value, at most 64 deep")]
    [InlineData("\"\\ud800\"", "x: holds half a surrogate pair; allowed: Unicode text")]
    [InlineData("{\"\\ud800\": 1}", "x: holds half a surrogate pair; allowed: Unicode text")]
    public void JSON_that_cannot_be_held_is_a_fault(string text, string fault) => Assert.Equal(fault, Json.Parse(text, "x").Match(static _ => "", static f =>
        f.Lines()));

    [Fact]
    public void JSON_too_deep_is_a_fault() =>
        Assert.Contains("64 deep", Json.Parse(new string('[', 100000), "x").Match(static _ => "", static f => f.Lines()), StringComparison.Ordinal);
}
