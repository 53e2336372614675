using Functional.Testing;
using Xunit;

namespace Functional.Tests.Properties.Randomness;

public class PermutationLaws
{
    [Property]
    public bool Every_item_has_one_place(ulong seed, ushort size)
    {
        var n = 1 + size % 3000;
        var permutation = new Permutation(Key.Seed(seed), n);
        var items = Enumerable.Range(0, n).Select(i => permutation.At(i)).ToArray();
        return items.Order().SequenceEqual(Enumerable.Range(0, n).Select(i => (long)i));
    }

    [Property]
    public bool Place_undoes_at(ulong seed, long size, long place)
    {
        var n = Math.Max(1, size & long.MaxValue);
        var permutation = new Permutation(Key.Seed(seed), n);
        var i = (place & long.MaxValue) % n;
        return permutation.At(i) is var item && item >= 0 && item < n && permutation.PlaceOf(item) == i;
    }

    /// <summary>Over keys, each of the n! orders of few items is about as likely: 5 standard errors, and a twentieth for so short a network.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Orders_of_few_items_are_even(int n)
    {
        const int keys = 60_000;
        var counts = new Dictionary<string, int>();
        for (var k = 0; k < keys; k++)
        {
            var permutation = new Permutation(Key.Seed(7).FoldIn(k), n);
            var order = string.Concat(Enumerable.Range(0, n).Select(i => permutation.At(i)));
            counts[order] = counts.GetValueOrDefault(order) + 1;
        }
        var orders = Enumerable.Range(1, n).Aggregate(1, (f, i) => f * i);
        var expected = (double)keys / orders;
        Assert.Equal(orders, counts.Count);
        Assert.All(counts.Values, c => Assert.InRange(c, expected * 0.95 - 5 * Math.Sqrt(expected), expected * 1.05 + 5 * Math.Sqrt(expected)));
    }

    [Fact]
    public void Nothing_to_permute_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new Permutation(Key.Seed(0), 0));

    [Property]
    public void Places_outside_are_refused(ulong seed, ushort n) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Permutation(Key.Seed(seed), n + 1).At(n + 1));
}
