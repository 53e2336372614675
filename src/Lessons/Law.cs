using Functional.Base;

namespace Functional.Lessons;

/// <summary>One case of a law: whether it holds there.</summary>
/// <param name="Holds">Whether it does.</param>
/// <param name="Shows">The case and its numbers where it does not; nothing where it does.</param>
public sealed record LawCase(bool Holds, string Shows)
{
    /// <summary>A case, whose numbers are written out only where somebody has to look at them.</summary>
    /// <param name="holds">Whether the law holds there.</param>
    /// <param name="shows">What the case is, with its numbers.</param>
    public static LawCase Of(bool holds, FormattableString shows) => holds ? new(true, "") : new(false, FormattableString.Invariant(shows));

    /// <summary>A case in which two numbers ought to be the same.</summary>
    /// <param name="one">The first.</param>
    /// <param name="other">The second.</param>
    /// <param name="shows">What the case is.</param>
    /// <param name="tolerance">How far they may be from each other, beside the larger of 1 and their size.</param>
    public static LawCase Same(double one, double other, FormattableString shows, double tolerance = 1e-9) =>
        Of(Math.Abs(one - other) <= tolerance * Math.Max(1, Math.Max(Math.Abs(one), Math.Abs(other))), $"{FormattableString.Invariant(shows)}: {one:R} is not {other:R}");

    /// <summary>A case in which two rows of numbers ought to be the same, one by one.</summary>
    /// <param name="one">The first.</param>
    /// <param name="other">The second, as many.</param>
    /// <param name="shows">What the case is.</param>
    /// <param name="tolerance">As for two numbers.</param>
    public static LawCase Same(IReadOnlyList<double> one, IReadOnlyList<double> other, FormattableString shows, double tolerance = 1e-9)
    {
        if (one.Count != other.Count) return Of(false, $"{FormattableString.Invariant(shows)}: {one.Count} numbers are not {other.Count}");
        for (var i = 0; i < one.Count; i++)
            if (Same(one[i], other[i], $"", tolerance) is { Holds: false }) return Of(false, $"{FormattableString.Invariant(shows)}: number {i} is {one[i]:R}, and not {other[i]:R}");
        return new(true, "");
    }
}

/// <summary>A law of a lesson: something that holds whatever the case is, as a function that makes a case of a key and looks.</summary>
/// <param name="Name">Its name, by which it is asked for: small letters, digits and dashes.</param>
/// <param name="Says">What it says, in a sentence.</param>
/// <param name="Of">The case of a key. Pure: the same key makes the same case.</param>
public sealed record Law(string Name, string Says, Func<Key, LawCase> Of)
{
    /// <summary>The most cases that <see cref="Run"/> looks at.</summary>
    public const int MostCases = 10_000;

    /// <summary>Looks at one case; what throws does not hold, and says what it threw.</summary>
    /// <param name="key">What the case is made of.</param>
    public LawCase Case(Key key)
    {
        try
        {
            return Of(key);
        }
        catch (Exception thrown) when (thrown is not OperationCanceledException)
        {
            return LawCase.Of(false, $"{thrown.GetType().Name}: {thrown.Message}");
        }
    }

    /// <summary>Looks at cases one after the other, up to the first in which the law does not hold. The i-th case of a seed is always the same.</summary>
    /// <param name="seed">What the cases are drawn from.</param>
    /// <param name="cases">How many, 1 to <see cref="MostCases"/>.</param>
    /// <param name="told">Is told after each case how many held.</param>
    /// <param name="cancellation">Stops between cases.</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer or more cases than there may be.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public LawResult Run(ulong seed, int cases, Action<int>? told = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cases, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cases, MostCases);
        var key = Key.Seed(seed).FoldIn(Name);
        for (var i = 0; i < cases; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            if (Case(key.FoldIn(i)) is { Holds: false } found) return new(seed, cases, i, found.Shows);
            told?.Invoke(i + 1);
        }
        return new(seed, cases, cases, null);
    }
}

/// <summary>What came of looking.</summary>
/// <param name="Seed">What the cases were drawn from.</param>
/// <param name="Cases">How many were asked for.</param>
/// <param name="Held">How many held, one after the other from the first on.</param>
/// <param name="Counterexample">The case after those, in which the law does not hold; nothing where it held in all.</param>
public sealed record LawResult(ulong Seed, int Cases, int Held, string? Counterexample)
{
    /// <summary>As <c>100 of 100 hold</c>, or which case does not and how it looks.</summary>
    public override string ToString() => Counterexample is null ? FormattableString.Invariant($"{Held} of {Cases} hold")
        : FormattableString.Invariant($"case {Held + 1} of {Cases} does not hold: {Counterexample}");
}
