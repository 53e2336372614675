using System.Runtime.InteropServices;
using FsCheck;
using Functional.Engines.Managed;

namespace Functional.Tests.Properties.Adapters;

/// <summary>What matrices in panels obey: as numbers, as bytes, as tensors on every engine, and under a model that writes.</summary>
public sealed class PanelLaws
{
    static (PanelMatrix Kind, float[] Matrix, int[] Words) Packed(int seed, int most = 80)
    {
        var random = new Random(seed);
        var kind = new PanelMatrix(new(random.Next(2) == 0 ? 4 : 8), random.Next(1, most), random.Next(1, most), random.Next(2) == 0);
        // From scales that are whole numbers of float16's least to those near its largest.
        var scale = Math.Pow(10, random.Next(-7, 5));
        float[] matrix = [.. Enumerable.Range(0, kind.Inputs * kind.Outputs).Select(i => i % 17 == 3 ? 0 : (float)(scale * (random.NextDouble() - 0.5) * (i % 5 == 0 ? 10 : 1)))];
        return (kind, matrix, Pack(matrix, kind));
    }

    static int[] Pack(float[] matrix, PanelMatrix kind)
    {
        var words = new int[kind.Packing.Words(kind.Outputs, kind.Inputs).Size];
        Assert.Null(Panels.Pack(matrix, kind, words));
        return words;
    }

    static float[] Unpacked(PanelMatrix kind, int[] words)
    {
        var matrix = new float[kind.Inputs * kind.Outputs];
        Panels.Unpack(words, kind, matrix);
        return matrix;
    }

    static int At(PanelMatrix kind, int output, int input) => kind.Turned ? input * kind.Outputs + output : output * kind.Inputs + input;

    static Value Of(TensorType type, float[] items) => Value.Of(type, [.. items.Select(static v => (double)v)]);

    static Value Of(TensorType type, int[] items) => Value.Of(type, [.. items.Select(static v => (double)v)]);

    [Property(MaxTest = 200)]
    public void A_number_is_off_by_half_a_scale_at_most_and_a_scale_is_the_least_that_reaches(int seed)
    {
        var (kind, matrix, words) = Packed(seed);
        var (back, digits) = (Unpacked(kind, words), new sbyte[32]);
        for (var o = 0; o < kind.Outputs; o++)
            for (var g = 0; g < (kind.Inputs + 31) / 32; g++)
            {
                var scale = (double)Panels.Group(words, kind, o, g, digits);
                var inputs = Enumerable.Range(32 * g, Math.Min(32, kind.Inputs - 32 * g)).ToArray();
                foreach (var i in inputs)
                {
                    Assert.True(Math.Abs((double)matrix[At(kind, o, i)] - back[At(kind, o, i)]) <= scale / 2, $"{matrix[At(kind, o, i)]} {back[At(kind, o, i)]} {scale}");
                    Assert.Equal(digits[i - 32 * g] * (float)scale, back[At(kind, o, i)]);
                }
                Assert.All(digits, d => Assert.InRange(d, -kind.Packing.Most, kind.Packing.Most));
                Assert.All(digits.Skip(inputs.Length), static d => Assert.Equal(0, d));
                var least = inputs.Max(i => Math.Abs((double)matrix[At(kind, o, i)])) / kind.Packing.Most;
                Assert.InRange(scale, least, Math.Max(least * (1 + 1.0 / 1024), least + Math.Pow(2, -24)));
            }
    }

    /// <summary>A matrix whose groups reach the largest digit is kept as it is, and packed to the same again.</summary>
    [Property(MaxTest = 100)]
    public void What_can_be_kept_is_kept_exactly(int seed)
    {
        var random = new Random(seed);
        var kind = new PanelMatrix(new(random.Next(2) == 0 ? 4 : 8), random.Next(1, 70), random.Next(1, 70), random.Next(2) == 0);
        var matrix = new float[kind.Outputs * kind.Inputs];
        for (var o = 0; o < kind.Outputs; o++)
            for (var i = 0; i < kind.Inputs; i++)
            {
                var scale = (float)BitConverter.UInt16BitsToHalf((ushort)new Random(seed + o * 100 + i / 32).Next(1, 0x7BFF));
                matrix[At(kind, o, i)] = (i % 32 == 0 ? kind.Packing.Most * (random.Next(2) * 2 - 1) : random.Next(-kind.Packing.Most, kind.Packing.Most + 1)) * scale;
            }
        var words = Pack(matrix, kind);
        Assert.Equal(matrix, Unpacked(kind, words));
        Assert.Equal(words, Pack(Unpacked(kind, words), kind));
    }

