using System.Globalization;

namespace Functional.Cli;

/// <summary><c>functional train</c>.</summary>
static class TrainCommand
{
    const string Runs = "runs", World = "world";

    static readonly string[] settings =
    [
        "layers", "heads", "width", "context", "dropout",
        "data", "tokenizer", "line-ends",
        "batch", "accumulate", "steps", "seed", "lr", "min-lr", "warmup", "schedule", "weight-decay", "beta1", "beta2", "clip",
        "eval-every", "eval-batches", "save-every", "keep", "sample-every",
        .. EngineFlags.Names,
    ];

    static readonly RunConfig standard = new();

    public static CommandSpec Spec => new("train", "Trains a model on a text; without options on the embedded corpus, in about two minutes.",
        [
            new("--out", "DIR", "folder that keeps the run [runs/ and the name of the text]") { Group = "run folder" },
            new("--resume", null, "goes on with the run in that folder, bit for bit") { Group = "run folder" },
            new("--config", "FILE", "settings from a YAML file; options take the place of the file's") { Group = "run folder" },
            new("--dry-run", null, "says what the run needs and how long it takes, and stops") { Group = "run folder" },
            .. settings.Take(4).Select(EngineFlags.Setting),
            new("--bias", null, "biases in linear layers and norms") { Group = "model" },
            new("--no-bias", null, "none [default]") { Group = "model" },
            .. settings.Skip(4).Select(EngineFlags.Setting),
        ], Run)
    {
        Details = """
            A run folder holds config.yaml, tokenizer.json, metrics.jsonl and checkpoints/. config.yaml lists further
            settings, such as optimiser, positions and label-smoothing, which --config takes.

            ctrl-c and SIGTERM save before the program ends, with exit code 130 or 143; train --resume goes on.

            """,
        Examples =
        [
            new("train --data poems.txt --layers 6 --heads 6 --width 384 --context 256 --steps 5000", "a larger model on a text of your own"),
            new("train --out runs/poems --resume --steps 10000", "goes on, for longer"),
        ],
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (changes, resume) = (Settings(given), given.Has("--resume"));
        var folder = given.Text("--out") ?? Folder(given.Text("--data"), resume);
        if (folder.Length == 0) throw new FunctionalException(new Fault("--out", "is empty", "expected the name of a folder"));
        if (given.Has("--dry-run"))
            return await DryRun(resume ? Configuration.From(RunFolder.Open(folder).OrThrow().Config, changes) : Configured(given, changes), terminal).ConfigureAwait(false);
        if (resume && given.Text("--config") is { } file) throw new FunctionalException(new Fault("--config", $"{file} stands beside --resume", "allowed: options that change the run, such as --steps"));
        TrainingResult? result = null;
        await (terminal.Live ? LiveView.Run(terminal, Train) : Train(new PlainView(terminal))).ConfigureAwait(false);
        if (result!.Reason == StopReason.Completed)
        {
            await TrainSummary.Print(terminal, result, interruption.Token).ConfigureAwait(false);
            return 0;
        }
        terminal.Line($"stopped after step {result.Step}; everything is saved. To go on: functional train --out {result.Folder} --resume");
        return interruption.ExitCode;

        async Task Train(IProgress<TrainingEvent> view) => result = await (resume
            ? Training.ResumeAsync(folder, view, interruption.Token, changes)
            : Training.RunAsync(Configured(given, changes), folder, view, interruption.Token)).ConfigureAwait(false);
    }

    static RunConfig Configured(Given given, IReadOnlyList<(string, string)> changes)
    {
        var config = given.Text("--config") is { } file ? Configuration.FromYaml(file, changes) : Configuration.From(standard, changes);
        EngineFlags.Check(given, config.Execution).OrThrow();
        return config;
    }

    static List<(string, string)> Settings(Given given)
    {
        if (given.Has("--bias") && given.Has("--no-bias")) throw new FunctionalException(new Fault("--bias", "stands beside --no-bias", "allowed: one of them"));
        var texts = settings.Where(name => given.Has($"--{name}")).Select(name => (name, given.Text($"--{name}")!)).ToList();
        // A short run cannot take the usual time to warm up; who wants to see this refused gives both.
        if (given.Text("--steps") is { } text && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var steps) && steps < 10 * standard.Warmup
            && !given.Has("--warmup") && !given.Has("--config") && !given.Has("--resume"))
            texts.Add(("warmup", (steps / 10).ToString(CultureInfo.InvariantCulture)));
        if (given.Has("--bias") || given.Has("--no-bias")) texts.Add(("bias", given.Has("--bias") ? "true" : "false"));
        return texts;
    }

    // runs/NAME, or the first of runs/NAME-2, runs/NAME-3 … that is free; when going on, the last that is not.
    static string Folder(string? data, bool resume)
    {
        var name = data is null ? World : Path.GetFileNameWithoutExtension(data);
        var first = Path.Combine(Runs, name.Length == 0 ? World : name);
        string Number(int i) => i == 1 ? first : $"{first}-{i}";
        var free = 1;
        while (Directory.Exists(Number(free))) free++;
        return Number(resume ? Math.Max(1, free - 1) : free);
    }

    static async Task<int> DryRun(RunConfig config, Terminal terminal)
    {
        var plan = await Training.PlanAsync(config).ConfigureAwait(false);
        var cost = RunCost.Of(plan.Config);
        terminal.Line($"{plan.Config.DataName}: {Show.Count(plan.TrainTokens)} tokens to learn from, {Show.Count(plan.ValidationTokens)} to be tested on, vocabulary {plan.Config.Model.Vocabulary}");
        Report.Costs(terminal, plan.Config, cost);
        using var engine = Engine.Create(config.Execution);
        var machine = MachineMeasure.Of(engine);
        var step = machine.Estimate(cost.StepFlops, cost.StepBytes);
        terminal.Line($"estimated time: {Show.Duration(step * cost.Steps)} for {Show.Count(cost.Steps)} steps, on a machine of {Show.Number(machine.FlopsPerSecond / 1e9)} GFLOP/s and "
            + $"{Show.Number(machine.BytesPerSecond / 1e9)} GB/s, as just measured");
        return 0;
    }
}
