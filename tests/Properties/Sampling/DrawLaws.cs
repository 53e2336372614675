using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>Drawing in the graph against <see cref="Sampler"/>, in the reference evaluator and on every engine.</summary>
public sealed class DrawLaws : IDisposable
{
    // Of float32's sums of so few masses; of the reference's.
    const double OfFloat = 1e-5, Exact = 1e-9;

    static readonly SamplingConfig[] kinds =
    [
        new(), SamplingConfig.Greedy, new() { TopK = 3 }, new() { TopP = 0.7 }, new() { TopK = 4, TopP = 0.6, Temperature = 0.7 },
        new() { Temperature = 1e-40 }, new() { Temperature = 1e200, TopK = 2 },
    ];

    readonly SortedDictionary<string, IEngine> engines = new(EngineList.All.ToDictionary(static e => e.Key, static e => e.Value()), StringComparer.Ordinal);

    public void Dispose()
    {
        foreach (var engine in engines.Values) engine.Dispose();
    }

    static double Tolerance(string engine) => engine == "reference" ? Exact : OfFloat;

    // Coarse values, so that ties happen; −∞ among them.
    static float[] Logits(Random random, int vocabulary) =>
        [.. Enumerable.Range(0, vocabulary).Select(i => i > 0 && random.Next(11) == 0 ? float.NegativeInfinity : random.Next(13) / 2f - 3)];

    static SamplingConfig Config(Random random) => new()
    {
        Temperature = random.Next(1, 31) / 10.0, TopK = random.Next(2) * random.Next(1, 12), TopP = random.Next(2) == 0 ? 1 : random.Next(1, 100) / 100.0,
    };

    static Dictionary<string, Value> Given(float[][] logits, Key[] keys) => new()
    {
        [Names.Logits] = Value.Of(new([logits.Length, logits[0].Length]), [.. logits.SelectMany(static row => row.Select(static x => (double)x))]),
        [Names.DrawKeys] = Value.Of(new([keys.Length, 2], DType.I32), [.. keys.SelectMany(static k => new[] { (double)(int)k.A, (int)k.B })]),
    };

    static Program Drawing(int rows, int vocabulary, SamplingConfig config)
    {
        var (token, logProb) = Draw.Next(Create.Input(Names.Logits, [rows, vocabulary]), Draw.Uniform(Create.Input(Names.DrawKeys, [rows, 2], DType.I32)),
            config);
        return Program.Of([new(Names.Token, token), new(Names.LogProb, logProb)]);
    }

    static (int[] Tokens, float[] LogProbs) Run(IEngine engine, Program program, IReadOnlyDictionary<string, Value> given)
    {
        using var executable = engine.Compile(program);
        var buffers = program.Inputs.ToDictionary(static i => i.Name, i => engine.Allocate(i.Value.Type));
        foreach (var (name, buffer) in buffers) buffer.Write(ParityBytes.Of(given[name]));
        using var binding = executable.Bind(buffers);
        binding.Run();
        var result = (binding[Names.Token].ToArray<int>(), binding[Names.LogProb].ToArray<float>());
        foreach (var buffer in buffers.Values) buffer.Dispose();
        return result;
    }

    // Whether float32's rounding may put a token on the other side of an edge: of top-p, or, with a number, of what is drawn for it.
    internal static bool IsNearAnEdge(float[] logits, SamplingConfig c, double tolerance, double? number = null)
    {
        if (c.Temperature == 0) return false;
        var all = (c.TopK == 0 || c.TopK >= logits.Length) && c.TopP == 1;
        var sorted = Enumerable.Range(0, logits.Length).OrderByDescending(i => logits[i]).ThenBy(static i => i).Take(c.TopK == 0 ? logits.Length
            : c.TopK).ToArray();
        var mass = logits.Select(l => Math.Exp((l - (double)logits.Max()) / c.Temperature)).ToArray();
        var (total, sum) = (sorted.Sum(i => mass[i]), 0.0);
        foreach (var i in sorted)
        {
            if (c.TopP < 1 && Math.Abs(sum - c.TopP * total) <= tolerance * total) return true;
            sum += mass[i];
        }
        var (probabilities, edge) = (SamplerLaws.Expected(c, logits), 0.0);
        return number is { } u && (all ? Enumerable.Range(0, logits.Length) : sorted).Any(i => Math.Abs((edge += probabilities[i]) - u) <= tolerance
            && probabilities[i] > 0);
    }

