using System.Text;
using Functional.Adapters;
using Functional.Base;
using Functional.Engines;
using Functional.Files;
using Functional.Graphs;
using Functional.Layers;
using Functional.Logs;
using Functional.Models;
using Functional.Runs;
using Functional.Settings;
using Functional.Storage;
using Functional.Subwords;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>How far a stage of a run has come.</summary>
/// <param name="Name">The stage.</param>
/// <param name="Done">Steps that are saved.</param>
/// <param name="Steps">Steps that it has.</param>
/// <param name="IsBegun">Whether there is anything of it.</param>
/// <param name="IsDone">Whether nothing is left of it.</param>
public sealed record StageProgress(string Name, long Done, long Steps, bool IsBegun, bool IsDone);

/// <summary>
/// A folder that holds a run: <c>config.yaml</c> with its recipe, <c>tokenizer.json</c>, and for each stage <c>stages/NAME</c> with
/// <c>metrics.jsonl</c> and <c>checkpoints/</c>. Opened for reading, at one of its stages; <see cref="RunSession"/> writes.
/// </summary>
/// <param name="Location">Where it is.</param>
/// <param name="Recipe">What the run is made of.</param>
/// <param name="Stage">The stage that is looked at.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
public sealed record RunFolder(string Location, Recipe Recipe, string Stage, Tokenizer Tokenizer)
{
    internal const string TokenizerName = "tokenizer.json";
    const string ConfigName = "config.yaml", StagesName = "stages", MetricsName = "metrics.jsonl", CheckpointsName = "checkpoints";

    /// <summary>What it keeps of the published model that it came from; nothing for one that was trained from its beginning.</summary>
    public Option<PublishedNote> Note { get; init; }

    /// <summary>How its weights are kept where that is in 8 or 4 bits; nothing where they are float32.</summary>
    public PanelPacking? Panels { get; init; }

    /// <summary>What the stage is made of.</summary>
    public RunConfig Config => Recipe.Stages[Stage];

    /// <summary>What the stage is made of, where a stage that judges it is the folder of that.</summary>
    internal RunConfig Judged => Config.Stage.Practice is { JudgedBy: { } stage } practice
        ? Config with { Stage = Config.Stage with { Practice = practice with { Judge = JudgeChoice.Text([new((this with { Stage = stage }).Home, 1)]), JudgedBy = null } } } : Config;

    /// <summary>Where the stage is.</summary>
    public string Home => Path.Combine(Location, StagesName, Stage);

    /// <summary>The stage's metrics' file.</summary>
    public string Metrics => Path.Combine(Home, MetricsName);

    /// <summary>The stage's checkpoints.</summary>
    public CheckpointStore Checkpoints => CheckpointsIn(Disk.Real);

    /// <summary>
    /// How far each stage has come, in their order; one is begun when there is something of it to lose. A checkpoint that cannot be read counts for
    /// nothing here.
    /// </summary>
    public Vec<StageProgress> Progress => [.. Recipe.Stages.Select(s =>
    {
        var (stage, steps) = (this with { Stage = s.Name }, s.Value.Stage.Steps);
        var state = stage.Checkpoints.Newest().Match(static found => found.Map(static c => c.Training), static _ => None);
        // A last sample that was not shown keeps nothing from coming after.
        return new StageProgress(s.Name, state.Map(static t => t.Step).IfNone(0), steps, Directory.Exists(stage.Home) && !IsEmpty(stage.Home),
            state.Match(t => t.Step >= steps && (t.Due & ~Due.Draw) == Due.None, static () => false));
    })];

    /// <summary>
    /// Opens a run, at a stage of it: the one that is named, or the last that has a checkpoint. What is missing or damaged is faults that name it.
    /// </summary>
    /// <param name="location">Its folder, or the folder of a stage in it.</param>
    /// <param name="stage">Which stage; nothing for the last that has a checkpoint.</param>
    public static Validation<Fault, RunFolder> Open(string location, string? stage = null) =>
        Bare(location, stage).Map(static folder => folder with { Recipe = StartTeacher.KnownIfThere(folder.Recipe) });

