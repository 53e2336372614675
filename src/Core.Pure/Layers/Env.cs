using Functional.Base;
using Functional.Graphs;

namespace Functional.Layers;

/// <summary>Everything that a layer may depend on beside its input. Immutable; a caller narrows it with <see cref="In"/>.</summary>
/// <param name="Parameters">The parameter of a full name, such as <c>blocks.0.qkv.weight</c>.</param>
public sealed record Env(Func<string, Tensor> Parameters)
{
    /// <summary>Where the layer stands in the model, such as <c>blocks.0</c>; empty at the top.</summary>
    public string Path { get; init; } = "";

    /// <summary>Which of an objective's models this is; empty where there is one. What two models draw at the same place differs by it.</summary>
    public string Part { get; init; } = "";

    /// <summary>Which of the key's streams of random numbers is this place's own.</summary>
    public uint Stream => Key.StreamOf(Part.Length == 0 ? Path : $"{Part}/{Path}");

    /// <summary>The key of this run of the model, <c>i32[2]</c>, when training; null when evaluating, and dropout then does nothing.</summary>
    public Tensor? RandomKey { get; init; }

    /// <summary>The absolute position of each row's first token, <c>i32[batch]</c>; null for 0.</summary>
    public Tensor? Position { get; init; }

    /// <summary>
    /// Where the text that each token belongs to begins in its row, <c>i32[batch, time]</c>: of several in one row, or behind padding. A token sees nothing
    /// before it, and positions count from it. Null where each row is one text from its first token on.
    /// </summary>
    public Tensor? Starts { get; init; }

    /// <summary>
    /// Where the text that each token belongs to ends in its row, <c>i32[batch, time]</c>: the place behind its last token. A token sees nothing from there on.
    /// Null where causal attention needs none, or where each row is one text to its last token.
    /// </summary>
    public Tensor? Ends { get; init; }

    /// <summary>Which tokens count where a layer takes means over all of them, <c>bool[batch, time]</c>; null for all.</summary>
    public Tensor? Counted { get; init; }

    /// <summary>Which row of the caches each row stands in, <c>i32[batch]</c>; null where they are the caches' rows, in order.</summary>
    public Tensor? CacheRow { get; init; }

    /// <summary>The cache of a full name, such as <c>blocks.0.k</c>, or null: then nothing is cached under it.</summary>
    public Func<string, Tensor?> Caches { get; init; } = static _ => null;

    /// <summary>Which optional side outputs are asked for, by full name such as <c>weights/blocks.0</c>.</summary>
    public Func<string, bool> Wants { get; init; } = static _ => false;

    /// <summary>After how many blocks one state is kept for the backward pass, which computes what lies between again; 0 where all is kept.</summary>
    public int Recomputed { get; init; }

    /// <summary>
    /// How an input <c>[…, inputs]</c> meets the matrix <c>[inputs, outputs]</c> of a full name: by their product, unless a model over the model says
    /// otherwise,
    /// as adapters do. Given the environment of the layer.
    /// </summary>
    public Func<Env, string, Tensor, Tensor> Product { get; init; } = static (env, name, x) => PackedMatMul.Of(x, env.Parameters(name));

    /// <summary>How rows of the table of a full name are looked up by <c>i32[…]</c>: as they stand there, unless a model over the model says
    /// otherwise.</summary>
    public Func<Env, string, Tensor, Tensor> Lookup { get; init; } = static (env, name, rows) => PanelMatrix.Rows(env.Parameters(name), rows);

    /// <summary>Whether this is a run for training: with a random key, hence with dropout.</summary>
    public bool Training => RandomKey is not null;

    /// <summary>The parameter of a name within the layer.</summary>
    public Tensor this[string name] => Parameters(Full(name));

    /// <summary>An input times a matrix of the layer, <c>[…, inputs] → […, outputs]</c>.</summary>
    public Tensor Times(string matrix, Tensor x) => Product(this, Full(matrix), x);

    /// <summary>Rows of a table of the layer.</summary>
    public Tensor Rows(string table, Tensor rows) => Lookup(this, Full(table), rows);

    /// <summary>The environment of a part of the layer.</summary>
    public Env In(string name) => this with { Path = Full(name) };

    /// <summary>The full name of a name within the layer.</summary>
    public string Full(string name) => Path.Length == 0 ? name : name.Length == 0 ? Path : $"{Path}.{name}";

    /// <summary>Where each of so many tokens a row stands, <c>i32[batch or 1, time]</c>; 0 for what lies before its text.</summary>
    public Tensor Positions(int time)
    {
        var place = Create.Range(time).Reshape(1, time);
        if (Position is { } first) place += first.Reshape(first.Shape[0], 1);
        return Starts is null ? place : (place - Starts).Max(Create.Scalar(0, DType.I32));
    }

    /// <summary>Parameters that are given as a map.</summary>
    public static Env Of(Params<Tensor> parameters) => new(name => parameters[name]);
}
