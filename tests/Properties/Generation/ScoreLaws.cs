using FsCheck;

namespace Functional.Tests.Properties.Generation;

/// <summary>A score is the mean surprise at each token but the first, given its window.</summary>
public sealed class ScoreLaws
{
    [Property(MaxTest = 10)]
    public void A_score_is_the_mean_surprise_of_every_token_but_the_first(PositiveInt seed, PositiveInt shape, PositiveInt length)
    {
        using var subject = new TinyGpt(seed.Get, shape.Get);
        var tokens = subject.Tokens(2 + length.Get % 60);
        var (expected, context) = (0.0, subject.Config.Context);
        for (var i = 1; i < tokens.Length; i++)
        {
            var logits = subject.Logits(tokens[((i - 1) / context * context)..i]);
            expected += Math.Log(logits.Sum(l => Math.Exp(l - (double)logits[tokens[i]])));
        }
        var score = subject.Score(tokens);
        Assert.Equal(tokens.Length - 1, score.Tokens);
        Assert.Equal(tokens.Skip(1).Sum(t => TinyGpt.Tokenizer.Bytes(t).Length), score.Bytes);
        // The sum of each batch is rounded to float32 once.
        Assert.Equal(expected / (tokens.Length - 1), score.Loss, 1e-5);
    }
}
