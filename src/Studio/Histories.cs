using System.Collections.Concurrent;
using Functional.Server;
using Functional.Sessions;
using Functional.Storage;

namespace Functional.Studio;

/// <summary>What runs have written so far, read again only where a file has changed.</summary>
sealed class Histories
{
    readonly ConcurrentDictionary<string, (string Stamp, RunHistory History)> known = new(StringComparer.Ordinal);
    readonly ConcurrentDictionary<string, MetricsTail> tails = new(StringComparer.Ordinal);

    /// <summary>A run's history.</summary>
    /// <exception cref="ApiException">Its files cannot be read.</exception>
    public RunHistory Of(LibraryRun run)
    {
        var stamp = Stamp(run.Folder);
        if (known.TryGetValue(run.Folder, out var before) && before.Stamp == stamp) return before.History;
        var read = RunHistory.Of(run.Folder, path => tails.GetOrAdd(path, static path => new(path))).IfFail(static faults => throw ApiException.Of([.. faults]));
        known[run.Folder] = (stamp, read);
        return read;
    }

    // Sizes and times of all that tells of a run: checkpoints are folders, of which the one that they are in has the time.
    static string Stamp(string folder)
    {
        try
        {
            var stages = Path.Combine(folder, "stages");
            return string.Join('\n', new FileInfo(Path.Combine(folder, "config.yaml")) is { Exists: true } config ? config.LastWriteTimeUtc.Ticks : 0,
                !Directory.Exists(stages) ? "" : string.Join('\n', Directory.EnumerateDirectories(stages).Order(StringComparer.Ordinal).Select(static stage => string.Join(' ', stage,
                    Length(Path.Combine(stage, "metrics.jsonl")), Length(Path.Combine(stage, "story.jsonl")), Directory.GetLastWriteTimeUtc(Path.Combine(stage, "checkpoints")).Ticks))));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Guid.NewGuid().ToString();
        }
    }

    static long Length(string file) => new FileInfo(file) is { Exists: true } there ? there.Length : -1;
}
