using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// Writes tokens into a cache at positions that are known only when the program runs. Arguments: cache <c>[batch, capacity, …]</c>,
/// tokens <c>[batch, count, …]</c>, position <c>i32[batch]</c>, and optionally which row of the cache each row of tokens goes to,
/// <c>i32[batch]</c>, no two the same: the cache may then have any number of rows. Result: the cache with places position … position + count − 1
/// of those rows replaced; what falls outside the capacity is dropped. An engine writes in place when the cache is donated.
/// </summary>
public sealed record CacheWrite : FusedKind
{
    /// <summary>
    /// Whether the cache is a rolling one: after the <see cref="Sinks"/>' own places, position p lies at place sinks + (p − sinks) mod (capacity − sinks),
    /// so that the newest tokens take the places of the oldest. Then no more tokens are written at once than there are such places.
    /// </summary>
    public bool Rolling { get; init; }

    /// <summary>How many places of a rolling cache stay what they are, from the first on.</summary>
    public int Sinks { get; init; }

    /// <inheritdoc/>
    public override string Text => Rolling ? FormattableString.Invariant($"cache_write(rolling, sinks={Sinks})")
        : Sinks == 0 ? "cache_write" : FormattableString.Invariant($"cache_write(sinks={Sinks})");

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        var fits = args.Count is 3 or 4 && args[0].Rank >= 2 && args[1].Rank == args[0].Rank && (args.Count == 4 || args[0].Shape[0] == args[1].Shape[0])
            && args[1] == args[0] with { Shape = args[0].Shape.With(0, args[1].Shape[0]).With(1, args[1].Shape[1]) }
            && args.Skip(2).All(t => t == new TensorType([args[1].Shape[0]], DType.I32));
        Require(fits, args, "needs cache [batch, capacity, …], tokens [batch, count, …], position i32[batch] and optionally rows of any cache, i32[batch]");
        Require(Rolling ? Sinks >= 0 && args[1].Shape[1] <= args[0].Shape[1] - Sinks : Sinks == 0, args,
            "needs for a rolling cache as many places behind the sinks as there are tokens, and sinks only there");
        return [args[0]];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        var (cache, tokens) = (args[0], args[1]);
        var (rows, capacity, batch, count) = (cache.Shape[0], cache.Shape[1], tokens.Shape[0], tokens.Shape[1]);
        Tensor Whole(int value) => Create.Scalar(value, DType.I32);
        // Of each row of the cache, which row of the batch writes to it: −1 for none.
        var writer = args.Count == 3 ? Create.Range(batch)
            : args[3].EqualTo(Create.Iota([rows, batch], 0)).Where(Create.Iota([rows, batch], 1), Whole(-1)).ReduceMax(1).Reshape(rows);
        var (from, last) = (writer.Max(Whole(0)), Whole(count - 1));
        var at = TokenAt(Create.Iota([rows, capacity], 1), args[2].Gather(from).Reshape(rows, 1), capacity, count);
        var flat = from.Reshape(rows, 1) * Whole(count) + at.Max(Whole(0)).Min(last);
        var placed = tokens.Reshape([batch * count, .. tokens.Shape.Skip(2)]).Gather(flat);
        var inside = at.Greater(Whole(-1)).And(at.Less(Whole(count))).And(writer.Greater(Whole(-1)).Reshape(rows, 1).BroadcastTo([rows, capacity]));
        return [inside.Reshape([rows, capacity, .. Enumerable.Repeat(1, cache.Rank - 2)]).Where(placed, cache)];
    }

    // Of each place, which of the tokens it takes: outside of 0 … count − 1 for none.
    Tensor TokenAt(Tensor place, Tensor position, int capacity, int count)
    {
        static Tensor Whole(int value) => Create.Scalar(value, DType.I32);
        var straight = place - position;
        if (!Rolling) return straight;
        // The first token behind the sinks, and how many places of the ring lie from its own to this one.
        var (ring, skipped) = (Whole(capacity - Sinks), (Whole(Sinks) - position).Max(Whole(0)));
        var begin = position + skipped - Whole(Sinks);
        var ahead = place - Whole(Sinks) - begin.Remainder(capacity - Sinks);
        var rolled = skipped + ahead.Less(Whole(0)).Where(ahead + ring, ahead);
        return place.Less(Whole(Sinks)).Where(straight, rolled);
    }

    /// <inheritdoc/>
    internal override int? Overwrites => 0;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 0;
}
