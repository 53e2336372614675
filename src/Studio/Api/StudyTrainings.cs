using System.Text.Json.Nodes;
using Functional.Base;
using Functional.Server;
using Functional.Sessions;
using Functional.Settings;

namespace Functional.Studio;

/// <summary>Learning from what was judged: a judge, a policy, and what that changed.</summary>
static class StudyTrainings
{
    public const string Kind = "study-training";

    public static IEnumerable<Route> Routes(Library library, Jobs jobs, StudyShelf studies) =>
    [
        Route.Get("annotate/trainings", call => call.Send(studies.With(call.Needed("set"), study =>
            new JsonArray([.. StudyTraining.All(study).Select(t => (JsonNode)About(t, call.Needed("set"), jobs))])))),
        Route.Post("annotate/train", call => Train(call, library, jobs, studies)),
        Route.Post("annotate/continue", call => GoOn(call, jobs, studies)),
    ];

    static Task Train(Call call, Library library, Jobs jobs, StudyShelf studies)
    {
        var (set, name, body) = (call.Text("set"), call.Text("base"), call.Body);
        var method = body.Text("method") switch { null or "dpo" => StageKind.Dpo, "ppo" => StageKind.Ppo, _ => StageKind.Pretrain };
        if (method == StageKind.Pretrain) body.Wrong("method", "is none", "allowed: dpo, ppo");
        var wishes = new PreferenceWishes
        {
            Method = method, RewardSteps = body.Whole("reward_steps", 1, PreferencePlan.MostSteps), Steps = body.Whole("steps", 1, PreferencePlan.MostSteps),
            Rate = Number(body, "rate"), Beta = Number(body, "beta"),
        };
        body.Check();
        if (jobs.All.Any(j => j.Kind == Kind && !j.IsOver && j.About.StartsWith($"{set}/", StringComparison.Ordinal))) throw new ApiException(409, $"set: {set} is learned from already; allowed: to wait, or to stop that", "set");
        var found = library.Model(name) ?? throw new ApiException(404, "base: there is no model of that name; allowed: those that /studio/api/models lists", "base");
        var training = studies.With(set, study =>
        {
            try
            {
                return StudyTraining.Begin(study, library.Home, set, found.Folder.Home, wishes);
            }
            catch (FunctionalException e)
            {
                throw StudyShelf.Wrong(e.Faults);
            }
        });
        return call.Send(Start(training, set, jobs));
    }

    static double? Number(Members body, string name) => body[name] is null ? null : body.Number(name, 0, 0, 10);

    static Task GoOn(Call call, Jobs jobs, StudyShelf studies)
    {
        var (set, number) = (call.Text("set"), call.Body.Whole("training", 1, int.MaxValue));
        if (number is null) call.Body.Wrong("training", "is not there", "expected its number");
        call.Body.Check();
        var training = studies.With(set, study => StudyTraining.All(study).FirstOrDefault(t => t.Number == number))
            ?? throw new ApiException(404, $"training: there is no {number} of {set}", "training");
        if (training.IsDone) throw new ApiException(409, $"training: {number} is done", "training");
        if (jobs.About(Kind, $"{set}/{number}") is not null) throw new ApiException(409, $"training: {number} is at work", "training");
        return call.Send(Start(training, set, jobs));
    }

    static JsonObject Start(StudyTraining training, string set, Jobs jobs)
    {
        var job = jobs.Start(Kind, $"{set}/{training.Number}", (job, stop) =>
        {
            var told = new Parts(job);
            return training.RunAsync(told, told.Begins, stop);
        });
        return new() { ["training"] = training.Number, ["job"] = job.Json };
    }

    // The judge, the policy and what is measured, in this order.
    sealed class Parts(Job job) : IProgress<TrainingEvent>
    {
        const double EachRun = 0.45, EachMeasure = 0.03;

        readonly TrainingJob.Told run = new(job);
        string what = "";
        double before;
        int measured;

