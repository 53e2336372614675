namespace Functional.Layers;

/// <summary>Where a block normalises.</summary>
public enum NormPlacement
{
    /// <summary>x + f(norm(x)), and a final norm after the last block, as in GPT-2.</summary>
    Pre,
    /// <summary>norm(x + f(x)), as in the first transformers (Vaswani et al. 2017) and GPT-1; no final norm.</summary>
    Post,
}

public static partial class Nn
{
    /// <summary>x + f(norm(x)): the norm is named <paramref name="norm"/>, f keeps its names.</summary>
    public static Layer PreNorm(string norm, Layer normalise, Layer f) => Layer.Residual(normalise.Named(norm) >> f);

    /// <summary>norm(x + f(x)): the norm is named <paramref name="norm"/>, f keeps its names.</summary>
    public static Layer PostNorm(string norm, Layer normalise, Layer f) => Layer.Residual(f) >> normalise.Named(norm);

    /// <summary>
    /// A transformer block, attention and then an MLP, each with a residual connection and a norm (<c>norm1</c>, <c>norm2</c>):
    /// <c>[batch, time, width] → [batch, time, width]</c>.
    /// </summary>
    public static Layer Block(NormPlacement placement, Func<Layer> norm, Layer attention, Layer mlp) => placement == NormPlacement.Pre
        ? PreNorm("norm1", norm(), attention) >> PreNorm("norm2", norm(), mlp)
        : PostNorm("norm1", norm(), attention) >> PostNorm("norm2", norm(), mlp);
}
