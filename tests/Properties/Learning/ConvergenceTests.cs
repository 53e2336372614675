using Functional.Testing;
using Xunit;

namespace Functional.Tests.Properties.Learning;

/// <summary>
/// Every algorithm finds what is best where that is known: on a bandit of two arms, and on a chain of two choices in which a smaller reward lies nearer. A policy is a table
/// from the token before to logits of the next.
/// </summary>
public sealed class ConvergenceTests
{
    const int Tokens = 2, Answers = 32, Time = 2;
    static readonly BatchShape batch = new(Answers, Time);
    static readonly Params<ParamSpec> specs = Params.Of(("table", ParamSpec.Of("table", [Tokens, Tokens], Initializer.Zeros)));
    static readonly Model model = new(specs, new(specs, static (env, x) => env["table"].Gather(x)),
        static _ => Create.Range(Tokens).Reshape(Tokens, 1).BroadcastTo([Tokens, Tokens]).EqualTo(Create.Range(Tokens).Reshape(1, Tokens).BroadcastTo([Tokens, Tokens]))
            .Where(Create.Scalar(1), Create.Scalar(0)), static _ => Params<TensorType>.Empty, Tokens, Time);

    /// <summary>What is chosen from, and what it is worth.</summary>
    /// <param name="Choices">How many tokens an answer has.</param>
    /// <param name="Worth">The reward of an answer.</param>
    public sealed record Game(int Choices, Func<int[], double> Worth);

    // The better arm is the second; of the chain it is the second twice, and the first twice is worth something, too.
    static readonly Game bandit = new(1, static a => a[0] == 1 ? 1 : 0.2), chain = new(2, static a => (a[0], a[1]) switch { (1, 1) => 1, (0, 0) => 0.3, _ => 0 });

    static double[] Log(double[] table, int from)
    {
        var lse = Math.Log(Enumerable.Range(0, Tokens).Sum(i => Math.Exp(table[from * Tokens + i])));
        return [.. Enumerable.Range(0, Tokens).Select(i => table[from * Tokens + i] - lse)];
    }

    // Answers to the one prompt, token 0.
    static int[][] Drawn(double[] table, Game game, Key key) => [.. Enumerable.Range(0, Answers).Select(row =>
    {
        var (answer, last) = (new int[game.Choices], 0);
        for (var t = 0; t < answer.Length; t++) last = answer[t] = key.FoldIn(row).Uniform(t) < Math.Exp(Log(table, last)[0]) ? 0 : 1;
        return answer;
    })];

    static double Best(double[] table, Game game) => Math.Exp(Log(table, 0)[1] + (game.Choices > 1 ? Log(table, 1)[1] : 0));

    static double[] Flat(int[][] answers, Func<int[], int, double> of) => [.. answers.SelectMany(a => Enumerable.Range(0, Time).Select(t => of(a, t)))];

    static Dictionary<string, Value> Rows(int[][] answers, double[] table, IReadOnlyList<double> advantages) => new()
    {
        [Names.Feed("inputs")] = Value.Of(batch.Tokens, Flat(answers, static (a, t) => t == 0 || t > a.Length ? 0 : a[t - 1])),
        [Names.Feed("labels")] = Value.Of(batch.Tokens, Flat(answers, static (a, t) => t < a.Length ? a[t] : -100)),
        [Names.Feed("old")] = Value.Of(new([Answers, Time]), Flat(answers, (a, t) => t < a.Length ? Log(table, t == 0 ? 0 : a[t - 1])[a[t]] : 0)),
        [Names.Feed("advantages")] = Value.Of(new([Answers, Time]), [.. answers.SelectMany((a, row) => Enumerable.Range(0, Time).Select(t => t < a.Length ? advantages[row] : 0))]),
    };

    static IReadOnlyDictionary<string, Value> Evaluate(Program program, IReadOnlyDictionary<string, Value> given) =>
        program.Evaluate(program.Inputs.ToDictionary(static i => i.Name, i => given[i.Name]));

    static double[] All(Value value) => [.. Enumerable.Range(0, (int)value.Type.Size).Select(i => value[i])];

