using Functional.Execution;
using TorchSharp;

namespace Functional.Engines.Torch;

/// <summary>What the torch engine offers on this machine.</summary>
static class TorchEntry
{
    /// <summary>Its entry in the catalogue.</summary>
    public static EngineEntry Entry { get; } = new(EngineKind.Torch, Offer, static o => new TorchEngine(o.Device, o.Precision, o.Threads));

    static string Assembly => $"TorchSharp {typeof(torch).Assembly.GetName().Version?.ToString(3)}";

    static EngineOffer Offer()
    {
        if (TorchLibraries.Processor is { } missing) return new(EngineKind.Torch, Assembly, []) { Missing = [missing] };
        // Before it throws, TorchSharp prints everything that it tried.
        var console = Console.Out;
        Console.SetOut(TextWriter.Null);
        try
        {
            return Found();
        }
        // What loads may still not fit together, and that fails in many ways: each is a value here.
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException or NotSupportedException or InvalidOperationException)
        {
            return new(EngineKind.Torch, Assembly, [])
            {
                Missing = [new("libtorch", $"cannot be used: {(e.InnerException ?? e).Message.Split('\n')[0]}",
                    $"needs the libtorch that {Assembly} was made for: {EngineChoice.TorchBuild}")],
            };
        }
        finally
        {
            Console.SetOut(console);
        }
    }

    static EngineOffer Found()
    {
        torch.InitializeDeviceType(DeviceType.CPU);
        // A libtorch of another version may load and yet lay its tensors out otherwise: that throws here, not in the middle of a run.
        using (var tensor = torch.ones(2)) _ = tensor.bytes;
        OfferedDevice processor = new(Device.Cpu, Processor.Name, MachineMemory.Total);
        var driver = NvidiaDriver.Probe();
        // Without a GPU, CUDA's libraries are not even looked for.
        var missing = driver.Gpus.Count > 0 ? TorchLibraries.Gpus : null;
        var gpus = driver.Gpus.Count > 0 && missing is null && torch.TryInitializeDeviceType(DeviceType.CUDA) && torch.cuda.is_available()
            ? torch.cuda.device_count() : 0;
        return new(EngineKind.Torch, $"{Assembly}, for libtorch {torch.__version__}",
            [.. Enumerable.Range(0, gpus).Select(index => Gpu(index, driver)), processor])
        {
            Missing = missing is null ? [] : [missing],
        };
    }

    static OfferedDevice Gpu(int index, NvidiaFacts driver) => index < driver.Gpus.Count
        ? new(Device.Cuda(index), driver.Gpus[index].Name, driver.Gpus[index].MemoryBytes) : new(Device.Cuda(index), "GPU", 0);
}
