using Functional.Base;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;
using Functional.Sampling;

namespace Functional.Generation;

/// <summary>
/// The program that reads so many tokens of so many rows at once, on a batcher's caches, and what the host keeps for it. A run allocates nothing here.
/// </summary>
sealed class CachedTurn : IDisposable
{
    readonly Workspace own;
    readonly BoundProgram program;
    readonly IBuffer inputs, position;
    readonly IBuffer? cacheRow, drawKeys;
    readonly BatchShape shape;
    readonly int[] tokens, positions, rows, keys;

    /// <summary>A turn.</summary>
    /// <param name="model">What reads.</param>
    /// <param name="shape">Rows, and tokens of each.</param>
    /// <param name="cacheRows">How many rows the caches have; the turn's are theirs, in order, where it has as many.</param>
    /// <param name="sampling">How it ends with a draw; nothing for logits.</param>
    /// <param name="all">Whether the logits are of every position.</param>
    /// <param name="shared">The caches and parameters.</param>
    public CachedTurn(Model model, BatchShape shape, int cacheRows, SamplingConfig? sampling, bool all, Workspace shared)
    {
        this.shape = shape;
        own = shared.Within();
        (tokens, positions, rows, keys) = (new int[shape.Rows * shape.Time], new int[shape.Rows], new int[shape.Rows], new int[2 * shape.Rows]);
        (inputs, position) = (own.Add(Names.Inputs, shape.Tokens), own.Add(Names.Position, new([shape.Rows], DType.I32)));
        int? some = shape.Rows == cacheRows ? null : cacheRows;
        if (some is not null) cacheRow = own.Add(Names.CacheRow, new([shape.Rows], DType.I32));
        if (sampling is not null) drawKeys = own.Add(Names.DrawKeys, new([shape.Rows, 2], DType.I32));
        program = own.Bind(sampling is null ? Programs.CachedStep(model, shape, some, atOnce: Batcher.MostPiece, all: all)
            : Draw.CachedStep(model, shape, some, sampling, Batcher.MostPiece));
        Logits = new float[sampling is null ? shape.Rows * (all ? shape.Time : 1) * model.Outputs : 0];
        (Tokens, LogProbs) = (new int[sampling is null ? 0 : shape.Rows], new float[sampling is null ? 0 : shape.Rows]);
    }

    /// <summary>How many rows it reads.</summary>
    public int Rows => shape.Rows;

    /// <summary>Of each row, <c>[rows, vocabulary]</c>, or of each position, <c>[rows, time, vocabulary]</c>, after a run that does not draw.</summary>
    public float[] Logits { get; }

    /// <summary>The token of each row, after a run that draws.</summary>
    public int[] Tokens { get; }

    /// <summary>The log-probability of each row's token, after a run that draws.</summary>
    public float[] LogProbs { get; }

    /// <summary>Says what a row of the turn reads: where in the caches, from which position, and with which key it draws.</summary>
    public void Set(int index, int row, int at, ReadOnlySpan<int> read, Key key)
    {
        (rows[index], positions[index], keys[2 * index], keys[2 * index + 1]) = (row, at, (int)key.A, (int)key.B);
        read.CopyTo(tokens.AsSpan(index * shape.Time));
    }

    /// <summary>Reads.</summary>
    /// <param name="results">Whether anyone wants to know what comes next.</param>
    public void Run(bool results = true)
    {
        inputs.Write<int>(tokens);
        position.Write<int>(positions);
        cacheRow?.Write<int>(rows);
        drawKeys?.Write<int>(keys);
        program.Run();
        if (!results) return;
        if (drawKeys is null)
        {
            program[Names.Logits].Read<float>(Logits);
            return;
        }
        program[Names.Token].Read<int>(Tokens);
        program[Names.LogProb].Read<float>(LogProbs);
    }

    /// <inheritdoc/>
    public void Dispose() => own.Dispose();
}
