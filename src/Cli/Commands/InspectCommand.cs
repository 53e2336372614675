namespace Functional.Cli;

/// <summary><c>functional inspect</c>.</summary>
static class InspectCommand
{
    public static CommandSpec Spec => new("inspect", "Shows what a run is made of: parameters, cost, and the graph of the forward pass.",
        [
            new("--run", "DIR", "folder of a run"),
            new("--checkpoint", "NAME", "one of its checkpoints: best, last or a step"),
            new("--config", "FILE", "YAML file of a run that is not begun yet"),
        ], Run)
    {
        Details = "The graph is that of a single window; of blocks that are all alike, the first stands for the others.\n",
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        if (given.Has("--checkpoint") && !given.Has("--run")) throw new FunctionalException(new Fault("--checkpoint", "names a checkpoint of no run", "expected --run DIR beside it"));
        var config = (given.Text("--run"), given.Text("--config")) switch
        {
            ({ } folder, null) => RunFolder.Open(folder).OrThrow().Config,
            (null, { } file) => (await Training.PlanAsync(Configuration.FromYaml(file)).ConfigureAwait(false)).Config,
            _ => throw new FunctionalException(new Fault("inspect", "needs one of two options", "expected --run DIR or --config FILE")),
        };
        var checkpoints = given.Text("--run") is { } run ? Checkpoints(run, given.Text("--checkpoint")) : null;
        var model = Gpt.Of(config.Model);
        terminal.Line($"a GPT of {Show.Count(model.ParameterCount)} parameters, for {config.DataName}");
        Report.Parameters(terminal, model);
        Report.Costs(terminal, config, RunCost.Of(config));
        if (checkpoints is not null) terminal.Line(checkpoints);
        terminal.Line(config.Model.Layers == 1 ? "graph of the forward pass" : $"graph of the forward pass, with one of its {config.Model.Layers} blocks");
        var shown = Gpt.Of(config.Model with { Layers = 1 });
        terminal.Out.Write(Programs.Logits(shown, new(1, config.Model.Context)).Print());
        return interruption.ExitCode;
    }

    static string Checkpoints(string folder, string? asked)
    {
        var run = RunFolder.Open(folder).OrThrow();
        var steps = run.Checkpoints.Steps;
        if (steps.Count == 0 && asked is null) return "no checkpoint yet\n";
        var chosen = run.Checkpoint(CheckpointChoice.Parse(asked, "--checkpoint").OrThrow()).OrThrow();
        var best = chosen.Training.BestStep < 0 ? "" : $"; best of its evaluations: {Show.Loss(chosen.Training.BestLoss)} after step {chosen.Training.BestStep}";
        return $"checkpoints after steps {string.Join(", ", steps.Reverse())}\n{asked ?? "last"}: step {chosen.Step}, {Show.Count(chosen.Training.Tokens)} tokens learned from{best}; in {chosen.Folder}\n";
    }
}
