using System.Runtime.InteropServices;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional;

/// <summary>The text of a run as tokens, in its two parts.</summary>
/// <param name="Tokenizer">What made the tokens.</param>
/// <param name="Train">What is learned.</param>
/// <param name="Validation">What is only evaluated.</param>
/// <param name="Identity">What the text and its tokenizer are, summed up.</param>
public sealed record RunData(Tokenizer Tokenizer, TokenStream Train, TokenStream Validation, RunIdentity Identity)
{
    /// <summary>The text that a configuration names, with the tokenizer made for it; faults when it cannot be read or is too short.</summary>
    public static Validation<Fault, RunData> Load(RunConfig config) =>
        from valid in config.Validate()
        from loaded in config.DataFile is { } file ? TextFile.Load(file, config.Tokenizer, config.LineEnds) : FromCorpus(config)
        from data in Of(config, loaded.Tokenizer, loaded.Tokens)
        select data;

    /// <summary>Splits tokens and checks that each part has a window.</summary>
    public static Validation<Fault, RunData> Of(RunConfig config, Tokenizer tokenizer, TokenStream tokens)
    {
        var (train, validation) = tokens.Split(1 - config.ValidationPart);
        return new[]
        {
            Windows.Of(train.Length, config.Model.Context, $"training part of {config.DataName}"),
            Windows.Of(validation.Length, config.Model.Context, $"validation part of {config.DataName}"),
        }.Gather().Map(_ => new RunData(tokenizer, train, validation, new(tokenizer.Fingerprint, tokens.Length, CheckpointManifest.Hex(Sum(tokens)))));
    }

    /// <summary>The configuration with nothing left open: the tokenizer's vocabulary, and the file's whole path.</summary>
    public Validation<Fault, RunConfig> Resolve(RunConfig config) => config.Model.Vocabulary is 0 || config.Model.Vocabulary == Tokenizer.VocabularySize
        ? (config with
        {
            DataFile = config.DataFile is { } file ? Path.GetFullPath(file) : null,
            Model = config.Model with { Vocabulary = Tokenizer.VocabularySize },
        }).Validate()
        : Fault.Of<RunConfig>("vocabulary", $"is {config.Model.Vocabulary}", $"allowed: {Tokenizer.VocabularySize}, the tokens of the {Tokenizer}, or 0");

    static Validation<Fault, (Tokenizer Tokenizer, TokenStream Tokens)> FromCorpus(RunConfig config)
    {
        var text = Corpus.Text((ulong)config.CorpusSeed, config.CorpusSize);
        Tokenizer tokenizer = config.Tokenizer == "byte" ? ByteTokenizer.Instance : CharTokenizer.Of(RuneSet.Empty.Add(text));
        return tokenizer.Encode(text).Map(ids => (tokenizer, TokenStream.Of(ids)));
    }

    static uint Sum(TokenStream tokens)
    {
        var block = new int[1 << 14];
        var state = ~0u;
        for (long at = 0; at < tokens.Length; at += block.Length)
        {
            var part = block.AsSpan(0, (int)Math.Min(block.Length, tokens.Length - at));
            tokens.CopyTo(at, part);
            state = Crc32C.Append(state, MemoryMarshal.AsBytes(part));
        }
        return ~state;
    }
}
