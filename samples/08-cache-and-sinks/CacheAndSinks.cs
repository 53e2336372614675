using System.Text;
using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Meaning;
using Functional.Models;

namespace Functional.Samples;

/// <summary>
/// Lesson 8: memory of what was read. Keys and values are kept and not computed again; of a window only the newest are kept, in a ring; and the first tokens
/// stay for ever, because attention that finds nothing must put its weight somewhere.
/// </summary>
public static class CacheAndSinks
{
    const int Window = 4, Sinks = 1;

    internal static DecoderConfig Config => new()
    {
        Layers = 2, Heads = 2, KeyHeads = 1, Width = 8, Context = 16, Vocabulary = 12, Bias = Biases.None, Norm = NormKind.Rms, Activation = Activation.SwiGlu,
        Positions = Models.Positions.Rotary, Window = Window, Sinks = Sinks,
    };

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var text = new StringBuilder(FormattableString.Invariant($"""
            Caches, rolling caches and sinks
            ================================
            A small model of random weights: two layers, a window of {Window} tokens, its own among them, and {Sinks} sink.

            1. A token's keys and values depend on what came before it alone, so they can be kept. The law: reading token by token
               with caches gives the logits of the full pass.


            """));
        var model = Transformer.Of(Config);
        var parameters = Parameters(model);
        int[] tokens = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3];
        var (caches, logits) = Read(model, parameters, tokens);
        var full = Full(model, parameters, tokens);
        for (var i = 0; i < tokens.Length; i += 3)
        {
            var difference = Difference(logits[i], full[i]);
            text.Append(FormattableString.Invariant($"   token {i,2}   likeliest next {Best(logits[i]),2}   cached - full pass {difference:0.0e+0}\n"));
        }
        text.Append("\n   The caches, as the model asks for them:\n\n");
        foreach (var (name, cache) in caches) text.Append(FormattableString.Invariant($"   {name} {cache.Type}\n"));
        text.Append(FormattableString.Invariant($"""

            2. They have {Sinks + Window} places, and 10 tokens were read: a rolling cache. The sinks have places of their own, and each new token
               takes the place of the oldest. A line a token; the numbers are the tokens that the places hold.


            """));
        Tensor ring = Create.Fill(-1, [1, Sinks + Window]);
        for (var i = 0; i < 10; i++)
        {
            ring = new CacheWrite { Rolling = true, Sinks = Sinks }.Result(0, [ring, Create.Fill(i, [1, 1]), Create.Fill(i, [1], DType.I32)]);
            var places = Evaluator.Run(ring);
            text.Append(FormattableString.Invariant($"   {i}   {Cell(places[0])} |"))
                .AppendJoin("", Enumerable.Range(1, Window).Select(at => Cell(places[at]))).Append('\n');
        }
        text.Append("""

            3. What the sink is for. A head looks for something that no word here is: its query does not like their keys, and finds the
               first token's better, whose value is 0. It learned so, since its weights must sum to 1: all of it goes where it does
               no harm. The first number is the result, the others are weights on the tokens.


            """);
        foreach (var (name, window, sinks) in ((string, int, int)[])[("sees all", 0, 0), ("window of 4", 4, 0), ("and a sink", 4, 1)])
        {
            var (result, weights) = Looking(window, sinks);
            text.Append(FormattableString.Invariant($"   {name,-12} {result,5:0.00}   "))
                .AppendJoin(' ', weights.Select(static w => FormattableString.Invariant($"{w:0.00} {Shade(w)}"))).Append('\n');
        }
        text.Append("""

               Without the first token the weight falls on whatever is there, and the head says what it never said in training. With
               it, the window moves on and nothing changes (Xiao et al. 2023).

            4. Text without end: the likeliest token, again and again, twenty times as long as the window, and at some lengths
               the numbers that the caches hold.


            """);
        var endless = Endless(model, parameters, 20 * Window);
        foreach (var (length, numbers) in endless.Sizes) text.Append(FormattableString.Invariant($"   {length,3} tokens   {numbers} numbers\n"));
        var last = Difference(endless.Last, Full(model, parameters, endless.Tokens)[^1]);
        text.Append(FormattableString.Invariant($"\n   the last logits - those of a full pass over all {endless.Tokens.Length} tokens: {last:0.0e+0}\n"));
        text.Append("""

            Exercise: with a window of 4 and one sink, in which place does token 17 lie? And with a window of 8 and 2 sinks? Places
            count from 0. The answer stands in tests/Snapshots/Samples.

            """);
        return text.ToString();
    }

    /// <summary>The place of a token in a rolling cache, as the library puts it there.</summary>
    public static int PlaceOf(int token, int window, int sinks)
    {
        var written = Evaluator.Run(new CacheWrite { Rolling = true, Sinks = sinks }.Result(0,
            [Create.Fill(0, [1, sinks + window]), Create.Fill(1, [1, 1]), Create.Fill(token, [1], DType.I32)]));
        return Enumerable.Range(0, sinks + window).First(place => written[place] == 1);
    }

    // A head of two numbers: what a key is to the words' own question, and to none. Seven words and the beginning, whose value is 0.
    internal static (double Result, double[] Weights) Looking(int window, int sinks)
    {
        const int Words = 8;
        double[] keys = [.. Enumerable.Range(0, Words).SelectMany(static i => i == 0 ? (double[])[0, 1] : [1, 0])];
        double[] values = [.. Enumerable.Range(0, Words).SelectMany(static i => (double[])[i == 0 ? 0 : 1, 0])];
        Tensor Of(double[] numbers) => Listed.Of([.. numbers]).Reshape(1, Words, 1, 2);
        var query = Listed.Of([-4, 4]).Reshape(1, 1, 1, 2).BroadcastTo([1, Words, 1, 2]);
        var attention = new Attention(1) { Window = window, Sinks = sinks };
        Vec<Tensor> given = [query, Of(keys), Of(values)];
        var (result, weights) = (Evaluator.Run(attention.Result(0, given)), Evaluator.Run(attention.Weights(given)));
        return (result[(Words - 1) * 2], [.. Enumerable.Range(0, Words).Select(i => weights[(Words - 1) * Words + i])]);
    }

    static Dictionary<string, Value> Parameters(Model model) => model.Specs.ToDictionary(static p => Names.Param(p.Name), static p => Value.Of(p.Value.Type,
        [.. Enumerable.Range(0, (int)p.Value.Type.Size).Select(i => p.Value.Type.Rank == 1 ? 1 : 0.4 * Key.Seed(1).FoldIn(p.Name).Normal(i))]));

    // Token by token: caches in, caches out.
    internal static (Params<Value> Caches, double[][] Logits) Read(Model model, Dictionary<string, Value> parameters, int[] tokens)
    {
        var (caches, logits) = (Empty(model), new List<double[]>());
        for (var i = 0; i < tokens.Length; i++) (caches, var next) = Step(model, parameters, caches, i, tokens[i], logits);
        return (caches, [.. logits]);
    }

    static Params<Value> Empty(Model model) => model.Caches(new(1, 1)).Map(static type => Value.Of(type, new double[type.Size]));

    static (Params<Value> Caches, int Next) Step(
        Model model, Dictionary<string, Value> parameters, Params<Value> caches, int position, int token, List<double[]> logits)
    {
        var given = new Dictionary<string, Value>(parameters) { [Names.Inputs] = Whole([1, 1], token), [Names.Position] = Whole([1], position) };
        foreach (var (name, cache) in caches) given[Names.Cache(name)] = cache;
        var results = Programs.CachedStep(model, new(1, 1)).Evaluate(given);
        logits.Add([.. results[Names.Logits].Items]);
        return (caches.Map((name, _) => results[Names.Cache(name)]), Best(logits[^1]));
    }

    internal static double[][] Full(Model model, Dictionary<string, Value> parameters, int[] tokens)
    {
        var given = new Dictionary<string, Value>(parameters) { [Names.Inputs] = Whole([1, tokens.Length], tokens) };
        return [.. Programs.Logits(model, new(1, tokens.Length)).Evaluate(given)[Names.Logits].Items.ToArray().Chunk(model.Vocabulary)];
    }

    static (int[] Tokens, double[] Last, (int Length, long Numbers)[] Sizes) Endless(Model model, Dictionary<string, Value> parameters, int length)
    {
        var (caches, logits, tokens, sizes) = (Empty(model), new List<double[]>(), new List<int> { 3 }, new List<(int, long)>());
        while (tokens.Count <= length)
        {
            (caches, var next) = Step(model, parameters, caches, tokens.Count - 1, tokens[^1], logits);
            if (tokens.Count is 5 || tokens.Count % (length / 4) == 0) sizes.Add((tokens.Count, caches.Fold(0L, static (sum, cache) => sum + cache.Type.Size)));
            tokens.Add(next);
        }
        return ([.. tokens.Take(length)], logits[^1], [.. sizes]);
    }

    static Value Whole(Vec<int> shape, params int[] numbers) => Value.Of(new(shape, DType.I32), [.. numbers.Select(static n => (double)n)]);

    static int Best(double[] logits) => Array.IndexOf(logits, logits.Max());

    static string Cell(double token) => token < 0 ? "  ·" : FormattableString.Invariant($"{token,3}");

    static char Shade(double weight) => weight switch { 0 => ' ', < 0.05 => '·', < 0.15 => '░', < 0.3 => '▒', < 0.7 => '▓', _ => '█' };

    // Digits beyond these differ from one machine's exponential to another's.
    static double Difference(double[] a, double[] b) => a.Zip(b, static (x, y) => Math.Abs(x - y)).Max() is var largest && largest < 1e-9 ? 0 : largest;
}
