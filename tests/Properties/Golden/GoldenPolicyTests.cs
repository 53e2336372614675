using System.Text.Json;
using Xunit;

namespace Functional.Tests.Properties;

/// <summary>Losses of policies, their gradients and the advantages before them as TRL computed them in float32, to its seven digits; losses on every engine.</summary>
public sealed class GoldenPolicyTests
{
    const double Digits = 5e-6;

    static JsonElement File(string name) =>
        JsonDocument.Parse(System.IO.File.ReadAllText(Path.Combine(SourceTree.Root, "tests", "Properties", "Golden", "trl", $"{name}.json"))).RootElement;

    static double[] Numbers(JsonElement e) => e.ValueKind switch
    {
        JsonValueKind.Array => [.. e.EnumerateArray().SelectMany(Numbers)], JsonValueKind.Null => [double.NaN], _ => [e.GetDouble()],
    };

    static Value Of(JsonElement e) => Value.Of(new([e.GetArrayLength(), e[0].GetArrayLength()]), Numbers(e));

    static double? Number(JsonElement e, string name) => e.TryGetProperty(name, out var n) && n.ValueKind == JsonValueKind.Number ? n.GetDouble() : null;

    static void Check(string what, double expected, double actual) =>
        Assert.True(Math.Abs(expected - actual) <= Digits * Math.Max(1, Math.Abs(expected)), $"{what}: expected {expected:R}, was {actual:R}");

    static void CheckAll(string what, IEnumerable<double> expected, IEnumerable<double> actual)
    {
        Assert.Equal(expected.Count(), actual.Count());
        foreach (var (i, (e, a)) in expected.Zip(actual).Index()) Check($"{what} {i}", e, a);
    }

    // On every engine: the mean loss, its gradient by the first of the inputs, and what is shown.
    static void Same(string what, Func<Params<Tensor>, Loss> loss, Params<Value> given, double mean, JsonElement? gradient, Params<double> shown)
    {
        var inputs = given.Map(static (name, value) => Create.Input(name, value.Type));
        var of = loss(inputs);
        var program = Program.Of([new("loss", of.Total.Mean), .. shown.Select(s => new Named($"shown/{s.Name}", of.Shown[s.Name].Mean)),
            new("gradient", Vjp.Gradients(of.Total.Sum, [inputs["tokens"]])[0] / of.Total.Weight)]);
        var values = given.Where(g => program.Inputs.Any(i => i.Name == g.Name)).ToDictionary(static g => g.Name, static g => g.Value);
        foreach (var (name, make) in EngineList.All)
        {
            using var engine = make();
            var outputs = Runs.On(engine)(program, values);
            Check($"{what} on {name}", mean, outputs["loss"][0]);
            foreach (var (key, expected) in shown) Check($"{what} on {name}, {key}", expected, outputs[$"shown/{key}"][0]);
            if (gradient is not { } g) continue;
            foreach (var (i, expected) in Numbers(g).Index()) Check($"{what} on {name}, gradient {i}", expected, outputs["gradient"][i]);
        }
    }

    public static TheoryData<int> GroupCases => [.. Enumerable.Range(0, File("grpo").GetProperty("cases").GetArrayLength())];

