using System.Buffers;
using System.Text;
using System.Text.Unicode;
using Functional.Base;
using Functional.Data;
using Functional.Subwords;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>
/// Text files read as a stream of pieces: memory does not grow with the file. UTF-8 only, checked strictly; a byte order mark at the
/// beginning is skipped. Places in a text are counted after line ends were made LF.
/// </summary>
public static class TextFile
{
    const int PieceBytes = 1 << 16;
    static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>What a fold does with a piece: the next state, or faults that end the reading.</summary>
    /// <typeparam name="S">The state.</typeparam>
    /// <param name="state">What the pieces before gave.</param>
    /// <param name="piece">Some characters; never half a surrogate pair.</param>
    public delegate Validation<Fault, S> Step<S>(S state, ReadOnlySpan<char> piece);

    /// <summary>
    /// Folds over the pieces of a file in order, line ends as they are. A file that is missing, unreadable, a folder, empty or not UTF-8 is
    /// a fault that names it, for invalid bytes with their offset, for UTF-16 with what to do.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="seed">The state before the first piece.</param>
    /// <param name="step">Called for each piece.</param>
    public static Validation<Fault, S> Fold<S>(string path, S seed, Step<S> step) => Fold(path, LineEnds.Keep, seed, step);

    /// <summary>As <see cref="Fold{S}(string, S, Step{S})"/>, with the text's line ends as asked for.</summary>
    /// <param name="path">The file.</param>
    /// <param name="lineEnds">What becomes of line ends.</param>
    /// <param name="seed">The state before the first piece.</param>
    /// <param name="step">Called for each piece.</param>
    /// <param name="stop">Asks to give up, between pieces.</param>
    public static Validation<Fault, S> Fold<S>(string path, LineEnds lineEnds, S seed, Step<S> step, CancellationToken stop = default) =>
        FileFaults.Reading(path, file =>
    {
        var bytes = new byte[PieceBytes];
        var chars = new char[PieceBytes];
        var lines = LineEndStream.Start(lineEnds);
        var result = Success<Fault, S>(seed);
        long offset = 0;
        var kept = 0;
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            var count = kept + file.ReadAtLeast(bytes.AsSpan(kept), bytes.Length - kept, throwOnEndOfStream: false);
            var final = count < bytes.Length;
            var piece = bytes.AsSpan(0, count);
            if (offset == 0)
            {
                if (piece.StartsWith(ByteOrderMark)) { piece = piece[ByteOrderMark.Length..]; offset += ByteOrderMark.Length; }
                else if (TextEncoding.Other(piece) is (var name, var sign))
                    return Fault.Of<S>(path, $"looks like {name}, as {sign}", "expected UTF-8 text: save it as UTF-8");
                if (final && piece.IsEmpty) return Fault.Of<S>(path, "is empty", "expected text");
            }
            var status = Utf8.ToUtf16(piece, chars, out var read, out var written, replaceInvalidSequences: false, isFinalBlock: final);
            if (status == OperationStatus.InvalidData)
                return Fault.Of<S>($"{path}, byte {offset + read}", $"0x{piece[read]:X2} does not continue or begin a UTF-8 character", "expected UTF-8 text");
            result = result.Bind(state =>
            {
                lines = lines.Push(chars.AsSpan(0, written), chars, out var text);
                return text.IsEmpty ? Success<Fault, S>(state) : step(state, text);
            });
            if (final || result.IsFail) return result;
            offset += read;
            kept = piece.Length - read;
            piece[read..].CopyTo(bytes);
        }
    });

    /// <summary>A whole file.</summary>
    public static Validation<Fault, string> Read(string path) =>
        Fold(path, new StringBuilder(), static (all, piece) => Success<Fault, StringBuilder>(all.Append(piece))).Map(static all => all.ToString());

    /// <summary>A set of characters with those of a file, in one pass.</summary>
    /// <param name="known">The characters of other texts.</param>
    /// <param name="path">The file.</param>
    /// <param name="lineEnds">What becomes of line ends.</param>
    /// <param name="stop">Asks to give up, between pieces.</param>
    public static Validation<Fault, RuneSet> Characters(RuneSet known, string path, LineEnds lineEnds, CancellationToken stop = default) =>
        Fold(path, lineEnds, known, static (set, piece) => Success<Fault, RuneSet>(set.Add(piece)), stop);

    /// <summary>Word counts with those of a file, in one pass.</summary>
    /// <param name="known">The counts of other texts.</param>
    /// <param name="path">The file.</param>
    /// <param name="lineEnds">What becomes of line ends.</param>
    /// <param name="stop">Asks to give up, between pieces.</param>
    public static Validation<Fault, WordCounts> Words(WordCounts known, string path, LineEnds lineEnds, CancellationToken stop = default) =>
        Fold(path, lineEnds, known, static (counts, piece) => Success<Fault, WordCounts>(counts.Add(piece)), stop).Map(static counts => counts.Finish());

    /// <summary>The tokens of a text file, in one pass, or of a <see cref="TokenFile"/> of the same tokenizer; characters that the tokenizer does not know are faults.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tokenizer">Encodes each piece.</param>
    /// <param name="lineEnds">What becomes of line ends; as where the tokenizer was made.</param>
    /// <param name="stop">Asks to give up, between pieces.</param>
    public static Validation<Fault, TokenStream> Tokens(string path, Tokenizer tokenizer, LineEnds lineEnds, CancellationToken stop = default)
    {
        if (TokenFile.IsOne(path))
            return TokenFile.Open(path).Bind(tokens => tokens.Tokenizer == tokenizer.Fingerprint && tokens.Vocabulary == tokenizer.VocabularySize
                ? Success<Fault, TokenStream>(tokens)
                : Fault.Of<TokenStream>(path, $"was made by another tokenizer than this {tokenizer}", "allowed: tokens of the same tokenizer"));
        return Encode(path, tokenizer, lineEnds, new TokenStore.Builder(tokenizer.VocabularySize), static (store, ids) => store.Add(ids), stop)
            .Map(static TokenStream (store) => store.Build());
    }

    /// <summary>Whether what is written to a path takes a text's place, be it named through a link.</summary>
    public static bool IsSame(string text, string path) =>
        Path.GetFullPath(path) is var place && (Path.GetFullPath(text) == place || new FileInfo(text).ResolveLinkTarget(returnFinalTarget: true)?.FullName == place);

    /// <summary>Folds over the tokens of a text file, as they are read; by whichever cores, they are the same.</summary>
    internal static Validation<Fault, S> Encode<S>(string path, Tokenizer tokenizer, LineEnds lineEnds, S seed, Func<S, int[], S> step, CancellationToken stop)
    {
        var encoder = new ParallelEncoder(tokenizer, Environment.ProcessorCount);
        return Fold(path, lineEnds, seed, (so, piece) => Named(encoder.Push(piece)).Map(parts => parts.Aggregate(so, step)), stop)
            .Bind(so => Named(encoder.Finish()).Map(parts => parts.Aggregate(so, step)));

        Validation<Fault, List<int[]>> Named(Validation<Fault, List<int[]>> parts) => parts.MapFail(fault => fault with { Where = $"{path}, {fault.Where}" });
    }
}
