using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>Makes eager plans: decides what is freed when, what is written over, and when an output may go into a donated input's buffer.</summary>
sealed class EagerPlanner
{
    readonly Program program;
    readonly Vec<Tensor> roots;
    readonly EagerSlots slots = new();
    readonly List<EagerStep> steps = [];
    readonly Dictionary<Tensor, int> slotOf = [], reads = [];
    readonly Dictionary<EagerUnit, int> kept = [];
    readonly Dictionary<int, (int Slot, string Output)> waiting = [];
    readonly System.Collections.Generic.HashSet<int> permanent = [], donated = [], placed = [];
    readonly Dictionary<string, int> inputs = [], donorOf = [];

    EagerPlanner(Program program, Vec<Tensor> roots) => (this.program, this.roots) = (program, roots);

    /// <summary>The plan of a program whose outputs are <paramref name="roots"/>, in the form that the engine takes.</summary>
    public static EagerPlan Run(Program program, Vec<Tensor> roots, Func<FusedKind, bool> keeps) =>
        new EagerPlanner(program, roots).Plan(EagerUnit.Of(EagerOrder.Of(roots), keeps));

    EagerPlan Plan(List<EagerUnit> units)
    {
        var constants = units.Where(static u => u.Node.Op is Op.Fill or Op.Iota).Select(static u => u.Node).ToList();
        CountReads(units);
        foreach (var (name, value) in program.Inputs) inputs[name] = slotOf[value] = Permanent(value);
        foreach (var constant in constants) slotOf[constant] = Permanent(constant);
        foreach (var (input, output) in program.Donations) donated.Add(donorOf[output] = inputs[input]);
        foreach (var leaf in slotOf.Keys.ToList()) Leave(leaf);
        foreach (var unit in units)
            if (unit.Node.Op is not (Op.Input or Op.Fill or Op.Iota)) Compute(unit);
        return new(program, program.Inputs.Map(i => inputs[i.Name]), [.. constants.Select(c => (slotOf[c], c))], [.. steps], slots.Count, slots.Peak);
    }

    // Reads by steps; results that only gradients of kept values would read are not even computed.
    void CountReads(List<EagerUnit> units)
    {
        var needed = roots.ToHashSet();
        foreach (var unit in units) needed.UnionWith(unit.Node.Args.Where(a => !unit.Has(a)));
        foreach (var unit in units)
            foreach (var arg in unit.Needs)
                if (needed.Contains(arg)) reads[arg] = reads.GetValueOrDefault(arg) + 1;
        for (var i = 0; i < roots.Count; i++)
            if (!IsInPlace(i)) reads[roots[i]] = reads.GetValueOrDefault(roots[i]) + 1;
    }

    // An input that is its own donated output stays where it is.
    bool IsInPlace(int output) => roots[output].Op is Op.Input input && program.Donations.Contains(new(input.Name, program.Outputs[output].Name));

    int Permanent(Tensor node)
    {
        var slot = slots.Add(node.Type, counts: false);
        slots.Expect(slot, reads.GetValueOrDefault(node));
        permanent.Add(slot);
        return slot;
    }

    void Compute(EagerUnit unit)
    {
        var args = unit.Node.Args.Map(a => slotOf.GetValueOrDefault(a, -1));
        var over = Overwritten(unit, args);
        var results = unit.Outputs.ToVec().Map(node => node is null || !reads.ContainsKey(node) ? -1 : slotOf[node] = Result(node, args, over));
        var keeps = !unit.Keeps ? -1 : kept[unit] = slots.Add(new([]), counts: false);
        if (keeps >= 0) slots.Expect(keeps, 1);
        var takes = unit.Forward is { } forward ? kept[forward] : -1;
        steps.Add(new EagerStep.Compute(unit.Node, args, results, over, keeps, takes));
        foreach (var node in unit.Outputs)
            if (node is not null && slotOf.ContainsKey(node)) Leave(node);
        for (var i = 0; i < args.Count; i++)
            if (args[i] >= 0) Read(args[i], free: over < 0 || args[i] != args[over]);
        if (unit.Forward is null) return;
        Read(takes);
        foreach (var arg in unit.Forward.Node.Args) Read(slotOf[arg]);
    }

