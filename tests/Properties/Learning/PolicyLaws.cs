using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Learning;

/// <summary>The contract that every loss of policies keeps, found by the registry: a new one without its line here fails.</summary>
public sealed class PolicyLaws
{
    const int Rows = 4, Time = 5;
    static readonly string[] names = [.. PolicyLosses.All.Select(static l => l.Name)];
    static readonly int[] lengths = [5, 3, 1, 4];

    // How far a token's gradient at ratio 1 is divided, given its answer's length; and whether bounds stop it: by the clip of PPO, not at all, or more and more.
    static readonly Dictionary<string, (Func<double, double> Divided, Bound Bound)> table = new()
    {
        ["reinforce"] = (static _ => 13, Bound.None), ["ppo"] = (static _ => 13, Bound.Clip), ["grpo"] = (static n => 4 * n, Bound.Clip),
        ["bnpo"] = (static _ => 13, Bound.Clip), ["dr-grpo"] = (static _ => 4 * 8, Bound.Clip), ["dapo"] = (static _ => 13, Bound.Clip),
        ["gspo"] = (static n => 4 * n, Bound.Clip), ["gspo-token"] = (static n => 4 * n, Bound.Clip), ["luspo"] = (static _ => 4, Bound.Clip),
        // The answer as a whole: each of its tokens counts in full.
        ["rloo"] = (static _ => 4, Bound.Clip),
        ["cispo"] = (static _ => 13, Bound.None), ["sapo"] = (static n => 4 * n, Bound.Soft), ["vespo"] = (static _ => 13, Bound.None),
    };

    enum Bound { Clip, None, Soft }

    public static TheoryData<string> Names => [.. names];

    static readonly PolicyOptions plain = new() { Length = 8, Low = 0.1, High = 0.5 };

    // All that options can ask for.
    static readonly PolicyOptions full = plain with
    {
        Beta = 0.3, Entropy = 0.1, TopEntropy = 0.6, OffPolicy = 0.05, Correction = SamplingCorrection.TokenTruncate, CorrectionMost = 1.5, WeightsKl = true, Delta = 2,
        DualClip = 3,
    };

    static readonly string[] tensors = ["tokens", "old", "advantages", "mask", "reference", "entropies", "sampling"];

    static Dictionary<string, double[]> Some(uint seed, double away = 0.5)
    {
        double Draw(string what, int i) => Key.Seed(seed).FoldIn(what).Uniform((uint)i);
        double[] Each(Func<int, double> of) => [.. Enumerable.Range(0, Rows * Time).Select(of)];
        var old = Each(i => -0.2 - 2 * Draw("old", i));
        return new()
        {
            ["old"] = old, ["tokens"] = Each(i => old[i] + away * (Draw("tokens", i) - 0.5)), ["advantages"] = Each(i => 4 * Draw("advantage", i / Time) - 2),
            ["mask"] = Each(i => i % Time < lengths[i / Time] ? 1 : 0), ["reference"] = Each(i => old[i] + Draw("reference", i) - 0.5),
            ["entropies"] = Each(i => 2 * Draw("entropy", i)), ["sampling"] = Each(i => old[i] + Draw("sampling", i) - 0.5),
        };
    }

    static (double Sum, double Weight, double[] Gradient, Dictionary<string, double> Shown) Evaluate(string name, PolicyOptions options,
        IReadOnlyDictionary<string, double[]> given)
    {
        var rows = given["tokens"].Length / Time;
        var x = tensors.ToDictionary(static n => n, n => Create.Input(n, [rows, Time], DType.F32));
        var of = PolicyLosses.Of(PolicyLosses.Find(name)!, new PolicyTerms(x["tokens"], x["old"], x["advantages"], x["mask"])
        {
            Reference = x["reference"], Entropies = x["entropies"], Sampling = x["sampling"],
        }, options);
        var program = Program.Of([new("sum", of.Total.Sum), new("weight", of.Total.Weight), new("gradient", Vjp.Gradients(of.Total.Sum, [x["tokens"]])[0]),
            .. of.Shown.Select(static s => new Named($"shown/{s.Name}", s.Value.Mean))]);
        var values = program.Evaluate(program.Inputs.ToDictionary(static i => i.Name, i => Value.Of(i.Value.Type, given[i.Name])));
        return (values["sum"][0], values["weight"][0], [.. Enumerable.Range(0, rows * Time).Select(i => values["gradient"][i])],
            of.Shown.Select(static s => s.Name).ToDictionary(static n => n, n => values[$"shown/{n}"][0]));
    }

