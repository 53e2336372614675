using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>What can go wrong with a file, as faults that name it.</summary>
static class FileFaults
{
    /// <summary>Runs work on a file and turns what the system refuses into a fault.</summary>
    public static Validation<Fault, T> Guard<T>(string path, Func<Validation<Fault, T>> work)
    {
        try
        {
            return path.Length == 0 ? Fault.Of<T>("path", "is empty", "expected the name of a file") : work();
        }
        catch (FileNotFoundException) { return Fault.Of<T>(path, "does not exist", "expected a file"); }
        catch (DirectoryNotFoundException) { return Fault.Of<T>(path, "is in a folder that does not exist", "expected a file in an existing folder"); }
        catch (UnauthorizedAccessException) { return Fault.Of<T>(path, "permission denied", "expected a file that this user may open"); }
        catch (IOException e) { return Fault.Of<T>(path, FirstLine(e.Message), "expected a file that can be opened"); }
        catch (ArgumentOutOfRangeException e) { return Fault.Of<T>(path, Disk.Reason(e), "expected room for it"); }
        catch (Exception e) when (e is ArgumentException or NotSupportedException) { return Fault.Of<T>(path, "is no file name",
            "expected the name of a file"); }
    }

    /// <summary>Opens a regular file for reading from beginning to end, or says why not.</summary>
    public static Validation<Fault, T> Reading<T>(string path, Func<FileStream, Validation<Fault, T>> read) => Guard(path, () => Open(path).Bind(file =>
    {
        using (file) return read(file);
    }));

    /// <summary>A regular file, open for reading, or why not; owned by the caller. What the system refuses is thrown.</summary>
    /// <param name="path">The file.</param>
    /// <param name="buffer">Bytes that are read ahead, for whoever reads a few at a time.</param>
    public static Validation<Fault, FileStream> Open(string path, int buffer = 0)
    {
        if (Directory.Exists(path)) return Fault.Of<FileStream>(path, "is a folder", "expected a file");
        var opening = new FileInfo(path) is { Exists: true, Length: 0 } ? Patiently(path, buffer) : Task.FromResult(Opened(path, buffer));
        if (!opening.IsCompleted) return Fault.Of<FileStream>(path, "is a pipe that nothing writes to", "expected a regular file, which can be read twice");
        var file = opening.GetAwaiter().GetResult();
        if (file.CanSeek && !IsEndless(file)) return Success<Fault, FileStream>(file);
        file.Dispose();
        return Fault.Of<FileStream>(path, "is a pipe or device", "expected a regular file, which can be read twice");
    }

    static FileStream Opened(string path, int buffer) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, buffer, FileOptions.SequentialScan);

    // A named pipe, which looks like an empty file until it is open, opens when something writes to it: maybe never.
    static Task<FileStream> Patiently(string path, int buffer)
    {
        var opening = Task.Factory.StartNew(() => Opened(path, buffer), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        if (Task.WaitAny([opening], patience) < 0)
            opening.ContinueWith(static late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
        return opening;
    }

    static readonly TimeSpan patience = TimeSpan.FromSeconds(2);

    // A file without a length that has something to read, such as /dev/zero, may never end.
    static bool IsEndless(FileStream file)
    {
        if (file.Length > 0) return false;
        var has = file.ReadByte() >= 0;
        file.Position = 0;
        return has;
    }

    static string FirstLine(string message) => message.Split('\n', 2)[0].TrimEnd('.', '\r');
}
