using Functional.Base;
using Functional.Dialogues;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Data;

/// <summary>Rows as tokens, and what had to be cut.</summary>
/// <param name="Data">The tokens.</param>
/// <param name="PromptsCut">How many rows lost the beginning of what stands before the answer.</param>
/// <param name="AnswersCut">How many lost the end of an answer.</param>
public sealed record Prepared<T>(T Data, long PromptsCut, long AnswersCut)
{
    /// <summary>Both counts, with those of other rows.</summary>
    public (long Prompts, long Answers) CutWith(Prepared<T> other) => (PromptsCut + other.PromptsCut, AnswersCut + other.AnswersCut);
}

/// <summary>A row as tokens that fit.</summary>
/// <param name="Examples">One, or one for each answer.</param>
/// <param name="Whole">How many tokens the longest had.</param>
/// <param name="Cut">What was cut.</param>
public sealed record Fitted(Vec<Example> Examples, int Whole, Cut Cut);

/// <summary>Makes tokens of what was read from rows. Faults of many rows are told together, the first few and how many more.</summary>
public static class Prepare
{
    /// <summary>A conversation to be fine-tuned on.</summary>
    /// <param name="row">What was read.</param>
    /// <param name="encoder">What makes tokens of it.</param>
    /// <param name="context">The model's context: an example has one token more at most, which is only predicted.</param>
    public static Validation<Fault, Fitted> Fit(Located<Conversation> row, DialogueEncoder encoder, int context) =>
        encoder.Encode(row.Value, row.Where).Bind(example => One(example, row.Where, Math.Max(context, 1) + 1L));

    /// <summary>A comparison: the prompt is cut alike for all answers, and answers that are equal in what is left of them are a fault.</summary>
    /// <param name="row">What was read.</param>
    /// <param name="encoder">What makes tokens of it.</param>
    /// <param name="time">The most tokens of a prompt with an answer.</param>
    public static Validation<Fault, Fitted> Fit(Located<Ranking> row, DialogueEncoder encoder, int time) =>
        from answers in encoder.Encode(row.Value, row.Where)
        from differ in Different(answers, row.Where, "are the same tokens", "expected answers that differ")
        let fitted = Example.Within(answers, time)
        from still in Different(fitted.Answers, row.Where, $"are equal in what is left of them, for there is room for {time} tokens",
            "allowed: a larger context, or answers that differ earlier")
        from whole in fitted.Answers.Select(a => Learns(a, row.Where)).Gather()
        select new Fitted(fitted.Answers, answers.Max(static a => a.Ids.Count), fitted.Cut);

    /// <summary>An answer that was judged.</summary>
    /// <param name="row">What was read.</param>
    /// <param name="encoder">What makes tokens of it.</param>
    /// <param name="time">The most tokens of a prompt with an answer.</param>
    public static Validation<Fault, Fitted> Fit(Located<Judged> row, DialogueEncoder encoder, int time) =>
        encoder.Encode(row.Value.Prompt, row.Value.Answer, row.Where).Bind(example => One(example, row.Where, time));

    /// <summary>A prompt by itself, which is never cut: what is cut off may be what was asked.</summary>
    /// <param name="row">What was read.</param>
    /// <param name="encoder">What makes tokens of it.</param>
    /// <param name="context">The model's context, of which an answer needs one token or more.</param>
    public static Validation<Fault, Fitted> Fit(Located<Vec<Message>> row, DialogueEncoder encoder, int context) =>
        Prompts([row], static prompt => prompt, encoder, context, 1).Map(static all => all[0].Ids).Map(static ids =>
            new Fitted([new(ids, [.. ids.Select(static _ => false)])], ids.Count, Cut.None));

    /// <summary>Conversations to be fine-tuned on.</summary>
    /// <param name="rows">What was read; gone through once.</param>
    /// <param name="encoder">What makes tokens of it.</param>
    /// <param name="context">The model's context: an example has one token more at most, which is only predicted.</param>
    public static Validation<Fault, Prepared<Examples>> Conversations(IEnumerable<Located<Conversation>> rows, DialogueEncoder encoder, int context)
    {
        var (all, tally) = (new Examples.Builder(), new Tally());
        foreach (var row in rows) tally.Add(Fit(row, encoder, context).Bind(fitted => Put(fitted, row.Where, all)));
        return tally.Or(all.Build);
    }

    /// <summary>Comparisons.</summary>
    /// <param name="rows">What was read; gone through once.</param>
    /// <param name="encoder">What makes tokens of it.</param>
    /// <param name="time">The most tokens of a prompt with an answer.</param>
    public static Validation<Fault, Prepared<Rankings>> Rankings(IEnumerable<Located<Ranking>> rows, DialogueEncoder encoder, int time)
    {
        var (all, ends, margins, tally) = (new Examples.Builder(), new List<int>(), new List<float>(), new Tally());
        foreach (var row in rows)
            tally.Add(Fit(row, encoder, time).Bind(fitted => Put(fitted, row.Where, all)).Map(fitted =>
            {
                ends.Add((ends.Count == 0 ? 0 : ends[^1]) + fitted.Examples.Count);
                margins.Add((float)row.Value.Margin);
                return fitted;
            }));
        return tally.Or(() => new Rankings(all.Build(), [.. ends], [.. margins]));
    }

