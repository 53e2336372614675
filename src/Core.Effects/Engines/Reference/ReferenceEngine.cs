using Functional.Compiling;
using Functional.Execution;
using Functional.Graphs;

namespace Functional.Engines.Reference;

/// <summary>
/// An engine over the reference evaluator: slow, in double precision between inputs and outputs, rounded only where a buffer keeps
/// the result. It defines what the other engines must compute.
/// </summary>
public sealed class ReferenceEngine : IEngine
{
    long bufferBytes;

    /// <inheritdoc/>
    public string Name => "reference";

    /// <inheritdoc/>
    public DeviceMemory Memory => new($"{Device.Cpu}", MachineMemory.Total, MachineMemory.Free, Interlocked.Read(ref bufferBytes), 0);

    /// <inheritdoc/>
    public IBuffer Allocate(TensorType type) => new ReferenceBuffer(this, type);

    /// <inheritdoc/>
    public IExecutable Compile(Program program) => new ReferenceExecutable(this, program);

    internal void CountBuffer(long bytes) => Interlocked.Add(ref bufferBytes, bytes);

    /// <summary>Nothing to give back: memory belongs to the buffers.</summary>
    public void Dispose() { }
}
