using System.Globalization;
using System.Text;
using Functional.Base;
using Functional.Files;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Storage;

/// <summary>
/// Keeps two runs off one folder: <c>run.lock</c>, held open. The system lets go of it when the process ends, however it ends, so a lock is
/// never stale; the file itself stays, since removing it would let two processes hold two files of one name.
/// </summary>
sealed class RunLock : IDisposable
{
    // EAGAIN of Linux, of BSD and macOS, and Windows' ERROR_SHARING_VIOLATION.
    static readonly int[] heldByAnother = [11, 35, unchecked((int)0x80070020)];
    readonly FileStream file;

    RunLock(FileStream file) => this.file = file;

    public static Fault Taken(string folder) =>
        new(folder, "another run is training in this folder", "allowed: one at a time; wait for it or choose another folder");

    public static Validation<Fault, RunLock> Take(string folder) => Disk.Guard(folder, "expected a folder that can be written", () =>
    {
        try
        {
            var file = new FileStream(Path.Combine(folder, "run.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            var held = new RunLock(file);
            try
            {
                file.SetLength(0);
                file.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n")));
                return Success<Fault, RunLock>(held);
            }
            catch
            {
                held.Dispose();
                throw;
            }
        }
        catch (IOException e) when (heldByAnother.Contains(e.HResult))
        {
            return Taken(folder).As<RunLock>();
        }
    });

    /// <summary>Whether somebody holds a folder's lock. Looking takes it for an instant, as others may who look; so only where there is a reason to.</summary>
    public static bool IsHeld(string folder)
    {
        try
        {
            using var file = new FileStream(Path.Combine(folder, "run.lock"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            return false;
        }
        catch (IOException e)
        {
            return heldByAnother.Contains(e.HResult);
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    public void Dispose() => file.Dispose();
}
