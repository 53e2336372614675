using System.Runtime.InteropServices;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>A tensor in native memory.</summary>
internal sealed unsafe class ManagedBuffer : IBuffer
{
    readonly ManagedEngine engine;
    byte* pointer;

    public ManagedBuffer(ManagedEngine engine, TensorType type)
    {
        (this.engine, Type) = (engine, type);
        pointer = NativeBlock.Allocate(type.Bytes);
        NativeMemory.Clear(pointer, (nuint)type.Bytes);
        engine.CountBuffer(type.Bytes);
    }

    public TensorType Type { get; }

    public byte* Pointer => pointer != null ? pointer : throw new ObjectDisposedException(nameof(IBuffer), $"the buffer of {Type} is disposed");

    public void Write(ReadOnlySpan<byte> bytes)
    {
        Check(bytes.Length);
        bytes.CopyTo(new Span<byte>(Pointer, bytes.Length));
    }

    public void Read(Span<byte> bytes)
    {
        Check(bytes.Length);
        new ReadOnlySpan<byte>(Pointer, bytes.Length).CopyTo(bytes);
    }

    void Check(int length)
    {
        if (length != Type.Bytes) throw new ArgumentException($"a buffer of {Type} holds {Type.Bytes} bytes, not {length}.");
    }

    public void Dispose()
    {
        if (pointer == null) return;
        NativeMemory.AlignedFree(pointer);
        pointer = null;
        engine.CountBuffer(-Type.Bytes);
    }
}
