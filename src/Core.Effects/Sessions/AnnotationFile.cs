using System.Text;
using Functional.Base;
using Functional.Dialogues;
using Functional.Files;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>Judgements in a file, a line of JSON each; what is there already is kept.</summary>
public sealed class AnnotationFile
{
    readonly string path;
    readonly List<Annotation> all;
    readonly System.Collections.Generic.HashSet<string> known = new(StringComparer.Ordinal);

    AnnotationFile(string path, IEnumerable<Annotation> all)
    {
        (this.path, this.all) = (path, [.. all]);
        foreach (var a in this.all) known.Add(Of(a.Prompt, a.Annotator));
    }

    /// <summary>Opens a file, or begins one; a line that is no judgement is a fault, so that nothing of somebody else's is added to.</summary>
    public static Validation<Fault, AnnotationFile> Open(string path) => !File.Exists(path)
        ? Directory.Exists(path) ? Fault.Of<AnnotationFile>(path, "is a folder", "expected the name of a file")
            : Success<Fault, AnnotationFile>(new AnnotationFile(path, []))
        : IsWhole(path).Bind(_ => RowFiles.Read(path).Select(static row => row.Bind(Annotation.Read)).Gather()).Map(read => new AnnotationFile(path, read));

    /// <summary>The judgements, in order.</summary>
    public IReadOnlyList<Annotation> All => all;

    /// <summary>Whether somebody has judged answers to a prompt.</summary>
    public bool Has(Vec<Message> prompt, string annotator) => known.Contains(Of(prompt, annotator));

    /// <summary>One more, which is on the disk when this returns.</summary>
    public Validation<Fault, Unit> Add(Annotation judged) => FileFaults.Guard(path, () =>
    {
        using (var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read))
        {
            file.Write(Encoding.UTF8.GetBytes(judged.Row.Line() + "\n"));
            file.Flush(flushToDisk: true);
        }
        all.Add(judged);
        known.Add(Of(judged.Prompt, judged.Annotator));
        return Success<Fault, Unit>(unit);
    });

    // A line that was cut off as it was written is taken away: it was never told to be there.
    static Validation<Fault, Unit> IsWhole(string path) => FileFaults.Guard(path, () =>
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        var end = file.Length;
        for (; end > 0; end--)
        {
            file.Position = end - 1;
            if (file.ReadByte() == '\n') break;
        }
        if (end < file.Length) file.SetLength(end);
        return Success<Fault, Unit>(unit);
    });

    static string Of(Vec<Message> prompt, string annotator) => $"{annotator}\0{string.Join('\0', prompt.Select(static m => $"{m.Role} {m.Whole}"))}";
}
