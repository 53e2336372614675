using System.Globalization;
using System.Text;
using Functional.Base;
using Functional.Families;
using Functional.Subwords;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Formats;

/// <summary>
/// Tokenizers as GGUF's metadata. Byte-pair encodings of bytes are llama.cpp's <c>gpt2</c>, with merges and the name of their pattern; characters and bytes are
/// its <c>rwkv</c>, which takes the longest token at each place and has no token that ends a text; ids alone are <c>no_vocab</c>.
/// </summary>
static class GgufTokenizer
{
    const int Normal = 1, Control = 3, UserDefined = 4, Unused = 5;

    /// <summary>The metadata of a tokenizer, or what llama.cpp has no words for.</summary>
    /// <param name="tokenizer">The tokenizer, with as many ids as the model has.</param>
    /// <param name="marks">The tokens that begin and end texts.</param>
    public static Validation<Fault, Vec<(string Key, GgufValue Value)>> Of(Tokenizer tokenizer, TokenMarks marks) => tokenizer switch
    {
        IdTokenizer => Success<Fault, Vec<(string, GgufValue)>>([Key("model", new GgufValue.Word("no_vocab"))]),
        CharTokenizer or ByteTokenizer => Success<Fault, Vec<(string, GgufValue)>>(Plain(tokenizer)),
        SubwordTokenizer words => Pattern(words).Map(pattern => Merged(words, marks, pattern)),
        _ => Fault.Of<Vec<(string, GgufValue)>>("tokenizer", $"is {tokenizer.Kind}, which has no words in GGUF", "allowed: bpe by bytes, char, byte"),
    };

    static (string, GgufValue) Key(string name, GgufValue value) => ($"tokenizer.ggml.{name}", value);

    // A token is written as a literal, as Python writes bytes.
    static Vec<(string, GgufValue)> Plain(Tokenizer tokenizer) =>
    [
        Key("model", new GgufValue.Word("rwkv")),
        Key("tokens", new GgufValue.Words([.. Enumerable.Range(0, tokenizer.VocabularySize).Select(id => Literal(tokenizer.Bytes(id)))])),
        Key("token_type", new GgufValue.Wholes([.. Enumerable.Repeat(Normal, tokenizer.VocabularySize)])),
        Key("add_bos_token", new GgufValue.Flag(false)),
    ];

    static string Literal(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder();
        foreach (var b in bytes)
            if (b == '\\') text.Append(@"\\");
            else if (b is >= 0x20 and < 0x7F) text.Append((char)b);
            else text.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}");
        return text.ToString();
    }

    // What llama.cpp calls the way that a text is cut into words. It takes a word that is a token as it is only with Llama 3's pattern.
    static Validation<Fault, string> Pattern(SubwordTokenizer words)
    {
        var d = words.Definition;
        if (d.IsUnigram || !d.Rules.ByBytes)
            return Fault.Of<string>("tokenizer", $"is a {(d.IsUnigram ? "unigram model" : "byte-pair encoding of characters")}, which is not written",
                "allowed: a byte-pair encoding of bytes, as trained here, of GPT-2, Llama 3 or Qwen; char, byte");
        // Qwen's composes characters first, which llama.cpp leaves out.
        if (d.Normalizer is not (null or FormNormalizer))
            return Fault.Of<string>("tokenizer", "changes text before it is cut, which has no words in GGUF", "allowed: none, or NFC");
        var name = d.Steps is not [SplitterStep { Splitter: var splitter }] ? null
            : splitter == Splitter.Gpt4 ? d.Rules.IgnoreMerges ? "llama-bpe" : "dbrx"
            : d.Rules.IgnoreMerges ? null
            : splitter == Splitter.Gpt2 ? "gpt-2"
            : splitter == Splitter.Qwen ? "qwen2"
            : splitter == Splitter.Cased ? "gpt-4o" : null;
        return name is not null ? Success<Fault, string>(name)
            : Fault.Of<string>("tokenizer", "cuts text in a way that has no name in GGUF", "allowed: the patterns of GPT-2, Llama 3, Qwen and GPT-4o");
    }

    static Vec<(string, GgufValue)> Merged(SubwordTokenizer words, TokenMarks marks, string pattern)
    {
        var (d, size) = (words.Definition, words.VocabularySize);
        var added = words.Added.ToDictionary(static t => t.Id, static t => t.Special);
        bool Hole(int id) => words.Name(id).Length == 0;
        // Without an end llama.cpp takes token 11 for it; a byte that stands in no text is better.
        Option<int> end = marks.End is [var first, ..] ? Some(first) : Optional(words.Find("Ā"));
        Option<int> begin = marks.Begin || Some(words.Before).Bind(static b => b is [var one] ? Some(one) : None);
        return
        [
            Key("model", new GgufValue.Word("gpt2")), Key("pre", new GgufValue.Word(pattern)),
            Key("tokens", new GgufValue.Words([.. Enumerable.Range(0, size).Select(id => Hole(id) ? $"[UNUSED{id}]" : words.Name(id))])),
            Key("token_type", new GgufValue.Wholes([.. Enumerable.Range(0, size).Select(id => Hole(id) ? Unused
                : added.TryGetValue(id, out var special) ? special ? Control : UserDefined : Normal)])),
            Key("merges", new GgufValue.Words([.. d.Merges.Select(m => $"{d.Names[m.Left]} {d.Names[m.Right]}")])),
            .. end.ToSeq().Select(static id => Key("eos_token_id", new GgufValue.Whole((uint)id))),
            .. begin.ToSeq().Select(static id => Key("bos_token_id", new GgufValue.Whole((uint)id))),
            .. marks.Pad.ToSeq().Select(static id => Key("padding_token_id", new GgufValue.Whole((uint)id))),
            Key("add_bos_token", new GgufValue.Flag(words.Before.Count > 0)),
        ];
    }
}
