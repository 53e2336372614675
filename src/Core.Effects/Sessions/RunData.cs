using Functional.Base;
using Functional.Data;
using Functional.Dialogues;
using Functional.Formats;
using Functional.Stories;
using Functional.Subwords;
using Functional.Engines;
using Functional.Files;
using Functional.Runs;
using Functional.Settings;
using Functional.Storage;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>What a sample answers.</summary>
/// <param name="Ids">The tokens before the answer.</param>
/// <param name="Stops">What ends it.</param>
public sealed record SamplePrompt(Vec<int> Ids, Stops Stops);

/// <summary>What a stage learns from, read and turned into tokens.</summary>
/// <param name="Tokenizer">What made the tokens.</param>
/// <param name="Identity">What it is, and its tokenizer, summed up.</param>
public abstract record RunData(Tokenizer Tokenizer, TextIdentity Identity)
{
    /// <summary>Tokens to learn from.</summary>
    public abstract long TrainTokens { get; }

    /// <summary>Tokens that are only evaluated.</summary>
    public abstract long ValidationTokens { get; }

    /// <summary>How a run sees each of several texts; none where it learns from one, or from rows.</summary>
    /// <param name="config">The stage, resolved.</param>
    public virtual Vec<TextShare> Shares(RunConfig config) => [];

    /// <summary>Rows that did not fit a context: how many lost the beginning of what stands before the answer, and how many the end of an answer.</summary>
    public (long Prompts, long Answers) Cut { get; init; }

    /// <summary>Tokens of a prompt in the mean, of what a policy answers itself; 0 where it answers nothing.</summary>
    public virtual double PromptTokens => 0;

    /// <summary>What a stage does with it.</summary>
    /// <param name="config">The stage, resolved.</param>
    public abstract Stage Stage(RunConfig config);

    /// <summary>As <see cref="Stage(RunConfig)"/>, with all that has to be computed of its rows before the first step.</summary>
    /// <param name="engine">Where that is computed.</param>
    /// <param name="config">The stage, resolved.</param>
    /// <param name="weights">The weights that it begins with; nothing for fresh ones.</param>
    /// <param name="stop">Asks to give up.</param>
    public virtual Validation<Fault, Stage> Stage(IEngine engine, RunConfig config, Option<StartWeights> weights, CancellationToken stop) => Success<Fault, Stage>(Stage(config));

    /// <summary>The same with what is only evaluated in place of what is learned: for measuring, which needs to know nothing of the rest.</summary>
    public virtual RunData KeptAlone => this;

    /// <summary>What judges the answers of a stage that practises; nothing for one that does not.</summary>
    /// <param name="engine">Where a model that judges runs.</param>
    /// <param name="config">The stage, resolved.</param>
    /// <param name="rewards">What a program gives where judges are functions, by the judges' names.</param>
    public virtual Validation<Fault, Option<Judging>> Judge(IEngine engine, RunConfig config, Params<Reward> rewards) => Success<Fault, Option<Judging>>(None);

    /// <summary>What a sample answers, of data that asks; nothing where a sample is just a text.</summary>
    public virtual Option<SamplePrompt> Prompt => None;

    /// <summary>
    /// The text of a recipe's first stage, with the tokenizer of its initial weights, or one made for the texts of all stages; faults when they cannot be
    /// read or the first is too short.
    /// </summary>
    /// <param name="recipe">The run.</param>
    /// <param name="stop">Asks to give up.</param>
    public static Validation<Fault, RunData> Load(Recipe recipe, CancellationToken stop = default) =>
        from valid in recipe.Validate()
        let corpora = Corpora()
        from apart in recipe.Stages.Values.Select(static c => MixtureFiles.Check(c.Stage.Source)).Gather()
        from note in NoteOf(recipe)
        from tokenizer in recipe.Stages.Values[0] is { Stage: var first } && (first.From ?? (first.Kind == StageKind.Distill ? first.Distill.Teacher : null)) is { } weights ? InitialWeights.Tokenizer(weights) : TokenizerFor(recipe, corpora, stop)
        from data in Load(recipe.Stages.Values[0], tokenizer, note, corpora, stop)
        select data;

    /// <summary>What a recipe's run will keep of the published model that it begins with; nothing where it begins with none.</summary>
    internal static Validation<Fault, Option<PublishedNote>> NoteOf(Recipe recipe) =>
        recipe.Stages.Values[0].Stage.From is { } weights ? InitialWeights.Note(weights) : Success<Fault, Option<PublishedNote>>(None);

