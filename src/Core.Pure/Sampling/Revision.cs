using System.Text;
using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sampling;

/// <summary>
/// What a model is asked so that it improves its own answers (test-time preference optimisation: Li et al. 2025, "Test-time preference optimization: on-the-fly
/// alignment via iterative textual feedback"): to compare the best answer with the worst (a loss in words), to say what to change (its gradient), and to write
/// anew (the update). Places in braces are filled in; <c>{{</c> and <c>}}</c> stand for braces. Models that follow instructions can do it; one that has only
/// learned to answer questions of one kind cannot.
/// </summary>
/// <param name="Loss">Asks what is better about one answer than another: <c>{question}</c>, <c>{best}</c>, <c>{worst}</c>.</param>
/// <param name="Gradient">Asks what follows from that: <c>{question}</c>, <c>{best}</c>, <c>{worst}</c>, <c>{critique}</c>.</param>
/// <param name="Update">Asks for an answer that heeds it: <c>{question}</c>, <c>{best}</c>, <c>{advice}</c>.</param>
public sealed record RevisionTexts(string Loss, string Gradient, string Update)
{
    static readonly Vec<(string Name, Vec<string> Places, Vec<string> Needed)> forms =
    [
        ("loss", ["question", "best", "worst"], ["best", "worst"]),
        ("gradient", ["question", "best", "worst", "critique"], ["critique"]),
        ("update", ["question", "best", "advice"], ["question", "advice"]),
    ];

    /// <summary>Texts in plain letters, which small alphabets have, too.</summary>
    public static RevisionTexts Standard { get; } = new(
        "Question:\n{question}\n\nA good answer:\n{best}\n\nA bad answer:\n{worst}\n\nWhat is better about the good answer, and what is wrong with the bad one? What is still missing in the good one?",
        "Question:\n{question}\n\nAn answer:\n{best}\n\nWhat was said about it:\n{critique}\n\nSay in a few short steps how to make this answer better.",
        "Question:\n{question}\n\nAn answer:\n{best}\n\nAdvice:\n{advice}\n\nFollow the advice and write a better answer to the question. Write the answer alone.");

    /// <summary>These texts, or everything that is wrong with them: a place that is not known, braces that stay open, a place that is missing.</summary>
    /// <param name="where">What faults call them.</param>
    public Validation<Fault, RevisionTexts> Validate(string where = "revision texts") =>
        forms.Zip([Loss, Gradient, Update], (form, text) => Parts(text, $"{where}: {form.Name}", form.Places).Bind(parts => form.Needed
            .Select(place => Fault.Unless(parts.Any(p => p.IsPlace && p.Text == place), $"{where}: {form.Name}", $"has no {{{place}}}, without which it asks nothing",
                $"allowed: {string.Join(", ", form.Places.Select(static p => $"{{{p}}}"))}")).Gather())).Gather().Map(_ => this);

    /// <summary>Reads texts that a user wrote: an object with any of <c>loss</c>, <c>gradient</c> and <c>update</c>; the others are <see cref="Standard"/>'s.</summary>
    /// <param name="json">The object.</param>
    /// <param name="file">What faults call it.</param>
    public static Validation<Fault, RevisionTexts> Read(Json json, string file)
    {
        const string Allowed = "allowed: loss, gradient, update, each a text";
        if (json is not Json.Map { Members: var members }) return Fault.Of<RevisionTexts>(file, $"is {json.Kind}", $"expected an object; {Allowed}");
        var known = members.Select(m => !forms.Any(f => f.Name == m.Name) ? Fault.Of<Unit>($"{file}: {m.Name}", "is unknown", Allowed)
            : Fault.Unless(m.Value is Json.Text, $"{file}: {m.Name}", $"is {m.Value.Kind}", "expected a text")).Gather();
        string Of(string name, string otherwise) => members.Contains(name) && members[name] is Json.Text { Value: var text } ? text : otherwise;
        return known.Bind(_ => new RevisionTexts(Of("loss", Standard.Loss), Of("gradient", Standard.Gradient), Of("update", Standard.Update)).Validate(file));
    }

    /// <summary>What compares two answers.</summary>
    public string AskLoss(string question, string best, string worst) => Filled(Loss, ("question", question), ("best", best), ("worst", worst));

    /// <summary>What asks for advice.</summary>
    public string AskGradient(string question, string best, string worst, string critique) =>
        Filled(Gradient, ("question", question), ("best", best), ("worst", worst), ("critique", critique));

