using System.Text;
using Functional.Base;
using Functional.Graphs;
using Functional.Meaning;

namespace Functional.Samples;

/// <summary>Lesson 11: LoRA on one matrix. A matrix that must change a little is left alone, and a product of two thin ones is added to it.</summary>
public static class LoraOnOneMatrix
{
    const int Size = 6, Steps = 400;

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var text = new StringBuilder("""
            LoRA on one matrix
            ==================
            1. W is frozen, A [6, r] begins at random and B [r, 6] at 0 (Hu et al. 2021): x W + x A B. Before the first step that is
               x W, to the bit.


            """);
        text.Append(FormattableString.Invariant($"   before the first step: x W + x A B less x W is {Learn(2, 0) - Learn(0, 0):0.000}, and all of what W is to change by, of size {Learn(2, 0):0.000}, is still to be learned\n"));
        text.Append("""

            2. W has to become W + D, where D has rank 2. Trained on the distance, with adapters of rank 0 to 3 (what is left of D):


            """);
        foreach (var rank in (int[])[0, 1, 2, 3])
        {
            var left = Learn(rank, Steps);
            text.Append(FormattableString.Invariant($"   rank {rank}   {left,6:0.000}  ")).Append(new string('█', (int)Math.Round(20 * left / Learn(0, 0)))).Append('\n');
        }
        text.Append("""

               As much is left as a matrix of that rank must leave: from rank 2 on, nothing.

            3. What learns is r · (inputs + outputs) numbers instead of inputs · outputs, and the optimiser keeps state for no others.

            Exercise: how many numbers learn in an adapter of rank 16 on a matrix of 768 × 768, and what share of the matrix is that?

            """);
        return text.ToString();
    }

    /// <summary>How many numbers of an adapter learn.</summary>
    public static int Numbers(int rank, int inputs, int outputs) => rank * (inputs + outputs);

    /// <summary>How far A B is from D after so many steps, as the root of the sum of squares.</summary>
    public static double Learn(int rank, int steps)
    {
        if (rank == 0) return Math.Sqrt(Enumerable.Range(0, Size * Size).Sum(static i => Change[i] * Change[i]));
        Tensor a = Create.Input("a", [Size, rank]), b = Create.Input("b", [rank, Size]), d = Create.Input("d", [Size, Size]);
        var loss = (a.MatMul(b) - d).Square().SumAll();
        var slopes = Vjp.Gradients(loss, [a, b]);
        var step = Compiling.Program.Of([new("a", a - slopes[0] * 0.02), new("b", b - slopes[1] * 0.02), new("left", loss.Sqrt())]);
        var values = new Dictionary<string, Value>
        {
            ["a"] = Value.Of(new([Size, rank]), [.. Enumerable.Range(0, Size * rank).Select(static i => 0.3 * Math.Sin(7 * i + 1))]),
            ["b"] = Value.Of(new([rank, Size]), new double[rank * Size]), ["d"] = Change,
        };
        for (var i = 0; i < steps; i++)
        {
            var after = step.Evaluate(values);
            (values["a"], values["b"]) = (after["a"], after["b"]);
        }
        return step.Evaluate(values)["left"][0];
    }

    // Of rank 2: the sum of two outer products.
    static Value Change { get; } = Value.Of(new([Size, Size]), [.. Enumerable.Range(0, Size * Size).Select(static i =>
        1.5 * Math.Cos(i / Size) * Math.Sin(1 + i % Size) + 0.6 * Math.Sin(2.0 * (i / Size)) * Math.Cos(3.0 * (i % Size)))]);
}