    /// <summary>The text or the rows that a configuration names, by a tokenizer that there is; characters that it does not know are faults.</summary>
    /// <param name="config">The stage.</param>
    /// <param name="tokenizer">The run's tokenizer.</param>
    /// <param name="note">What the run keeps of the published model that it came from.</param>
    /// <param name="stop">Asks to give up.</param>
    public static Validation<Fault, RunData> Load(RunConfig config, Tokenizer tokenizer, Option<PublishedNote> note, CancellationToken stop = default) =>
        Load(config, tokenizer, note, Corpora(), stop);

    static Validation<Fault, RunData> Load(RunConfig config, Tokenizer tokenizer, Option<PublishedNote> note, Func<SourceConfig, string> corpora,
        CancellationToken stop) => config.Stage.Kind switch
    {
        _ when config.Stage.LearnsText => LoadText(config, tokenizer, corpora, stop),
        _ when config.Stage.LearnsAnswers => RowParts.Encoder(config, tokenizer, note).Bind(encoder => ConversationData.Load(config, encoder, stop)),
        _ when config.Stage.Practises => RowParts.Encoder(config, tokenizer, note).Bind(encoder => PromptData.Load(config, encoder, stop)),
        StageKind.Dpo when config.Stage.Preference.Judged is not null => RowParts.Encoder(config, tokenizer, note).Bind(encoder => JudgedData.Load(config, encoder, stop)),
        _ => RowParts.Encoder(config, tokenizer, note).Bind(encoder => RankingData.Load(config, encoder, stop)),
    };

    static Validation<Fault, RunData> LoadText(RunConfig config, Tokenizer tokenizer, Func<SourceConfig, string> corpora, CancellationToken stop) =>
        from apart in MixtureFiles.Check(config.Stage.Source)
        from texts in config.Stage.Source is { IsEmbedded: false, Texts: var files }
            ? files.Select(t => TextFile.Tokens(t.Name, tokenizer, config.LineEnds, stop).Map(tokens => (t.Name, t.Weight, tokens))).Gather()
            : tokenizer.Encode(corpora(config.Stage.Source)).Map(ids => (Vec<(string, double, TokenStream)>)[(config.Stage.Source.Name, 1, TokenStream.Of(ids))])
                .MapFail(f => f with { Where = $"{config.Stage.Source.Name}, {f.Where}" })
        from data in TextData.Of(config, tokenizer, texts)
        select (RunData)data;

    /// <summary>A text that is tokens already, as <see cref="TextData.Of(RunConfig, Tokenizer, TokenStream)"/> divides it.</summary>
    public static Validation<Fault, RunData> Of(RunConfig config, Tokenizer tokenizer, TokenStream tokens) =>
        TextData.Of(config, tokenizer, tokens).Map(static RunData (data) => data);

    /// <summary>The token that begins each document of a run, if there is one.</summary>
    public static Validation<Fault, Option<int>> SeparatorOf(RunConfig config, Tokenizer tokenizer) => config.Stage.Source.Separator is not { } text
        ? Success<Fault, Option<int>>(None)
        : tokenizer.Encode(text).Match(
            ids => ids.Length == 1 ? Success<Fault, Option<int>>(ids[0])
                : Fault.Of<Option<int>>("separator", $"is {text}, which is {ids.Length} tokens of the {tokenizer}", "allowed: one token"),
            _ => Fault.Of<Option<int>>("separator", $"is {text}, which the {tokenizer} does not know", "allowed: one token"));

    /// <summary>The recipe with nothing left open in any stage.</summary>
    public Validation<Fault, Recipe> Resolve(Recipe recipe) =>
        recipe.Map(Resolved).Validate().Bind(all => all.Each(Resolve));

    /// <summary>The configuration with nothing left open: the tokenizer's vocabulary, and whole paths.</summary>
    public Validation<Fault, RunConfig> Resolve(RunConfig config) => config.Model.Vocabulary is 0 || config.Model.Vocabulary == Tokenizer.VocabularySize
        ? Resolved(config).Validate().Bind(StartTeacher.Known)
        : Fault.Of<RunConfig>("Model.Vocabulary", $"is {config.Model.Vocabulary}", $"allowed: {Tokenizer.VocabularySize}, the tokens of the {Tokenizer}, or 0");

