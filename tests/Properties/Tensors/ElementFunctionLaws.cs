using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>What an elementwise function says of itself holds.</summary>
public sealed class ElementFunctionLaws
{
    /// <summary>An engine may exchange the arguments of one that says so, and write over either.</summary>
    [Property]
    public void One_that_commutes_gives_the_same_either_way(NormalFloat a, NormalFloat b, int i, int j)
    {
        foreach (var f in BinaryFunction.All.Where(static f => f.Commutes))
        {
            Assert.Equal(f.Of(a.Get, b.Get), f.Of(b.Get, a.Get));
            if (f.TakesIntegers) Assert.Equal(f.Of(i, j), f.Of(j, i));
        }
    }

    /// <summary>It has a value from its least argument on, and none below.</summary>
    [Property]
    public void One_has_values_from_its_least_argument_on(PositiveInt hundredths)
    {
        foreach (var f in UnaryFunction.All)
        {
            var (above, below) = (Math.Max(f.Least, -5) + hundredths.Get / 100.0, f.Least - hundredths.Get / 100.0);
            Assert.False(double.IsNaN(f.Of(above)), $"{f} of {above}");
            if (double.IsFinite(f.Least)) Assert.True(double.IsNaN(f.Of(below)), $"{f} of {below}");
        }
    }
}
