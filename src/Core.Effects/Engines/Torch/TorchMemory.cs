using Functional.Execution;

namespace Functional.Engines.Torch;

/// <summary>How much memory a device has.</summary>
static class TorchMemory
{
    /// <summary>Free and total bytes: by the driver for a GPU, the machine's or the container's for the processor.</summary>
    public static (long Free, long Total) Of(Device device) =>
        device.Kind == DeviceKind.Cuda ? NvidiaDriver.Memory(device.Index) ?? (0, 0) : (MachineMemory.Free, MachineMemory.Total);
}
