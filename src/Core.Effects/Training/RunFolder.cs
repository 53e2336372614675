using System.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional;

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

    // Runs that do not say what became of line ends were begun when these were kept.
    static readonly RunConfig unsaid = new() { LineEnds = LineEnds.Keep };

    /// <summary>Its metrics' file.</summary>
    public string Metrics => MetricsOf(Location);

    /// <summary>Its checkpoints.</summary>
    public CheckpointStore Checkpoints => new(CheckpointsOf(Location));

    /// <summary>Opens a run; what is missing or damaged is faults that name it.</summary>
    public static Validation<Fault, RunFolder> Open(string location) => !Holds(location)
        ? Fault.Of<RunFolder>(location, Directory.Exists(location) ? "holds no run" : "does not exist", $"expected a run's folder, with {ConfigName} in it")
        : new[] { ConfigYaml.Read(Path.Combine(location, ConfigName), unsaid).Map(static c => (object)c), TokenizerFile.Read(Path.Combine(location, TokenizerName)).Map(static t => (object)t) }
            .Gather()
            .Map(both => new RunFolder(location, (RunConfig)both[0], (Tokenizer)both[1]))
            .Bind(static run => Fault.Unless(run.Config.Model.Vocabulary == run.Tokenizer.VocabularySize, Path.Combine(run.Location, TokenizerName),
                $"has {run.Tokenizer.VocabularySize} tokens", $"expected {run.Config.Model.Vocabulary}, as {ConfigName} says").Map(_ => run));

    /// <summary>The newest checkpoint, or a fault when there is none yet.</summary>
    public Validation<Fault, Checkpoint> Newest() => Checkpoints.Newest().Bind(Required);

    /// <summary>The checkpoint with the lowest validation loss, or a fault when there is none yet.</summary>
    public Validation<Fault, Checkpoint> Best() => Checkpoints.Best().Bind(Required);

    /// <summary>The parameters of a checkpoint on an engine; owned by the caller.</summary>
    public Validation<Fault, BufferSet> Load(IEngine engine, Checkpoint checkpoint)
    {
        var parameters = new BufferSet(engine, Gpt.Of(Config.Model).Specs.Map(static s => s.Type));
        var loaded = checkpoint.LoadModel(parameters.Buffers);
        if (loaded.IsFail) parameters.Dispose();
        return loaded.Map(_ => parameters);
    }

    /// <summary>Whether a folder holds a run.</summary>
    public static bool Holds(string location) => File.Exists(Path.Combine(location, ConfigName));

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

    Validation<Fault, Checkpoint> Required(Option<Checkpoint> found) => found.Match(
        static c => Success<Fault, Checkpoint>(c),
        () => Fault.Of<Checkpoint>(Location, "has no checkpoint yet", "expected a run that has saved once"));
}
