using Functional.Base;
using Functional.Data;
using Functional.Dialogues;
using Functional.Files;
using Functional.Models;
using Functional.Runs;
using Functional.Sessions;
using Functional.Settings;
using Functional.Storage;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional;

/// <summary>
/// Learning from a study's judgements: a judge and then a policy, both runs of their own, and what that changed. What is learned from is a copy, so that more judgements
/// make no difference; all of it lies in a folder of the study, <c>trainings/NUMBER</c>, and whatever was stopped goes on.
/// </summary>
/// <param name="Folder">Where it is kept.</param>
/// <param name="Number">Which of the study's it is, from 1.</param>
/// <param name="Base">The folder of the stage that is begun with.</param>
/// <param name="Step">After which of its steps.</param>
/// <param name="Template">How its model is asked.</param>
/// <param name="Judge">The folder of the judge's run.</param>
/// <param name="Policy">The folder of the policy's.</param>
/// <param name="Method">How the policy learns.</param>
/// <param name="Pairs">Comparisons, those that are kept with them.</param>
/// <param name="Kept">How many are kept for evaluation.</param>
/// <param name="LeftOut">How many were left out, since the base cannot read them.</param>
/// <param name="Asking">How questions are asked before and after.</param>
/// <param name="Plan">The settings of both runs.</param>
public sealed partial record StudyTraining(string Folder, int Number, string Base, long Step, string Template, string Judge, string Policy, StageKind Method, int Pairs, int Kept, int LeftOut,
    AnswerOptions Asking, PreferencePlan Plan)
{
    const string FolderName = "trainings", PlanName = "training.json", PairsName = "pairs.jsonl", QuestionsName = "questions.jsonl", AskedName = "asked.jsonl", ChangeName = "changed.json";

    // So many questions are answered before and after.
    const int MostAsked = 40;

    /// <summary>What came of it; nothing before its end.</summary>
    public StudyChange? Change => File.Exists(Path.Combine(Folder, ChangeName)) && TextFile.Read(Path.Combine(Folder, ChangeName))
        .Bind(text => Json.Parse(text, ChangeName)).Case is Json json ? StudyChange.Read(json) : null;

    /// <summary>Whether all of it is done.</summary>
    public bool IsDone => Change is not null;

    /// <summary>Prepares to learn from what is judged so far; nothing is trained yet.</summary>
    /// <param name="study">The study.</param>
    /// <param name="runs">The folder that its runs are to lie in.</param>
    /// <param name="name">What their names begin with.</param>
    /// <param name="start">The folder of the run, or of a stage of one, that is begun with.</param>
    /// <param name="wishes">What is asked; nothing for what is usual.</param>
    /// <exception cref="FunctionalException">Too little is judged, what is begun with is no model that writes, or a wish is out of range.</exception>
    public static StudyTraining Begin(StudyFolder study, string runs, string name, string start, PreferenceWishes? wishes = null)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentException.ThrowIfNullOrEmpty(runs);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentException.ThrowIfNullOrEmpty(start);
        return (from run in InitialWeights.RunOf(start)
                from checkpoint in run.Checkpoint()
                from writes in Fault.Unless(run.Config.Decoder.Labels == 0, "base", $"is {start}, a model that judges texts", "expected one that writes")
                from template in run.AskedBy()
                from encoder in DialogueEncoders.Of(run, template)
                from begun in Begun(study, runs, name, run, checkpoint, template, encoder, wishes ?? new())
                select begun).OrThrow();
    }

    static Validation<Fault, StudyTraining> Begun(StudyFolder study, string runs, string name, RunFolder run, Checkpoint checkpoint, string template, DialogueEncoder encoder, PreferenceWishes wishes)
    {
        var (context, all) = (run.Config.Model.Context, StudyResults.Learned(study.Rows));
        Vec<Annotation> learned = [.. all.Where((a, i) => Prepare.Fit(new Located<Ranking>(StudyMeasuring.Ranked(a), $"pair {i + 1}"), encoder, context).IsSuccess)];
        var (kept, tokens) = (StudyResults.Kept(learned), Math.Max(1, Math.Min(study.Study.Tokens, context / 2)));
        Vec<Vec<Message>> asked = [.. study.Study.Questions.Select(static q => q.Prompt)
            .Where(prompt => encoder.Prompt(prompt).Match(ids => ids.Count > 0 && ids.Count <= context - tokens, static _ => false))];
        var judged = learned.Select(static a => StudyMeasuring.Text(a.Prompt)).ToHashSet(StringComparer.Ordinal);
        var number = Numbers(study).DefaultIfEmpty(0).Max() + 1;
        while (RunsOf(number).Any(Path.Exists)) number++;
        var folder = Path.Combine(study.Location, FolderName, $"{number}");
        string[] places = [.. RunsOf(number)];
        return from some in Fault.Unless(asked.Count > 0, "base", "has room for none of the questions and an answer", "expected a model of a larger context")
               from plan in PreferencePlan.Of(run.Config, Transformer.Of(run.Config.Decoder).ParameterCount, new(learned.Count, kept, asked.Count, tokens),
                   new(run.Home, template, Path.Combine(folder, PairsName), Path.Combine(folder, QuestionsName), places[0]), wishes)
               let training = new StudyTraining(folder, number, run.Home, checkpoint.Step, template, places[0], places[1], wishes.Method, learned.Count, kept, all.Count - learned.Count,
                   new() { Tokens = tokens, Temperature = study.Study.Temperature, Seed = study.Study.Seed }, plan)
               from sound in Sound(training)
               from written in StudyFolder.Put(folder, (PairsName, Lines(learned.Select(static a => a.Row))), (QuestionsName, Lines(asked.Select(Asked))),
                   (AskedName, Lines(asked.OrderBy(p => judged.Contains(StudyMeasuring.Text(p))).Take(MostAsked).Select(Asked))), (PlanName, training.Written().Write()))
               select training;

        IEnumerable<string> RunsOf(int n) => [Path.Combine(Path.GetFullPath(runs), $"{name}-{n}-reward"), Path.Combine(Path.GetFullPath(runs), $"{name}-{n}-{$"{wishes.Method}".ToLowerInvariant()}")];
    }

    // Settings that some architecture does not take are told before anything is written.
    static Validation<Fault, Unit> Sound(StudyTraining training)
    {
        try
        {
            _ = training.JudgeConfig;
            return Success<Fault, Unit>(unit);
        }
        catch (FunctionalException e)
        {
            return Validation<Fault, Unit>.Fail(e.Faults.ToSeq().Strict());
        }
    }

    static string Lines(IEnumerable<Json> rows) => string.Concat(rows.Select(static r => r.Line() + "\n"));

    static Json Asked(Vec<Message> prompt) => new Json.Map(Params.Of(("prompt", Annotation.PromptText(prompt))));

    static IEnumerable<int> Numbers(StudyFolder study) => Directory.Exists(Path.Combine(study.Location, FolderName))
        ? Directory.EnumerateDirectories(Path.Combine(study.Location, FolderName)).Select(static f => int.TryParse(Path.GetFileName(f), out var n) && n > 0 ? n : 0).Where(static n => n > 0) : [];

    /// <summary>The study's, by number; those whose files cannot be read are passed over.</summary>
    /// <param name="study">The study.</param>
    public static Vec<StudyTraining> All(StudyFolder study)
    {
        ArgumentNullException.ThrowIfNull(study);
        return [.. Numbers(study).Order().Select(n => Path.Combine(study.Location, FolderName, $"{n}")).Select(Read).OfType<StudyTraining>()];
    }

    /// <summary>The judge's run.</summary>
    public RunConfig JudgeConfig => Configuration.From(RunConfig.For(StageKind.Reward), Plan.Reward);

    /// <summary>The policy's run.</summary>
    public RunConfig PolicyConfig => Configuration.From(RunConfig.For(Method), Plan.Policy);

    /// <summary>Trains the judge and then the policy, and measures what changed; what is done is not done again. False where it was asked to stop, and has saved what there was.</summary>
    /// <param name="training">Is told what happens in a run.</param>
    /// <param name="told">Is told what it does: <c>judge</c>, <c>policy</c>, and what is measured.</param>
    /// <param name="cancellation">Asks to save and stop.</param>
    /// <exception cref="FunctionalException">As for <see cref="Training.RunAsync(RunConfig, string?, IProgress{TrainingEvent}?, CancellationToken)"/>.</exception>
    public async Task<bool> RunAsync(IProgress<TrainingEvent>? training = null, Action<string>? told = null, CancellationToken cancellation = default)
    {
        if (IsDone) return true;
        told?.Invoke("judge");
        if (!await Train(Judge, () => JudgeConfig, training, cancellation).ConfigureAwait(false)) return false;
        told?.Invoke("policy");
        if (!await Train(Policy, () => PolicyConfig, training, cancellation).ConfigureAwait(false)) return false;
        var learned = AnnotationFile.Open(Path.Combine(Folder, PairsName)).OrThrow().All.ToVec();
        var change = await new StudyMeasuring(() => LanguageModel.LoadAsync(Base, checkpoint: CheckpointChoice.At(Step), cancellation: cancellation), () => LanguageModel.LoadAsync(Policy, cancellation: cancellation),
            () => LanguageModel.LoadAsync(Judge, cancellation: cancellation), Template).Of(learned, Kept, Path.Combine(Folder, AskedName),
                learned.Take(learned.Count - Kept).Select(static a => StudyMeasuring.Text(a.Prompt)).ToHashSet(StringComparer.Ordinal), Asking, told ?? (static _ => { }), cancellation).ConfigureAwait(false);
        _ = StudyFolder.Put(Folder, (ChangeName, change.Written.Write())).OrThrow();
        return true;
    }

    static async Task<bool> Train(string folder, Func<RunConfig> config, IProgress<TrainingEvent>? progress, CancellationToken stop)
    {
        if (RunFolder.IsBegun(folder) && (await Training.StagesAsync(folder).ConfigureAwait(false)).All(static s => s.IsDone)) return true;
        var result = RunFolder.IsBegun(folder) ? await Training.ResumeAsync(folder, progress, stop).ConfigureAwait(false) : await Training.RunAsync(config(), folder, progress, stop).ConfigureAwait(false);
        return result.Reason switch
        {
            StopReason.Completed => true,
            StopReason.Interrupted => false,
            _ => throw new FunctionalException(new Fault(folder, "a loss or gradient was not finite", "allowed: a smaller learning rate")),
        };
    }
}