    [Theory, MemberData(nameof(GroupCases))]
    public void Losses_of_groups_are_those_of_trl(int index)
    {
        var (inputs, one) = (File("grpo").GetProperty("inputs"), File("grpo").GetProperty("cases")[index]);
        var name = one.GetProperty("loss_type").GetString()!.Replace('_', '-');
        var options = new PolicyOptions
        {
            Beta = one.GetProperty("beta").GetDouble(), Low = one.GetProperty("epsilon_low").GetDouble(), High = one.GetProperty("epsilon_high").GetDouble(),
            Level = one.GetProperty("importance_sampling_level").GetString() switch
            {
                "sequence" => RatioLevel.Sequence, "sequence_token" => RatioLevel.SequenceToken, _ => RatioLevel.Token,
            },
            Delta = Number(one, "delta"), Length = Number(one, "max_completion_length") ?? 1, TopEntropy = Number(one, "top_entropy_quantile") ?? 1,
            OffPolicy = Number(one, "off_policy_mask_threshold"), Entropy = Number(one, "entropy_coef") ?? 0,
            WeightsKl = one.TryGetProperty("use_bias_correction_kl", out var weighs) && weighs.GetBoolean(),
            // TRL's bound of CISPO is the ratio itself.
            Ceiling = name == "cispo" ? one.GetProperty("epsilon_high").GetDouble() : null,
            SoftClip = (Number(one, "sapo_temperature_pos") ?? 1, Number(one, "sapo_temperature_neg") ?? 1.05),
            GammaPositive = (Number(one, "vespo_k_pos") ?? 2, Number(one, "vespo_lambda_pos") ?? 3),
            GammaNegative = (Number(one, "vespo_k_neg") ?? 3, Number(one, "vespo_lambda_neg") ?? 2), CountsEmpty = true,
        };
        var (tokens, mask) = (Of(inputs.GetProperty("per_token_logps")), Of(inputs.GetProperty("completion_mask")));
        var (rows, time) = (tokens.Type.Shape[0], tokens.Type.Shape[1]);
        var onPolicy = one.TryGetProperty("old_per_token_logps", out _);
        var old = Of(inputs.GetProperty(onPolicy ? "per_token_logps" : "old_per_token_logps"));
        var advantages = Numbers(inputs.GetProperty("advantages"));
        // TRL's VESPO multiplies the ratios of padding as well, which in its trainer are 1; here they are given to each row's first token.
        var corrections = Numbers(inputs.GetProperty("importance_sampling_ratio"));
        var sampling = Enumerable.Range(0, rows * time).Select(i => old[i] - (name != "vespo" || mask[i] == 0 ? 0 : Math.Log(corrections[i])
            + (i % time > 0 ? 0 : Enumerable.Range(i, time).Where(k => mask[k] == 0).Sum(k => Math.Log(corrections[k])))));
        if (name == "vespo") options = options with { Correction = SamplingCorrection.TokenTruncate, CorrectionMost = 1e6 };
        var metrics = one.GetProperty("metrics");
        var shown = Params.Of(("entropy", metrics.GetProperty("entropy").GetDouble()));
        foreach (var (theirs, ours) in (ReadOnlySpan<(string, string)>)[("kl", "kl"), ("clip_ratio/low_mean", "clipped_low"), ("clip_ratio/high_mean", "clipped_high"),
            ("cispo_clip_ratio", "clipped_high"), ("policy_loss", "policy")])
            if (Number(metrics, theirs) is { } metric) shown = shown.Add(ours, metric);
        Same($"{name} {index}", x => PolicyLosses.Of(PolicyLosses.Find(name)!, new PolicyTerms(x["tokens"], onPolicy ? x["tokens"].StopGradient() : x["old"],
                x["advantages"], x["mask"]) { Reference = x["reference"], Entropies = x["entropies"], Sampling = x["sampling"] }, options),
            Params.Of(("tokens", tokens), ("old", old), ("mask", mask), ("reference", Of(inputs.GetProperty("ref_per_token_logps"))),
                ("entropies", Of(inputs.GetProperty("entropies"))), ("sampling", Value.Of(tokens.Type, [.. sampling])),
                ("advantages", Value.Of(tokens.Type, [.. Enumerable.Range(0, rows * time).Select(i => advantages[i / time])]))),
            one.GetProperty("loss").GetDouble(), one.GetProperty("grad_wrt_per_token_logps"), shown);
    }

    [Fact]
    public void The_loss_of_answers_is_that_of_trl()
    {
        var one = File("rloo").GetProperty("loss_case");
        var (tokens, mask) = (Of(one.GetProperty("per_token_logps")), Of(one.GetProperty("completion_mask")));
        var (time, sums, advantages) = (tokens.Type.Shape[1], Numbers(one.GetProperty("old_logps")), Numbers(one.GetProperty("advantages")));
        Value Each(Func<int, double> of) => Value.Of(tokens.Type, [.. Enumerable.Range(0, sums.Length * time).Select(of)]);
        Same("rloo", x => PolicyLosses.Of(PolicyLosses.Find("rloo")!, new(x["tokens"], x["old"], x["advantages"], x["mask"]), new()), Params.Of(("tokens", tokens),
            // Only the sum of a row's tokens counts.
            ("old", Each(i => i % time == 0 ? sums[i / time] : 0)), ("advantages", Each(i => advantages[i / time])), ("mask", mask)),
            one.GetProperty("loss").GetDouble(), one.GetProperty("grad_wrt_per_token_logps"), Params<double>.Empty);
    }

