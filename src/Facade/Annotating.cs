using Functional.Base;
using Functional.Dialogues;
using Functional.Sessions;

namespace Functional;

/// <summary>Judging a model's answers two at a time: what is judged is on the disk before the next.</summary>
public sealed class Annotating
{
    readonly Func<Vec<Message>, int, int, CancellationToken, Task<(string, string)?>> answers;
    readonly AnnotationFile file;
    readonly Vec<Vec<Message>> prompts;
    readonly string annotator;
    int at;

    internal Annotating(AnnotationFile file, Vec<Vec<Message>> prompts, string annotator, Func<Vec<Message>, int, int, CancellationToken, Task<(string, string)?>> answers) =>
        (this.file, this.prompts, this.annotator, this.answers) = (file, prompts, annotator, answers);

    /// <summary>How many prompts there are.</summary>
    public int Prompts => prompts.Count;

    /// <summary>How many of them this person has not judged.</summary>
    public int Left => prompts.Count(p => !file.Has(p, annotator));

    /// <summary>How many judgements this person has given.</summary>
    public int Done => file.All.Count(a => a.Annotator == annotator);

    /// <summary>How far those agree who have judged the same answers.</summary>
    public Agreement Agreement => Agreement.Of(file.All);

    /// <summary>The next prompt that is not judged, with two answers that differ, to be given a verdict; nothing where none is left.</summary>
    /// <param name="draws">How many answers are drawn at most until two differ; a prompt that always has the same answer is passed over.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<Annotation?> NextAsync(int draws, CancellationToken cancellation = default)
    {
        for (; at < prompts.Count; at++)
            if (!file.Has(prompts[at], annotator) && await answers(prompts[at], at, draws, cancellation).ConfigureAwait(false) is var (first, second))
                return new(prompts[at], first, second, Verdict.Skip, annotator);
        return null;
    }

    /// <summary>Writes a judgement down.</summary>
    /// <exception cref="FunctionalException">The file cannot be written.</exception>
    public void Add(Annotation judged)
    {
        file.Add(judged).OrThrow();
        at++;
    }
}
