using Functional.Base;

namespace Functional.Graphs;

/// <summary>What stands where among the arguments of <see cref="Attention"/> after q, k and v; null where it is absent.</summary>
/// <param name="Offsets">The position of each row's query 0, <c>i32[batch]</c>.</param>
/// <param name="Rows">Which row of k and v each row attends to, <c>i32[batch]</c>.</param>
/// <param name="Starts">The position of the first key that each query may see, <c>i32[batch, queries]</c>.</param>
/// <param name="Ends">The position behind the last key that each query may see, <c>i32[batch, queries]</c>.</param>
/// <param name="SinkQueries">What meets the sinks in place of q.</param>
public readonly record struct AttentionArguments(int? Offsets, int? Rows, int? Starts, int? Ends, int? SinkQueries)
{
    /// <summary>Where each argument stands, from the types of all of them.</summary>
    public static AttentionArguments Of(Vec<TensorType> types)
    {
        var at = 3;
        int? Next(Func<TensorType, bool> fits) => at < types.Count && fits(types[at]) ? at++ : null;
        var offsets = Next(static t => t is { Rank: 1, DType: DType.I32 });
        var rows = offsets is null ? null : Next(static t => t is { Rank: 1, DType: DType.I32 });
        var starts = Next(static t => t is { Rank: 2, DType: DType.I32 });
        var ends = starts is null ? null : Next(static t => t is { Rank: 2, DType: DType.I32 });
        return new(offsets, rows, starts, ends, Next(static t => t is { Rank: 4, DType: DType.F32 })) { Count = at };
    }

    /// <summary>How many arguments there are, q, k and v among them.</summary>
    public int Count { get; private init; }

    internal static Tensors Of(Vec<Tensor> args)
    {
        var at = Of(args.Map(static a => a.Type));
        Tensor? Get(int? index) => index is { } i ? args[i] : null;
        return new(Get(at.Offsets), Get(at.Rows), Get(at.Starts), Get(at.Ends), Get(at.SinkQueries));
    }

    /// <summary>The arguments themselves.</summary>
    internal readonly record struct Tensors(Tensor? Offsets, Tensor? Rows, Tensor? Starts, Tensor? Ends, Tensor? SinkQueries)
    {
        /// <summary>The rows of keys or values that are attended to.</summary>
        public Tensor Picked(Tensor x) => Rows is null ? x : x.Gather(Rows);
    }

    internal static void Check(Attention kind, Vec<TensorType> a, string? name = null)
    {
        void Require(bool holds, string what) => TypeRules.Require(holds, name ?? kind.Text, a, what);
        Require(a.Count >= 3, "needs q, k and v");
        var at = Of(a);
        Require(a.Take(3).All(static t => t is { Rank: 4, DType: DType.F32 }) && a[1] == a[2] && (at.Rows is not null || a[0].Shape[0] == a[1].Shape[0])
            && a[0].Shape[3] == a[1].Shape[3] && a[1].Shape[2] > 0 && a[0].Shape[2] % a[1].Shape[2] == 0,
            "needs q f32[batch, queries, heads, size] and k, v f32[batch, keys, kvHeads, size], heads a multiple of kvHeads");
        var (batch, queries, keys) = (a[0].Shape[0], a[0].Shape[1], a[1].Shape[1]);
        bool Fits(int? index, TensorType type) => index is not { } i || a[i] == type;
        Require(at.Count == a.Count && Fits(at.Offsets, new([batch], DType.I32)) && Fits(at.Rows, new([batch], DType.I32))
            && Fits(at.Starts, new([batch, queries], DType.I32)) && Fits(at.Ends, new([batch, queries], DType.I32)) && Fits(at.SinkQueries, a[0]),
            "needs after q, k and v any of: offsets and rows i32[batch], starts and ends i32[batch, queries], sink queries of q's type; in this order");
        Require(kind.Window >= 0 && kind.Sinks >= 0 && kind.SoftCap >= 0 && (kind.Window == 0 || kind.Causal) && (kind.Window > 0 || kind.Sinks == 0),
            "needs a causal mask for a window, and a window for sinks");
        Require(!kind.HasAlibi || kind.Causal, "needs a causal mask for distances");
        Require(at.SinkQueries is null || kind.Sinks > 0, "needs sinks for sink queries");
        Require(!kind.Rolling || (kind.Window > 0 && at.Offsets is not null && keys >= (long)kind.Sinks + kind.Window + queries - 1),
            "needs for a rolling cache a window, offsets, and keys ≥ sinks + window + queries − 1");
        Require(!kind.Rolling || at.Starts is null, "takes no starts with a rolling cache");
    }
}
