using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Functional.Cli;

/// <summary>Standard output cannot be written: its disk is full, or whoever read it is gone.</summary>
/// <param name="message">Why.</param>
/// <param name="unread">Whether whoever read it is gone, as <c>head</c> is when it has what it wanted.</param>
sealed class OutputException(string message, bool unread = false) : IOException(message)
{
    /// <summary>Whether whoever read it is gone.</summary>
    public bool IsUnread => unread;
}

/// <summary>
/// Standard output as the system has it. The runtime's own stream takes a reader that is gone for one that reads: a program would write on
/// for nobody, for hours.
/// </summary>
sealed class StandardOutput : Stream
{
    const int Output = 1, Interrupted = 4, BrokenPipe = 32;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var written = write(Output, in MemoryMarshal.GetReference(buffer), (nuint)buffer.Length);
            if (written >= 0) buffer = buffer[(int)written..];
            else if (Marshal.GetLastPInvokeError() is var error && error != Interrupted)
                throw new OutputException(error == BrokenPipe ? "nobody reads it any more" : Reason(error), error == BrokenPipe);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    static string Reason(int error) =>
        new Win32Exception(error).Message is { Length: > 0 } message ? char.ToLowerInvariant(message[0]) + message[1..] : $"error {error}";

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
#pragma warning disable SYSLIB1054, CA5392 // Without generated code, and from the system's own folder.
    static extern nint write(int descriptor, in byte bytes, nuint count);
#pragma warning restore SYSLIB1054, CA5392
}
