using Functional.Testing;
using LanguageExt;
using Xunit;
using static Functional.Tests.Properties.Dialogues.Talk;
using static LanguageExt.Prelude;

namespace Functional.Tests.Properties.Dialogues;

/// <summary>What conversations look like in each template, to the letter.</summary>
public sealed class DialogueTemplateTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("functional-template-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    static string Text(string template, bool prompt, params Vec<Message> messages) => DialogueTemplate.Named(template).Get().Text(messages, prompt).Get();

    const string Preamble = "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n";

    [Fact]
    public void Alpaca_is_as_its_repository_has_it()
    {
        Assert.Equal(Preamble + "### Instruction:\nAdd.\n\n### Response:3", Text("alpaca", false, User("Add."), Assistant("3")));
        Assert.Equal("Below is an instruction that describes a task, paired with an input that provides further context. Write a response that appropriately completes the request."
            + "\n\n### Instruction:\nAdd.\n\n### Input:\n1 2\n\n### Response:", Text("alpaca", true, User("Add.", "1 2")));
        Assert.Equal("Be kind.\n\n### Instruction:\nAdd.\n\n### Response:3\n\n### Instruction:\nMore.\n\n### Response:",
            Text("alpaca", true, Sys("Be kind."), User("Add."), Assistant("3"), User("More.")));
    }

    [Fact]
    public void Others_are_as_they_are_known()
    {
        Assert.Equal("System: S\nUser: A\n\nI\nAssistant: B\nUser: C\nAssistant: ", Text("user-assistant", true, Sys("S"), User("A", "I"), Assistant("B"), User("C")));
        Assert.Equal("\n\nHuman: A\n\nAssistant: B\n\nHuman: C\n\nAssistant: ", Text("human-assistant", true, User("A"), Assistant("B"), User("C")));
        Assert.Equal("<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nA<|im_end|>\n<|im_start|>assistant\nB<|im_end|>", Text("chatml", false, Sys("S"), User("A"), Assistant("B")));
        Assert.Equal("<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nA<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nB<|eot_id|>",
            Text("llama3", false, User("  A\n"), Assistant(" B ")));
        Assert.Equal("AB", Text("plain", false, User("A"), Assistant("B")));
        Assert.Contains("allowed: alpaca, user-assistant, human-assistant, chatml, llama3, plain, own", DialogueTemplate.Named("vicuna").Show(), StringComparison.Ordinal);
    }

    DialogueTemplate Written(string name, string text) => TemplateFile.Read(File(name, text)).Get();

    string File(string name, string text)
    {
        var path = Path.Combine(folder, name);
        global::System.IO.File.WriteAllText(path, text);
        return path;
    }

    /// <summary>One that a user writes is the built-in one where it says the same.</summary>
    [Fact]
    public void Users_write_their_own()
    {
        var yaml = Written("t.yaml", "name: mine\nbegin: \"<s>\"\nbetween: \"\\n\"\nuser: {before: \"Q: \"}\nassistant:\n  before: \"A: \"\n  after: \"</a>\"\ninput: {before: \"I: \"}\npreamble: Hi\ntrim: true\n");
        Assert.Equal("<s>Hi\nQ: a\nI: i\nA: b</a>\nQ: c\nA: ", yaml.Text([User(" a ", "i"), Assistant("b"), User("c")], prompt: true).Get());
        Assert.Equal(yaml, Written("t.json", """{"name":"mine","begin":"<s>","between":"\n","user":{"before":"Q: "},"assistant":{"before":"A: ","after":"</a>"},"input":{"before":"I: "},"preamble":"Hi","trim":true}"""));
        Assert.Equal("</a>", yaml.End);
    }

    [Theory]
    [InlineData("user: {before: \"Q: \"}", "no place for what the assistant says")]
    [InlineData("assistant: {before: \"Q: \"}", "no place for what the user says")]
    [InlineData("user: {before: x}\nassistant: {befor: y}", "assistant: befor: is unknown; allowed: before, after")]
    [InlineData("user: {before: x}\nassistant: {}\nassistent: {}", "assistent: is unknown")]
    [InlineData("user: x\nassistant: {}", "user: is a text; expected before and after")]
    [InlineData("user: {}\nuser: {}\nassistant: {}", "has user twice")]
    [InlineData("- a", "is no text and no mapping")]
    [InlineData("user: [", "is no text and no mapping")]
    [InlineData("user: \"x", "is not YAML")]
    [InlineData("", "is empty")]
    [InlineData("user: {a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}}\nassistant: {}", "is no text and no mapping")]
    public void A_template_that_is_none_says_why(string text, string why) => Assert.Contains(why, TemplateFile.Read(File("t.yaml", text)).Show(), StringComparison.Ordinal);

    const string Chatml = "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}"
        + "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

    internal static ChatTemplates Jinja(string template) => ChatTemplates.Read(new Json.Map(Params.Of<Json>(("chat_template", new Json.Text(template)),
        ("eos_token", new Json.Text("<|eot_id|>")), ("bos_token", new Json.Text("<|begin_of_text|>")))), "tokenizer_config.json").Get();

    /// <summary>A model's own ChatML is the built-in one, but for white space behind its end, which nobody learns.</summary>
    [Property]
    public void A_models_own_template_teaches_what_the_built_in_one_does(int seed)
    {
        var messages = Any(new Random(seed)).Map(static m => m with { Text = m.Whole, Input = "" });
        var own = DialogueEncoder.Of(OwnTemplate.Of(Jinja(Chatml)).Get(), Words).Get();
        var built = Encoder("chatml", Words);
        var (a, b) = (own.Encode(new Conversation(messages), "here").Get(), built.Encode(new Conversation(messages), "here").Get());
        Assert.Equal(b.Learned(Words), a.Learned(Words));
        Assert.Equal(b.Ids, a.Ids);
        Assert.Equal(built.Prompt([.. messages.Take(messages.Count - 1)]).Get(), own.Prompt([.. messages.Take(messages.Count - 1)]).Get());
        Assert.Equal(built.Stops, own.Stops);
    }

    /// <summary>Some templates ask for the next answer whether that is wanted or not; it is not learned.</summary>
    [Fact]
    public void What_asks_for_an_answer_is_never_learned()
    {
        var own = DialogueEncoder.Of(OwnTemplate.Of(Jinja("{% for m in messages %}{{ (bos_token if loop.first else '') + '<|start_header_id|>' + m.role + '<|end_header_id|>\\n\\n' + m.content | trim + '<|eot_id|>' }}{% endfor %}"
            + "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}")).Get(), Words).Get();
        Vec<Message> messages = [User("Q"), Assistant("A."), User("R"), Assistant("B.")];
        Assert.Equal(["A.<|eot_id|>", "B.<|eot_id|>"], own.Encode(new Conversation(messages), "here").Get().Learned(Words));
        Assert.Equal(Encoder("llama3", Words).Encode(new Conversation(messages), "here").Get().Ids, own.Encode(new Conversation(messages), "here").Get().Ids);
        Assert.Equal([Words.Find("<|eot_id|>")!.Value], own.Stops.Tokens.Where(t => t != Words.Find("<|endoftext|>")));
    }

    [Fact]
    public void A_template_that_tells_earlier_messages_otherwise_is_a_fault()
    {
        var own = OwnTemplate.Of(Jinja("{% for m in messages %}{{ m.role }}: {{ m.content if loop.last else m.content | upper }}\n{% endfor %}")).Get();
        Assert.Contains("file, line 3: its message 2 is told otherwise by the chat template", own.Segments([User("q"), Assistant("a")], false, true, "file, line 3").Show(), StringComparison.Ordinal);
        Assert.Contains("leaves out what the assistant says", OwnTemplate.Of(Jinja("{% for m in messages %}{{ m.role }}{% endfor %}")).Show(), StringComparison.Ordinal);
    }
}
