namespace Functional.Tests.Properties;

/// <summary>
/// Runs a plan on names instead of numbers: every byte of memory belongs to the buffer that was last written there. It tells what is
/// wrong with the plan's use of memory, step by step.
/// </summary>
sealed class PlanMemory
{
    const int Nobody = -1;

    readonly Plan plan;
    readonly Dictionary<(Space, string), int[]> owners = [];
    readonly Dictionary<(Space, string), int[]> marks = [];
    int stamp;

    PlanMemory(Plan plan) => this.plan = plan;

    /// <summary>All that is wrong.</summary>
    public static IReadOnlyList<string> Faults(Plan plan) => [.. new PlanMemory(plan).Run()];

    IEnumerable<string> Run()
    {
        foreach (var fault in Layout()) yield return fault;
        for (var i = 0; i < plan.Steps.Count; i++)
            foreach (var fault in Step(plan.Steps[i])) yield return $"step {i}, {plan.Steps[i].GetType().Name}: {fault}";
        foreach (var (b, i) in plan.Buffers.Select(static (b, i) => (b, i)).Where(static p => p.b.Space == Space.Output))
            if (owners[Block(b)].Contains(Nobody)) yield return $"output {b.Name} is not written everywhere";
    }

    IEnumerable<string> Layout()
    {
        owners[(Space.Temporary, "")] = Filled(plan.ArenaBytes, Nobody);
        for (var i = 0; i < plan.Buffers.Count; i++)
        {
            var b = plan.Buffers[i];
            if (b.Space != Space.Temporary)
            {
                if (!owners.TryAdd(Block(b), Filled(b.Bytes, b.Space == Space.Input ? i : Nobody))) yield return $"{b.Space} {b.Name} has two buffers";
                if (b.Offset != 0) yield return $"{b.Space} {b.Name} has an offset";
            }
            else if (b.Offset < 0 || b.Offset % Plan.Alignment != 0) yield return $"buffer {i} is not aligned: {b}";
            else if (b.Offset + b.Bytes > plan.ArenaBytes) yield return $"buffer {i} is not in the arena of {plan.ArenaBytes} bytes: {b}";
        }
        foreach (var (name, bytes) in plan.Program.Inputs.Select(static n => (n.Name, n.Value.Type.Bytes)))
            if (plan.Buffers.Count(b => b is { Space: Space.Input } && b.Name == name
                && b.Bytes == bytes) != 1) yield return $"input {name} has no buffer of {bytes} bytes";
        foreach (var (name, bytes) in plan.Program.Outputs.Select(static n => (n.Name, n.Value.Type.Bytes)))
            if (plan.Buffers.Count(b => b is { Space: Space.Output } && b.Name == name
                && b.Bytes == bytes) != (plan.Program.Donations.Any(d => d.Output == name) ? 0
                    : 1)) yield return $"output {name} has not the buffer it should have";
    }

    IEnumerable<string> Step(PlanStep step)
    {
        var accesses = PlanSteps.Accesses(step).ToList();
        var outside = accesses.FirstOrDefault(a => PlanSteps.Places(a.View) is var p
            && (p.Min() < 0 || (p.Max() + 1) * a.View.DType.Size() > plan.Buffers[a.View.Buffer].Bytes));
        if (outside != default)
        {
            yield return $"{outside.View} is not inside its buffer {plan.Buffers[outside.View.Buffer]}";
            yield break;
        }
        foreach (var read in accesses.Where(static a => a.Reads))
            if (owners[BlockOf(read.View)] is var owner && Bytes(read.View).Any(i =>
                owner[i] != read.View.Buffer)) yield return $"{read.View} is read where buffer {read.View.Buffer} was not written, or another was since";
        // Which access writes a byte; then nothing else may touch it in this step, except to read an element at its turn.
        var first = stamp + 1;
        var writes = accesses.Where(static a => a.Writes).ToList();
        stamp += writes.Count;
        for (var w = 0; w < writes.Count; w++)
        {
            var view = writes[w].View;
            var buffer = plan.Buffers[view.Buffer];
            if (buffer.Space == Space.Input && plan.Program.Donations.All(d =>
                d.Input != buffer.Name)) yield return $"input {buffer.Name} is written and was not donated";
            var (marked, owner) = (Marks(view), owners[BlockOf(view)]);
            var inProduct = IsFormedIn(step, view);
            foreach (var i in Bytes(view))
            {
                var formed = marked[i] == first && inProduct;
                if (marked[i] >= first && !formed) yield return $"{view} is written twice";
                if (!formed) marked[i] = first + w;
                owner[i] = view.Buffer;
            }
        }
        foreach (var read in accesses.Where(static a => a is { Reads: true, Writes: false }))
            if (Marks(read.View) is var marked && Bytes(read.View).Any(i => marked[i] >= first
                && !(read.Each && writes[marked[i] - first] is { Each: true, View: var written }
                    && written == read.View))) yield return $"{read.View} is read while it is written";
    }

    // A product that nobody else reads, which its epilogue turns into a result where it stands: the first access that writes is C.
    static bool IsFormedIn(PlanStep step, View output) =>
        step is PlanStep.MatMul { C: var c } && c.Buffer == output.Buffer && PlanSteps.Places(c).AsSpan().SequenceEqual(PlanSteps.Places(output))
            && c.DType == output.DType;

    IEnumerable<int> Bytes(View view)
    {
        var size = view.DType.Size();
        var start = plan.Buffers[view.Buffer] is { Space: Space.Temporary } b ? b.Offset : 0;
        foreach (var place in PlanSteps.Places(view))
            for (var k = 0; k < size; k++) yield return (int)(start + place * size + k);
    }

    int[] Marks(View view) => marks.TryGetValue(BlockOf(view), out var m) ? m : marks[BlockOf(view)] = new int[owners[BlockOf(view)].Length];

    (Space, string) BlockOf(View view) => Block(plan.Buffers[view.Buffer]);

    static (Space, string) Block(PlanBuffer b) => (b.Space, b.Name);

    static int[] Filled(long bytes, int owner)
    {
        var all = new int[bytes];
        all.AsSpan().Fill(owner);
        return all;
    }
}
