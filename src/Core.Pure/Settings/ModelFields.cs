using Functional.Base;
using Functional.Layers;
using Functional.Models;

namespace Functional.Settings;

/// <summary>The settings of an architecture; those of its rotary positions and experts are in files of their own.</summary>
static class ModelFields
{
    const string Limit = "0 or more; 0 for none";

    static readonly string[] details = ["head-size", "hidden-multiple", "embedding-width", "norm-epsilon", "norm-weights", "final-norm", "sinks", "pattern",
        "query-key-norm", "attention-scale", "scaled-by-layer", "attention-cap", "logit-cap", "qkv-clip", "scaled-embeddings", "labels"];

    public static Vec<Field<DecoderConfig>> All { get; } = Listed.Map(static f => details.Contains(f.Name) ? f with { IsDetail = true } : f);

    static Vec<Field<DecoderConfig>> Listed =>
    [
        Size("layers", "blocks of the model", 1, static c => c.Layers, static (c, v) => c with { Layers = v })
            with { Aliases = ["n-layer", "n-layers", "num-layers", "num-hidden-layers", "depth"] },
        Size("heads", "attention heads in a block", 1, static c => c.Heads, static (c, v) => c with { Heads = v })
            with { Aliases = ["n-head", "n-heads", "num-heads", "num-attention-heads"] },
        Size("key-heads", "heads of keys and values, which divide the heads; 0 for as many", 0, static c => c.KeyHeads, static (c, v) => c with { KeyHeads = v })
            with { Aliases = ["kv-heads", "n-kv-heads", "num-key-value-heads", "query-groups"] },
        Size("head-size", "numbers in a head; 0 for width / heads", 0, static c => c.HeadSize, static (c, v) => c with { HeadSize = v })
            with { Aliases = ["head-dim", "d-head"] },
        Size("width", "numbers in a hidden state", 1, static c => c.Width, static (c, v) => c with { Width = v })
            with { Aliases = ["n-embd", "d-model", "hidden-size", "embedding-size", "dim"] },
        Size("hidden", "numbers inside an MLP; 0 for 4 or, gated, 8/3 × width", 0, static c => c.Hidden, static (c, v) => c with { Hidden = v })
            with { Aliases = ["intermediate-size", "ffn-dim", "d-ff", "n-inner"] },
        Size("hidden-multiple", "what a hidden of 0 is rounded up to a multiple of", 1, static c => c.HiddenMultiple,
            static (c, v) => c with { HiddenMultiple = v }) with { Aliases = ["multiple-of"] },
        Size("embedding-width", "numbers in an embedding, brought to the width by a matrix; 0 for the width", 0, static c => c.EmbeddingWidth,
            static (c, v) => c with { EmbeddingWidth = v }) with { Aliases = ["word-embed-proj-dim"] },
        Size("context", "tokens that the model sees at most", 1, static c => c.Context, static (c, v) => c with { Context = v })
            with { Aliases = ["block-size", "seq-len", "sequence-length", "max-length", "context-length", "n-ctx", "n-positions"] },
        Flags("bias", "which linear layers and norms have biases", static c => c.Bias, static (c, v) => c with { Bias = v }) with { Fixed = true },
        Make.OneOf<DecoderConfig, Activation>("activation", "the nonlinearity of the MLPs; those that end in glu are gates", static c => c.Activation,
            static (c, v) => c with { Activation = v },
            [("gelu-tanh", Activation.GeluTanh), ("gelu", Activation.Gelu), ("relu", Activation.Relu), ("relu2", Activation.ReluSquared),
                ("silu", Activation.Silu), ("swiglu", Activation.SwiGlu), ("geglu", Activation.GeGlu), ("geglu-tanh", Activation.GeGluTanh)])
            with { Fixed = true, Aliases = ["hidden-act", "activation-function"] },
        Make.OneOf<DecoderConfig, NormPlacement>("norm", "where blocks normalise", static c => c.NormPlacement, static (c, v) => c with { NormPlacement = v },
            [("pre", NormPlacement.Pre), ("post", NormPlacement.Post), ("sandwich", NormPlacement.Sandwich), ("parallel", NormPlacement.Parallel)])
            with { Fixed = true },
        Make.OneOf<DecoderConfig, NormKind>("norm-kind", "how norms normalise", static c => c.Norm, static (c, v) => c with { Norm = v },
            [("layer", NormKind.Layer), ("rms", NormKind.Rms), ("rms-plus-one", NormKind.RmsPlusOne)]) with { Fixed = true, Aliases = ["norm-type"] },
        Make.Number<DecoderConfig>("norm-epsilon", "what norms add to the variance", "above 0 and less than 1", static c => c.NormEpsilon,
            static (c, v) => c with { NormEpsilon = v }, static v => v is > 0 and < 1) with { Fixed = true, Aliases = ["layer-norm-eps", "rms-norm-eps"] },
        Truth("norm-weights", "whether norms have weights", static c => c.NormWeights, static (c, v) => c with { NormWeights = v }),
        Truth("final-norm", "whether there is a norm after the last block", static c => c.FinalNorm, static (c, v) => c with { FinalNorm = v }),
        Make.OneOf<DecoderConfig, Positions>("positions", "how the model knows where a token stands", static c => c.Positions,
            static (c, v) => c with { Positions = v },
            [("learned", Positions.Learned), ("sinusoidal", Positions.Sinusoidal), ("rotary", Positions.Rotary), ("alibi", Positions.Alibi),
                ("none", Positions.None)]) with { Fixed = true, Aliases = ["position-embedding", "pos-emb"] },
        .. RotaryFields.All.Select(static f =>
            f.In(Make.Part<DecoderConfig, RotaryConfig>(static c => c.Rotary, static (c, v) => c with { Rotary = v }), "rope") with { IsDetail = true }),
        Size("window", "tokens that a query sees at most, its own among them; 0 for all", 0, static c => c.Window, static (c, v) => c with { Window = v })
            with { Aliases = ["sliding-window", "attention-window"] },
        Size("sinks", "tokens from the beginning that are seen beside the window", 0, static c => c.Sinks, static (c, v) => c with { Sinks = v })
            with { Aliases = ["attention-sinks", "sink-tokens"] },
        Make.Pattern<DecoderConfig>("pattern", "which layers have the window (w) and which see all (f), repeated", "wf", static c => c.Pattern,
            static (c, v) => c with { Pattern = v }) with { Fixed = true, Aliases = ["layer-types", "window-pattern"] },
        Make.OneOf<DecoderConfig, QueryKeyNorm>("query-key-norm", "whether queries and keys are normalised", static c => c.QueryKeyNorm,
            static (c, v) => c with { QueryKeyNorm = v }, [("none", QueryKeyNorm.None), ("head", QueryKeyNorm.Head), ("width", QueryKeyNorm.Width)])
            with { Fixed = true, Aliases = ["qk-norm"] },
        Number("attention-scale", "what scores are multiplied by; 0 for 1/√(head size)", static c => c.AttentionScale,
            static (c, v) => c with { AttentionScale = v }),
        Truth("scaled-by-layer", "whether the i-th layer's scores are divided by i", static c => c.ScaledByLayer, static (c, v) => c with { ScaledByLayer = v }),
        Number("attention-cap", "scores become cap · tanh(score / cap)", static c => c.AttentionCap, static (c, v) => c with { AttentionCap = v })
            with { Aliases = ["attn-logit-softcapping"] },
        Number("logit-cap", "logits become cap · tanh(logit / cap)", static c => c.LogitCap, static (c, v) => c with { LogitCap = v })
            with { Aliases = ["final-logit-softcapping"] },
        Number("qkv-clip", "queries, keys and values are cut to this size", static c => c.QkvClip, static (c, v) => c with { QkvClip = v })
            with { Aliases = ["clip-qkv"] },
        Truth("scaled-embeddings", "whether embeddings are multiplied by √width", static c => c.ScaledEmbeddings,
            static (c, v) => c with { ScaledEmbeddings = v }),
        .. ExpertFields.All.Select(static f =>
            f.In(Make.Part<DecoderConfig, ExpertConfig>(static c => c.Experts, static (c, v) => c with { Experts = v }), "experts") with { IsDetail = true }),
        Truth("tied-head", "whether the output layer is the token embedding", static c => c.TiedHead, static (c, v) => c with { TiedHead = v })
            with { Aliases = ["tie-weights", "tie-word-embeddings"] },
        Size("labels", "numbers that a model which judges texts gives; 0 for a language model", 0, static c => c.Labels, static (c, v) => c with { Labels = v })
            with { Aliases = ["num-labels"] },
        Make.Number<DecoderConfig>("dropout", "share of numbers dropped while training", Make.Share, static c => c.Dropout, static (c, v) => c with { Dropout = v },
            static v => v is >= 0 and < 1),
    ];

