using Functional.Base;
using Functional.Files;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>A folder that is there whole or not at all: it is filled beside its place, under a name that ends with <c>.partial</c>, and then renamed.</summary>
static class FolderAtOnce
{
    /// <summary>Makes a folder where there is none, or an empty one. What an earlier attempt left beside it when it was killed is removed.</summary>
    /// <param name="location">Where it is to be.</param>
    /// <param name="disk">The disk.</param>
    /// <param name="fill">Fills the folder that it is given.</param>
    public static Validation<Fault, Unit> Make(string location, Disk disk, Func<string, Validation<Fault, Unit>> fill)
    {
        var final = Path.TrimEndingDirectorySeparator(Path.GetFullPath(location));
        var partial = final + ".partial";
        var made = Disk.Guard(location, "it was not written", () =>
        {
            if (File.Exists(final) || Directory.Exists(final) && Directory.EnumerateFileSystemEntries(final).Any())
                return Fault.Of<Unit>(location, File.Exists(final) ? "is a file" : "is there already, and is not empty", "allowed: another folder");
            if (Directory.Exists(partial)) disk.DeleteFolder(partial);
            disk.CreateFolder(partial);
            return fill(partial).Bind(_ => Disk.Guard(location, "it was not written", () =>
            {
                if (Directory.Exists(final)) Directory.Delete(final);
                disk.MoveFolder(partial, final);
                return Success<Fault, Unit>(unit);
            })).MapFail(f => f with { Where = f.Where.Replace(partial, location, StringComparison.Ordinal) });
        });
        if (made.IsFail) _ = Disk.Guard(partial, "", () =>
        {
            if (Directory.Exists(partial)) disk.DeleteFolder(partial);
            return Success<Fault, Unit>(unit);
        });
        return made;
    }
}
