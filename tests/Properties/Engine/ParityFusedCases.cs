namespace Functional.Tests.Properties;

/// <summary>Generators for fused ops, by themselves and as gradients use them.</summary>
static class ParityFusedCases
{
    public static IEnumerable<(string Name, ParityCase Make)> All() =>
    [
        .. Outputs(2, "attention", static g => (Kind(g), AttentionArgs(g, Sizes(g)))),
        .. Outputs(2, "attention over rows of a cache", static g => (Kind(g), PickedArgs(g, Sizes(g)))),
        .. Outputs(2, "attention of one query", static g =>
            (Kind(g), Sizes(g) with { Queries = 1 } is var s && g.Maybe() ? PickedArgs(g, s) : AttentionArgs(g, s))),
        .. Outputs(3, "attention gradient", static g => (new AttentionGradient(new Attention(0.4, true)), GradientArgs(g, true))),
        .. Outputs(3, "open attention gradient", static g => (new AttentionGradient(new Attention(0.4, false)), GradientArgs(g, false))),
        .. Outputs(2, "attention of every kind", static g => EveryKind(g, Sizes(g))),
        .. Outputs(2, "attention of every kind, one query", static g => EveryKind(g, Sizes(g) with { Queries = 1 })),
        .. Outputs(4, "attention gradient of every kind", static g => EveryGradient(g)),
        ("attention of every kind forward and backward", static g => EveryKind(g, Sizes(g)) is var (kind, args) && !kind.Rolling
            ? Backward(g, kind, args) : Backward(g, new Attention(0.4), AttentionArgs(g, Sizes(g)))),
        .. Outputs(2, "rms norm", static g => (new RmsNorm(g.Any(1e-5, 0.1)), [.. NormArgs(g).Take(2)])),
        ("rms norm forward and backward", static g => Backward(g, new RmsNorm(0.01), [.. NormArgs(g).Take(2)])),
        ("rms norm differentiated twice", static g => Twice(g, new RmsNorm(0.01), [.. NormArgs(g).Take(2)])),
        .. Outputs(1, "rotation", static g => (new Rotation(g.Maybe()), RotationArgs(g))),
        ("rotation forward and backward", static g => Backward(g, new Rotation(g.Maybe()), RotationArgs(g))),
        .. Outputs(3, "expert order", static g => g.Any(1, 2, 5) is var n ? (new ExpertOrder(n), [g.View(Domain.Integers([g.Length()], -1, n + 1))]) : default),
        .. Outputs(1, "grouped products", static g => Grouped(g)),
        ("grouped products forward and backward", static g => Grouped(g) is var (kind, args) ? Backward(g, kind, args) : null!),
        .. Outputs(1, "packed matrices", static g => Packed(g)),
        ("packed products forward and backward", static g => Packed(g) is (PackedMatMul kind, var args) ? Backward(g, kind, args)
            : Backward(g, new Gelu(false), [g.View(Domain.Uniform(g.Shape(1), -6, 6))])),
        .. Outputs(1, "matrices in panels", static g => Panelled(g)),
        .. Outputs(1, "constants", static g => (new Listed([.. Enumerable.Range(0, g.Length()).Select(_ => g.Random.NextDouble() * 4 - 2)]), [])),
        .. Outputs(3, "linear cross-entropy with a cap", static g => (new LinearCrossEntropy(g.Any(0, 0.1)) { Cap = g.Any(0.7, 3) }, HeadArgs(g))),
        .. Outputs(1, "cache write that rolls", static g => RollingArgs(g)),
        .. Outputs(3, "layer norm", static g => (new LayerNorm(g.Any(1e-5, 0.1)), NormArgs(g))),
        .. Outputs(3, "layer norm gradient", static g => (new LayerNormGradient(0.01), NormGradientArgs(g))),
        .. Outputs(3, "linear cross-entropy", static g => (new LinearCrossEntropy(g.Any(0, 0.1)), HeadArgs(g))),
        .. Outputs(4, "linear log-probabilities", static g => (new LinearLogProbabilities { Cap = g.Any(0, 0.7, 3) }, HeadArgs(g))),
        .. Outputs(1, "linear log-probabilities' gradient", static g => HeadArgs(g) is var args
            ? (new LinearLogProbabilitiesGradient { Cap = g.Any(0, 0.7, 3) }, [.. args, g.View(Domain.Uniform([args[0].Shape[0]]))]) : default),
        ("linear log-probabilities forward and backward", static g => Backward(g, new LinearLogProbabilities { Cap = g.Any(0, 2) }, HeadArgs(g))),
        ("linear log-probabilities differentiated twice", static g => Twice(g, new LinearLogProbabilities(), HeadArgs(g))),
        .. Outputs(1, "deferred", static g => (new Deferred(), [g.View(ParityCases.Ordinary(g.Any(DType.F32, DType.BF16, DType.I32), g.Shape())), g.View(Domain.Uniform(g.Shape()))])),
        .. Outputs(1, "block end", static g => (new BlockEnd(), [g.View(Domain.Uniform(g.Shape()))])),
        .. Outputs(1, "gelu", static g => (new Gelu(g.Any(false, true)), [g.View(Domain.Uniform(g.Shape(1), -6, 6))])),
        .. Outputs(1, "gelu gradient", static g => (new GeluGradient(g.Any(false, true)), Pair(g, g.Shape(1)))),
        .. Outputs(1, "scaled sum", static g => g.Shape() is var s
            ? (new ScaledSum(g.Any(1, -0.25, 3)), [.. Enumerable.Range(0, g.Random.Next(2, 4)).Select(_ => g.View(Domain.Uniform(s)))]) : default),
        ("sums of products", static g => g.Shape() is var s ? Sums(g, s) : null!),
        .. Outputs(2, "ranks", static g => (new Ranks(), RankArgs(g))),
        .. Outputs(1, "cache write", static g => (new CacheWrite(), CacheArgs(g))),
        ("attention over rows of a cache forward and backward", static g => Backward(g, new Attention(0.4), PickedArgs(g, Sizes(g)))),
        ("attention forward and backward", static g => Backward(g, new Attention(0.4), AttentionArgs(g, Sizes(g)))),
        ("layer norm forward and backward", static g => Backward(g, new LayerNorm(0.01), NormArgs(g))),
        ("linear cross-entropy forward and backward", static g => Backward(g, new LinearCrossEntropy(), HeadArgs(g))),
        // What a forward step keeps is for one gradient: the other has to do without.
        ("attention differentiated twice", static g => Twice(g, new Attention(0.4, g.Maybe(0.7)), AttentionArgs(g, Sizes(g)))),
        ("layer norm differentiated twice", static g => Twice(g, new LayerNorm(0.01), NormArgs(g))),
        ("gelu differentiated twice", static g => Twice(g, new Gelu(g.Maybe()), [g.View(Domain.Uniform(g.Shape(1), -6, 6))])),
        ("second derivative of layer norm", static g => Backward(g, new LayerNormGradient(0.01), NormGradientArgs(g))),
    ];

