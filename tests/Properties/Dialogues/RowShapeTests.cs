using LanguageExt;
using Xunit;
using static Functional.Tests.Properties.Dialogues.Talk;

namespace Functional.Tests.Properties.Dialogues;

/// <summary>What rows say in each form that they have, and what is said of those that have none.</summary>
public sealed class RowShapeTests
{
    static IEnumerable<Validation<Fault, Row>> Rows(params string[] lines) =>
        lines.Select((line, i) => Json.Parse(line, "f").Map(json => new Row(((Json.Map)json).Members, "f", $"line {i + 1}")));

    static string Read(params string[] lines) => RowReader.Read(Rows(lines), ConversationShapes.All, Columns.AsTheyAre, "f").Match(
        static read => string.Join(';', read.Rows.Select(static r => string.Join(' ', r.Value.Messages.Select(Told)))), static faults => faults.Lines());

    static string Told(Message m) => $"{m.Role.ToString()[0]}[{m.Text}{(m.Input.Length > 0 ? "|" + m.Input : "")}]{(m.Learns || m.Role != Role.Assistant ? "" : "-")}";

    static string Ranked(bool ties, params string[] lines) => RowReader.Read(Rows(lines), RankingShapes.All(ties), Columns.AsTheyAre, "f").Match(
        static read => string.Join(';', read.Rows.Select(static r => $"{string.Join(' ', r.Value.Prompt.Select(Told))} {string.Join(" > ", r.Value.Answers)} {r.Value.Margin}"))
            + (read.LeftOut > 0 ? $" without {read.LeftOut}" : ""), static faults => faults.Lines());

    [Theory]
    [InlineData("""{"instruction":"i","input":"","output":"o"}""", "U[i] A[o]")]
    [InlineData("""{"output":"o","instruction":"i","input":"n","chosen":"c","rejected":"r"}""", "U[i|n] A[o]")]
    [InlineData("""{"instruction":"i","input":null,"output":"o","system":"s"}""", "S[s] U[i] A[o]")]
    [InlineData("""{"instruction":"i","context":"c","response":"r","category":"qa"}""", "U[i|c] A[r]")]
    [InlineData("""{"prompt":"p","completion":"c"}""", "U[p] A[c]")]
    [InlineData("""{"question":"p","answer":"c"}""", "U[p] A[c]")]
    [InlineData("""{"prompt":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}],"completion":[{"role":"assistant","content":"d"}]}""", "U[a] A[b]- U[c] A[d]")]
    [InlineData("""{"messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"assistant","content":"c","weight":0},{"role":"user","content":"d"},{"role":"assistant","content":"e","weight":1}]}""",
        "S[s] U[ab] A[c]- U[d] A[e]")]
    [InlineData("""{"conversations":[{"from":"human","value":"a"},{"from":"gpt","value":"b"}],"system":"s"}""", "S[s] U[a] A[b]")]
    public void Conversations_are_read(string line, string told) => Assert.Equal(told, Read(line));

    [Theory]
    [InlineData("""{"a":1}""", "f, line 1: fits no form of rows: it has a; allowed: messages (")]
    [InlineData("""{"instruction":"i","output":1}""", "f, line 1: its output is a whole number; expected a text")]
    [InlineData("""{"instruction":"  ","output":""}""", "f, line 1: its instruction is empty")]
    [InlineData("""{"instruction":"i","input":{},"output":"o"}""", "f, line 1: its input is an object")]
    [InlineData("""{"messages":[{"role":"robot","content":"x"}]}""", "f, line 1: the role of message 1 of messages is robot; allowed: system, user or human, assistant or gpt")]
    [InlineData("""{"messages":[{"role":"user","content":"x"}]}""", "f, line 1: its messages has nothing to learn")]
    [InlineData("""{"messages":[]}""", "f, line 1: its messages is an empty list")]
    [InlineData("""{"messages":[{"role":"user"},{"role":"assistant","content":[{"type":"image_url"}]}]}""", "f, line 1: its message 1 of messages has role;")]
    [InlineData("""{"messages":[{"role":"assistant","content":[{"type":"image_url"}]}]}""", "has a part that is no text")]
    public void What_is_wrong_is_said_with_its_line(string line, string said) => Assert.Contains(said, Read(line), StringComparison.Ordinal);

