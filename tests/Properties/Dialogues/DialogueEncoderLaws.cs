using Functional.Testing;
using LanguageExt;
using Xunit;
using static Functional.Tests.Properties.Dialogues.Talk;
using static LanguageExt.Prelude;

namespace Functional.Tests.Properties.Dialogues;

/// <summary>What is learned of a conversation, in every template and with tokenizers of every kind.</summary>
public sealed class DialogueEncoderLaws
{
    static readonly Vec<string> templates = [.. DialogueTemplate.BuiltIn.Select(static t => t.Name)];

    static (DialogueEncoder Encoder, Vec<Message> Messages) Some(int seed)
    {
        var random = new Random(seed);
        return (Encoder(templates[random.Next(templates.Count)], random.Next(2) == 0 ? Words : ByteTokenizer.Instance), Any(random));
    }

    static string EndOf(DialogueEncoder encoder) => encoder.Template.End.Length > 0 ? encoder.Template.End
        : encoder.Marks.End.Count > 0 ? "<|endoftext|>" : encoder.Template.Fallback;

    static string Shaped(DialogueEncoder encoder, string text) => encoder.Template is MarkTemplate { Trims: true } ? text.Trim() : text;

    /// <summary>Every answer with its end is learned, and nothing else; the tokens spell the template's text.</summary>
    [Property(MaxTest = 300)]
    public void Answers_and_their_ends_are_learned_and_nothing_else(int seed)
    {
        var (encoder, messages) = Some(seed);
        var example = encoder.Encode(new Conversation(messages), "here").Get();
        var answers = messages.Where(static m => m.Role == Role.Assistant).Select(m => Shaped(encoder, m.Whole) + EndOf(encoder));
        // Without anything between them, one answer's end and the next question's text cannot run into each other: the question is not learned.
        Assert.Equal(answers, example.Learned(encoder.Tokenizer));
        Assert.True(example.Learns[^1]);
        var spelled = encoder.Tokenizer.Decode(example.Ids.Span);
        var text = encoder.Template.Text(messages).Get();
        if (encoder.Template.End.Length > 0) Assert.Equal(text, spelled);
        else Assert.Equal(text.Length + (encoder.Marks.End.Count > 0 ? EndOf(encoder).Length * answers.Count() : EndOf(encoder).Length), spelled.Length);
    }

    /// <summary>What generation begins with is what training had there.</summary>
    [Property(MaxTest = 300)]
    public void A_prompt_is_what_stands_before_the_last_answer(int seed)
    {
        var (encoder, messages) = Some(seed);
        var example = encoder.Encode(new Conversation(messages), "here").Get();
        var prompt = encoder.Prompt([.. messages.Take(messages.Count - 1)]).Get();
        Assert.Equal(example.Ids.Take(example.LastAnswer), prompt);
        var one = encoder.Encode([.. messages.Take(messages.Count - 1)], messages[^1].Text, "here").Get();
        Assert.Equal((example.Ids, example.LastAnswer), (one.Ids, one.LastAnswer));
        Assert.DoesNotContain(true, one.Learns.Take(one.LastAnswer));
    }

    /// <summary>Only the template's own special tokens are tokens, however many stand in what people say.</summary>
    [Property(MaxTest = 200)]
    public void Nobody_smuggles_special_tokens_in(int seed)
    {
        var random = new Random(seed);
        var (encoder, messages) = (Encoder("chatml", Words), Any(random));
        int Ids(string token) => encoder.Encode(new Conversation(messages), "here").Get().Ids.Count(id => id == Words.Find(token));
        Assert.Equal(messages.Count, Ids("<|im_end|>"));
        Assert.Equal(messages.Count, Ids("<|im_start|>"));
        Assert.Equal(0, Ids("<|endoftext|>"));
    }

    /// <summary>The token that texts begin with comes from the template or the tokenizer, once, and is never cut.</summary>
    [Fact]
    public void Texts_begin_as_the_tokenizer_says()
    {
        var id = Words.Find("<|begin_of_text|>")!.Value;
        var written = Json.Parse(TokenizerJson.Write(Words), "t").Get();
        var framing = Json.Parse("""
            {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|begin_of_text|>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
             "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
             "special_tokens":{"<|begin_of_text|>":{"id":"<|begin_of_text|>","ids":[ID],"tokens":["<|begin_of_text|>"]}}}
            """.Replace("ID", $"{id}", StringComparison.Ordinal), "t").Get();
        var framed = TokenizerJson.Parse(new Json.Map(((Json.Map)written).Members.Filter(static (name, _) => name != "post_processor").Add("post_processor", framing)).Write(), "t").Get();
        foreach (var template in templates)
        {
            var encoder = Encoder(template, framed);
            var example = encoder.Encode(new Conversation([User("a b"), Assistant("c")]), "here").Get();
            Assert.Equal((id, 1), (example.Ids[0], example.Ids.Count(i => i == id)));
            Assert.Equal(example.Ids.Take(example.LastAnswer), encoder.Prompt([User("a b")]).Get());
            Assert.Equal(id, example.Within(example.Ids.Count - 1).Example.Ids[0]);
        }
    }

    [Fact]
    public void Generation_stops_where_the_template_says()
    {
        int Id(string token) => Words.Find(token)!.Value;
        Assert.Equal(new Stops([Id("<|endoftext|>")], []), Encoder("alpaca", Words).Stops);
        Assert.Equal(new Stops([], ["\n\n### Instruction:"]), Encoder("alpaca").Stops);
        Assert.Equal(new Stops([], ["\nUser:"]), Encoder("user-assistant").Stops);
        Assert.Equal(new Stops([], ["\n\nHuman:"]), Encoder("human-assistant").Stops);
        Assert.Equal(new Stops([Id("<|endoftext|>"), Id("<|im_end|>")], []), Encoder("chatml", Words).Stops);
        Assert.Equal(new Stops([], ["<|im_end|>"]), Encoder("chatml").Stops);
        Assert.Equal(new Stops([], []), Encoder("plain").Stops);
    }

    [Fact]
    public void A_message_without_weight_is_not_learned()
    {
        var encoder = Encoder("chatml");
        var messages = (Vec<Message>)[User("q"), Assistant("a") with { Learns = false }, User("r"), Assistant("b")];
        Assert.Equal(["b<|im_end|>"], encoder.Encode(new Conversation(messages), "here").Get().Learned(encoder.Tokenizer));
        // What stands behind the last answer teaches nothing.
        Assert.Equal(encoder.Encode(new Conversation(messages), "here").Get(), encoder.Encode(new Conversation([.. messages, User("more")]), "here").Get());
        Assert.Contains("file, line 7: has nothing that is learned", encoder.Encode(new Conversation([User("q")]), "file, line 7").Show(), StringComparison.Ordinal);
    }

    [Fact]
    public void Characters_that_a_tokenizer_lacks_are_named_with_their_row()
    {
        var letters = CharTokenizer.Train("User: Assistant:\nabc");
        var encoder = DialogueEncoder.Of(DialogueTemplate.Named("user-assistant").Get(), letters).Get();
        Assert.StartsWith("file, line 2: at position 1 of an answer, 'z'", encoder.Encode(new Conversation([User("abc"), Assistant("azb")]), "file, line 2").Show(), StringComparison.Ordinal);
        Assert.StartsWith("template alpaca: ", DialogueEncoder.Of(DialogueTemplate.Named("alpaca").Get(), letters).Show(), StringComparison.Ordinal);
    }
}