    [Theory, InlineData(8), InlineData(4)]
    public void Edges_are_kept_and_what_cannot_be_is_told(int bits)
    {
        PanelMatrix kind = new(new(bits), 1, 8, false);
        var most = kind.Packing.Most;
        float[] edges = [most, -most, 0, 1, -1, 0.5f, 1.5f, -0.5f];
        // Ties go to even.
        Assert.Equal([most, -most, 0, 1, -1, 0, 2, 0], Unpacked(kind, Pack(edges, kind)));
        Assert.All(Pack(new float[8], kind)[..16], static word => Assert.Equal(0, word));
        var words = new int[kind.Packing.TileWords];
        foreach (var wrong in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity, most * 65536f, -most * 65536f })
            Assert.Equal(wrong, Panels.Pack([1, 2, wrong, 3, 4, 5, 6, 7], kind, words));
        Assert.Null(Panels.Pack([most * 65504f, 0, 0, 0, 0, 0, 0, 0], kind, words));
        Assert.Throws<ArgumentException>(() => Panels.Pack(new float[7], kind, new int[kind.Packing.TileWords]));
        Assert.Throws<ArgumentException>(() => Panels.Pack(new float[8], kind, new int[kind.Packing.TileWords - 1]));
        Assert.Throws<ArgumentException>(() => Panels.Unpack(new int[kind.Packing.TileWords - 1], kind, new float[8]));
    }

    /// <summary>The layout that the documentation tells, read by itself.</summary>
    [Property(MaxTest = 60)]
    public void A_file_of_words_is_laid_out_as_told(int seed)
    {
        var (kind, _, words) = Packed(seed);
        var (bytes, back, tile) = (MemoryMarshal.AsBytes(words.AsSpan()).ToArray(), Unpacked(kind, words), 64 + 32 * 32 * kind.Packing.Bits / 8);
        Assert.Equal((kind.Outputs + 31) / 32 * ((kind.Inputs + 31) / 32) * tile, bytes.Length);
        for (var o = 0; o < kind.Outputs; o++)
            for (var i = 0; i < kind.Inputs; i++)
            {
                var (first, k) = ((o / 32 * ((kind.Inputs + 31) / 32) + i / 32) * tile, o % 32);
                var scale = (float)BitConverter.ToHalf(bytes, first + 2 * k);
                var digit = kind.Packing.Bits == 8 ? (sbyte)bytes[first + 64 + i % 32 * 32 + k]
                    : (k < 16 ? bytes[first + 64 + i % 32 * 16 + k] & 15 : bytes[first + 64 + i % 32 * 16 + k - 16] >> 4) - 8;
                Assert.Equal(back[At(kind, o, i)], digit * scale);
            }
    }

    [Property(MaxTest = 40)]
    public void The_meaning_of_a_matrix_in_panels_is_its_numbers(int seed)
    {
        var (kind, _, words) = Packed(seed);
        var type = kind.Packing.Words(kind.Outputs, kind.Inputs);
        var value = Program.Of(kind.Result(0, [Create.Input("w", type)])).Evaluate(new Dictionary<string, Value> { ["w"] = Of(type, words) })["result"];
        Assert.Equal(Unpacked(kind, words).Select(static v => (double)v), value.Items.ToArray());
    }

    public static TheoryData<string> Engines => [.. EngineList.All.Keys];

    /// <summary>Few rows and many, tables and matrices, with the gradient by the rows: as the matrix unpacked has them.</summary>
    [Theory, MemberData(nameof(Engines))]
    public void Every_engine_multiplies_by_it(string engine)
    {
        using var on = EngineList.All[engine]();
        var run = Runs.On(on);
        for (var seed = 0; seed < 40; seed++)
        {
            var (kind, _, words) = Packed(seed, seed % 10 == 0 ? 300 : 80);
            var rows = 1 + seed * 5 % 23;
            var (x, w, m) = (Create.Input("x", [rows, kind.Inputs]), Create.Input("w", kind.Packing.Words(kind.Outputs, kind.Inputs)), Create.Input("m", kind.Types([kind.Packing.Words(kind.Outputs, kind.Inputs)])[0].Shape));
            var table = new PanelMatrix(kind.Packing, kind.Outputs, kind.Inputs, false);
            var (packed, plain) = (kind.Result(0, [w]), kind.Turned ? x.MatMul(m) : x.MatMul(m.T()));
            var y = kind.Turned ? PackedMatMul.Of(x, packed) : PanelMatrix.Score(x, packed);
            Assert.DoesNotContain(Graph.Topological([y]), static n => n.Op is Op.Fused { Kind: PanelMatrix });
            var ct = Create.Input("ct", y.Type);
            var at = Create.Input("at", [3], DType.I32);
            var given = new Dictionary<string, Value>
            {
                ["x"] = Runs.Normal(x.Type, Key.Seed((ulong)seed)), ["ct"] = Runs.Normal(y.Type, Key.Seed((ulong)seed + 1)), ["w"] = Of(w.Type, words),
                ["m"] = Of(m.Type, Unpacked(kind, words)), ["at"] = Runs.Whole(kind.Outputs - 1, 0, kind.Outputs / 2),
            };
            var actual = run(Program.Of([new("y", y), new("dx", Vjp.Pull(y, ct, x)[0]), new("back", packed), new("rows", PanelMatrix.Rows(table.Result(0, [w]), at))]), given);
            var expected = Program.Of([new("y", plain), new("dx", Vjp.Pull(plain, ct, x)[0]), new("back", m), new("rows", (kind.Turned ? m.T() : m).Gather(at))]).Evaluate(given);
            foreach (var name in (string[])["y", "dx"])
                Runs.Close(expected[name], actual[name], 2e-5 * expected[name].Items.ToArray().Max(Math.Abs), $"{name} {seed} {kind} {rows}");
            foreach (var name in (string[])["back", "rows"]) Assert.Equal(expected[name].Items.ToArray(), actual[name].Items.ToArray());
        }
    }

    static unsafe float[] Product(PanelMatrix kind, int[] words, float[] x, int rows, LaneWidth width, int threads)
    {
        // NaN stands beyond, where no result may come from.
        float[] padded = [.. x, .. Enumerable.Repeat(float.NaN, 64)], y = [.. Enumerable.Repeat(float.NaN, rows * kind.Outputs + 1)];
        using var team = new ThreadTeam(threads);
        fixed (int* w = words)
        fixed (float* from = padded, to = y)
        {
            var work = new FewRowsOfPanels(new(kind.Packing, kind.Outputs, kind.Inputs), width, rows, w, from, to);
            team.Run(work, work.Tasks);
        }
        Assert.True(float.IsNaN(y[^1]));
        return y[..^1];
    }

    /// <summary>Every width of vectors, every number of rows up to eight; and a row has the same bits whoever stands beside it, on any number of threads.</summary>
    [Fact]
    public void Kernels_of_all_widths_give_the_product_and_a_row_does_not_depend_on_others()
    {
        for (var seed = 0; seed < 30; seed++)
        {
            var (kind, _, words) = Packed(seed, seed % 5 == 0 ? 2200 : 100);
            if (seed % 5 == 0) (kind, words) = (new(kind.Packing, 2100 + seed, 33, false), Pack([.. Enumerable.Range(0, (2100 + seed) * 33).Select(static i => (float)Math.Sin(i))], new(kind.Packing, 2100 + seed, 33, false)));
            var matrix = Unpacked(kind, words);
            var random = new Random(seed);
            float[] x = [.. Enumerable.Range(0, 8 * kind.Inputs).Select(_ => (float)(random.NextDouble() - 0.5))];
            foreach (var width in (LaneWidth[])[LaneWidth.Bits32, LaneWidth.Bits128, LaneWidth.Bits256, LaneWidth.Bits512])
            {
                var all = Product(kind, words, x, 8, width, 1);
                for (var r = 0; r < 8; r++)
                    for (var o = 0; o < kind.Outputs; o++)
                    {
                        double sum = 0, size = 0;
                        for (var i = 0; i < kind.Inputs; i++)
                        {
                            var term = (double)x[r * kind.Inputs + i] * matrix[At(kind, o, i)];
                            (sum, size) = (sum + term, size + Math.Abs(term));
                        }
                        Assert.True(Math.Abs(sum - all[r * kind.Outputs + o]) <= 2e-6 * size, $"{width} {kind} {r} {o}: {sum} {all[r * kind.Outputs + o]}");
                    }
                for (var rows = 1; rows < 8; rows++) Assert.Equal(all[..(rows * kind.Outputs)], Product(kind, words, x[..(rows * kind.Inputs)], rows, width, 1 + rows % 3));
            }
        }
    }

    static Dictionary<string, Value> WithPanels(Model model, PanelPacking packing, Dictionary<string, Value> given, Dictionary<string, Value> dense) => given.With(Panels.Matrices(model).Select(name =>
    {
        var kind = Panels.Kind(model, name, packing);
        var words = Pack([.. given[Names.Param(name)].Items.ToArray().Select(static v => (float)v)], kind);
        dense[Names.Param(name)] = Of(model.Specs[name].Type, Unpacked(kind, words));
        return KeyValuePair.Create(Names.Param(Panels.Words(name)), Of(kind.Packing.Words(kind.Outputs, kind.Inputs), words));
    }));

    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void A_model_over_panels_is_that_of_the_numbers_that_are_kept(DecoderConfig config, ushort seed)
    {
        var (based, batch, packing) = (Transformer.Of(config), new BatchShape(2, config.Context), new PanelPacking(seed % 2 == 0 ? 8 : 4));
        var model = Panels.Of(based, packing);
        var given = Runs.Parameters(based, seed).With((Names.Inputs, Runs.Tokens(batch, config.Vocabulary, seed)), (Names.Labels, Runs.Labels(batch, config.Vocabulary, seed)));
        var dense = new Dictionary<string, Value>(given);
        given = WithPanels(based, packing, given, dense);
        Tensor[] Of(Model of) => [of.Logits(Programs.Parameters(of), Create.Input(Names.Inputs, batch.Tokens)).Value, Objectives.NextToken(of, batch).Loss(training: false).Total.Sum];
        var (a, b) = (Evaluator.Run([.. Of(model)], given), Evaluator.Run([.. Of(based)], dense));
        for (var i = 0; i < a.Count; i++) Runs.Close(b[i], a[i], 1e-8 * (1 + b[i].Items.ToArray().Max(Math.Abs)), i == 0 ? "logits" : "loss");
        Assert.All(model.Specs.Values, static spec => Assert.False(spec.Trains));
    }

    [Fact]
    public void What_is_packed_are_linear_layers_and_the_head_and_nothing_else()
    {
        DecoderConfig config = new() { Layers = 1, Heads = 2, Width = 64, Context = 8, Vocabulary = 50, Activation = Activation.SwiGlu, Norm = NormKind.Rms, TiedHead = false, QueryKeyNorm = QueryKeyNorm.Head };
        Assert.Equal(["blocks.0.qkv.weight", "blocks.0.out.weight", "blocks.0.gate.weight", "blocks.0.up.weight", "blocks.0.down.weight", "head.weight"],
            Panels.Matrices(Transformer.Of(config)).Order(Comparer<string>.Create((a, b) => Order(a) - Order(b))));
        Assert.Contains("tokens", Panels.Matrices(Transformer.Of(config with { TiedHead = true })));
        Assert.Contains("embedding_in.weight", Panels.Matrices(Transformer.Of(config with { EmbeddingWidth = 32 })));
        Assert.DoesNotContain("score.weight", Panels.Matrices(Transformer.Of(config with { Labels = 2 })));
        // As many labels as tokens do not make it a head of tokens.
        Assert.DoesNotContain("score.weight", Panels.Matrices(Transformer.Of(config with { Labels = 50 })));
        Assert.Equal(["blocks.0.qkv.weight", "blocks.0.out.weight", "head.weight"], Panels.Matrices(Transformer.Of(config with { Experts = new() { Count = 4, Chosen = 2 } }))
            .Order(Comparer<string>.Create((a, b) => Order(a) - Order(b))));
        foreach (var (bits, most) in new[] { (8, 8.5), (4, 4.5) })
        {
            var (whole, panels) = (Transformer.Of(config with { Vocabulary = 64 }), Panels.Of(Transformer.Of(config with { Vocabulary = 64, Hidden = 128 }), new(bits)));
            Assert.Equal(most, panels.Specs.Where(static s => s.Name.EndsWith(".panels", StringComparison.Ordinal)).Sum(static s => s.Value.Type.Bytes) * 8.0
                / Panels.Matrices(Transformer.Of(config with { Vocabulary = 64, Hidden = 128 })).Sum(name => Transformer.Of(config with { Vocabulary = 64, Hidden = 128 }).Specs[name].Type.Size));
            Assert.True(whole.Specs.Contains("tokens") && panels.Specs.Contains("tokens"));
        }

        static int Order(string name) => System.Array.FindIndex(["qkv", "out", "gate", "up", "down", "head"], name.Contains);
    }

    /// <summary>What is kept in panels is multiplied and looked up there: nothing of it is unpacked to write, the head and the tokens' table among it.</summary>
    [Property(MaxTest = 40, Arbitrary = [typeof(AnyDecoder)])]
    public void Nothing_is_unpacked_to_write(DecoderConfig config, bool wide)
    {
        var model = Panels.Of(Transformer.Of(config), new PanelPacking(wide ? 8 : 4));
        var logits = model.Logits(Programs.Parameters(model), Create.Input(Names.Inputs, new BatchShape(2, config.Context).Tokens)).Value;
        Assert.DoesNotContain(Graph.Topological([logits]), static n => n.Op is Op.Fused { Kind: PanelMatrix });
    }

    static Workspace On(IEngine engine, Model model, PanelPacking packing, int seed, bool kept)
    {
        var workspace = new Workspace(engine);
        var matrices = Panels.Matrices(model).ToHashSet();
        foreach (var (name, spec) in model.Specs)
        {
            var values = new float[spec.Type.Size];
            new Initializer.Normal(0.4).Fill(Key.Seed((ulong)seed).FoldIn(name), 0, values);
            if (!matrices.Contains(name)) workspace.Add(name, spec.Type).Write<float>(values);
            else if (Panels.Kind(model, name, packing) is var kind && Pack(values, kind) is var words && kept)
                workspace.Add(Panels.Words(name), kind.Packing.Words(kind.Outputs, kind.Inputs)).Write<int>(words);
            else workspace.Add(name, spec.Type).Write<float>(Unpacked(kind, words));
        }
        return workspace;
    }

    /// <summary>Token by token through caches, many rows together, and all at once: the logits of the numbers that are kept, to float32's rounding.</summary>
    [Theory, MemberData(nameof(Engines))]
    public void It_writes_what_the_model_of_its_numbers_writes(string name)
    {
        using var engine = EngineList.All[name]();
        foreach (var (bits, tied, rows) in new[] { (8, true, 1), (4, false, 3), (8, false, 9), (4, true, 12) })
        {
            DecoderConfig config = new()
            {
                Layers = 2, Heads = 4, KeyHeads = 2, Width = 40, Hidden = 72, Context = 24, Vocabulary = 70, TiedHead = tied, Positions = Positions.Rotary, Norm = NormKind.Rms,
                Activation = Activation.SwiGlu, Bias = Biases.None,
            };
            var (whole, packing) = (Transformer.Of(config), new PanelPacking(bits));
            var model = Panels.Of(whole, packing);
            using var kept = On(engine, whole, packing, bits, true);
            using var dense = On(engine, whole, packing, bits, false);
            var tokens = Enumerable.Range(0, 20).Select(i => (int)Key.Seed(7).Below(i, config.Vocabulary)).ToArray();
            var (all, plain) = (Logits.Whole(engine, model, kept.Buffers, tokens, 20, false), Logits.Whole(engine, whole, dense.Buffers, tokens, 20, false));
            var size = plain.Max(static row => row.Max(Math.Abs));
            for (var i = 0; i < 20; i++) Close(plain[i], all[i], 1e-4f * size);
            using var batcher = new Batcher(engine, model, kept.Buffers, rows);
            var joined = Enumerable.Range(0, rows).Select(_ => batcher.Join()).ToArray();
            for (var t = 0; t < 20; t++)
            {
                var logits = new float[rows * config.Vocabulary];
                batcher.Step(joined, [.. joined.Select(r => tokens[(t + r) % 20])], logits);
                Close(plain[t], logits[(joined.ToList().IndexOf(0) * config.Vocabulary)..][..config.Vocabulary], 1e-4f * size);
            }
        }

        static void Close(float[] expected, float[] actual, float tolerance) =>
            Assert.All(expected.Zip(actual), pair => Assert.True(Math.Abs(pair.Item1 - pair.Item2) <= tolerance, $"{pair} {tolerance}"));
    }
}
