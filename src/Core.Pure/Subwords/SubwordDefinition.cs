using System.Text;
using Functional.Base;

namespace Functional.Subwords;

/// <summary>How tokens become text again.</summary>
/// <param name="StandIns">Whether tokens are stand-ins of bytes.</param>
/// <param name="ByteFallback">Whether <c>&lt;0x0A&gt;</c> is a byte.</param>
/// <param name="Replacements">Texts that stand for others, in order.</param>
/// <param name="Strip">What is taken off the beginning of a text.</param>
/// <param name="Times">How often, at most.</param>
sealed record DecodingRules(bool StandIns, bool ByteFallback, Vec<(string What, string By)> Replacements, string Strip, int Times)
{
    /// <summary>Tokens are text as they are.</summary>
    public static DecodingRules Plain { get; } = new(false, false, [], "", 0);

    /// <summary>The bytes of a token.</summary>
    public byte[] Bytes(string token)
    {
        if (StandIns) return Subwords.StandIns.Bytes(token) ?? Encoding.UTF8.GetBytes(token);
        foreach (var (what, by) in Replacements) token = token.Replace(what, by, StringComparison.Ordinal);
        return ByteFallback && IsFallback(token, out var value) ? [value] : Encoding.UTF8.GetBytes(token);
    }

    /// <summary>Whether a token is called as the byte of a part of a character is.</summary>
    public static bool IsFallback(string token, out byte value)
    {
        value = 0;
        return token.Length == 6 && token.StartsWith("<0x", StringComparison.Ordinal) && token[5] == '>'
            && byte.TryParse(token.AsSpan(3, 2), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out value);
    }
}

/// <summary>What stands around a text, or a pair of texts: tokens, and the places of the texts.</summary>
/// <param name="Ids">Tokens; none for a text.</param>
/// <param name="Sequence">Which text stands here, 0 or 1; -1 for tokens.</param>
sealed record TemplateItem(Vec<int> Ids, int Sequence);

/// <summary>What is done after a text has its tokens.</summary>
/// <param name="Single">What stands around one text; empty for nothing.</param>
/// <param name="Pair">What stands around two.</param>
/// <param name="Trim">Whether places leave out white space at their ends.</param>
/// <param name="KeepsFirst">Whether the first blank of a text was put there, and so is none of its own.</param>
sealed record PostRules(Vec<TemplateItem> Single, Vec<TemplateItem> Pair, bool Trim, bool KeepsFirst)
{
    public static PostRules None { get; } = new([], [], false, false);
}

/// <summary>The parts of a <c>tokenizer.json</c> beside its model and its added tokens, as JSON without blanks; nothing for null.</summary>
sealed record PartsJson(string? Normalizer, string? PreTokenizer, string? PostProcessor, string? Decoder);

/// <summary>Everything that a subword tokenizer is.</summary>
/// <param name="Names">What each id of the model's vocabulary is called in files; nothing for a hole.</param>
/// <param name="Merges">The merges of a byte-pair encoding, by rank.</param>
/// <param name="Scores">The log-probabilities of a unigram model.</param>
/// <param name="Rules">The rest of the model.</param>
/// <param name="Added">Tokens beside the model's.</param>
/// <param name="Normalizer">What makes text even.</param>
/// <param name="Steps">What cuts it into pieces.</param>
/// <param name="Decoding">How tokens become text.</param>
/// <param name="Post">What is done after a text has its tokens.</param>
/// <param name="Json">How files say all that.</param>
sealed record SubwordDefinition(Vec<string?> Names, Vec<Merge> Merges, Vec<double> Scores, BpeRules Rules, Vec<AddedToken> Added, TextNormalizer? Normalizer,
    Vec<PieceStep> Steps, DecodingRules Decoding, PostRules Post, PartsJson Json)
{
    /// <summary>Whether the model is a unigram one.</summary>
    public bool IsUnigram => Scores.Count > 0;
}
