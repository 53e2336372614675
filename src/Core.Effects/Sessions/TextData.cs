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

/// <summary>A text as tokens, in its two parts.</summary>
/// <param name="Tokenizer">What made the tokens.</param>
/// <param name="Identity">What the text and its tokenizer are, summed up.</param>
/// <param name="Train">What is learned.</param>
/// <param name="Validation">What is only evaluated.</param>
public sealed record TextData(Tokenizer Tokenizer, TextIdentity Identity, TokenStream Train, TokenStream Validation) : RunData(Tokenizer, Identity)
{
    /// <inheritdoc/>
    public override long TrainTokens => Train.Length;

    /// <inheritdoc/>
    public override long ValidationTokens => Validation.Length;

    /// <inheritdoc/>
    public override Stage Stage(RunConfig config) =>
        Runs.Stage.Pretraining(config, Train, Validation, SeparatorOf(config, Tokenizer).IfFail(static _ => Prelude.None).ToNullable());

    /// <summary>Splits tokens and checks that each part has a window.</summary>
    public static new Validation<Fault, TextData> Of(RunConfig config, Tokenizer tokenizer, TokenStream tokens)
    {
        var (train, validation) = tokens.Split(1 - config.Stage.Source.ValidationPart);
        return new Validation<Fault, object>[]
        {
            Windows.Of(train.Length, config.Model.Context, $"training part of {config.Stage.Source.Name}").Map(static object (w) => w),
            Windows.Of(validation.Length, config.Model.Context, $"validation part of {config.Stage.Source.Name}").Map(static object (w) => w),
            SeparatorOf(config, tokenizer).Map(static object (s) => s),
            config.Learns().Map(static object (u) => u),
        }.Gather().Map(_ => new TextData(tokenizer, new(tokenizer.Fingerprint, tokens.Length, CheckpointManifest.Hex(Sum(tokens))), train, validation));
    }

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
