using Functional.Base;
using Functional.Dialogues;
using Functional.Generation;

namespace Functional;

/// <content>What a host writes with, and texts as numbers.</content>
public sealed partial class LanguageModel
{
    /// <summary>
    /// Texts as numbers: of each the mean of its tokens' last hidden states, <c>[width]</c>, of length 1. Texts that mean alike to the model have a large product.
    /// </summary>
    /// <param name="texts">The texts, each of a token or more and of no more than the model's context.</param>
    /// <param name="cancellation">Gives up between texts.</param>
    /// <exception cref="ArgumentNullException">There are no texts.</exception>
    /// <exception cref="FunctionalException">A text has no tokens, too many, or characters that the model does not know; or the device has no room.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public Task<IReadOnlyList<(float[] Vector, int Tokens)>> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return Embedded(() => [.. texts.Select(text => Tokenizer.Encode(text)).Gather().OrThrow()], cancellation);
    }

    /// <summary>As <see cref="EmbedAsync(IReadOnlyList{string}, CancellationToken)"/>, of tokens.</summary>
    /// <param name="texts">Tokens of each text: one or more, and no more than the model's context.</param>
    /// <param name="cancellation">Gives up between texts.</param>
    /// <exception cref="ArgumentNullException">There are no texts.</exception>
    /// <exception cref="FunctionalException">A text has no tokens, too many, or some that are none; or the device has no room.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public Task<IReadOnlyList<(float[] Vector, int Tokens)>> EmbedAsync(IReadOnlyList<Vec<int>> texts, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return Embedded(() => [.. texts.Select(static ids => ids.Span.ToArray())], cancellation);
    }

    async Task<IReadOnlyList<(float[] Vector, int Tokens)>> Embedded(Func<IReadOnlyList<int[]>> texts, CancellationToken cancellation)
    {
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => Finite(IReadOnlyList<(float[], int)> () => [.. texts().Select(ids =>
        {
            cancellation.ThrowIfCancellationRequested();
            return (model.Embedding(ids).OrThrow(), ids.Length);
        })]), cancellation).ConfigureAwait(false);
    }

    internal long CacheBytes => model.CacheBytes;

    internal (Streams Streams, Batcher Batcher) Host(int rows) => Outcomes.OnDevice(() => model.Host(rows).OrThrow());

    internal (Request Request, int Forgotten) Asked(Vec<Message> messages, AskOptions options) =>
        model.Asked(messages, options.Template, options.Decoding, options.Tokens, Key.Seed((ulong)options.Seed)).MapFail(Called).OrThrow();

    internal Request Continued(string prompt, GenerationOptions options) =>
        model.Continued(prompt, options.Decoding, options.Tokens, Key.Seed((ulong)options.Seed), options.StopsAtEnd).MapFail(Called).OrThrow();

    internal Request Continued(Vec<int> prompt, GenerationOptions options) =>
        model.Continued(prompt, options.Decoding, options.Tokens, Key.Seed((ulong)options.Seed), options.StopsAtEnd).MapFail(Called).OrThrow();

    // A step of somebody who has a turn for it, on the caller's thread.
    internal async Task<T> Turn<T>(Func<T> step, CancellationToken cancellation)
    {
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return Outcomes.OnDevice(() => Finite(step));
    }
}
