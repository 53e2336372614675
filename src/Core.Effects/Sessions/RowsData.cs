using Functional.Base;
using Functional.Data;
using Functional.Dialogues;
using Functional.Engines;
using Functional.Files;
using Functional.Learning;
using Functional.Runs;
using Functional.Settings;
using Functional.Storage;
using Functional.Stories;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>Rows of conversations as tokens, in their two parts.</summary>
/// <param name="Encoder">What made tokens of them.</param>
/// <param name="Identity">What they are, summed up.</param>
/// <param name="Train">What is learned.</param>
/// <param name="Kept">What is only evaluated.</param>
public sealed record ConversationData(DialogueEncoder Encoder, TextIdentity Identity, Examples Train, Examples Kept) : RunData(Encoder.Tokenizer, Identity)
{
    /// <inheritdoc/>
    public override long TrainTokens => Train.Tokens;

    /// <inheritdoc/>
    public override long ValidationTokens => Kept.Tokens;

    /// <inheritdoc/>
    public override Stage Stage(RunConfig config) => config.Stage.Practises ? PracticeStages.Of(config, Train, Kept, Encoder.Stops, Encoder.Tokenizer) : Runs.Stage.Answering(config, Train, Kept);

    /// <inheritdoc/>
    public override double PromptTokens => Enumerable.Range(0, Train.Count).Average(i => Train[i].LastAnswer);

    /// <inheritdoc/>
    public override Option<SamplePrompt> Prompt => Some(new SamplePrompt([.. Kept[0].Ids.Take(Kept[0].LastAnswer)], Encoder.Stops));

    /// <summary>Reads the rows that a stage names, or asks the embedded world's questions.</summary>
    public static Validation<Fault, RunData> Load(RunConfig config, DialogueEncoder encoder, CancellationToken stop) =>
        from rows in RowParts.Conversations(config, stop)
        from train in Prepare.Conversations(rows.Train, encoder, config.Model.Context)
        from kept in Prepare.Conversations(rows.Kept, encoder, config.Model.Context)
        from asks in Fault.Unless(!config.Stage.Practises || PracticeStages.Asking(config, train.Data).Count > 0, config.Stage.Source.Name,
            $"asks nothing that has room in a context of {config.Model.Context}", $"allowed: a larger context, or fewer tokens of an answer than {config.Stage.Practice.Tokens}")
        select (RunData)new ConversationData(encoder, RowParts.Identity(encoder, train.Data.Checksum, kept.Data.Checksum, train.Data.Tokens + kept.Data.Tokens),
            train.Data, kept.Data) { Cut = train.CutWith(kept) };
}

/// <summary>Comparisons of answers as tokens, in their two parts.</summary>
/// <param name="Encoder">What made tokens of them.</param>
/// <param name="Identity">What they are, summed up.</param>
/// <param name="Train">What is learned.</param>
/// <param name="Kept">What is only evaluated.</param>
public sealed record RankingData(DialogueEncoder Encoder, TextIdentity Identity, Rankings Train, Rankings Kept) : RunData(Encoder.Tokenizer, Identity)
{
    /// <inheritdoc/>
    public override long TrainTokens => Train.Answers.Tokens;

    /// <inheritdoc/>
    public override long ValidationTokens => Kept.Answers.Tokens;

    /// <inheritdoc/>
    public override Stage Stage(RunConfig config) => Runs.Stage.Comparing(config, Train, Kept);

    /// <inheritdoc/>
    public override RunData KeptAlone => this with { Train = Kept };

    /// <inheritdoc/>
    public override Validation<Fault, Stage> Stage(IEngine engine, RunConfig config, Option<StartWeights> weights, CancellationToken stop) =>
        !ReferenceColumns.AreNeeded(config) ? Success<Fault, Stage>(Stage(config))
        : Runs.Stage.Compared(config, Train, Kept) is var rows && Programs.PairLogProbs(config.ReferenceOf(), rows.Batch, config.Stage.Preference.Options.LengthShare)
            is var program ? ReferenceColumns.Of(engine, config, weights, program, rows.Train, rows.Kept, stop)
                .Map(columns => Runs.Stage.Comparing(config, Train, Kept, columns)) : throw new System.Diagnostics.UnreachableException();

    /// <inheritdoc/>
    public override Option<SamplePrompt> Prompt => Kept.Answers[0] is var first ? Some(new SamplePrompt([.. first.Ids.Take(first.LastAnswer)], Encoder.Stops)) : None;

