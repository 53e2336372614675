using Functional.Base;
using Functional.Files;
using Functional.Sessions;
using Functional.Settings;
using Functional.Storage;
using LanguageExt;

namespace Functional;

/// <summary>Configurations from files, runs and settings by name, all faults at once.</summary>
public static class Configuration
{
    /// <summary>
    /// Reads a YAML file such as a run folder's <c>config.yaml</c>; settings given here take the place of the file's. Paths in the file are
    /// relative to its folder.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="settings">Names and values as files write them, such as <c>("lr", "0.001")</c>.</param>
    /// <exception cref="FunctionalException">The file cannot be read, or something in it is no setting or no value of one.</exception>
    public static RunConfig FromYaml(string path, params IReadOnlyList<(string Name, string Value)> settings)
    {
        var recipe = RecipeFromYaml(path, settings);
        return recipe.Stages is { Count: 1, Values: [var only] } ? only : throw new FunctionalException(
            new Fault(path, $"has {recipe.Stages.Count} stages: {string.Join(", ", recipe.Stages.Names)}",
                "allowed: one; Training.RunAsync and functional run take a recipe"));
    }

    /// <summary>
    /// Reads a recipe: a YAML file with the settings of the model, the text and the run, and under <c>stages</c> those of each stage by its name; settings
    /// given here take the place of the file's, in every stage. Paths in the file are relative to its folder.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="settings">Names and values as files write them, such as <c>("lr", "0.001")</c>.</param>
    /// <exception cref="FunctionalException">The file cannot be read, or something in it is no setting or no value of one.</exception>
    public static Recipe RecipeFromYaml(string path, params IReadOnlyList<(string Name, string Value)> settings)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return InFile(path).Bind(file => Begin(new(), CheckpointChoice.Last, file, Entries(settings).ToVec())).OrThrow();
    }

    /// <summary>
    /// As <see cref="RecipeFromYaml"/>, for a folder that may hold the run already: what that began with
    /// is its own by now, wherever its first weights came from.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="folder">The run's folder; it need not be there.</param>
    /// <param name="settings">Names and values as files write them.</param>
    /// <exception cref="FunctionalException">The file or the run cannot be read, or something in it is no setting or no value of one.</exception>
    public static Recipe RecipeFor(string path, string folder, IReadOnlyList<(string Name, string Value)> settings) => !RunFolder.IsBegun(folder)
        ? RecipeFromYaml(path, settings)
        : (from file in InFile(path)
           from run in RunFolder.Open(folder)
           let first = run.Recipe.Stages.Values[0]
           from recipe in first.Stage.From is null ? Begin(new(), CheckpointChoice.Last, file, Entries(settings).ToVec())
               : Recipe.Read(new() { Model = first.Model with { Vocabulary = 0 }, Tokenizer = first.Tokenizer, Bpe = first.Bpe, LineEnds = first.LineEnds }, file, adapts: true, Entries(settings).ToVec())
           from fitted in recipe.Map((name, c) => Kept(name, c, run, file, settings)).Validate()
           select fitted).OrThrow();

    // A recipe whose paths are relative to the run's folder: a file's, or one that is given as text.
    internal static Recipe RecipeIn(string folder, string? path, string? own, IReadOnlyList<(string Name, string Value)> settings) =>
        (own is null ? TextFile.Read(path!) : Prelude.Success<Fault, string>(own))
        .Bind(text => InText(text, path ?? "the recipe", Path.Combine(folder, "recipe.yaml")))
        .Bind(file => Begin(new(), CheckpointChoice.Last, file, Entries(settings).ToVec())).OrThrow();

    // What a stage that was begun has its adapters from may be gone: what they are stands in the run.
    static RunConfig Kept(string stage, RunConfig config, RunFolder run, Vec<ConfigEntry> file, IReadOnlyList<(string Name, string Value)> settings)
    {
        if (config.Stage.Adapter.From is null || !run.Recipe.Stages.Contains(stage) || run.Recipe.Stages[stage] is not { Stage.Adapter.From: not null } was) return config;
        var given = Recipe.For(stage, file).Select(static e => e.Key).Concat(settings.Select(static s => s.Name)).ToHashSet(StringComparer.Ordinal);
        return RunConfig.Fields.Where(f => f.Section == "adapter" && !given.Contains(f.Name)).Aggregate(config, (c, f) => f.Set(c, f.Get(was))!);
    }

    /// <summary>
    /// Settings by name over a configuration. <c>steps</c> without <c>warmup</c> shortens the warm-up to at most a tenth of them; an <c>lr</c> below
    /// <c>min-lr</c>, without that, lowers it to a tenth of the rate.
    /// </summary>
    /// <param name="start">What holds where nothing is said.</param>
    /// <param name="settings">Names and values as files write them, such as <c>("lr", "0.001")</c>.</param>
    /// <exception cref="FunctionalException">There is no such setting, or it does not take the value.</exception>
    public static RunConfig From(RunConfig start, params IReadOnlyList<(string Name, string Value)> settings)
    {
        ArgumentNullException.ThrowIfNull(start);
        return Begin(start, CheckpointChoice.Last, Entries(settings).ToVec(), []).OrThrow().Stages.Values[0];
    }

    /// <summary>A configuration that begins with the weights of a run, and has its architecture and tokenizer.</summary>
    /// <param name="folder">The run's folder, or the folder of one of its checkpoints.</param>
    /// <param name="checkpoint">Which of its checkpoints: the newest, <c>"best"</c> by validation loss, or a step.</param>
    /// <exception cref="FunctionalException">There is no run or no such checkpoint, or it is damaged.</exception>
    public static RunConfig FromRun(string folder, CheckpointChoice checkpoint = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return InitialWeights.Of(new(), folder, checkpoint).OrThrow();
    }

    internal static IEnumerable<ConfigEntry> Entries(IEnumerable<(string Name, string Value)> settings) =>
        settings.Select(static s => ConfigEntry.Option(s.Name, s.Value));

    // Whoever names weights has their architecture where nothing else is said.
    static Validation<Fault, Recipe> Begin(RunConfig start, CheckpointChoice checkpoint, Vec<ConfigEntry> file, Vec<ConfigEntry> over) =>
        Recipe.First(file).Concat(over).LastOrDefault(static e => e.Key == "from")?.Value is ConfigValue.Quoted { Text.Length: > 0 } weights
            ? InitialWeights.Of(start, weights.Text, checkpoint)
                .Bind(inherited => Recipe.Read(inherited with { Stage = inherited.Stage with { From = null } }, file, adapts: true, over).Map(recipe => Begun(recipe, inherited.Stage.From)))
                .Bind(recipe => Fitted(recipe, file, over))
            : Recipe.Read(start, file, adapts: true, over).Bind(recipe => Taught(recipe, start, file, over)).Bind(recipe => Fitted(recipe, file, over));

    // A student of fresh weights reads its teacher's tokens, as many at once, where nothing else is said.
    static Validation<Fault, Recipe> Taught(Recipe recipe, RunConfig start, Vec<ConfigEntry> file, Vec<ConfigEntry> over) =>
        recipe.Stages.Values[0].Stage is not { Kind: StageKind.Distill, Distill.Teacher: { } teacher } ? Prelude.Success<Fault, Recipe>(recipe)
        : from run in InitialWeights.RunOf(teacher).MapFail(static f => f with { Where = $"teacher: {f.Where}" })
          from taught in Recipe.Read(start with { Model = start.Model with { Context = run.Config.Model.Context }, Tokenizer = run.Config.Tokenizer, Bpe = run.Config.Bpe, LineEnds = run.Config.LineEnds }, file, adapts: true, over)
          select taught;

    // Whoever names adapters has their ranks, layers and scales where nothing else is said.
    static Validation<Fault, Recipe> Fitted(Recipe recipe, Vec<ConfigEntry> file, Vec<ConfigEntry> over) =>
        !recipe.Stages.Values.Any(static c => c.Stage.Adapter.From is not null) ? Prelude.Success<Fault, Recipe>(recipe)
        : recipe.Stages.Values[0].Stage.From is { } weights ? InitialWeights.RunOf(weights).Bind(run => Fitted(recipe, run, file, over))
        : Fault.Of<Recipe>(Recipe.First(file).Concat(over).LastOrDefault(static e => e.Key == "adapter")?.Where ?? "adapter", "stands beside no weights",
            "expected from, which names the run that it was made for");

    static Validation<Fault, Recipe> Fitted(Recipe recipe, RunFolder run, Vec<ConfigEntry> file, Vec<ConfigEntry> over) => recipe.Stages
        .Select(stage => StartAdapter.Fit(stage.Value, run, Recipe.For(stage.Name, file).Concat(over).GroupBy(static e => e.Key, StringComparer.Ordinal)
            .Select(static g => (g.Key, g.Last().Where)).ToParams()).Map(fitted => (stage.Name, fitted))).Gather()
        .Bind(all => recipe.Map((name, _) => all.First(s => s.Name == name).fitted).Validate());

    // The checkpoint itself, whatever its run does meanwhile; the stages after go on from this one.
    static Recipe Begun(Recipe recipe, string? from) =>
        recipe.Map((name, c) => c with { Stage = c.Stage with { From = recipe.Before(name) is null ? from : c.Stage.From } });

    static Validation<Fault, Vec<ConfigEntry>> InFile(string path) =>
        TextFile.Read(path).Bind(text => InText(text, path, path));

    // With paths beside a file, which need not be there.
    static Validation<Fault, Vec<ConfigEntry>> InText(string text, string name, string beside) => ConfigYaml.Entries(text, name)
        .Map(entries => entries.Map(entry => RunConfig.Field(entry.Key) is { IsPath: true } || IsTokenizerBeside(beside, entry)
            ? entry with { Value = Beside(beside, entry.Value) } : entry.Key == "mixture" ? entry with { Value = MixtureBeside(beside, entry.Value) } : entry));

    // What is no list of texts is told so where it is read.
    static ConfigValue MixtureBeside(string file, ConfigValue value) => TextChoice.All(TextOf(value)) is { } texts
        ? new ConfigValue.Quoted(TextChoice.Text(texts.Map(t => t with { Name = Beside(file, t.Name) }))) : value;

    static string? TextOf(ConfigValue value) => value switch
    {
        ConfigValue.Plain p => p.Text,
        ConfigValue.Quoted q => q.Text,
        _ => null,
    };

    // A tokenizer may be a word or a name as well; a file is one that is there.
    static bool IsTokenizerBeside(string file, ConfigEntry entry) => entry.Key == "tokenizer" && TextOf(entry.Value) is { Length: > 0 } name && !TokenizerFile.IsName(name) && Path.Exists(Beside(file, name));

    static ConfigValue Beside(string file, ConfigValue value) => value switch
    {
        ConfigValue.Plain { Text.Length: > 0 } p => new ConfigValue.Quoted(Beside(file, p.Text)),
        ConfigValue.Quoted { Text.Length: > 0 } q => new ConfigValue.Quoted(Beside(file, q.Text)),
        _ => value,
    };

    static string Beside(string file, string path) => Path.IsPathRooted(path) ? path : Path.Combine(Path.GetDirectoryName(file) ?? "", path);
}
