using FsCheck;
using FsCheck.Fluent;

namespace Functional.Tests.Properties;

/// <summary>A mixture of experts against a loop over tokens and experts, and what it adds to the loss against the papers' formulas.</summary>
public sealed class ExpertLaws
{
    const int Width = 3, Hidden = 4, Time = 5;

    /// <summary>Any mixture, without noise.</summary>
    public sealed record Case(ExpertConfig Config, Activation Activation, int Rows)
    {
        public static Arbitrary<Case> Any() => Arb.From(
            from pick in Gen.Choose(0, int.MaxValue - 1)
            select Of(new Random(pick)));

        static Case Of(Random random)
        {
            var (count, shared) = (random.Next(1, 6), random.Next(2) * 5);
            return new(new()
            {
                Count = count, Chosen = random.Next(1, count + 1), Sigmoid = random.Next(2) == 0, Renormalised = random.Next(2) == 0, Shared = shared,
                SharedGate = shared > 0 && random.Next(2) == 0, Balance = random.Next(3) * 0.25, ZLoss = random.Next(3) * 0.5,
                Capacity = random.Next(3) == 0 ? 0 : 0.2 + 1.2 * random.NextDouble(),
            }, random.Next(2) == 0 ? Activation.SwiGlu : Activation.Silu, random.Next(1, 4));
        }
    }

    // What a router does with all tokens: its choices, their weights, and sums over what counts.
    sealed class Router(ExpertConfig config, double[][] scores, bool[] counts, bool training)
    {
        public double[][] Weights { get; } = [.. scores.Select(_ => new double[config.Count])];

        public double[] Chosen { get; } = new double[config.Count];

        public double[] Probabilities { get; } = new double[config.Count];

        public double Squares { get; private set; }

        public double Dropped { get; private set; }

        public double Tokens => counts.Count(static c => c);

        public Router Done()
        {
            var room = training && config.Capacity > 0 ? Math.Max(1, Math.Ceiling(config.Capacity * scores.Length * config.Chosen / config.Count)) : double.PositiveInfinity;
            var taken = new int[config.Count];
            for (var t = 0; t < scores.Length; t++)
            {
                var e = scores[t].Select(Math.Exp).ToArray();
                double[] p = [.. config.Sigmoid ? e.Select(static v => v / (1 + v)) : e.Select(v => v / e.Sum())];
                var best = Enumerable.Range(0, config.Count).OrderByDescending(i => p[i]).Take(config.Chosen).ToArray();
                foreach (var i in best)
                {
                    if (taken[i]++ < room) Weights[t][i] = p[i] / (config.Renormalised ? best.Sum(j => p[j]) : 1);
                    else if (counts[t]) Dropped++;
                    if (counts[t]) Chosen[i]++;
                }
                if (!counts[t]) continue;
                for (var i = 0; i < config.Count; i++) Probabilities[i] += config.Sigmoid ? p[i] / p.Sum() : p[i];
                Squares += Math.Pow(Math.Log(e.Sum()), 2);
            }
            return this;
        }
    }

    static double[] Times(double[] x, ReadOnlySpan<double> weight, int outputs)
    {
        var y = new double[outputs];
        for (var o = 0; o < outputs; o++)
            for (var i = 0; i < x.Length; i++) y[o] += x[i] * weight[i * outputs + o];
        return y;
    }

    static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    static double[] Mlp(double[] x, Func<string, double[]> weight, int hidden, bool gated)
    {
        var inside = Times(x, weight(gated ? "gate" : "up"), hidden).Select(static v => v * Sigmoid(v));
        if (gated) inside = inside.Zip(Times(x, weight("up"), hidden), static (a, b) => a * b);
        return Times([.. inside], weight("down"), Width);
    }

