using FsCheck;
using FsCheck.Fluent;

namespace Functional.Tests.Properties;

/// <summary>
/// Random programs in which much lies in the same memory: views of views, values that may be written over, gradients that belong to one forward
/// computation or nearly do, and outputs of all of these in the buffers of any inputs. All are f32[n, n], so that anything may take any place.
/// </summary>
public sealed class SharedMemory
{
    readonly Random random;
    readonly int n;
    readonly Vec<Tensor> inputs;
    readonly Tensor offset, rows;
    readonly List<Tensor> pool;

    SharedMemory(int seed)
    {
        random = new(seed);
        n = random.Next(1, 5);
        inputs = [.. Enumerable.Range(0, random.Next(2, 5)).Select(i => Create.Input($"x{i}", [n, n]))];
        rows = Create.Input("rows", [n], DType.I32);
        offset = Create.Input("offset", [n], DType.I32);
        pool = [.. inputs];
        for (var steps = random.Next(1, 14); steps > 0; steps--) Grow();
    }

    /// <summary>One of them.</summary>
    public static Arbitrary<CompilerCase> Cases() =>
        Arb.From(Gen.Choose(0, int.MaxValue).Select(static seed => new SharedMemory(seed).Case($"shared memory of seed {seed}")));

    CompilerCase Case(string name)
    {
        // The last values, so that most of the program is needed; any others, inputs too.
        Vec<Named> outputs = [.. Enumerable.Range(0, random.Next(1, 5))
            .Select(i => new Named($"y{i}", random.Next(3) > 0 ? pool[^Math.Min(i + 1, pool.Count)] : Any()))];
        var donors = Program.Of(outputs).Inputs.Where(static i => i.Value.DType == DType.F32).Select(static i => i.Name).ToArray();
        random.Shuffle(donors);
        var program = Program.Of(outputs, [.. outputs.Zip(donors, static (o, d) => new Donation(d, o.Name)).Where(_ => random.Next(4) > 0)]);
        var values = program.Inputs.ToDictionary(static i => i.Name, i =>
            Value.Of(i.Value.Type, [.. Enumerable.Range(0, (int)i.Value.Type.Size)
                .Select(_ => i.Value.DType == DType.I32 ? random.Next(n) : 2 * random.NextDouble() - 1)]));
        return new(name, program, values, static _ => true, true);
    }

    Tensor Any() => pool[random.Next(pool.Count)];

    bool Maybe() => random.Next(2) == 0;

    void Grow()
    {
        var (a, b) = (Any(), Any());
        switch (random.Next(14))
        {
            case 0 or 1: pool.Add(Tensor.Of(new Op.Permute([1, 0]), a)); break;
            case 2: pool.Add(Tensor.Of(new Op.Permute([1, 0]), a.Slice(0, random.Next(n), 1).BroadcastTo([n, n]))); break;
            case 3: pool.Add(a.Reshape(n * n).StopGradient().Reshape(n, n)); break;
            case 4 or 5: pool.Add(a.Tanh()); break;
            case 6 or 7: pool.Add((Maybe() ? a + b : a - b).Tanh()); break;
            case 8: pool.Add(a * b); break;
            case 9: pool.Add(a.ScatterAdd(rows, b).Tanh()); break;
            case 10: pool.Add(new CacheWrite().Result(0, [a, b.Slice(1, 0, random.Next(1, n + 1)), offset])); break;
            case 11: Differentiate(new Gelu(Maybe()), [a], b, static (k, x, ct) => [new GeluGradient(!((Gelu)k).Approximate).Result(0, [x[0], ct])]); break;
            case 12: Norm(a, b); break;
            default: Attend(a, b); break;
        }
    }

    void Norm(Tensor a, Tensor b)
    {
        Vec<Tensor> row = [Any().Slice(0, 0, 1).Reshape(n), Any().Slice(0, n - 1, 1).Reshape(n)];
        // Another's mean, another weight, another epsilon: none of these is the forward computation of the gradient.
        Differentiate(new LayerNorm(0.1), [a, .. row.Take(random.Next(3))], b, (k, x, ct) => new LayerNorm(0.1).Apply(x) is var r && Maybe()
            ? new LayerNormGradient(0.1).Apply(Maybe() ? x[0] : Any(), r[1], r[2], ct, Any().Slice(0, 0, 1).Reshape(n))
            : new LayerNormGradient(0.3).Apply([x[0], r[1], r[2], ct, .. x.Skip(1).Take(1)]));
    }

    void Attend(Tensor a, Tensor b)
    {
        Vec<Tensor> given = [a.Reshape(1, n, 1, n), Any().Reshape(1, n, 1, n), Any().Reshape(1, n, 1, n), .. Maybe() ? [offset.Slice(0, 0, 1)]
            : (Vec<Tensor>)[]];
        Differentiate(new Attention(0.7, Maybe()), given, b, (k, x, ct) =>
            Vjp.Pull(new Attention(0.7, Maybe()).Result(0, x.Count > 3 ? [.. x.Take(3)] : [.. x, offset.Slice(0, n - 1, 1)]), ct.Reshape(x[0].Shape), x[0],
                x[1], x[2]));
    }

    // Results of a fused op, and its gradients: none, one, two that want what it keeps; or what is nearly its gradient.
    void Differentiate(FusedKind kind, Vec<Tensor> args, Tensor cotangent, Func<FusedKind, Vec<Tensor>, Tensor, IEnumerable<Tensor>> other)
    {
        var results = kind.Apply(args);
        foreach (var result in results.Where((_, i) => i == 0 || Maybe())) Add(result);
        Vec<Tensor> wrt = [.. args.Where(static t => t.DType == DType.F32)];
        foreach (var ct in new[] { cotangent, Any() })
            if (Maybe())
                foreach (var gradient in Vjp.Pull(results[0], ct.Reshape(results[0].Shape), [.. wrt]))
                    Add(gradient);
        if (Maybe())
            foreach (var gradient in other(kind, args, cotangent)) Add(gradient);
    }

    void Add(Tensor t) => pool.Add(t.Type.Size == n * n ? t.Reshape(n, n) : t.Type.Size == n ? t.Reshape(1, n).BroadcastTo([n, n]) : t);
}
