using Functional.Base;
using Functional.Subwords;

namespace Functional.Settings;

/// <summary>How a byte-pair encoding is trained for a text.</summary>
public sealed record BpeConfig
{
    /// <summary>The most tokens it may have: special ones, 256 bytes, and one a merge.</summary>
    public int Vocabulary { get; init; } = 1024;

    /// <summary>What cuts text into pieces: <c>gpt2</c> or <c>gpt4</c>.</summary>
    public string Split { get; init; } = "gpt4";

    /// <summary>How often a pair must stand in the text to be merged.</summary>
    public int MinFrequency { get; init; } = 1;

    /// <summary>Special tokens with blanks between them; nothing for none.</summary>
    public string? SpecialTokens { get; init; }

    /// <summary>The special tokens.</summary>
    public Vec<string> Special => SpecialTokens is null ? [] : [.. SpecialTokens.Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct()];

    /// <summary>What is asked of the trainer.</summary>
    public BpeTraining Training => new(Vocabulary, MinFrequency, Special);

    /// <summary>What cuts text into pieces.</summary>
    public Splitter Splitter => Split == "gpt2" ? Splitter.Gpt2 : Splitter.Gpt4;

    /// <summary>The largest vocabulary that is trained.</summary>
    public const int LargestVocabulary = 1 << 20;

    /// <summary>Its settings.</summary>
    internal static Vec<Field<BpeConfig>> Fields { get; } =
    [
        Make.Whole<BpeConfig>("vocabulary", "tokens of a trained bpe, at most", static c => c.Vocabulary, static (c, v) => c with { Vocabulary = (int)v }, 1,
            LargestVocabulary) with { Fixed = true, Aliases = ["vocab-size", "vocab"] },
        Make.OneOf<BpeConfig, string>("split", "how a trained bpe cuts text into words", static c => c.Split, static (c, v) => c with { Split = v },
            [("gpt4", "gpt4"), ("gpt2", "gpt2")]) with { Fixed = true },
        Make.Whole<BpeConfig>("min-frequency", "how often a pair must stand in the text to be merged", static c => c.MinFrequency,
            static (c, v) => c with { MinFrequency = (int)v }, 1, int.MaxValue) with { Fixed = true },
        new("special-tokens", nameof(SpecialTokens), "special tokens of a trained bpe, such as <|endoftext|>", "tokens with blanks between, or nothing",
            static c => c.SpecialTokens, static (c, text) => c with { SpecialTokens = text }, static c => c.SpecialTokens is null || c.Special.Count > 0)
            { Fixed = true, IsText = true },
    ];
}
