using System.Collections.Concurrent;
using Functional.Base;
using Functional.Server;
using Functional.Sessions;
using Functional.Settings;
using LanguageExt;

namespace Functional.Studio;

/// <summary>A run of a library.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Folder">Where it is.</param>
/// <param name="Read">What its files say, at the stage that was saved last; or what is wrong with them.</param>
sealed record LibraryRun(string Name, string Folder, Validation<Fault, RunFolder> Read);

/// <summary>A stage of a run of which there are weights.</summary>
/// <param name="Name">What it is called: the run's name, and of several stages the stage's behind a slash.</param>
/// <param name="Run">The run.</param>
/// <param name="Folder">The run as far as it is known, at this stage.</param>
/// <param name="Step">After which step it was saved last.</param>
/// <param name="Written">When: another run may have taken the folder since.</param>
sealed record LibraryModel(string Name, LibraryRun Run, RunFolder Folder, long Step, DateTime Written)
{
    public RunConfig Config => Folder.Config;

    /// <summary>Whether it judges texts, and writes none.</summary>
    public bool Judges => Config.Decoder.Labels > 0 || Config.Stage.Kind == StageKind.Reward;

    /// <summary>Whether it has learned to answer, and not only to go on.</summary>
    public bool Answers => !Judges && (Config.Stage.Kind != StageKind.Pretrain || Folder.IsImported);
}

/// <summary>Runs by their names, read anew at each look: those that are given, and those in folders that are given.</summary>
/// <param name="roots">Folders of runs, or folders that hold such.</param>
sealed class Library(Vec<string> roots)
{
    // What a configuration says does not change without the file.
    readonly ConcurrentDictionary<string, (DateTime Written, Validation<Fault, RunFolder> Read)> known = new(StringComparer.Ordinal);

    /// <summary>Where what is made here lies: the first folder that is no run itself, or the one that the first run lies in.</summary>
    public string Home { get; } = Path.GetFullPath(roots.FirstOrDefault(static r => !RunFolder.Holds(r)) ?? Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(roots[0]))) ?? roots[0]);

    /// <summary>The runs; of two of one name the second has the folder's it lies in before it, and of more a number behind.</summary>
    public IReadOnlyList<LibraryRun> Runs
    {
        get
        {
            var runs = new Dictionary<string, LibraryRun>(StringComparer.Ordinal);
            foreach (var folder in roots.SelectMany(Folders).Concat(Made).Distinct(StringComparer.Ordinal))
            {
                var (name, parent) = (Path.GetFileName(folder), Path.GetFileName(Path.GetDirectoryName(folder)));
                var free = !runs.ContainsKey(name) ? name : Enumerable.Range(1, int.MaxValue).Select(i => i == 1 ? $"{parent}.{name}" : $"{parent}.{name}.{i}").First(n => !runs.ContainsKey(n));
                runs.Add(free, new(free, folder, Read(folder)));
            }
            return [.. runs.Values];
        }
    }

    /// <summary>A run.</summary>
    /// <exception cref="ApiException">There is none of that name, or its files are damaged.</exception>
    public LibraryRun Run(string name) => Runs.FirstOrDefault(r => r.Name == name) is not { } run ? throw new ApiException(404, $"run: {Said(name)} is not here; allowed: those that /studio/api/runs lists", "run")
        : run.Read.Case is RunFolder ? run : throw ApiException.Of([.. run.Read.FailToSeq()]);

    /// <summary>What may be loaded.</summary>
    public IReadOnlyList<LibraryModel> Models => [.. Runs.SelectMany(static run => run.Read.Case is RunFolder folder ? Of(run, folder) : [])];

    /// <summary>A model: a run, which is its last stage that has weights, or a stage of one.</summary>
    public LibraryModel? Model(string name)
    {
        var models = Models;
        return models.FirstOrDefault(m => m.Name == name) ?? models.LastOrDefault(m => m.Run.Name == name);
    }

    static IEnumerable<LibraryModel> Of(LibraryRun run, RunFolder folder)
    {
        var stages = folder.Recipe.Stages.Names;
        foreach (var stage in stages)
            if ((folder with { Stage = stage }) is var saved && Saved(saved) is { } last) yield return new(stages.Count == 1 ? run.Name : $"{run.Name}/{stage}", run, saved, last.Step, last.Written);
    }

    // A folder that cannot be looked into has no model.
    static (long Step, DateTime Written)? Saved(RunFolder stage)
    {
        try
        {
            var store = stage.Checkpoints;
            if (store.Steps is not { Count: > 0 } steps) return null;
            var last = steps.Max();
            return (last, Directory.GetLastWriteTimeUtc(Path.Combine(store.Folder, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"step-{last:D8}"))));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // What was trained from annotations here, where the folder that it lies in was not asked for as a whole.
    IEnumerable<string> Made
    {
        get
        {
            var sets = Path.Combine(Home, "annotations");
            if (roots.Any(r => Path.GetFullPath(r) == Home) || !Directory.Exists(sets)) return [];
            var names = Directory.EnumerateDirectories(sets).Select(static s => Path.GetFileName(s)).ToList();
            return Folders(Home).Where(folder => names.Any(name => System.Text.RegularExpressions.Regex.IsMatch(Path.GetFileName(folder), $"^{System.Text.RegularExpressions.Regex.Escape(name)}-[0-9]+-(?:reward|dpo|ppo)$")));
        }
    }

    // A folder that cannot be looked into has nothing to show.
    static IEnumerable<string> Folders(string root)
    {
        try
        {
            var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
            return RunFolder.Holds(full) ? [full] : Directory.Exists(full) ? [.. Directory.EnumerateDirectories(full).Where(RunFolder.Holds).Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    Validation<Fault, RunFolder> Read(string folder)
    {
        try
        {
            var written = File.GetLastWriteTimeUtc(Path.Combine(folder, "config.yaml"));
            if (known.TryGetValue(folder, out var before) && before.Written == written && before.Read.IsSuccess) return before.Read;
            var read = RunFolder.Open(folder);
            known[folder] = (written, read);
            return read;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fault.Of<RunFolder>(folder, $"cannot be read: {e.Message}", "expected a run's folder");
        }
    }

    static string Said(string name) => name.Length <= 200 ? $"'{name}'" : "its name";
}
