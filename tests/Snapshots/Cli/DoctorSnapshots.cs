using System.Text;
using Functional.Sessions;
using Functional.Base;
using Functional.Cli;
using Functional.Execution;

namespace Functional.Tests.Snapshots.Cli;

/// <summary>What the doctor says of machines and builds of every kind.</summary>
public sealed class DoctorSnapshots
{
    static readonly OfferedDevice cpu = new(Device.Cpu, "x64, 512-bit vectors", 64L << 30);

    static readonly NvidiaFacts twoGpus = new(true, "12.8", [Gpu(0), Gpu(1)], "");

    static readonly DoctorFacts plain = new()
    {
        Version = "1.0.0", Runtime = ".NET 10.0.1", System = "Some Linux 12", Architecture = "x64", Processors = 16, VectorBits = 512,
        InstructionSets = ["AVX-512F", "AVX2", "FMA"], Memory = 64L << 30, FreeMemory = 48L << 30,
        Offers = [new(EngineKind.Managed, "1.0.0", [cpu]), WithoutLibrary], Nvidia = NvidiaFacts.None,
    };

    static EngineOffer WithoutLibrary =>
        new(EngineKind.Torch, "TorchSharp 0.107.0", []) { Missing = [new("libtorch", "libtorch_cpu.so is not there", "build with it")] };

    static NvidiaGpu Gpu(int index) => new(index, "NVIDIA H100", 80L << 30, "9.0");

    static DoctorFacts WithTorch(NvidiaFacts nvidia, params Vec<OfferedDevice> devices) =>
        plain with { Nvidia = nvidia, Offers = [plain.Offers[0], new(EngineKind.Torch, "TorchSharp 0.107.0, libtorch 2.10", devices)] };

    static DoctorFacts TwoGpus => WithTorch(twoGpus, new(Device.Cuda(0), "NVIDIA H100", 80L << 30), new(Device.Cuda(1), "NVIDIA H100", 80L << 30), cpu);

    [Fact]
    public async Task Machines()
    {
        var text = new StringBuilder();
        void Show(string title, DoctorFacts facts, EngineOptions? asked = null) =>
            text.Append($"=== {title}\n{DoctorReport.Text(facts, asked ?? new())}\n\n");

        Show("the default build, no GPU", plain);
        Show("the default build, a GPU", plain with { Nvidia = twoGpus with { Gpus = [Gpu(0)] } });
        Show("the default build, a driver that does not work",
            plain with { Nvidia = new(true, "12.8", [], "does not work: error 803 (CUDA_ERROR_SYSTEM_DRIVER_MISMATCH)") });
        Show("the default build, another processor", plain with { Architecture = "arm64", VectorBits = 128, InstructionSets = [], PairsLacking = "the processor multiplies no pairs of them" });
        Show("with libtorch, no driver", WithTorch(NvidiaFacts.None, cpu));
        Show("with libtorch, a driver that does not work", WithTorch(new(true, "", [], "its library lacks functions"), cpu));
        Show("with libtorch, a driver without a GPU", WithTorch(new(true, "12.8", [], ""), cpu));
        Show("with libtorch for the processor alone, a GPU", WithTorch(twoGpus with { Cuda = "11.4" }, cpu));
        Show("with libtorch, two GPUs", TwoGpus);
        Show("with libtorch, two GPUs, the second asked for", TwoGpus, new() { Device = Device.Cuda(1), Precision = Precision.BF16 });
        Show("with libtorch, two GPUs, a third asked for", TwoGpus, new() { Device = Device.Cuda(2) });
        Show("with libtorch that cannot be loaded", plain with
        {
            Nvidia = twoGpus,
            Offers = [plain.Offers[0], new(EngineKind.Torch, "TorchSharp 0.107.0",
                []) { Missing = [new("libtorch", "cannot be loaded", "build again, where there is room for it")] }],
        });
        await Verify(text.ToString());
    }

    [Fact]
    public Task Json() => Verify(
        $"{DoctorReport.Json(plain, new())}\n{DoctorReport.Json(TwoGpus, new() { Threads = 3 })}\n{DoctorReport.Json(plain, new() { Engine = EngineKind.Torch })}\n".Replace(",\"", ",\n\"", StringComparison.Ordinal));

    [Fact]
    public async Task This_machine_can_compute_with_something()
    {
        var (code, text) = await Shell.Quietly("doctor");
        Assert.Equal(0, code);
        Assert.Contains("\n  managed ", text, StringComparison.Ordinal);
        Assert.Contains("\nchosen now: ", text, StringComparison.Ordinal);
    }
}
