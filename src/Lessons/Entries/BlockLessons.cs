using Functional.Adapters;
using Functional.Base;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Meaning;
using Functional.Models;
using Functional.Reports;
using Functional.Samples;

namespace Functional.Lessons;

/// <summary>Lessons 7, 8, 9 and 11: what today's models are made of, and how one of them is changed a little.</summary>
static class BlockLessons
{
    public static Vec<Lesson> All => [Modern, Caches, Mixture, Adapted];

    static Lesson Modern => new("07-modern-block", "The modern block", "RMSNorm, rotary positions, SwiGLU, grouped queries and query/key norm, piece by piece, with what each costs; together they are the library's block.",
        Lesson.Says(ModernBlock.Text))
    {
        Pictures =
        [
            Picture.Lines("What a token takes in the caches", "Llama 3 8B's 32 layers of 32 heads with 128 numbers, at two bytes each: heads of queries that share a head of keys make it so much smaller. The point is the model's own choice, 8.",
                "heads of keys and values", "KiB a token", static () =>
                [
                    new("caches", [.. ((int[])[1, 2, 4, 8, 16, 32]).Select(static k => ((double)k, ModernBlock.CacheKiB(32, 32, k, 128)))]), new("Llama 3 8B", [(8, ModernBlock.CacheKiB(32, 32, 8, 128))]) { IsLine = false },
                ]),
        ],
        Laws =
        [
            new("norm-forgets-size", "RMSNorm makes the same of x and of c · x, for every c above 0.", static key =>
            {
                var draw = new Draws(key);
                var (width, c) = (draw.Whole("width", 2, 8), draw.Between("c", 0.1, 100));
                var x = draw.Tensor("x", 1, 1, width);
                return LawCase.Same(Rms(x), Rms(x * c), $"{width} numbers and {c} times as much");
            }),
            new("shared-heads", "Queries that share a head of keys and values get what they would of a copy each.", static key =>
            {
                var draw = new Draws(key);
                var (time, size, shared, each) = (draw.Whole("time", 1, 5), draw.Whole("size", 1, 4), draw.Whole("shared", 1, 2), draw.Whole("each", 2, 3));
                var (q, k, v) = (draw.Tensor("q", 1, time, shared * each, size), draw.Tensor("k", 1, time, shared, size), draw.Tensor("v", 1, time, shared, size));
                Tensor Copied(Tensor of) => Movement.Concat(2, [.. Enumerable.Range(0, shared * each).Select(head => of.Slice(2, head / each, 1))]);
                var attention = new Attention(1 / Math.Sqrt(size));
                return LawCase.Same(Numbers(attention.Result(0, [q, k, v])), Numbers(attention.Result(0, [q, Copied(k), Copied(v)])), $"{shared} heads of keys for {each} of queries each, {time} tokens of size {size}");
            }),
            new("bounded-scores", "Where query and key are normed, no score is beyond the root of the size, however large the weights grow.", static key =>
            {
                var draw = new Draws(key);
                var (size, scale) = (draw.Whole("size", 1, 16), Math.Exp(draw.Between("scale", -3, 8)));
                var (q, k) = (Rms(draw.Tensor("q", 1, 1, size) * scale), Rms(draw.Tensor("k", 1, 1, size) * scale));
                var score = q.Zip(k, static (a, b) => a * b).Sum() / Math.Sqrt(size);
                return LawCase.Of(Math.Abs(score) <= Math.Sqrt(size) * (1 + 1e-9), $"size {size}, numbers {scale} times as large: the score is {score}, beyond {Math.Sqrt(size)}");
            }),
        ],
    };