    /// <summary>Reads the rows that a stage names, or compares answers to the embedded world's questions.</summary>
    public static Validation<Fault, RunData> Load(RunConfig config, DialogueEncoder encoder, CancellationToken stop) =>
        from rows in RowParts.Rankings(config, stop)
        from train in Prepare.Rankings(rows.Train, encoder, config.Model.Context)
        from kept in Prepare.Rankings(rows.Kept, encoder, config.Model.Context)
        from pairs in Fault.Unless(Math.Max(train.Data.Most, kept.Data.Most) == 2 || config.Stage.Kind == StageKind.Reward, config.Stage.Source.Name,
            $"has rows of up to {Math.Max(train.Data.Most, kept.Data.Most)} answers", "allowed: two, a better and a worse one")
        select (RunData)new RankingData(encoder, RowParts.Identity(encoder, train.Data.Checksum, kept.Data.Checksum,
            train.Data.Answers.Tokens + kept.Data.Answers.Tokens), train.Data, kept.Data) { Cut = train.CutWith(kept) };
}

/// <summary>Answers that were judged one by one, as tokens, in their two parts.</summary>
/// <param name="Encoder">What made tokens of them.</param>
/// <param name="Identity">What they are, summed up.</param>
/// <param name="Train">What is learned.</param>
/// <param name="Kept">What is only evaluated.</param>
public sealed record JudgedData(DialogueEncoder Encoder, TextIdentity Identity, Judgements Train, Judgements Kept) : RunData(Encoder.Tokenizer, Identity)
{
    /// <inheritdoc/>
    public override long TrainTokens => Train.Answers.Tokens;

    /// <inheritdoc/>
    public override long ValidationTokens => Kept.Answers.Tokens;

    /// <inheritdoc/>
    public override Stage Stage(RunConfig config) => Runs.Stage.Judging(config, Train, Kept);

    /// <inheritdoc/>
    public override RunData KeptAlone => this with { Train = Kept };

    /// <inheritdoc/>
    public override Validation<Fault, Stage> Stage(IEngine engine, RunConfig config, Option<StartWeights> weights, CancellationToken stop) =>
        !ReferenceColumns.AreNeeded(config) ? Success<Fault, Stage>(Stage(config))
        : Runs.Stage.Judged(config, Train, Kept) is var rows ? ReferenceColumns.Of(engine, config, weights,
            Programs.JudgedLogProbs(config.ReferenceOf(), rows.Batch), rows.Train, rows.Kept, stop).Map(columns => Runs.Stage.Judging(config, Train, Kept, columns))
        : throw new System.Diagnostics.UnreachableException();

    /// <inheritdoc/>
    public override Option<SamplePrompt> Prompt => Kept.Answers[0] is var first ? Some(new SamplePrompt([.. first.Ids.Take(first.LastAnswer)], Encoder.Stops)) : None;

    /// <summary>Reads the rows that a stage names, or judges answers to the embedded world's questions.</summary>
    public static Validation<Fault, RunData> Load(RunConfig config, DialogueEncoder encoder, CancellationToken stop) =>
        from rows in RowParts.Judgements(config, stop)
        from train in Prepare.Judgements(rows.Train, encoder, config.Model.Context)
        from kept in Prepare.Judgements(rows.Kept, encoder, config.Model.Context)
        select (RunData)new JudgedData(encoder, RowParts.Identity(encoder, train.Data.Checksum, kept.Data.Checksum,
            train.Data.Answers.Tokens + kept.Data.Answers.Tokens), train.Data, kept.Data) { Cut = train.CutWith(kept) };
}

/// <summary>What rows say, in the part that is learned and the part that is kept for evaluation.</summary>
static class RowParts
{
    public static Validation<Fault, (Vec<Located<Conversation>> Train, Vec<Located<Conversation>> Kept)> Conversations(RunConfig config, CancellationToken stop) =>
        Of(config, ConversationShapes.All, Tutor.Conversation, stop, lesson => Tutor.Fallible(lesson, config.Stage.Rows.Slips));

    public static Validation<Fault, (Vec<Located<Ranking>> Train, Vec<Located<Ranking>> Kept)> Rankings(RunConfig config, CancellationToken stop) =>
        Of(config, RankingShapes.All(skipsEqual: config.Stage.Rows.SkipsEqual), Tutor.Ranking, stop);

