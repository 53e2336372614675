using FsCheck;
using FsCheck.Fluent;

namespace Functional.Tests.Properties.Execution;

using Training = Functional.Training;

/// <summary>What engines say of their memory, and what happens when there is none left.</summary>
public sealed class DeviceMemoryTests : IDisposable
{
    const long Impossible = 1L << 50;
    readonly string folder = Directory.CreateTempSubdirectory("functional-memory-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string this[string name] => Path.Combine(folder, name);

    RunConfig Config
    {
        get
        {
            File.WriteAllText(this["text.txt"], Corpus.Text(1, 3000));
            return new RunConfig { Stage = new() { EvalEvery = 4, EvalBatches = 2 } }.OnFile(this["text.txt"]).Sized(layers: 1, heads: 2, width: 16,
                context: 8).For(steps: 8, batch: 4);
        }
    }

    Task<RunResult> Train(IEngine engine) => Training.Start(() => RunSession.Begin(this["run"], Recipe.Of(Config)).OrThrow(), _ => engine, null, default);

    [Theory]
    [InlineData(1234, 1L << 30, 2L << 30, "1.2 KiB were asked for on cuda:1, 1.0 GiB of 2.0 GiB are free")]
    [InlineData(2L << 30, 1288490188, 84933453414, "2.0 GiB were asked for on cuda:1, 1.2 GiB of 79.1 GiB are free")]
    [InlineData(0, 3 << 20, 84933453414, "more was asked for on cuda:1, 3.0 MiB of 79.1 GiB are free")]
    public void A_full_device_says_what_was_asked_what_is_free_and_what_helps(long asked, long free, long total, string what)
    {
        var full = new DeviceMemoryException("cuda:1", asked, free, total);
        Assert.Equal(new("memory", what, "to need less: a smaller batch (with accumulate), context, layers or width, or precision bf16"), full.Fault);
        Assert.Equal(full.Fault.ToString(), full.Message);
        Assert.Equal(("cuda:1", asked, free, total), (full.Device, full.Asked, full.Free, full.Total));
        Assert.IsType<OutOfMemoryException>(full, exactMatch: false);
    }

    [Fact]
    public void The_processor_has_no_other_precision_to_propose() =>
        Assert.EndsWith("layers or width", new DeviceMemoryException("cpu", 1, 0, 0).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_run_on_a_full_device_ends_with_the_fault_and_can_go_on_elsewhere()
    {
        var engine = new FullEngine(20_000);
        var failed = await Assert.ThrowsAsync<FunctionalException>(() => Train(engine));
        Assert.Equal("memory", Assert.Single(failed.Faults).Where);
        Assert.Matches("^memory: .* were asked for on cuda:0, .* of 79.0 GiB are free; to need less: a smaller batch", failed.Message);
        Assert.True(engine.IsDisposed);
        Assert.Equal(StopReason.Completed, (await Training.ResumeAsync(this["run"])).Reason);
    }

    [Fact]
    public async Task A_model_that_a_device_cannot_hold_is_not_loaded()
    {
        await Train(new ManagedEngine(1));
        var engine = new FullEngine(1000);
        var failed = Assert.Throws<FunctionalException>(() => LanguageModel.Load(this["run"], engine));
        Assert.Equal("memory", Assert.Single(failed.Faults).Where);
        Assert.True(engine.IsDisposed);
    }

    [Fact]
    public async Task A_device_that_fills_up_later_is_a_fault_of_what_was_asked_then()
    {
        await Train(new ManagedEngine(1));
        using var probe = new FullEngine(1 << 30);
        long weights;
        using (LanguageModel.Load(this["run"], probe)) weights = probe.Memory.Buffers;
        using var model = LanguageModel.Load(this["run"], new FullEngine(weights + 8));
        var failed = await Assert.ThrowsAsync<FunctionalException>(async () =>
        {
            await foreach (var _ in model.GenerateAsync("The")) { }
        });
        Assert.Equal("memory", Assert.Single(failed.Faults).Where);
        await Assert.ThrowsAsync<FunctionalException>(() => model.EvaluateAsync());
    }

    [Fact]
    public async Task An_engine_that_is_not_there_is_refused_before_anything_is_written()
    {
        var failed = await Assert.ThrowsAsync<FunctionalException>(() =>
            Training.RunAsync(Config with { Stage = Config.Stage with { Optimiser = Config.Stage.Optimiser with { LearningRate = -1 } },
                Execution = Config.Execution with { Device = Device.Cuda(99) } }, this["run"]));
        Assert.Contains("Execution.Device", failed.Faults.Select(static f => f.Where));
        Assert.Contains("Stage.Optimiser.LearningRate", failed.Faults.Select(static f => f.Where));
        Assert.False(Directory.Exists(this["run"]));
        await Training.RunAsync(Config, this["run"]);
        var kept = await File.ReadAllTextAsync(Path.Combine(this["run"], "config.yaml"));
        await Assert.ThrowsAsync<FunctionalException>(() => Training.ResumeAsync(this["run"], changes: [("device", "cuda:99"), ("steps", "12")]));
        Assert.Equal(kept, await File.ReadAllTextAsync(Path.Combine(this["run"], "config.yaml")));
    }

    [Fact]
    public void Native_memory_that_cannot_be_had_is_the_same_fault()
    {
        using var engine = new ManagedEngine(1);
        var full = Assert.Throws<DeviceMemoryException>(() => engine.Allocate(new([1 << 24, 1 << 24])));
        Assert.Equal(("cpu", Impossible), (full.Device, full.Asked));
        Assert.InRange(full.Free, 0, full.Total);
        Assert.Equal(0, engine.Memory.Buffers);
    }

    [Theory]
    [InlineData(Impossible, 0)]
    [InlineData(0, Impossible)]
    public void After_a_program_that_found_no_room_the_others_run_as_before(long arena, long workspace)
    {
        using var engine = new ManagedEngine(2);
        var (a, b) = (Create.Input("a", [64, 64]), Create.Input("b", [64, 64]));
        var product = a.MatMul(b);
        using var executable = engine.Compile(Program.Of((product.MatMul(a) - product.MatMul(b)).Exp().MatMul(a)));
        using var left = engine.Allocate(a.Type);
        using var right = engine.Allocate(b.Type);
        left.Write<float>([.. Enumerable.Range(0, 4096).Select(static i => MathF.Sin(i) / 64)]);
        right.Write<float>([.. Enumerable.Range(0, 4096).Select(static i => MathF.Cos(i) / 64)]);
        using var binding = executable.Bind(new Dictionary<string, IBuffer> { ["a"] = left, ["b"] = right });
        binding.Run();
        var name = executable.Program.Outputs[0].Name;
        var before = binding[name].ToArray<float>();
        Assert.Throws<DeviceMemoryException>(() => engine.Reserve(arena, workspace, 0));
        binding[name].Write<float>(new float[4096]);
        binding.Run();
        Assert.Equal(before, binding[name].ToArray<float>());
    }

    [Property]
    public bool Buffers_are_counted_while_they_live(NonEmptyArray<PositiveInt> sizes, bool reference)
    {
        using IEngine engine = reference ? new ReferenceEngine() : new ManagedEngine(1);
        var buffers = sizes.Get.Select(n => engine.Allocate(new([n.Get]))).ToList();
        var all = engine.Memory.Buffers == buffers.Sum(static b => b.Type.Bytes);
        foreach (var buffer in buffers.Where(static (_, i) => i % 2 == 0)) buffer.Dispose();
        buffers[0].Dispose();
        var half = engine.Memory.Buffers == buffers.Where(static (_, i) => i % 2 == 1).Sum(static b => b.Type.Bytes);
        foreach (var buffer in buffers) buffer.Dispose();
        return all && half && engine.Memory.Buffers == 0;
    }

    [Fact]
    public void A_machine_has_some_memory_and_less_of_it_free()
    {
        using var engine = new ManagedEngine(1);
        var memory = engine.Memory;
        Assert.Equal("cpu", memory.Device);
        Assert.InRange(memory.Total, 1L << 28, 1L << 50);
        Assert.InRange(memory.Free, 1, memory.Total);
        Assert.Equal(memory.Total, Functional.Engine.Offers().First(static o => o.Engine == EngineKind.Managed).Devices[0].MemoryBytes);
    }
}
