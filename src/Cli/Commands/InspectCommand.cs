using System.Globalization;
using Functional.Base;
using Functional.Learning;
using Functional.Models;
using Functional.Runs;
using Functional.Sessions;
using Functional.Settings;
using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional inspect</c>.</summary>
static class InspectCommand
{
    public static CommandSpec Spec => new("Shows what a run is made of: parameters, cost, and the graph of the forward pass.",
        [
            new("--run", "DIR", "folder of a run"),
            new("--checkpoint", "NAME", "one of its checkpoints: best, last, average or a step"),
            new("--stage", "NAME", "one of its stages") { Default = "the last that has a checkpoint" },
            new("--config", "FILE", "YAML file of a run that is not begun yet"),
            new("--experts", null, "shows instead how often each expert is chosen on the text that was kept for evaluation"),
            new("--data", "FILE", "with --experts: another text") { Default = "that part of the run's own" },
            .. EngineFlags.All,
        ], Run)
    {
        Details = """
            The graph is that of a single window; of blocks that are all alike, the first stands for the others.

            Where the run of --config has no room on its device, this ends with the error that train would end with, and
            exit code 1. Where that of --run has none here, it is a warning.

            Only --experts computes, and so only it takes the options of the engine.

            """,
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        foreach (var (flag, what) in (ReadOnlySpan<(string, string)>)[("--checkpoint", "checkpoint"), ("--stage", "stage")])
            if (given.Has(flag) && !given.Has("--run")) throw new FunctionalException(new Fault(flag, $"names a {what} of no run",
                "expected --run DIR beside it"));
        if (given.Has("--experts")) return await Experts(given, terminal, interruption).ConfigureAwait(false);
        foreach (var flag in EngineFlags.Names.Select(static name => $"--{name}"))
            if (given.Has(flag)) throw new FunctionalException(new Fault(flag, "is for what is computed, and nothing is", "expected --experts beside it"));
        if (given.Has("--data")) throw new FunctionalException(new Fault("--data", "is a text to choose experts for", "expected --experts beside it"));
        var (config, texts) = (given.Text("--run"), given.Text("--config")) switch
        {
            ({ } folder, null) => (RunFolder.Open(folder, given.Text("--stage")).Bind(static run => run.Config.Validate()).OrThrow(), (IReadOnlyList<TextShare>)[]),
            (null, { } file) => await Training.OutlookAsync(Configuration.FromYaml(file)).ConfigureAwait(false) is var plan ? (plan.Config, plan.Texts) : default,
            _ => throw new FunctionalException(new Fault("inspect", "needs one of two options", "expected --run DIR or --config FILE")),
        };
        var checkpoints = given.Text("--run") is { } run ? Checkpoints(run, given.Text("--stage"), given.Text("--checkpoint")) : null;
        var cost = RunCost.Of(config);
        var period = config.Model.Period;
        var (block, judges) = (Transformer.Of(config.Decoder, period), config.Decoder.Labels > 0);
        terminal.Line($"a {(judges ? "judge of texts" : "decoder")} of {Show.Count(cost.Memory.Parameters)} parameters, {Origin(given.Text("--run"), config)}");
        terminal.Out.Write(TrainText.Texts(texts));
        Report.Parameters(terminal, block, config.Model.Layers, period);
        Report.Costs(terminal, config, cost);
        if (checkpoints is not null) terminal.Line(checkpoints);
        terminal.Line(config.Model.Layers == period ? "graph of the forward pass"
            : $"graph of the forward pass, with {(period == 1 ? "one" : $"the first {period}")} of its {config.Model.Layers} blocks");
        var window = new BatchShape(1, judges ? config.Model.Context : Window(config.Model));
        terminal.Out.Write((judges ? Programs.Judged(block, window) : Programs.Logits(block, window)).Print());
        var room = Memory.Check(config);
        if (given.Has("--config")) room.OrThrow();
        else foreach (var fault in room.Match(static _ => [], static faults => faults.ToArray())) terminal.Error.WriteLine($"warning: {fault}");
        return interruption.ExitCode;
    }

    static async Task<int> Experts(Given given, Terminal terminal, Interruption interruption)
    {
        if (given.Text("--run") is not { } folder || given.Has("--config"))
            throw new FunctionalException(new Fault("--experts", "needs a model that has learned", "expected --run DIR beside it, and no --config"));
        var (options, checkpoint) = (EngineFlags.Reading(given), CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint")).Checked();
        using var model = await LanguageModel.LoadAsync(folder, options, checkpoint, given.Text("--stage"), interruption.Token).ConfigureAwait(false);
        var loads = await model.ExpertLoadAsync(given.Text("--data"), interruption.Token).ConfigureAwait(false);
        terminal.Out.Write(HeatMap.Of(loads, model.Config.Model.Experts.Chosen, terminal.Width));
        return interruption.ExitCode;
    }

    // What was imported names no text.
    static string Origin(string? run, RunConfig config)
    {
        var opened = run is null ? null : RunFolder.Open(run).OrThrow();
        return (opened is { IsImported: true, Note.Case: PublishedNote note } ? $"imported as {note.Family}" : $"for {config.Stage.Source.Name}{Shares(config.Stage.Source)}")
            + (opened?.Panels is { } panels ? $"; kept in {panels.Bits} bits and trained no further: below is the model that it was" : "");
    }

    static string Shares(SourceConfig source) => source.Texts is { Count: > 1 } texts
        ? $": {string.Join(", ", texts.Select(t => string.Create(CultureInfo.InvariantCulture, $"{t.Name} {100 * t.Weight / texts.Sum(static u => u.Weight):0.##} %")))}" : "";

    // The whole context, unless the logits of all its tokens are more than a tensor holds; training never has them at once.
    static int Window(DecoderConfig model) => Math.Min(model.Context, int.MaxValue / model.Vocabulary);

    static string Checkpoints(string folder, string? stage, string? asked)
    {
        var run = RunFolder.Open(folder, stage).OrThrow();
        var steps = run.Checkpoints.Steps;
        if (steps.Count == 0 && asked is null) return "no checkpoint yet\n";
        var chosen = run.Checkpoint(CheckpointChoice.Parse(asked, "--checkpoint").OrThrow()).OrThrow();
        var best = chosen.Training.BestStep < 0 ? ""
            : $"; best of its evaluations: {Show.Loss(chosen.Training.BestLoss)} after step {chosen.Training.BestStep}";
        return $"checkpoints after steps {string.Join(", ", steps.Reverse())}\n{asked ?? "last"}: step {chosen.Step}, {Show.Count(chosen.Training.Tokens)} tokens learned from{best}; in {chosen.Folder}\n";
    }
}
