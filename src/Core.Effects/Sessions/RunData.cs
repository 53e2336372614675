using System.Runtime.InteropServices;
using Functional.Base;
using Functional.Data;
using Functional.Stories;
using Functional.Files;
using Functional.Graphs;
using Functional.Runs;
using Functional.Settings;
using Functional.Storage;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>The text of a run as tokens, in its two parts.</summary>
/// <param name="Tokenizer">What made the tokens.</param>
/// <param name="Train">What is learned.</param>
/// <param name="Validation">What is only evaluated.</param>
/// <param name="Identity">What the text and its tokenizer are, summed up.</param>
public sealed record RunData(Tokenizer Tokenizer, TokenStream Train, TokenStream Validation, TextIdentity Identity)
{
    /// <summary>
    /// The text that a configuration names, with the tokenizer of its initial weights, or the one made for it; faults when it cannot be read or is
    /// too short.
    /// </summary>
    /// <param name="config">The run.</param>
    /// <param name="stop">Asks to give up.</param>
    public static Validation<Fault, RunData> Load(RunConfig config, CancellationToken stop = default) =>
        from valid in config.Validate()
        from data in config.InitialWeights is { } weights ? InitialWeights.Tokenizer(weights).Bind(tokenizer => Load(config, tokenizer, stop)) : Fresh(config, stop)
        select data;

    /// <summary>The text that a configuration names, by a tokenizer that there is; characters that it does not know are faults.</summary>
    public static Validation<Fault, RunData> Load(RunConfig config, Tokenizer tokenizer, CancellationToken stop = default) =>
        from tokens in config.DataFile is { } file ? TextFile.Tokens(file, tokenizer, config.LineEnds, stop)
            : tokenizer.Encode(CorpusText(config)).Map(static ids => TokenStream.Of(ids))
            .MapFail(f => f with { Where = $"{config.DataName}, {f.Where}" })
        from data in Of(config, tokenizer, tokens)
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

    /// <summary>What a run does with this text.</summary>
    /// <param name="config">The run, resolved.</param>
    public Stage Stage(RunConfig config) => Runs.Stage.Pretraining(config, Train, Validation);

    /// <summary>The configuration with nothing left open: the tokenizer's vocabulary, and the file's whole path.</summary>
    public Validation<Fault, RunConfig> Resolve(RunConfig config) => config.Model.Vocabulary is 0 || config.Model.Vocabulary == Tokenizer.VocabularySize
        ? (config with
        {
            DataFile = config.DataFile is { } file ? Path.GetFullPath(file) : null,
            InitialWeights = config.InitialWeights is { } weights ? Path.GetFullPath(weights) : null,
            Model = config.Model with { Vocabulary = Tokenizer.VocabularySize },
        }).Validate()
        : Fault.Of<RunConfig>("Model.Vocabulary", $"is {config.Model.Vocabulary}", $"allowed: {Tokenizer.VocabularySize}, the tokens of the {Tokenizer}, or 0");

    static Validation<Fault, RunData> Fresh(RunConfig config, CancellationToken stop) =>
        from loaded in config.DataFile is { } file ? TextFile.Load(file, config.Tokenizer, config.LineEnds, stop)
            : Success<Fault, (Tokenizer Tokenizer, TokenStream Tokens)>(FromCorpus(config))
        from data in Of(config, loaded.Tokenizer, loaded.Tokens)
        select data;

    static (Tokenizer Tokenizer, TokenStream Tokens) FromCorpus(RunConfig config)
    {
        var text = CorpusText(config);
        Tokenizer tokenizer = config.Tokenizer == "byte" ? ByteTokenizer.Instance : CharTokenizer.Of(RuneSet.Empty.Add(text));
        return (tokenizer, TokenStream.Of(tokenizer.Encode(text).IfFail(static faults => throw new InvalidOperationException(faults.Lines()))));
    }

    static string CorpusText(RunConfig config) => Corpus.Text((ulong)config.CorpusSeed, config.CorpusSize);

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
