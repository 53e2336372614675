using System.Text;
using Functional.Base;
using Functional.Graphs;
using Functional.Layers;
using Functional.Meaning;

namespace Functional.Samples;

/// <summary>
/// Lesson 2: the head of lesson 1 as a layer of the library. A layer is parameters and a function that builds a graph; nothing is computed
/// until the graph is run on values.
/// </summary>
public static class OneHead
{
    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var (time, width, size) = (AttentionByHand.X.GetLength(0), AttentionByHand.X.GetLength(1), AttentionByHand.QueryWeight.GetLength(1));
        var head = Nn.AttentionHead(width, size, bias: false);
        var x = Create.Input("x", [1, time, width]);
        var parameters = head.Params.Map(static (name, spec) => Create.Input(name, spec.Type));
        // The weights are asked for beside the result; without this line the graph would not keep them.
        var env = Env.Of(parameters) with { Wants = static name => name == Names.Weights("") };
        var flow = head.Apply(env, x);

        var values = new Dictionary<string, Value>
        {
            ["x"] = Of(x.Type, AttentionByHand.X),
            ["query.weight"] = Of(parameters["query.weight"].Type, AttentionByHand.QueryWeight),
            ["key.weight"] = Of(parameters["key.weight"].Type, AttentionByHand.KeyWeight),
            ["value.weight"] = Of(parameters["value.weight"].Type, AttentionByHand.ValueWeight),
        };
        var results = Evaluator.Run([flow.Side[0].Value, flow.Value, Fused(parameters, x, size)], values);
        var (weights, head1, fused) = (Matrix(results[0]), Matrix(results[1]), Matrix(results[2]));

        var text = new StringBuilder("""
            One head of the library
            =======================
            The same words and the same three matrices as in lesson 1, given to Nn.AttentionHead.

            1. Its parameters, as specifications: a name, a type, how they begin.


            """);
        foreach (var (_, spec) in head.Params) text.Append("  ").Append(spec).Append('\n');
        text.Append("""

            2. What it computes of them, as a graph: a line a step, with its shape.


            """);
        text.Append(Graph.Print(flow.Value));
        text.Append("""

            3. The graph run on lesson 1's numbers.

            """);
        text.Append(AttentionByHand.Print("weights", weights, AttentionByHand.Words));
        text.Append(AttentionByHand.Print("out", head1, AttentionByHand.Words));
        text.Append("""

            4. Is it what came out by hand? The largest difference, and that of the fused attention which
               training uses: it never writes the matrix of weights down.


            """);
        text.Append(FormattableString.Invariant($"  head  - by hand : {Difference(head1, AttentionByHand.Out):0.0e+0}\n"));
        text.Append(FormattableString.Invariant($"  fused - by hand : {Difference(fused, AttentionByHand.Out):0.0e+0}\n"));
        return text.ToString();
    }

    /// <summary>The largest distance between two results, which lesson 1 and this one must agree on.</summary>
    public static double Difference(double[,] a, double[,] b)
    {
        var largest = 0.0;
        for (var i = 0; i < a.GetLength(0); i++)
            for (var j = 0; j < a.GetLength(1); j++)
                largest = Math.Max(largest, Math.Abs(a[i, j] - b[i, j]));
        // Digits beyond these differ from one machine's exponential to another's.
        return largest < 1e-12 ? 0 : largest;
    }

    // [1, time, width] → [1, time, 1, size]: one head among possible others.
    static Tensor Fused(Params<Tensor> parameters, Tensor x, int size)
    {
        Tensor Heads(string name) => x.MatMul(parameters[name]).Reshape(1, x.Shape[1], 1, size);
        return new Attention(1 / Math.Sqrt(size)).Result(0, [Heads("query.weight"), Heads("key.weight"), Heads("value.weight")]);
    }

    static Value Of(TensorType type, double[,] matrix) => Value.Of(type, [.. matrix.Cast<double>()]);

    static double[,] Matrix(Value value)
    {
        var (rows, columns) = (AttentionByHand.Words.Count, value.Type.Shape[^1]);
        var matrix = new double[rows, columns];
        for (var i = 0; i < rows; i++)
            for (var j = 0; j < columns; j++)
                matrix[i, j] = value[i * columns + j];
        return matrix;
    }
}
