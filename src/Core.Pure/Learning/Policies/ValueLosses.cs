using Functional.Graphs;

namespace Functional.Learning;

/// <summary>What a value's loss is a function of, all tensors <c>f32[rows, time]</c>.</summary>
/// <param name="Values">What is expected before each token now; the only one through which a gradient goes.</param>
/// <param name="Old">What was expected before the updates of this rollout.</param>
/// <param name="Returns">What came.</param>
/// <param name="Mask">1 for a token that counts, 0 for another; what stands there elsewhere is not looked at.</param>
public sealed record ValueTerms(Tensor Values, Tensor Old, Tensor Returns, Tensor Mask)
{
    /// <summary>The same mask with the place behind each last token that counts, where the row has one.</summary>
    /// <param name="mask">1 for a token that counts, 0 for another, <c>f32[rows, time]</c>.</param>
    public static Tensor Longer(Tensor mask) => mask.Shape[1] == 1 ? mask
        : mask.Max(Movement.Concat(1, Create.Fill(0, [mask.Shape[0], 1], DType.F32), mask.Slice(1, 0, mask.Shape[1] - 1)));
}

/// <summary>How values are learned.</summary>
public sealed record ValueOptions
{
    /// <summary>How far a value may go from the old one before it is clipped, above 0; nothing for no bound.</summary>
    public double? Clip { get; init; } = 0.2;

    /// <summary>What the loss counts beside the policy's, 0 or more.</summary>
    public double Weight { get; init; } = 0.5;

    /// <summary>Whether values are asked one place behind an answer's last token, too, where TRL's PPO has the answer's reward.</summary>
    public bool Longer { get; init; }
}

/// <summary>Losses of values.</summary>
public static class ValueLosses
{
    /// <summary>
    /// ½ max((V − R)², (clip(V) − R)²), where V may not go further from the old value than is allowed (Schulman et al. 2016, as PPO's implementations have it): a
    /// sum over tokens and their number. Shown are how often the bound held (<c>value_clipped</c>) and how much of the returns' variance the old values explain
    /// (<c>explained_variance</c>), with the mean of the tokens that are in one program.
    /// </summary>
    public static Loss Of(ValueTerms terms, ValueOptions options)
    {
        var there = terms.Mask.Greater(terms.Mask.Like(0.5));
        Tensor Counted(Tensor x) => there.Where(x, x.Like(0));
        var (mask, values, old, returns) = (Counted(terms.Mask.Like(1)), Counted(terms.Values), Counted(terms.Old).StopGradient(), Counted(terms.Returns).StopGradient());
        var (count, free) = (mask.SumAll().Max(Create.Scalar(1e-12)), (values - returns).Square());
        var bound = options.Clip is { } clip ? (old + PolicyWeights.Clamped(values - old, -clip, clip) - returns).Square() : free;
        // Where returns are all the same there is nothing to explain.
        Tensor Spread(Tensor x) => (Counted(x - (x.SumAll() / count.Max(Create.Scalar(1))).Reshape(1, 1).BroadcastTo(x.Shape)).Square()).SumAll();
        var (all, left) = (Spread(returns), Spread(returns - old));
        return new Loss(new((free.Max(bound) * 0.5).SumAll(), count))
            .With("value_clipped", new(bound.Greater(free).Where(free.Like(1), free.Like(0)).SumAll(), count))
            .With("explained_variance", new(all.Greater(all.Like(0)).Where(all - left, all.Like(0)), all.Max(all.Like(1e-20))));
    }

    /// <summary>
    /// A policy's loss and that of its values as one, each with its own mean: the sum of the values is weighed by what the policy's sum is divided by. With the same
    /// tokens and <see cref="PolicyNorm.Tokens"/> both divide by the same, and micro-batches add up to the batch; else each micro-batch has the values' mean of its
    /// own tokens. The values' loss is shown as <c>value</c>.
    /// </summary>
    public static Loss With(Loss policy, Loss values, ValueOptions options)
    {
        var (total, value) = (policy.Total, values.Total);
        var share = (total.Weight / value.Weight.Max(value.Weight.Like(1))).StopGradient();
        return new Loss(total with { Sum = total.Sum + value.Sum * share * options.Weight }) { Shown = policy.Shown.Add("value", value).Concat(values.Shown) };
    }
}
