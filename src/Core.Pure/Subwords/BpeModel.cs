using System.Text;
using Functional.Base;

namespace Functional.Subwords;

/// <summary>How a byte-pair encoding treats what merges alone do not say.</summary>
/// <param name="ByBytes">Whether a piece begins as its bytes, or as its characters.</param>
/// <param name="IgnoreMerges">Whether a piece that is a token as a whole is that token, whatever merges say.</param>
/// <param name="Unknown">The id for characters that there is no token for; -1 for none.</param>
/// <param name="FuseUnknown">Whether unknown characters side by side are one unknown token.</param>
/// <param name="ByteFallback">Whether such a character becomes its bytes, <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>.</param>
sealed record BpeRules(bool ByBytes, bool IgnoreMerges, int Unknown = -1, bool FuseUnknown = false, bool ByteFallback = false);

/// <summary>Byte-pair encoding by merge ranks (Sennrich et al. 2016): again and again the pair that was learned first merges, of equal ones the leftmost.</summary>
sealed class BpeModel : SubwordModel
{
    const int Short = 96;
    readonly BpeRules rules;
    readonly MergeTable merges;
    readonly int[] byteIds;

    /// <param name="tokens">The tokens.</param>
    /// <param name="merges">Its merges, by rank.</param>
    /// <param name="rules">The rest.</param>
    /// <param name="fallback">The tokens of bytes, into which a character without a token falls apart; -1 for none.</param>
    public BpeModel(TokenTable tokens, Vec<Merge> merges, BpeRules rules, int[] fallback) : base(tokens)
    {
        this.rules = rules;
        this.merges = new(merges);
        byteIds = rules.ByBytes ? [.. Enumerable.Range(0, 256).Select(b => tokens.Find([(byte)b]))] : [.. fallback];
        if (rules.ByteFallback && byteIds.Contains(-1)) byteIds.AsSpan().Fill(-1);
    }

    /// <summary>What the token of a byte is called that stands for a part of a character without a token.</summary>
    public static string FallbackName(int value) => $"<0x{value:X2}>";

    public override bool IsByBytes => rules.ByBytes;

    protected override bool FusesUnknown => rules.FuseUnknown && rules.Unknown >= 0;

    public override int Encode(ReadOnlySpan<byte> piece, IdBuffer ids, IdBuffer? lengths)
    {
        if (rules.IgnoreMerges && Tokens.Find(piece) is >= 0 and var whole)
        {
            ids.Add(whole);
            lengths?.Add(piece.Length);
            return -1;
        }
        if (piece.Length > Short) return Begin(piece, new int[piece.Length], new int[piece.Length], ids, lengths);
        Span<int> row = stackalloc int[Short], sizes = stackalloc int[Short];
        return Begin(piece, row, sizes, ids, lengths);
    }

    int Begin(ReadOnlySpan<byte> piece, Span<int> row, Span<int> sizes, IdBuffer ids, IdBuffer? lengths)
    {
        var count = 0;
        for (var at = 0; at < piece.Length;)
        {
            if (rules.ByBytes)
            {
                if (byteIds[piece[at]] is not (>= 0 and var id)) return at;
                (row[count], sizes[count++]) = (id, 1);
                at++;
                continue;
            }
            Rune.DecodeFromUtf8(piece[at..], out _, out var used);
            var known = Tokens.Find(piece.Slice(at, used));
            if (known < 0 && byteIds[piece[at]] >= 0)
            {
                for (var i = 0; i < used; i++) (row[count], sizes[count++]) = (byteIds[piece[at + i]], 1);
                at += used;
                continue;
            }
            if (known < 0 && rules.Unknown < 0) return at;
            var isFused = known < 0 && rules.FuseUnknown && count > 0 && row[count - 1] == rules.Unknown;
            if (isFused) sizes[count - 1] += used;
            else (row[count], sizes[count++]) = (known < 0 ? rules.Unknown : known, used);
            at += used;
        }
        count = count <= Short ? MergeShort(row[..count], sizes) : MergeLong(row[..count], sizes);
        ids.Add(row[..count]);
        lengths?.Add(sizes[..count]);
        return -1;
    }

    // Looks through all pairs for each merge: for a word's few tokens nothing is quicker.
    int MergeShort(Span<int> row, Span<int> sizes)
    {
        Span<int> ranks = stackalloc int[Short], made = stackalloc int[Short];
        var count = row.Length;
        for (var i = 0; i + 1 < count; i++) ranks[i] = merges.Rank(row[i], row[i + 1], out made[i]);
        while (count > 1)
        {
            var (best, at) = (MergeTable.Never, -1);
            for (var i = 0; i + 1 < count; i++)
                if (ranks[i] < best) (best, at) = (ranks[i], i);
            if (at < 0) break;
            row[at] = made[at];
            sizes[at] += sizes[at + 1];
            row[(at + 2)..count].CopyTo(row[(at + 1)..]);
            sizes[(at + 2)..count].CopyTo(sizes[(at + 1)..]);
            if (at + 2 < count)
            {
                ranks[(at + 2)..(count - 1)].CopyTo(ranks[(at + 1)..]);
                made[(at + 2)..(count - 1)].CopyTo(made[(at + 1)..]);
            }
            count--;
            if (at > 0) ranks[at - 1] = merges.Rank(row[at - 1], row[at], out made[at - 1]);
            if (at + 1 < count) ranks[at] = merges.Rank(row[at], row[at + 1], out made[at]);
        }
        return count;
    }

    // Pairs on a heap, tokens in a chain.
    int MergeLong(Span<int> row, Span<int> sizes)
    {
        var queue = new PriorityQueue<(int At, int Left, int Right, int Made), (int, int)>();
        int[] before = new int[row.Length], after = new int[row.Length];
        for (var i = 0; i < row.Length; i++) (before[i], after[i]) = (i - 1, i + 1);
        for (var i = 0; i + 1 < row.Length; i++) Push(row, i, i + 1);
        while (queue.TryDequeue(out var pair, out _))
        {
            var (at, next) = (pair.At, sizes[pair.At] == 0 ? row.Length : after[pair.At]);
            if (next >= row.Length || row[at] != pair.Left || row[next] != pair.Right) continue;
            row[at] = pair.Made;
            sizes[at] += sizes[next];
            sizes[next] = 0;
            after[at] = after[next];
            if (after[at] < row.Length) before[after[at]] = at;
            if (before[at] >= 0) Push(row, before[at], at);
            if (after[at] < row.Length) Push(row, at, after[at]);
        }
        var count = 0;
        for (var i = 0; i < row.Length; i = after[i]) (row[count], sizes[count++]) = (row[i], sizes[i]);
        return count;

        void Push(ReadOnlySpan<int> all, int left, int right)
        {
            if (merges.Rank(all[left], all[right], out var made) is < MergeTable.Never and var rank)
                queue.Enqueue((left, all[left], all[right], made), (rank, left));
        }
    }
}
