using System.Numerics;
using FsCheck;
using FsCheck.Fluent;

namespace Functional.Tests.Properties;

/// <summary>A run so small that its whole graphs are soon made, of every kind that costs differently.</summary>
public sealed record SmallRun(RunConfig Config)
{
    public static Arbitrary<SmallRun> Runs() => Arb.From(
        from layers in Gen.Choose(1, 7)
        from model in AnyGpt.Configs().Generator
        from dropout in Gen.Elements(0, 0.1)
        from wide in Gen.Elements(1, 1, 1, 50)
        from vocabulary in Gen.OneOf(Gen.Choose(1, 9), Gen.Choose(100, 20_000))
        from batch in Gen.Choose(1, 20)
        from accumulate in Gen.Choose(1, 3)
        from optimiser in Gen.Elements(OptimiserKind.AdamW, OptimiserKind.Adam, OptimiserKind.Sgd, OptimiserKind.Lion)
        from momentum in Gen.Elements(0, 0.9)
        from decay in Gen.Elements(0, 0.1)
        from clip in Gen.Elements(0.0, 1)
        from smoothing in Gen.Elements(0, 0.1)
        select new SmallRun(new RunConfig
        { Model = model with { Layers = layers, Dropout = dropout, Vocabulary = vocabulary, Width = model.Width * wide },
            Stage = new() { Batch = batch, Accumulate = accumulate, LabelSmoothing = smoothing,
                Optimiser = new() { Kind = optimiser, Beta1 = momentum, WeightDecay = decay, Clip = clip } } }));

    public override string ToString() => $"vocabulary {Config.Model.Vocabulary}, "
        + string.Join(", ", RunConfig.Fields.Where(static f => f.Section is not "run").Select(f => $"{f.Name} {f.Show(Config)}"));
}

/// <summary>A run of any sizes at all, most of them absurd and many not valid.</summary>
public sealed record AnySizes(RunConfig Config)
{
    // Powers of two and their neighbours, where products overflow, and what lies between them.
    static Gen<long> Size(int bits) =>
        from power in Gen.Choose(0, bits)
        from beside in Gen.Choose(-1, 1)
        from random in ArbMap.Default.GeneratorFor<ulong>()
        from exact in Gen.Elements(true, false)
        let most = bits == 63 ? long.MaxValue : (1L << bits) - 1
        select Math.Clamp(exact ? power == 63 ? long.MaxValue : (1L << power) + beside : (long)(random >> (64 - Math.Max(1, power))), 1, most);

    static Gen<int> Whole { get; } = Size(31).Select(static n => (int)n);

    public static Arbitrary<AnySizes> Sizes() => Arb.From(
        from small in SmallRun.Runs().Generator
        from layers in Whole
        from heads in Whole
        from width in Whole
        from multiple in Gen.Elements(true, true, false)
        from context in Whole
        from vocabulary in Whole
        from batch in Whole
        from accumulate in Whole
        from steps in Size(63)
        select new AnySizes(small.Config with
        { Model = small.Config.Model with
            {
                Layers = layers, Heads = heads, Width = multiple ? (int)Math.Min((long)heads * width, int.MaxValue / heads * heads) : width,
                Context = context, Vocabulary = vocabulary,
            }, Stage = small.Config.Stage with { Batch = batch, Accumulate = accumulate, Steps = steps,
                Optimiser = small.Config.Stage.Optimiser with { Warmup = Math.Min(100, steps) } } }));

    public override string ToString() => $"{new SmallRun(Config)}, steps {Config.Stage.Steps}";
}

/// <summary>A valid run whose sizes are as absurd as is allowed.</summary>
public sealed record ValidSizes(RunConfig Config)
{
    public static Arbitrary<ValidSizes> Sizes() => Arb.From(
        from any in AnySizes.Sizes().Generator
        let heads = Up(any.Config.Model.Heads, 180)
        let width = heads * Up(any.Config.Model.SizeOfHead, 128)
        let context = Up(any.Config.Model.Context, Math.Min(1 << 28, int.MaxValue / width / 4))
        let scores = (Int128)heads * context * context
        let dropout = scores <= int.MaxValue ? any.Config.Model.Dropout : 0
        let rows = Math.Min((1 << 28) / context, int.MaxValue / (4L * width * context))
        let batch = Up(any.Config.Stage.Batch, (int)(dropout > 0 ? Math.Min(rows, (long)(int.MaxValue / scores)) : rows))
        select new ValidSizes(any.Config with
        {
            Model = any.Config.Model with
            {
                Heads = heads, Width = width, Context = context, Dropout = dropout, Vocabulary = Up(any.Config.Model.Vocabulary, int.MaxValue / width),
            },
            Stage = any.Config.Stage with { Batch = batch, Accumulate = Up(any.Config.Stage.Accumulate, int.MaxValue / batch) },
        }));