    // As optimisers have them: products that are used once and more than once, on either side.
    static Tensor Sums(ParityGenerator g, Vec<int> s)
    {
        Tensor Any() => g.View(Domain.Uniform(s));
        var (a, b, c) = (Any(), Any(), Any());
        var shared = b * c;
        return g.Any(a * 0.9 + b * 0.1, a * 0.5 + b * b * 0.25, a - b * c, b * 2 - a, a - b * 0.3, shared * 0.5 + shared, (a - shared) * (a + shared * 3),
            a * b - b * c * 2, a + a * a);
    }

    static Vec<Tensor> Pair(ParityGenerator g, Vec<int> shape) => [g.View(Domain.Uniform(shape, -6, 6)), g.View(Domain.Uniform(shape, -2, 2))];

    // One case an output, and one that uses several outputs of the same arguments.
    static IEnumerable<(string, ParityCase)> Outputs(int count, string name, Func<ParityGenerator, (FusedKind Kind, Vec<Tensor> Args)> make) =>
    [
        .. Enumerable.Range(0, count).Select(output => ($"{name} #{output}", (ParityCase)(g =>
            make(g) is var (kind, args) ? kind.Result(Math.Min(output, kind.Types(args.Map(static a => a.Type)).Count - 1), args) : null!))),
        ($"{name}, all results", g => make(g) is var (kind, args) ? Together(kind.Apply(args)) : null!),
    ];

