using Functional.Base;
using Functional.Graphs;

namespace Functional.Layers;

/// <summary>The parts of an attention layer (Vaswani et al. 2017), each of which may be exchanged.</summary>
/// <param name="Heads">Heads of queries.</param>
/// <param name="KeyHeads">Heads of keys and values; the heads are a multiple of them.</param>
/// <param name="Size">Numbers in a head.</param>
/// <param name="Mix">What scores are made of, and who sees whom.</param>
public sealed record AttentionParts(int Heads, int KeyHeads, int Size, Attention Mix)
{
    /// <summary><c>[batch, time, width] → [batch, time, (heads + 2 · keyHeads) · size]</c>: q, k and v, heads as neighbouring slices.</summary>
    public required Layer Project { get; init; }

    /// <summary>What becomes of the queries, <c>[batch, time, heads, size]</c>, before they meet keys.</summary>
    public Layer Query { get; init; } = Layer.Identity;

    /// <summary>What becomes of the keys, <c>[batch, time, keyHeads, size]</c>, before they are cached.</summary>
    public Layer Key { get; init; } = Layer.Identity;

    /// <summary>What becomes of the values, <c>[batch, time, keyHeads, size]</c>.</summary>
    public Layer Value { get; init; } = Layer.Identity;

    /// <summary>What becomes of the queries that meet the sinks; nothing for the same.</summary>
    public Layer? SinkQuery { get; init; }

    /// <summary>The rate of dropout on the attention weights.</summary>
    public double Dropout { get; init; }

    /// <summary><c>[batch, time, heads · size] → [batch, time, width]</c>.</summary>
    public required Layer Output { get; init; }
}

public static partial class Nn
{
    /// <summary>
    /// One head of causal self-attention, spelt out (Vaswani et al. 2017): softmax(q kᵀ / √size, masked) v with linear layers
    /// <c>query</c>, <c>key</c> and <c>value</c> of <c>[width, size]</c>: <c>[batch, time, width] → [batch, time, size]</c>.
    /// The attention weights can be asked for as <c>weights/PATH</c>, <c>[batch, 1, time, time]</c>.
    /// </summary>
    public static Layer AttentionHead(int width, int size, bool bias = true, Initializer? init = null)
    {
        var (query, key, value) = (Linear(width, size, bias, init).Named("query"), Linear(width, size, bias, init).Named("key"),
            Linear(width, size, bias, init).Named("value"));
        return new(Layer.Union(Layer.Union(query.Params, key.Params), value.Params), (env, x) =>
        {
            var (q, k, v) = (query.Apply(env, x).Value, key.Apply(env, x).Value, value.Apply(env, x).Value);
            var time = x.Shape[1];
            var scores = q.MatMul(k.T()) * (1 / Math.Sqrt(size));
            var seen = Derived.CausalMask(time, time, Create.Scalar(0, DType.I32));
            var weights = seen.Where(scores, scores.Like(double.NegativeInfinity)).Softmax();
            var name = Names.Weights(env.Path);
            Flow result = weights.MatMul(v);
            return env.Wants(name) ? result.With(name, weights.Reshape(x.Shape[0], 1, time, time)) : result;
        });
    }

    /// <summary>
    /// Causal self-attention with several heads: as <see cref="SelfAttention(AttentionParts)"/>, with one packed linear layer <c>qkv</c>,
    /// <c>[width, 3 · width]</c>, and a linear layer <c>out</c>.
    /// </summary>
    /// <param name="width">The width; a multiple of the heads.</param>
    /// <param name="heads">How many heads.</param>
    /// <param name="bias">Whether both linear layers have biases.</param>
    /// <param name="dropout">The rate of dropout on the attention weights.</param>
    /// <param name="qkv">How the packed weight begins.</param>
    /// <param name="output">How the output weight begins.</param>
    /// <exception cref="ArgumentException">The width is not a multiple of the heads.</exception>
    public static Layer SelfAttention(int width, int heads, bool bias = true, double dropout = 0, Initializer? qkv = null, Initializer? output = null) =>
        heads < 1 || width % heads != 0 ? throw new ArgumentException($"attention of width {width} cannot have {heads} heads; the width must be a multiple of them.")
        : SelfAttention(new(heads, heads, width / heads, new Attention(1 / Math.Sqrt(width / heads)))
        {
            Project = Linear(width, 3 * width, bias, qkv).Named("qkv"), Dropout = dropout, Output = Linear(width, width, bias, output).Named("out"),
        });

