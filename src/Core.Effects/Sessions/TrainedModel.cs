using Functional.Base;
using Functional.Data;
using Functional.Dialogues;
using Functional.Engines;
using Functional.Files;
using Functional.Generation;
using Functional.Graphs;
using Functional.Learning;
using Functional.Models;
using Functional.Sampling;
using Functional.Settings;
using Functional.Storage;
using Functional.Text;
using LanguageExt;

namespace Functional.Sessions;

/// <summary>The model of a run folder with its trained parameters, ready to write and to be measured.</summary>
public sealed partial class TrainedModel : IDisposable
{
    readonly IEngine engine;
    readonly Workspace parameters;
    readonly Dictionary<(int Window, int Sinks), Decoder> decoders = [];
    TextData? data;

    TrainedModel(IEngine engine, RunFolder run, Checkpoint checkpoint, Workspace parameters) =>
        (this.engine, Run, Checkpoint, this.parameters, Model) = (engine, run, checkpoint, parameters, run.ModelOf(run.Config.Decoder));

    /// <summary>The run.</summary>
    public RunFolder Run { get; }

    /// <summary>Where the parameters come from.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>The model.</summary>
    public Model Model { get; }

    /// <summary>Writes texts, one at a time.</summary>
    /// <param name="window">The window that every layer is given, see <see cref="DecoderConfig.Streaming"/>; 0 for the model as it is.</param>
    /// <param name="sinks">Its sinks.</param>
    /// <param name="stops">Whether a text ends where the model says its end, a token that is then no part of it.</param>
    public Validation<Fault, Generator> Generator(int window = 0, int sinks = 0, bool stops = true) => Writes().Bind(_ => Run.Config.Decoder.Streaming(window, sinks)).Map(config =>
    {
        if (!decoders.TryGetValue((window, sinks), out var decoder))
            decoders.Add((window, sinks), decoder = new(engine, window == 0 ? Model : Run.ModelOf(config), parameters.Buffers));
        var marks = Export.MarksOf(Run);
        return new Generator(decoder, Run.Tokenizer, Run.Config.LineEnds)
        {
            Begin = marks.Begin, Ends = !stops ? [] : Run.Note.Map(static note => note.Ends).IfNone(marks.End),
        };
    });

    Validation<Fault, Unit> Writes() => IsWriter().Bind(_ => Run.Tokenizer is IdTokenizer ? IdTokenizer.NoText.As<Unit>() : Prelude.Success<Fault, Unit>(Prelude.unit));

    Validation<Fault, Unit> IsWriter() => Fault.Unless(Run.Config.Decoder.Labels == 0, Run.Location, "is a model that judges texts: it has no next token to say",
        "allowed: functional logits, for its scores");

    /// <summary>What the model gives after each of the last tokens: logits of what comes next, or, of a model that judges texts, its scores of the whole.</summary>
    /// <param name="ids">The tokens, one or more, and no more than the model's context where that bounds it. A judge reads none of the pads around a text.</param>
    /// <param name="last">For how many of the last tokens; 1 for a judge.</param>
    /// <param name="cached">Whether the tokens go through the caches that writing uses; else all at once.</param>
    /// <returns><c>[last, outputs]</c>; faults for what are no tokens, too many, or numbers that are not finite.</returns>
    public Validation<Fault, float[][]> Logits(IReadOnlyList<int> ids, int last = 1, bool cached = false) =>
        Sessions.Logits.Checked(Run.Config.Decoder, Export.MarksOf(Run), ids, last, cached)
            .Map(read => (cached ? Sessions.Logits.Cached(engine, Model, parameters.Buffers, read, last)
                : Sessions.Logits.Whole(engine, Model, parameters.Buffers, read, last, Run.Config.Decoder.Labels > 0)))
            .Bind(rows => Fault.Unless(System.Array.TrueForAll(rows, static row => System.Array.TrueForAll(row, float.IsFinite)), Checkpoint.Folder,
                "the model's numbers are not finite", "allowed: another checkpoint").Map(_ => rows));

