using Functional.Base;
using Functional.Engines;
using Functional.Models;

namespace Functional.Generation;

/// <summary>
/// A model reading tokens one after the other through caches of keys and values, so that each new token costs the same whatever came
/// before it: the one row of a <see cref="Batcher"/>, whose rules are its own.
/// </summary>
/// <remarks>One sequence at a time; not for several threads at once. Owns its caches and programs, not the parameters.</remarks>
public sealed class Decoder : IDisposable
{
    readonly Batcher batcher;
    int row;

    /// <summary>A decoder at the beginning of a sequence.</summary>
    /// <param name="engine">Where it runs.</param>
    /// <param name="model">What reads.</param>
    /// <param name="parameters">The engine's buffers of the model's parameters, by the parameters' names.</param>
    public Decoder(IEngine engine, Model model, Params<IBuffer> parameters)
    {
        batcher = new(engine, model, parameters, 1);
        row = batcher.Join();
    }

    /// <summary>How many tokens of the sequence the caches hold, at most the model's context.</summary>
    public int Position => batcher.Position(row);

    /// <summary>How many logits there are.</summary>
    public int Vocabulary => batcher.Vocabulary;

    /// <summary>Forgets the sequence; the next token read is the first of another.</summary>
    public void Reset()
    {
        batcher.Leave(row);
        row = batcher.Join();
    }

    /// <summary>Takes whatever stands in the caches for so many tokens read: for measuring, where only the amount of work counts.</summary>
    internal void Seek(int position) => batcher.Seek(row, position);

    /// <summary>
    /// Reads tokens and gives the scores of what comes next. Of more tokens than the context holds, only the last are read.
    /// </summary>
    /// <param name="tokens">One or more.</param>
    /// <param name="next">Filled with logits, <c>[vocabulary]</c>.</param>
    /// <exception cref="ArgumentException">There is no token, or one is not in the vocabulary.</exception>
    public void Read(ReadOnlySpan<int> tokens, Span<float> next) => batcher.Read(row, tokens, next);

    /// <inheritdoc/>
    public void Dispose() => batcher.Dispose();
}
