using Functional.Chat;
using Functional.Tests.Properties.Training;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace Functional.Tests.Properties.Chat;

/// <summary>A model of bytes that has learned next to nothing, with room for tools, a host of it, and a client.</summary>
public sealed class ChatRuns : IDisposable
{
    readonly Scratch scratch = new();

    public ChatRuns()
    {
        File.WriteAllText(scratch["text.txt"], string.Concat(Enumerable.Repeat("abcab cabba. ", 1700)));
        Folder = scratch["model"];
        var config = new RunConfig
        {
            Model = new() { Layers = 1, Heads = 2, Width = 16, Context = 2048, Vocabulary = 0, Bias = Biases.None, TiedHead = false }, Tokenizer = "byte",
            Execution = new() { Engine = EngineKind.Managed, Threads = 1 },
            Stage = new() { Batch = 1, Steps = 4, EvalEvery = 0, SaveEvery = 0, Source = new() { File = scratch["text.txt"] }, Optimiser = new() { Warmup = 0, LearningRate = 0.03 } },
        };
        Functional.Training.RunAsync(config, Folder).GetAwaiter().GetResult();
        Model = LanguageModel.LoadAsync(Folder, Engine).GetAwaiter().GetResult();
        Host = new(Model, new() { Rows = 4 });
        Client = new(Host, new() { ModelId = "tiny" });
    }

    public static EngineOptions Engine => new() { Engine = EngineKind.Managed, Threads = 1 };

    public string Folder { get; }

    public string this[string name] => scratch[name];

    public LanguageModel Model { get; }

    public ModelHost Host { get; }

    public ChatClient Client { get; }

    /// <summary>What a request is like where nothing else is said.</summary>
    public static ChatOptions Options => new() { MaxOutputTokens = 24, Temperature = 1.2f, Seed = 3 };

    public static async Task<string> Joined(IAsyncEnumerable<ChatResponseUpdate> updates)
    {
        var text = "";
        await foreach (var update in updates) text += update.Text;
        return text;
    }

    public static async Task<string> Fault(Func<Task> work) => (await Assert.ThrowsAsync<FunctionalException>(work)).Message;

    /// <summary>Waits until the host writes nothing; it never fails by time alone within a minute.</summary>
    public async Task IsIdle()
    {
        for (var i = 0; i < 6000 && (Host.Load.Writing > 0 || Host.Load.Waiting > 0); i++) await Task.Delay(10);
        Assert.Equal((0, 0), (Host.Load.Writing, Host.Load.Waiting));
    }

    public void Dispose()
    {
        Client.Dispose();
        Host.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Model.Dispose();
        scratch.Dispose();
    }
}

/// <summary>A logger that keeps what it is told.</summary>
public sealed class ToldLogger : ILoggerFactory, ILogger
{
    readonly List<(LogLevel Level, string Text, Exception? Exception)> all = [];

    public (LogLevel Level, string Text, Exception? Exception)[] All
    {
        get
        {
            lock (all) return [.. all];
        }
    }

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (all) all.Add((logLevel, formatter(state, exception), exception));
    }

    public void Dispose()
    {
    }
}