    /// <summary>Answers that were judged one by one, each beside the answer to the next prompt.</summary>
    /// <param name="rows">What was read.</param>
    /// <param name="encoder">What makes tokens of it.</param>
    /// <param name="time">The most tokens of a prompt with an answer.</param>
    public static Validation<Fault, Prepared<Judgements>> Judgements(Vec<Located<Judged>> rows, DialogueEncoder encoder, int time)
    {
        var (all, others, tally) = (new Examples.Builder(), new Examples.Builder(), new Tally());
        for (var i = 0; i < rows.Count; i++)
        {
            var (row, next) = (rows[i], rows[(i + 1) % rows.Count]);
            tally.Add(from own in Fit(row, encoder, time).Bind(fitted => Put(fitted, row.Where, all))
                      from other in Fit(new Located<Judged>(row.Value with { Answer = next.Value.Answer }, row.Where), encoder, time)
                          .Bind(fitted => Put(fitted, row.Where, others))
                      select own);
        }
        return tally.Or(() => new Judgements(all.Build(), others.Build(), [.. rows.Select(static r => r.Value.Good)]));
    }

    static Validation<Fault, Fitted> One(Example example, string where, long most)
    {
        var (fitted, cut) = example.Within((int)Math.Min(most, int.MaxValue));
        return Learns(fitted, where).Map(_ => new Fitted([fitted], example.Ids.Count, cut));
    }

    /// <summary>Prompts as tokens, whole: what is cut off a prompt may be what was asked.</summary>
    /// <param name="rows">What was read.</param>
    /// <param name="prompt">What is said before the answer.</param>
    /// <param name="encoder">What makes tokens of it.</param>
    /// <param name="context">The model's context.</param>
    /// <param name="answer">How many tokens of it an answer takes.</param>
    /// <param name="skips">Whether prompts that are too long are left out; else they are faults.</param>
    public static Validation<Fault, Vec<(T Row, Vec<int> Ids)>> Prompts<T>(Vec<Located<T>> rows, Func<T, Vec<Message>> prompt, DialogueEncoder encoder, int context, int answer,
        bool skips = false)
    {
        var (all, faults) = (new List<(T, Vec<int>)>(), new FaultList());
        foreach (var row in rows)
            faults.Add(encoder.Prompt(prompt(row.Value), row.Where).Bind(ids =>
            {
                var fits = ids.Count > 0 && ids.Count <= context - answer;
                if (fits) all.Add((row.Value, ids));
                return Fault.Unless(fits || skips, row.Where, $"is a prompt of {ids.Count} tokens",
                    $"allowed: 1 to {context - answer}, so that {answer} of an answer have room in a context of {context}");
            }));
        return faults.Or(() => (Vec<(T, Vec<int>)>)[.. all]);
    }

    /// <summary>
    /// Questions with their choices, in a model's context: a question that is longer is cut at its beginning, alike for all choices; a choice that does not fit
    /// whole behind a token of it is a fault.
    /// </summary>
    /// <param name="rows">What was read.</param>
    /// <param name="encoder">What makes tokens of it.</param>
    /// <param name="context">The model's context: a choice's last token is only predicted.</param>
    public static Validation<Fault, Vec<Fitted>> Choices(Vec<Located<MultipleChoice>> rows, DialogueEncoder encoder, int context)
    {
        var (all, faults) = (new List<Fitted>(), new FaultList());
        foreach (var row in rows)
            faults.Add(encoder.Encode(row.Value, row.Where).Bind(choices =>
            {
                var fitted = context < 1 ? (Answers: choices, Cut: Cut.Answer) : Example.Within(choices, context + 1);
                all.Add(new(fitted.Answers, choices.Max(static c => c.Ids.Count), fitted.Cut));
                return choices.Select((choice, i) => (choice.Learned, i)).MaxBy(static c => c.Learned) is var (longest, at) && fitted.Cut == Cut.Answer
                    ? Fault.Of<Unit>(row.Where, $"its choice {at + 1} has {longest} tokens", $"allowed: up to {Math.Max(0, context - choices[at].Kept)}, so that one stands before it in a context of {context}")
                    : Success<Fault, Unit>(unit);
            }));
        return faults.Or(() => (Vec<Fitted>)[.. all]);
    }

    static Validation<Fault, Unit> Learns(Example example, string where) => Fault.Unless(example.Ids.Count >= 2 && example.Learns.Skip(1).Any(static l => l),
        where, "has nothing that is learned", "expected an answer, with something before it");

    static Validation<Fault, Fitted> Put(Fitted fitted, string where, Examples.Builder all)
    {
        if (all.Tokens + fitted.Examples.Sum(static e => (long)e.Ids.Count) > System.Array.MaxLength)
            return Fault.Of<Fitted>(where, $"is beyond the {System.Array.MaxLength} tokens that rows may have together", "allowed: fewer rows");
        foreach (var example in fitted.Examples) all.Add(example);
        return Success<Fault, Fitted>(fitted);
    }

    static Validation<Fault, Unit> Different(Vec<Example> answers, string where, string what, string allowed) =>
        Fault.Unless(answers.Select(static a => a.Ids).Distinct().Count() == answers.Count, where,
            answers.Count == 2 ? $"its two answers {what}" : $"two of its answers {what}", allowed);

    sealed class Tally
    {
        readonly FaultList faults = new();
        long prompts, answers;

        public void Add(Validation<Fault, Fitted> outcome)
        {
            faults.Add(outcome);
            _ = outcome.Match(fitted => fitted.Cut switch { Cut.Prompt => prompts++, Cut.Answer => answers++, _ => 0 }, static _ => 0L);
        }

        public Validation<Fault, Prepared<T>> Or<T>(Func<T> data) => faults.Or(() => new Prepared<T>(data(), prompts, answers));
    }
}
