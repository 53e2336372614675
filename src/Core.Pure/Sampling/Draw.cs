using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;

namespace Functional.Sampling;

/// <summary>A token of each row, and how likely it was.</summary>
/// <param name="Token"><c>i32[rows]</c>.</param>
/// <param name="LogProb">The logarithm of the probability with which it was drawn, in nats, <c>f32[rows]</c>.</param>
public readonly record struct Drawn(Tensor Token, Tensor LogProb);

/// <summary>
/// The rules of <see cref="Sampler"/> as graphs: temperature, then top-k, then top-p over what is left (Holtzman et al. 2020, "The curious case
/// of neural text degeneration"), then a draw by inversion. Ties go to the lower token number, the token that crosses top-p is kept, and where
/// all tokens may be drawn they are gone through by their numbers, else from the most likely down. Where a number is within float32's rounding
/// of an edge, a neighbour of the sampler's token may be drawn; one of probability 0 never is.
/// </summary>
/// <remarks>
/// Logits are numbers or −∞, in each row at least one a number: else that row's log-probability is NaN and its token means nothing.
/// Temperatures below 1e-30 or above 1e30 count as these, which float32 holds.
/// </remarks>
public static class Draw
{
    /// <summary>
    /// A number in [0, 1) of each row's key: <see cref="Key.Uniform"/> of its 0th number cut off after 24 bits, so below it by less than 2⁻²⁴.
    /// </summary>
    /// <param name="keys">A key of each row's own, <c>i32[rows, 2]</c>.</param>
    /// <returns><c>f32[rows]</c>.</returns>
    public static Tensor Uniform(Tensor keys)
    {
        // A key a row: of one key, a row's number would depend on its place in the batch.
        var bits = Movement.Concat(0, [.. Enumerable.Range(0, keys.Shape[0]).Select(row => Create.RandomBits(keys.Slice(0, row, 1).Reshape(2), [1], 0))]);
        // The lowest 8 bits, which float32 would round: moved to the top, where they are a signed number of so many 2²⁴.
        var top = (bits * bits.Like(1 << 24)).Cast(DType.F32) * (1.0 / (1 << 24));
        var low = top.Less(top.Like(0)).Where(top + 256, top).Cast(DType.I32);
        var signed = (bits - low).Cast(DType.F32) * (1.0 / (1L << 32));
        return signed.Less(signed.Like(0)).Where(signed + 1, signed);
    }

    /// <summary>The probability with which each token is drawn.</summary>
    /// <param name="logits"><c>f32[rows, vocabulary]</c>.</param>
    /// <param name="config">The rules.</param>
    /// <returns><c>f32[rows, vocabulary]</c>; rows sum to 1.</returns>
    /// <exception cref="ArgumentException">The configuration has faults.</exception>
    public static Tensor Probabilities(Tensor logits, SamplingConfig config)
    {
        if (Checked(config).Temperature == 0)
            return Create.Iota(logits.Shape, 1).EqualTo(logits.ArgMaxLast().Reshape(logits.Shape[0], 1)).Cast(DType.F32);
        var choice = Choice.Of(logits, config);
        return choice.Mass / choice.Total;
    }

    /// <summary>The next token of each row. What a row draws depends on its own logits and number alone.</summary>
    /// <param name="logits"><c>f32[rows, vocabulary]</c>.</param>
    /// <param name="uniform">A number in [0, 1) for each row, <c>f32[rows]</c>.</param>
    /// <param name="config">The rules.</param>
    /// <exception cref="ArgumentException">The configuration has faults.</exception>
    public static Drawn Next(Tensor logits, Tensor uniform, SamplingConfig config)
    {
        var (rows, vocabulary) = (logits.Shape[0], logits.Shape[1]);
        if (Checked(config).Temperature == 0) return new(logits.ArgMaxLast(), Finite((logits - logits.ReduceMax(-1)).Exp().Sum(-1)).Reshape(rows));
        var (scaled, all, mass, rank, end, total) = Choice.Of(logits, config);
        // The first, by rank, that ends beyond the number; by rounding there may be none, and then the last. As one number that is largest for it.
        var beyond = end.Greater(uniform.Reshape(rows, 1) * total);
        var score = beyond.Where(rank.Like(2 * vocabulary) - rank, rank);
        var token = mass.Greater(mass.Like(0)).Where(score, score.Like(-1)).ArgMaxLast();
        return new(token, scaled.TakeLast(token) - total.Log().Reshape(rows) + Finite(all.Sum(-1)).Reshape(rows));
    }

