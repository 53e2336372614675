using Functional.Base;
using Functional.Graphs;
using Functional.Layers;
using Functional.Meaning;
using Functional.Samples;

namespace Functional.Lessons;

/// <summary>Lessons 1, 2 and 6: what attention computes, by hand and by the library, and where order comes from.</summary>
static class AttentionLessons
{
    public static Vec<Lesson> All => [ByHand, OneHeadOfTheLibrary, Positions];

    static Lesson ByHand => new("01-attention-by-hand", "Attention by hand", "How a word takes something of the words before it: queries, keys, values, and shares that sum to 1, with nothing but loops.",
        Lesson.Says(AttentionByHand.Text))
    {
        Pictures =
        [
            Picture.Cells("Shares that each word takes", "A row is a word that looks, a column a word that it looks at; deep blue is all of it. What is to come stays empty: that is the causal mask.", static () =>
            {
                var weights = AttentionByHand.Weights(AttentionByHand.Scores(AttentionByHand.Multiply(AttentionByHand.X, AttentionByHand.QueryWeight),
                    AttentionByHand.Multiply(AttentionByHand.X, AttentionByHand.KeyWeight)));
                return ([.. AttentionByHand.Words], [.. AttentionByHand.Words], Rows(weights));
            }, most: 1),
        ],
        Laws =
        [
            new("shares", "Whatever queries and keys are, a word's shares are never below 0, sum to 1, and none is taken of a word to come.", static key =>
            {
                var draw = new Draws(key);
                var (time, size) = (draw.Whole("time", 1, 7), draw.Whole("size", 1, 4));
                var (q, k) = (draw.Matrix("q", time, size, 3), draw.Matrix("k", time, size, 3));
                var rows = Rows(AttentionByHand.Weights(AttentionByHand.Scores(q, k)));
                return LawCase.Of(rows.Select(static (row, i) => row.All(static w => w >= 0) && Math.Abs(row.Sum() - 1) < 1e-12 && row.Skip(i + 1).All(static w => w == 0)).All(static right => right),
                    $"q = {Shown.Of(q)}, k = {Shown.Of(k)} have the shares {string.Join(", ", rows.Select(static r => Shown.Of(r)))}");
            }),
            new("future", "What a word becomes does not depend on the words after it.", static key =>
            {
                var draw = new Draws(key);
                var (time, width, size) = (draw.Whole("time", 2, 7), draw.Whole("width", 1, 4), draw.Whole("size", 1, 4));
                var (x, weights) = (draw.Matrix("x", time, width), draw.Weights(width, size));
                var last = draw.Whole("last", 0, time - 2);
                var (other, changed) = ((double[,])x.Clone(), draw.Matrix("changed", time, width));
                for (var i = last + 1; i < time; i++)
                    for (var j = 0; j < width; j++) other[i, j] = changed[i, j];
                return LawCase.Same([.. Rows(Out(x, weights)).Take(last + 1).SelectMany(static r => r)], [.. Rows(Out(other, weights)).Take(last + 1).SelectMany(static r => r)],
                    $"x = {Shown.Of(x)}, and another with the same words 0 to {last}", 0);
            }),
            new("same-for-all", "What is added to every key alike changes no shares: only differences between keys count.", static key =>
            {
                var draw = new Draws(key);
                var (time, size) = (draw.Whole("time", 2, 6), draw.Whole("size", 1, 4));
                var (q, k, added) = (draw.Matrix("q", time, size), draw.Matrix("k", time, size), draw.Normals("added", size, 3));
                var shifted = (double[,])k.Clone();
                for (var i = 0; i < time; i++)
                    for (var j = 0; j < size; j++) shifted[i, j] += added[j];
                return LawCase.Same([.. AttentionByHand.Weights(AttentionByHand.Scores(q, k)).Cast<double>()], [.. AttentionByHand.Weights(AttentionByHand.Scores(q, shifted)).Cast<double>()],
                    $"q = {Shown.Of(q)}, k = {Shown.Of(k)}, added {Shown.Of(added)}");
            }),
        ],
    };