    static Dictionary<string, double[]> Changed(Dictionary<string, double[]> given, string what, Func<double, int, double> to) =>
        new(given) { [what] = [.. given[what].Select(to)] };

    static void Same(IEnumerable<double> expected, IEnumerable<double> actual, double within = 1e-6)
    {
        foreach (var (i, (e, a)) in expected.Zip(actual).Index()) Assert.True(Math.Abs(e - a) <= within * Math.Max(1, Math.Abs(e)), $"{i}: {e} is not {a}");
    }

    [Fact]
    public void Every_loss_has_its_line() => Assert.Equal(names.Order(StringComparer.Ordinal), table.Keys.Order(StringComparer.Ordinal));

    /// <summary>Before the first update the gradient is REINFORCE's, −A ∇ log π, divided as the loss says.</summary>
    [Theory, MemberData(nameof(Names))]
    public void At_ratio_1_the_gradient_is_that_of_reinforce(string name)
    {
        var given = Some(1);
        var of = Evaluate(name, plain, Changed(given, "tokens", (_, i) => given["old"][i]));
        Same(Enumerable.Range(0, Rows * Time).Select(i => given["mask"][i] == 0 ? 0 : -given["advantages"][i] / table[name].Divided(lengths[i / Time])),
            of.Gradient.Select(g => g / of.Weight));
        Assert.Equal(1, of.Shown["ratio"], 1e-6);
        Assert.Equal(0, of.Shown["kl_old"], 1e-6);
        if (PolicyLosses.Find(name)!.Clips) Assert.Equal((0.0, 0.0), (of.Shown["clipped_low"], of.Shown["clipped_high"]));
    }

    /// <summary>Where a ratio has gone as far as it may in the advantage's direction nothing is learned; on the other side it is.</summary>
    [Theory, MemberData(nameof(Names))]
    public void What_is_clipped_has_no_gradient_and_the_other_side_has(string name)
    {
        var bound = table[name].Bound;
        foreach (var (ratio, advantage, inside) in ((double, double, bool)[])
            [(1.3, 1, true), (1.6, 1, false), (0.7, 1, true), (0.3, 1, true), (0.95, -1, true), (0.85, -1, false), (1.3, -1, true), (1.6, -1, true), (2.9, -1, true)])
        {
            var given = Some(2);
            // Of an answer of one token all levels are the same.
            given = Changed(Changed(Changed(given, "mask", static (_, i) => i % Time == 0 ? 1 : 0), "tokens", (_, i) => given["old"][i] + Math.Log(ratio)),
                "advantages", (_, _) => advantage);
            var of = Evaluate(name, plain, given);
            var slope = of.Gradient[0];
            if (bound == Bound.Clip && !inside) Assert.Equal(0, slope, 1e-9);
            else Assert.Equal(-Math.Sign(advantage), Math.Sign(slope));
            // The slope of the surrogate itself is that of rA; a sum over answers of one token divides nothing.
            if (bound == Bound.Clip && inside) Assert.Equal(-ratio * advantage, slope, 1e-4);
            if (name == "cispo") Assert.Equal(-Math.Clamp(ratio, 0.9, 1.5) * advantage, slope, 1e-4);
            if (bound == Bound.Soft && ratio is > 1.5 or < 0.4) Assert.True(Math.Abs(slope) < ratio, "a slope that falls");
            if (!PolicyLosses.Find(name)!.Clips) continue;
            Assert.Equal(!inside && advantage > 0 ? 1.0 : 0, of.Shown["clipped_high"], 1e-6);
            Assert.Equal(!inside && advantage < 0 ? 1.0 : 0, of.Shown["clipped_low"], 1e-6);
        }
    }

    /// <summary>Two-sided bounds: of negative advantages a ratio beyond the dual clip learns nothing; beyond delta none does.</summary>
    [Theory, MemberData(nameof(Names))]
    public void Ratios_that_are_much_too_large_are_bounded_where_that_is_asked_for(string name)
    {
        if (table[name].Bound != Bound.Clip) return;
        double Slope(double ratio, PolicyOptions options)
        {
            var given = Some(3);
            return Evaluate(name, options, Changed(Changed(Changed(given, "mask", static (_, i) => i % Time == 0 ? 1 : 0), "advantages", static (_, _) => -1), "tokens",
                (_, i) => given["old"][i] + Math.Log(ratio))).Gradient[0];
        }
        foreach (var options in (PolicyOptions[])[plain with { DualClip = 3 }, plain with { Delta = 3 }])
        {
            Assert.True(Slope(2.9, options) > 0);
            Assert.Equal(0, Slope(3.1, options), 1e-9);
            Assert.True(Slope(3.1, plain) > 0);
        }
        // Of positive advantages the dual clip knows nothing.
        var up = Changed(Some(3), "advantages", static (_, _) => 1);
        Assert.Equal(Evaluate(name, plain, up).Sum, Evaluate(name, plain with { DualClip = 1.01 }, up).Sum, 1e-9);
    }

