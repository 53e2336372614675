using Functional.Base;
using Functional.Compiling;
using Functional.Data;
using Functional.Engines;
using Functional.Layers;
using Functional.Settings;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>What the weights that a stage begins with think of its rows: computed once, before the first step, in place of a second model in every step.</summary>
static class ReferenceColumns
{
    public static bool AreNeeded(RunConfig config) => config.HasReference && config.Stage.Preference.Reference == ReferenceKind.Cached;

    /// <summary>The outputs of a program for each row, by their names.</summary>
    /// <param name="engine">Where it runs.</param>
    /// <param name="config">The stage.</param>
    /// <param name="weights">What it begins with; nothing for fresh weights.</param>
    /// <param name="program">Its inputs are parameters and a batch, its outputs a number for each row of that.</param>
    /// <param name="train">The rows that are learned, once and in order.</param>
    /// <param name="kept">The rows that are measured.</param>
    /// <param name="stop">Asks to give up.</param>
    public static Validation<Fault, (Params<float[]> Train, Params<float[]> Kept)> Of(IEngine engine, RunConfig config, Option<StartWeights> weights, Program program,
        Source train, Source kept, CancellationToken stop)
    {
        var specs = config.ReferenceOf().Specs;
        using var workspace = new Workspace(engine, specs.Map(static s => s.Type).Rename(Names.Param));
        foreach (var spec in specs.Values.Where(spec => weights.Match(w => !w.Holds(spec), static () => true)))
        {
            var values = new float[spec.Type.Size];
            spec.Fill(config.Key.FoldIn("params"), 0, values);
            workspace[Names.Param(spec.Name)].Write<float>(values);
        }
        var parameters = specs.Map((name, _) => workspace[Names.Param(name)]);
        return weights.Match(w => w.Into(engine, parameters, config.Stage.Adapter.Packing).Bind(_ => w.Adapter.Match(a => a.Into(parameters), static () => Success<Fault, Unit>(unit))),
            static () => Success<Fault, Unit>(unit)).Map(_ =>
        {
            var batch = new Batch(config.Stage.Batch, train.Feed(config.Stage.Batch));
            workspace.Add(batch.Feed.Rename(Names.Feed));
            using var bound = workspace.Bind(program);
            return (Run(train), Run(kept));

            Params<float[]> Run(Source rows)
            {
                var all = program.Outputs.Select(o => (o.Name, new float[rows.Rows!.Value])).ToParams();
                var place = default(Place);
                for (long done = 0; done < rows.Rows; done += batch.Rows, place = rows.After(place, batch.Rows))
                {
                    stop.ThrowIfCancellationRequested();
                    rows.Fill(place, 0, batch);
                    foreach (var (name, _) in batch.Feed) workspace[Names.Feed(name)].Write(batch[name]);
                    bound.Run();
                    foreach (var (name, column) in all)
                        bound[name].ToArray<float>().AsSpan(0, (int)Math.Min(batch.Rows, column.Length - done)).CopyTo(column.AsSpan((int)done));
                }
                return all;
            }
        });
    }
}