    static Tensor Together(Vec<Tensor> results) =>
        results.Aggregate(Create.Fill(0, [1]), static (all, r) => Movement.Concat(0, all, r.Cast(DType.F32).Reshape(-1)));

    static Tensor Backward(ParityGenerator g, FusedKind kind, Vec<Tensor> args)
    {
        var result = kind.Result(0, args);
        var cotangent = g.View(ParityCases.Ordinary(DType.F32, result.Shape));
        return Together([result, .. Vjp.Pull(result, cotangent, [.. args.Where(static a => a.DType.IsFloat())])]);
    }

    static Tensor Twice(ParityGenerator g, FusedKind kind, Vec<Tensor> args)
    {
        var result = kind.Result(0, args);
        Vec<Tensor> wrt = [.. args.Where(static a => a.DType.IsFloat())];
        var once = Vjp.Pull(result, g.View(ParityCases.Ordinary(DType.F32, result.Shape)), wrt);
        return Together([result, .. once, .. Vjp.Pull(result, g.View(ParityCases.Ordinary(DType.F32, result.Shape)), wrt)]);
    }

    static (int Batch, int Queries, int Keys, int Heads, int KvHeads, int Size) Sizes(ParityGenerator g)
    {
        var (kvHeads, queries) = (g.Random.Next(1, 3), g.Length());
        return (g.Length(3), queries, g.Maybe() ? queries : g.Length(), kvHeads * g.Length(4), kvHeads, g.Any(1, 4, 5, 8, 16, 17));
    }

    static Attention Kind(ParityGenerator g) => new(0.4, g.Maybe(0.7));

    static Vec<Tensor> AttentionArgs(ParityGenerator g, (int Batch, int Queries, int Keys, int Heads, int KvHeads, int Size) s)
    {
        Domain key = Domain.Uniform([s.Batch, s.Keys, s.KvHeads, s.Size]);
        Vec<Tensor> args = [g.View(Domain.Uniform([s.Batch, s.Queries, s.Heads, s.Size])), g.View(key), g.View(key)];
        return g.Maybe() ? args : [.. args, g.Input(Domain.Integers([s.Batch], 0, s.Keys))];
    }

    // Window, sinks, cap, distances, texts that begin later or end earlier, sink queries, and a rolling cache, in any company that is allowed.
    static (Attention Kind, Vec<Tensor> Args) EveryKind(ParityGenerator g, (int Batch, int Queries, int Keys, int Heads, int KvHeads, int Size) s)
    {
        var window = g.Maybe(0.7) ? g.Random.Next(1, 12) : 0;
        var kind = new Attention(0.4, window > 0 || g.Maybe(0.7)) { Window = window, Sinks = window > 0 && g.Maybe() ? g.Random.Next(1, 4) : 0,
            SoftCap = g.Maybe(0.3) ? 1.5 : 0 };
        kind = kind with { HasAlibi = kind.Causal && g.Maybe(0.3), Rolling = window > 0 && g.Maybe(0.4) };
        if (kind.Rolling) s = s with { Keys = kind.Sinks + window + s.Queries - 1 + g.Random.Next(4) };
        Domain key = Domain.Uniform([s.Batch, s.Keys, s.KvHeads, s.Size]), query = Domain.Uniform([s.Batch, s.Queries, s.Heads, s.Size]);
        Vec<Tensor> args = [g.View(query), g.View(key), g.View(key)];
        if (kind.Rolling) args = [.. args, g.Input(Domain.Integers([s.Batch], 0, 4 * s.Keys))];
        else if (g.Maybe(0.3)) args = [.. args, g.Input(Domain.Integers([s.Batch], 0, s.Keys))];
        if (!kind.Rolling && g.Maybe(0.4))
        {
            args = [.. args, g.View(Domain.Integers([s.Batch, s.Queries], 0, s.Keys + 1))];
            if (g.Maybe()) args = [.. args, g.View(Domain.Integers([s.Batch, s.Queries], -1, s.Keys + 2))];
        }
        return (kind, kind.Sinks > 0 && g.Maybe() ? [.. args, g.View(query)] : args);
    }

