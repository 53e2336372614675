namespace Functional.Engines;

/// <summary>How much memory a device has.</summary>
static class TorchMemory
{
    /// <summary>Free and total bytes: by the driver for a GPU, by the runtime for the processor.</summary>
    public static (long Free, long Total) Of(Device device)
    {
        if (device.Kind == DeviceKind.Cuda) return NvidiaDriver.Memory(device.Index) ?? (0, 0);
        var machine = GC.GetGCMemoryInfo();
        return (Math.Max(0, machine.TotalAvailableMemoryBytes - machine.MemoryLoadBytes), machine.TotalAvailableMemoryBytes);
    }
}
