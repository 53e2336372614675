using Functional.Adapters;
using Functional.Base;
using Functional.Engines;
using Functional.Families;
using Functional.Files;
using Functional.Models;
using Functional.Settings;
using Functional.Weights;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>
/// The adapters of PEFT that a stage begins with. Its run keeps the folder's files in <c>stages/NAME/adapter</c>: it goes on when the folder is gone, and what it
/// is held to has their numbers however far it has come.
/// </summary>
/// <param name="Location">The folder that is read.</param>
/// <param name="Published">The model that they are for, by the names of a published family.</param>
/// <param name="Adapters">The adapters that the stage learns.</param>
public sealed record StartAdapter(string Location, PublishedModel Published, LoraConfig Adapters)
{
    internal const string FolderName = "adapter";

    static readonly string[] decided = ["lora-rank", "lora-alpha", "lora-targets", "lora-ranks", "lora-alphas", "rslora", "dora", "lora-bias", "lora-saved"];

    /// <summary>The configuration with the settings of the adapters that it names; one that was given and says something else is a fault.</summary>
    /// <param name="config">A stage.</param>
    /// <param name="run">A run of the same model: whose weights it begins with, or its own.</param>
    /// <param name="given">The settings that were given, and where.</param>
    public static Validation<Fault, RunConfig> Fit(RunConfig config, RunFolder run, Params<string> given)
    {
        if (config.Stage.Adapter.From is not { } location) return Success<Fault, RunConfig>(config);
        var known = config with { Model = config.Model with { Vocabulary = run.Config.Model.Vocabulary } };
        return PublishedOf(run, known).Bind(published => Using(location, published, folder =>
        {
            var like = Like(known, folder.Config);
            var fitted = decided.Append("lora-dropout").Where(name => !given.Contains(name)).Select(static name => RunConfig.Field(name)!)
                .Aggregate(config, (c, field) => field.Set(c, field.Get(like))!);
            return Same(fitted with { Model = known.Model }, folder.Config, location)
                .MapFail(f => given.Contains(f.Where) ? f with { Where = given[f.Where] } : f).Map(_ => fitted);
        }));
    }

    /// <summary>What the run of a stage keeps; nothing where it begins with none.</summary>
    /// <param name="folder">The run, at the stage.</param>
    public static Validation<Fault, Option<StartAdapter>> Of(RunFolder folder) => folder.Config is not { Stage.Adapter.From: not null, Lora: { } adapters }
        ? Success<Fault, Option<StartAdapter>>(None)
        : PublishedOf(folder, folder.Config).Map(published => Some(new StartAdapter(KeptBy(folder), published, adapters)));

    /// <summary>
    /// Whether a stage can begin over its base: the adapters that it names are whole, for its model, and what its settings say; and there is a base where it needs one.
    /// </summary>
    /// <param name="folder">The run, at the stage.</param>
    /// <param name="location">Where they are; nothing for where the stage says.</param>
    internal static Validation<Fault, Unit> Check(RunFolder folder, string? location = null) => folder.Config is { Stage.Adapter.From: null, Stage.Adapter.Packing: null }
        ? Success<Fault, Unit>(unit)
        : folder.Config.Stage.From is null && folder.Recipe.Before(folder.Stage) is null
        ? (folder.Config.Stage.Adapter.From is { } unbased ? new Fault("adapter", $"is {unbased}, and there are no weights that it was made for", "expected from beside it")
            : new("base-bits", $"is {folder.Config.Stage.Adapter.BaseBits}, and there are no weights to keep so", "expected from beside it, or 32")).As<Unit>()
        : folder.Config.Stage.Adapter.From is not { } named ? Success<Fault, Unit>(unit)
        : from published in PublishedOf(folder, folder.Config)
          from same in Using(location ?? named, published, open => Same(folder.Config, open.Config, named))
          select same;