    static (FusedKind, Vec<Tensor>) EveryGradient(ParityGenerator g)
    {
        var (kind, args) = EveryKind(g, Sizes(g));
        var results = kind.Apply(args);
        return (new AttentionGradient(kind), [.. args.Take(3), results[0], results[1], g.View(Domain.Uniform(args[0].Shape)), .. args.Skip(3)]);
    }

    static Vec<Tensor> RotationArgs(ParityGenerator g)
    {
        var (batch, time, pairs) = (g.Length(3), g.Length(), g.Any(1, 2, 8, 9, 16));
        Domain angle = Domain.Uniform([g.Maybe() ? 1 : batch, time, pairs]);
        return [g.View(Domain.Uniform([batch, time, g.Length(3), 2 * pairs + g.Any(0, 0, 1, 6)])), g.View(angle), g.View(angle)];
    }

    static (FusedKind, Vec<Tensor>) Packed(ParityGenerator g)
    {
        var (rows, inputs, outputs, packing) = (g.Length(), g.Length(), g.Length(), new BitPacking(g.Any(4, 8), g.Any(0, 3, 64)));
        Vec<Tensor> matrix = [g.Input(Domain.Words([.. packing.Words(inputs, outputs).Shape])), g.View(Domain.Uniform(packing.Scales(inputs, outputs).Shape, -0.01, 0.01))];
        return g.Any(0, 1, 2) switch
        {
            0 => (new PackedMatrix(packing), matrix),
            1 => (new PackedMatMul(packing), [g.View(Domain.Uniform([rows, inputs])), .. matrix]),
            _ => (new PackedMatMul(packing, true), [g.View(Domain.Uniform([rows, outputs])), .. matrix]),
        };
    }

    static (FusedKind, Vec<Tensor>) Panelled(ParityGenerator g)
    {
        var (inputs, outputs, packing) = (g.Length(), g.Length(), new PanelPacking(g.Any(4, 8)));
        var words = g.Input(GradientTable.InPanels(packing, outputs, inputs));
        return g.Any(0, 1, 2) switch
        {
            0 => (new PanelMatrix(packing, outputs, inputs, g.Any(0, 1) == 0), [words]),
            1 => (new PanelMatMul(packing, outputs, inputs), [g.View(Domain.Uniform([g.Length(), inputs])), words]),
            _ => (new PanelRows(packing, outputs, inputs), [words, g.View(Domain.Integers([g.Length()], 0, outputs))]),
        };
    }

    static (FusedKind, Vec<Tensor>) Grouped(ParityGenerator g)
    {
        var (rows, groups, m, n) = (g.Length(), g.Length(4), g.Length(), g.Length());
        var ends = g.Input(GradientTable.Ends(groups, rows));
        return g.Any(0, 1, 2) switch
        {
            0 => (new GroupedOuter(), [g.View(Domain.Uniform([rows, m])), g.View(Domain.Uniform([rows, n])), ends]),
            1 => (new GroupedMatMul(), [g.View(Domain.Uniform([rows, m])), g.View(Domain.Uniform([groups, m, n])), ends]),
            _ => (new GroupedMatMul(true), [g.View(Domain.Uniform([rows, n])), g.View(Domain.Uniform([groups, m, n])), ends]),
        };
    }

