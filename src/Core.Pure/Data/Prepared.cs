using Functional.Base;
using Functional.Dialogues;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Data;

/// <summary>Rows as tokens, and what had to be cut.</summary>
/// <param name="Data">The tokens.</param>
/// <param name="PromptsCut">How many rows lost the beginning of what stands before the answer.</param>
/// <param name="AnswersCut">How many lost the end of an answer.</param>
public sealed record Prepared<T>(T Data, long PromptsCut, long AnswersCut);

/// <summary>Makes tokens of what was read from rows. Faults of many rows are told together, the first few and how many more.</summary>
public static class Prepare
{
    /// <summary>Conversations to be fine-tuned on.</summary>
    /// <param name="rows">What was read; gone through once.</param>
    /// <param name="encoder">What makes tokens of it.</param>
    /// <param name="context">The model's context: an example has one token more at most, which is only predicted.</param>
    public static Validation<Fault, Prepared<Examples>> Conversations(IEnumerable<Located<Conversation>> rows, DialogueEncoder encoder, int context)
    {
        var (all, tally) = (new Examples.Builder(), new Tally());
        foreach (var row in rows)
            tally.Add(encoder.Encode(row.Value, row.Where).Map(example => example.Within(context + 1)).Bind(fitted => Whole(fitted.Example, row.Where, all)
                .Map(_ => fitted.Cut)));
        return tally.Or(all.Build);
    }

    /// <summary>Comparisons: the prompt is cut alike for all answers, and answers that would be equal when they are cut are a fault.</summary>
    /// <param name="rows">What was read; gone through once.</param>
    /// <param name="encoder">What makes tokens of it.</param>
    /// <param name="time">The most tokens of a prompt with an answer.</param>
    public static Validation<Fault, Prepared<Rankings>> Rankings(IEnumerable<Located<Ranking>> rows, DialogueEncoder encoder, int time)
    {
        var (all, ends, margins, tally) = (new Examples.Builder(), new List<int>(), new List<float>(), new Tally());
        foreach (var row in rows)
            tally.Add(encoder.Encode(row.Value, row.Where).Bind(answers => Different(answers, row.Where, "are the same tokens", "expected answers that differ"))
                .Map(answers => Example.Within(answers, time))
                .Bind(fitted => Different(fitted.Answers, row.Where, $"are equal in what is left of them, for {time} tokens are the most that there is room for",
                    "allowed: a larger context, or answers that differ earlier").Map(_ => fitted))
                .Bind(fitted => fitted.Answers.Select(a => Whole(a, row.Where, all)).Gather().Map(_ =>
                {
                    ends.Add((ends.Count == 0 ? 0 : ends[^1]) + fitted.Answers.Count);
                    margins.Add((float)row.Value.Margin);
                    return fitted.Cut;
                })));
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
            tally.Add(from own in encoder.Encode(row.Value.Prompt, row.Value.Answer, row.Where)
                      let fitted = own.Within(time)
                      from other in encoder.Encode(row.Value.Prompt, next.Value.Answer, next.Where)
                      from put in Whole(fitted.Example, row.Where, all)
                      from beside in Whole(other.Within(time).Example, next.Where, others)
                      select fitted.Cut);
        }
        return tally.Or(() => new Judgements(all.Build(), others.Build(), [.. rows.Select(static r => r.Value.Good)]));
    }

    static Validation<Fault, Unit> Whole(Example example, string where, Examples.Builder all)
    {
        if (example.Ids.Count < 2 || !example.Learns.Skip(1).Any(static l => l))
            return Fault.Of<Unit>(where, "has nothing that is learned", "expected an answer, with something before it");
        if (all.Tokens + example.Ids.Count > System.Array.MaxLength)
            return Fault.Of<Unit>(where, $"is beyond the {System.Array.MaxLength} tokens that rows may have together", "allowed: fewer rows");
        all.Add(example);
        return Success<Fault, Unit>(unit);
    }

    static Validation<Fault, Vec<Example>> Different(Vec<Example> answers, string where, string what, string allowed) =>
        answers.Select(static a => a.Ids).Distinct().Count() == answers.Count ? Success<Fault, Vec<Example>>(answers)
            : Fault.Of<Vec<Example>>(where, answers.Count == 2 ? $"its two answers {what}" : $"two of its answers {what}", allowed);

    sealed class Tally
    {
        readonly FaultList faults = new();
        long prompts, answers;

        public void Add(Validation<Fault, Cut> outcome)
        {
            faults.Add(outcome);
            _ = outcome.Match(cut => cut switch { Cut.Prompt => prompts++, Cut.Answer => answers++, _ => 0 }, static _ => 0L);
        }

        public Validation<Fault, Prepared<T>> Or<T>(Func<T> data) => faults.Or(() => new Prepared<T>(data(), prompts, answers));
    }
}
