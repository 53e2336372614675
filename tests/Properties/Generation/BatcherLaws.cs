using FsCheck;

namespace Functional.Tests.Properties.Generation;

/// <summary>
/// Sequences that are read together are each what they are alone: against a model that has a decoder for each sequence and does nothing else.
/// </summary>
public sealed class BatcherLaws
{
    // As in DecoderLaws: float32 where other sums are taken, with norms over few numbers; and double precision, rounded to float32 in between.
    const double OfFloat = 5e-4, OfReference = 1e-5;

    /// <summary>Up to 64 rows the managed engine's products give a row the same bits however many there are; so do the reference's at any number.</summary>
    [Property(MaxTest = 60)]
    public void Any_schedule_of_up_to_64_rows_is_each_sequence_alone_to_the_bit(PositiveInt seed, PositiveInt shape) =>
        Follow(seed.Get, shape.Get, new ManagedEngine(2), 1 + seed.Get % (seed.Get % 5 == 0 ? 64 : 12), 0);

    [Property(MaxTest = 20)]
    public void Any_schedule_on_the_reference_is_each_sequence_alone_to_the_bit(PositiveInt seed, PositiveInt shape) =>
        Follow(seed.Get, shape.Get, new ReferenceEngine(), 1 + seed.Get % 9, 0);

    [Property(MaxTest = 20)]
    public void Any_schedule_of_many_rows_is_each_sequence_alone_on_every_engine(PositiveInt seed, PositiveInt shape)
    {
        foreach (var make in EngineList.All.Values) Follow(seed.Get, shape.Get, make(), 2 + seed.Get % 19, OfFloat);
    }

    /// <summary>Where the managed engine's bits change with the number of rows: only from 64 to 65.</summary>
    [Theory, InlineData(40), InlineData(63), InlineData(64)]
    public void Rows_have_the_same_bits_from_1_to_64(int width)
    {
        using var engine = new ManagedEngine(2);
        var model = Transformer.Of(new() { Layers = 2, Heads = 1, Width = width, Context = 300, Vocabulary = 97 });
        using var parameters = new Workspace(engine);
        foreach (var (name, spec) in model.Specs) parameters.Fill(name, spec);
        float[] First(int rows)
        {
            using var batcher = new Batcher(engine, model, parameters.Buffers, rows);
            int[] all = [.. Enumerable.Range(0, rows).Select(_ => batcher.Join())];
            var (one, next) = (new float[97], new float[97 * rows]);
            foreach (var row in all) batcher.Read(row, [.. Enumerable.Range(0, 3 + 71 * row % 280).Select(i => (row + i * i) % 97)], one);
            for (var step = 0; step < 4; step++) batcher.Step(all, [.. all.Select(row => (7 * row + step) % 97)], next);
            return next[..97];
        }
        Assert.Single(((int[])[1, 2, 4, 5, 8, 9, 21, 64]).Select(First).Distinct(EqualityComparer<float[]>.Create(static (a, b) => a.AsSpan().SequenceEqual(b), static _ => 0)));
        Close(First(1), First(70), OfFloat);
    }

    /// <summary>A sequence as it would be by itself.</summary>
    sealed record Alone(int Row, Decoder Decoder, List<int> Tokens) : IDisposable
    {
        public void Dispose() => Decoder.Dispose();
    }

    static void Follow(int seed, int shape, IEngine engine, int rows, double tolerance)
    {
        using var subject = new TinyGpt(seed, shape, engine);
        using var batcher = subject.Batcher(rows);
        var (random, vocabulary, alone) = (new Random(seed), subject.Config.Vocabulary, new List<Alone>());
        for (var turn = 0; turn < 25; turn++)
        {
            switch (random.Next(10))
            {
                case < 2 when batcher.Free > 0:
                    alone.Add(new(batcher.Join(), subject.Decoder(), []));
                    Read(alone[^1], random.Next(1, 2 * subject.Config.Context));
                    break;
                case 2 when alone.Count > 0: Read(alone[random.Next(alone.Count)], random.Next(1, subject.Config.Context + 2)); break;
                case 3 when alone.Count > 0: Leave(random.Next(alone.Count)); break;
                case > 3 when alone.Count > 0: Step(); break;
            }
            Assert.Equal(rows - alone.Count, batcher.Free);
            Assert.All(alone, a => Assert.Equal(a.Decoder.Position, batcher.Position(a.Row)));
        }
        foreach (var sequence in alone) sequence.Dispose();

        int Any() => random.Next(vocabulary);

        void Leave(int index)
        {
            batcher.Leave(alone[index].Row);
            alone[index].Dispose();
            alone.RemoveAt(index);
        }

        void Read(Alone sequence, int count)
        {
            int[] tokens = [.. Enumerable.Range(0, count).Select(_ => Any())];
            var next = new float[vocabulary];
            batcher.Read(sequence.Row, tokens, next);
            Same(sequence, tokens, next);
        }

        // Some of the rows, or all, in any order.
        void Step()
        {
            var members = alone.ToArray();
            random.Shuffle(members);
            if (random.Next(3) == 0) members = members[..random.Next(1, members.Length + 1)];
            int[] tokens = [.. members.Select(_ => Any())];
            var next = new float[members.Length * vocabulary];
            batcher.Step([.. members.Select(static m => m.Row)], tokens, next);
            for (var i = 0; i < members.Length; i++) Same(members[i], [tokens[i]], next.AsSpan(i * vocabulary, vocabulary));
        }

        void Same(Alone sequence, int[] tokens, ReadOnlySpan<float> actual)
        {
            var expected = new float[vocabulary];
            sequence.Decoder.Read(tokens, expected);
            sequence.Tokens.AddRange(tokens);
            Close(expected, actual, tolerance);
            // And both are the whole forward pass over what the caches hold.
            if (random.Next(8) == 0) Close(subject.Logits([.. sequence.Tokens[^sequence.Decoder.Position..]]), actual, engine is ReferenceEngine ? OfReference
                : OfFloat);
        }
    }

