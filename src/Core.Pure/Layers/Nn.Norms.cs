using Functional.Base;
using Functional.Graphs;

namespace Functional.Layers;

/// <summary>How a norm normalises.</summary>
public enum NormKind
{
    /// <summary>By mean and variance (Ba et al. 2016).</summary>
    Layer,
    /// <summary>By the root of the mean square (Zhang &amp; Sennrich 2019).</summary>
    Rms,
    /// <summary>The same, times 1 + weight, which begins at 0 (Gemma).</summary>
    RmsPlusOne,
}

public static partial class Nn
{
    /// <summary>Normalisation over the last axis, with a weight that begins at 1 and, if wanted, a bias at 0; no bias unless it is layer normalisation.</summary>
    /// <param name="width">The length of the last axis.</param>
    /// <param name="bias">Whether there is a bias.</param>
    /// <param name="epsilon">Added to the variance or mean square.</param>
    /// <param name="kind">How it normalises.</param>
    /// <param name="weight">Whether there are a weight and a bias at all.</param>
    public static Layer Norm(int width, bool bias = true, double epsilon = 1e-5, NormKind kind = NormKind.Layer, bool weight = true)
    {
        Vec<ParamSpec> specs = !weight ? [] : kind switch
        {
            NormKind.RmsPlusOne => [ParamSpec.Of("weight", [width], Initializer.Zeros, ParamRole.Norm)],
            NormKind.Layer when bias => [ParamSpec.Of("weight", [width], Initializer.Ones, ParamRole.Norm), ParamSpec.Of("bias", [width], Initializer.Zeros, ParamRole.Norm)],
            _ => [ParamSpec.Of("weight", [width], Initializer.Ones, ParamRole.Norm)],
        };
        FusedKind op = kind == NormKind.Layer ? new LayerNorm(epsilon) : new RmsNorm(epsilon);
        return Layer.Of(specs, (env, x) => op.Result(0, [x, .. specs.Select(spec => kind == NormKind.RmsPlusOne ? env[spec.Name] + 1 : env[spec.Name])]));
    }
}