    public static Validation<Fault, (Vec<Located<Judged>> Train, Vec<Located<Judged>> Kept)> Judgements(RunConfig config, CancellationToken stop) =>
        Of(config, RankingShapes.Single, Tutor.Judged, stop);

    /// <summary>Prompts that a policy answers itself, with the answers that are expected where the rows have them.</summary>
    public static Validation<Fault, (Vec<Located<Asked>> Train, Vec<Located<Asked>> Kept)> Asked(RunConfig config, CancellationToken stop) => Of(config, ShapesFor(config.Stage.Practice.Judge),
        static lesson => new Asked([new(Role.User, lesson.Request)], lesson.Exercise.Answer) { IsRight = answer => Exercise.Verify(lesson.Exercise, answer) }, stop);

    /// <summary>What a run asks, learned or kept, or all that a file asks, for a judge.</summary>
    public static Validation<Fault, Vec<Located<Asked>>> Questions(RunFolder run, bool kept, string judge, string? file, string? columns, CancellationToken stop)
    {
        var own = run.Config.Stage;
        return file is not null
            ? from meant in columns is { } given ? Columns.Parse(given, "columns") : Success<Fault, Columns>(Columns.AsTheyAre)
              from read in RowReader.Read(RowFiles.Read(file, stop), ShapesFor(judge), meant, file)
              select read.Rows
            // Of the world there is a rule for what is right; and rows that answer themselves say what they ask.
            : (own.Source.IsEmbedded && !run.IsImported) || own.IsJudged || own.LearnsAnswers
                ? Asked(run.Config with { Stage = own with { Practice = own.Practice with { Judge = judge } } }, stop).Map(parts => kept ? parts.Kept : parts.Train)
            : kept || own.LearnsText ? Kept(run, stop)
            : own.Preference.Judged is not null && own.Kind == StageKind.Dpo
                ? Judgements(run.Config, stop).Map(static parts => parts.Train.Map(static r => new Located<Asked>(new(r.Value.Prompt, r.Value.Good ? r.Value.Answer : null), r.Where)))
            : Rankings(run.Config, stop).Map(static parts => parts.Train.Map(static r => new Located<Asked>(new(r.Value.Prompt, r.Value.Answers[0]), r.Where)));
    }

    // Nearness to an expected answer wants one; others judge answers to bare prompts, too.
    static Vec<RowShape<Asked>> ShapesFor(string? judge) => Judges.AreNear(judge) ? asked : maybe;

    // Conversations that end with an answer, which is what is expected.
    static readonly Vec<RowShape<Asked>> asked = [.. ConversationShapes.All.Select(static shape => shape.Then(static (talk, row) => Answered(talk, row.Where)))];

    // Rows that may expect nothing: such without a place for an answer, and messages that end with a question.
    static readonly Vec<RowShape<Asked>> maybe =
    [
        .. PromptShapes.All.Where(static shape => ConversationShapes.All.Any(talk => talk.Name == shape.Name)).Select(static shape =>
            asked.First(talk => talk.Name == shape.Name) is var told ? told with { Read = row => PromptShapes.EndsWithAnswer(row) ? told.Read(row) : Open(shape).Read(row) } : told),
        .. asked.Where(static shape => PromptShapes.All.All(prompt => prompt.Name != shape.Name)),
        .. PromptShapes.All.Where(static shape => ConversationShapes.All.All(talk => talk.Name != shape.Name)).Select(Open),
    ];

    static RowShape<Asked> Open(RowShape<Vec<Message>> shape) => shape.Then(static (prompt, _) => Success<Fault, Asked>(new(prompt, null)));

    static Validation<Fault, Asked> Answered(Conversation talk, string where) => talk.Messages is [.., { Role: Role.Assistant } answer]
        ? Success<Fault, Asked>(new([.. talk.Messages.SkipLast(1)], answer.Text))
        : Fault.Of<Asked>(where, "does not end with an answer", "expected what the assistant says at its end");

    public static TextIdentity Identity(DialogueEncoder encoder, uint train, uint kept, long tokens) =>
        new(encoder.Tokenizer.Fingerprint, tokens, CheckpointManifest.Hex(System.Numerics.BitOperations.RotateLeft(train, 1) ^ kept));