    /// <summary>Writes the model as Hugging Face's transformers reads it: see <see cref="Sessions.Export.Write"/>.</summary>
    /// <param name="location">A folder; there must be nothing there.</param>
    /// <param name="family">The family's name; nothing for the one that it came from, or else the first that has words for it.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <param name="shardBytes">How large a file of weights may become.</param>
    /// <returns>The family's name.</returns>
    public Validation<Fault, string> ExportTo(string location, string? family = null, string dtype = "F32", long shardBytes = 5_000_000_000) =>
        AsFloats(weights => Export.Write(Run, weights, location, family, dtype, shardBytes, Disk.Real));

    /// <summary>Writes the model as llama.cpp reads it: see <see cref="GgufExport.Write"/>.</summary>
    /// <param name="path">A file; there must be none.</param>
    /// <param name="type">f32, f16, q8_0 or q4_0; nothing for what the run keeps, or else f16.</param>
    /// <param name="family">The family's name; nothing for the one that it came from, or else the first that has words for it.</param>
    /// <returns>The architecture, and the type of its matrices.</returns>
    public Validation<Fault, (string Architecture, string Type)> ExportGgufTo(string path, string? type = null, string? family = null) =>
        GgufExport.Write(Run, parameters.Buffers, path, type, family, Disk.Real);

    // What is kept in few bits is unpacked for it.
    Validation<Fault, T> AsFloats<T>(Func<Params<IBuffer>, Validation<Fault, T>> use) => Run.Panels is null ? use(parameters.Buffers)
        : Run.Load(engine, Checkpoint).Bind(loaded =>
        {
            using (loaded) return use(loaded.Buffers);
        });

    /// <summary>Opens a checkpoint of a run; what is missing, damaged or has drifted is faults that name it.</summary>
    /// <param name="engine">Where the model runs.</param>
    /// <param name="location">The run's folder.</param>
    /// <param name="choice">Which checkpoint.</param>
    /// <param name="stage">Of which stage; nothing for the last that has one.</param>
    public static Validation<Fault, TrainedModel> Open(IEngine engine, string location, CheckpointChoice choice = default, string? stage = null) =>
        from run in RunFolder.Open(location, stage)
        from checkpoint in run.Checkpoint(choice)
        from parameters in run.LoadKept(engine, checkpoint)
        select new TrainedModel(engine, run, checkpoint, parameters);

    /// <summary>Opens a checkpoint of a run, or a published model, with adapters of PEFT put into its weights; nothing is written.</summary>
    /// <param name="engine">Where the model runs.</param>
    /// <param name="location">The run's folder, or the published model's.</param>
    /// <param name="adapter">The folder with adapters.</param>
    /// <param name="choice">Which checkpoint.</param>
    /// <param name="stage">Of which stage; nothing for the last that has one.</param>
    public static Validation<Fault, TrainedModel> OpenWith(IEngine engine, string location, string adapter, CheckpointChoice choice = default, string? stage = null) =>
        AdapterMerge.Load(engine, location, adapter, choice, stage).Map(loaded => new TrainedModel(engine, loaded.Run, loaded.Checkpoint, loaded.Parameters));

    /// <summary>The text of the run, read once; one that has changed since is a fault.</summary>
    public Validation<Fault, TextData> Data(CancellationToken stop = default) => data is { } known ? Prelude.Success<Fault, TextData>(known)
        : from own in Fault.Unless(!Checkpoint.Identity.Text.IsNone, Run.Location, "was imported, and has no text of its own", "expected a text, as with --data FILE")
          from loaded in RunData.Load(Run.Config, Run.Tokenizer, Run.Note, stop)
          from text in loaded is TextData t ? Prelude.Success<Fault, TextData>(t)
              : Fault.Of<TextData>(Run.Location, "has learned from rows, and has no text of its own", "expected a text, as with --data FILE")
          from same in RunSession.SameText(Checkpoint.Identity.Text, text, Run.Config)
          select data = text;

