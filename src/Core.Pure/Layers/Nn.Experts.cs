using Functional.Base;
using Functional.Graphs;

namespace Functional.Layers;

public static partial class Nn
{
    /// <summary>
    /// A mixture of experts (Shazeer et al. 2017): a linear layer <c>router</c> scores the experts for each token, and the token's output is the sum of
    /// those of its best ones, weighted: <c>[batch, time, width]</c> to the same. The experts are MLPs side by side, <c>experts.up</c>, <c>experts.down</c>
    /// and, gated, <c>experts.gate</c>, each <c>[experts, in, out]</c>; <c>shared</c> is an MLP for all tokens, and <c>shared_gate</c> scores it.
    /// Tokens are put in order of their experts and multiplied in one grouped product: the work follows the choices, not the number of experts.
    /// <para>Side outputs, from which a model makes its losses (<see cref="Balanced"/>): <c>router/PATH</c>, <c>[3, experts]</c>.</para>
    /// </summary>
    /// <param name="width">The width.</param>
    /// <param name="hidden">The hidden width of an expert.</param>
    /// <param name="activation">The experts' nonlinearity.</param>
    /// <param name="config">The mixture.</param>
    /// <param name="up">How weights begin.</param>
    /// <param name="down">How those begin that come back to the width.</param>
    public static Layer Experts(int width, int hidden, Activation activation, ExpertConfig config, Initializer? up = null, Initializer? down = null)
    {
        var count = config.Count;
        ParamSpec Side(string name, int from, int to, Initializer? init) =>
            ParamSpec.Of($"experts.{name}", [count, from, to], init ?? new Initializer.Uniform(1 / Math.Sqrt(from)));
        Vec<ParamSpec> own = [.. activation.IsGated ? (Vec<ParamSpec>)[Side("gate", width, hidden, up)] : [], Side("up", width, hidden, up),
            Side("down", hidden, width, down)];
        var router = Linear(width, count, false, up).Named("router");
        var routed = new Layer(Layer.Union(router.Params, own.Select(static s => (s.Name, s)).ToParams()), (env, x) =>
        {
            var (rows, chosen) = (x.Shape[0] * x.Shape[1], config.Chosen);
            var tokens = x.Reshape(rows, width);
            var choice = Choice.Of(config, router.Apply(env, tokens).Value, env);
            var order = new ExpertOrder(count).Apply(choice.Expert.Reshape(rows * chosen));
            var (place, row, ends) = (order[0], order[1], order[2]);
            Tensor Product(Tensor y, string name) => new GroupedMatMul().Result(0, [y, env[$"experts.{name}"], ends]);
            var given = tokens.Gather(Create.Iota([rows, chosen], 0).Reshape(rows * chosen).Gather(row));
            var inside = activation.Of(Product(given, activation.IsGated ? "gate" : "up"));
            if (activation.IsGated) inside *= Product(given, "up");
            var each = Product(inside, "down").Gather(place).Reshape(rows, chosen, width);
            var sum = (each * choice.Weight.Reshape(rows, chosen, 1)).Sum(1).Reshape(x.Shape);
            return new Flow(sum).With(Names.Router(env.Path), choice.Statistics);
        });
        if (config.Shared == 0) return routed;
        var shared = Mlp(width, config.Shared, activation, false, up, down).Named("shared");
        return routed + (config.SharedGate ? shared * (Linear(width, 1, false, up).Named("shared_gate") >> Layer.Lift(static s => s.Sigmoid())) : shared);
    }

    /// <summary>
    /// A model's layers with what their routers say made into losses and numbers to show, over all of them together: the load-balancing loss (Fedus et al.
    /// 2021) <c>balance</c>, the z-loss <c>router-z</c>, and the load of the busiest expert, <c>expert-load</c>, 1 where all have the same.
    /// </summary>
    public static Layer Balanced(Layer layers, ExpertConfig config) => new(layers.Params, (env, x) =>
    {
        var flow = layers.Apply(env, x);
        var routers = flow.Under(Names.Router(""));
        if (routers.Count == 0) return flow;
        var rest = new Flow(flow.Value, [.. flow.Side.Where(side => !routers.Contains(side) || env.Wants(side.Name))]);
        if (!env.Training) return rest;
        // [3, experts] of each layer: choices, sums of probabilities, and in the last row tokens, squares of log-sum-exps, and choices that were dropped.
        var sum = routers.Select(static r => r.Value).Aggregate(static (a, b) => a + b);
        Tensor Row(int i) => sum.Slice(0, i, 1).Slice(1, 0, config.Count).Reshape(config.Count);
        Tensor Number(int i) => sum.Slice(0, 2, 1).Slice(1, i, 1).Reshape();
        var tokens = Number(0).Max(Create.Scalar(1));
        var load = Row(0) / tokens;
        if (config.Balance > 0) rest = rest.With(Names.Auxiliary("balance"), (load * (Row(1) / tokens)).SumAll() * (config.Count * config.Balance));
        if (config.ZLoss > 0) rest = rest.With(Names.Auxiliary("router-z"), Number(1) / tokens * config.ZLoss);
        // As many tokens count in each layer.
        var most = routers.Select(static r => r.Value.Slice(0, 0, 1).ReduceMax(1).Reshape()).Aggregate(static (a, b) => a.Max(b));
        rest = rest.With(Names.Statistic("expert-load"), most / tokens * ((double)routers.Count * config.Count / config.Chosen));
        return config.Capacity > 0 ? rest.With(Names.Statistic("expert-dropped"), Number(2) / (tokens * config.Chosen)) : rest;
    });
}
