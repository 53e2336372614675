using FsCheck;
using FsCheck.Fluent;

namespace Functional.Tests.Properties;

/// <summary>Small valid architectures of every variant, without dropout.</summary>
public static class AnyGpt
{
    public static Arbitrary<DecoderConfig> Configs() => Arb.From(
        from layers in Gen.Choose(1, 2)
        from heads in Gen.Choose(1, 3)
        from size in Gen.Choose(1, 4)
        from context in Gen.Choose(1, 6)
        from vocabulary in Gen.Choose(1, 9)
        from bias in ArbMap.Default.GeneratorFor<bool>()
        from activation in Gen.Elements(Activation.Gelu, Activation.GeluTanh)
        from norm in Gen.Elements(NormPlacement.Pre, NormPlacement.Post)
        from positions in Gen.Elements(Positions.Learned, Positions.Sinusoidal)
        from tied in ArbMap.Default.GeneratorFor<bool>()
        select new DecoderConfig
        {
            Layers = layers, Heads = heads, Width = heads * size, Context = context, Vocabulary = vocabulary,
            Bias = bias ? Biases.All : Biases.None, Activation = activation, NormPlacement = norm, Positions = positions, TiedHead = tied,
        }, Smaller);

    static IEnumerable<DecoderConfig> Smaller(DecoderConfig c)
    {
        if (c.Layers > 1) yield return c with { Layers = 1 };
        if (c.Heads > 1) yield return c with { Heads = 1, Width = c.SizeOfHead };
        if (c.Context > 1) yield return c with { Context = c.Context - 1 };
        if (c.Bias != Biases.None) yield return c with { Bias = Biases.None };
    }
}
