using TorchSharp;

namespace Functional.Engines;

public static partial class EngineCatalog
{
    static partial void AddTorch(List<EngineEntry> entries) =>
        entries.Add(new(EngineKind.Torch, TorchOffer, static o => new TorchEngine(o.Device, o.Precision, o.Threads)));

    // Loading libtorch fails in many ways, and each is a value here.
    static EngineOffer TorchOffer()
    {
        try
        {
            Load();
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or NotSupportedException or InvalidOperationException or BadImageFormatException or FileNotFoundException)
        {
            return new(EngineKind.Torch, TorchCapabilities.Version, [])
            {
                Missing = [new("torch", $"libtorch cannot be loaded: {(e.InnerException ?? e).Message.Split('\n')[0]}", "needs the packages of -p:PublicFeed=true, or libtorch beside the library of -p:TorchSharpAssembly")],
            };
        }
        OfferedDevice processor = new(Device.Cpu, Processor.Name, MachineMemory.Total);
        var gpus = torch.TryInitializeDeviceType(DeviceType.CUDA) && torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        return new(EngineKind.Torch, TorchCapabilities.Version, [.. Enumerable.Range(0, gpus).Select(Gpu), processor]);
    }

    // Before it throws, TorchSharp prints everything that it tried.
    static void Load()
    {
        var console = Console.Out;
        Console.SetOut(TextWriter.Null);
        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
        }
        finally
        {
            Console.SetOut(console);
        }
    }

    static OfferedDevice Gpu(int index)
    {
        var driver = NvidiaDriver.Probe();
        return index < driver.Gpus.Count ? new(Device.Cuda(index), driver.Gpus[index].Name, driver.Gpus[index].MemoryBytes) : new(Device.Cuda(index), "GPU", 0);
    }
}
