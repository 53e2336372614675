using System.Linq.Expressions;
using System.Reflection;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines;

/// <summary>
/// What newer versions of TorchSharp have beyond 0.99 (libtorch 1.13), found by name so that the engine compiles and runs with the older ones
/// too. Everything else that the engine calls is in 0.99.
/// </summary>
static class TorchCapabilities
{
    /// <summary>(q, k, v, mask or nothing, whether causal) → attention, heads before tokens; fused kernels since libtorch 2.0.</summary>
    public static Func<TorchTensor, TorchTensor, TorchTensor, TorchTensor?, bool, TorchTensor>? Attention { get; } = FindAttention();

    /// <summary>The tanh approximation of GELU; since TorchSharp 0.107.</summary>
    public static Func<TorchTensor, TorchTensor>? GeluTanh { get; } = FindGeluTanh();

    /// <summary>(target, updates, indices, whether to add) → target, its rows added to.</summary>
    public static Func<TorchTensor, TorchTensor, TorchTensor[], bool, TorchTensor>? AddAt { get; } =
        typeof(TorchTensor).GetMethod("index_put_", [typeof(TorchTensor), typeof(TorchTensor[]), typeof(bool)])?.CreateDelegate<Func<TorchTensor, TorchTensor, TorchTensor[], bool, TorchTensor>>();

    /// <summary>Whether a tensor can be made to require gradients without losing its memory; since TorchSharp 0.101.</summary>
    public static bool CanRequireGradients { get; } = typeof(torch).Assembly.GetName().Version >= new Version(0, 101);

    /// <summary>What backward left on a leaf: a method before TorchSharp 0.105, a property since.</summary>
    public static Func<TorchTensor, TorchTensor> Gradient { get; } =
        (typeof(TorchTensor).GetProperty("grad")?.GetMethod ?? typeof(TorchTensor).GetMethod("grad", []))!.CreateDelegate<Func<TorchTensor, TorchTensor>>();

    /// <summary>The version of TorchSharp.</summary>
    public static string Assembly => $"TorchSharp {typeof(torch).Assembly.GetName().Version?.ToString(3)}";

    /// <summary>The versions of TorchSharp, and of the libtorch that it was made for, which only one that is loaded tells.</summary>
    public static string Version => $"{Assembly}, for libtorch {torch.__version__}";

    static Func<TorchTensor, TorchTensor, TorchTensor, TorchTensor?, bool, TorchTensor>? FindAttention()
    {
        Type[] types = [typeof(TorchTensor), typeof(TorchTensor), typeof(TorchTensor), typeof(TorchTensor), typeof(double), typeof(bool)];
        if (typeof(torch.nn.functional).GetMethod("scaled_dot_product_attention", types) is not { } method) return null;
        var call = method.CreateDelegate<Func<TorchTensor, TorchTensor, TorchTensor, TorchTensor?, double, bool, TorchTensor>>();
        return (q, k, v, mask, causal) => call(q, k, v, mask, 0, causal);
    }

    static Func<TorchTensor, TorchTensor>? FindGeluTanh()
    {
        foreach (var method in typeof(torch.nn.functional).GetMethods(BindingFlags.Public | BindingFlags.Static).Where(static m => m.Name == "gelu"))
            if (method.GetParameters() is [_, { ParameterType.IsEnum: true } kind, ..] and var parameters && Enum.TryParse(kind.ParameterType, "tanh", out var tanh))
            {
                var x = Expression.Parameter(typeof(TorchTensor));
                Expression[] rest = [.. parameters.Skip(2).Select(static p => Expression.Constant(p.DefaultValue, p.ParameterType))];
                return Expression.Lambda<Func<TorchTensor, TorchTensor>>(Expression.Call(method, [x, Expression.Constant(tanh, kind.ParameterType), .. rest]), x).Compile();
            }
        return null;
    }
}
