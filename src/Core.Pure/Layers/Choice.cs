using Functional.Graphs;

namespace Functional.Layers;

/// <summary>Which experts tokens go to, and with which weights.</summary>
/// <param name="Expert">The experts of each token, best first, <c>i32[tokens, chosen]</c>.</param>
/// <param name="Weight">Their weights, <c>[tokens, chosen]</c>.</param>
/// <param name="Statistics">
/// <c>[3, experts]</c>, sums over the tokens that count: how often each expert was chosen; its probabilities; and in the last row how many tokens count, the
/// squares of the log-sum-exps of their scores, how many choices were dropped, and zeros.
/// </param>
sealed record Choice(Tensor Expert, Tensor Weight, Tensor Statistics)
{
    /// <summary>The choice by scores <c>[tokens, experts]</c>.</summary>
    public static Choice Of(ExpertConfig config, Tensor scores, Env env)
    {
        var (tokens, experts, chosen) = (scores.Shape[0], scores.Shape[1], config.Chosen);
        if (env.RandomKey is { } key && config.Noise > 0) scores += Noise(key, scores.Shape, env.In("noise").Stream >> 1) * config.Noise;
        var probability = config.Sigmoid ? scores.Sigmoid() : scores.Softmax();
        var rank = new Ranks().Result(0, [probability.StopGradient(), probability.Like(0)]);
        // [tokens, chosen, experts]: which expert is the first, the second …
        var at = rank.Reshape(tokens, 1, experts).EqualTo(Create.Iota([1, chosen, experts], 1));
        var expert = at.Where(Create.Iota([1, 1, experts], 2), Create.Scalar(0, DType.I32)).Sum(2).Reshape(tokens, chosen);
        var weight = at.Where(probability.Reshape(tokens, 1, experts), Create.Scalar(0)).Sum(2).Reshape(tokens, chosen);
        if (config.Renormalised) weight /= weight.Sum(1);
        var counts = env.Counted?.Reshape(tokens, 1).Where(Create.Scalar(1), Create.Scalar(0)) ?? Create.Fill(1, [tokens, 1]);
        var taken = rank.Less(Create.Scalar(chosen, DType.I32)).Where(Create.Scalar(1), Create.Scalar(0));
        var dropped = Create.Scalar(0);
        if (env.Training && config.Capacity > 0)
        {
            var kept = Kept(config, expert);
            (weight, dropped) = (kept.Where(weight, Create.Scalar(0)), (kept.Where(Create.Scalar(0), Create.Scalar(1)) * counts).SumAll());
        }
        var lse = scores.LogSumExp();
        Tensor[] numbers = [counts.SumAll(), (lse * lse * counts).SumAll(), dropped, .. Enumerable.Repeat(Create.Scalar(0), Math.Max(0, experts - 3))];
        var last = Movement.Concat(0, [.. numbers.Take(Math.Max(3, experts)).Select(static n => n.Reshape(1))]);
        var share = config.Sigmoid ? probability / probability.Sum(1) : probability;
        Tensor Padded(Tensor row) => experts >= 3 ? row.Reshape(1, experts) : Movement.Concat(1, row.Reshape(1, experts), Create.Fill(0, [1, 3 - experts]));
        return new(expert, weight, Movement.Concat(0, Padded((taken * counts).Sum(0)), Padded((share * counts).Sum(0)), last.Reshape(1, -1)));
    }

    // Choices in the order of tokens, as long as their expert has room.
    static Tensor Kept(ExpertConfig config, Tensor expert)
    {
        var choices = expert.Shape[0] * expert.Shape[1];
        var room = (int)Math.Min(int.MaxValue, Math.Max(1, Math.Ceiling(config.Capacity * choices / config.Count)));
        var order = new ExpertOrder(config.Count).Apply(expert.Reshape(choices));
        var begins = config.Count == 1 ? Create.Fill(0, [1], DType.I32)
            : Movement.Concat(0, Create.Fill(0, [1], DType.I32), order[2].Slice(0, 0, config.Count - 1));
        return (order[0] - begins.Gather(expert.Reshape(choices))).Less(Create.Scalar(room, DType.I32)).Reshape(expert.Shape);
    }

    // Box and Muller's: √(−2 ln u) cos 2πw.
    static Tensor Noise(Tensor key, Base.Vec<int> shape, uint stream)
    {
        Tensor Uniform(uint of) => Create.RandomBits(key, shape, of).Cast(DType.F32) * Math.Pow(2, -32) + 0.5;
        var u = Uniform(stream).Max(Create.Scalar(1e-7));
        return (u.Log() * -2).Sqrt() * (Uniform(stream + 1) * (2 * Math.PI)).Cos();
    }
}