    static Lesson OneHeadOfTheLibrary => new("02-one-head", "One head of the library", "That a layer is parameters and a function that builds a graph, and that the graph computes what the loops did.", Lesson.Says(OneHead.Text))
    {
        Pictures =
        [
            Picture.Lines("By hand, by the layer, and fused", "What the four words become, number by number: the layer's and the fused attention's points lie on the line of the loops.", "number", "value", static () =>
            {
                var (x, weights) = (AttentionByHand.X, (AttentionByHand.QueryWeight, AttentionByHand.KeyWeight, AttentionByHand.ValueWeight));
                var (layer, fused) = OfLibrary(x, weights);
                static Vec<(double X, double Y)> Points(IEnumerable<double> numbers) => [.. numbers.Select(static (y, i) => ((double)i, y))];
                return [new("loops", Points(AttentionByHand.Out.Cast<double>())), new("Nn.AttentionHead", Points(layer)) { IsLine = false }, new("fused attention", Points(fused)) { IsLine = false }];
            }),
        ],
        Laws =
        [
            new("same-as-loops", "The layer and the fused attention compute what the loops of lesson 1 do, whatever the sizes and numbers.", static key =>
            {
                var draw = new Draws(key);
                var (time, width, size) = (draw.Whole("time", 1, 6), draw.Whole("width", 1, 5), draw.Whole("size", 1, 4));
                var (x, weights) = (draw.Matrix("x", time, width), draw.Weights(width, size));
                double[] loops = [.. Out(x, weights).Cast<double>()];
                var (layer, fused) = OfLibrary(x, weights);
                return LawCase.Same(loops, layer, $"the layer of x = {Shown.Of(x)}") is { Holds: false } wrong ? wrong : LawCase.Same(loops, fused, $"the fused attention of x = {Shown.Of(x)}");
            }),
            new("linear-in-values", "Shares do not look at values: attention of a sum of values is the sum of their attentions.", static key =>
            {
                var draw = new Draws(key);
                var (time, size) = (draw.Whole("time", 1, 6), draw.Whole("size", 1, 4));
                Tensor Drawn(string name) => draw.Tensor(name, 1, time, 1, size);
                var (q, k, v, w, attention) = (Drawn("q"), Drawn("k"), Drawn("v"), Drawn("w"), new Attention(1 / Math.Sqrt(size)));
                var results = Evaluator.Run([attention.Result(0, [q, k, v + w]), attention.Result(0, [q, k, v]) + attention.Result(0, [q, k, w])], new Dictionary<string, Value>());
                return LawCase.Same(results[0].Items.ToArray(), results[1].Items.ToArray(), $"{time} words of size {size}");
            }),
        ],
    };

