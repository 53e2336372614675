using System.Text.RegularExpressions;
using Functional.Graphs;
using Functional.Learning;
using Functional.Lessons;
using Functional.Sessions;
using Functional.Samples;

namespace Functional.Tests.Snapshots.Samples;

/// <summary>What the lessons print, as the catalogue runs them.</summary>
public sealed class LessonSnapshots
{
    static Task<string> Text(string name) => Lesson.Find(name)!.TextAsync();

    [Fact]
    public async Task Attention_by_hand() => await Verify(await Text("01-attention-by-hand"));

    [Fact]
    public async Task One_head() => await Verify(await Text("02-one-head"));

    [Fact]
    public void One_head_is_attention_by_hand() =>
        // The lesson prints differences below rounding as zero: anything else would show here.
        Assert.Contains("head  - by hand : 0.0e+0\n  fused - by hand : 0.0e+0\n", OneHead.Text(), StringComparison.Ordinal);

    [Fact]
    public async Task Gpt_step() => await Verify(await Text("03-gpt-step"));

    [Fact]
    public async Task Two_objectives() => await Verify(await Text("04-two-objectives"));

    [Fact]
    public async Task Bpe_from_nothing() => await Verify(await Text("05-bpe-from-nothing"));

    /// <summary>The exercise: aa, then the ab of what is left, and a text of seven tokens.</summary>
    [Fact]
    public void Bpe_from_nothing_has_an_answer() => Assert.Equal(("a+a, a+b", 7), BpeFromNothing.Answer(BpeFromNothing.Exercise, 2));

    [Fact]
    public async Task Order_from_rotation() => await Verify(await Text("06-positions"));

    /// <summary>The exercise: the score is the distance's cosine, and 3 is nearest to half a turn, or to three halves.</summary>
    [Fact]
    public void Order_from_rotation_has_an_answer() => Assert.Equal(3, OrderFromRotation.SmallestAt([1, 0], [1, 0], 10));

    [Fact]
    public async Task Modern_block() => await Verify(await Text("07-modern-block"));

    [Fact]
    public void Modern_block_is_the_librarys() => Assert.True(ModernBlock.IsTheLibrarys());

    /// <summary>The exercise: 32 layers · 2 · 8 heads · 128 numbers · 2 bytes, and four times as much.</summary>
    [Fact]
    public void Modern_block_has_an_answer() => Assert.Equal((128, 512), (ModernBlock.CacheKiB(32, 32, 8, 128), ModernBlock.CacheKiB(32, 32, 32, 128)));

    [Fact]
    public async Task Cache_and_sinks() => await Verify(await Text("08-cache-and-sinks"));

    /// <summary>The exercise: 1 + 16 mod 4, and 2 + 15 mod 8.</summary>
    [Fact]
    public void Cache_and_sinks_has_an_answer() => Assert.Equal((1, 9), (CacheAndSinks.PlaceOf(17, 4, 1), CacheAndSinks.PlaceOf(17, 8, 2)));

    [Fact]
    public async Task Load_of_experts() => await Verify(Regex.Replace(await Text("09-experts"), @"(?<=expert \d   ).*", "…"));

    /// <summary>The exercise: 4 · (0.5 · 0.4 + 0.5 · 0.4).</summary>
    [Fact]
    public void Load_of_experts_has_an_answer() => Assert.Equal(1.6, LoadOfExperts.Balance([0.5, 0.5, 0, 0], [0.4, 0.4, 0.1, 0.1]), 1e-12);

    [Fact]
    public async Task What_a_mask_does() => await Verify(await Text("10-what-a-mask-does"));

    /// <summary>The exercise: h, o, and the mark that begins the next question, which ends the answer.</summary>
    [Fact]
    public void What_a_mask_does_has_an_answer() => Assert.Equal("ho\nUser:".Length, WhatAMaskDoes.Labels("hi", "ho"));

    [Fact]
    public async Task Lora_on_one_matrix() => await Verify(await Text("11-lora-on-one-matrix"));

    /// <summary>The exercise: 16 · (768 + 768), a twenty-fourth.</summary>
    [Fact]
    public void Lora_on_one_matrix_has_an_answer() => Assert.Equal((24576, 24), (LoraOnOneMatrix.Numbers(16, 768, 768), 768 * 768 / LoraOnOneMatrix.Numbers(16, 768, 768)));