    /// <summary>Copies what a stage begins with into its run, where it is not there yet, after all of it has been checked.</summary>
    /// <param name="folder">The run, at the stage.</param>
    /// <param name="begun">Whether the stage was begun, and must have it.</param>
    /// <param name="disk">The disk.</param>
    internal static Validation<Fault, Unit> Keep(RunFolder folder, bool begun, Disk disk) => folder.Config.Stage.Adapter.From is not { } named ? Success<Fault, Unit>(unit)
        : KeptBy(folder) is var kept && (begun || Directory.Exists(kept)) ? Check(folder, kept)
        : Check(folder).Bind(_ => FolderAtOnce.Make(kept, disk, partial => Disk.Guard(named, "it was not copied", () =>
        {
            foreach (var name in AdapterFolder.FilesIn(named))
            {
                using var from = File.OpenRead(Path.Combine(named, name));
                using var to = disk.Create(Path.Combine(partial, name));
                from.CopyTo(to);
                disk.Flush(to);
            }
            return Success<Fault, Unit>(unit);
        })));

    /// <summary>Fills those parameters that the adapters have, be they of the set that learns or of the one that a policy is held to.</summary>
    /// <param name="parameters">By the names that models have for them.</param>
    internal Validation<Fault, Unit> Into(Params<IBuffer> parameters)
    {
        var whole = Transformer.Of(Published.Config);
        Params<Layers.ParamSpec> Specs(string set) => LoraPlan.Of(whole, Adapters, set).IfFail(static f => throw new ArgumentException(f.Lines())).Specs(whole.Specs);
        var own = Specs("");
        return AdapterFolder.Open(Location, Published).Bind(folder =>
        {
            using (folder)
                return Enumerable.Zip(own.Names, Specs(RunConfig.ReferenceSet).Names).SelectMany(static pair => ((string Theirs, string Ours)[])[(pair.First, pair.First), pair])
                    .Where(pair => folder.Holds(pair.Theirs) && parameters.Contains(pair.Ours)).Select(pair =>
                    {
                        var numbers = new float[checked((int)own[pair.Theirs].Type.Size)];
                        return folder.Read(pair.Theirs, numbers).Map(_ =>
                        {
                            parameters[pair.Ours].Write<float>(numbers);
                            return unit;
                        });
                    }).Gather().Map(static _ => unit);
        });
    }

    /// <summary>A stage's model by the names of the family that its run came from, or of the first that has words for it; or of one that is named.</summary>
    internal static Validation<Fault, PublishedModel> PublishedOf(RunFolder run, RunConfig config, string? family = null) =>
        (run with { Recipe = Recipe.Of(config), Stage = Recipe.Of(config).Stages.Names[0] }) is var like ? Export.FamilyOf(like, family)
            .Map(found => new PublishedModel(found, config.Decoder, Export.MarksOf(like), [])) : throw new System.Diagnostics.UnreachableException();

    static string KeptBy(RunFolder folder) => Path.Combine(folder.Home, FolderName);

    static RunConfig Like(RunConfig config, LoraConfig theirs) => config with
    {
        Stage = config.Stage with { Adapter = config.Stage.Adapter.Like(theirs, Transformer.Of(config.Decoder)) with { Dropout = theirs.Dropout } },
    };

    // Settings may say the same in other words.
    static Validation<Fault, Unit> Same(RunConfig config, LoraConfig theirs, string location)
    {
        var (like, whole) = (Like(config, theirs), Transformer.Of(config.Decoder));
        like = like with { Stage = like.Stage with { Adapter = like.Stage.Adapter with { Dropout = config.Stage.Adapter.Dropout } } };
        return Meaning(config) == Meaning(like) ? Success<Fault, Unit>(unit) : decided.Select(static name => RunConfig.Field(name)!).Select(f =>
            Fault.Unless(f.Get(config) == f.Get(like), f.Name, $"is {f.Show(config)}, but the adapters of {location} have {f.Show(like)}", $"allowed with them: {f.Show(like)}"))
            .Gather().Map(static _ => unit);

        LoraPlan? Meaning(RunConfig of) => of.Lora is { } adapters ? LoraPlan.Of(whole, adapters).Match(
            static plan => plan with { Copies = [.. plan.Copies.OrderBy(static c => c.Name, StringComparer.Ordinal)] }, static LoraPlan? (_) => null) : null;
    }

    static Validation<Fault, T> Using<T>(string location, PublishedModel published, Func<AdapterFolder, Validation<Fault, T>> use) =>
        AdapterFolder.Open(location, published).Bind(folder =>
        {
            using (folder)
                return Fault.Unless(folder.Config.Replaced.Count == 0, location, $"has {string.Join(" and ", folder.Config.Replaced)} of its base beside, which would not be learned",
                    "allowed: adapters without; functional merge, which puts them into the weights").Bind(_ => use(folder));
        });
}
