using System.Net;
using System.Text.Json.Nodes;
using Functional.Base;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Functional.Server;

/// <summary>
/// Models over HTTP in the form of OpenAI's API: <c>/v1/models</c>, <c>/v1/chat/completions</c>, <c>/v1/completions</c>, <c>/v1/embeddings</c>; <c>/healthz</c>, <c>/readyz</c> and
/// <c>/metrics</c>. Each model writes many texts at once (<see cref="ModelHost"/>). It listens at once, and is ready when its models are loaded.
/// </summary>
/// <example><code>
/// await using var server = await ModelServer.StartAsync(new() { Runs = [new("poems", "runs/poems")], Port = 8080 });
/// await server.Loaded;
/// </code></example>
public sealed class ModelServer : IAsyncDisposable
{
    readonly WebApplication app;
    readonly ServerOptions options;
    readonly Gate gate;
    readonly Counters counters = new();
    readonly CancellationTokenSource stopping = new(), cut = new();
    readonly Shelf shelf;
    readonly Annex? annex;
    int stopped, answering;

    ModelServer(WebApplication app, ServerOptions options, Shelf shelf, Annex? annex)
    {
        (this.app, this.options, this.shelf, this.annex, gate) = (app, options, shelf, annex, new(options));
        Loaded = Task.CompletedTask;
    }

    /// <summary>Where it listens, as <c>http://127.0.0.1:8080</c>.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Ends when all models are loaded.</summary>
    /// <exception cref="FunctionalException">One cannot be.</exception>
    public Task Loaded { get; private set; }

    /// <summary>Begins to listen, and to load.</summary>
    /// <param name="options">What is served, and to whom.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">An option is out of range, or the address cannot be listened at.</exception>
    public static Task<ModelServer> StartAsync(ServerOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var valid = options.Validate().OrThrow();
        return StartAsync(valid, new FixedShelf(valid), null, cancellation);
    }

