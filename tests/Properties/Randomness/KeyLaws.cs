using Functional.Testing;
using Xunit;

namespace Functional.Tests.Properties.Randomness;

public class KeyLaws
{
    static Key Of(ulong seed, string name) => Key.Seed(seed).FoldIn(name);

    [Property]
    public bool Draws_are_pure(ulong seed, uint index) => Key.Seed(seed).Uniform(index) == Key.Seed(seed).Uniform(index);

    [Property]
    public bool Fold_of_long_agrees_with_uint_and_separates_high_words(ulong seed, uint low, uint high)
    {
        var key = Key.Seed(seed);
        var wide = key.FoldIn(((long)(high & int.MaxValue) << 32) | low);
        return key.FoldIn((long)low) == key.FoldIn(low) && (wide == key.FoldIn(low)) == ((high & int.MaxValue) == 0);
    }

    [Property]
    public bool Derived_keys_are_none_of_the_draws(ulong seed, uint a, uint b)
    {
        var key = Key.Seed(seed);
        var child = key.FoldIn(a);
        return (child.A, child.B) != key.Bits((long)b) && child != key && (a == b || child != key.FoldIn(b));
    }

    [Property]
    public bool Split_is_the_folds(ulong seed, byte n)
    {
        var keys = Key.Seed(seed).Split(n);
        return keys.Count == n && keys.Distinct().Count() == n && keys.Map((k, i) => k == Key.Seed(seed).FoldIn(i)).All(same => same);
    }

    [Property]
    public bool Names_separate(ulong seed, string a, string b)
    {
        (a, b) = (a ?? "", b ?? "");
        var key = Key.Seed(seed);
        return (key.FoldIn(a) == key.FoldIn(b)) == (Key.StreamOf(a) == Key.StreamOf(b)) && key.FoldIn(a) == key.FoldIn(Key.StreamOf(a));
    }

    [Property]
    public bool Uniform_and_below_stay_in_range(ulong seed, long index, long n)
    {
        n = Math.Max(1, n == long.MinValue ? long.MaxValue : Math.Abs(n));
        var (u, k) = (Key.Seed(seed).Uniform(index), Key.Seed(seed).Below(index, n));
        return u is >= 0 and < 1 && k >= 0 && k < n;
    }

    // 5 standard errors: a right sampler fails one run in about two million, and seeds are fixed.
    const double Errors = 5;

    [Property(MaxTest = 10)]
    public bool Uniform_has_its_moments(ulong seed)
    {
        const int n = 20_000;
        var key = Of(seed, "uniform");
        var draws = Enumerable.Range(0, n).Select(i => key.Uniform(i)).ToArray();
        return Math.Abs(draws.Average() - 0.5) < Errors * Math.Sqrt(1 / 12.0 / n)
            && Math.Abs(draws.Average(u => (u - 0.5) * (u - 0.5)) - 1 / 12.0) < Errors * Math.Sqrt(1 / 180.0 / n);
    }

    [Property(MaxTest = 10)]
    public bool Normal_has_its_moments(ulong seed)
    {
        const int n = 20_000;
        var key = Of(seed, "normal");
        var draws = Enumerable.Range(0, n).Select(i => key.Normal(i)).ToArray();
        double Moment(int p) => draws.Average(z => Math.Pow(z, p));
        return Math.Abs(Moment(1)) < Errors * Math.Sqrt(1.0 / n) && Math.Abs(Moment(2) - 1) < Errors * Math.Sqrt(2.0 / n)
            && Math.Abs(Moment(3)) < Errors * Math.Sqrt(15.0 / n) && Math.Abs(Moment(4) - 3) < Errors * Math.Sqrt(96.0 / n)
            && draws.All(z => Math.Abs(z) < 6.67);
    }

    [Property(MaxTest = 20)]
    public bool Below_is_even(ulong seed, byte sides)
    {
        const int n = 20_000;
        var (key, faces) = (Of(seed, "below"), 2 + sides % 20);
        var counts = new int[faces];
        for (var i = 0; i < n; i++) counts[key.Below(i, faces)]++;
        var p = 1.0 / faces;
        return counts.All(c => Math.Abs(c - n * p) < Errors * Math.Sqrt(n * p * (1 - p)));
    }

    [Fact]
    public void No_outcomes_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => Key.Seed(0).Below(0, 0));
}
