using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Learning;

/// <summary>The parts of trust-region policy optimisation.</summary>
public sealed class TrustRegionLaws
{
    const int Places = 4, Width = 3, Vocabulary = 4;

    static double[] Some(uint seed, string what, int n) => [.. Enumerable.Range(0, n).Select(i => Key.Seed(seed).FoldIn(what).Normal(i))];

    static Vec<double> Times(double[,] a, Vec<double> x) => x.Map((_, i) => Enumerable.Range(0, x.Count).Sum(k => a[i, k] * x[k]));

    // B Bᵀ + ½.
    static double[,] Definite(uint seed, int n)
    {
        var (b, a) = (Some(seed, "b", n * n), new double[n, n]);
        for (var i = 0; i < n; i++)
            for (var k = 0; k < n; k++) a[i, k] = Enumerable.Range(0, n).Sum(j => b[i * n + j] * b[k * n + j]) + (i == k ? 0.5 : 0);
        return a;
    }

    /// <summary>As many products as there are unknowns solve the equations, and each product brings the solution nearer.</summary>
    [Property(MaxTest = 40)]
    public void Conjugate_directions_solve_small_systems(uint seed, byte size)
    {
        var n = 1 + size % 6;
        var (a, x) = (Definite(seed, n), (Vec<double>)[.. Some(seed, "x", n)]);
        var b = Times(a, x);
        var of = TrustRegion.Conjugate(v => Times(a, v), b, n + 3, 1e-13);
        for (var i = 0; i < n; i++) Assert.Equal(x[i], of.Solution[i], 1e-6);
        Assert.Equal(Math.Sqrt(b.Zip(Times(a, of.Solution)).Sum(static p => (p.Item1 - p.Item2) * (p.Item1 - p.Item2))), of.Residual, 1e-6);
        double Away(Vec<double> solution) => Times(a, solution.Map((s, i) => s - x[i])).Select((d, i) => d * (solution[i] - x[i])).Sum();
        for (var k = 0; k < n; k++)
        {
            var (before, after) = (TrustRegion.Conjugate(v => Times(a, v), b, k), TrustRegion.Conjugate(v => Times(a, v), b, k + 1));
            Assert.True(Away(after.Solution) <= Away(before.Solution) + 1e-9);
            Assert.True(before.Iterations <= k);
        }
        // Nothing to solve, and nothing that could be solved.
        Assert.Equal(0, TrustRegion.Conjugate(v => Times(a, v), b.Map(static _ => 0.0)).Iterations);
        Assert.All(TrustRegion.Conjugate(static v => v.Map(static e => -e), b).Solution, static s => Assert.Equal(0, s));
        Assert.All(TrustRegion.Conjugate(static v => v.Map(static _ => double.NaN), b).Solution, static s => Assert.Equal(0, s));
    }

    // Logits of two layers, so that the second derivative of the logits is not 0.
    static Tensor Logits(Tensor first, Tensor second, Tensor inputs) => inputs.MatMul(first).Tanh().MatMul(second);

