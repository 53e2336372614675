using Functional.Base;
using Functional.Graphs;
using Functional.Layers;
using LanguageExt;

namespace Functional.Models;

/// <summary>How a model knows where a token stands.</summary>
public enum Positions
{
    /// <summary>A learned vector for each position.</summary>
    Learned,
    /// <summary>Sines and cosines.</summary>
    Sinusoidal,
}

/// <summary>The architecture of a GPT (Radford et al. 2019). <see cref="Validate"/> before use.</summary>
public sealed record GptConfig
{
    /// <summary>Blocks.</summary>
    public int Layers { get; init; } = 4;

    /// <summary>Attention heads a block; divides the width.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>Numbers in a hidden state.</summary>
    public int Width { get; init; } = 128;

    /// <summary>Tokens that the model sees at most.</summary>
    public int Context { get; init; } = 64;

    /// <summary>How many tokens there are.</summary>
    public int Vocabulary { get; init; } = 256;

    /// <summary>Whether linear layers and norms have biases.</summary>
    public bool Bias { get; init; } = true;

    /// <summary>The rate of dropout on embeddings, attention weights and block outputs, in [0, 1).</summary>
    public double Dropout { get; init; }

    /// <summary>The nonlinearity of the MLPs.</summary>
    public Activation Activation { get; init; } = Activation.GeluTanh;

    /// <summary>Where blocks normalise.</summary>
    public NormPlacement NormPlacement { get; init; } = NormPlacement.Pre;

    /// <summary>How positions are told apart.</summary>
    public Positions Positions { get; init; } = Positions.Learned;

    /// <summary>Whether the head is the token embedding itself.</summary>
    public bool TiedHead { get; init; } = true;

    /// <summary>The width of a head.</summary>
    public int HeadSize => Width / Heads;

    /// <summary>This configuration, or every fault in it at once.</summary>
    public Validation<Fault, GptConfig> Validate()
    {
        Vec<Validation<Fault, Unit>> checks =
        [
            AtLeastOne("layers", Layers), AtLeastOne("heads", Heads), AtLeastOne("width", Width),
            AtLeastOne("context", Context), AtLeastOne("vocabulary", Vocabulary),
            Fault.Unless(Heads < 1 || Width < 1 || Width % Heads == 0, "width", $"{Width} is not divisible by heads {Heads}",
                $"allowed: a multiple of {Heads}"),
            Fault.Unless(Dropout is >= 0 and < 1, "dropout", FormattableString.Invariant($"is {Dropout:R}"), "allowed: at least 0 and less than 1"),
            Known("activation", Activation), Known("norm placement", NormPlacement), Known("positions", Positions),
            Fits("vocabulary", "vocabulary × width", (long)Vocabulary * Width), Fits("context", "context × width", (long)Context * Width),
            Fits("width", "4 × width × width", 4 * (Int128)Math.Max(0, Width) * Width),
        ];
        return checks.Gather().Map(_ => this);
    }

    static Validation<Fault, Unit> AtLeastOne(string name, int value) => Fault.Unless(value >= 1, name, $"is {value}", "allowed: 1 or more");

    static Validation<Fault, Unit> Known<T>(string name, T value) where T : struct, Enum =>
        Fault.Unless(Enum.IsDefined(value), name, $"is {value}", $"allowed: {string.Join(", ", Enum.GetNames<T>())}");

    internal static Validation<Fault, Unit> Fits(string name, string product, Int128 size) =>
        Fault.Unless(size <= int.MaxValue, name, $"makes {product} = {size}", $"allowed: up to {int.MaxValue}, the most that one tensor holds");
}
