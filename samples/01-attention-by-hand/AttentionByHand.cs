using System.Text;

namespace Functional.Samples;

/// <summary>
/// Lesson 1: causal attention with nothing but loops. Four words, three numbers a word, one head of size two; every intermediate is
/// printed with its shape. Lesson 2 computes the same with the library.
/// </summary>
public static class AttentionByHand
{
    /// <summary>The words of the example.</summary>
    public static IReadOnlyList<string> Words { get; } = ["the", "cat", "saw", "it"];

    /// <summary>What stands for each word: <c>[time, width]</c> = [4, 3].</summary>
    public static double[,] X => new[,]
    {
        { 0.1, 0.0, 0.2 },
        { 1.0, 0.3, 0.0 },
        { 0.0, 1.0, 0.5 },
        { 0.8, 0.1, 0.9 },
    };

    /// <summary>Makes queries: <c>[width, size]</c> = [3, 2].</summary>
    public static double[,] QueryWeight => new[,] { { 1.0, 0.0 }, { 0.0, 2.0 }, { 1.0, -1.0 } };

    /// <summary>Makes keys: <c>[width, size]</c> = [3, 2].</summary>
    public static double[,] KeyWeight => new[,] { { 2.0, 0.0 }, { 0.0, 1.0 }, { 0.5, 1.0 } };

    /// <summary>Makes values: <c>[width, size]</c> = [3, 2].</summary>
    public static double[,] ValueWeight => new[,] { { 1.0, -1.0 }, { 0.5, 1.0 }, { 0.0, 2.0 } };

    /// <summary>What attention makes of the words: <c>[time, size]</c> = [4, 2].</summary>
    public static double[,] Out => Multiply(Weights(Scores(Multiply(X, QueryWeight), Multiply(X, KeyWeight))), Multiply(X, ValueWeight));

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var (q, k, v) = (Multiply(X, QueryWeight), Multiply(X, KeyWeight), Multiply(X, ValueWeight));
        var (scores, weights) = (Scores(q, k), Weights(Scores(q, k)));
        var text = new StringBuilder();
        text.Append("""
            Attention by hand
            =================
            Four words in a row. Each may look at itself and at the words before it, and takes
            something from those that answer to what it looks for.

            1. Each word is a row of numbers.

            """);
        Show("x", X, Words);
        text.Append("""

            2. From its row each word makes a query (what it looks for), a key (what it answers to)
               and a value (what it gives): three matrix products.

            """);
        Show("q = x · Wq", q, Words);
        Show("k = x · Wk", k, Words);
        Show("v = x · Wv", v, Words);
        text.Append("""

            3. A score for each pair: the query of the row's word times the key of the column's word,
               divided by the square root of the size. Words to come are hidden: their score is -∞.

            """);
        Show("scores = mask(q · kᵀ / √2)", scores, Words);
        text.Append("""

            4. Softmax turns each row into shares that sum to 1: e to the score, over the row's sum.

            """);
        Show("weights = softmax(scores)", weights, Words);
        text.Append("""

            5. Each word takes its shares of the values. The first can only take its own.

            """);
        Show("out = weights · v", Multiply(weights, v), Words);
        return text.ToString();

        void Show(string name, double[,] matrix, IReadOnlyList<string> rows) => text.Append(Print(name, matrix, rows));
    }

    /// <summary>The product of <c>[n, k]</c> and <c>[k, m]</c>: <c>[n, m]</c>.</summary>
    public static double[,] Multiply(double[,] a, double[,] b)
    {
        var product = new double[a.GetLength(0), b.GetLength(1)];
        for (var i = 0; i < product.GetLength(0); i++)
            for (var j = 0; j < product.GetLength(1); j++)
                for (var t = 0; t < a.GetLength(1); t++)
                    product[i, j] += a[i, t] * b[t, j];
        return product;
    }

    /// <summary>How much each word's query agrees with each word's key, <c>[time, time]</c>; -∞ for keys after the query.</summary>
    public static double[,] Scores(double[,] q, double[,] k)
    {
        var (time, size) = (q.GetLength(0), q.GetLength(1));
        var scores = new double[time, time];
        for (var i = 0; i < time; i++)
            for (var j = 0; j < time; j++)
            {
                for (var t = 0; t < size; t++) scores[i, j] += q[i, t] * k[j, t] / Math.Sqrt(size);
                if (j > i) scores[i, j] = double.NegativeInfinity;
            }
        return scores;
    }

    /// <summary>Each row as shares: softmax, <c>[time, time]</c>.</summary>
    public static double[,] Weights(double[,] scores)
    {
        var weights = new double[scores.GetLength(0), scores.GetLength(1)];
        for (var i = 0; i < weights.GetLength(0); i++)
        {
            var sum = 0.0;
            for (var j = 0; j < weights.GetLength(1); j++) sum += weights[i, j] = Math.Exp(scores[i, j]);
            for (var j = 0; j < weights.GetLength(1); j++) weights[i, j] /= sum;
        }
        return weights;
    }

    /// <summary>A matrix under its name and shape, a labelled row a line, four digits.</summary>
    public static string Print(string name, double[,] matrix, IReadOnlyList<string> rows)
    {
        var text = new StringBuilder(FormattableString.Invariant($"\n{name}   [{matrix.GetLength(0)}, {matrix.GetLength(1)}]\n"));
        for (var i = 0; i < matrix.GetLength(0); i++)
        {
            text.Append(FormattableString.Invariant($"  {rows[i],-4}"));
            for (var j = 0; j < matrix.GetLength(1); j++)
                text.Append(double.IsNegativeInfinity(matrix[i, j]) ? "       -∞" : FormattableString.Invariant($" {matrix[i, j],8:0.0000}"));
            text.Append('\n');
        }
        return text.ToString();
    }
}