    [Property(MaxTest = 200)]
    public void A_key_gives_the_samplers_number_cut_off_after_24_bits(uint[] words)
    {
        Key[] keys = [new(0x80000000, 0xFFFFFFFF), default, .. words.Zip(words.Skip(1), static (a, b) => new Key(a * 2654435769, b * 40503 + 7))];
        var program = Program.Of(Draw.Uniform(Create.Input(Names.DrawKeys, [keys.Length, 2], DType.I32)));
        var given = Given([[0]], keys);
        foreach (var results in engines.Values.Select(e => Runs.On(e)(program, given)["result"]).Append(program.Evaluate(given)["result"]))
            for (var i = 0; i < keys.Length; i++) Assert.Equal(Math.Floor(keys[i].Uniform(0) * (1 << 24)) / (1 << 24), results[i]);
    }

    [Property(MaxTest = 100)]
    public void Probabilities_are_the_samplers(int seed)
    {
        var random = new Random(seed);
        var (rows, vocabulary, config) = (random.Next(1, 4), random.Next(1, 30), Config(random));
        var logits = Enumerable.Range(0, rows).Select(_ => Logits(random, vocabulary)).ToArray();
        foreach (var sampling in kinds.Append(config))
        {
            var program = Program.Of(Draw.Probabilities(Create.Input(Names.Logits, [rows, vocabulary]), sampling));
            foreach (var (name, engine) in engines)
            {
                var actual = Runs.On(engine)(program, Given(logits, []))["result"];
                for (var row = 0; row < rows; row++)
                {
                    if (IsNearAnEdge(logits[row], sampling, Tolerance(name))) continue;
                    var expected = new Sampler(sampling).Probabilities(logits[row]);
                    for (var i = 0; i < vocabulary; i++)
                        Assert.True(Math.Abs(expected[i] - actual[row * vocabulary + i]) <= Math.Max(Tolerance(name), 1e-7),
                            $"{name}, {sampling}: token {i} of row {row} {expected[i]} {actual[row * vocabulary + i]}");
                }
            }
        }
    }

    [Property(MaxTest = 100)]
    public void The_token_is_the_samplers_and_its_log_probability_that_of_the_distribution(int seed)
    {
        var random = new Random(seed);
        var (rows, vocabulary, config) = (random.Next(1, 7), random.Next(1, 40), Config(random));
        var logits = Enumerable.Range(0, rows).Select(_ => Logits(random, vocabulary)).ToArray();
        var keys = Enumerable.Range(0, rows).Select(i => Key.Seed((ulong)seed).FoldIn(i)).ToArray();
        foreach (var sampling in kinds.Append(config))
            foreach (var (name, engine) in engines)
            {
                var (tokens, logProbs) = Run(engine, Drawing(rows, vocabulary, sampling), Given(logits, keys));
                for (var row = 0; row < rows; row++)
                {
                    var probability = SamplerLaws.Expected(sampling, logits[row])[tokens[row]];
                    if (IsNearAnEdge(logits[row], sampling, Tolerance(name))) continue;
                    Assert.True(probability > 0, $"{name}, {sampling}: token {tokens[row]} cannot be drawn");
                    Assert.Equal(Math.Log(probability), logProbs[row], 1e-4);
                    // The number's own cut is 6e-8.
                    if (!IsNearAnEdge(logits[row], sampling, Tolerance(name) + 1e-7,
                        keys[row].Uniform(0))) Assert.Equal(new Sampler(sampling).Next(logits[row], keys[row]), tokens[row]);
                }
            }
    }

    /// <summary>Whatever the number, the least and the largest too, and however much of the mass is far below float32.</summary>
    [Property(MaxTest = 60)]
    public void What_has_no_probability_is_never_drawn(int seed)
    {
        var random = new Random(seed);
        var vocabulary = random.Next(1, 60);
        var scale = (float)Math.Pow(10, random.Next(-3, 4));
        float[] numbers = [0, 1f / (1 << 24), 0.5f, 1 - 1f / (1 << 24), 1 - 3f / (1 << 24), .. Enumerable.Range(0, 20).Select(_ => random.NextSingle())];
        var logits = Enumerable.Range(0, numbers.Length).Select(_ => Logits(random, vocabulary).Select(x => x * scale).ToArray()).ToArray();
        foreach (var sampling in kinds.Append(Config(random)))
            foreach (var (name, engine) in engines)
            {
                var (token, logProb) = Draw.Next(Create.Input(Names.Logits, [numbers.Length, vocabulary]), Create.Input("uniform", [numbers.Length]), sampling);
                var given = Given(logits, []).With(("uniform", Value.Of(new([numbers.Length]), [.. numbers.Select(static n => (double)n)])));
                var (tokens, logProbs) = Run(engine, Program.Of([new(Names.Token, token), new(Names.LogProb, logProb)]), given);
                for (var row = 0; row < numbers.Length; row++)
                {
                    Assert.True(float.IsFinite(logProbs[row]) && logProbs[row] <= 1e-6f, $"{name}, {sampling}: {logProbs[row]}");
                    if (!IsNearAnEdge(logits[row], sampling, Tolerance(name)))
                        Assert.True(SamplerLaws.Expected(sampling, logits[row])[tokens[row]] > 0,
                            $"{name}, {sampling}, {numbers[row]}: token {tokens[row]} of {string.Join(", ", logits[row])}");
                }
            }
    }

