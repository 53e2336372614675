namespace Functional.Tests.Properties;

/// <summary>Every rule of a decoder's configuration, on its edge and a step beyond it, in its words.</summary>
public sealed class DecoderRuleTests
{
    const string Held = "; allowed: up to 2147483647, the most that one tensor holds", Rotary = "positions=rotary",
        Experts = "experts=2 experts-chosen=1";

    static DecoderConfig With(string settings) => settings.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static word => word.Split('='))
        .Aggregate(new RunConfig { Model = new() { Vocabulary = 256 } }, static (config, word) => word[0] == "vocabulary"
            ? config with { Model = config.Model with { Vocabulary = int.Parse(word[1], System.Globalization.CultureInfo.InvariantCulture) } }
            : RunConfig.Field(word[0])!.Set(config, word[1])!).Model;

    static string Faults(DecoderConfig config) => config.Validate().Match(static _ => "", static f => f.Lines());

    [Theory]
    [InlineData("layers=1", "layers=0", "layers: is 0; allowed: 1 or more")]
    [InlineData("heads=1", "heads=0", "heads: is 0; allowed: 1 or more")]
    [InlineData("width=1 heads=1", "width=0", "width: is 0; allowed: 1 or more")]
    [InlineData("context=1", "context=0", "context: is 0; allowed: 1 or more")]
    [InlineData("vocabulary=1", "vocabulary=0", "vocabulary: is 0; allowed: 1 or more")]
    [InlineData("hidden-multiple=1", "hidden-multiple=0", "hidden-multiple: is 0; allowed: 1 or more")]
    [InlineData("key-heads=0", "key-heads=-1", "key-heads: is -1; allowed: 0 or more")]
    [InlineData("head-size=0", "head-size=-1", "head-size: is -1; allowed: 0 or more")]
    [InlineData("hidden=0", "hidden=-1", "hidden: is -1; allowed: 0 or more")]
    [InlineData("embedding-width=0", "embedding-width=-1", "embedding-width: is -1; allowed: 0 or more")]
    [InlineData("labels=0", "labels=-1", "labels: is -1; allowed: 0 or more")]
    [InlineData("window=0", "window=-1", "window: is -1; allowed: 0 or more")]
    [InlineData("sinks=0", "sinks=-1 window=1", "sinks: is -1; allowed: 0 or more")]
    [InlineData("width=126 head-size=32", "width=126", "width: 126 is not divisible by heads 4; allowed: a multiple of 4")]
    [InlineData("key-heads=2", "key-heads=3", "key-heads: 3 does not divide heads 4; allowed: a divisor of 4")]
    [InlineData("key-heads=4", "key-heads=8", "key-heads: 8 does not divide heads 4; allowed: a divisor of 4")]
    [InlineData("dropout=0.999", "dropout=1", "dropout: is 1; allowed: at least 0 and less than 1")]
    [InlineData("norm-epsilon=0.999", "norm-epsilon=1", "norm-epsilon: is 1; allowed: above 0 and less than 1")]
    [InlineData("norm-epsilon=1E-30", "norm-epsilon=0", "norm-epsilon: is 0; allowed: above 0 and less than 1")]
    [InlineData("attention-scale=0", "attention-scale=-1", "attention-scale: is -1; allowed: 0 or more")]
    [InlineData("attention-cap=0", "attention-cap=-1", "attention-cap: is -1; allowed: 0 or more")]
    [InlineData("logit-cap=0", "logit-cap=-1", "logit-cap: is -1; allowed: 0 or more")]
    [InlineData("qkv-clip=0", "qkv-clip=-1", "qkv-clip: is -1; allowed: 0 or more")]
    [InlineData("sinks=1 window=1", "sinks=1", "sinks: is 1 without a window; allowed: 0, or a window")]
    [InlineData("window=1073741823", "window=1073741824", "window: is 1073741824 with sinks 0; allowed: up to 1073741823 together")]
    [InlineData("window=1073741822 sinks=1", "window=1073741823 sinks=1", "window: is 1073741823 with sinks 1; allowed: up to 1073741823 together")]
    [InlineData("positions=none window=16777215", "positions=none window=16777216", "window: makes 16777216 × 4 × 32 = 2147483648" + Held)]
    [InlineData("layers=256 window=2 pattern=wwwwwwwwwwwwwwwf expert-pattern=eeeeeeeeeeeeeeeed experts=2",
        "layers=257 window=2 pattern=wwwwwwwwwwwwwwwf expert-pattern=eeeeeeeeeeeeeeeed experts=2",
        "pattern: makes 257 kinds of layers in a row; allowed: patterns that begin again together after 64 layers or fewer, or 256 layers")]
    [InlineData("layers=1000 window=2 pattern=wwwwwwwwf expert-pattern=eeeeeed experts=2", "layers=1000 window=2 pattern=wwwwwwwwf expert-pattern=eeeeeeed experts=2",
        "pattern: makes 72 kinds of layers in a row; allowed: patterns that begin again together after 64 layers or fewer, or 256 layers")]
    [InlineData("positions=learned rope-base=1", Rotary + " rope-base=1", "rope-base: is 1; allowed: above 1")]
    [InlineData(Rotary + " rope-local-base=0", Rotary + " rope-local-base=1", "rope-local-base: is 1; allowed: 0, or above 1")]
    [InlineData(Rotary + " rope-share=0.0625", Rotary + " rope-share=0.1", "rope-share: 0.1 of a head of 32 turns 3 numbers; allowed: an even number of them, 2 or more")]
    [InlineData(Rotary + " rope-share=1", Rotary + " rope-share=0.03", "rope-share: 0.03 of a head of 32 turns 0 numbers; allowed: an even number of them, 2 or more")]
    [InlineData(Rotary + " head-size=2", Rotary + " head-size=3", "rope-share: 1 of a head of 3 turns 3 numbers; allowed: an even number of them, 2 or more")]
    [InlineData(Rotary + " rope-scaling=linear rope-factor=1", Rotary + " rope-scaling=linear rope-factor=0.5", "rope-factor: is 0.5; allowed: 1 or more")]
    [InlineData(Rotary + " rope-scaling=dynamic head-size=4", Rotary + " rope-scaling=dynamic head-size=2",
        "rope-scaling: is dynamic for heads of which 2 numbers are turned; allowed: more of them")]
    [InlineData(Rotary + " rope-scaling=llama3 rope-original-context=2", Rotary + " rope-scaling=llama3 rope-original-context=1",
        "rope-original-context: is 1; allowed: 2 or more")]
    [InlineData(Rotary + " rope-scaling=yarn context=2", Rotary + " rope-scaling=yarn context=1", "rope-original-context: is 1; allowed: 2 or more")]
    [InlineData(Rotary + " rope-scaling=llama3 rope-low=1 rope-high=1.1", Rotary + " rope-scaling=llama3 rope-low=1 rope-high=1",
        "rope-high: is 1; allowed: above rope-low, both above 0")]
    [InlineData(Rotary + " rope-scaling=yarn rope-fast=1 rope-slow=1", Rotary + " rope-scaling=yarn rope-fast=0.5 rope-slow=1",
        "rope-fast: is 0.5; allowed: rope-slow or more, both above 0")]
    [InlineData(Rotary + " rope-scaling=yarn rope-attention-factor=0", Rotary + " rope-scaling=yarn rope-attention-factor=-1",
        "rope-attention-factor: is -1; allowed: 0 or more")]
    [InlineData(Rotary + " rope-scaling=yarn rope-magnitude=0", Rotary + " rope-scaling=yarn rope-magnitude=-1", "rope-magnitude: is -1; allowed: 0 or more")]
    [InlineData(Rotary + " rope-scaling=yarn rope-magnitude-all=0", Rotary + " rope-scaling=yarn rope-magnitude-all=-1",
        "rope-magnitude-all: is -1; allowed: 0 or more")]
    [InlineData(Rotary + " head-size=4 rope-scaling=long rope-short=1+2 rope-long=1+2", Rotary + " head-size=4 rope-scaling=long rope-short=1 rope-long=1+2",
        "rope-short: is 1; allowed: 2 numbers, one for each pair")]
    [InlineData(Rotary + " head-size=4 rope-scaling=long rope-short=1+2 rope-long=1+0.001", Rotary + " head-size=4 rope-scaling=long rope-short=1+2 rope-long=1+0",
        "rope-long: is 0; allowed: numbers above 0")]
    [InlineData("experts=0", "experts=-1", "experts: is -1; allowed: 0 or more")]
    [InlineData("experts=2 experts-chosen=2", "experts=2 experts-chosen=3", "experts-chosen: is 3 of 2; allowed: 1 to 2")]
    [InlineData("experts=2 experts-chosen=1", "experts=2 experts-chosen=0", "experts-chosen: is 0 of 2; allowed: 1 to 2")]
    [InlineData(Experts + " expert-hidden=0", Experts + " expert-hidden=-1", "expert-hidden: is -1; allowed: 0 or more")]
    [InlineData(Experts + " shared-expert=0", Experts + " shared-expert=-1", "shared-expert: is -1; allowed: 0 or more")]
    [InlineData(Experts + " shared-expert=1 shared-expert-gate=true", Experts + " shared-expert-gate=true",
        "shared-expert-gate: is true without a shared expert; allowed: false, or a shared-expert")]
    [InlineData(Experts + " balance-loss=0", Experts + " balance-loss=-1", "balance-loss: is -1; allowed: 0 or more")]
    [InlineData(Experts + " router-z-loss=0", Experts + " router-z-loss=-1", "router-z-loss: is -1; allowed: 0 or more")]
    [InlineData(Experts + " router-noise=0", Experts + " router-noise=-1", "router-noise: is -1; allowed: 0 or more")]
    [InlineData(Experts + " expert-capacity=0", Experts + " expert-capacity=-1", "expert-capacity: is -1; allowed: 0 or more")]
    [InlineData("vocabulary=16777215", "vocabulary=16777216", "vocabulary: makes vocabulary × width = 2147483648" + Held)]
    [InlineData("vocabulary=536870911 embedding-width=4", "vocabulary=536870912 embedding-width=4",
        "vocabulary: makes vocabulary × embedding-width = 2147483648" + Held)]
    [InlineData("vocabulary=1 embedding-width=16777215", "vocabulary=1 embedding-width=16777216",
        "embedding-width: makes width × embedding-width = 2147483648" + Held)]
    [InlineData("context=16777215", "context=16777216", "context: makes context × width = 2147483648" + Held)]
    [InlineData("labels=16777215", "labels=16777216", "labels: makes labels × width = 2147483648" + Held)]
    [InlineData("heads=1 width=23170", "heads=1 width=23171", "width: makes 4 × width × width = 2147580964" + Held)]
    [InlineData("heads=1 hidden=4 width=26754", "heads=1 hidden=4 width=26755", "width: makes 3 × width × width = 2147490075" + Held)]
    [InlineData("hidden=16777215", "hidden=16777216", "hidden: makes width × hidden = 2147483648" + Held)]
    [InlineData("hidden-multiple=16777215", "hidden-multiple=16777216", "hidden-multiple: makes width × 16777216 = 2147483648" + Held)]
    [InlineData("head-size=1398101", "head-size=1398102", "head-size: makes 3 × width × heads × head-size = 2147484672" + Held)]
    [InlineData(Experts + " expert-hidden=8388607", Experts + " expert-hidden=8388608", "experts: makes experts × width × expert-hidden = 2147483648" + Held)]
    [InlineData("experts=32767 experts-chosen=1", "experts=32768 experts-chosen=1", "experts: makes experts × width × 512 = 2147483648" + Held)]
    [InlineData(Experts + " shared-expert=16777215", Experts + " shared-expert=16777216", "shared-expert: makes width × shared-expert = 2147483648" + Held)]
    public void A_rule_holds_to_its_edge(string within, string beyond, string fault)
    {
        Assert.Equal("", Faults(With(within)));
        Assert.Equal(fault, Faults(With(beyond)));
    }

    /// <summary>What only code can ask for.</summary>
    [Fact]
    public void Words_that_there_are_not_are_refused()
    {
        Assert.Equal("activation: is 99; allowed: Gelu, GeluTanh, Relu, ReluSquared, Silu, SwiGlu, GeGlu, GeGluTanh", Faults(new() { Activation = (Activation)99 }));
        Assert.Equal("norm-kind: is 99; allowed: Layer, Rms, RmsPlusOne", Faults(new() { Norm = (NormKind)99 }));
        Assert.Equal("norm: is 99; allowed: Pre, Post, Sandwich, Parallel", Faults(new() { NormPlacement = (NormPlacement)99 }));
        Assert.Equal("positions: is 99; allowed: Learned, Sinusoidal, Rotary, Alibi, None", Faults(new() { Positions = (Positions)99 }));
        Assert.Equal("query-key-norm: is 99; allowed: None, Head, Width", Faults(new() { QueryKeyNorm = (QueryKeyNorm)99 }));
        Assert.Equal("rope-scaling: is 99; allowed: None, Linear, Dynamic, Llama3, Yarn, Long",
            Faults(new() { Positions = Positions.Rotary, Rotary = new() { Kind = (RopeKind)99 } }));
        Assert.Equal("bias: is 16; allowed: some of qkv, output, feed-forward, norms", Faults(new() { Bias = (Biases)16 }));
        Assert.Equal("pattern: is wx; allowed: letters w and f", Faults(new() { Pattern = "wx" }));
        Assert.Equal("expert-pattern: is w; allowed: letters e and d", Faults(new() { Experts = new() { Count = 2, Pattern = "w" } }));
        Assert.Equal("attention-cap: is ∞; allowed: 0 or more", Faults(new() { AttentionCap = double.PositiveInfinity }).Replace("Infinity", "∞", StringComparison.Ordinal));
        Assert.Equal("rope-share: is NaN; allowed: above 0 and up to 1", Faults(new() { Positions = Positions.Rotary, Rotary = new() { Share = double.NaN } }).Split('\n')[0]);
    }

    /// <summary>What each token makes in a step is bounded by the largest of its layers, whichever that is.</summary>
    [Theory]
    [InlineData("batch=2 context=1048576 width=4 heads=1 hidden=1023", "batch=2 context=1048576 width=4 heads=1 hidden=1024", "batch: makes batch × context × hidden = 2147483648" + Held)]
    [InlineData("batch=2 context=1048576 width=4 heads=1 head-size=341", "batch=2 context=1048576 width=4 heads=1 head-size=342", "batch: makes batch × context × 1026 = 2151677952" + Held)]
    [InlineData("batch=2 context=1048576 width=4 heads=1 experts=8 experts-chosen=8 expert-hidden=127", "batch=2 context=1048576 width=4 heads=1 experts=8 experts-chosen=8 expert-hidden=128",
        "batch: makes batch × context × 1024 = 2147483648" + Held)]
    [InlineData("batch=2 context=1048576 width=4 heads=1 experts=1023 experts-chosen=1", "batch=2 context=1048576 width=4 heads=1 experts=1024 experts-chosen=1",
        "batch: makes batch × context × 1024 = 2147483648" + Held)]
    [InlineData("batch=2 context=1048576 width=255 heads=1", "batch=2 context=1048576 width=256 heads=1", "batch: makes batch × context × 4 × width = 2147483648" + Held)]
    public void A_step_holds_to_its_edge(string within, string beyond, string fault)
    {
        Assert.Equal("", Run(within));
        Assert.Equal(fault, Run(beyond));

        static string Run(string settings) => settings.Split(' ').Select(static word => word.Split('='))
            .Aggregate(new RunConfig(), static (config, word) => RunConfig.Field(word[0])!.Set(config, word[1])!).Validate().Match(static _ => "", static f => f.Lines());
    }
}
