using Functional.Base;
using Functional.Graphs;

namespace Functional.Compiling;

/// <summary>Merges neighbouring axes that every view of a kernel crosses with one even step.</summary>
static class AxisMerger
{
    /// <param name="domain">The axes.</param>
    /// <param name="views">Views of the domain's shape.</param>
    /// <param name="indices">Strides of index values over the domain.</param>
    /// <param name="kept">Axes that must begin an axis of the result too.</param>
    public static (Vec<int> Domain, Vec<View> Views, Vec<Vec<int>> Indices) Run(Vec<int> domain, Vec<View> views, Vec<Vec<int>> indices, Vec<int> kept)
    {
        Vec<Vec<int>> strides = [.. views.Select(static v => v.Strides), .. indices];
        var groups = new List<(int First, int Last)>();
        for (var i = 0; i < domain.Count; i++)
        {
            if (groups.Count > 0 && !kept.Contains(i) && Even(groups[^1].Last, i)) groups[^1] = (groups[^1].First, i);
            else groups.Add((i, i));
        }
        if (groups.Count == 0) return ([1], views.Map(static v => v with { Shape = [1], Strides = [0] }), indices.Map(static _ => (Vec<int>)[0]));
        Vec<int> merged = [.. groups.Select(g => domain.Skip(g.First).Take(g.Last - g.First + 1).Aggregate(1, static (p, d) => p * d))];
        Vec<int> Pick(Vec<int> s) => [.. groups.Select(g => s[g.Last])];
        return (merged, views.Map(v => v with { Shape = merged, Strides = Pick(v.Strides) }), indices.Map(Pick));

        bool Even(int outer, int inner) => strides.All(s => s[outer] == s[inner] * domain[inner]);
    }
}

/// <summary>Joins a product with the sum that is its only use: one instruction, rounded once.</summary>
static class MulAddFusion
{
    public static List<PointInstruction> Run(List<PointInstruction> code, Vec<int> results)
    {
        var uses = new int[code.Count];
        foreach (var i in code)
            foreach (var r in RegisterAllocator.Operands(i)) if (r >= 0) uses[r]++;
        foreach (var r in results) if (r >= 0) uses[r] += 2;
        var product = new PointInstruction?[code.Count];
        var joined = new List<PointInstruction>();
        foreach (var i in code)
        {
            var next = i;
            if (i is { Function: BinaryFunction.Add, Type: DType.F32 })
            {
                if (Single(i.A) is { } p) next = i with { Op = PointOp.MulAdd, Function = null, A = p.A, B = p.B, C = i.B };
                else if (Single(i.B) is { } q) next = i with { Op = PointOp.MulAdd, Function = null, A = q.A, B = q.B, C = i.A };
            }
            if (next.Op == PointOp.MulAdd) joined.RemoveAll(j => j.Target == (Single(i.A) is null ? i.B : i.A));
            if (i is { Function: BinaryFunction.Mul, Type: DType.F32 }) product[i.Target] = i;
            joined.Add(next);
        }
        return joined;

        PointInstruction? Single(int r) => r >= 0 && uses[r] == 1 ? product[r] : null;
    }
}

/// <summary>
/// Gives the values of a kernel few registers: inputs and constants first, then one that no live value holds. Before, inputs are
/// numbered −1, −2, … and constants from <see cref="Constant"/>(0) down.
/// </summary>
static class RegisterAllocator
{
    const int FirstConstant = -1_000_000;

    public static int Constant(int number) => FirstConstant - number;

    public static (Vec<PointInstruction> Code, int Registers, Vec<int> Results) Run(List<PointInstruction> code, int inputs, int constants, Vec<int> results)
    {
        var last = new Dictionary<int, int>();
        for (var i = 0; i < code.Count; i++)
            foreach (var r in Operands(code[i])) last[r] = i;
        foreach (var r in results) last[r] = code.Count;
        var (free, place, used, done) = (new Stack<int>(), new Dictionary<int, int>(), inputs + constants, new List<PointInstruction>());
        int At(int r) => r <= FirstConstant ? inputs + FirstConstant - r : r < 0 ? -r - 1 : place[r];
        for (var i = 0; i < code.Count; i++)
        {
            var c = code[i];
            var (a, b, d) = c.Op == PointOp.Index ? (c.A, 0, 0) : (At(c.A), Arity(c) > 1 ? At(c.B) : 0, Arity(c) > 2 ? At(c.C) : 0);
            foreach (var r in Operands(c).Distinct())
                if (r >= 0 && last[r] == i) free.Push(place[r]);
            // A result has its register to itself: an engine may form it where the output lies.
            place[c.Target] = !results.Contains(c.Target) && free.TryPop(out var reuse) ? reuse : used++;
            done.Add(c with { Target = place[c.Target], A = a, B = b, C = d });
            if (!last.ContainsKey(c.Target)) free.Push(place[c.Target]);
        }
        return ([.. done], used, results.Map(At));
    }

    public static IEnumerable<int> Operands(PointInstruction i)
    {
        var arity = Arity(i);
        if (arity > 0) yield return i.A;
        if (arity > 1) yield return i.B;
        if (arity > 2) yield return i.C;
    }

    static int Arity(PointInstruction i) => i.Op switch
    {
        PointOp.Index => 0,
        PointOp.Apply => i.Function is UnaryFunction ? 1 : 2,
        PointOp.GeluGradient or PointOp.GeluTanhGradient => 2,
        PointOp.MulAdd or PointOp.Where or PointOp.RandomBits => 3,
        _ => 1,
    };
}
