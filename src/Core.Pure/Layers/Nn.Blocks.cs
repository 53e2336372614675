namespace Functional.Layers;

/// <summary>Where a block normalises.</summary>
public enum NormPlacement
{
    /// <summary>x + f(norm(x)), as in GPT-2.</summary>
    Pre,
    /// <summary>norm(x + f(x)), as in the first transformers (Vaswani et al. 2017) and GPT-1.</summary>
    Post,
    /// <summary>x + norm(f(norm(x))), as in Gemma 2.</summary>
    Sandwich,
    /// <summary>x + attention(norm(x)) + mlp(norm(x)), both from the same x, as in GPT-NeoX.</summary>
    Parallel,
}

public static partial class Nn
{
    /// <summary>
    /// A transformer block, attention and then an MLP, each with a residual connection and a norm, <c>norm1</c> and <c>norm2</c>; in a sandwich there are
    /// <c>post_norm1</c> and <c>post_norm2</c> as well: <c>[batch, time, width] → [batch, time, width]</c>.
    /// </summary>
    public static Layer Block(NormPlacement placement, Func<Layer> norm, Layer attention, Layer mlp)
    {
        Layer Before(int i, Layer f) => norm().Named($"norm{i}") >> f;
        return placement switch
        {
            NormPlacement.Pre => Layer.Residual(Before(1, attention)) >> Layer.Residual(Before(2, mlp)),
            NormPlacement.Post => Layer.Residual(attention) >> norm().Named("norm1") >> Layer.Residual(mlp) >> norm().Named("norm2"),
            NormPlacement.Sandwich => Layer.Residual(Before(1, attention) >> norm().Named("post_norm1"))
                >> Layer.Residual(Before(2, mlp) >> norm().Named("post_norm2")),
            NormPlacement.Parallel => Layer.Residual(Before(1, attention)) + Before(2, mlp),
            _ => throw new ArgumentException($"there is no placement {placement}."),
        };
    }
}
