using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Functional.Base;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>
/// Writes a file of tokens, and goes on with one that was broken off. Texts are read again from their beginning, which is quick, and what was read before must be the same;
/// they are encoded from where the tokens end. Used once.
/// </summary>
/// <param name="path">The file of tokens.</param>
/// <param name="texts">The texts' files.</param>
/// <param name="tokenizer">What makes tokens of them.</param>
/// <param name="lineEnds">What becomes of line ends.</param>
/// <param name="stop">Asks to give up.</param>
/// <param name="every">How much text is read between two notes of how far it has come, in UTF-16 code units.</param>
/// <param name="cores">How many parts are encoded at a time, 1 or more.</param>
/// <param name="part">How long a part is, in UTF-16 code units.</param>
sealed class TokenFileWriter(
    string path, IReadOnlyList<string> texts, Tokenizer tokenizer, LineEnds lineEnds, CancellationToken stop, long every = 1 << 24, int? cores = null, int part = 1 << 18)
    : IDisposable
{
    readonly string partial = path + ".partial", note = TokenProgress.PathOf(path);
    readonly string command = string.Join('\n', [tokenizer.Fingerprint, $"{lineEnds}", .. texts.Select(Path.GetFullPath)]);
    readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    readonly int width = TokenFile.WidthOf(tokenizer);
    FileStream? file;
    TokenProgress? noted;
    long tokens, noticed;
    uint crc = ~0u;

    /// <summary>Told how many tokens are there already where an earlier one is gone on with.</summary>
    public Action<long>? GoesOn { get; init; }

    /// <summary>Called when a note has been written.</summary>
    public Action? Noted { get; init; }

    // Not the fault of the text that is being read.
    sealed class UnwrittenException(string message) : Exception(message);

    // What was read before is not what is read now.
    sealed class ChangedException : Exception;

    /// <summary>Writes the file; how many tokens there are.</summary>
    public Validation<Fault, long> Write() => FileFaults.Guard(path, () =>
    {
        if (texts.FirstOrDefault(text => TextFile.IsSame(text, path)) is { } own) return Fault.Of<long>(path, $"is {own}, a text that is read", "allowed: another file");
        try
        {
            file = new FileStream(partial, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            noted = Kept();
            var written = noted is null ? Anew() : All();
            if (written.IsSuccess) Close();
            else Leave();
            return written;
        }
        catch (UnwrittenException e)
        {
            // What is half written may be what fills the disk; where much is done already, whoever has made room will rather go on.
            Leave();
            return Fault.Of<long>(path, e.Message, noted is null ? "needed: room for the tokens" : "needed: room for the tokens; the same command goes on");
        }
        catch
        {
            Leave();
            throw;
        }
    });

    void Close()
    {
        file!.Position = 0;
        Put(TokenFile.HeaderOf(tokenizer, tokens));
        Flush();
        file.Dispose();
        File.Move(partial, path, overwrite: true);
        Forget();
    }

    void Forget()
    {
        // The second is what a killed one may leave of the first.
        foreach (var own in (string[])[note, note + ".partial"]) File.Delete(own);
    }

    // Where nothing was noted there is nothing to go on with.
    void Leave()
    {
        if (file is null) return;
        file.Dispose();
        if (noted is not null) return;
        File.Delete(partial);
        Forget();
    }

    // What an earlier one of this command has noted, if the tokens that it counts are there.
    TokenProgress? Kept()
    {
        if (TokenProgress.In(note) is not { } earlier || earlier.Command != command || earlier.Text >= texts.Count
            || earlier.Tokens > (file!.Length - TokenFile.HeaderSize) / width) return null;
        file.Position = TokenFile.HeaderSize;
        var block = new byte[1 << 16];
        for (var left = earlier.Tokens * width; left > 0;)
        {
            var count = file.Read(block, 0, (int)Math.Min(left, block.Length));
            if (count == 0) return null;
            crc = Crc32C.Append(crc, block.AsSpan(0, count));
            left -= count;
        }
        return crc == earlier.Crc ? earlier : null;
    }

    Validation<Fault, long> Anew()
    {
        noted = null;
        (tokens, noticed, crc) = (0, 0, ~0u);
        _ = hash.GetHashAndReset();
        file!.SetLength(0);
        Put(new byte[TokenFile.HeaderSize]);
        return All();
    }

    Validation<Fault, long> All()
    {
        var earlier = noted;
        if (earlier is not null)
        {
            tokens = earlier.Tokens;
            file!.SetLength(TokenFile.HeaderSize + (tokens * width));
            file.Position = file.Length;
        }
        try
        {
            return Range(0, texts.Count).Fold(Success<Fault, Unit>(unit), (so, i) => so.Bind(_ => One(i, earlier))).Map(_ => tokens);
        }
        catch (ChangedException)
        {
            return Anew();
        }
    }

    Validation<Fault, Unit> One(int text, TokenProgress? earlier)
    {
        if (text < (earlier?.Text ?? 0))
            return TextFile.Fold(texts[text], lineEnds, unit, (_, piece) => { Hash(piece); return Success<Fault, Unit>(unit); }, stop).Map(_ => { EndOfText(); return unit; });
        var known = earlier is { Text: var at } && at == text ? earlier : null;
        var encoder = new ParallelEncoder(tokenizer, cores ?? Environment.ProcessorCount, part, known?.Point ?? default);
        // What lies between the last token and what was read when that was noted waits until it is known to be the same.
        var (read, held, checkedAll) = (0L, new ArrayBufferWriter<char>(), known is null);
        if (known is { Read: 0 }) Same();
        try
        {
            return TextFile.Fold(texts[text], lineEnds, unit, Step, stop)
                .Bind(_ => checkedAll ? Named(encoder.Finish()) : throw new ChangedException())
                .Map(ids => { Append(ids); EndOfText(); return unit; });
        }
        catch (OperationCanceledException)
        {
            // Before that, it is as it was noted.
            if (checkedAll && tokens > 0) Note(text, encoder.Point, read);
            throw;
        }

        Validation<Fault, Unit> Step(Unit _, ReadOnlySpan<char> piece)
        {
            if (!checkedAll)
            {
                var before = (int)Math.Min(piece.Length, known!.Read - read);
                if (known.Point.Position - read < before) held.Write(piece[(int)Math.Max(0, known.Point.Position - read)..before]);
                Hash(piece[..before]);
                read += before;
                piece = piece[before..];
                if (read < known.Read) return unit;
                Same();
                if (Push(held.WrittenSpan) is { IsFail: true } failed) return failed;
            }
            Hash(piece);
            read += piece.Length;
            var pushed = Push(piece);
            if (pushed.IsSuccess && (noticed += piece.Length) >= every && tokens > 0) Note(text, encoder.Point, read);
            return pushed;
        }

        void Same()
        {
            if (Convert.ToHexString(hash.GetCurrentHash()) != known!.Hash) throw new ChangedException();
            checkedAll = true;
            GoesOn?.Invoke(tokens);
        }

        Validation<Fault, Unit> Push(ReadOnlySpan<char> piece) => Named(encoder.Push(piece)).Map(ids => { Append(ids); return unit; });

        Validation<Fault, List<int[]>> Named(Validation<Fault, List<int[]>> parts) => parts.MapFail(fault => fault with { Where = $"{texts[text]}, {fault.Where}" });
    }

    void Hash(ReadOnlySpan<char> piece) => hash.AppendData(MemoryMarshal.AsBytes(piece));

    // A text that ends earlier is another, though all together be the same; no text holds half a surrogate pair.
    void EndOfText() => Hash("\uDFFF");

    void Append(List<int[]> parts)
    {
        foreach (var ids in parts)
        {
            var bytes = new byte[ids.Length * width];
            for (var i = 0; i < ids.Length; i++)
                if (width == 2) BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), (ushort)ids[i]);
                else BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * i), ids[i]);
            Put(bytes);
            crc = Crc32C.Append(crc, bytes);
            tokens += ids.Length;
        }
    }

    void Note(int text, StreamPoint point, long read)
    {
        Flush();
        var now = new TokenProgress(command, text, point, read, Convert.ToHexString(hash.GetCurrentHash()), tokens, crc);
        try { now.Save(note); }
        catch (IOException e) { throw new UnwrittenException(Disk.Reason(e)); }
        (noted, noticed) = (now, 0);
        Noted?.Invoke();
    }

    void Put(byte[] bytes)
    {
        try { file!.Write(bytes); }
        catch (IOException e) { throw new UnwrittenException(Disk.Reason(e)); }
    }

    void Flush()
    {
        try { file!.Flush(flushToDisk: true); }
        catch (IOException e) { throw new UnwrittenException(Disk.Reason(e)); }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        hash.Dispose();
        file?.Dispose();
    }
}
