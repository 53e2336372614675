using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>An answer that people are to judge.</summary>
/// <param name="Text">What was answered.</param>
/// <param name="Model">Whose answer it is; those who judge are not told.</param>
public sealed record StudyAnswer(string Text, string Model);

/// <summary>A question with the answers that are judged beside each other.</summary>
/// <param name="Prompt">What is asked.</param>
/// <param name="Answers">2 to <see cref="Study.MostAnswers"/> answers, all different.</param>
public sealed record StudyQuestion(Vec<Message> Prompt, Vec<StudyAnswer> Answers);

/// <summary>
/// Questions with answers that were drawn once, so that several people judge the same. Everybody has an order of questions and of answers of their own, which follows
/// from the seed and the name alone.
/// </summary>
/// <param name="Models">Who answered, by name, in order.</param>
/// <param name="Questions">What is judged.</param>
public sealed record Study(Vec<string> Models, Vec<StudyQuestion> Questions)
{
    /// <summary>The most answers that a question has: more are not read beside each other.</summary>
    public const int MostAnswers = 4;

    /// <summary>What orders and draws follow from, 0 or more.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>How many answers a question has, 2 to <see cref="MostAnswers"/>.</summary>
    public int Answers { get; init; } = 2;

    /// <summary>How freely they were drawn.</summary>
    public double Temperature { get; init; } = 0.8;

    /// <summary>How many tokens they have at most.</summary>
    public int Tokens { get; init; } = 128;

    /// <summary>How many questions were passed over, since all that was drawn for them was the same.</summary>
    public int PassedOver { get; init; }

    /// <summary>In which order somebody is asked the questions: a permutation of their numbers, from 0.</summary>
    /// <param name="annotator">Who judges.</param>
    public Vec<int> Order(string annotator) => Shuffled(Of("questions", annotator), Questions.Count);

    /// <summary>In which order somebody is shown the answers to a question: a permutation of their numbers, from 0.</summary>
    /// <param name="annotator">Who judges.</param>
    /// <param name="question">The number of the question, from 0.</param>
    public Vec<int> Shown(string annotator, int question) => Shuffled(Of("answers", annotator).FoldIn((long)question), Questions[question].Answers.Count);

    // Of all of the name, and not of a number that many names have.
    Key Of(string what, string annotator) => annotator.Aggregate(Key.Seed((ulong)Seed).FoldIn(what), static (key, letter) => key.FoldIn((uint)letter));

    // Fisher and Yates (1938): each order as likely as any other.
    static Vec<int> Shuffled(Key key, int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (var i = count - 1; i > 0; i--)
        {
            var j = (int)key.Below(i, i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return [.. order];
    }

    /// <summary>The study as a file keeps it; <see cref="Read"/> reads it.</summary>
    public Json Written => new Json.Map(Params.Of<Json>(
        ("study", new Json.Whole(1)), ("models", new Json.List(Models.Map(static m => (Json)new Json.Text(m)))), ("seed", new Json.Whole(Seed)), ("answers", new Json.Whole(Answers)),
        ("temperature", new Json.Real(Temperature)), ("tokens", new Json.Whole(Tokens)), ("passed-over", new Json.Whole(PassedOver)),
        ("questions", new Json.List(Questions.Map(static q => (Json)new Json.Map(Params.Of<Json>(("prompt", Annotation.PromptText(q.Prompt)),
            ("answers", new Json.List(q.Answers.Map(static a => (Json)new Json.Map(Params.Of<Json>(("text", new Json.Text(a.Text)), ("model", new Json.Text(a.Model))))))))))))));

    /// <summary>Reads what <see cref="Written"/> wrote.</summary>
    /// <param name="json">The file.</param>
    /// <param name="where">What faults call it.</param>
    public static Validation<Fault, Study> Read(Json json, string where) => json["study"].Case is not Json.Whole { Value: 1 }
        || json["models"].Case is not Json.List { Items: var models } || json["questions"].Case is not Json.List { Items: var questions } || !models.All(static m => m is Json.Text)
        || Whole(json, "seed") is not { } seed || Whole(json, "answers") is not (>= 2 and <= MostAnswers and var answers) || Whole(json, "tokens") is not (>= 1 and <= int.MaxValue and var tokens)
        || Whole(json, "passed-over") is not (>= 0 and <= int.MaxValue and var passed) || json["temperature"].Case is not Json.Real { Value: var temperature }
        ? Fault.Of<Study>(where, "is no study", "expected what Annotate wrote")
        : questions.Select((q, i) => Question(q, $"{where}, question {i + 1}")).Gather().Map(read => new Study(models.Map(static m => ((Json.Text)m).Value), read)
            { Seed = seed, Answers = (int)answers, Tokens = (int)tokens, PassedOver = (int)passed, Temperature = temperature });

    static Validation<Fault, StudyQuestion> Question(Json json, string where) =>
        json is not Json.Map { Members: var members } || !members.Contains("answers") || members["answers"] is not Json.List { Items: { Count: >= 2 and <= MostAnswers } answers }
        || !answers.All(static a => a["text"].Case is Json.Text && a["model"].Case is Json.Text)
            ? Fault.Of<StudyQuestion>(where, "has no answers", $"expected 2 to {MostAnswers}, each a text and a model")
            : Annotation.PromptOf(new(members, where, "prompt")).Map(prompt => new StudyQuestion(prompt, answers.Map(static a => new StudyAnswer(Text(a, "text"), Text(a, "model")))));

    static string Text(Json json, string name) => json[name].Case is Json.Text { Value: var text } ? text : "";

    static long? Whole(Json json, string name) => json[name].Case is Json.Whole { Value: var whole } ? whole : null;
}