    [Property(MaxTest = 40)]
    public void A_row_draws_what_it_draws_alone(int seed)
    {
        var random = new Random(seed);
        var (rows, vocabulary) = (random.Next(2, 9), random.Next(1, 300));
        var logits = Enumerable.Range(0, rows).Select(_ => Logits(random, vocabulary)).ToArray();
        var keys = Enumerable.Range(0, rows).Select(i => Key.Seed((ulong)seed).FoldIn(i)).ToArray();
        foreach (var sampling in kinds.Append(Config(random)))
        {
            var engine = engines["managed, 2 threads"];
            var together = Run(engine, Drawing(rows, vocabulary, sampling), Given(logits, keys));
            var row = random.Next(rows);
            var alone = Run(engine, Drawing(1, vocabulary, sampling), Given([logits[row]], [keys[row]]));
            Assert.Equal((alone.Tokens[0], alone.LogProbs[0]), (together.Tokens[row], together.LogProbs[row]));
        }
    }

    /// <summary>A row that cannot be sampled says so, whatever sign its NaN has, and the others do not notice.</summary>
    [Fact]
    public void Logits_that_cannot_be_sampled_give_no_number()
    {
        var negative = BitConverter.UInt32BitsToSingle(0xFFC00000);
        float[][] logits =
        [
            [1, 2, 3, 4], [1, float.NaN, 3, 4], [1, 2, negative, 4], [negative, 2, 3, 4], [1, 2, float.PositiveInfinity, 4],
            [.. Enumerable.Repeat(float.NegativeInfinity, 4)], [4, 3, 2, 1],
        ];
        foreach (var sampling in kinds)
            foreach (var (name, engine) in engines)
                Assert.Equal([true, false, false, false, false, false, true],
                    Run(engine, Drawing(7, 4, sampling), Given(logits, new Key[7])).LogProbs.Select(float.IsFinite));
    }

    /// <summary>As <see cref="SamplerLaws.A_share_that_is_hit_exactly_is_enough"/>.</summary>
    [Theory, MemberData(nameof(SamplerLaws.ExactShares), MemberType = typeof(SamplerLaws))]
    public void A_share_that_is_hit_exactly_is_enough(int tokens, double share, int topK, int kept)
    {
        float[] logits = [float.NegativeInfinity, .. Enumerable.Repeat(1.5f, tokens), float.NegativeInfinity];
        SamplingConfig sampling = new() { TopP = share, TopK = topK };
        var expected = new Sampler(sampling).Probabilities(logits);
        Assert.Equal(kept, expected.Count(static p => p > 0));
        var program = Program.Of(Draw.Probabilities(Create.Input(Names.Logits, [1, logits.Length]), sampling));
        foreach (var engine in engines.Values)
            Assert.Equal(expected.Select(static p => (float)p),
                Runs.On(engine)(program, Given([logits], []))["result"].Items.ToArray().Select(static p => (float)p));
    }

    [Fact]
    public void Greedy_takes_the_first_of_the_largest_for_sure()
    {
        foreach (var engine in engines.Values)
        {
            var (tokens, logProbs) = Run(engine, Drawing(2, 4, SamplingConfig.Greedy), Given([[0, 7, 7, 1], [3, float.NegativeInfinity, 2, 3]], new Key[2]));
            Assert.Equal([1, 0], tokens);
            Assert.Equal([0f, 0f], logProbs);
        }
    }

    [Fact]
    public void Rules_with_faults_are_refused() =>
        Assert.Throws<ArgumentException>(() => Draw.Next(Create.Input("x", [1, 3]), Create.Input("u", [1]), new() { TopP = 0 }));
}
