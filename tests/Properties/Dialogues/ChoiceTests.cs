using FsCheck;
using Functional.Tests.Properties.Subwords;
using LanguageExt;
using Xunit;
using static Functional.Tests.Properties.Training.TinyRun;

namespace Functional.Tests.Properties.Dialogues;

/// <summary>Questions with choices: the forms that rows have, and the tokens that they become.</summary>
public sealed class ChoiceTests
{
    static string Read(params string[] lines) => RowReader.Read(lines.Select((line, i) => Json.Parse(line, "f").Map(json => new Row(((Json.Map)json).Members, "f", $"line {i + 1}"))),
        ChoiceShapes.All, Columns.AsTheyAre, "f").Match(static read => string.Join(';', read.Rows.Select(static r =>
            $"{r.Value.Text.Replace("\n", "/", StringComparison.Ordinal)} | {string.Join(" | ", r.Value.Choices.Select((c, i) => i == r.Value.Right ? $"*{c}" : c))}")), static faults => faults.Lines());

    [Theory]
    [InlineData("""{"question":"q","choices":["a","b","c"],"answer":2}""", "Question: q/Answer: | a | b | *c")]
    [InlineData("""{"question":"q","choices":["a","b"],"answer":"0","subject":"x"}""", "Question: q/Answer: | *a | b")]
    [InlineData("""{"question":"q","choices":["a","b"],"answer":"B"}""", "Question: q/Answer: | a | *b")]
    [InlineData("""{"prompt":"q","choices":["a","b"],"answer":"b"}""", "Question: q/Answer: | a | *b")]
    [InlineData("""{"question":"q","choices":["B","A"],"answer":"B"}""", "Question: q/Answer: | *B | A")]
    [InlineData("""{"question":"q","choices":[3,4],"answer":1}""", "Question: q/Answer: | 3 | *4")]
    [InlineData("""{"id":"1","question":"q","choices":{"text":["a","b"],"label":["A","B"]},"answerKey":"B"}""", "Question: q/Answer: | a | *b")]
    [InlineData("""{"question":"q","choices":{"text":["a","b"],"label":["1","2"]},"answerKey":"1"}""", "Question: q/Answer: | *a | b")]
    [InlineData("""{"question_stem":"q","choices":[{"text":"a","label":"A"},{"text":"b","label":"B"}],"answerKey":"B"}""", "Question: q/Answer: | a | *b")]
    [InlineData("""{"ctx":"A man","endings":["sits.","runs."],"label":"1","activity_label":"x"}""", "A man | sits. | *runs.")]
    [InlineData("""{"goal":"g","sol1":"a","sol2":"b","label":0}""", "Question: g/Answer: | *a | b")]
    public void Questions_are_read(string line, string told) => Assert.Equal(told, Read(line));

