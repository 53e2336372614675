namespace Functional;

/// <summary>
/// One caller at a time; others wait. A call within a call, which would wait for itself for ever, fails at once: the flow of the caller that has
/// the turn is marked, and whatever is called in that flow sees the mark.
/// </summary>
sealed class Turns : IDisposable
{
    readonly SemaphoreSlim free = new(1);
    readonly AsyncLocal<Turn?> mine = new();

    /// <summary>Marks the flow of the caller, which must call this before it awaits anything.</summary>
    /// <exception cref="InvalidOperationException">The caller has the turn already.</exception>
    public Turn Ask()
    {
        if (mine.Value is { Active: true })
            throw new InvalidOperationException("this model is still at work for the same caller: a call within its GenerateAsync would wait for itself. "
                + "Finish or leave the loop first, or load the model once more.");
        return mine.Value = new(this);
    }

    public void Dispose() => free.Dispose();

    /// <summary>A caller's turn, from when it is asked for.</summary>
    public sealed class Turn(Turns turns) : IDisposable
    {
        bool taken;

        public bool Active { get; private set; } = true;

        /// <summary>Waits until it comes.</summary>
        public async Task Come(CancellationToken cancellation)
        {
            await turns.free.WaitAsync(cancellation).ConfigureAwait(false);
            taken = true;
        }

        /// <summary>Marks the flow of whoever goes on with it.</summary>
        public void Enter() => turns.mine.Value = this;

        public void Dispose()
        {
            if (!Active) return;
            Active = false;
            if (taken) turns.free.Release();
        }
    }
}