    static Lesson Caches => new("08-cache-and-sinks", "Caches, rolling caches and sinks", "Why keys and values can be kept, how a ring of them holds a text without end, and what the first token is good for.", Lesson.Says(CacheAndSinks.Text))
    {
        Pictures =
        [
            Picture.Cells("Where the last word looks", "A head that finds nothing puts its weight on the first token, which is harmless. A window without a sink loses that token, and the weight falls on what is there.", static () =>
            {
                (string Name, int Window, int Sinks)[] rules = [("sees all", 0, 0), ("window of 4", 4, 0), ("and a sink", 4, 1)];
                return ([.. Enumerable.Range(0, 8).Select(static i => i == 0 ? "first" : FormattableString.Invariant($"word {i}"))], [.. rules.Select(static r => r.Name)],
                    [.. rules.Select(static r => (Vec<double>)[.. CacheAndSinks.Looking(r.Window, r.Sinks).Weights])]);
            }, most: 1, width: 440, height: 240),
            Picture.Lines("Numbers that the caches hold", "The lesson's model with the context that the text needs, and with its window: a ring grows no further.", "tokens read", "numbers", static () =>
            {
                static double Held(int window, int sinks, int tokens) => Transformer.Caches(CacheAndSinks.Config with { Window = window, Sinks = sinks, Context = tokens }, new(1, 1)).Fold(0L, static (sum, cache) => sum + cache.Size);
                Vec<(double, double)> Curve(int window, int sinks) => [.. Enumerable.Range(1, 20).Select(i => ((double)(4 * i), Held(window, sinks, 4 * i)))];
                return [new("all of the text", Curve(0, 0)), new("a window of 4 and a sink", Curve(4, 1))];
            }),
        ],
        Laws =
        [
            new("cached-is-uncached", "Reading token by token with caches gives the logits of reading all at once, of any model, with a window and sinks or without.", static key =>
            {
                var draw = new Draws(key);
                var windowed = draw.Flip("windowed");
                var config = draw.Decoder() with { Window = windowed ? draw.Whole("window", 1, 5) : 0 };
                // A learned position is in the keys of a ring as well; only turned ones go on without end.
                if (windowed) config = config with { Sinks = draw.Whole("sinks", 0, 2) };
                var model = Transformer.Of(config);
                var (parameters, tokens) = (draw.Parameters(model.Specs), draw.Below("tokens", draw.Whole("length", 1, 10), config.Vocabulary));
                return LawCase.Same([.. CacheAndSinks.Read(model, parameters, tokens).Logits.SelectMany(static l => l)], [.. CacheAndSinks.Full(model, parameters, tokens).SelectMany(static l => l)],
                    $"{config.Positions} positions, window {config.Window}, {config.Sinks} sinks, tokens {Shown.Of(tokens)}", 1e-8);
            }),
            new("ring-holds-the-newest", "However much was read, a rolling cache holds the sinks and the newest tokens of its window, each once.", static key =>
            {
                var draw = new Draws(key);
                var (window, sinks, read) = (draw.Whole("window", 1, 6), draw.Whole("sinks", 0, 3), draw.Whole("read", 1, 20));
                Tensor ring = Create.Fill(-1, [1, sinks + window]);
                for (var i = 0; i < read; i++) ring = new CacheWrite { Rolling = true, Sinks = sinks }.Result(0, [ring, Create.Fill(i, [1, 1]), Create.Fill(i, [1], DType.I32)]);
                var held = Evaluator.Run(ring).Items.ToArray().Where(static t => t >= 0).Order().ToArray();
                var expected = Enumerable.Range(0, read).Where(i => i < sinks || i >= read - window).Select(static i => (double)i).ToArray();
                return LawCase.Of(held.SequenceEqual(expected), $"window {window}, {sinks} sinks, {read} tokens read: it holds {Shown.Of(held)}, and not {Shown.Of(expected)}");
            }),
        ],
    };

    static Lesson Mixture => new("09-experts", "A mixture of experts", "How a router sends each token to one of several MLPs, why its load collapses when nobody looks after it, and the loss that keeps all of them at work.",
        Lesson.Says(LoadOfExperts.Text))
    {
        Seconds = 6,
        Pictures =
        [
            Picture.Lines("Load of the experts after 300 steps", "1 is even, 8 is everything. Trained when the picture is drawn, which takes some seconds: without the balancing loss a few experts take most.", "expert", "load", static () =>
            {
                static Trace Of(string name, double balance) => new(name, [.. LoadOfExperts.Learn(balance).Select(static (load, i) => ((double)i, load))]) { IsLine = false };
                return [Of("without a balancing loss", 0), Of("with it: coefficient 0.1", 0.1)];
            }),
        ],
        Laws =
        [
            new("order-of-experts", "Experts have no order: renumbered, with their columns of the router, they compute the same.", static key =>
            {
                var draw = new Draws(key);
                var (width, count) = (draw.Whole("width", 2, 5), draw.Whole("count", 2, 5));
                var layer = Nn.Experts(width, 3, Activation.SwiGlu, new() { Count = count, Chosen = draw.Whole("chosen", 1, count) });
                var (random, x) = (draw.Normals("order", count), draw.Tensor("x", 1, 4, width));
                var order = Enumerable.Range(0, count).OrderBy(i => random[i]).ToArray();
                var tensors = layer.Params.Map((name, spec) => draw.Tensor(name, [.. spec.Type.Shape]));
                var renumbered = tensors.Map((name, all) => name == "router.weight" ? Taken(all, 1) : Taken(all, 0));
                Tensor Taken(Tensor all, int axis) => Movement.Concat(axis, [.. order.Select(e => all.Slice(axis, e, 1))]);
                return LawCase.Same(Numbers(layer.Apply(Env.Of(tensors), x).Value), Numbers(layer.Apply(Env.Of(renumbered), x).Value), $"{count} experts in the order {Shown.Of(order)}");
            }),
            new("even-costs-least", "Where experts are chosen as often as they are likely, the balancing loss is 1 or more, and 1 only where the load is even.", static key =>
            {
                var draw = new Draws(key);
                var shares = draw.Shares("shares", draw.Whole("experts", 2, 8), 2);
                var (loss, even) = (LoadOfExperts.Balance(shares, shares), 1.0 / shares.Length);
                return LawCase.Of(loss >= 1 && (loss > 1 + 1e-9 || shares.All(s => Math.Abs(s - even) < 1e-3)), $"shares {Shown.Of(shares)}: the loss is {loss}");
            }),
        ],
    };