    /// <summary>As <see cref="Open"/>, without a look at the folders of those that teach its stages: what is only weights needs none.</summary>
    internal static Validation<Fault, RunFolder> Bare(string location, string? stage = null) =>
        !Holds(location) && StageAt(location) is var (run, named) ? Bare(run, stage ?? named)
        : !Holds(location) && File.Exists(Path.Combine(location, "config.json")) ? Fault.Of<RunFolder>(location, "holds a published model and no run",
            "allowed: a run of it, as functional import makes")
        : !Holds(location) ? Fault.Of<RunFolder>(location, Directory.Exists(location) ? "holds no run" : File.Exists(location) ? "is a file" : "does not exist",
            $"expected a run's folder, with {ConfigName} in it")
        : (WholeConfig(Path.Combine(location, ConfigName)), PublishedNote.In(location).Bind(note => TokenizerIn(location, note).Map(tokenizer => (note, tokenizer))),
            QuantisedNote.In(location))
            .Apply((recipe, words, panels) =>
                new RunFolder(location, recipe.Map(c => c with { Model = c.Model with { Vocabulary = words.tokenizer.VocabularySize } }), recipe.Stages.Names[0],
                    words.tokenizer) { Note = words.note, Panels = panels.IfNoneUnsafe((PanelPacking?)null) })
            .Bind(static folder => folder.Whole)
            .Bind(folder => stage is null ? Success<Fault, RunFolder>(folder.AtLastSaved()) : folder.At(stage));

    /// <summary>The tokenizer of a run, with as many ids as its model has.</summary>
    /// <param name="location">A folder that holds a run.</param>
    public static Validation<Fault, Tokenizer> TokenizerIn(string location) => PublishedNote.In(location).Bind(note => TokenizerIn(location, note));

    // A published model may have more tokens than its tokenizer knows.
    static Validation<Fault, Tokenizer> TokenizerIn(string location, Option<PublishedNote> note)
    {
        var path = Path.Combine(location, TokenizerName);
        return note.Match(
            published => !published.HasTokenizer ? Success<Fault, Tokenizer>(IdTokenizer.Of(published.Vocabulary))
                : TokenizerFile.Read(path).Bind(read => read.VocabularySize == published.Vocabulary ? Success<Fault, Tokenizer>(read)
                    : (read as SubwordTokenizer)?.Sized(published.Vocabulary) is { } sized ? Success<Fault, Tokenizer>(sized)
                    : Fault.Of<Tokenizer>(path, $"is a {read}", $"expected {published.Vocabulary}, as {PublishedNote.FileName} says")),
            () => TokenizerFile.Read(path));
    }

    /// <summary>The folder at another of its stages.</summary>
    public Validation<Fault, RunFolder> At(string stage) => Recipe.Stages.Contains(stage) ? Success<Fault, RunFolder>(this with { Stage = stage })
        : Fault.Of<RunFolder>(Location, $"has no stage {stage}", $"allowed: {string.Join(", ", Recipe.Stages.Names)}");

    /// <summary>
    /// One of the stage's checkpoints. One that was written with another architecture, text split or tokenizer than the folder now says is faults that name
    /// each setting.
    /// </summary>
    /// <param name="choice">Which.</param>
    public Validation<Fault, Checkpoint> Checkpoint(CheckpointChoice choice = default) => choice.In(Checkpoints)
        .MapFail(f => f.Where == Checkpoints.Folder ? f with { Where = Recipe.Stages.Count > 1 ? Home : Location } : f)
        .Bind(checkpoint => Check(checkpoint).Map(_ => checkpoint));

    /// <summary>Whether a checkpoint is what the folder's configuration and tokenizer say; else a fault for each that has drifted.</summary>
    internal Validation<Fault, Unit> Check(Checkpoint checkpoint) => new[]
    {
        checkpoint.Identity.Check(Config, Path.Combine(Location, ConfigName)).Map(static _ => unit),
        Fault.Unless(checkpoint.Identity.Text.Tokenizer == Tokenizer.Fingerprint, Path.Combine(Location, TokenizerName),
            "is not the tokenizer that the checkpoint was written with", "allowed: the one that training wrote"),
    }.Gather().Map(static _ => unit);

    /// <summary>The run of this stage alone, with whatever it learned in its model's own weights: where those came from no longer matters.</summary>
    internal RunFolder Alone => Recipe.Of(Config with { Stage = Config.Stage with { Adapter = new(), From = null, After = null } }) is var own
        ? this with { Recipe = own, Stage = own.Stages.Names[0] } : this;

    /// <summary>Whether the stage's checkpoints hold all of its model as float32, and not only adapters for the weights that it began with.</summary>
    internal bool IsWhole => Config.Lora is null && Panels is null;

    /// <summary>The model of an architecture as this run keeps its weights.</summary>
    internal Model ModelOf(DecoderConfig config) => Panels is { } packing ? Adapters.Panels.Of(Transformer.Of(config), packing) : Transformer.Of(config);

    /// <summary>
    /// The parameters of a checkpoint on an engine as the run keeps them, by the names that <see cref="ModelOf"/> has for them; owned by the caller.
    /// </summary>
    internal Validation<Fault, Workspace> LoadKept(IEngine engine, Checkpoint checkpoint)
    {
        if (Panels is null) return Load(engine, checkpoint);
        var parameters = new Workspace(engine, ModelOf(Config.Decoder).Specs.Map(static s => s.Type));
        var loaded = checkpoint.LoadModel(parameters.Buffers);
        if (loaded.IsFail) parameters.Dispose();
        return loaded.Map(_ => parameters);
    }

