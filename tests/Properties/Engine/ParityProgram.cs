using System.Runtime.InteropServices;

namespace Functional.Tests.Properties;

/// <summary>A random program with inputs, made by a case from a seed.</summary>
/// <param name="Program">What to run: one to three outputs, some of them in donated inputs' buffers.</param>
/// <param name="Inputs">The inputs' values by name.</param>
/// <param name="Node">What the case made.</param>
sealed record ParityProgram(Program Program, IReadOnlyDictionary<string, Value> Inputs, Tensor Node)
{
    // Some combinations of long axes would take gigabytes.
    const long MaxElements = 2_000_000;

    public static ParityProgram Of(ParityCase make, int seed, bool large)
    {
        for (var next = seed; ; next = unchecked(next * 31 + 7))
            if (Draw(make, next, large) is var drawn && Graph.Topological(drawn.Program.Outputs.Select(static o => o.Value)).All(static n =>
                n.Type.Size <= MaxElements))
                return drawn;
    }

    static ParityProgram Draw(ParityCase make, int seed, bool large)
    {
        var random = new Random(seed);
        var generator = new ParityGenerator(random, large);
        var node = make(generator);
        var outputs = new List<Named> { new("first", generator.Maybe() ? node : generator.After(node)) };
        if (generator.Maybe(0.3)) outputs.Add(new("node", node));
        if (generator.Maybe(0.3)) outputs.Add(new("other", generator.After(node)));
        foreach (var input in generator.Inputs)
            // An update as training makes it: the old value is needed for it, and maybe by others too.
            if (generator.Maybe(0.3)) outputs.Add(new($"new {((Op.Input)input.Op).Name}", Updated(input)));
        var donations = new List<Donation>();
        var inputs = Program.Of(outputs.ToVec()).Inputs;
        foreach (var output in outputs)
        {
            var free = inputs.Where(i => i.Value.Type == output.Value.Type && donations.All(d => d.Input != i.Name)).ToList();
            if (free.Count > 0 && generator.Maybe(0.7)) donations.Add(new(free[random.Next(free.Count)].Name, output.Name));
        }
        return new(Program.Of(outputs.ToVec(), donations.ToVec()), generator.Values, node);
    }

    static Tensor Updated(Tensor input) => input.DType switch
    {
        DType.Bool => input.Not(),
        DType.I32 => input + input.Like(1),
        _ => input * 0.9 + 0.1,
    };

    /// <summary>The bytes of every output, from a new binding of a newly compiled program.</summary>
    public SortedDictionary<string, byte[]> Run(IEngine engine) => Run(engine, 1)[0];

    /// <summary>The bytes of every output of each of several runs of one binding on the same inputs.</summary>
    public SortedDictionary<string, byte[]>[] Run(IEngine engine, int times)
    {
        using var executable = engine.Compile(Program);
        var buffers = Program.Inputs.ToDictionary(static i => i.Name, i => engine.Allocate(i.Value.Type));
        try
        {
            // Every second output is the caller's, full of what must not be seen; the others are the binding's.
            foreach (var output in Program.Outputs.Where((o, i) => i % 2 == 0 && Program.Donations.All(d => d.Output != o.Name)))
            {
                buffers[output.Name] = engine.Allocate(output.Value.Type);
                buffers[output.Name].Write([.. Enumerable.Repeat((byte)0xFF, (int)output.Value.Type.Bytes)]);
            }
            using var binding = executable.Bind(buffers);
            return [.. Enumerable.Range(0, times).Select(_ => Once(binding))];
        }
        finally
        {
            foreach (var buffer in buffers.Values) buffer.Dispose();
        }
    }

    SortedDictionary<string, byte[]> Once(IBinding binding)
    {
        foreach (var input in Program.Inputs) binding[input.Name].Write(ParityBytes.Of(Inputs[input.Name]));
        binding.Run();
        var results = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var output in Program.Outputs) binding[output.Name].Read(results[output.Name] = new byte[output.Value.Type.Bytes]);
        foreach (var input in Program.Inputs.Where(i => Program.Donations.All(d => d.Input != i.Name)))
        {
            var after = new byte[input.Value.Type.Bytes];
            binding[input.Name].Read(after);
            Assert.True(after.AsSpan().SequenceEqual(ParityBytes.Of(Inputs[input.Name])),
                $"input '{input.Name}' was written over and had not been donated:\n{Program.Print()}");
        }
        return results;
    }
}

/// <summary>Elements as a buffer keeps them.</summary>
static class ParityBytes
{
    public static byte[] Of(Value value) => value.Type.DType switch
    {
        DType.F32 => MemoryMarshal.AsBytes<float>([.. value.Items.ToArray().Select(static v => (float)v)]).ToArray(),
        DType.BF16 => MemoryMarshal.AsBytes<ushort>([.. value.Items.ToArray()
            .Select(static v => (ushort)(BitConverter.SingleToUInt32Bits((float)v) >> 16))]).ToArray(),
        DType.F16 => MemoryMarshal.AsBytes<Half>([.. value.Items.ToArray().Select(static v => (Half)v)]).ToArray(),
        DType.I32 => MemoryMarshal.AsBytes<int>([.. value.Items.ToArray().Select(static v => (int)v)]).ToArray(),
        _ => [.. value.Items.ToArray().Select(static v => (byte)v)],
    };

    public static double[] Numbers(DType type, byte[] bytes) => type switch
    {
        DType.F32 => [.. MemoryMarshal.Cast<byte, float>(bytes).ToArray().Select(static v => (double)v)],
        DType.BF16 => [.. MemoryMarshal.Cast<byte, ushort>(bytes).ToArray().Select(static v => (double)BitConverter.UInt32BitsToSingle((uint)v << 16))],
        DType.F16 => [.. MemoryMarshal.Cast<byte, Half>(bytes).ToArray().Select(static v => (double)v)],
        DType.I32 => [.. MemoryMarshal.Cast<byte, int>(bytes).ToArray().Select(static v => (double)v)],
        _ => [.. bytes.Select(static v => (double)v)],
    };
}