    /// <summary>What asks for a better answer.</summary>
    public string AskUpdate(string question, string best, string advice) => Filled(Update, ("question", question), ("best", best), ("advice", advice));

    // In one go: braces in what is filled in are text.
    static string Filled(string text, params (string Name, string Value)[] values) => Parts(text, "", [.. values.Select(static v => v.Name)])
        .Map(parts => string.Concat(parts.Select(p => p.IsPlace ? System.Array.Find(values, v => v.Name == p.Text).Value : p.Text)))
        .IfFail(static faults => throw new ArgumentException(faults.Lines()));

    static Validation<Fault, Vec<(string Text, bool IsPlace)>> Parts(string text, string where, Vec<string> places)
    {
        var (parts, plain, faults) = (new List<(string, bool)>(), new StringBuilder(), new List<Fault>());
        var allowed = $"allowed: {string.Join(", ", places.Select(static p => $"{{{p}}}"))}; {{{{ and }}}} for braces";
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] is not ('{' or '}')) plain.Append(text[at]);
            else if (at + 1 < text.Length && text[at + 1] == text[at]) plain.Append(text[at++]);
            else if (text[at] == '}') faults.Add(new(where, $"closes a brace at character {at + 1} that was not opened", allowed));
            else if (text.IndexOf('}', at) is var end && end < 0)
            {
                faults.Add(new(where, $"opens a brace at character {at + 1} that stays open", allowed));
                break;
            }
            else
            {
                var name = text[(at + 1)..end];
                if (!places.Contains(name)) faults.Add(new(where, $"has {{{(name.Length > 40 ? name[..40] + "…" : name)}}}", allowed));
                parts.Add((plain.ToString(), false));
                parts.Add((name, true));
                plain.Clear();
                at = end;
            }
        }
        return faults.Count > 0 ? Validation<Fault, Vec<(string, bool)>>.Fail(faults.ToSeq().Strict()) : Success<Fault, Vec<(string, bool)>>([.. parts, (plain.ToString(), false)]);
    }
}

/// <summary>How far revisions have come.</summary>
/// <param name="Round">After how many; 0 for the first answers.</param>
/// <param name="Answers">How many answers a prompt has by then, in the mean.</param>
/// <param name="Tokens">How many tokens were written for it, critiques and advice among them, in the mean.</param>
/// <param name="Reward">What the judge gives the best answer so far, in the mean.</param>
/// <param name="Value">What that answer is measured by.</param>
/// <param name="Revised">Of how many prompts this round wrote anew; the others have no room for what it asks.</param>
public sealed record RevisionPoint(int Round, double Answers, double Tokens, Rate Reward, Rate Value, int Revised);

/// <summary>A prompt's answers so far, of which the best is kept: its reward never falls.</summary>
/// <param name="Seen">All answers, in the order in which they were written.</param>
/// <param name="Asides">How many tokens critiques and advice took.</param>
public sealed record Revision(Vec<Candidate> Seen, long Asides = 0)
{
    /// <summary>The first of the best; nothing where no answer has a reward.</summary>
    public Candidate? Best => BestOf.Pick([.. Seen.Select(static c => c.Reward)]) is { } at ? Seen[at] : null;

    /// <summary>The first of the worst; where all are worth the same, the best stands beside itself.</summary>
    public Candidate? Worst => BestOf.Pick([.. Seen.Select(static c => -c.Reward)]) is { } at ? Seen[at] : null;

    /// <summary>How many tokens were written.</summary>
    public long Tokens => Asides + Seen.Sum(static c => (long)c.Tokens);

    /// <summary>After another round.</summary>
    /// <param name="written">Its answers.</param>
    /// <param name="asides">How many tokens its critique and advice took.</param>
    public Revision After(Vec<Candidate> written, long asides) => new([.. Seen, .. written], Asides + asides);

    /// <summary>How far all prompts have come.</summary>
    /// <param name="round">After how many rounds.</param>
    /// <param name="all">Every prompt, one or more.</param>
    /// <param name="revised">Of how many this round wrote anew.</param>
    /// <param name="key">What decides the draws of intervals.</param>
    public static RevisionPoint Point(int round, Vec<Revision> all, int revised, Key key)
    {
        var best = all.Map(static r => r.Best);
        return new(round, all.Average(static r => (double)r.Seen.Count), all.Average(static r => (double)r.Tokens),
            Curves.Mean(best.Select(static b => b?.Reward ?? double.NaN), key), Curves.Mean(best.Select(static b => b?.Value ?? double.NaN), key), revised);
    }
}
