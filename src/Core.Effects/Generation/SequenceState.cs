using Functional.Engines;

namespace Functional.Generation;

/// <summary>
/// A sequence as it was at some moment: its keys and values, and what was read. It stays what it is whatever the batcher does that it came from, and any
/// number of rows may go on from it (<see cref="Batcher.Join(SequenceState)"/>).
/// </summary>
public sealed class SequenceState : IDisposable
{
    internal SequenceState(Workspace caches, Transcript transcript) => (Caches, Transcript) = (caches, transcript);

    /// <summary>How many tokens were read.</summary>
    public int Position => Transcript.Count;

    internal Workspace Caches { get; }

    internal Transcript Transcript { get; }

    /// <inheritdoc/>
    public void Dispose() => Caches.Dispose();
}
