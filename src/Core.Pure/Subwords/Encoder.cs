using System.Text;
using Functional.Base;
using Functional.Text;
using Functional.Unicode;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Subwords;

/// <summary>
/// Encodes one text, in one piece or several: finds added tokens, makes the text even, cuts it into pieces and asks the model for the tokens of each. Words
/// that were seen are remembered, up to a bound. Used by one owner.
/// </summary>
sealed class Encoder
{
    const int MostWords = 1 << 16, MostLetters = 1 << 21, LongestWord = 256, FaultsShown = 8;
    readonly SubwordPipeline pipeline;
    readonly SpecialTokens special;
    readonly WordTable words = new();
    readonly IdBuffer wordEnds = new(), wordIds = new();
    readonly IdBuffer? lengths;
    readonly Func<Piece, int>[] next;
    readonly List<(int At, int Count)> marks = [];
    readonly List<Fault> faults = [];
    byte[] utf8 = new byte[1024];
    int markLevel = -1;
    bool begins = true;
    // 0 in front of the text's first character and 1 behind it: only there places in what is given begin with 0.
    int shift;
    char before;
    long position;

    /// <param name="pipeline">What it does.</param>
    /// <param name="special">What becomes of special tokens in the text.</param>
    /// <param name="places">Whether the places of tokens are wanted.</param>
    /// <param name="position">Where the text begins in a longer one, for faults.</param>
    public Encoder(SubwordPipeline pipeline, SpecialTokens special, bool places, long position)
    {
        (this.pipeline, this.special, this.position) = (pipeline, special, position);
        if (places) (lengths, Places) = (new(), []);
        next = [.. Enumerable.Range(0, pipeline.Steps.Count + 1).Select(k => (Func<Piece, int>)(piece => Step(k, piece)))];
        if (!pipeline.IsPlain)
            markLevel = pipeline.Steps.TakeWhile(static s => !s.Splits).Count() is var first && first + 1 < pipeline.Steps.Count ? first + 1 : pipeline.Steps.Count;
    }

    /// <summary>The tokens so far.</summary>
    public IdBuffer Ids { get; } = new();

    /// <summary>Where each token comes from in the text that was given last, in UTF-16 code units; nothing where that is not wanted.</summary>
    public List<(int Start, int End)>? Places { get; }

    /// <summary>Begins another text, or goes on in one; words that were seen are still known.</summary>
    /// <param name="at">Where, in a longer text where it is a part of one.</param>
    public void Restart(StreamPoint at) => (begins, shift, before, position) = (!at.GoesOn, at.Before is null ? 0 : 1, at.Before ?? '\0', at.Position);

    /// <summary>Where it stands.</summary>
    public StreamPoint Point => new(position, shift == 0 ? null : before, !begins);

    /// <summary>The tokens of some text, as far as what follows it cannot change them; the rest belongs before what is given next.</summary>
    /// <param name="text">The rest of before, and more.</param>
    /// <param name="ends">Whether nothing follows.</param>
    /// <returns>How much of the text was used; all of it where it ends.</returns>
    public Validation<Fault, int> Feed(ReadOnlySpan<char> text, bool ends)
    {
        try
        {
            return Fed(text, ends);
        }
        catch (PatternLimitException e)
        {
            return e.Fault.As<int>();
        }
    }

    Validation<Fault, int> Fed(ReadOnlySpan<char> text, bool ends)
    {
        if (Characters.Half(text, position) is { } half) return half.As<int>();
        var at = 0;
        while (at < text.Length)
        {
            var (token, start, end) = pipeline.Raw(special).Find(text, at, before, ends);
            if (token is null)
            {
                at += Even(text[at..start], at + shift, ends && start == text.Length);
                break;
            }
            Even(text[at..start], at + shift, true);
            if (token.Special && special == SpecialTokens.Refuse) Refuse(token, start);
            Add(token.Id, start, end);
            begins = true;
            at = end;
        }
        if (ends) begins = true;
        if (at > 0) (before, shift) = (text[at - 1], 1);
        position += at;
        return faults.Count == 0 ? Success<Fault, int>(at) : Validation<Fault, int>.Fail(faults.ToSeq().Strict());
    }

    void Refuse(AddedToken token, int at)
    {
        if (faults.Count < FaultsShown) faults.Add(token.Refused(position + at));
    }

    void Add(int id, int start, int end)
    {
        Ids.Add(id);
        Places?.Add((start, end));
    }

    // A text between added tokens. Gives back how much of it was used.
    int Even(ReadOnlySpan<char> text, int offset, bool ends)
    {
        if (text.IsEmpty) return 0;
        var shaped = Shaped.Of(text, offset);
        if (pipeline.IsPlain)
        {
            var used = Step(0, new(shaped, 0, shaped.Text.Length, begins, ends));
            begins = ends || (begins && used == 0);
            return used;
        }
        marks.Clear();
        isPart = !ends;
        var limit = ends ? text.Length : pipeline.LastCut(text);
        if (limit == 0) return 0;
        if (limit < text.Length) shaped = Shaped.Of(text[..limit], offset);
        var even = pipeline.Normalizer?.Apply(shaped, begins, ends) ?? shaped;
        Find(even, ends);
        if (ends)
        {
            begins = true;
            return text.Length;
        }
        // What was encoded holds up to the last piece behind which the text may be cut.
        for (var i = marks.Count - 1; i >= 0; i--)
            if (marks[i].At - offset is var cut && pipeline.MayCut(text, cut))
            {
                Forget(marks[i].Count);
                begins = false;
                return cut;
            }
        Forget(countBefore);
        return 0;
    }

