using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>
/// A tensor on the engine's device. What is written goes by way of locked host memory, and the host goes on at once: there are two such places,
/// so that one may be filled while the other is still being copied.
/// </summary>
sealed class TorchBuffer : IBuffer
{
    readonly TorchEngine engine;
    readonly TorchTensor tensor;
    readonly (TorchTensor? Place, long Waits)[] staging = new (TorchTensor?, long)[2];
    int next;
    bool disposed;

    public TorchBuffer(TorchEngine engine, TensorType type)
    {
        (this.engine, Type) = (engine, type);
        tensor = torch.zeros(TorchTypes.Shape(type.Shape), TorchTypes.Of(type.DType), engine.Context.Device).DetachFromDisposeScope();
        engine.Count(type.Bytes);
    }

    public TensorType Type { get; }

    public TorchEngine Engine => engine;

    public TorchTensor Tensor => disposed ? throw new ObjectDisposedException($"a buffer of {Type}") : tensor;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        Check(bytes.Length);
        if (!engine.Context.AsOnGpu)
        {
            bytes.CopyTo(Tensor.bytes);
            return;
        }
        ref var free = ref staging[next];
        next = 1 - next;
        // Copied from at the same count of waits: that copy may not have happened yet.
        if (free.Place is not null && free.Waits == engine.Waits) engine.Wait();
        free.Place ??= Pinned();
        bytes.CopyTo(free.Place.bytes);
        free.Waits = engine.Waits;
        using var passing = torch.NewDisposeScope();
        Tensor.copy_(free.Place, true);
    }

    public void Read(Span<byte> bytes)
    {
        Check(bytes.Length);
        using var passing = torch.NewDisposeScope();
        Tensor.cpu().bytes.CopyTo(bytes);
        engine.Waited();
    }

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        tensor.Dispose();
        foreach (var (place, _) in staging) place?.Dispose();
        engine.Count(-Type.Bytes);
    }

    TorchTensor Pinned()
    {
        using var passing = torch.NewDisposeScope();
        var host = torch.zeros(TorchTypes.Shape(Type.Shape), TorchTypes.Of(Type.DType));
        return (engine.Context.IsGpu ? host.pin_memory() : host).DetachFromDisposeScope();
    }

    void Check(int length)
    {
        if (length != Type.Bytes) throw new ArgumentException($"a buffer of {Type} has {Type.Bytes} bytes; given {length}.");
    }
}
