using Functional.Graphs;

namespace Functional.Layers;

/// <summary>The nonlinearity of an MLP: of its hidden numbers, or, where it is gated, of a gate that they are multiplied by (Shazeer 2020).</summary>
public enum Activation
{
    /// <summary>x · Φ(x), exactly (Hendrycks &amp; Gimpel 2016).</summary>
    Gelu,
    /// <summary>Its approximation with tanh, as GPT-2 used it.</summary>
    GeluTanh,
    /// <summary>max(x, 0).</summary>
    Relu,
    /// <summary>max(x, 0)² (So et al. 2021).</summary>
    ReluSquared,
    /// <summary>x · sigmoid(x).</summary>
    Silu,
    /// <summary>A gate of silu.</summary>
    SwiGlu,
    /// <summary>A gate of GELU, exactly.</summary>
    GeGlu,
    /// <summary>A gate of GELU's approximation with tanh.</summary>
    GeGluTanh,
}

/// <summary>What nonlinearities are.</summary>
public static class Activations
{
    extension(Activation kind)
    {
        /// <summary>Whether it is the gate of an MLP with three matrices.</summary>
        public bool IsGated => kind is Activation.SwiGlu or Activation.GeGlu or Activation.GeGluTanh;

        /// <summary>The function of a number.</summary>
        /// <exception cref="ArgumentException">There is no such kind.</exception>
        public Tensor Of(Tensor x) => kind switch
        {
            Activation.Gelu or Activation.GeGlu => x.Gelu(),
            Activation.GeluTanh or Activation.GeGluTanh => x.GeluTanh(),
            Activation.Relu => x.Relu(),
            Activation.ReluSquared => x.Relu() is var r ? r * r : x,
            Activation.Silu or Activation.SwiGlu => x.Silu(),
            _ => throw new ArgumentException($"there is no activation {kind}."),
        };
    }
}
