using FsCheck;
using Functional.Testing;
using Functional.Tests.Properties.Training;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Logs;

/// <summary>What is looked at in a step is what the step did.</summary>
public class NormLaws
{
    static readonly RunConfig plain = TinyRun.Config with
    {
        Logs = new() { Kinds = LogKinds.TensorBoard, NormsEvery = 1, HistogramsEvery = 1 },
        Stage = TinyRun.Config.Stage with { Steps = 3, SaveEvery = 1, Keep = 10, Optimiser = new() { Kind = OptimiserKind.Sgd, Beta1 = 0, Clip = 0, Warmup = 0, WeightDecay = 0, LearningRate = 0.1, MinLearningRate = 0.1 } },
    };

    static (List<MetricsLine> Lines, List<LogRecord> Records, string[] Checkpoints) Run(Scratch scratch, int accumulate)
    {
        var config = plain with { Stage = plain.Stage with { Accumulate = accumulate } };
        var (data, records) = (TinyRun.Data(config), new List<LogRecord>());
        using var engine = new ReferenceEngine();
        using var session = TinyRun.Get(RunSession.Begin(scratch[$"run{accumulate}"], Recipe.Of(config), data, Disk.Real));
        TinyRun.Get(Loop.Run(engine, session, null, StillClock.Instance, _ => [("all", () => new Recorder(records))], CancellationToken.None));
        return ([.. TinyRun.Get(MetricsFile.Read(session.Folder.Metrics))], records, [.. Enumerable.Range(1, 3).Select(i => session.Checkpoints.PathOf(i))]);
    }

    static Dictionary<string, float[]> Tensors(string checkpoint)
    {
        var bytes = File.ReadAllBytes(Path.Combine(checkpoint, "model.safetensors"));
        var header = (int)BitConverter.ToUInt64(bytes);
        using var json = System.Text.Json.JsonDocument.Parse(bytes.AsMemory(8, header));
        return json.RootElement.EnumerateObject().Where(static t => t.Name != "__metadata__").ToDictionary(static t => t.Name, t =>
        {
            var offsets = t.Value.GetProperty("data_offsets");
            return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes.AsSpan(8 + header + offsets[0].GetInt32(), offsets[1].GetInt32() - offsets[0].GetInt32())).ToArray();
        });
    }

    static bool Close(double a, double b) => Math.Abs(a - b) <= 1e-4 * Math.Max(Math.Abs(a), Math.Abs(b)) + 1e-9;

    [Theory, InlineData(1), InlineData(2)]
    public void Norms_are_of_gradients_updates_and_weights(int accumulate)
    {
        using var scratch = new Scratch();
        var (lines, records, checkpoints) = Run(scratch, accumulate);
        for (var step = 1; step <= 3; step++)
        {
            var norms = lines.First(l => l.Step == step && l.Norms is not null).Norms!;
            var metrics = lines.First(l => l.Step == step && l.Training is not null).Training!.Value;
            // All layers together have the norm of the line.
            double All(string of) => Math.Sqrt(norms.Where(n => n.Name.StartsWith($"{of}/", StringComparison.Ordinal) && !n.Name[(of.Length + 1)..].Contains('/', StringComparison.Ordinal)).Sum(static n => (double)n.Value * n.Value));
            Assert.True(Close(metrics.GradientNorm, All("gradient")), $"step {step}: {metrics.GradientNorm} {All("gradient")}");
            // Plain descent goes its rate along the gradient, which nothing clips.
            foreach (var (name, value) in norms.Where(static n => n.Name.StartsWith("update/", StringComparison.Ordinal)))
                Assert.True(Math.Abs(value - 0.1 * norms[name.Replace("update/", "gradient/", StringComparison.Ordinal)]) <= 1e-5 + 1e-3 * value, name);
            var tensors = Tensors(checkpoints[step - 1]);
            var block = Math.Sqrt(tensors.Where(static t => t.Key.StartsWith("blocks.0.", StringComparison.Ordinal)).Sum(static t => t.Value.Sum(static x => (double)x * x)));
            Assert.True(Close(block, norms["weight/blocks.0"]), $"step {step}");
            // Roles make up their layer.
            Assert.True(Close(norms["weight/blocks.0"], Math.Sqrt(norms.Where(static n => n.Name.StartsWith("weight/blocks.0/", StringComparison.Ordinal)).Sum(static n => (double)n.Value * n.Value))));
            foreach (var spread in records.OfType<LogRecord.Spread>().Where(s => s.Step == step))
            {
                Assert.True(Math.Abs(Math.Sqrt(spread.Counts.SumOfSquares) - norms[spread.Of]) <= 1e-5 + 1e-3 * norms[spread.Of], $"{spread.Of} at {step}: {Math.Sqrt(spread.Counts.SumOfSquares)} {norms[spread.Of]}");
                if (spread.Of == "weight/blocks.0") Assert.Equal(tensors.Where(static t => t.Key.StartsWith("blocks.0.", StringComparison.Ordinal)).Sum(static t => t.Value.LongLength), spread.Counts.Count);
            }
            Assert.Equal(norms.Count(static n => !n.Name[(n.Name.IndexOf('/', StringComparison.Ordinal) + 1)..].Contains('/', StringComparison.Ordinal)), records.OfType<LogRecord.Spread>().Count(s => s.Step == step));
        }
    }

    [Property]
    public void A_histogram_counts_each_number_once(NormalFloat[] some, byte scale)
    {
        float[] numbers = [.. some.Select(x => (float)(x.Get * Math.Pow(10, scale % 60 - 30))), 0, float.NaN, float.PositiveInfinity];
        var finite = numbers.Where(float.IsFinite).ToArray();
        var histogram = Histogram.Of(numbers);
        Assert.Equal(finite.Length, histogram.Count);
        Assert.Equal(finite.Length, histogram.Buckets.Sum(static b => b.Count));
        Assert.Equal((finite.Min(), finite.Max()), ((float)histogram.Min, (float)histogram.Max));
        var limits = histogram.Buckets.Map(static b => b.Limit);
        Assert.Equal(limits.Distinct().Order(), limits);
        for (var i = 0; i < limits.Count; i++)
        {
            var below = finite.Count(x => x <= limits[i] * (limits[i] > 0 ? 1 + 1e-9 : 1 - 1e-9));
            Assert.Equal(histogram.Buckets.Take(i + 1).Sum(static b => b.Count), below);
        }
        // Given in pieces it is the same.
        Assert.Equal(histogram, Histogram.Of(numbers[..(numbers.Length / 2)], numbers[(numbers.Length / 2)..]));
    }

    [Fact]
    public void A_histogram_of_nothing_is_empty() => Assert.Equal((0L, 0), (Histogram.Of([]).Count, Histogram.Of([float.NaN]).Buckets.Count));

    sealed class Recorder(List<LogRecord> records) : ILog
    {
        public string Name => "all";
        public void Write(LogRecord record) => records.Add(record);
        public void Dispose() { }
    }
}
