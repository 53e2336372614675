using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Tests.Properties.Data;

/// <summary>Text files with tokenizers of their own.</summary>
static class LoadedText
{
    public static Validation<Fault, (Tokenizer Tokenizer, TokenStream Tokens)> Load(string path, string kind, LineEnds ends) =>
        from tokenizer in kind == "byte" ? Success<Fault, Tokenizer>(ByteTokenizer.Instance)
            : TextFile.Characters(RuneSet.Empty, path, ends).Map(static Tokenizer (set) => CharTokenizer.Of(set))
        from tokens in TextFile.Tokens(path, tokenizer, ends)
        select (tokenizer, tokens);
}
