using System.Runtime.InteropServices;
using Functional.Base;
using Functional.Engines;
using Functional.Files;
using Functional.Graphs;
using Functional.Models;
using Functional.Runs;
using Functional.Settings;
using Functional.Storage;
using Functional.Subwords;
using Functional.Text;
using Functional.Weights;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>What an import made.</summary>
/// <param name="Family">The model's family.</param>
/// <param name="Config">The run's configuration.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Remarks">What is odd, but does no harm; a line each.</param>
public sealed record Imported(string Family, RunConfig Config, Tokenizer Tokenizer, Vec<string> Remarks);

/// <summary>
/// Published models as runs. A tensor is read when the checkpoint's file has come to it, so that memory holds the largest one and not the model.
/// </summary>
public static class Import
{
    /// <summary>
    /// Makes a run's folder out of a published one: <c>config.json</c>, weights, and where it is there the tokenizer, <c>generation_config.json</c>,
    /// <c>tokenizer_config.json</c> and <c>chat_template.jinja</c>. Whatever is missing, left over or of another shape is faults, and then nothing is written.
    /// </summary>
    /// <param name="folder">The published model.</param>
    /// <param name="location">The run's folder; there must be nothing there.</param>
    /// <param name="tokenizer">A file, folder or encoding with its tokenizer; nothing for the one in the folder, or none where that has none.</param>
    public static Validation<Fault, Imported> Run(string folder, string location, string? tokenizer = null) => Run(folder, location, tokenizer, Disk.Real);

    internal static Validation<Fault, Imported> Run(string folder, string location, string? tokenizer, Disk disk) => PublishedWeights.Open(folder).Bind(weights =>
    {
        using (weights)
            return from words in TokenizerOf(folder, tokenizer, weights.Model.Config.Vocabulary)
                   from note in PublishedNote.Of(folder, weights.Model, words.Tokenizer is not IdTokenizer)
                   from marks in Marks(folder, note)
                   let config = ConfigOf(weights.Model.Config, location, words.Tokenizer)
                   from valid in config.Validate()
                   from made in FolderAtOnce.Make(location, disk, partial => Write(weights, new(partial, Recipe.Of(valid), Recipe.Of(valid).Stages.Names[0], words.Tokenizer) { Note = note }, disk))
                   select new Imported(weights.Model.Family.Name, valid, words.Tokenizer, [.. weights.Remarks, .. words.Remarks]);
    });

    static RunConfig ConfigOf(DecoderConfig model, string location, Tokenizer tokenizer) => new()
    {
        Model = model,
        Tokenizer = tokenizer is IdTokenizer ? tokenizer.Kind : Path.Combine(Path.GetFullPath(location), RunFolder.TokenizerName),
        LineEnds = LineEnds.Keep,
        // It has learned elsewhere, whatever that was.
        Stage = new() { Steps = 1, Batch = 1, Optimiser = new() { Warmup = 0 } },
    };

    static Validation<Fault, (Tokenizer Tokenizer, Vec<string> Remarks)> TokenizerOf(string folder, string? given, int vocabulary) =>
        given is null && !TokenizerFile.IsIn(folder) ? Success<Fault, (Tokenizer, Vec<string>)>((IdTokenizer.Of(vocabulary),
            [$"{folder}: has no tokenizer, so that only ids of tokens are known"]))
        : TokenizerFile.Find(given ?? folder).Bind(found => Sized(found, vocabulary, given ?? folder));

    static Validation<Fault, (Tokenizer, Vec<string>)> Sized(Tokenizer found, int vocabulary, string where) =>
        (found.VocabularySize == vocabulary ? found : (found as SubwordTokenizer)?.Sized(vocabulary)) is { } sized
            ? Success<Fault, (Tokenizer, Vec<string>)>((sized, found.VocabularySize <= vocabulary ? []
                : [$"{where}: tokens from {vocabulary} on are left out, since the model has only {vocabulary}"]))
            : Fault.Of<(Tokenizer, Vec<string>)>(where, $"is a {found}, but the model has {vocabulary}", "expected the model's own tokenizer");

    // An end that the model cannot say would never come.
    static Validation<Fault, Unit> Marks(string folder, PublishedNote note) => note.Ends.Concat(note.Tokens.Begin.ToSeq()).Concat(note.Tokens.Pad.ToSeq())
        .Distinct().Select(id => Fault.Unless(id < note.Vocabulary, folder, $"names the special token {id}", $"allowed: 0 to {note.Vocabulary - 1}"))
        .Gather().Map(static _ => unit);

    static Validation<Fault, Unit> Write(PublishedWeights weights, RunFolder run, Disk disk)
    {
        var faults = new List<Fault>();
        var buffers = Transformer.Of(run.Config.Model).Specs.Map((name, spec) => (IBuffer)new Lazily(spec.Type, name, weights, faults));
        var identity = RunIdentity.Of(TextIdentity.None(run.Tokenizer.Fingerprint), run.Config);
        return run.CheckpointsIn(disk).Save(RunState.Start(run.Config.Key), identity, [new("", buffers, Params<IBuffer>.Empty)], 1)
            .Match(_ => run.Write(disk), found => Validation<Fault, Unit>.Fail(faults.Count > 0 ? faults.ToSeq().Strict() : found));
    }

    // A parameter that is read from the published files when it is asked for.
    sealed class Lazily(TensorType type, string name, PublishedWeights weights, List<Fault> faults) : IBuffer
    {
        public TensorType Type => type;

        public void Read(Span<byte> bytes) => weights.Read(name, MemoryMarshal.Cast<byte, float>(bytes)).Match(static _ => { }, found =>
        {
            faults.AddRange(found);
            throw new IOException(found.Lines());
        });

        public void Write(ReadOnlySpan<byte> bytes) => throw new NotSupportedException("what was published is only read.");

        public void Dispose()
        {
        }
    }
}
