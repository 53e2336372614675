using FsCheck;
using FsCheck.Fluent;

namespace Functional.Tests.Properties;

/// <summary>The angles of rotary positions against formulas written straight down, kind by kind, and in the graph against the host.</summary>
public sealed class RopeScalingLaws
{
    /// <summary>A scaling, heads and a context that fit each other.</summary>
    public sealed record Case(RotaryConfig Config, int Size, int Context)
    {
        public static Arbitrary<Case> Any() => Arb.From(
            from kind in Gen.Elements(Enum.GetValues<RopeKind>())
            from pick in Gen.Choose(0, int.MaxValue - 1)
            select Of(kind, new Random(pick)));

        static Case Of(RopeKind kind, Random random)
        {
            var (pairs, context) = (random.Next(2, 9), random.Next(4, 200));
            Vec<double> Divisors() => [.. Enumerable.Range(0, pairs).Select(_ => 0.5 + 3 * random.NextDouble())];
            var (low, slow) = (0.5 + random.NextDouble(), 0.2 + random.NextDouble());
            return new(new()
            {
                Kind = kind, Base = random.Next(2) == 0 ? 10000 : 3 + 100 * random.NextDouble(), Factor = 1 + 7 * random.NextDouble(),
                OriginalContext = random.Next(2) == 0 ? 0 : random.Next(2, 2 * context), Low = low, High = low + 0.1 + 4 * random.NextDouble(),
                Slow = slow, Fast = slow + 20 * random.NextDouble(), AttentionFactor = random.Next(2) == 0 ? 0 : 0.5 + random.NextDouble(),
                Magnitude = random.Next(2) * random.NextDouble(), MagnitudeAll = random.Next(2) * random.NextDouble(), Truncates = random.Next(2) == 0,
                Short = Divisors(), Long = Divisors(), Interleaved = random.Next(2) == 0,
            }, 2 * pairs, context);
        }

        public int Original => Config.OriginalContext > 0 ? Config.OriginalContext : Context;

        public Vec<double> Frequencies(int length) => new Rotary(Config, Size, Context, false).Frequencies(length);
    }

    // What the papers and the published models' configurations say, number by number.
    static double[] ByHand(Case c, int length)
    {
        var (r, n, result) = (c.Config, c.Size, new double[c.Size / 2]);
        for (var i = 0; i < result.Length; i++)
        {
            var plain = 1 / Math.Pow(r.Base, 2.0 * i / n);
            var turns = c.Original * plain / (2 * Math.PI);
            switch (r.Kind)
            {
                case RopeKind.None: result[i] = plain; break;
                case RopeKind.Linear: result[i] = plain / r.Factor; break;
                case RopeKind.Dynamic:
                    var longest = Math.Max(length, c.Context);
                    var grown = r.Base * Math.Pow(r.Factor * longest / c.Context - (r.Factor - 1), n / (n - 2.0));
                    result[i] = 1 / Math.Pow(longest == c.Context ? r.Base : grown, 2.0 * i / n);
                    break;
                case RopeKind.Llama3:
                    var kept = Math.Clamp((turns - r.Low) / (r.High - r.Low), 0, 1);
                    result[i] = kept * plain + (1 - kept) * plain / r.Factor;
                    break;
                case RopeKind.Yarn:
                    var (first, last) = (Dimension(r.Fast), Dimension(r.Slow));
                    if (r.Truncates) (first, last) = (Math.Floor(first), Math.Ceiling(last));
                    (first, last) = (Math.Max(first, 0), Math.Min(last, n - 1));
                    if (first == last) last += 0.001;
                    var interpolated = Math.Clamp((i - first) / (last - first), 0, 1);
                    result[i] = plain / r.Factor * interpolated + plain * (1 - interpolated);
                    break;
                default: result[i] = plain / (length > c.Original ? r.Long : r.Short)[i]; break;
            }
        }
        return result;

        double Dimension(double rotations) => n * Math.Log(c.Original / (rotations * 2 * Math.PI)) / (2 * Math.Log(r.Base));
    }

    static double FactorByHand(Case c)
    {
        var r = c.Config;
        double Grown(double by) => r.Factor <= 1 ? 1 : 0.1 * by * Math.Log(r.Factor) + 1;
        var stretch = (double)c.Context / c.Original;
        return r.Kind switch
        {
            RopeKind.Yarn when r.AttentionFactor > 0 => r.AttentionFactor,
            RopeKind.Yarn => r.Magnitude > 0 && r.MagnitudeAll > 0 ? Grown(r.Magnitude) / Grown(r.MagnitudeAll) : Grown(1),
            RopeKind.Long when r.AttentionFactor > 0 => r.AttentionFactor,
            RopeKind.Long => stretch <= 1 ? 1 : Math.Sqrt(1 + Math.Log(stretch) / Math.Log(c.Original)),
            _ => 1,
        };
    }

    [Property(Arbitrary = [typeof(Case)], MaxTest = 1000)]
    public void Frequencies_are_those_of_the_papers(Case c, PositiveInt by)
    {
        // Beyond, at and before the edges.
        foreach (var length in (int[])[1, c.Original, c.Original + 1, c.Context, c.Context + 1, by.Get])
            foreach (var (expected, actual) in ByHand(c, length).Zip(c.Frequencies(length))) Assert.Equal(1, actual / expected, 1e-10);
        Assert.Equal(FactorByHand(c), c.Config.Scaling(c.Context).Factor(c.Context), 1e-12);
    }

