using Functional.Base;
using Functional.Server;
using LanguageExt;

namespace Functional.Studio;

/// <summary>What a studio shows, and to whom.</summary>
public sealed record StudioOptions
{
    /// <summary>Folders of runs, or folders that hold such; what is made here, such as annotations, lies in the first that is no run.</summary>
    public Vec<string> Folders { get; init; } = ["runs"];

    /// <summary>Where it listens, to whom, and on what it computes; <see cref="ServerOptions.Runs"/> are not looked at.</summary>
    public ServerOptions Server { get; init; } = new();

    /// <summary>How many models are kept in memory while nobody uses them.</summary>
    public int MostModels { get; init; } = 4;

    /// <summary>These options, or every fault in them at once, each under the name of its property.</summary>
    public Validation<Fault, StudioOptions> Validate() => Server.Reached.Concat(
    [
        Fault.Unless(Folders.Count > 0 && Folders.All(static f => f.Length > 0), nameof(Folders), "is empty, or has a folder without a name", "expected one folder or more"),
        .. Folders.Where(File.Exists).Select(static f => Fault.Of<Unit>(f, "is a file", "expected a folder of runs")),
        Fault.Unless(MostModels >= 1, nameof(MostModels), $"is {MostModels}", "allowed: 1 or more"),
    ]).Gather().Map(_ => this);
}
