using Functional.Base;
using Functional.Files;
using Functional.Sessions;
using Functional.Settings;
using Functional.Storage;
using LanguageExt;
using static LanguageExt.Prelude;

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
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Read(path, settings).OrThrow();
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
        return Begin(start, CheckpointChoice.Last, Entries(settings).ToVec()).OrThrow();
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

    /// <summary>A file's settings, where there is one, under those given by name.</summary>
    internal static Validation<Fault, RunConfig> Read(string? path, IReadOnlyList<(string Name, string Value)> settings, CheckpointChoice checkpoint = default) =>
        (path is null ? Success<Fault, Vec<ConfigEntry>>([]) : InFile(path)).Bind(file => Begin(new(), checkpoint, file, Entries(settings).ToVec()));

    internal static IEnumerable<ConfigEntry> Entries(IEnumerable<(string Name, string Value)> settings) =>
        settings.Select(static s => ConfigEntry.Option(s.Name, s.Value));

    // Whoever names weights has their architecture where nothing else is said.
    static Validation<Fault, RunConfig> Begin(RunConfig start, CheckpointChoice checkpoint, params Vec<Vec<ConfigEntry>> places) =>
        places.SelectMany(static p => p).LastOrDefault(static e => e.Key == "from")?.Value is ConfigValue.Quoted { Text.Length: > 0 } weights
            ? InitialWeights.Of(start, weights.Text, checkpoint).Bind(inherited => RunConfig.Begin(inherited, places).Map(config => config with { InitialWeights = inherited.InitialWeights }))
            : RunConfig.Begin(start, places);

    static Validation<Fault, Vec<ConfigEntry>> InFile(string path) =>
        TextFile.Read(path).Bind(text => ConfigYaml.Entries(text, path))
            .Map(entries => entries.Map(entry => RunConfig.Field(entry.Key) is { IsPath: true } ? entry with { Value = Beside(path, entry.Value) } : entry));

    static ConfigValue Beside(string file, ConfigValue value) => value switch
    {
        ConfigValue.Plain { Text.Length: > 0 } p => new ConfigValue.Quoted(Beside(file, p.Text)),
        ConfigValue.Quoted { Text.Length: > 0 } q => new ConfigValue.Quoted(Beside(file, q.Text)),
        _ => value,
    };

    static string Beside(string file, string path) => Path.IsPathRooted(path) ? path : Path.Combine(Path.GetDirectoryName(file) ?? "", path);
}