    static int Up(int n, int most) => n <= most ? Math.Max(1, n) : 1 + n % most;

    /// <summary>The run with each of its sizes changed alone.</summary>
    /// <param name="c">The run.</param>
    /// <param name="size">What a size becomes; what is then too large for it stays.</param>
    public static IEnumerable<RunConfig> Changes(RunConfig c, Func<long, Int128> size)
    {
        int Whole(int n) => size(n) is var changed && changed >= 1 && changed <= int.MaxValue ? (int)changed : n;
        var steps = size(c.Stage.Steps) is var changed && changed >= 1 && changed <= long.MaxValue ? (long)changed : c.Stage.Steps;
        static int Product(int a, int b) => (int)Math.Min((long)a * b, int.MaxValue);
        var m = c.Model;
        IEnumerable<DecoderConfig> models =
        [
            m with { Layers = Whole(m.Layers) }, m with { Heads = Whole(m.Heads), Width = Product(m.SizeOfHead, Whole(m.Heads)) },
            m with { Width = Product(m.Heads, Whole(m.SizeOfHead)) }, m with { Context = Whole(m.Context) }, m with { Vocabulary = Whole(m.Vocabulary) },
        ];
        return
        [
            .. models.Select(model => c with { Model = model }), c with { Stage = c.Stage with { Batch = Whole(c.Stage.Batch) } },
                c with { Stage = c.Stage with { Accumulate = Whole(c.Stage.Accumulate) } },
            c with { Stage = c.Stage with { Steps = steps, Optimiser = c.Stage.Optimiser with { Warmup = Math.Min(c.Stage.Optimiser.Warmup, steps) } } },
        ];
    }

    public override string ToString() => new AnySizes(Config).ToString();
}

/// <summary>What a run keeps, and which sizes a run may have, worked out by hand in whole numbers of any length.</summary>
static class RunByHand
{
    /// <summary>Whether heads divide the width, each tensor of a step has a size, and a step's windows and tokens can be counted.</summary>
    public static bool Fits(RunConfig c)
    {
        var m = c.Model;
        BigInteger batch = c.Stage.Batch, width = m.Width, context = m.Context;
        BigInteger[] tensors = [m.Vocabulary * width, context * width, 4 * width * width, batch * context * 4 * width, m.Dropout > 0
            ? batch * m.Heads * context * context : 0];
        return m.Width % m.Heads == 0 && tensors.All(static size => size <= int.MaxValue) && batch * context <= 1 << 28
            && batch * c.Stage.Accumulate <= int.MaxValue;
    }

    /// <summary>Numbers of the model, by hand.</summary>
    public static BigInteger Parameters(DecoderConfig c)
    {
        BigInteger w = c.Width, bias = c.Bias != Biases.None ? 1 : 0;
        var norm = w * (1 + bias);
        return c.Layers * (2 * norm + 12 * w * w + bias * 9 * w) + c.Vocabulary * w * (c.TiedHead ? 1 : 2)
            + (c.Positions == Positions.Learned ? c.Context * w : 0) + norm;
    }

    /// <summary>Bytes that a run keeps, by hand: Adam's two slots and momentum's one for each parameter, and accumulators with the two of the loss.</summary>
    public static BigInteger Kept(RunConfig c) => 4 * Parameters(c.Model)
        * (1 + (c.Stage.Optimiser.Kind is OptimiserKind.Lion ? 1 : c.Stage.Optimiser.Kind != OptimiserKind.Sgd ? 2 : c.Stage.Optimiser.Beta1 > 0 ? 1 : 0) + (c.Stage.Accumulate > 1 ? 1
            : 0)) + (c.Stage.Accumulate > 1 ? 8 : 0);
}
