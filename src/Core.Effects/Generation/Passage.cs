using System.Runtime.InteropServices;
using System.Text;
using Functional.Base;
using Functional.Text;

namespace Functional.Generation;

/// <summary>A text that is written to a <see cref="Request"/>: its tokens so far, which may come next, and what of its text nothing takes back.</summary>
sealed class Passage(int id, Request request, Tokenizer tokenizer)
{
    readonly List<int> tokens = [];
    readonly List<float> logProbs = [];
    readonly List<Vec<LikelyToken>> likely = [];
    readonly StopTexts stops = new(request.Stops);
    Utf8Stream stream = Utf8Stream.Start;
    int told, state = request.Constraint?.Start ?? 0;

    public int Id => id;

    public Request Request => request;

    /// <summary>How many tokens are written.</summary>
    public int Count => tokens.Count;

    public int Last => tokens[^1];

    public ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(tokens);

    /// <summary>The key of the token at a place.</summary>
    public Key KeyAt(int place) => request.Key.FoldIn(place);

    /// <summary>The next token by the request's rules. Changes the logits of tokens that may not come.</summary>
    public int Choose(Span<float> logits)
    {
        Restrict(logits, state, Count);
        return request.Rules.Next(logits, new(request.Prompt.Span, Tokens), KeyAt(Count));
    }

    /// <summary>The probabilities of what comes behind drafts by the request's rules; nothing where no text goes on there.</summary>
    /// <param name="logits">What follows them; those of tokens that may not come are changed.</param>
    /// <param name="drafts">Tokens behind those that are written.</param>
    public double[]? Probabilities(Span<float> logits, ReadOnlySpan<int> drafts)
    {
        var at = state;
        if (request.Constraint is { } constraint)
            foreach (var draft in drafts)
                if ((at = constraint.Next(at, draft)) < 0) return null;
        if (Count + drafts.Length >= request.Most || !Restrict(logits, at, Count + drafts.Length)) return null;
        int[] all = [.. Tokens, .. drafts];
        return request.Rules.Probabilities(logits, new(request.Prompt.Span, all));
    }

    /// <summary>Whether a token ends the text by itself, so that nothing can be behind it.</summary>
    public bool IsEnd(int token) => request.Ends.Contains(token);

    // Whether any token is left.
    bool Restrict(Span<float> logits, int at, int place)
    {
        if (request.Constraint is not { } constraint) return true;
        var mask = constraint.Mask(at, request.Most - place);
        var ends = constraint.Accepts(at) ? request.Ends.Span : [];
        mask.Apply(logits, ends);
        return mask.Count + ends.Length > 0;
    }

    /// <summary>A token that was chosen; the text, where it is over with it.</summary>
    /// <param name="token">The token.</param>
    /// <param name="logProb">How likely it was.</param>
    /// <param name="others">The likeliest at its place.</param>
    public Answer? Add(int token, float logProb, Vec<LikelyToken> others = default)
    {
        tokens.Add(token);
        logProbs.Add(logProb);
        likely.Add(others);
        if (IsEnd(token)) return Ended(AnswerEnd.Said);
        if (request.Constraint is { } constraint) state = constraint.Next(state, token);
        if (stops.Push(tokenizer.Bytes(token)) is { } stop) return Ended(AnswerEnd.Stopped, stop.At + (request.KeepsStop ? stop.Length : 0));
        if (request.IsOver(state, Count)) return Ended(AnswerEnd.Complete);
        return Count == request.Most ? Ended(AnswerEnd.Length) : null;
    }

    /// <summary>What of the text was not told and stays.</summary>
    public string Tell(Answer? whole)
    {
        var sure = whole is null ? stops.Sure : stops.Written[..length];
        (var text, stream) = stream.Push(sure[told..]);
        told = sure.Length;
        return whole is null ? text : text + stream.Flush();
    }

    /// <summary>The tokens that no piece had yet.</summary>
    public Vec<WrittenToken> Fresh()
    {
        Vec<WrittenToken> result = [.. Enumerable.Range(fresh, Count - fresh).Select(i => new WrittenToken(tokens[i], logProbs[i], likely[i]))];
        fresh = Count;
        return result;
    }

    int length, fresh;

    Answer Ended(AnswerEnd end, int? at = null)
    {
        length = at ?? stops.Written.Length;
        return new([.. tokens], [.. logProbs], Encoding.UTF8.GetString(stops.Written[..length]), end)
        {
            Likely = request.Likely > 0 ? [.. likely] : [], IsWhole = end is AnswerEnd.Said or AnswerEnd.Complete || (end == AnswerEnd.Length && request.Constraint is { } c && c.Accepts(state)),
        };
    }
}