    /// <summary>
    /// A step of cached decoding that ends with a draw: as <see cref="Programs.CachedStep"/>, with one more input <c>draw_keys i32[rows, 2]</c>,
    /// and with outputs <c>token i32[rows]</c> and <c>logprob f32[rows]</c> in place of logits.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="batch">How many rows at once, and how many tokens of each.</param>
    /// <param name="cacheRows">How many rows the caches have, where the batch is only some of them.</param>
    /// <param name="config">The rules.</param>
    /// <param name="atOnce">For how many tokens at once the caches are made, where that is more than the batch's.</param>
    public static Program CachedStep(Model model, BatchShape batch, int? cacheRows, SamplingConfig config, int? atOnce = null) =>
        Programs.CachedStep(model, batch, cacheRows, logits =>
        {
            var (token, logProb) = Next(logits, Uniform(Create.Input(Names.DrawKeys, [batch.Rows, 2], DType.I32)), config);
            return [new(Names.Token, token), new(Names.LogProb, logProb)];
        }, atOnce);

    // 0, or NaN where a sum of masses, of which one is 1, is none.
    static Tensor Finite(Tensor sum) => sum - sum;

    static SamplingConfig Checked(SamplingConfig config) => config.Validate().IfFail(static faults => throw new ArgumentException(faults.Lines()));

    /// <summary>What may be drawn, all <c>[rows, vocabulary]</c>.</summary>
    /// <param name="Scaled">Logits below the largest, divided by the temperature.</param>
    /// <param name="All">Probabilities up to a common factor.</param>
    /// <param name="Mass">Of those only what may be drawn; 0 for all others.</param>
    /// <param name="Rank">The order in which tokens are gone through.</param>
    /// <param name="End">The mass up to and with each token in that order.</param>
    /// <param name="Total">
    /// What may be drawn together, <c>[rows, 1]</c>: where the last of it ends, since the bits of a sum may depend on how many rows there are.
    /// </param>
    readonly record struct Choice(Tensor Scaled, Tensor All, Tensor Mass, Tensor Rank, Tensor End, Tensor Total)
    {
        public static Choice Of(Tensor logits, SamplingConfig config)
        {
            var scaled = (logits - logits.ReduceMax(-1)) / Math.Clamp(config.Temperature, 1e-30, 1e30);
            var (all, vocabulary) = (scaled.Exp(), logits.Shape[1]);
            var k = config.TopK == 0 ? vocabulary : Math.Min(config.TopK, vocabulary);
            if (k == vocabulary && config.TopP == 1)
            {
                var sums = all.CumSum(-1);
                return new(scaled, all, all, Create.Iota(logits.Shape, 1), sums, sums.ReduceMax(-1));
            }
            var ranks = new Ranks().Apply(logits, all);
            var (rank, before, end) = (ranks[0], ranks[1], ranks[1] + all);
            // What is kept stands before what is not, so the masses before it stay the same.
            var kept = rank.Less(rank.Like(k));
            if (config.TopP < 1) kept = kept.And(before.Less(Largest(kept, end) * config.TopP));
            return new(scaled, all, kept.Where(all, all.Like(0)), rank, end, Largest(kept, end));
        }

        static Tensor Largest(Tensor kept, Tensor end) => kept.Where(end, end.Like(0)).ReduceMax(-1);
    }
}
