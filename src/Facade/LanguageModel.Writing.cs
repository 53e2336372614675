using System.Runtime.CompilerServices;
using Functional.Base;
using Functional.Generation;
using Functional.Sessions;

namespace Functional;

/// <content>Texts.</content>
public sealed partial class LanguageModel
{
    // Each has caches of its own.
    const int RowsAtOnce = 8;

    /// <summary>
    /// Goes on from a prompt, and gives whole texts: one or several, the best of more, or those that a search finds, with the log-probabilities of their tokens.
    /// </summary>
    /// <param name="prompt">The text to go on from; it is not repeated.</param>
    /// <param name="options">How to draw or search, how much, and how many.</param>
    /// <param name="progress">Is told how many texts are written, on the thread that computes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The texts: in the order of their keys, or best first.</returns>
    /// <exception cref="ArgumentNullException">There is no prompt.</exception>
    /// <exception cref="FunctionalException">
    /// An option is out of range, the prompt has characters that the model does not know, what the text must look like cannot be written, the draft is of another tokenizer, or the device has no
    /// room.
    /// </exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    /// <example><code>
    /// foreach (var text in await model.CompleteAsync("Once", new() { Samples = 3, BestOf = 10 })) Console.WriteLine($"{text.LogProb:0.0} {text.Text}");
    /// </code></example>
    public async Task<IReadOnlyList<Answer>> CompleteAsync(string prompt, GenerationOptions? options = null, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        var valid = (options ?? new()).Validate().OrThrow();
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => Finite(() => Complete(prompt, valid, progress, cancellation)), cancellation).ConfigureAwait(false);
    }

    IReadOnlyList<Answer> Complete(string prompt, GenerationOptions options, IProgress<int>? progress, CancellationToken stop)
    {
        var generator = model.Generator(options.Window, options.Sinks, options.StopsAtEnd).OrThrow();
        Vec<int> ids = [.. generator.Encode(prompt).OrThrow()];
        if (options.Tokens == 0) return [.. Enumerable.Repeat(new Answer([], [], "", AnswerEnd.Length), options.Samples)];
        return Several(Requested(options.Decoding, ids, options, generator.Ends), options, options.Window, options.Sinks, progress, stop);
    }

    // What a request becomes: texts by keys of their own, the best of them, or what a search finds.
    IReadOnlyList<Answer> Several(Request request, DecodingOptions options, int window, int sinks, IProgress<int>? progress, CancellationToken stop)
    {
        var count = Math.Max(options.BestOf, options.Samples);
        var (streams, batcher) = model.Streams(options.Decoding, options.Beams > 0 ? options.Beams : Math.Min(count, RowsAtOnce), window, sinks).OrThrow();
        if (options.Beams > 0) return [.. BeamSearch.Of(batcher, Tokenizer, request, options.Beams, options.LengthPenalty, stop).Take(options.Samples)];
        using (streams)
        {
            var (places, done) = (streams.Add([.. Enumerable.Range(0, count).Select(i => request with { Key = KeyOf(request.Key, i) })]), new Dictionary<int, Answer>());
            while (!streams.IsIdle)
            {
                stop.ThrowIfCancellationRequested();
                foreach (var piece in streams.Step())
                    if (piece.Whole is { } whole)
                    {
                        done[piece.Id] = whole;
                        progress?.Report(done.Count);
                    }
            }
            var all = places.Map(id => done[id]);
            return options.BestOf == 0 ? [.. all] : [.. all.OrderByDescending(a => options.BestBy == BestBy.Sum ? a.LogProb : a.LogProb / Math.Max(1, a.Tokens.Count)).Take(options.Samples)];
        }
    }

    // The first text is the one that is written where one is.
    internal static Key KeyOf(Key key, int i) => i == 0 ? key : key.FoldIn("sample").FoldIn(i);

    Request Requested(Decoding decoding, Vec<int> ids, GenerationOptions options, Vec<int> ends) =>
        model.Request(decoding, ids, options.Tokens, Key.Seed((ulong)options.Seed), ends).MapFail(Called).OrThrow();

    // A fault under the name of an option.
    static Fault Called(Fault fault) => fault with
    {
        Where = fault.Where switch
        {
            "ban" => nameof(DecodingOptions.Banned),
            "bias" => nameof(DecodingOptions.Biases),
            "force" => nameof(DecodingOptions.Forced),
            _ => fault.Where,
        },
    };

    async IAsyncEnumerable<string> Write(string prompt, GenerationOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var pieces = (await Compute(() => Following(prompt, options), cancellation).ConfigureAwait(false)).GetEnumerator();
        while (await Compute(() => Finite(pieces.MoveNext), cancellation).ConfigureAwait(false))
            if (pieces.Current.Length > 0) yield return pieces.Current;
    }

    IEnumerable<string> Following(string prompt, GenerationOptions options)
    {
        var (decoding, generator) = (options.Decoding, model.Generator(options.Window, options.Sinks, options.StopsAtEnd).OrThrow());
        var ids = generator.Encode(prompt).OrThrow();
        if (decoding.IsPlain || options.Tokens == 0) return generator.Text(ids, options.Tokens, new(decoding.Rules.Config.IfNone(new Sampling.SamplingConfig())), Key.Seed((ulong)options.Seed));
        var request = Requested(decoding, [.. ids], options, generator.Ends);
        return TrainedModel.Pieces(model.Streams(decoding, 1, options.Window, options.Sinks).OrThrow().Streams, request).Select(static p => p.Piece);
    }
}
