using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Functional.Tests.Properties.Studio;
using Xunit;

namespace Functional.Tests.Properties.Serving;

/// <summary>Requests that are nearly right: whatever is sent, the answer is one of HTTP's for it, in words, without a stack trace, and the next request is answered as ever.</summary>
public sealed class FuzzLaws(Served served, Studios studios) : IClassFixture<Served>, IClassFixture<Studios>
{
    static readonly (string Path, string Body)[] right =
    [
        ("/v1/chat/completions", """{"model":"one","messages":[{"role":"system","content":"a"},{"role":"user","content":"ab"}],"max_tokens":3,"temperature":0.5,"top_p":0.9,"stop":["x"],"seed":1,"n":2,"logprobs":true,"top_logprobs":2,"stream":true,"stream_options":{"include_usage":true},"template":"user-assistant"}"""),
        ("/v1/chat/completions", """{"model":"one","messages":[{"role":"user","content":[{"type":"text","text":"a"}]}],"max_tokens":4,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]}}}],"tool_choice":"auto","logit_bias":{"97":1}}"""),
        ("/v1/chat/completions", """{"model":"one","messages":[{"role":"user","content":"a"}],"max_tokens":4,"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object","properties":{"a":{"enum":["b",1]}},"additionalProperties":false}}}}"""),
        ("/v1/completions", """{"model":"one","prompt":["ab","a"],"max_tokens":3,"best_of":2,"n":1,"echo":true,"logprobs":2,"presence_penalty":1,"frequency_penalty":1,"repetition_penalty":1.1,"min_p":0.1,"regex":"[ab]*"}"""),
        ("/v1/embeddings", """{"model":"one","input":["ab","b"],"encoding_format":"float"}"""),
    ];

    static readonly (string Path, string Body)[] pages =
    [
        ("/studio/api/write", """{"model":"single","prompt":"ab","max_tokens":3,"seed":1,"temperature":0.5,"top_k":3}"""), ("/studio/api/next", """{"model":"single","prompt":[97,98],"written":[97],"temperature":0.5,"top_p":0.5}"""),
        ("/studio/api/attention", """{"model":"single","ids":[97,98,99],"layer":1,"head":1}"""), ("/studio/api/runs/stop", """{"run":"single"}"""), ("/studio/api/jobs/stop", """{"id":7}"""),
    ];

    static readonly string[] strange =
    [
        "null", "true", "-1", "0", "1e400", "-1e400", "9223372036854775808", "1.5", "\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"<script>alert(1)</script>\"", "\"../../etc/passwd\"", "[]", "{}", "[[[[]]]]", "[null]", "{\"a\":{\"b\":[]}}", "\"🙂\"", "2147483648", "\"a\\nb\"",
    ];

    /// <summary>One request that is not quite right: a value in the place of another, a member less, a name that is another, text cut off or turned around.</summary>
    static string Wrong(string body, Key key)
    {
        var json = JsonNode.Parse(body)!;
        var places = Places(json).ToList();
        var (parent, name) = places[(int)(key.Bits64(0) % (ulong)places.Count)];
        var value = strange[(int)(key.Bits64(1) % (ulong)strange.Length)];
        switch (key.Bits64(2) % 6)
        {
            case 0:
                if (parent is JsonObject less) less.Remove((string)name);
                break;
            case 1:
                return body[..(int)(key.Bits64(3) % (ulong)body.Length)];
            case 2:
                var at = (int)(key.Bits64(3) % (ulong)body.Length);
                return body[..at] + (char)(32 + key.Bits64(4) % 90) + body[(at + 1)..];
            case 3:
                return body.Replace("\"a\"", new string('[', (int)(key.Bits64(3) % 3000)), StringComparison.Ordinal);
            default:
                // A number that JSON has and no library of its values: put in as text.
                if (parent is JsonObject o) o[(string)name] = "@@";
                else parent.AsArray()[(int)name] = "@@";
                return json.ToJsonString().Replace("\"@@\"", value, StringComparison.Ordinal);
        }
        return json.ToJsonString();
    }

    static IEnumerable<(JsonNode Parent, object Name)> Places(JsonNode json) => json switch
    {
        JsonObject o => o.SelectMany(m => (m.Value is null ? [] : Places(m.Value)).Prepend((o, m.Key))),
        JsonArray a => a.SelectMany((v, i) => (v is null ? [] : Places(v)).Prepend((a, i))),
        _ => [],
    };

    static async Task<(int Status, string Text)> Send(HttpClient http, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), content);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task What_is_nearly_right_has_an_answer()
    {
        foreach (var (http, requests) in new[] { (served.Http, right), (studios.Http, pages) })
        {
            foreach (var (path, body) in requests)
                for (var i = 0; i < 60; i++)
                {
                    var wrong = Wrong(body, Key.Seed((ulong)(1000 + i)).FoldIn(path.Length + body.Length));
                    var (status, text) = await Send(http, path, wrong);
                    Assert.True(status is 200 or 400 or 404 or 409 or 413, $"{path} {wrong}: {status} {text}");
                    Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
                    if (status == 200) continue;
                    var error = JsonNode.Parse(text)!["error"]!;
                    Assert.False(string.IsNullOrWhiteSpace((string?)error["message"]), wrong);
                }
            // As ever.
            foreach (var (path, body) in requests.Take(3)) Assert.Equal(HttpStatusCode.OK, (HttpStatusCode)(await Send(http, path, body)).Status);
        }
    }
}
