using Functional.Layers;

namespace Functional.Models;

/// <summary>How a model knows where a token stands.</summary>
public enum Positions
{
    /// <summary>A learned vector for each position.</summary>
    Learned,
    /// <summary>Sines and cosines.</summary>
    Sinusoidal,
    /// <summary>Queries and keys are turned by their positions (<see cref="RotaryConfig"/>).</summary>
    Rotary,
    /// <summary>Distances are taken off the scores of attention (Press et al. 2021).</summary>
    Alibi,
    /// <summary>Not at all, but for what a causal mask tells (Haviv et al. 2022).</summary>
    None,
}

/// <summary>Which parts of a model have biases.</summary>
[Flags]
public enum Biases
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>Queries, keys and values.</summary>
    Qkv = 1,
    /// <summary>What comes out of attention.</summary>
    Output = 2,
    /// <summary>MLPs.</summary>
    FeedForward = 4,
    /// <summary>Norms, where their kind has one.</summary>
    Norms = 8,
    /// <summary>All of these.</summary>
    All = Qkv | Output | FeedForward | Norms,
}

/// <summary>Whether queries and keys are normalised before they meet, and before they are turned.</summary>
public enum QueryKeyNorm
{
    /// <summary>No.</summary>
    None,
    /// <summary>Each head by itself, with one weight for all heads (Qwen3, Gemma 3).</summary>
    Head,
    /// <summary>All heads together (OLMoE).</summary>
    Width,
}

/// <summary>What of a text's hidden states the head of a model reads that judges texts.</summary>
public enum Pooling
{
    /// <summary>That of the last token.</summary>
    Last,
    /// <summary>The mean of all tokens' (Reimers &amp; Gurevych 2019).</summary>
    Mean,
}

/// <summary>
/// The architecture of a decoder: one record for all, whose defaults are GPT-2's (Radford et al. 2019). Published families are values of it.
/// <see cref="Validate"/> before use. A size of 0 stands for what follows from the others.
/// </summary>
public sealed partial record DecoderConfig
{
    /// <summary>Blocks.</summary>
    public int Layers { get; init; } = 4;

    /// <summary>Attention heads a block.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Heads of keys and values, which divide the heads: 1 is multi-query (Shazeer 2019), more grouped-query attention; 0 for as many as heads.</summary>
    public int KeyHeads { get; init; }

    /// <summary>Numbers in a head; 0 for width / heads.</summary>
    public int HeadSize { get; init; }

    /// <summary>Numbers in a hidden state.</summary>
    public int Width { get; init; } = 128;

    /// <summary>Numbers in an MLP's hidden state; 0 for 4 · width, or, where it is gated, 8/3 · width, rounded up to a multiple of
    /// <see cref="HiddenMultiple"/>.</summary>
    public int Hidden { get; init; }

    /// <summary>What a hidden width that is not given is rounded up to a multiple of.</summary>
    public int HiddenMultiple { get; init; } = 1;

    /// <summary>Numbers of a token's embedding, which matrices bring to the width and back (OPT-350M); 0 for the width, without them.</summary>
    public int EmbeddingWidth { get; init; }

    /// <summary>Tokens that the model sees at most; what it was, or is to be, trained with.</summary>
    public int Context { get; init; } = 64;

    /// <summary>How many tokens there are.</summary>
    public int Vocabulary { get; init; } = 256;

    /// <summary>Which parts have biases.</summary>
    public Biases Bias { get; init; } = Biases.All;

    /// <summary>The rate of dropout on embeddings, attention weights and block outputs, in [0, 1).</summary>
    public double Dropout { get; init; }

    /// <summary>The nonlinearity of the MLPs, and whether it is a gate.</summary>
    public Activation Activation { get; init; } = Activation.GeluTanh;

    /// <summary>How norms normalise.</summary>
    public NormKind Norm { get; init; } = NormKind.Layer;

    /// <summary>What norms add to the variance or mean square.</summary>
    public double NormEpsilon { get; init; } = 1e-5;

    /// <summary>Whether norms have weights.</summary>
    public bool NormWeights { get; init; } = true;

    /// <summary>Where blocks normalise.</summary>
    public NormPlacement NormPlacement { get; init; } = NormPlacement.Pre;

    /// <summary>Whether there is a norm after the last block.</summary>
    public bool FinalNorm { get; init; } = true;

    /// <summary>How positions are told apart.</summary>
    public Positions Positions { get; init; } = Positions.Learned;

