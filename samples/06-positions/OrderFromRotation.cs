using System.Text;
using Functional.Base;
using Functional.Graphs;
using Functional.Layers;
using Functional.Meaning;

namespace Functional.Samples;

/// <summary>
/// Lesson 6: where a token stands. Attention by itself knows no order: it is the same function however its words are shuffled. Rotary positions turn queries
/// and keys by their places, and then a score depends on how far apart the two stand, and on nothing else.
/// </summary>
public static class OrderFromRotation
{
    static readonly (string Word, double[] Numbers)[] words =
        [("dog", [1, 0, 0.5, 0]), ("bites", [0, 1, 0, 0.5]), ("man", [0.5, 0, 1, 1])];

    static readonly int[][] orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var text = new StringBuilder("""
            Order, lost and found
            =====================
            Three words, four numbers each. Queries, keys and values are the words themselves, so that nothing hides what positions do.

            1. Attention without positions: what each word becomes, in two sentences.


            """);
        foreach (var order in (int[][])[[0, 1, 2], [2, 1, 0]]) Sentence(text, order, Attended(order, causal: false, turned: false));
        text.Append("""
               The law: shuffle the words, and the results are shuffled, and are the same. To this function both sentences are one.

            """);
        text.Append(FormattableString.Invariant($"   largest difference over all 6 orders: {Moved(causal: false, turned: false):0.00}\n"));
        text.Append("""

            2. A causal mask tells a little, since the first word sees only itself. But the last word sees all the others, and not their order.


            """);
        text.Append(FormattableString.Invariant($"   the last word, the others shuffled   : {Moved(causal: true, turned: false):0.00}\n"));
        text.Append("""

            3. Rotary positions (Su et al. 2021): pairs of numbers in queries and keys are turned, by an angle that is the place times
               a frequency of the pair. Nothing is learned, and nothing is added.


            """);
        foreach (var order in (int[][])[[0, 1, 2], [2, 1, 0]]) Sentence(text, order, Attended(order, causal: false, turned: true));
        text.Append(FormattableString.Invariant($"   largest difference over all 6 orders: {Moved(causal: false, turned: true):0.00}\n"));
        text.Append("""

            4. One query and one key, put at every place. Rows are places of the query, columns of the key: along each diagonal all
               scores are the same, for there the distance is.


            """);
        const int Places = 6;
        double[] query = [1, 0.5, -0.5, 1], key = [0.5, 1, 1, 0.5];
        var scores = Scores(query, key, Places, 0);
        for (var i = 0; i < Places; i++)
        {
            text.Append(FormattableString.Invariant($"   {i} "));
            for (var j = 0; j < Places; j++) text.Append(FormattableString.Invariant($"{scores[i * Places + j],7:0.00}"));
            text.Append('\n');
        }
        var far = Scores(query, key, Places, 1000);
        var moved = Enumerable.Range(0, Places * Places).Max(i => Math.Abs(scores[i] - far[i]));
        text.Append(FormattableString.Invariant($"\n   all of them 1,000 places further: largest difference {moved:0.00}\n"));
        text.Append("""

            5. A query that looks for its own like, eight numbers in four pairs: its score with a key so far away. The fast pairs tell
               neighbours apart, the slow ones what is far.


            """);
        var ones = Enumerable.Repeat(1.0, 8).ToArray();
        const int Furthest = 25;
        var along = Scores(ones, ones, Furthest, 0);
        for (var distance = 0; distance < Furthest; distance += 2)
        {
            var score = along[distance * Furthest];
            text.Append(FormattableString.Invariant($"   {distance,2}  {score,5:0.00}  {new string('█', (int)Math.Floor(score * 4 + 0.25))}\n"));
        }
        text.Append("""

            Exercise: a head of two numbers, whose query and key are both (1, 0). At which distance from 1 to 10 is the score smallest?
            The answer stands in tests/Snapshots/Samples.

            """);
        return text.ToString();
    }

    /// <summary>The distance from 1 to the furthest at which a query and a key have the smallest score.</summary>
    public static int SmallestAt(double[] query, double[] key, int furthest) =>
        Scores(query, key, furthest + 1, 0) is var scores ? Enumerable.Range(1, furthest).MinBy(d => scores[d * (furthest + 1)]) : 0;

    /// <summary>The scores of one query and one key at so many places each, from a first one on: <c>[places, places]</c>.</summary>
    public static Value Scores(double[] query, double[] key, int places, int first)
    {
        Tensor Everywhere(double[] vector) => Turned(Listed.Of([.. vector]).Reshape(1, 1, 1, vector.Length).BroadcastTo([1, places, 1, vector.Length]), first)
            .Reshape(places, vector.Length);
        return Evaluator.Run(Everywhere(query).MatMul(Everywhere(key).T()));
    }

    // [1, time, heads, size], the first of them at a place.
    static Tensor Turned(Tensor x, int first) => new Rotary(new RotaryConfig(), x.Shape[3], context: 64, isLocal: false)
        .Turn(x, Create.Iota([1, x.Shape[1]], 1) + Create.Scalar(first, DType.I32));

    // What becomes of the words in an order, [words, 4].
    static Value Attended(int[] order, bool causal, bool turned)
    {
        var x = Listed.Of([.. order.SelectMany(static w => words[w].Numbers)]).Reshape(1, order.Length, 1, 4);
        var placed = turned ? Turned(x, 0) : x;
        return Evaluator.Run(new Attention(1, causal).Result(0, [placed, placed, x]).Reshape(order.Length, 4));
    }

    // By how much some word's result differs between orders: any word's; or, with a mask, that of the last where it is the same word.
    static double Moved(bool causal, bool turned) =>
        (from a in orders
         from b in orders
         where !causal || a[^1] == b[^1]
         let results = (A: Attended(a, causal, turned), B: Attended(b, causal, turned))
         from word in causal ? [a[^1]] : Enumerable.Range(0, words.Length)
         from i in Enumerable.Range(0, 4)
         select Math.Abs(results.A[Array.IndexOf(a, word) * 4 + i] - results.B[Array.IndexOf(b, word) * 4 + i])).Max();

    static void Sentence(StringBuilder text, int[] order, Value results)
    {
        for (var i = 0; i < order.Length; i++)
            text.Append(FormattableString.Invariant($"   {words[order[i]].Word,-6}")).AppendJoin(' ', Enumerable.Range(0, 4).Select(j =>
                FormattableString.Invariant($"{results[i * 4 + j],5:0.00}"))).Append('\n');
        text.Append('\n');
    }
}
