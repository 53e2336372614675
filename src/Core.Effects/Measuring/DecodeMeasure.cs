using Functional.Base;
using Functional.Engines;
using Functional.Generation;
using Functional.Graphs;
using Functional.Models;

namespace Functional.Measuring;

/// <summary>The speed of cached decoding, one token at a time, at one place of the context.</summary>
/// <param name="Position">How many tokens the caches hold.</param>
/// <param name="Bytes">What a token must read: every weight once, and the keys and values so far.</param>
/// <param name="Time">A token's.</param>
public sealed record DecodeMeasure(int Position, double Bytes, Timings Time)
{
    /// <summary>Tokens a second, at the median.</summary>
    public double TokensPerSecond => 1e3 / Time.MedianMilliseconds;

    /// <summary>Billions of bytes read a second, at the median.</summary>
    public double GigabytesPerSecond => Bytes / Time.MedianMilliseconds / 1e6;

    /// <summary>Decodes on an engine at each of these positions.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="config">The model; its context is above every position.</param>
    /// <param name="positions">Where it measures.</param>
    /// <param name="tokens">How many tokens it measures at each.</param>
    /// <param name="packing">How its matrices are kept; nothing for float32.</param>
    /// <param name="stop">Asks to give up.</param>
    public static Vec<DecodeMeasure> On(IEngine engine, DecoderConfig config, Vec<int> positions, int tokens, PanelPacking? packing = null, CancellationToken stop = default)
    {
        using var parameters = new Workspace(engine);
        var model = parameters.Fill(config, packing);
        using var decoder = new Decoder(engine, model, parameters.Buffers);
        var logits = new float[config.Vocabulary];
        return positions.Map(position =>
            new DecodeMeasure(position, Traffic(model, position), Timings.Of(() => Step(position), tokens, 3, TimeSpan.FromMilliseconds(300), stop)));

        void Step(int position)
        {
            decoder.Seek(position);
            decoder.Read([0], logits);
        }
    }

    // Of tables that are looked up one row is read, unless they are the head too.
    static double Traffic(Model model, int position)
    {
        var weights = model.Specs.Fold(0.0, static (sum, s) => sum + s.Type.Bytes) - Lookup(model, "positions")
            - (model.Specs.Names.Any(static name => name.StartsWith("head.weight", StringComparison.Ordinal)) ? Lookup(model, "tokens") : 0);
        var caches = model.Caches(new(1, 1)).Fold(0.0, (sum, type) =>
            sum + (double)type.Bytes / type.Shape[1] * Math.Min(type.Shape[1], position + 1));
        return weights + caches;
    }

    static double Lookup(Model model, string name) => model.Specs.Contains(name) ? model.Specs[name].Type.Bytes : 0;
}
