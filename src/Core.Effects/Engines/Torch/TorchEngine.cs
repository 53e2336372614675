using Functional.Compiling;
using Functional.Execution;
using Functional.Graphs;
using TorchSharp;

namespace Functional.Engines.Torch;

/// <summary>
/// Programs on TorchSharp: one library call an op, on an NVIDIA GPU or on the processor. Buffers stay on the device; nothing comes to the host
/// but what is read. On a GPU <see cref="IBinding.Run"/> returns when the work is queued, and reading a result waits for it.
/// </summary>
public sealed class TorchEngine : IEngine
{
    readonly Device device;
    long buffers, workspace;

    /// <summary>An engine on a device that is there.</summary>
    /// <param name="device">The processor or a GPU.</param>
    /// <param name="precision">Of matrix products. TF32 holds for all engines of the process.</param>
    /// <param name="threads">Threads on the processor, for all engines of the process; 0 leaves the choice to libtorch.</param>
    public TorchEngine(Device device, Precision precision = Precision.F32, int threads = 0) : this(device, precision, threads, device.Kind == DeviceKind.Cuda)
    {
    }

    internal TorchEngine(Device device, Precision precision, int threads, bool asOnGpu)
    {
        this.device = device;
        var isGpu = device.Kind == DeviceKind.Cuda;
        torch.InitializeDeviceType(isGpu ? DeviceType.CUDA : DeviceType.CPU);
        Context = new(isGpu ? new torch.Device(DeviceType.CUDA, device.Index) : torch.CPU, precision, asOnGpu);
        if (isGpu) torch.backends.cuda.matmul.allow_tf32 = precision == Precision.TF32;
        if (threads > 0) torch.set_num_threads(threads);
    }

    /// <inheritdoc/>
    public string Name => "torch";

    /// <inheritdoc/>
    public DeviceMemory Memory
    {
        get
        {
            var (free, total) = TorchMemory.Of(device);
            return new(device.ToString(), total, free, Interlocked.Read(ref buffers), Interlocked.Read(ref workspace));
        }
    }

    /// <summary>Tensors of the process that TorchSharp has not disposed.</summary>
    internal static long LiveTensors => torch.Tensor.TotalCount;

    internal TorchContext Context { get; private init; }

    /// <summary>Another limit of logits in memory, for tests that small heads pass too.</summary>
    internal long LogitsAtOnce { init => Context = Context with { LogitsAtOnce = value }; }

    /// <summary>Counts what the host has waited for: work queued before is done when it changes.</summary>
    internal long Waits { get; private set; }

    /// <inheritdoc/>
    public IBuffer Allocate(TensorType type) => Guarded(() => new TorchBuffer(this, type));

    /// <inheritdoc/>
    public IExecutable Compile(Program program)
    {
        var plan = Compiler.Eager(program, TorchKernels.For(Context.Precision));
        workspace = Math.Max(workspace, plan.PeakBytes);
        return Guarded(() => new TorchExecutable(this, plan));
    }

    /// <summary>Nothing to give back: memory belongs to the buffers.</summary>
    public void Dispose() { }

    /// <summary>Notes that the host has waited for the device.</summary>
    internal void Waited() => Waits++;

    /// <summary>Waits for all work: what is copied back comes after it. Whatever the version, and on the engine's own device.</summary>
    internal void Wait()
    {
        using var passing = torch.NewDisposeScope();
        torch.zeros([], torch.ScalarType.Int32, Context.Device).cpu();
        Waited();
    }

    internal void Count(long bytes) => Interlocked.Add(ref buffers, bytes);

    /// <summary>Does something with libtorch, and says in our words what it says in its own.</summary>
    internal T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (System.Runtime.InteropServices.ExternalException e)
        {
            throw TorchFaults.Of(e.Message, device, e);
        }
    }
}