    static Vec<Vec<double>> Kinds(JsonElement rewards) =>
        [.. Enumerable.Range(0, rewards[0].GetArrayLength()).Select(k => (Vec<double>)[.. rewards.EnumerateArray().Select(r => Numbers(r)[k])])];

    [Fact]
    public void Advantages_of_groups_are_those_of_trl()
    {
        foreach (var one in File("grpo").GetProperty("advantages").GetProperty("cases").EnumerateArray())
        {
            var (kinds, weights) = (Kinds(one.GetProperty("rewards_per_func")), (Vec<double>)[.. Numbers(one.GetProperty("reward_weights"))]);
            var options = new GroupOptions
            {
                Scale = one.GetProperty("scale_rewards").GetString() switch
                {
                    "group" => AdvantageScale.Group, "batch" => AdvantageScale.BatchRewards, _ => AdvantageScale.None,
                },
            }.AsTrl();
            var groups = kinds[0].Map((_, i) => i / 4);
            var of = one.GetProperty("multi_objective_aggregation").GetString() == "normalize_then_sum" ? GroupAdvantages.OfKinds(kinds, weights, groups, options)
                : GroupAdvantages.Of(Rewards.Sum(kinds, weights), groups, options);
            CheckAll(one.GetProperty("name").GetString()!, Numbers(one.GetProperty("advantages")), of.Each);
            Check("flat", one.GetProperty("frac_reward_zero_std").GetDouble(), (double)of.Flat / of.Groups);
        }
    }

    [Fact]
    public void Advantages_of_answers_beside_the_others_are_those_of_trl()
    {
        foreach (var one in File("rloo").GetProperty("advantages").EnumerateArray())
        {
            var kinds = Kinds(one.GetProperty("rewards_per_func"));
            var rewards = Rewards.Sum(kinds, kinds.Map(static _ => 1.0));
            if (one.GetProperty("reward_clip_range") is { ValueKind: JsonValueKind.Array } range)
                rewards = rewards.Map(r => Math.Clamp(r, range[0].GetDouble(), range[1].GetDouble()));
            if (one.GetProperty("beta").GetDouble() is > 0 and var beta)
                rewards = rewards.Map((r, i) => r - beta * Kl.Sum(KlEstimator.K1, [.. Numbers(one.GetProperty("old_per_token_logps")[i])],
                    [.. Numbers(one.GetProperty("ref_per_token_logps")[i])], [true, true, true]));
            var options = one.GetProperty("normalize_advantages").GetBoolean() ? GroupOptions.Rloo with { Scale = AdvantageScale.Batch } : GroupOptions.Rloo;
            CheckAll(one.GetProperty("name").GetString()!, Numbers(one.GetProperty("advantages")),
                GroupAdvantages.Of(rewards, one.GetProperty("num_generations").GetInt32(), options.AsTrl()).Each);
        }
    }

    static Vec<bool> Not(JsonElement padding) => [.. Numbers(padding).Select(static p => p == 0)];

    [Fact]
    public void Whitening_is_that_of_trl()
    {
        var helpers = File("ppo").GetProperty("masked_helpers");
        Vec<bool> counts = [.. Numbers(helpers.GetProperty("mask")).Select(static m => m > 0)];
        Vec<double> values = [.. Numbers(helpers.GetProperty("values"))];
        foreach (var (name, how) in (ReadOnlySpan<(string, Whitening)>)[("masked_whiten", Whitening.Trl), ("masked_whiten_shift_mean_false", Whitening.Trl with { ShiftsMean = false })])
            CheckAll(name, Numbers(helpers.GetProperty(name)).Select((x, i) => counts[i] ? x : 0), Advantages.Whitened(values, counts, how));
    }

    public static TheoryData<int> PpoCases => [.. Enumerable.Range(0, File("ppo").GetProperty("cases").GetArrayLength())];

