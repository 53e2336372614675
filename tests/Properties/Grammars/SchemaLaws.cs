using System.Text.Json;
using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Grammars;

/// <summary>JSON schemas as constraints: what comes out parses, and the schema accepts it; whatever the tokens, and however little room there is.</summary>
public sealed class SchemaLaws
{
    static Json Parsed(string schema) => Json.Parse(schema, "schema").IfFail(static f => throw new ArgumentException(f.Lines()));

    static string Fault(string schema, Tokenizer? tokenizer = null) =>
        Constraint.Schema(Parsed(schema), TokenTrie.Of(tokenizer ?? ByteTokenizer.Instance)).Match(static _ => "", static faults => faults.Lines());

    // Any schema that is known here, decided by a key.
    static string Schema(Key key, int depth) => key.Below(0, depth == 0 ? 8 : 13) switch
    {
        0 => """{"type":"boolean"}""",
        1 => $$"""{"type":"string","minLength":{{key.Below(1, 3)}},"maxLength":{{3 + key.Below(2, 4)}}}""",
        2 => $$"""{"type":"integer","minimum":{{(key.Below(1, 4000) - 2000) / 7}},"maximum":{{290 + key.Below(2, 4000) / 7}}}""",
        3 => """{"enum":["a\"b",12,null,true,{"x":[1,2]},"é"]}""",
        4 => """{"type":["null","number"],"title":"any"}""",
        5 => """{"type":"string","pattern":"^[a-c]+\\\\?[\"x]$"}""",
        6 => $$"""{"type":"integer","exclusiveMinimum":{{key.Below(1, 50) - 25}}}""",
        7 => """{"const":{"k":"v","n":-1.5}}""",
        8 => $$"""{"type":"array","items":{{Schema(key.FoldIn(1), depth - 1)}},"minItems":{{key.Below(1, 3)}},"maxItems":{{2 + key.Below(2, 2)}}}""",
        9 => $$"""{"anyOf":[{{Schema(key.FoldIn(1), depth - 1)}},{{Schema(key.FoldIn(2), depth - 1)}}]}""",
        10 => """{"type":"object","additionalProperties":{"type":"integer","minimum":0}}""",
        _ => $$"""
            {"type":"object","properties":{"a":{{Schema(key.FoldIn(1), depth - 1)}},"b\"c":{{Schema(key.FoldIn(2), depth - 1)}},"né":{{Schema(key.FoldIn(3), depth - 1)}} },
            "required":[{{(key.Below(1, 2) == 0 ? "\"a\"" : "\"b\\\"c\"")}}],"additionalProperties":false,"description":"d"}
            """,
    };

    [Property(MaxTest = 60)]
    public void What_is_drawn_parses_and_is_accepted(PositiveInt seed, byte kind, byte budget)
    {
        var (key, tokenizer) = (Key.Seed((ulong)seed.Get), AnyVocabulary.Of(kind));
        var schema = Schema(key.FoldIn("schema"), 2);
        var made = Constraint.Schema(Parsed(schema), TokenTrie.Of(tokenizer));
        Assert.True(made.IsSuccess || kind % 4 is 1 or 2, schema);
        if (made.Case is Constraint constraint) Drawn(constraint, schema, tokenizer, 1 + budget, key);
    }

    static bool Drawn(Constraint constraint, string schema, Tokenizer tokenizer, int budget, Key key)
    {
        var (text, ended) = AnyVocabulary.Draw(constraint, tokenizer, budget, key);
        if (!ended) return false;
        using var value = JsonDocument.Parse(text);
        using var words = JsonDocument.Parse(schema);
        Assert.True(SchemaCheck.Accepts(words.RootElement, words.RootElement, value.RootElement), $"{schema}: {text}");
        return true;
    }

    const string Tree = """
        {"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"value":{"type":"integer"},"children":{"type":"array","items":{"$ref":"#/$defs/node"}}},
        "required":["value"]}}}
        """;

    /// <summary>Schemas that refer to themselves, and those that say nothing, end all the same, and are never deeper than a reader reads.</summary>
    [Property(MaxTest = 8)]
    public void Recursive_schemas_end(PositiveInt seed, byte kind)
    {
        foreach (var schema in (string[])[Tree, "{}", "true"])
        {
            var (tokenizer, key) = (AnyVocabulary.Of(kind % 4 == 2 ? 0 : kind), Key.Seed((ulong)seed.Get));
            var constraint = Constraint.Schema(Parsed(schema), TokenTrie.Of(tokenizer)).IfFail(static f => throw new ArgumentException(f.Lines()));
            Assert.True(Drawn(constraint, schema, tokenizer, 120, key));
        }
    }

    /// <summary>As deep as may be and no deeper: a list in a list in a list.</summary>
    [Fact]
    public void Depth_has_an_end()
    {
        var constraint = Constraint.Schema(Parsed("{}"), TokenTrie.Of(ByteTokenizer.Instance)).IfFail(static f => throw new ArgumentException(f.Lines()));
        var (state, depth) = (constraint.Start, 0);
        for (; constraint.Next(state, '[') is > 0 and var next; depth++) state = next;
        Assert.Equal(32, depth);
        Assert.Equal(32, constraint.Shortest(state));
    }

