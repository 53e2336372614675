using Functional.Base;
using Functional.Data;
using Functional.Dialogues;
using Functional.Engines;
using LanguageExt;

namespace Functional.Sessions;

/// <summary>Judges by a run that has learned rewards. It reads texts, with its own template and tokenizer.</summary>
sealed class RewardJudge : IJudge
{
    readonly TrainedModel model;
    readonly DialogueEncoder encoder;

    RewardJudge(TrainedModel model, DialogueEncoder encoder) => (this.model, this.encoder) = (model, encoder);

    /// <summary>Opens a run; one whose model judges nothing is a fault.</summary>
    public static Validation<Fault, RewardJudge> Open(IEngine engine, string location) =>
        RunFolder.Open(location).Bind(run => Judges(run)).Bind(_ => TrainedModel.Open(engine, location)).Bind(Of);

    /// <summary>A model that is open already, and becomes the judge's; one that judges nothing is a fault.</summary>
    public static Validation<Fault, RewardJudge> Of(TrainedModel model) =>
        from judges in Judges(model.Run)
        from encoder in RowParts.Encoder(model.Run.Config, model.Run.Tokenizer, model.Run.Note)
        select new RewardJudge(model, encoder);

    static Validation<Fault, Unit> Judges(RunFolder run) => Fault.Unless(run.Config.Decoder.Labels == 1, "judge", $"is {run.Location}, whose model gives no reward",
        "allowed: a run that has learned rewards, as functional reward makes one");

    // What it cannot read has no reward, and neither has what it gives no number.
    public double[] Rewards(IReadOnlyList<(Asked Asked, string Answer)> answers)
    {
        var read = answers.Select(a => Prepare.Fit(new Located<Judged>(new(a.Asked.Prompt, a.Answer, true), "an answer"), encoder, model.Model.Context)
            .Match(static fitted => fitted.Examples, static _ => [])).ToArray();
        var rewards = new Queue<double>(model.RewardsOf([.. read.SelectMany(static r => r)]));
        return [.. read.Select(r => r.Count == 0 ? double.NaN : rewards.Dequeue())];
    }

    public void Dispose() => model.Dispose();
}
