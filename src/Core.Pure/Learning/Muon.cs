using Functional.Graphs;
using Functional.Layers;

namespace Functional.Learning;

/// <summary>
/// Muon (Jordan et al. 2024): of a matrix's momentum the nearest matrix with orthogonal rows or columns, so that every direction is learned at the same rate.
/// </summary>
public static class Muon
{
    const int Iterations = 5;

    /// <summary>
    /// Muon's direction: m ← μm + g, u = 0.2 √(the longer side) · NS(g + μm), where NS is five steps of Newton and Schulz's iteration towards U Vᵀ of the singular
    /// value decomposition. With that factor (Liu et al. 2025, "Muon is scalable for LLM training") updates are as large as Adam's, so that both take the same
    /// rates. State: <c>momentum</c>. For parameters of two axes, or of three, of which the first counts matrices.
    /// </summary>
    /// <param name="momentum">μ, in [0, 1).</param>
    public static GradientTransform ScaleByMuon(double momentum = 0.95) => GradientTransform.Chain(
        Optimisers.Momentum(momentum, nesterov: true),
        GradientTransform.Stateless(static c => Orthogonal(c.Update) * (0.2 * Math.Sqrt(Math.Max(c.Spec.Type.Shape[^1], c.Spec.Type.Shape[^2])))));

    /// <summary>Muon for matrices inside the model, Adam for embeddings, heads and vectors; decoupled weight decay for both.</summary>
    /// <param name="momentum">Muon's μ.</param>
    /// <param name="beta1">Adam's memory of gradients.</param>
    /// <param name="beta2">Adam's memory of squared gradients.</param>
    /// <param name="epsilon">Keeps Adam from dividing by nothing.</param>
    /// <param name="decay">The weight decay.</param>
    public static GradientTransform Of(double momentum = 0.95, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double decay = 0.1) =>
        GradientTransform.Chain(
            GradientTransform.Where(IsMatrix, ScaleByMuon(momentum), Optimisers.ScaleByAdam(beta1, beta2, epsilon)),
            Optimisers.AddDecayedWeights(decay), Optimisers.ScaleByLearningRate());

    /// <summary>Whether a parameter is one that Muon is for.</summary>
    public static bool IsMatrix(ParamSpec spec) => spec.Role == ParamRole.Matrix && spec.Type.Rank is 2 or 3;

    /// <summary>
    /// Nearly the orthogonal factor of matrices <c>[…, rows, columns]</c>, of the same type: singular values come to lie between 0.7 and 1.2, as the coefficients
    /// trade exactness for speed. Of 0 it is 0.
    /// </summary>
    public static Tensor Orthogonal(Tensor matrix)
    {
        var turned = matrix.Shape[^2] > matrix.Shape[^1];
        var x = turned ? matrix.T() : matrix;
        x /= (x * x).Sum(x.Rank - 2, x.Rank - 1).Sqrt() + 1e-7;
        for (var i = 0; i < Iterations; i++)
        {
            var square = x.MatMul(x.T());
            x = x * 3.4445 + (square * -4.775 + square.MatMul(square) * 2.0315).MatMul(x);
        }
        return turned ? x.T() : x;
    }
}
