using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Learning;

/// <summary>The contract that every loss of preferences keeps, found by the registry: a new one without its line here fails.</summary>
public sealed class PreferenceLaws
{
    const double Exact = 1e-9;
    static readonly string[] names = [.. PreferenceLosses.All.Select(static l => l.Name)];

    // At policy = reference, β = 0.1, with answers of 4 and 2 tokens; whether the gradient lifts the better answer and lowers the worse; and whether a constant added to
    // both log-ratios changes nothing.
    static readonly Dictionary<string, (double AtReference, bool Lifts, bool Lowers, bool Relative)> table = new()
    {
        ["sigmoid"] = (Math.Log(2), true, true, true), ["robust"] = (Math.Log(2), true, true, true), ["ipo"] = (25, true, true, true), ["hinge"] = (1, true, true, true),
        ["slic"] = (double.NaN, true, true, true), ["exo"] = (0.5 * (Math.Log(0.5) - Math.Log(0.999)) + 0.5 * (Math.Log(0.5) - Math.Log(0.001)), true, true, true),
        ["nca"] = (2 * Math.Log(2), true, true, false), ["sppo"] = (50, true, true, false), ["apo-zero"] = (1, true, true, false),
        // Both answers become less likely, the worse one more so.
        ["apo-down"] = (1, false, true, false),
        ["aot"] = (Math.Log(2), true, true, true), ["aot-unpaired"] = (Math.Log(2), true, true, true), ["discopop"] = ((Math.Log(2) + 1) / 2, true, true, true),
        ["sigmoid-by-token"] = (Math.Log(2), true, true, false), ["simpo"] = (double.NaN, true, true, false), ["cpo"] = (double.NaN, true, true, true),
        ["orpo"] = (double.NaN, true, true, false), ["sft"] = (double.NaN, true, false, false),
    };

    public static TheoryData<string> Names => [.. names];

    static PairTerms Terms(Tensor chosen, Tensor rejected, Tensor better, Tensor worse, Tensor? counts = null, Tensor? margin = null)
    {
        var n = chosen.Shape[0];
        Tensor Lengths(double length) => counts is null ? Create.Fill(length, [n], DType.F32) : counts * length;
        return new(new(chosen, Lengths(4)), new(rejected, Lengths(2)), better, worse, margin ?? Create.Fill(0, [n], DType.F32));
    }

    static Tensor Row(params double[] numbers) => Movement.Concat(0, [.. numbers.Select(static n => Create.Fill(n, [1], DType.F32))]);

    static double Loss(string name, PairTerms terms, PreferenceOptions? options = null) =>
        Program.Of([new("loss", PreferenceLosses.Of([(PreferenceLosses.Find(name)!, 1)], terms, options ?? new()).Total.Mean)]).Evaluate(new Dictionary<string, Value>())["loss"][0];

    static (double Chosen, double Rejected) Slopes(string name, double chosen, double rejected, PreferenceOptions? options = null)
    {
        var (c, r) = (Create.Input("c", [1], DType.F32), Create.Input("r", [1], DType.F32));
        var loss = PreferenceLosses.Of([(PreferenceLosses.Find(name)!, 1)], Terms(c, r, Row(-5), Row(-4)), options ?? new()).Total.Sum;
        var slopes = Vjp.Gradients(loss, [c, r]);
        var values = Program.Of([new("c'", slopes[0] + c * 0), new("r'", slopes[1] + r * 0)]).Evaluate(
            new Dictionary<string, Value> { ["c"] = Value.Of(new([1]), chosen), ["r"] = Value.Of(new([1]), rejected) });
        return (values["c'"][0], values["r'"][0]);
    }

    [Fact]
    public void Every_loss_has_its_line() => Assert.Equal(names.Order(StringComparer.Ordinal), table.Keys.Order(StringComparer.Ordinal));

    /// <summary>Where the policy is its reference, each loss has the value that its formula has.</summary>
    [Theory, MemberData(nameof(Names))]
    public void At_the_reference_a_loss_has_its_value(string name)
    {
        if (double.IsNaN(table[name].AtReference)) return;
        Assert.Equal(table[name].AtReference, Loss(name, Terms(Row(-3, -7), Row(-2, -9), Row(-3, -7), Row(-2, -9))), 1e-6);
    }

    [Fact]
    public void The_issues_own_number() =>
        Assert.Equal(0.554355, Loss("sigmoid", Terms(Row(2), Row(-1), Row(0), Row(0))), 6);