    /// <summary>
    /// The parameters of a checkpoint on an engine as float32, by their names; owned by the caller. Adapters are put into the weights that they learned over,
    /// and what is kept in few bits is unpacked.
    /// </summary>
    public Validation<Fault, Workspace> Load(IEngine engine, Checkpoint checkpoint)
    {
        var parameters = new Workspace(engine, Transformer.Of(Config.Decoder).Specs.Map(static s => s.Type));
        var loaded = Config.Lora is { } adapters ? Merged(engine, checkpoint, adapters, parameters.Buffers)
            : Panels is { } packing ? LoadKept(engine, checkpoint).Map(kept =>
            {
                using (kept) KeptPanels.Unpack(Transformer.Of(Config.Decoder), kept.Buffers, packing, parameters.Buffers);
                return unit;
            })
            : checkpoint.LoadModel(parameters.Buffers);
        if (loaded.IsFail) parameters.Dispose();
        return loaded.Map(_ => parameters);
    }

    Validation<Fault, Unit> Merged(IEngine engine, Checkpoint checkpoint, LoraConfig adapters, Params<IBuffer> parameters)
    {
        var whole = Transformer.Of(Config.Decoder);
        return from plan in LoraPlan.Of(whole, adapters)
               from weights in StartWeights.Of(this)
               let fresh = whole.Specs.Filter((_, spec) => weights.Match(w => !w.Holds(spec), static () => true)).Values.Map(Fresh)
               from begun in weights.Match(w => w.Into(engine, parameters, null), static () => Success<Fault, Unit>(unit))
               from rounded in Config.Stage.Adapter.Packing is { } packing ? PackedBase.Round(whole, parameters, packing) : Success<Fault, Unit>(unit)
               from merged in Put(plan)
               select merged;

        // What no weights had is what training began with.
        Unit Fresh(ParamSpec spec)
        {
            var values = new float[spec.Type.Size];
            spec.Fill(Config.Key.FoldIn("params"), 0, values);
            parameters[spec.Name].Write<float>(values);
            return unit;
        }

        Validation<Fault, Unit> Put(LoraPlan plan)
        {
            using var workspace = new Workspace(engine);
            workspace.Alias(parameters.Rename(Names.Param));
            workspace.Add(plan.Specs(whole.Specs).Map(static s => s.Type).Rename(Names.Param));
            return checkpoint.LoadModel(Lora.Of(whole, plan).Specs.Filter(static (_, s) => s.Trains).Map((name, _) => workspace[Names.Param(name)])).Map(_ =>
            {
                var program = LoraMerge.Into(whole, plan);
                using var merge = workspace.Bind(program);
                merge.Run();
                foreach (var (name, buffer) in parameters)
                    if (program.Outputs.Any(o => o.Name == Names.Param(name))) merge[Names.Param(name)].CopyTo(buffer);
                return unit;
            });
        }
    }

    /// <summary>Keeps others from training in a folder until it is disposed; a fault where another is at work there.</summary>
    public static Validation<Fault, IDisposable> Hold(string location) => RunLock.Take(location).Map(static IDisposable (held) => held);

    /// <summary>Whether somebody trains in a folder now, this process or another.</summary>
    public static bool IsHeld(string location) => RunLock.IsHeld(location);

    /// <summary>Whether a folder holds a run.</summary>
    public static bool Holds(string location) => File.Exists(Path.Combine(location, ConfigName));

    /// <summary>Whether a folder holds a run of which there is something to lose.</summary>
    public static bool IsBegun(string location) => Holds(location) && !IsFree(location);

    /// <summary>Whether it has learned elsewhere, so that it has no text of its own.</summary>
    public bool IsImported => Note.IsSome && Recipe.Stages.Values[0].Stage.From is null;

    /// <summary>
    /// How its model is asked where nobody says: as it has learned to be, or by its own template; where it has learned no answers and has none, by going on with the question.
    /// </summary>
    public Validation<Fault, string> AskedBy() => (Config.Stage.Rows.Template ?? RowParts.TextOf(this)) is { } known ? Success<Fault, string>(known)
        : RowParts.Encoder(Config, Tokenizer, Note).Map(static encoder => encoder.Template.Name);

    /// <summary>Whether no stage comes after this one.</summary>
    public bool IsLast => Recipe.Stages.Names[^1] == Stage;

    internal CheckpointStore CheckpointsIn(Disk disk) => new(Path.Combine(Home, CheckpointsName), disk);

    internal static Fault Occupied(string location) => new(location, "already holds a run", "allowed: resume it, or choose another folder");

