using System.Numerics;
using Functional.Base;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;

namespace Functional.Generation;

/// <summary>
/// A model reading tokens one after the other through caches of keys and values, so that each new token costs the same whatever came
/// before it. Prompts are read in pieces whose lengths are powers of two; the program of a length is compiled when it is first needed.
/// <para>
/// When the context is full, the last half of it is read again from position 0 and decoding goes on: the model then sees between half a
/// context and a whole one.
/// </para>
/// </summary>
/// <remarks>One sequence at a time; not for several threads at once. Owns its caches and programs, not the parameters.</remarks>
public sealed class Decoder : IDisposable
{
    // Below this a piece is not worth a program of its own: the program for one token, which is needed anyway, reads it.
    const int LeastPiece = 8, MostPiece = 256;

    readonly Model model;
    readonly Workspace workspace;
    readonly Dictionary<int, Piece> pieces = [];
    readonly int[] seen;
    readonly IBuffer position, logits;
    int count;

    /// <summary>A decoder at the beginning of a sequence.</summary>
    /// <param name="engine">Where it runs.</param>
    /// <param name="model">What reads.</param>
    /// <param name="parameters">The engine's buffers of the model's parameters, by the parameters' names.</param>
    public Decoder(IEngine engine, Model model, Params<IBuffer> parameters)
    {
        this.model = model;
        seen = new int[model.Context];
        workspace = new(engine);
        workspace.Alias(parameters.Rename(Names.Param));
        workspace.Add(model.Caches(1).Rename(Names.Cache));
        (position, logits) = (workspace.Add(Names.Position, new([1], DType.I32)), workspace.Add(Names.Logits, new([1, model.Vocabulary])));
    }

    /// <summary>How many tokens of the sequence the caches hold, at most the model's context.</summary>
    public int Position => count;

    /// <summary>How many logits there are.</summary>
    public int Vocabulary => model.Vocabulary;

    /// <summary>Forgets the sequence; the next token read is the first of another.</summary>
    public void Reset() => count = 0;

    /// <summary>Takes whatever stands in the caches for so many tokens read: for measuring, where only the amount of work counts.</summary>
    internal void Seek(int position) => count = position;

    /// <summary>
    /// Reads tokens and gives the scores of what comes next. Of more tokens than the context holds, only the last are read.
    /// </summary>
    /// <param name="tokens">One or more.</param>
    /// <param name="next">Filled with logits, <c>[vocabulary]</c>.</param>
    /// <exception cref="ArgumentException">There is no token, or one is not in the vocabulary.</exception>
    public void Read(ReadOnlySpan<int> tokens, Span<float> next)
    {
        if (tokens.IsEmpty) throw new ArgumentException("there is no token to read.");
        foreach (var token in tokens)
            if ((uint)token >= (uint)model.Vocabulary) throw new ArgumentException($"token {token} is not in the vocabulary of {model.Vocabulary}.");
        if (count + tokens.Length > model.Context) tokens = Rewind(tokens);
        while (!tokens.IsEmpty)
        {
            var length = PieceOf(tokens.Length);
            Run(tokens[..length]);
            tokens = tokens[length..];
        }
        logits.Read(next);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var piece in pieces.Values) piece.Dispose();
        pieces.Clear();
        workspace.Dispose();
    }

    /// <summary>The length of the next piece of a text of so many tokens.</summary>
    internal static int PieceOf(int tokens)
    {
        var length = Math.Min(MostPiece, 1 << BitOperations.Log2((uint)tokens));
        return length < LeastPiece ? 1 : length;
    }

    // What is read instead of these tokens, from position 0: a prompt that does not fit whole is its last part alone; otherwise half of the
    // context, which leaves room for as many tokens as are read again.
    ReadOnlySpan<int> Rewind(ReadOnlySpan<int> tokens)
    {
        var kept = count == 0 || tokens.Length >= model.Context ? model.Context : Math.Max(tokens.Length, model.Context / 2);
        var again = new int[Math.Min(kept, count + tokens.Length)];
        var fresh = Math.Min(again.Length, tokens.Length);
        tokens[^fresh..].CopyTo(again.AsSpan(again.Length - fresh));
        seen.AsSpan(count - (again.Length - fresh), again.Length - fresh).CopyTo(again);
        count = 0;
        return again;
    }

    void Run(ReadOnlySpan<int> tokens)
    {
        if (!pieces.TryGetValue(tokens.Length, out var piece)) pieces.Add(tokens.Length, piece = new(model, tokens.Length, workspace));
        position.Write<int>([count]);
        piece.Run(tokens);
        tokens.CopyTo(seen.AsSpan(count));
        count += tokens.Length;
    }

    /// <summary>The program that reads so many tokens at once, on the decoder's buffers.</summary>
    sealed class Piece : IDisposable
    {
        readonly Workspace own;
        readonly IBuffer inputs;
        readonly BoundProgram program;

        public Piece(Model model, int length, Workspace shared)
        {
            var shape = new BatchShape(1, length);
            own = shared.Within();
            inputs = own.Add(Names.Inputs, shape.Tokens);
            program = own.Bind(Programs.CachedStep(model, shape));
        }

        public void Run(ReadOnlySpan<int> tokens)
        {
            inputs.Write(tokens);
            program.Run();
        }

        public void Dispose() => own.Dispose();
    }
}
