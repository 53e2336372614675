using System.IO.Compression;
using System.Reflection;
using Functional.Base;
using Functional.Formats;
using Functional.Subwords;
using Functional.Text;
using LanguageExt;

namespace Functional.Files;

/// <summary>OpenAI's published encodings by name. Their ranks come with Microsoft.ML.Tokenizers' packages of data; what encodes is this project's own.</summary>
public static class Encodings
{
    sealed record Published(string Package, string Resource, string Regex, Vec<(string, int)> Special);

    // tiktoken's openai_public.py has the patterns and special tokens.
    static readonly Published gpt2 = new("Gpt2", "gpt2", Splitter.Gpt2.Regex, [("<|endoftext|>", 50256)]);

    static Published? Of(string name) => name switch
    {
        "gpt2" or "r50k_base" => gpt2,
        "cl100k_base" => new("Cl100kBase", "cl100k_base", Splitter.Tiktoken.Regex,
            [("<|endoftext|>", 100257), ("<|fim_prefix|>", 100258), ("<|fim_middle|>", 100259), ("<|fim_suffix|>", 100260), ("<|endofprompt|>", 100276)]),
        "o200k_base" => new("O200kBase", "o200k_base", Splitter.Cased.Regex, [("<|endoftext|>", 199999), ("<|endofprompt|>", 200018)]),
        _ => null,
    };

    /// <summary>The names.</summary>
    public static Vec<string> Names { get; } = ["gpt2", "r50k_base", "cl100k_base", "o200k_base"];

    /// <summary>The tokenizer of a name.</summary>
    public static Validation<Fault, Tokenizer> Read(string name)
    {
        if (Of(name) is not { } encoding) return Fault.Of<Tokenizer>(name, "is no encoding", $"allowed: {string.Join(", ", Names)}");
        using var packed = Assembly.Load($"Microsoft.ML.Tokenizers.Data.{encoding.Package}").GetManifestResourceStream($"{encoding.Resource}.tiktoken.deflate");
        if (packed is null) return Fault.Of<Tokenizer>(name, "has no data in its package", "expected Microsoft.ML.Tokenizers.Data 2.0.1");
        using var reader = new StreamReader(new DeflateStream(packed, CompressionMode.Decompress));
        return RankFile.Parse(Ranks(reader.ReadToEnd()), encoding.Regex, encoding.Special, name);
    }

    // The package writes how many there are and then tokens alone, whose ranks are their lines.
    static string Ranks(string text) => string.Join('\n', text.Split('\n').Skip(1).Select(static line => line.TrimEnd('\r'))
        .Select(static (token, rank) => token.Length == 0 ? "" : $"{token} {rank}"));
}
