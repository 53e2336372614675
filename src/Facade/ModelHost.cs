using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Functional.Base;
using Functional.Dialogues;
using Functional.Generation;

namespace Functional;

/// <summary>
/// Writes for many callers at once (continuous batching): requests come at any time, each with its own rules, length and seed, texts are written side by side,
/// and where one is over the next begins. What a text becomes does not depend on the others. Callers have turns while all rows are taken. Other calls of the
/// same model wait for no more than a step.
/// </summary>
/// <example><code>
/// using var model = await LanguageModel.LoadAsync("runs/answers");
/// await using var host = new ModelHost(model);
/// var hosted = await host.AskAsync([new(Role.User, "What is the capital of France?")]);
/// await foreach (var piece in hosted.Pieces) Console.Write(piece.Text);
/// </code></example>
public sealed class ModelHost : IAsyncDisposable
{
    readonly LanguageModel model;
    readonly HostOptions options;
    readonly FairQueue<Job> queue = new();
    readonly Lock gate = new();
    readonly SemaphoreSlim signal = new(0);
    readonly List<Job> left = [];
    readonly CancellationTokenSource aborted = new();
    readonly Task work;
    bool closing;
    // Texts that are begun, or stand behind one that is and wait for a row.
    int begun;
    long requests, tokensRead, tokensWritten;

    /// <summary>A host of a model, which it does not own; it begins to work at once.</summary>
    /// <param name="model">The model; it lives longer than the host.</param>
    /// <param name="options">How many texts at once.</param>
    /// <exception cref="FunctionalException">An option is out of range, the model writes no text, or its device has no room for so many.</exception>
    public ModelHost(LanguageModel model, HostOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        (this.model, this.options) = (model, (options ?? new()).Validate().OrThrow());
        Rows = this.options.RowsFor(model.CacheBytes);
        var texts = model.Host(Rows);
        // The work is nobody's call: no mark of the caller's flow may go with it.
        using (ExecutionContext.SuppressFlow()) work = Task.Run(() => Work(texts));
    }

    /// <summary>The model.</summary>
    public LanguageModel Model => model;

    /// <summary>How many texts are written at once.</summary>
    public int Rows { get; }

    /// <summary>What it is doing.</summary>
    public HostLoad Load
    {
        get
        {
            lock (gate) return new(Rows, Math.Min(Rows, begun), queue.Count, requests, tokensRead, tokensWritten);
        }
    }

    /// <summary>Asks a question: what was said, the last of it by the user.</summary>
    /// <param name="messages">What was said, in order.</param>
    /// <param name="options">How the model answers; its <see cref="AskOptions.Before"/> and <see cref="AskOptions.System"/> come before the messages.</param>
    /// <param name="client">Who asks: clients have turns.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">As for <see cref="LanguageModel.AskAsync"/>; or the options ask for what a host has not: drafts of a model, beams, the best of several.</exception>
    /// <exception cref="HostBusyException">As many wait as may.</exception>
    /// <exception cref="ObjectDisposedException">The host is closing.</exception>
    public Task<Hosted> AskAsync(IReadOnlyList<Message> messages, AskOptions? options = null, string client = "", CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (messages.Count == 0) throw new FunctionalException(new Fault("messages", "is empty", "expected a message or more"));
        var valid = Checked((options ?? new()).Validate().OrThrow());
        return Take(() => model.Asked(valid.Said(messages), valid), valid.Samples, client, cancellation);
    }

    /// <summary>Goes on from a text.</summary>
    /// <param name="prompt">The text; it is not repeated.</param>
    /// <param name="options">How it goes on.</param>
    /// <param name="client">Who asks: clients have turns.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">As for <see cref="LanguageModel.CompleteAsync"/>; or the options ask for what a host has not: drafts of a model, beams, the best of several, windows.</exception>
    /// <exception cref="HostBusyException">As many wait as may.</exception>
    /// <exception cref="ObjectDisposedException">The host is closing.</exception>
    public Task<Hosted> CompleteAsync(string prompt, GenerationOptions? options = null, string client = "", CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        var valid = Going(options ?? new());
        return Take(() => (model.Continued(prompt, valid), 0), valid.Samples, client, cancellation);
    }

