using FsCheck;
using Functional.Tests.Properties.Training;

namespace Functional.Tests.Properties.Adapters;

/// <summary>What matrices of few bits obey: as numbers, as tensors on every engine, and under a model and its adapters.</summary>
public sealed class QuantiseLaws
{
    static (int Inputs, int Outputs, BitPacking Packing, float[] Matrix, int[] Words, float[] Scales) Packed(int seed, int most = 40)
    {
        var random = new Random(seed);
        var (inputs, outputs, packing) = (random.Next(1, most), random.Next(1, most), new BitPacking(random.Next(2) == 0 ? 4 : 8, random.Next(3) switch { 0 => 0, 1 => 5, _ => 64 }));
        var scale = Math.Pow(10, random.Next(-6, 4));
        float[] matrix = [.. Enumerable.Range(0, inputs * outputs).Select(i => i % 17 == 3 ? 0 : (float)(scale * (random.NextDouble() - 0.5) * (i % 5 == 0 ? 10 : 1)))];
        var (words, scales) = (new int[packing.Words(inputs, outputs).Size], new float[packing.Scales(inputs, outputs).Size]);
        Quantise.Pack(matrix, inputs, outputs, packing, words, scales);
        return (inputs, outputs, packing, matrix, words, scales);
    }

    static float[] Unpacked(int inputs, int outputs, BitPacking packing, int[] words, float[] scales)
    {
        var matrix = new float[inputs * outputs];
        Quantise.Unpack(words, scales, inputs, outputs, packing, matrix);
        return matrix;
    }

    static Value Of(TensorType type, float[] items) => Value.Of(type, [.. items.Select(static v => (double)v)]);

    static Value Of(TensorType type, int[] items) => Value.Of(type, [.. items.Select(static v => (double)v)]);

    [Property(MaxTest = 200)]
    public void A_number_is_off_by_half_a_step_at_most_and_the_largest_by_less(int seed)
    {
        var (inputs, outputs, packing, matrix, words, scales) = Packed(seed);
        var back = Unpacked(inputs, outputs, packing, words, scales);
        var length = packing.Group == 0 ? inputs : packing.Group;
        for (var i = 0; i < matrix.Length; i++)
        {
            var scale = (double)scales[i / outputs / length * outputs + i % outputs];
            Assert.True(Math.Abs((double)matrix[i] - back[i]) <= scale / 2 * (1 + 1e-9), $"{matrix[i]} {back[i]} {scale}");
        }
        // No group has a coarser step than its largest number needs.
        for (var g = 0; g < packing.Groups(inputs); g++)
            for (var j = 0; j < outputs; j++)
            {
                var largest = Enumerable.Range(g * length, Math.Min(length, inputs - g * length)).Max(i => Math.Abs((double)matrix[i * outputs + j]));
                Assert.InRange(scales[g * outputs + j], largest / packing.Most, largest / packing.Most * (1 + 1.0 / 32768));
            }
    }

    [Property(MaxTest = 200)]
    public void What_was_packed_is_packed_to_the_same_again(int seed)
    {
        var (inputs, outputs, packing, _, words, scales) = Packed(seed);
        var (again, factors) = (new int[words.Length], new float[scales.Length]);
        Quantise.Pack(Unpacked(inputs, outputs, packing, words, scales), inputs, outputs, packing, again, factors);
        Assert.Equal(words, again);
        Assert.Equal(scales, factors);
    }

    [Fact]
    public void Edges_are_kept_and_what_is_no_number_is_refused()
    {
        foreach (var packing in new[] { BitPacking.Int8, BitPacking.Int4, new BitPacking(4, 0) })
        {
            float[] matrix = [packing.Most, -packing.Most, 0, 1, -1, packing.Most - 1, 0.5f, 1.5f, -0.5f, packing.Most, packing.Most, packing.Most];
            // Each column by itself: here one row of 12, whose columns have scales of their own; and one column.
            var (words, scales) = (new int[12], new float[1]);
            Quantise.Pack(matrix, 12, 1, packing, words, scales);
            Assert.Equal(1, scales[0]);
            // Ties go to even.
            Assert.Equal([packing.Most, -packing.Most, 0, 1, -1, packing.Most - 1, 0, 2, 0, packing.Most, packing.Most, packing.Most], Unpacked(12, 1, packing, words, scales));
            Assert.Throws<ArgumentException>(() => Quantise.Pack([float.NaN], 1, 1, packing, new int[1], new float[1]));
            Assert.Throws<ArgumentException>(() => Quantise.Pack([float.PositiveInfinity], 1, 1, packing, new int[1], new float[1]));
            Assert.Throws<ArgumentException>(() => Quantise.Pack([1, 2], 1, 1, packing, new int[1], new float[1]));
        }
    }

