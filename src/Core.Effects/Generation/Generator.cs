using Functional.Base;
using Functional.Sampling;
using Functional.Subwords;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Generation;

/// <summary>
/// Continues texts: prompt to tokens, tokens through a <see cref="Decoder"/>, a draw from the logits a token, and text as soon as its
/// characters are complete. The same seed gives the same text.
/// </summary>
public sealed class Generator
{
    readonly Decoder decoder;
    readonly Tokenizer tokenizer;
    readonly LineEnds lineEnds;

    /// <summary>A generator.</summary>
    /// <param name="decoder">What reads; one generation at a time.</param>
    /// <param name="tokenizer">The model's own.</param>
    /// <param name="lineEnds">What becomes of line ends in prompts; as in the text that the model learned.</param>
    /// <exception cref="ArgumentException">The tokenizer and the model have different numbers of tokens.</exception>
    public Generator(Decoder decoder, Tokenizer tokenizer, LineEnds lineEnds)
    {
        if (decoder.Vocabulary != tokenizer.VocabularySize)
            throw new ArgumentException($"the model has {decoder.Vocabulary} tokens and the tokenizer {tokenizer.VocabularySize}.");
        (this.decoder, this.tokenizer, this.lineEnds) = (decoder, tokenizer, lineEnds);
    }

    /// <summary>The token that texts of the model begin with, for a prompt that has nothing else.</summary>
    public Option<int> Begin { get; init; }

    /// <summary>Tokens at which a text ends; none of them is a part of it.</summary>
    public Vec<int> Ends { get; init; } = [];

    /// <summary>
    /// The tokens of a prompt, its line ends as in the text that the model learned; characters outside the vocabulary are faults. Before them stand those
    /// that the tokenizer puts before a text. An empty prompt has these alone, or else <see cref="Begin"/>; without either it begins as a new line does, with
    /// the tokenizer's line end, or with token 0 where it has none. That token is read but is no part of the text.
    /// </summary>
    /// <param name="prompt">The text to continue.</param>
    public Validation<Fault, int[]> Encode(string prompt)
    {
        int[] before = tokenizer is SubwordTokenizer words ? [.. words.Before] : [];
        return prompt.Length > 0
            ? tokenizer.Encode(LineEndStream.Whole(lineEnds, prompt)).Map(ids => (int[])[.. before, .. ids])
                .MapFail(static fault => fault with { Where = $"prompt, {fault.Where}" })
            : Success<Fault, int[]>(before.Length > 0 ? before
                : Begin.Match(static begin => [begin], () => Or(tokenizer.Encode("\n"), Or(tokenizer.Encode("\r"), [0]))));
    }

    static int[] Or(Validation<Fault, int[]> ids, int[] otherwise) => ids.Match(static found => found, _ => otherwise);

    /// <summary>The tokens that follow a prompt, each as soon as it is drawn. Without end unless the caller stops.</summary>
    /// <param name="prompt">Tokens to continue, at least one.</param>
    /// <param name="sampler">Chooses each token.</param>
    /// <param name="key">The i-th token is drawn with this key folded with i.</param>
    public IEnumerable<int> Tokens(int[] prompt, Sampler sampler, Key key)
    {
        var logits = new float[tokenizer.VocabularySize];
        decoder.Reset();
        decoder.Read(prompt, logits);
        for (long i = 0; ; i++)
        {
            if (logits.AsSpan().ContainsAnyExceptInRange(float.NegativeInfinity,
                float.MaxValue)) throw new NotFiniteNumberException("the model's numbers are not finite");
            var token = sampler.Next(logits, key.FoldIn(i));
            yield return token;
            decoder.Read([token], logits);
        }
    }

    /// <summary>
    /// The text that follows a prompt, in pieces of whole characters, until the model says its end; an unfinished one at the end becomes U+FFFD.
    /// </summary>
    /// <param name="prompt">Tokens to continue, at least one.</param>
    /// <param name="tokens">How many tokens to draw at most.</param>
    /// <param name="sampler">Chooses each token.</param>
    /// <param name="key">The i-th token is drawn with this key folded with i.</param>
    public IEnumerable<string> Text(int[] prompt, int tokens, Sampler sampler, Key key)
    {
        var stream = Utf8Stream.Start;
        var drawn = 0;
        if (tokens > 0)
            foreach (var token in Tokens(prompt, sampler, key))
            {
                if (Ends.Contains(token)) break;
                (var text, stream) = stream.Push(tokenizer.Bytes(token));
                if (text.Length > 0) yield return text;
                if (++drawn == tokens) break;
            }
        if (stream.Flush() is { Length: > 0 } rest) yield return rest;
    }
}
