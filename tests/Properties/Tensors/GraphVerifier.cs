using LanguageExt;

namespace Functional.Tests.Properties;

/// <summary>
/// Checks a finished graph by itself, trusting neither constructors nor compiler passes: types, identities, arities, attributes
/// and the names of inputs. Every fault found is given; a sound graph has none.
/// </summary>
static class GraphVerifier
{
    /// <summary>The faults of everything that the roots depend on.</summary>
    public static Seq<Fault> Check(params Vec<Tensor> roots)
    {
        var (faults, byId, inputs) = (new List<Fault>(), new Dictionary<UInt128, Tensor>(), new Dictionary<string, Tensor>());
        foreach (var node in Nodes(roots))
        {
            var broken = Attributes(node).Concat(Type(node)).Concat(Identity(node, byId));
            faults.AddRange(broken.Concat(node.Op is Op.Input input ? Name(input, node, inputs) : []));
        }
        return faults.ToSeq().Strict();
    }

    /// <summary>The faults of a program: those of its graph, then its donations.</summary>
    public static Seq<Fault> Check(Program program)
    {
        var outputs = program.Outputs.ToDictionary(static o => o.Name, static o => o.Value.Type);
        var inputs = program.Inputs.ToDictionary(static i => i.Name, static i => i.Value.Type);
        var donations = program.Donations
            .Where(d => !inputs.TryGetValue(d.Input, out var from) || !outputs.TryGetValue(d.Output, out var to) || from != to)
            .Select(static d => new Fault($"donation of {d.Input} to {d.Output}", "the two are not of one type", "an input and an output of equal types"));
        return Check(program.Outputs.Map(static o => o.Value)) + donations.ToSeq().Strict();
    }

    // By reference: nodes that claim the same identity are compared, not merged.
    static IEnumerable<Tensor> Nodes(Vec<Tensor> roots)
    {
        var seen = new System.Collections.Generic.HashSet<Tensor>(ReferenceEqualityComparer.Instance);
        var stack = new Stack<Tensor>(roots.Reverse());
        while (stack.TryPop(out var node))
        {
            if (!seen.Add(node)) continue;
            yield return node;
            for (var i = node.Args.Count - 1; i >= 0; i--) stack.Push(node.Args[i]);
        }
    }

    static IEnumerable<Fault> Type(Tensor node) => Infer(node) switch
    {
        { Type: { } type } when type == node.Type => [],
        { Type: { } type } => [At(node, $"claims the type {node.Type}", $"{type}, from its arguments")],
        { Error: var error } => [At(node, error, "arguments of fitting types")],
    };

    static (TensorType? Type, string Error) Infer(Tensor node)
    {
        try
        {
            return (TypeRules.Infer(node.Op, node.Args.Map(static a => a.Type)), "");
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            return (null, e.Message);
        }
    }

    static IEnumerable<Fault> Identity(Tensor node, Dictionary<UInt128, Tensor> byId)
    {
        if (ContentHash.Of(node.Op, node.Args, node.Type) != node.Id)
            yield return At(node, "its identity is not the hash of its content", "a node is never changed after it was made");
        if (byId.TryAdd(node.Id, node)) yield break;
        var other = byId[node.Id];
        if (!other.Op.Equals(node.Op) || other.Type != node.Type || other.Args != node.Args)
            yield return At(node, $"has the identity of {other}", "different content has different identities");
    }

    static IEnumerable<Fault> Name(Op.Input input, Tensor node, Dictionary<string, Tensor> inputs)
    {
        if (!inputs.TryAdd(input.Name, node) && inputs[input.Name].Type != node.Type)
            yield return At(node, $"has the name of an input of type {inputs[input.Name].Type}", "one type a name");
    }

    static IEnumerable<Fault> Attributes(Tensor node)
    {
        var (least, most) = Arity(node.Op);
        if (node.Args.Count < least || node.Args.Count > most)
        {
            yield return At(node, $"has {node.Args.Count} arguments", least == most ? $"{least}" : $"at least {least}");
            yield break;
        }
        if (node.Shape.Any(static d => d < 1)) yield return At(node, "has an axis without elements", "axes of length 1 or more");
        if (node.Op is Op.Concat concat && concat.Axis < node.Rank
            && node.Args.Sum(a => (long)a.Shape.ElementAtOrDefault(concat.Axis)) != node.Shape[concat.Axis])
            yield return At(node, $"its parts do not add up to axis {concat.Axis}", $"parts of {node.Shape[concat.Axis]} together");
        if (node.Op is Op.Slice slice && (slice.Lengths != node.Shape
            || slice.Starts.Zip(slice.Lengths, node.Args[0].Shape).Any(static s => s.First < 0 || (long)s.First + s.Second > s.Third)))
            yield return At(node, "reaches outside its argument or has another shape than its lengths", $"a box inside {node.Args[0].Type}");
    }

    static (int Least, int Most) Arity(Op op) => op switch
    {
        Op.Input or Op.Fill or Op.Iota => (0, 0),
        Op.Binary or Op.Compare or Op.MatMul or Op.Gather => (2, 2),
        Op.Where or Op.ScatterAdd => (3, 3),
        Op.Fused { Kind: Listed } => (0, 0),
        Op.Concat or Op.Fused => (1, int.MaxValue),
        _ => (1, 1),
    };

    static Fault At(Tensor node, string what, string allowed) => new($"{node}", what, allowed);
}
