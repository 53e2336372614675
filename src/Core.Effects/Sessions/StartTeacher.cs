using Functional.Base;
using Functional.Settings;
using Functional.Storage;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>The run that a student learns from: of the student's own tokens, and of any architecture that writes.</summary>
static class StartTeacher
{
    /// <summary>
    /// A resolved configuration with its teacher's checkpoint itself, whatever that run does meanwhile, and with its architecture; what cannot teach it is a fault. One without
    /// a teacher is what it is.
    /// </summary>
    public static Validation<Fault, RunConfig> Known(RunConfig config) => config.Stage is not { Kind: StageKind.Distill, Distill.Teacher: { } location } ? Success<Fault, RunConfig>(config)
        : from weights in Weights(config, location)
          select config with { Stage = config.Stage with { Distill = config.Stage.Distill with { Teacher = Path.GetFullPath(weights.Checkpoint.Folder), Architecture = weights.Run.Config.Decoder } } };

    /// <summary>The same, of every stage; a teacher that is gone leaves its stage as it is.</summary>
    public static Recipe KnownIfThere(Recipe recipe) => recipe.Map(static config => Known(config).IfFail(config));

    /// <summary>A teacher's weights; nothing for a stage that has none.</summary>
    /// <param name="config">The stage.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    public static Validation<Fault, Option<StartWeights>> Of(RunConfig config, Tokenizer tokenizer) =>
        config.Stage is not { Kind: StageKind.Distill, Distill.Teacher: { } location } ? Success<Fault, Option<StartWeights>>(None)
        : from weights in Weights(config, location)
          from known in Fault.Unless(weights.Run.Tokenizer.Fingerprint == tokenizer.Fingerprint, OtherTokens(location))
          from room in Fault.Unless(weights.Run.Config.Model.Context >= config.Model.Context, "teacher", $"is {location}, whose context is {weights.Run.Config.Model.Context}",
              $"allowed: a run whose context is {config.Model.Context} or more, or a student whose context is less")
          select Some(weights);

    static Validation<Fault, StartWeights> Weights(RunConfig config, string location) =>
        from run in InitialWeights.RunOf(location).MapFail(Named)
        from writes in Fault.Unless(run.Config.Decoder is { Labels: 0, Bidirectional: false }, "teacher", $"is {location}, whose model judges texts and writes none", "allowed: a run that writes")
        from many in Fault.Unless(run.Config.Model.Vocabulary == config.Model.Vocabulary, OtherTokens(location))
        from checkpoint in run.Checkpoint(Checkpoint.StepIn(location) is { } step ? CheckpointChoice.At(step) : CheckpointChoice.Last).MapFail(Named)
        select new StartWeights(run, checkpoint);

    static Fault Named(Fault fault) => fault with { Where = $"teacher: {fault.Where}" };

    static Fault OtherTokens(string location) => new("teacher", $"is {location}, which reads other tokens than this run's", "allowed: a run of the same tokenizer; a student of fresh weights has its teacher's");
}
