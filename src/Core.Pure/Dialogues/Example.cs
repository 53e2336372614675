using Functional.Base;

namespace Functional.Dialogues;

/// <summary>What had to be cut so that an example fits.</summary>
public enum Cut
{
    /// <summary>Nothing.</summary>
    None,
    /// <summary>The beginning of what stands before the last answer.</summary>
    Prompt,
    /// <summary>The end of the last answer, which is then not learned to end there, and most of what stands before it.</summary>
    Answer,
}

/// <summary>A conversation as tokens. It ends with its last token that is learned.</summary>
/// <param name="Ids">The tokens.</param>
/// <param name="Learns">Of each, whether it is a target.</param>
/// <param name="Kept">How many at the beginning are never cut: the token that texts begin with.</param>
public sealed record Example(Vec<int> Ids, Vec<bool> Learns, int Kept = 0)
{
    /// <summary>How many tokens are targets.</summary>
    public int Learned => Learns.Count(static l => l);

    /// <summary>Where the last answer begins: what stands from there on is learned to the end.</summary>
    public int LastAnswer
    {
        get
        {
            var at = Ids.Count;
            while (at > 0 && Learns[at - 1]) at--;
            return at;
        }
    }

    /// <summary>
    /// The example in so many tokens. Cut is the prompt from the left, behind what is never cut, and the last answer stays whole; only where it does not fit
    /// with one token before it is its end cut, and a quarter of the room is left to the prompt's end.
    /// </summary>
    /// <param name="most">The most tokens, 2 or more.</param>
    public (Example Example, Cut Cut) Within(int most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 2);
        return Ids.Count <= most ? (this, Cut.None) : Within(most, Ids.Count - LastAnswer);
    }

    /// <summary>
    /// Answers to the same prompt in so many tokens each, cut alike: what is left of the prompt is the same for all. Answers may then be equal that were not.
    /// </summary>
    /// <param name="answers">Each the prompt's tokens, none of which is learned, and an answer's.</param>
    /// <param name="most">The most tokens, 2 or more.</param>
    public static (Vec<Example> Answers, Cut Cut) Within(Vec<Example> answers, int most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 2);
        if (answers.All(a => a.Ids.Count <= most)) return (answers, Cut.None);
        var longest = answers.Max(static a => a.Ids.Count - a.LastAnswer);
        var all = answers.Map(a => a.Within(most, longest));
        return (all.Map(static a => a.Example), all.Max(static a => a.Cut));
    }

    (Example Example, Cut Cut) Within(int most, int answer)
    {
        var (at, kept) = (LastAnswer, Math.Min(Kept, most - 2));
        var whole = answer + kept < most;
        var before = Math.Min(at, whole ? most - answer : Math.Max(kept + 1, most / 4));
        kept = Math.Min(kept, before);
        int[] places = [.. Enumerable.Range(0, kept), .. Enumerable.Range(at - (before - kept), before - kept),
            .. Enumerable.Range(at, Math.Min(Ids.Count - at, most - before))];
        return (new([.. places.Select(i => Ids[i])], [.. places.Select(i => Learns[i])], kept), whole ? Cut.Prompt : Cut.Answer);
    }
}
