using System.Globalization;

namespace Functional.Tests.Properties;

/// <summary>
/// Every engine computes what the reference evaluator computes, on random programs of every op and fused kind: within the error bound
/// of <see cref="ParityBounds"/> for floats, exactly for integers, booleans and random bits; and the same bits on every run and at
/// every number of threads.
/// </summary>
public sealed class ParityTests
{
    const int Programs = 25, LargePrograms = 3;

    // What an engine may be worse than the analysed order of operations: other formulas for the same function.
    const double Slack = 4;

    // Engines that must agree bit for bit.
    static readonly SortedDictionary<string, Func<IEngine>>[] Alike =
    [
        new(StringComparer.Ordinal)
        {
            ["managed, 1 thread"] = static () =>
                new ManagedEngine(1), ["managed, 2 threads"] = static () => new ManagedEngine(2), ["managed, 5 threads"] = static () => new ManagedEngine(5),
        },
    ];

    public static TheoryData<string> Cases => [.. ParityCases.All.Keys];

    [Fact]
    public void EveryOpIsAmongTheCases()
    {
        var covered = ParityCases.All.SelectMany(static c => Enumerable.Range(0, 12).SelectMany(seed =>
            Graph.Topological(ParityProgram.Of(c.Value, Seed(c.Key, seed), false).Program.Outputs.Select(static o => o.Value))
                .Select(static n => GradientRow.KeyOf(n.Op))));
        Assert.Empty(GradientRow.AllKeys().Except(covered));
    }

    /// <summary>Says which engines the suites run, where one is left out.</summary>
    [Fact(DisplayName = EngineList.Suites, Skip = EngineList.NoTorch, SkipType = typeof(EngineList), SkipUnless = nameof(EngineList.HasTorch))]
    public void TorchIsAmongTheEngines() => Assert.Contains("torch on cpu", EngineList.All.Keys);

    [Theory, MemberData(nameof(Cases))]
    public void Computes(string caseName) => With(EngineList.All, engines =>
    {
        long checkedItems = 0, items = 0;
        for (var n = 0; n < Programs + LargePrograms; n++)
        {
            var program = ParityProgram.Of(ParityCases.All[caseName], Seed(caseName, n), n >= Programs);
            var expected = ParityBounds.Run(program.Program.Outputs.Map(static o => o.Value), program.Inputs);
            foreach (var (engineName, engine) in engines)
            {
                var actual = program.Run(engine);
                for (var o = 0; o < expected.Count; o++)
                {
                    var (name, (value, bound)) = (program.Program.Outputs[o].Name, expected[o]);
                    var numbers = ParityBytes.Numbers(value.Type.DType, actual[name]);
                    items += numbers.Length;
                    for (var i = 0; i < numbers.Length; i++)
                    {
                        var allowed = Allowed(value, bound, i);
                        if (!double.IsFinite(allowed)) continue;
                        checkedItems++;
                        if (!(numbers[i].Equals(value[i]) || Math.Abs(numbers[i] - value[i]) <= allowed))
                            Assert.Fail(string.Create(CultureInfo.InvariantCulture,
                                $"{caseName}, program {n} of FUNCTIONAL_SEED={Run}, engine {engineName}: element {i} of '{name}' {value.Type} is {numbers[i]:R}, by the reference {value[i]:R} ± {allowed:R}\n{string.Join(", ", program.Program.Donations)}\n{program.Program.Print()}"));
                    }
                }
            }
        }
        // A bound that is infinite nearly everywhere would check nothing.
        Assert.True(checkedItems > 0.5 * items, $"{caseName}: only {checkedItems} of {items} elements have a finite bound");
    });

    [Theory, MemberData(nameof(Cases))]
    public void RunsAgainToTheSameBits(string caseName) => With(EngineList.Repeating, engines =>
    {
        foreach (var (engineName, engine) in engines)
            for (var n = 0; n < 4; n++)
            {
                var program = ParityProgram.Of(ParityCases.All[caseName], Seed(caseName, 100 + n), n == 3);
                if (!EngineList.Repeats(engineName, program.Program)) continue;
                var runs = program.Run(engine, 3).Append(program.Run(engine)).ToList();
                Assert.All(runs, run => Same(runs[0], run, program, $"{caseName}, program {n} of FUNCTIONAL_SEED={Run}, engine {engineName}"));
            }
    });

    [Theory, MemberData(nameof(Cases))]
    public void ThreadsDoNotChangeABit(string caseName)
    {
        foreach (var group in Alike) With(group, engines =>
        {
            for (var n = 0; n < 4; n++)
            {
                var program = ParityProgram.Of(ParityCases.All[caseName], Seed(caseName, 200 + n), n > 0);
                var runs = engines.Values.Select(e => program.Run(e)).ToList();
                Assert.All(runs, run =>
                    Same(runs[0], run, program, $"{caseName}, program {n} of FUNCTIONAL_SEED={Run}, of {string.Join(" and ", engines.Keys)}"));
            }
        });
    }

    static void With(SortedDictionary<string, Func<IEngine>> makers, Action<SortedDictionary<string, IEngine>> use)
    {
        var engines = new SortedDictionary<string, IEngine>(StringComparer.Ordinal);
        try
        {
            foreach (var (name, make) in makers) engines[name] = make();
            use(engines);
        }
        finally
        {
            foreach (var engine in engines.Values) engine.Dispose();
        }
    }

    // The stored result is rounded once more; NaN and infinities must be the same.
    static double Allowed(Value value, double[] bound, int i) =>
        !double.IsFinite(value[i]) || !value.Type.DType.IsFloat() ? bound[i] : bound[i] == 0 ? 0
            : Slack * bound[i] + ParityBounds.Unit(value.Type.DType) * Math.Abs(value[i]);

    static void Same(SortedDictionary<string, byte[]> a, SortedDictionary<string, byte[]> b, ParityProgram program, string where)
    {
        foreach (var (name, bytes) in a) Assert.True(bytes.AsSpan().SequenceEqual(b[name]), $"{where}: the bits of '{name}' differ\n{program.Program.Print()}");
    }

    // As for properties: a variable gives other programs, and failures print it.
    static readonly ulong Run = Environment.GetEnvironmentVariable("FUNCTIONAL_SEED") switch
    {
        null or "" => 1,
        "random" => (ulong)Random.Shared.NextInt64(),
        var number => ulong.Parse(number, CultureInfo.InvariantCulture),
    };

    // The same in every process, unlike a string's hash code.
    static int Seed(string name, int n) => (int)Key.Seed(Run).FoldIn(name).FoldIn((uint)n).A;
}
