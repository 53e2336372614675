namespace Functional.Tests.Properties;

/// <summary>Ranks against sorting, on every engine.</summary>
public sealed class RanksTests
{
    // Numbers that are hard to sort by their bits, and others of any size.
    static float Any(Random random, int kind) => (kind, random.Next(12)) switch
    {
        (0, _) => random.Next(-3, 4),
        (_, 0) => 0f,
        (_, 1) => -0f,
        (_, 2) => float.NegativeInfinity,
        (_, 3) => float.PositiveInfinity,
        (_, 4) => random.Next(2) == 0 ? float.MaxValue : float.MinValue,
        (1, _) => (random.NextSingle() - 0.5f) * MathF.Pow(10, random.Next(-30, 30)),
        _ => random.NextSingle(),
    };

    [Property(MaxTest = 60)]
    public void AreThePlacesInASortedRow(int seed)
    {
        var random = new Random(seed);
        var (rows, n, kind) = (random.Next(1, 5), random.Next(4) == 0 ? random.Next(1, 3000) : random.Next(1, 40), random.Next(3));
        var x = Enumerable.Range(0, rows * n).Select(_ => Any(random, kind)).ToArray();
        var mass = Enumerable.Range(0, rows * n).Select(_ => random.NextSingle()).ToArray();
        Vec<Tensor> args = [Create.Input("x", [rows, n]), Create.Input("mass", [rows, n])];
        var results = new Ranks().Apply(args);
        var program = Program.Of([new("rank", results[0].Cast(DType.F32)), new("before", results[1])]);
        var given = new Dictionary<string, Value> { ["x"] = Value.Of(args[0].Type, [.. x.Select(static v => (double)v)]),
            ["mass"] = Value.Of(args[1].Type, [.. mass.Select(static v => (double)v)]) };
        foreach (var (name, make) in EngineList.All)
        {
            // All pairs of so many are too many for the plainest loops.
            if (name == "reference" && n > 100) continue;
            using var engine = make();
            var actual = Runs.On(engine)(program, given);
            for (var row = 0; row < rows; row++)
            {
                var order = Enumerable.Range(row * n, n).OrderByDescending(i => x[i]).ThenBy(static i => i).ToArray();
                var sum = 0.0;
                for (var rank = 0; rank < n; rank++)
                {
                    Assert.Equal(rank, actual["rank"][order[rank]]);
                    Assert.Equal(sum, actual["before"][order[rank]], 1e-6 * (1 + sum));
                    sum += mass[order[rank]];
                }
            }
        }
    }
}
