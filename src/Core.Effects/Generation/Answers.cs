using Functional.Base;
using Functional.Engines;
using Functional.Models;
using Functional.Sampling;
using Functional.Text;

namespace Functional.Generation;

/// <summary>Why an answer ends.</summary>
public enum AnswerEnd
{
    /// <summary>The model said the end.</summary>
    Said,
    /// <summary>It wrote one of the texts at which answers stop.</summary>
    Stopped,
    /// <summary>It was as long as it may be.</summary>
    Length,
    /// <summary>Nothing may follow by what it must look like.</summary>
    Complete,
}

/// <summary>What a model answered.</summary>
/// <param name="Tokens">All that it drew, with the token or text that ended it.</param>
/// <param name="LogProbs">The logarithm of the probability with which each was drawn.</param>
/// <param name="Text">The text of it, without what ended it.</param>
/// <param name="End">Why it ends.</param>
public sealed record Answer(Vec<int> Tokens, Vec<float> LogProbs, string Text, AnswerEnd End)
{
    double? sum;

    /// <summary>The likeliest tokens at the place of each, where they were asked for.</summary>
    public Vec<Vec<LikelyToken>> Likely { get; init; } = [];

    /// <summary>Whether it ends by itself: by a token that says so, or as what it must look like allows.</summary>
    public bool IsWhole { get; init; }

    /// <summary>Σ log p of its tokens, in nats; of a beam under its rules.</summary>
    public double LogProb
    {
        get => sum ?? LogProbs.Sum(static p => (double)p);
        init => sum = value;
    }
}

/// <summary>How answers are written.</summary>
/// <param name="Sampling">How tokens are drawn.</param>
/// <param name="Most">How many tokens an answer has at most, 1 or more.</param>
/// <param name="Ends">Tokens that end an answer.</param>
/// <param name="Stops">Texts that end an answer.</param>
public sealed record AnswerRules(SamplingConfig Sampling, int Most, Vec<int> Ends = default, Vec<string> Stops = default);

/// <summary>
/// Answers to many prompts, several at a time: where one ends, the next prompt takes its row (continuous batching). What is drawn for a prompt depends on its
/// tokens and its key, whatever the others are; see <see cref="Batcher"/> for the rounding of sums.
/// </summary>
public static class Answers
{
    /// <summary>Answers in the order of the prompts; fewer where the token asks to stop.</summary>
    /// <param name="engine">Where the model runs.</param>
    /// <param name="model">The model.</param>
    /// <param name="parameters">Its parameters by name.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="prompts">Tokens of each, one or more.</param>
    /// <param name="rules">How answers are written.</param>
    /// <param name="keys">A key for each prompt: its i-th token is drawn with the key folded with i.</param>
    /// <param name="rows">How many are written at a time.</param>
    /// <param name="told">Is told of each answer as it ends, by its prompt's index.</param>
    /// <param name="stop">Asks to give up.</param>
    /// <exception cref="ArgumentException">There is no room for a token, or no key for a prompt.</exception>
    /// <exception cref="NotFiniteNumberException">The model's numbers are not finite.</exception>
    public static Answer[] Of(IEngine engine, Model model, Params<IBuffer> parameters, Tokenizer tokenizer, IReadOnlyList<int[]> prompts, AnswerRules rules,
        IReadOnlyList<Key> keys, int rows = 16, Action<int, Answer>? told = null, CancellationToken stop = default)
    {
        if (prompts.Count == 0) return [];
        using var batcher = new Batcher(engine, model, parameters, Math.Clamp(prompts.Count, 1, rows));
        return Of(batcher, tokenizer, prompts, rules, keys, told, stop);
    }

