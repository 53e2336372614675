using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>
/// Orders jobs: each as soon as its arguments are there, so that a weight's gradient is taken while the activations it needs are still
/// warm and can then be freed; what depends on nothing but inputs waits until it is needed.
/// </summary>
static class Scheduler
{
    public static IReadOnlyList<Job> Run(IReadOnlyList<Job> jobs)
    {
        var order = Topological(jobs);
        foreach (var job in order) job.Level = job.After.Count == 0 ? 0 : job.After.Max(static b => b.Level) + 1;
        var needed = new Dictionary<Job, int>();
        foreach (var job in order)
            foreach (var before in job.After)
                needed[before] = Math.Min(needed.GetValueOrDefault(before, int.MaxValue), job.Level - 1);
        foreach (var job in order)
            if (job.After.Count == 0 && needed.TryGetValue(job, out var level)) job.Level = level;
        return [.. order.OrderBy(static j => j.Level)];
    }

    static List<Job> Topological(IReadOnlyList<Job> jobs)
    {
        var (waiting, users, ready, order) = (new int[jobs.Count], new List<Job>[jobs.Count], new Queue<Job>(), new List<Job>());
        foreach (var job in jobs) users[job.Id] = [];
        foreach (var job in jobs)
        {
            waiting[job.Id] = job.After.Count;
            foreach (var before in job.After) users[before.Id].Add(job);
            if (waiting[job.Id] == 0) ready.Enqueue(job);
        }
        while (ready.TryDequeue(out var job))
        {
            order.Add(job);
            foreach (var user in users[job.Id])
                if (--waiting[user.Id] == 0) ready.Enqueue(user);
        }
        return order.Count == jobs.Count ? order : throw new InvalidOperationException("the jobs of a program depend on each other in a circle");
    }
}