    [Property(MaxTest = 60)]
    public void The_meaning_of_a_packed_matrix_is_its_numbers(int seed)
    {
        var (inputs, outputs, packing, _, words, scales) = Packed(seed);
        var tensor = new PackedMatrix(packing).Result(0, [Create.Input("w", packing.Words(inputs, outputs)), Create.Input("s", packing.Scales(inputs, outputs))]);
        var value = Program.Of(tensor).Evaluate(new Dictionary<string, Value> { ["w"] = Of(packing.Words(inputs, outputs), words), ["s"] = Of(packing.Scales(inputs, outputs), scales) })["result"];
        Assert.Equal(Unpacked(inputs, outputs, packing, words, scales).Select(static v => (double)v), value.Items.ToArray());
    }

    public static TheoryData<string> Engines => [.. EngineList.All.Keys];

    /// <summary>Few rows and many, turned and not, with the gradient by the rows: as the matrix unpacked has them.</summary>
    [Theory, MemberData(nameof(Engines))]
    public void Every_engine_multiplies_by_it(string engine)
    {
        using var on = EngineList.All[engine]();
        var run = Runs.On(on);
        for (var seed = 0; seed < 60; seed++)
        {
            var (inputs, outputs, packing, _, words, scales) = Packed(seed, seed % 10 == 0 ? 400 : 40);
            var (rows, transposed) = (1 + seed * 5 % 23, seed % 3 == 0);
            var x = Create.Input("x", [rows, transposed ? outputs : inputs]);
            Vec<Tensor> args = [x, Create.Input("w", packing.Words(inputs, outputs)), Create.Input("s", packing.Scales(inputs, outputs))];
            var (kind, matrix) = (new PackedMatMul(packing, transposed), Create.Input("m", [inputs, outputs]));
            var y = kind.Result(0, args);
            var plain = x.MatMul(transposed ? matrix.T() : matrix);
            var ct = Create.Input("ct", y.Type);
            var given = new Dictionary<string, Value>
            {
                ["x"] = Runs.Normal(x.Type, Key.Seed((ulong)seed)), ["ct"] = Runs.Normal(y.Type, Key.Seed((ulong)seed + 1)),
                ["w"] = Of(args[1].Type, words), ["s"] = Of(args[2].Type, scales), ["m"] = Of(matrix.Type, Unpacked(inputs, outputs, packing, words, scales)),
            };
            var actual = run(Program.Of([new("y", y), new("dx", Vjp.Pull(y, ct, x)[0]), new("back", new PackedMatrix(packing).Result(0, [args[1], args[2]]))]), given);
            var expected = Program.Of([new("y", plain), new("dx", Vjp.Pull(plain, ct, x)[0])]).Evaluate(given);
            foreach (var name in (string[])["y", "dx"])
                Runs.Close(expected[name], actual[name], 2e-5 * expected[name].Items.ToArray().Max(Math.Abs), $"{name} {seed} {packing} {inputs} {outputs} {rows}");
            Runs.Close(given["m"], actual["back"], 1e-6 * given["m"].Items.ToArray().Max(Math.Abs));
        }
    }