    /// <summary>As <see cref="CompleteAsync(string, GenerationOptions?, string, CancellationToken)"/>, from tokens.</summary>
    /// <param name="prompt">Tokens, one or more.</param>
    /// <param name="options">How they go on.</param>
    /// <param name="client">Who asks: clients have turns.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task<Hosted> CompleteAsync(Vec<int> prompt, GenerationOptions? options = null, string client = "", CancellationToken cancellation = default)
    {
        var valid = Going(options ?? new());
        return Take(() => (model.Continued(prompt, valid), 0), valid.Samples, client, cancellation);
    }

    GenerationOptions Going(GenerationOptions options)
    {
        var valid = Checked(options.Validate().OrThrow());
        Fault[] faults =
        [
            .. valid.Tokens < 1 ? (Fault[])[new(nameof(valid.Tokens), $"is {valid.Tokens}", "allowed: 1 or more")] : [],
            .. valid.Window > 0 ? (Fault[])[new(nameof(valid.Window), $"is {valid.Window}", "allowed: 0, the model as it is, where texts are written side by side")] : [],
        ];
        return faults.Length == 0 ? valid : throw new FunctionalException(faults);
    }

    T Checked<T>(T valid) where T : DecodingOptions
    {
        Fault[] faults =
        [
            .. valid.Draft is not null ? (Fault[])[new(nameof(valid.Draft), "is asked for", "allowed: none, where texts are written side by side")] : [],
            .. valid.Beams > 0 ? (Fault[])[new(nameof(valid.Beams), $"is {valid.Beams}", "allowed: 0, where texts are written side by side")] : [],
            .. valid.BestOf > 0 ? (Fault[])[new(nameof(valid.BestOf), $"is {valid.BestOf}", "allowed: 0, where texts are told while they are written")] : [],
            .. valid.Samples > options.MostTexts ? (Fault[])[new(nameof(valid.Samples), $"is {valid.Samples}", $"allowed: 1 to {options.MostTexts}")] : [],
        ];
        return faults.Length == 0 ? valid : throw new FunctionalException(faults);
    }

