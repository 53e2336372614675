namespace Functional.Tests.Properties;

/// <summary>A decoder by plain loops over tokens, heads and numbers, in double precision: what the papers say, with no graph, no packing and no shared code.</summary>
sealed class PlainDecoder(DecoderConfig c, Func<string, Value?> parameter)
{
    /// <summary>Logits of one text: a row of the vocabulary for each token.</summary>
    public double[][] Logits(int[] tokens)
    {
        var embeddings = Matrix("tokens")!;
        var x = tokens.Select((token, position) => Embedded(embeddings[token], position)).ToArray();
        for (var layer = 0; layer < c.Layers; layer++) x = Block(x, layer);
        if (c.FinalNorm) x = Each(x, row => Norm(row, "norm"));
        if (c.EmbeddingWidth > 0) x = Each(x, row => Linear(row, "embedding_out"));
        var head = c.TiedHead ? embeddings : Matrix("head.weight")!;
        return Each(x, row => [.. head.Select(w => Dot(row, w)).Select(v => c.LogitCap > 0 ? c.LogitCap * Math.Tanh(v / c.LogitCap) : v)]);
    }

    double[] Embedded(double[] token, int position)
    {
        var x = c.EmbeddingWidth > 0 ? Linear(token, "embedding_in") : token;
        if (c.ScaledEmbeddings || c.Positions == Positions.Sinusoidal) x = [.. x.Select(v => v * Math.Sqrt(c.Width))];
        return c.Positions switch
        {
            Positions.Learned => Sum(x, Matrix("positions")![position]),
            Positions.Sinusoidal => [.. x.Select((v, i) => Math.Pow(10000, -(double)(i / 2 * 2) / c.Width) * position is var angle ? v + (i % 2 == 0 ? Math.Sin(angle) : Math.Cos(angle)) : v)],
            _ => x,
        };
    }

    double[][] Block(double[][] x, int layer)
    {
        var at = $"blocks.{layer}.";
        double[][] Normed(double[][] y, string name) => Each(y, row => Norm(row, at + name));
        double[][] Attend(double[][] y) => Attention(y, layer);
        double[][] Feed(double[][] y) => Each(y, row => c.Experts.Has(layer) ? Mixture(row, at)
            : Mlp(row, name => Weight(at + name), name => Vector(at + name + ".bias")));
        switch (c.NormPlacement)
        {
            case NormPlacement.Pre:
                x = Sums(x, Attend(Normed(x, "norm1")));
                return Sums(x, Feed(Normed(x, "norm2")));
            case NormPlacement.Post:
                x = Normed(Sums(x, Attend(x)), "norm1");
                return Normed(Sums(x, Feed(x)), "norm2");
            case NormPlacement.Sandwich:
                x = Sums(x, Normed(Attend(Normed(x, "norm1")), "post_norm1"));
                return Sums(x, Normed(Feed(Normed(x, "norm2")), "post_norm2"));
            default:
                return Sums(Sums(x, Attend(Normed(x, "norm1"))), Feed(Normed(x, "norm2")));
        }
    }

    double[][] Attention(double[][] x, int layer)
    {
        var (at, size, keyHeads) = ($"blocks.{layer}.", c.HeadSize > 0 ? c.HeadSize : c.Width / c.Heads, c.KeyHeads > 0 ? c.KeyHeads : c.Heads);
        var windowed = c.Window > 0 && (c.Pattern.Length == 0 || c.Pattern[layer % c.Pattern.Length] == 'w');
        var (window, sinks) = windowed ? (c.Window, c.Sinks) : (int.MaxValue, 0);
        var packed = Each(x, row => Linear(row, at + "qkv"));
        double[] Head(int token, int head) => packed[token][(head * size)..((head + 1) * size)];
        double[] Prepared(int token, int first, int count, int head, string norm, int position)
        {
            double[][] heads = [.. Enumerable.Range(first, count).Select(h => Head(token, h))];
            if (c.QueryKeyNorm == QueryKeyNorm.Head) heads = Each(heads, h => Norm(h, at + norm));
            if (c.QueryKeyNorm == QueryKeyNorm.Width)
                heads = [.. Norm([.. heads.SelectMany(static h => h)], at + norm).Chunk(size)];
            var one = Clipped(heads[head]);
            return c.Positions == Positions.Rotary ? Turned(one, position, windowed, x.Length) : one;
        }
        double[] Clipped(double[] h) => c.QkvClip > 0 ? [.. h.Select(v => Math.Clamp(v, -c.QkvClip, c.QkvClip))] : h;
        var scale = (c.AttentionScale > 0 ? c.AttentionScale : 1 / Math.Sqrt(size)) / (c.ScaledByLayer ? layer + 1 : 1);
        return [.. x.Select((_, i) =>
        {
            var mixed = Enumerable.Range(0, c.Heads).SelectMany(h =>
            {
                var group = h / (c.Heads / keyHeads);
                var seen = Enumerable.Range(0, i + 1).Where(j => i - j < window || j < sinks).ToArray();
                var scores = seen.Select(j =>
                {
                    // What meets a sink stands no further than window and sinks are long.
                    var from = j < sinks ? Math.Min(i, sinks + window - 1) : i;
                    var score = scale * Dot(Prepared(i, 0, c.Heads, h, "query_norm", from), Prepared(j, c.Heads, keyHeads, group, "key_norm", j));
                    if (c.AttentionCap > 0) score = c.AttentionCap * Math.Tanh(score / c.AttentionCap);
                    return c.Positions == Positions.Alibi ? score - Alibi.SlopesOf(c.Heads)[h] * (from - j) : score;
                }).ToArray();
                var weights = Softmax(scores);
                return Enumerable.Range(0, size).Select(d => seen.Select((j, n) => weights[n] * Clipped(Head(j, c.Heads + keyHeads + group))[d]).Sum());
            }).ToArray();
            return Linear(mixed, at + "out");
        })];
    }