    /// <summary>The tokens of any text file.</summary>
    public Validation<Fault, TokenStream> Text(string file, CancellationToken stop = default) => IsWriter().Bind(_ => TextFile.Tokens(file, Run.Tokenizer, Run.Config.LineEnds, stop)
        .Bind(tokens => Fault.Unless(tokens.Length >= 2, file, $"has {tokens.Length} tokens", "needed: 2 or more, one to begin with and one to predict")
            .Map(_ => tokens)));

    /// <summary>How well the model predicts a text.</summary>
    /// <param name="text">At least two tokens.</param>
    /// <param name="stop">Asks to stop.</param>
    public Score Score(TokenStream text, CancellationToken stop = default) => Sessions.Score.Of(engine, Model, parameters.Buffers, Run.Tokenizer, text, stop,
        RunData.SeparatorOf(Run.Config, Run.Tokenizer).IfFail(static _ => Prelude.None).ToNullable());

    /// <summary>Numbers that it holds, in however many bits.</summary>
    public long ParameterCount => Run.Panels is null ? Model.ParameterCount : Transformer.Of(Run.Config.Decoder).ParameterCount;

    /// <summary>How well it predicts what a run keeps for evaluation: of several texts each, and all by their shares.</summary>
    /// <param name="data">The run's texts.</param>
    /// <param name="stop">Asks to stop.</param>
    public Score Score(TextData data, CancellationToken stop = default) => data.Texts.Count == 1 ? Score(data.Validation, stop)
        : Sessions.Score.Of(data.Measured.Map(part => new ScorePart(part.Name, part.Share, Score(part.Tokens, stop))));

    /// <summary>What it answers to questions, and how well it predicts what is expected; nothing when the token asks to stop.</summary>
    /// <param name="questions">The questions, as its run's encoder has them.</param>
    /// <param name="sampling">How answers are drawn.</param>
    /// <param name="most">How many tokens an answer has at most.</param>
    /// <param name="key">What they are drawn with.</param>
    /// <param name="told">Is told how many are answered.</param>
    /// <param name="stop">Asks to give up.</param>
    public Validation<Fault, Option<AnswerScores>> Ask(Questions questions, SamplingConfig sampling, int most, Key key, Action<int>? told = null, CancellationToken stop = default) =>
        Writes().Map(_ => Prelude.Optional(questions.Ask(engine, Model, parameters.Buffers, sampling, most, key, told, stop)!));

    /// <summary>What is asked in a file, and what makes tokens of it for this model.</summary>
    /// <param name="file">Rows of prompts.</param>
    /// <param name="template">How they are asked; nothing for what the run was trained with, or its model's own.</param>
    /// <param name="columns">Which columns of the file are meant.</param>
    /// <param name="stop">Asks to give up.</param>
    public Validation<Fault, (Vec<Vec<Message>> Prompts, DialogueEncoder Encoder)> Prompts(string file, string? template, string? columns, CancellationToken stop = default) =>
        from writes in Writes()
        from encoder in RowParts.Encoder(Run.Config, Run.Tokenizer, Run.Note, template)
        from prompts in RowParts.Prompts(file, columns, stop)
        select (prompts, encoder);

    /// <summary>Two answers to a prompt that differ; nothing where all that were drawn are the same.</summary>
    /// <param name="encoder">What makes tokens of it.</param>
    /// <param name="prompt">What is asked.</param>
    /// <param name="sampling">How answers are drawn.</param>
    /// <param name="most">How many tokens an answer has at most.</param>
    /// <param name="draws">How many are drawn.</param>
    /// <param name="key">What they are drawn with.</param>
    /// <param name="stop">Asks to give up.</param>
    public Validation<Fault, Option<(string First, string Second)>> Pair(DialogueEncoder encoder, Vec<Message> prompt, SamplingConfig sampling, int most, int draws, Key key,
        CancellationToken stop = default) => encoder.Prompt(prompt).Map(ids =>
    {
        int[] cut = [.. ids.Skip(Math.Max(0, ids.Count - Math.Max(1, Model.Context - most)))];
        var texts = Answers.Of(engine, Model, parameters.Buffers, Run.Tokenizer, [.. Enumerable.Repeat(cut, draws)],
            new(sampling, most, encoder.Stops.Tokens, encoder.Stops.Texts), [.. Enumerable.Range(0, draws).Select(i => key.FoldIn(i))], draws, stop: stop)
            .Select(static a => a.Text.Trim()).Where(static text => text.Length > 0).Distinct(StringComparer.Ordinal).Take(2).ToArray();
        return texts is [var first, var second] ? Prelude.Some((first, second)) : Option<(string, string)>.None;
    });

