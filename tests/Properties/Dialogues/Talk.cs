using LanguageExt;

namespace Functional.Tests.Properties.Dialogues;

/// <summary>Conversations and tokenizers for these tests.</summary>
static class Talk
{
    public static T Get<T>(this Validation<Fault, T> outcome) => outcome.IfFail(faults => throw new InvalidOperationException(faults.Lines()));

    public static string Show<T>(this Validation<Fault, T> outcome) => outcome.Match(static _ => "fine", static faults => faults.Lines());

    public static Message Sys(string text) => new(Role.System, text);

    public static Message User(string text, string input = "") => new(Role.User, text) { Input = input };

    public static Message Assistant(string text) => new(Role.Assistant, text);

    /// <summary>A byte-pair encoding with the special tokens of ChatML and an end token.</summary>
    public static SubwordTokenizer Words { get; } = Tokenizers.Train("The cat sat on the mat. A user asks; an assistant answers the question at once.",
        new BpeConfig { Vocabulary = 300, SpecialTokens = "<|endoftext|> <|im_start|> <|im_end|> <|begin_of_text|> <|start_header_id|> <|end_header_id|> <|eot_id|>" });

    static readonly string[] words = ["cat", "mat", " ", "\n", "ö", "\n\nHuman: ", "User: ", "<|im_end|>", "### Response:", "<|endoftext|>", "?", "a b", "你", "\uFDD0", "."];

    /// <summary>Texts with whatever might be taken for a mark; never blank.</summary>
    public static string Text(Random random) => "x" + string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => words[random.Next(words.Length)]));

    /// <summary>A conversation of some turns that ends with an answer.</summary>
    public static Vec<Message> Any(Random random) =>
    [
        .. random.Next(2) == 0 ? (Message[])[Sys(Text(random))] : [],
        .. Enumerable.Range(0, 1 + random.Next(3)).SelectMany(_ => (Message[])[User(Text(random), random.Next(3) == 0 ? Text(random) : ""), Assistant(Text(random))]),
    ];

    public static DialogueEncoder Encoder(string template, Tokenizer? tokenizer = null) =>
        DialogueEncoder.Of(DialogueTemplate.Named(template).Get(), tokenizer ?? ByteTokenizer.Instance).Get();

    /// <summary>What is learned of an example, run by run.</summary>
    public static string[] Learned(this Example example, Tokenizer tokenizer)
    {
        var runs = new List<string>();
        for (var i = 0; i < example.Ids.Count; i++)
        {
            if (!example.Learns[i]) continue;
            var from = i;
            while (i + 1 < example.Ids.Count && example.Learns[i + 1]) i++;
            runs.Add(tokenizer.Decode(example.Ids.Span[from..(i + 1)]));
        }
        return [.. runs];
    }
}
