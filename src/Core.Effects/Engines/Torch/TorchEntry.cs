using System.Runtime.CompilerServices;
using TorchSharp;

namespace Functional.Engines;

public static partial class EngineCatalog
{
    static partial void AddTorch(List<EngineEntry> entries) =>
        entries.Add(new(EngineKind.Torch, TorchOffer, static o => new TorchEngine(o.Device, o.Precision, o.Threads)));

    static EngineOffer TorchOffer()
    {
        // Before it throws, TorchSharp prints everything that it tried.
        var console = Console.Out;
        Console.SetOut(TextWriter.Null);
        try
        {
            return Found();
        }
        catch (Exception e) when (IsLoading(e))
        {
            return new(EngineKind.Torch, Version(), [])
            {
                Missing = [new("torch", $"libtorch cannot be loaded: {(e.InnerException ?? e).Message.Split('\n')[0]}", "needs the packages of -p:PublicFeed=true, or libtorch beside the library of -p:TorchSharpAssembly")],
            };
        }
        finally
        {
            Console.SetOut(console);
        }
    }

    // Loading TorchSharp and libtorch fails in many ways, and each is a value here.
    static bool IsLoading(Exception e) =>
        e is TypeInitializationException or DllNotFoundException or NotSupportedException or InvalidOperationException or BadImageFormatException or FileNotFoundException;

    static string Version()
    {
        try
        {
            return Known();
        }
        catch (Exception e) when (IsLoading(e))
        {
            return "TorchSharp";
        }
    }

    // What names TorchSharp's types is a method of its own: without the assembly it does not even begin.
    [MethodImpl(MethodImplOptions.NoInlining)]
    static string Known() => TorchCapabilities.Assembly;

    [MethodImpl(MethodImplOptions.NoInlining)]
    static EngineOffer Found()
    {
        torch.InitializeDeviceType(DeviceType.CPU);
        OfferedDevice processor = new(Device.Cpu, Processor.Name, MachineMemory.Total);
        var gpus = torch.TryInitializeDeviceType(DeviceType.CUDA) && torch.cuda.is_available() ? torch.cuda.device_count() : 0;
        var driver = NvidiaDriver.Probe();
        return new(EngineKind.Torch, TorchCapabilities.Version, [.. Enumerable.Range(0, gpus).Select(index => Gpu(index, driver)), processor]);
    }

    static OfferedDevice Gpu(int index, NvidiaFacts driver) => index < driver.Gpus.Count
        ? new(Device.Cuda(index), driver.Gpus[index].Name, driver.Gpus[index].MemoryBytes) : new(Device.Cuda(index), "GPU", 0);
}