    static void Close(float[] expected, ReadOnlySpan<float> actual, double tolerance)
    {
        for (var i = 0; i < expected.Length; i++)
            Assert.True(expected[i] == actual[i] || Math.Abs(expected[i] - actual[i]) <= tolerance * (1 + expected.Max(Math.Abs)),
                $"logit {i} is {actual[i]}, alone {expected[i]}");
    }

    /// <summary>Tokens and log-probabilities from the device are those of the logits, whoever else draws; and a row's do not depend on the others.</summary>
    [Property(MaxTest = 30)]
    public void Draws_of_rows_together_are_their_draws_alone(PositiveInt seed, PositiveInt shape)
    {
        const int Rows = 4;
        var random = new Random(seed.Get);
        SamplingConfig sampling = new() { Temperature = random.Next(0, 3) * 0.8, TopK = random.Next(2) * random.Next(1, 8), TopP = random.Next(2) == 0 ? 1
            : 0.8 };
        using var subject = new TinyGpt(seed.Get, shape.Get, new ManagedEngine(2));
        using var batcher = subject.Batcher(Rows);
        var alone = Enumerable.Range(0, random.Next(1, Rows + 1)).Select(_ => subject.Batcher(1)).ToArray();
        var scores = Enumerable.Range(0, alone.Length).Select(_ => subject.Decoder()).ToArray();
        var (rows, keys, logits) = (new int[alone.Length], new Key[alone.Length], new float[subject.Config.Vocabulary]);
        var (last, drawn, logProbs) = (new int[alone.Length], new int[alone.Length], new float[alone.Length]);
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = batcher.Join();
            alone[i].Join();
            var prompt = subject.Tokens(1 + random.Next(subject.Config.Context + 3));
            keys[i] = Key.Seed((ulong)seed.Get).FoldIn(i);
            (drawn[i], logProbs[i]) = batcher.Draw(rows[i], prompt, keys[i].FoldIn(0u), sampling);
            Assert.Equal((drawn[i], logProbs[i]), alone[i].Draw(0, prompt, keys[i].FoldIn(0u), sampling));
            Right(i, prompt, keys[i].FoldIn(0u));
        }
        for (var step = 1u; step < 12; step++)
        {
            drawn.CopyTo(last, 0);
            batcher.Draw(rows, last, [.. keys.Select(k => k.FoldIn(step))], sampling, drawn, logProbs);
            for (var i = 0; i < rows.Length; i++)
            {
                Assert.Equal((drawn[i], logProbs[i]), alone[i].Draw(0, [last[i]], keys[i].FoldIn(step), sampling));
                Right(i, [last[i]], keys[i].FoldIn(step));
            }
        }
        foreach (var one in alone) one.Dispose();
        foreach (var one in scores) one.Dispose();

