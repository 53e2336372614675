using System.Text;
using Functional.Base;
using Functional.Sampling;
using Functional.Text;

namespace Functional.Generation;

/// <summary>Carries a <see cref="Beam"/> out: a row of a batcher for each live sequence, copied where a sequence goes on in two ways.</summary>
public static class BeamSearch
{
    /// <summary>The best texts behind a prompt, best first; those with a token that ends them first come as they are worth.</summary>
    /// <param name="batcher">What reads; as many rows must be free as the beam is wide, and are again afterwards.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="request">The prompt, and rules of single tokens, ends and a constraint; temperature and what leaves the unlikely out mean nothing here, nor do stops.</param>
    /// <param name="width">How many sequences.</param>
    /// <param name="alpha">How much length matters.</param>
    /// <param name="stop">Asks to give up, which throws.</param>
    /// <exception cref="ArgumentException">There are not so many free rows, or no sequence goes on.</exception>
    /// <exception cref="NotFiniteNumberException">The model's numbers are not finite.</exception>
    public static Vec<Answer> Of(Batcher batcher, Tokenizer tokenizer, Request request, int width, double alpha, CancellationToken stop = default)
    {
        if (batcher.Free < width) throw new ArgumentException($"{width} beams need as many rows, and {batcher.Free} are free.");
        var (rules, vocabulary) = (request.Rules.OfTokens, batcher.Vocabulary);
        var beam = Beam.Of(width, request.Most, alpha, request.Ends);
        var (rows, states) = (new List<int> { batcher.Join() }, new List<int> { request.Constraint?.Start ?? 0 });
        try
        {
            var logits = new float[width * vocabulary];
            batcher.Read(rows[0], request.Prompt.Span, logits.AsSpan(0, vocabulary));
            while (!beam.IsOver)
            {
                stop.ThrowIfCancellationRequested();
                var step = beam.Advance(LogProbs(), Ends);
                if (step.Next.Live.Count == 0 && step.Next.Done.Count == 0) throw new ArgumentException("the rules leave no token.");
                Follow(step);
                beam = step.Next;
                if (!beam.IsOver) batcher.Step([.. rows], [.. beam.Live.Select(static h => h.Tokens[^1])], logits.AsSpan(0, rows.Count * vocabulary));
            }
            return beam.Best.Map(h => Told(h));

            double[] LogProbs()
            {
                var all = new double[rows.Count * vocabulary];
                for (var i = 0; i < rows.Count; i++)
                {
                    var own = logits.AsSpan(i * vocabulary, vocabulary);
                    if (own.ContainsAnyExceptInRange(float.NegativeInfinity, float.MaxValue)) throw new NotFiniteNumberException("the model's numbers are not finite");
                    int[] written = [.. beam.Live[i].Tokens];
                    if (request.Constraint is { } constraint)
                        constraint.Mask(states[i], request.Most - written.Length).Apply(own, constraint.Accepts(states[i]) ? request.Ends.Span : []);
                    Normalise(rules.Apply(own, new(request.Prompt.Span, written)), all.AsSpan(i * vocabulary, vocabulary));
                }
                return all;
            }

            // Without a token for it, a text is over where nothing may follow.
            bool Ends(int i, int token) => request.Constraint?.Next(states[i], token) is >= 0 and var next && request.IsOver(next, beam.Live[i].Tokens.Count + 1);

            void Follow(BeamStep step)
            {
                int[] from = [.. step.From];
                for (var i = 0; i < rows.Count; i++)
                    if (!from.Contains(i)) batcher.Leave(rows[i]);
                var (taken, next, at) = (new HashSet<int>(), new List<int>(), new List<int>());
                for (var i = 0; i < from.Length; i++)
                {
                    next.Add(taken.Add(from[i]) ? rows[from[i]] : batcher.Fork(rows[from[i]]));
                    at.Add(request.Constraint?.Next(states[from[i]], step.Next.Live[i].Tokens[^1]) ?? 0);
                }
                (rows, states) = (next, at);
            }
        }
        finally
        {
            foreach (var row in rows) batcher.Leave(row);
        }

        Answer Told(Hypothesis h)
        {
            var said = h.Tokens.Count > 0 && request.Ends.Contains(h.Tokens[^1]);
            Vec<int> tokens = [.. h.Tokens];
            return new(tokens, [], Encoding.UTF8.GetString(tokenizer.DecodeBytes([.. said ? tokens.SkipLast(1) : tokens])), said ? AnswerEnd.Said : h.HasEnded ? AnswerEnd.Complete : AnswerEnd.Length)
            {
                IsWhole = h.HasEnded || IsAccepted(tokens), LogProb = h.LogProb,
            };
        }

        bool IsAccepted(Vec<int> tokens)
        {
            if (request.Constraint is not { } constraint) return false;
            var state = constraint.Start;
            foreach (var token in tokens) state = state < 0 ? state : constraint.Next(state, token);
            return state >= 0 && constraint.Accepts(state);
        }
    }

    static void Normalise(ReadOnlySpan<double> logits, Span<double> result)
    {
        var (max, total) = (double.NegativeInfinity, 0.0);
        foreach (var logit in logits) max = Math.Max(max, logit);
        if (double.IsNegativeInfinity(max))
        {
            result.Fill(max);
            return;
        }
        foreach (var logit in logits) total += Math.Exp(logit - max);
        var normal = max + Math.Log(total);
        for (var i = 0; i < result.Length; i++) result[i] = logits[i] - normal;
    }
}
