using Functional.Base;
using Functional.Sampling;
using LanguageExt;

namespace Functional.Files;

/// <summary>What a model is asked to revise, as users write it.</summary>
public static class RevisionFile
{
    /// <summary>Reads a file of JSON, or says everything that is wrong with it.</summary>
    /// <param name="path">The file.</param>
    public static Validation<Fault, RevisionTexts> Read(string path) => TextFile.Read(path).Bind(text => Json.Parse(text, path)).Bind(json => RevisionTexts.Read(json, path));
}
