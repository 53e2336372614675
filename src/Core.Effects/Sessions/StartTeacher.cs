using Functional.Base;
using Functional.Models;
using Functional.Settings;
using Functional.Storage;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>The run that a student learns from: of the student's own tokens, and of any architecture that writes.</summary>
static class StartTeacher
{
    /// <summary>A resolved configuration with the architecture of its teacher, where it has one; what cannot teach it is a fault.</summary>
    public static Validation<Fault, RunConfig> Known(RunConfig config) => config.Stage is { Kind: StageKind.Distill, Distill.Teacher: { } location }
        ? RunOf(config, location).Map(run => With(config, run.Config.Decoder)) : Success<Fault, RunConfig>(config);

    /// <summary>The same, of every stage; a teacher that is gone leaves its stage as it is.</summary>
    public static Recipe KnownIfThere(Recipe recipe) => recipe.Map(static config => Known(config).IfFail(config));

    /// <summary>A teacher's weights; nothing for a stage that has none.</summary>
    /// <param name="config">The stage.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    public static Validation<Fault, Option<StartWeights>> Of(RunConfig config, Tokenizer tokenizer) =>
        config.Stage is not { Kind: StageKind.Distill, Distill.Teacher: { } location } ? Success<Fault, Option<StartWeights>>(None)
        : from run in RunOf(config, location)
          from known in Fault.Unless(run.Tokenizer.Fingerprint == tokenizer.Fingerprint, OtherTokens(location))
          from room in Fault.Unless(run.Config.Model.Context >= config.Model.Context, "teacher", $"is {location}, whose context is {run.Config.Model.Context}",
              $"allowed: a run whose context is {config.Model.Context} or more, or a student whose context is less")
          from checkpoint in run.Checkpoint(Checkpoint.StepIn(location) is { } step ? CheckpointChoice.At(step) : CheckpointChoice.Last)
          select Some(new StartWeights(run, checkpoint));

    static Validation<Fault, RunFolder> RunOf(RunConfig config, string location) =>
        from run in InitialWeights.RunOf(location).MapFail(static f => f with { Where = $"teacher: {f.Where}" })
        from writes in Fault.Unless(run.Config.Decoder is { Labels: 0, Bidirectional: false }, "teacher", $"is {location}, whose model judges texts and writes none", "allowed: a run that writes")
        from many in Fault.Unless(run.Config.Model.Vocabulary == config.Model.Vocabulary, OtherTokens(location))
        select run;

    static Fault OtherTokens(string location) => new("teacher", $"is {location}, which reads other tokens than this run's", "allowed: a run of the same tokenizer; a student of fresh weights has its teacher's");

    static RunConfig With(RunConfig config, DecoderConfig teacher) => config with { Stage = config.Stage with { Distill = config.Stage.Distill with { Architecture = teacher } } };
}
