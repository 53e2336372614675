using Functional.Base;
using Functional.Runs;
using Functional.Sessions;
using Functional.Settings;

namespace Functional.Cli;

/// <summary><c>functional run</c>: a recipe, stage by stage.</summary>
static class RunCommand
{
    public static CommandSpec Spec => new("Trains in stages, as a recipe says; what is done already is not done again.",
        [
            new("--out", "DIR", "folder that keeps the run [runs/ and the recipe's name]") { Group = "run folder" },
            new("--status", null, "says what is done and what is left, and stops") { Group = "run folder" },
            .. EngineFlags.All,
        ], Run)
    {
        Argument = new("recipe", "RECIPE.yaml", "the recipe: settings of the model, the text and the run, and those of each stage by its name"),
        Details = """
            A recipe is a config.yaml with several stages:

              model:
                layers: 4
              stages:
                stories:
                  steps: 2000
                poems:
                  steps: 500
                  learning:
                    lr: 3e-4
                  source:
                    data: poems.txt

            A stage begins with the weights of the one before, or with those that its setting "from" names. Settings outside of
            stages hold for all. The tokenizer is one for the texts of all stages.

            The same command again goes on where the run stands. Stages that are not begun yet may be changed, left out or
            added, also to a run that is done; one that was begun may be made longer while none has begun after it. Paths
            in a recipe are relative to its folder.

            """,
        Examples = [new("run recipe.yaml --out runs/poet", "carries out a recipe"), new("run recipe.yaml --out runs/poet --status", "how far it has come")],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var file = given.Text("recipe")!;
        var folder = given.Text("--out") ?? (Path.GetFileNameWithoutExtension(file) is var name && name.Any(char.IsLetterOrDigit) ? Path.Combine("runs", name)
            : throw new FunctionalException(new Fault("--out", "is not given, and the recipe's name makes no folder", "expected --out DIR")));
        var recipe = Configuration.RecipeFor(file, folder, [.. EngineFlags.Names.Where(name => given.Has($"--{name}"))
            .Select(name => (name, given.Text($"--{name}")!))]);
        EngineFlags.Check(given, recipe.Stages.Values[0].Execution).OrThrow();
        if (given.Has("--status"))
        {
            Tell(terminal, await Progress(recipe, folder).ConfigureAwait(false));
            return 0;
        }
        interruption.Saves();
        var view = terminal.Forgiving();
        var progress = await Progress(recipe, folder).ConfigureAwait(false);
        if (RunFolder.IsBegun(folder)) Tell(view, progress);
        if (progress.All(static s => s.IsDone))
        {
            _ = RunSession.Planned(folder, RunSession.ChangeTo(recipe)).OrThrow();
            view.Line("nothing is left to do");
            return 0;
        }
        RunResult? result = null;
        try
        {
            await (view.Live ? LiveView.Run(view, interruption, Train) : Train(new PlainView(view))).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (interruption.ExitCode != 0 && RunFolder.IsBegun(folder))
        {
            // Asked between two stages, while a text was read.
            await Stopped("stopped").ConfigureAwait(false);
            return interruption.ExitCode;
        }
        if (result!.Reason == StopReason.Completed)
        {
            await TrainSummary.Print(view, result, interruption.Token).ConfigureAwait(false);
            return 0;
        }
        await Stopped($"stopped after step {result.Step} of {result.Stage}").ConfigureAwait(false);
        return interruption.ExitCode;

        async Task Stopped(string where)
        {
            view.Line($"{where}; everything is saved. To go on: functional run {Show.Word(file)} --out {Show.Word(folder)}");
            Tell(view, await Progress(recipe, folder).ConfigureAwait(false));
        }

        async Task Train(IProgress<TrainingEvent> shown) => result = await Training.RunAsync(recipe, folder, shown, interruption.Token).ConfigureAwait(false);
    }

    // Of the recipe as it is now, whatever the folder was begun with.
    static async Task<IReadOnlyList<StageProgress>> Progress(Recipe recipe, string folder)
    {
        var done = RunFolder.IsBegun(folder) ? await Training.StagesAsync(folder).ConfigureAwait(false) : [];
        return
        [
            .. recipe.Stages.Select(s => done.FirstOrDefault(d => d.Name == s.Name) is { } d
                ? d with { Steps = s.Value.Stage.Steps, IsDone = d.IsDone && d.Done >= s.Value.Stage.Steps }
                : new StageProgress(s.Name, 0, s.Value.Stage.Steps, IsBegun: false, IsDone: false)),
            .. done.Where(d => d.IsBegun && !recipe.Stages.Contains(d.Name)),
        ];
    }

    static void Tell(Terminal terminal, IReadOnlyList<StageProgress> stages)
    {
        var width = stages.Max(static s => s.Name.Length);
        foreach (var s in stages)
            terminal.Line($"{s.Name.PadRight(width)}  {(s.IsDone ? "done" : s.IsBegun ? "begun" : "left")}, {Show.Count(s.Done)} of {Show.Count(s.Steps)} steps");
    }
}
