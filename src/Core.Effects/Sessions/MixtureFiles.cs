using Functional.Base;
using Functional.Files;
using Functional.Settings;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>What only the disk tells of a mixture's files, before any of them is read.</summary>
static class MixtureFiles
{
    /// <summary>Each file once, by whatever name, and names that a list can hold; a text alone is never at fault.</summary>
    public static Validation<Fault, Unit> Check(SourceConfig source)
    {
        if (source.Mixture is null) return Success<Fault, Unit>(unit);
        // A run's folder keeps whole names, which have to be read back.
        var whole = source.At(Path.GetFullPath);
        if (whole.Texts.Count != source.Texts.Count || TextChoice.Text(whole.Texts) != whole.Mixture)
            return Fault.Of<Unit>("mixture", $"is {whole.Mixture} with whole names, in which a folder's name looks like a weight", "allowed: files in other folders");
        // What is not there is told where it is read.
        var texts = source.Texts.Where(static t => File.Exists(t.Name)).ToVec();
        return texts.SelectMany((text, i) => texts.Take(i).Where(before => TextFile.IsSame(before.Name, text.Name) || TextFile.IsSame(text.Name, before.Name))
            .Select(before => Fault.Of<Unit>("mixture", $"names {text.Name}, which is {before.Name}", "allowed: each text once"))).Gather().Map(static _ => unit);
    }
}
