using System.Text.Json.Nodes;
using Functional.Base;
using Functional.Dialogues;
using Functional.Server;
using Functional.Sessions;
using Said = Functional.Dialogues.Said;

namespace Functional.Studio;

/// <summary>Studies: answers that people judge without knowing whose they are, and what came of it.</summary>
static class AnnotateApi
{
    public static IEnumerable<Route> Routes(Library library, RunShelf shelf, Jobs jobs)
    {
        var studies = new StudyShelf(library.Home);
        return
        [
            Route.Get("annotate/sets", call => call.Send(new JsonArray([.. studies.Names.Select(name => (JsonNode)About(name, studies))]))),
            Route.Post("annotate/make", call => StudyMaking.Make(call, library, shelf, jobs, studies)),
            Route.Get("annotate/state", call => call.Send(studies.With(call.Needed("set"), study => State(study, Annotator(call.Needed("annotator")))))),
            Route.Post("annotate/judge", call => Judge(call, studies)),
            Route.Post("annotate/back", call => Back(call, studies)),
            Route.Get("annotate/results", call => call.Send(studies.With(call.Needed("set"), Results))),
            Route.Get("annotate/file", call => call.Send(studies.With(call.Needed("set"), static study => new JsonObject
            {
                ["name"] = $"{Path.GetFileName(study.Location)}.jsonl", ["text"] = string.Concat(study.Rows.Select(static row => row.Row.Line() + "\n")),
            }))),
            .. StudyTrainings.Routes(library, jobs, studies),
        ];
    }

    static JsonObject About(string name, StudyShelf studies)
    {
        try
        {
            return studies.With(name, study => new JsonObject
            {
                ["name"] = name, ["questions"] = study.Study.Questions.Count, ["answers"] = study.Study.Answers, ["passed_over"] = study.Study.PassedOver,
                ["judgements"] = study.Rows.Select(Judgement.IdOf).Distinct().Count(), ["people"] = study.Rows.Select(static r => r.Annotator).Distinct().Count(),
            });
        }
        catch (Exception e) when (e is ApiException or IOException or UnauthorizedAccessException)
        {
            return new() { ["name"] = name, ["error"] = e.Message.Length <= 1000 ? e.Message : e.Message[..1000] };
        }
    }

    static string Annotator(string name) => Judgement.CheckName(name).Match(_ => name, static faults => throw StudyShelf.Wrong([.. faults]));

    // Nothing of what is told says who answered: neither names nor an order that would be the same for everybody.
    static JsonObject State(StudyFolder study, string annotator) => new()
    {
        ["total"] = study.Study.Questions.Count, ["done"] = study.Judged(annotator).Count, ["answers"] = study.Study.Answers, ["last"] = study.Last(annotator),
        ["next"] = study.Next(annotator) is not { } number ? null : new JsonObject
        {
            ["question"] = number,
            ["prompt"] = new JsonArray([.. study.Study.Questions[number].Prompt.Select(static m => (JsonNode)new JsonObject { ["role"] = $"{m.Role}".ToLowerInvariant(), ["text"] = m.Whole })]),
            ["answers"] = RunsApi.Texts(study.Study.Shown(annotator, number).Select(i => study.Study.Questions[number].Answers[i].Text)),
        },
    };

    static async Task Judge(Call call, StudyShelf studies)
    {
        var (set, annotator, id) = (call.Text("set"), Annotator(call.Text("annotator")), call.Text("id"));
        var question = call.Body.Whole("question", 0, int.MaxValue);
        if (question is null) call.Body.Wrong("question", "is not there", "expected its number");
        var said = SaidIn(call.Body);
        call.Body.Check();
        await call.Send(studies.With(set, study =>
        {
            // Somebody else of the same name, or the same in another window, was faster: what is on the page is old.
            if (!study.Has(id) && study.Judged(annotator).Contains((int)question!.Value)) throw new ApiException(409, $"question: {question} was judged already by {annotator}; allowed: to take that back first", "question");
            _ = study.Add(new(id, annotator, (int)question!.Value, said!)).IfFail(static faults => throw StudyShelf.Wrong([.. faults]));
            return State(study, annotator);
        })).ConfigureAwait(false);
    }

