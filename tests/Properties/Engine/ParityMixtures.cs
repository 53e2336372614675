namespace Functional.Tests.Properties;

/// <summary>Generators for whole functions and for random graphs.</summary>
static class ParityMixtures
{
    public static IEnumerable<(string Name, ParityCase Make)> All() =>
    [
        ("softmax", static g => Floats(g).Softmax()),
        ("log softmax", static g => Floats(g).LogSoftmax()),
        ("masked softmax", static g => (m: g.Length(), n: g.Length()) is var s
            ? Derived.CausalMask(s.m, s.n, g.Input(Domain.Integers([], 0, s.n)))
                .Where(g.View(Domain.Uniform([s.m, s.n])), Create.Scalar(double.NegativeInfinity)).Softmax() : null!),
        ("activations", static g => Floats(g) is var x ? x.Gelu() + x.GeluTanh() * x.Silu() - x.Softplus() : null!),
        ("mean and variance", static g => Floats(g) is var x ? (x - x.Mean(-1)).Square().Mean(-1) : null!),
        ("embedding and its gradient", static g =>
        {
            var (rows, width) = (g.Length(), g.Length());
            var (table, at) = (g.View(Domain.Uniform([rows, width])), g.View(Domain.Integers(g.Shape(1, 2), 0, rows)));
            return Vjp.Gradients((table.Gather(at) * table.Gather(at).Sin()).SumAll(), table)[0];
        }),
        ("gradient of a small network", static g =>
        {
            var (rows, width, hidden) = (g.Length(), g.Length(), g.Length());
            Tensor x = g.View(Domain.Uniform([rows, width])), up = g.View(Domain.Uniform([width, hidden])), down = g.View(Domain.Uniform([hidden, width])),
                b = g.View(Domain.Uniform([hidden]));
            var y = new LayerNorm().Result(0, [x + (x.MatMul(up) + b).Gelu().MatMul(down)]);
            var gradients = Vjp.Gradients((y * y.StopGradient().Sin()).SumAll(), up, down, b);
            return gradients[0].MatMul(gradients[1]) + gradients[2].SumAll();
        }),
        ("one tensor in every place", static g =>
        {
            var n = g.Length();
            var x = g.View(Domain.Uniform([n, n])).Tanh();
            var at = g.View(Domain.Integers([n], 0, n));
            return g.Random.Next(7) switch
            {
                0 => x.ScatterAdd(at, x),
                1 => x.MatMul(x.T()) + x,
                2 => x.MatMul(x),
                3 => Movement.Concat(g.Random.Next(2), x, x, x),
                4 => x.Gather(at) + x.T(),
                5 => x.Reshape(1, n, n, 1) is var h ? new Attention(0.5).Result(0, [h, h, h]).Reshape(n, n) + x : x,
                _ => new LayerNorm(0.1).Result(0, [x, x.Sum(0).Reshape(n), x.Sum(0).Reshape(n)]) * x,
            };
        }),
        // Long enough that the work is cut into several pieces whose results are combined.
        ("long sum", static g => g.View(Domain.Uniform([Long(g, 300_007)])).Sum(0)),
        ("long maximum", static g => g.View(Domain.Uniform([Long(g, 300_007)])).ReduceMax(0)),
        ("tall sum", static g => g.View(Domain.Uniform([Long(g, 20_011), 7])).Sum(0)),
        ("tall sum of products", static g => g.View(Domain.Uniform([Long(g, 9_001), 33])) is var x ? (x * x.Tanh()).Sum(0) : null!),
        ("tall layer norm", static g =>
        {
            var (x, w, ct) = (g.View(Domain.Uniform([Long(g, 4_099), 17])), g.View(Domain.Uniform([17])), g.View(Domain.Uniform([17])));
            return Vjp.Pull(new LayerNorm(0.1).Result(0, [x, w, w]), ct.BroadcastTo(x.Shape) * x, w)[0];
        }),
        ("tall scatter", static g => Long(g, 10_007) is var n
            ? g.View(Domain.Uniform([13, 5])).ScatterAdd(g.Input(Domain.Integers([n], 0, 13)), g.View(Domain.Uniform([n, 5]))) : null!),
        ("deep product", static g => Long(g, 20_011) is var n ? g.View(Domain.Uniform([5, n])).MatMul(g.View(Domain.Uniform([n, 7]))) : null!),
        ("tall cross-entropy", static g => Long(g, 1_031) is var n
            ? new LinearCrossEntropy(0.1).Apply(g.View(Domain.Uniform([n, 8])), g.View(Domain.Uniform([61, 8])), g.Input(Domain.Labels(n, 61))) is var r
                ? r[1].SumAll() + r[2] * r[0] : null! : null!),
        ("long attention", static g => Long(g, 311) is var n && g.View(Domain.Uniform([1, n, 2, 8])) is var x
            ? Vjp.Pull(new Attention(0.4).Result(0, [x, x.Sin(), x]), g.View(Domain.Uniform([1, n, 2, 8])), x)[0] : null!),
        ("random graph", static g => Grown(g, 12)),
        ("large random graph", static g => Grown(g, 40)),
        ("gradient of a random graph", static g =>
        {
            var result = Grown(g, 10);
            var wrt = g.Inputs.First(static i => i.DType == DType.F32);
            return Vjp.Gradients(result.SumAll(), wrt)[0];
        }),
    ];

    static int Long(ParityGenerator g, int length) => g.Large ? length : g.Length();

    static Tensor Floats(ParityGenerator g) => g.View(Domain.Uniform(g.Shape(1), -3, 3));

    // Bounded functions, so that values and errors stay moderate however deep it gets.
    static Tensor Grown(ParityGenerator g, int nodes)
    {
        Vec<int> s = g.Shape(2, 3);
        var pool = new List<Tensor> { g.View(Domain.Uniform(s)), g.View(Domain.Uniform(s)), g.View(Domain.Uniform([s[^1]])).BroadcastTo(s) };
        for (var i = 0; i < nodes; i++)
        {
            Tensor a = pool[g.Random.Next(pool.Count)], b = pool[g.Random.Next(pool.Count)];
            pool.Add(g.Random.Next(14) switch
            {
                0 => (a + b) * 0.5,
                1 => a * b * 0.5,
                2 => a.Tanh(),
                3 => a.Max(b * 0.7),
                4 => a.Less(b).Where(a * 0.5, b),
                5 => a.Softmax(),
                6 => a - b.Mean(-1),
                7 => (a * a + 1).Log(),
                8 => a.Mean(0).BroadcastTo(s),
                9 => a.MatMul(b.T()).Tanh().MatMul(a) * (1.0 / s[^2]),
                10 => a.Permute([.. Enumerable.Range(1, s.Count - 1), 0]).Sin().Permute([s.Count - 1, .. Enumerable.Range(0, s.Count - 1)]),
                11 when s[^1] > 1 => Movement.Concat(-1, b.Slice(-1, s[^1] / 2, s[^1] - s[^1] / 2), a.Slice(-1, 0, s[^1] / 2)),
                12 => new LayerNorm(0.1).Result(0, [a]),
                _ => a.ReduceMax(-1) * 0.3 + b,
            });
        }
        return pool[^1];
    }
}
