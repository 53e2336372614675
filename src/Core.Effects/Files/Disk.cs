using Functional.Base;
using LanguageExt;

namespace Functional.Files;

/// <summary>The operations on files that checkpoints and run folders are made of; tests stand in for it to let each of them fail.</summary>
class Disk
{
    public static Disk Real { get; } = new();

    public virtual void CreateFolder(string path) => Directory.CreateDirectory(path);

    public virtual Stream Create(string path) => new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0);

    /// <summary>Returns when the content is on the medium, not before.</summary>
    public virtual void Flush(Stream file)
    {
        if (file is FileStream real) real.Flush(flushToDisk: true); else file.Flush();
    }

    public virtual void MoveFolder(string from, string to) => Directory.Move(from, to);

    public virtual void MoveFile(string from, string to) => File.Move(from, to, overwrite: true);

    public virtual void DeleteFolder(string path) => Directory.Delete(path, recursive: true);

    /// <summary>Writes a file beside its place and moves it there, so that nobody ever sees half of it.</summary>
    public void Replace(string path, ReadOnlySpan<byte> content)
    {
        var partial = path + ".partial";
        try
        {
            using (var file = Create(partial))
            {
                file.Write(content);
                Flush(file);
            }
            MoveFile(partial, path);
        }
        catch (Exception e) when (e is IOException or ArgumentOutOfRangeException)
        {
            // What is half written may be what fills the disk.
            File.Delete(partial);
            throw;
        }
    }

    /// <summary>Runs work on files and turns what the system refuses into a fault.</summary>
    /// <param name="where">The file or folder that the fault names.</param>
    /// <param name="allowed">What the fault says is needed, or what is safe.</param>
    /// <param name="work">The work.</param>
    public static Validation<Fault, T> Guard<T>(string where, string allowed, Func<Validation<Fault, T>> work)
    {
        try
        {
            return work();
        }
        catch (UnauthorizedAccessException) { return Fault.Of<T>(where, "permission denied", allowed); }
        catch (DirectoryNotFoundException) { return Fault.Of<T>(where, "is in a folder that does not exist", allowed); }
        catch (FileNotFoundException e) { return Fault.Of<T>(where, $"lacks {Path.GetFileName(e.FileName)}", allowed); }
        catch (Exception e) when (e is IOException or ArgumentOutOfRangeException) { return Fault.Of<T>(where, Reason(e), allowed); }
        catch (Exception e) when (e is ArgumentException or NotSupportedException) { return Fault.Of<T>(where, "is no name of a file or folder", allowed); }
    }

    // "No space left on device : '/some/file'" without the file, which the fault names itself. .NET has no IOException for a file that may not grow.
    public static string Reason(Exception e)
    {
        if (e is ArgumentOutOfRangeException) return "file too large";
        var line = e.Message.Split('\n', 2)[0].TrimEnd('.', '\r');
        var path = line.IndexOf(" : '", StringComparison.Ordinal);
        return path < 0 ? line : line[..path];
    }
}