        public void Begins(string part)
        {
            (what, before) = part switch { "judge" => ("the judge", 0), "policy" => ("the policy", EachRun), _ => (part, 2 * EachRun + measured++ * EachMeasure) };
            (job.Note, job.Share) = (what, before);
        }

        public void Report(TrainingEvent value)
        {
            run.Report(value);
            (job.Note, job.Share) = ($"{what}: {job.Note.Replace($"{what}: ", "", StringComparison.Ordinal)}", before + EachRun * Math.Min(1, Math.Max(0, job.Share is { } share && IsOwn(value) ? share : Share)));
            if (IsOwn(value)) Share = Math.Min(1, Math.Max(0, (job.Share.Value - before) / EachRun));
        }

        double Share { get; set; }

        static bool IsOwn(TrainingEvent value) => value is TrainingEvent.Started or TrainingEvent.Stepped;
    }

    static JsonObject About(StudyTraining training, string set, Jobs jobs)
    {
        var (change, name) = (training.Change, $"{set}/{training.Number}");
        var (job, over) = (jobs.About(Kind, name), jobs.All.LastOrDefault(j => j.Kind == Kind && j.About == name && j.IsOver));
        return new()
        {
            ["number"] = training.Number, ["method"] = $"{training.Method}".ToLowerInvariant(), ["base"] = Named(training.Base), ["step"] = training.Step, ["template"] = training.Template,
            ["judge"] = Path.GetFileName(training.Judge), ["policy"] = Path.GetFileName(training.Policy),
            ["begun"] = RunsApi.Texts(new[] { training.Judge, training.Policy }.Where(RunFolder.Holds).Select(static f => Path.GetFileName(f))), ["pairs"] = training.Pairs, ["kept"] = training.Kept, ["left_out"] = training.LeftOut,
            ["temperature"] = training.Asking.Temperature, ["job"] = job?.Json, ["error"] = job is null && change is null ? over?.Error : null,
            ["settings"] = new JsonObject { ["judge"] = Settings(training.Plan.Reward), ["policy"] = Settings(training.Plan.Policy) },
            ["change"] = change is null ? null : Told(change),
        };
    }

    // A stage of several is its run's, and its own.
    static string Named(string home) => Path.GetDirectoryName(home) is { } stages && Path.GetFileName(stages) == "stages" && Path.GetDirectoryName(stages) is { } run
        ? $"{Path.GetFileName(run)}/{Path.GetFileName(home)}" : Path.GetFileName(home);

    static JsonArray Settings(Vec<(string Name, string Value)> settings) => new([.. settings.Where(static s => s.Name is "steps" or "batch" or "lr" or "beta" or "kl-weight" or "lora-rank" or "answer-tokens" or "round-prompts")
        .Select(static s => (JsonNode)RunsApi.Texts([s.Name, s.Value]))]);

    static JsonObject Told(StudyChange change) => new()
    {
        ["learned"] = Told(change.Learned), ["kept"] = Told(change.Kept), ["wins"] = AnnotateApi.Rate(change.WinRate), ["gain"] = AnnotateApi.Rate(change.Gain), ["same"] = change.Same,
        ["length"] = RunsApi.Numbers([change.Length.Before, change.Length.After]), ["distance"] = RunsApi.Number(change.Distance),
        ["answers"] = new JsonArray([.. change.Answers.Select(static a => (JsonNode)new JsonObject
        {
            ["question"] = a.Question, ["before"] = a.Before, ["after"] = a.After, ["before_reward"] = RunsApi.Number(a.BeforeReward), ["after_reward"] = RunsApi.Number(a.AfterReward), ["judged"] = a.Judged,
        })]),
    };

    static JsonObject Told(PreferenceShare share) => new()
    {
        ["pairs"] = share.Pairs, ["judge"] = share.Judge, ["before"] = share.Before, ["after"] = share.After, ["moved"] = share.Moved, ["margin"] = RunsApi.Number(share.Margin),
    };
}