    /// <summary>As <see cref="Of(IEngine, Model, Params{IBuffer}, Tokenizer, IReadOnlyList{int[]}, AnswerRules, IReadOnlyList{Key}, int, Action{int, Answer}, CancellationToken)"/>, of what there is already.</summary>
    /// <param name="batcher">What reads; as many answers are written at a time as it has rows that are free, and all of these are free again afterwards.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="prompts">Tokens of each, one or more.</param>
    /// <param name="rules">How answers are written.</param>
    /// <param name="keys">A key for each prompt.</param>
    /// <param name="told">Is told of each answer as it ends.</param>
    /// <param name="stop">Asks to give up.</param>
    public static Answer[] Of(Batcher batcher, Tokenizer tokenizer, IReadOnlyList<int[]> prompts, AnswerRules rules, IReadOnlyList<Key> keys, Action<int, Answer>? told = null,
        CancellationToken stop = default)
    {
        if (rules.Most < 1) throw new ArgumentException("an answer has one token or more.", nameof(rules));
        if (keys.Count != prompts.Count) throw new ArgumentException("each prompt has a key.", nameof(keys));
        var done = new Answer?[prompts.Count];
        var (active, next) = (new List<Writer>(), 0);
        while (!stop.IsCancellationRequested && (active.Count > 0 || next < prompts.Count))
        {
            while (next < prompts.Count && batcher.Free > 0)
            {
                var writer = new Writer(next, batcher.Join(), keys[next], rules, tokenizer);
                var (token, logProb) = batcher.Draw(writer.Row, prompts[next++], writer.Key, rules.Sampling);
                active.Add(writer);
                Take(writer, token, logProb);
            }
            active.RemoveAll(w => done[w.Prompt] is not null);
            if (active.Count == 0) continue;
            var (tokens, logProbs) = (new int[active.Count], new float[active.Count]);
            batcher.Draw([.. active.Select(static w => w.Row)], [.. active.Select(static w => w.Last)], [.. active.Select(static w => w.Key)], rules.Sampling,
                tokens, logProbs);
            for (var i = 0; i < active.Count; i++) Take(active[i], tokens[i], logProbs[i]);
        }
        foreach (var left in active.Where(w => done[w.Prompt] is null)) batcher.Leave(left.Row);
        return [.. done.TakeWhile(static a => a is not null).Select(static a => a!)];

        void Take(Writer writer, int token, float logProb)
        {
            if (writer.Add(token, logProb) is not { } answer) return;
            done[writer.Prompt] = answer;
            batcher.Leave(writer.Row);
            told?.Invoke(writer.Prompt, answer);
        }
    }

    /// <summary>
    /// One answer while it is written: pieces of whole characters as soon as nothing can take them back, and with the last of them the answer. They are its text.
    /// </summary>
    /// <param name="batcher">What reads; a row of it must be free, and is again afterwards.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="prompt">Tokens, one or more.</param>
    /// <param name="rules">How it is written.</param>
    /// <param name="key">Its i-th token is drawn with this key folded with i.</param>
    /// <exception cref="ArgumentException">There is no room for a token.</exception>
    /// <exception cref="NotFiniteNumberException">The model's numbers are not finite.</exception>
    public static IEnumerable<(string Piece, Answer? Whole)> Pieces(Batcher batcher, Tokenizer tokenizer, int[] prompt, AnswerRules rules, Key key)
    {
        if (rules.Most < 1) throw new ArgumentException("an answer has one token or more.", nameof(rules));
        var writer = new Writer(0, batcher.Join(), key, rules, tokenizer);
        try
        {
            var (tokens, logProbs) = (new int[1], new float[1]);
            (tokens[0], logProbs[0]) = batcher.Draw(writer.Row, prompt, writer.Key, rules.Sampling);
            while (true)
            {
                var answer = writer.Add(tokens[0], logProbs[0]);
                var piece = writer.Tell(answer);
                if (answer is not null)
                {
                    yield return (piece, answer);
                    yield break;
                }
                if (piece.Length > 0) yield return (piece, null);
                batcher.Draw([writer.Row], [writer.Last], [writer.Key], rules.Sampling, tokens, logProbs);
            }
        }
        finally
        {
            batcher.Leave(writer.Row);
        }
    }

    // An answer that is being written.
    sealed class Writer(int prompt, int row, Key key, AnswerRules rules, Tokenizer tokenizer)
    {
        readonly Passage passage = new(prompt, new Request([], SamplingRules.Greedy, rules.Most, key) { Ends = rules.Ends, Stops = rules.Stops }, tokenizer);

        public int Prompt => prompt;

        public int Row => row;

        public int Last => passage.Last;

        // Of the next draw.
        public Key Key => passage.KeyAt(passage.Count);

        // The answer, where the token ends it.
        public Answer? Add(int token, float logProb) => passage.Add(token, logProb);

        public string Tell(Answer? ended) => passage.Tell(ended);
    }
}
