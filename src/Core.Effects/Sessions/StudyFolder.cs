using Functional.Base;
using Functional.Dialogues;
using Functional.Files;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>
/// A folder with a <see cref="Dialogues.Study"/>, <c>study.json</c>, and what was judged, <c>judgements.jsonl</c>: rows that <c>functional reward</c> and
/// <c>functional dpo</c> read. Used by one at a time; what others wrote meanwhile is told, and nothing of it written over.
/// </summary>
public sealed class StudyFolder
{
    /// <summary>The files in it.</summary>
    public const string StudyName = "study.json", JudgementsName = "judgements.jsonl";

    readonly AnnotationFile file;

    StudyFolder(string location, Study study, AnnotationFile file) => (Location, Study, this.file) = (location, study, file);

    /// <summary>Where it is.</summary>
    public string Location { get; }

    /// <summary>What is judged.</summary>
    public Study Study { get; }

    /// <summary>What was judged, a row for each comparison.</summary>
    public IReadOnlyList<Annotation> Rows => file.All;

    /// <summary>The file that is learned from.</summary>
    public string Judgements => Path.Combine(Location, JudgementsName);

    /// <summary>Whether a folder holds a study.</summary>
    public static bool Holds(string location) => File.Exists(Path.Combine(location, StudyName));

    /// <summary>Begins a study in a folder that holds none; it is there whole, or not at all.</summary>
    public static Validation<Fault, StudyFolder> Begin(string location, Study study) => Holds(location)
        ? Fault.Of<StudyFolder>(location, "holds a study already", "allowed: another name")
        : File.Exists(Path.Combine(location, JudgementsName)) ? Fault.Of<StudyFolder>(location, $"holds judgements of a study whose {StudyName} is gone", "allowed: another name")
        : Put(location, (StudyName, study.Written.Write())).Bind(_ => Open(location));

    /// <summary>Writes texts into a folder, which is made where it is not there, one after the other; each is there whole, or as it was.</summary>
    public static Validation<Fault, Unit> Put(string location, params IReadOnlyList<(string Name, string Text)> files) => Disk.Guard(location, "expected a folder that can be written", () =>
    {
        Disk.Real.CreateFolder(location);
        foreach (var (name, text) in files) Disk.Real.Replace(Path.Combine(location, name), System.Text.Encoding.UTF8.GetBytes(text));
        return Success<Fault, Unit>(unit);
    });

    /// <summary>Opens a folder with a study; what is missing or damaged is faults, and stays as it is.</summary>
    public static Validation<Fault, StudyFolder> Open(string location)
    {
        var path = Path.Combine(location, StudyName);
        return from text in TextFile.Read(path)
               from json in Json.Parse(text, path)
               from study in Study.Read(json, path)
               from file in AnnotationFile.Open(Path.Combine(location, JudgementsName))
               from fits in file.All.Select((row, i) => Fault.Unless(Judgement.QuestionOf(row) is not { } number || number < study.Questions.Count,
                   $"{Path.Combine(location, JudgementsName)}, row {i + 1}", "is of a question that the study does not have", "expected judgements of this study")).Gather()
               select new StudyFolder(location, study, file);
    }

    /// <summary>The numbers of the questions that somebody has judged, in the order in which that was.</summary>
    public Vec<int> Judged(string annotator) => [.. file.All.Where(row => row.Annotator == annotator).Select(static row => Judgement.QuestionOf(row)).OfType<int>().Distinct()];

    /// <summary>The next question for somebody, by its number; nothing where all are judged.</summary>
    public int? Next(string annotator)
    {
        var judged = Judged(annotator).ToHashSet();
        foreach (var number in Study.Order(annotator))
            if (!judged.Contains(number)) return number;
        return null;
    }

    /// <summary>The id of the last judgement that somebody gave; nothing where there is none.</summary>
    public string? Last(string annotator) => file.All.LastOrDefault(row => row.Annotator == annotator) is { } row ? Judgement.IdOf(row) : null;

    /// <summary>Whether there is a judgement of an id.</summary>
    public bool Has(string id) => file.All.Any(row => Judgement.IdOf(row) == id);

    /// <summary>Writes a judgement down: it is on the disk when this returns. One that is there already is there once; a second of the same question is a fault.</summary>
    public Validation<Fault, Unit> Add(Judgement judgement) => judgement.Rows(Study).Bind(rows =>
        Has(judgement.Id)
            ? Fault.Unless(file.All.Where(row => Judgement.IdOf(row) == judgement.Id).Select(static row => row.Row.Line()).SequenceEqual(rows.Select(static row => row.Row.Line())),
                "id", "is that of another judgement", "expected one of its own")
        : Judged(judgement.Annotator).Contains(judgement.Question)
            ? Fault.Of<Unit>("question", $"{judgement.Question} was judged already by {judgement.Annotator}", "allowed: to take that back first")
        : file.Add(rows));

    /// <summary>Takes somebody's judgement back; one that is not there is no fault, for it may have been taken back before.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="annotator">Whose it must be.</param>
    public Validation<Fault, Unit> TakeBack(string id, string annotator) =>
        Fault.Unless(file.All.All(row => Judgement.IdOf(row) != id || row.Annotator == annotator), "id", "is that of somebody else's judgement", "allowed: one's own")
            .Bind(_ => file.TakeBack(id));
}
