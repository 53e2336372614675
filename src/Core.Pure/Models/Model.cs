using Functional.Base;
using Functional.Graphs;
using Functional.Layers;

namespace Functional.Models;

/// <summary>
/// A language model as a value: parameter specifications and pure functions over an environment. A model over a model (adapters, other
/// heads) is made by changing what the environment looks up; see <see cref="Within"/>.
/// </summary>
/// <param name="Specs">Every parameter, in the order in which the model declares them.</param>
/// <param name="Body">Token ids to hidden states: <c>i32[batch, time] → [batch, time, width]</c>.</param>
/// <param name="Head">The matrix that turns hidden states into logits, <c>[vocabulary, width]</c>.</param>
/// <param name="Caches">The caches of cached decoding for a number of rows and of tokens at once, by name.</param>
/// <param name="Vocabulary">How many tokens there are.</param>
/// <param name="Context">The longest sequence of training.</param>
public sealed record Model(
    Params<ParamSpec> Specs, Layer Body, Func<Env, Tensor> Head, Func<CacheShape, Params<TensorType>> Caches, int Vocabulary, int Context)
{
    /// <summary>Logits become cap · tanh(logit / cap); 0 for none.</summary>
    public double LogitCap { get; init; }

    /// <summary>How many logits there are: the vocabulary, or, of a model that judges texts, its labels.</summary>
    public int Outputs { get; init; } = Vocabulary;

    /// <summary>Where an adapter may stand.</summary>
    public Vec<Site> Sites { get; init; } = [];

    /// <summary>Whether no sequence may be longer than the context; else only what a window holds is kept of it.</summary>
    public bool IsBounded { get; init; } = true;

    /// <summary>Whether a token sees those behind it, too: such a model judges whole texts, and writes none.</summary>
    public bool SeesBothSides { get; init; }

    /// <summary>What of a text its head reads, where it judges texts.</summary>
    public Pooling Pooling { get; init; }

    /// <summary>The last hidden states, <c>[batch, time, width]</c>, of tokens <c>i32[batch, time]</c>.</summary>
    public Flow Hidden(Env env, Tensor tokens) => Body.Apply(env, tokens);

    /// <summary>Logits of every position, <c>[batch, time, outputs]</c>, of tokens <c>i32[batch, time]</c>.</summary>
    public Flow Logits(Env env, Tensor tokens) => Hidden(env, tokens).Map(h => Score(env, h));

    /// <summary>Logits of the last position only, <c>[batch, outputs]</c>.</summary>
    public Flow LastLogits(Env env, Tensor tokens) => Hidden(env, tokens)
        .Map(h => Score(env, h.Slice(1, h.Shape[1] - 1, 1).Reshape(h.Shape[0], h.Shape[2])));

    /// <summary>Logits of the last positions only, <c>[batch, positions, outputs]</c>.</summary>
    /// <param name="env">The parameters.</param>
    /// <param name="tokens">What is read, <c>i32[batch, time]</c>.</param>
    /// <param name="positions">How many, 1 to time.</param>
    public Flow LastLogits(Env env, Tensor tokens, int positions) => Hidden(env, tokens)
        .Map(h => Score(env, h.Slice(1, h.Shape[1] - positions, positions)));

    /// <summary>
    /// What a model that judges gives each row's text, <c>[batch, outputs]</c>: by its last token or by the mean of all its tokens, as <see cref="Pooling"/>
    /// says. What stands behind the text is neither seen nor counted.
    /// </summary>
    /// <param name="env">The parameters.</param>
    /// <param name="tokens">What is read, <c>i32[batch, time]</c>.</param>
    /// <param name="lengths">How many tokens of each row are its text, <c>i32[batch]</c>, from 1 to time; padding is behind them.</param>
    public Flow Judged(Env env, Tensor tokens, Tensor lengths)
    {
        var (rows, time) = (tokens.Shape[0], tokens.Shape[1]);
        var ends = lengths.Reshape(rows, 1).BroadcastTo([rows, time]);
        var inside = Create.Range(time).Reshape(1, time).BroadcastTo([rows, time]).Less(ends);
        return Hidden(env with { Counted = inside, Ends = SeesBothSides ? ends : null }, tokens).Map(h => Score(env, Pooling == Pooling.Mean
            ? inside.Reshape(rows, time, 1).BroadcastTo(h.Shape).Where(h, h.Like(0)).Sum(1).Reshape(rows, h.Shape[2]) / lengths.Cast(DType.F32).Reshape(rows, 1)
            : h.Reshape(rows * time, h.Shape[2]).Gather(Create.Range(rows) * Create.Scalar(time, DType.I32) + lengths - Create.Scalar(1, DType.I32))));
    }

    /// <summary>The same functions in a changed environment, over the same or other parameters.</summary>
    /// <param name="change">Gives the environment of the original model, such as one whose weights have an adapter added.</param>
    /// <param name="specs">The parameters of the new model.</param>
    public Model Within(Func<Env, Env> change, Params<ParamSpec> specs) => this with
    {
        Specs = specs,
        // A head stays the head's.
        Body = new(specs.Filter((name, _) => Body.Params.Contains(name) || !Specs.Contains(name)), (env, x) => Body.Apply(change(env), x)),
        Head = env => Head(change(env)),
    };

    /// <summary>How many numbers the parameters hold.</summary>
    public long ParameterCount => Specs.Fold(0L, static (n, s) => n + s.Type.Size);

    Tensor Score(Env env, Tensor hidden) => PanelMatrix.Score(hidden, Head(env)) is var logits && LogitCap > 0 ? (logits / LogitCap).Tanh() * LogitCap : logits;
}

/// <summary>The size of caches.</summary>
/// <param name="Rows">Sequences.</param>
/// <param name="AtOnce">How many tokens of one are read at once at most.</param>
public readonly record struct CacheShape(int Rows, int AtOnce);
