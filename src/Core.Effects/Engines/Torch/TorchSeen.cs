using Functional.Graphs;
using TorchSharp;
using TorchTensor = TorchSharp.torch.Tensor;

namespace Functional.Engines.Torch;

/// <summary>Which keys the queries of an attention see, and how far away they are; <c>[batch or 1, 1, queries or 1, keys or 1]</c>.</summary>
/// <param name="kind">The attention.</param>
/// <param name="device">Where tensors are.</param>
/// <param name="batch">Rows.</param>
/// <param name="queries">Queries of each.</param>
/// <param name="keys">Places of keys.</param>
sealed class TorchSeen(Attention kind, torch.Device device, long batch, long queries, long keys)
{
    readonly Scalar zero = 0.ToScalar(), ring = Math.Max(1, keys - kind.Sinks).ToScalar(), none = (-1).ToScalar();

    /// <summary>Whether a mask is more than causality without offsets.</summary>
    public bool IsPlain(TorchTensor? offsets, TorchTensor? starts) => offsets is null && starts is null && kind.Window == 0;

    /// <summary>Positions of queries and keys, the position where each query's text begins, which keys are seen, and which of them are sinks.</summary>
    public (TorchTensor Query, TorchTensor Key, TorchTensor Start, TorchTensor Seen, TorchTensor Sinks) Of(TorchTensor? offsets, TorchTensor? starts, TorchTensor? ends)
    {
        var offset = offsets?.reshape(batch, 1, 1, 1) ?? Whole(0);
        var query = TorchTypes.Range(queries, device).reshape(1, 1, queries, 1).Plus(offset);
        var place = TorchTypes.Range(keys, device).reshape(1, 1, 1, keys);
        var key = kind.Rolling ? Rolled(place, offset.Plus(Whole(queries - 1))) : place;
        var start = starts?.reshape(batch, 1, queries, 1) ?? Whole(0);
        var seen = key.ge(zero).logical_and(key.ge(start));
        if (ends is not null) seen = seen.logical_and(key.lt(ends.reshape(batch, 1, queries, 1)));
        if (kind.Causal) seen = seen.logical_and(key.le(query));
        var sinks = key.lt(start.Plus(Whole(kind.Sinks)));
        if (kind.Window > 0)
        {
            var near = key.gt(query.sub(Whole(kind.Window)));
            seen = seen.logical_and(kind.Sinks > 0 ? near.logical_or(sinks) : near);
        }
        return (query, key, start, seen, sinks);
    }

    /// <summary>How far back a key is; a sink no further than window and sinks are long.</summary>
    public TorchTensor Distance(TorchTensor query, TorchTensor key, TorchTensor start, TorchTensor sinks) => kind.Sinks == 0 ? query.sub(key)
        : torch.where(sinks, torch.minimum(query, start.Plus(Whole(kind.Sinks + kind.Window - 1))).sub(key), query.sub(key));

    // The newest position at each place of a rolling cache; −1 where there is none.
    TorchTensor Rolled(TorchTensor place, TorchTensor last)
    {
        var sinks = Whole(kind.Sinks);
        var back = last.sub(sinks).sub(place.sub(sinks)).remainder(ring);
        var at = last.sub(back);
        var empty = at.lt(sinks).logical_or(last.lt(sinks));
        return torch.where(place.lt(sinks), place, torch.where(empty, torch.full_like(at, none), at));
    }

    TorchTensor Whole(long value) => TorchTypes.Full(value, DType.I32, device, 1, 1, 1, 1);
}
