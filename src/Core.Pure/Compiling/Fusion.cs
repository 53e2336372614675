using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>
/// Decides which elementwise nodes are computed inside which kernel. A node is stored when something needs it in memory, else it is
/// inlined into its user's kernel; cheap nodes with users in several kernels are recomputed in each rather than kept.
/// </summary>
sealed class Fusion
{
    const int RecomputeLimit = 16;
    const int KernelLimit = 96;

    readonly Dictionary<Tensor, int> index = [];
    readonly List<Tensor>[] users;
    readonly System.Collections.Generic.HashSet<Tensor> outputs;
    readonly Dictionary<Tensor, Tensor[]> inlined = [];
    readonly Dictionary<Tensor, Tensor> home = [];
    readonly Dictionary<Tensor, List<Tensor>> members = [];
    readonly Dictionary<Tensor, SortedSet<long>> breaks = [];
    readonly Dictionary<Tensor, int> sizes = [];

    public Fusion(IReadOnlyList<Tensor> order, IEnumerable<Tensor> roots)
    {
        Order = order;
        outputs = [.. roots];
        users = new List<Tensor>[order.Count];
        for (var i = 0; i < order.Count; i++) (index[order[i]], users[i]) = (i, []);
        foreach (var node in order)
            foreach (var arg in node.Args) users[index[arg]].Add(node);
        var cost = Costs();
        for (var i = order.Count - 1; i >= 0; i--)
            if (IsPointwise(order[i].Op) && !IsConstant(order[i].Op)) Decide(order[i], cost[i]);
        MergeUpdates();
        foreach (var stored in members.Values) stored.Sort((a, b) => index[a].CompareTo(index[b]));
    }

    /// <summary>The stored nodes that one kernel computes, in topological order.</summary>
    public IReadOnlyList<Tensor> Members(Tensor kernel) => members[kernel];

    public IReadOnlyList<Tensor> Order { get; }

    /// <summary>Whether the node's value is computed inside the kernels of its users and nowhere kept.</summary>
    public bool IsInlined(Tensor node) => inlined.ContainsKey(node);

    /// <summary>The node whose kernel computes this stored elementwise node: itself, or another one beside which it is stored.</summary>
    public Tensor Home(Tensor node) => home.GetValueOrDefault(node, node);

    public IReadOnlyList<Tensor> Users(Tensor node) => users[index[node]];

    public bool IsOutput(Tensor node) => outputs.Contains(node);

    public bool Contains(Tensor node) => index.ContainsKey(node);

    public static bool IsPointwise(Op op) =>
        op is Op.Unary or Op.Binary or Op.Compare or Op.Where or Op.Cast or Op.RandomBits || (op is Op.Fused f && PointOps.Has(f.Kind)) || IsConstant(op);

    public static bool IsConstant(Op op) => op is Op.Fill or Op.Iota;

    public static bool IsMovement(Op op) => op is Op.Reshape or Op.Permute or Op.Broadcast or Op.Slice or Op.StopGradient;

    static bool KeepsOrder(Op op) => op is Op.Reshape or Op.StopGradient;

    int[] Costs()
    {
        // The work of recomputing a node from stored values, as the size of the expression tree.
        var cost = new int[Order.Count];
        for (var i = 0; i < Order.Count; i++)
        {
            var node = Order[i];
            if (IsConstant(node.Op)) continue;
            var own = node.Op switch
            {
                Op.RandomBits => 12,
                Op.Fused => 6,
                Op.Unary o => o.Function.Cost,
                Op.Binary o => o.Function.Cost,
                _ => 1,
            };
            if (IsPointwise(node.Op)) cost[i] = Math.Min(1000, own + node.Args.Sum(a => cost[index[a]]));
            else if (KeepsOrder(node.Op)) cost[i] = cost[index[node.Args[0]]];
        }
        return cost;
    }

    void Decide(Tensor node, int cost)
    {
        var homes = new System.Collections.Generic.HashSet<Tensor>();
        var mustStore = !Uses(node, node, direct: true, homes);
        var output = outputs.Contains(node);
        if (mustStore || homes.Count == 0 || (homes.Count > 1 && (output || cost > RecomputeLimit))) Store(node, node);
        else if (!output && homes.All(h => Fits(node, h))) Inline(node, [.. homes]);
        else if (output && homes.Single() is var h && h.Op is not Op.Reduce && Fits(node, h)) Store(node, h);
        else Store(node, node);
    }

