using Functional.Base;
using Functional.Data;

namespace Functional.Settings;

/// <summary>What a stage learns from.</summary>
public sealed record SourceConfig
{
    /// <summary>The text file; nothing for the embedded corpus.</summary>
    public string? File { get; init; }

    /// <summary>Which embedded corpus.</summary>
    public long CorpusSeed { get; init; } = 1;

    /// <summary>Characters of the embedded corpus, at least.</summary>
    public int CorpusSize { get; init; } = 1_000_000;

    /// <summary>The last part of the text, which only evaluation reads, in (0, 1).</summary>
    public double ValidationPart { get; init; } = 0.1;

    /// <summary>How training windows are chosen.</summary>
    public WindowOrder Order { get; init; } = WindowOrder.Random;

    /// <summary>A token that begins each document, such as <c>&lt;|endoftext|&gt;</c>: what comes after it sees nothing before it. Nothing where the text is one.</summary>
    public string? Separator { get; init; }

    /// <summary>What the text is, for people.</summary>
    public string Name => File ?? "the embedded corpus";

    const int LargestCorpus = 1_000_000_000;

    /// <summary>Its settings.</summary>
    internal static Vec<Field<SourceConfig>> Fields { get; } =
    [
        Make.Path<SourceConfig>("data", "text file to learn from; the embedded corpus where none is given", "the name of a text file",
            static c => c.File, static (c, text) => c with { File = text }) with { Aliases = ["dataset", "file", "text", "input", "train-file"] },
        Make.Whole<SourceConfig>("corpus-seed", "which embedded corpus", static c => c.CorpusSeed, static (c, v) => c with { CorpusSeed = v },
            0) with { Fixed = true },
        Make.Whole<SourceConfig>("corpus-size", "characters of the embedded corpus", static c => c.CorpusSize, static (c, v) => c with { CorpusSize = (int)v },
            1, LargestCorpus)
            with { Fixed = true },
        Make.Number<SourceConfig>("validation-part", "the last part of the text, kept for evaluation", "above 0 and less than 1", static c => c.ValidationPart,
            static (c, v) => c with { ValidationPart = v }, static v => v is > 0 and < 1) with { Fixed = true, Aliases = ["val-split", "validation-split", "val-fraction"] },
        Make.OneOf<SourceConfig, WindowOrder>("order", "which windows of the text make up the batches", static c => c.Order,
            static (c, v) => c with { Order = v },
            [("random", WindowOrder.Random), ("ordered", WindowOrder.Ordered), ("shuffled", WindowOrder.Shuffled)]) with { Fixed = true },
        new("separator", nameof(Separator), "a token that begins each document, which then sees nothing before it", "the text of one token, or nothing",
            static c => c.Separator, static (c, text) => c with { Separator = text }, static c => c.Separator != "")
            { Fixed = true, IsText = true, IsDetail = true, Aliases = ["document-separator", "eot-token"] },
    ];
}
