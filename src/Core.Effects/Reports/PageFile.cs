using System.Text;
using Functional.Base;
using Functional.Files;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Reports;

/// <summary>Pages and pictures in files.</summary>
public static class PageFile
{
    /// <summary>Writes a text to a file, whole or not at all; one that is there is replaced.</summary>
    /// <param name="file">The file.</param>
    /// <param name="text">The page or picture.</param>
    public static Validation<Fault, Unit> Write(string file, string text) => Disk.Guard(file, "expected a file that can be written", () =>
    {
        Disk.Real.Replace(file, Encoding.UTF8.GetBytes(text));
        return Success<Fault, Unit>(unit);
    });
}
