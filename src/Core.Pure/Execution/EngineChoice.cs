using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Execution;

/// <summary>Which engine and device a wish comes to, given what there is.</summary>
public static class EngineChoice
{
    /// <summary>The option of <c>dotnet run</c> and <c>dotnet build</c> that brings libtorch with CUDA.</summary>
    public const string TorchBuild = "-p:LibTorch=cuda";

    /// <summary>What to type, in a clone of the repository, to train on a GPU.</summary>
    public const string TorchCommand = $"dotnet run -c Release {TorchBuild} --project src/Cli -- train";

    /// <summary>
    /// The options with everything decided: what was asked for is never changed; what was left open becomes torch on the first GPU where
    /// there is one, else the managed engine on the processor. Or every fault at once, under the names <c>engine</c>, <c>device</c>,
    /// <c>precision</c> and <c>threads</c>.
    /// </summary>
    /// <param name="asked">The wish.</param>
    /// <param name="offers">What there is; at most one offer an engine.</param>
    public static Validation<Fault, EngineOptions> Resolve(EngineOptions asked, Vec<EngineOffer> offers)
    {
        var kind = Engine(asked, offers);
        var offer = offers.FirstOrDefault(o => o.Engine == kind);
        var device = asked.Device.Kind == DeviceKind.Auto ? Best(offer) : asked.Device;
        var chosen = asked with { Engine = kind, Device = device };
        Vec<Fault> faults = [.. EngineFaults(asked, chosen, offer), .. DeviceFaults(asked, chosen, offer), .. PrecisionFaults(asked, chosen, offer),
            .. ThreadFaults(asked)];
        return faults.Count == 0 ? Success<Fault, EngineOptions>(chosen) : Validation<Fault, EngineOptions>.Fail(faults.ToSeq().Strict());
    }

    /// <summary>
    /// Whether a wish may come to torch, which takes long to ask: it names torch or what only torch has, or leaves the choice open on a machine with
    /// a GPU.
    /// </summary>
    /// <param name="asked">The wish.</param>
    /// <param name="driver">Asks NVIDIA's driver; only where that decides.</param>
    public static bool MayBeTorch(EngineOptions asked, Func<NvidiaFacts> driver) => asked.Engine switch
    {
        EngineKind.Torch => true,
        EngineKind.Managed => false,
        _ => asked.Precision == Precision.TF32 || asked.Device.Kind == DeviceKind.Cuda || asked.Device.Kind == DeviceKind.Auto && driver().Gpus.Count > 0,
    };

    // A wish that only torch can fulfil chooses torch, so that its fault says what torch needs.
    static EngineKind Engine(EngineOptions asked, Vec<EngineOffer> offers)
    {
        var torch = offers.FirstOrDefault(static o => o.Engine == EngineKind.Torch);
        return asked.Engine != EngineKind.Auto ? asked.Engine
            : asked.Device.Kind == DeviceKind.Cuda || asked.Precision == Precision.TF32 ? EngineKind.Torch
            : asked.Device.Kind == DeviceKind.Auto && torch is { HasCuda: true } ? EngineKind.Torch
            : EngineKind.Managed;
    }

    static Device Best(EngineOffer? offer) => offer is { HasCuda: true }
        ? offer.Devices.Select(static d => d.Device).Where(static d => d.Kind == DeviceKind.Cuda).MinBy(static d => d.Index)
        : Device.Cpu;

    static IEnumerable<Fault> EngineFaults(EngineOptions asked, EngineOptions chosen, EngineOffer? offer)
    {
        var (where, what) = asked.Engine != EngineKind.Auto ? ("engine", "is")
            : asked.Device.Kind == DeviceKind.Cuda ? ("device", $"is {asked.Device}, which needs")
            : asked.Precision == Precision.TF32 ? ("precision", $"is {Text(asked.Precision)}, which needs")
            : ("engine", "would be");
        if (offer is null)
            yield return new(where, $"{what} {Text(chosen.Engine)}, which is not there", "allowed: another engine");
        else if (offer.Devices.Count == 0)
        {
            yield return new(where, $"{what} {Text(chosen.Engine)}, which cannot run here",
                $"allowed without it: {(where == "engine" ? "managed" : where == "device" ? "cpu" : "f32")}");
            foreach (var missing in offer.Missing) yield return missing;
        }
    }

    static IEnumerable<Fault> DeviceFaults(EngineOptions asked, EngineOptions chosen, EngineOffer? offer)
    {
        if (chosen is { Engine: EngineKind.Managed, Device.Kind: DeviceKind.Cuda })
            yield return new("device", $"is {chosen.Device}, which the managed engine cannot use", "allowed with it: cpu");
        else if (offer is { Devices.Count: > 0 } && offer.Devices.All(d => d.Device != chosen.Device))
        {
            yield return new("device", $"{(asked.Device.Kind == DeviceKind.Auto ? "needs to be" : "is")} {chosen.Device}, which is not there",
                $"allowed: {string.Join(", ", offer.Devices.Select(static d => $"{d.Device}"))}");
            if (chosen.Device.Kind == DeviceKind.Cuda && !offer.HasCuda)
                foreach (var missing in offer.Missing) yield return missing;
        }
    }

    static IEnumerable<Fault> PrecisionFaults(EngineOptions asked, EngineOptions chosen, EngineOffer? offer)
    {
        if (chosen.Precision == Precision.TF32 && chosen.Engine == EngineKind.Managed)
            yield return new("precision", $"is {Text(chosen.Precision)}, which the managed engine does not have", "allowed with it: f32, bf16, f16");
        else if (chosen is { Precision: Precision.TF32, Device.Kind: DeviceKind.Cpu }
            && (asked.Device.Kind == DeviceKind.Cpu || offer is { Devices.Count: > 0 }))
        {
            yield return new("precision", "is tf32, which needs a GPU", "allowed on cpu: f32, bf16, f16");
            if (asked.Device.Kind == DeviceKind.Auto)
                foreach (var missing in offer!.Missing) yield return missing;
        }
    }

    static IEnumerable<Fault> ThreadFaults(EngineOptions asked)
    {
        if (asked.Threads is < 0 or > EngineOptions.MostThreads)
            yield return new("threads", FormattableString.Invariant($"is {asked.Threads}"),
                FormattableString.Invariant($"allowed: a whole number, 0 to {EngineOptions.MostThreads}"));
    }

    /// <summary>An engine as files and command lines call it.</summary>
    public static string Text(EngineKind engine) => engine switch { EngineKind.Managed => "managed", EngineKind.Torch => "torch", _ => "auto" };

    /// <summary>A precision as files and command lines call it.</summary>
    public static string Text(Precision precision) => precision switch { Precision.TF32 => "tf32", Precision.BF16 => "bf16", Precision.F16 => "f16", _ => "f32" };
}
