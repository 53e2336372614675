using Functional.Base;
using Functional.Graphs;
using Functional.Layers;

namespace Functional.Models;

/// <summary>
/// The decoders of <see cref="DecoderConfig"/>. Parameters: <c>tokens [vocabulary, width]</c>, <c>positions [context, width]</c> where they are learned, per
/// block <c>blocks.i.norm1</c>, <c>qkv</c>, <c>out</c>, <c>norm2</c>, <c>up</c>, <c>down</c> (each <c>.weight</c> and <c>.bias</c>), <c>norm</c>, and
/// <c>head.weight [vocabulary, width]</c> when it is not tied to <c>tokens</c>; and, where the configuration has them, per block <c>post_norm1</c>,
/// <c>post_norm2</c>, <c>query_norm</c>, <c>key_norm</c>, <c>gate</c>, <c>router</c>, <c>experts.…</c>, <c>shared.…</c>, <c>shared_gate</c>; around the
/// blocks <c>embedding_in</c> and <c>embedding_out</c>; and <c>score.weight [labels, width]</c> in place of a head of tokens.
/// </summary>
public static partial class Transformer
{
    const double Std = 0.02;

    /// <summary>
    /// The model of a configuration. Initial values are GPT-2's: normal with standard deviation 0.02, those of <c>out</c> and <c>down</c>,
    /// which add to the residual stream, 0.02/√(2 · layers); biases 0, norms 1. With sinusoidal positions, whose numbers are near 1, token
    /// embeddings begin with a standard deviation of 1/√width and are multiplied by √width (Vaswani et al. 2017): smaller ones would drown.
    /// </summary>
    /// <exception cref="ArgumentException">The configuration has faults; <see cref="DecoderConfig.Validate"/> names them as values.</exception>
    public static Model Of(DecoderConfig config) => Of(config, config.Layers);

    /// <summary>The same with only some of its blocks, from the first on, which begin as in the whole model.</summary>
    /// <param name="config">The whole model.</param>
    /// <param name="blocks">How many blocks to keep, 1 or more.</param>
    /// <exception cref="ArgumentException">The configuration has faults.</exception>
    public static Model Of(DecoderConfig config, int blocks)
    {
        _ = config.Validate().IfFail(faults => throw new ArgumentException(faults.Lines()));
        var layers = Layer.Repeat(blocks, i => Block(config, i) >> Seen(i + 1, i == blocks - 1)).Named("blocks");
        var body = Embed(config) >> Seen(0).Named("embedding") >> layers >> After(config);
        if (config.Experts.Count > 0) body = Nn.Balanced(body, config.Experts);
        var head = HeadOf(config);
        var specs = Layer.Union(body.Params, Params.Of((head.Name, head)));
        return new(specs, body, env => env[head.Name], shape => Caches(config with { Layers = blocks }, shape), config.Vocabulary, config.Context)
        {
            LogitCap = config.Labels > 0 ? 0 : config.LogitCap, Outputs = head.Type.Shape[0], IsBounded = config.IsBounded,
            SeesBothSides = config.Bidirectional, Pooling = config.Pooling,
            Sites = SitesOf(config, blocks, specs, head),
        };
    }

    /// <summary>
    /// The caches of cached decoding, <c>blocks.i.k</c> and <c>blocks.i.v</c>, each <c>[rows, places, keyHeads, size]</c>: as many places as the context is
    /// long, but of a layer with a window no more than the window, the sinks, and what is read at once beside a token.
    /// </summary>
    public static Params<TensorType> Caches(DecoderConfig config, CacheShape shape) =>
        Enumerable.Range(0, config.Layers)
            .SelectMany(i => new[] { "k", "v" }.Select(name => (FormattableString.Invariant($"blocks.{i}.{name}"),
                new TensorType([shape.Rows, Places(config, i, shape.AtOnce), config.KeyHeadCount, config.SizeOfHead]))))
            .ToParams();

    static int Places(DecoderConfig c, int layer, int atOnce)
    {
        if (!c.HasWindow(layer)) return c.Context;
        var rolling = (int)Math.Min(int.MaxValue, (long)c.Sinks + c.Window + atOnce - 1);
        return c.IsBounded ? Math.Min(c.Context, rolling) : rolling;
    }

    static ParamSpec HeadOf(DecoderConfig c)
    {
        var width = c.EmbeddingWidth > 0 ? c.EmbeddingWidth : c.Width;
        return c.Labels > 0 ? ParamSpec.Of("score.weight", [c.Labels, c.Width], new Initializer.Normal(Std), ParamRole.Head)
            : c.TiedHead ? ParamSpec.Of("tokens", [c.Vocabulary, width], Tokens(c), ParamRole.Embedding)
            : ParamSpec.Of("head.weight", [c.Vocabulary, width], new Initializer.Normal(Std), ParamRole.Head);
    }

    static Initializer Tokens(DecoderConfig c) => new Initializer.Normal(IsScaled(c) ? 1 / Math.Sqrt(c.Width) : Std);