    /// <summary>
    /// What its run's objective measures on all rows that were kept for evaluation: the loss, and what is shown beside it, such as how often a model that judges
    /// gives the better answer more.
    /// </summary>
    /// <param name="stop">Asks to stop.</param>
    public Validation<Fault, (double Loss, Params<double> Shown, long Rows)> Measure(CancellationToken stop = default)
    {
        // What a reference thinks of the rows is computed of the weights that the stage began with, also where training asked a model beside.
        RunConfig All(RunConfig config) => config with { Stage = config.Stage with { EvalBatches = 0, Preference = config.Stage.Preference with
        {
            Reference = config.Stage.Preference.Reference == ReferenceKind.Live ? ReferenceKind.Cached : config.Stage.Preference.Reference,
        } } };
        var (own, alone) = (All(Run.Config), All(Run.Alone.Config));
        return
            from rows in Fault.Unless(!own.Stage.IsJudged, Run.Location, "has learned from answers of its own, and is measured by their rewards, which stand in its metrics",
                "allowed: functional evaluate, for answers")
            from teacher in StartTeacher.Of(own, Run.Tokenizer)
            from weights in own.HasReference ? StartWeights.Of(Run) : Prelude.Success<Fault, Option<StartWeights>>(Prelude.None)
            from whole in RunData.Load(alone, Run.Tokenizer, Run.Note, stop)
            let loaded = own.HasReference ? whole.KeptAlone : whole
            from begun in own.HasReference ? loaded.Stage(engine, own, weights, stop) : Prelude.Success<Fault, Runs.Stage>(loaded.Stage(alone))
            from measured in AsFloats(floats => Measured(loaded.Stage(alone), begun.Measured, teacher, floats))
            select measured;

        Validation<Fault, (double, Params<double>, long)> Measured(Runs.Stage stage, Source kept, Option<StartWeights> teacher, Params<IBuffer> floats)
        {
            using var workspace = new Workspace(engine);
            workspace.Alias(floats.Rename(Layers.Names.Param));
            return teacher.Match(weights => weights.Into(engine, Taught(workspace, stage.Objective[Distillation.Teacher]), null), static () => Prelude.Success<Fault, Unit>(Prelude.unit))
                .Map(_ => Measuring(workspace, stage, kept));
        }

        static Params<IBuffer> Taught(Workspace workspace, Part part)
        {
            workspace.Add(part.Model.Specs.Map(static spec => spec.Type).Rename(part.Param));
            return part.Model.Specs.Map((name, _) => workspace[part.Param(name)]);
        }

        (double, Params<double>, long) Measuring(Workspace workspace, Runs.Stage stage, Source kept)
        {
            using var evaluation = new Evaluation(workspace, stage.Objective, kept, stage.Rows);
            return (evaluation.Run(stop) ?? throw new OperationCanceledException(stop), evaluation.Shown, kept.Rows!.Value);
        }
    }

    /// <summary>
    /// What it is worth as a judge, on all comparisons that its run kept for evaluation or on those of a file; a model that writes is a fault.
    /// </summary>
    /// <param name="file">Rows of comparisons; nothing for those that were kept.</param>
    /// <param name="template">How they are read; nothing for what the run was trained with, or its model's own.</param>
    /// <param name="columns">Which columns of the file are meant.</param>
    /// <param name="most">How many rows at most, spread evenly over all; 0 for all.</param>
    /// <param name="like">A run whose rows are judged in place of its own; nothing for itself.</param>
    /// <param name="stop">Asks to give up.</param>
    public Validation<Fault, RewardStatistics> Judge(string? file = null, string? template = null, string? columns = null, int most = 0, RunFolder? like = null,
        CancellationToken stop = default) =>
        from judges in IsJudge()
        from encoder in RowParts.Encoder(Run.Config, Run.Tokenizer, Run.Note, template)
        from rows in file is null ? RowParts.Compared(like ?? Run, stop) : RowParts.AllRankings(file, columns, Run.Config.Stage.Rows.SkipsEqual, stop)
        from read in Questions.Spread(rows, most).Select(row => Prepare.Fit(row, encoder, Model.Context).Map(static f => f.Examples)).Gather()
        from rewards in Rewards([.. read.SelectMany(static r => r)], stop)
        select RewardStatistics.Of(Rewarded(read.ToVec(), rewards));

