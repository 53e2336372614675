using Functional.Adapters;
using Functional.Base;
using Functional.Compiling;
using Functional.Engines;
using Functional.Families;
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
    public static Validation<Fault, RunFolder> Run(IEngine engine, string run, string adapter, string location) => RunFolder.Holds(run)
        || !Directory.Exists(run)
        ? RunFolder.Open(run).Bind(found => Run(engine, found, adapter, location))
        : Disk.Guard(location, "it was not written", () =>
        {
            var imported = Directory.CreateTempSubdirectory("functional-import-").FullName;
            try
            {
                return Import.Run(run, Path.Combine(imported, "run")).Bind(_ => RunFolder.Open(Path.Combine(imported, "run"))).Bind(found =>
                    Run(engine, found, adapter, location));
            }
            finally
            {
                Directory.Delete(imported, recursive: true);
            }
        });

    static Validation<Fault, RunFolder> Run(IEngine engine, RunFolder run, string adapter, string location) =>
        from checkpoint in run.Checkpoint()
        from family in Export.FamilyOf(run, null)
        let published = new PublishedModel(family, run.Config.Model, Export.MarksOf(run), [])
        from folder in AdapterFolder.Open(adapter, published)
        from made in Using(folder, open => Run(engine, run, checkpoint, open, location))
        select made;

    static Validation<Fault, RunFolder> Using(AdapterFolder folder, Func<AdapterFolder, Validation<Fault, RunFolder>> use)
    {
        using (folder) return use(folder);
    }

    static Validation<Fault, RunFolder> Run(IEngine engine, RunFolder run, Checkpoint checkpoint, AdapterFolder adapter, string location)
    {
        var model = Transformer.Of(run.Config.Model);
        return
            from plan in LoraPlan.Of(model, adapter.Config)
            let config = run.Alone.Config with { Model = run.Config.Model with { TiedHead = run.Config.Model.TiedHead && !LoraMerge.Unties(model, plan) } }
            let merged = run with { Location = location, Recipe = Recipe.Of(config), Stage = Recipe.Of(config).Stages.Names[0] }
            from values in plan.Specs(model.Specs).Select(spec => Read(adapter, spec.Value)).Gather()
            from loaded in run.Load(engine, checkpoint)
            from written in Write(loaded, LoraMerge.Into(model, plan), values, buffers => FolderAtOnce.Make(location, Disk.Real, partial =>
                from saved in (merged with { Location = partial }).Checkpoints.Save(checkpoint.Training, RunIdentity.Of(checkpoint.Identity.Text, config),
                    [new("", Transformer.Of(config.Model).Specs.Map((name, _) => buffers(name)), Params<IBuffer>.Empty)], 1)
                from all in (merged with { Location = partial }).Write(Disk.Real)
                select all))
            select merged;
    }

    static Validation<Fault, (ParamSpec, float[])> Read(AdapterFolder adapter, ParamSpec spec)
    {
        var numbers = new float[checked((int)spec.Type.Size)];
        return adapter.Read(spec.Name, numbers).Map(_ => (spec, numbers));
    }

    // Takes the base's parameters over; gives each parameter of what is merged, by its name.
    static Validation<Fault, Unit> Write(Workspace loaded, Program merging, Vec<(ParamSpec Spec, float[] Numbers)> values, Func<Func<string, IBuffer>,
        Validation<Fault, Unit>> write)
    {
        using (loaded)
        {
            using var work = new Workspace(loaded.Engine);
            foreach (var (name, buffer) in loaded.Buffers) work.Alias(Names.Param(name), buffer);
            foreach (var (spec, numbers) in values) work.Add(Names.Param(spec.Name), spec.Type).Write<float>(numbers);
            var program = work.Bind(merging);
            program.Run();
            var changed = merging.Outputs.Select(static o => o.Name).ToHashSet(StringComparer.Ordinal);
            return write(name => changed.Contains(Names.Param(name)) ? program[Names.Param(name)] : loaded[name]);
        }
    }
}