    static (double[][] Outputs, Router Router) ByHand(Case c, IReadOnlyDictionary<string, Value> given, string at, double[][] x, bool[] counts, bool training)
    {
        double[] Of(string name) => given[at + name].Items.ToArray();
        var (config, gated) = (c.Config, c.Activation == Activation.SwiGlu);
        var router = new Router(config, [.. x.Select(token => Times(token, Of("router.weight"), config.Count))], counts, training).Done();
        var outputs = x.Select((token, t) =>
        {
            var y = new double[Width];
            for (var i = 0; i < config.Count; i++)
            {
                if (router.Weights[t][i] == 0) continue;
                double[] Own(string name) => Of($"experts.{name}")[(i * Width * Hidden)..((i + 1) * Width * Hidden)];
                y = [.. y.Zip(Mlp(token, Own, Hidden, gated), (a, b) => a + router.Weights[t][i] * b)];
            }
            if (config.Shared == 0) return y;
            var gate = config.SharedGate ? Sigmoid(Times(token, Of("shared_gate.weight"), 1)[0]) : 1;
            return [.. y.Zip(Mlp(token, name => Of($"shared.{name}.weight"), config.Shared, gated), (a, b) => a + gate * b)];
        }).ToArray();
        return (outputs, router);
    }

    static (Layer Layer, Env Env, Tensor X, Dictionary<string, Value> Given, double[][] Tokens, bool[] Counts) Setting(Case c, int layers, bool training, bool masks, int seed)
    {
        var layer = Layer.Repeat(layers, _ => Nn.Experts(Width, Hidden, c.Activation, c.Config));
        var (x, key, counted) = (Create.Input("x", [c.Rows, Time, Width]), Create.Input(Names.Key, [2], DType.I32), Create.Input("counted", [c.Rows, Time], DType.Bool));
        var env = Env.Of(layer.Params.Map(static (name, spec) => Create.Input(name, spec.Type))) with
        {
            RandomKey = training ? key : null, Counted = masks ? counted : null, Wants = static _ => false,
        };
        var tokens = c.Rows * Time;
        // Not one of them all, so that means are numbers.
        bool[] counts = [.. Enumerable.Range(0, tokens).Select(i => !masks || i == 0 || Key.Seed((ulong)seed).Below(i, 3) > 0)];
        var given = layer.Params.ToDictionary(static p => p.Name, p => Runs.Normal(p.Value.Type, Key.Seed((ulong)seed).FoldIn(p.Name)))
            .With(("x", Runs.Normal(x.Type, Key.Seed((ulong)seed))), (Names.Key, Runs.KeyOf(3)), ("counted", Value.Of(counted.Type, [.. counts.Select(static b => b ? 1.0 : 0)])));
        return (layer, env, x, given, [.. given["x"].Items.ToArray().Chunk(Width)], counts);
    }

    [Property(Arbitrary = [typeof(Case)], MaxTest = 300)]
    public void A_token_is_the_sum_of_what_its_experts_make_of_it(Case c, bool training, bool masks, ushort seed)
    {
        var s = Setting(c, 1, training, masks, seed);
        var expected = ByHand(c, s.Given, "0.", s.Tokens, s.Counts, training).Outputs.SelectMany(static row => row).ToArray();
        var actual = Evaluator.Run([s.Layer.Apply(s.Env, s.X).Value], s.Given)[0];
        Runs.Close(Value.Of(actual.Type, expected), actual, 1e-9 * (1 + expected.Max(Math.Abs)), $"{c}");
    }

    /// <summary>The load-balancing loss is experts · Σ f · P over all layers pooled, as the z-loss is a mean over all; both times their coefficients.</summary>
    [Property(Arbitrary = [typeof(Case)], MaxTest = 300)]
    public void What_routers_add_to_the_loss_is_pooled_over_layers(Case c, bool masks, ushort seed)
    {
        var s = Setting(c, 2, true, masks, seed);
        var flow = Nn.Balanced(s.Layer, c.Config).Apply(s.Env, s.X);
        var first = ByHand(c, s.Given, "0.", s.Tokens, s.Counts, true);
        var second = ByHand(c, s.Given, "1.", first.Outputs, s.Counts, true);
        Router[] routers = [first.Router, second.Router];
        var (config, tokens) = (c.Config, routers.Sum(static r => r.Tokens));
        var expected = new SortedDictionary<string, double>(StringComparer.Ordinal)
        {
            ["statistic/expert-load"] = routers.Max(r => r.Chosen.Max() / r.Tokens) * config.Count / config.Chosen,
        };
        if (config.Balance > 0) expected["aux/balance"] = config.Balance * config.Count * Enumerable.Range(0, config.Count)
            .Sum(i => routers.Sum(r => r.Chosen[i]) / tokens * (routers.Sum(r => r.Probabilities[i]) / tokens));
        if (config.ZLoss > 0) expected["aux/router-z"] = config.ZLoss * routers.Sum(static r => r.Squares) / tokens;
        if (config.Capacity > 0) expected["statistic/expert-dropped"] = routers.Sum(static r => r.Dropped) / (tokens * config.Chosen);
        var sides = flow.Side.OrderBy(static side => side.Name, StringComparer.Ordinal).ToList();
        Assert.Equal(expected.Keys, sides.Select(static side => side.Name));
        foreach (var (value, number) in Evaluator.Run([.. sides.Select(static side => side.Value)], s.Given).Zip(expected.Values))
            Assert.Equal(number, value[0], 1e-9 * (1 + Math.Abs(number)));
        // Nothing of it where nothing is trained.
        Assert.Empty(Nn.Balanced(s.Layer, c.Config).Apply(s.Env with { RandomKey = null }, s.X).Side);
    }

