using Functional.Base;
using LanguageExt;

namespace Functional;

/// <summary>How many texts a <see cref="ModelHost"/> writes at once, and how many may wait.</summary>
public sealed record HostOptions
{
    // What the caches of all rows take at most where nobody says how many there are.
    const long UsualCaches = 1L << 30;
    const int UsualRows = 32;

    /// <summary>How many texts are written at once, 1 to 1024; 0 for as many as have caches of a gibibyte together, up to 32.</summary>
    public int Rows { get; init; }

    /// <summary>How many requests may wait while all rows are taken, 0 or more; those beyond are refused with <see cref="HostBusyException"/>.</summary>
    public int Queue { get; init; } = 256;

    /// <summary>How many texts one request may ask for, 1 or more.</summary>
    public int MostTexts { get; init; } = 128;

    /// <summary>These options, or every fault in them at once, each under the name of its property.</summary>
    public Validation<Fault, HostOptions> Validate() => new[]
    {
        Fault.Unless(Rows is >= 0 and <= 1024, nameof(Rows), $"is {Rows}", "allowed: 0 (what has room) to 1024"),
        Fault.Unless(Queue >= 0, nameof(Queue), $"is {Queue}", "allowed: 0 or more"),
        Fault.Unless(MostTexts >= 1, nameof(MostTexts), $"is {MostTexts}", "allowed: 1 or more"),
    }.Gather().Map(_ => this);

    internal int RowsFor(long bytesPerRow) => Rows > 0 ? Rows : (int)Math.Clamp(UsualCaches / Math.Max(1, bytesPerRow), 1, UsualRows);
}

/// <summary>As many requests wait as may.</summary>
/// <param name="waiting">How many.</param>
public sealed class HostBusyException(int waiting) : Exception($"all rows are taken, and {waiting} requests wait, which is as many as may.");

/// <summary>More of a text that a <see cref="ModelHost"/> writes.</summary>
/// <param name="Index">Which of the request's texts, from 0.</param>
/// <param name="Text">More of it: whole characters that nothing takes back.</param>
/// <param name="Tokens">Its tokens since the last piece.</param>
/// <param name="Whole">All of it, where it is over.</param>
public sealed record HostPiece(int Index, string Text, Vec<Generation.WrittenToken> Tokens, Generation.Answer? Whole);

/// <summary>A request that a <see cref="ModelHost"/> has taken.</summary>
/// <param name="Prompt">The tokens that are read before the first is written.</param>
/// <param name="Forgotten">How many of the oldest messages were left out for want of room.</param>
/// <param name="Pieces">What is written, as it comes; read once, to its end. Leaving it gives the request up.</param>
public sealed record Hosted(Vec<int> Prompt, int Forgotten, IAsyncEnumerable<HostPiece> Pieces)
{
    /// <summary>How many these are.</summary>
    public int PromptTokens => Prompt.Count;

    /// <summary>The texts, whole, in order.</summary>
    public async Task<IReadOnlyList<Generation.Answer>> WholeAsync()
    {
        var whole = new SortedDictionary<int, Generation.Answer>();
        await foreach (var piece in Pieces.ConfigureAwait(false))
            if (piece.Whole is { } answer) whole.Add(piece.Index, answer);
        return [.. whole.Values];
    }
}

/// <summary>What a <see cref="ModelHost"/> is doing.</summary>
/// <param name="Rows">How many texts it may write at once.</param>
/// <param name="Writing">How many it is writing.</param>
/// <param name="Waiting">How many requests wait.</param>
/// <param name="Requests">Requests that it has taken since it began.</param>
/// <param name="TokensRead">Tokens of prompts.</param>
/// <param name="TokensWritten">Tokens of texts.</param>
public readonly record struct HostLoad(int Rows, int Writing, int Waiting, long Requests, long TokensRead, long TokensWritten);
