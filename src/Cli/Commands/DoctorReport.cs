using System.Text.Json;
using Functional.Base;
using Functional.Execution;

namespace Functional.Cli;

/// <summary>What <c>functional doctor</c> says: a pure function of what was found.</summary>
static class DoctorReport
{
    /// <summary>For people.</summary>
    /// <param name="facts">What was found.</param>
    /// <param name="asked">What programs would be asked to run on.</param>
    public static string Text(DoctorFacts facts, EngineOptions asked) => string.Join('\n', Lines(facts, asked));

    static IEnumerable<string> Lines(DoctorFacts facts, EngineOptions asked) =>
    [
        $"functional {facts.Version}, {facts.Runtime}, {facts.System}",
        "",
        "machine",
        $"  {facts.Processors} processors ({facts.Architecture}), {Show.Bytes(facts.Memory)} of memory, {Show.Bytes(facts.FreeMemory)} free",
        $"  {facts.VectorBits}-bit vectors{(facts.InstructionSets.Count > 0 ? $": {string.Join(", ", facts.InstructionSets)}" : "")}",
        $"  bf16 on the managed engine: {(facts.PairsLacking is { } why ? $"products by float32, for {why}" : "products two at a time")}",
        .. Nvidia(facts.Nvidia),
        "",
        "engines",
        .. facts.Offers.SelectMany(Engine),
        "",
        EngineChoice.Resolve(asked, facts.Offers).Match(
            static chosen =>
                $"chosen now: {EngineChoice.Text(chosen.Engine)} on {chosen.Device}, products of matrices in {EngineChoice.Text(chosen.Precision)}",
            static _ => "chosen now: nothing, because what is asked for is not there"),
        .. facts.Missing.Count == 0 ? (string[])[] : ["", "to use a GPU"],
        .. facts.Missing.Select(static f => $"  {f.Where}: {f.What}\n    {f.Allowed}"),
    ];

    static IEnumerable<string> Nvidia(NvidiaFacts nvidia) => nvidia switch
    {
        { Found: false } => ["  no NVIDIA driver"],
        { Trouble.Length: > 0 } => [$"  NVIDIA driver: {nvidia.Trouble}"],
        _ =>
        [
            $"  NVIDIA driver{(nvidia.Cuda.Length > 0 ? $" for CUDA up to {nvidia.Cuda}" : "")}{(nvidia.Gpus.Count == 0 ? ", no GPU" : "")}",
            .. nvidia.Gpus.Select(static g =>
                $"    GPU {g.Index}: {g.Name}, {Show.Bytes(g.MemoryBytes)}{(g.Capability.Length > 0 ? $", compute capability {g.Capability}" : "")}"),
        ],
    };

    static IEnumerable<string> Engine(EngineOffer offer) =>
    [
        $"  {EngineChoice.Text(offer.Engine)} {offer.Version}{(offer.Devices.Count == 0 ? ": no device" : "")}",
        .. offer.Devices.Select(static d => $"    {$"{d.Device}",-7} {d.Name}, {Show.Bytes(d.MemoryBytes)}"),
    ];

    /// <summary>For scripts, in one line.</summary>
    /// <param name="facts">What was found.</param>
    /// <param name="asked">What programs would be asked to run on.</param>
    public static string Json(DoctorFacts facts, EngineOptions asked) => JsonLine.Of(json =>
    {
        json.WriteString("version", facts.Version);
        json.WriteString("runtime", facts.Runtime);
        json.WriteString("system", facts.System);
        json.WriteString("architecture", facts.Architecture);
        json.WriteNumber("processors", facts.Processors);
        json.WriteNumber("vector_bits", facts.VectorBits);
        json.WriteStartArray("instruction_sets");
        foreach (var name in facts.InstructionSets) json.WriteStringValue(name);
        json.WriteEndArray();
        json.WriteString("bf16_pairs_lacking", facts.PairsLacking);
        json.WriteNumber("memory_bytes", facts.Memory);
        json.WriteNumber("free_memory_bytes", facts.FreeMemory);
        json.WritePropertyName("nvidia");
        json.Object(_ =>
        {
            json.WriteBoolean("driver", facts.Nvidia.Found);
            json.WriteString("cuda", facts.Nvidia.Cuda);
            json.WriteString("trouble", facts.Nvidia.Trouble);
            json.Objects("gpus", facts.Nvidia.Gpus, gpu =>
            {
                json.WriteNumber("index", gpu.Index);
                json.WriteString("name", gpu.Name);
                json.WriteNumber("memory_bytes", gpu.MemoryBytes);
                json.WriteString("compute_capability", gpu.Capability);
            });
        });
        json.Objects("engines", facts.Offers, offer =>
        {
            json.WriteString("engine", EngineChoice.Text(offer.Engine));
            json.WriteString("version", offer.Version);
            json.Objects("devices", offer.Devices, device =>
            {
                json.WriteString("device", $"{device.Device}");
                json.WriteString("name", device.Name);
                json.WriteNumber("memory_bytes", device.MemoryBytes);
            });
        });
        Chosen(json, facts, asked);
        json.Objects("missing", facts.Missing, fault =>
        {
            json.WriteString("where", fault.Where);
            json.WriteString("what", fault.What);
            json.WriteString("fix", fault.Allowed);
        });
    });

    static void Chosen(Utf8JsonWriter json, DoctorFacts facts, EngineOptions asked)
    {
        json.WritePropertyName("chosen");
        var chosen = EngineChoice.Resolve(asked, facts.Offers).Match<Vec<EngineOptions>>(static o => [o], static _ => []);
        if (chosen.Count == 0) json.WriteNullValue();
        foreach (var options in chosen)
            json.Object(_ =>
            {
                json.WriteString("engine", EngineChoice.Text(options.Engine));
                json.WriteString("device", $"{options.Device}");
                json.WriteString("precision", EngineChoice.Text(options.Precision));
                json.WriteNumber("threads", options.Threads);
            });
    }
}
