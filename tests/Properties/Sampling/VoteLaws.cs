using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Sampling;

/// <summary>A vote is what most say; of as many, who is seen first.</summary>
public sealed class VoteLaws
{
    static string[] Said(int seed, int count) => [.. Enumerable.Range(0, count).Select(i => $"{(char)('a' + Key.Seed((ulong)seed).FoldIn("said").Below(i, 4))}")];

    // Whole numbers, so that sums are exact in any order.
    static double[] Weights(int seed, int count, bool even) => [.. Enumerable.Range(0, count).Select(i => even ? 1.0 : Key.Seed((ulong)seed).FoldIn("weights").Below(i, 4))];

    static int ByHand(string[] said, double[] weights) => Enumerable.Range(0, said.Length).GroupBy(i => said[i])
        .OrderByDescending(g => g.Sum(i => weights[i])).ThenBy(static g => g.Min()).First().Min();

    [Property(MaxTest = 80)]
    public void The_majority_wins(PositiveInt seed, PositiveInt size, bool even)
    {
        var n = 1 + size.Get % 12;
        var (said, weights) = (Said(seed.Get, n), Weights(seed.Get, n, even));
        Assert.Equal(ByHand(said, weights), Vote.Of(said, weights));
    }

    /// <summary>Of one answer the mean of all; of k the mean over the runs of k neighbours.</summary>
    [Property(MaxTest = 60)]
    public void What_k_votes_are_worth_is_the_mean_over_runs_of_neighbours(PositiveInt seed, PositiveInt size, bool even)
    {
        var n = 1 + size.Get % 9;
        var (said, weights) = (Said(seed.Get, n), Weights(seed.Get, n, even));
        double[] values = [.. Enumerable.Range(0, n).Select(i => Key.Seed((ulong)seed.Get).Normal(i))];
        var all = Vote.Expected(said, weights, values, [.. Enumerable.Range(1, n)]);
        for (var k = 1; k <= n; k++)
        {
            var expected = Enumerable.Range(0, n).Average(start =>
            {
                int[] window = [.. Enumerable.Range(0, k).Select(i => (start + i) % n)];
                return values[window[ByHand([.. window.Select(i => said[i])], [.. window.Select(i => weights[i])])]];
            });
            Assert.Equal(expected, all[k - 1], 1e-12);
        }
        Assert.Equal(values.Average(), all[0], 1e-12);
    }

    [Fact]
    public void Edges()
    {
        Assert.Null(Vote.Of([], []));
        Assert.Equal(0, Vote.Of(["a"], [0]));
        // A tie goes to who is seen first, also where the other is as many earlier.
        Assert.Equal(0, Vote.Of(["a", "b", "b", "a"], [1, 1, 1, 1]));
        Assert.Equal(1, Vote.Of(["b", "a", "a"], [1, 1, 1]));
        // One likely answer against two unlikely ones.
        Assert.Equal(2, Vote.Of(["a", "a", "b"], [Vote.Weight(-3), Vote.Weight(-3), Vote.Weight(-0.1)]));
        Assert.Equal("yes it is", Vote.Normal(" Yes  it is. "));
        Assert.Throws<ArgumentException>(() => Vote.Of(["a"], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => Vote.Expected(["a"], [1], [1], [2]));
    }

    /// <summary>The curve counts only prompts whose answers are all measured; weights are asked for.</summary>
    [Fact]
    public void Curves_of_votes()
    {
        Vec<Candidate> heard = [new("A.", 2, -3, 0, 0), new("a", 4, -3, 0, 0), new("b", 6, -0.1, 0, 1)];
        double[] Of(bool weighted, params Vec<Candidate>[] prompts) => [.. Curves.OfVotes([.. prompts], Vote.Normal, weighted, Key.Seed(1)).Select(static p => p.Value.Value)];
        Assert.Equal([1 / 3.0, 1 / 3.0, 0], Of(false, heard), (double a, double b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal([1 / 3.0, 2 / 3.0, 1], Of(true, heard), (double a, double b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(Of(false, heard), Of(false, heard, [.. heard.Select(static c => c with { Value = double.NaN })]));
    }
}