    RunConfig Resolved(RunConfig config) => config with
    {
        Tokenizer = TokenizerFile.Whole(config.Tokenizer),
        Model = config.Model with { Vocabulary = config.Model.Vocabulary is 0 ? Tokenizer.VocabularySize : config.Model.Vocabulary },
        Stage = config.Stage with
        {
            From = config.Stage.From is { } weights ? Path.GetFullPath(weights) : null,
            Distill = config.Stage.Distill with { Teacher = config.Stage.Distill.Teacher is { } teacher ? Path.GetFullPath(teacher) : null },
            Adapter = config.Stage.Adapter with { From = config.Stage.Adapter.From is { } adapter ? Path.GetFullPath(adapter) : null },
            Source = config.Stage.Source.At(Path.GetFullPath),
            Policy = config.Stage.Policy with
            {
                Critic = config.Stage.Policy.CriticRun is { } critic ? Path.GetFullPath(critic) : config.Stage.Policy.Critic,
                PretrainFile = config.Stage.Policy.PretrainFile is { } text ? Path.GetFullPath(text) : null,
            },
            Practice = config.Stage.Practice with { Judge = WholeJudges(config.Stage.Practice) },
            Rows = config.Stage.Rows with { Template = config.Stage.Rows.Template is { } template && TemplateFile.IsOne(template) ? Path.GetFullPath(template) : config.Stage.Rows.Template },
        },
    };

    static string? WholeJudges(PracticeConfig practice) => practice.Judges.Any(static j => j.IsRun)
        ? JudgeChoice.Text(practice.Judges.Map(static j => j.IsRun ? j with { Name = Path.GetFullPath(j.Name) } : j)) : practice.Judge;

    static Validation<Fault, Tokenizer> TokenizerFor(Recipe recipe, Func<SourceConfig, string> corpora, CancellationToken stop)
    {
        var first = recipe.Stages.Values[0];
        return first.Tokenizer switch
        {
            "byte" => Success<Fault, Tokenizer>(ByteTokenizer.Instance),
            "char" => OverTexts(RuneSet.Empty, static (set, text) => set.Add(text), (set, file, ends) => TextFile.Characters(set, file, ends, stop))
                .Map(static Tokenizer (set) => CharTokenizer.Of(set)),
            "bpe" => OverTexts(new WordCounts(first.Bpe.Splitter), static (counts, text) => counts.Add(text).Finish(),
                    (counts, file, ends) => TextFile.Words(counts, file, ends, stop))
                .Map(Tokenizer (counts) => SubwordTokenizers.Of(BpeTrainer.Train(counts, first.Bpe.Training), first.Bpe.Training, first.Bpe.Splitter)),
            var named => TokenizerFile.Find(named).MapFail(f => f.Where == named ? f with { Where = "tokenizer", What = $"is {named}, which {f.What}" } : f),
        };

        // Each text is looked through once, however many stages learn from it.
        Validation<Fault, T> OverTexts<T>(T none, Func<T, string, T> add, Func<T, string, LineEnds, Validation<Fault, T>> addFile) =>
            recipe.Stages.Values.SelectMany(static c => c.Stage.LearnsText && !c.Stage.Source.IsEmbedded ? c.Stage.Source.Texts.Select(t => (Config: c, File: (string?)t.Name))
                    : [(c, c.Stage.Source.File)])
                .DistinctBy(static t => t.Config is var c ? (t.File, c.Stage.Source.CorpusSeed, c.Stage.Source.CorpusSize, c.Stage.Kind, c.Stage.LearnsText, c.Stage.Rows) : default)
                .Aggregate(Success<Fault, T>(none), (known, one) => known.Bind(so => one.Config is var config && !config.Stage.LearnsText
                    ? RowParts.Text(config, stop).Map(text => add(so, text))
                    : one.File is { } file
                    ? TokenFile.IsOne(file) ? Fault.Of<T>(file, $"is a file of tokens, from which no {first.Tokenizer} tokenizer can be made", "expected the tokenizer that made it")
                        : addFile(so, file, config.LineEnds) : Success<Fault, T>(add(so, corpora(config.Stage.Source)))));
    }

    // The embedded texts, each told once.
    static Func<SourceConfig, string> Corpora()
    {
        var texts = new Dictionary<(long, int), string>();
        return source => texts.TryGetValue((source.CorpusSeed, source.CorpusSize), out var text) ? text
            : texts[(source.CorpusSeed, source.CorpusSize)] = Corpus.Text((ulong)source.CorpusSeed, source.CorpusSize);
    }
}
