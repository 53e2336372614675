using Functional.Engines;

namespace Functional;

/// <summary>
/// An engine over the reference evaluator: slow, in double precision between inputs and outputs, rounded only where a buffer keeps
/// the result. It defines what the other engines must compute.
/// </summary>
public sealed class ReferenceEngine : IEngine
{
    /// <inheritdoc/>
    public string Name => "reference";

    /// <inheritdoc/>
    public IBuffer Allocate(TensorType type) => new ReferenceBuffer(this, type);

    /// <inheritdoc/>
    public IExecutable Compile(Program program) => new ReferenceExecutable(this, program);

    /// <summary>Nothing to give back: memory belongs to the buffers.</summary>
    public void Dispose() { }
}
