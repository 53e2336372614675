using System.Text.Json.Nodes;
using Functional.Server;
using Microsoft.AspNetCore.Http;

namespace Functional.Studio;

/// <summary>Something that a page may ask for.</summary>
/// <param name="Method">GET or POST.</param>
/// <param name="Path">Below <c>/studio/api/</c>, such as <c>runs/curves</c>.</param>
/// <param name="Answer">Answers it.</param>
sealed record Route(string Method, string Path, Func<Call, Task> Answer)
{
    public static Route Get(string path, Func<Call, Task> answer) => new("GET", path, answer);

    public static Route Post(string path, Func<Call, Task> answer) => new("POST", path, answer);
}

/// <summary>A page's question.</summary>
/// <param name="context">The request.</param>
/// <param name="client">Whose turn it takes.</param>
/// <param name="body">What was sent; an empty object where nothing is.</param>
/// <param name="server">What the server allows.</param>
/// <param name="stop">Asks to give up: the client has left, time is over, or the server stops.</param>
sealed class Call(HttpContext context, string client, Members body, ServerOptions server, CancellationToken stop)
{
    public HttpContext Context => context;

    public string Client => client;

    public Members Body => body;

    public ServerOptions Server => server;

    public CancellationToken Stop => stop;

    /// <summary>The texts of a name in the address, in order.</summary>
    public IReadOnlyList<string> All(string name) => [.. context.Request.Query[name].OfType<string>()];

    /// <summary>The text of a name in the address; nothing where there is none.</summary>
    public string? Query(string name) => All(name) is [var one, ..] ? one : null;

    /// <summary>As <see cref="Query"/>, of what has to be there.</summary>
    public string Needed(string name) => Query(name) is { Length: > 0 } text ? text : throw new ApiException(400, $"{name}: is not there; expected ?{name}=…", name);

    /// <summary>A text of the body that has to be there.</summary>
    public string Text(string name)
    {
        var text = body.Text(name);
        if (string.IsNullOrEmpty(text)) body.Wrong(name, "is not there, or empty", "expected a text");
        body.Check();
        return text!;
    }

    public Task Send(JsonNode answer, int status = 200) => Answering.Send(context, answer, status);
}
