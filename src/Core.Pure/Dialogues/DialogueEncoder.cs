using Functional.Base;
using Functional.Families;
using Functional.Subwords;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>Where generation ends.</summary>
/// <param name="Tokens">Tokens, any of which ends it.</param>
/// <param name="Texts">Texts, any of which ends it and is no part of the answer.</param>
public sealed record Stops(Vec<int> Tokens, Vec<string> Texts);

/// <summary>
/// Conversations as tokens: a template with a tokenizer. Special tokens are tokens where the template writes them, and text like any other where they stand in a
/// message. What a model is to answer is encoded apart from its answer, in training as in generation.
/// </summary>
public sealed class DialogueEncoder
{
    static readonly Vec<string> ends = ["<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>", "<|im_end|>", "<|eot_id|>"];

    readonly Shield shield;
    readonly Vec<int> before;

    DialogueEncoder(DialogueTemplate template, Tokenizer tokenizer, TokenMarks marks)
    {
        (Template, Tokenizer, Marks, shield) = (template, tokenizer, marks, Shield.Of(tokenizer));
        // A model's own template writes the token that its texts begin with.
        before = template is MarkTemplate marked && !shield.Begins(marked.Begin) ? (tokenizer as SubwordTokenizer)?.Before ?? [] : [];
    }

    /// <summary>How messages become text.</summary>
    public DialogueTemplate Template { get; }

    /// <summary>How text becomes tokens.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The tokens that begin and end texts.</summary>
    public TokenMarks Marks { get; }

    /// <summary>The encoder; or faults where the tokenizer does not know the characters of the template's marks.</summary>
    /// <param name="template">How messages become text.</param>
    /// <param name="tokenizer">How text becomes tokens.</param>
    /// <param name="marks">The tokens that begin and end texts; without them, those that the tokenizer calls by the usual names.</param>
    public static Validation<Fault, DialogueEncoder> Of(DialogueTemplate template, Tokenizer tokenizer, TokenMarks? marks = null)
    {
        var encoder = new DialogueEncoder(template, tokenizer, marks ?? Usual(tokenizer));
        Message[] all = [new(Role.User, "") { Input = template is MarkTemplate { Input: not null } ? " " : "" }, new(Role.Assistant, ""), new(Role.User, "")];
        return template is MarkTemplate
            ? encoder.Segments([.. all], true, $"template {template.Name}").Bind(segments => encoder.Encoded(segments, $"template {template.Name}"))
                .Map(_ => encoder)
            : Success<Fault, DialogueEncoder>(encoder);
    }

    /// <summary>A conversation's tokens: of each message of the assistant that is to be learned, its text and its end are targets.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="where">What faults call it, such as <c>file.jsonl, line 12</c>.</param>
    public Validation<Fault, Example> Encode(Conversation conversation, string where) =>
        Segments(conversation.Messages, false, where).Bind(segments => Encoded(segments, where)).Bind(example => example.Ids.Count > 0
            ? Success<Fault, Example>(example)
            : Fault.Of<Example>(where, "has nothing that is learned", "expected a message of the assistant, with a text"));

    /// <summary>A prompt and one answer to it, which alone is learned.</summary>
    /// <param name="prompt">What is said before, in order.</param>
    /// <param name="answer">What the assistant says then.</param>
    /// <param name="where">What faults call it.</param>
    public Validation<Fault, Example> Encode(Vec<Message> prompt, string answer, string where) =>
        Encode(new Conversation([.. prompt.Select(static m => m with { Learns = false }), new(Role.Assistant, answer)]), where);

    /// <summary>Each answer of a ranking behind its prompt, the best first; the tokens of the prompt are the same for all.</summary>
    /// <param name="ranking">The ranking.</param>
    /// <param name="where">What faults call it.</param>
    public Validation<Fault, Vec<Example>> Encode(Ranking ranking, string where) =>
        ranking.Answers.Select(answer => Encode(ranking.Prompt, answer, where)).Gather();

    /// <summary>
    /// Each choice behind its question, whose tokens are the same for all: the choice's own tokens alone are targets, without what ends an answer. By a template each
    /// segment is encoded by itself, as an answer was learned. By one without marks choices end a text: question and choice are encoded together, with a blank
    /// between them that is the choice's, and what both have in common before the first token in which any two choices or the text alone differ is the question.
    /// </summary>
    /// <param name="asked">The question.</param>
    /// <param name="where">What faults call it.</param>
    public Validation<Fault, Vec<Example>> Encode(MultipleChoice asked, string where) => Template is MarkTemplate { IsText: true } ? Endings(asked, where)
        : asked.Choices.Select((choice, i) => Segments([.. asked.Prompt.Select(static m => m with { Learns = false }), new(Role.Assistant, choice)], false, where)
            .Map(all => (Vec<Segment>)[.. all.SkipLast(1), new(WithoutEnd(all[^1].Text), true)]).Bind(segments => Encoded(segments, where))
            .Bind(example => Fault.Unless(example.LastAnswer > 0 && example.LastAnswer < example.Ids.Count, where, $"its choice {i + 1} has no token, or nothing stands before it",
                "expected a text, and a question").Map(_ => example))).Gather();

