using System.Text.Json.Nodes;
using Functional.Server;

namespace Functional.Studio;

/// <summary>What is at work.</summary>
static class JobsApi
{
    public static IEnumerable<Route> Routes(Jobs jobs) =>
    [
        Route.Get("jobs", call => call.Send(new JsonArray([.. jobs.All.Select(static j => (JsonNode)j.Json)]))),
        Route.Post("jobs/stop", async call =>
        {
            var id = call.Body.Whole("id", 1, int.MaxValue);
            if (id is null) call.Body.Wrong("id", "is not there", "expected a job's number");
            call.Body.Check();
            var job = jobs.All.FirstOrDefault(j => j.Id == id) ?? throw new ApiException(404, $"id: there is no job {id}", "id");
            await jobs.Stop(job).ConfigureAwait(false);
            await call.Send(job.Json).ConfigureAwait(false);
        }),
    ];
}
