using System.Numerics;
using Functional.Base;
using Functional.Data;
using Functional.Dialogues;
using Functional.Engines;
using Functional.Files;
using Functional.Runs;
using Functional.Settings;
using Functional.Storage;
using Functional.Stories;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>A prompt that a policy answers itself.</summary>
/// <param name="Asked">As people read it.</param>
/// <param name="Ids">As tokens.</param>
public sealed record PromptRow(Asked Asked, Vec<int> Ids);

/// <summary>Prompts that a policy answers itself, in their two parts, as people read them and as tokens.</summary>
/// <param name="Encoder">What made tokens of them.</param>
/// <param name="Identity">What they are, summed up.</param>
/// <param name="Train">What is learned.</param>
/// <param name="Kept">What is only measured.</param>
public sealed record PromptData(DialogueEncoder Encoder, TextIdentity Identity, Vec<PromptRow> Train, Vec<PromptRow> Kept)
    : RunData(Encoder.Tokenizer, Identity)
{
    /// <summary>The text that is learned beside; nothing where none is.</summary>
    public TokenStream? Text { get; init; }

    /// <inheritdoc/>
    public override long TrainTokens => Train.Sum(static p => (long)p.Ids.Count);

    /// <inheritdoc/>
    public override long ValidationTokens => Kept.Sum(static p => (long)p.Ids.Count);

    /// <inheritdoc/>
    public override double PromptTokens => (double)TrainTokens / Train.Count;

    /// <inheritdoc/>
    public override Stage Stage(RunConfig config) => PracticeStages.Of(config, Train.Map(static p => p.Ids), Kept.Map(static p => p.Ids), Encoder.Stops, Encoder.Tokenizer, Text);

    /// <inheritdoc/>
    public override Option<SamplePrompt> Prompt => Some(new SamplePrompt(Kept[0].Ids, Encoder.Stops));

    /// <inheritdoc/>
    public override Validation<Fault, Option<Judging>> Judge(IEngine engine, RunConfig config, Params<Reward> rewards) => Judges.Of(engine, config.Stage.Practice.Judges, rewards)
        .Map(judges => Some(new Judging(judges, Train.Map(static p => p.Asked), Kept.Map(static p => p.Asked))));

    /// <summary>Reads the prompts that a stage names, or asks the embedded world's questions.</summary>
    public static Validation<Fault, RunData> Load(RunConfig config, DialogueEncoder encoder, CancellationToken stop) =>
        from rows in RowParts.Asked(config, stop)
        from train in Encoded(rows.Train, encoder, config)
        from kept in Encoded(rows.Kept, encoder, config)
        from text in config.HasText ? Beside(config, encoder, stop).Map(Some) : Success<Fault, Option<TokenStream>>(None)
        select (RunData)new PromptData(encoder, RowParts.Identity(encoder, Sum(train), text.Match(t => Sum(kept) ^ TextData.Sum(t), () => Sum(kept)),
            train.Concat(kept).Sum(static p => (long)p.Ids.Count)), train, kept) { Text = text.Case as TokenStream };

    // As long as a row and the token behind it, at least.
    static Validation<Fault, TokenStream> Beside(RunConfig config, DialogueEncoder encoder, CancellationToken stop) =>
        from text in config.Stage.Policy.PretrainFile is { } file ? TextFile.Tokens(file, encoder.Tokenizer, config.LineEnds, stop)
            : encoder.Tokenizer.Encode(Corpus.Text((ulong)config.Stage.Source.CorpusSeed, config.Stage.Source.CorpusSize)).Map(static ids => TokenStream.Of(ids))
                .MapFail(static f => f with { Where = $"pretrain-data, {f.Where}" })
        from room in Fault.Unless(text.Length > config.Model.Context, "pretrain-data", $"has {text.Length} tokens", $"expected more than {config.Model.Context}, the model's context")
        select text;

    // The world asks what nobody can change: what of it is too long is left out.
    static Validation<Fault, Vec<PromptRow>> Encoded(Vec<Located<Asked>> rows, DialogueEncoder encoder, RunConfig config) =>
        from prompts in Prepare.Prompts(rows, static asked => asked.Prompt, encoder, config.Model.Context, config.Stage.Practice.Tokens, skips: config.Stage.Source.File is null)
        from some in Fault.Unless(prompts.Count > 0, config.Stage.Source.Name, $"asks nothing that has room in a context of {config.Model.Context}",
            $"allowed: a larger context, or fewer tokens of an answer than {config.Stage.Practice.Tokens}")
        select prompts.Map(static p => new PromptRow(p.Row, p.Ids));

    // Of tokens, and of what is expected: a judge may look at it.
    static uint Sum(Vec<PromptRow> prompts) => ~prompts.Aggregate(~0u, static (sum, p) =>
    {
        foreach (var token in p.Ids) sum = BitOperations.Crc32C(sum, (uint)token);
        foreach (var letter in p.Asked.Expected ?? "") sum = BitOperations.Crc32C(sum, letter);
        return BitOperations.Crc32C(sum, (uint)p.Ids.Count);
    });
}
