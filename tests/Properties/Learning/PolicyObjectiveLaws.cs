using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Learning;

/// <summary>Policies and their critics as objectives over models.</summary>
public sealed class PolicyObjectiveLaws
{
    static readonly BatchShape batch = new(3, 4);
    static readonly DecoderConfig config = new() { Layers = 1, Heads = 2, Width = 6, Context = 4, Vocabulary = 7 };
    static readonly PolicyLoss grpo = PolicyLosses.Find("grpo")!, reinforce = PolicyLosses.Find("reinforce")!;

    static Dictionary<string, Value> Inputs(Objective objective, ulong seed)
    {
        var values = objective.Parameters.ToDictionary(static p => p.Name, p => Runs.Normal(p.Spec.Type, Key.Seed(seed).FoldIn(p.Name), 0.5));
        foreach (var (name, type) in objective.Feed)
            values[Names.Feed(name)] = name switch
            {
                "inputs" => Runs.Tokens(batch, config.Vocabulary, seed), "labels" => Runs.Labels(batch, config.Vocabulary, seed),
                _ => Runs.Normal(type, Key.Seed(seed).FoldIn(name)),
            };
        values[Names.Key] = Runs.KeyOf(seed);
        return values;
    }

    static IReadOnlyDictionary<string, Value> Evaluate(Program program, IReadOnlyDictionary<string, Value> given) =>
        program.Evaluate(program.Inputs.ToDictionary(static i => i.Name, i => given[i.Name]));

    // The mean loss, what is shown, and the gradient of each learned parameter.
    static IReadOnlyDictionary<string, Value> Learned(Objective objective, IReadOnlyDictionary<string, Value> given, bool training = true)
    {
        var loss = objective.Loss(training);
        var gradients = Vjp.Gradients(loss.Total.Sum, objective.Learned.Map(static p => Create.Input(p.Name, p.Spec.Type)));
        return Evaluate(Program.Of([new("loss", loss.Total.Mean), .. loss.Shown.Select(static s => new Named($"shown/{s.Name}", s.Value.Mean)),
            .. objective.Learned.Select((p, i) => new Named($"gradient/{p.Name}", gradients[i] / loss.Total.Weight))]), given);
    }

    static double[] All(Value value) => [.. Enumerable.Range(0, (int)value.Type.Size).Select(i => value[i])];

    static void Same(Value expected, Value actual, double within = 1e-5)
    {
        foreach (var (i, (e, a)) in All(expected).Zip(All(actual)).Index()) Assert.True(Math.Abs(e - a) <= within * Math.Max(1, Math.Abs(e)), $"{i}: {e} is not {a}");
    }

