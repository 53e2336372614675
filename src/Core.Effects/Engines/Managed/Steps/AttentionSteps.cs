using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;

namespace Functional.Engines.Managed;

/// <summary>Attention over views [batch, tokens, heads, size].</summary>
internal sealed unsafe class AttentionStep(Attention kind, PlanStep.Fused s, Address at) : Step
{
    readonly AttentionForward kernel = new();
    readonly AttentionDecode decode = new();
    readonly AttentionArguments given = Heads.Given(s.Inputs);
    readonly AttentionSpec spec = Heads.Spec(s.Inputs, kind, at);
    readonly HeadsView q = Heads.Of(s.Inputs[0], at), k = Heads.Of(s.Inputs[1], at), v = Heads.Of(s.Inputs[2], at);
    readonly HeadsView output = s.Outputs[0] is { } o ? Heads.Of(o, at) : default;
    readonly float* logSumExp = Optional.At(s.Outputs[1], at);
    readonly int cacheRows = s.Inputs[1].Shape[0];
    readonly long outputSize = s.Outputs[0] is null ? new TensorType(s.Inputs[0].Shape).Size : 0;

    public override long WorkspaceBytes => outputSize * sizeof(float);

    public override void Run(ManagedEngine engine)
    {
        int* offsets = Integers(given.Offsets), rows = Integers(given.Rows);
        HeadsView? sinkQueries = given.SinkQueries is { } sink ? Heads.Of(s.Inputs[sink], at) : null;
        var target = outputSize > 0 ? HeadsView.Dense((float*)engine.Workspace, spec.Queries, spec.Heads, spec.Width) : output;
        for (var b = 0; rows != null && b < spec.Batch; b++) Indices.Checked("attention", rows[b], cacheRows);
        if (offsets == null) kernel.Run(engine.Team, spec, q, k, v, target, logSumExp, sinkQueries);
        else if (spec.Queries == 1) decode.Run(engine.Team, spec, q, k, v, target, logSumExp, offsets, rows, sinkQueries);
        else
            for (var b = 0; b < spec.Batch; b++)
            {
                var row = rows == null ? b : rows[b];
                kernel.Run(engine.Team, Heads.At(spec, b, offsets[b]), q.Row(b), k.Row(row), v.Row(row), target.Row(b), Heads.LogSumExp(spec, logSumExp, b),
                    sinkQueries?.Row(b));
            }
    }

    int* Integers(int? argument) => argument is { } i ? (int*)at(s.Inputs[i]) : null;
}

/// <summary>The gradient of attention.</summary>
internal sealed unsafe class AttentionGradientStep(AttentionGradient kind, PlanStep.Fused s, Address at) : Step
{
    readonly AttentionBackward kernel = new();
    // As the forward op's arguments stand.
    readonly Vec<View> inputs = [.. s.Inputs.Take(3), .. s.Inputs.Skip(6)];
    readonly AttentionSpec spec = Heads.Spec([.. s.Inputs.Take(3), .. s.Inputs.Skip(6)], kind.Of, at);
    readonly HeadsView q = Heads.Of(s.Inputs[0], at), k = Heads.Of(s.Inputs[1], at), v = Heads.Of(s.Inputs[2], at);
    readonly HeadsView output = Heads.Of(s.Inputs[3], at), cotangent = Heads.Of(s.Inputs[5], at);
    readonly float* logSumExp = (float*)at(s.Inputs[4]);
    readonly HeadsView[] gradients = [.. s.Outputs.Select(o => o is { } view ? Heads.Of(view, at) : default)];
    readonly long[] spare = [.. s.Outputs.Select((o, i) => o is null ? new TensorType(s.Inputs[i < 3 ? i : 0].Shape).Size : 0)];
    readonly int keys = s.Inputs[1].Shape[1];

    public override long WorkspaceBytes => spare.Sum() * sizeof(float);

    public override void Run(ManagedEngine engine)
    {
        var given = Heads.Given(inputs);
        var (dq, dk, dv) = (Target(engine, 0), Target(engine, 1), Target(engine, 2));
        (HeadsView Queries, HeadsView Gradient)? sink = given.SinkQueries is { } i ? (Heads.Of(inputs[i], at), Target(engine, 3)) : null;
        if (given.Offsets is not { } o) kernel.Run(engine.Team, spec, q, k, v, output, logSumExp, cotangent, dq, dk, dv, sink);
        else
            for (var b = 0; b < spec.Batch; b++)
                kernel.Run(engine.Team, Heads.At(spec, b, ((int*)at(inputs[o]))[b], all: true), q.Row(b), k.Row(b), v.Row(b), output.Row(b),
                    Heads.LogSumExp(spec, logSumExp, b), cotangent.Row(b), dq.Row(b), dk.Row(b), dv.Row(b),
                    sink is { } both ? (both.Queries.Row(b), both.Gradient.Row(b)) : null);
    }