    [Fact]
    public async Task Reward_from_comparisons() => await Verify(await Text("12-a-reward-from-comparisons"));

    /// <summary>The exercise: σ(1.2).</summary>
    [Fact]
    public void Reward_from_comparisons_has_an_answer() => Assert.Equal(0.7685, RewardFromComparisons.Wins(1.2), 1e-4);

    [Fact]
    public async Task Dpo_derived_and_run() => await Verify(await Text("13-dpo-derived-and-run"));

    /// <summary>The exercise; and what is learned is the closed form.</summary>
    [Fact]
    public void Dpo_derived_and_run_has_an_answer()
    {
        Assert.Equal(0.554355, DpoDerivedAndRun.Loss(2, -1, 0.1), 1e-6);
        Assert.All(DpoDerivedAndRun.Best().Zip(DpoDerivedAndRun.Learn(3000)), static pair => Assert.Equal(pair.Item1, pair.Item2, 1e-3));
    }

    [Fact]
    public async Task Best_of_n() => await Verify(await Text("14-best-of-n"));

    /// <summary>The exercise: of six pairs three have the 10; and what the lesson's law says of its curve.</summary>
    [Fact]
    public void Best_of_n_has_an_answer()
    {
        Assert.Equal(5.5, BestOfN.Worth([1, 1, 1, 10], 2), 1e-12);
        var (judged, truly) = BestOfN.Curve();
        Assert.Equal(judged.Order(), judged);
        Assert.True(truly.Max() > truly[0] && truly[^1] < truly.Max());
    }

    [Fact]
    public async Task Returns_and_gae() => await Verify(await Text("15-returns-and-gae"));

    /// <summary>The exercise: the errors themselves. The table's numbers; and the law.</summary>
    [Fact]
    public void Returns_and_gae_has_an_answer()
    {
        static void Equal(double[] expected, IEnumerable<double> actual) => Assert.All(expected.Zip(actual), static p => Assert.Equal(p.Item1, p.Item2, 1e-12));
        Equal([0.1, 0.1, 0.3], ReturnsAndGae.Of(0).Advantages);
        Equal([0.46575, 0.385, 0.3], ReturnsAndGae.Of(0.95).Advantages);
        Equal([0.96575, 0.985, 1], ReturnsAndGae.Of(0.95).Returns);
        Equal([1, 1, 1], ReturnsAndGae.Of(1).Returns);
    }

    [Fact]
    public async Task Ppo_step_by_step() => await Verify(await Text("16-ppo-step-by-step"));

    /// <summary>The exercise: a bad token that has become likelier is not cut.</summary>
    [Fact]
    public void Ppo_step_by_step_has_an_answer()
    {
        Assert.Equal(1.5, PpoStepByStep.Of(-1, 1.5).Loss, 1e-6);
        Assert.Equal((-1, 0), (PpoStepByStep.Of(1, 1).Slope, PpoStepByStep.Of(1, 1.3).Slope));
    }

    [Fact]
    public async Task Group_of_answers() => await Verify(await Text("17-a-group-of-answers"));

    /// <summary>The exercise: one deviation above, one below; and the law.</summary>
    [Fact]
    public void Group_of_answers_has_an_answer()
    {
        Assert.All(new[] { 1.0, -1 }.Zip(GroupOfAnswers.Of([1, 0], GroupOptions.Grpo).Each), static p => Assert.Equal(p.Item1, p.Item2, 1e-3));
        Assert.All(GroupOfAnswers.Of([8.2, 6.5, 4.1, 2.8], GroupOptions.Grpo).Each.Zip(GroupOfAnswers.Of([108.2, 106.5, 104.1, 102.8], GroupOptions.Grpo).Each),
            static p => Assert.Equal(p.Item1, p.Item2, 1e-9));
    }

    [Fact]
    public async Task Three_estimators() => await Verify(await Text("18-three-estimators"));

    /// <summary>The exercise; and the two that are right in the mean.</summary>
    [Fact]
    public void Three_estimators_have_an_answer()
    {
        Assert.Equal(0.0787661, ThreeEstimators.Mean(KlEstimator.K2), 1e-6);
        Assert.Equal(0.0822829, ThreeEstimators.Mean(KlEstimator.K1), 1e-7);
        Assert.Equal(0.0822829, ThreeEstimators.Mean(KlEstimator.K3), 1e-7);
    }

