using Functional.Sessions;
using Functional.Samples;

namespace Functional.Tests.Snapshots.Samples;

/// <summary>What the lessons print.</summary>
public sealed class LessonSnapshots
{
    [Fact]
    public Task Attention_by_hand() => Verify(AttentionByHand.Text());

    [Fact]
    public Task One_head() => Verify(OneHead.Text());

    [Fact]
    public void One_head_is_attention_by_hand() =>
        // The lesson prints differences below rounding as zero: anything else would show here.
        Assert.Contains("head  - by hand : 0.0e+0\n  fused - by hand : 0.0e+0\n", OneHead.Text(), StringComparison.Ordinal);

    [Fact]
    public Task Gpt_step() => Verify(GptStep.Text());

    [Fact]
    public Task Two_objectives() => Verify(TwoObjectives.Text());

    [Fact]
    public Task Bpe_from_nothing() => Verify(BpeFromNothing.Text());

    /// <summary>The exercise: aa, then the ab of what is left, and a text of seven tokens.</summary>
    [Fact]
    public void Bpe_from_nothing_has_an_answer() => Assert.Equal(("a+a, a+b", 7), BpeFromNothing.Answer(BpeFromNothing.Exercise, 2));
}
