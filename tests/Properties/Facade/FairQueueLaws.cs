using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Facade;

/// <summary>Lines of clients, by turns.</summary>
public sealed class FairQueueLaws
{
    /// <summary>Each client's come in order; between two of one client's, each other that waits has had one; what is removed does not come; no more wait than may.</summary>
    [Property(MaxTest = 200)]
    public void Clients_have_turns(byte[] clients, byte[] removed, PositiveInt most)
    {
        var queue = new FairQueue<string>();
        var waiting = new List<(string Client, string Item)>();
        foreach (var (c, i) in clients.Select(static (c, i) => (c % 5, i)))
        {
            var (client, item) = ($"c{c}", $"c{c}/{i}");
            Assert.Equal(waiting.Count < most.Get, queue.TryAdd(client, item, most.Get));
            if (waiting.Count < most.Get) waiting.Add((client, item));
        }
        foreach (var r in removed.Where(_ => waiting.Count > 0))
        {
            var (client, item) = waiting[r % waiting.Count];
            queue.Remove(client, item);
            queue.Remove(client, item);
            waiting.RemoveAt(r % waiting.Count);
        }
        Assert.Equal(waiting.Count, queue.Count);
        var taken = new List<string>();
        while (queue.TryTake(out var item)) taken.Add(item);
        Assert.Equal(waiting.Select(static w => w.Item).Order(), taken.Order());
        foreach (var client in waiting.Select(static w => w.Client).Distinct())
            Assert.Equal(waiting.Where(w => w.Client == client).Select(static w => w.Item), taken.Where(t => t.StartsWith($"{client}/", StringComparison.Ordinal)));
        // Rounds: the k-th of a client never comes before the (k − 1)-th of another.
        var seen = new Dictionary<string, int>();
        var last = 0;
        foreach (var client in taken.Select(static t => t.Split('/')[0]))
        {
            var round = seen[client] = seen.GetValueOrDefault(client) + 1;
            Assert.InRange(round, last, last + 1);
            last = round;
        }
    }
}
