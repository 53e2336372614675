using Functional.Base;

namespace Functional.Execution;

/// <summary>What runs programs.</summary>
public enum EngineKind
{
    /// <summary>Torch where it is compiled in and a GPU is there, else managed.</summary>
    Auto,
    /// <summary>Plain C# on the processor.</summary>
    Managed,
    /// <summary>TorchSharp, on a GPU or the processor.</summary>
    Torch,
}

/// <summary>How matrix products are computed. Parameters, the optimiser's state and everything else are float32 throughout.</summary>
/// <remarks>BF16 and F16 are a rewrite of what is trained (<c>Compiling.MixedPrecision</c>), the same on every engine; the torch engine computes all else in BF16, too.</remarks>
public enum Precision
{
    /// <summary>In float32.</summary>
    F32,
    /// <summary>On tensor cores of NVIDIA GPUs: factors rounded to mantissas of 10 bits, sums in float32.</summary>
    TF32,
    /// <summary>Factors and results rounded to bfloat16, sums in float32.</summary>
    BF16,
    /// <summary>Factors and results of training's products rounded to IEEE half precision, sums in float32, the loss scaled so that small gradients are not lost.</summary>
    F16,
}

/// <summary>What a program is to run on.</summary>
public sealed record EngineOptions
{
    /// <summary>More threads than this are a mistake.</summary>
    public const int MostThreads = 1024;

    /// <summary>The engine.</summary>
    public EngineKind Engine { get; init; }

    /// <summary>The engine's device.</summary>
    public Device Device { get; init; }

    /// <summary>Threads that compute on the processor, 0 to <see cref="MostThreads"/>; 0 for one a processor.</summary>
    public int Threads { get; init; }

    /// <summary>The precision of matrix products.</summary>
    public Precision Precision { get; init; }
}

/// <summary>A device that an engine can use.</summary>
/// <param name="Device">Which one; never <see cref="DeviceKind.Auto"/>.</param>
/// <param name="Name">What its maker calls it.</param>
/// <param name="MemoryBytes">All the memory that it has.</param>
public sealed record OfferedDevice(Device Device, string Name, long MemoryBytes);

/// <summary>An engine of this build on this machine.</summary>
/// <param name="Engine">Which one; never <see cref="EngineKind.Auto"/>.</param>
/// <param name="Version">Its version, or that of what it is made of.</param>
/// <param name="Devices">The devices that it can use now; none when it cannot run at all.</param>
public sealed record EngineOffer(EngineKind Engine, string Version, Vec<OfferedDevice> Devices)
{
    /// <summary>What it lacks to do more here, each with what helps as <see cref="Fault.Allowed"/>.</summary>
    public Vec<Fault> Missing { get; init; } = [];

    /// <summary>Whether it can use a GPU.</summary>
    public bool HasCuda => Devices.Any(static d => d.Device.Kind == DeviceKind.Cuda);
}