    static Field<DecoderConfig> Size(string name, string summary, int least, Func<DecoderConfig, long> get, Func<DecoderConfig, int, DecoderConfig> set,
        [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(get))] string getter = "") =>
        Make.Whole(name, summary, get, (c, v) => set(c, (int)v), least, int.MaxValue, getter) with { Fixed = true };

    static Field<DecoderConfig> Truth(string name, string summary, Func<DecoderConfig, bool> get, Func<DecoderConfig, bool, DecoderConfig> set,
        [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(get))] string getter = "") =>
        Make.Truth(name, summary, get, set, getter) with { Fixed = true };

    static Field<DecoderConfig> Number(string name, string summary, Func<DecoderConfig, double> get, Func<DecoderConfig, double, DecoderConfig> set,
        [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(get))] string getter = "") =>
        Make.Number(name, summary, Limit, get, set, static v => v >= 0, getter) with { Fixed = true };

    // true and false, and any parts joined by commas.
    static Field<DecoderConfig> Flags(string name, string summary, Func<DecoderConfig, Biases> get, Func<DecoderConfig, Biases, DecoderConfig> set,
        [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(get))] string getter = "")
    {
        (string Text, Biases Value)[] parts = [("qkv", Biases.Qkv), ("output", Biases.Output), ("feed-forward", Biases.FeedForward), ("norms", Biases.Norms)];
        return Make.Custom<DecoderConfig>(name, summary, "true, false, or some of qkv, output, feed-forward, norms, joined by +",
            c => get(c) switch
            {
                Biases.All => "true",
                Biases.None => "false",
                var some => string.Join('+', parts.Where(p => some.HasFlag(p.Value)).Select(static p => p.Text)),
            },
            (c, text) => text switch
            {
                "true" => set(c, Biases.All),
                "false" => set(c, Biases.None),
                null => null,
                _ when text.Split('+') is var words && words.All(w => parts.Any(p => p.Text == w)) =>
                    set(c, words.Aggregate(Biases.None, (all, w) => all | parts.First(p => p.Text == w).Value)),
                _ => null,
            }, c => (get(c) & ~Biases.All) == 0, getter);
    }
}