    /// <summary>Each pair turns slower than the one before it, whatever the scaling; but where a list says so.</summary>
    [Property(Arbitrary = [typeof(Case)], MaxTest = 500)]
    public void Each_pair_turns_slower_than_the_one_before(Case c, PositiveInt length)
    {
        if (c.Config.Kind == RopeKind.Long) return;
        var frequencies = c.Frequencies(length.Get);
        Assert.All(frequencies.Zip(frequencies.Skip(1)), static pair => Assert.True(pair.Item1 > pair.Item2));
    }

    /// <summary>A factor of 1 changes nothing, dynamic scaling nothing up to the context, and a list of ones nothing.</summary>
    [Property(Arbitrary = [typeof(Case)], MaxTest = 500)]
    public void What_changes_nothing_is_none(Case c)
    {
        var plain = (c with { Config = c.Config with { Kind = RopeKind.None } }).Frequencies(c.Context);
        Vec<double> ones = [.. Enumerable.Repeat(1.0, c.Size / 2)];
        var same = c with { Config = c.Config with { Factor = c.Config.Kind == RopeKind.Dynamic ? c.Config.Factor : 1, Short = ones, Long = ones } };
        foreach (var length in (int[])[1, c.Context])
            foreach (var (expected, actual) in plain.Zip(same.Frequencies(length))) Assert.Equal(1, actual / expected, 1e-12);
        Assert.Equal(1, (same with { Config = same.Config with { AttentionFactor = 0, OriginalContext = 0 } }).Config.Scaling(c.Context).Factor(c.Context), 1e-12);
    }

    /// <summary>Layers with a window have a base of their own, without a scaling and its factor, where they are given one.</summary>
    [Property(Arbitrary = [typeof(Case)])]
    public void A_local_base_is_unscaled(Case c)
    {
        var (own, plain) = (new Rotary(c.Config with { LocalBase = 77 }, c.Size, c.Context, true), new Rotary(new() { Base = 77 }, c.Size, c.Context, false));
        Assert.Equal(plain.Frequencies(5 * c.Context), own.Frequencies(5 * c.Context));
        Assert.Equal(c.Frequencies(9), new Rotary(c.Config with { LocalBase = 77 }, c.Size, c.Context, false).Frequencies(9));
        Assert.Equal(c.Frequencies(9), new Rotary(c.Config, c.Size, c.Context, true).Frequencies(9));
    }

    /// <summary>In the graph as on the host: each row by the length that it has, each head alike, and what lies behind the share stays.</summary>
    [Property(Arbitrary = [typeof(Case)], MaxTest = 200)]
    public void The_graph_turns_by_the_hosts_frequencies(Case c, bool half, ushort seed)
    {
        var (random, time, heads) = (new Random(seed), 3, 2);
        var config = c.Config with { Share = half ? 0.5 : 1 };
        var size = half ? 2 * c.Size : c.Size;
        var rotary = new Rotary(config, size, c.Context, false);
        // One row ends at an edge, the other anywhere.
        int[] edges = [c.Original - 1, c.Original, c.Context - 1, c.Context, 2 * c.Context, 2];
        int[] first = [Math.Max(0, edges[random.Next(edges.Length)] - time + 1), random.Next(3 * c.Context)];
        Tensor x = Create.Input("x", [2, time, heads, size]), positions = Create.Input("p", [2, time], DType.I32);
        var given = Runs.Normal(x.Type, Key.Seed(seed));
        var result = Evaluator.Run([rotary.Turn(x, positions)], new Dictionary<string, Value>
        {
            ["x"] = given, ["p"] = Value.Of(positions.Type, [.. first.SelectMany(f => Enumerable.Range(f, time)).Select(static p => (double)p)]),
        })[0];
        var factor = config.Scaling(c.Context).Factor(c.Context);
        for (var row = 0; row < 2; row++)
        {
            var frequencies = rotary.Frequencies(first[row] + time);
            for (var t = 0; t < time; t++)
                for (var head = 0; head < heads; head++)
                    for (var i = 0; i < size; i++)
                    {
                        var at = ((row * time + t) * heads + head) * size;
                        var pairs = c.Size / 2;
                        if (i >= 2 * pairs)
                        {
                            Assert.Equal(given[at + i], result[at + i]);
                            continue;
                        }
                        var (pair, isFirst) = config.Interleaved ? (i / 2, i % 2 == 0) : (i % pairs, i < pairs);
                        var partner = config.Interleaved ? i ^ 1 : (i + pairs) % (2 * pairs);
                        var angle = (first[row] + t) * frequencies[pair];
                        var expected = factor * (given[at + i] * Math.Cos(angle) + (isFirst ? -1 : 1) * given[at + partner] * Math.Sin(angle));
                        Assert.Equal(expected, result[at + i], 1e-7);
                    }
        }
    }

    [Fact]
    public void Slopes_of_distances_are_the_published_ones()
    {
        Assert.Equal([1 / 2.0, 1 / 4.0, 1 / 8.0, 1 / 16.0, 1 / 32.0, 1 / 64.0, 1 / 128.0, 1 / 256.0], Alibi.SlopesOf(8));
        Vec<double> twelve = [.. Alibi.SlopesOf(8), Math.Sqrt(0.5), Math.Sqrt(0.5) / 2, Math.Sqrt(0.5) / 4, Math.Sqrt(0.5) / 8];
        Assert.All(Alibi.SlopesOf(12).Zip(twelve), static pair => Assert.Equal(pair.Item2, pair.Item1, 1e-15));
        Assert.Equal([1 / 256.0], Alibi.SlopesOf(1));
        Assert.Equal([1 / 16.0, 1 / 256.0, 1 / 4.0], Alibi.SlopesOf(3));
    }
}
