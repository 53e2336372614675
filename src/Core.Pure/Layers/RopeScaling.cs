using Functional.Base;

namespace Functional.Layers;

/// <summary>How the frequencies of rotary positions are changed for sequences longer than those of training.</summary>
public abstract record RopeScaling
{
    RopeScaling() { }

    /// <summary>As they are.</summary>
    public sealed record None : RopeScaling;

    /// <summary>All divided by a factor (Chen et al. 2023).</summary>
    public sealed record Linear(double Times) : RopeScaling;

    /// <summary>
    /// Beyond the context, a base that grows with the sequence: base · (times · length / context − (times − 1))^(n / (n − 2)) for n turned numbers
    /// ("dynamic NTK").
    /// </summary>
    public sealed record Dynamic(double Times) : RopeScaling;

    /// <summary>By wavelength: long ones divided, short ones kept, and a way between (Llama 3).</summary>
    /// <param name="Times">The divisor.</param>
    /// <param name="Low">Wavelengths above original / low are divided.</param>
    /// <param name="High">Wavelengths below original / high are kept.</param>
    /// <param name="Original">The context of training.</param>
    public sealed record Llama3(double Times, double Low, double High, int Original) : RopeScaling;

    /// <summary>YaRN (Peng et al. 2023): by how many turns a pair makes in the original context.</summary>
    /// <param name="Times">The divisor of slow pairs.</param>
    /// <param name="Original">The context of training.</param>
    public sealed record Yarn(double Times, int Original) : RopeScaling
    {
        /// <summary>Pairs that make more turns are kept.</summary>
        public double Fast { get; init; } = 32;

        /// <summary>Pairs that make fewer turns are divided.</summary>
        public double Slow { get; init; } = 1;

        /// <summary>The factor of cosines and sines; 0 for what follows from the others.</summary>
        public double Attention { get; init; }

        /// <summary>How fast the factor grows, and by what it is divided; 0 for neither (DeepSeek).</summary>
        public double Magnitude { get; init; }

        /// <summary>See <see cref="Magnitude"/>.</summary>
        public double MagnitudeAll { get; init; }

        /// <summary>Whether the bounds between fast and slow are rounded to whole pairs.</summary>
        public bool Truncates { get; init; } = true;
    }

    /// <summary>A divisor for each pair, of short and of long sequences (LongRoPE; Ding et al. 2024, as Phi-3 has it).</summary>
    /// <param name="Short">Divisors for sequences up to the original context, one a pair.</param>
    /// <param name="Longer">Divisors for longer ones.</param>
    /// <param name="Original">The context of training.</param>
    public sealed record Long(Vec<double> Short, Vec<double> Longer, int Original) : RopeScaling
    {
        /// <summary>The factor of cosines and sines; 0 for √(1 + ln s / ln original), s = context / original.</summary>
        public double Attention { get; init; }
    }

    /// <summary>The frequency of each pair, in radians a position.</summary>
    /// <param name="start">The base.</param>
    /// <param name="turned">How many numbers of a head are turned, two a pair.</param>
    /// <param name="length">Tokens of the sequence.</param>
    /// <param name="context">The longest sequence of the model.</param>
    internal Vec<double> Frequencies(double start, int turned, int length, int context)
    {
        var plain = Enumerable.Range(0, turned / 2).Select(i => Math.Pow(start, -2.0 * i / turned)).ToVec();
        switch (this)
        {
            case Linear linear: return plain.Map(f => f / linear.Times);
            case Dynamic dynamic when length > context:
                var grown = start * Math.Pow(dynamic.Times * length / context - (dynamic.Times - 1), turned / (turned - 2.0));
                return plain.Map((_, i) => Math.Pow(grown, -2.0 * i / turned));
            case Llama3 l: return plain.Map(f => ByWavelength(l, f));
            case Yarn yarn: return Blended(yarn, plain, start, turned);
            case Long scaled: return plain.Map((f, i) => f / (length > scaled.Original ? scaled.Longer : scaled.Short)[i]);
            default: return plain;
        }
    }

