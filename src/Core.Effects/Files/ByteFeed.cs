using System.Buffers;
using System.Text;
using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>The bytes of a file one after the other, without a byte order mark, and the line that they are in. Used by one owner.</summary>
sealed class ByteFeed
{
    static readonly UTF8Encoding strict = new(false, throwOnInvalidBytes: true);
    readonly Stream stream;
    readonly byte[] buffer = new byte[1 << 16];
    int at, end;

    public ByteFeed(Stream stream)
    {
        this.stream = stream;
        end = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        IsEmpty = end == 0;
        if (buffer.AsSpan(0, end).StartsWith(Encoding.UTF8.Preamble)) at = Encoding.UTF8.Preamble.Length;
    }

    /// <summary>Whether there was never anything.</summary>
    public bool IsEmpty { get; }

    /// <summary>The first bytes; before anything is read.</summary>
    public ReadOnlySpan<byte> Begin => buffer.AsSpan(at, end - at);

    /// <summary>The line of the next byte, counted from 1.</summary>
    public long Line { get; private set; } = 1;

    /// <summary>The next byte, which stays; −1 at the end.</summary>
    public int Peek()
    {
        if (at == end) (at, end) = (0, stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false));
        return at < end ? buffer[at] : -1;
    }

    /// <summary>The next byte; −1 at the end.</summary>
    public int Read()
    {
        var next = Peek();
        if (next < 0) return next;
        at++;
        if (next == '\n') Line++;
        return next;
    }

    /// <summary>Reads on to the end of a line, or of the file, and puts what was there behind what is given; false where that would be more than a row may be.</summary>
    public bool Rest(ArrayBufferWriter<byte> into)
    {
        while (Peek() >= 0)
        {
            var rest = buffer.AsSpan(at, end - at);
            var stop = rest.IndexOf((byte)'\n');
            var part = stop < 0 ? rest : rest[..stop];
            if (into.WrittenCount + part.Length > RowFiles.MostRow) return false;
            into.Write(part);
            at += part.Length;
            if (stop < 0) continue;
            Read();
            return true;
        }
        return true;
    }

    /// <summary>Passes over white space as JSON has it.</summary>
    public void SkipWhite()
    {
        while (Peek() is ' ' or '\t' or '\r' or '\n') Read();
    }

    /// <summary>The text of some bytes, which must be UTF-8.</summary>
    public static Validation<Fault, string> Text(ReadOnlySpan<byte> bytes, string where)
    {
        try
        {
            return Success<Fault, string>(strict.GetString(bytes));
        }
        catch (DecoderFallbackException)
        {
            return Fault.Of<string>(where, "holds bytes that are not UTF-8", "expected UTF-8 text: save it as UTF-8");
        }
    }

    /// <summary>That a row is larger than it may be; nothing is read after it.</summary>
    public static Fault TooLarge(string where) => new(where, $"is a row of more than {RowFiles.MostRow >> 20} MiB", "allowed: smaller rows");
}