    [Theory]
    [InlineData("""{"question":"q","choices":["a","b"],"answer":2}""", "f, line 1: its answer is 2; allowed: 0 to 1")]
    [InlineData("""{"question":"q","choices":["a","b"],"answer":-1}""", "f, line 1: its answer is -1; allowed: 0 to 1")]
    [InlineData("""{"question":"q","choices":["a","b"],"answer":1.0}""", "f, line 1: its answer is a number; allowed: 0 to 1")]
    [InlineData("""{"question":"q","choices":["a","b"],"answer":"2"}""", "f, line 1: its answer is '2'; allowed: 0 to 1")]
    [InlineData("""{"question":"q","choices":["a","b"],"answer":"C"}""", "f, line 1: its answer is 'C', which is none of its choices; allowed: 0 to 1, A to B, or the text of one of them")]
    [InlineData("""{"question":"q","choices":["a","a"],"answer":"a"}""", "f, line 1: its answer is 'a', which stands 2 times among its choices; allowed: once, or 0 to 1")]
    [InlineData("""{"question":"q","choices":["a","b"],"answer":null}""", "f, line 1: has no answer, so that it is not known which is right; allowed: 0 to 1")]
    [InlineData("""{"question":"q","choices":["a"," "],"answer":0}""", "f, line 1: choice 2 of its choices is empty; expected a text")]
    [InlineData("""{"question":"q","choices":["a"],"answer":0}""", "f, line 1: its choices has 1; expected two or more to choose from")]
    [InlineData("""{"question":"q","choices":[],"answer":0}""", "f, line 1: its choices has 0; expected two or more to choose from")]
    [InlineData("""{"question":"q","choices":["a",null],"answer":0}""", "f, line 1: choice 2 of its choices is null; expected a text")]
    [InlineData("""{"question":"","choices":["a","b"],"answer":0}""", "f, line 1: its question is empty; expected a text")]
    [InlineData("""{"question":"q","choices":{"text":["a","b"],"label":["A"]},"answerKey":"A"}""", "f, line 1: its labels has 1; expected two or more to choose from")]
    [InlineData("""{"question":"q","choices":{"text":["a","b"],"label":["A","A"]},"answerKey":"A"}""", "f, line 1: its choices has 2 texts and 1 different labels; expected one label for each text")]
    [InlineData("""{"question":"q","choices":{"text":["a","b"],"label":["A","B"]},"answerKey":"E"}""", "f, line 1: its answerKey is 'E', which is no label of its choices; allowed: A, B")]
    [InlineData("""{"question":"q","choices":{"texts":["a","b"]},"answerKey":"E"}""", "f, line 1: its choices is an object of texts; expected text and label, a list each")]
    [InlineData("""{"ctx":"c","endings":["a","b"],"label":""}""", "f, line 1: its label is empty; allowed: 0 to 1")]
    [InlineData("""{"ctx":"c","endings":["a","b"]}""", "f, line 1: has no label, so that it is not known which is right; allowed: 0 to 1")]
    [InlineData("""{"goal":"g","sol1":"a","sol2":"b","label":2}""", "f, line 1: its label is 2; allowed: 0 to 1")]
    public void What_is_wrong_is_said_with_its_line(string line, string said) => Assert.Equal(said, Read(line));

    [Fact]
    public void What_fits_no_form_is_said() => Assert.StartsWith("f, line 1: fits no form of rows: it has question, choices; allowed: ARC (question", Read("""{"question":"q","choices":["a","b"]}"""), StringComparison.Ordinal);

    static readonly MultipleChoice capital = MultipleChoice.Question("What is the capital of France?", ["Paris", "London town", "Rome"], 0);

    static DialogueEncoder Encoder(string template, Tokenizer tokenizer) => Get(DialogueTemplate.Named(template).Bind(t => DialogueEncoder.Of(t, tokenizer)));

    /// <summary>By a template a choice is encoded as an answer that is learned, but for what ends it; the question is what stands before an answer.</summary>
    [Theory, InlineData("user-assistant"), InlineData("alpaca"), InlineData("chatml"), InlineData("llama3"), InlineData("human-assistant")]
    public void A_choice_is_an_answer_without_its_end(string template)
    {
        foreach (var tokenizer in (Tokenizer[])[ByteTokenizer.Instance, GoldenTokenizers.Read(GoldenTokenizers.Json("trained-gpt2"))])
        {
            var encoder = Encoder(template, tokenizer);
            var prompt = Get(encoder.Prompt(capital.Prompt));
            foreach (var (choice, example) in capital.Choices.Zip(Get(encoder.Encode(capital, "here"))))
            {
                Assert.Equal(prompt, example.Ids.Take(example.LastAnswer));
                Assert.Equal(choice, tokenizer.Decode([.. example.Ids.Skip(example.LastAnswer)]));
                var learned = Get(encoder.Encode(capital.Prompt, choice, "here"));
                Assert.Equal(learned.Ids.Take(example.Ids.Count), example.Ids);
                Assert.Equal(example.Ids.Count - prompt.Count, example.Learned);
            }
        }
    }