    int countBefore;

    // Whether the text goes on, so that it matters where what was encoded may end.
    bool isPart;

    void Forget(int count)
    {
        Ids.Cut(count);
        if (Places is not null) Places.RemoveRange(count, Places.Count - count);
    }

    // Added tokens that are found in text that was made even.
    void Find(Shaped even, bool ends)
    {
        countBefore = Ids.Count;
        var found = pipeline.Even(special);
        var starts = begins;
        for (var at = 0; at < even.Text.Length;)
        {
            var (token, start, end) = found.Find(even.Text, at, '\0', ends);
            if (start > at) Step(0, new(even, at, start, starts, token is not null || ends));
            if (token is null) return;
            if (token.Special && special == SpecialTokens.Refuse) Refuse(token, even.From(start) - shift);
            Add(token.Id, even.From(start), even.To(end - 1));
            Mark(even, end);
            starts = true;
            at = end;
        }
    }

    void Mark(Shaped text, int end)
    {
        if (end == text.Text.Length) marks.Add((text.To(end - 1), Ids.Count));
        else if (text.From(end) >= text.To(end - 1)) marks.Add((text.From(end), Ids.Count));
    }

    int Step(int k, Piece piece)
    {
        int used;
        if (k == pipeline.Steps.Count) used = Model(piece);
        else if (pipeline.Steps[k] is SplitterStep step && k + 1 == pipeline.Steps.Count) used = Words(step.Splitter, piece);
        else used = pipeline.Steps[k].Cut(piece, next[k + 1], pipeline.MayGoOn(k));
        if (isPart && k == markLevel && piece.Ends) Mark(piece.Text, piece.End);
        return used;
    }

    // The most frequent way, without a call by reference for each word.
    int Words(Splitter splitter, Piece piece)
    {
        var text = piece.Text.Text.AsSpan(0, piece.End);
        for (var at = piece.Start; at < piece.End;)
        {
            var end = splitter.End(text, at, out var open);
            if (open && !piece.Ends) return at;
            Word(piece.Text, at, end);
            if (isPart && markLevel >= 0) Mark(piece.Text, end);
            at = end;
        }
        return piece.End;
    }

    int Model(Piece piece)
    {
        var text = piece.Text.Text.AsSpan(0, piece.End);
        var at = piece.Start;
        while (at < piece.End)
        {
            var end = pipeline.Model.NextBorder(text, at);
            if (end < 0 && !piece.Ends) break;
            Word(piece.Text, at, end < 0 ? piece.End : end);
            if (isPart && markLevel == pipeline.Steps.Count && end >= 0) Mark(piece.Text, end);
            at = end < 0 ? piece.End : end;
        }
        return at;
    }

    void Word(Shaped text, int start, int end)
    {
        var word = text.Text.AsSpan(start, end - start);
        if (lengths is not null) { Place(text, start, end); return; }
        if (word.Length > LongestWord) { Ask(word, text, start, Ids); return; }
        var known = words.Count;
        var index = words.Add(word);
        if (index == known)
        {
            if (known >= MostWords || words.Letters >= MostLetters)
            {
                words.Clear();
                wordEnds.Cut(0);
                wordIds.Cut(0);
                index = words.Add(word);
            }
            Ask(word, text, start, wordIds);
            wordEnds.Add(wordIds.Count);
        }
        var from = index == 0 ? 0 : wordEnds[index - 1];
        Ids.Add(wordIds.Span[from..wordEnds[index]]);
    }

    void Ask(ReadOnlySpan<char> word, Shaped text, int start, IdBuffer into)
    {
        if (Encoding.UTF8.GetMaxByteCount(word.Length) > utf8.Length) utf8 = new byte[Encoding.UTF8.GetMaxByteCount(word.Length)];
        var size = Encoding.UTF8.GetBytes(word, utf8);
        if (pipeline.Model.Encode(utf8.AsSpan(0, size), into, lengths) is not (>= 0 and var wrong) || faults.Count >= FaultsShown) return;
        var before = Encoding.UTF8.GetCharCount(utf8.AsSpan(0, wrong));
        Rune.DecodeFromUtf16(word[Math.Min(before, word.Length - 1)..], out var rune, out _);
        faults.Add(new($"position {position + text.From(start + before) - shift}", $"{Characters.Quote(rune)} ({Characters.CodePoint(rune.Value)}) is not in the vocabulary",
            "allowed: text of the tokenizer's own characters; it has no unknown token"));
    }

    // A token of some of a character's bytes is where the whole character is.
    void Place(Shaped text, int start, int end)
    {
        lengths!.Cut(0);
        Ask(text.Text.AsSpan(start, end - start), text, start, Ids);
        var (at, used, done) = (start, 0, 0);
        foreach (var length in lengths.Span)
        {
            if (length == SubwordModel.SameAgain)
            {
                Places!.Add(Places[^1]);
                continue;
            }
            var (first, last) = (-1, at);
            done += length;
            while (used < done || first < 0)
            {
                Rune.DecodeFromUtf16(text.Text.AsSpan(at, end - at), out var rune, out var units);
                if (first < 0) first = at;
                last = at + units;
                if (used + rune.Utf8SequenceLength > done) break;
                used += rune.Utf8SequenceLength;
                at = last;
            }
            Places!.Add((text.From(first), text.To(last - 1)));
        }
    }
}