    /// <summary>What it gives an answer, as training would have read it: by its own template and tokenizer; a model that writes is a fault.</summary>
    /// <param name="answers">Prompts with answers, each with what faults call it.</param>
    /// <param name="template">How they are read; nothing for what the run was trained with, or its model's own.</param>
    /// <param name="stop">Asks to give up.</param>
    public Validation<Fault, double[]> Reward(IReadOnlyCollection<Located<(Vec<Message> Prompt, string Answer)>> answers, string? template = null, CancellationToken stop = default) =>
        from judges in IsJudge()
        from encoder in RowParts.Encoder(Run.Config, Run.Tokenizer, Run.Note, template)
        from read in answers.Select(a => Prepare.Fit(new Located<Judged>(new(a.Value.Prompt, a.Value.Answer, true), a.Where), encoder, Model.Context)).Gather()
        from rewards in Rewards([.. read.Select(static f => f.Examples[0])], stop)
        select rewards;

    /// <summary>Whose answers to the same questions it rewards more.</summary>
    /// <param name="first">What one model answers.</param>
    /// <param name="second">What the other does.</param>
    /// <param name="stop">Asks to give up.</param>
    public Validation<Fault, Comparison> Compare(AnswerScores first, AnswerScores second, CancellationToken stop = default)
    {
        var (count, all) = (first.Answers.Count, first.Answers.Concat(second.Answers));
        return from same in Fault.Unless(first.HasQuestionsOf(second), Run.Location, "is to compare answers to different questions", "allowed: two models' answers to the same")
               from rewards in Reward([.. all.Select((a, i) => new Located<(Vec<Message>, string)>((a.Asked, a.Answer.Text),
                   $"question {i % Math.Max(1, count) + 1}, {(i < count ? "the first" : "the second")} answer"))], null, stop)
               select new Comparison([.. rewards.Take(count)], [.. rewards.Skip(count)]);
    }

    static Vec<Vec<RewardedAnswer>> Rewarded(Vec<Vec<Example>> rows, double[] rewards)
    {
        var at = 0;
        return [.. rows.Select(row => (Vec<RewardedAnswer>)[.. row.Select(answer => new RewardedAnswer(rewards[at++], answer.Learned))])];
    }

    Validation<Fault, Unit> IsJudge() => Fault.Unless(Run.Config.Decoder.Labels == 1 || (Run.Config.Stage.Kind == StageKind.Reward && Run.Config.Decoder.Labels > 0), Run.Location,
        Run.Config.Decoder.Labels > 0 ? $"gives texts {Run.Config.Decoder.Labels} numbers" : "is a model that writes: it has no rewards to give",
        "expected a run that learned rewards, as functional reward makes");

    /// <summary>Answers to prompts that are tokens; fewer where the token asks to stop.</summary>
    internal Answer[] Write(IReadOnlyList<Vec<int>> prompts, AnswerRules rules, IReadOnlyList<Key> keys, int rows, Action<int, Answer>? told, CancellationToken stop) =>
        Answers.Of(engine, Model, parameters.Buffers, Run.Tokenizer, [.. prompts.Select(static ids => (int[])[.. ids])], rules, keys, rows, told, stop);

