using Functional.Base;
using Functional.Compiling;
using Functional.Engines.Catalogue;
using Functional.Execution;
using Functional.Generation;
using Functional.Models;
using Functional.Runs;
using Functional.Settings;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>Whether there is room on a device, before anything is made there. One rule for everyone who asks: what certainly does not fit is refused.</summary>
public static class Memory
{
    /// <summary>
    /// The configuration, or every fault in it, in its engine and device, or that what it keeps from its first step to its last
    /// (<see cref="RunMemory"/>) takes more than the device has.
    /// </summary>
    /// <param name="config">The run; a vocabulary that is not known yet counts as one token.</param>
    public static Validation<Fault, RunConfig> Check(RunConfig config) => DeviceOf(config).Bind(device => Check(config, device));

    /// <summary>The device of a run; or every fault in its configuration, its engine and its device.</summary>
    /// <param name="config">The run.</param>
    public static Validation<Fault, OfferedDevice> DeviceOf(RunConfig config) =>
        (config.Validate().Bind(_ => config.Learns()), EngineCatalog.Choose(config.Execution)).Apply(static (_, chosen) => chosen.Device)
            .Match(static device => Success<Fault, OfferedDevice>(device), static faults => Fail<Fault, OfferedDevice>(faults.Distinct().ToSeq().Strict()));

    /// <summary>The configuration, or that there is no room for it on a device.</summary>
    /// <param name="config">The run, without faults; a vocabulary that is not known yet counts as one token.</param>
    /// <param name="device">Where it is to run.</param>
    internal static Validation<Fault, RunConfig> Check(RunConfig config, OfferedDevice device) => Room(
        RunMemory.Of(config with { Model = config.Model with { Vocabulary = Math.Max(1, config.Model.Vocabulary) } }).Bytes,
        config.Stage.Accumulate > 1 ? "weights, optimiser and accumulated gradients" : "weights and optimiser", device).Map(_ => config);

    /// <summary>The model, or every fault in the engine and device, or that its weights and caches take more than the device has.</summary>
    /// <param name="model">A model that writes one text, without faults.</param>
    /// <param name="execution">What it is to run on.</param>
    public static Validation<Fault, DecoderConfig> CheckDecoding(DecoderConfig model, EngineOptions execution) =>
        EngineCatalog.Choose(execution).Bind(chosen => Room(DecodingBytes(model), "weights and caches", chosen.Device)).Map(_ => model);

    /// <summary>The bytes of a model's weights and of the caches of one text.</summary>
    internal static Int128 DecodingBytes(DecoderConfig model) => Cost.At(model.Layers, model.Period, blocks =>
    {
        var few = Transformer.Of(model, blocks);
        return few.Specs.Values.Map(static spec => spec.Type).Concat(few.Caches(new(1, Batcher.MostPiece)).Values).Aggregate(Int128.Zero, static (sum, type) => sum + type.Bytes);
    });

    static Validation<Fault, Unit> Room(Int128 needed, string what, OfferedDevice device)
    {
        var where = device.Device.Kind == DeviceKind.Cpu ? "this machine" : $"{device.Device} ({device.Name})";
        return Fault.Unless(needed <= device.MemoryBytes, "memory", $"{what} take {Gibibytes(needed, up: true)}",
            $"allowed: up to {Gibibytes(device.MemoryBytes, up: false)} on {where}; fewer layers or a smaller width make it less");
    }

    // Rounded apart, so that a need that is a little too large does not read like what there is.
    static string Gibibytes(Int128 bytes, bool up)
    {
        var tenths = (double)bytes * 10 / (1 << 30);
        return FormattableString.Invariant($"{(up ? Math.Ceiling(tenths) : Math.Floor(tenths)) / 10:0.0} GiB");
    }
}