    /// <summary>
    /// Whether another run may begin in a folder: it holds none, or what a run leaves that was begun and did no step, for want of memory, say. Nothing is
    /// lost then, and nothing that is somebody else's is touched.
    /// </summary>
    internal static bool IsFree(string location) =>
        Holds(location) ? StagesIn(location) is { Count: > 0 } stages && stages.All(IsUntouched) : StagesIn(location).Count == 0;

    static bool IsUntouched(string stage) => File.Exists(Path.Combine(stage, MetricsName)) && IsEmpty(stage);

    // Made when a stage begins: an empty file for metrics, and a folder for checkpoints. Whatever else is there is worth keeping.
    static bool IsEmpty(string stage) => Directory.EnumerateFileSystemEntries(stage).All(static entry => Path.GetFileName(entry) switch
    {
        MetricsName => new FileInfo(entry) is { Exists: true, Length: 0 },
        CheckpointsName => Directory.Exists(entry) && !Directory.EnumerateFileSystemEntries(entry).Any(),
        // A copy of what it begins with.
        StartAdapter.FolderName or StartAdapter.FolderName + ".partial" => Directory.Exists(entry),
        // What only tells of it.
        StoryLog.FileName or StoryLog.FileName + ".partial" or CsvLog.FileName => File.Exists(entry),
        TensorBoardLog.FolderName => Directory.Exists(entry),
        _ => false,
    });

    /// <summary>The folders of the stages of whatever run a folder holds.</summary>
    internal static List<string> StagesIn(string location) =>
        Path.Combine(location, StagesName) is var all && Directory.Exists(all) ? [.. Directory.EnumerateDirectories(all)] : [];

    // The configuration comes last: with it, the folder holds a run.
    internal Validation<Fault, Unit> Write(Disk disk) =>
        (Tokenizer is IdTokenizer ? Success<Fault, Unit>(unit) : TokenizerFile.Write(Path.Combine(Location, TokenizerName), Tokenizer))
        .Bind(_ => Note.Match(note => note.Write(Location, disk), static () => Success<Fault, Unit>(unit)))
        .Bind(_ => Panels is { } packing ? QuantisedNote.Write(Location, packing, disk) : Success<Fault, Unit>(unit))
        .Bind(_ => Disk.Guard(Path.Combine(Location, ConfigName), "expected a folder that can be written", () =>
        {
            disk.Replace(Path.Combine(Location, ConfigName), Encoding.UTF8.GetBytes(ConfigYaml.Write(Recipe)));
            return Success<Fault, Unit>(unit);
        }));

    /// <summary>
    /// Whether a tokenizer that lies where this run's is to lie may be replaced: it is the same, as a run leaves it that ended while it began.
    /// </summary>
    internal Validation<Fault, Unit> IsOwnTokenizer => Path.Combine(Location, TokenizerName) is var path && (Holds(Location) || !Path.Exists(path))
        ? Success<Fault, Unit>(unit)
        : Fault.Unless(TokenizerFile.Read(path).Match(read => read.Equals(Tokenizer), static _ => false), path, "is there already, and is not this run's",
            "allowed: another folder");

    // A configuration that was cut off between two stages lacks what the folder has.
    Validation<Fault, RunFolder> Whole =>
        StagesIn(Location).Where(stage => !Recipe.Stages.Contains(Path.GetFileName(stage)) && !IsEmpty(stage)).Select(Path.GetFileName).FirstOrDefault()
        is { } lost ? Fault.Of<RunFolder>(Path.Combine(Location, ConfigName), $"lacks the stage {lost}, of which {StagesName}/{lost} has something",
            "expected the file that training wrote")
        : Success<Fault, RunFolder>(this);

    RunFolder AtLastSaved() => Recipe.Stages.Names.Select(name => this with { Stage = name }).LastOrDefault(static f => f.Checkpoints.Steps.Count > 0) ?? this;

    static (string Run, string Stage)? StageAt(string location)
    {
        var full = Path.GetFullPath(location.Length == 0 ? "." : location).TrimEnd(Path.DirectorySeparatorChar);
        return Path.GetDirectoryName(full) is { } stages && Path.GetFileName(stages) == StagesName && Path.GetDirectoryName(stages) is { } run && Holds(run)
            ? (run, Path.GetFileName(full)) : null;
    }

    // Training writes every setting: without the last one, what follows a cut would silently be defaults.
    static Validation<Fault, Recipe> WholeConfig(string path) => TextFile.Read(path).Bind(text => ConfigYaml.Entries(text, path)).Bind(entries =>
        Fault.Unless(entries is [.., { Key: var last }] && last == RunConfig.Fields[^1].Name, path,
            $"is cut off: {RunConfig.Fields[^1].Name}, the last setting, is missing", "expected the file that training wrote")
            .Bind(_ => Recipe.Read(new(), entries, adapts: false)));
}
