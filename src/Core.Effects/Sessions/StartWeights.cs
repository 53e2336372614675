using Functional.Base;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Models;
using Functional.Storage;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>The weights that a stage begins with.</summary>
/// <param name="Run">The run that they are of, at its stage.</param>
/// <param name="Checkpoint">Its checkpoint.</param>
public sealed record StartWeights(RunFolder Run, Checkpoint Checkpoint)
{
    /// <summary>The adapters over them that it begins with, too; nothing where it begins with none.</summary>
    public Option<StartAdapter> Adapter { get; init; }

    /// <summary>What a stage of a run begins with: the weights that it names, or those of the stage before; nothing for fresh ones.</summary>
    /// <param name="folder">The run, at the stage.</param>
    public static Validation<Fault, Option<StartWeights>> Of(RunFolder folder) =>
        Base(folder).Bind(found => StartAdapter.Of(folder).Map(adapter => found.Map(weights => weights with { Adapter = adapter })));

    static Validation<Fault, Option<StartWeights>> Base(RunFolder folder) =>
        folder.Config.Stage.From is { } weights ? InitialWeights.Open(folder.Config, weights, folder.Tokenizer).Map(Some)
        : folder.Recipe.Before(folder.Stage) is { } name && (folder with { Stage = name }) is var before
            ? before.Checkpoint().Map(checkpoint => Some(new StartWeights(before, checkpoint)))
        : Success<Fault, Option<StartWeights>>(None);

    /// <summary>Whether the run's model has a parameter.</summary>
    public bool Holds(ParamSpec spec) => Transformer.Of(Run.Config.Decoder).Specs is var held && held.Contains(spec.Name) && held[spec.Name].Type == spec.Type;

    /// <summary>
    /// Fills those parameters that the run's model has, by their names. Others are left as they are: what a stage adds to a model, such as adapters and a
    /// head that judges, begins fresh.
    /// </summary>
    /// <param name="engine">Where the parameters are.</param>
    /// <param name="parameters">By the names that models have for them.</param>
    /// <param name="packing">How matrices among them are kept that are packed; nothing where none is.</param>
    public Validation<Fault, Unit> Into(IEngine engine, Params<IBuffer> parameters, BitPacking? packing)
    {
        if (packing is null) return Into(engine, parameters);
        var packs = PackedBase.Over(parameters, packing);
        return Into(engine, parameters.Concat(packs.Map(static IBuffer (p) => p))).Bind(_ => packs.Values.Select(static p => p.Outcome).Gather().Map(static _ => unit));
    }

    Validation<Fault, Unit> Into(IEngine engine, Params<IBuffer> parameters)
    {
        var held = Transformer.Of(Run.Config.Decoder).Specs;
        var wanted = parameters.Filter((name, buffer) => held.Contains(name) && held[name].Type == buffer.Type);
        // What the checkpoint holds whole is read straight into place.
        return wanted.Count == held.Count && Run.IsWhole ? Checkpoint.LoadModel(wanted) : Run.Load(engine, Checkpoint).Map(loaded =>
        {
            using (loaded)
                foreach (var (name, buffer) in wanted) loaded.Buffers[name].CopyTo(buffer);
            return unit;
        });
    }
}
