using Functional.Base;

namespace Functional.Sessions;

/// <summary>Answers of two models to the same questions, as a third judges them.</summary>
/// <param name="First">The rewards of the first model's answers.</param>
/// <param name="Second">The rewards of the second's, to the same questions.</param>
public sealed record Comparison(Vec<double> First, Vec<double> Second)
{
    /// <summary>How many answers of the first are better.</summary>
    public int Wins => Count(1);

    /// <summary>How many are as good.</summary>
    public int Ties => Count(0);

    /// <summary>How many answers of the second are better.</summary>
    public int Losses => Count(-1);

    /// <summary>How often the first wins; ties count half.</summary>
    public Rate WinRate => Rate.OfWins(Wins, Ties, Losses);

    /// <summary>How much more the first has in the mean, over the same questions.</summary>
    /// <param name="key">What decides the draws of the interval (<see cref="Rate.OfMean"/>).</param>
    public Rate Difference(Key key) => Rate.OfMean([.. First.Zip(Second, static (a, b) => a - b)], key);

    int Count(int sign) => First.Zip(Second, static (a, b) => a.CompareTo(b)).Count(c => Math.Sign(c) == sign);
}
