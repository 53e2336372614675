using System.Numerics;
using FsCheck;
using FsCheck.Fluent;

namespace Functional.Tests.Properties;

/// <summary>Numbers of any decoder, part by part.</summary>
static class DecoderByHand
{
    public static long Parameters(DecoderConfig c)
    {
        long width = c.Width, size = c.SizeOfHead, keyHeads = c.KeyHeads > 0 ? c.KeyHeads : c.Heads;
        var matrices = c.Activation is Activation.SwiGlu or Activation.GeGlu or Activation.GeGluTanh ? 3 : 2;
        long Bias(Biases of, long numbers) => c.Bias.HasFlag(of) ? numbers : 0;
        long Norm(long of) => !c.NormWeights ? 0 : of * (c.Norm == NormKind.Layer && c.Bias.HasFlag(Biases.Norms) ? 2 : 1);
        var rows = (c.Heads + 2 * keyHeads) * size;
        var attention = width * rows + Bias(Biases.Qkv, rows) + c.Heads * size * width + Bias(Biases.Output, width) + c.QueryKeyNorm switch
        {
            QueryKeyNorm.Head => 2 * Norm(size), QueryKeyNorm.Width => Norm(c.Heads * size) + Norm(keyHeads * size), _ => 0,
        };
        var dense = matrices * width * c.HiddenWidth + Bias(Biases.FeedForward, (matrices - 1) * c.HiddenWidth + width);
        var e = c.Experts;
        var mixture = width * e.Count + e.Count * matrices * width * (e.Hidden > 0 ? e.Hidden : c.HiddenWidth) + matrices * width * e.Shared
            + (e.SharedGate ? width : 0);
        var embedding = c.EmbeddingWidth > 0 ? c.EmbeddingWidth : width;
        var layers = Enumerable.Range(0, c.Layers).Sum(i => attention + (c.NormPlacement == NormPlacement.Sandwich ? 4 : 2) * Norm(width)
            + (e.Count > 0 && (e.Pattern.Length == 0 || e.Pattern[i % e.Pattern.Length] == 'e') ? mixture : dense));
        return layers + c.Vocabulary * embedding * (c.TiedHead ? 1 : 2) + (c.EmbeddingWidth > 0 ? 2 * width * embedding : 0)
            + (c.Positions == Positions.Learned ? c.Context * width : 0) + (c.FinalNorm ? Norm(width) : 0);
    }
}

/// <summary>A run of any decoder, of so many layers that their kinds come again.</summary>
public sealed record DecoderRun(RunConfig Config)
{
    public static Arbitrary<DecoderRun> Runs() => Arb.From(
        from layers in Gen.Frequency((3, Gen.Choose(1, 9)), (3, Gen.Elements(9, 10, 11)), (1, Gen.Choose(15, 16)))
        from model in AnyDecoder.Configs().Generator
        from pattern in Gen.Elements(model.Pattern, model.Pattern, "wwf")
        from small in SmallRun.Runs().Generator
        from experts in Gen.Elements(model.Experts, model.Experts with { Capacity = 1, Noise = 0.1 })
        select new DecoderRun(small.Config with
        {
            Model = model with { Layers = layers, Pattern = pattern, Experts = experts, Dropout = small.Config.Model.Dropout },
            Stage = small.Config.Stage with { Batch = 1 + small.Config.Stage.Batch % 4 },
        }));

    public override string ToString() => new SmallRun(Config).ToString();
}
