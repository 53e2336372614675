
namespace Functional.Server;

/// <summary>A request while it is answered.</summary>
/// <param name="counters">What is counted of it.</param>
/// <param name="model">The model's name.</param>
/// <param name="client">Whose turn it takes.</param>
/// <param name="mostTokens">How many tokens a text may have.</param>
/// <param name="stop">Asks to give up: the client has left, time is over, or the server stops.</param>
sealed class Visit(Counters counters, string model, string client, int mostTokens, CancellationToken stop)
{
    readonly long began = TimeProvider.System.GetTimestamp();
    bool first = true;

    public string Client => client;

    public int MostTokens => mostTokens;

    public CancellationToken Stop => stop;

    public void Began(int prompt) => counters.Read(model, prompt);

    public void Wrote(int tokens)
    {
        if (tokens > 0 && first)
        {
            first = false;
            counters.FirstToken(model, TimeProvider.System.GetElapsedTime(began));
        }
        counters.Wrote(model, tokens);
    }

    /// <summary>A stream to its end; a fault in the middle of it is its last event, for its status is said already.</summary>
    public async Task Streaming(EventStream events, Func<Task> work)
    {
        await events.Open().ConfigureAwait(false);
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (Exception e) when (Faulty.Of(e) is { } known)
        {
            counters.Failed();
            await events.Send(known.Body).ConfigureAwait(false);
        }
        await events.Done().ConfigureAwait(false);
    }
}