    async Task<Hosted> Take(Func<(Request Request, int Forgotten)> make, int samples, string client, CancellationToken cancellation)
    {
        lock (gate) ObjectDisposedException.ThrowIf(closing, this);
        // Between two steps: what a model remembers of constraints is not for several threads.
        var (request, forgotten) = await model.Turn(make, cancellation).ConfigureAwait(false);
        var job = new Job(client, [.. Enumerable.Range(0, samples).Select(i => request with { Key = LanguageModel.KeyOf(request.Key, i) })]);
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(closing, this);
            // One that a row is free for does not wait.
            if (!queue.TryAdd(client, job, options.Queue + Math.Max(0, Rows - begun))) throw new HostBusyException(queue.Count);
            requests++;
        }
        signal.Release();
        return new(job.Requests[0].Prompt, forgotten, Read(job, cancellation));
    }

    async IAsyncEnumerable<HostPiece> Read(Job job, CancellationToken asked, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(asked, cancellation);
        try
        {
            await foreach (var piece in job.Pieces.Reader.ReadAllAsync(either.Token).ConfigureAwait(false)) yield return piece;
        }
        finally
        {
            if (!job.Pieces.Reader.Completion.IsCompleted) GiveUp(job);
        }
    }

    void GiveUp(Job job)
    {
        lock (gate)
        {
            queue.Remove(job.Client, job);
            left.Add(job);
        }
        signal.Release();
    }

    async Task Work((Streams Streams, Batcher Batcher) texts)
    {
        var (jobs, active) = (new Dictionary<int, (Job Job, int Index)>(), new HashSet<Job>());
        try
        {
            while (true)
            {
                var (joined, gone, over) = Changes(active);
                foreach (var job in gone)
                    foreach (var (id, _) in jobs.Where(j => j.Value.Job == job).ToList())
                    {
                        texts.Streams.Remove(id);
                        jobs.Remove(id);
                    }
                foreach (var job in joined)
                    foreach (var (id, index) in texts.Streams.Add(job.Requests).Select(static (id, i) => (id, i))) jobs.Add(id, (job, index));
                if (active.Count == 0)
                {
                    if (over) return;
                    await signal.WaitAsync().ConfigureAwait(false);
                    continue;
                }
                try
                {
                    foreach (var piece in await model.Turn(texts.Streams.Step, CancellationToken.None).ConfigureAwait(false)) Tell(jobs, active, piece);
                }
                catch (Exception e) when (e is FunctionalException or ArgumentException)
                {
                    // What is half written of the others cannot be trusted.
                    foreach (var job in active) job.Pieces.Writer.TryComplete(e);
                    foreach (var id in jobs.Keys) texts.Streams.Remove(id);
                    active.Clear();
                    jobs.Clear();
                    lock (gate) begun = 0;
                }
            }
        }
        catch (Exception e)
        {
            // As where the model is gone before its host: nobody waits for what never comes.
            foreach (var job in active) job.Pieces.Writer.TryComplete(e);
            lock (gate)
            {
                closing = true;
                while (queue.TryTake(out var waiting)) waiting.Pieces.Writer.TryComplete(e);
            }
            throw;
        }
        finally
        {
            texts.Streams.Dispose();
            texts.Batcher.Dispose();
        }
    }

    // Who left, and what came while there are rows for it; and whether nothing more will come.
    (List<Job> Joined, List<Job> Gone, bool Over) Changes(HashSet<Job> active)
    {
        lock (gate)
        {
            if (aborted.IsCancellationRequested)
            {
                while (queue.TryTake(out var waiting)) waiting.Pieces.Writer.TryComplete(Stopped());
                foreach (var job in active) job.Pieces.Writer.TryComplete(Stopped());
                left.AddRange(active);
            }
            List<Job> gone = [.. left.Where(active.Remove)], joined = [];
            left.Clear();
            begun -= gone.Sum(static j => j.Open);
            while (begun < Rows && queue.TryTake(out var job))
            {
                (begun, tokensRead) = (begun + job.Open, tokensRead + job.Requests[0].Prompt.Count);
                active.Add(job);
                joined.Add(job);
            }
            return (joined, gone, closing && active.Count == 0);
        }
    }

    static OperationCanceledException Stopped() => new("the host was stopped");

    void Tell(Dictionary<int, (Job Job, int Index)> jobs, HashSet<Job> active, StreamPiece piece)
    {
        var (job, index) = jobs[piece.Id];
        lock (gate) (tokensWritten, begun) = (tokensWritten + piece.Tokens.Count, begun - (piece.Whole is null ? 0 : 1));
        job.Pieces.Writer.TryWrite(new(index, piece.Text, piece.Tokens, piece.Whole));
        if (piece.Whole is null) return;
        jobs.Remove(piece.Id);
        if (--job.Open > 0) return;
        active.Remove(job);
        job.Pieces.Writer.TryComplete();
    }

    /// <summary>Takes nothing more, and waits until what was taken is written.</summary>
    /// <param name="cancellation">Gives up what is not: its readers see an <see cref="OperationCanceledException"/>.</param>
    public async Task StopAsync(CancellationToken cancellation = default)
    {
        lock (gate) closing = true;
        signal.Release();
        await using var registered = cancellation.Register(Abort).ConfigureAwait(false);
        await work.ConfigureAwait(false);
    }

    void Abort()
    {
        aborted.Cancel();
        signal.Release();
    }

    /// <summary>As <see cref="StopAsync"/>; more than once is as once.</summary>
    // The signal and the source hold nothing but memory, and a reader may leave after the end.
    public async ValueTask DisposeAsync() => await StopAsync().ConfigureAwait(false);

    // A request and who reads what comes of it.
    sealed class Job(string client, Vec<Request> requests)
    {
        public string Client => client;

        public Vec<Request> Requests => requests;

        // How many of its texts are not over.
        public int Open { get; set; } = requests.Count;

        public Channel<HostPiece> Pieces { get; } = Channel.CreateUnbounded<HostPiece>(new() { SingleReader = true, SingleWriter = true });
    }
}
