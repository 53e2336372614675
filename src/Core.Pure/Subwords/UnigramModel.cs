using System.Text;

namespace Functional.Subwords;

/// <summary>
/// Unigram language model (Kudo 2018): of all ways to cut a piece into tokens, the one whose log-probabilities sum up highest, found by Viterbi's algorithm.
/// A character without a token is unknown, and less likely than any token by ten.
/// </summary>
sealed class UnigramModel : SubwordModel
{
    const double UnknownPenalty = 10;
    readonly double[] scores;
    readonly int unknown;
    readonly int[] byteIds;
    readonly double unknownScore;
    readonly int longest;

    /// <param name="tokens">The tokens.</param>
    /// <param name="scores">The log-probability of each.</param>
    /// <param name="rules">What is unknown.</param>
    /// <param name="byteIds">The tokens of bytes, into which an unknown character falls apart; -1 for none.</param>
    public UnigramModel(TokenTable tokens, double[] scores, BpeRules rules, int[] byteIds) : base(tokens)
    {
        (this.scores, unknown, this.byteIds) = (scores, rules.Unknown, byteIds);
        unknownScore = scores.Where((_, id) => !tokens[id].IsEmpty).DefaultIfEmpty(0).Min() - UnknownPenalty;
        for (var id = 0; id < tokens.Count; id++) longest = Math.Max(longest, tokens[id].Length);
    }

    public override bool IsByBytes => false;

    protected override bool FusesUnknown => true;

    public override int Encode(ReadOnlySpan<byte> piece, IdBuffer ids, IdBuffer? lengths)
    {
        var best = new (double Score, int From, int Id)[piece.Length + 1];
        best.AsSpan(1).Fill((double.NegativeInfinity, -1, -1));
        for (int at = 0, used; at < piece.Length; at += used)
        {
            Rune.DecodeFromUtf8(piece[at..], out _, out used);
            var single = false;
            for (var end = at + used; end <= piece.Length && end - at <= longest; end += Width(piece, end))
            {
                if (Tokens.Find(piece[at..end]) is not (>= 0 and var id)) continue;
                Offer(best, at, end, scores[id], id);
                single |= end == at + used;
            }
            if (!single) Offer(best, at, at + used, unknownScore, -1);
        }
        var steps = new Stack<(int From, int To, int Id)>();
        for (var end = piece.Length; end > 0; end = best[end].From) steps.Push((best[end].From, end, best[end].Id));
        while (steps.TryPop(out var step))
        {
            if (step.Id >= 0) { ids.Add(step.Id); lengths?.Add(step.To - step.From); continue; }
            // Unknown characters side by side are one.
            while (steps.TryPeek(out var next) && next.Id < 0) step.To = steps.Pop().To;
            if (!Unknown(piece[step.From..step.To], ids, lengths)) return step.From;
        }
        return -1;
    }

    static int Width(ReadOnlySpan<byte> piece, int at)
    {
        if (at >= piece.Length) return 1;
        Rune.DecodeFromUtf8(piece[at..], out _, out var used);
        return used;
    }

    static void Offer((double Score, int From, int Id)[] best, int from, int to, double score, int id)
    {
        if (best[from].Score + score is var sum && (best[to].From < 0 || sum > best[to].Score)) best[to] = (sum, from, id);
    }

    bool Unknown(ReadOnlySpan<byte> text, IdBuffer ids, IdBuffer? lengths)
    {
        var all = true;
        foreach (var b in text) all &= byteIds[b] >= 0;
        if (!all && unknown < 0) return false;
        if (!all)
        {
            ids.Add(unknown);
            lengths?.Add(text.Length);
            return true;
        }
        for (var i = 0; i < text.Length; i++)
        {
            ids.Add(byteIds[text[i]]);
            lengths?.Add(i == 0 ? text.Length : SameAgain);
        }
        return true;
    }
}