    /// <summary>The better answer is made likelier and the worse one less so, near the reference.</summary>
    [Theory, MemberData(nameof(Names))]
    public void The_gradient_points_to_the_better_answer(string name)
    {
        // DiscoPOP has a valley beside 0, as wide as its temperature.
        var (chosen, rejected) = Slopes(name, -5.1, -4.2, new() { Temperature = 1 });
        Assert.Equal(table[name].Lifts, chosen < 0);
        if (table[name].Lowers) Assert.True(rejected > 0, $"{rejected}");
        Assert.True(chosen - rejected < 0, "the difference must grow");
    }

    /// <summary>However far policy and reference are apart, numbers are finite.</summary>
    [Theory, MemberData(nameof(Names))]
    public void No_distance_overflows(string name)
    {
        foreach (var divergence in Enum.GetValues<Divergence>())
            foreach (var (c, r) in ((double, double)[])[(-2000, -1), (-1, -2000), (-2000, -2000), (-1e-3, -1e-3)])
            {
                var options = new PreferenceOptions { Divergence = divergence, Smoothing = 0.1, Beta = 1, Temperature = 1 };
                if (name == "discopop") continue;
                Assert.True(double.IsFinite(Loss(name, Terms(Row(c), Row(r), Row(-5), Row(-4)), options)), $"{divergence} {c} {r}");
                var slopes = Slopes(name, c, r, options);
                Assert.True(double.IsFinite(slopes.Chosen) && double.IsFinite(slopes.Rejected), $"{divergence} {c} {r}: {slopes}");
            }
    }

    /// <summary>Losses of the difference of log-ratios alone do not change when both grow.</summary>
    [Property(MaxTest = 30)]
    public void A_constant_on_both_sides_changes_what_it_should(byte which, short by)
    {
        var name = names[which % names.Length];
        if (by is > -50 and < 50) return;
        var (shift, options) = (by / 100.0, new PreferenceOptions { Gamma = 20 });
        var (before, after) = (Loss(name, Terms(Row(-3, -7), Row(-12, -9), Row(-4, -5), Row(-12.5, -3)), options),
            Loss(name, Terms(Row(-3 + shift, -7 + shift), Row(-12 + shift, -9 + shift), Row(-4, -5), Row(-12.5, -3)), options));
        Assert.Equal(table[name].Relative, Math.Abs(before - after) < 1e-5);
    }

    /// <summary>The order of pairs does not matter, nor do rows that count for nothing, whatever stands in them.</summary>
    [Property(MaxTest = 60)]
    public void Rows_are_a_set_and_empty_ones_are_none(byte which, byte junk)
    {
        var name = names[which % names.Length];
        var terms = Terms(Row(-3, -7, -1), Row(-12, -9, -2), Row(-4, -5, -3), Row(-12.5, -3, -1));
        var (loss, turned) = (Loss(name, terms), Loss(name, Terms(Row(-1, -3, -7), Row(-2, -12, -9), Row(-3, -4, -5), Row(-1, -12.5, -3))));
        Assert.Equal(loss, turned, 1e-6);
        var padded = Terms(Row(-3, -7, -1, -junk), Row(-12, -9, -2, junk), Row(-4, -5, -3, 3 * junk), Row(-12.5, -3, -1, 0), Row(1, 1, 1, 0));
        Assert.Equal(loss, Loss(name, padded), 1e-6);
    }

    /// <summary>Where no pair counts, nothing is learned and nothing is no number.</summary>
    [Theory, MemberData(nameof(Names))]
    public void Nothing_is_learned_from_nothing(string name) => Assert.Equal(0, Loss(name, Terms(Row(-3, -7), Row(-12, -9), Row(-4, -5), Row(-12.5, -3), Row(0, 0)), new() { Sft = 1, UsesMargin = true }));

    /// <summary>Without smoothing a loss is plain, and smoothing is the blend with the pairs turned round.</summary>
    [Property(MaxTest = 30)]
    public void Smoothing_blends_with_the_pairs_turned_round(byte eighths)
    {
        var share = eighths % 4 / 8.0;
        foreach (var name in (string[])["sigmoid", "cpo", "simpo", "sigmoid-by-token"])
        {
            var (a, b) = ((Row(-3, -7), Row(-4, -9)), (Row(-3.5, -6), Row(-4, -8)));
            PairTerms Of(bool turned) => turned ? new(new(a.Item2, Row(4, 4)), new(a.Item1, Row(4, 4)), b.Item2, b.Item1, Row(0, 0))
                : new(new(a.Item1, Row(4, 4)), new(a.Item2, Row(4, 4)), b.Item1, b.Item2, Row(0, 0));
            // A margin that is asked for is no part of what is turned.
            var options = new PreferenceOptions { Gamma = 0 };
            Assert.Equal((1 - share) * Loss(name, Of(false), options) + share * Loss(name, Of(true), options), Loss(name, Of(false), options with { Smoothing = share }), 1e-6);
        }
    }

