using Functional.Base;
using Functional.Measuring;
using Functional.Runs;
using Functional.Sessions;
using Functional.Settings;
using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional train</c>, and <c>sft</c>, <c>distill</c>, <c>reward</c>, <c>dpo</c>, <c>grpo</c>, <c>ppo</c> and <c>trpo</c>, which are the same for other kinds of stages.</summary>
static class TrainCommand
{
    static readonly Flag whichOfFrom = new("--checkpoint", "NAME", "which checkpoint of --from: best, last, average or a step") { Group = RunConfig.StageSection,
        Default = "last" };

    /// <summary>The command of each kind of stage.</summary>
    public static Vec<Command> All => [.. Enum.GetValues<StageKind>().Select(static kind => new Command(NameOf(kind), () => Of(kind)))];

    static CommandSpec Of(StageKind kind)
    {
        var name = NameOf(kind);
        return new(kind switch
        {
            StageKind.Sft => "Teaches a model to answer, from dialogues in a file; without one from the embedded world.",
            StageKind.Distill => "Teaches a student what a teacher expects at each token, of given answers, of its own, or of a text.",
            StageKind.Reward => "Trains a model that judges answers, from answers that people have ranked.",
            StageKind.Dpo => "Teaches a model to prefer the better of two answers, without a reward model.",
            StageKind.Grpo => "Teaches a model by rewards of its own answers, several to each question, compared with each other.",
            StageKind.Ppo => "Teaches a model by rewards of its own answers, compared with what a critic expects.",
            StageKind.Trpo => "Teaches a model by rewards of its own answers, by steps that go no further than is allowed.",
            _ => "Trains a model on a text; without options on the embedded corpus, in about two minutes.",
        },
        [
            new("--out", "DIR", $"folder that keeps the run [runs/ and the name of the text{(kind == StageKind.Pretrain ? "" : $", and -{name}")}]") { Group = "run folder" },
            new("--resume", null, "goes on with the run in that folder, bit for bit") { Group = "run folder" },
            new("--config", "FILE", "settings from a YAML file; options take the place of the file's") { Group = "run folder" },
            new("--dry-run", null, "says what the run needs and how long it takes, and stops") { Group = "run folder" },
            .. SettingFlags.For(kind).SelectMany(static flag => flag.Name == "--from" ? [flag, whichOfFrom] : new[] { flag }),
        ], (given, terminal, interruption) => Run(kind, given, terminal, interruption))
        {
            Details = Details(name) + (kind == StageKind.Pretrain ? "" : """
                --from begins with a run's weights, tokenizer and architecture: one that was trained here, or imported. Rows come from JSON,
                JSON lines, CSV, TSV and Parquet, plain or gzipped, a file or a folder of them; functional data inspect FILE shows what
                is made of them.

                """) + (kind is StageKind.Dpo or StageKind.Grpo or StageKind.Ppo or StageKind.Trpo ? Rounds(kind) : "") + (kind == StageKind.Distill ? Student : ""),
            Examples = kind switch
            {
                StageKind.Sft => [new("sft --from runs/base --data instructions.json --template alpaca", "teaches a model to follow instructions"),
                    new("sft --from runs/base --data chats.jsonl --lora-rank 16", "the same with adapters alone, which take less memory")],
                StageKind.Distill => [new("distill --teacher runs/large --layers 2 --width 64 --data questions.jsonl", "a fresh student, of its teacher's tokens"),
                    new("distill --teacher runs/large --from runs/small --own-share 0.5", "half of a round's answers are the student's own"),
                    new("distill --teacher runs/base --on-text --data poems.txt", "every token of a text")],
                StageKind.Reward => [new("reward --from runs/answers --data preferences.jsonl", "a model that judges answers")],
                StageKind.Dpo => [new("dpo --from runs/answers --data preferences.jsonl --beta 0.1", "the preferred answers become likelier"),
                    new("dpo --from runs/answers --judge runs/judge --data prompts.jsonl", "answers of its own that a reward model likes become likelier than others of its own")],
                StageKind.Grpo => [new("grpo --from runs/answers --judge exact --data questions.jsonl", "answers that are the expected ones become likelier"),
                    new("grpo --from runs/answers --judge runs/judge --data prompts.jsonl", "answers that a reward model likes become likelier")],
                StageKind.Trpo => [new("trpo --from runs/answers --judge exact --data questions.jsonl", "the same as grpo, but that each step goes --max-kl nats a token at most")],
                StageKind.Ppo => [new("ppo --from runs/answers --judge runs/judge --data prompts.jsonl", "answers that a reward model likes better than a critic expects become likelier")],
                _ => [new("train --data poems.txt --layers 6 --heads 6 --width 384 --context 256 --steps 5000", "a larger model on a text of your own"),
                    new("train --out runs/poems --resume --steps 10000", "goes on, for longer")],
            },
        };
    }

