using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>Shares memory between values: in place where a kernel allows it, and by lifetimes in one arena.</summary>
sealed class MemoryPlanner
{
    readonly Lowering lowering;
    readonly IReadOnlyList<Job> order;
    readonly Dictionary<Storage, (int First, int Last)> lives = [];

    public MemoryPlanner(Lowering lowering, IReadOnlyList<Job> order)
    {
        (this.lowering, this.order) = (lowering, order);
        DropUnreadProducts();
        ComputeLives();
        for (var i = 0; i < order.Count; i++) ReuseInPlace(order[i], i);
    }

    public Plan Plan(Program program)
    {
        var (offsets, total) = Arena();
        var roots = lowering.Storages.Where(static s => s.SameAs is null).ToList();
        var number = roots.Select(static (s, i) => (s, i)).ToDictionary(static p => p.s, static p => p.i);
        View At(View view) => view with { Buffer = number[lowering.Storages[view.Buffer].Root] };
        return new(program,
            [.. roots.Select(s => new PlanBuffer(s.Space, s.Space == Space.Temporary ? "" : s.Name, s.Type.Bytes, offsets.GetValueOrDefault(s)))],
            [.. order.SelectMany(static j => j.Steps).Select(s => s.OnBuffers(At)).Where(static s => !IsIdentity(s))],
            total);
    }

    // A copy onto itself, left over where source and target came to share their memory.
    static bool IsIdentity(PlanStep step) =>
        step is PlanStep.Pointwise { Kernel.Code.Count: 0, Inputs: [var from], Outputs: [var to] } && from == to;

    // A product that only its epilogue reads is formed in an output of the epilogue.
    void DropUnreadProducts()
    {
        foreach (var job in order)
        {
            if (job.Steps is not [PlanStep.MatMul { Epilogue: not null } step]) continue;
            var product = lowering.Storages[step.C.Buffer];
            if (product.Readers.Count > 0 || product.Space != Space.Temporary || product.Name.Length > 0) continue;
            var reads = step.Reads().Select(v => lowering.Storages[v.Buffer].Root).ToList();
            var host = step.Outputs.Where(v => v.DType == DType.F32 && v is { IsDense: true, Offset: 0 })
                .Select(v => lowering.Storages[v.Buffer])
                .FirstOrDefault(s => s.Type.Size == product.Type.Size && !reads.Contains(s.Root));
            if (host is not null) product.SameAs = host;
        }
    }

    void ComputeLives()
    {
        for (var i = 0; i < order.Count; i++)
            foreach (var view in order[i].Steps.SelectMany(static s => s.Reads().Concat(s.Writes())))
                Extend(lowering.Storages[view.Buffer].Root, i, i);
    }

    void Extend(Storage storage, int first, int last) => lives[storage] = lives.TryGetValue(storage, out var life)
        ? (Math.Min(life.First, first), Math.Max(life.Last, last)) : (first, last);

    // The first step of a job that copies or maps a dying temporary may write over it.
    void ReuseInPlace(Job job, int at)
    {
        if (job.Steps[0] is not PlanStep.Pointwise step) return;
        foreach (var output in step.Outputs)
        {
            var target = lowering.Storages[output.Buffer];
            if (target.SameAs is not null || target.Space == Space.Input || lives[target].First != at) continue;
            foreach (var input in step.Inputs)
            {
                var source = lowering.Storages[input.Buffer].Root;
                if (source == target || source.Space != Space.Temporary || lives[source].Last != at || source.Type.Bytes != target.Type.Bytes) continue;
                if (input with { Buffer = output.Buffer } != output || !OnlyAligned(job, source, input)) continue;
                var (kept, gone) = target.Space == Space.Temporary ? (source, target) : (target, source);
                gone.SameAs = kept;
                Extend(kept, lives[gone].First, lives[gone].Last);
                break;
            }
        }
    }

    // Later steps of the job come after the write, and may not read it at all.
    bool OnlyAligned(Job job, Storage source, View view) =>
        job.Steps[0].Reads().Where(v => lowering.Storages[v.Buffer].Root == source).All(v => v with { Buffer = view.Buffer } == view)
        && job.Steps.Skip(1).SelectMany(static s => s.Reads()).All(v => lowering.Storages[v.Buffer].Root != source)
        && job.Steps.SelectMany(static s => s.Writes()).All(v => lowering.Storages[v.Buffer].Root != source);

    // The largest first, each at the lowest place where no value of an overlapping life lies.
    (Dictionary<Storage, long> Offsets, long Total) Arena()
    {
        var (placed, offsets, total) = (new List<(long Start, long End, int First, int Last)>(), new Dictionary<Storage, long>(), 0L);
        foreach (var storage in lives.Keys.Where(static s => s.Space == Space.Temporary).OrderByDescending(static s => s.Type.Bytes).ThenBy(static s => s.Id))
        {
            var (first, last) = lives[storage];
            var bytes = (storage.Type.Bytes + Compiling.Plan.Alignment - 1) / Compiling.Plan.Alignment * Compiling.Plan.Alignment;
            var start = 0L;
            foreach (var other in placed.Where(p => p.First <= last && first <= p.Last).OrderBy(static p => p.Start))
            {
                if (start + bytes <= other.Start) break;
                start = Math.Max(start, other.End);
            }
            placed.Add((start, start + bytes, first, last));
            offsets[storage] = start;
            total = Math.Max(total, start + bytes);
        }
        return (offsets, total);
    }
}