    /// <summary>How likely it finds answers, in nats: of each the sum over its tokens; nothing where the token asks to stop.</summary>
    /// <param name="answers">Tokens of prompts, one or more each, and of answers to them; together no more than the model's context and one.</param>
    /// <param name="stop">Asks to give up.</param>
    /// <exception cref="NotFiniteNumberException">Its numbers are not finite.</exception>
    public double[]? LogProbs(IReadOnlyList<(Vec<int> Prompt, Vec<int> Answer)> answers, CancellationToken stop = default) =>
        TextLogProbs.Of(engine, Model, parameters.Buffers, [.. answers.Select(static a =>
            new Example([.. a.Prompt, .. a.Answer], [.. a.Prompt.Map(static _ => false), .. a.Answer.Map(static _ => true)]))], stop: stop);

    /// <summary>What it gives answers, one after the other, as a judge of others' does; NaN for one that it cannot read. A model that writes is a fault.</summary>
    public Validation<Fault, double[]> Rewards(IReadOnlyList<JudgedAnswers> tried) =>
        RewardJudge.Of(this).Map(judge => judge.Rewards([.. tried.SelectMany(static t => t.Answers.Select(a => (t.Asked, a.Text)))]));

    /// <summary>What it gives texts, whatever the numbers are.</summary>
    internal double[] RewardsOf(IReadOnlyList<Example> texts) => RewardReader.Of(engine, Model, parameters.Buffers, texts);

    Validation<Fault, double[]> Rewards(IReadOnlyList<Example> texts, CancellationToken stop) =>
        RewardReader.Of(engine, Model, parameters.Buffers, texts, stop) is var rewards && System.Array.TrueForAll(rewards, double.IsFinite) ? rewards
            : Fault.Of<double[]>(Checkpoint.Folder, "the model's numbers are not finite", "allowed: another checkpoint");

    /// <summary>How often its experts are chosen on a text; a model without experts is a fault.</summary>
    /// <param name="text">At least a window.</param>
    /// <param name="stop">Asks to stop.</param>
    public Validation<Fault, Vec<ExpertLoad>> ExpertLoad(TokenStream text, CancellationToken stop = default) =>
        from some in Fault.Unless(Enumerable.Range(0, Run.Config.Decoder.Layers).Any(Run.Config.Decoder.Experts.Has), "experts", "are in no layer of the model",
            "needed: a run with experts of 1 or more")
        from windows in Windows.Of(text.Length, Model.Context)
        select Sessions.ExpertLoad.Of(engine, Model, parameters.Buffers, text, windows, stop);

    /// <summary>Writes a run folder of this model's own, without what only training needs.</summary>
    /// <param name="location">A folder that holds no run.</param>
    public Validation<Fault, Unit> Save(string location) => Save(Run.Alone with { Location = location });

    Validation<Fault, Unit> Save(RunFolder own) =>
        from free in Fault.Unless(RunFolder.IsFree(own.Location), RunFolder.Occupied(own.Location) with { Allowed = "allowed: another folder" })
        from checkpoint in own.Checkpoints.Save(Checkpoint.Training, RunIdentity.Of(Checkpoint.Identity.Text, own.Config), [new("", parameters.Buffers, Params<IBuffer>.Empty)], 1)
        from written in own.Write(Disk.Real)
        select written;

    /// <summary>Writes a run folder of this model's own, whose matrices are kept in few bits.</summary>
    internal Validation<Fault, Unit> SavePacked(string location, PanelPacking packing, Disk disk)
    {
        var (own, faults) = (Run.Alone with { Location = location, Panels = packing }, new List<Fault>());
        return own.CheckpointsIn(disk).Save(Checkpoint.Training, RunIdentity.Of(Checkpoint.Identity.Text, own.Config),
            [new("", KeptPanels.Packing(Model, parameters.Buffers, packing, faults), Params<IBuffer>.Empty)], 1)
            .Match(_ => own.Write(disk), found => Validation<Fault, Unit>.Fail(faults.Count > 0 ? faults.ToSeq().Strict() : found));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var decoder in decoders.Values) decoder.Dispose();
        asked?.Dispose();
        foreach (var batcher in batchers.Values) batcher.Dispose();
        foreach (var draft in drafts.Values) draft.Dispose();
        foreach (var (buffers, _) in embedders.Values) buffers.Dispose();
        parameters.Dispose();
    }
}
