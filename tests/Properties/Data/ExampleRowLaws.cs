using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Data;

using Place = Functional.Data.Place;

/// <summary>Rows of examples: each once a pass, the same however a step is divided, and packed worth what they are padded.</summary>
public sealed class ExampleRowLaws
{
    const int Vocabulary = 7;

    static Example Any(Random random, int most, int first = -1)
    {
        var n = random.Next(2, most + 1);
        bool[] learns = [.. Enumerable.Range(0, n).Select(_ => random.Next(2) == 0)];
        learns[random.Next(1, n)] = true;
        return new([first < 0 ? random.Next(Vocabulary) : first, .. Enumerable.Range(1, n - 1).Select(_ => random.Next(Vocabulary))], [.. learns]);
    }

    // The first token says which it is.
    static Examples Numbered(Random random, int count, int most) => Examples.Of(Enumerable.Range(0, count).Select(i => Any(random, most, 1000 + i)));

    static List<int> Firsts(Batch batch, string name = "inputs") =>
        [.. Enumerable.Range(0, batch.Rows).SelectMany(row => batch.Ints(name, row).ToArray().Where(static t => t >= 1000).Select(static t => t - 1000))];

    static Batch Fill(Source source, Place place, long first, int rows)
    {
        var batch = new Batch(rows, source.Feed(rows));
        // Whatever stood there before.
        foreach (var name in source.Feed(rows).Names)
            for (var row = 0; row < rows; row++)
                if (source.Feed(rows)[name].DType == DType.I32) batch.Ints(name, row).Fill(77777);
                else batch.Floats(name, row).Fill(77777);
        source.Fill(place, first, batch);
        return batch;
    }

    static string Text(Batch batch, int row) => string.Join(' ', batch.Feed.Select(f => $"{f.Name}: " + (f.Value.DType == DType.I32
        ? string.Join(',', batch.Ints(f.Name, row).ToArray()) : string.Join(',', batch.Floats(f.Name, row).ToArray()))));

    static RowSource Source(Random random, RowOrder order, out int count)
    {
        var (key, n) = (Key.Seed((ulong)random.Next()), count = 1 + random.Next(12));
        var rankings = new Rankings(Numbered(random, 2 * n, 9), [.. Enumerable.Range(1, n).Select(static i => 2 * i)], [.. Enumerable.Range(0, n).Select(static i => i / 4f)]);
        var column = Params.Of(("reference", Enumerable.Range(0, n).Select(static i => i + 0.5f).ToArray()));
        return random.Next(5) switch
        {
            0 => new ConversationRows(Numbered(random, n, 9), 8, order, key),
            1 => new ConversationRows(Numbered(random, n, 9), 11, order, key, packed: true),
            2 => new PairRows(rankings, 9, order, key, column),
            3 => new RankingRows(rankings, 10, order, key, column),
            _ => new JudgedRows(new(Numbered(random, n, 9), Numbered(random, n, 9), [.. Enumerable.Range(0, n).Select(static i => i % 2 == 0)]), 9, order, key, column),
        };
    }

    [Property(MaxTest = 300)]
    public void A_step_has_the_same_rows_however_it_is_divided(int seed, byte order, byte steps, byte cut)
    {
        var (random, place) = (new Random(seed), default(Place));
        var source = Source(random, (RowOrder)(order % 4), out _);
        for (var step = 0; step < steps % 5; step++) place = source.After(place, 6);
        var (whole, first) = (Fill(source, place, 0, 6), 1 + cut % 5);
        var (head, tail) = (Fill(source, place, 0, first), Fill(source, place, first, 6 - first));
        Assert.Equal(Enumerable.Range(0, 6).Select(row => Text(whole, row)), Enumerable.Range(0, first).Select(row => Text(head, row))
            .Concat(Enumerable.Range(0, 6 - first).Select(row => Text(tail, row))));
        Assert.Equal(source.After(place, 6), source.After(source.After(place, first), 6 - first));
    }