    [Fact]
    public async Task Trusted_step() => await Verify(await Text("19-a-trusted-step"));

    /// <summary>The exercise: half as long; and the bound holds.</summary>
    [Fact]
    public void Trusted_step_has_an_answer()
    {
        double[] logits = [2, 1, -2];
        Assert.Equal(0.5, TrustedStep.Step(logits, 0.0125).Full / TrustedStep.Step(logits, 0.05).Full, 1e-9);
        foreach (var bound in new[] { 1e-4, 0.01, 0.05, 0.5, 5 }) Assert.InRange(TrustedStep.Step(logits, bound).Kl, 0, bound);
    }

    [Fact]
    public async Task Precision() => await Verify(await Text("23-what-precision-loses"));

    /// <summary>The exercise: from a half on, where half the gap to the next number is 2⁻⁹.</summary>
    [Fact]
    public void Precision_has_an_answer()
    {
        Assert.Equal(0.5, PrecisionLesson.Round(0.501, DType.BF16));
        Assert.NotEqual(0.498046875, PrecisionLesson.Round(0.498046875 + 0.001, DType.BF16));
        for (var i = 1; i < 200; i++) Assert.InRange(Math.Abs(PrecisionLesson.Round(i * 0.37, DType.BF16) - i * 0.37), 0, i * 0.37 / 256);
    }

    [Fact]
    public async Task Valley() => await Verify(await Text("24-a-valley"));

    /// <summary>The exercise: from 2 / 100 on. And the law: another factor of the loss moves sgd alone.</summary>
    [Fact]
    public void Valley_has_an_answer()
    {
        Assert.InRange(ValleyLesson.Of(ValleyLesson.Path(Optimisers.Sgd(), 0.0199, 2000)[^1]), 0, 1e-6);
        Assert.InRange(ValleyLesson.Of(ValleyLesson.Path(Optimisers.Sgd(), 0.0201, 2000)[^1]), 1e6, double.MaxValue);
        double Moved(GradientTransform transform) => ValleyLesson.Path(transform, 0.01, 8).Zip(ValleyLesson.Path(transform, 0.01, 8, 10), static (a, b) => Math.Abs(a.X - b.X)).Max();
        Assert.InRange(Moved(Optimisers.Adam()), 0, 1e-6);
        Assert.InRange(Moved(Optimisers.Lion()), 0, 1e-12);
        Assert.InRange(Moved(Muon.ScaleByMuon().Then(Optimisers.ScaleByLearningRate())), 0, 1e-6);
        Assert.InRange(Moved(Optimisers.Sgd()), 0.1, 100);
    }

    /// <summary>What the lesson shows, whatever the machine's last bits: two experts take most, some none; with the loss all have their part.</summary>
    [Fact]
    public void Experts_collapse_without_the_balancing_loss()
    {
        var (alone, balanced) = (LoadOfExperts.Learn(0), LoadOfExperts.Learn(0.1));
        Assert.True(alone.Count(static load => load < 0.2) >= 2 && alone.OrderDescending().Take(2).Sum() > 0.7 * 8, string.Join(' ', alone));
        Assert.True(balanced.All(static load => load is > 0.4 and < 2), string.Join(' ', balanced));
    }

    [Fact]
    public async Task Sampling_rules() => await Verify(await Text("21-sampling-rules"));

    /// <summary>The exercise: 0.36 and 0.22 are above half of 0.36; roots of shares are nearer to each other, and above a quarter of it are four.</summary>
    [Fact]
    public void Sampling_rules_have_an_answer() => Assert.Equal((2, 4), (SamplingRulesLesson.Left(0.5, 1), SamplingRulesLesson.Left(0.5, 2)));

    [Fact]
    public async Task Speculative_by_counting() => await Verify(await Text("22-speculative-by-counting"));

    /// <summary>The exercise: p of the draft, a quarter; else the others, as they stand to each other.</summary>
    [Fact]
    public void Speculative_by_counting_has_an_answer() => Assert.Equal([72, 36, 36], SpeculativeByCounting.Count([0.5, 0.25, 0.25], null, 1));

    /// <summary>What a model wrote hangs on a machine's last bits; what holds of it does not.</summary>
    [Fact]
    public async Task In_a_program() =>
        await Verify(Regex.Replace(await Text("25-in-a-program"), "(?m)^   ›.*$", "   › …"));
}