    /// <summary>Whatever stands where nothing counts, no number is another, and no gradient goes there.</summary>
    [Theory, MemberData(nameof(Names))]
    public void Padding_counts_for_nothing(string name)
    {
        foreach (var junk in (double[])[double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e30, -1e30, 1])
            foreach (var options in (PolicyOptions[])[plain, full])
            {
                var given = Some(4);
                var with = new Dictionary<string, double[]>(given);
                foreach (var tensor in tensors.Where(static t => t != "mask")) with = Changed(with, tensor, (x, i) => given["mask"][i] == 0 ? junk : x);
                var (of, same) = (Evaluate(name, options, given), Evaluate(name, options, with));
                Assert.Equal(of.Sum, same.Sum);
                Assert.Equal(of.Weight, same.Weight);
                Assert.Equal(of.Gradient, same.Gradient);
                Assert.Equal(of.Shown, same.Shown);
                Assert.All(Enumerable.Range(0, Rows * Time).Where(i => given["mask"][i] == 0), i => Assert.Equal(0, same.Gradient[i]));
            }
    }

    /// <summary>Rows of nothing are no rows, unless they are to count; then they count where rows do.</summary>
    [Theory, MemberData(nameof(Names))]
    public void Empty_rows_are_none(string name)
    {
        var given = Some(5);
        var more = given.ToDictionary(static g => g.Key, static g => g.Key == "mask" ? [.. g.Value, .. new double[Time]] : (double[])[.. g.Value, .. g.Value.Take(Time)]);
        var (of, same) = (Evaluate(name, full, given), Evaluate(name, full, more));
        Same([of.Sum, of.Weight, .. of.Gradient], [same.Sum, same.Weight, .. same.Gradient]);
        var counted = Evaluate(name, full with { CountsEmpty = true }, more);
        Assert.Equal(of.Sum, counted.Sum, 1e-6);
        Assert.Equal(PolicyLosses.Find(name)!.Norm == PolicyNorm.Tokens ? of.Weight : of.Weight * 5 / 4, counted.Weight, 1e-5);
    }

    /// <summary>The order of rows does not matter, and parts of a batch add up to it.</summary>
    [Property(MaxTest = 40)]
    public void Rows_are_a_set_and_parts_add_up(byte which, byte seed)
    {
        var (name, given) = (names[which % names.Length], Some(seed));
        int[] order = [2, 0, 3, 1];
        Dictionary<string, double[]> Of(params int[] rows) =>
            given.ToDictionary(static g => g.Key, g => (double[])[.. rows.SelectMany(row => g.Value.Skip(row * Time).Take(Time))]);
        var (whole, turned) = (Evaluate(name, full, given), Evaluate(name, full, Of(order)));
        Same([whole.Sum, whole.Weight, .. whole.Shown.Values], [turned.Sum, turned.Weight, .. turned.Shown.Values], 1e-5);
        Same(order.SelectMany(row => whole.Gradient.Skip(row * Time).Take(Time)), turned.Gradient, 1e-5);
        // The border of the highest entropies alone is of what is in one program.
        var options = full with { TopEntropy = 1 };
        var (all, first, second) = (Evaluate(name, options, given), Evaluate(name, options, Of(0)), Evaluate(name, options, Of(1, 2, 3)));
        Same([all.Sum, all.Weight, .. all.Gradient], [first.Sum + second.Sum, first.Weight + second.Weight, .. first.Gradient, .. second.Gradient], 1e-5);
    }

    [Theory, MemberData(nameof(Names))]
    public void Without_an_advantage_nothing_is_learned(string name)
    {
        var given = Changed(Some(6), "advantages", static (_, _) => 0);
        Assert.All(Evaluate(name, plain, given).Gradient, static g => Assert.Equal(0, g));
        Assert.Contains(Evaluate(name, plain with { Beta = 0.1 }, given).Gradient, static g => g != 0);
    }