    /// <summary>Where all experts are chosen alike, the loss is its coefficient times how many a token goes to: the least that there is.</summary>
    [Fact]
    public void Even_loads_cost_the_least()
    {
        // Four tokens of four experts, each token strongly to its own.
        var layer = Nn.Balanced(Layer.Repeat(1, static _ => Nn.Experts(4, 2, Activation.Silu, new() { Count = 4, Chosen = 1, Balance = 0.5 })), new() { Count = 4, Chosen = 1, Balance = 0.5 });
        Tensor x = Create.Input("x", [1, 4, 4]), key = Create.Input(Names.Key, [2], DType.I32);
        var flow = layer.Apply(Env.Of(layer.Params.Map(static (name, spec) => Create.Input(name, spec.Type))) with { RandomKey = key }, x);
        Value Identity(double scale) => Value.Of(new([1, 4, 4]), [.. Enumerable.Range(0, 16).Select(i => i % 5 == 0 ? scale : 0)]);
        double Balance(Value tokens) => Evaluator.Run([flow.Under(Names.Auxiliary(""))[0].Value], layer.Params.ToDictionary(static p => p.Name, static p => Runs.Normal(p.Value.Type, Key.Seed(1)))
            .With((Names.Key, Runs.KeyOf(1)), ("x", tokens), ("0.router.weight", Value.Of(new([4, 4]), Identity(50).Items))))[0][0];
        Assert.Equal(0.5, Balance(Identity(1)), 1e-9);
        Assert.Equal(0.5 * 4, Balance(Value.Of(new([1, 4, 4]), [.. Enumerable.Range(0, 16).Select(static i => i % 4 == 0 ? 1.0 : 0)])), 1e-9);
    }

    /// <summary>Noise is added in training alone, to the scores, with the standard deviation that is asked for.</summary>
    [Fact]
    public void Noise_has_its_size_and_is_for_training()
    {
        const double Size = 0.3;
        var layer = Nn.Experts(1, 1, Activation.Silu, new() { Count = 2, Chosen = 1, Noise = Size, Renormalised = false });
        const int Tokens = 400, Keys = 50;
        var x = Create.Input("x", [1, Tokens, 1]);
        var env = Env.Of(layer.Params.Map(static (name, spec) => Create.Input(name, spec.Type)));
        var given = layer.Params.ToDictionary(static p => p.Name, static p => Value.Of(p.Value.Type, [.. Enumerable.Repeat(1.0, (int)p.Value.Type.Size)]))
            .With((Names.Key, Runs.KeyOf(5)), ("x", Value.Of(x.Type, [.. Enumerable.Repeat(1.0, Tokens)])));
        // Both scores are 1: what is chosen has a probability of sigmoid(|difference|), the difference of two normal numbers.
        var silu = 1 / (1 + Math.Exp(-1));
        var still = Evaluator.Run([layer.Apply(env, x).Value], given)[0];
        Assert.All(still.Items.ToArray(), v => Assert.Equal(0.5 * silu, v, 1e-9));
        var noisy = layer.Apply(env with { RandomKey = Create.Input(Names.Key, [2], DType.I32) }, x).Value;
        var moved = Enumerable.Range(0, Keys).SelectMany(key => Evaluator.Run([noisy], given.With((Names.Key, Runs.KeyOf((ulong)key))))[0].Items.ToArray());
        double[] differences = [.. moved.Select(v => Math.Log(v / silu / (1 - v / silu)))];
        Assert.Equal(2 * Size * Size, differences.Average(static d => d * d), 5 * 2 * Size * Size * Math.Sqrt(2.0 / (Tokens * Keys)));
    }
}