    static (FusedKind, Vec<Tensor>) RollingArgs(ParityGenerator g)
    {
        var (batch, count, sinks) = (g.Length(4), g.Length(6), g.Random.Next(3));
        Vec<int> tail = g.Shape(0, 2);
        return (new CacheWrite { Rolling = true, Sinks = sinks },
            [g.View(Domain.Uniform([batch, sinks + count + g.Random.Next(4), .. tail])), g.View(Domain.Uniform([batch, count, .. tail])),
                g.Input(Domain.Integers([batch], 0, 40))]);
    }

    // Keys and values of any rows of more or fewer.
    static Vec<Tensor> PickedArgs(ParityGenerator g, (int Batch, int Queries, int Keys, int Heads, int KvHeads, int Size) s)
    {
        var rows = g.Length(4);
        Domain key = Domain.Uniform([rows, s.Keys, s.KvHeads, s.Size]);
        return [g.View(Domain.Uniform([s.Batch, s.Queries, s.Heads, s.Size])), g.View(key), g.View(key), g.Input(Domain.Integers([s.Batch], 0, s.Keys)),
            g.Input(Domain.Integers([s.Batch], 0, rows))];
    }

    // Out and logSumExp are what the forward op gives, as everywhere else.
    static Vec<Tensor> GradientArgs(ParityGenerator g, bool causal)
    {
        var args = AttentionArgs(g, Sizes(g));
        var results = new Attention(0.4, causal).Apply(args);
        return [.. args.Take(3), results[0], results[1], g.View(Domain.Uniform(args[0].Shape)), .. args.Skip(3)];
    }

    static Vec<Tensor> NormArgs(ParityGenerator g)
    {
        var s = g.Shape(1);
        return [g.View(Domain.Uniform(s)), .. Enumerable.Range(0, g.Random.Next(3)).Select(_ => g.View(Domain.Uniform([s[^1]])))];
    }

    static Vec<Tensor> NormGradientArgs(ParityGenerator g)
    {
        var s = g.Shape(1);
        var x = g.View(Domain.Uniform(s));
        var results = new LayerNorm(0.01).Apply(x);
        return [x, results[1], results[2], g.View(Domain.Uniform(s)), .. g.Maybe() ? [g.View(Domain.Uniform([s[^1]]))] : (Vec<Tensor>)[]];
    }

    static Vec<Tensor> HeadArgs(ParityGenerator g)
    {
        var (rows, width, vocabulary) = (g.Length(), g.Length(), g.Length());
        return [g.View(Domain.Uniform([rows, width])), g.View(Domain.Uniform([vocabulary, width])), g.View(Domain.Labels(rows, vocabulary))];
    }

    // Few different numbers, so that some are equal.
    static Vec<Tensor> RankArgs(ParityGenerator g)
    {
        Vec<int> shape = [g.Length(), g.Length()];
        return [g.View(new(new(shape), static (r, t) => [.. Enumerable.Range(0, (int)t.Size).Select(_ => (double)r.Next(-4, 5))])),
            g.View(Domain.Uniform(shape, 0, 1))];
    }

    static Vec<Tensor> CacheArgs(ParityGenerator g)
    {
        var type = g.Any(DType.F32, DType.BF16, DType.I32);
        Vec<int> tail = g.Shape(0, 2);
        var (batch, capacity, count, more) = (g.Length(4), g.Length(), g.Length(6), g.Any(-1, 0, 2));
        Vec<Tensor> args = [g.View(ParityCases.Ordinary(type, [batch + Math.Max(more, 0), capacity, .. tail]), g.Any(0, 2)),
            g.View(ParityCases.Ordinary(type, [batch, count, .. tail])),
            g.Input(Domain.Integers([batch], -3, capacity + 2))];
        return more < 0 ? args : [.. args, g.Input(Domain.Distinct(batch, batch + more))];
    }
}