    /// <summary>However far policy, old policy and reference are apart, numbers are finite.</summary>
    [Theory, MemberData(nameof(Names))]
    public void No_distance_overflows(string name)
    {
        foreach (var (tokens, old, reference) in ((double, double, double)[])[(-2000, -1, -1), (-1, -2000, -1), (-1, -1, -2000), (0, 0, 0), (-2000, -2000, 0), (-1e-3, -90, -2000), (-100, -2000, -1)])
            foreach (var options in (PolicyOptions[])[plain, full, .. Enum.GetValues<SamplingCorrection>().Select(static c => full with { Correction = c })])
            {
                var given = Some(7);
                given = Changed(Changed(Changed(given, "tokens", (_, _) => tokens), "old", (_, _) => old), "reference", (_, _) => reference);
                var of = Evaluate(name, options, given);
                Assert.True(double.IsFinite(of.Sum), $"{of.Sum} of {(tokens, old, reference)} with {options}");
                Assert.All(of.Gradient, static g => Assert.True(double.IsFinite(g)));
            }
    }

    /// <summary>What is beside a loss adds its own mean, divided as the loss is, and its own gradient.</summary>
    [Property(MaxTest = 40)]
    public void Distance_and_entropy_add_their_means(byte which, byte seed, byte kind)
    {
        var (name, given, of) = (names[which % names.Length], Some(seed), (KlEstimator)(kind % 4));
        var norm = PolicyLosses.Find(name)!.Norm;
        double Mean(Func<int, double> each) => Enumerable.Range(0, Rows).Sum(row => Enumerable.Range(row * Time, lengths[row]).Sum(each) / (norm switch
        {
            PolicyNorm.Tokens => 13, PolicyNorm.Sequences => 4 * lengths[row], PolicyNorm.Constant => 4 * 8, _ => 4,
        }));
        var (bare, with) = (Evaluate(name, plain, given), Evaluate(name, plain with { Beta = 0.3, Estimator = of, Entropy = 0.2 }, given));
        var expected = 0.3 * Mean(i => Kl.Of(of, given["tokens"][i], given["reference"][i])) - 0.2 * Mean(i => given["entropies"][i]);
        Assert.Equal(expected, (with.Sum - bare.Sum) / bare.Weight, 1e-5);
        Assert.Equal(bare.Sum / bare.Weight, with.Shown["policy"], 1e-5);
        Assert.Equal(Enumerable.Range(0, Rows * Time).Where(i => given["mask"][i] > 0).Average(i => given["entropies"][i]), with.Shown["entropy"], 1e-5);
        Assert.Equal(Enumerable.Range(0, Rows * Time).Where(i => given["mask"][i] > 0).Average(i => Kl.Of(KlEstimator.K3, given["tokens"][i], given["reference"][i])),
            with.Shown["kl"], 1e-5);
        // The distance from the old policy is that of tokens drawn from it.
        Assert.Equal(Enumerable.Range(0, Rows * Time).Where(i => given["mask"][i] > 0).Average(i => Kl.Of(KlEstimator.K3, given["old"][i], given["tokens"][i])),
            with.Shown["kl_old"], 1e-5);
        Assert.All(Enumerable.Range(0, Rows * Time).Where(i => given["mask"][i] > 0 && of == KlEstimator.K1), i => Assert.True(with.Gradient[i] > bare.Gradient[i]));
    }

    /// <summary>The tokens with the highest entropies are as many as the share says, whatever the share.</summary>
    [Property(MaxTest = 40)]
    public void The_share_of_high_entropies_counts(byte seed, byte tenths)
    {
        var (given, share) = (Some(seed), (1 + tenths % 9) / 10.0);
        var of = Evaluate("reinforce", plain with { TopEntropy = share }, Changed(given, "advantages", static (_, _) => -1));
        double[] counted = [.. Enumerable.Range(0, Rows * Time).Where(i => given["mask"][i] > 0).Select(i => given["entropies"][i]).Order()];
        var place = (counted.Length - 1) * (1 - share);
        var below = (int)Math.Floor(place + 1e-9);
        var border = counted[below] + (counted[Math.Min(below + 1, counted.Length - 1)] - counted[below]) * (place - below) - 1e-6;
        Assert.All(Enumerable.Range(0, Rows * Time), i => Assert.Equal(given["mask"][i] > 0 && given["entropies"][i] >= border ? 1.0 : 0, of.Gradient[i], 1e-6));
    }

