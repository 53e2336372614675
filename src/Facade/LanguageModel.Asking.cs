using System.Diagnostics;
using System.Runtime.CompilerServices;
using Functional.Base;
using Functional.Generation;

namespace Functional;

/// <content>Single questions.</content>
public sealed partial class LanguageModel
{
    /// <summary>
    /// The name of the template with which questions are asked where none is named, and whether that is the model's own or that of what it has learned. Of a model
    /// that has learned no answers nobody knows: it is then a guess.
    /// </summary>
    /// <exception cref="FunctionalException">The template is damaged or gone, or the model has no tokenizer.</exception>
    public (string Name, bool IsKnown) UsualTemplate => model.UsualTemplate().OrThrow();

    /// <summary>Asks a question and waits for the answer.</summary>
    /// <param name="question">The question.</param>
    /// <param name="options">How it is asked, what was said before, and how the model answers.</param>
    /// <param name="progress">Is told the answer as it is written, in pieces of whole characters, on the thread that computes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ArgumentNullException">There is no question.</exception>
    /// <exception cref="FunctionalException">
    /// An option is out of range; the question is empty, longer than the model's context, or has characters that the model does not know; the model writes no text;
    /// or the device has no room.
    /// </exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    /// <example><code>
    /// using var model = await LanguageModel.LoadAsync("runs/answers");
    /// Console.WriteLine(await model.AskAsync("What is the capital of France?", new() { System = "Be brief." }));
    /// </code></example>
    public async Task<Reply> AskAsync(string question, AskOptions? options = null, IProgress<string>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        var valid = (options ?? new()).Validate().Bind(static o => o.Single.Gather().Map(_ => o)).OrThrow();
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => Finite(() =>
        {
            var (pieces, forgotten) = Answered(question, valid);
            foreach (var (piece, whole) in pieces)
            {
                cancellation.ThrowIfCancellationRequested();
                if (piece.Length > 0) progress?.Report(piece);
                if (whole is not null) return new Reply(whole, forgotten);
            }
            throw new UnreachableException("an answer ends");
        }), cancellation).ConfigureAwait(false);
    }

    /// <summary>Asks a question and gives several answers, the best of more, or those that a search finds: as <see cref="CompleteAsync"/> gives texts.</summary>
    /// <param name="question">The question.</param>
    /// <param name="options">How it is asked, what was said before, how the model answers, and how many times.</param>
    /// <param name="progress">Is told how many answers are written, on the thread that computes.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The answers: in the order of their keys, or best first.</returns>
    /// <exception cref="ArgumentNullException">There is no question.</exception>
    /// <exception cref="FunctionalException">As for <see cref="AskAsync"/>.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<IReadOnlyList<Reply>> RepliesAsync(string question, AskOptions? options = null, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        var valid = (options ?? new()).Validate().OrThrow();
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => Finite(IReadOnlyList<Reply> () =>
        {
            var (request, forgotten) = Asked(valid.Messages(question), valid);
            return [.. Several(request, valid, 0, 0, progress, cancellation).Select(answer => new Reply(answer, forgotten))];
        }), cancellation).ConfigureAwait(false);
    }

    /// <summary>Asks a question; the answer comes in pieces of whole characters, as soon as they are known.</summary>
    /// <param name="question">The question.</param>
    /// <param name="options">How it is asked, what was said before, and how the model answers.</param>
    /// <param name="cancellation">Stops writing.</param>
    /// <exception cref="ArgumentNullException">There is no question.</exception>
    /// <exception cref="FunctionalException">As for <see cref="AskAsync"/>.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside another loop over this model's text.</exception>
    public IAsyncEnumerable<string> AskStreamAsync(string question, AskOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(question);
        var valid = (options ?? new()).Validate().Bind(static o => o.Told.Gather().Map(_ => o)).OrThrow();
        return new Writing(turns, stop => Say(question, valid, stop).GetAsyncEnumerator(stop), cancellation);
    }

    async IAsyncEnumerable<string> Say(string question, AskOptions options, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var pieces = (await Compute(() => Answered(question, options).Pieces, cancellation).ConfigureAwait(false)).GetEnumerator();
        while (await Compute(() => Finite(pieces.MoveNext), cancellation).ConfigureAwait(false))
            if (pieces.Current.Piece is { Length: > 0 } piece) yield return piece;
    }

    (IEnumerable<(string Piece, Answer? Whole)> Pieces, int Forgotten) Answered(string question, AskOptions options) =>
        model.Answer(options.Messages(question), options.Template, options.Decoding, options.Tokens, Key.Seed((ulong)options.Seed)).MapFail(Called).OrThrow();
}
