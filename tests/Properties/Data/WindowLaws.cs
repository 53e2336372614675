using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Data;

public class WindowLaws
{
    static Windows Make(long length, int context) => Windows.Of(length, context).IfFail(f => throw new InvalidOperationException(f.Lines()));
    static TokenStream Count(int length) => TokenStream.Of(Enumerable.Range(0, length).ToArray());

    static (Windows Windows, int Context) Any(byte context, ushort extra) => (Make(2 + context + extra % 500, context + 1), context + 1);

    [Property]
    public bool Too_short_says_what_is_needed(byte length, byte context) => Windows.Of(length, context, "validation data").Match(
        w => context > 0 && length > context && w.Starts >= 1 && w.InOrder >= 1,
        f => context == 0 ? f.Lines() == "context: is 0; allowed: 1 or more"
            : length <= context && f.Lines() == $"validation data: has {length} tokens, too few for one window; needed: {context + 1} or more, the context of {context} and one to predict");

    [Property]
    public bool Labels_are_the_next_tokens(byte context, ushort extra, ulong seed, int step, byte rows)
    {
        var (windows, c) = Any(context, extra);
        var batch = Batch.Read(Count((int)windows.Length), windows.Random(Key.Seed(seed), step, rows).Span, c);
        return batch.Inputs.Length == rows * c && batch.Inputs.Zip(batch.Labels).All(p => p.Item2 == p.Item1 + 1)
            && Enumerable.Range(0, rows).All(r => batch.Inputs[r * c] == windows.Start(Key.Seed(seed), step, r)
                && Enumerable.Range(0, c).All(i => batch.Inputs[r * c + i] == batch.Inputs[r * c] + i));
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
        var seen = Enumerable.Range(0, 100).SelectMany(step => windows.Random(Key.Seed(seed), step, 10)).ToHashSet();
        return seen.SetEquals(Enumerable.Range(0, (int)windows.Starts).Select(i => (long)i));
    }

    [Property]
    public bool An_epoch_takes_each_window_once(byte context, ushort extra, byte rows, bool shuffled, ulong seed)
    {
        var (windows, c) = Any((byte)(context % 16), extra);
        Key? shuffle = shuffled ? Key.Seed(seed) : null;
        var (starts, cursor, perBatch) = (new List<long>(), Cursor.Start, 1 + rows % 7);
        while (starts.Count < 3 * windows.InOrder)
        {
            (var more, cursor) = windows.Next(cursor, perBatch, shuffle);
            if (more.Count != perBatch) return false;
            starts.AddRange(more);
        }
        var all = Enumerable.Range(0, (int)windows.InOrder).Select(i => (long)i * c).ToArray();
        return starts.Chunk(all.Length).Take(3).All(epoch => epoch.Order().SequenceEqual(all) && (shuffled || epoch.SequenceEqual(all)))
            && cursor == new Cursor(starts.Count / all.Length, starts.Count % all.Length);
    }

    [Property]
    public bool In_order_every_label_is_predicted_once(byte context, ushort extra)
    {
        var (windows, c) = Any((byte)(context % 16), extra);
        var (starts, _) = windows.Next(Cursor.Start, (int)windows.InOrder);
        var labels = Batch.Read(Count((int)windows.Length), starts.Span, c).Labels;
        return labels.SequenceEqual(Enumerable.Range(1, labels.Length)) && windows.Length - 1 - labels.Length < c;
    }

    [Property]
    public bool Resumed_goes_on_as_unbroken(byte context, ushort extra, byte first, byte second, bool shuffled, ulong seed)
    {
        var (windows, _) = Any((byte)(context % 16), extra);
        Key? shuffle = shuffled ? Key.Seed(seed) : null;
        var (whole, end) = windows.Next(Cursor.Start, first + second, shuffle);
        var (a, middle) = windows.Next(Cursor.Start, first, shuffle);
        var (b, last) = windows.Next(middle, second, shuffle);
        return whole == a.Concat(b).ToVec() && end == last;
    }

    [Fact]
    public void Shuffled_epochs_differ()
    {
        var windows = Make(1000, 4);
        var (starts, _) = windows.Next(Cursor.Start, 2 * (int)windows.InOrder, Key.Seed(1));
        Assert.NotEqual(starts.Take((int)windows.InOrder), starts.Skip((int)windows.InOrder));
    }

    [Fact]
    public void A_cursor_of_another_stream_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Make(100, 10).Next(new(0, 9), 1));

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