    /// <summary>Several losses are the sum of theirs, and the cross-entropy beside is what the option says.</summary>
    [Property(MaxTest = 30)]
    public void Losses_add_by_their_weights(byte first, byte second, byte weight)
    {
        var (a, b, w) = (PreferenceLosses.All[first % names.Length], PreferenceLosses.All[second % names.Length], 0.25 + weight / 64.0);
        var terms = Terms(Row(-3, -7), Row(-12, -9), Row(-4, -5), Row(-12.5, -3));
        double Both(PreferenceOptions options) => Program.Of([new("loss", PreferenceLosses.Of([(a, 1), (b, w)], terms, options).Total.Mean)]).Evaluate(new Dictionary<string, Value>())["loss"][0];
        var sum = Loss(a.Name, terms) + w * Loss(b.Name, terms);
        Assert.Equal(sum, Both(new()), 1e-4);
        Assert.Equal(sum + 0.5 * (3.0 / 4 + 7.0 / 4) / 2, Both(new() { Sft = 0.5 }), 1e-4);
    }

    /// <summary>A margin is asked for beside what the loss wants: it moves the logistic losses as a smaller difference would.</summary>
    [Fact]
    public void A_margin_is_asked_for()
    {
        var options = new PreferenceOptions { UsesMargin = true, Beta = 0.5 };
        foreach (var name in (string[])["sigmoid", "hinge", "ipo", "cpo", "robust", "discopop"])
            Assert.Equal(Loss(name, Terms(Row(-3), Row(-8), Row(-4), Row(-9.5)), options with { UsesMargin = false }),
                Loss(name, Terms(Row(-3), Row(-10), Row(-4), Row(-9.5), margin: Row(1)), options), 1e-5);
        Assert.Equal(Loss("sigmoid", Terms(Row(-3), Row(-10), Row(-4), Row(-9))), Loss("sigmoid", Terms(Row(-3), Row(-10), Row(-4), Row(-9), margin: Row(1))), Exact);
    }

    /// <summary>Bradley and Terry's loss of the issue's numbers; of two answers Plackett and Luce's is the same; and rewards of pads count for nothing.</summary>
    [Fact]
    public void Rewards_have_the_numbers_that_are_known()
    {
        double Pairs(double[] chosen, double[] rejected, RewardOptions? options = null, double[]? counts = null, double[]? margin = null) => Program.Of([new("loss",
            RewardLosses.Pairs(Row(chosen), Row(rejected), Row(margin ?? new double[chosen.Length]), Row(counts ?? [.. chosen.Select(static _ => 1.0)]), options ?? new()).Total.Mean)])
            .Evaluate(new Dictionary<string, Value>())["loss"][0];
        Assert.Equal(0.257337, Pairs([2, 3], [1, 1.5]), 6);
        Assert.Equal(0.693147, Pairs([2, 3], [2, 3]), 6);
        Assert.Equal(Pairs([2, 3], [1, 1.5]), Pairs([2, 3, 9], [1, 1.5, 90], counts: [1, 1, 0]), 6);
        Assert.Equal(0.25, Pairs([2, 3], [1.5, 1.5], new(RewardLossKind.Ranking)), 6);
        Assert.Equal(1, Pairs([2, 3], [1.5, 1.5], new(RewardLossKind.Ranking, UsesMargin: true), margin: [1, 1]), 6);
        double Ranked(double[] rewards, double count) => Program.Of([new("loss", RewardLosses.Rankings(Row(rewards).Reshape(1, rewards.Length),
            Row(count)).Total.Sum)]).Evaluate(new Dictionary<string, Value>())["loss"][0];
        Assert.Equal(Pairs([2], [1]), Ranked([2, 1], 2), 6);
        Assert.Equal(Pairs([2], [1]), Ranked([2, 1, 77], 2), 6);
        Assert.Equal(Math.Log(Math.Exp(1) + Math.Exp(3) + Math.Exp(2)) - 1 + Math.Log(Math.Exp(3) + Math.Exp(2)) - 3, Ranked([1, 3, 2], 3), 5);
    }