    // Gradients that nobody uses go to the workspace.
    HeadsView Target(ManagedEngine engine, int i)
    {
        if (spare[i] == 0) return gradients[i];
        var start = (float*)engine.Workspace;
        for (var j = 0; j < i; j++) start += spare[j];
        return i is 0 or 3 ? HeadsView.Dense(start, spec.Queries, spec.Heads, spec.Width) : HeadsView.Dense(start, keys, spec.KvHeads, spec.Width);
    }
}

/// <summary>Attention's shapes from views.</summary>
internal static unsafe class Heads
{
    /// <summary>What stands where among attention's arguments.</summary>
    public static AttentionArguments Given(Vec<View> inputs) => AttentionArguments.Of(inputs.Map(static i => new TensorType(i.Shape, i.DType)));

    public static AttentionSpec Spec(Vec<View> inputs, Attention kind, Address at)
    {
        var (q, k) = (inputs[0].Shape, inputs[1].Shape);
        return new(q[0], q[2], k[2], q[1], k[1], q[3], (float)kind.Scale, kind.Causal)
        {
            Window = kind.Window, Sinks = kind.Sinks, Cap = (float)kind.SoftCap, HasAlibi = kind.HasAlibi, Rolls = kind.Rolling,
            Starts = Given(inputs).Starts is { } i ? (nint)at(inputs[i]) : 0, Ends = Given(inputs).Ends is { } e ? (nint)at(inputs[e]) : 0,
        };
    }

    /// <summary>One row, at a position that the program was given: keys beyond the last query's position are never read, unless all are asked for.</summary>
    public static AttentionSpec At(AttentionSpec spec, int row, int offset, bool all = false) => spec with
    {
        Batch = 1, Offset = offset, Keys = spec.Causal && !spec.Rolls && !all ? (int)Math.Clamp((long)offset + spec.Queries, 0, spec.Keys) : spec.Keys,
        Starts = spec.Starts == 0 ? 0 : spec.Starts + (nint)row * spec.Queries * sizeof(int),
        Ends = spec.Ends == 0 ? 0 : spec.Ends + (nint)row * spec.Queries * sizeof(int),
    };

    /// <summary>A row's part of what has a number for each head and query; nothing of nothing.</summary>
    public static float* LogSumExp(AttentionSpec spec, float* all, int row) => all == null ? null : all + (nint)row * spec.Heads * spec.Queries;

    public static HeadsView Of(View v, Address at) => new((float*)at(v), v.Strides[0], v.Strides[1], v.Strides[2]);
}

/// <summary>Tokens written into rows of a cache, in each at a position of its own.</summary>
internal sealed unsafe class CacheWriteStep(CacheWrite kind, PlanStep.Fused s, Address at) : Step
{
    readonly byte* cache = at(s.Inputs[0]), tokens = at(s.Inputs[1]);
    readonly int* positions = (int*)at(s.Inputs[2]), rows = s.Inputs.Count > 3 ? (int*)at(s.Inputs[3]) : null;
    readonly (int Rows, int Capacity, int Batch, int Count) shape = (s.Inputs[0].Shape[0], s.Inputs[0].Shape[1], s.Inputs[1].Shape[0], s.Inputs[1].Shape[1]);
    readonly long bytes = new TensorType([.. s.Inputs[0].Shape.Skip(2)], s.Inputs[0].DType).Bytes;

    public override void Run(ManagedEngine engine)
    {
        for (var b = 0; b < shape.Batch; b++)
        {
            var row = rows == null ? b : Indices.Checked("cache_write", rows[b], shape.Rows);
            if (!kind.Rolling) Write(b, 0, shape.Count, row, positions[b], 0, shape.Capacity);
            else Roll(b, row, positions[b]);
        }
    }

    // Sinks where they stand, then what lies behind them, once around at most.
    void Roll(int b, long row, int position)
    {
        var (sinks, ring) = (kind.Sinks, shape.Capacity - kind.Sinks);
        Write(b, 0, shape.Count, row, position, 0, sinks);
        var skip = (int)Math.Clamp((long)sinks - position, 0, shape.Count);
        for (var i = skip; i < shape.Count;)
        {
            var place = (int)(((long)position + i - sinks) % ring);
            var run = Math.Min(shape.Count - i, ring - place);
            Write(b, i, run, row, sinks + place, sinks, shape.Capacity);
            i += run;
        }
    }

    // Of some of a row's tokens, those whose places are from a first one to the one before another.
    void Write(int b, int token, int count, long row, long place, int first, int behind)
    {
        var skip = Math.Max(0, first - place);
        var length = Math.Min(count, behind - place) - skip;
        if (length <= 0) return;
        var (from, to) = (((long)b * shape.Count + token + skip) * bytes, (row * shape.Capacity + place + skip) * bytes);
        Buffer.MemoryCopy(tokens + from, cache + to, length * bytes, length * bytes);
    }
}