    /// <summary>As <see cref="StartAsync(ServerOptions, CancellationToken)"/>, with models of another shelf, which becomes the server's own, and whatever else is answered.</summary>
    internal static async Task<ModelServer> StartAsync(ServerOptions valid, Shelf shelf, Annex? annex, CancellationToken cancellation)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Limit(kestrel, valid));
        builder.Services.AddRoutingCore();
        // Whoever runs the program hears its signals: a host that heard them, too, would keep the second from ending it.
        builder.Services.AddSingleton<Microsoft.Extensions.Hosting.IHostLifetime, Quiet>();
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(host => host.ShutdownTimeout = valid.Grace + TimeSpan.FromMinutes(1));
        var server = new ModelServer(builder.Build(), valid, shelf, annex);
        server.app.Use(server.Answer);
        // Both take a second or so, and neither needs the other.
        server.Loaded = Task.Run(() => shelf.Load(server.stopping.Token), CancellationToken.None);
        try
        {
            await server.app.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw new FunctionalException(new Fault(nameof(Port), $"{valid.Address}:{valid.Port} cannot be listened at: {e.Message}", "allowed: an address of this machine, and a port that is free; 0 for any"));
        }
        server.Address = server.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return server;
    }

    const string Port = nameof(ServerOptions.Port);

    static void Limit(KestrelServerOptions kestrel, ServerOptions options)
    {
        kestrel.Listen(new IPEndPoint(options.Address, options.Port));
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        (limits.MaxRequestBodySize, limits.MaxConcurrentConnections) = (options.MostBody, options.MostConnections);
        (limits.MaxRequestHeaderCount, limits.MaxRequestHeadersTotalSize, limits.MaxRequestLineSize) = (64, 32 * 1024, 8 * 1024);
        (limits.RequestHeadersTimeout, limits.KeepAliveTimeout) = (TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(2));
        limits.MinRequestBodyDataRate = new(bytesPerSecond: 500, gracePeriod: TimeSpan.FromSeconds(5));
    }

    bool IsReady => Loaded.IsCompletedSuccessfully && !stopping.IsCancellationRequested;

    async Task Answer(HttpContext context, RequestDelegate next)
    {
        Interlocked.Increment(ref answering);
        try
        {
            await Answer(context).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref answering);
        }
    }

    async Task Answer(HttpContext context)
    {
        var (route, headers) = ("other", context.Response.Headers);
        (headers.XContentTypeOptions, headers["Referrer-Policy"]) = ("nosniff", "no-referrer");
        using var timer = new CancellationTokenSource();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, timer.Token, cut.Token);
        timer.CancelAfter(options.Timeout);
        try
        {
            gate.CheckHost(context.Request);
            if (!gate.Crosses(context)) route = await Route(context, stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (!context.RequestAborted.IsCancellationRequested)
        {
            route = Known(context.Request.Path);
            var fault = Faulty.Of(e) ?? (timer.IsCancellationRequested ? new ApiException(504, $"timeout: the answer took longer than {options.Timeout.TotalSeconds:0} s", null, "timeout")
                : cut.IsCancellationRequested ? new ApiException(503, "the server is stopping") : new ApiException(500, "an error of the server; whoever runs it knows more"));
            // What a client is not told: where a file lies.
            var cause = e is ApiException { InnerException: { } inner } ? inner : e;
            if (fault.Status == 500) options.Told?.Invoke($"{context.Request.Path.Value?.ReplaceLineEndings(" ")}: {(cause is FunctionalException or ApiException ? cause.Message : cause)}");
            if (context.Response.HasStarted) context.Abort();
            else
            {
                if (fault.Status is 429 or 503) headers.RetryAfter = "1";
                await Answering.Send(context, fault.Body, fault.Status).ConfigureAwait(false);
            }
        }
        catch (Exception)
        {
            // Nobody is there to be told.
            route = Known(context.Request.Path);
            counters.Answered(route, 499);
            return;
        }
        counters.Answered(route, context.Response.StatusCode);
    }

    // Counters have no names that clients make up.
    string Known(PathString path) => annex?.Known(path) ?? (path.Value is "/v1/models" or "/v1/chat/completions" or "/v1/completions" or "/v1/embeddings" or "/healthz" or "/readyz" or "/metrics" ? path.Value : "other");

    async Task<string> Route(HttpContext context, CancellationToken stop)
    {
        var (path, get) = (context.Request.Path.Value ?? "", HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method));
        switch (path)
        {
            case "/healthz" when get:
                await Answering.Send(context, new JsonObject { ["status"] = "ok" }).ConfigureAwait(false);
                return path;
            case "/readyz" when get:
                await Answering.Send(context, new JsonObject { ["status"] = IsReady ? "ready" : stopping.IsCancellationRequested ? "stopping" : "loading" }, IsReady ? 200 : 503).ConfigureAwait(false);
                return path;
        }
        if (annex is not null && await annex.Open(context, stop).ConfigureAwait(false) is { } open) return open;
        var client = gate.Client(context);
        if (annex is not null && await annex.Closed(context, client, stop).ConfigureAwait(false) is { } closed) return closed;
        switch (path)
        {
            case "/metrics" when get:
                context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
                await context.Response.WriteAsync(counters.Text(shelf.Held), stop).ConfigureAwait(false);
                return path;
            case "/v1/models" when get:
                await Answering.Send(context, new JsonObject { ["object"] = "list", ["data"] = new JsonArray([.. shelf.Names.Select(static m => (JsonNode)About(m.Name, m.Created))]) }).ConfigureAwait(false);
                return path;
            case not null when get && path.StartsWith("/v1/models/", StringComparison.Ordinal):
                // It is not loaded for that.
                // OpenAI's clients write the slash of a name as %2F.
                var asked = Uri.UnescapeDataString(path["/v1/models/".Length..]);
                await Answering.Send(context, shelf.Names.FirstOrDefault(n => n.Name == asked) is { Name: not null } known ? About(known.Name, known.Created) : throw shelf.Unknown(asked)).ConfigureAwait(false);
                return "/v1/models";
            case "/v1/chat/completions" or "/v1/completions" or "/v1/embeddings" when HttpMethods.IsPost(context.Request.Method):
                if (stopping.IsCancellationRequested) throw new ApiException(503, "the server is stopping");
                if (!Loaded.IsCompleted) throw new ApiException(503, "the models are still loading", null, "loading");
                var body = await Answering.Read(context, stop).ConfigureAwait(false);
                using (var lease = await shelf.Take(body.Text("model"), stop).ConfigureAwait(false)) await Write(context, path, lease.Model, body, client, stop).ConfigureAwait(false);
                return path;
            case "/v1/chat/completions" or "/v1/completions" or "/v1/embeddings" or "/v1/models" or "/metrics" or "/healthz" or "/readyz":
                context.Response.Headers.Allow = path.StartsWith("/v1/", StringComparison.Ordinal) && path != "/v1/models" ? "POST" : "GET";
                throw new ApiException(405, $"{context.Request.Method} is no method of {path}; allowed: {context.Response.Headers.Allow}");
            default:
                throw new ApiException(404, "there is nothing at this path; allowed: /v1/models, /v1/chat/completions, /v1/completions, /v1/embeddings, /healthz, /readyz, /metrics");
        }
    }

    Task Write(HttpContext context, string path, ServedModel model, Members body, string client, CancellationToken stop)
    {
        var visit = new Visit(counters, model.Name, client, options.MostTokens, stop);
        return path switch
        {
            "/v1/chat/completions" => ChatEndpoint.Run(context, model, body, visit),
            "/v1/completions" => CompletionEndpoint.Run(context, model, body, visit),
            _ => EmbeddingEndpoint.Run(context, model, body, visit),
        };
    }

    static JsonObject About(string name, long created) => new() { ["id"] = name, ["object"] = "model", ["created"] = created, ["owned_by"] = "functional" };

    /// <summary>Takes nothing more, and waits until what is being written is; for no longer than <see cref="ServerOptions.Grace"/>.</summary>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref stopped, 1) == 1) return;
        await stopping.CancelAsync().ConfigureAwait(false);
        cut.CancelAfter(options.Grace);
        // It waits for what is being answered; what is cut ends soon after. A connection on which nothing is answered is not waited for.
        using (var patience = new CancellationTokenSource(options.Grace + TimeSpan.FromSeconds(5)))
        {
            var ended = app.StopAsync(patience.Token);
            for (var idle = 0; !ended.IsCompleted && idle < 5; idle = Volatile.Read(ref answering) == 0 ? idle + 1 : 0) await Task.WhenAny(ended, Task.Delay(50)).ConfigureAwait(false);
            await patience.CancelAsync().ConfigureAwait(false);
            await ended.ConfigureAwait(false);
        }
        await cut.CancelAsync().ConfigureAwait(false);
        try
        {
            await Loaded.ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or FunctionalException)
        {
            // Whoever waits for it was told.
        }
        await shelf.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>As <see cref="StopAsync"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await app.DisposeAsync().ConfigureAwait(false);
        stopping.Dispose();
        cut.Dispose();
    }

    // A host that is ended by whoever began it, and by nobody else.
    sealed class Quiet : Microsoft.Extensions.Hosting.IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