    [Fact]
    public void A_file_has_one_form()
    {
        const string Alpaca = """{"instruction":"i","output":"o"}""", Prompts = """{"prompt":"p","completion":"c"}""";
        Assert.Equal("f, line 3: has prompt, completion, which is prompt and completion; expected Alpaca (instruction, input, output), as in the rows before it", Read(Alpaca, Alpaca, Prompts));
        // Of another file it may be another.
        var both = Rows(Alpaca).Concat(Rows(Prompts).Select(static r => r.Map(static row => row with { File = "g" })));
        Assert.Equal(["Alpaca", "prompt and completion"], RowReader.Read(both, ConversationShapes.All, Columns.AsTheyAre, "f").Get().Shapes);
        Assert.Equal("f: has no rows; expected", Read()[..24]);
    }

    [Fact]
    public void Of_many_faults_the_first_are_told()
    {
        var said = Read([.. Enumerable.Repeat("""{"instruction":"","output":"o"}""", 25)]).Split('\n');
        Assert.Equal((21, "rows: 5 more faults like these"), (said.Length, said[^1]));
        Assert.Equal(20, Read([.. Enumerable.Repeat("""{"instruction":"","output":"o"}""", 20)]).Split('\n').Length);
    }

    [Fact]
    public void Columns_may_be_named()
    {
        string With(string columns, string line) => Columns.Parse(columns).Bind(c => RowReader.Read(Rows(line), ConversationShapes.All, c, "f")).Match(
            static read => string.Join(' ', read.Rows[0].Value.Messages.Select(Told)), static faults => faults.Lines());
        Assert.Equal("U[x] A[y]", With("prompt=a,response=b", """{"a":"x","b":"y","messages":[]}"""));
        Assert.Equal("U[x] A[y]", With("prompt=response,response=prompt", """{"response":"x","prompt":"y"}"""));
        Assert.Equal("f, line 1: has no column c; it has a, b", With("prompt=a,response=c", """{"a":"x","b":"y"}"""));
        Assert.StartsWith("--columns: has nonsense, which no form of rows knows; allowed: instruction, ", With("nonsense=a", "{}"), StringComparison.Ordinal);
        Assert.StartsWith("--columns: has 'a'; expected NAME=COLUMN", With("a", "{}"), StringComparison.Ordinal);
        Assert.StartsWith("--columns: has prompt twice", With("prompt=a,prompt=b", "{}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"prompt":"p","chosen":"c","rejected":"r"}""", "U[p] c > r 0")]
    [InlineData("""{"prompt":"p","chosen":"c","rejected":"r","margin":1.5,"verdict":"much better","annotator":"a"}""", "U[p] c > r 1.5")]
    [InlineData("""{"instruction":"i","input":"n","output":"o","chosen":"c","rejected":"r"}""", "U[i|n] c > r 0")]
    [InlineData("""{"chosen":"\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d","rejected":"\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: e\n\nf"}""", "U[a] A[b] U[c] d > e\n\nf 0")]
    [InlineData("""{"chosen":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],"rejected":[{"role":"user","content":"a"},{"role":"assistant","content":"c"}],"prompt":"a"}""", "U[a] b > c 0")]
    [InlineData("""{"prompt":[{"role":"user","content":"a"}],"chosen":[{"role":"assistant","content":"b"}],"rejected":[{"role":"assistant","content":"c"}]}""", "U[a] b > c 0")]
    [InlineData("""{"prompt":"\n\nHuman: a\n\nAssistant:","chosen":"b","rejected":"c"}""", "U[a] b > c 0")]
    [InlineData("""{"prompt":"p","answers":["a","b","c"],"margin":2}""", "U[p] a > b > c 2")]
    public void Comparisons_are_read(string line, string told) => Assert.Equal(told, Ranked(false, line));

    [Theory]
    [InlineData("""{"prompt":"p","chosen":"c","rejected":"c"}""", "f, line 1: its chosen and rejected are equal")]
    [InlineData("""{"prompt":" ","chosen":"c","rejected":"d"}""", "f, line 1: its prompt is empty")]
    [InlineData("""{"prompt":"p","chosen":"c","rejected":""}""", "f, line 1: its rejected is empty")]
    [InlineData("""{"prompt":"p","chosen":"c"}""", "f, line 1: fits no form of rows: it has prompt, chosen")]
    [InlineData("""{"prompt":"p","chosen":"c","rejected":"d","margin":-1}""", "f, line 1: its margin is no number that is 0 or more")]
    [InlineData("""{"prompt":"p","chosen":"c","rejected":"d","verdict":"maybe"}""", "f, line 1: its verdict is maybe; allowed: much better, better")]
    [InlineData("""{"prompt":"p","answers":["a","b","a"]}""", "f, line 1: two of its answers are equal")]
    [InlineData("""{"prompt":"p","answers":["a"]}""", "f, line 1: has 1 answers; expected two or more")]
    [InlineData("""{"answers":["a","b"]}""", "f, line 1: has no prompt")]
    [InlineData("""{"chosen":"Human: a\n\nAssistant: b","rejected":"Human: x\n\nAssistant: c"}""", "f, line 1: its chosen and rejected differ before their last message")]
    [InlineData("""{"chosen":"a","rejected":"b"}""", "f, line 1: its chosen is no transcript")]
    [InlineData("""{"chosen":"Human: a","rejected":"Human: b"}""", "does not end with what the assistant says")]
    public void What_is_wrong_with_comparisons_is_said(string line, string said) => Assert.Contains(said, Ranked(false, line), StringComparison.Ordinal);

    /// <summary>What annotate writes: a pair that was skipped or flagged teaches nothing, one that is about the same only where it is asked for.</summary>
    [Fact]
    public void Verdicts_decide_what_is_learned()
    {
        static string Line(string verdict, string margin) => $$"""{"prompt":"p","chosen":"c","rejected":"r","verdict":"{{verdict}}","margin":{{margin}}}""";
        string[] lines = [Line("worse", "1"), Line("skip", "0"), Line("flag", "0"), Line("about the same", "0")];
        Assert.Equal("U[p] c > r 1 without 3", Ranked(false, lines));
        Assert.Equal("U[p] c > r 1;U[p] c > r 0 without 2", Ranked(true, lines));
        Assert.StartsWith("f: has no row to learn from: all 1 are left out", Ranked(false, lines[1]), StringComparison.Ordinal);
        // A skipped pair may be equal, or lack an answer.
        Assert.Equal("U[p] c > r 1 without 1", Ranked(false, lines[0], """{"prompt":"p","chosen":"c","rejected":"c","verdict":"skip"}"""));
        Assert.Equal(1, RowReader.Read(Rows(lines[0], """{"prompt":"p","chosen":"c","rejected":"c"}"""), RankingShapes.All(skipsEqual: true), Columns.AsTheyAre, "f").Get().LeftOut);
    }

    [Fact]
    public void Judged_answers_are_read()
    {
        string Read(string line) => RowReader.Read(Rows(line), RankingShapes.Single, Columns.AsTheyAre, "f").Match(
            static read => $"{string.Join(' ', read.Rows[0].Value.Prompt.Select(Told))} {read.Rows[0].Value.Answer} {read.Rows[0].Value.Good}", static faults => faults.Lines());
        Assert.Equal("U[p] c True", Read("""{"prompt":"p","completion":"c","label":true}"""));
        Assert.Equal("U[p] c False", Read("""{"prompt":"p","response":"c","label":0}"""));
        Assert.Equal("U[p] c False", Read("""{"prompt":[{"role":"user","content":"p"}],"completion":[{"role":"assistant","content":"c"}],"label":"false"}"""));
        Assert.Contains("its label is a number", Read("""{"prompt":"p","completion":"c","label":0.5}"""), StringComparison.Ordinal);
    }
}
