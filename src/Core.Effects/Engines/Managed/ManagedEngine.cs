using System.Runtime.InteropServices;
using Functional.Compiling;
using Functional.Execution;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>
/// The default engine: compiled plans on SIMD kernels in managed code, on a team of threads. Results are the same bits for every number
/// of threads. One engine runs one program at a time.
/// </summary>
public sealed unsafe class ManagedEngine : IEngine
{
    readonly NativeBlock arena = new(), workspace = new(), registers = new();
    long bufferBytes;

    /// <summary>An engine on so many threads.</summary>
    /// <param name="threads">At least 1; 0 takes as many as the machine has processors.</param>
    public ManagedEngine(int threads = 0) => Team = new(threads > 0 ? threads : Environment.ProcessorCount);

    /// <summary>Why products of BF16 numbers are made of float32's on this machine; nothing where they are made two at a time, by machine code of the engine's own.</summary>
    public static string? PairsLacking => PairUnit.Lacking;

    /// <inheritdoc/>
    public string Name => "managed";

    /// <inheritdoc/>
    public DeviceMemory Memory => new($"{Device.Cpu}", MachineMemory.Total, MachineMemory.Free, Interlocked.Read(ref bufferBytes),
        arena.Bytes + workspace.Bytes + registers.Bytes + Threads * Team.ScratchBytes);

    /// <summary>The number of threads that share the work.</summary>
    public int Threads => Team.Threads;

    internal ThreadTeam Team { get; }

    /// <summary>Changes whenever the arena moves, and with it all addresses of temporaries.</summary>
    internal int ArenaVersion { get; private set; }

    internal byte* Arena => arena.Pointer;

    internal byte* Workspace => workspace.Pointer;

    /// <summary>A worker's memory for the registers of pointwise kernels.</summary>
    internal float* Registers(int worker) => (float*)registers.Pointer + (long)worker * (registers.Bytes / sizeof(float) / Threads);

    /// <inheritdoc/>
    public IBuffer Allocate(TensorType type) => new ManagedBuffer(this, type);

    /// <inheritdoc/>
    public IExecutable Compile(Program program) => new ManagedExecutable(this, Compiler.Compile(program, HasKernel));

    /// <summary>Whether a fused kind runs in one kernel; the others are expanded.</summary>
    internal static bool HasKernel(FusedKind kind) => StepFactory.Has(kind);

    internal void Reserve(long arenaBytes, long workspaceBytes, int registerCount)
    {
        try
        {
            if (arena.Grow(arenaBytes)) ArenaVersion++;
            workspace.Grow(workspaceBytes);
            registers.Grow((long)Threads * Math.Max(registerCount, 1) * TileMachine.Lanes * sizeof(float));
        }
        catch (OutOfMemoryException)
        {
            // What was to grow is gone; programs that were content with less find their room anew.
            ArenaVersion++;
            throw;
        }
    }

    internal void CountBuffer(long bytes) => Interlocked.Add(ref bufferBytes, bytes);

    /// <summary>This engine on this machine.</summary>
    internal static EngineOffer Offer() => new(EngineKind.Managed, typeof(ManagedEngine).Assembly.GetName().Version?.ToString(3) ?? "",
        [new(Device.Cpu, Processor.Name, MachineMemory.Total)]);

    /// <inheritdoc/>
    public void Dispose()
    {
        Team.Dispose();
        arena.Dispose();
        workspace.Dispose();
        registers.Dispose();
    }
}

/// <summary>Native memory that only grows. Its content is lost when it does.</summary>
internal sealed unsafe class NativeBlock : IDisposable
{
    public byte* Pointer { get; private set; }

    public long Bytes { get; private set; }

    /// <summary>Makes room; says whether the memory moved.</summary>
    public bool Grow(long bytes)
    {
        if (bytes <= Bytes && Pointer != null) return false;
        Dispose();
        Pointer = Allocate(bytes);
        Bytes = bytes;
        return true;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
        Bytes = 0;
    }

    public static byte* Allocate(long bytes)
    {
        const long alignment = Plan.Alignment;
        return MachineMemory.Allocate((Math.Max(bytes, 1) + alignment - 1) / alignment * alignment, (nuint)alignment);
    }
}
