using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>Attention over views [batch, tokens, heads, size].</summary>
internal sealed unsafe class AttentionStep(Attention kind, PlanStep.Fused s, Address at) : Step
{
    readonly AttentionForward kernel = new();
    readonly AttentionDecode decode = new();
    readonly AttentionSpec spec = Heads.Spec(s.Inputs, kind.Scale, kind.Causal);
    readonly HeadsView q = Heads.Of(s.Inputs[0], at), k = Heads.Of(s.Inputs[1], at), v = Heads.Of(s.Inputs[2], at);
    readonly HeadsView output = s.Outputs[0] is { } o ? Heads.Of(o, at) : default;
    readonly float* logSumExp = Optional.At(s.Outputs[1], at);
    readonly int* offsets = s.Inputs.Count > 3 ? (int*)at(s.Inputs[3]) : null, rows = s.Inputs.Count > 4 ? (int*)at(s.Inputs[4]) : null;
    readonly int cacheRows = s.Inputs[1].Shape[0];
    readonly long outputSize = s.Outputs[0] is null ? new TensorType(s.Inputs[0].Shape).Size : 0;

    public override long WorkspaceBytes => outputSize * sizeof(float);

    public override void Run(ManagedEngine engine)
    {
        var target = outputSize > 0 ? HeadsView.Dense((float*)engine.Workspace, spec.Queries, spec.Heads, spec.Width) : output;
        for (var b = 0; rows != null && b < spec.Batch; b++) Indices.Checked("attention", rows[b], cacheRows);
        if (offsets == null) kernel.Run(engine.Team, spec, q, k, v, target, logSumExp);
        else if (spec.Queries == 1) decode.Run(engine.Team, spec, q, k, v, target, logSumExp, offsets, rows);
        else
            for (var b = 0; b < spec.Batch; b++)
            {
                var row = rows == null ? b : rows[b];
                kernel.Run(engine.Team, Heads.At(spec, offsets[b]), q.Row(b), k.Row(row), v.Row(row), target.Row(b), Heads.LogSumExp(spec, logSumExp, b));
            }
    }
}

/// <summary>The gradient of attention.</summary>
internal sealed unsafe class AttentionGradientStep(AttentionGradient kind, PlanStep.Fused s, Address at) : Step
{
    readonly AttentionBackward kernel = new();
    readonly AttentionSpec spec = Heads.Spec(s.Inputs, kind.Scale, kind.Causal);
    readonly HeadsView q = Heads.Of(s.Inputs[0], at), k = Heads.Of(s.Inputs[1], at), v = Heads.Of(s.Inputs[2], at);
    readonly HeadsView output = Heads.Of(s.Inputs[3], at), cotangent = Heads.Of(s.Inputs[5], at);
    readonly float* logSumExp = (float*)at(s.Inputs[4]);
    readonly int* offsets = s.Inputs.Count > 6 ? (int*)at(s.Inputs[6]) : null;
    readonly HeadsView[] gradients = [.. s.Outputs.Select(o => o is { } view ? Heads.Of(view, at) : default)];
    readonly long[] spare = [.. s.Outputs.Select((o, i) => o is null ? new TensorType(s.Inputs[i].Shape).Size : 0)];
    readonly int keys = s.Inputs[1].Shape[1];

    public override long WorkspaceBytes => spare.Sum() * sizeof(float);

    public override void Run(ManagedEngine engine)
    {
        var (dq, dk, dv) = (Target(engine, 0), Target(engine, 1), Target(engine, 2));
        if (offsets == null) kernel.Run(engine.Team, spec, q, k, v, output, logSumExp, cotangent, dq, dk, dv);
        else
            for (var b = 0; b < spec.Batch; b++)
                kernel.Run(engine.Team, spec with { Batch = 1, Offset = offsets[b] }, q.Row(b), k.Row(b), v.Row(b), output.Row(b),
                    Heads.LogSumExp(spec, logSumExp, b), cotangent.Row(b), dq.Row(b), dk.Row(b), dv.Row(b));
    }

    // Gradients that nobody uses go to the workspace.
    HeadsView Target(ManagedEngine engine, int i)
    {
        if (spare[i] == 0) return gradients[i];
        var start = (float*)engine.Workspace;
        for (var j = 0; j < i; j++) start += spare[j];
        return i == 0 ? HeadsView.Dense(start, spec.Queries, spec.Heads, spec.Width) : HeadsView.Dense(start, keys, spec.KvHeads, spec.Width);
    }
}

/// <summary>Attention's shapes from views.</summary>
internal static unsafe class Heads
{
    public static AttentionSpec Spec(Vec<View> inputs, double scale, bool causal)
    {
        var (q, k) = (inputs[0].Shape, inputs[1].Shape);
        return new(q[0], q[2], k[2], q[1], k[1], q[3], (float)scale, causal);
    }

    /// <summary>One row, at a position that the program was given: keys beyond the last query's position are never read.</summary>
    public static AttentionSpec At(AttentionSpec spec, int offset) =>
        spec with { Batch = 1, Offset = offset, Keys = spec.Causal ? (int)Math.Clamp((long)offset + spec.Queries, 0, spec.Keys) : spec.Keys };

    /// <summary>A row's part of what has a number for each head and query; nothing of nothing.</summary>
    public static float* LogSumExp(AttentionSpec spec, float* all, int row) => all == null ? null : all + (nint)row * spec.Heads * spec.Queries;

    public static HeadsView Of(View v, Address at) => new((float*)at(v), v.Strides[0], v.Strides[1], v.Strides[2]);
}

/// <summary>Tokens written into rows of a cache, in each at a position of its own.</summary>
internal sealed unsafe class CacheWriteStep(PlanStep.Fused s, Address at) : Step
{
    readonly byte* cache = at(s.Inputs[0]), tokens = at(s.Inputs[1]);
    readonly int* positions = (int*)at(s.Inputs[2]), rows = s.Inputs.Count > 3 ? (int*)at(s.Inputs[3]) : null;
    readonly (int Rows, int Capacity, int Batch, int Count) shape = (s.Inputs[0].Shape[0], s.Inputs[0].Shape[1], s.Inputs[1].Shape[0], s.Inputs[1].Shape[1]);
    readonly long bytes = new TensorType([.. s.Inputs[0].Shape.Skip(2)], s.Inputs[0].DType).Bytes;

    public override void Run(ManagedEngine engine)
    {
        for (var b = 0; b < shape.Batch; b++) Write(b, positions[b], rows == null ? b : Indices.Checked("cache_write", rows[b], shape.Rows));
    }

    void Write(int b, int position, long row)
    {
        // Tokens before the beginning or beyond the capacity are dropped.
        var first = Math.Max(0, -position);
        var count = (int)Math.Min(shape.Count, (long)shape.Capacity - position) - first;
        if (count <= 0) return;
        var (from, to) = (((long)b * shape.Count + first) * bytes, (row * shape.Capacity + position + first) * bytes);
        Buffer.MemoryCopy(tokens + from, cache + to, count * bytes, count * bytes);
    }
}