    /// <summary>How queries and keys are turned, where they are.</summary>
    public RotaryConfig Rotary { get; init; } = new();

    /// <summary>How many tokens a query sees at most in layers with a window, its own among them; 0 for all.</summary>
    public int Window { get; init; }

    /// <summary>How many tokens from the beginning are seen beside the window (Xiao et al. 2023).</summary>
    public int Sinks { get; init; }

    /// <summary>Which layers have the window: letters w and f (they see all), repeated over the layers; empty for all.</summary>
    public string Pattern { get; init; } = "";

    /// <summary>Whether queries and keys are normalised.</summary>
    public QueryKeyNorm QueryKeyNorm { get; init; }

    /// <summary>What scores are multiplied by; 0 for 1/√(head size).</summary>
    public double AttentionScale { get; init; }

    /// <summary>Whether the i-th layer's scores are divided by i as well, from 1 on.</summary>
    public bool ScaledByLayer { get; init; }

    /// <summary>Scores become cap · tanh(score / cap); 0 for none.</summary>
    public double AttentionCap { get; init; }

    /// <summary>Logits become cap · tanh(logit / cap); 0 for none.</summary>
    public double LogitCap { get; init; }

    /// <summary>Queries, keys and values are cut to [−clip, clip]; 0 for no limit.</summary>
    public double QkvClip { get; init; }

    /// <summary>Whether embeddings are multiplied by √width; with sinusoidal positions they always are.</summary>
    public bool ScaledEmbeddings { get; init; }

    /// <summary>The mixture of experts, where there is one.</summary>
    public ExpertConfig Experts { get; init; } = new();

    /// <summary>Whether the head is the token embedding itself.</summary>
    public bool TiedHead { get; init; } = true;

    /// <summary>
    /// Of a model that judges whole texts: how many numbers it gives, by a head <c>score.weight [labels, width]</c>
    /// on what <see cref="Pooling"/> says; 0 for a language model.
    /// </summary>
    public int Labels { get; init; }

    /// <summary>
    /// Whether a token sees those behind it, too, as in an encoder (Devlin et al. 2018; BehnamGhader et al. 2024 for weights that learned to look back only);
    /// only of a model that judges texts. No parameter depends on it.
    /// </summary>
    public bool Bidirectional { get; init; }

    /// <summary>What the head of a model reads that judges texts.</summary>
    public Pooling Pooling { get; init; }

    /// <summary>The heads of keys and values.</summary>
    public int KeyHeadCount => KeyHeads > 0 ? KeyHeads : Heads;

    /// <summary>The width of a head.</summary>
    public int SizeOfHead => HeadSize > 0 ? HeadSize : Width / Math.Max(1, Heads);

    /// <summary>The width of all heads together, which attention gives.</summary>
    public int HeadsWidth => Heads * SizeOfHead;

    /// <summary>The width of an MLP's hidden state.</summary>
    public int HiddenWidth => Hidden > 0 ? Hidden
        : RoundedUp(Activation.IsGated ? 8L * Width / 3 : 4L * Width);

    /// <summary>Whether a layer sees only a window.</summary>
    public bool HasWindow(int layer) => Window > 0 && (Pattern.Length == 0 || Pattern[layer % Pattern.Length] == 'w');

    /// <summary>What scores of a layer are multiplied by.</summary>
    public double ScaleOf(int layer) =>
        (AttentionScale > 0 ? AttentionScale : 1 / Math.Sqrt(SizeOfHead)) / (ScaledByLayer ? layer + 1 : 1);

    /// <summary>
    /// After how many layers the kinds of layers begin again: 1 where all are alike. What scores are divided by (<see cref="ScaledByLayer"/>) makes no kind.
    /// </summary>
    public int Period => (int)Math.Min(Layers, Lcm(Window > 0 ? Math.Max(1, Pattern.Length) : 1,
        Experts.Count > 0 ? Math.Max(1, Experts.Pattern.Length) : 1));

    /// <summary>Whether sequences end at the context: positions are learned, or some layer sees all and so needs a cache of all.</summary>
    public bool IsBounded => Positions == Positions.Learned || Window == 0 || Pattern.Take(Layers).Contains('f');

    int RoundedUp(long width) =>
        (int)Math.Min(int.MaxValue, HiddenMultiple <= 1 ? width : (width + HiddenMultiple - 1) / HiddenMultiple * HiddenMultiple);

    internal static long Lcm(long a, long b)
    {
        var (x, y) = (a, b);
        while (y > 0) (x, y) = (y, x % y);
        return a / x * b;
    }
}
