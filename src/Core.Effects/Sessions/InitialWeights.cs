using Functional.Base;
using Functional.Graphs;
using Functional.Settings;
using Functional.Storage;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>The run whose weights another run begins with: named by its folder, for its last checkpoint, or by the folder of a checkpoint in it.</summary>
public static class InitialWeights
{
    /// <summary>
    /// A configuration that begins with a run's weights: its architecture and tokenizer, and everything else as it was. What it holds is the
    /// checkpoint's own folder, so that a run that goes on training meanwhile makes no difference.
    /// </summary>
    /// <param name="config">What the new run is to be beside.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="choice">Which of its checkpoints.</param>
    public static Validation<Fault, RunConfig> Of(RunConfig config, string folder, CheckpointChoice choice) =>
        from run in Run(folder)
        from checkpoint in Chosen(run, folder, choice)
        let inherited = Inherit(config, run.Config)
        select inherited with { Stage = inherited.Stage with { From = Path.GetFullPath(checkpoint.Folder) } };

    /// <summary>What the run keeps of the published model that it came from; nothing where it came from none.</summary>
    internal static Validation<Fault, Option<PublishedNote>> Note(string weights) => Run(weights).Map(static run => run.Note);

    /// <summary>The run that weights are of, at their stage.</summary>
    /// <param name="weights">The run's folder, or the folder of a checkpoint in it.</param>
    public static Validation<Fault, RunFolder> RunOf(string weights) => Run(weights);

    /// <summary>The tokenizer of the run.</summary>
    internal static Validation<Fault, Tokenizer> Tokenizer(string weights) => Run(weights).Map(static run => run.Tokenizer);

    /// <summary>
    /// The checkpoint, when it is one of the architecture and tokenizer of a run that is to begin with it; else a fault for each setting that differs.
    /// </summary>
    /// <param name="config">What is to begin with it.</param>
    /// <param name="weights">Where the checkpoint is.</param>
    /// <param name="tokenizer">The tokenizer of what is to begin with it.</param>
    public static Validation<Fault, StartWeights> Open(RunConfig config, string weights, Tokenizer tokenizer) =>
        from begin in Open(config, weights)
        from same in Fault.Unless(begin.Checkpoint.Identity.Text.Tokenizer == tokenizer.Fingerprint, "from", $"{weights} was trained with other tokens than this run's",
            "allowed: weights of the same tokenizer")
        select begin;

    /// <summary>As <see cref="Open(RunConfig, string, Tokenizer)"/>, as far as can be told before there is a tokenizer.</summary>
    public static Validation<Fault, StartWeights> Open(RunConfig config, string weights) =>
        from run in Run(weights)
        from same in Inherited
            .Select(f =>
                Fault.Unless(f.Get(run.Config) == f.Get(config), f.Name, $"is {f.Show(config)}, but the weights of {weights} have {f.Show(run.Config)}",
                    $"allowed with them: {f.Show(run.Config)}"))
            .Gather()
        from checkpoint in Chosen(run, weights, CheckpointChoice.Last)
        select new StartWeights(run, checkpoint);

    // A folder that is a checkpoint itself is chosen already.
    static Validation<Fault, Checkpoint> Chosen(RunFolder run, string folder, CheckpointChoice choice) =>
        run.Checkpoint(Checkpoint.StepIn(folder) is { } step ? CheckpointChoice.At(step) : choice);

    static Validation<Fault, RunFolder> Run(string folder) =>
        RunFolder.Bare(Checkpoint.StepIn(folder) is null ? folder : Path.GetFullPath(Path.Combine(folder, "..", "..")));

    /// <summary>Whether a setting is one that weights come with. Dropout, and how experts are taught to share the work, are no part of what weights are.</summary>
    public static bool AreInherited(Field<RunConfig> field) => field is { Fixed: true, Section: "model" or "rope" or "experts" or "text" };

    static IEnumerable<Field<RunConfig>> Inherited => RunConfig.Fields.Where(AreInherited);

    static RunConfig Inherit(RunConfig config, RunConfig from) => Inherited.Aggregate(config, (c, f) => f.Set(c, f.Get(from))!);
}
