using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Data;

using Place = Functional.Data.Place;
// A namespace of the framework has its name.
using Windows = Functional.Data.Windows;

public class WindowLaws
{
    static Windows Make(long length, int context) => Windows.Of(length, context).IfFail(f => throw new InvalidOperationException(f.Lines()));
    static TokenStream Count(int length) => TokenStream.Of(Enumerable.Range(0, length).ToArray());

    static (Windows Windows, int Context) Any(byte context, ushort extra) => (Make(2 + context + extra % 500, context + 1), context + 1);

    [Property]
    public bool Too_short_says_what_is_needed(byte length, byte context) => Windows.Of(length, context, "validation data").Match(
        w => context > 0 && length > context && w.Starts >= 1 && w.InOrder >= 1,
        f => context == 0 ? f.Lines() == "context: is 0; allowed: 1 or more"
            : length <= context
                && f.Lines() == $"validation data: has {length} tokens, too few for one window; needed: {context + 1} or more, the context of {context} and one to predict");

    // Of a text that counts, a window's first token is where it starts.
    static long[] Starts(Source source, Place place, int rows, long first = 0)
    {
        var batch = new Batch(rows, source.Feed(rows));
        source.Fill(place, first, batch);
        return [.. Enumerable.Range(0, rows).Select(row => (long)batch.Ints("inputs", row)[0])];
    }

    static TrainingWindows Training(Windows windows, WindowOrder order, ulong seed) => new(Count((int)windows.Length), windows, order, Key.Seed(seed));

    [Property]
    public void Labels_are_the_next_tokens(byte context, ushort extra, ulong seed, byte round, byte rows, byte order)
    {
        var (windows, c) = Any(context, extra);
        var source = Training(windows, (WindowOrder)(order % 3), seed);
        var batch = new Batch(1 + rows, source.Feed(1 + rows));
        source.Fill(new(round, 0), 0, batch);
        for (var row = 0; row <= rows; row++)
        {
            var (inputs, labels) = (batch.Ints("inputs", row).ToArray(), batch.Ints("labels", row).ToArray());
            Assert.Equal(Enumerable.Range(inputs[0], c), inputs);
            Assert.Equal(Enumerable.Range(inputs[0] + 1, c), labels);
        }
        Assert.Equal((1L + rows) * c, source.Tokens(1 + rows));
    }

    /// <summary>However a step is divided into micro-batches, its rows are the same.</summary>
    [Property]
    public void A_step_has_the_same_rows_however_it_is_divided(byte context, ushort extra, ulong seed, byte order, byte cut, byte steps)
    {
        var (windows, _) = Any((byte)(context % 16), extra);
        var (source, place) = (Training(windows, (WindowOrder)(order % 3), seed), default(Place));
        for (var step = 0; step < steps % 5; step++) place = source.After(place, 12);
        var (whole, first) = (Starts(source, place, 12), 1 + cut % 11);
        Assert.Equal(whole, Starts(source, place, first).Concat(Starts(source, place, 12 - first, first)));
        // And after it comes what is not in it.
        if (order % 3 == 0) Assert.NotEqual(place, source.After(place, 12));
        else Assert.Equal(source.After(place, 12), source.After(source.After(place, first), 12 - first));
    }

    /// <summary>Measured, every label counts once, whatever the batch: rows beyond the last and the end of the last window count for nothing.</summary>
    [Property]
    public void All_of_a_text_is_measured_once(byte context, ushort length, byte rows)
    {
        var (c, n, r) = (1 + context % 16, 2 + length % 300, 1 + rows % 9);
        var source = MeasuringWindows.All(Count(n), c);
        var (labels, place) = (new List<int>(), default(Place));
        for (; place.Position < source.Rows; place = source.After(place, r))
        {
            var batch = new Batch(r, source.Feed(r));
            source.Fill(place, 0, batch);
            for (var row = 0; row < r; row++)
                foreach (var (input, label) in batch.Ints("inputs", row).ToArray().Zip(batch.Ints("labels", row).ToArray()))
                {
                    if (label == LinearCrossEntropy.Ignore) continue;
                    Assert.Equal(input + 1, label);
                    labels.Add(label);
                }
        }
        Assert.Equal(Enumerable.Range(1, n - 1), labels);
    }

    /// <summary>Some of the windows are spread over the whole text, whole, in order and none twice; asked for more than there are, all.</summary>
    [Property]
    public void Some_windows_are_spread_evenly(byte context, ushort extra, byte most)
    {
        var (windows, c) = Any((byte)(context % 16), extra);
        var source = MeasuringWindows.Spread(Count((int)windows.Length), windows, 1 + most);
        var count = Math.Min(1 + most, windows.InOrder);
        Assert.Equal(count, source.Rows);
        Assert.Equal(Enumerable.Range(0, (int)count).Select(i => i * windows.InOrder / count * c), Starts(source, default, (int)count));
    }