    static Dictionary<string, Value> WithWords(Model model, BitPacking packing, Dictionary<string, Value> given, Dictionary<string, Value> dense) => given.With(Quantise.Matrices(model).SelectMany(name =>
    {
        var shape = model.Specs[name].Type.Shape;
        var (words, scales) = (new int[packing.Words(shape[0], shape[1]).Size], new float[packing.Scales(shape[0], shape[1]).Size]);
        Quantise.Pack([.. given[Names.Param(name)].Items.ToArray().Select(static v => (float)v)], shape[0], shape[1], packing, words, scales);
        dense[Names.Param(name)] = Of(model.Specs[name].Type, Unpacked(shape[0], shape[1], packing, words, scales));
        return new[] { KeyValuePair.Create(Names.Param(Quantise.Words(name)), Of(packing.Words(shape[0], shape[1]), words)),
            KeyValuePair.Create(Names.Param(Quantise.Scales(name)), Of(packing.Scales(shape[0], shape[1]), scales)) };
    }));

    /// <summary>A model over packed matrices is the model of what they stand for; and so it is with adapters, whose gradients are the same.</summary>
    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void Adapters_over_a_packed_base_are_those_over_its_numbers(DecoderConfig config, ushort seed)
    {
        var (based, batch, packing) = (Transformer.Of(config), new BatchShape(2, config.Context), seed % 2 == 0 ? BitPacking.Int8 : new BitPacking(4, 3));
        var packed = Quantise.Of(based, packing);
        var plan = TinyRun.Get(LoraPlan.Of(packed, AnyLora.Of(based, seed, 0.3)));
        Assert.Equal(plan, TinyRun.Get(LoraPlan.Of(based, AnyLora.Of(based, seed, 0.3))));
        Assert.Equal(LoraMerge.Unties(based, plan), LoraMerge.Unties(packed, plan));
        var (over, plain) = (Lora.Of(packed, plan), Lora.Of(based, plan));
        var given = AnyLora.Learned(based, plan, seed).With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)), (Names.Labels, Runs.Labels(batch, config.Vocabulary, seed)), (Names.Key, Runs.KeyOf(seed)));
        var numbers = new Dictionary<string, Value>(given);
        given = WithWords(based, packing, given, numbers);
        Assert.All(Quantise.Matrices(based), name => Assert.DoesNotContain(name, over.Specs.Names));
        Vec<Tensor> Gradients(Model model, out Vec<string> learned)
        {
            var objective = Objectives.NextToken(model, batch);
            learned = objective.Learned.Map(static p => p.Name);
            return Vjp.Gradients(objective.Loss(training: true).Total.Sum, objective.Learned.Map(static p => Create.Input(p.Name, p.Spec.Type)));
        }
        var (actual, expected) = (Gradients(over, out var names), Gradients(plain, out var same));
        Assert.Equal(same, names);
        var (a, b) = (Evaluator.Run([AnyGiven(over), .. actual], given), Evaluator.Run([AnyGiven(plain), .. expected], numbers));
        for (var i = 0; i < a.Count; i++) Runs.Close(b[i], a[i], 1e-8 * (1 + b[i].Items.ToArray().Max(Math.Abs)), i == 0 ? "logits" : names[i - 1]);

        Tensor AnyGiven(Model model) => model.Logits(Programs.Parameters(model), Create.Input(Names.Inputs, batch.Tokens)).Value;
    }

    [Fact]
    public void A_packed_base_takes_a_quarter_or_an_eighth_and_no_step_keeps_it_unpacked()
    {
        var config = new DecoderConfig { Layers = 6, Heads = 4, Width = 128, Context = 32, Vocabulary = 64, Bias = Biases.None };
        var (based, batch) = (Transformer.Of(config), new BatchShape(2, 32));
        var matrices = Quantise.Matrices(based).Sum(name => based.Specs[name].Type.Bytes);
        foreach (var (packing, most) in new[] { (BitPacking.Int8, 0.26), (BitPacking.Int4, 0.145) })
        {
            var model = Quantise.Of(based, packing);
            Assert.InRange((double)model.Specs.Values.Where(s => !based.Specs.Contains(s.Name)).Sum(static s => s.Type.Bytes) / matrices, 0, most);
            long Arena(Model of) => Compiler.Compile(Programs.Step(Objectives.NextToken(Lora.Of(of, new LoraConfig()), batch), Optimisers.AdamW(), GradientClip.None), static _ => true).ArenaBytes;
            // Products of packed matrices are stored before what is elementwise behind them; the matrices themselves are not.
            Assert.InRange(Arena(model) - Arena(based), long.MinValue, matrices / 8);
        }
    }
}
