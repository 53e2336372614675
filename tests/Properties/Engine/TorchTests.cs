using FsCheck;

namespace Functional.Tests.Properties;

/// <summary>What holds for the torch engine beside parity: no tensor is left behind, precision is as asked, and errors are in our words.</summary>
[Collection(nameof(TorchTests)), CollectionDefinition(nameof(TorchTests), DisableParallelization = true)]
public sealed class TorchTests
{
    static readonly DecoderConfig config = new() { Layers = 2, Heads = 2, Width = 16, Vocabulary = 11, Context = 8, Dropout = 0.1 };

    /// <summary>TorchSharp counts the tensors that are alive: they stay the same over 1,000 training steps, evaluations and decoded tokens.</summary>
    [TorchFact]
    public void No_tensor_is_left_behind()
    {
        using var engine = new TorchEngine(Device.Cpu);
        var (model, batch, optimiser) = (Transformer.Of(config), new BatchShape(2, config.Context), Optimisers.AdamW());
        var given = Runs.Parameters(model, 1)
            .With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, 1)), (Names.Labels, Runs.Labels(batch, config.Vocabulary, 1)),
                (Names.Key, Runs.KeyOf(1)), (Names.Position, Runs.Whole(3, 5)))
            .With(Runs.Zeros(Programs.Slots(Objectives.NextToken(model, batch),
                optimiser))).With(Runs.Zeros(Programs.Accumulators(Objectives.NextToken(model, batch)))).With(Runs.Scalars(Programs.StepScalars(optimiser, 1,
                    0.01)));
        foreach (var program in new[] { Programs.Step(Objectives.NextToken(model, batch), optimiser, GradientClip.To(1)),
            Programs.Accumulate(Objectives.NextToken(model, batch)), Programs.Measure(Objectives.NextToken(model, batch)) }) Flat(engine, program, given);
        var one = new BatchShape(2, 1);
        Flat(engine, Programs.CachedStep(model, one), given.With((Names.Inputs, Runs.Tokens(one, config.Vocabulary, 1)))
            .With(Runs.Zeros(model.Caches(new(one.Rows, 1)).Select(static c => (Names.Cache(c.Name), c.Value)).ToParams())));
    }

    static void Flat(TorchEngine engine, Program program, IReadOnlyDictionary<string, Value> given)
    {
        var before = TorchEngine.LiveTensors;
        using (var executable = engine.Compile(program))
        {
            var buffers = program.Inputs.ToDictionary(static i => i.Name, i => engine.Allocate(i.Value.Type));
            foreach (var (name, buffer) in buffers) buffer.Write(ParityBytes.Of(given[name]));
            using (var binding = executable.Bind(buffers))
            {
                binding.Run();
                var during = TorchEngine.LiveTensors;
                for (var step = 0; step < 1000; step++)
                {
                    binding.Run();
                    Assert.Equal(during, TorchEngine.LiveTensors);
                }
            }
            foreach (var buffer in buffers.Values) buffer.Dispose();
        }
        Assert.Equal(before, TorchEngine.LiveTensors);
    }

    /// <summary>Whatever the ops: after runs of random programs of every kind as many are alive as before.</summary>
    [TorchFact]
    public void No_op_leaves_a_tensor_behind()
    {
        using var engine = new TorchEngine(Device.Cpu);
        foreach (var (name, make) in ParityCases.All)
            for (var seed = 0; seed < 4; seed++)
            {
                var program = ParityProgram.Of(make, seed, false);
                var before = TorchEngine.LiveTensors;
                program.Run(engine, 2);
                Assert.True(before == TorchEngine.LiveTensors,
                    $"{TorchEngine.LiveTensors - before} tensors are left behind by {name}:\n{program.Program.Print()}");
            }
    }

    /// <summary>Nor memory of its own that no tensor counts: a gradient's leaves give theirs back.</summary>
    [TorchFact]
    public void Gradients_leak_no_memory()
    {
        const int floats = 1 << 18, times = 400;
        using var engine = new TorchEngine(Device.Cpu);
        var (x, ct) = (Create.Input("x", [floats]), Create.Input("ct", [floats]));
        using var executable = engine.Compile(Program.Of(new GeluGradient(false).Result(0, [x, ct])));
        using IBuffer first = engine.Allocate(x.Type), second = engine.Allocate(ct.Type);
        using var binding = executable.Bind(new Dictionary<string, IBuffer> { ["x"] = first, ["ct"] = second });
        for (var warm = 0; warm < 20; warm++) binding.Run();
        var before = Environment.WorkingSet;
        for (var again = 0; again < times; again++) binding.Run();
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 4L * floats * times / 4);
    }

    /// <summary>What does not fit is refused in words, before libtorch sees it.</summary>
    [TorchFact]
    public void Buffers_that_do_not_fit_are_refused()
    {
        using IEngine engine = new TorchEngine(Device.Cpu), other = new TorchEngine(Device.Cpu), managed = new ManagedEngine(1);
        var x = Create.Input("x", [3]);
        using var executable = engine.Compile(Program.Of(x + 1));
        string Refusal(IEngine maker, TensorType type)
        {
            using var buffer = maker.Allocate(type);
            return Assert.Throws<ArgumentException>(() => executable.Bind(new Dictionary<string, IBuffer> { ["x"] = buffer })).Message;
        }
        foreach (var maker in new[] { other, managed }) Assert.Contains("another engine's", Refusal(maker, x.Type), StringComparison.Ordinal);
        foreach (var type in new TensorType[] { new([1]), new([4]), new([3, 1]), new([3], DType.I32) }) Assert.Contains("but its buffer is",
            Refusal(engine, type), StringComparison.Ordinal);
        using var good = engine.Allocate(x.Type);
        foreach (var count in new[] { 0, 11, 13, 24 })
        {
            Assert.Contains($"given {count}", Assert.Throws<ArgumentException>(() => good.Write(new byte[count])).Message, StringComparison.Ordinal);
            Assert.Contains($"given {count}", Assert.Throws<ArgumentException>(() => good.Read(new byte[count])).Message, StringComparison.Ordinal);
        }
    }

    /// <summary>A run that fails in the middle leaves nothing behind either.</summary>
    [TorchFact]
    public void A_wrong_index_is_an_error_and_nothing_is_left_behind()
    {
        using var engine = new TorchEngine(Device.Cpu);
        var before = TorchEngine.LiveTensors;
        var (table, indices) = (Create.Input("table", [3, 2]), Create.Input("indices", [2], DType.I32));
        using (var executable = engine.Compile(Program.Of((table * 2).Gather(indices) + 1)))
        {
            using IBuffer rows = engine.Allocate(table.Type), places = engine.Allocate(indices.Type);
            places.Write<int>([0, 3]);
            using var binding = executable.Bind(new Dictionary<string, IBuffer> { ["table"] = rows, ["indices"] = places });
            for (var again = 0; again < 2; again++) Assert.Contains("outside its table", Assert.Throws<ArgumentOutOfRangeException>(binding.Run).Message,
                StringComparison.Ordinal);
        }
        Assert.Equal(before, TorchEngine.LiveTensors);
    }

    /// <summary>Nor does a step that fails where something is already recorded for automatic differentiation.</summary>
    [TorchProperty(MaxTest = 20)]
    public void A_wrong_label_is_an_error_and_nothing_is_left_behind(PositiveInt wrong, bool differentiates)
    {
        using var engine = new TorchEngine(Device.Cpu);
        var before = TorchEngine.LiveTensors;
        var head = new LinearCrossEntropy().Apply(Create.Input("hidden", [2, 3]), Create.Input("weight", [4, 3]), Create.Input("labels", [2], DType.I32));
        var program = Program.Of(head[differentiates ? 1 : 0].Exp());
        var given = program.Inputs.ToDictionary(static i => i.Name, i =>
            Value.Of(i.Value.Type, [.. Enumerable.Repeat(i.Name == "labels" ? 3.0 + wrong.Get : 1.0, (int)i.Value.Type.Size)]));
        using (var executable = engine.Compile(program))
        {
            var buffers = program.Inputs.ToDictionary(static i => i.Name, i => engine.Allocate(i.Value.Type));
            foreach (var (name, buffer) in buffers) buffer.Write(ParityBytes.Of(given[name]));
            using (var binding = executable.Bind(buffers)) Assert.Contains("outside its table",
                Assert.Throws<ArgumentOutOfRangeException>(binding.Run).Message, StringComparison.Ordinal);
            foreach (var buffer in buffers.Values) buffer.Dispose();
        }
        Assert.Equal(before, TorchEngine.LiveTensors);
    }

    /// <summary>A binding that fails at one output leaves none of the others' buffers behind.</summary>
    [TorchFact]
    public void A_binding_that_fails_takes_no_memory()
    {
        using var engine = new TorchEngine(Device.Cpu);
        var x = Create.Input("x", [3]);
        using var executable = engine.Compile(Program.Of([new Named("own", x + 1), new("given", x * 2)]));
        using IBuffer buffer = engine.Allocate(x.Type), wrong = engine.Allocate(new([4]));
        var (tensors, bytes) = (TorchEngine.LiveTensors, engine.Memory.Buffers);
        Assert.Contains("'given'", Assert.Throws<ArgumentException>(() => executable
            .Bind(new Dictionary<string, IBuffer> { ["x"] = buffer, ["given"] = wrong })).Message, StringComparison.Ordinal);
        Assert.Equal((tensors, bytes), (TorchEngine.LiveTensors, engine.Memory.Buffers));
    }

    /// <summary>However few logits are in memory at a time, a linear head computes the same.</summary>
    [TorchProperty(MaxTest = 100)]
    public void A_head_in_pieces_is_the_head(PositiveInt rows, PositiveInt vocabulary, PositiveInt atOnce, bool smooth, byte wanted, ushort seed)
    {
        var (r, v, width) = (1 + rows.Get % 9, 1 + vocabulary.Get % 7, 1 + seed % 5);
        var (hidden, weight, labels) = (Create.Input("hidden", [r, width]), Create.Input("weight", [v, width]), Create.Input("labels", [r], DType.I32));
        var head = new LinearCrossEntropy(smooth ? 0.1 : 0).Apply(hidden, weight, labels);
        var program = Program.Of([.. head.Select(static (t, i) => new Named($"{i}", t)).Where((_, i) => (1 + wanted % 7 & 1 << i) != 0)]);
        var given = new Dictionary<string, Value>
        {
            ["hidden"] = Float(Runs.Normal(hidden.Type, Key.Seed(seed))), ["weight"] = Float(Runs.Normal(weight.Type, Key.Seed(seed).FoldIn(1))),
                ["labels"] = Value.Of(labels.Type, [.. Runs.Labels(new(1, r), v, seed).Items.ToArray()]),
        };
        using var engine = new TorchEngine(Device.Cpu) { LogitsAtOnce = 1 + atOnce.Get % (r * v) };
        var (expected, actual) = (program.Evaluate(given), Runs.On(engine)(program, given));
        foreach (var (name, value) in expected) Runs.Close(value, actual[name], 1e-5 * (1 + value.Items.ToArray().Max(Math.Abs)), name);
    }

    /// <summary>So do the products within fused ops: in bfloat16 they differ from float32's, by no more than it rounds.</summary>
    [TorchTheory]
    [InlineData("attention")]
    [InlineData("attention by its weights")]
    [InlineData("head")]
    public void Fused_products_have_the_precision_that_was_asked_for(string what)
    {
        Tensor F(string name, params Vec<int> shape) => Create.Input(name, shape);
        var attention = new Attention(0.3);
        var results = what switch
        {
            "attention" =>
                attention.Result(0, [F("q", 2, 9, 4, 16), F("k", 2, 9, 2, 16), F("v", 2, 9, 2, 16)]) is var y
                    ? [y, .. Vjp.Pull(y, F("ct", 2, 9, 4, 16), [.. y.Args])] : [],
            "attention by its weights" => [attention.Weights([F("q", 2, 9, 4, 16), F("k", 2, 9, 2, 16), F("v", 2, 9, 2, 16)])],
            _ => new LinearCrossEntropy(0.1).Apply(F("hidden", 13, 32), F("weight", 17, 32), Create.Input("labels", [13], DType.I32)),
        };
        var program = Program.Of([.. results.Select(static (t, i) => new Named($"{i}", t))]);
        var given = program.Inputs.ToDictionary(static i => i.Name, i => i.Name == "labels"
            ? Value.Of(i.Value.Type, [.. Enumerable.Range(0, 13).Select(static n => (double)n)])
                : Float(Runs.Normal(i.Value.Type, Key.Seed(3).FoldIn(i.Name))));
        using IEngine half = new TorchEngine(Device.Cpu, Precision.BF16), full = new TorchEngine(Device.Cpu);
        var (exact, rounded, plain) = (program.Evaluate(given), Runs.On(half)(program, given), Runs.On(full)(program, given));
        foreach (var (name, value) in exact)
        {
            var size = value.Items.ToArray().Max(Math.Abs);
            Assert.InRange(Runs.LargestDifference(plain[name], value) / size, 0, 1e-5);
            Assert.InRange(Runs.LargestDifference(rounded[name], value) / size, 1e-4, 0.04);
        }
    }

    /// <summary>
    /// With bfloat16, products are those of factors rounded to it, as the rewritten program says in the reference; and differ from float32's.
    /// </summary>
    [TorchFact]
    public void Products_have_the_precision_that_was_asked_for()
    {
        using IEngine half = new TorchEngine(Device.Cpu, Precision.BF16), full = new TorchEngine(Device.Cpu);
        foreach (var shape in new (Vec<int>, Vec<int>)[] { ([17, 33], [33, 9]), ([3, 8, 16], [3, 16, 8]), ([2, 3, 5, 7], [2, 3, 7, 4]) })
        {
            var (a, b) = (Create.Input("a", shape.Item1), Create.Input("b", shape.Item2));
            var program = Program.Of(a.MatMul(b) * 3);
            var given = new Dictionary<string, Value> { ["a"] = Float(Runs.Normal(a.Type, Key.Seed(1))), ["b"] = Float(Runs.Normal(b.Type, Key.Seed(2))) };
            var (expected, exact) = (ParityBounds.Run(Products.InBF16(program.Outputs.Map(static o => o.Value)), given)[0], program.Evaluate(given)["result"]);
            var (rounded, plain) = (Runs.On(half)(program, given)["result"], Runs.On(full)(program, given)["result"]);
            for (var i = 0; i < expected.Bound.Length; i++) Assert.InRange(Math.Abs(rounded[i] - expected.Value[i]), 0, 4 * expected.Bound[i]);
            Assert.InRange(Runs.LargestDifference(plain, exact), 0, 1e-4);
            Assert.InRange(Runs.LargestDifference(rounded, exact), 1e-3, 1);
        }
    }

    static Value Float(Value v) => Runs.Changed(v, static (x, _) => (float)x);

    /// <summary>
    /// A whole step in bfloat16: the same loss and gradient norm to its 8 bits. Also of the size for which libtorch has kernels of their own.
    /// </summary>
    [TorchTheory]
    [InlineData(2, 16, 8, 0.1, 0.4)]
    [InlineData(4, 128, 64, 0, 0.05)]
    public void A_step_in_bfloat16_is_a_step_in_float32_rounded(int heads, int width, int context, double dropout, double scale)
    {
        var sized = config with { Heads = heads, Width = width, Context = context, Dropout = dropout };
        var (model, batch, optimiser) = (Transformer.Of(sized), new BatchShape(4, context), Optimisers.Sgd());
        var given = Runs.Parameters(model, 1, scale).With((Names.Inputs, Runs.Tokens(batch, sized.Vocabulary, 1)),
            (Names.Labels, Runs.Labels(batch, sized.Vocabulary, 1)), (Names.Key, Runs.KeyOf(1)))
            .With(Runs.Scalars(Programs.StepScalars(optimiser, 1, 0.01)));
        var program = Programs.Step(Objectives.NextToken(model, batch), optimiser, GradientClip.None);
        using IEngine half = new TorchEngine(Device.Cpu, Precision.BF16), full = new TorchEngine(Device.Cpu);
        var (rounded, exact) = (Runs.On(half)(program, given), Runs.On(full)(program, given));
        foreach (var name in new[] { Names.Loss, Names.GradientNorm })
        {
            Assert.NotEqual(exact[name][0], rounded[name][0]);
            Assert.InRange(rounded[name][0] / exact[name][0], 1 - 1.0 / 64, 1 + 1.0 / 64);
        }
    }

    [Theory]
    [InlineData("[enforce fail at alloc_cpu.cpp:75] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 8589934588 bytes. Error code 12 (Cannot allocate memory)", 8589934588)]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB (GPU 0; 10.76 GiB total capacity; 9.20 GiB already allocated; 832.19 MiB free; 9.24 GiB reserved in total by PyTorch)", 2L << 30)]
    [InlineData("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.10 GiB of which 3.56 MiB is free.", 20L << 20)]
    [InlineData("CUDA out of memory. Tried to allocate 512.00 KiB.", 512L << 10)]
    [InlineData("DefaultCPUAllocator: not enough memory: you tried to allocate 4096 bytes.", 4096)]
    [InlineData("CUDA error: out of memory", 0)]
    public void Errors_for_want_of_memory_say_what_was_asked_for(string text, long asked)
    {
        var fault = Assert.IsType<DeviceMemoryException>(TorchFaults.Of(text, Device.Cpu));
        Assert.Equal(("cpu", asked), (fault.Device, fault.Asked));
        Assert.True(fault.Total > 0);
    }

    [Fact]
    public void Other_errors_keep_their_first_line() => Assert.Equal("libtorch on cpu: mat1 and mat2 shapes cannot be multiplied",
        Assert.IsType<InvalidOperationException>(TorchFaults.Of("mat1 and mat2 shapes cannot be multiplied\nException raised from meta", Device.Cpu)).Message);

    /// <summary>What every error of a GPU advises is not taken for what went wrong.</summary>
    [Theory]
    [InlineData("CUDA error: misaligned address", typeof(InvalidOperationException),
        "libtorch on cuda:0: CUDA error: misaligned address; the GPU is lost to this process")]
    [InlineData("CUDA error: device-side assert triggered", typeof(ArgumentOutOfRangeException),
        "an index is outside its table: CUDA error: device-side assert triggered")]
    public void Errors_of_a_GPU_are_told_by_their_first_line(string first, Type type, string message)
    {
        var fault = TorchFaults.Of($"{first}\nCUDA kernel errors might be asynchronously reported.\nCompile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.", Device.Cuda(0));
        Assert.Equal((type, message), (fault.GetType(), fault.Message));
    }

    /// <summary>On a GPU the host waits only where it would write over what may not have been copied yet: at the third write with no read in between.</summary>
    [TorchFact]
    public void Uploads_wait_only_for_their_own_place()
    {
        using var engine = new TorchEngine(Device.Cpu, Precision.F32, 0, asOnGpu: true);
        using IBuffer buffer = engine.Allocate(new([2])), other = engine.Allocate(new([]));
        var waits = new List<long>();
        foreach (var reads in new[] { false, false, false, false, true, true, true, true })
        {
            buffer.Write<float>([waits.Count, 1]);
            other.Write<float>([1]);
            waits.Add(engine.Waits);
            if (reads) _ = other.Scalar();
        }
        Assert.Equal([0, 0, 1, 1, 2, 3, 4, 5], waits);
        Assert.Equal([7, 1], buffer.ToArray<float>());
    }

    /// <summary>Buffers and work memory are counted, and given back.</summary>
    [TorchFact]
    public void Memory_is_accounted_for()
    {
        using var engine = new TorchEngine(Device.Cpu);
        var buffer = engine.Allocate(new([10, 10]));
        Assert.Equal(400, engine.Memory.Buffers);
        var x = Create.Input("x", [1000]);
        using var executable = engine.Compile(Program.Of((x.Exp() + x.Sin()).SumAll()));
        // Two at a time, and their sum over one of them.
        Assert.InRange(engine.Memory.Workspace, 8000, 9000);
        // The most that any program takes, not the last one.
        using var smaller = engine.Compile(Program.Of(x + 1));
        Assert.InRange(engine.Memory.Workspace, 8000, 9000);
        buffer.Dispose();
        buffer.Dispose();
        Assert.Equal(0, engine.Memory.Buffers);
    }
}
