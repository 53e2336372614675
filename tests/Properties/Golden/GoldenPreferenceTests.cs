using System.Text.Json;
using Xunit;

namespace Functional.Tests.Properties;

/// <summary>Losses of preferences and their gradients as TRL computed them in float32, to its seven digits, on every engine.</summary>
public sealed class GoldenPreferenceTests
{
    const int Vocabulary = 9;
    // Of numbers around 1; those of large losses have fewer digits behind the point.
    const double Digits = 3e-6;

    static JsonElement File(string name) =>
        JsonDocument.Parse(System.IO.File.ReadAllText(Path.Combine(SourceTree.Root, "tests", "Properties", "Golden", "trl", $"{name}.json"))).RootElement;

    // A model whose hidden states are logits already.
    static readonly Model itself = new(Params<ParamSpec>.Empty, Layer.Identity, static _ => Create.Iota([Vocabulary, Vocabulary], 0)
        .EqualTo(Create.Iota([Vocabulary, Vocabulary], 1)).Where(Create.Fill(1, [Vocabulary, Vocabulary], DType.F32), Create.Fill(0, [Vocabulary, Vocabulary], DType.F32)),
        static _ => Params<TensorType>.Empty, Vocabulary, 7);

    static double[] Numbers(JsonElement e) => e.ValueKind == JsonValueKind.Array ? [.. e.EnumerateArray().SelectMany(Numbers)] : [e.GetDouble()];

    static Value Of(JsonElement e, Vec<int> shape, DType type = DType.F32) => Value.Of(new(shape, type), Numbers(e));

    // The label of a place is the token after it, where that is of the answer.
    static Value Labels(JsonElement ids, JsonElement mask)
    {
        var (tokens, counts) = (Numbers(ids), Numbers(mask));
        return Value.Of(new([tokens.Length / 7, 7], DType.I32), [.. Enumerable.Range(0, tokens.Length).Select(i => i % 7 < 6 && counts[i + 1] > 0 ? tokens[i + 1] : -100)]);
    }

    static Value Shifted(JsonElement labels)
    {
        var all = Numbers(labels);
        return Value.Of(new([all.Length / 7, 7], DType.I32), [.. Enumerable.Range(0, all.Length).Select(i => i % 7 < 6 ? all[i + 1] : -100)]);
    }

    static Tensor In(string name, Value value) => Create.Input(name, value.Type);

    static void Check(string what, double expected, double actual) =>
        Assert.True(Math.Abs(expected - actual) <= Digits * Math.Max(1, Math.Abs(expected)), $"{what}: expected {expected:R}, was {actual:R}");

    // The mean loss, what each row gives alone, and the gradient of the logits.
    static void Same(string what, Func<Tensor, Loss> loss, Value logits, Params<Value> given, double mean, params ReadOnlySpan<(int Row, JsonElement Gradient)> rows)
    {
        var input = In("logits", logits);
        var of = loss(input);
        var program = Program.Of([new("loss", of.Total.Mean), new("gradient", Vjp.Gradients(of.Total.Sum, [input])[0] / of.Total.Weight)]);
        var inputs = given.Append(("logits", logits)).Where(g => program.Inputs.Any(i => i.Name == g.Item1)).ToDictionary(static g => g.Item1, static g => g.Item2);
        foreach (var (name, make) in EngineList.All)
        {
            using var engine = make();
            var outputs = Runs.On(engine)(program, inputs);
            Check($"{what} on {name}", mean, outputs["loss"][0]);
            foreach (var (row, gradient) in rows)
                foreach (var (expected, i) in Numbers(gradient).Select(static (g, i) => (g, i)))
                    Check($"{what} on {name}, gradient {row}, {i}", expected, outputs["gradient"][row * 7 * Vocabulary + i]);
        }
    }

    static LogProbabilities Read(Tensor logits, Tensor labels) => new(logits, itself.Head(Env.Of(Params<Tensor>.Empty)), labels);

    static PairTerms Terms(Tensor logits, Tensor labels, Tensor? chosen, Tensor? rejected, double share = 1)
    {
        var (better, worse) = AnswerLogProbs.Pairs(Read(logits, labels), share);
        var none = Create.Fill(0, [3], DType.F32);
        return new(better, worse, chosen ?? none, rejected ?? none, none);
    }

    public static TheoryData<int> DpoCases => [.. Enumerable.Range(0, File("dpo").GetProperty("cases").GetArrayLength())];