    /// <summary>A row that has gone too far does not unlearn; what was drawn otherwise counts by the ratio, cut or not at all.</summary>
    [Property(MaxTest = 40)]
    public void Tokens_count_by_how_they_were_drawn(byte seed, byte kind)
    {
        var (given, most) = (Some(seed), 0.02);
        double Away(int row) => Enumerable.Range(row * Time, lengths[row]).Average(i => given["sampling"][i] - given["tokens"][i]);
        var off = Evaluate("reinforce", plain with { OffPolicy = most }, given);
        Assert.All(Enumerable.Range(0, Rows * Time), i => Assert.Equal(given["mask"][i] == 0 || (given["advantages"][i] < 0 && Away(i / Time) > most) ? 0
            : -given["advantages"][i], off.Gradient[i], 1e-5));
        var how = (SamplingCorrection)(kind % 5);
        var corrected = Evaluate("reinforce", plain with { Correction = how, CorrectionMost = 1.2, CorrectionLeast = 0.8 }, given);
        double Weight(int i)
        {
            var log = how is SamplingCorrection.SequenceMask or SamplingCorrection.SequenceTruncate
                ? Enumerable.Range(i / Time * Time, lengths[i / Time]).Sum(k => given["old"][k] - given["sampling"][k]) : given["old"][i] - given["sampling"][i];
            var ratio = Math.Exp(log);
            return how switch
            {
                SamplingCorrection.None => 1, SamplingCorrection.TokenTruncate or SamplingCorrection.SequenceTruncate => Math.Clamp(ratio, 0.8, 1.2),
                _ => ratio is < 0.8 or > 1.2 ? 0 : ratio,
            };
        }
        Assert.All(Enumerable.Range(0, Rows * Time), i => Assert.Equal(given["mask"][i] == 0 ? 0 : -given["advantages"][i] * Weight(i), corrected.Gradient[i], 1e-4));
    }

    /// <summary>
    /// An answer's weight is the gamma function of its ratio, which has in it how it was drawn; CISPO's bound may be the ratio itself; and the distance of tokens that
    /// are old counts by the ratio.
    /// </summary>
    [Property(MaxTest = 30)]
    public void Weights_of_answers_and_tokens_are_those_of_their_papers(byte seed)
    {
        var given = Some(seed);
        double Ratio(int i) => Math.Exp(given["tokens"][i] - given["old"][i]);
        double Drawn(int i) => Math.Clamp(Math.Exp(given["old"][i] - given["sampling"][i]), 0, 1.2);
        var options = plain with { GammaPositive = (1.5, 2.5), GammaNegative = (2, 1), Correction = SamplingCorrection.TokenTruncate, CorrectionMost = 1.2 };
        var (vespo, cispo) = (Evaluate("vespo", options, given), Evaluate("cispo", plain with { Ceiling = 1.05 }, given));
        var (bare, held) = (Evaluate("ppo", plain, given), Evaluate("ppo", plain with { Beta = 0.5, WeightsKl = true }, given));
        for (var i = 0; i < Rows * Time; i++)
        {
            if (given["mask"][i] == 0) continue;
            var w = Enumerable.Range(i / Time * Time, lengths[i / Time]).Aggregate(1.0, (all, k) => all * Ratio(k) * Drawn(k));
            var (power, decay) = given["advantages"][i] < 0 ? (2.0, 1.0) : (1.5, 2.5);
            Assert.Equal(-Math.Pow(w, power) * Math.Exp(decay * (1 - w)) * given["advantages"][i], vespo.Gradient[i], 1e-4);
            Assert.Equal(-Math.Min(Ratio(i), 1.05) * given["advantages"][i], cispo.Gradient[i], 1e-4);
        }
        Assert.Equal(0.5 * Enumerable.Range(0, Rows * Time).Where(i => given["mask"][i] > 0).Sum(i => Ratio(i) * Kl.Of(KlEstimator.K3, given["tokens"][i], given["reference"][i])),
            held.Sum - bare.Sum, 1e-4);
    }

    [Fact]
    public void What_an_option_needs_is_asked_for()
    {
        var x = Create.Fill(0, [1, 2], DType.F32);
        var terms = new PolicyTerms(x, x, x, x);
        foreach (var options in (PolicyOptions[])[new() { Beta = 1 }, new() { Entropy = 1 }, new() { TopEntropy = 0.5 }, new() { Correction = SamplingCorrection.TokenMask }])
            Assert.Throws<ArgumentException>(() => PolicyLosses.Of(PolicyLosses.All[0], terms, options));
        Assert.Null(PolicyLosses.Find("nothing"));
    }