    static Validation<Fault, (Vec<Located<T>> Train, Vec<Located<T>> Kept)> Of<T>(RunConfig config, Vec<RowShape<T>> shapes, Func<Lesson, T> told, CancellationToken stop, Func<Lesson, T>? learned = null) =>
        config.Stage.Source is { File: { } file } source
            ? from columns in config.Stage.Rows.Columns is { } given ? Columns.Parse(given, "columns") : Success<Fault, Columns>(Columns.AsTheyAre)
              from read in RowReader.Read(RowFiles.Read(file, stop), shapes, columns, file)
              from parts in Divided(read.Rows, source.ValidationPart, file)
              select parts
            : Tutor.Kinds(config.Stage.Rows.Lessons).Map(kinds => Lessons(config.Stage.Source, kinds, told, learned ?? told));

    /// <summary>What makes tokens of a stage's dialogues, and of others that its model is asked.</summary>
    public static Validation<Fault, DialogueEncoder> Encoder(RunConfig config, Tokenizer tokenizer, Option<PublishedNote> note, string? template = null) =>
        DialogueEncoders.Of(tokenizer, template ?? TemplateOf(config), note);

    /// <summary>The questions that a run keeps for evaluation; of comparisons the better answers are expected.</summary>
    public static Validation<Fault, Vec<Located<Asked>>> Kept(RunFolder run, CancellationToken stop) => run.Config.Stage.Kind switch
    {
        _ when run.Config.Stage.LearnsText && (!run.Config.Stage.Source.IsEmbedded || run.IsImported) =>
            Fault.Of<Vec<Located<Asked>>>(run.Location, "has learned no answers, and keeps no questions", "expected rows, as with --data FILE"),
        _ when run.Config.Stage is { LearnsText: true } or { LearnsAnswers: true } => Conversations(run.Config, stop).Bind(static parts =>
            parts.Kept.Select(static r => Answered(r.Value, r.Where).Map(one => new Located<Asked>(one, r.Where))).Gather()),
        _ when run.Config.Stage.IsJudged => Asked(run.Config, stop).Map(static parts => parts.Kept),
        StageKind.Dpo when run.Config.Stage.Preference.Judged is not null => Judgements(run.Config, stop).Map(static parts => parts.Kept.Where(static r => r.Value.Good)
            .Select(static r => new Located<Asked>(new(r.Value.Prompt, r.Value.Answer), r.Where)).ToVec()),
        _ => Rankings(run.Config, stop).Map(static parts => parts.Kept.Map(static r => new Located<Asked>(new(r.Value.Prompt, r.Value.Answers[0]), r.Where))),
    };

    /// <summary>All questions of a file, with the answers that are expected where the rows have them.</summary>
    public static Validation<Fault, Vec<Located<Asked>>> Questions(string file, string? columns, CancellationToken stop) =>
        from meant in columns is { } given ? Columns.Parse(given, "columns") : Success<Fault, Columns>(Columns.AsTheyAre)
        from read in RowReader.Read(RowFiles.Read(file, stop), maybe, meant, file)
        select read.Rows;

    /// <summary>All questions with choices of a file.</summary>
    public static Validation<Fault, Vec<Located<MultipleChoice>>> AllChoices(string file, string? columns, CancellationToken stop) =>
        from meant in columns is { } given ? Columns.Parse(given, "columns") : Success<Fault, Columns>(Columns.AsTheyAre)
        from read in RowReader.Read(RowFiles.Read(file, stop), ChoiceShapes.All, meant, file)
        select read.Rows;

    /// <summary>The embedded world's questions with choices, those that a run has not learned.</summary>
    public static Validation<Fault, Vec<Located<MultipleChoice>>> Choices(RunFolder run, CancellationToken stop) =>
        !run.Config.Stage.Source.IsEmbedded || run.IsImported
            ? Fault.Of<Vec<Located<MultipleChoice>>>(run.Location, "has no questions with choices of its own", "expected rows, as with --data FILE")
            : Of(run.Config, ChoiceShapes.All, Quiz.Of, stop).Map(static parts => parts.Kept);

    /// <summary>How a run is asked that learned a text: by going on with it. Nothing where it learned to answer, or its model came with a template.</summary>
    public static string? TextOf(RunFolder run) =>
        run.Config.Stage.LearnsText && run.Config.Stage.Rows.Template is null && !run.Note.Exists(DialogueEncoders.HasOwn) ? "plain" : null;

