using Functional.Base;
using Functional.Models;
using Functional.Settings;
using Functional.Storage;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>The run whose weights a critic begins with: one that has learned rewards, of the policy's own architecture and tokens, since both read the same rows.</summary>
static class StartCritic
{
    static IEnumerable<Field<RunConfig>> Architecture => RunConfig.Fields.Where(static f => f is { Fixed: true, Section: "model" or "rope" or "experts" } && f.Name is not ("labels" or "context"));

    /// <summary>What a stage's critic begins with; nothing where it begins as the policy, or is a head on it.</summary>
    /// <param name="config">The stage.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    public static Validation<Fault, Option<StartWeights>> Of(RunConfig config, Tokenizer tokenizer) =>
        config.Stage is not { Kind: StageKind.Ppo, Policy.CriticRun: { } location } ? Success<Fault, Option<StartWeights>>(None)
        : from run in InitialWeights.RunOf(location).MapFail(static f => f with { Where = $"critic: {f.Where}" })
          from judges in Fault.Unless(run.Config.Decoder is { Labels: 1, Bidirectional: false, Pooling: Pooling.Last }, "critic", run.Config.Decoder.Labels == 1
              ? $"is {location}, which judges whole texts, and a critic expects rewards at each token" : $"is {location}, whose model gives no reward",
              "allowed: head, own, or a run that has learned rewards from left to right")
          from same in Architecture.Select(f => Fault.Unless(f.Get(run.Config) == f.Get(config), "critic", $"is {location}, whose {f.Name} is {f.Show(run.Config)}",
              $"allowed: a run whose {f.Name} is {f.Show(config)}, as the policy's")).Append(Fault.Unless(run.Config.Model.Context >= config.Model.Context, "critic",
              $"is {location}, whose context is {run.Config.Model.Context}", $"allowed: a run whose context is {config.Model.Context} or more")).Gather()
          from known in Fault.Unless(run.Tokenizer.Fingerprint == tokenizer.Fingerprint, "critic", $"is {location}, which reads other tokens than this run's",
              "allowed: a run of the same tokenizer")
          from checkpoint in run.Checkpoint(Checkpoint.StepIn(location) is { } step ? CheckpointChoice.At(step) : CheckpointChoice.Last)
          select Some(new StartWeights(run, checkpoint));
}
