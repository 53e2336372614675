using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines;

/// <summary>Runs programs. An engine compiles a program and runs it on buffers that it allocated; nothing more.</summary>
public interface IEngine : IDisposable
{
    /// <summary>The engine's name, as the command line takes it.</summary>
    string Name { get; }

    /// <summary>The memory of its device, as it is now.</summary>
    DeviceMemory Memory { get; }

    /// <summary>A buffer of zeros, owned by the caller.</summary>
    /// <exception cref="DeviceMemoryException">The device has no room for it. Compiling, binding and running may end so, too.</exception>
    IBuffer Allocate(TensorType type);

    /// <summary>Prepares a program; owned by the caller.</summary>
    IExecutable Compile(Program program);
}

/// <summary>The memory of one tensor, dense and in row-major order, on whatever device its engine uses.</summary>
public interface IBuffer : IDisposable
{
    /// <summary>What it holds.</summary>
    TensorType Type { get; }

    /// <summary>Replaces the whole content; the length is the type's <see cref="TensorType.Bytes"/>.</summary>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Copies the whole content out; the length is the type's <see cref="TensorType.Bytes"/>.</summary>
    void Read(Span<byte> bytes);
}

/// <summary>A compiled program.</summary>
public interface IExecutable : IDisposable
{
    /// <summary>What was compiled.</summary>
    Program Program { get; }

    /// <summary>Bytes of working memory that a run needs beside inputs and outputs.</summary>
    long WorkspaceBytes { get; }

    /// <summary>
    /// Connects inputs (all of them) and outputs (any of them) to buffers by name. An output that a donation writes lands in the donated
    /// input's buffer; other outputs that are not given get buffers of the binding's own.
    /// </summary>
    /// <exception cref="ArgumentException">An input is missing, a name is unknown, or a buffer is of another type or engine.</exception>
    IBinding Bind(IReadOnlyDictionary<string, IBuffer> buffers);
}

/// <summary>A compiled program on its buffers. Runs of bindings of one engine must not overlap in time.</summary>
public interface IBinding : IDisposable
{
    /// <summary>Computes the outputs from what the input buffers hold now.</summary>
    void Run();

    /// <summary>The buffer of an input or output by name.</summary>
    IBuffer this[string name] { get; }
}