    /// <summary>
    /// Self-attention of its parts: <c>[batch, time, width] → [batch, time, width]</c>.
    /// <para>Side outputs: the attention weights when <c>weights/PATH</c> is asked for; and where the environment has caches
    /// <c>PATH.k</c> and <c>PATH.v</c>, <c>[rows, places, keyHeads, size]</c>, keys and values are written there at
    /// <see cref="Env.Position"/> of the row <see cref="Env.CacheRow"/>, attention sees what is in that row, and the new caches come out as
    /// <c>cache/PATH.k</c> and <c>cache/PATH.v</c>. A cache of a layer with a window is a rolling one where it has places for the window, the sinks and
    /// the tokens that are read at once.</para>
    /// </summary>
    public static Layer SelfAttention(AttentionParts parts)
    {
        var (heads, keyHeads, size) = (parts.Heads, parts.KeyHeads, parts.Size);
        var inside = new[] { parts.Query, parts.Key, parts.Value, parts.SinkQuery ?? Layer.Identity }.Select(static part => part.Params)
            .Aggregate(Layer.Union);
        var core = new Layer(inside, (env, packed) =>
        {
            Tensor Heads(int first, int count) =>
                packed.Slice(2, first * size, count * size).Reshape(packed.Shape[0], packed.Shape[1], count, size);
            var queries = Heads(0, heads);
            var (q, k, v) = (parts.Query.Apply(env, queries).Value, parts.Key.Apply(env, Heads(heads, keyHeads)).Value,
                parts.Value.Apply(env, Heads(heads + keyHeads, keyHeads)).Value);
            Vec<Tensor> beside = [.. Bounds(env, parts.Mix, packed.Shape[0], packed.Shape[1]),
                .. parts.SinkQuery is { } sink ? (Vec<Tensor>)[sink.Apply(env, queries).Value] : []];
            return Cached(env, parts.Mix, k, v, (mix, given) => Mixed(env, mix, [q, .. given, .. beside], parts.Dropout))
                .Map(y => y.Reshape(packed.Shape[0], packed.Shape[1], heads * size));
        });
        return parts.Project >> core >> parts.Output;
    }

    // Where texts begin and end. Attention that sees what comes later would see other texts of the row where only their beginnings are known.
    static Vec<Tensor> Bounds(Env env, Attention mix, int rows, int time) => (env.Starts, env.Ends) switch
    {
        (var starts, { } ends) => [starts ?? Create.Fill(0, [rows, time], DType.I32), ends],
        ({ } starts, null) => mix.Causal ? [starts]
            : throw new ArgumentException($"attention at {env.Path} sees both sides: where texts begin in a row, it has to be known where they end."),
        _ => [],
    };

    // Beside the queries, what attention is given. With caches: keys and values so far, where the queries stand in them, and in which rows.
    static Flow Cached(Env env, Attention mix, Tensor k, Tensor v, Func<Attention, Vec<Tensor>, Flow> attend)
    {
        if (env.Caches(env.Full("k")) is not { } keys || env.Caches(env.Full("v")) is not { } values) return attend(mix, [k, v]);
        var position = env.Position ?? Create.Fill(0, [k.Shape[0]], DType.I32);
        Vec<Tensor> place = env.CacheRow is { } row ? [position, row] : [position];
        var rolls = mix.Window > 0 && keys.Shape[1] >= (long)mix.Sinks + mix.Window + k.Shape[1] - 1;
        var write = new CacheWrite { Rolling = rolls, Sinks = rolls ? mix.Sinks : 0 };
        var (allKeys, allValues) = (write.Result(0, [keys, k, .. place]), write.Result(0, [values, v, .. place]));
        return attend(mix with { Rolling = rolls }, [allKeys, allValues, .. place])
            .With(Names.Cache(env.Full("k")), allKeys).With(Names.Cache(env.Full("v")), allValues);
    }

    // Dropout on the weights needs them spelt out; else no score matrix is ever in memory.
    static Flow Mixed(Env env, Attention mix, Vec<Tensor> given, double dropout)
    {
        var result = env.Training && dropout > 0
            ? Dropout(dropout).Named("attention_dropout").Apply(env, mix.Weights(given)).Map(w => Attention.Mean(w, given))
            : mix.Result(0, given);
        var name = Names.Weights(env.Path);
        return env.Wants(name) ? result.With(name, mix.Weights(given)) : result;
    }
}
