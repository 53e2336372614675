using Functional.Base;
using Functional.Graphs;

namespace Functional.Layers;

/// <summary>How the frequencies of rotary positions are changed for long sequences; <see cref="RopeScaling"/> says what each kind does.</summary>
public enum RopeKind
{
    /// <summary>Not at all.</summary>
    None,
    /// <summary>All divided.</summary>
    Linear,
    /// <summary>By a base that grows with the sequence.</summary>
    Dynamic,
    /// <summary>By wavelength, as Llama 3.</summary>
    Llama3,
    /// <summary>By turns in the context of training.</summary>
    Yarn,
    /// <summary>By a list, as Phi-3.</summary>
    Long,
}

/// <summary>Rotary position embedding (Su et al. 2021): which numbers of a head are turned, and how fast.</summary>
public sealed record RotaryConfig
{
    /// <summary>The base of the frequencies: pair i of n turns by base^(−i/n) a position.</summary>
    public double Base { get; init; } = 10000;

    /// <summary>The base in layers with a window, which then are not scaled (Gemma 3); 0 where they have the same as the others.</summary>
    public double LocalBase { get; init; }

    /// <summary>The share of a head that is turned, in (0, 1]; the rest stays (GPT-NeoX).</summary>
    public double Share { get; init; } = 1;

    /// <summary>Whether pairs are neighbours, as in the paper; else the i-th of each half, as in most published weights.</summary>
    public bool Interleaved { get; init; }

    /// <summary>How frequencies are changed for sequences longer than those of training; the members below belong to some kinds each.</summary>
    public RopeKind Kind { get; init; }

    /// <summary>By how much longer sequences are, for all kinds but the long one.</summary>
    public double Factor { get; init; } = 1;

    /// <summary>The context of training; 0 for that of the model. For YaRN, Llama 3 and long.</summary>
    public int OriginalContext { get; init; }

    /// <summary>See <see cref="RopeScaling.Llama3"/>.</summary>
    public double Low { get; init; } = 1;

    /// <summary>See <see cref="RopeScaling.Llama3"/>.</summary>
    public double High { get; init; } = 4;

    /// <summary>See <see cref="RopeScaling.Yarn"/>.</summary>
    public double Fast { get; init; } = 32;

    /// <summary>See <see cref="RopeScaling.Yarn"/>.</summary>
    public double Slow { get; init; } = 1;

    /// <summary>What cosines and sines are multiplied by, for YaRN and long; 0 for what the kind says.</summary>
    public double AttentionFactor { get; init; }

    /// <summary>See <see cref="RopeScaling.Yarn"/>; 0 for none.</summary>
    public double Magnitude { get; init; }

    /// <summary>See <see cref="RopeScaling.Yarn"/>; 0 for none.</summary>
    public double MagnitudeAll { get; init; }

    /// <summary>See <see cref="RopeScaling.Yarn"/>.</summary>
    public bool Truncates { get; init; } = true;

    /// <summary>See <see cref="RopeScaling.Long"/>.</summary>
    public Vec<double> Short { get; init; }

    /// <summary>See <see cref="RopeScaling.Long"/>.</summary>
    public Vec<double> Long { get; init; }

    /// <summary>The scaling that these members describe, in a model of a context.</summary>
    public RopeScaling Scaling(int context)
    {
        var original = OriginalContext > 0 ? OriginalContext : context;
        return Kind switch
        {
            RopeKind.Linear => new RopeScaling.Linear(Factor),
            RopeKind.Dynamic => new RopeScaling.Dynamic(Factor),
            RopeKind.Llama3 => new RopeScaling.Llama3(Factor, Low, High, original),
            RopeKind.Yarn => new RopeScaling.Yarn(Factor, original)
            {
                Fast = Fast, Slow = Slow, Attention = AttentionFactor, Magnitude = Magnitude, MagnitudeAll = MagnitudeAll, Truncates = Truncates,
            },
            RopeKind.Long => new RopeScaling.Long(Short, Long, original) { Attention = AttentionFactor },
            _ => new RopeScaling.None(),
        };
    }

    /// <summary>Pairs that are turned in a head of a size.</summary>
    public int Pairs(int size) => (int)(size * Share) / 2;
}

/// <summary>
/// The angles of <see cref="RotaryConfig"/>. A position's angles are its number times the frequencies, and both cosine and sine are times
/// <see cref="RopeScaling.Factor(int)"/>.
/// </summary>
public sealed record Rotary
{
    readonly RotaryConfig config;
    readonly RopeScaling scaling;
    readonly int size, context;
    readonly double start;

    /// <summary>The angles of the heads of a layer.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="size">Numbers in a head.</param>
    /// <param name="context">The longest sequence, which scaling may refer to.</param>
    /// <param name="isLocal">Whether the layer has a window.</param>
    public Rotary(RotaryConfig config, int size, int context, bool isLocal)
    {
        (this.config, this.size, this.context) = (config, size, context);
        var own = isLocal && config.LocalBase > 0;
        (start, scaling) = own ? (config.LocalBase, new RopeScaling.None()) : (config.Base, config.Scaling(context));
    }

    int Pairs => config.Pairs(size);

    /// <summary>The frequency of each pair, in radians a position, for sequences of a length.</summary>
    public Vec<double> Frequencies(int length) => scaling.Frequencies(start, 2 * Pairs, length, context);

    /// <summary>Heads <c>[batch, time, heads, size]</c> turned by their positions <c>i32[batch or 1, time]</c>.</summary>
    /// <param name="x">The heads.</param>
    /// <param name="positions">Where each token stands.</param>
    public Tensor Turn(Tensor x, Tensor positions)
    {
        var angles = positions.Cast(DType.F32).Reshape(positions.Shape[0], positions.Shape[1], 1) * Graph(positions);
        var factor = scaling.Factor(context);
        Tensor Times(Tensor y) => factor == 1 ? y : y * factor;
        return new Rotation(config.Interleaved).Result(0, [x, Times(angles.Cos()), Times(angles.Sin())]);
    }

    // [batch or 1, 1, pairs]: of a scaling that looks at the length, by each row's.
    Tensor Graph(Tensor positions)
    {
        Tensor Of(int length) => Listed.Of(Frequencies(length)).Reshape(1, 1, Pairs);
        Tensor Length() => positions.ReduceMax(1).Reshape(positions.Shape[0], 1, 1) + Create.Scalar(1, DType.I32);
        switch (scaling)
        {
            case RopeScaling.Dynamic dynamic:
                // base' = base · growth^(n/(n − 2)) for n turned numbers, so frequency i is times growth^(−2i/(n − 2)).
                var growth = (Length().Cast(DType.F32) * (dynamic.Times / context) - (dynamic.Times - 1)).Max(Create.Scalar(1));
                var power = Create.Range(Pairs).Cast(DType.F32).Reshape(1, 1, Pairs) * (-2.0 / (2 * Pairs - 2));
                return Of(1) * (growth.Log() * power).Exp();
            case RopeScaling.Long scaled:
                return Length().Greater(Create.Scalar(scaled.Original, DType.I32)).Where(Of(scaled.Original + 1), Of(1));
            default:
                return Of(1);
        }
    }
}