    static (double Loss, double[] Gradient, Params<double> Shown) Values(double[] values, double[] old, double[] returns, double[] mask, ValueOptions options)
    {
        var type = new TensorType([2, values.Length / 2]);
        Tensor In(string name) => Create.Input(name, type);
        var of = ValueLosses.Of(new(In("values"), In("old"), In("returns"), In("mask")), options);
        var program = Program.Of([new("loss", of.Total.Mean), new("gradient", Vjp.Gradients(of.Total.Mean, [In("values")])[0]),
            .. of.Shown.Select(static s => new Named(s.Name, s.Value.Mean))]);
        var all = new Dictionary<string, double[]> { ["values"] = values, ["old"] = old, ["returns"] = returns, ["mask"] = mask };
        var result = program.Evaluate(program.Inputs.ToDictionary(static i => i.Name, i => Value.Of(type, all[i.Name])));
        return (result["loss"][0], [.. Enumerable.Range(0, values.Length).Select(i => result["gradient"][i])], of.Shown.Map((name, _) => result[name][0]));
    }

    /// <summary>Values learn half a square toward what came; those that are further from the old than they may be, and would get no better, learn nothing.</summary>
    [Fact]
    public void Values_learn_within_bounds()
    {
        double[] mask = [1, 1, 1, 0];
        var of = Values([1, 2, 4, double.NaN], [1, 1, 1, double.NaN], [2, 0, 9, double.NaN], mask, new() { Clip = null });
        Assert.Equal((0.5 + 2 + 12.5) / 3, of.Loss, 1e-6);
        Same([-1 / 3.0, 2 / 3.0, -5 / 3.0, 0], of.Gradient);
        Assert.Equal(Advantages.Explained([1, 1, 1, 0], [2, 0, 9, 0], [true, true, true, false]), of.Shown["explained_variance"], 1e-5);
        // The second is further from what came than its bound would be, the third nearer to it.
        var bound = Values([1, 2, 4, double.NaN], [1, 1, 1, double.NaN], [2, 0, 9, double.NaN], mask, new() { Clip = 0.5 });
        Assert.Equal((0.5 + 2 + 0.5 * 7.5 * 7.5) / 3, bound.Loss, 1e-5);
        Same([-1 / 3.0, 2 / 3.0, 0, 0], bound.Gradient);
        Assert.Equal(1 / 3.0, bound.Shown["value_clipped"], 1e-6);
        Assert.Equal(0, Values([1, 2, 4, 0], [1, 1, 1, 1], [5, 5, 5, 0], mask, new()).Shown["explained_variance"]);
    }

    [Fact]
    public void The_longer_mask_has_one_place_more_where_the_row_has_it() => Assert.Equal([1.0, 1, 1, 0, 0, 0, 0, 1], Enumerable.Range(0, 8).Select(i =>
        Program.Of([new("mask", ValueTerms.Longer(Create.Input("m", [2, 4], DType.F32)))]).Evaluate(
            new Dictionary<string, Value> { ["m"] = Value.Of(new([2, 4]), 1, 1, 0, 0, 0, 0, 0, 1) })["mask"][i]));

    /// <summary>Both losses have their own means, whatever the policy's is divided by, and values count by their weight.</summary>
    [Theory, MemberData(nameof(Names))]
    public void Values_stand_beside_the_policy(string name)
    {
        var given = Some(8);
        var mask = Create.Input("mask", [Rows, Time], DType.F32);
        var policy = PolicyLosses.Of(PolicyLosses.Find(name)!, PolicyTerms.OnPolicy(Create.Input("tokens", mask.Type), Create.Input("advantages", mask.Type), mask), plain);
        var how = new ValueOptions { Weight = 0.7 };
        var values = ValueLosses.Of(new(Create.Input("old", mask.Type), Create.Input("reference", mask.Type), Create.Input("sampling", mask.Type), ValueTerms.Longer(mask)), how);
        var both = ValueLosses.With(policy, values, how);
        var program = Program.Of([new("policy", policy.Total.Mean), new("value", values.Total.Mean), new("both", both.Total.Mean), new("shown", both.Shown["value"].Mean)]);
        var result = program.Evaluate(program.Inputs.ToDictionary(static i => i.Name, i => Value.Of(i.Value.Type, given[i.Name])));
        Assert.Equal(result["policy"][0] + 0.7 * result["value"][0], result["both"][0], 1e-5);
        Assert.Equal(result["value"][0], result["shown"][0]);
        Assert.Contains("ratio", both.Shown.Names);
        Assert.Contains("value_clipped", both.Shown.Names);
    }
}
