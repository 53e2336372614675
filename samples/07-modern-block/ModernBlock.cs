using System.Text;
using Functional.Base;
using Functional.Compiling;
using Functional.Graphs;
using Functional.Layers;
using Functional.Meaning;
using Functional.Models;

namespace Functional.Samples;

/// <summary>
/// Lesson 7: the block of today's models, piece by piece. Each piece is a pure function with a law of its own; its parameters and its work are counted beside
/// those of the piece that it stands for; and put together they are the library's block, node for node.
/// </summary>
public static class ModernBlock
{
    const int Width = 48, Heads = 4, KeyHeads = 1, Size = Width / Heads, Time = 16;

    static DecoderConfig Modern => new()
    {
        Layers = 1, Heads = Heads, KeyHeads = KeyHeads, Width = Width, Context = Time, Vocabulary = 32, Bias = Biases.None, Norm = NormKind.Rms,
        Activation = Activation.SwiGlu, Positions = Models.Positions.Rotary, QueryKeyNorm = QueryKeyNorm.Head,
    };

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var x = Create.Input("x", [1, Time, Width]);
        var text = new StringBuilder(FormattableString.Invariant($"""
            The modern block
            ================
            Width {Width}, {Heads} heads, {KeyHeads} of keys and values, {Time} tokens.

            1. RMSNorm (Zhang and Sennrich 2019): divided by the root of the mean square. No mean is taken off, and there is no bias.


            """));
        text.Append(Graph.Print(Applied(Rms(Width), x)));
        Compare(text, x, ("layer norm", Nn.Norm(Width)), ("RMS norm", Rms(Width)));
        text.Append('\n');
        Law(text, "x and 3 · x become the same", Difference(Applied(Rms(Width), x), Applied(Rms(Width), x * 3)));
        text.Append("""

            2. Rotary positions (lesson 6): no parameters; they turn, and a turned vector is as long as before.


            """);
        var heads = x.Reshape(1, Time, Heads, Size);
        Law(text, "length before and after", Difference((heads * heads).Sum(-1), Applied(Turn(), heads) is var turned ? (turned * turned).Sum(-1) : heads));
        text.Append("""

            3. SwiGLU (Shazeer 2020): two matrices go up, and one's nonlinearity gates the other. With 8/3 · width inside, and not
               4 · width, three matrices hold what two did.


            """);
        text.Append(Graph.Print(Applied(Gated, x)));
        Compare(text, x, ("GELU, 4 · width", Nn.Mlp(Width, 4 * Width, Activation.GeluTanh)), ("SwiGLU, 8/3 · width", Gated));
        text.Append("""

            4. Grouped queries (Ainslie et al. 2023): heads of queries share a head of keys and values. The cache of a token is so
               much smaller.


            """);
        Compare(text, x, ("4 heads of keys", Nn.SelfAttention(Width, Heads, bias: false)), ("1 head of keys", Attend(plain: true)));
        text.Append(FormattableString.Invariant($"\n   numbers in the cache for a token: {CacheOf(Modern with { KeyHeads = Heads })} and {CacheOf(Modern)}\n"));
        var (q, k, v) = (heads, heads.Slice(2, 0, 1), heads.Slice(2, 1, 1));
        Tensor Copied(Tensor y) => y.BroadcastTo([1, Time, Heads, Size]);
        var attention = new Attention(1 / Math.Sqrt(Size));
        Law(text, "shared, and copied for each head", Difference(attention.Result(0, [q, k, v]), attention.Result(0, [q, Copied(k), Copied(v)])));
        text.Append(FormattableString.Invariant($"""

            5. Query and key norm (Henry et al. 2020): both have length √{Size} before they meet, so no score is beyond
               √{Size} ≈ {Math.Sqrt(Size):0.00}, however large the weights grow.


            """));
        Law(text, "queries, and 100 times as large", Difference(Applied(Rms(Size), q), Applied(Rms(Size), q * 100)));
        text.Append("""

            6. The block: a norm and attention, a norm and an MLP, each added to what came in.


            """);
        foreach (var (_, spec) in Block.Params) text.Append("   ").Append(spec).Append('\n');
        Compare(text, x, ("GPT-2's block", Classic), ("the modern block", Block));
        text.Append(FormattableString.Invariant($"\n   It is the block of the library, node for node: {IsTheLibrarys()}\n"));
        text.Append("""

            Exercise: Llama 3 8B has 32 layers of 32 heads with 128 numbers, and 8 heads of keys. How many KiB does a token take in its
            caches, at 2 bytes a number, and how many would it with 32 heads of keys? The answer stands in tests/Snapshots/Samples.

            """);
        return text.ToString();
    }

    /// <summary>KiB that a token takes in the caches of a model of some layers, at two bytes a number.</summary>
    public static double CacheKiB(int layers, int heads, int keyHeads, int size) =>
        2 * CacheOf(new() { Layers = layers, Heads = heads, KeyHeads = keyHeads, HeadSize = size, Width = heads * size }) / 1024.0;

    /// <summary>Whether the block of this lesson is that of <see cref="Transformer"/>: the same expression of the same parameters.</summary>
    public static bool IsTheLibrarys()
    {
        var library = Transformer.Of(Modern);
        var own = Nn.Embedding(Modern.Vocabulary, Width).Named("tokens") >> Layer.Repeat(1, static _ => Block).Named("blocks") >> Rms(Width).Named("norm");
        var env = Env.Of(library.Specs.Map(static (name, spec) => Create.Input(name, spec.Type)));
        var tokens = Create.Input("text", [1, Time], DType.I32);
        return library.Hidden(env, tokens).Value.Equals(own.Apply(env, tokens).Value);
    }

    static Layer Rms(int width) => Nn.Norm(width, bias: false, kind: NormKind.Rms);

    static Layer Turn() => Nn.Rotated(new(new RotaryConfig(), Size, Time, isLocal: false));

    static Layer Gated => Nn.Mlp(Width, 8 * Width / 3, Activation.SwiGlu, bias: false);

    static Layer Attend(bool plain) => Nn.SelfAttention(new(Heads, KeyHeads, Size, new Attention(1 / Math.Sqrt(Size)))
    {
        Project = Nn.Linear(Width, (Heads + 2 * KeyHeads) * Size, bias: false).Named("qkv"),
        Query = plain ? Layer.Identity : Rms(Size).Named("query_norm") >> Turn(),
        Key = plain ? Layer.Identity : Rms(Size).Named("key_norm") >> Turn(),
        Output = Nn.Linear(Width, Width, bias: false).Named("out"),
    });

    static Layer Block => Layer.Residual(Rms(Width).Named("norm1") >> Attend(plain: false)) >> Layer.Residual(Rms(Width).Named("norm2") >> Gated);

    static Layer Classic => Layer.Residual(Nn.Norm(Width).Named("norm1") >> Nn.SelfAttention(Width, Heads))
        >> Layer.Residual(Nn.Norm(Width).Named("norm2") >> Nn.Mlp(Width, 4 * Width, Activation.GeluTanh));

    static long CacheOf(DecoderConfig config) => Transformer.Caches(config with { Context = 1 }, new(1, 1)).Fold(0L, static (sum, cache) => sum + cache.Size);

    static Tensor Applied(Layer layer, Tensor x) => layer.Apply(Env.Of(layer.Params.Map(static (name, spec) => Create.Input(name, spec.Type))), x).Value;

    // Pieces beside each other: parameters, and operations for a token.
    static void Compare(StringBuilder text, Tensor x, params ReadOnlySpan<(string Name, Layer Layer)> pieces)
    {
        text.Append("\n                          parameters   FLOPs a token\n");
        foreach (var (name, layer) in pieces)
        {
            var flops = (double)Cost.Of(Compiling.Program.Of([new("y", Applied(layer, x))])).Flops / Time;
            text.Append(FormattableString.Invariant($"   {name,-20}   {layer.Params.Fold(0L, static (n, s) => n + s.Type.Size),10:N0}   {flops,13:N0}\n"));
        }
    }

    static void Law(StringBuilder text, string what, double difference) =>
        text.Append(FormattableString.Invariant($"   the law: {what}: largest difference {difference:0.000}\n"));

    // Of two results, on the same random numbers, the largest difference; norms begin with weights of 1.
    static double Difference(Tensor a, Tensor b)
    {
        var inputs = Compiling.Program.Of([new("a", a), new("b", b)]).Inputs.ToDictionary(static i => i.Name, static i => Value.Of(i.Value.Type,
            [.. Enumerable.Range(0, (int)i.Value.Type.Size).Select(at => i.Name == "weight" ? 1 : Key.Seed(7).FoldIn(i.Name).Normal(at))]));
        var results = Evaluator.Run([a, b], inputs);
        return Enumerable.Range(0, (int)a.Type.Size).Max(i => Math.Abs(results[0][i] - results[1][i]));
    }
}