    int Result(Tensor node, Vec<int> args, int over)
    {
        var slot = over >= 0 ? slots.AddOver(args[over], node.Type)
            : node.Op is Op.Reshape or Op.Permute or Op.Broadcast or Op.Slice or Op.StopGradient ? slots.AddView(args[0], node.Type, node.Op is Op.Broadcast)
            : slots.Add(node.Type);
        slots.Expect(slot, reads[node]);
        if (over >= 0 && permanent.Contains(slots.Owner(slot))) placed.Add(slot);
        return slot;
    }

    // An argument that ends here, alone in memory that may be written: a temporary's, or that of the input donated to this very result.
    int Overwritten(EagerUnit unit, Vec<int> args)
    {
        foreach (var i in Candidates(unit.Node.Op))
        {
            if (args[i] is not (>= 0 and var slot) || slots.Type(slot) != unit.Node.Type || slots.IsSpread(slot)) continue;
            var owner = slots.Owner(slot);
            // In an input's buffer the elements lie in the output's order, so no view of the input will do.
            if (permanent.Contains(owner) && (slot != owner
                || !roots.Index().Any(r => r.Item.Equals(unit.Node) && donorOf.GetValueOrDefault(program.Outputs[r.Index].Name, -1) == owner))) continue;
            var here = args.Where(a => a >= 0 && slots.Owner(a) == owner).ToList();
            // What is not elementwise may read the rest of an argument after writing a part of it.
            if (here.All(a => a == slot) && slots.LeftInMemory(slot) == here.Count && (here.Count == 1 || unit.Node.Op is Op.Binary)) return i;
        }
        return -1;
    }

    static ReadOnlySpan<int> Candidates(Op op) => op switch
    {
        Op.Binary { Function.Commutes: true } => [0, 1],
        Op.Unary or Op.Binary { Function: not BinaryFunction.Max } or Op.ScatterAdd or Op.Fused { Kind.Overwrites: 0 } => [0],
        _ => [],
    };

    // What is an output leaves as soon as it may.
    void Leave(Tensor node)
    {
        for (var i = 0; i < roots.Count; i++)
        {
            if (!roots[i].Equals(node) || IsInPlace(i)) continue;
            var (name, slot) = (program.Outputs[i].Name, slotOf[node]);
            var target = donorOf.GetValueOrDefault(name, -1);
            // Computed in its output's buffer; its read never comes, so that nothing writes over it.
            if (target >= 0 && slots.Owner(slot) == target && placed.Contains(slot)) continue;
            if (donated.Contains(slots.Owner(slot)) && !placed.Contains(slot)) slot = Copied(slot);
            if (target < 0) Store(slot, name);
            else
            {
                waiting[target] = (slot, name);
                Settle(target);
            }
        }
    }

    int Copied(int slot)
    {
        var copy = slots.Add(slots.Type(slot));
        slots.Expect(copy, 1);
        steps.Add(new EagerStep.Copy(slot, copy));
        Read(slot);
        return copy;
    }

    void Store(int slot, string output)
    {
        steps.Add(new EagerStep.Store(slot, output));
        Read(slot);
    }

    // A donated input's buffer is free when nothing reads the input any more.
    void Settle(int donor)
    {
        if (slots.LeftInMemory(donor) == 0 && waiting.Remove(donor, out var output)) Store(output.Slot, output.Output);
    }

    void Read(int slot, bool free = true)
    {
        var owner = slots.Owner(slot);
        if (slots.Read(slot) && free && !permanent.Contains(slot))
        {
            steps.Add(new EagerStep.Free(slot));
            slots.Drop(slot);
        }
        if (donated.Contains(owner)) Settle(owner);
    }
}