    double[] Turned(double[] head, int position, bool local, int length)
    {
        var pairs = (int)(head.Length * c.Rotary.Share) / 2;
        var angles = new Rotary(c.Rotary, head.Length, c.Context, local);
        var own = local && c.Rotary.LocalBase > 0;
        var factor = own ? 1 : c.Rotary.Scaling(c.Context).Factor(c.Context);
        var turned = (double[])head.Clone();
        for (var i = 0; i < pairs; i++)
        {
            var (a, b) = c.Rotary.Interleaved ? (2 * i, 2 * i + 1) : (i, pairs + i);
            var angle = position * angles.Frequencies(length)[i];
            turned[a] = factor * (head[a] * Math.Cos(angle) - head[b] * Math.Sin(angle));
            turned[b] = factor * (head[b] * Math.Cos(angle) + head[a] * Math.Sin(angle));
        }
        return turned;
    }

    /// <summary>A token's way through experts, none of which is full.</summary>
    double[] Mixture(double[] x, string at)
    {
        var (e, scores) = (c.Experts, Linear(x, at + "router"));
        var probabilities = e.Sigmoid ? [.. scores.Select(Sigmoid)] : Softmax(scores);
        var chosen = Enumerable.Range(0, e.Count).OrderByDescending(i => probabilities[i]).Take(e.Chosen).ToArray();
        var total = e.Renormalised ? chosen.Sum(i => probabilities[i]) : 1;
        var y = new double[x.Length];
        foreach (var i in chosen)
            y = Sum(y, [.. Mlp(x, name => Parts(at + "experts." + name, i), static _ => null).Select(v => v * probabilities[i] / total)]);
        if (e.Shared == 0) return y;
        var shared = Mlp(x, name => Weight(at + "shared." + name), static _ => null);
        var gate = e.SharedGate ? Sigmoid(Linear(x, at + "shared_gate")[0]) : 1;
        return Sum(y, [.. shared.Select(v => v * gate)]);
    }

    double[] Mlp(double[] x, Func<string, double[][]> weight, Func<string, double[]?> bias)
    {
        double[] Times(double[] y, string name) => Sum(Product(y, weight(name)), bias(name));
        var isGated = c.Activation is Activation.SwiGlu or Activation.GeGlu or Activation.GeGluTanh;
        var inside = Times(x, isGated ? "gate" : "up").Select(Active);
        return Times([.. isGated ? inside.Zip(Times(x, "up"), static (g, u) => g * u) : inside], "down");
    }

    double Active(double x) => c.Activation switch
    {
        Activation.Gelu or Activation.GeGlu => x * Normal(x),
        Activation.GeluTanh or Activation.GeGluTanh => x / 2 * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
        Activation.Relu => Math.Max(x, 0),
        Activation.ReluSquared => Math.Max(x, 0) * Math.Max(x, 0),
        _ => x * Sigmoid(x),
    };

    // Φ(x) = ½ + φ(x) (x + x³/3 + x⁵/15 + …) (Marsaglia 2004).
    static double Normal(double x)
    {
        if (Math.Abs(x) > 8) return x > 0 ? 1 : 0;
        var (sum, term) = (x, x);
        for (var i = 3; Math.Abs(term) > 1e-18 * Math.Abs(sum) && i < 600; i += 2) sum += term *= x * x / i;
        return 0.5 + sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
    }

    double[] Norm(double[] x, string name)
    {
        var mean = c.Norm == NormKind.Layer ? x.Average() : 0;
        var scale = 1 / Math.Sqrt(x.Average(v => (v - mean) * (v - mean)) + c.NormEpsilon);
        var (weight, bias) = (Vector(name + ".weight"), Vector(name + ".bias"));
        return [.. x.Select((v, i) => (v - mean) * scale * (weight is null ? 1 : c.Norm == NormKind.RmsPlusOne ? 1 + weight[i] : weight[i]) + (bias?[i] ?? 0))];
    }

    double[] Linear(double[] x, string name) => Sum(Product(x, Weight(name)), Vector(name + ".bias"));

    double[][] Weight(string name) => Matrix(name + ".weight")!;

    double[]? Vector(string name) => parameter(name)?.Items.ToArray();

    double[][]? Matrix(string name) => parameter(name) is { } value ? [.. value.Items.ToArray().Chunk(value.Type.Shape[1])] : null;

    double[][] Parts(string name, int expert)
    {
        var value = parameter(name)!;
        var (rows, columns) = (value.Type.Shape[1], value.Type.Shape[2]);
        return [.. value.Items.Slice(expert * rows * columns, rows * columns).ToArray().Chunk(columns)];
    }

    static double[] Product(double[] x, double[][] weight) => [.. Enumerable.Range(0, weight[0].Length).Select(o => x.Select((v, i) => v * weight[i][o]).Sum())];

    static double Dot(double[] a, double[] b) => a.Zip(b, static (x, y) => x * y).Sum();

    static double[] Sum(double[] a, double[]? b) => b is null ? a : [.. a.Zip(b, static (x, y) => x + y)];

    static double[][] Sums(double[][] a, double[][] b) => [.. a.Zip(b, Sum)];

    static double[][] Each(double[][] x, Func<double[], double[]> f) => [.. x.Select(f)];

    static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    static double[] Softmax(double[] scores)
    {
        var e = scores.Select(s => Math.Exp(s - scores.Max())).ToArray();
        return [.. e.Select(v => v / e.Sum())];
    }
}
