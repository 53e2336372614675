using Functional.Adapters;
using Functional.Base;
using Functional.Engines;
using Functional.Files;
using Functional.Layers;
using Functional.Models;
using Functional.Settings;
using Functional.Storage;
using Functional.Weights;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>Adapters put into the weights of a run, which then needs none.</summary>
public static class AdapterMerge
{
    /// <summary>Makes a run's folder out of another and a folder with adapters of PEFT for it.</summary>
    /// <param name="engine">Where it is computed.</param>
    /// <param name="run">The run's folder, at the stage and checkpoint that a session reads by default; or a published model's, which is imported.</param>
    /// <param name="adapter">The folder with adapters.</param>
    /// <param name="location">The new run's folder; there must be nothing there.</param>
    public static Validation<Fault, RunFolder> Run(IEngine engine, string run, string adapter, string location) =>
        Load(engine, run, adapter).Bind(loaded =>
        {
            using (loaded.Parameters)
            {
                var (merged, checkpoint, parameters) = (loaded.Run with { Location = location }, loaded.Checkpoint, loaded.Parameters.Buffers);
                return FolderAtOnce.Make(location, Disk.Real, partial =>
                    from saved in (merged with { Location = partial }).Checkpoints.Save(checkpoint.Training, RunIdentity.Of(checkpoint.Identity.Text, merged.Config),
                        [new("", Transformer.Of(merged.Config.Decoder).Specs.Map((name, _) => parameters[name]), Params<IBuffer>.Empty)], 1)
                    from all in (merged with { Location = partial }).Write(Disk.Real)
                    select all).Map(_ => merged);
            }
        });

    /// <summary>A run with adapters of PEFT in its weights, in memory alone; the parameters are owned by the caller.</summary>
    /// <param name="engine">Where it is computed.</param>
    /// <param name="run">The run's folder, or a published model's.</param>
    /// <param name="adapter">The folder with adapters.</param>
    /// <param name="choice">Which checkpoint of the run.</param>
    /// <param name="stage">Of which of its stages; nothing for the last that has one.</param>
    /// <returns>The run of what is merged, which is in no folder, and where its weights came from.</returns>
    public static Validation<Fault, (RunFolder Run, Checkpoint Checkpoint, Workspace Parameters)> Load(IEngine engine, string run, string adapter,
        CheckpointChoice choice = default, string? stage = null) => RunFolder.Holds(run) || !File.Exists(Path.Combine(run, "config.json"))
        ? RunFolder.Open(run, stage).Bind(found => Load(engine, found, adapter, choice))
        : Disk.Guard(run, "expected room for what is imported", () =>
        {
            var imported = Directory.CreateTempSubdirectory("functional-import-").FullName;
            try
            {
                return Import.Run(run, Path.Combine(imported, "run")).Bind(_ => RunFolder.Open(Path.Combine(imported, "run"), stage))
                    .Bind(found => Load(engine, found, adapter, choice)).Map(loaded => loaded with { Run = loaded.Run with { Location = run } });
            }
            finally
            {
                Directory.Delete(imported, recursive: true);
            }
        });

    static Validation<Fault, (RunFolder Run, Checkpoint Checkpoint, Workspace Parameters)> Load(IEngine engine, RunFolder run, string adapter, CheckpointChoice choice) =>
        from checkpoint in run.Checkpoint(choice)
        from published in StartAdapter.PublishedOf(run, run.Config)
        from folder in AdapterFolder.Open(adapter, published)
        from made in Using(folder, open => Merged(engine, run, checkpoint, open))
        select (made.Run, checkpoint, made.Parameters);

    static Validation<Fault, T> Using<T>(AdapterFolder folder, Func<AdapterFolder, Validation<Fault, T>> use)
    {
        using (folder) return use(folder);
    }

    static Validation<Fault, (RunFolder Run, Workspace Parameters)> Merged(IEngine engine, RunFolder run, Checkpoint checkpoint, AdapterFolder adapter)
    {
        var model = Transformer.Of(run.Config.Decoder);
        return
            from plan in LoraPlan.Of(model, adapter.Config)
            let config = run.Alone.Config with { Model = run.Config.Model with { TiedHead = run.Config.Model.TiedHead && !LoraMerge.Unties(model, plan) } }
            from values in plan.Specs(model.Specs).Select(spec => Read(adapter, spec.Value)).Gather()
            from loaded in run.Load(engine, checkpoint)
            select (run with { Recipe = Recipe.Of(config), Stage = Recipe.Of(config).Stages.Names[0], Panels = null }, Put(loaded, model, plan, values));
    }

    static Validation<Fault, (ParamSpec, float[])> Read(AdapterFolder adapter, ParamSpec spec)
    {
        var numbers = new float[checked((int)spec.Type.Size)];
        return adapter.Read(spec.Name, numbers).Map(_ => (spec, numbers));
    }

    // A head that was tied is a parameter more.
    static Workspace Put(Workspace loaded, Model model, LoraPlan plan, Vec<(ParamSpec Spec, float[] Numbers)> values)
    {
        try
        {
            using var work = new Workspace(loaded.Engine);
            foreach (var (name, buffer) in loaded.Buffers) work.Alias(Names.Param(name), buffer);
            foreach (var (spec, numbers) in values) work.Add(Names.Param(spec.Name), spec.Type).Write<float>(numbers);
            var merging = LoraMerge.Into(model, plan);
            var program = work.Bind(merging);
            program.Run();
            foreach (var output in merging.Outputs.Where(static o => o.Name.StartsWith(Names.Param(""), StringComparison.Ordinal)))
            {
                var (name, merged) = (output.Name[Names.Param("").Length..], program[output.Name]);
                var into = loaded.Buffers.Contains(name) ? loaded[name] : loaded.Add(name, merged.Type);
                if (!ReferenceEquals(into, merged)) merged.CopyTo(into);
            }
            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }
}
