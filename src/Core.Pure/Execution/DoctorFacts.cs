using Functional.Base;

namespace Functional.Execution;

/// <summary>A GPU as its driver describes it.</summary>
/// <param name="Index">Its number, counted from 0.</param>
/// <param name="Name">What its maker calls it.</param>
/// <param name="MemoryBytes">All its memory.</param>
/// <param name="Capability">What its kind can do, such as <c>9.0</c>; empty where that is not known.</param>
public sealed record NvidiaGpu(int Index, string Name, long MemoryBytes, string Capability);

/// <summary>NVIDIA's driver on this machine.</summary>
/// <param name="Found">Whether its library can be loaded at all.</param>
/// <param name="Cuda">The newest CUDA that it can run, such as <c>12.8</c>; empty where that is not known.</param>
/// <param name="Gpus">Its GPUs.</param>
/// <param name="Trouble">Why it does not work; empty where it does, or is not there.</param>
public sealed record NvidiaFacts(bool Found, string Cuda, Vec<NvidiaGpu> Gpus, string Trouble)
{
    /// <summary>A machine without the driver.</summary>
    public static NvidiaFacts None { get; } = new(false, "", [], "");
}

/// <summary>Everything that decides what programs can run on, as it was found on a machine.</summary>
public sealed record DoctorFacts
{
    /// <summary>This program's version.</summary>
    public required string Version { get; init; }

    /// <summary>The runtime, such as <c>.NET 10.0.1</c>.</summary>
    public required string Runtime { get; init; }

    /// <summary>The operating system.</summary>
    public required string System { get; init; }

    /// <summary>The processor's architecture, such as <c>x64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>How many processors there are to compute on.</summary>
    public required int Processors { get; init; }

    /// <summary>Bits of the widest vectors.</summary>
    public required int VectorBits { get; init; }

    /// <summary>Vector instruction sets.</summary>
    public required Vec<string> InstructionSets { get; init; }

    /// <summary>Why products of BF16 numbers are made of float32's; nothing where they are made two at a time.</summary>
    public string? PairsLacking { get; init; }

    /// <summary>Bytes of memory.</summary>
    public required long Memory { get; init; }

    /// <summary>Bytes of it that can still be had.</summary>
    public required long FreeMemory { get; init; }

    /// <summary>The engines of this build.</summary>
    public required Vec<EngineOffer> Offers { get; init; }

    /// <summary>NVIDIA's driver.</summary>
    public required NvidiaFacts Nvidia { get; init; }

    /// <summary>What keeps this build from computing on a GPU of this machine, each with what helps; nothing when it can.</summary>
    public Vec<Fault> Missing => Offers.FirstOrDefault(static o => o.Engine == EngineKind.Torch) switch
    {
        { HasCuda: true } torch => torch.Missing,
        var torch => [.. Driver, .. torch?.Missing ?? [], .. Driver.Count == 0 && torch is null or { Missing.Count: 0 } ? (Vec<Fault>)[Library] : []],
    };

    Vec<Fault> Driver => this switch
    {
        { Nvidia.Found: false } => [new("NVIDIA driver", "is not there", "for an NVIDIA GPU: install its driver; start a container with access to the GPU")],
        { Nvidia.Trouble.Length: > 0 } =>
            [new("NVIDIA driver", Nvidia.Trouble, "install it anew and start the machine again; a container takes the driver of its host")],
        { Nvidia.Gpus.Count: 0 } => [new("NVIDIA driver", "shows no GPU", "start a container with access to the GPU; CUDA_VISIBLE_DEVICES may hide it")],
        _ => [],
    };

    Fault Library => new("torch engine",
        $"finds no GPU, though the driver does: its libtorch is without CUDA, or needs a newer CUDA than the driver's{(Nvidia.Cuda.Length > 0 ? $" {Nvidia.Cuda}" : "")}",
        $"build with {EngineChoice.TorchBuild}; else install a newer driver");
}
