namespace Functional;

/// <summary>A text that is being written. Its turn is taken with the first piece that is asked for.</summary>
sealed class Writing(Turns turns, Func<CancellationToken, IAsyncEnumerator<string>> write, CancellationToken cancellation) : IAsyncEnumerable<string>
{
    public IAsyncEnumerator<string> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        new Pieces(turns, write, cancellation, cancellationToken);

    sealed class Pieces : IAsyncEnumerator<string>
    {
        readonly CancellationTokenSource either;
        readonly IAsyncEnumerator<string> pieces;
        readonly Turns turns;
        Turns.Turn? turn;

        public Pieces(Turns turns, Func<CancellationToken, IAsyncEnumerator<string>> write, CancellationToken first, CancellationToken second)
        {
            (this.turns, either) = (turns, CancellationTokenSource.CreateLinkedTokenSource(first, second));
            pieces = write(either.Token);
        }

        public string Current => pieces.Current;

        // Not asynchronous itself: the mark of a turn must reach the caller's own flow.
        public ValueTask<bool> MoveNextAsync()
        {
            var first = turn is null;
            turn ??= turns.Ask();
            turn.Enter();
            return first ? Begin() : pieces.MoveNextAsync();
        }

        async ValueTask<bool> Begin()
        {
            await turn!.Come(either.Token).ConfigureAwait(false);
            return await pieces.MoveNextAsync().ConfigureAwait(false);
        }

        public async ValueTask DisposeAsync()
        {
            await pieces.DisposeAsync().ConfigureAwait(false);
            turn?.Dispose();
            either.Dispose();
        }
    }
}