    /// <summary>A text and its ending are encoded together; the blank between them is the ending's.</summary>
    [Theory, InlineData("A man", "A man"), InlineData("A man ", "A man"), InlineData("A man\n", "A man")]
    public void An_ending_goes_on_with_its_text(string text, string before)
    {
        foreach (var tokenizer in (Tokenizer[])[ByteTokenizer.Instance, GoldenTokenizers.Read(GoldenTokenizers.Json("trained-gpt2"))])
        {
            var asked = MultipleChoice.Ending(text, ["sits on a bench.", "runs", " flies"], 0);
            var gap = text.Length > before.Length ? text[before.Length..] : " ";
            foreach (var (choice, example) in asked.Choices.Zip(Get(Encoder("plain", tokenizer).Encode(asked, "here"))))
            {
                var ending = choice[0] == ' ' ? choice : gap + choice;
                Assert.Equal(Get(tokenizer.Encode(before + ending)), example.Ids);
                Assert.Equal(before, tokenizer.Decode([.. example.Ids.Take(example.LastAnswer)]));
                Assert.Equal(ending, tokenizer.Decode([.. example.Ids.Skip(example.LastAnswer)]));
            }
        }
        Assert.Contains("has no token before its choices", Faults(Encoder("plain", ByteTokenizer.Instance).Encode(MultipleChoice.Ending(" ", ["a", "b"], 0), "here")), StringComparison.Ordinal);
    }

    /// <summary>Where a token reaches over the border, all choices are given the same tokens before it.</summary>
    [Property(MaxTest = 40)]
    public void All_choices_stand_behind_the_same_tokens(PositiveInt seed)
    {
        var tokenizer = GoldenTokenizers.Read(GoldenTokenizers.Json("trained-gpt2"));
        var key = Key.Seed((ulong)seed.Get);
        string Any(int at, int least) => string.Concat(Enumerable.Range(0, least + (int)key.FoldIn(at).Below(99, 9)).Select(i => "the of-1.\"é\nin "[(int)key.FoldIn(at).Below(i, 14)]));
        var asked = MultipleChoice.Ending("x" + Any(0, 1), [.. Enumerable.Range(1, 3).Select(i => Any(i, 1) + "y")], 0);
        var examples = Get(Encoder("plain", tokenizer).Encode(asked, "here"));
        Assert.Single(examples.Select(static e => string.Join(' ', e.Ids.Take(e.LastAnswer))).Distinct());
        Assert.All(examples, static e => Assert.True(e.LastAnswer > 0 && e.Learned > 0));
        Assert.StartsWith("x", tokenizer.Decode([.. examples[0].Ids]), StringComparison.Ordinal);
    }

    /// <summary>A token that reaches from the text into a choice is the choice's, and the text is one token shorter for all of them.</summary>
    [Fact]
    public void A_token_over_the_border_is_the_choices()
    {
        var tokenizer = GoldenTokenizers.Read("""{"model":{"type":"BPE","vocab":{"a":0," ":1,"b":2,"a ":3,"\n":4},"merges":[["a"," "]]}}""");
        Assert.Equal([2, 0], Get(tokenizer.Encode("ba")));
        var examples = Get(Encoder("plain", tokenizer).Encode(MultipleChoice.Ending("ba", ["b", "\nb"], 0), "here"));
        Assert.Equal([(Vec<int>)[2, 3, 2], [2, 0, 4, 2]], examples.Select(static e => e.Ids));
        Assert.Equal([1, 1], examples.Select(static e => e.LastAnswer));
    }

