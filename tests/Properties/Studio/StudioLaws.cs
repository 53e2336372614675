using System.Net;
using Functional.Studio;
using Xunit;

namespace Functional.Tests.Properties.Studio;

/// <summary>Pages: all of them in the program, for everybody who can reach it; what they ask for, only for whoever may.</summary>
public sealed class StudioLaws(Studios studios) : IClassFixture<Studios>
{
    [Theory]
    [InlineData("/runs", "text/html")]
    [InlineData("/chat", "text/html")]
    [InlineData("/annotate", "text/html")]
    [InlineData("/learn", "text/html")]
    [InlineData("/studio/base.js", "text/javascript")]
    [InlineData("/studio/studio.css", "text/css")]
    [InlineData("/studio/icon.svg", "image/svg+xml")]
    public async Task Pages_are_there(string path, string type)
    {
        using var page = await studios.Http.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal((HttpStatusCode.OK, type), (page.StatusCode, page.Content.Headers.ContentType!.MediaType));
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        // What has not changed is not sent again.
        using var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(page.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await studios.Http.SendAsync(again)).StatusCode);
    }

    /// <summary>Every file that a page or a module names is there, and none is of another place.</summary>
    [Fact]
    public async Task What_pages_name_is_there()
    {
        var (seen, left) = (new HashSet<string>(), new Queue<string>(["/runs", "/chat", "/annotate", "/learn"]));
        while (left.TryDequeue(out var path))
        {
            if (!seen.Add(path)) continue;
            using var answer = await studios.Http.GetAsync(new Uri(path, UriKind.Relative));
            Assert.True(answer.IsSuccessStatusCode, path);
            var text = await answer.Content.ReadAsStringAsync();
            foreach (System.Text.RegularExpressions.Match named in System.Text.RegularExpressions.Regex.Matches(text, "(?:from|import|src=|href=)\\s*\\(?\"([^\"#]+)\""))
                if (!named.Groups[1].Value.StartsWith("data:", StringComparison.Ordinal)) left.Enqueue(named.Groups[1].Value);
            Assert.DoesNotMatch("""https?://(?!www\.w3\.org/)""", System.Text.RegularExpressions.Regex.Replace(text, "(?m)^\\s*//.*$", ""));
        }
        Assert.True(seen.Count > 8);
    }

    [Fact]
    public async Task Only_who_has_a_key_may_ask()
    {
        await using var server = await studios.Start(static o => o with { Server = o.Server with { Keys = ["a-good-key"] } });
        using var http = new HttpClient { BaseAddress = new(server.Address) };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/runs", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await studios.Get("runs", http)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await studios.Post("runs/resume", """{"run":"single"}""", http)).Status);
        http.DefaultRequestHeaders.Authorization = new("Bearer", "a-good-key");
        Assert.Equal(HttpStatusCode.OK, (await studios.Get("runs", http)).Status);
    }

    /// <summary>A page of another site can neither read nor have anything done: not by a name that leads here, not by what browsers send without a question.</summary>
    [Fact]
    public async Task Other_sites_have_nothing_done()
    {
        using var form = new HttpRequestMessage(HttpMethod.Post, "/studio/api/runs/resume") { Content = new StringContent("""{"run":"single","steps":100000}""", System.Text.Encoding.UTF8, "text/plain") };
        form.Headers.Add("Origin", "https://evil.example");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await studios.Http.SendAsync(form)).StatusCode);
        using var rebound = new HttpRequestMessage(HttpMethod.Get, "/studio/api/runs");
        rebound.Headers.Host = "evil.example";
        Assert.Equal(HttpStatusCode.Forbidden, (await studios.Http.SendAsync(rebound)).StatusCode);
        Assert.Empty((await studios.Get("jobs")).Body.AsArray());
    }

    [Fact]
    public async Task Options_that_are_wrong_are_named()
    {
        var faults = await Assert.ThrowsAsync<FunctionalException>(() => StudioServer.StartAsync(new() { Folders = [], MostModels = 0, Server = new() { Port = -1 } }));
        Assert.Contains("Folders: is empty", faults.Message, StringComparison.Ordinal);
        Assert.Contains("MostModels: is 0", faults.Message, StringComparison.Ordinal);
        Assert.Contains("Port: is -1", faults.Message, StringComparison.Ordinal);
        Assert.Contains("is a file", (await Assert.ThrowsAsync<FunctionalException>(() => studios.Start(o => o with { Folders = [studios["text.txt"]] }))).Message, StringComparison.Ordinal);
        // A folder that is not there yet has no runs yet.
        await using var empty = await studios.Start(o => o with { Folders = [studios["none"]] });
        using var http = new HttpClient { BaseAddress = new(empty.Address) };
        Assert.Empty((await studios.Get("runs", http)).Body.AsArray());
        Assert.Empty((await studios.Get("models", http)).Body.AsArray());
        Assert.Equal(HttpStatusCode.NotFound, (await studios.Post("write", """{"model":"single","prompt":"a"}""", http)).Status);
    }

    /// <summary>Two folders of one name are two runs; a run that is given itself is one, too.</summary>
    [Fact]
    public async Task Runs_have_names_of_their_own()
    {
        studios.Train("../other/single", Recipe.Of(RunFolder.Open(Path.Combine(studios.Runs, "single")).Match(static f => f.Config, static _ => throw new InvalidOperationException())));
        await using var server = await studios.Start(o => o with { Folders = [Path.Combine(studios.Runs, "single"), studios["other"], studios.Runs] });
        using var http = new HttpClient { BaseAddress = new(server.Address) };
        var names = (await studios.Get("runs", http)).Body.AsArray().Select(static r => (string)r!["name"]!).ToList();
        Assert.Equal("single", names[0]);
        Assert.Equal("other.single", names[1]);
        Assert.Equal(names.Count, names.Distinct().Count());
    }
}
