namespace Functional.Tests.Properties;

/// <summary>Runs programs on generated values, in the reference evaluator or on an engine.</summary>
static class Runs
{
    /// <summary>Every parameter with standard normal elements times <paramref name="scale"/>: nothing is 0 or 1 by accident.</summary>
    public static Dictionary<string, Value> Parameters(Model model, ulong seed, double scale = 0.4) =>
        model.Specs.ToDictionary(p => Names.Param(p.Name), p => Normal(p.Value.Type, Key.Seed(seed).FoldIn(p.Name), scale));

    public static Value Normal(TensorType type, Key key, double scale = 1) =>
        Value.Of(type, [.. Enumerable.Range(0, (int)type.Size).Select(i => scale * key.Normal(i))]);

    public static Value Tokens(BatchShape batch, int vocabulary, ulong seed) =>
        Value.Of(batch.Tokens, [.. Enumerable.Range(0, batch.Rows * batch.Time).Select(i => (double)Key.Seed(seed).Below(i, vocabulary))]);

    /// <summary>As tokens, but one in four labels is −100 and the first never is.</summary>
    public static Value Labels(BatchShape batch, int vocabulary, ulong seed) =>
        Changed(Tokens(batch, vocabulary, seed + 1), (v, i) => i > 0 && Key.Seed(seed).Below(i, 4) == 0 ? -100 : v);

    public static Value Whole(params ReadOnlySpan<int> numbers) =>
        Value.Of(new([numbers.Length], DType.I32), [.. numbers.ToArray().Select(static n => (double)n)]);

    public static Value KeyOf(ulong seed) => Value.Of(new([2], DType.I32), (int)(uint)(seed * 77), (int)(uint)(seed + 5));

    public static Value Changed(Value value, Func<double, int, double> f) =>
        Value.Of(value.Type, [.. Enumerable.Range(0, (int)value.Type.Size).Select(i => f(value[i], i))]);

    public static Dictionary<string, Value> With(this IReadOnlyDictionary<string, Value> values, params ReadOnlySpan<(string Name, Value Value)> more)
    {
        var all = new Dictionary<string, Value>(values);
        foreach (var (name, value) in more) all[name] = value;
        return all;
    }

    public static Dictionary<string, Value> With(this IReadOnlyDictionary<string, Value> values, IEnumerable<KeyValuePair<string, Value>> more) =>
        values.With([.. more.Select(static p => (p.Key, p.Value))]);

    public static Dictionary<string, Value> Zeros(Params<TensorType> types) =>
        types.ToDictionary(static t => t.Name, static t => Value.Of(t.Value, new double[t.Value.Size]));

    public static Dictionary<string, Value> Scalars(Params<double> scalars) => scalars.ToDictionary(static s => s.Name, static s => Value.Scalar(s.Value));

    public static double LargestDifference(Value a, Value b)
    {
        Assert.Equal(a.Type, b.Type);
        // Max, not Math.Max over Abs alone: NaN against a number is infinitely far, NaN against NaN equal.
        return Enumerable.Range(0, (int)a.Type.Size)
            .Max(i => a[i].Equals(b[i]) ? 0 : double.IsFinite(a[i] - b[i]) ? Math.Abs(a[i] - b[i]) : double.PositiveInfinity);
    }

    public static void Close(Value expected, Value actual, double tolerance, string what = "") =>
        Assert.True(LargestDifference(expected, actual) <= tolerance,
            $"{what} differs by {LargestDifference(expected, actual)}, more than {tolerance}: {expected} and {actual}");

    /// <summary>The same as <see cref="Evaluator.Run(Program, IReadOnlyDictionary{string, Value})"/>, on an engine.</summary>
    public static Func<Program, IReadOnlyDictionary<string, Value>, IReadOnlyDictionary<string, Value>> On(IEngine engine) => (program, inputs) =>
    {
        using var executable = engine.Compile(program);
        var buffers = program.Inputs.ToDictionary(static i => i.Name, i => engine.Allocate(i.Value.Type));
        foreach (var (name, buffer) in buffers) Write(buffer, inputs[name]);
        using var binding = executable.Bind(buffers);
        binding.Run();
        var outputs = program.Outputs.ToDictionary(static o => o.Name, o => Read(binding[o.Name]));
        foreach (var buffer in buffers.Values) buffer.Dispose();
        return outputs;
    };

    static void Write(IBuffer buffer, Value value)
    {
        if (value.Type.DType == DType.I32) buffer.Write<int>(value.Items.ToArray().Select(static v => (int)v).ToArray());
        else buffer.Write<float>(value.Items.ToArray().Select(static v => (float)v).ToArray());
    }

    static Value Read(IBuffer buffer) => Value.Of(buffer.Type, buffer.Type.DType == DType.I32 ? [.. buffer.ToArray<int>().Select(static v => (double)v)]
        : [.. buffer.ToArray<float>().Select(static v => (double)v)]);
}
