using System.Text;
using Functional.Base;
using Functional.Families;
using Functional.Files;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>What a run keeps of the published model that it came from: the file <c>published.json</c> in its folder.</summary>
/// <param name="Family">The family's name, such as <c>llama</c>.</param>
/// <param name="Vocabulary">How many tokens the model has, 1 or more; its tokenizer may know fewer.</param>
/// <param name="HasTokenizer">Whether a tokenizer came with it.</param>
/// <param name="Tokens">The tokens that begin, end and fill up texts, as <c>config.json</c> has them.</param>
/// <param name="Generation">Its <c>generation_config.json</c>, as it was.</param>
/// <param name="TokenizerConfig">Its <c>tokenizer_config.json</c>, as it was.</param>
/// <param name="ChatTemplate">Its <c>chat_template.jinja</c>, as it was.</param>
public sealed record PublishedNote(string Family, int Vocabulary, bool HasTokenizer, TokenMarks Tokens, Option<Json> Generation, Option<Json> TokenizerConfig,
    Option<string> ChatTemplate)
{
    internal const string FileName = "published.json", GenerationName = "generation_config.json", TokenizerConfigName = "tokenizer_config.json",
        TemplateName = "chat_template.jinja";

    /// <summary>Every token at which a text ends, be it said by <c>config.json</c> or by <c>generation_config.json</c>.</summary>
    public Vec<int> Ends => [.. Tokens.End.Concat(Generation.Bind(static g => g.Given("eos_token_id")).Map(static json => json switch
    {
        Json.Whole { Value: >= 0 and <= int.MaxValue and var one } => (Vec<int>)[(int)one],
        Json.List { Items: var items } => [.. items.OfType<Json.Whole>().Where(static w => w.Value is >= 0 and <= int.MaxValue).Select(static w => (int)w.Value)],
        _ => [],
    }).IfNone([])).Distinct()];

    /// <summary>What lies in a published folder beside the model.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="model">Its model.</param>
    /// <param name="hasTokenizer">Whether it has a tokenizer, or one was given.</param>
    internal static Validation<Fault, PublishedNote> Of(string folder, PublishedModel model, bool hasTokenizer) =>
        (Object(Path.Combine(folder, GenerationName)), Object(Path.Combine(folder, TokenizerConfigName)), Template(Path.Combine(folder, TemplateName)))
        .Apply((generation, tokenizer, template) =>
            new PublishedNote(model.Family.Name, model.Config.Vocabulary, hasTokenizer, model.Tokens, generation, tokenizer, template));

    /// <summary>The note of a run; nothing where the run has none.</summary>
    /// <param name="run">The run's folder.</param>
    internal static Validation<Fault, Option<PublishedNote>> In(string run) => Path.Combine(run, FileName) is var path && File.Exists(path)
        ? Object(path).Bind(json => Read(json.IfNone(new Json.Null()), path)).Map(Some)
        : Success<Fault, Option<PublishedNote>>(None);

    static Validation<Fault, PublishedNote> Read(Json json, string path)
    {
        var from = new ConfigSource(json is Json.Map { Members: var members } ? members : Params<Json>.Empty, path);
        return (from.Word("family"), from.Whole("vocabulary", 1), from.Flag("tokenizer"), TokenMarks.Read(from), from.Word("chat_template"))
            .Apply((family, vocabulary, tokenizer, tokens, template) => (family, vocabulary, tokenizer, tokens, template))
            .Bind(read => read is { family.Case: string family, vocabulary.Case: int vocabulary, tokenizer.Case: bool tokenizer }
                ? Success<Fault, PublishedNote>(new(family, vocabulary, tokenizer, read.tokens, json.Given("generation_config"), json.Given("tokenizer_config"),
                    read.template))
                : Fault.Of<PublishedNote>(path, "lacks family, vocabulary or tokenizer", "expected the file that functional import wrote"));
    }

    /// <summary>Writes the note into a run's folder.</summary>
    internal Validation<Fault, Unit> Write(string run, Disk disk) => Put(Path.Combine(run, FileName), new Json.Map(Members.ToParams()).Write(), disk);

    (string, Json)[] Members =>
    [
        ("family", new Json.Text(Family)), ("vocabulary", new Json.Whole(Vocabulary)), ("tokenizer", new Json.Bool(HasTokenizer)), .. Tokens.Write(),
        ("generation_config", Generation.IfNone(new Json.Null())), ("tokenizer_config", TokenizerConfig.IfNone(new Json.Null())),
        ("chat_template", ChatTemplate.Match(static t => (Json)new Json.Text(t), static () => new Json.Null())),
    ];

    /// <summary>Writes a text file whole or not at all.</summary>
    internal static Validation<Fault, Unit> Put(string path, string text, Disk disk) => Disk.Guard(path, "the file is not whole", () =>
    {
        disk.Replace(path, Encoding.UTF8.GetBytes(text));
        return Success<Fault, Unit>(unit);
    });

    static Validation<Fault, Option<Json>> Object(string path) => !File.Exists(path) ? Success<Fault, Option<Json>>(None)
        : TextFile.Read(path).Bind(text => Json.Parse(text, path)).Bind(json => json is Json.Map ? Success<Fault, Option<Json>>(Some(json))
            : Fault.Of<Option<Json>>(path, $"is {json.Kind}", "expected an object"));

    static Validation<Fault, Option<string>> Template(string path) => File.Exists(path) ? TextFile.Read(path).Map(Some) : Success<Fault, Option<string>>(None);
}