    Validation<Fault, Vec<Example>> Endings(MultipleChoice asked, string where)
    {
        var text = asked.Text.TrimEnd();
        // What is white at the end of a text begins its ending, as words do in most vocabularies.
        var gap = text.Length < asked.Text.Length ? asked.Text[text.Length..] : " ";
        return (Said(text), asked.Choices.Select(choice => Said(text + (char.IsWhiteSpace(choice[0]) ? choice : gap + choice))).Gather()).Apply(static (alone, all) => (alone, all)).Bind(ids =>
        {
            var shared = ids.all.Min(one => one.AsSpan().CommonPrefixLength(ids.alone));
            return Fault.Unless(before.Count + shared > 0 && ids.all.All(one => one.Length > shared), where, "has no token before its choices, or a choice has none",
                "expected a text, and choices that go on with it").Map(_ => ids.all.Select(one => new Example([.. before, .. one],
                    [.. Enumerable.Range(0, before.Count + one.Length).Select(i => i >= before.Count + shared)], before.Count)).ToVec());
        });

        Validation<Fault, int[]> Said(string words) => Tokenizer.Encode(words, SpecialTokens.Text).MapFail(f => f with { Where = where, What = $"at {f.Where} of its text, {f.What}" });
    }

    string WithoutEnd(string answer)
    {
        var end = Template.End.Length > 0 ? Template.End : Marks.End.Count == 0 ? Template.Fallback : "";
        return end.Length > 0 && answer.TrimEnd().EndsWith(end, StringComparison.Ordinal) ? answer.TrimEnd()[..^end.Length] : answer;
    }

    /// <summary>The tokens before what the assistant is to say, as training had them.</summary>
    /// <param name="messages">What is said before, in order.</param>
    /// <param name="where">What faults call it.</param>
    public Validation<Fault, Vec<int>> Prompt(Vec<Message> messages, string where = "prompt") =>
        Segments(messages, true, where).Bind(segments => segments.Select(s => Ids(s, where)).Gather())
            .Map(parts => (Vec<int>)[.. before, .. parts.SelectMany(static p => p.Ids)]);

    /// <summary>Where generation ends.</summary>
    public Stops Stops
    {
        get
        {
            var mark = Template.End.Length > 0 ? Template.End : Marks.End.Count == 0 ? Template.Fallback : "";
            var token = mark.Length == 0 ? [] : Tokenizer.Encode(mark.Trim(), SpecialTokens.Allow).IfFail(static _ => []);
            var isToken = token.Length == 1 && shield.IsSpecial(mark.Trim());
            return new([.. Marks.End.Concat(isToken ? token : []).Distinct()], mark.Length == 0 || isToken ? [] : [mark]);
        }
    }

    static TokenMarks Usual(Tokenizer tokenizer) => tokenizer is SubwordTokenizer words
        ? new(words.Before is [var first, ..] ? Some(first) : None,
            [.. ends.Select(words.Find).OfType<int>().Take(1)], None)
        : TokenMarks.None;

    Validation<Fault, Vec<Segment>> Segments(Vec<Message> messages, bool prompt, string where) =>
        Template.Segments(messages.Map(m => m with { Text = shield.Cover(m.Text), Input = shield.Cover(m.Input) }), prompt, Marks.End.Count > 0, where);

    Validation<Fault, Example> Encoded(Vec<Segment> segments, string where) => segments.Select(segment => Ids(segment, where)).Gather().Map(parts =>
    {
        var ids = parts.SelectMany(static p => p.Ids).Prepend(before);
        var learns = parts.SelectMany(static p => Enumerable.Range(0, p.Ids.Length).Select(i => i < p.Learned)).Prepend(before.Map(static _ => false));
        var count = learns.FindLastIndex(static l => l) + 1;
        var kept = before.Count > 0 ? before.Count : ids.Count > 0 && Marks.Begin.Match(begin => begin == ids[0], static () => false) ? 1 : 0;
        return new Example([.. ids.Take(count)], [.. learns.Take(count)], Math.Min(kept, count));
    });

    // Behind the mark that ends an answer there may be white space, which nobody writes: generation has stopped by then.
    Validation<Fault, (int[] Ids, int Learned)> Ids(Segment segment, string where) => shield.Encode(segment.Text).MapFail(f => f with
    {
        Where = where,
        What = $"at {f.Where} of {(segment.Learns ? "an answer" : "its text")}, {f.What}",
    }).Map(ids =>
    {
        if (segment.Ends) ids = [.. ids, Marks.End[0]];
        if (!segment.Learns) return (ids, 0);
        var mark = Template.End.TrimEnd();
        var end = mark.Length > 0 && shield.IsSpecial(mark) ? System.Array.LastIndexOf(ids, shield.Id(mark)) : -1;
        return (ids, end >= 0 ? end + 1 : ids.Length);
    });
}

file static class Lists
{
    public static List<T> Prepend<T>(this IEnumerable<T> items, Vec<T> first) => [.. first, .. items];
}