    static Said? SaidIn(Members body)
    {
        var all = new List<Said>();
        if (body.Text("verdict") is { } word)
        {
            if (Annotation.VerdictOf(word) is { } verdict) all.Add(new Said.Compared(verdict));
            else body.Wrong("verdict", "is none", $"allowed: {string.Join(", ", RankingShapes.Verdicts.Take(5))}");
        }
        if (body.List("grades") is { } grades)
        {
            if (grades.All(static g => g is Json.Whole { Value: >= 1 and <= Judgement.BestGrade })) all.Add(new Said.Graded(grades.Map(static g => (int)((Json.Whole)g).Value)));
            else body.Wrong("grades", "are none", $"expected whole numbers from 1 to {Judgement.BestGrade}");
        }
        if (body.Object("edit") is { } edit)
        {
            var (answer, text) = (edit.Whole("answer", 0, Study.MostAnswers - 1), edit.Text("text"));
            if (answer is null) edit.Wrong("answer", "is not there", "expected which answer as shown, from 0");
            all.Add(new Said.Edited((int)(answer ?? 0), text ?? ""));
        }
        if (body.Flag("skip")) all.Add(new Said.Skipped());
        if (body.Flag("flag")) all.Add(new Said.Flagged(body.Text("note") ?? ""));
        if (all.Count == 1) return all[0];
        body.Wrong("verdict", all.Count == 0 ? "is not there" : "is not the only one", "expected one of verdict, grades, edit, skip or flag");
        return null;
    }

    static Task Back(Call call, StudyShelf studies)
    {
        var (set, annotator, id) = (call.Text("set"), Annotator(call.Text("annotator")), call.Text("id"));
        return call.Send(studies.With(set, study =>
        {
            _ = study.TakeBack(id, annotator).IfFail(static faults => throw StudyShelf.Wrong([.. faults]));
            return State(study, annotator);
        }));
    }

    static JsonObject Results(StudyFolder study)
    {
        var results = StudyResults.Of(study.Study, study.Rows.ToVec());
        return new()
        {
            ["questions"] = study.Study.Questions.Count, ["passed_over"] = study.Study.PassedOver, ["pairs"] = results.Pairs,
            ["people"] = new JsonArray([.. results.People.Select(static p => (JsonNode)new JsonObject { ["name"] = p.Name, ["judged"] = p.Judged, ["edited"] = p.Edited, ["skipped"] = p.Skipped, ["flagged"] = p.Flagged })]),
            ["models"] = new JsonArray([.. results.Models.Select(static m => (JsonNode)new JsonObject { ["name"] = m.Model, ["wins"] = m.Wins, ["ties"] = m.Ties, ["losses"] = m.Losses, ["rate"] = Rate(m.WinRate) })]),
            ["agreement"] = Agreed(results.Agreement),
            ["between"] = new JsonArray([.. results.Between.Select(static b =>
            {
                var told = Agreed(b.Agreement);
                (told["one"], told["other"]) = (b.One, b.Other);
                return (JsonNode)told;
            })]),
            ["flagged"] = new JsonArray([.. results.Flagged.Select(f => (JsonNode)new JsonObject { ["question"] = study.Study.Questions[f.Question].Prompt[^1].Whole, ["annotator"] = f.Annotator, ["note"] = f.Note })]),
        };
    }

    static JsonObject Agreed(Agreement agreement) => new()
    {
        ["shared"] = agreement.Shared, ["same"] = RunsApi.Number(agreement.Same), ["alpha"] = RunsApi.Number(agreement.Alpha),
    };

    internal static JsonArray Rate(Rate rate) => RunsApi.Numbers([rate.Value, rate.Low, rate.High]);
}
