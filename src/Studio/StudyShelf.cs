using Functional.Base;
using Functional.Server;
using Functional.Sessions;

namespace Functional.Studio;

/// <summary>The studies of a library, in <c>annotations/NAME</c>. Each is read anew at each look, so that a server that was killed and begun again knows what the one before knew.</summary>
/// <param name="home">The folder in which annotations lie.</param>
sealed class StudyShelf(string home)
{
    /// <summary>The most characters of a name.</summary>
    public const int MostName = 48;

    const string Annotations = "annotations", LockName = "study.lock";

    // So many times five milliseconds somebody else may have it.
    const int Patience = 1000;

    // One at a time: what is judged is appended where the file ended when it was read.
    readonly Lock gate = new();

    /// <summary>Their names.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            var folder = Path.Combine(home, Annotations);
            return Directory.Exists(folder) ? [.. Directory.EnumerateDirectories(folder).Where(StudyFolder.Holds).Select(static f => Path.GetFileName(f)).Where(IsName).Order(StringComparer.Ordinal)] : [];
        }
    }

    /// <summary>Where a study is, or would be.</summary>
    /// <exception cref="ApiException">It is no name: a path, say.</exception>
    public string Folder(string name) => IsName(name) ? Path.Combine(home, Annotations, name)
        : throw new ApiException(400, $"set: is no name; allowed: 1 to {MostName} letters, digits, - and _, the first of them a letter or a digit", "set");

    /// <summary>Does something with a study, while nobody else does.</summary>
    /// <exception cref="ApiException">There is none of that name, or its files are damaged; or what is done is refused.</exception>
    public T With<T>(string name, Func<StudyFolder, T> what)
    {
        var folder = Folder(name);
        lock (gate)
        {
            if (!StudyFolder.Holds(folder)) throw new ApiException(404, $"set: '{name}' is not here; allowed: those that /studio/api/annotate/sets lists", "set");
            using var held = Held(folder);
            return what(StudyFolder.Open(folder).IfFail(static faults => throw Wrong([.. faults])));
        }
    }

    // Another studio over the same folder has its turn, too. The system lets go of what a process held, however that ended.
    static FileStream Held(string folder)
    {
        for (var tries = 0; ; tries++)
            try
            {
                return new(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
            }
            catch (IOException) when (tries < Patience)
            {
                Thread.Sleep(5);
            }
            catch (IOException e)
            {
                throw new ApiException(503, $"set: is held by another program: {e.Message}", "set");
            }
    }

    static bool IsName(string name) => name.Length is > 0 and <= MostName && char.IsAsciiLetterOrDigit(name[0]) && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    /// <summary>Faults under their own names: what a study calls a question is none of a chat's messages.</summary>
    public static ApiException Wrong(IReadOnlyList<Fault> faults) => ApiException.OfFile(faults) ?? new(400, string.Join('\n', faults), faults[0].Where.Split(',', ' ')[0]);
}
