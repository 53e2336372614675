using Functional.Base;
using Functional.Data;

namespace Functional.Settings;

/// <summary>What a stage learns from.</summary>
public sealed record SourceConfig
{
    /// <summary>The text file; nothing for the embedded corpus.</summary>
    public string? File { get; init; }

    /// <summary>Several texts to learn from and what each counts, as <c>a.txt=3+b.tokens=1</c>, in place of <see cref="File"/>; nothing for one text.</summary>
    public string? Mixture { get; init; }

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

    /// <summary>The files that are learned from and what each counts; none for the embedded corpus.</summary>
    public Vec<TextChoice> Texts => TextChoice.All(Mixture) ?? (File is { } file ? [new(file, 1)] : []);

    /// <summary>Whether it is the embedded corpus, or the embedded world's rows.</summary>
    public bool IsEmbedded => File is null && Mixture is null;

    /// <summary>What the text is, for people.</summary>
    public string Name => Texts switch { [] => "the embedded corpus", [var one] => one.Name, var all => $"a mixture of {all.Count} texts" };

    /// <summary>The same files at other places.</summary>
    /// <param name="place">What becomes of the name of a file.</param>
    public SourceConfig At(Func<string, string> place) => this with
    {
        File = File is { } file ? place(file) : null,
        Mixture = TextChoice.All(Mixture) is { } texts ? TextChoice.Text(texts.Map(t => t with { Name = place(t.Name) })) : Mixture,
    };

    const int LargestCorpus = 1_000_000_000;

    /// <summary>Its settings.</summary>
    internal static Vec<Field<SourceConfig>> Fields { get; } =
    [
        Make.Path<SourceConfig>("data", "text file to learn from; the embedded corpus where none is given", "the name of a text file",
            static c => c.File, static (c, text) => c with { File = text }) with { Aliases = ["dataset", "file", "text", "input", "train-file"] },
        new("mixture", nameof(Mixture), "several texts to learn from, each as often as its weight says", TextChoice.Allowed,
            static c => c.Mixture, static (c, text) => text is null || TextChoice.All(text) is not null ? c with { Mixture = text } : null,
            static c => c.Mixture is null || TextChoice.All(c.Mixture) is not null)
            { Fixed = true, FixedPart = static c => TextChoice.Weights(c.Texts), IsText = true, IsDetail = true, Aliases = ["data-mix", "datasets", "data-weights", "blend"] },
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