    /// <summary>A pair weighs as much as both answers are the policy's own, by the definition of WPO; and no gradient goes through the weight.</summary>
    [Property(MaxTest = 20)]
    public void Pairs_weigh_what_the_policy_would_write(byte seed)
    {
        const int rows = 4, time = 3, vocabulary = 5;
        var key = Key.Seed(seed);
        var hidden = Value.Of(new([rows, time, vocabulary]), [.. Enumerable.Range(0, rows * time * vocabulary).Select(i => 6.0 * key.Uniform((uint)i) - 3)]);
        var labels = Value.Of(new([rows, time], DType.I32), [.. Enumerable.Range(0, rows * time).Select(i => i % time == 0 && i > 3 ? -100.0 : key.FoldIn("label").Below(i, vocabulary))]);
        var eye = Create.Iota([vocabulary, vocabulary], 0).EqualTo(Create.Iota([vocabulary, vocabulary], 1)).Where(Create.Fill(1, [vocabulary, vocabulary], DType.F32),
            Create.Fill(0, [vocabulary, vocabulary], DType.F32));
        var x = Create.Input("hidden", hidden.Type);
        var (chosen, rejected) = AnswerLogProbs.Pairs(new(x, eye, Create.Input("labels", labels.Type)));
        var terms = new PairTerms(chosen, rejected, Row(-5, -3), Row(-4, -4), Row(0, 0));
        var (plain, weighted) = (PreferenceLosses.Of([(PreferenceLosses.Find("sigmoid")!, 1)], terms, new()).Total.Sum,
            PreferenceLosses.Of([(PreferenceLosses.Find("sigmoid")!, 1)], terms, new() { Weighted = true }).Total.Sum);
        var values = Program.Of([new("plain", plain), new("weighted", weighted), new("by", Vjp.Gradients(weighted, [x])[0]), new("before", Vjp.Gradients(plain, [x])[0])])
            .Evaluate(new Dictionary<string, Value> { ["hidden"] = hidden, ["labels"] = labels });
        double Likeness(int row)
        {
            var (sum, count) = (0.0, 0);
            for (var t = 0; t < time; t++)
            {
                if (labels[row * time + t] < 0) continue;
                double[] p = [.. Enumerable.Range(0, vocabulary).Select(v => Math.Exp(hidden[(row * time + t) * vocabulary + v]))];
                var total = p.Sum();
                (sum, count) = (sum + Math.Log(p[(int)labels[row * time + t]] / total) - Math.Log(p.Sum(q => q * q / total / total)), count + 1);
            }
            return sum / Math.Max(1, count);
        }
        double[] weights = [.. Enumerable.Range(0, 2).Select(pair => Math.Min(1, Math.Exp(Likeness(pair) + Likeness(pair + 2))))];
        // The gradient of each pair's rows is the plain one times its weight.
        for (var row = 0; row < rows; row++)
            for (var i = 0; i < time * vocabulary; i++)
                Assert.Equal(weights[row % 2] * values["before"][row * time * vocabulary + i], values["by"][row * time * vocabulary + i], 1e-5);
        Assert.InRange(values["weighted"][0], 0, values["plain"][0] + 1e-9);
    }

    /// <summary>The labels of a text as a whole are its tokens, each one place earlier, up to the last label, and nothing behind it.</summary>
    [Property(MaxTest = 40)]
    public void A_text_as_a_whole_is_prompt_and_answer(byte prompt, byte answer, byte padding)
    {
        var (before, own, after) = (1 + prompt % 4, answer % 4, padding % 3);
        int[] ids = [.. Enumerable.Range(10, before + own), .. new int[after + 1]];
        var time = ids.Length - 1;
        int[] labels = [.. Enumerable.Range(0, time).Select(i => i + 1 >= before && i + 1 < before + own ? ids[i + 1] : -100)];
        var whole = AnswerLogProbs.Whole(Create.Input("tokens", [1, time], DType.I32), Create.Input("labels", [1, time], DType.I32));
        var values = Program.Of([new("whole", whole)]).Evaluate(new Dictionary<string, Value>
        {
            ["tokens"] = Value.Of(new([1, time], DType.I32), [.. ids.Take(time).Select(static i => (double)i)]),
            ["labels"] = Value.Of(new([1, time], DType.I32), [.. labels.Select(static l => (double)l)]),
        })["whole"];
        for (var i = 0; i < time; i++) Assert.Equal(own > 0 && i + 1 < before + own ? ids[i + 1] : -100, values[i]);
    }

    /// <summary>What experts add to a loss, preferences learn as well; what is measured has nothing of it.</summary>
    [Fact]
    public void Experts_are_balanced_in_preferences_too()
    {
        var config = new RunConfig
        {
            Model = new() { Vocabulary = 20, Layers = 1, Heads = 1, Width = 8, Context = 8, Experts = new() { Count = 2, Chosen = 1, Balance = 0.1 } },
            Stage = new() { Kind = StageKind.Dpo, Batch = 2 },
        };
        var (training, measured) = (config.ObjectiveOf().Loss(training: true), config.ObjectiveOf().Loss(training: false));
        Assert.Contains("preference", training.Shown.Names);
        Assert.DoesNotContain("preference", measured.Shown.Names);
        Assert.Contains("accuracy", training.Shown.Names);
    }
}
