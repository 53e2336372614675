using Functional.Base;

namespace Functional.Graphs;

/// <summary>The scores of <see cref="Attention"/>, spelt out: what an engine's kernels compute block by block.</summary>
static class AttentionScores
{
    /// <summary><c>[batch, heads, queries, keys]</c>; −∞ where a key is not seen. Arguments as for the op.</summary>
    public static Tensor Of(Attention kind, Vec<Tensor> args)
    {
        var (q, k, given) = (args[0], args[1], AttentionArguments.Of(args));
        var keys = Grouped(given.Picked(k), q.Shape[2]).T();
        Tensor Products(Tensor queries) => Capped(kind, queries.Permute(0, 2, 1, 3).MatMul(keys) * kind.Scale);
        var scores = Products(q);
        if (!kind.Causal && given.Starts is null) return scores;
        var places = new Places(kind, q.Shape, k.Shape[1], given);
        if (given.SinkQueries is { } sinkQueries) scores = places.IsSink.Where(Products(sinkQueries), scores);
        if (kind.HasAlibi) scores -= Alibi.Slopes(q.Shape[2]).Reshape(1, -1, 1, 1) * places.Distance.Cast(DType.F32);
        return places.Seen.Where(scores, scores.Like(double.NegativeInfinity));
    }

    /// <summary><c>[batch, keys, kvHeads, size] → [batch, heads, keys, size]</c>, each key head shared by a group of query heads.</summary>
    public static Tensor Grouped(Tensor x, int heads)
    {
        var (b, t, h, d) = (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3]);
        return x.Permute(0, 2, 1, 3).Reshape(b, h, 1, t, d).BroadcastTo([b, h, heads / h, t, d]).Reshape(b, heads, t, d);
    }

    static Tensor Capped(Attention kind, Tensor scores) => kind.SoftCap > 0 ? (scores * (1 / kind.SoftCap)).Tanh() * kind.SoftCap : scores;

    /// <summary>Positions of queries and keys, and what follows from them; all <c>[batch or 1, 1, queries or 1, keys or 1]</c>.</summary>
    sealed class Places
    {
        readonly Attention kind;
        readonly Tensor query, key;
        readonly Tensor? start, end;

        public Places(Attention kind, Vec<int> q, int keys, AttentionArguments.Tensors given)
        {
            this.kind = kind;
            var (batch, queries) = (q[0], q[1]);
            var offset = given.Offsets?.Reshape(batch, 1, 1, 1) ?? Whole(0).Reshape(1, 1, 1, 1);
            query = offset + Create.Range(queries).Reshape(1, 1, queries, 1);
            (start, end) = (given.Starts?.Reshape(batch, 1, queries, 1), given.Ends?.Reshape(batch, 1, queries, 1));
            var place = Create.Range(keys).Reshape(1, 1, 1, keys);
            key = kind.Rolling ? Rolled(place, offset + Whole(queries - 1), keys) : place;
        }

        // The newest position at each place of a rolling cache; negative where there is none yet.
        Tensor Rolled(Tensor place, Tensor last, int keys)
        {
            var (sinks, ring) = (Whole(kind.Sinks), Whole(keys - kind.Sinks));
            var turn = (last - sinks).Max(Whole(0)).Remainder(keys - kind.Sinks);
            // How far back from the newest place of the ring.
            var back = turn - (place - sinks);
            back = back.Less(Whole(0)).Where(back + ring, back);
            var at = last.Less(sinks).Where(Whole(-1), last - back);
            return place.Less(sinks).Where(place, at.Less(sinks).Where(Whole(-1), at));
        }

        Tensor First => start ?? Whole(0).Reshape(1, 1, 1, 1);

        /// <summary>Whether a key is a sink of a query's.</summary>
        public Tensor IsSink => key.Less(First + Whole(kind.Sinks));

        public Tensor Seen
        {
            get
            {
                var seen = key.Greater(Whole(-1));
                if (kind.Causal) seen = seen.And(key.Less(query + Whole(1)));
                if (start is not null) seen = seen.And(key.Greater(start - Whole(1)));
                if (end is not null) seen = seen.And(key.Less(end));
                if (kind.Window > 0)
                {
                    var near = key.Greater(query - Whole(kind.Window));
                    seen = seen.And(kind.Sinks > 0 ? near.Or(IsSink) : near);
                }
                return seen;
            }
        }

        /// <summary>How far back a key is; a sink no further than window and sinks are long.</summary>
        public Tensor Distance => kind.Sinks == 0 ? query - key
            : IsSink.Where(query.Min(First + Whole(kind.Sinks + kind.Window - 1)) - key, query - key);

        static Tensor Whole(int value) => Create.Scalar(value, DType.I32);
    }
}