    /// <summary>What a rollout is scored by are log-softmax and entropy of logits / temperature, with a cap of the logits and without.</summary>
    [Property(MaxTest = 20)]
    public void Log_probabilities_are_those_of_what_was_drawn_from(byte seed, byte heat, bool capped)
    {
        var (temperature, model) = (0.4 + heat % 8 * 0.2, Transformer.Of(config with { LogitCap = capped ? 1.5 : 0 }));
        var given = Runs.Parameters(model, seed, 1).With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)), (Names.Labels, Runs.Labels(batch, config.Vocabulary, seed)));
        var numbers = Evaluate(Programs.PolicyNumbers(model, batch, temperature), given);
        var logits = Evaluate(Programs.Logits(model, batch), given)[Names.Logits];
        for (var i = 0; i < batch.Rows * batch.Time; i++)
        {
            double[] z = [.. Enumerable.Range(0, config.Vocabulary).Select(v => logits[i * config.Vocabulary + v] / temperature)];
            var lse = Math.Log(z.Sum(Math.Exp));
            var label = (int)given[Names.Labels][i];
            Assert.Equal(label < 0 ? 0 : z[label] - lse, numbers["logprobs"][i], 1e-4);
            Assert.Equal(label < 0 ? 0 : -z.Sum(x => Math.Exp(x - lse) * (x - lse)), numbers["entropies"][i], 1e-4);
        }
        foreach (var none in (double[])[0, -1, double.NaN, double.PositiveInfinity])
            Assert.Throws<ArgumentOutOfRangeException>(() => Programs.PolicyNumbers(model, batch, none));
    }

    /// <summary>Scored by itself, a policy has ratio 1 and no distance, and learns what REINFORCE does; the reference as a part is as the reference's numbers.</summary>
    [Property(MaxTest = 12)]
    public void A_policy_begins_where_it_was_scored(byte seed, bool hot)
    {
        var model = Transformer.Of(config);
        var options = new PolicyOptions { Temperature = hot ? 1.7 : 1, Norm = PolicyNorm.Tokens };
        var objective = PolicyObjectives.Policy(model, batch, grpo, options, cached: true);
        Assert.Equal(["inputs", "labels", "advantages", "old", "reference"], objective.Feed.Names);
        var given = Inputs(objective, seed);
        var numbers = Evaluate(Programs.PolicyNumbers(model, batch, options.Temperature), given);
        given[Names.Feed("old")] = given[Names.Feed("reference")] = numbers["logprobs"];
        var (of, plain) = (Learned(objective, given), Learned(PolicyObjectives.Policy(model, batch, reinforce, options), given));
        Assert.Equal(1, of["shown/ratio"][0], 1e-5);
        Assert.Equal(0, of["shown/kl_old"][0], 1e-5);
        Assert.Equal(0, of["shown/kl"][0], 1e-5);
        foreach (var p in objective.Learned) Same(plain[$"gradient/{p.Name}"], of[$"gradient/{p.Name}"]);
        Assert.Contains(objective.Learned, p => All(of[$"gradient/{p.Name}"]).Any(static g => Math.Abs(g) > 1e-3));
        // A reference of the policy's own weights, read in the step.
        var (held, cached) = (options with { Beta = 0.5 }, given);
        var two = PolicyObjectives.Policy(model, batch, grpo, held, reference: model);
        foreach (var p in two.Parameters.Where(static p => !p.Learns)) given[p.Name] = Runs.Normal(p.Spec.Type, Key.Seed(seed).FoldIn($"other{p.Name}"), 0.5);
        Assert.All(two.Learned, static p => Assert.Equal("", p.Part.Name));
        var theirs = two.Parameters.Where(static p => !p.Learns).ToDictionary(static p => Names.Param(p.Spec.Name), p => given[p.Name]);
        cached[Names.Feed("reference")] = Evaluate(Programs.PolicyNumbers(model, batch, options.Temperature), given.With(theirs))["logprobs"];
        var (live, known) = (Learned(two, given), Learned(PolicyObjectives.Policy(model, batch, grpo, held, cached: true), cached));
        Assert.Equal(known["loss"][0], live["loss"][0], 1e-4);
        Assert.True(live["shown/kl"][0] > 0);
        foreach (var p in two.Learned) Same(known[$"gradient/{p.Name}"], live[$"gradient/{p.Name}"], 1e-4);
        // One that shares all of the policy's weights is the policy.
        var shared = PolicyObjectives.Policy(model, batch, grpo, held, reference: model, shares: true);
        Assert.Equal(0, Learned(shared, given)["shown/kl"][0], 1e-5);
    }

    /// <summary>A step along the gradient makes what had an advantage likelier, and the rest less so.</summary>
    [Property(MaxTest = 12)]
    public void What_had_an_advantage_becomes_likelier(byte seed, byte which, bool better)
    {
        var (model, loss) = (Transformer.Of(config), PolicyLosses.All[which % PolicyLosses.All.Count]);
        var objective = PolicyObjectives.Policy(model, batch, loss, new() { Length = 4 });
        var given = Inputs(objective, seed);
        given[Names.Feed("old")] = Evaluate(Programs.PolicyNumbers(model, batch), given)["logprobs"];
        given[Names.Feed("advantages")] = Runs.Changed(given[Names.Feed("advantages")], (_, _) => better ? 1 : -1);
        var of = Learned(objective, given);
        foreach (var p in objective.Learned)
            given[p.Name] = Runs.Changed(given[p.Name], (x, i) => x - 1e-3 * of[$"gradient/{p.Name}"][i]);
        var (before, after) = (All(given[Names.Feed("old")]).Sum(), All(Evaluate(Programs.PolicyNumbers(model, batch), given)["logprobs"]).Sum());
        Assert.True(better ? after > before : after < before, $"{before} became {after}");
    }

    /// <summary>An entropy that is worth something is raised, exactly by the gradient of the entropy.</summary>
    [Property(MaxTest = 8)]
    public void An_entropy_that_counts_is_learned(byte seed)
    {
        var model = Transformer.Of(config);
        var objective = PolicyObjectives.Policy(model, batch, reinforce, new() { Entropy = 1, Temperature = 1.3 });
        var given = Inputs(objective, seed);
        given[Names.Feed("advantages")] = Runs.Changed(given[Names.Feed("advantages")], static (_, _) => 0);
        var of = Learned(objective, given);
        Assert.Equal(-of["shown/entropy"][0], of["loss"][0], 1e-5);
        foreach (var p in objective.Learned) given[p.Name] = Runs.Changed(given[p.Name], (x, i) => x - 1e-2 * of[$"gradient/{p.Name}"][i]);
        Assert.True(Learned(objective, given)["shown/entropy"][0] > of["shown/entropy"][0]);
    }

    /// <summary>A critic is a part of its own: a head on the policy's hidden states, which it teaches unless it is detached, or a model by itself.</summary>
    [Property(MaxTest = 8)]
    public void A_critic_is_a_part_of_its_own(byte seed, byte kind, bool longer)
    {
        var model = Transformer.Of(config);
        var critic = (kind % 3) switch
        {
            0 => Critic.Head(model), 1 => Critic.Head(model, detached: true), _ => Critic.Of(Transformer.Of(config with { Labels = 1, Width = 4 })),
        };
        var values = new ValueOptions { Weight = 0.6, Clip = 0.3, Longer = longer };
        var objective = PolicyObjectives.Policy(model, batch, grpo, new(), critic: critic, values: values);
        Assert.Equal(["", Critic.Name], objective.Parts.Select(static p => p.Name));
        Assert.Equal(["inputs", "labels", "advantages", "old", "returns", "values"], objective.Feed.Names);
        var given = Inputs(objective, seed);
        var (of, alone) = (Learned(objective, given), Learned(PolicyObjectives.Policy(model, batch, grpo, new()), given));
        var scored = Evaluate(Programs.Values(critic, model, batch), given)["values"];
        Same(scored, Evaluate(Programs.PolicyNumbers(model, batch, critic: critic), given)["values"]);
        if (critic.OnHidden)
        {
            var hidden = Evaluate(Programs.Hidden(model, batch), given)[Names.Hidden];
            var weight = given[objective.Parts[1].Param("weight")];
            for (var i = 0; i < batch.Rows * batch.Time; i++)
                Assert.Equal(Enumerable.Range(0, config.Width).Sum(k => hidden[i * config.Width + k] * weight[k]), scored[i], 1e-4);
        }
        else
            Assert.Equal(batch.Rows * batch.Time, All(scored).Distinct().Count());
        // By hand, over the labels' places and, where that is asked for, one place behind.
        double sum = 0, n = 0;
        for (var i = 0; i < batch.Rows * batch.Time; i++)
        {
            if (given[Names.Labels][i] < 0 && !(longer && i % batch.Time > 0 && given[Names.Labels][i - 1] >= 0)) continue;
            var (old, came) = (given[Names.Feed("values")][i], given[Names.Feed("returns")][i]);
            sum += 0.5 * Math.Max(Math.Pow(scored[i] - came, 2), Math.Pow(Math.Clamp(scored[i], old - 0.3, old + 0.3) - came, 2));
            n++;
        }
        Assert.Equal(sum / n, of["shown/value"][0], 1e-4);
        Assert.Equal(alone["loss"][0] + 0.6 * sum / n, of["loss"][0], 1e-4);
        var taught = objective.Learned.Where(static p => p.Part.Name.Length == 0)
            .Any(p => All(of[$"gradient/{p.Name}"]).Zip(All(alone[$"gradient/{p.Name}"])).Any(static g => Math.Abs(g.Item1 - g.Item2) > 1e-4));
        Assert.Equal(kind % 3 == 0, taught);
        Assert.Contains(objective.Learned, p => p.Part.Name == Critic.Name && All(of[$"gradient/{p.Name}"]).Any(static g => g != 0));
    }

    [Fact]
    public void What_is_asked_for_must_be_there()
    {
        var model = Transformer.Of(config);
        Assert.Throws<ArgumentException>(() => PolicyObjectives.Policy(model, batch, grpo, new() { Beta = 0.1 }));
        Assert.Throws<ArgumentException>(() => PolicyObjectives.Policy(model, batch, grpo, new(), cached: true, reference: model));
        Assert.Throws<ArgumentException>(() => PolicyObjectives.Policy(model, batch, grpo, new() { Correction = SamplingCorrection.TokenMask }));
        Assert.Throws<ArgumentException>(() => Critic.Of(model));
        Assert.Contains("sampling", PolicyObjectives.Policy(model, batch, grpo, new() { Correction = SamplingCorrection.TokenMask }, sampling: true).Feed.Names);
    }

    /// <summary>What experts add to a loss, policies and critics learn as well; what is measured has nothing of it.</summary>
    [Fact]
    public void Experts_are_balanced_in_policies_too()
    {
        var experts = config with { Experts = new() { Count = 2, Chosen = 1, Balance = 0.1 } };
        var model = Transformer.Of(experts);
        var objective = PolicyObjectives.Policy(model, batch, grpo, new(), critic: Critic.Of(Transformer.Of(experts with { Labels = 1 })));
        var (training, measured) = (objective.Loss(training: true), objective.Loss(training: false));
        Assert.Contains("objective", training.Shown.Names);
        Assert.DoesNotContain("objective", measured.Shown.Names);
        var given = Inputs(objective, 3);
        var of = Learned(objective, given);
        var alone = Learned(PolicyObjectives.Policy(model, batch, grpo, new(), critic: Critic.Head(model)), given.With([.. Inputs(PolicyObjectives.Policy(model, batch, grpo, new(),
            critic: Critic.Head(model)), 3).Where(p => !given.ContainsKey(p.Key))]));
        var added = of.Keys.Where(k => k.StartsWith("shown/", StringComparison.Ordinal) && !Learned(objective, given, training: false).ContainsKey(k)).ToList();
        Assert.True(of["loss"][0] > of["shown/objective"][0], string.Join(", ", added));
        // The critic's experts are balanced beside the policy's.
        Assert.True(of["loss"][0] - of["shown/objective"][0] > alone["loss"][0] - alone["shown/objective"][0]);
    }

    [Fact]
    public void Texts_behind_padding_are_read_from_their_beginning()
    {
        var model = Transformer.Of(config);
        var (one, two) = (PolicyObjectives.Policy(model, batch, grpo, new()), PolicyObjectives.Policy(model, batch, grpo, new(), texts: true));
        var given = Inputs(one, 5);
        given[Names.Feed("starts")] = Value.Of(batch.Tokens, new double[batch.Rows * batch.Time]);
        Assert.Equal(Learned(one, given)["loss"][0], Learned(two, given)["loss"][0], 1e-5);
        given[Names.Feed("starts")] = Runs.Changed(given[Names.Feed("starts")], static (_, i) => i % 4 > 1 ? 2 : 0);
        Assert.NotEqual(Learned(one, given)["loss"][0], Learned(two, given)["loss"][0], 1e-5);
    }
}
