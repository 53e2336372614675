using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Functional.Studio;

/// <summary>How a piece of work stands.</summary>
enum JobState
{
    /// <summary>Another is at work.</summary>
    Waiting,
    /// <summary>It is at work.</summary>
    Running,
    /// <summary>It has come to its end.</summary>
    Done,
    /// <summary>It was asked to stop, and has saved what there was.</summary>
    Stopped,
    /// <summary>It could not go on.</summary>
    Failed,
}

/// <summary>A piece of work that takes long: what it says of itself may be read at any time.</summary>
/// <param name="id">Its number.</param>
/// <param name="kind">What it is, in a word, such as <c>train</c>.</param>
/// <param name="about">What it is about, such as a run's name.</param>
sealed class Job(int id, string kind, string about)
{
    public int Id => id;

    public string Kind => kind;

    public string About => about;

    public JobState State { get; set; }

    /// <summary>What it does now, for people.</summary>
    public string Note { get; set; } = "";

    /// <summary>How much of it is done, 0 to 1; nothing where that is not known.</summary>
    public double? Share { get; set; }

    /// <summary>What came of it; nothing before its end.</summary>
    public JsonNode? Result { get; set; }

    /// <summary>Why it could not go on.</summary>
    public string? Error { get; set; }

    public CancellationTokenSource Stop { get; } = new();

    public bool IsOver => State is JobState.Done or JobState.Stopped or JobState.Failed;

    public JsonObject Json => new()
    {
        ["id"] = id, ["kind"] = kind, ["about"] = about, ["state"] = $"{State}".ToLowerInvariant(), ["note"] = Note, ["share"] = Share, ["error"] = Error, ["result"] = Result?.DeepClone(),
    };
}

/// <summary>Work that takes long, a piece at a time, in the order in which it came: two that train at once would each take twice as long.</summary>
sealed class Jobs : IAsyncDisposable
{
    const int Remembered = 50;

    readonly Channel<(Job Job, Func<Job, CancellationToken, Task<bool>> Work)> queue = Channel.CreateUnbounded<(Job, Func<Job, CancellationToken, Task<bool>>)>();
    readonly Lock gate = new();
    readonly List<Job> all = [];
    readonly Task work;
    int last;

    public Jobs()
    {
        using (ExecutionContext.SuppressFlow()) work = Task.Run(Work);
    }

    /// <summary>What there is and was, the newest last.</summary>
    public IReadOnlyList<Job> All
    {
        get
        {
            lock (gate) return [.. all];
        }
    }

    /// <summary>The one that waits or works and is about something; nothing where none is.</summary>
    public Job? About(string kind, string about) => All.LastOrDefault(j => !j.IsOver && j.Kind == kind && j.About == about);

    /// <summary>Puts a piece of work behind the others.</summary>
    /// <param name="kind">What it is, in a word.</param>
    /// <param name="about">What it is about.</param>
    /// <param name="what">The work, which says how it stands in the job; true where it came to its end, false where it was stopped.</param>
    public Job Start(string kind, string about, Func<Job, CancellationToken, Task<bool>> what)
    {
        lock (gate)
        {
            var job = new Job(++last, kind, about);
            ObjectDisposedException.ThrowIf(!queue.Writer.TryWrite((job, what)), this);
            all.Add(job);
            if (all.Count > Remembered && all.FindIndex(static j => j.IsOver) is >= 0 and var old) all.RemoveAt(old);
            return job;
        }
    }

    /// <summary>Asks a piece of work to stop; one that waits is over at once.</summary>
    public async Task Stop(Job job)
    {
        lock (gate)
            if (job.State == JobState.Waiting) job.State = JobState.Stopped;
        await job.Stop.CancelAsync().ConfigureAwait(false);
    }

    // Whether its turn has come, and nobody has taken it back.
    bool Begins(Job job)
    {
        lock (gate)
        {
            if (job.State != JobState.Waiting || job.Stop.IsCancellationRequested) return false;
            job.State = JobState.Running;
            return true;
        }
    }

    async Task Work()
    {
        await foreach (var (job, what) in queue.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            if (!Begins(job))
            {
                job.State = JobState.Stopped;
                continue;
            }
            try
            {
                var whole = await what(job, job.Stop.Token).ConfigureAwait(false);
                job.State = whole ? JobState.Done : JobState.Stopped;
            }
            catch (OperationCanceledException)
            {
                job.State = JobState.Stopped;
            }
            catch (FunctionalException e)
            {
                (job.Error, job.State) = (string.Join('\n', e.Faults), JobState.Failed);
            }
            // One that fails, however it does, keeps no other from its turn.
            catch (Exception e)
            {
                (job.Error, job.State) = (e.Message, JobState.Failed);
            }
        }
    }

    /// <summary>Takes nothing more; what is at work saves and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        foreach (var job in All) await job.Stop.CancelAsync().ConfigureAwait(false);
        await work.ConfigureAwait(false);
    }
}
