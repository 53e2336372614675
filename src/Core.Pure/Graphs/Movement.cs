using Functional.Base;

namespace Functional.Graphs;

/// <summary>Ops that move elements without computing on them.</summary>
public static class Movement
{
    /// <summary>The arguments one behind the other along <paramref name="axis"/> (negative counts from the end).</summary>
    public static Tensor Concat(int axis, params ReadOnlySpan<Tensor> parts) =>
        parts.Length == 1 ? parts[0] : Tensor.Of(new Op.Concat(axis < 0 ? axis + parts[0].Rank : axis), parts);

    extension(Tensor x)
    {
        /// <summary>The same elements under another shape; one axis may be −1 and is then worked out.</summary>
        public Tensor Reshape(params Vec<int> shape)
        {
            var known = shape.Where(static d => d != -1).Aggregate(1L, static (p, d) => p * d);
            var full = shape.Map(d => d == -1 ? (int)(x.Type.Size / Math.Max(known, 1)) : d);
            return full == x.Shape ? x : Tensor.Of(new Op.Reshape(full), x);
        }

        /// <summary>Axes in another order: result axis i is this tensor's axis <c>order[i]</c>.</summary>
        public Tensor Permute(params Vec<int> order) =>
            order.SequenceEqual(Enumerable.Range(0, x.Rank)) ? x : Tensor.Of(new Op.Permute(order), x);

        /// <summary>The last two axes exchanged.</summary>
        public Tensor T() => x.Rank < 2
            ? throw new ArgumentException($"T needs at least two axes; given {x.Type}.")
            : x.Permute([.. Enumerable.Range(0, x.Rank - 2), x.Rank - 1, x.Rank - 2]);

        /// <summary>Repeated to <paramref name="shape"/>: new axes go in front, axes of length 1 are repeated.</summary>
        public Tensor BroadcastTo(Vec<int> shape)
        {
            if (x.Shape == shape) return x;
            if (x.Rank > shape.Count) throw new ArgumentException($"cannot broadcast {x.Type} to {shape}: it has more axes.");
            var aligned = x.Reshape([.. Enumerable.Repeat(1, shape.Count - x.Rank), .. x.Shape]);
            return aligned.Shape == shape ? aligned
                : x.Op is Op.Fill fill ? Create.Fill(fill.Value, shape, x.DType)
                : Tensor.Of(new Op.Broadcast(shape), aligned);
        }

        /// <summary>The part of <paramref name="axis"/> (negative counts from the end) that begins at <paramref name="start"/>.</summary>
        public Tensor Slice(int axis, int start, int length)
        {
            var at = axis < 0 ? axis + x.Rank : axis;
            return start == 0 && length == x.Shape[at] ? x
                : Tensor.Of(new Op.Slice(x.Shape.Map((_, i) => i == at ? start : 0), x.Shape.With(at, length)), x);
        }

        /// <summary>Zeros added before and after along each axis.</summary>
        public Tensor Pad(Vec<int> before, Vec<int> after) =>
            before.Concat(after).All(static n => n == 0) ? x : Tensor.Of(new Op.Pad(before, after), x);

        /// <summary>The <paramref name="parts"/> equal parts of the last axis.</summary>
        public Vec<Tensor> Split(int parts)
        {
            var length = x.Shape[^1] / parts;
            return length * parts == x.Shape[^1]
                ? [.. Enumerable.Range(0, parts).Select(i => x.Slice(-1, i * length, length))]
                : throw new ArgumentException($"cannot split the last axis of {x.Type} into {parts} equal parts.");
        }

        /// <summary>Rows of this table <c>[rows, …]</c> by integer indices: <c>[indices…, …]</c>.</summary>
        public Tensor Gather(Tensor indices) => Tensor.Of(new Op.Gather(), x, indices);

        /// <summary>This <c>[rows, …]</c> with each of <paramref name="updates"/> <c>[indices…, …]</c> added to the row its index names.</summary>
        public Tensor ScatterAdd(Tensor indices, Tensor updates) => Tensor.Of(new Op.ScatterAdd(), x, indices, updates);

        /// <summary>From each row of <c>[…, n]</c> the element that <paramref name="indices"/> <c>i32[…]</c> names: <c>[…]</c>.</summary>
        public Tensor TakeLast(Tensor indices)
        {
            var (n, rows) = (x.Shape[^1], (int)(x.Type.Size / x.Shape[^1]));
            var flat = Create.Range(rows) * Create.Fill(n, [rows], DType.I32) + indices.Reshape(rows);
            return x.Reshape(rows * n).Gather(flat).Reshape(indices.Shape);
        }
    }

    internal static (Tensor, Tensor) Align(Tensor a, Tensor b, Op op)
    {
        if (a.Shape == b.Shape) return (a, b);
        var n = Math.Max(a.Rank, b.Rank);
        var shape = new int[n];
        for (var i = 0; i < n; i++)
        {
            var (p, q) = (At(a.Shape, i - n + a.Rank), At(b.Shape, i - n + b.Rank));
            shape[i] = p == q || q == 1 ? p : p == 1 ? q
                : throw new ArgumentException($"{op} cannot broadcast {a.Type} against {b.Type}: axis {i - n} is {p} here and {q} there.");
        }
        return (a.BroadcastTo([.. shape]), b.BroadcastTo([.. shape]));

        static int At(Vec<int> s, int i) => i < 0 ? 1 : s[i];
    }
}
