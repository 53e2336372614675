using Functional.Base;
using Functional.Graphs;
using Functional.Layers;

namespace Functional.Models;

/// <summary>
/// GPT-2 (Radford et al. 2019, "Language models are unsupervised multitask learners") and its variants. Parameters:
/// <c>tokens [vocabulary, width]</c>, <c>positions [context, width]</c>, per block <c>blocks.i.norm1</c>, <c>qkv</c>, <c>out</c>,
/// <c>norm2</c>, <c>up</c>, <c>down</c> (each <c>.weight</c> and <c>.bias</c>), <c>norm</c>, and <c>head.weight [vocabulary, width]</c>
/// when it is not tied to <c>tokens</c>.
/// </summary>
public static class Gpt
{
    const double Std = 0.02;

    /// <summary>
    /// The model of a configuration. Initial values are GPT-2's: normal with standard deviation 0.02, those of <c>out</c> and <c>down</c>,
    /// which add to the residual stream, 0.02/√(2 · layers); biases 0, norms 1. With sinusoidal positions, whose numbers are near 1, token
    /// embeddings begin with a standard deviation of 1/√width and are multiplied by √width (Vaswani et al. 2017): smaller ones would drown.
    /// </summary>
    /// <exception cref="ArgumentException">The configuration has faults; <see cref="GptConfig.Validate"/> names them as values.</exception>
    public static Model Of(GptConfig config) => Of(config, config.Layers);

    /// <summary>The same with only some of its blocks, which begin as in the whole model: they are all alike, so a few stand for many.</summary>
    /// <param name="config">The whole model.</param>
    /// <param name="blocks">How many blocks to keep, 1 or more.</param>
    /// <exception cref="ArgumentException">The configuration has faults.</exception>
    public static Model Of(GptConfig config, int blocks)
    {
        _ = config.Validate().IfFail(faults => throw new ArgumentException(faults.Lines()));
        var body = Embed(config) >> Layer.Repeat(blocks, _ => Block(config)).Named("blocks") >> FinalNorm(config);
        var head = ParamSpec.Of(config.TiedHead ? "tokens" : "head.weight", [config.Vocabulary, config.Width], config.TiedHead ? Tokens(config)
            : new Initializer.Normal(Std));
        var specs = Layer.Union(body.Params, Params.Of((head.Name, head)));
        return new(specs, body, env => env[head.Name], rows => Caches(config with { Layers = blocks }, rows), config.Vocabulary, config.Context);
    }

    /// <summary>The caches of cached decoding, <c>blocks.i.k</c> and <c>blocks.i.v</c>, each <c>[rows, context, heads, size]</c>.</summary>
    public static Params<TensorType> Caches(GptConfig config, int rows) =>
        Enumerable.Range(0, config.Layers)
            .SelectMany(i => new[] { FormattableString.Invariant($"blocks.{i}.k"), FormattableString.Invariant($"blocks.{i}.v") })
            .Select(name => (name, new TensorType([rows, config.Context, config.Heads, config.HeadSize])))
            .ToParams();

    static Initializer Tokens(GptConfig c) => new Initializer.Normal(c.Positions == Positions.Learned ? Std : 1 / Math.Sqrt(c.Width));

    static Layer Embed(GptConfig c) =>
        Nn.Embedding(c.Vocabulary, c.Width, Tokens(c)).Named("tokens")
        >> (c.Positions == Positions.Learned
            ? Nn.LearnedPositions(c.Context, c.Width, new Initializer.Normal(Std)).Named("positions")
            : Layer.Lift(x => x * Math.Sqrt(c.Width)) >> Nn.SinusoidalPositions())
        >> Nn.Dropout(c.Dropout).Named("dropout");

    static Layer Block(GptConfig c)
    {
        var (normal, residual) = (new Initializer.Normal(Std), new Initializer.Normal(Std / Math.Sqrt(2.0 * c.Layers)));
        return Nn.Block(c.NormPlacement, () => Nn.Norm(c.Width, c.Bias),
            Nn.SelfAttention(c.Width, c.Heads, c.Bias, c.Dropout, normal, residual) >> Nn.Dropout(c.Dropout).Named("out_dropout"),
            Nn.Mlp(c.Width, 4 * c.Width, c.Activation, c.Bias, normal, residual) >> Nn.Dropout(c.Dropout).Named("down_dropout"));
    }

    static Layer FinalNorm(GptConfig c) => c.NormPlacement == NormPlacement.Pre ? Nn.Norm(c.Width, c.Bias).Named("norm") : Layer.Identity;
}
