using System.Text;
using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Learning;
using Functional.Meaning;
using Functional.Models;

namespace Functional.Samples;

/// <summary>Lesson 23: what 16 bits lose, and where, so that mixed precision is a table and not a switch.</summary>
public static class PrecisionLesson
{
    static readonly DType[] types = [DType.F32, DType.BF16, DType.F16];

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var text = new StringBuilder("""
            What precision loses
            ====================
            bfloat16 and half precision have 16 bits. They share them out differently: bfloat16 keeps float32's range and has 8 bits of precision, half
            precision has 11, and neither very small nor very large numbers.

                  type  next after 1   smallest    largest

            """);
        foreach (var (type, smallest, largest) in ((DType, double, double)[])[(DType.F32, 1.4e-45, 3.4e38), (DType.BF16, 9.2e-41, 3.4e38), (DType.F16, 6e-8, 65504)])
            text.Append(FormattableString.Invariant($"      {type,-4}  1 + {Gap(type),-9:0.0e+0}   {smallest,-8:0.0e+0}   {largest,-8:0.0e+0}\n"));
        text.Append("""

            1. Weights. A thousand updates of 0.001 on a weight of 1 ought to end at 2. An update of less than half the gap is no update:


            """);
        foreach (var type in types)
            text.Append(FormattableString.Invariant($"      kept in {type,-4}  {Added(type),6:0.000}  ")).Append(new string('█', (int)Math.Round(20 * (Added(type) - 1)))).Append('\n');
        text.Append("""

               So parameters and the optimiser's state stay float32.

            2. Sums. 4,096 products of numbers near 1, their factors rounded, added up in float32 or in 16 bits as well; the error relative to the sum:


            """);
        foreach (var type in types.Skip(1))
            text.Append(FormattableString.Invariant($"      {type,-4}  summed in F32 {Dot(type, DType.F32),8:0.0e+0}   summed in {type} {Dot(type, type),8:0.0e+0}\n"));
        text.Append("""

               Rounding factors costs little, for errors cancel; rounding sums costs all. So products are summed in float32.

            3. Gradients. Sizes of a gradient's numbers go over many powers of two, here evenly from 2⁻³⁶ to 2⁻⁴. What is left of them:


            """);
        foreach (var (type, scale) in ((DType, double)[])[(DType.BF16, 1), (DType.F16, 1), (DType.F16, 64), (DType.F16, 4096)])
            text.Append(FormattableString.Invariant($"      {type,-4}  loss times {scale,4}  {Left(type, scale),4:P0}  ")).Append(new string('█', (int)Math.Round(20 * Left(type, scale)))).Append('\n');
        var (factors, results, others) = Counted();
        text.Append(FormattableString.Invariant($"""

               Half precision loses what is below 6e-8, so the loss is multiplied by a power of two before gradients are taken, and gradients are
               divided by it after. The power is a state machine: halved when something overflows, whose step is skipped, doubled after 2,000 good steps.

            The policy is a rewrite of the graph. Of a training step of two blocks it rounds {factors} factors of products and {results} results that are
            activations, and leaves {others} ops alone: norms, softmax, losses, sums, gradients of weights, and all of the optimiser. The law: without these roundings
            the graph is the float32 one, node by node.

            Exercise: from which size of a weight on does an update of 0.001 change nothing in bfloat16?

            """));
        return text.ToString();
    }

    /// <summary>A number as a type keeps it.</summary>
    public static double Round(double x, DType type) => Evaluator.Run([Create.Fill(x, []).Cast(type)], new Dictionary<string, Value>())[0][0];

    static double Gap(DType type)
    {
        var gap = 1.0;
        while (Kept(1 + gap / 2, type) != 1) gap /= 2;
        return gap;
    }

    internal static double Kept(double x, DType type) => type == DType.F32 ? (float)x : Round(x, type);

    static double Added(DType type) => Enumerable.Range(0, 1000).Aggregate(1.0, (weight, _) => Kept(weight + 0.001, type));

    // Both vectors are near 1 and never the same.
    static double Dot(DType factors, DType sums)
    {
        var (exact, sum) = (0.0, 0.0);
        for (var i = 0; i < 4096; i++)
        {
            var (a, b) = (1 + 0.3 * Math.Sin(i), 1 + 0.3 * Math.Cos(1.7 * i));
            exact += a * b;
            sum = Kept(sum + Kept(a, factors) * Kept(b, factors), sums);
        }
        return Math.Abs(sum - exact) / exact;
    }

    static double Left(DType type, double scale) => Enumerable.Range(0, 321).Count(i => Kept(scale * Math.Pow(2, -36 + i / 10.0), type) > 0) / 321.0;

    static (int Factors, int Results, int Others) Counted()
    {
        var model = Transformer.Of(new() { Layers = 2, Heads = 2, Width = 8, Context = 4, Vocabulary = 5 });
        var objective = Objectives.NextToken(model, new(1, 4));
        Vec<Tensor> Roots(Objective o) => Programs.Step(o, Optimisers.AdamW(), GradientClip.To(1)).Outputs.Map(static o => o.Value);
        var (plain, mixed) = (Graph.Topological(Roots(objective)), Graph.Topological(Roots(objective with { Precision = new(DType.BF16) })));
        var roundings = mixed.Where(static n => n.Op is Op.Cast && n.DType == DType.BF16).ToList();
        var results = roundings.Count(static n => MixedPrecision.RoundsResult(n.Args[0].Op));
        return (roundings.Count - results, results, plain.Count(static n => !MixedPrecision.RoundsResult(n.Op) && n.Op is not (Op.Input or Op.Fill)));
    }
}
