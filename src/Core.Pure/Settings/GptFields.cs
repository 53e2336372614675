using Functional.Base;
using Functional.Layers;
using Functional.Models;

namespace Functional.Settings;

/// <summary>The settings of an architecture.</summary>
static class GptFields
{
    public static Vec<Field<GptConfig>> All { get; } =
    [
        Make.Whole<GptConfig>("layers", "blocks of the model", static c => c.Layers, static (c, v) => c with { Layers = (int)v }, 1, int.MaxValue)
            with { Fixed = true, Aliases = ["n-layer", "n-layers", "num-layers", "num-hidden-layers", "depth"] },
        Make.Whole<GptConfig>("heads", "attention heads in a block; divides the width", static c => c.Heads, static (c, v) => c with { Heads = (int)v }, 1,
            int.MaxValue)
            with { Fixed = true, Aliases = ["n-head", "n-heads", "num-heads", "num-attention-heads"] },
        Make.Whole<GptConfig>("width", "numbers in a hidden state", static c => c.Width, static (c, v) => c with { Width = (int)v }, 1, int.MaxValue)
            with { Fixed = true, Aliases = ["n-embd", "d-model", "hidden-size", "embedding-size", "dim"] },
        Make.Whole<GptConfig>("context", "tokens that the model sees at most", static c => c.Context, static (c, v) => c with { Context = (int)v }, 1,
            int.MaxValue)
            with { Fixed = true, Aliases = ["block-size", "seq-len", "sequence-length", "max-length", "context-length", "n-ctx", "n-positions"] },
        Make.Truth<GptConfig>("bias", "whether linear layers and norms have biases", static c => c.Bias,
            static (c, v) => c with { Bias = v }) with { Fixed = true },
        Make.OneOf<GptConfig, Activation>("activation", "the nonlinearity of the MLPs", static c => c.Activation, static (c, v) => c with { Activation = v },
            [("gelu-tanh", Activation.GeluTanh), ("gelu", Activation.Gelu)]) with { Fixed = true },
        Make.OneOf<GptConfig, NormPlacement>("norm", "where blocks normalise", static c => c.NormPlacement, static (c, v) => c with { NormPlacement = v },
            [("pre", NormPlacement.Pre), ("post", NormPlacement.Post)]) with { Fixed = true },
        Make.OneOf<GptConfig, Positions>("positions", "how the model knows where a token stands", static c => c.Positions,
            static (c, v) => c with { Positions = v },
            [("learned", Positions.Learned), ("sinusoidal", Positions.Sinusoidal)]) with { Fixed = true },
        Make.Truth<GptConfig>("tied-head", "whether the output layer is the token embedding", static c => c.TiedHead, static (c, v) => c with { TiedHead = v })
            with { Fixed = true, Aliases = ["tie-weights", "tie-word-embeddings"] },
        Make.Number<GptConfig>("dropout", "share of numbers dropped while training", Make.Share, static c => c.Dropout, static (c, v) => c with { Dropout = v },
            static v => v is >= 0 and < 1),
    ];
}
