using System.Runtime.InteropServices;
using Functional.Engines;
using Functional.Engines.Catalogue;
using Functional.Engines.Managed;
using Functional.Execution;

namespace Functional;

/// <summary>Looks at what there is to compute on.</summary>
public static class Doctor
{
    /// <summary>This machine and this build, as they are now. Looking for GPUs may take a second.</summary>
    public static DoctorFacts Look() => new()
    {
        Version = typeof(Doctor).Assembly.GetName().Version?.ToString(3) ?? "",
        Runtime = RuntimeInformation.FrameworkDescription,
        System = RuntimeInformation.OSDescription.Trim(),
        Architecture = Processor.Architecture,
        Processors = Environment.ProcessorCount,
        VectorBits = Processor.VectorBits,
        InstructionSets = Processor.InstructionSets,
        PairsLacking = ManagedEngine.PairsLacking,
        Memory = MachineMemory.Total,
        FreeMemory = MachineMemory.Free,
        Offers = EngineCatalog.Offers(),
        Nvidia = NvidiaDriver.Probe(),
    };
}
