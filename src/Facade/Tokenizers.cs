using Functional.Files;
using Functional.Formats;
using Functional.Sessions;
using Functional.Settings;
using Functional.Subwords;
using Functional.Text;
using static LanguageExt.Prelude;

namespace Functional;

/// <summary>Tokenizers: trained on texts, and in files of every usual kind.</summary>
public static class Tokenizers
{
    /// <summary>Names of published encodings.</summary>
    public static IReadOnlyList<string> Encodings => Files.Encodings.Names;

    /// <summary>
    /// The tokenizer of an encoding's name, a file (<c>tokenizer.json</c>, <c>vocab.json</c> with <c>merges.txt</c>, <c>*.tiktoken</c>, <c>*.model</c>), or a folder that
    /// holds one, such as a run's. With <c>microsoft:</c> before the name of an encoding or a <c>*.model</c>, Microsoft.ML.Tokenizers encodes; such a tokenizer is not saved.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <exception cref="FunctionalException">There is none, or it cannot be used.</exception>
    public static Tokenizer Load(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return (RunFolder.Holds(name) ? RunFolder.TokenizerIn(name) : TokenizerFile.Find(name)).OrThrow();
    }

    /// <summary>Writes a tokenizer as a <c>tokenizer.json</c>, which the official library reads, too.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="FunctionalException">It cannot be written.</exception>
    public static void Save(Tokenizer tokenizer, string path)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentException.ThrowIfNullOrEmpty(path);
        TokenizerFile.Write(path, tokenizer).OrThrow();
    }

    /// <summary>Trains a byte-pair encoding on a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="settings">What it is to become.</param>
    public static SubwordTokenizer Train(string text, BpeConfig? settings = null) =>
        Of(WordCounts.Of(text, Checked(settings).Splitter), Checked(settings));

    /// <summary>Trains a byte-pair encoding on text files, which are read once, a piece at a time.</summary>
    /// <param name="files">The files, in UTF-8.</param>
    /// <param name="settings">What it is to become.</param>
    /// <param name="lineEnds">What becomes of line ends.</param>
    /// <param name="cancellation">Asks to give up.</param>
    /// <exception cref="FunctionalException">A file cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was given up.</exception>
    public static SubwordTokenizer TrainOnFiles(IReadOnlyList<string> files, BpeConfig? settings = null, LineEnds lineEnds = LineEnds.Lf,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(files);
        var none = new WordCounts(Checked(settings).Splitter);
        return Of(files.Aggregate(Success<Base.Fault, WordCounts>(none), (known, file) => known.Bind(counts => TextFile.Words(counts, file, lineEnds, cancellation))).OrThrow(),
            Checked(settings));
    }

    static BpeConfig Checked(BpeConfig? settings) =>
        (new RunConfig { Tokenizer = "bpe", Bpe = settings ?? new() }).Validate().OrThrow().Bpe;

    static SubwordTokenizer Of(WordCounts counts, BpeConfig settings) =>
        SubwordTokenizers.Of(BpeTrainer.Train(counts, settings.Training), settings.Training, settings.Splitter);
}
