namespace Functional.Tests.Properties.Execution;

/// <summary>An engine on a device of which only so many bytes are free.</summary>
sealed class FullEngine(long room) : IEngine
{
    readonly ManagedEngine inner = new(1);
    long taken;

    public bool IsDisposed { get; private set; }

    public string Name => "full";

    public DeviceMemory Memory => new("cuda:0", 79L << 30, room - taken, taken, 0);

    public IBuffer Allocate(TensorType type)
    {
        if (type.Bytes > room - taken) throw new DeviceMemoryException("cuda:0", type.Bytes, room - taken, 79L << 30);
        taken += type.Bytes;
        return inner.Allocate(type);
    }

    public IExecutable Compile(Program program) => inner.Compile(program);

    public void Dispose()
    {
        inner.Dispose();
        IsDisposed = true;
    }
}
