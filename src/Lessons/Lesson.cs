using System.Globalization;
using System.Text;
using Functional.Base;

namespace Functional.Lessons;

/// <summary>A file of a lesson.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Text">What stands in it: C#.</param>
public sealed record LessonSource(string Name, string Text);

/// <summary>A lesson: a program that says what it does, with its sources, its pictures, and laws that hold whatever the numbers are.</summary>
/// <param name="Name">The folder that it stands in under <c>samples</c>, such as <c>01-attention-by-hand</c>.</param>
/// <param name="Title">What it is about.</param>
/// <param name="Learns">What one learns, in a sentence.</param>
/// <param name="Writes">What the program writes: to a writer, as it comes, unless it is asked to stop.</param>
public sealed record Lesson(string Name, string Title, string Learns, Func<TextWriter, CancellationToken, Task> Writes)
{
    /// <summary>Its place among the lessons, from 1 on.</summary>
    public int Number => int.Parse(Name.AsSpan(0, 2), CultureInfo.InvariantCulture);

    /// <summary>How long it runs on two cores, about: what is said before somebody waits.</summary>
    public int Seconds { get; init; } = 1;

    /// <summary>What is drawn of it; one or more.</summary>
    public required Vec<Picture> Pictures { get; init; }

    /// <summary>What holds; one or more.</summary>
    public required Vec<Law> Laws { get; init; }

    /// <summary>The files that it consists of, but for the line that prints what it says.</summary>
    public Vec<LessonSource> Sources => [.. Resources(Name)];

    /// <summary>Runs the lesson, which writes its text; what takes long writes as it goes.</summary>
    /// <param name="told">Where it writes.</param>
    /// <param name="cancellation">Asks to stop.</param>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public Task RunAsync(TextWriter told, CancellationToken cancellation = default) => Writes(told, cancellation);

    /// <summary>The lesson's text, as a whole.</summary>
    /// <param name="cancellation">Asks to stop.</param>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public async Task<string> TextAsync(CancellationToken cancellation = default)
    {
        var told = new StringWriter(CultureInfo.InvariantCulture);
        await RunAsync(told, cancellation).ConfigureAwait(false);
        return told.ToString();
    }

    /// <summary>All lessons, in order.</summary>
    public static Vec<Lesson> All { get; } = [.. AttentionLessons.All.Concat(BlockLessons.All).Concat(TrainingLessons.All).Concat(TextLessons.All).Concat(PreferenceLessons.All)
        .Concat(PolicyLessons.All).Concat(ProgramLessons.All).OrderBy(static l => l.Number)];

    /// <summary>The lesson of a name; nothing where there is none.</summary>
    /// <param name="name">The folder's name.</param>
    public static Lesson? Find(string name) => All.FirstOrDefault(l => l.Name == name);

    // Nobody waits for a computation that was given up: one without ears for it ends by itself, a little later.
    internal static Func<TextWriter, CancellationToken, Task> Says(Func<CancellationToken, string> text) => async (told, cancellation) =>
        await told.WriteAsync((await Task.Run(() => text(cancellation), cancellation).WaitAsync(cancellation).ConfigureAwait(false)).AsMemory(), cancellation).ConfigureAwait(false);

    internal static Func<TextWriter, CancellationToken, Task> Says(Func<string> text) => Says(_ => text());

    static IEnumerable<LessonSource> Resources(string name)
    {
        var (assembly, folder) = (typeof(Lesson).Assembly, $"samples/{name}/");
        foreach (var resource in assembly.GetManifestResourceNames().Order(StringComparer.Ordinal))
        {
            // Folders are told apart as the machine that built this does it.
            if (resource.Replace('\\', '/') is var path && !path.StartsWith(folder, StringComparison.Ordinal)) continue;
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            yield return new(path[folder.Length..], reader.ReadToEnd().ReplaceLineEndings("\n"));
        }
    }
}
