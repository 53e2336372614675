using System.Globalization;
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
            foreach (var c in n.ToString(CultureInfo.InvariantCulture)) state = state < 0 ? -1 : constraint.Next(state, c);
            Assert.Equal(n >= low && n <= high, state >= 0 && constraint.Accepts(state));
        }
    }

    /// <summary>Of numbers with fractions, too: whatever is written is within, and what is within and has few digits can be written.</summary>
    [Property(MaxTest = 60)]
    public void Bounds_of_numbers_are_exact(short a, short b, byte scale, bool openLow, bool openHigh, byte which)
    {
        var unit = (decimal)Math.Pow(10, scale % 5);
        decimal low = Math.Min(a, b) / unit, high = Math.Max(a, b) / unit;
        if (low == high && (openLow || openHigh)) return;
        var (lower, upper) = (which % 3 != 1, which % 3 != 2);
        string[] words = [lower ? $"\"{(openLow ? "exclusiveMinimum" : "minimum")}\":{low.ToString(CultureInfo.InvariantCulture)}" : "\"title\":\"\"",
            upper ? $"\"{(openHigh ? "exclusiveMaximum" : "maximum")}\":{high.ToString(CultureInfo.InvariantCulture)}" : "\"title\":\"\""];
        var constraint = Constraint.Schema(Parsed($$"""{"type":"number",{{words[0]}},{{words[1].Replace("title", "$comment", StringComparison.Ordinal)}}}"""), TokenTrie.Of(ByteTokenizer.Instance))
            .IfFail(static f => throw new ArgumentException(f.Lines()));
        foreach (var n in new[] { low, high, 0, low / 2, high / 10, decimal.Truncate(low), decimal.Truncate(high) }.SelectMany(x => Enumerable.Range(-11, 23).SelectMany(d =>
            (decimal[])[Math.Round(x, 6) + d / unit, Math.Round(x, 6) + d, Math.Round(x, 6) + d * 0.000001m])))
        {
            var (state, within) = (constraint.Start, (!lower || (openLow ? n > low : n >= low)) && (!upper || (openHigh ? n < high : n <= high)));
            var text = n == 0 ? "0" : n.ToString("0.##########", CultureInfo.InvariantCulture);
            foreach (var c in text) state = state < 0 ? -1 : constraint.Next(state, c);
            Assert.True(within == (state >= 0 && constraint.Accepts(state)), $"{text} in {words[0]}, {words[1]}");
            // Zeros behind it are the same number.
            if (n.Scale > 3 && n != Math.Round(n, 3)) continue;
            foreach (var c in text.Contains('.', StringComparison.Ordinal) ? "0" : ".00") state = state < 0 ? -1 : constraint.Next(state, c);
            Assert.True(within == (state >= 0 && constraint.Accepts(state)), $"{text} and zeros in {words[0]}, {words[1]}");
        }
        for (var i = 0; i < 4; i++)
        {
            var (text, ended) = AnyVocabulary.Draw(constraint, ByteTokenizer.Instance, 40, Key.Seed((ulong)(i + a)));
            if (!ended) continue;
            var n = double.Parse(text, CultureInfo.InvariantCulture);
            Assert.True((!lower || (openLow ? n > (double)low : n >= (double)low)) && (!upper || (openHigh ? n < (double)high : n <= (double)high)), $"{text} in {words[0]}, {words[1]}");
        }
    }

    /// <summary>Of a bound and an exclusive one beside it the narrower counts, and of the same the exclusive one.</summary>
    [Theory]
    [InlineData("\"minimum\":2,\"exclusiveMinimum\":3", "3.1;4", "2;2.5;3"), InlineData("\"minimum\":3,\"exclusiveMinimum\":2", "3;3.0", "2.5;2"), InlineData("\"minimum\":2,\"exclusiveMinimum\":2", "2.1", "2;2.0")]
    [InlineData("\"maximum\":3,\"exclusiveMaximum\":2", "1.9", "2;3"), InlineData("\"maximum\":2,\"exclusiveMaximum\":3", "2;2.0", "2.5;3"), InlineData("\"maximum\":2,\"exclusiveMaximum\":2", "1.9", "2;2.0")]
    public void The_narrower_bound_counts(string bounds, string right, string wrong)
    {
        var constraint = Constraint.Schema(Parsed($$"""{"type":"number",{{bounds}}}"""), TokenTrie.Of(ByteTokenizer.Instance)).IfFail(static f => throw new ArgumentException(f.Lines()));
        bool Fits(string text) => text.Aggregate(constraint.Start, (state, c) => state < 0 ? -1 : constraint.Next(state, c)) is >= 0 and var end && constraint.Accepts(end);
        Assert.All(right.Split(';'), text => Assert.True(Fits(text), text));
        Assert.All(wrong.Split(';'), text => Assert.False(Fits(text), text));
    }

    /// <summary>Items of places, as many as there may be.</summary>
    [Theory]
    [InlineData("""{"type":"array","prefixItems":[{"type":"integer"},{"const":"a"}]}""", "[];[1];[1,\"a\"];[1, \"a\",null]", "[\"a\"];[1,2]")]
    [InlineData("""{"type":"array","prefixItems":[{"type":"integer"},{"const":"a"}],"items":false}""", "[];[1];[1,\"a\"]", "[1,\"a\",2]")]
    [InlineData("""{"type":"array","prefixItems":[{"type":"integer"},{"const":"a"}],"items":{"type":"null"},"minItems":2,"maxItems":3}""", "[1,\"a\"];[1,\"a\",null]", "[1];[1,\"a\",null,null];[1,\"a\",1]")]
    [InlineData("""{"type":"array","items":{"const":1},"minItems":3}""", "[1,1,1];[1,1,1,1]", "[];[1];[1,1]")]
    [InlineData("""{"type":"array","prefixItems":[{"const":"a"}],"items":{"const":1},"minItems":3,"maxItems":4}""", "[\"a\",1,1];[\"a\",1,1,1]", "[\"a\"];[\"a\",1];[\"a\",1,1,1,1]")]
    [InlineData("""{"type":"array","prefixItems":[{"type":"integer"},{"const":"a"}],"maxItems":1}""", "[];[1]", "[1,\"a\"]")]
    [InlineData("""{"type":"array","items":{"type":"null"},"minItems":1,"maxItems":2}""", "[null];[null,null]", "[];[null,null,null]")]
    [InlineData("""{"pattern":"^\\d$"}""", "\"7\"", "\"\u0663\"")]
    [InlineData("""{"pattern":"^\\w$"}""", "\"7\";\"_\"", "\"\u00e9\"")]
    [InlineData("""{"pattern":"^\\s$"}""", "\" \";\"\u00a0\";\"\ufeff\"", "\"\u0085\"")]
    [InlineData("""{"format":"date"}""", "\"2024-02-28\";\"1999-12-31\"", "\"2024-02-30\";\"2024-13-01\";\"2024-04-31\"")]
    [InlineData("""{"format":"date-time"}""", "\"2024-02-28T23:59:59Z\";\"1999-12-31T00:00:00.5+01:30\"", "\"2024-02-28 23:59:59Z\";\"2024-02-28T24:00:00Z\"")]
    [InlineData("""{"format":"ipv4"}""", "\"0.10.255.199\"", "\"256.1.1.1\";\"01.1.1.1\";\"1.1.1\"")]
    [InlineData("""{"format":"uuid"}""", "\"123e4567-e89b-12d3-a456-426614174000\"", "\"123e4567e89b12d3a456426614174000\"")]
    [InlineData("""{"format":"email"}""", "\"a.b+c@example.com\"", "\"a@b\";\"a b@c.de\";\".a@c.de\"")]
    [InlineData("""{"format":"uri"}""", "\"https://example.com/a/b\"", "\"example.com\";\"https:// a.b\"")]
    public void Values_are_written_or_not(string schema, string right, string wrong)
    {
        var constraint = Constraint.Schema(Parsed(schema), TokenTrie.Of(ByteTokenizer.Instance)).IfFail(static f => throw new ArgumentException(f.Lines()));
        bool Accepts(string text)
        {
            var state = constraint.Start;
            foreach (var value in System.Text.Encoding.UTF8.GetBytes(text)) state = state < 0 ? -1 : constraint.Next(state, value);
            return state >= 0 && constraint.Accepts(state);
        }
        Assert.All(right.Split(';'), text => Assert.True(Accepts(text), text));
        Assert.All(wrong.Split(';'), text => Assert.False(Accepts(text), text));
    }

    /// <summary>Values that begin alike are each written and no other: of any length, with signs beyond the first plane and without.</summary>
    [Property(MaxTest = 40)]
    public void Enums_are_their_values(NonEmptyString a, NonEmptyString b, PositiveInt cut, bool stacked)
    {
        string[] begin = stacked ? ["😀", "😁", "😀a", "a😀", "a😁"] : ["", "a", "aa", a.Get[..Math.Min(a.Get.Length, cut.Get)]];
        var texts = begin.Select(text => JsonSerializer.Serialize(text + b.Get)).Append(JsonSerializer.Serialize(a.Get)).Distinct().Select(static t => Parsed(t).Line()).ToArray();
        var constraint = Constraint.Schema(Parsed($$"""{"enum":[{{string.Join(',', texts)}}]}"""), TokenTrie.Of(ByteTokenizer.Instance)).IfFail(static f => throw new ArgumentException(f.Lines()));
        bool Accepts(string text)
        {
            var state = constraint.Start;
            foreach (var value in System.Text.Encoding.UTF8.GetBytes(text)) state = state < 0 ? -1 : constraint.Next(state, value);
            return state >= 0 && constraint.Accepts(state);
        }
        Assert.All(texts, text => Assert.True(Accepts(text), text));
        Assert.All(texts.Select(static t => t[..^1]).Concat(texts.Select(static t => $"{t[..^1]}x\"")).Except(texts), text => Assert.False(Accepts(text), text));
    }

    /// <summary>Long values that begin alike end no process.</summary>
    [Fact]
    public void Long_values_are_no_deeper_than_short_ones()
    {
        var begin = new string('a', 200_000);
        Assert.True(Constraint.Schema(Parsed($$"""{"enum":["{{begin}}x","{{begin}}y","{{begin}}"]}"""), TokenTrie.Of(ByteTokenizer.Instance)).IsSuccess);
    }

    /// <summary>What a format allows is read by those who read such texts.</summary>
    [Fact]
    public void Formats_are_read_by_others()
    {
        (string Format, Func<string, bool> Reads)[] readers =
        [
            ("date", static t => DateOnly.TryParseExact(t, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _)), ("date-time", static t => DateTimeOffset.TryParse(t, CultureInfo.InvariantCulture, out _)
                || t[^6..].CompareTo("+14:00") > 0 || t[^6] == '-'),
            ("time", static t => TimeOnly.TryParse(t[..8], CultureInfo.InvariantCulture, out _)), ("ipv4", static t => System.Net.IPAddress.TryParse(t, out var ip) && ip.ToString() == t),
            ("uuid", static t => Guid.TryParseExact(t, "D", out _)), ("email", static t => System.Net.Mail.MailAddress.TryCreate(t, out var mail) && mail.Address == t),
            ("hostname", static t => Uri.CheckHostName(t) == UriHostNameType.Dns), ("uri", static t => Uri.TryCreate(t, UriKind.Absolute, out _)),
        ];
        foreach (var (format, reads) in readers)
        {
            var constraint = Constraint.Schema(Parsed($$"""{"format":"{{format}}"}"""), TokenTrie.Of(ByteTokenizer.Instance)).IfFail(static f => throw new ArgumentException(f.Lines()));
            for (var i = 0; i < 20; i++)
                if (AnyVocabulary.Draw(constraint, ByteTokenizer.Instance, 60, Key.Seed((ulong)i)) is (var text, true))
                    Assert.True(reads(JsonDocument.Parse(text).RootElement.GetString()!), text);
        }
    }

    [Theory]
    [InlineData("""{"type":"text"}""", "schema.type: is \"text\"; allowed: object, array, string, integer, number, boolean, null")]
    [InlineData("""{"type":"object","properties":{"a":{"contentEncoding":"x"}}}""", "schema.properties.a.contentEncoding: is not known; allowed: ")]
    [InlineData("""{"format":"duration"}""", "schema.format: is duration; allowed: date, time, date-time, ")]
    [InlineData("""{"format":"date","pattern":"a"}""", "schema.pattern: stands beside a format")]
    [InlineData("""{"format":"date","maxLength":3}""", "schema.format: stands beside a length")]
    [InlineData("""{"type":"array","prefixItems":{}}""", "schema.prefixItems: is an object")]
    [InlineData("""{"type":"array","prefixItems":[true,3]}""", "schema.prefixItems[1]: is a whole number")]
    [InlineData("""{"type":"string","minimum":1}""", "schema.minimum: is no word of string")]
    [InlineData("""{"type":"number","maximum":1.23456789012}""", "schema.maximum: is 1.23456789012; allowed: a number of up to 9 digits")]
    [InlineData("""{"type":"number","minimum":1.5,"exclusiveMaximum":1.5}""", "schema: is to be from 1.5 to 1.5")]
    [InlineData("""{"type":"number","minimum":"1"}""", "schema.minimum: is \"1\"; allowed: a number")]
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
    public void All_faults_are_told_at_once() => Assert.Equal(2, Fault("""{"properties":{"a":{"multipleOf":3},"b":{"type":"y"}}}""").Split('\n').Length);

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
