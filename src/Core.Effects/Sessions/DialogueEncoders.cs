using Functional.Base;
using Functional.Dialogues;
using Functional.Files;
using Functional.Templates;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>What makes tokens of conversations, for the model of a run or for a tokenizer.</summary>
public static class DialogueEncoders
{
    const string Usual = "alpaca";

    /// <summary>The encoder of a run: with its tokenizer, and the tokens that its model begins and ends texts with.</summary>
    /// <param name="run">The run.</param>
    /// <param name="template">A built-in template's name, <c>own</c>, or the file of one; nothing for the model's own, or Alpaca's where it has none.</param>
    public static Validation<Fault, DialogueEncoder> Of(RunFolder run, string? template) => Of(run.Tokenizer, template, run.Note);

    /// <summary>The encoder of a tokenizer.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="template">A built-in template's name, <c>own</c>, or the file of one; nothing for the model's own, or Alpaca's where it has none.</param>
    /// <param name="note">What is kept of the published model that it came with.</param>
    public static Validation<Fault, DialogueEncoder> Of(Tokenizer tokenizer, string? template, Option<PublishedNote> note = default) =>
        from known in tokenizer is IdTokenizer ? IdTokenizer.NoText.As<Unit>() : Success<Fault, Unit>(unit)
        from chosen in Template(template, note)
        from encoder in DialogueEncoder.Of(chosen, tokenizer,
            note.Case is PublishedNote { Ends.Count: > 0 } published ? published.Tokens with { End = published.Ends } : null)
        select encoder;

    internal static Validation<Fault, DialogueTemplate> Template(string? word, Option<PublishedNote> note) => word switch
    {
        null => note.Exists(HasOwn) ? Own(note) : DialogueTemplate.Named(Usual),
        DialogueTemplate.Own => Own(note),
        _ when TemplateFile.IsOne(word) => TemplateFile.Read(word),
        _ => DialogueTemplate.Named(word),
    };

    internal static bool HasOwn(PublishedNote note) => note.ChatTemplate.IsSome || note.TokenizerConfig.Bind(static c => c.Given("chat_template")).IsSome;

    static Validation<Fault, DialogueTemplate> Own(Option<PublishedNote> note) => note.Filter(HasOwn).Match(
        static n => ChatTemplates.Read(n.TokenizerConfig.IfNone(new Json.Map(Params<Json>.Empty)), PublishedNote.TokenizerConfigName, n.ChatTemplate).Bind(OwnTemplate.Of),
        static () => Fault.Of<DialogueTemplate>("template", $"is {DialogueTemplate.Own}, and there is no model with a chat template",
            $"allowed: {string.Join(", ", DialogueTemplate.BuiltIn.Select(static t => t.Name))}, or the file of one"));
}