    [Theory, MemberData(nameof(DpoCases))]
    public void Pairs_with_a_reference_are_those_of_trl(int index)
    {
        var (file, inputs) = (File("dpo"), File("dpo").GetProperty("inputs"));
        var one = file.GetProperty("cases")[index];
        double Number(string name, double otherwise) => one.TryGetProperty(name, out var n) ? n.GetDouble() : otherwise;
        var name = one.GetProperty("loss_type").GetString()! switch
        {
            "exo_pair" => "exo", "sppo_hard" => "sppo", "apo_zero" => "apo-zero", "apo_down" => "apo-down", "aot_unpaired" => "aot-unpaired", "nca_pair" => "nca",
            "sigmoid_norm" => "sigmoid-by-token", var same => same,
        };
        var options = new PreferenceOptions
        {
            Beta = Number("beta", 0.1), Smoothing = Number("label_smoothing", 0), Temperature = Number("discopop_tau", 0.05), LengthShare = Number("ld_alpha", 1),
            ByToken = name == "ipo", DivergenceAlpha = Number("f_alpha_divergence_coef", 1),
            Divergence = one.TryGetProperty("f_divergence_type", out var f) ? f.GetString() switch
            {
                "forward_kl" => Divergence.ForwardKl, "alpha_divergence" => Divergence.Alpha, "js_divergence" => Divergence.JensenShannon, _ => Divergence.ReverseKl,
            } : Divergence.ReverseKl,
        };
        // TRL's own cross-entropy is a mean over the batch's tokens.
        if (name == "sft") options = options with { Sft = 1, SftByBatch = true };
        var (logits, labels) = (Of(inputs.GetProperty("policy_logits"), [6, 7, Vocabulary]), Labels(inputs.GetProperty("input_ids"), inputs.GetProperty("completion_mask")));
        var (chosen, rejected) = (Of(inputs.GetProperty("ref_logps_chosen"), [3]), Of(inputs.GetProperty("ref_logps_rejected"), [3]));
        Same($"{name} {index}", x =>
        {
            var terms = Terms(x, In("labels", labels), In("chosen", chosen), In("rejected", rejected), options.LengthShare);
            return PreferenceLosses.Of([(PreferenceLosses.Find(name)!, name == "sft" ? 1e-30 : 1)], terms, options);
        }, logits, Params.Of(("labels", labels), ("chosen", chosen), ("rejected", rejected)), one.GetProperty("loss_mean").GetDouble(),
            (0, one.GetProperty("grad_wrt_logits_row0")), (3, one.GetProperty("grad_wrt_logits_row3")));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Pairs_without_a_reference_are_those_of_trl(int index)
    {
        var (inputs, one) = (File("cpo_simpo").GetProperty("inputs"), File("cpo_simpo").GetProperty("cases")[index]);
        var name = one.GetProperty("loss_type").GetString()! switch { "sigmoid" => "cpo", var same => same };
        var options = new PreferenceOptions
        {
            Beta = one.GetProperty("beta").GetDouble(), Smoothing = one.GetProperty("label_smoothing").GetDouble(), Gamma = one.GetProperty("simpo_gamma").GetDouble(),
            RewardAlpha = one.GetProperty("alpha").GetDouble(), Sft = one.GetProperty("cpo_alpha").GetDouble(), SftByBatch = true, ByToken = true,
        };
        var (logits, labels) = (Of(inputs.GetProperty("policy_logits"), [6, 7, Vocabulary]), Shifted(inputs.GetProperty("labels")));
        Same($"{name} {index}", x => PreferenceLosses.Of([(PreferenceLosses.Find(name)!, 1)], Terms(x, In("labels", labels), null, null), options), logits,
            Params.Of(("labels", labels)), one.GetProperty("loss").GetDouble(), (0, one.GetProperty("grad_wrt_logits_row0")), (3, one.GetProperty("grad_wrt_logits_row3")));
    }

    /// <summary>TRL's cross-entropy beside covers the prompt, too, and is a mean over the batch's tokens.</summary>
    [Theory, InlineData(0), InlineData(1)]
    public void Odds_ratios_are_those_of_trl(int index)
    {
        var (inputs, one) = (File("orpo").GetProperty("inputs"), File("orpo").GetProperty("cases")[index]);
        var options = new PreferenceOptions { Beta = one.GetProperty("beta").GetDouble(), Sft = 1, SftByBatch = true, SftOnText = true };
        var (logits, labels) = (Of(inputs.GetProperty("policy_logits"), [6, 7, Vocabulary]), Shifted(inputs.GetProperty("labels")));
        var tokens = Of(inputs.GetProperty("input_ids"), [6, 7], DType.I32);
        Same($"orpo {index}", x =>
        {
            var whole = AnswerLogProbs.Whole(In("tokens", tokens), In("labels", labels)).Slice(0, 0, 3);
            var terms = Terms(x, In("labels", labels), null, null) with { Text = AnswerLogProbs.Of(Read(x.Slice(0, 0, 3), whole)) };
            return PreferenceLosses.Of([(PreferenceLosses.Find("orpo")!, 1)], terms, options);
        }, logits, Params.Of(("labels", labels), ("tokens", tokens)), one.GetProperty("loss").GetDouble(), (0, one.GetProperty("grad_wrt_logits_row0")),
            (3, one.GetProperty("grad_wrt_logits_row3")));
    }

    /// <summary>Dynamic fine-tuning and plain cross-entropy.</summary>
    [Fact]
    public void Fine_tuning_is_that_of_trl()
    {
        var (sft, logits) = (File("sft"), Of(File("dpo").GetProperty("inputs").GetProperty("policy_logits"), [6, 7, Vocabulary]));
        var labels = Shifted(sft.GetProperty("inputs").GetProperty("labels"));
        Same("dft", x => Losses.Dft(Read(x, In("labels", labels))), logits, Params.Of(("labels", labels)), sft.GetProperty("dft_loss").GetDouble(),
            (0, sft.GetProperty("dft_grad_row0")));
        Same("nll", x => Losses.CrossEntropy(x.Reshape(42, Vocabulary), In("labels", labels).Reshape(42)), logits, Params.Of(("labels", labels)),
            sft.GetProperty("nll_loss").GetDouble(), (0, sft.GetProperty("nll_grad_row0")));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void Judged_answers_are_those_of_trl(int index)
    {
        var (inputs, one) = (File("kto").GetProperty("inputs"), File("kto").GetProperty("cases")[index]);
        var loss = JudgedLosses.Find(one.GetProperty("loss_type").GetString()!.Replace('_', '-'))!;
        var options = new JudgedOptions
        {
            Beta = one.GetProperty("beta").GetDouble(), GoodWeight = one.GetProperty("desirable_weight").GetDouble(), BadWeight = one.GetProperty("undesirable_weight").GetDouble(),
        };
        var (logits, labels) = (Of(inputs.GetProperty("policy_logits"), [5, 7, Vocabulary]), Labels(inputs.GetProperty("input_ids"), inputs.GetProperty("completion_mask")));
        var (others, their) = (Of(inputs.GetProperty("KL_policy_logits"), [5, 7, Vocabulary]), Labels(inputs.GetProperty("KL_input_ids"), inputs.GetProperty("KL_completion_mask")));
        var (reference, known) = (Of(inputs.GetProperty("ref_logps"), [5]), Of(one.GetProperty("ref_KL_logps"), [5]));
        var good = Of(inputs.GetProperty("label"), [5]);
        Same($"{loss.Name} {index}", x => JudgedLosses.Of(loss, new(AnswerLogProbs.Of(Read(x, In("labels", labels))), In("reference", reference), In("good", good),
            AnswerLogProbs.Of(Read(In("others", others), In("their", their))), In("known", known)), options), logits,
            Params.Of(("labels", labels), ("reference", reference), ("good", good), ("others", others), ("their", their), ("known", known)),
            one.GetProperty("loss").GetDouble(), (0, one.GetProperty("grad_wrt_logits_row0")), (1, one.GetProperty("grad_wrt_logits_row1")));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3)]
    public void Rewards_are_those_of_trl(int index)
    {
        var (inputs, one) = (File("reward_model").GetProperty("inputs"), File("reward_model").GetProperty("cases")[index]);
        var options = new RewardOptions(UsesMargin: one.GetProperty("margin").GetBoolean(), Centring: one.GetProperty("center_rewards_coefficient") is { ValueKind: JsonValueKind.Number } c ? c.GetDouble() : 0);
        Value Row(string name) => Of(inputs.GetProperty(name), [4]);
        var (chosen, rejected) = (Create.Input("chosen", [4], DType.F32), Create.Input("rejected", [4], DType.F32));
        var loss = RewardLosses.Pairs(chosen, rejected, Create.Input("margin", [4], DType.F32), Create.Fill(1, [4], DType.F32), options);
        var gradients = Vjp.Gradients(loss.Total.Sum, [chosen, rejected]);
        var program = Program.Of([new("loss", loss.Total.Mean), new("accuracy", loss.Shown["accuracy"].Mean), new("margin_", loss.Shown["margin"].Mean),
            new("a", gradients[0] / loss.Total.Weight), new("b", gradients[1] / loss.Total.Weight)]);
        var given = new Dictionary<string, Value> { ["chosen"] = Row("scores_chosen"), ["rejected"] = Row("scores_rejected"), ["margin"] = Row("margin") }
            .Where(g => program.Inputs.Any(i => i.Name == g.Key)).ToDictionary();
        foreach (var (name, make) in EngineList.All)
        {
            using var engine = make();
            var outputs = Runs.On(engine)(program, given);
            Check(name, one.GetProperty("loss").GetDouble(), outputs["loss"][0]);
            Check(name, one.GetProperty("accuracy").GetDouble(), outputs["accuracy"][0]);
            Check(name, one.GetProperty("mean_margin").GetDouble(), outputs["margin_"][0]);
            for (var i = 0; i < 4; i++)
            {
                Check(name, one.GetProperty("grad_chosen")[i].GetDouble(), outputs["a"][i]);
                Check(name, one.GetProperty("grad_rejected")[i].GetDouble(), outputs["b"][i]);
            }
        }
    }
}