    static string NameOf(StageKind kind) => kind == StageKind.Pretrain ? "train" : $"{kind}".ToLowerInvariant();

    static string Details(string name) => $"""
        A run folder holds config.yaml and tokenizer.json, and in stages/{(name == "train" ? "pretrain" : name)} metrics.jsonl and checkpoints/.
        config.yaml lists what a run is made of, and what few need only where it is not as usual; --config takes such a file.

        ctrl-c, SIGTERM and SIGHUP save before the program ends, with exit code 130, 143 or 129; {name} --resume goes
        on. A second one ends it without saving.

        --dry-run shows what the run takes. Where its weights, the optimiser's state and accumulated gradients have no
        room on the device, it then ends with the error that the run would end with, and exit code 1.


        """;

    static string Rounds(StageKind kind) => (kind == StageKind.Dpo ? """

        With --judge, the policy answers --round-prompts questions, --round-answers times each, and of the answers to a question
        the best is preferred to the worst: a round has as many rows as questions.

        """ : """

        In a round the policy answers --round-prompts questions, --round-answers times each: the round has a row for each answer.

        """) + (kind == StageKind.Trpo ? """
        A step takes a whole round (--batch), along the natural gradient, as far as --max-kl allows and rewards gain by it. What is
        said of the optimiser, of the rate and of clipping does not matter to it. kl_step in metrics.jsonl is how far it went, and
        step_scale what the full step was multiplied by: 0 where no length was good, and nothing changed.

        """ : "") + """
        Its rows are gone through --round-epochs times, --batch times --accumulate of them a step. The reward that is shown is the
        mean of the round; at evaluations, of one answer to each prompt that is kept. The loss says little of how good answers
        are: it is near 0 where they are only compared with each other, and 0 where all to a question are worth the same.
        A line a round in metrics.jsonl also has tokens of an answer (length), the shares of answers that the model ended
        (ended) and of questions whose answers are all worth the same, from which nothing is learned (even), the number of
        answers without a reward (dropped), and how long it took (milliseconds). Several judges, --judge
        exact=1+format:PATTERN=0.2, are told one by one, too; one that gives an answer no number drops out of that answer's sum.
        Rewards are normalised, clipped, and then less by penalties. --resample asks other questions in place of even ones.
        While a run goes, reward and even are those of its last round; KL is how far the policy is from its reference, in nats a
        token.

        """;

    const string Student = """
        --teacher is a run that was trained here, or imported, of any size; it reads the same tokens as the student, and does not change.
        Without --from the student is fresh. --distill-beta 0 makes it cover all that the teacher would write, 1 keeps it from what the
        teacher would not, and what lies between is bounded. --own-share 1 has it learn from what it writes itself, so that it learns where
        it goes wrong; 0 from the rows' answers alone.

        """;

    static async Task<int> Run(StageKind kind, Given given, Terminal terminal, Interruption interruption)
    {
        var (changes, resume) = (Settings(given), given.Has("--resume"));
        var folder = given.Text("--out") ?? (resume ? LastDefault(kind, given) : null);
        if (resume) Refuse(given, "--config", "allowed: options that change the run, such as --steps");
        if (resume) Refuse(given, "--checkpoint", "a run goes on from its last; allowed: --from DIR --checkpoint NAME, for a new run that begins there");
        if (given.Has("--dry-run"))
            return DryRun(await (resume ? Training.OutlookOfResumeAsync(folder!, changes)
                : Training.OutlookAsync(Configured(kind, given, changes))).ConfigureAwait(false), terminal);
        interruption.Saves();
        var view = terminal.Forgiving();
        RunResult? result = null;
        await (view.Live ? LiveView.Run(view, interruption, Train) : Train(new PlainView(view))).ConfigureAwait(false);
        if (result!.Reason == StopReason.Completed)
        {
            await TrainSummary.Print(view, result, interruption.Token).ConfigureAwait(false);
            return 0;
        }
        view.Line($"stopped after step {result.Step}; everything is saved. To go on: functional {NameOf(kind)} --out {Show.Word(result.Folder)} --resume");
        return interruption.ExitCode;

        async Task Train(IProgress<TrainingEvent> shown) => result = await (resume
            ? Training.ResumeAsync(folder!, shown, interruption.Token, changes)
            : Training.RunAsync(Configured(kind, given, changes), folder, shown, interruption.Token)).ConfigureAwait(false);
    }

