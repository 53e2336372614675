using System.Runtime.InteropServices;

namespace Functional.Cli;

/// <summary>
/// The signals that ask the process to end. The first cancels a token, so that work can be saved; a second ends the process as if there
/// was nobody to ask.
/// </summary>
sealed class Interruption : IDisposable
{
    readonly CancellationTokenSource source = new();
    readonly PosixSignalRegistration[] signals;
    int code;

    public Interruption() => signals = [Listen(PosixSignal.SIGINT, 130), Listen(PosixSignal.SIGTERM, 143)];

    /// <summary>Cancelled when the process was asked to end.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>128 and the signal's number, as shells have it; 0 while none came.</summary>
    public int ExitCode => Volatile.Read(ref code);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var signal in signals) signal.Dispose();
        source.Dispose();
    }

    PosixSignalRegistration Listen(PosixSignal signal, int exit) => PosixSignalRegistration.Create(signal, context =>
    {
        if (Interlocked.CompareExchange(ref code, exit, 0) != 0) return;
        context.Cancel = true;
        source.Cancel();
    });
}
