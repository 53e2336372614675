namespace Functional.Tests.Properties;

/// <summary>Draws shapes, inputs and views for one random program, and keeps the inputs' values.</summary>
/// <param name="random">Where everything comes from.</param>
/// <param name="large">Whether shapes are big enough for an engine to split the work.</param>
sealed class ParityGenerator(Random random, bool large)
{
    static readonly int[] Small = [1, 1, 2, 3, 4, 5, 7, 8, 13, 16, 17], Big = [1, 31, 64, 65, 97, 128, 131];

    /// <summary>The inputs' values by name.</summary>
    public Dictionary<string, Value> Values { get; } = [];

    /// <summary>The inputs.</summary>
    public List<Tensor> Inputs { get; } = [];

    public Random Random => random;

    public bool Large => large;

    /// <summary>The length of an axis: 1, primes, multiples of vectors and their neighbours.</summary>
    public int Length() => large ? Big[random.Next(Big.Length)] : Small[random.Next(Small.Length)];

    public int Length(int below) => random.Next(1, below);

    /// <summary>A shape whose last axes are as <see cref="Length()"/> says; leading ones are short.</summary>
    public Vec<int> Shape(int least = 0, int most = 4)
    {
        var rank = random.Next(least, most + 1);
        return [.. Enumerable.Range(0, rank).Select(i => i >= rank - 2 ? Length() : random.Next(1, 4))];
    }

    public T Any<T>(params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];

    public bool Maybe(double probability = 0.5) => random.NextDouble() < probability;

    /// <summary>A new input.</summary>
    public Tensor Input(Domain domain)
    {
        var input = Create.Input($"in{Inputs.Count}", domain.Type);
        Inputs.Add(input);
        // What a buffer can hold, so that engine and reference see the same numbers.
        var sample = domain.Sample(random);
        Values[$"in{Inputs.Count - 1}"] = domain.Type.DType == DType.F32
            ? Value.Of(domain.Type, [.. sample.Items.ToArray().Select(static v => (double)(float)v)]) : sample;
        return input;
    }

    /// <summary>A tensor of the domain's type that is an input, or a view of one.</summary>
    public Tensor View(Domain domain, int depth = 2)
    {
        var s = domain.Type.Shape;
        Tensor Of(Vec<int> shape) => View(domain with { Type = domain.Type with { Shape = shape } }, depth - 1);
        if (depth == 0 || s.Count == 0) return Input(domain);
        switch (random.Next(8))
        {
            case 0:
                int[] order = [.. Enumerable.Range(0, s.Count)];
                random.Shuffle(order);
                return Of([.. Enumerable.Range(0, s.Count).Select(i => s[System.Array.IndexOf(order, i)])]).Permute([.. order]);
            case 1:
                int[] before = [.. s.Select(_ => random.Next(3))], after = [.. s.Select(_ => random.Next(3))];
                return Tensor.Of(new Op.Slice([.. before], s), Of(s.Map((d, i) => d + before[i] + after[i])));
            case 2: return Of(s.Map(d => Maybe() ? 1 : d)).BroadcastTo(s);
            case 3: return Of([(int)domain.Type.Size]).Reshape(s);
            case 4: return Of([.. s.Take(1).Select(static _ => 1), .. s]).Reshape(s);
            case 5: return Of([.. s.Skip(1)]).BroadcastTo(s);
            default: return Input(domain);
        }
    }

    /// <summary>Views and elementwise functions of a tensor.</summary>
    public Tensor After(Tensor x)
    {
        for (var n = random.Next(4); n > 0; n--) x = x.DType.IsFloat() || Maybe() ? Step(x) : Numeric(x);
        return x;
    }

    Tensor Step(Tensor x)
    {
        var s = x.Shape;
        int[] order = [.. Enumerable.Range(0, s.Count)];
        random.Shuffle(order);
        var axis = s.Count == 0 ? 0 : random.Next(s.Count);
        return random.Next(s.Count == 0 ? 3 : 11) switch
        {
            0 => s.Count < 5 ? x.BroadcastTo([Length(4), .. s]) : x,
            1 or 2 => Numeric(x),
            3 or 4 => x.Permute([.. order]),
            5 => x.Slice(axis, random.Next(s[axis]), 1),
            6 => x.Slice(axis, 0, random.Next(1, s[axis] + 1)),
            7 => x.Reshape(-1),
            8 => x.Pad(s.Map(_ => random.Next(2)), s.Map(_ => random.Next(3))),
            9 => Movement.Concat(axis, x, x.Slice(axis, 0, random.Next(1, s[axis] + 1)), x),
            _ => x.DType == DType.Bool ? x.Not() : x.Sum(axis),
        };
    }

    Tensor Numeric(Tensor x) => x.DType switch
    {
        DType.Bool => Any(x.Not(), x.Where(Create.Scalar(2.5), Create.Scalar(-1)), x.Cast(DType.I32), x.Cast(DType.F32)),
        DType.I32 => Any(x + x.Like(3), x * x, -x, x.Less(x.Like(2)), x.Cast(DType.F32)),
        _ => Any(x.Tanh(), x * 2 + 1, x - x.Like(0.3), x.Abs(), x.Relu(), x.Sigmoid(), x.Cast(DType.F32).Sin(), x.Bent()),
    };
}

static class ParityFunctions
{
    public static Tensor Bent(this Tensor x) => x.Less(x.Like(0.25)).Where(x * 3, x.Like(1) - x);
}
