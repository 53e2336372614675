using System.Collections;
using System.Diagnostics.CodeAnalysis;
using Functional.Base;
using Functional.Engines;
using Functional.Graphs;

namespace Functional.Storage;

/// <summary>Buffers by name that belong together and go together, such as the parameters of a model; owns them.</summary>
public sealed class BufferSet : IReadOnlyDictionary<string, IBuffer>, IDisposable
{
    /// <summary>Allocates zeros of these types.</summary>
    /// <param name="engine">Where.</param>
    /// <param name="types">The types by name.</param>
    public BufferSet(IEngine engine, Params<TensorType> types)
    {
        var buffers = new List<(string, IBuffer)>();
        try
        {
            foreach (var (name, type) in types) buffers.Add((name, engine.Allocate(type)));
        }
        catch
        {
            foreach (var (_, buffer) in buffers) buffer.Dispose();
            throw;
        }
        Buffers = buffers.ToParams();
    }

    /// <summary>The buffers in their order.</summary>
    public Params<IBuffer> Buffers { get; }

    /// <inheritdoc/>
    public IBuffer this[string key] => Buffers[key];

    /// <inheritdoc/>
    public IEnumerable<string> Keys => Buffers.Names;

    /// <inheritdoc/>
    public IEnumerable<IBuffer> Values => Buffers.Values;

    /// <inheritdoc/>
    public int Count => Buffers.Count;

    /// <inheritdoc/>
    public bool ContainsKey(string key) => Buffers.Contains(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out IBuffer value)
    {
        var found = Buffers.Contains(key);
        value = found ? Buffers[key] : null;
        return found;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, IBuffer>> GetEnumerator() => Buffers.Select(static b => KeyValuePair.Create(b.Name, b.Value)).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, buffer) in Buffers) buffer.Dispose();
    }
}