    /// <summary>Each once a pass in every order, and shuffled another order each pass.</summary>
    [Property(MaxTest = 200)]
    public void Every_example_once_a_pass(int seed, byte order, bool packed, byte size)
    {
        var (random, rows) = (new Random(seed), 1 + size % 5);
        var n = 1 + random.Next(30);
        var examples = Numbered(random, n, 9);
        var source = new ConversationRows(examples, 8 + random.Next(20), (RowOrder)(order % 3), Key.Seed((ulong)seed), packed);
        var passes = new List<List<int>>();
        for (var pass = 0; pass < 3; pass++)
            passes.Add([.. Enumerable.Range(0, source.Count).SelectMany(i => Firsts(Fill(source, new(pass, i), 0, 1)))]);
        foreach (var pass in passes) Assert.Equal(Enumerable.Range(0, n), pass.Order());
        if ((RowOrder)(order % 3) == RowOrder.Ordered) Assert.Equal(Enumerable.Range(0, n), passes[0]);
        if ((RowOrder)(order % 3) == RowOrder.ShortFirst) Assert.Equal(passes[0].Select(examples.Length).Order(), passes[0].Select(examples.Length));
        if ((RowOrder)(order % 3) != RowOrder.Ordered && source.Count > 8) Assert.NotEqual(passes[1], passes[2]);
        Assert.Equal(new Place(1, 0), source.After(default, source.Count));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => source.After(new(0, source.Count), 1));
    }

    /// <summary>A measurement takes each once, and rows beyond count for nothing.</summary>
    [Property(MaxTest = 100)]
    public void All_are_measured_once(int seed, bool packed, byte size)
    {
        var (random, rows) = (new Random(seed), 1 + size % 5);
        var examples = Numbered(random, 1 + random.Next(20), 9);
        var source = new ConversationRows(examples, 8 + random.Next(9), RowOrder.Once, packed: packed);
        var (seen, labels) = (new List<int>(), 0L);
        for (var place = default(Place); place.Position < source.Rows; place = source.After(place, rows))
        {
            var batch = Fill(source, place, 0, rows);
            seen.AddRange(Firsts(batch));
            for (var row = 0; row < rows; row++) labels += batch.Ints("labels", row).ToArray().Count(static l => l != LinearCrossEntropy.Ignore);
        }
        Assert.Equal(Enumerable.Range(0, examples.Count), seen);
        Assert.Equal(examples.Learned, labels);
    }

    /// <summary>Labels are the tokens that come next and are learned, starts say where each example begins, and nothing else has a label.</summary>
    [Property(MaxTest = 200)]
    public void Rows_hold_what_their_examples_say(int seed, bool packed)
    {
        var random = new Random(seed);
        var examples = Numbered(random, 1 + random.Next(10), 9);
        var (context, most) = (8 + random.Next(12), 0);
        var source = new ConversationRows(examples, context, RowOrder.Shuffled, Key.Seed((ulong)seed), packed);
        var batch = Fill(source, default, 0, source.Count);
        for (var row = 0; row < source.Count; row++)
        {
            var (inputs, labels) = (batch.Ints("inputs", row).ToArray(), batch.Ints("labels", row).ToArray());
            var starts = packed ? batch.Ints("starts", row).ToArray() : new int[context];
            var at = 0;
            while (at < context && inputs[at] >= 1000)
            {
                var example = examples[inputs[at] - 1000];
                var n = example.Ids.Count - 1;
                Assert.Equal(example.Ids.Take(n), inputs[at..(at + n)]);
                Assert.Equal(Enumerable.Range(1, n).Select(i => example.Learns[i] ? example.Ids[i] : LinearCrossEntropy.Ignore), labels[at..(at + n)]);
                Assert.All(starts[at..(at + n)], s => Assert.Equal(at, s));
                at += n;
            }
            most = Math.Max(most, at);
            Assert.All(inputs[at..], static t => Assert.Equal(0, t));
            Assert.All(labels[at..], static l => Assert.Equal(LinearCrossEntropy.Ignore, l));
            if (packed) Assert.All(starts[at..], s => Assert.Equal(at, s));
        }
        Assert.True(most <= context);
    }

    /// <summary>Best fit decreasing: never more than 11/9 of what is needed at least, and four.</summary>
    [Property(MaxTest = 100)]
    public void Packing_wastes_little(int seed)
    {
        var random = new Random(seed);
        var examples = Numbered(random, 1 + random.Next(200), 2 + random.Next(60));
        var room = examples.Longest - 1 + random.Next(40);
        var source = new ConversationRows(examples, room, RowOrder.Shuffled, Key.Seed(1), packed: true);
        Assert.True(source.Count <= 11.0 / 9 * Math.Ceiling((double)(examples.Tokens - examples.Count) / room) * 1.2 + 4);
        Assert.InRange(source.Filled, 0.0, 1.0);
        Assert.Equal(8 * ((examples.Longest - 1 + 7) / 8), examples.Width(1000));
        Assert.Equal(examples.Longest - 1, examples.Width(examples.Longest - 1));
    }

    /// <summary>Loss and gradients of a whole pass, packed and padded; and whatever stands where labels are not learned.</summary>
    [Property(MaxTest = 25, Arbitrary = [typeof(AnyDecoder)])]
    public void Packed_rows_teach_what_padded_rows_teach(DecoderConfig any, int seed)
    {
        var random = new Random(seed);
        var config = any with { Context = 9, Vocabulary = Vocabulary, Experts = new() };
        var model = Transformer.Of(config);
        var examples = Examples.Of(Enumerable.Range(0, 3 + random.Next(3)).Select(_ => Any(random, 6)));
        var given = Runs.Parameters(model, (ulong)(uint)seed);
        var padded = Learned(model, new ConversationRows(examples, 5, RowOrder.Shuffled, Key.Seed(1)), false, given);
        var packed = Learned(model, new ConversationRows(examples, 9, RowOrder.Shuffled, Key.Seed(2), packed: true), true, given);
        for (var i = 0; i < padded.Count; i++) Runs.Close(padded[i], packed[i], 1e-9 * (1 + padded[i].Items.ToArray().Max(Math.Abs)));
        Assert.Equal(examples.Learned, (long)padded[1][0]);
    }

    // The sum of losses, the number of labels, and all gradients.
    static Vec<Value> Learned(Model model, ConversationRows source, bool packed, Dictionary<string, Value> given)
    {
        var batch = Fill(source, default, 0, source.Count);
        var parameters = model.Specs.Map(static (name, spec) => Create.Input(Names.Param(name), spec.Type));
        Tensor Input(string name) => Create.Input(name, source.Feed(source.Count)[name].Shape, DType.I32);
        var env = Env.Of(parameters);
        var loss = Losses.NextToken(model, packed ? env with { Starts = Input("starts") } : env, Input("inputs"), Input("labels")).Total;
        return Evaluator.Run([loss.Sum, loss.Weight, .. Vjp.Gradients(loss.Sum, [.. parameters.Values])],
            new Dictionary<string, Value>(given.With([.. batch.Feed.Select(f => (f.Name, Value.Of(f.Value,
                [.. Enumerable.Range(0, source.Count).SelectMany(row => batch.Ints(f.Name, row).ToArray().Select(static t => (double)t))])))])));
    }

    /// <summary>A prompt is read and never learned: what its labels would be changes nothing, and nothing learned is lost by masking.</summary>
    [Property(MaxTest = 20)]
    public void Labels_of_prompts_never_receive_gradient(int seed)
    {
        var random = new Random(seed);
        var model = Transformer.Of(new() { Layers = 1, Heads = 2, Width = 4, Context = 8, Vocabulary = Vocabulary });
        var given = Runs.Parameters(model, (ulong)(uint)seed);
        // A last prompt token that only is predicted, never read: then whatever it is must not matter.
        var examples = Enumerable.Range(0, 3).Select(_ => Any(random, 7)).ToList();
        Example Behind(Example e, int token) => new([.. e.Ids, token], [.. e.Learns, false]);
        var a = Learned(model, new ConversationRows(Examples.Of(examples.Select(e => Behind(e, 1))), 8, RowOrder.Ordered), false, given);
        var b = Learned(model, new ConversationRows(Examples.Of(examples.Select(e => Behind(e, 5))), 8, RowOrder.Ordered), false, given);
        for (var i = 0; i < a.Count; i++) Runs.Close(a[i], b[i], 0);
    }

    [Fact]
    public void Pairs_hold_both_answers_their_margin_and_more()
    {
        static Example Of(params int[] ids) => new([.. ids], [.. ids.Select((_, i) => i >= 2)]);
        var rankings = new Rankings(Examples.Of([Of(1, 2, 3), Of(1, 2, 4, 5), Of(1, 6, 3), Of(1, 6, 2)]), [2, 4], [0.5f, 0]);
        var pairs = new PairRows(rankings, 5, RowOrder.Once, columns: Params.Of(("reference_chosen", (float[])[-1, -2])));
        Assert.Equal("chosen: 1,2,3,0,0 chosen_labels: -100,3,-100,-100,-100 rejected: 1,2,4,5,0 rejected_labels: -100,4,5,-100,-100 margin: 0.5 reference_chosen: -1", Text(Fill(pairs, default, 0, 3), 0));
        Assert.Equal("chosen: 0,0,0,0,0 chosen_labels: -100,-100,-100,-100,-100 rejected: 0,0,0,0,0 rejected_labels: -100,-100,-100,-100,-100 margin: 0 reference_chosen: 0", Text(Fill(pairs, default, 0, 3), 2));
        // Of 13 tokens in two pairs, without padding.
        Assert.Equal(19, pairs.Tokens(3));
        var three = new Rankings(Examples.Of([Of(1, 2, 3), Of(1, 2, 4), Of(1, 2, 5), Of(1, 6, 3), Of(1, 6, 2)]), [3, 5], [0, 0]);
        var ranked = Fill(new RankingRows(three, 3, RowOrder.Once), default, 0, 2);
        Assert.Equal("answers: 1,2,3,1,2,4,1,2,5 answer_labels: -100,3,-100,-100,4,-100,-100,5,-100 count: 3 margin: 0", Text(ranked, 0));
        Assert.Equal("answers: 1,6,3,1,6,2,0,0,0 answer_labels: -100,3,-100,-100,2,-100,-100,-100,-100 count: 2 margin: 0", Text(ranked, 1));
        Assert.Equal(3, three.Only([1, 0]).Most);
        // Beside others of more answers, these have empty places.
        Assert.Equal("answers: 1,6,3,1,6,2,0,0,0 answer_labels: -100,3,-100,-100,2,-100,-100,-100,-100 count: 2 margin: 0",
            Text(Fill(new RankingRows(three.Only([1]), 3, RowOrder.Once, most: 3), default, 0, 1), 0));
        Assert.Equal(new Rankings(Examples.Of([Of(1, 6, 3), Of(1, 6, 2)]), [2], [0]).Checksum, three.Only([1]).Checksum);
        Assert.Throws<ArgumentException>(() => new PairRows(three, 3, RowOrder.Once));
        Assert.Throws<ArgumentException>(() => new PairRows(rankings, 3, RowOrder.Once));
        Assert.Throws<ArgumentException>(() => new PairRows(rankings, 5, RowOrder.Once, columns: Params.Of(("x", new float[3]))));
    }

    /// <summary>Beside each answer stands the next of the data set behind the same prompt, whatever the batch.</summary>
    [Fact]
    public void Judged_answers_stand_beside_the_next()
    {
        var encoder = Dialogues.Talk.Encoder("plain");
        Vec<Located<Judged>> rows = [.. "abc".Select(static (c, i) => new Located<Judged>(new([new(Role.User, $"{i}")], $"{c}", i != 1), "x"))];
        var judged = Prepare.Judgements(rows, encoder, 9).Match(static p => p.Data, static f => throw new InvalidOperationException(f.Lines()));
        Assert.Equal("0b 1c 2a", string.Join(' ', Enumerable.Range(0, 3).Select(i => encoder.Tokenizer.Decode(judged.Strangers[i].Ids.Span))));
        Assert.Equal("inputs: 49,98 labels: 98,-100 kl_inputs: 49,99 kl_labels: 99,-100 good: 0", Text(Fill(new JudgedRows(judged, 2, RowOrder.Once), default, 1, 1), 0));
        Assert.Equal((2, 2), (judged.Good, judged.Only([0, 2]).Good));
    }

    [Fact]
    public void A_checksum_knows_every_token_and_what_is_learned()
    {
        var one = Examples.Of([new([1, 2, 3], [false, true, true]), new([4, 5], [false, true])]);
        Assert.Equal(one.Checksum, one.Only([0, 1]).Checksum);
        Assert.Equal(5, Enumerable.Distinct((uint[])
        [
            one.Checksum, one.Only([1, 0]).Checksum, Examples.Of([new([1, 2, 3], [false, false, true]), new([4, 5], [false, true])]).Checksum,
            Examples.Of([new([1, 2, 6], [false, true, true]), new([4, 5], [false, true])]).Checksum, one.Only([0]).Checksum,
        ]).Count());
        Assert.Equal((3L, 5L, 3, 2), (one.Learned, one.Tokens, one.Longest, one.Count));
        Assert.Throws<ArgumentException>(() => Examples.Of([new([1], [true])]));
        Assert.Throws<ArgumentException>(() => Examples.Of([new([1, 2], [true, false])]));
        Assert.Throws<ArgumentException>(() => new ConversationRows(one, 1, RowOrder.Ordered));
    }
}
