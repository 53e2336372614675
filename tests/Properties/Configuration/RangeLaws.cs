using System.Globalization;
using FsCheck;
using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Configuration;

/// <summary>Which values settings take: their edges, one by one, and that no number becomes another on the way.</summary>
public class RangeLaws
{
    // The last value within, and the first beyond.
    [Theory]
    [InlineData("layers", "1", "0")]
    [InlineData("heads", "1", "0")]
    [InlineData("width", "4", "0")]
    [InlineData("context", "1", "0")]
    [InlineData("batch", "1", "0")]
    [InlineData("accumulate", "1", "0")]
    [InlineData("steps", "100", "0")]
    [InlineData("keep", "1", "0")]
    [InlineData("sample-tokens", "1", "0")]
    [InlineData("sample-temperature", "0", "-0.1")]
    [InlineData("corpus-size", "1", "0")]
    [InlineData("vocabulary", "1", "0")]
    [InlineData("min-frequency", "1", "0")]
    [InlineData("corpus-seed", "0", "-1")]
    [InlineData("seed", "0", "-1")]
    [InlineData("eval-every", "0", "-1")]
    [InlineData("eval-batches", "0", "-1")]
    [InlineData("save-every", "0", "-1")]
    [InlineData("sample-every", "0", "-1")]
    [InlineData("warmup", "0", "-1")]
    [InlineData("threads", "0", "-1")]
    [InlineData("lr", "0.0001", "0")]
    [InlineData("min-lr", "0", "-1E-09")]
    [InlineData("weight-decay", "0", "-0.1")]
    [InlineData("clip", "0", "-0.1")]
    [InlineData("eps", "1E-300", "0")]
    [InlineData("beta1", "0", "1")]
    [InlineData("beta1", "0.999999", "-0.1")]
    [InlineData("beta2", "0", "1")]
    [InlineData("beta2", "0.999999", "-0.1")]
    [InlineData("label-smoothing", "0", "1")]
    [InlineData("dropout", "0", "1")]
    [InlineData("validation-part", "1E-09", "0")]
    [InlineData("validation-part", "0.999999", "1")]
    public void A_setting_ends_where_it_says(string name, string within, string beyond)
    {
        var field = RunConfig.Field(name)!;
        Assert.True(field.Holds(field.Set(new(), within)!));
        Assert.Contains($"--{name}: is {beyond}; allowed: {field.Allowed}", Faults(name, beyond), StringComparison.Ordinal);
    }

    /// <summary>Together these are all numbers that there are.</summary>
    [Fact]
    public void Every_number_has_its_edges() => Assert.Equal(
        RunConfig.Fields.Where(static f => f.Allowed.StartsWith("a ", StringComparison.Ordinal) && !f.IsText).Select(static f => f.Name).Order(StringComparer.Ordinal),
        typeof(RangeLaws).GetMethod(nameof(A_setting_ends_where_it_says))!.GetCustomAttributes(typeof(InlineDataAttribute), false).Select(static a => (string)((InlineDataAttribute)a).Data[0]!)
            .Distinct().Order(StringComparer.Ordinal));

    /// <summary>A whole number is read as it is, or not at all: what no setting can hold does not become what it can.</summary>
    [Property]
    public void A_number_never_becomes_another(long number, byte shift)
    {
        foreach (var field in RunConfig.Fields.Where(static f => f.Allowed.StartsWith("a whole number", StringComparison.Ordinal)))
            foreach (var value in (long[])[number << shift % 64, number, number + (1L << 32), 1L << 32, (1L << 32) + 1, long.MaxValue])
                if (field.Set(new(), value.ToString(CultureInfo.InvariantCulture)) is { } set) Assert.Equal(value.ToString(CultureInfo.InvariantCulture), field.Get(set));
    }

    [Fact]
    public void No_setting_is_infinite()
    {
        foreach (var field in RunConfig.Fields.Where(static f => f.Allowed.StartsWith("a number", StringComparison.Ordinal)))
            foreach (var value in (double[])[double.PositiveInfinity, double.NegativeInfinity, double.NaN])
                Assert.Contains($"--{field.Name}: is ", Faults(field.Name, value.ToString(CultureInfo.InvariantCulture)), StringComparison.Ordinal);
    }

    static string Faults(string name, string value) => RunConfig.Read(new(), [ConfigEntry.Option(name, value)]).Match(static _ => "", static f => f.Lines());
}
