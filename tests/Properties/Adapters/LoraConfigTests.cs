using Functional.Tests.Properties.Training;

namespace Functional.Tests.Properties.Adapters;

/// <summary>Patterns, scales, faults and figures of adapters.</summary>
public sealed class LoraConfigTests
{
    static readonly DecoderConfig config = new()
    {
        Layers = 12, Heads = 4, KeyHeads = 2, Width = 8, Context = 4, Vocabulary = 7, Bias = Biases.Qkv, Activation = Activation.SwiGlu, TiedHead = false,
    };

    static readonly Model model = Transformer.Of(config);

    static Vec<string> Sites(LoraConfig lora) => TinyRun.Get(LoraPlan.Of(model, lora)).Adapters.Map(static a => a.Site.Name);

    [Theory]
    [InlineData("q", 12), InlineData("blocks.1.q", 1), InlineData("1.q", 1), InlineData("blocks.*.q", 12), InlineData("blocks.1*.k", 3), InlineData("all", 84)]
    [InlineData("qkv", 12), InlineData("gate_up", 12), InlineData("blocks.3.gate_up", 1), InlineData("*.up", 12), InlineData("tokens", 1), InlineData("head", 1)]
    [InlineData("blocks.0.*", 7), InlineData("*", 86), InlineData("*e", 12)]
    public void Patterns_mean_as_many_sites(string pattern, int count) => Assert.Equal(count, Sites(new() { Targets = [pattern] }).Count);

    [Fact]
    public void Parts_of_a_packed_matrix_are_where_they_are()
    {
        Stretch Of(string name) => Assert.Single(model.Sites.Single(s => s.Name == name).Stretches);
        Assert.Equal(new("blocks.0.qkv.weight", 0, 8, 16), Of("blocks.0.q"));
        Assert.Equal(new("blocks.0.qkv.weight", 8, 4, 16), Of("blocks.0.k"));
        Assert.Equal(new("blocks.0.qkv.weight", 12, 4, 16), Of("blocks.0.v"));
        Assert.Equal(["blocks.0.gate.weight", "blocks.0.up.weight"], model.Sites.Single(static s => s.Name == "blocks.0.gate_up").Stretches.Map(static s => s.Matrix));
    }

    [Fact]
    public void Ranks_and_alphas_are_those_of_the_first_pattern_that_fits()
    {
        var plan = TinyRun.Get(LoraPlan.Of(model, new()
        {
            Targets = ["q", "down"], Rank = 4, Alpha = 8, Ranks = [new("blocks.1.q", 9), new("q", 2)], Alphas = [new("down", 3), new("*", 5)], Excluded = ["blocks.2.*"],
        }));
        (int, double) Of(string name) => plan.Adapters.Single(a => a.Site.Name == name) is var a ? (a.Rank, a.Scale) : default;
        Assert.Equal((9, 5.0 / 9), Of("blocks.1.q"));
        Assert.Equal((2, 5.0 / 2), Of("blocks.11.q"));
        Assert.Equal((4, 3.0 / 4), Of("blocks.0.down"));
        Assert.DoesNotContain(plan.Adapters, static a => a.Site.Name.StartsWith("blocks.2.", StringComparison.Ordinal));
        Assert.Equal(3 / Math.Sqrt(4), TinyRun.Get(LoraPlan.Of(model, new() { Targets = ["q"], Rank = 4, Alpha = 3, RankStabilised = true })).Adapters[0].Scale);
    }

    [Fact]
    public void All_faults_are_told_at_once_by_their_names()
    {
        var faults = TinyRun.Faults(LoraPlan.Of(model, new() { Rank = 0, Alpha = double.NaN, Dropout = 1, Targets = ["q", ""] }));
        foreach (var part in (string[])["rank: is 0", "alpha: is NaN", "dropout: is 1; allowed", "pattern: is empty"]) Assert.Contains(part, faults, StringComparison.Ordinal);
        var unknown = TinyRun.Faults(LoraPlan.Of(model, new() { Targets = ["q_proj", "experts.up"], Saved = ["nothing"], Ranks = [new("x", 2)] }, "a.b"));
        foreach (var part in (string[])["targets: 'q_proj' is no layer", "targets: 'experts.up'", "saved: 'nothing'", "ranks: 'x'", "set: is called 'a.b'", "tokens, q, k, v, qkv, out"])
            Assert.Contains(part, unknown, StringComparison.Ordinal);
        Assert.Contains("mean both blocks.0.qkv and blocks.0.v, which is a part of it", TinyRun.Faults(LoraPlan.Of(model, new() { Targets = ["qkv", "v"] })), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Lora.Of(model, new LoraConfig { Targets = ["x"] }));
    }

