using System.Buffers;
using System.Collections.Concurrent;
using Functional.Base;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Files;

/// <summary>
/// Encodes a text that streams by on several cores: it is cut where its parts may be encoded apart (<see cref="Tokenizer.Border"/>), so that how many cores there are changes
/// no token. A text without such places is encoded by one. Memory holds as many parts as there are cores, and two. Used by one owner.
/// </summary>
/// <param name="tokenizer">Encodes.</param>
/// <param name="cores">How many parts are encoded at a time, 1 or more.</param>
/// <param name="size">How long a part is, in UTF-16 code units; up to the last place to cut.</param>
/// <param name="from">Where another stood whose work is gone on with (<see cref="Point"/>); what is before is not given again.</param>
public sealed class ParallelEncoder(Tokenizer tokenizer, int cores, int size = ParallelEncoder.PartSize, StreamPoint from = default)
{
    const int PartSize = 1 << 18;
    readonly Queue<(Task<Validation<Fault, int[]>> Ids, long End)> running = new();
    readonly ConcurrentBag<TokenizerStream> idle = [];
    readonly ArrayBufferWriter<char> waiting = new();
    TokenizerStream? alone = cores > 1 && from.Before is null ? null : tokenizer.Stream(from);
    long position = from.Position, taken = from.Position;

    /// <summary>How far the tokens reach that were given.</summary>
    public StreamPoint Point => alone?.Point ?? new(taken);

    /// <summary>The tokens that are ready, in the text's order, or the faults of its first part that has some, after which this is of no use.</summary>
    /// <param name="piece">Some text; never half a surrogate pair.</param>
    public Validation<Fault, List<int[]>> Push(ReadOnlySpan<char> piece)
    {
        if (alone is not null) return alone.Push(piece).Map(static ids => new List<int[]> { ids });
        waiting.Write(piece);
        return waiting.WrittenCount < size ? Success<Fault, List<int[]>>([])
            : tokenizer.Border(waiting.WrittenSpan, waiting.WrittenCount - 1) is > 0 and var border ? Begin(border) : GoOnAlone();
    }

    /// <summary>The tokens of all that is left.</summary>
    public Validation<Fault, List<int[]>> Finish()
    {
        if (alone is not null) return alone.Finish().Map(static ids => new List<int[]> { ids });
        Start(waiting.WrittenCount);
        return Take(running.Count, []);
    }

    Validation<Fault, List<int[]>> Begin(int border)
    {
        Start(border);
        return Take(Math.Max(0, running.Count - cores), []);
    }

    void Start(int length)
    {
        var (part, at) = (waiting.WrittenSpan[..length].ToArray(), position);
        var rest = waiting.WrittenSpan[length..].ToArray();
        waiting.Clear();
        waiting.Write(rest);
        position += length;
        running.Enqueue((Task.Run(() =>
        {
            if (!idle.TryTake(out var stream)) stream = tokenizer.Stream();
            var ids = stream.Between(part, at);
            idle.Add(stream);
            return ids;
        }), position));
    }

    // What is begun is finished first, so that tokens are in order.
    Validation<Fault, List<int[]>> GoOnAlone() => Take(running.Count, []).Bind(ready =>
    {
        alone = tokenizer.Stream(position: position);
        return alone.Push(waiting.WrittenSpan).Map(ids =>
        {
            waiting.Clear();
            ready.Add(ids);
            return ready;
        });
    });

    Validation<Fault, List<int[]>> Take(int count, List<int[]> into)
    {
        if (count == 0) return Success<Fault, List<int[]>>(into);
        var (part, end) = running.Dequeue();
        return part.GetAwaiter().GetResult().Bind(ids =>
        {
            into.Add(ids);
            taken = end;
            return Take(count - 1, into);
        });
    }

    /// <summary>The tokens of a text with their places, as <see cref="Tokenizer.Tokens"/> gives them.</summary>
    /// <param name="tokenizer">Encodes.</param>
    /// <param name="text">The text.</param>
    /// <param name="special">What becomes of special tokens in it.</param>
    /// <param name="cores">How many parts are encoded at a time, 1 or more.</param>
    /// <param name="size">How long a part is at most, in UTF-16 code units.</param>
    public static Validation<Fault, Vec<Token>> Tokens(Tokenizer tokenizer, string text, SpecialTokens special, int cores, int size = PartSize)
    {
        var cuts = Cuts(tokenizer, text, cores > 1 ? size : int.MaxValue);
        var parts = new Validation<Fault, Vec<Token>>[cuts.Count - 1];
        Parallel.For(0, parts.Length, new() { MaxDegreeOfParallelism = cores }, i => parts[i] = tokenizer.Part(text, cuts[i], cuts[i + 1], special));
        var (all, characters) = (new List<Token>(), 0);
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i].IsFail) return parts[i];
            foreach (var token in parts[i].IfFail([])) all.Add(token with { Start = characters + token.Start, End = characters + token.End });
            for (var at = cuts[i]; at < cuts[i + 1]; at++) characters += char.IsLowSurrogate(text[at]) ? 0 : 1;
        }
        return Success<Fault, Vec<Token>>(all.ToVec());
    }

    static List<int> Cuts(Tokenizer tokenizer, string text, int size)
    {
        var cuts = new List<int> { 0 };
        while (text.Length - cuts[^1] > size && tokenizer.Border(text.AsSpan(cuts[^1]), size) is > 0 and var border) cuts.Add(cuts[^1] + border);
        cuts.Add(text.Length);
        return cuts;
    }
}
