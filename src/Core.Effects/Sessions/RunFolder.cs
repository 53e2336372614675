using System.Text;
using Functional.Base;
using Functional.Engines;
using Functional.Files;
using Functional.Graphs;
using Functional.Models;
using Functional.Settings;
using Functional.Storage;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>
/// A folder that holds a run: <c>config.yaml</c>, <c>tokenizer.json</c>, <c>metrics.jsonl</c> and <c>checkpoints/</c>. Opened for reading;
/// <see cref="RunSession"/> writes.
/// </summary>
/// <param name="Location">Where it is.</param>
/// <param name="Config">What the run is made of.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
public sealed record RunFolder(string Location, RunConfig Config, Tokenizer Tokenizer)
{
    const string ConfigName = "config.yaml", TokenizerName = "tokenizer.json";

    /// <summary>Its metrics' file.</summary>
    public string Metrics => MetricsOf(Location);

    /// <summary>Its checkpoints.</summary>
    public CheckpointStore Checkpoints => new(CheckpointsOf(Location));

    /// <summary>Opens a run; what is missing or damaged is faults that name it.</summary>
    public static Validation<Fault, RunFolder> Open(string location) => !Holds(location)
        ? Fault.Of<RunFolder>(location, Directory.Exists(location) ? "holds no run" : "does not exist", $"expected a run's folder, with {ConfigName} in it")
        : (WholeConfig(Path.Combine(location, ConfigName)), TokenizerFile.Read(Path.Combine(location, TokenizerName)))
            .Apply((config, tokenizer) => new RunFolder(location, config with { Model = config.Model with { Vocabulary = tokenizer.VocabularySize } }, tokenizer));

    // Training writes every setting: without the last one, what follows a cut would silently be defaults.
    static Validation<Fault, RunConfig> WholeConfig(string path) => TextFile.Read(path).Bind(text => ConfigYaml.Entries(text, path)).Bind(entries =>
        Fault.Unless(entries.Any(static e => e.Key == RunConfig.Fields[^1].Name), path, $"is cut off: {RunConfig.Fields[^1].Name}, the last setting, is missing", "expected the file that training wrote")
            .Bind(_ => RunConfig.Read(new(), entries)));

    /// <summary>
    /// One of its checkpoints. One that was written with another architecture, text split or tokenizer than the folder now says is faults that name
    /// each setting.
    /// </summary>
    /// <param name="choice">Which.</param>
    public Validation<Fault, Checkpoint> Checkpoint(CheckpointChoice choice = default) => choice.In(Checkpoints)
        .MapFail(f => f.Where == Checkpoints.Folder ? f with { Where = Location } : f)
        .Bind(checkpoint => Check(checkpoint).Map(_ => checkpoint));

    /// <summary>Whether a checkpoint is what the folder's configuration and tokenizer say; else a fault for each that has drifted.</summary>
    internal Validation<Fault, Unit> Check(Checkpoint checkpoint) => new[]
    {
        checkpoint.Identity.Check(Config, Path.Combine(Location, ConfigName)).Map(static _ => unit),
        Fault.Unless(checkpoint.Identity.Text.Tokenizer == Tokenizer.Fingerprint, Path.Combine(Location, TokenizerName), "is not the tokenizer that the checkpoint was written with", "allowed: the one that training wrote"),
    }.Gather().Map(static _ => unit);

    /// <summary>The parameters of a checkpoint on an engine, by their names; owned by the caller.</summary>
    public Validation<Fault, Workspace> Load(IEngine engine, Checkpoint checkpoint)
    {
        var parameters = new Workspace(engine, Gpt.Of(Config.Model).Specs.Map(static s => s.Type));
        var loaded = checkpoint.LoadModel(parameters.Buffers);
        if (loaded.IsFail) parameters.Dispose();
        return loaded.Map(_ => parameters);
    }

    /// <summary>Whether a folder holds a run.</summary>
    public static bool Holds(string location) => File.Exists(Path.Combine(location, ConfigName));

    internal static Fault Occupied(string location) => new(location, "already holds a run", "allowed: resume it, or choose another folder");

    // What a run leaves that was begun and did no step, for want of memory, say: nothing is lost when another begins there.
    internal static bool IsUntouched(string location) => new FileInfo(MetricsOf(location)) is { Exists: true, Length: 0 };

    internal static string MetricsOf(string location) => Path.Combine(location, "metrics.jsonl");

    internal static string CheckpointsOf(string location) => Path.Combine(location, "checkpoints");

    // The configuration comes last: with it, the folder holds a run.
    internal Validation<Fault, Unit> Write(Disk disk) => TokenizerFile.Write(Path.Combine(Location, TokenizerName), Tokenizer)
        .Bind(_ => Disk.Guard(Path.Combine(Location, ConfigName), "expected a folder that can be written", () =>
        {
            disk.Replace(Path.Combine(Location, ConfigName), Encoding.UTF8.GetBytes(ConfigYaml.Write(Config)));
            return Success<Fault, Unit>(unit);
        }));
}