    static Lesson Adapted => new("11-lora-on-one-matrix", "LoRA on one matrix", "How a matrix that must change a little is left alone, and a product of two thin ones is added to it.", Lesson.Says(LoraOnOneMatrix.Text))
    {
        Pictures =
        [
            Picture.Lines("What is left to be learned", "The change has rank 2, so an adapter of rank 1 can never reach it, and more than rank 2 is not needed.", "steps", "distance", static () =>
                [.. Enumerable.Range(1, 3).Select(static rank => new Trace(FormattableString.Invariant($"rank {rank}"),
                    [.. ((int[])[0, 5, 10, 20, 30, 40, 60, 80, 120, 160, 240, 320, 400]).Select(steps => ((double)steps, LoraOnOneMatrix.Learn(rank, steps)))]))]),
        ],
        Laws =
        [
            new("begins-as-the-base", "A model with fresh adapters writes exactly what its base does, to the bit.", static key =>
            {
                var (draw, based, plan, given, batch) = AdaptedModel(key, learned: false);
                return LawCase.Same(Logits(based, batch, given), Logits(Lora.Of(based, plan), batch, given), $"{Sites(plan)}", 0);
            }),
            new("merged-is-unmerged", "Adapters merged into their matrices compute what they computed beside them.", static key =>
            {
                var (draw, based, plan, given, batch) = AdaptedModel(key, learned: true);
                var merged = new Dictionary<string, Value>(given);
                foreach (var (name, value) in LoraMerge.Into(based, plan).Evaluate(given)) merged[name] = value;
                return LawCase.Same(Logits(Lora.Of(based, plan), batch, given), Logits(based, batch, merged), $"{Sites(plan)}", 1e-8);
            }),
        ],
    };

    static (Draws Draw, Model Base, LoraPlan Plan, Dictionary<string, Value> Given, BatchShape Batch) AdaptedModel(Key key, bool learned)
    {
        var draw = new Draws(key);
        var config = draw.Decoder(6);
        var based = Transformer.Of(config);
        var plan = LoraPlan.Of(based, new() { Rank = draw.Whole("rank", 1, 3), Alpha = draw.Between("alpha", 0.5, 8), Targets = draw.Flip("all") ? ["q", "k", "v"] : ["q", "v"] }).IfFail(static faults => throw new InvalidOperationException(faults.Lines()));
        var given = draw.Parameters(based.Specs);
        foreach (var (name, spec) in plan.Specs(based.Specs))
        {
            var first = new float[spec.Type.Size];
            spec.Fill(key, 0, first);
            given[Names.Param(name)] = Value.Of(spec.Type, learned ? draw.Normals(name, first.Length, 0.4) : [.. first]);
        }
        given[Names.Inputs] = Draws.Rows(2, draw.Below("tokens", 12, config.Vocabulary));
        return (draw, based, plan, given, new(2, 6));
    }

    static double[] Logits(Model model, BatchShape batch, Dictionary<string, Value> given) => Programs.Logits(model, batch).Evaluate(given)[Names.Logits].Items.ToArray();

    static string Sites(LoraPlan plan) => string.Join(", ", plan.Adapters.Select(static a => FormattableString.Invariant($"{a.Site.Name} of rank {a.Rank}")));

    static double[] Numbers(Tensor of) => Evaluator.Run(of).Items.ToArray();

    // With weights of 1. What keeps a norm from dividing by 0 is left so small that it changes no digit here.
    static double[] Rms(Tensor x) => Numbers(Nn.Norm(x.Shape[^1], bias: false, epsilon: 1e-14, kind: NormKind.Rms, weight: false).Apply(Env.Of(Params.Of<Tensor>()), x).Value);
}
