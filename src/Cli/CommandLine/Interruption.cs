using System.Globalization;
using System.Runtime.InteropServices;

namespace Functional.Cli;

/// <summary>
/// The signals that ask the process to end: SIGINT, SIGTERM, and SIGHUP unless whoever started the program had it ignored, as nohup does. The
/// first cancels a token, so that work can be saved, and says so at once; a second ends the process as if there was nobody to ask.
/// </summary>
sealed class Interruption : IDisposable
{
    readonly CancellationTokenSource source = new();
    readonly List<PosixSignalRegistration> signals = [];
    string heard = "stopping; again to stop at once";
    int code;

    /// <summary>Listens from now on.</summary>
    /// <param name="say">Tells the user, from another thread.</param>
    public Interruption(Action<string> say)
    {
        Say = say;
        Listen(PosixSignal.SIGINT, 130);
        Listen(PosixSignal.SIGTERM, 143);
        if (!IsHangupIgnored) Listen(PosixSignal.SIGHUP, 129);
    }

    /// <summary>Whether this process was started to outlive its terminal. Read before anything listens to signals.</summary>
    public static bool IsHangupIgnored { get; } = ReadIsHangupIgnored();

    /// <summary>Cancelled when the process was asked to end.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>Ends when the process was asked to end.</summary>
    public async Task Came()
    {
        try
        {
            await Task.Delay(Timeout.Infinite, Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // It came.
        }
    }

    /// <summary>128 and the signal's number, as shells have it; 0 while none came.</summary>
    public int ExitCode => Volatile.Read(ref code);

    /// <summary>Tells the user, from another thread; whoever draws on the terminal takes it over meanwhile.</summary>
    public Action<string> Say { get; set; }

    /// <summary>From here on, what is done is saved before the program ends.</summary>
    public void Saves() => heard = "stopping; again to stop without saving";

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var signal in signals) signal.Dispose();
        source.Dispose();
    }

    void Listen(PosixSignal signal, int exit) => signals.Add(PosixSignalRegistration.Create(signal, context =>
    {
        if (Interlocked.CompareExchange(ref code, exit, 0) != 0) return;
        context.Cancel = true;
        Say(heard);
        source.Cancel();
    }));

    // "SigIgn:	0000000000000001", a bit a signal from the lowest; SIGHUP is the first.
    static bool ReadIsHangupIgnored()
    {
        try
        {
            return File.ReadLines("/proc/self/status").FirstOrDefault(static line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is { } line
                && ulong.TryParse(line.AsSpan(7).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var mask) && (mask & 1) != 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