    [Property]
    public bool Random_starts_depend_on_step_and_row(ulong seed, long step, byte row)
    {
        var windows = Make(1L << 60, 8);
        var key = Key.Seed(seed);
        return windows.Start(key, step, row) != windows.Start(key, step + 1, row) && windows.Start(key, step, row) != windows.Start(key, step, row + 1);
    }

    [Property(MaxTest = 20)]
    public bool Random_starts_reach_every_place(ulong seed, byte context, byte extra)
    {
        var windows = Make(context + 2 + extra % 20, context + 1);
        var source = Training(windows, WindowOrder.Random, seed);
        var seen = Enumerable.Range(0, 100).SelectMany(step => Starts(source, new(step, 0), 10)).ToHashSet();
        return seen.SetEquals(Enumerable.Range(0, (int)windows.Starts).Select(i => (long)i));
    }

    [Property]
    public bool An_epoch_takes_each_window_once(byte context, ushort extra, byte rows, bool shuffled, ulong seed)
    {
        var (windows, c) = Any((byte)(context % 16), extra);
        var source = Training(windows, shuffled ? WindowOrder.Shuffled : WindowOrder.Ordered, seed);
        var (starts, place, perBatch) = (new List<long>(), default(Place), 1 + rows % 7);
        for (; starts.Count < 3 * windows.InOrder; place = source.After(place, perBatch)) starts.AddRange(Starts(source, place, perBatch));
        var all = Enumerable.Range(0, (int)windows.InOrder).Select(i => (long)i * c).ToArray();
        return starts.Chunk(all.Length).Take(3).All(epoch => epoch.Order().SequenceEqual(all) && (shuffled || epoch.SequenceEqual(all)))
            && place == new Place(starts.Count / all.Length, starts.Count % all.Length);
    }

    [Property]
    public bool In_order_every_label_is_predicted_once(byte context, ushort extra)
    {
        var (windows, c) = Any((byte)(context % 16), extra);
        var source = Training(windows, WindowOrder.Ordered, 0);
        var batch = new Batch((int)windows.InOrder, source.Feed((int)windows.InOrder));
        source.Fill(default, 0, batch);
        var labels = Enumerable.Range(0, batch.Rows).SelectMany(row => batch.Ints("labels", row).ToArray()).ToArray();
        return labels.SequenceEqual(Enumerable.Range(1, labels.Length)) && windows.Length - 1 - labels.Length < c;
    }

    [Property]
    public bool Resumed_goes_on_as_unbroken(byte context, ushort extra, byte first, byte second, bool shuffled, ulong seed)
    {
        var (windows, _) = Any((byte)(context % 16), extra);
        var source = Training(windows, shuffled ? WindowOrder.Shuffled : WindowOrder.Ordered, seed);
        var (a, b, middle) = (1 + first, 1 + second, source.After(default, 1 + first));
        return Starts(source, default, a + b).SequenceEqual(Starts(source, default, a).Concat(Starts(source, middle, b)))
            && source.After(default, a + b) == source.After(middle, b);
    }

    [Fact]
    public void Shuffled_epochs_differ()
    {
        var windows = Make(1000, 4);
        var starts = Starts(Training(windows, WindowOrder.Shuffled, 1), default, 2 * (int)windows.InOrder);
        Assert.NotEqual(starts.Take((int)windows.InOrder), starts.Skip((int)windows.InOrder));
    }

    [Fact]
    public void A_place_of_another_stream_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Make(100, 10).Advance(new(0, 9), 1));

    [Property]
    public bool Split_cuts_at_the_floor(ushort length, byte percent)
    {
        var stream = Count(length);
        var (train, validation) = stream.Split(percent % 101 / 100.0);
        return train.Length == (long)Math.Floor(percent % 101 / 100.0 * length)
            && All(train).Concat(All(validation)).SequenceEqual(All(stream));
    }

    static int[] All(TokenStream stream)
    {
        var into = new int[stream.Length];
        stream.CopyTo(0, into);
        return into;
    }

    [Property]
    public bool Narrow_and_wide_streams_agree(ushort[] ids, byte start, byte length)
    {
        var (narrow, wide) = (TokenStream.Of(ids), TokenStream.Of(Array.ConvertAll(ids, id => (int)id)));
        if (start + length > ids.Length)
            return Throws(() => narrow.Slice(start, length)) && Throws(() => wide.CopyTo(start, new int[length]));
        return All(narrow.Slice(start, length)).SequenceEqual(All(wide.Slice(start, length)))
            && All(narrow.Slice(start, length)).SequenceEqual(ids.Skip(start).Take(length).Select(id => (int)id));
    }

    static bool Throws(Action act)
    {
        try { act(); return false; }
        catch (ArgumentOutOfRangeException) { return true; }
    }
}