    static bool IsScaled(DecoderConfig c) => c.ScaledEmbeddings || c.Positions == Positions.Sinusoidal;

    static Layer Embed(DecoderConfig c)
    {
        var width = c.EmbeddingWidth > 0 ? c.EmbeddingWidth : c.Width;
        return Nn.Embedding(c.Vocabulary, width, Tokens(c)).Named("tokens")
            >> (c.EmbeddingWidth > 0 ? Nn.Linear(width, c.Width, false, new Initializer.Normal(Std)).Named("embedding_in") : Layer.Identity)
            >> (IsScaled(c) ? Layer.Lift(x => x * Math.Sqrt(c.Width)) : Layer.Identity)
            >> c.Positions switch
            {
                Positions.Learned => Nn.LearnedPositions(c.Context, c.Width, new Initializer.Normal(Std)).Named("positions"),
                Positions.Sinusoidal => Nn.SinusoidalPositions(),
                _ => Layer.Identity,
            }
            >> Nn.Dropout(c.Dropout).Named("dropout");
    }

    // What is left of a model behind its blocks.
    static Layer After(DecoderConfig c) => (c.FinalNorm ? Norm(c, c.Width).Named("norm") : Layer.Identity)
        >> (c.EmbeddingWidth > 0 && c.Labels == 0
            ? Nn.Linear(c.Width, c.EmbeddingWidth, false, new Initializer.Normal(Std)).Named("embedding_out") : Layer.Identity);

    // The states between layers can be asked for, and the backward pass may begin again there.
    static Layer Seen(int blocks, bool last = false) => Layer.Of([], (env, x) =>
    {
        var state = env.Recomputed > 0 && (last || blocks % env.Recomputed == 0) ? new BlockEnd().Result(0, [x]) : x;
        return env.Wants(Names.State(env.Path)) ? new Flow(state).With(Names.State(env.Path), state) : state;
    });

    static Layer Block(DecoderConfig c, int layer)
    {
        var (normal, residual) = (new Initializer.Normal(Std), new Initializer.Normal(Std / Math.Sqrt(2.0 * c.Layers)));
        var feed = c.Experts.Has(layer)
            ? Nn.Experts(c.Width, c.Experts.Hidden > 0 ? c.Experts.Hidden : c.HiddenWidth, c.Activation, c.Experts, normal, residual)
            : Nn.Mlp(c.Width, c.HiddenWidth, c.Activation, c.Bias.HasFlag(Biases.FeedForward), normal, residual);
        return Nn.Block(c.NormPlacement, () => Norm(c, c.Width),
            Attend(c, layer, normal, residual) >> Nn.Dropout(c.Dropout).Named("out_dropout"), feed >> Nn.Dropout(c.Dropout).Named("down_dropout"));
    }

    static Layer Norm(DecoderConfig c, int width) => Nn.Norm(width, c.Bias.HasFlag(Biases.Norms), c.NormEpsilon, c.Norm, c.NormWeights);

    static Layer Attend(DecoderConfig c, int layer, Initializer normal, Initializer residual)
    {
        var (size, keyHeads, windowed) = (c.SizeOfHead, c.KeyHeadCount, c.HasWindow(layer));
        var mix = new Attention(c.ScaleOf(layer), !c.Bidirectional)
        {
            Window = windowed ? c.Window : 0, Sinks = windowed ? c.Sinks : 0, SoftCap = c.AttentionCap, HasAlibi = c.Positions == Positions.Alibi,
        };
        var clip = c.QkvClip > 0 ? Layer.Lift(x => x.Max(x.Like(-c.QkvClip)).Min(x.Like(c.QkvClip))) : Layer.Identity;
        Layer Inside(string name, int heads, int? furthest) => c.QueryKeyNorm switch
        {
            QueryKeyNorm.Head => Norm(c, size).Named(name),
            QueryKeyNorm.Width => Layer.Lift(x => x.Reshape(x.Shape[0], x.Shape[1], heads * size)) >> Norm(c, heads * size).Named(name)
                >> Layer.Lift(x => x.Reshape(x.Shape[0], x.Shape[1], heads, size)),
            _ => Layer.Identity,
        } >> clip >> (c.Positions == Positions.Rotary ? Nn.Rotated(new(c.Rotary, size, c.Context, windowed), furthest) : Layer.Identity);
        return Nn.SelfAttention(new(c.Heads, keyHeads, size, mix)
        {
            Project = Nn.Linear(c.Width, (c.Heads + 2 * keyHeads) * size, c.Bias.HasFlag(Biases.Qkv), normal).Named("qkv"),
            Query = Inside("query_norm", c.Heads, null),
            Key = Inside("key_norm", keyHeads, null),
            Value = clip,
            SinkQuery = mix.Sinks > 0 && c.Positions == Positions.Rotary ? Inside("query_norm", c.Heads, mix.Sinks + mix.Window - 1) : null,
            Dropout = c.Dropout,
            Output = Nn.Linear(c.HeadsWidth, c.Width, c.Bias.HasFlag(Biases.Output), residual).Named("out"),
        });
    }
}