    // Collects the kernels that use the node, or says false when some use needs it in memory.
    bool Uses(Tensor node, Tensor at, bool direct, System.Collections.Generic.HashSet<Tensor> homes)
    {
        if (!direct && outputs.Contains(at)) return false;
        foreach (var user in users[index[at]])
        {
            if (KeepsOrder(user.Op))
            {
                if (!Uses(node, user, false, homes)) return false;
            }
            else if (IsPointwise(user.Op))
            {
                if (user.Op is Op.RandomBits) return false;
                if (inlined.TryGetValue(user, out var within)) homes.UnionWith(within);
                else homes.Add(home[user]);
            }
            else if (user.Op is Op.Reduce && direct) homes.Add(user);
            else return false;
        }
        return true;
    }

    bool Fits(Tensor node, Tensor kernel) => sizes.GetValueOrDefault(kernel) < KernelLimit && Compatible(Breaks(kernel), node.Shape);

    void Inline(Tensor node, Tensor[] kernels)
    {
        inlined[node] = kernels;
        foreach (var kernel in kernels) Join(node, kernel);
    }

    void Store(Tensor node, Tensor kernel)
    {
        home[node] = kernel;
        if (members.TryGetValue(kernel, out var others)) others.Add(node);
        else members[kernel] = [node];
        Join(node, kernel);
    }

    void Join(Tensor node, Tensor kernel)
    {
        sizes[kernel] = sizes.GetValueOrDefault(kernel) + 1;
        Breaks(kernel).UnionWith(Products(node.Shape));
    }

    SortedSet<long> Breaks(Tensor kernel) => breaks.TryGetValue(kernel, out var set) ? set
        : breaks[kernel] = [.. Products((kernel.Op is Op.Reduce ? kernel.Args[0] : kernel).Shape)];

    /// <summary>
    /// The shape that all of a kernel's nodes can be iterated over: the finest that their own shapes, read from the last axis, agree on.
    /// </summary>
    public Vec<int> Domain(Tensor kernel)
    {
        var (axes, previous) = (new List<int>(), 1L);
        foreach (var product in Breaks(kernel))
        {
            if (product != previous) axes.Insert(0, (int)(product / previous));
            previous = product;
        }
        return [.. axes];
    }

    static bool Compatible(SortedSet<long> have, Vec<int> shape)
    {
        var all = new SortedSet<long>(have);
        all.UnionWith(Products(shape));
        var previous = 1L;
        foreach (var product in all)
        {
            if (product % previous != 0) return false;
            previous = product;
        }
        return true;
    }

    static IEnumerable<long> Products(Vec<int> shape)
    {
        var product = 1L;
        yield return product;
        for (var i = shape.Count - 1; i >= 0; i--) yield return product *= shape[i];
    }

    // Kernels that only produce program outputs over the same elements run as one: an optimiser's update reads its inputs once.
    void MergeUpdates()
    {
        var leaders = new Dictionary<(Vec<int>, Tensor), Tensor>();
        foreach (var node in Order)
        {
            if (!home.TryGetValue(node, out var kernel) || !kernel.Equals(node) || !outputs.Contains(node) || users[index[node]].Count > 0) continue;
            var shared = Loads(node).Where(l => l.Op is Op.Input && l.Type.Size == node.Type.Size && l.Rank > 0);
            var leader = shared.Select(l => leaders.GetValueOrDefault((node.Shape, l))).FirstOrDefault(static l => l is not null);
            if (leader is not null && sizes[leader] + sizes[node] <= KernelLimit) MoveInto(node, leader);
            foreach (var load in shared) leaders.TryAdd((node.Shape, load), leader ?? node);
        }
    }

    void MoveInto(Tensor kernel, Tensor leader)
    {
        foreach (var node in members[kernel]) home[node] = leader;
        members[leader].AddRange(members[kernel]);
        sizes[leader] += sizes[kernel];
        Breaks(leader).UnionWith(Breaks(kernel));
    }

    IEnumerable<Tensor> Loads(Tensor kernel)
    {
        var (seen, stack) = (new System.Collections.Generic.HashSet<Tensor>(), new Stack<Tensor>([kernel]));
        while (stack.TryPop(out var node))
            foreach (var arg in node.Args)
            {
                if (!seen.Add(arg)) continue;
                if (KeepsOrder(arg.Op) || IsInlined(arg)) stack.Push(arg);
                else yield return arg;
            }
    }
}
