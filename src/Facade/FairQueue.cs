using System.Diagnostics.CodeAnalysis;

namespace Functional;

/// <summary>What waits, a line a client: the clients have turns, so that one who asks for much does not keep the others waiting. Not for several threads at once.</summary>
/// <typeparam name="T">What waits.</typeparam>
sealed class FairQueue<T> where T : class
{
    readonly Dictionary<string, Queue<T>> lines = new(StringComparer.Ordinal);
    // Clients with a line that is not empty, whose turn is next first.
    readonly Queue<string> turns = [];

    /// <summary>How many wait.</summary>
    public int Count { get; private set; }

    /// <summary>Whether it had room.</summary>
    /// <param name="client">In whose line.</param>
    /// <param name="item">What waits.</param>
    /// <param name="most">How many wait at most, over all lines.</param>
    public bool TryAdd(string client, T item, int most)
    {
        if (Count >= most) return false;
        if (!lines.TryGetValue(client, out var line))
        {
            lines.Add(client, line = []);
            turns.Enqueue(client);
        }
        line.Enqueue(item);
        Count++;
        return true;
    }

    /// <summary>The next: the oldest of the client whose turn it is, who is then last.</summary>
    public bool TryTake([NotNullWhen(true)] out T? item)
    {
        item = null;
        if (!turns.TryDequeue(out var client)) return false;
        item = lines[client].Dequeue();
        Count--;
        if (lines[client].Count > 0) turns.Enqueue(client);
        else lines.Remove(client);
        return true;
    }

    /// <summary>Takes one out of its line; nothing where it does not wait.</summary>
    public void Remove(string client, T item)
    {
        if (!lines.TryGetValue(client, out var line) || !line.Contains(item)) return;
        var rest = new Queue<T>(line.Where(i => !ReferenceEquals(i, item)));
        Count--;
        if (rest.Count > 0)
        {
            lines[client] = rest;
            return;
        }
        lines.Remove(client);
        for (var i = turns.Count; i > 0; i--)
            if (turns.Dequeue() is var other && other != client) turns.Enqueue(other);
    }
}
