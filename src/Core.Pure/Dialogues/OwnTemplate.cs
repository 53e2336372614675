using Functional.Base;
using Functional.Templates;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>
/// A model's own chat template, in Jinja. What is learned is found by rendering it as far as each answer: with the mark that asks for the answer, and with the
/// answer. A template that renders earlier messages otherwise once more follow cannot be learned from so; that is a fault.
/// </summary>
public sealed record OwnTemplate : DialogueTemplate
{
    const string Probe = "An answer.";
    readonly ChatTemplates templates;

    // What asks for the next answer, where a template writes it whether that is wanted or not.
    readonly string excess;

    OwnTemplate(ChatTemplates templates, string end, string excess) : base(Own) => (this.templates, End, this.excess) = (templates, end, excess);

    /// <summary>The template, or why it is of no use.</summary>
    /// <param name="templates">What the model came with.</param>
    public static Validation<Fault, DialogueTemplate> Of(ChatTemplates templates) =>
        new OwnTemplate(templates, "", "").Segments([new(Role.User, "Q"), new(Role.Assistant, Probe)], false, true, "chat_template").Bind(whole =>
        {
            var text = whole.Count > 0 ? whole[^1].Text : "";
            var at = text.LastIndexOf(Probe, StringComparison.Ordinal);
            if (at < 0)
                return Fault.Of<DialogueTemplate>("chat_template", "leaves out what the assistant says", "expected a template with a place for it");
            var tail = text[(at + Probe.Length)..];
            var mark = templates.Tokens.Values.FirstOrDefault(t => t.Length > 0 && tail.StartsWith(t, StringComparison.Ordinal));
            return mark is null || string.IsNullOrWhiteSpace(tail[mark.Length..])
                ? Success<Fault, DialogueTemplate>(new OwnTemplate(templates, tail.TrimEnd(), ""))
                : Success<Fault, DialogueTemplate>(new OwnTemplate(templates, mark, tail[mark.Length..]));
        });

    /// <inheritdoc/>
    public override string End { get; }

    /// <inheritdoc/>
    public override string Fallback => "";

    /// <inheritdoc/>
    public override Validation<Fault, Vec<Segment>> Segments(Vec<Message> messages, bool prompt, bool hasEnd, string where)
    {
        var (all, done) = (new List<Segment>(), "");
        var rendered = messages.Map(Of);
        for (var i = 0; i <= messages.Count; i++)
        {
            var answers = i < messages.Count && messages[i].Role == Role.Assistant;
            if (!answers && !(prompt && i == messages.Count)) continue;
            var next = Goes(i, true, static text => new Segment(text, false));
            if (answers) next = next.Bind(_ => Goes(i + 1, false, text => new Segment(text, messages[i].Learns, End.Length == 0 && hasEnd)));
            if (next.IsFail) return next.Map(static _ => (Vec<Segment>)[]);
        }
        return Success<Fault, Vec<Segment>>([.. all]);

        // What the template makes of so many messages goes on where it stopped.
        Validation<Fault, Unit> Goes(int count, bool asks, Func<string, Segment> part) => Render(rendered, count, asks, where).Bind(text =>
        {
            if (!text.StartsWith(done, StringComparison.Ordinal))
                return Fault.Of<Unit>(where, $"its message {(asks ? count : count - 1) + 1} is told otherwise by the chat template than it asked for it, so that it is not clear what is learned",
                    "allowed: a template that goes on where it stopped; or another by its name, such as chatml");
            if (!asks && excess.Length > 0 && text.EndsWith(excess, StringComparison.Ordinal)) text = text[..^excess.Length];
            all.Add(part(text[done.Length..]));
            done = text;
            return Success<Fault, Unit>(unit);
        });
    }

    Validation<Fault, string> Render(Vec<Json> messages, int count, bool prompt, string where) =>
        templates.Render([.. messages.Take(count)], prompt).Map(static r => r.Text).MapFail(f => f with { Where = $"{where}, {f.Where}" });

    static Json Of(Message message) => new Json.Map(Params.Of<Json>(("role", new Json.Text(message.Role switch
    {
        Role.System => "system",
        Role.User => "user",
        _ => "assistant",
    })), ("content", new Json.Text(message.Whole))));
}