    /// <summary>Products with F are those with the second derivative of the mean distance, taken twice, symmetric and never negative; damping adds its share.</summary>
    [Property(MaxTest = 20)]
    public void Fisher_products_are_the_curvature_of_the_distance(uint seed)
    {
        Value Of(string what, params int[] shape) => Value.Of(new([.. shape]), Some(seed, what, shape.Aggregate(static (a, b) => a * b)));
        Vec<(string Name, Value Value)> all = [("w1", Of("w1", Width, Width)), ("w2", Of("w2", Width, Vocabulary)), ("x", Of("x", Places, Width)),
            ("u1", Of("u1", Width, Width)), ("u2", Of("u2", Width, Vocabulary)), ("v1", Of("v1", Width, Width)), ("v2", Of("v2", Width, Vocabulary)),
            ("mask", Value.Of(new([Places]), 1, 0, 1, 1))];
        Tensor In(string name) => Create.Input(name, all.First(a => a.Name == name).Value.Type);
        Vec<Tensor> parameters = [In("w1"), In("w2")], u = [In("u1"), In("u2")], v = [In("v1"), In("v2")];
        var logits = Logits(In("w1"), In("w2"), In("x"));
        Vec<Tensor> Product(Vec<Tensor> direction, double damping = 0) => TrustRegion.FisherTimes(logits, In("mask"), parameters, direction, damping);
        Tensor Inner(Vec<Tensor> a, Vec<Tensor> b) => a.Zip(b).Select(static p => (p.Item1 * p.Item2).SumAll()).Aggregate(static (x, y) => x + y);
        // Mean KL(old ‖ π) of what counts, where old is π itself and constant.
        var old = logits.LogSoftmax().StopGradient();
        var distance = ((old.Exp() * (old - logits.LogSoftmax())).Sum(-1).Reshape(Places) * In("mask")).SumAll() / 3;
        var curvature = Vjp.Gradients(Inner(Vjp.Gradients(distance, parameters), v), parameters);
        var (fv, fu, damped) = (Product(v), Product(u), Product(v, 0.25));
        var program = Program.Of([new("f1", fv[0]), new("f2", fv[1]), new("h1", curvature[0]), new("h2", curvature[1]), new("uFv", Inner(u, fv)),
            new("vFu", Inner(v, fu)), new("vFv", Inner(v, fv)), new("d1", damped[0] - fv[0] - v[0] * 0.25)]);
        var result = program.Evaluate(program.Inputs.ToDictionary(static i => i.Name, i => all.First(a => a.Name == i.Name).Value));
        foreach (var (f, h) in (ReadOnlySpan<(string, string)>)[("f1", "h1"), ("f2", "h2")])
            for (var i = 0; i < (int)result[f].Type.Size; i++) Assert.Equal(result[h][i], result[f][i], 1e-4);
        Assert.Equal(result["uFv"][0], result["vFu"][0], 1e-3);
        Assert.True(result["vFv"][0] >= 0);
        for (var i = 0; i < Width * Width; i++) Assert.Equal(0, result["d1"][i], 1e-5);
        Assert.Throws<ArgumentException>(() => TrustRegion.FisherTimes(logits, In("mask"), parameters, [In("v1")]));
    }

    /// <summary>The full step is as long as the bound to second order.</summary>
    [Property(MaxTest = 40)]
    public void A_full_step_is_as_long_as_the_bound(uint seed, byte size, byte hundredths)
    {
        var (n, bound) = (1 + size % 5, (1 + hundredths) / 100.0);
        var (a, x) = (Definite(seed, n), (Vec<double>)[.. Some(seed, "x", n)]);
        var step = TrustRegion.Length(x, Times(a, x), bound) is var length ? x.Map(e => e * length) : x;
        Assert.Equal(bound, step.Zip(Times(a, step)).Sum(static p => p.Item1 * p.Item2) / 2, 1e-9);
        Assert.Equal(0, TrustRegion.Length(x, x.Map(static e => -e), bound));
        Assert.Equal(0, TrustRegion.Length(x, x.Map(static _ => double.NaN), bound));
    }

    /// <summary>What a search chooses keeps the bound and gains its share; every longer step that was tried does not; where none does, nothing is changed.</summary>
    [Property(MaxTest = 60)]
    public void A_search_keeps_the_bound(byte curve, byte bend, byte shrunk, byte least)
    {
        var (shrink, share, bound) = (0.2 + shrunk % 7 / 10.0, least % 10 / 10.0, 0.01);
        (double Gain, double Distance) At(double s) => (s - s * s * bend / 16.0, s * s * curve / 255.0);
        bool Good(double s) => At(s) is var (gain, distance) && distance <= bound && gain > 0 && gain >= share * s;
        var of = TrustRegion.Search(At, 1, bound, shrink, share, 12);
        Vec<double> steps = [.. Enumerable.Range(0, 12).Select(k => Math.Pow(shrink, k))];
        if (of.Scale == 0) Assert.DoesNotContain(steps, s => Good(s));
        else
        {
            Assert.True(At(of.Scale).Distance <= bound && At(of.Scale).Gain >= share * of.Scale);
            Assert.Equal(steps[of.Tries - 1], of.Scale, 1e-12);
            Assert.DoesNotContain(steps.Take(of.Tries - 1), s => Good(s));
        }
        Assert.Equal(0, TrustRegion.Search(static _ => (double.NaN, 0), 1, bound).Scale);
        Assert.Equal(0, TrustRegion.Search(static _ => (1, double.NaN), 1, bound).Scale);
    }

