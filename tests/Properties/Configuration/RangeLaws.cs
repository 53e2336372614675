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
    [InlineData("norms-every", "0", "-1")]
    [InlineData("log-histograms-every", "0", "-1")]
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
    [InlineData("bad-weight", "1E-09", "0")]
    [InlineData("beta", "1E-09", "0")]
    [InlineData("centring", "0", "-0.1")]
    [InlineData("discopop-temperature", "1E-09", "0")]
    [InlineData("divergence-alpha", "1E-09", "0")]
    [InlineData("gamma", "0", "-0.1")]
    [InlineData("good-weight", "1E-09", "0")]
    [InlineData("length-share", "0", "-0.1")]
    [InlineData("length-share", "1", "1.000001")]
    [InlineData("lora-alpha", "-5", "NaN")]
    [InlineData("lora-b-rate", "1E-09", "0")]
    [InlineData("lora-dropout", "0", "1")]
    [InlineData("lora-rank", "0", "-1")]
    [InlineData("neftune", "0", "-0.1")]
    [InlineData("slips", "0", "1")]
    [InlineData("preference-smoothing", "0", "0.5")]
    [InlineData("answer-temperature", "1E-09", "0")]
    [InlineData("answer-tokens", "1", "0")]
    [InlineData("answer-top-k", "0", "-1")]
    [InlineData("answer-top-p", "1E-09", "0")]
    [InlineData("answer-top-p", "1", "1.000001")]
    [InlineData("round-answers", "1", "0")]
    [InlineData("end-penalty", "0", "-0.1")]
    [InlineData("clip-low", "0", "-0.1")]
    [InlineData("clip-low", "1", "1.000001")]
    [InlineData("clip-high", "0", "-0.1")]
    [InlineData("kl-weight", "0", "-0.1")]
    [InlineData("entropy-weight", "0", "-0.1")]
    [InlineData("discount", "0", "-0.1")]
    [InlineData("discount", "1", "1.000001")]
    [InlineData("gae-lambda", "0", "-0.1")]
    [InlineData("gae-lambda", "1", "1.000001")]
    [InlineData("value-weight", "0", "-0.1")]
    [InlineData("value-clip", "0", "-0.1")]
    [InlineData("round-epochs", "1", "0")]
    [InlineData("round-prompts", "1", "0")]
    [InlineData("reward-clip", "0", "-0.1")]
    [InlineData("overlong-tokens", "0", "-1")]
    [InlineData("overlong-penalty", "0", "-0.1")]
    [InlineData("resample", "0", "-1")]
    [InlineData("kl-target", "0", "-0.1")]
    [InlineData("kl-horizon", "1E-09", "0")]
    [InlineData("stop-kl", "0", "-0.1")]
    [InlineData("dual-clip", "0", "1")]
    [InlineData("dual-clip", "1.000001", "0.5")]
    [InlineData("ratio-cap", "0", "1")]
    [InlineData("ratio-cap", "1.000001", "0.5")]
    [InlineData("cispo-ceiling", "0", "-0.1")]
    [InlineData("soft-clip-positive", "1E-09", "0")]
    [InlineData("soft-clip-negative", "1E-09", "0")]
    [InlineData("top-entropy", "1E-09", "0")]
    [InlineData("top-entropy", "1", "1.000001")]
    [InlineData("off-policy-mask", "0", "-0.1")]
    [InlineData("correction-most", "1E-09", "0")]
    [InlineData("correction-least", "0", "-0.1")]
    [InlineData("advantage-epsilon", "0", "-0.1")]
    [InlineData("pretrain-weight", "0", "-0.1")]
    [InlineData("max-kl", "1E-09", "0")]
    [InlineData("distill-beta", "0", "-0.1")]
    [InlineData("distill-beta", "1", "1.000001")]
    [InlineData("distill-temperature", "1E-09", "0")]
    [InlineData("answer-weight", "0", "-0.1")]
    [InlineData("own-share", "0", "-0.1")]
    [InlineData("own-share", "1", "1.000001")]
    [InlineData("cg-iterations", "1", "0")]
    [InlineData("cg-damping", "0", "-0.1")]
    [InlineData("line-tries", "1", "0")]
    [InlineData("reward-alpha", "-5", "NaN")]
    [InlineData("sft-weight", "0", "-0.1")]
    [InlineData("key-heads", "0", "-1")]
    [InlineData("head-size", "0", "-1")]
    [InlineData("hidden", "0", "-1")]
    [InlineData("hidden-multiple", "1", "0")]
    [InlineData("embedding-width", "0", "-1")]
    [InlineData("norm-epsilon", "1E-300", "0")]
    [InlineData("norm-epsilon", "0.999999", "1")]
    [InlineData("rope-base", "1.000001", "1")]
    [InlineData("rope-local-base", "0", "1")]
    [InlineData("rope-local-base", "1.000001", "0.5")]
    [InlineData("rope-share", "1E-09", "0")]
    [InlineData("rope-share", "1", "1.000001")]
    [InlineData("rope-factor", "1", "0.999999")]
    [InlineData("rope-original-context", "0", "-1")]
    [InlineData("rope-low", "1E-300", "0")]
    [InlineData("rope-high", "1E-300", "0")]
    [InlineData("rope-fast", "1E-300", "0")]
    [InlineData("rope-slow", "1E-300", "0")]
    [InlineData("rope-attention-factor", "0", "-0.1")]
    [InlineData("rope-magnitude", "0", "-0.1")]
    [InlineData("rope-magnitude-all", "0", "-0.1")]
    [InlineData("window", "0", "-1")]
    [InlineData("sinks", "0", "-1")]
    [InlineData("attention-scale", "0", "-0.1")]
    [InlineData("attention-cap", "0", "-0.1")]
    [InlineData("logit-cap", "0", "-0.1")]
    [InlineData("qkv-clip", "0", "-0.1")]
    [InlineData("experts", "0", "-1")]
    [InlineData("experts-chosen", "1", "0")]
    [InlineData("expert-hidden", "0", "-1")]
    [InlineData("shared-expert", "0", "-1")]
    [InlineData("balance-loss", "0", "-0.1")]
    [InlineData("router-z-loss", "0", "-0.1")]
    [InlineData("router-noise", "0", "-0.1")]
    [InlineData("expert-capacity", "0", "-0.1")]
    [InlineData("labels", "0", "-1")]
    public void A_setting_ends_where_it_says(string name, string within, string beyond)
    {
        var field = RunConfig.Field(name)!;
        Assert.True(field.Holds(field.Set(new(), within)!));
        Assert.Contains($"--{name}: is {beyond}; allowed: {field.Allowed}", Faults(name, beyond), StringComparison.Ordinal);
    }

    /// <summary>Words, letters and lists that are none of a setting's are refused by its name.</summary>
    [Theory]
    [InlineData("bias", "qkv+qk")]
    [InlineData("bias", "qkv,output")]
    [InlineData("bias", "qkv+")]
    [InlineData("bias", "")]
    [InlineData("pattern", "wfx")]
    [InlineData("pattern", "")]
    [InlineData("pattern", "e")]
    [InlineData("expert-pattern", "w")]
    [InlineData("rope-short", "1+0")]
    [InlineData("rope-short", "1+")]
    [InlineData("rope-long", "1+-2")]
    [InlineData("rope-long", "1+NaN")]
    [InlineData("rope-long", "1,2")]
    [InlineData("lora-ranks", "q")]
    [InlineData("lora-ranks", "q=0")]
    [InlineData("lora-ranks", "q=1.5")]
    [InlineData("lora-ranks", "q=65537")]
    [InlineData("lora-ranks", "=1")]
    [InlineData("lora-ranks", "q=1+")]
    [InlineData("lora-alphas", "q=NaN")]
    [InlineData("lora-alphas", "q=1=2")]
    [InlineData("lora-bias", "some")]
    [InlineData("lora-saved", "head+")]
    [InlineData("norm-kind", "rmsnorm")]
    [InlineData("positions", "rope")]
    [InlineData("judge", "exact=1+exact=2")]
    [InlineData("judge", "exact+")]
    [InlineData("judge", "format:(")]
    [InlineData("judge", "length:0")]
    [InlineData("judge", "length:x")]
    [InlineData("judge", "function:")]
    [InlineData("logs", "csv+csv")]
    [InlineData("logs", "none+csv")]
    [InlineData("logs", "csv+")]
    [InlineData("logs", "")]
    [InlineData("logs", "wandb")]
    [InlineData("otlp-endpoint", "localhost:4318")]
    [InlineData("otlp-endpoint", "http://")]
    public void What_is_no_value_is_refused(string name, string beyond) =>
        Assert.Contains($"--{name}: is {beyond}; allowed: {RunConfig.Field(name)!.Allowed}", Faults(name, beyond), StringComparison.Ordinal);

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
