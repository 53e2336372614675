using System.Text.Json.Nodes;
using Functional.Base;
using Functional.Dialogues;
using Functional.Server;
using Functional.Sessions;

namespace Functional.Studio;

/// <summary>Making studies: models of the shelf answer, and what they answered is kept.</summary>
static class StudyMaking
{
    public const string Kind = "study";

    // Of a model's own questions so many times what is wanted are at hand, for those that are passed over.
    const int Spare = 4;

    public static async Task Make(Call call, Library library, RunShelf shelf, Jobs jobs, StudyShelf studies)
    {
        var (name, body) = (call.Text("set"), call.Body);
        var folder = studies.Folder(name);
        var models = body.Texts("models", 16);
        var options = new StudyOptions
        {
            Models = [.. models], Answers = (int)(body.Whole("answers", 2, Study.MostAnswers) ?? 2), Temperature = body.Number("temperature", 0.8, 0, 10),
            Tokens = (int)(body.Whole("tokens", 1, call.Server.MostTokens) ?? Math.Min(64, call.Server.MostTokens)), Seed = body.Whole("seed", 0, long.MaxValue) ?? 1,
        };
        var (text, own) = (body.Text("questions"), body.Whole("own", 1, QuestionText.Most));
        if (string.IsNullOrWhiteSpace(text) == own is null) body.Wrong("questions", "are not there", "expected questions, a line each or rows of JSON, or how many of the model's own");
        body.Check();
        if (own is not null) options = options with { Questions = (int)own.Value };
        _ = options.Validate().IfFail(static faults => throw StudyShelf.Wrong([.. faults]));
        var found = models.Map(model => Writer(model, library));
        if (StudyFolder.Holds(folder) || jobs.About(Kind, name) is not null) throw new ApiException(409, $"set: there is one called {name} already; allowed: another name", "set");
        var questions = (own is null ? QuestionText.Read(text!, "questions") : Questions.Of(found[0].Folder, null, most: (int)Math.Min(QuestionText.Most, Spare * own.Value)).Map(static q => q.Rows.Select(static r => r.Value.Prompt).Distinct().ToVec()))
            .IfFail(static faults => throw StudyShelf.Wrong([.. faults]));
        var client = call.Client;
        await call.Send(jobs.Start(Kind, name, async (job, stop) =>
        {
            job.Note = $"{options.Questions ?? questions.Count} questions are answered";
            var study = await StudyDrawing.DrawAsync(options, questions, (model, prompt, texts, seed, cancel) => Write(shelf, options, client, model, prompt, texts, seed, cancel),
                new Told(job, Math.Min(options.Questions ?? questions.Count, questions.Count)), stop).ConfigureAwait(false);
            _ = StudyFolder.Begin(folder, study).OrThrow();
            job.Result = new JsonObject { ["set"] = name, ["questions"] = study.Questions.Count, ["passed_over"] = study.PassedOver };
            return true;
        }).Json).ConfigureAwait(false);
    }

    static LibraryModel Writer(string name, Library library) => library.Model(name) is not { } model ? throw new ApiException(404, "models: there is none of that name; allowed: those that /studio/api/models lists", "models")
        : model.Judges ? throw new ApiException(400, $"models: {model.Name} judges texts, and writes none; allowed: those that write", "models") : model;

    static async Task<IReadOnlyList<string>> Write(RunShelf shelf, StudyOptions options, string client, string name, Vec<Message> prompt, int texts, long seed, CancellationToken stop)
    {
        using var lease = await shelf.Take(name, stop).ConfigureAwait(false);
        var asked = new AskOptions { Template = lease.Model.Model.AskedBy, Tokens = options.Tokens, Temperature = options.Temperature, Samples = texts, Seed = seed };
        var hosted = await lease.Model.Host.AskAsync(prompt, asked, client, stop).ConfigureAwait(false);
        return [.. (await hosted.WholeAsync().ConfigureAwait(false)).Select(static a => a.Text)];
    }

    sealed class Told(Job job, int questions) : IProgress<int>
    {
        public void Report(int value) => (job.Note, job.Share) = ($"{value} of {questions} questions are answered", value / (double)questions);
    }
}
