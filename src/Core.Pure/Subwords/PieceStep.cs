using Functional.Unicode;

namespace Functional.Subwords;

/// <summary>What becomes of the places where a pattern matches.</summary>
enum SplitBehavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous }

/// <summary>A part of a text that is to become tokens.</summary>
/// <param name="Text">The text.</param>
/// <param name="Start">Where the part begins.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Begins">Whether something begins here, rather than goes on.</param>
/// <param name="Ends">Whether it ends here, rather than goes on.</param>
readonly record struct Piece(Shaped Text, int Start, int End, bool Begins, bool Ends)
{
    public ReadOnlySpan<char> Span => Text.Text.AsSpan(Start, End - Start);

    /// <summary>A part of it that is a whole of its own.</summary>
    public Piece Part(int start, int end) => new(Text, start, end, true, true);
}

/// <summary>One step of cutting text into pieces; those go to the next step.</summary>
abstract class PieceStep
{
    /// <summary>Cuts a piece. One that goes on is cut as far as what follows cannot change that.</summary>
    /// <param name="piece">What is to be cut.</param>
    /// <param name="next">Takes each part, and gives back up to where it could use it.</param>
    /// <param name="mayGoOn">Whether a part that goes on may be handed to the next steps.</param>
    /// <returns>Up to where the piece was used; all of it where it ends. Of a step that changes text, its beginning where not all of it was.</returns>
    public abstract int Cut(Piece piece, Func<Piece, int> next, bool mayGoOn);

    /// <summary>Whether it treats what begins otherwise than what goes on.</summary>
    public virtual bool AsksForBeginnings => false;

    /// <summary>Whether it cuts, rather than changes the text.</summary>
    public virtual bool Splits => true;
}

sealed class SplitterStep(Splitter splitter) : PieceStep
{
    public Splitter Splitter => splitter;

    public override int Cut(Piece piece, Func<Piece, int> next, bool mayGoOn)
    {
        var text = piece.Text.Text.AsSpan(0, piece.End);
        for (var at = piece.Start; at < piece.End;)
        {
            var end = splitter.End(text, at, out var open);
            if (open && !piece.Ends) return at;
            next(piece.Part(at, end));
            at = end;
        }
        return piece.End;
    }
}

/// <summary>Cuts where a pattern matches.</summary>
sealed class PatternStepOf(Pattern pattern, SplitBehavior behavior, bool invert) : PieceStep
{
    public override int Cut(Piece piece, Func<Piece, int> next, bool mayGoOn)
    {
        if (!piece.Ends && !pattern.IsLocal) return piece.Start;
        var text = piece.Span;
        var finder = pattern.Matcher(oneText: true);
        var parts = new List<(int Start, int End, bool Match)>();
        var (at, rest) = (0, -1);
        while (at < text.Length)
        {
            var (start, end) = finder.Find(text, at, out var sure);
            if (!piece.Ends && (start < 0 || sure < end)) { rest = sure; break; }
            if (start < 0) (start, end) = (text.Length, text.Length);
            if (start > at) parts.Add((at, start, invert));
            if (end > start) parts.Add((start, end, !invert));
            at = end;
        }
        var whole = Folded(parts);
        // The last part may yet grow, where neighbours are put together.
        var simple = behavior is SplitBehavior.Isolated or SplitBehavior.Removed;
        if (!piece.Ends && !simple && whole.Count > 0)
        {
            at = whole[^1].Start;
            whole.RemoveAt(whole.Count - 1);
        }
        foreach (var (start, end, _) in whole) next(piece.Part(piece.Start + start, piece.Start + end));
        if (piece.Ends) return piece.End;
        return rest > at && simple && mayGoOn && !(behavior == SplitBehavior.Removed && invert)
            ? next(new(piece.Text, piece.Start + at, piece.Start + rest, true, false)) : piece.Start + at;
    }

    List<(int Start, int End, bool Match)> Folded(List<(int Start, int End, bool Match)> parts)
    {
        if (behavior == SplitBehavior.Isolated) return parts;
        if (behavior == SplitBehavior.Removed) return [.. parts.Where(static p => !p.Match)];
        var all = new List<(int Start, int End, bool Match)>();
        var last = false;
        var backwards = behavior == SplitBehavior.MergedWithNext;
        foreach (var part in backwards ? parts.AsEnumerable().Reverse() : parts)
        {
            var joins = all.Count > 0 && (behavior == SplitBehavior.Contiguous ? part.Match == last : part.Match && !last);
            if (!joins) all.Add(part);
            else if (backwards) all[^1] = all[^1] with { Start = part.Start };
            else all[^1] = all[^1] with { End = part.End };
            last = part.Match;
        }
        if (backwards) all.Reverse();
        return all;
    }
}

/// <summary>Puts a prefix before what begins without it.</summary>
/// <param name="prefix">What is put there.</param>
/// <param name="firstOnly">Whether only before the text's very beginning.</param>
sealed class PrefixStep(string prefix, bool firstOnly) : PieceStep
{
    public override bool AsksForBeginnings => true;

    public override bool Splits => false;

    public override int Cut(Piece piece, Func<Piece, int> next, bool mayGoOn)
    {
        if (!piece.Begins || piece.Start == piece.End || piece.Span.StartsWith(prefix, StringComparison.Ordinal)
            || (firstOnly && piece.Text.From(piece.Start) != 0))
            return next(piece);
        var alone = new Shaped.Builder(piece.Text).Keep(piece.Start, piece.End).Build();
        var longer = PrependNormalizer.Prefixed(alone, prefix);
        return next(new(longer, 0, longer.Text.Length, true, piece.Ends)) == longer.Text.Length ? piece.End : piece.Start;
    }
}

/// <summary>One text in place of another, character by character.</summary>
sealed class ReplaceStep(char what, string by) : PieceStep
{
    public override bool Splits => false;

    public override int Cut(Piece piece, Func<Piece, int> next, bool mayGoOn)
    {
        if (!piece.Span.Contains(what)) return next(piece);
        var built = new Shaped.Builder(piece.Text);
        for (var at = piece.Start; at < piece.End; at++)
        {
            if (piece.Text.Text[at] == what) built.Put(by, at, at + 1);
            else built.Keep(at, at + 1);
        }
        var text = built.Build();
        return next(new(text, 0, text.Text.Length, piece.Begins, piece.Ends)) == text.Text.Length ? piece.End : piece.Start;
    }
}