    static void Refuse(Given given, string flag, string allowed)
    {
        if (given.Text(flag) is { } text) throw new FunctionalException(new Fault(flag, $"{text} stands beside --resume", allowed));
    }

    static RunConfig Configured(StageKind kind, Given given, IReadOnlyList<(string Name, string Value)> changes)
    {
        if (!given.Has("--config")) Begins(kind, given.Text("--from"));
        var config = given.Text("--config") is { } file ? Configuration.FromYaml(file, [.. changes, ("kind", Recipe.Of(RunConfig.For(kind)).Stages.Names[0])]) : Configuration.From(RunConfig.For(kind), changes);
        Begins(kind, config.Stage.From);
        EngineFlags.Check(given, config.Execution).OrThrow();
        return config;
    }

    // Fresh weights have no answers of which some are better: whatever else were said of them would lead elsewhere.
    static void Begins(StageKind kind, string? from)
    {
        if (kind >= StageKind.Dpo && from is null) throw new FunctionalException(new Fault("--from", $"is not given, and {NameOf(kind)} makes answers better that a model gives already",
            "expected --from DIR, a run that has learned answers, as functional sft makes"));
    }

    static Vec<(string Name, string Value)> Settings(Given given)
    {
        var checkpoint = CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint").OrThrow();
        if (given.Has("--checkpoint") && !given.Has("--from") && !given.Has("--resume"))
            throw new FunctionalException(new Fault("--checkpoint", "names a checkpoint of no run", "expected --from DIR beside it"));
        // From here on it is the checkpoint itself that is named, whatever its run does meanwhile.
        return SettingFlags.Given(given).Map(t => t.Name == "from" && !given.Has("--resume") ? (t.Name, Configuration.FromRun(t.Value, checkpoint).Stage.From!)
            : t);
    }

    // Of the folders that runs without --out have taken, the last.
    static string LastDefault(StageKind kind, Given given)
    {
        var standard = RunConfig.For(kind);
        var first = Training.DefaultFolder(standard with { Stage = standard.Stage with { Source = new() { File = given.Text("--data"), Mixture = given.Text("--mixture") } } });
        var last = first;
        for (var i = 2; Directory.Exists($"{first}-{i}"); i++) last = $"{first}-{i}";
        return last;
    }

    static int DryRun(RunOutlook plan, Terminal terminal)
    {
        var cost = RunCost.Of(plan.Config);
        terminal.Line($"{plan.Config.Stage.Source.Name}: {Show.Count(plan.TrainTokens)} tokens to learn from, {Show.Count(plan.ValidationTokens)} to be tested on, vocabulary {plan.Config.Model.Vocabulary}");
        terminal.Out.Write(TrainText.Texts(plan.Texts));
        if (TrainText.Cut(plan.Cut, plan.Config.Model.Context) is { Length: > 0 } cut) terminal.Out.Write(cut);
        Report.Costs(terminal, plan.Config, cost);
        // What the run would need has been said; a run that would be refused is refused here in the same words.
        Memory.Check(plan.Config).OrThrow();
        using var engine = Engine.Create(plan.Config.Execution);
        var machine = MachineMeasure.Of(engine);
        var answers = RollOutCost.Of(plan.Config, plan.PromptTokens);
        terminal.Line($"estimated time: {Show.Duration(machine.Seconds(cost.TotalFlops, cost.TotalBytes))} for {Show.Count(cost.Steps)} steps"
            + (answers is null ? "" : $", and up to {Show.Duration(machine.Seconds(answers.Flops, answers.Bytes))} for the answers that they learn from, in {Show.Count(answers.Rounds)} rounds{(plan.Config.Stage.IsJudged ? ", beside what the judge takes" : "")}")
            + $", on a machine of {Show.Number(machine.FlopsPerSecond / 1e9)} GFLOP/s and "
            + $"{Show.Number(machine.BytesPerSecond / 1e9)} GB/s, as just measured");
        return 0;
    }
}