    /// <summary>Biases of adapted parts alone: of the packed vector, what belongs to k stays frozen.</summary>
    [Fact]
    public void Biases_of_adapted_layers_are_parts_of_packed_ones()
    {
        var plan = TinyRun.Get(LoraPlan.Of(model, new() { Targets = ["q", "v", "down"], Bias = LoraBias.Adapted }));
        Assert.Equal(24, plan.Copies.Count);
        Assert.Equal([new("blocks.0.q.lora_bias", "blocks.0.qkv.bias", 0, 8, true, false), new("blocks.0.v.lora_bias", "blocks.0.qkv.bias", 12, 4, true, false)], plan.Copies.Take(2));
    }

    [Fact]
    public void The_share_of_what_learns_is_counted()
    {
        var share = TrainedShare.Of(Lora.Of(model, new LoraConfig { Targets = ["q", "v"], Rank = 2 }).Specs);
        Assert.Equal((12L * (2 * 8 + 2 * 8 + 2 * 8 + 2 * 4), model.ParameterCount + 12 * 56), (share.Trained, share.All));
        Assert.Equal(Params.Of(("q", 12L * 32), ("v", 12L * 24)), share.ByLayer);
        Assert.Equal($"672 of {share.All:N0} parameters learn ({share.Share * 100:0.##} %): q 384, v 288", share.ToString());
    }

    /// <summary>LoRA+: with plain gradient descent, B moves so many times as far, and A as before.</summary>
    [Property(MaxTest = 20)]
    public void B_has_a_rate_of_its_own(ushort seed)
    {
        var (based, batch) = (Transformer.Of(config with { Layers = 1 }), new BatchShape(2, 4));
        var plan = TinyRun.Get(LoraPlan.Of(based, new()));
        var objective = Objectives.NextToken(Lora.Of(based, plan), batch);
        var given = AnyLora.Learned(based, plan, seed).With((Names.Inputs, Runs.Tokens(batch, 7, seed)), (Names.Labels, Runs.Labels(batch, 7, seed)), (Names.LearningRate, Value.Scalar(0.1)));
        IReadOnlyDictionary<string, Value> After(GradientTransform t) => Programs.Step(objective, t, GradientClip.None).Evaluate(given);
        var (plain, plus) = (After(Optimisers.Sgd()), After(Optimisers.Sgd().Then(Optimisers.ScaleSome(Lora.IsB, 16))));
        foreach (var p in objective.Learned)
            Runs.Close(Runs.Changed(plain[p.Name], (v, i) => given[p.Name][i] + (Lora.IsB(p.Spec) ? 16 : 1) * (v - given[p.Name][i])), plus[p.Name], 1e-9, p.Name);
    }

    /// <summary>A partition is each of its transforms on its parameters, with their slots and scalars alone.</summary>
    [Fact]
    public void A_partition_has_each_ones_state()
    {
        var parts = GradientTransform.Where(Lora.IsB, Optimisers.AdamW(), Optimisers.Lion());
        Assert.Equal(Optimisers.AdamW().Slots(ParamSpec.Of("x.lora_b", [2, 3], Initializer.Zeros)), parts.Slots(ParamSpec.Of("x.lora_b", [2, 3], Initializer.Zeros)));
        Assert.Equal(Optimisers.Lion().Slots(ParamSpec.Of("x.lora_a", [2, 3], Initializer.Zeros)), parts.Slots(ParamSpec.Of("x.lora_a", [2, 3], Initializer.Zeros)));
        Assert.Equal(Optimisers.AdamW().Scalars.Map(static s => s.Name), parts.Scalars.Map(static s => s.Name));
        Assert.Equal(2, GradientTransform.Where(Lora.IsB, Optimisers.AdamW(), Optimisers.AdamW()).Scalars.Count);
    }
}
