using System.Text;
using Functional.Base;
using LanguageExt;

namespace Functional.Stories;

/// <summary>A text of the corpus: either a story with questions, or a page of exercises.</summary>
/// <param name="Text">What a model reads, ending in an empty line.</param>
/// <param name="Story">The story, when it is one.</param>
/// <param name="Exercises">What is asked in it, with the answers.</param>
public sealed record Document(string Text, Option<Story> Story, Vec<Exercise> Exercises);

/// <summary>
/// The embedded corpus: documents about a small world, made up from a seed. Each depends on the seed and its own index alone, so any can
/// be had at once and in any order.
/// </summary>
public static class Corpus
{
    const int StoryPercent = 65;

    /// <summary>The document at an index, from 0.</summary>
    /// <param name="seed">Chooses the corpus.</param>
    /// <param name="index">Which document.</param>
    public static Document Document(ulong seed, long index)
    {
        var key = Key.Seed(seed).FoldIn("corpus").FoldIn(index);
        return new Dice(key).Percent(StoryPercent) ? Tale(Story.Of(key.FoldIn("story"))) : Page(key.FoldIn("page"));
    }

    /// <summary>All documents in order, each made when it is asked for; without end.</summary>
    /// <param name="seed">Chooses the corpus.</param>
    /// <param name="first">The index to begin with.</param>
    public static IEnumerable<Document> Documents(ulong seed, long first = 0)
    {
        for (var index = first; ; index++) yield return Document(seed, index);
    }

    /// <summary>The texts of the first documents, as few as together have at least so many characters.</summary>
    /// <param name="seed">Chooses the corpus.</param>
    /// <param name="characters">How much text is needed.</param>
    public static string Text(ulong seed, int characters)
    {
        var text = new StringBuilder(characters + 1024);
        for (long index = 0; text.Length < characters; index++) text.Append(Document(seed, index).Text);
        return text.ToString();
    }

    static Document Tale(Story story)
    {
        var asked = string.Join('\n', story.Questions.Map(static q => $"{Exercise.Ask(q.Question.ToString())} {q.Answer}"));
        return new($"{story.Text}\n{asked}\n\n", story, story.Exercises);
    }

    static Document Page(Key key)
    {
        var dice = new Dice(key);
        var exercises = Enumerable.Range(0, dice.From(2, 4))
            .Select(i => Exercise.Of((ExerciseKind)dice.From((int)ExerciseKind.Count, (int)ExerciseKind.Sum), key.FoldIn(i))).ToVec();
        return new(string.Concat(exercises.Select(static e => e.Text)) + "\n", Option<Story>.None, exercises);
    }
}
