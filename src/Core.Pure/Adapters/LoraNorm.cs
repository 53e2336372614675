using Functional.Graphs;
using Functional.Layers;
using Functional.Models;

namespace Functional.Adapters;

/// <summary>
/// The norms of an adapted matrix's outputs, ‖W + s A B‖, without forming it: ‖w‖² + 2s (Aᵀw)·b + s² (AᵀA b)·b for a column w and its b. No gradient goes
/// through them (Liu et al. 2024, section 4.3).
/// </summary>
static class LoraNorm
{
    /// <summary>Of all outputs of an adapter's site, <c>[outputs]</c>, as the parameters of an environment are.</summary>
    public static Tensor Of(Env env, Adapter adapter)
    {
        var at = 0;
        return Movement.Concat(0, [.. adapter.Site.Stretches.Select(stretch => Of(env, adapter, stretch, (at += stretch.Count) - stretch.Count))]);
    }

    /// <summary>Of some of its outputs.</summary>
    /// <param name="env">The parameters.</param>
    /// <param name="adapter">The adapter.</param>
    /// <param name="stretch">Which outputs of the matrix.</param>
    /// <param name="from">Which of the site's outputs is the first of these.</param>
    public static Tensor Of(Env env, Adapter adapter, Stretch stretch, int from)
    {
        var (a, b) = (env.Parameters(adapter.A), env.Parameters(adapter.B).Slice(1, from, stretch.Count));
        var w = Columns(env, adapter.Site.Kind, stretch);
        var cross = (a.T().MatMul(w) * (2 * adapter.Scale) + a.T().MatMul(a).MatMul(b) * (adapter.Scale * adapter.Scale)) * b;
        return ((w * w).Sum(0) + cross.Sum(0)).Reshape(stretch.Count).Sqrt().StopGradient();
    }

    /// <summary>Some outputs of a matrix as columns, <c>[inputs, count]</c>.</summary>
    public static Tensor Columns(Env env, SiteKind kind, Stretch stretch) => kind == SiteKind.Head
        ? env.Parameters(stretch.Matrix).T() : env.Parameters(stretch.Matrix).Slice(1, stretch.First, stretch.Count);
}
