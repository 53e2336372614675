using Functional.Base;
using Functional.Graphs;

namespace Functional.Layers;

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
    /// Causal self-attention with several heads (Vaswani et al. 2017): <c>[batch, time, width] → [batch, time, width]</c>. One packed
    /// linear layer <c>qkv</c>, <c>[width, 3 · width]</c> ordered q, k, v with heads as neighbouring slices, and a linear layer <c>out</c>.
    /// <para>Side outputs: the attention weights when <c>weights/PATH</c> is asked for; and where the environment has caches
    /// <c>PATH.k</c> and <c>PATH.v</c>, <c>[rows, context, heads, size]</c>, keys and values are written there at
    /// <see cref="Env.Position"/> of the row <see cref="Env.CacheRow"/>, attention sees all of that row, and the new caches come out as
    /// <c>cache/PATH.k</c> and <c>cache/PATH.v</c>.</para>
    /// </summary>
    /// <param name="width">The width; a multiple of the heads.</param>
    /// <param name="heads">How many heads.</param>
    /// <param name="bias">Whether both linear layers have biases.</param>
    /// <param name="dropout">The rate of dropout on the attention weights.</param>
    /// <param name="qkv">How the packed weight begins.</param>
    /// <param name="output">How the output weight begins.</param>
    /// <exception cref="ArgumentException">The width is not a multiple of the heads.</exception>
    public static Layer SelfAttention(int width, int heads, bool bias = true, double dropout = 0, Initializer? qkv = null, Initializer? output = null)
    {
        if (heads < 1
            || width % heads != 0) throw new ArgumentException($"attention of width {width} cannot have {heads} heads; the width must be a multiple of them.");
        var mix = new Attention(1 / Math.Sqrt(width / heads));
        var project = Linear(width, 3 * width, bias, qkv).Named("qkv");
        var core = new Layer(Params<ParamSpec>.Empty, (env, packed) =>
        {
            var parts = packed.Split(3).Map(p => p.Reshape([.. packed.Shape.SkipLast(1), heads, width / heads]));
            return Cached(env, parts[1], parts[2], given => Mixed(env, mix, [parts[0], .. given], dropout))
                .Map(y => y.Reshape([.. packed.Shape.SkipLast(1), width]));
        });
        return project >> core >> Linear(width, width, bias, output).Named("out");
    }

    // Beside the queries, what attention is given. With caches: keys and values so far, where the queries stand in them, and in which rows.
    static Flow Cached(Env env, Tensor k, Tensor v, Func<Vec<Tensor>, Flow> attend)
    {
        if (env.Caches(env.Full("k")) is not { } keys || env.Caches(env.Full("v")) is not { } values) return attend([k, v]);
        var position = env.Position ?? Create.Fill(0, [k.Shape[0]], DType.I32);
        Vec<Tensor> place = env.CacheRow is { } row ? [position, row] : [position];
        var (allKeys, allValues) = (new CacheWrite().Result(0, [keys, k, .. place]), new CacheWrite().Result(0, [values, v, .. place]));
        return attend([allKeys, allValues, .. place]).With(Names.Cache(env.Full("k")), allKeys).With(Names.Cache(env.Full("v")), allValues);
    }

    // Dropout on the weights needs them spelt out; else no score matrix is ever in memory.
    static Flow Mixed(Env env, Attention mix, Vec<Tensor> given, double dropout)
    {
        Tensor Rows(Tensor x) => given.Count > 4 ? x.Gather(given[4]) : x;
        Tensor Weights() => mix.Weights(given[0], Rows(given[1]), given.Count > 3 ? given[3] : null);
        var result = env.Training && dropout > 0
            ? Dropout(dropout).Named("attention_dropout").Apply(env, Weights()).Map(w => w.MatMul(Rows(given[2]).Permute(0, 2, 1, 3)).Permute(0, 2, 1, 3))
            : mix.Result(0, given);
        var name = Names.Weights(env.Path);
        return env.Wants(name) ? result.With(name, Weights()) : result;
    }
}
