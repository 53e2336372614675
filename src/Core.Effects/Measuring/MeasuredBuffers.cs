using Functional.Base;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;

namespace Functional.Measuring;

/// <summary>Buffers by name, given back together.</summary>
/// <param name="engine">Where they are.</param>
sealed class MeasuredBuffers(IEngine engine) : IDisposable
{
    readonly Dictionary<string, IBuffer> all = new(StringComparer.Ordinal);

    /// <summary>The buffers.</summary>
    public IReadOnlyDictionary<string, IBuffer> All => all;

    /// <summary>A buffer of zeros.</summary>
    public IBuffer Add(string name, TensorType type) => all[name] = engine.Allocate(type);

    /// <summary>A parameter as it begins.</summary>
    public void Fill(string name, ParamSpec spec)
    {
        var values = new float[spec.Type.Size];
        spec.Fill(Key.Seed(1), 0, values);
        Add(name, spec.Type).Write<float>(values);
    }

    /// <summary>Random tokens.</summary>
    public void Tokens(string name, TensorType type, int vocabulary)
    {
        var tokens = new int[type.Size];
        var key = Key.Seed(1).FoldIn(name);
        for (var i = 0; i < tokens.Length; i++) tokens[i] = (int)key.Below(i, vocabulary);
        Add(name, type).Write<int>(tokens);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in all.Values) buffer.Dispose();
    }
}
