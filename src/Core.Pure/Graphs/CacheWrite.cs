using Functional.Base;

namespace Functional.Graphs;

/// <summary>
/// Writes rows into a cache at a position that is known only when the program runs. Arguments: cache <c>[batch, capacity, …]</c>,
/// rows <c>[batch, count, …]</c>, position <c>i32[]</c>. Result: the cache with rows position … position + count − 1 replaced;
/// rows beyond the capacity are dropped. An engine writes in place when the cache is donated.
/// </summary>
public sealed record CacheWrite : FusedKind
{
    /// <inheritdoc/>
    public override string Text => "cache_write";

    /// <inheritdoc/>
    public override Vec<TensorType> Types(Vec<TensorType> args)
    {
        Require(args.Count == 3 && args[0].Rank >= 2 && args[1] == args[0] with { Shape = args[0].Shape.With(1, args[1].Shape[1]) }
            && args[2] == new TensorType([], DType.I32), args, "needs cache [batch, capacity, …], rows [batch, count, …] and position i32[]");
        return [args[0]];
    }

    /// <inheritdoc/>
    public override Vec<Tensor> Expand(Vec<Tensor> args)
    {
        var (cache, rows, position) = (args[0], args[1], args[2]);
        var (capacity, count) = (cache.Shape[1], rows.Shape[1]);
        var at = Create.Range(capacity) - position;
        var (zero, last) = (Create.Scalar(0, DType.I32), Create.Scalar(count - 1, DType.I32));
        Vec<int> timeFirst = [1, 0, .. Enumerable.Range(2, cache.Rank - 2)];
        var placed = rows.Permute(timeFirst).Gather(at.Max(zero).Min(last)).Permute(timeFirst);
        var inside = at.Greater(Create.Scalar(-1, DType.I32)).And(at.Less(Create.Scalar(count, DType.I32)));
        return [inside.Reshape([capacity, .. Enumerable.Repeat(1, cache.Rank - 2)]).Where(placed, cache)];
    }

    /// <inheritdoc/>
    internal override int? Overwrites => 0;

    /// <inheritdoc/>
    public override double Flops(Vec<TensorType> args) => 0;
}