    /// <summary>Every whole number near the bounds, on both sides.</summary>
    [Property(MaxTest = 60)]
    public void Bounds_of_integers_are_exact(short a, short b, bool open, bool wide)
    {
        long low = Math.Min(a, b) / (wide ? 1 : 200), high = Math.Max(a, b) / (wide ? 1 : 200);
        var schema = open ? $$"""{"type":"integer","exclusiveMinimum":{{low - 1}},"exclusiveMaximum":{{high + 1}}}""" : $$"""{"type":"integer","minimum":{{low}},"maximum":{{high}}}""";
        var constraint = Constraint.Schema(Parsed(schema), TokenTrie.Of(ByteTokenizer.Instance)).IfFail(static f => throw new ArgumentException(f.Lines()));
        foreach (var n in new[] { low, high, 0, low / 2, high / 10 }.SelectMany(static x => Enumerable.Range(-11, 23).Select(d => x + d)))
        {
            var state = constraint.Start;
            foreach (var c in n.ToString(System.Globalization.CultureInfo.InvariantCulture)) state = state < 0 ? -1 : constraint.Next(state, c);
            Assert.Equal(n >= low && n <= high, state >= 0 && constraint.Accepts(state));
        }
    }

    [Theory]
    [InlineData("""{"type":"text"}""", "schema.type: is \"text\"; allowed: object, array, string, integer, number, boolean, null")]
    [InlineData("""{"type":"object","properties":{"a":{"format":"date"}}}""", "schema.properties.a.format: is not known; allowed: ")]
    [InlineData("""{"type":"string","minimum":1}""", "schema.minimum: is no word of string")]
    [InlineData("""{"type":"number","maximum":1.5}""", "schema.maximum: is 1.5, and bounds of numbers with a fraction are not known")]
    [InlineData("""{"type":"integer","minimum":3,"maximum":2}""", "schema: is to be from 3 to 2")]
    [InlineData("""{"$ref":"#"}""", "refers to itself with no object or array between")]
    [InlineData("""{"anyOf":[{"type":"null"},{"$ref":"#"}]}""", "refers to itself")]
    [InlineData("""{"$ref":"#/$defs/no"}""", "schema.$ref: is #/$defs/no, where nothing is")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"number"}]}""", "has schemas 0 and 1, which may both hold")]
    [InlineData("""{"type":"object","properties":{"a":true},"required":["b"],"additionalProperties":false}""", "schema.required: names b, which is no property")]
    [InlineData("""{"type":"string","pattern":"a","maxLength":3}""", "schema.pattern: stands beside a length")]
    [InlineData("""{"type":"string","pattern":"a(?=b)"}""", "schema.pattern: looks ahead")]
    [InlineData("""{"type":"string","minLength":4,"maxLength":3}""", "schema.minLength: is 4, above maxLength 3")]
    [InlineData("""{"type":"array","minItems":-1}""", "schema.minItems: is -1")]
    [InlineData("""{"enum":[]}""", "schema.enum: is empty")]
    [InlineData("""{"const":1,"minimum":2}""", "schema.minimum: stands beside const")]
    [InlineData("false", "schema: accepts no value that can be written")]
    [InlineData("[]", "schema: is a list; expected a schema: an object, true or false")]
    [InlineData("""{"$defs":{"n":{"type":"object","properties":{"n":{"$ref":"#/$defs/n"}},"required":["n"]}},"$ref":"#/$defs/n"}""", "accepts no value")]
    [InlineData("""{"type":"object","properties":{"a":3},"required":"a"}""", "schema.required: is no list of names")]
    public void What_is_not_known_is_a_fault(string schema, string fault) => Assert.Contains(fault, Fault(schema), StringComparison.Ordinal);

    [Fact]
    public void All_faults_are_told_at_once() => Assert.Equal(2, Fault("""{"properties":{"a":{"format":"x"},"b":{"type":"y"}}}""").Split('\n').Length);

    [Theory]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"string"},{"const":null}]}""")]
    [InlineData("""{"oneOf":[{"type":"object","properties":{"kind":{"const":"a"}},"required":["kind"]},{"type":"object","properties":{"kind":{"enum":["b"]}},"required":["kind"]}]}""")]
    [InlineData("""{"type":"number","minimum":0}""")]
    [InlineData("""{"type":"array","maxItems":0}""")]
    [InlineData("""{"allOf":[{"type":"null"}]}""")]
    [InlineData("""{"properties":{"a":{"type":"null"}},"required":["b"],"additionalProperties":{"type":"integer"}}""")]
    public void What_is_known_is_accepted(string schema)
    {
        var constraint = Constraint.Schema(Parsed(schema), TokenTrie.Of(ByteTokenizer.Instance)).IfFail(static f => throw new ArgumentException(f.Lines()));
        for (var i = 0; i < 20; i++) Assert.True(Drawn(constraint, schema, ByteTokenizer.Instance, 80, Key.Seed((ulong)i)));
    }

    [Fact]
    public void What_the_vocabulary_cannot_write_is_told() =>
        Assert.Equal("schema: accepts no value that can be written; the vocabulary cannot write U+0078", Fault("""{"const":"ax"}""", CharTokenizer.Train("\"a")));
}
