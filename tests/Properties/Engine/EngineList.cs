namespace Functional.Tests.Properties;

/// <summary>The engines that the suites run: the reference, the managed one, and torch on every device where its libraries load.</summary>
static class EngineList
{
    public const string NoTorch = "libtorch does not load here (docs/gpu.md says how the suites are run on it)";

    /// <summary>The line about it among the tests' results.</summary>
    public const string Suites = "The engine suites run for torch beside the reference and the managed engine";

    /// <summary>Makers by name.</summary>
    public static SortedDictionary<string, Func<IEngine>> All { get; } = Make();

    // On the processor libtorch's ways for a GPU add rows in any order.
    const string GpusWay = "torch on cpu, a GPU's way";

    /// <summary>Those that give the same bits on every run.</summary>
    public static SortedDictionary<string, Func<IEngine>> Repeating { get; } = new(All.Where(static e => e.Key != GpusWay).ToDictionary(),
        StringComparer.Ordinal);

    /// <summary>
    /// Whether an engine gives the same bits on every run of a program: a GPU's attention adds what blocks of keys give to the gradient in any order.
    /// </summary>
    public static bool Repeats(string engine, Program program) =>
        !engine.Contains("cuda", StringComparison.Ordinal) || !Graph.Topological(program.Outputs.Select(static o => o.Value)).Any(static n =>
            n.Op is Op.Fused { Kind: AttentionGradient });

    /// <summary>Whether torch is among them.</summary>
    public static bool HasTorch => All.Keys.Any(static name => name.StartsWith("torch", StringComparison.Ordinal));

    /// <summary>Their names, for theories.</summary>
    public static TheoryData<string> Names => [.. All.Keys];

    static SortedDictionary<string, Func<IEngine>> Make()
    {
        var all = new SortedDictionary<string, Func<IEngine>>(StringComparer.Ordinal)
        {
            ["managed, 2 threads"] = static () => new ManagedEngine(2),
            ["reference"] = static () => new ReferenceEngine(),
        };
        foreach (var offer in EngineCatalog.Offers().Where(static o => o.Engine == EngineKind.Torch))
            foreach (var device in offer.Devices)
                all[$"torch on {device.Device}"] = () =>
                    EngineCatalog.Create(new() { Engine = EngineKind.Torch, Device = device.Device })
                        .IfFail(static faults => throw new InvalidOperationException(faults.Lines()));
        // Without a GPU, what the engine does for one: uploads by way of the host, and its ways to add rows.
        if (all.ContainsKey("torch on cpu")) all[GpusWay] = static () => new TorchEngine(Device.Cpu, Precision.F32, 0, asOnGpu: true);
        return all;
    }
}
