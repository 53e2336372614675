using Functional.Base;

namespace Functional.Settings;

/// <summary>A part of a whole, to be seen and to be changed (Foster et al. 2007, "Combinators for bidirectional tree transformations").</summary>
/// <param name="Member">What C# calls the part.</param>
/// <param name="Get">The part.</param>
/// <param name="Set">The whole with another part.</param>
public sealed record Lens<S, T>(string Member, Func<S, T> Get, Func<S, T, S> Set);

/// <summary>
/// A setting as people write it. Settings of a part are settings of the whole (<see cref="In"/>), so that files, command lines, help, suggestions and
/// messages are read off one list.
/// </summary>
/// <param name="Name">What files and command lines call it, such as <c>min-lr</c>.</param>
/// <param name="Member">What C# calls it, such as <c>LearningRate</c>, from the whole on: <c>Stage.Optimiser.LearningRate</c>.</param>
/// <param name="Summary">One line for people.</param>
/// <param name="Allowed">Which values it takes, in words.</param>
/// <param name="Get">Its value as text; nothing where it is not given.</param>
/// <param name="Set">The settings with another value, or nothing when the text is no such value.</param>
/// <param name="Holds">Whether its value is in range, as far as that can be told from it alone.</param>
public sealed record Field<T>(string Name, string Member, string Summary, string Allowed, Func<T, string?> Get, Func<T, string?, T?> Set, Func<T, bool> Holds)
    where T : class
{
    /// <summary>Under which heading of a file it stands, such as <c>optimiser</c>; empty for none.</summary>
    public string Section { get; init; } = "";

    /// <summary>Whether all stages of a recipe have it in common.</summary>
    public bool IsShared => Section is "model" or "rope" or "experts" or "text" or "run";

    /// <summary>Whether files leave it out where it is at its default, since few need it.</summary>
    public bool IsDetail { get; init; }

    /// <summary>
    /// Whether it decides the data, the architecture or the meaning of what a run keeps, so that a run that was begun with one value cannot go
    /// on with another. Checkpoints record these settings.
    /// </summary>
    public bool Fixed { get; init; }

    /// <summary>What of its value is fixed, where not all of it is; nothing for all.</summary>
    public Func<T, string?>? FixedPart { get; init; }

    /// <summary>What a run cannot go on without, as text; nothing where it is not given.</summary>
    public string? Kept(T settings) => (FixedPart ?? Get)(settings);

    /// <summary>The kinds of stages that it is for; none for all.</summary>
    public Vec<StageKind> Kinds { get; init; }

    /// <summary>Whether it means something for a kind of stage.</summary>
    public bool IsFor(StageKind kind) => Kinds.Count == 0 || Kinds.Contains(kind);

    /// <summary>Whether it is a truth, which command lines say by a switch.</summary>
    public bool IsTruth { get; init; }

    /// <summary>Whether any text is a value, and may be left out; other values are numbers, words or truths.</summary>
    public bool IsText { get; init; }

    /// <summary>Whether it names a file or folder; a relative one in a file is relative to that file's folder.</summary>
    public bool IsPath { get; init; }

    /// <summary>What others call it, for suggestions.</summary>
    public Vec<string> Aliases { get; init; }

    /// <summary>The value of <paramref name="settings"/> for people.</summary>
    public string Show(T settings) => Get(settings) ?? "not given";

    /// <summary>The same setting of a whole that the settings are a part of.</summary>
    /// <param name="part">Where they are.</param>
    /// <param name="section">Under which heading they stand, where they have none yet.</param>
    public Field<S> In<S>(Lens<S, T> part, string section = "") where S : class => new(
        Name, $"{part.Member}.{Member}", Summary, Allowed,
        s => Get(part.Get(s)), (s, text) => Set(part.Get(s), text) is { } changed ? part.Set(s, changed) : null, s => Holds(part.Get(s)))
    {
        Section = Section.Length > 0 ? Section : section, Fixed = Fixed, IsDetail = IsDetail, Kinds = Kinds, IsTruth = IsTruth, IsText = IsText, IsPath = IsPath, Aliases = Aliases,
        FixedPart = FixedPart is { } kept ? s => kept(part.Get(s)) : null,
    };
}