    /// <summary>
    /// A whole step of a model: the distance that a fresh pass measures is within the bound and what the step says, the surrogate gains by what it says or nothing has
    /// changed, and where all advantages are 0 nothing changes.
    /// </summary>
    [Property(MaxTest = 4)]
    public void A_step_keeps_its_bound_and_gains(byte seed, byte size)
    {
        var (batch, config) = (new BatchShape(2, 3), new DecoderConfig { Layers = 1, Heads = 1, Width = 4, Context = 3, Vocabulary = 5 });
        var (model, bound) = (Transformer.Of(config), new[] { 0.001, 0.02, 0.5 }[size % 3]);
        var objective = PolicyObjectives.Policy(model, batch, PolicyLosses.Find("ppo")!, new() { Low = 1, High = 1e30 });
        var program = Programs.TrustRegion(objective, scene => (model.Logits(scene.Of(""), scene["inputs"]).Value.Reshape(-1, 5),
            LinearCrossEntropy.Counts(scene["labels"]).Where(Create.Scalar(1), Create.Scalar(0)).Reshape(-1)), new() { Bound = bound, Iterations = 3, Tries = 4 });
        var given = objective.Parameters.ToDictionary(static p => p.Name, p => Runs.Normal(p.Spec.Type, Key.Seed(seed).FoldIn(p.Name), 0.5));
        (given[Names.Feed("inputs")], given[Names.Feed("labels")]) = (Runs.Tokens(batch, 5, seed), Runs.Tokens(batch, 5, seed + 1UL));
        given[Names.Feed("advantages")] = Runs.Normal(new([2, 3]), Key.Seed(seed).FoldIn("advantages"), 1);
        IReadOnlyDictionary<string, Value> Evaluate(Program of) => of.Evaluate(of.Inputs.ToDictionary(static i => i.Name, i => given[i.Name]));
        double[] Log() => [.. Evaluate(Programs.Logits(model, batch))[Names.Logits] is var logits ? Enumerable.Range(0, 6).SelectMany(i =>
        {
            double[] z = [.. Enumerable.Range(0, 5).Select(v => logits[i * 5 + v])];
            var lse = Math.Log(z.Sum(Math.Exp));
            return z.Select(x => x - lse);
        }) : []];
        var before = Log();
        given[Names.Feed("old")] = Evaluate(Programs.PolicyNumbers(model, batch))["logprobs"];
        double Surrogate(double[] log) => Enumerable.Range(0, 6).Average(i => Math.Exp(log[i * 5 + (int)given[Names.Feed("labels")][i]] - given[Names.Feed("old")][i]) * given[Names.Feed("advantages")][i]);
        var of = Evaluate(program);
        var start = objective.Learned.ToDictionary(static p => p.Name, p => given[p.Name]);
        foreach (var p in objective.Learned) given[p.Name] = of[p.Name];
        var after = Log();
        var distance = before.Zip(after).Sum(static p => Math.Exp(p.Item1) * (p.Item1 - p.Item2)) / 6;
        Assert.True(distance <= bound * (1 + 1e-4) + 1e-6, $"{distance} is beyond {bound}");
        Assert.Equal(of[Names.Shown("kl_step")][0], distance, 1e-4);
        Assert.Equal(of[Names.Shown("gain")][0], Surrogate(after) - Surrogate(before), 1e-4);
        Assert.True(of[Names.Shown("gain")][0] >= 0);
        Assert.True(of[Names.Shown("step_scale")][0] > 0);
        foreach (var (name, value) in start) given[name] = value;
        given[Names.Feed("advantages")] = Value.Of(new([2, 3]), new double[6]);
        var still = Evaluate(program);
        foreach (var (name, value) in start)
            for (var i = 0; i < (int)value.Type.Size; i++) Assert.Equal(value[i], still[name][i]);
    }
}
