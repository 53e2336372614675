using System.Runtime.InteropServices;
using Functional.Base;
using Functional.Data;
using Functional.Files;
using Functional.Runs;
using Functional.Settings;
using Functional.Storage;
using Functional.Text;
using LanguageExt;

namespace Functional.Sessions;

/// <summary>How a run sees one of several texts that it learns from.</summary>
/// <param name="Name">The name of its file.</param>
/// <param name="TrainTokens">Tokens to learn from.</param>
/// <param name="ValidationTokens">Tokens kept for evaluation.</param>
/// <param name="Share">Its share of the rows, in (0, 1).</param>
/// <param name="Epochs">How often the whole run goes through what it has to learn from.</param>
public sealed record TextShare(string Name, long TrainTokens, long ValidationTokens, double Share, double Epochs);

/// <summary>A text as tokens, in its two parts, or several with weights, each in its own.</summary>
/// <param name="Tokenizer">What made the tokens.</param>
/// <param name="Identity">What the texts and their tokenizer are, summed up.</param>
/// <param name="Texts">The texts, one or more, by their files.</param>
public sealed record TextData(Tokenizer Tokenizer, TextIdentity Identity, Vec<MixedText> Texts) : RunData(Tokenizer, Identity)
{
    /// <summary>What is learned; of several texts, one after the other.</summary>
    public TokenStream Train { get; } = TokenStream.Of(Texts.Map(static t => t.Train));

    /// <summary>What is only evaluated; of several texts, one after the other.</summary>
    public TokenStream Validation { get; } = TokenStream.Of(Texts.Map(static t => t.Validation));

    /// <inheritdoc/>
    public override long TrainTokens => Train.Length;

    /// <inheritdoc/>
    public override long ValidationTokens => Validation.Length;

    /// <inheritdoc/>
    public override Stage Stage(RunConfig config) =>
        Runs.Stage.Pretraining(config, Names(Texts), SeparatorOf(config, Tokenizer).IfFail(static _ => Prelude.None).ToNullable());

    /// <summary>How each of several texts is seen by a run; none for one text.</summary>
    /// <param name="config">The stage, resolved.</param>
    public override Vec<TextShare> Shares(RunConfig config)
    {
        if (Texts.Count < 2) return [];
        var (mixture, rows) = (Mixture.Of(Texts.Map(static t => t.Weight)), (long)Int128.Min(long.MaxValue, (Int128)config.Stage.Steps * config.Stage.Batch * config.Stage.Accumulate));
        return Names(Texts).Map((t, i) => new TextShare(t.Name, t.Train.Length, t.Validation.Length, mixture.Share(i),
            (double)mixture.Taken(i, rows) * config.Model.Context / t.Train.Length));
    }

    /// <summary>What is only evaluated, text by text, each with its share of what is learned.</summary>
    public Vec<(string Name, double Share, TokenStream Tokens)> Measured
    {
        get
        {
            var mixture = Mixture.Of(Texts.Map(static t => t.Weight));
            return Names(Texts).Map((t, i) => (t.Name, mixture.Share(i), t.Validation));
        }
    }

    /// <summary>Splits tokens and checks that each part has a window.</summary>
    public static new Validation<Fault, TextData> Of(RunConfig config, Tokenizer tokenizer, TokenStream tokens) =>
        Of(config, tokenizer, [(config.Stage.Source.Name, 1, tokens)]);

    /// <summary>Splits the tokens of each text and checks that each part has a window.</summary>
    public static Validation<Fault, TextData> Of(RunConfig config, Tokenizer tokenizer, Vec<(string Name, double Weight, TokenStream Tokens)> texts)
    {
        Vec<MixedText> parts = texts.Map(Divided);
        Vec<Validation<Fault, object>> checks =
        [
            .. parts.Select(p => Fits(p.Train, $"training part of {p.Name}")).Zip(parts.Select(p => Fits(p.Validation, $"validation part of {p.Name}")),
                static (train, validation) => (Vec<Validation<Fault, object>>)[train, validation]).SelectMany(static both => both),
            SeparatorOf(config, tokenizer).Map(static object (s) => s),
            config.Learns().Map(static object (u) => u),
        ];
        return checks.Gather().Map(_ => new TextData(tokenizer, new(tokenizer.Fingerprint, texts.Sum(static t => t.Tokens.Length),
            CheckpointManifest.Hex(Sum(texts.Map(static t => t.Tokens)))), parts));

        MixedText Divided((string Name, double Weight, TokenStream Tokens) text)
        {
            var (train, validation) = text.Tokens.Split(1 - config.Stage.Source.ValidationPart);
            return new(text.Name, text.Weight, train, validation);
        }

        Validation<Fault, object> Fits(TokenStream part, string name) => Windows.Of(part.Length, config.Model.Context, name).Map(static object (w) => w);
    }

    // Their files' names alone, where these tell them apart.
    static Vec<MixedText> Names(Vec<MixedText> texts) => texts.Select(static t => Path.GetFileName(t.Name)).Distinct(StringComparer.Ordinal).Count() == texts.Count
        ? texts.Map(static t => t with { Name = Path.GetFileName(t.Name) }) : texts;

    // Of one text its own; of several, of their lengths and sums in order.
    static uint Sum(Vec<TokenStream> texts) => texts is [var one] ? Sum(one)
        : ~texts.Aggregate(~0u, static (state, tokens) => Crc32C.Append(state, MemoryMarshal.AsBytes<long>([tokens.Length, Sum(tokens)])));

    internal static uint Sum(TokenStream tokens)
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
