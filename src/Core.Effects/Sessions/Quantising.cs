using Functional.Base;
using Functional.Engines;
using Functional.Files;
using Functional.Storage;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>What rounding a run's weights to few bits did.</summary>
/// <param name="Bits">Bits of a number: 8 or 4, and half of one for its share of a scale.</param>
/// <param name="BytesBefore">Bytes of all parameters as float32.</param>
/// <param name="BytesAfter">Bytes of all parameters as they are kept.</param>
/// <param name="LossBefore">The mean loss in nats with the weights as they were; nothing where it was not measured.</param>
/// <param name="LossAfter">The same with those that are kept.</param>
/// <param name="Measured">What the loss is of, such as <c>25,000 tokens</c>; or why it was not measured.</param>
/// <param name="IsText">Whether it is the loss of a text's tokens, which has a perplexity.</param>
public sealed record Quantised(int Bits, long BytesBefore, long BytesAfter, double? LossBefore, double? LossAfter, string Measured, bool IsText);

/// <summary>Makes runs whose weights are kept in 8 or 4 bits: see <see cref="QuantisedNote"/>.</summary>
public static class Quantising
{
    /// <summary>Makes a run's folder out of another.</summary>
    /// <param name="engine">Where it is computed.</param>
    /// <param name="run">The run's folder.</param>
    /// <param name="location">The new run's folder; there must be nothing there. It is there whole, or not at all.</param>
    /// <param name="bits">8 or 4.</param>
    /// <param name="data">A text file to measure on; nothing for what the run kept for evaluation.</param>
    /// <param name="choice">Which of its checkpoints.</param>
    /// <param name="stage">Of which stage; nothing for the last that has one.</param>
    /// <param name="stop">Asks to give up.</param>
    public static Validation<Fault, Quantised> Run(IEngine engine, string run, string location, int bits, string? data = null, CheckpointChoice choice = default,
        string? stage = null, CancellationToken stop = default) => Run(engine, run, location, bits, data, choice, stage, Disk.Real, stop);

    internal static Validation<Fault, Quantised> Run(IEngine engine, string run, string location, int bits, string? data, CheckpointChoice choice, string? stage, Disk disk,
        CancellationToken stop) =>
        from known in Fault.Unless(bits is 4 or 8, "bits", $"is {bits}", "allowed: 8, 4")
        from made in Using(TrainedModel.Open(engine, run, choice, stage), whole =>
            from dense in Fault.Unless(whole.Run.Panels is null, run, $"is in {whole.Run.Panels?.Bits} bits already", "allowed: the run that it was made of")
            from before in Measure(whole, data, stop)
            from written in FolderAtOnce.Make(location, disk, partial => whole.SavePacked(partial, new(bits), disk))
            select (Before: before, Bytes: Bytes(whole)))
        from result in Using(TrainedModel.Open(engine, location), kept =>
            from after in made.Before.Loss is null ? Success<Fault, (double? Loss, string Of, bool IsText)>(made.Before) : Measure(kept, data, stop)
            select new Quantised(bits, made.Bytes, Bytes(kept), made.Before.Loss, after.Loss, made.Before.Of, made.Before.IsText))
        select result;

    static Validation<Fault, T> Using<T>(Validation<Fault, TrainedModel> opened, Func<TrainedModel, Validation<Fault, T>> use) => opened.Bind(model =>
    {
        using (model) return use(model);
    });

    static long Bytes(TrainedModel model) => model.Model.Specs.Fold(0L, static (sum, spec) => sum + spec.Type.Bytes);

    // A text that was named must be there; without the run's own, the rest is done all the same.
    static Validation<Fault, (double? Loss, string Of, bool IsText)> Measure(TrainedModel model, string? data, CancellationToken stop)
    {
        if (data is not null) return model.Text(data, stop).Map(text => Scored(model.Score(text, stop)));
        var own = !model.Run.Config.Stage.LearnsText ? model.Measure(stop).Map(static m => ((double?)m.Loss, FormattableString.Invariant($"{m.Rows} rows"), false))
            : model.Data(stop).Map(texts => Scored(model.Score(texts, stop)));
        return Success<Fault, (double?, string, bool)>(own.IfFail(static faults => (null, string.Join("; ", faults), false)));

        static (double? Loss, string Of, bool IsText) Scored(Score score) => (score.Loss, FormattableString.Invariant($"{score.Tokens} tokens"), true);
    }
}