    static Lesson Positions => new("06-positions", "Order, lost and found", "That attention by itself knows no order, and how turning queries and keys by their places makes a score depend on distance alone.", Lesson.Says(OrderFromRotation.Text))
    {
        Pictures =
        [
            Picture.Lines("A score against distance", "A query that looks for its own like, eight numbers in four pairs. The fast pairs tell neighbours apart, and the slow ones what is far.", "distance", "score", static () =>
            {
                const int Furthest = 64;
                double[] ones = [1, 1, 1, 1, 1, 1, 1, 1];
                var scores = OrderFromRotation.Scores(ones, ones, Furthest, 0);
                return [new("score", [.. Enumerable.Range(0, Furthest).Select(d => ((double)d, scores[d * Furthest]))])];
            }),
            Picture.Cells("One query and one key at every place", "Rows are places of the query, columns of the key; what is below 0 stays empty. Along a diagonal all are the same, for there the distance is.", static () =>
            {
                const int Places = 12;
                var scores = OrderFromRotation.Scores([1, 0.5, -0.5, 1], [0.5, 1, 1, 0.5], Places, 0);
                Vec<string> places = [.. Enumerable.Range(0, Places).Select(static i => FormattableString.Invariant($"{i}"))];
                return (places, places, [.. Enumerable.Range(0, Places).Select(i => (Vec<double>)[.. Enumerable.Range(0, Places).Select(j => scores[i * Places + j])])]);
            }),
        ],
        Laws =
        [
            new("distance-only", "A score of a turned query and a turned key depends on how far apart they stand, and on nothing else.", static key =>
            {
                var draw = new Draws(key);
                var size = 2 * draw.Whole("pairs", 1, 4);
                var (q, k, first) = (draw.Normals("q", size), draw.Normals("k", size), draw.Whole("first", 1, 2000));
                var (near, far) = (OrderFromRotation.Scores(q, k, 5, 0), OrderFromRotation.Scores(q, k, 5, first));
                return LawCase.Same(near.Items.ToArray(), far.Items.ToArray(), $"q = {Shown.Of(q)} and k = {Shown.Of(k)}, and {first} places further", 1e-7);
            }),
            new("as-long", "A vector is as long after its turn as before, whatever its place.", static key =>
            {
                var draw = new Draws(key);
                var size = 2 * draw.Whole("pairs", 1, 4);
                var (q, first) = (draw.Normals("q", size), draw.Whole("first", 0, 2000));
                return LawCase.Same(q.Sum(static v => v * v), OrderFromRotation.Scores(q, q, 1, first)[0], $"q = {Shown.Of(q)} at {first}, its square");
            }),
            new("shuffled", "Without positions and mask, shuffling the words shuffles the results, and changes none of them.", static key =>
            {
                var draw = new Draws(key);
                var (words, size) = (draw.Whole("words", 2, 6), draw.Whole("size", 1, 4));
                var (x, random) = (draw.Normals("x", words * size), draw.Normals("order", words));
                var order = Enumerable.Range(0, words).OrderBy(i => random[i]).ToArray();
                Value Attended(double[] numbers) => Listed.Of([.. numbers]).Reshape(1, words, 1, size) is var row ? Evaluator.Run(new Attention(1, Causal: false).Result(0, [row, row, row])) : throw new InvalidOperationException();
                double[] Shuffled(ReadOnlySpan<double> numbers) => numbers.ToArray() is var all ? [.. order.SelectMany(i => all.Skip(i * size).Take(size))] : [];
                return LawCase.Same(Shuffled(Attended(x).Items), Attended(Shuffled(x)).Items.ToArray(), $"x = {Shown.Of(x)} in the order {Shown.Of(order)}");
            }),
        ],
    };

    static (double[,] Query, double[,] Key, double[,] Value) Weights(this Draws draw, int width, int size) => (draw.Matrix("query", width, size), draw.Matrix("key", width, size), draw.Matrix("value", width, size));

    static double[,] Out(double[,] x, (double[,] Query, double[,] Key, double[,] Value) weights) => AttentionByHand.Multiply(AttentionByHand.Weights(AttentionByHand.Scores(
        AttentionByHand.Multiply(x, weights.Query), AttentionByHand.Multiply(x, weights.Key))), AttentionByHand.Multiply(x, weights.Value));

    static Vec<Vec<double>> Rows(double[,] matrix) => [.. Enumerable.Range(0, matrix.GetLength(0)).Select(i => (Vec<double>)[.. Enumerable.Range(0, matrix.GetLength(1)).Select(j => matrix[i, j])])];

    // The layer on these numbers, and the fused attention that training uses.
    static (double[] Layer, double[] Fused) OfLibrary(double[,] x, (double[,] Query, double[,] Key, double[,] Value) weights)
    {
        var (time, width, size) = (x.GetLength(0), x.GetLength(1), weights.Query.GetLength(1));
        var head = Nn.AttentionHead(width, size, bias: false);
        var input = Create.Input("x", [1, time, width]);
        var parameters = head.Params.Map(static (name, spec) => Create.Input(name, spec.Type));
        Tensor Heads(string name) => input.MatMul(parameters[name]).Reshape(1, time, 1, size);
        Value Of(Tensor to, double[,] matrix) => Value.Of(to.Type, [.. matrix.Cast<double>()]);
        var results = Evaluator.Run([head.Apply(Env.Of(parameters), input).Value, new Attention(1 / Math.Sqrt(size)).Result(0, [Heads("query.weight"), Heads("key.weight"), Heads("value.weight")])],
            new Dictionary<string, Value>
            {
                ["x"] = Of(input, x), ["query.weight"] = Of(parameters["query.weight"], weights.Query), ["key.weight"] = Of(parameters["key.weight"], weights.Key),
                ["value.weight"] = Of(parameters["value.weight"], weights.Value),
            });
        return (results[0].Items.ToArray(), results[1].Items.ToArray());
    }
}