        // Within float32's rounding of an edge another token may be drawn: it, too, has nearly the probability that is said.
        void Right(int i, int[] tokens, Key key)
        {
            scores[i].Read(tokens, logits);
            var probability = SamplerLaws.Expected(sampling, logits)[drawn[i]];
            if (DrawLaws.IsNearAnEdge(logits, sampling, 1e-5)) return;
            Assert.Equal(Math.Log(probability), logProbs[i], 1e-4);
            if (!DrawLaws.IsNearAnEdge(logits, sampling, 1e-5, key.Uniform(0))) Assert.Equal(new Sampler(sampling).Next(logits, key), drawn[i]);
        }
    }

    /// <summary>Whatever was in a row, a sequence that joins there is one in a new batcher.</summary>
    [Property(MaxTest = 20)]
    public void A_row_that_left_leaves_nothing_behind(PositiveInt seed, PositiveInt shape)
    {
        using var subject = new TinyGpt(seed.Get, shape.Get, new ManagedEngine(2));
        using IDisposable first = subject.Batcher(2), second = subject.Batcher(2);
        var (used, fresh) = ((Batcher)first, (Batcher)second);
        var (logits, expected) = (new float[subject.Config.Vocabulary], new float[subject.Config.Vocabulary]);
        foreach (var row in new[] { used.Join(), used.Join() }) used.Read(row, subject.Tokens(subject.Config.Context + row), logits);
        used.Leave(1);
        used.Leave(0);
        Assert.Equal((0, 0), (used.Join(), fresh.Join()));
        Assert.Equal(0, used.Position(0));
        foreach (var token in subject.Tokens(2 * subject.Config.Context))
        {
            used.Step([0], [token], logits);
            fresh.Step([0], [token], expected);
            Assert.Equal(expected, logits);
        }
    }

    /// <summary>A step runs the next power of two of rows, however many there might be.</summary>
    [Fact]
    public void Rows_that_are_free_are_not_computed()
    {
        var shapes = new List<TensorType>();
        using var subject = new TinyGpt(1, 1, new ShapeEngine(new ReferenceEngine(), shapes.Add));
        using var batcher = subject.Batcher(20);
        var logits = new float[20 * subject.Config.Vocabulary];
        foreach (var (rows, computed) in new[] { (1, 1), (2, 2), (3, 4), (9, 16), (17, 20), (20, 20) })
        {
            while (20 - batcher.Free < rows) batcher.Join();
            shapes.Clear();
            batcher.Step([.. Enumerable.Range(0, rows)], new int[rows], logits.AsSpan(0, rows * subject.Config.Vocabulary));
            // A program of so many rows is there from the time before, or is made.
            Assert.All(shapes, s => Assert.Equal(new([computed, 1], DType.I32), s));
        }
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        using var subject = new TinyGpt(1, 1, new ManagedEngine(1));
        using var batcher = subject.Batcher(4);
        int[] rows = [batcher.Join(), batcher.Join(), batcher.Join()], tokens = [1, 2, 3], drawn = new int[3];
        var (logits, logProbs, keys) = (new float[3 * subject.Config.Vocabulary], new float[3], new Key[3]);
        SamplingConfig sampling = new() { TopK = 5 };
        for (var warm = 0; warm < 2; warm++) Both();
        // Within the context: to read half of it again takes memory.
        foreach (var row in rows) batcher.Seek(row, 0);
        Both();
        foreach (var row in rows) batcher.Seek(row, 0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Both();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Both()
        {
            batcher.Step(rows, tokens, logits);
            batcher.Draw(rows, tokens, keys, sampling, drawn, logProbs);
        }
    }

    [Fact]
    public void What_cannot_be_is_refused()
    {
        using var subject = new TinyGpt(1, 1);
        using var batcher = subject.Batcher(2);
        var (one, two) = (new float[subject.Config.Vocabulary], new float[2 * subject.Config.Vocabulary]);
        Assert.Throws<ArgumentOutOfRangeException>(() => subject.Batcher(0));
        Assert.Throws<ArgumentException>(() => batcher.Read(0, [1], one));
        Assert.Throws<ArgumentException>(() => batcher.Leave(0));
        Assert.Equal([0, 1], new[] { batcher.Join(), batcher.Join() });
        Assert.Equal("all 2 rows are in use.", Assert.Throws<InvalidOperationException>(() => batcher.Join()).Message);
        Assert.Throws<ArgumentException>(() => batcher.Read(2, [1], one));
        Assert.Throws<ArgumentException>(() => batcher.Read(0, [], one));
        Assert.Throws<ArgumentException>(() => batcher.Read(0, [subject.Config.Vocabulary], one));
        Assert.Equal("row 1 is named twice.", Assert.Throws<ArgumentException>(() => batcher.Step([1, 1], [1, 2], two)).Message);
        Assert.Throws<ArgumentException>(() => batcher.Step([0, 1], [1], two));
        Assert.Throws<ArgumentException>(() => batcher.Step([0, 1], [1, 2], one));
        Assert.Throws<ArgumentException>(() => batcher.Draw([0], [1], [default], new() { TopP = 0 }, new int[1], new float[1]));
        Assert.Throws<ArgumentException>(() => batcher.Draw([0], [1], [], new(), new int[1], new float[1]));
        batcher.Leave(0);
        Assert.Equal("row 0 is free.", Assert.Throws<ArgumentException>(() => batcher.Step([0, 1], [1, 2], two)).Message);
        Assert.Equal(0, batcher.Join());
        // Nothing that was refused has been read.
        Assert.Equal((0, 0), (batcher.Position(0), batcher.Position(1)));
    }

    /// <summary>An engine that tells of the tokens of each program that it compiles.</summary>
    sealed class ShapeEngine(IEngine inner, Action<TensorType> compiled) : IEngine
    {
        public string Name => inner.Name;

        public DeviceMemory Memory => inner.Memory;

        public IBuffer Allocate(TensorType type) => inner.Allocate(type);

        public IExecutable Compile(Program program)
        {
            compiled(program.Inputs.Single(static i => i.Name == Names.Inputs).Value.Type);
            return inner.Compile(program);
        }

        public void Dispose() => inner.Dispose();
    }
}