    /// <summary>What is longer than the context loses its beginning, alike for all choices; a choice keeps all its tokens, to the last that fits.</summary>
    [Property(MaxTest = 60)]
    public void A_question_is_cut_and_no_choice(PositiveInt first, PositiveInt second, PositiveInt room)
    {
        var (a, b, context) = (new string('a', 1 + first.Get % 12), new string('b', 1 + second.Get % 12), 1 + room.Get % 40);
        var asked = MultipleChoice.Question("why?", [a, b], 1);
        var encoder = Encoder("user-assistant", ByteTokenizer.Instance);
        var whole = Get(encoder.Encode(asked, "here"));
        var fitted = Prepare.Choices([new(asked, "here")], encoder, context);
        if (Math.Max(a.Length, b.Length) > context)
        {
            Assert.Equal($"here: its choice {(a.Length >= b.Length ? 1 : 2)} has {Math.Max(a.Length, b.Length)} tokens; allowed: up to {context}, so that one stands before it in a context of {context}",
                Faults(fitted));
            return;
        }
        var cut = Get(fitted)[0];
        Assert.Equal([a.Length, b.Length], cut.Examples.Select(static e => e.Learned));
        Assert.True(cut.Examples.Max(static e => e.Ids.Count) <= context + 1);
        Assert.Equal(whole.Max(static e => e.Ids.Count) > context + 1, cut.Cut == Cut.Prompt);
        Assert.Single(cut.Examples.Select(static e => e.LastAnswer).Distinct());
        Assert.All(cut.Examples.Zip(whole), static pair => Assert.Equal(pair.Item2.Ids.TakeLast(pair.Item1.Ids.Count), pair.Item1.Ids));
    }

    static Chosen Scored(int right, params (double Sum, int Tokens, string Text)[] choices) => new(MultipleChoice.Question("q", [.. choices.Select(static c => c.Text)], right),
        [.. choices.Select(static c => ScoredChoice.Of(c.Sum, c.Tokens, c.Text))]);

    /// <summary>Each rule divides by its own length; ties go to the first.</summary>
    [Fact]
    public void Rules_divide_by_lengths()
    {
        // Sums say the first; two tokens against one, the second; characters the third, which has many; bytes the fourth, of two and three bytes each.
        var chosen = Scored(0, (-2, 1, "ab"), (-3, 4, "abc"), (-4, 2, "abcdefgh"), (-4.2, 2, "éééé€€€"));
        Assert.Equal((0, 1, 2, 3), (chosen.Pick(ChoiceRule.Sum), chosen.Pick(ChoiceRule.PerToken), chosen.Pick(ChoiceRule.PerCharacter), chosen.Pick(ChoiceRule.PerByte)));
        Assert.Equal((7, 17), (chosen.Choices[3].Characters, chosen.Choices[3].Bytes));
        // A character beyond the first plane is one.
        Assert.Equal((1, 4), (ScoredChoice.Of(-1, 1, "😀").Characters, ScoredChoice.Of(-1, 1, "😀").Bytes));
        Assert.Equal(0, Scored(0, (-1, 1, "a"), (-1, 1, "b")).Pick(ChoiceRule.Sum));
        var scores = new ChoiceScores([chosen, Scored(1, (-1, 1, "a"), (-0.5, 2, "b"))], 0);
        Assert.Equal(Rate.Of(2, 2), scores.Accuracy(ChoiceRule.Sum));
        Assert.Equal(Rate.Of(1, 2), scores.Accuracy(ChoiceRule.PerByte));
        Assert.Equal((0.375, 2.5 / 3, Math.Exp(2.5 / 3)), (scores.Chance, scores.Loss, scores.Perplexity));
        var other = new ChoiceScores([chosen, Scored(1, (-0.1, 1, "a"), (-0.5, 2, "b"))], 0);
        Assert.Equal((0.5, -0.5, 0), (scores.Difference(other, ChoiceRule.Sum, Key.Seed(1)).Value, other.Difference(scores, ChoiceRule.Sum, Key.Seed(1)).Value, scores.Difference(scores, ChoiceRule.Sum, Key.Seed(1)).High));
        Assert.Throws<ArgumentException>(() => scores.Difference(new([chosen], 0), ChoiceRule.Sum, Key.Seed(1)));
    }
}