    /// <summary>What cosines and sines are multiplied by.</summary>
    /// <param name="context">The longest sequence of the model.</param>
    public double Factor(int context) => this switch
    {
        Yarn { Attention: > 0 and var given } => given,
        Yarn { Magnitude: > 0, MagnitudeAll: > 0 } y => Grown(y.Times, y.Magnitude) / Grown(y.Times, y.MagnitudeAll),
        Yarn y => Grown(y.Times, 1),
        Long { Attention: > 0 and var given } => given,
        Long l => context <= l.Original ? 1 : Math.Sqrt(1 + Math.Log((double)context / l.Original) / Math.Log(l.Original)),
        _ => 1,
    };

    /// <summary>What is wrong with it, for heads of which so many numbers are turned.</summary>
    internal IEnumerable<Fault> Check(int turned)
    {
        static Fault Of(string name, double value, string allowed) => new(name, FormattableString.Invariant($"is {value:R}"), $"allowed: {allowed}");
        var times = this switch { Linear s => s.Times, Dynamic s => s.Times, Llama3 s => s.Times, Yarn s => s.Times, _ => 1 };
        if (!(times >= 1) || !double.IsFinite(times)) yield return Of("rope-factor", times, "1 or more");
        var original = this switch { Llama3 s => s.Original, Yarn s => s.Original, Long s => s.Original, _ => 2 };
        if (original < 2) yield return Of("rope-original-context", original, "2 or more");
        switch (this)
        {
            case Dynamic when turned <= 2: yield return new("rope-scaling", "is dynamic for heads of which 2 numbers are turned", "allowed: more of them"); break;
            case Llama3 s when !(s.Low > 0 && s.High > s.Low && double.IsFinite(s.High)): yield return Of("rope-high", s.High, "above rope-low, both above 0"); break;
            case Yarn s when !(s.Slow > 0 && s.Fast >= s.Slow && double.IsFinite(s.Fast)): yield return Of("rope-fast", s.Fast, "rope-slow or more, both above 0"); break;
            case Long s:
                foreach (var (name, factors) in new[] { ("rope-short", s.Short), ("rope-long", s.Longer) })
                {
                    if (factors.Count != turned / 2) yield return Of(name, factors.Count, $"{turned / 2} numbers, one for each pair");
                    foreach (var factor in factors.Where(static f => !(f > 0) || !double.IsFinite(f)).Take(1)) yield return Of(name, factor, "numbers above 0");
                }
                break;
        }
        if (this is Yarn y)
            foreach (var (name, value) in new[] { ("rope-magnitude", y.Magnitude), ("rope-magnitude-all", y.MagnitudeAll) })
                if (!(value >= 0) || !double.IsFinite(value)) yield return Of(name, value, "0 or more");
        var attention = this switch { Yarn s => s.Attention, Long s => s.Attention, _ => 0 };
        if (!(attention >= 0) || !double.IsFinite(attention)) yield return Of("rope-attention-factor", attention, "0 or more");
    }

    static double Grown(double times, double by) => times <= 1 ? 1 : 0.1 * by * Math.Log(times) + 1;

    static double ByWavelength(Llama3 l, double f)
    {
        var wavelength = 2 * Math.PI / f;
        if (wavelength < l.Original / l.High) return f;
        if (wavelength > l.Original / l.Low) return f / l.Times;
        var smooth = (l.Original / wavelength - l.Low) / (l.High - l.Low);
        return (1 - smooth) * f / l.Times + smooth * f;
    }

    static Vec<double> Blended(Yarn y, Vec<double> plain, double start, int turned)
    {
        // The pair, counted in turned numbers, that makes so many turns in the original context.
        double Pair(double turns) => turned * Math.Log(y.Original / (turns * 2 * Math.PI)) / (2 * Math.Log(start));
        var (low, high) = (Pair(y.Fast), Pair(y.Slow));
        if (y.Truncates) (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, turned - 1));
        if (low == high) high += 0.001;
        return plain.Map((f, i) => Math.Clamp((i - low) / (high - low), 0, 1) is var ramp ? f / y.Times * ramp + f * (1 - ramp) : f);
    }
}