    /// <summary>The comparisons that a run keeps for evaluation.</summary>
    public static Validation<Fault, Vec<Located<Ranking>>> Compared(RunFolder run, CancellationToken stop) => run.Config.Stage.Kind != StageKind.Reward
        ? Fault.Of<Vec<Located<Ranking>>>(run.Location, "has learned no rewards, and keeps no comparisons", "expected rows, as with --data FILE")
        : Rankings(run.Config, stop).Map(static parts => parts.Kept);

    /// <summary>All comparisons of a file.</summary>
    public static Validation<Fault, Vec<Located<Ranking>>> AllRankings(string file, string? columns, bool skipsEqual, CancellationToken stop) =>
        from meant in columns is { } given ? Columns.Parse(given, "columns") : Success<Fault, Columns>(Columns.AsTheyAre)
        from read in RowReader.Read(RowFiles.Read(file, stop), RankingShapes.All(skipsEqual: skipsEqual), meant, file)
        select read.Rows;

    /// <summary>All prompts of a file.</summary>
    public static Validation<Fault, Vec<Vec<Message>>> Prompts(string file, string? columns, CancellationToken stop) =>
        from meant in columns is { } given ? Columns.Parse(given, "columns") : Success<Fault, Columns>(Columns.AsTheyAre)
        from read in RowReader.Read(RowFiles.Read(file, stop), PromptShapes.All, meant, file)
        select read.Rows.Map(static r => r.Value);

    // The world's questions are asked in letters that its text has.
    static string? TemplateOf(RunConfig config) => config.Stage.Rows.Template ?? (config.Stage.Source.IsEmbedded ? "user-assistant" : null);

    /// <summary>All that a stage's rows say, as its template has it: what a tokenizer is made of.</summary>
    public static Validation<Fault, string> Text(RunConfig config, CancellationToken stop) =>
        from template in DialogueEncoders.Template(TemplateOf(config), None)
        from talks in config.Stage.IsJudged ? Asked(config, stop).Map(static p => p.Train.Concat(p.Kept)
                .Select(static r => new Conversation([.. r.Value.Prompt, new(Role.Assistant, r.Value.Expected ?? "")])))
            : config.Stage.Preference.Judged is not null && config.Stage.Kind == StageKind.Dpo ? Judgements(config, stop).Map(static p => p.Train.Concat(p.Kept)
                .Select(static r => new Conversation([.. r.Value.Prompt, new(Role.Assistant, r.Value.Answer)])))
            : config.Stage.LearnsAnswers ? Conversations(config, stop).Map(static p => p.Train.Concat(p.Kept).Select(static r => r.Value))
            : Rankings(config, stop).Map(static p => p.Train.Concat(p.Kept).SelectMany(static r => r.Value.Answers.Select(answer =>
                new Conversation([.. r.Value.Prompt, new(Role.Assistant, answer)]))))
        from texts in talks.Select(talk => template.Text(talk.Messages)).Gather()
        select string.Join('\n', texts);

    // The last rows, at least one of each part.
    static Validation<Fault, (Vec<Located<T>>, Vec<Located<T>>)> Divided<T>(Vec<Located<T>> rows, double kept, string file)
    {
        var count = Math.Clamp((int)Math.Round(rows.Count * kept), 1, Math.Max(1, rows.Count - 1));
        return Fault.Unless(rows.Count > 1, file, "has one row", "needed: 2 or more, one to learn from and one that is kept for evaluation")
            .Map(_ => ((Vec<Located<T>>)[.. rows.Take(rows.Count - count)], (Vec<Located<T>>)[.. rows.Skip(rows.Count - count)]));
    }

    // As many questions as have the characters that are asked for; a question is of one part alone.
    static (Vec<Located<T>>, Vec<Located<T>>) Lessons<T>(SourceConfig source, Vec<ExerciseKind> kinds, Func<Lesson, T> told, Func<Lesson, T> learned)
    {
        var (train, kept, characters) = (new List<Located<T>>(), new List<Located<T>>(), 0L);
        foreach (var lesson in Tutor.Lessons((ulong)source.CorpusSeed, kinds))
        {
            if (characters >= source.CorpusSize && train.Count > 0 && kept.Count > 0) break;
            characters += lesson.Request.Length + lesson.Exercise.Answer.Length;
            // Of what is kept all is right.
            var (part, said) = Tutor.IsKept(lesson.Request, source.ValidationPart) ? (kept, told) : (train, learned);
            part.Add(new(said(lesson), $"the embedded world, question {train.Count + kept.Count + 1}"));
        }
        return ([.. train], [.. kept]);
    }
}