    // Rounds of two updates of the same answers, all else at rest.
    static double[] Learned(Objective objective, Program step, Game game, Func<int[][], double[], Dictionary<string, Value>, Dictionary<string, Value>> rows, int rounds = 60, double rate = 2)
    {
        var state = objective.Learned.ToDictionary(static p => p.Name, static p => Value.Of(p.Spec.Type, new double[p.Spec.Type.Size]));
        for (var round = 0; round < rounds; round++)
        {
            var table = All(state[Names.Param("table")]);
            var given = rows(Drawn(table, game, Key.Seed(7).FoldIn(round)), table, state);
            given[Names.LearningRate] = Value.Of(new([]), rate);
            for (var pass = 0; pass < 2; pass++)
            {
                foreach (var (name, value) in state) given[name] = value;
                var after = Evaluate(step, given);
                state = state.Keys.ToDictionary(static n => n, n => after[n]);
            }
        }
        return All(state[Names.Param("table")]);
    }

    static Program Step(Objective objective) => Programs.Step(objective, Optimisers.Sgd(), GradientClip.None);

    static void Converges(Func<Game, double[]> learned)
    {
        Assert.InRange(Best(learned(bandit), bandit), 0.95, 1);
        Assert.InRange(Best(learned(chain), chain), 0.9, 1);
    }

    static double[] Compared(Objective objective, Program step, Game game, GroupOptions options, double rate = 2) => Learned(objective, step, game,
        (answers, table, _) => Rows(answers, table, GroupAdvantages.Of([.. answers.Select(game.Worth)], Answers, options).Each), rate: rate);

    public static TheoryData<string> Losses => [.. PolicyLosses.All.Select(static l => l.Name)];

    /// <summary>Each loss of policies, with answers compared in a group.</summary>
    [Theory, MemberData(nameof(Losses))]
    public void A_loss_of_policies_finds_the_best(string name)
    {
        var objective = PolicyObjectives.Policy(model, batch, PolicyLosses.Find(name)!, new() { Length = Time });
        Converges(game => Compared(objective, Step(objective), game, name switch
        {
            "rloo" => GroupOptions.Rloo, "dr-grpo" => GroupOptions.DrGrpo, "reinforce" => GroupOptions.ReinforcePlusPlus, _ => GroupOptions.Grpo,
        }, name is "rloo" or "dr-grpo" ? 6 : 2));
    }

    /// <summary>PPO with a critic, whose values are learned beside.</summary>
    [Fact]
    public void A_critic_finds_the_best()
    {
        var critic = Critic.Head(model, detached: true);
        var objective = PolicyObjectives.Policy(model, batch, PolicyLosses.Find("ppo")!, new(), critic: critic);
        var (numbers, step) = (Programs.PolicyNumbers(model, batch, 1, critic), Step(objective));
        Converges(game => Learned(objective, step, game, (answers, table, state) =>
        {
            var rows = Rows(answers, table, new double[Answers]);
            var values = All(Evaluate(numbers, new Dictionary<string, Value>(rows.Concat(state)))["values"]);
            Vec<bool> counts = [.. Flat(answers, static (a, t) => t < a.Length ? 1 : 0).Select(static c => c > 0)];
            var estimates = answers.Select((a, row) => Advantages.Gae([.. Enumerable.Range(0, Time).Select(t => t == a.Length - 1 ? game.Worth(a) : 0)],
                [.. values.Skip(row * Time).Take(Time)], [.. counts.Skip(row * Time).Take(Time)])).ToArray();
            rows[Names.Feed("advantages")] = Value.Of(new([Answers, Time]), [.. Advantages.Whitened([.. estimates.SelectMany(static e => e.Advantages)], counts)]);
            rows[Names.Feed("returns")] = Value.Of(new([Answers, Time]), [.. estimates.SelectMany(static e => e.Returns)]);
            rows[Names.Feed("values")] = Value.Of(new([Answers, Time]), values);
            return rows;
        }));
    }

    /// <summary>Steps within a trust region.</summary>
    [Fact]
    public void A_trust_region_finds_the_best()
    {
        var objective = PolicyObjectives.Policy(model, batch, PolicyLosses.Find("ppo")!, new() { Low = 1, High = 1e30 });
        var step = Programs.TrustRegion(objective, static scene => (model.Logits(scene.Of(""), scene["inputs"]).Value.Reshape(-1, Tokens),
            LinearCrossEntropy.Counts(scene["labels"]).Where(Create.Scalar(1), Create.Scalar(0)).Reshape(-1)), new() { Bound = 0.05, Iterations = 4, Damping = 0.01, Tries = 5 });
        Converges(game => Compared(objective, step, game, GroupOptions.Grpo));
    }

