namespace Functional.Testing;

/// <summary>The checkout that the running tests were built in.</summary>
public static class SourceTree
{
    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } =
        Ancestors(AppContext.BaseDirectory).FirstOrDefault(d => File.Exists(Path.Combine(d, "Functional.sln")))
        ?? throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} holds Functional.sln");

    /// <summary>The folder, in this checkout, of a source file whose path the compiler recorded.</summary>
    // The recorded path may start with a mapped root ("/_/") or name a checkout that has moved: only its end counts.
    public static string DirectoryOf(string compiledPath)
    {
        var parts = compiledPath.Split('/', '\\');
        var file = Enumerable.Range(0, parts.Length)
            .Select(i => Path.Combine([Root, .. parts[i..]]))
            .FirstOrDefault(File.Exists);
        return Path.GetDirectoryName(file)
            ?? throw new FileNotFoundException($"{compiledPath} is not in {Root}", compiledPath);
    }

    static IEnumerable<string> Ancestors(string directory)
    {
        for (var d = new DirectoryInfo(directory); d is not null; d = d.Parent) yield return d.FullName;
    }
}
