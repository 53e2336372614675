namespace Functional.Cli;

/// <summary><c>functional inspect</c>.</summary>
static class InspectCommand
{
    public static CommandSpec Spec => new("inspect", "Shows what a run is made of: parameters, cost, and the graph of the forward pass.",
        [
            new("--run", "DIR", "folder of a run"),
            new("--config", "FILE", "YAML file of a run that is not begun yet"),
        ], Run)
    {
        Details = "The graph is that of a single window; of blocks that are all alike, the first stands for the others.\n",
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var config = (given.Text("--run"), given.Text("--config")) switch
        {
            ({ } folder, null) => RunFolder.Open(folder).OrThrow().Config,
            (null, { } file) => (await Training.PlanAsync(Configuration.FromYaml(file)).ConfigureAwait(false)).Config,
            _ => throw new FunctionalException(new Fault("inspect", "needs one of two options", "expected --run DIR or --config FILE")),
        };
        var model = Gpt.Of(config.Model);
        terminal.Line($"a GPT of {Show.Count(model.ParameterCount)} parameters, for {config.DataName}");
        Report.Parameters(terminal, model);
        Report.Costs(terminal, config, RunCost.Of(config));
        if (given.Text("--run") is { } run) terminal.Line(Checkpoints(run));
        terminal.Line(config.Model.Layers == 1 ? "graph of the forward pass" : $"graph of the forward pass, with one of its {config.Model.Layers} blocks");
        var shown = Gpt.Of(config.Model with { Layers = 1 });
        terminal.Out.Write(Programs.Logits(shown, new(1, config.Model.Context)).Print());
        return interruption.ExitCode;
    }

    static string Checkpoints(string folder)
    {
        var steps = RunFolder.Open(folder).OrThrow().Checkpoints.Steps;
        return steps.Count == 0 ? "no checkpoint yet\n" : $"checkpoints after steps {string.Join(", ", steps.Reverse())}\n";
    }
}