    /// <summary>
    /// Where the distance grows faster than to second order, from 9 : 1 toward the rarer arm, the full step is too long, and half of it is taken: of ln 9 ≈ 2.2 the odds lose
    /// half of √(2 · ½ / 0.09).
    /// </summary>
    [Fact]
    public void A_step_that_goes_too_far_is_halved()
    {
        var objective = PolicyObjectives.Policy(model, batch, PolicyLosses.Find("ppo")!, new() { Low = 1, High = 1e30 });
        var step = Programs.TrustRegion(objective, static scene => (model.Logits(scene.Of(""), scene["inputs"]).Value.Reshape(-1, Tokens),
            LinearCrossEntropy.Counts(scene["labels"]).Where(Create.Scalar(1), Create.Scalar(0)).Reshape(-1)), new() { Bound = 0.5, Iterations = 2, Damping = 0 });
        double[] table = [Math.Log(9), 0, 0, 0];
        int[][] answers = [.. Enumerable.Range(0, Answers).Select(static i => (int[])[i % 2])];
        var given = Rows(answers, table, [.. answers.Select(static a => a[0] == 1 ? 1.0 : -1)]);
        given[Names.Param("table")] = Value.Of(new([Tokens, Tokens]), table);
        var of = Evaluate(step, given);
        var after = All(of[Names.Param("table")]);
        Assert.Equal(0.5, of[Names.Shown("step_scale")][0], 1e-4);
        Assert.Equal(Math.Log(9) - Math.Sqrt(1 / 0.09) / 2, after[0] - after[1], 1e-3);
        Assert.InRange(of[Names.Shown("kl_step")][0], 0.1, 0.5);
    }

    /// <summary>Online preference: of the answers the best is preferred to the worst.</summary>
    [Fact]
    public void Preference_of_ones_own_answers_finds_the_best()
    {
        var objective = Objectives.Preference(model, batch, [(PreferenceLosses.Find("sigmoid")!, 1)], new() { Beta = 0.5 });
        var step = Step(objective);
        Converges(game => Learned(objective, step, game, (answers, _, _) =>
        {
            // Pairs of neighbours; equal ones count for nothing.
            var pairs = answers.Select((a, i) => (A: a, B: answers[(i + 1) % Answers])).Select(p => game.Worth(p.A) > game.Worth(p.B) ? (p.A, p.B) : (A: p.B, B: p.A)).ToArray();
            var rows = new Dictionary<string, Value> { [Names.Feed("margin")] = Value.Of(new([Answers]), new double[Answers]) };
            foreach (var (name, of) in new[] { ("chosen", pairs.Select(static p => p.A).ToArray()), ("rejected", [.. pairs.Select(static p => p.B)]) })
            {
                var read = Rows(of, [0, 0, 0, 0], new double[Answers]);
                rows[Names.Feed(name)] = read[Names.Feed("inputs")];
                rows[Names.Feed($"{name}_labels")] = Value.Of(batch.Tokens, [.. All(read[Names.Feed("labels")]).Select((l, i) =>
                    game.Worth(pairs[i / Time].A) > game.Worth(pairs[i / Time].B) ? l : -100)]);
                rows[Names.Feed($"reference_{name}")] = Value.Of(new([Answers]), [.. pairs.Select(p => game.Worth(p.A) > game.Worth(p.B) ? game.Choices * Math.Log(0.5) : 0)]);
            }
            return rows;
        }));
    }

    /// <summary>Held to where it began, a policy comes to rest where the closed form says: odds of e^(difference of rewards / price).</summary>
    [Fact]
    public void A_policy_that_is_held_rests_where_its_price_says()
    {
        const double Price = 0.5;
        var objective = PolicyObjectives.Policy(model, batch, PolicyLosses.Find("reinforce")!, new() { Beta = Price, Estimator = KlEstimator.K2 }, cached: true);
        var (step, seen) = (Step(objective), new List<double>());
        _ = Learned(objective, step, bandit, (answers, table, _) =>
        {
            seen.Add(Best(table, bandit));
            var rows = Rows(answers, table, GroupAdvantages.Of([.. answers.Select(bandit.Worth)], Answers, GroupOptions.DrGrpo).Each);
            rows[Names.Feed("reference")] = Value.Of(new([Answers, Time]), Flat(answers, static (a, t) => t < a.Length ? Math.Log(0.5) : 0));
            return rows;
        }, 300, 0.2);
        Assert.Equal(1 / (1 + Math.Exp(-0.8 / Price)), seen.TakeLast(200).Average(), 0.03);
    }
}
