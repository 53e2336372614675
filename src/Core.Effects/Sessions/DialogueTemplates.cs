using Functional.Base;
using Functional.Dialogues;
using Functional.Files;
using Functional.Settings;
using Functional.Templates;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>Templates of dialogues by the names that people give.</summary>
public static class DialogueTemplates
{
    /// <summary>A template: one that is built in, a model's own, or one that somebody wrote in a file.</summary>
    /// <param name="name">Its name, <c>own</c>, or a file.</param>
    /// <param name="note">What a run keeps of the published model that it came from, with its chat template.</param>
    public static Validation<Fault, DialogueTemplate> Find(string name, Option<PublishedNote> note) =>
        name == DialogueTemplate.Own ? OwnOf(note)
        : DialogueTemplate.BuiltIn.All(t => t.Name != name) && File.Exists(name) ? TemplateFile.Read(name)
        : DialogueTemplate.Named(name);

    /// <summary>The whole path of a template's file; other names as they are.</summary>
    public static string Whole(string name) => name != DialogueTemplate.Own && DialogueTemplate.BuiltIn.All(t => t.Name != name) && File.Exists(name)
        ? Path.GetFullPath(name) : name;

    /// <summary>What makes tokens of a stage's dialogues.</summary>
    /// <param name="config">The stage.</param>
    /// <param name="tokenizer">The run's tokenizer.</param>
    /// <param name="note">What the run keeps of the published model that it came from.</param>
    public static Validation<Fault, DialogueEncoder> Encoder(RunConfig config, Tokenizer tokenizer, Option<PublishedNote> note) =>
        from template in Find(config.Stage.Rows.Template, note)
        from encoder in DialogueEncoder.Of(template, tokenizer, note.Match(static n => n.Tokens with { End = n.Ends }, static () => null!))
        select encoder;

    static Validation<Fault, DialogueTemplate> OwnOf(Option<PublishedNote> note) => note.Match(
        static n => ChatTemplates.Read(n.TokenizerConfig.IfNone(new Json.Map(Params<Json>.Empty)), "tokenizer_config.json", n.ChatTemplate).Bind(OwnTemplate.Of),
        static () => Fault.Of<DialogueTemplate>("template", $"is {DialogueTemplate.Own}, but the run came from no published model",
            $"allowed: {string.Join(", ", DialogueTemplate.BuiltIn.Select(static t => t.Name))}, or the file of one"));
}
