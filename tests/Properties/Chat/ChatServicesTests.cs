using Functional.Chat;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Functional.Tests.Properties.Chat;

/// <summary>Models among a program's services, and texts as vectors.</summary>
public sealed class ChatServicesTests(ChatRuns runs) : IClassFixture<ChatRuns>
{
    static readonly ChatMessage[] question = [new(ChatRole.User, "ab?")];

    ServedModel Served(string name, string folder) => new(name, folder) { Engine = ChatRuns.Engine, Host = new() { Rows = 2 }, Defaults = new() { Tokens = 6 } };

    /// <summary>By key and without one; nothing is read before the first request, and one model serves all.</summary>
    [Fact]
    public async Task Models_are_services()
    {
        var logger = new ToldLogger();
        var services = new ServiceCollection().AddSingleton<ILoggerFactory>(logger).AddFunctional(o => o.Add(Served("a", runs.Folder)).Add(Served("b", runs["nowhere"])));
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<IChatClient>();
        Assert.Same(client, provider.GetRequiredKeyedService<IChatClient>("a"));
        Assert.Null(client.GetService<LanguageModel>());
        Assert.Empty(logger.All);
        var expected = (await runs.Client.GetResponseAsync(question, new() { MaxOutputTokens = 6, Seed = 1 })).Text;
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => client.GetResponseAsync(question, new() { Seed = 1, ModelId = "a" }))), r => Assert.Equal((expected, "a"), (r.Text, r.ModelId)));
        var generator = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        Assert.Same(generator, provider.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>("a"));
        Assert.Equal(16, (await generator.GenerateVectorAsync("ab")).Length);
        Assert.Same(client.GetService<LanguageModel>(), generator.GetService<LanguageModel>());
        Assert.Same(client.GetService<ModelHost>(), await provider.GetRequiredService<FunctionalModels>().LoadAsync("a"));
        Assert.Equal(2, client.GetService<ModelHost>()!.Rows);
        Assert.Single(logger.All, static l => l.Level == LogLevel.Information && l.Text.StartsWith("a is loaded", StringComparison.Ordinal));
        Assert.Equal(["a", "b"], provider.GetRequiredService<FunctionalModels>().Names);
    }

    /// <summary>A folder that is not there is told at the first use, and looked for again at the next.</summary>
    [Fact]
    public async Task A_run_that_is_not_there()
    {
        var logger = new ToldLogger();
        var folder = runs["later"];
        await using var provider = new ServiceCollection().AddSingleton<ILoggerFactory>(logger).AddFunctional(o => o.Add(Served("late", folder))).BuildServiceProvider();
        var client = provider.GetRequiredService<IChatClient>();
        Assert.Contains(folder, await ChatRuns.Fault(() => client.GetResponseAsync(question)), StringComparison.Ordinal);
        Assert.Contains(folder, await ChatRuns.Fault(() => provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().GenerateVectorAsync("ab")), StringComparison.Ordinal);
        Assert.Contains(logger.All, static l => l.Level == LogLevel.Warning && l.Text.StartsWith("late cannot be loaded", StringComparison.Ordinal));
        await runs.Model.SaveAsync(folder);
        Assert.Equal(6, (await client.GetResponseAsync(question)).Usage!.OutputTokenCount);
        Assert.Equal("model: is early; allowed: late", (await Assert.ThrowsAsync<FunctionalException>(() => provider.GetRequiredService<FunctionalModels>().LoadAsync("early"))).Message);
    }

    /// <summary>With the services everything ends, what is being written, too; both ways of closing do.</summary>
    [Theory, InlineData(true), InlineData(false)]
    public async Task Everything_ends_with_the_services(bool waits)
    {
        var provider = new ServiceCollection().AddFunctional(o => o.Add(Served("a", runs.Folder))).BuildServiceProvider();
        var client = provider.GetRequiredService<IChatClient>();
        var host = await provider.GetRequiredService<FunctionalModels>().LoadAsync("a");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in client.GetStreamingResponseAsync(question, new() { MaxOutputTokens = 1900, AdditionalProperties = new() { ["regex"] = "[ab]{900}[ab]{900}" } }))
                if (waits) await provider.DisposeAsync();
                else provider.Dispose();
        });
        Assert.True(host.Load.TokensWritten < 1800);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.GetResponseAsync(question));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => host.AskAsync([new(Role.User, "a")]));
    }

    /// <summary>What a program got wrong is told where it says so.</summary>
    [Fact]
    public void Wrong_registrations_are_told()
    {
        static string Fault(Action<FunctionalOptions> configure) => Assert.Throws<FunctionalException>(() => new ServiceCollection().AddFunctional(configure)).Message;
        Assert.Equal("models: are none; expected a model or more: Add(name, folder)", Fault(static _ => { }));
        Assert.Equal("Name: is a, as of a model before it; allowed: a name of its own", Fault(static o => o.Add("a", "x").Add("a", "y")));
        Assert.Equal("Name: is empty; expected a name\nFolder: is empty; expected a run folder", Fault(static o => o.Add("", " ")));
        Assert.StartsWith("AddFunctional: is called twice", Assert.Throws<FunctionalException>(() => new ServiceCollection().AddFunctional(static o => o.Add("a", "x")).AddFunctional(static o => o.Add("b", "x"))).Message, StringComparison.Ordinal);
    }

    /// <summary>Another client that is there already stays the one without a key.</summary>
    [Fact]
    public async Task Others_stay()
    {
        await using var provider = new ServiceCollection().AddSingleton<IChatClient>(runs.Client).AddFunctional(o => o.Add(Served("a", runs.Folder))).BuildServiceProvider();
        Assert.Same(runs.Client, provider.GetRequiredService<IChatClient>());
        Assert.NotSame(runs.Client, provider.GetRequiredKeyedService<IChatClient>("a"));
    }

    /// <summary>Vectors are the model's, in order, with what they took; what cannot be one is told.</summary>
    [Fact]
    public async Task Texts_are_vectors()
    {
        using var generator = new EmbeddingGenerator(runs.Model, new() { ModelId = "tiny" });
        var all = await generator.GenerateAsync(["ab", "cabba"], new() { ModelId = "tiny", Dimensions = 16 });
        var expected = await runs.Model.EmbedAsync(["ab", "cabba"]);
        Assert.Equal(expected.Select(static e => e.Vector), all.Select(static e => e.Vector.ToArray()));
        Assert.Equal((7L, 7L, "tiny"), (all.Usage!.InputTokenCount, all.Usage.TotalTokenCount, all[0].ModelId));
        Assert.Equal(1, all[1].Vector.ToArray().Sum(static x => (double)x * x), 5);
        Assert.Equal((16, "tiny"), (generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelDimensions, generator.GetService<EmbeddingGeneratorMetadata>()!.DefaultModelId));
        Assert.Empty(await generator.GenerateAsync([]));
        Assert.Equal("ModelId: is x; allowed: tiny\nDimensions: is 8; allowed: 16, the model's width", await ChatRuns.Fault(() => generator.GenerateAsync(["ab"], new() { ModelId = "x", Dimensions = 8 })));
        Assert.Equal("text: has no tokens; needed: one or more", await ChatRuns.Fault(() => generator.GenerateAsync([""])));
        Assert.Equal("values[1]: is null; expected a text", await ChatRuns.Fault(() => generator.GenerateAsync(["a", null!])));
        await Assert.ThrowsAsync<ArgumentNullException>(() => generator.GenerateAsync(null!));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => generator.GenerateAsync(["a"], null, new(true)));
        generator.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => generator.GenerateAsync(["a"]));
    }
}
