using System.Text;
using Functional.Text;

namespace Functional.Subwords;

/// <summary>What becomes of a text on its way to tokens.</summary>
sealed class SubwordPipeline
{
    readonly AddedTokens raw, rawText, even, evenText;

    /// <param name="added">Tokens that are found before the model is asked.</param>
    /// <param name="normalizer">What makes text even; nothing for none.</param>
    /// <param name="steps">What cuts it into pieces.</param>
    /// <param name="model">What turns a piece into tokens.</param>
    public SubwordPipeline(IReadOnlyList<AddedToken> added, TextNormalizer? normalizer, IReadOnlyList<PieceStep> steps, SubwordModel model)
    {
        (Normalizer, Steps, Model) = (normalizer, steps, model);
        AddedTokens Of(bool normalized, bool all) => new(added.Where(t => t.Normalized == normalized && (all || !t.Special))
            .Select(t => (t, normalized && normalizer is not null ? new string(normalizer.Apply(Shaped.Of(t.Content, 0), false, false).Text) : t.Content)));
        (raw, rawText, even, evenText) = (Of(false, true), Of(false, false), Of(true, true), Of(true, false));
        IsPlain = normalizer is null && even.IsEmpty && steps.All(static s => s.Splits);
    }

    public TextNormalizer? Normalizer { get; }

    public IReadOnlyList<PieceStep> Steps { get; }

    public SubwordModel Model { get; }

    /// <summary>Whether text is only cut, and so each place in pieces is one in the text.</summary>
    public bool IsPlain { get; }

    /// <summary>Added tokens that are found in the text as it is.</summary>
    public AddedTokens Raw(SpecialTokens special) => special == SpecialTokens.Text ? rawText : raw;

    /// <summary>Added tokens that are found in the text that was made even.</summary>
    public AddedTokens Even(SpecialTokens special) => special == SpecialTokens.Text ? evenText : even;

    /// <summary>Whether a part that goes on may be handed on from a step: none behind it treats what begins otherwise.</summary>
    public bool MayGoOn(int step)
    {
        for (var k = step + 1; k < Steps.Count; k++)
            if (Steps[k].AsksForBeginnings) return false;
        return true;
    }

    /// <summary>Whether text may be cut at a place inside of it and its parts made even apart.</summary>
    public bool MayCut(ReadOnlySpan<char> text, int at)
    {
        if (at <= 0 || at >= text.Length) return false;
        if (char.IsLowSurrogate(text[at])) return false;
        if (Normalizer is null || Normalizer.MayCutAnywhere) return true;
        Rune.DecodeLastFromUtf16(text[..at], out var before, out _);
        Rune.DecodeFromUtf16(text[at..], out var after, out _);
        return Normalizer.MayCut(before, after);
    }

    /// <summary>The last place inside of a text where it may be cut and its parts made even apart; 0 for none.</summary>
    public int LastCut(ReadOnlySpan<char> text)
    {
        for (var at = text.Length - 1; at > 0; at--)
            if (MayCut(text, at)) return at;
        return 0;
    }
}
