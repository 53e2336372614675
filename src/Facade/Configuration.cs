using System.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional;

/// <summary>Configurations from files and settings by name, all faults at once.</summary>
public static class Configuration
{
    /// <summary>Reads a YAML file such as a run folder's <c>config.yaml</c>; settings given here take the place of the file's.</summary>
    /// <param name="path">The file.</param>
    /// <param name="settings">Names and values as files write them, such as <c>("lr", "0.001")</c>.</param>
    /// <exception cref="FunctionalException">The file cannot be read, or something in it is no setting or no value of one.</exception>
    public static RunConfig FromYaml(string path, params IReadOnlyList<(string Name, string Value)> settings) =>
        TextFile.Fold(path, new StringBuilder(), static (all, piece) => Success<Fault, StringBuilder>(all.Append(piece)))
            .Bind(text => ConfigYaml.Entries(text.ToString(), path))
            .Bind(entries => RunConfig.Read(new(), entries.Where(e => settings.All(s => s.Name != e.Key)).Concat(Entries(settings))))
            .OrThrow();

    /// <summary>Settings by name over a configuration.</summary>
    /// <param name="start">What holds where nothing is said.</param>
    /// <param name="settings">Names and values as files write them, such as <c>("lr", "0.001")</c>.</param>
    /// <exception cref="FunctionalException">There is no such setting, or it does not take the value.</exception>
    public static RunConfig From(RunConfig start, params IReadOnlyList<(string Name, string Value)> settings) =>
        RunConfig.Read(start, Entries(settings)).OrThrow();

    internal static IEnumerable<ConfigEntry> Entries(IEnumerable<(string Name, string Value)> settings) => settings.Select(static s => ConfigEntry.Option(s.Name, s.Value));
}