    /// <summary>From log-probabilities, values and scores to rewards, advantages and returns.</summary>
    [Theory, MemberData(nameof(PpoCases))]
    public void Rollouts_become_the_advantages_of_trl(int index)
    {
        var one = File("ppo").GetProperty("cases")[index];
        var rollout = one.GetProperty("rollout");
        var (counts, longer) = (Not(rollout.GetProperty("padding_mask")), Not(rollout.GetProperty("padding_mask_p1")));
        var (rows, time) = (rollout.GetProperty("values").GetArrayLength(), rollout.GetProperty("values")[0].GetArrayLength());
        Vec<T> Row<T>(IEnumerable<T> all, int row) => [.. all.Skip(row * time).Take(time)];
        Vec<double> Given(string name, int row) => Row(Numbers(rollout.GetProperty(name)), row);
        var kl = one.GetProperty("kl_estimator").GetString() == "k1" ? KlEstimator.K1 : KlEstimator.K3;
        Vec<double> rewards = [.. Enumerable.Range(0, rows).SelectMany(row => Rewards.OfTokens(Numbers(rollout.GetProperty("scores"))[row], Given("logprobs", row),
            Given("ref_logprobs", row), Row(counts, row), one.GetProperty("kl_coef").GetDouble(), kl, behind: true))];
        if (one.GetProperty("whiten_rewards").GetBoolean()) rewards = Advantages.Whitened(rewards, longer, Whitening.Trl with { ShiftsMean = false });
        CheckAll("rewards", Numbers(rollout.GetProperty("rewards")), rewards);
        Vec<Estimates> estimates = [.. Enumerable.Range(0, rows).Select(row => Advantages.Gae(Row(rewards, row), Given("values", row), Row(longer, row),
            one.GetProperty("gamma").GetDouble(), one.GetProperty("lam").GetDouble()))];
        Vec<double> advantages = [.. estimates.SelectMany(static e => e.Advantages)];
        CheckAll("before", Numbers(rollout.GetProperty("advantages_before_whitening")), advantages);
        CheckAll("returns", Numbers(rollout.GetProperty("returns")), estimates.SelectMany(static e => e.Returns));
        CheckAll("advantages", Numbers(rollout.GetProperty("advantages")), Advantages.Whitened(advantages, counts, Whitening.Trl));
    }

    /// <summary>The losses of policy and values of each update.</summary>
    [Theory, MemberData(nameof(PpoCases))]
    public void Updates_have_the_losses_of_trl(int index)
    {
        var one = File("ppo").GetProperty("cases")[index];
        var (clip, masks) = (one.GetProperty("cliprange").GetDouble(), one.GetProperty("rollout").GetProperty("padding_mask"));
        var values = new ValueOptions { Clip = one.GetProperty("cliprange_value").GetDouble(), Weight = one.GetProperty("vf_coef").GetDouble(), Longer = true };
        foreach (var step in one.GetProperty("minibatch_steps").EnumerateArray())
        {
            Value In(string name) => Of(step.GetProperty(name));
            var mask = step.GetProperty("micro_batch_inds").EnumerateArray().SelectMany(i => Numbers(masks[i.GetInt32()])).Select(static p => 1 - p);
            Same($"ppo {index}", x => ValueLosses.With(
                PolicyLosses.Of(PolicyLosses.Find("ppo")!, new(x["tokens"], x["old"], x["advantages"], x["mask"]), new() { Low = clip, High = clip }),
                ValueLosses.Of(new(x["values"], x["before"], x["returns"], ValueTerms.Longer(x["mask"])), values), values),
                Params.Of(("tokens", In("new_logprobs")), ("old", In("mb_logprobs")), ("advantages", In("mb_advantage")), ("values", In("vpred")),
                    ("before", In("mb_values")), ("returns", In("mb_return")), ("mask", Value.Of(In("mb_return").Type, [.. mask]))),
                step.GetProperty("loss").GetDouble(), null, Params.Of(("policy", step.GetProperty("pg_loss").GetDouble()),
                    ("value", step.GetProperty("vf_loss").GetDouble()), ("value_clipped", step.GetProperty("vf_clipfrac").GetDouble())));
        }
    }
}
