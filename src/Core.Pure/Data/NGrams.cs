namespace Functional.Data;

/// <summary>
/// What the simplest models reach on the same tokens, as yardsticks for a trained one. Both are fitted by counting on the training part
/// with one added to every count (Laplace), and measured on the validation part.
/// </summary>
/// <param name="Unigram">Cross-entropy of token frequencies, in nats a token.</param>
/// <param name="Bigram">Cross-entropy of frequencies after the previous token, in nats a token; NaN with fewer than two tokens.</param>
public sealed record NGrams(double Unigram, double Bigram)
{
    const int Block = 1 << 14, DenseVocabulary = 2048;

    /// <summary>Counts over <paramref name="train"/>, measures over <paramref name="validation"/>; one pass over each.</summary>
    /// <param name="train">The tokens counted.</param>
    /// <param name="validation">The tokens predicted; the first is predicted by the unigram model only.</param>
    /// <param name="vocabulary">The number of different tokens there may be.</param>
    public static NGrams Measure(TokenStream train, TokenStream validation, int vocabulary)
    {
        var singles = new long[vocabulary];
        var starts = new long[vocabulary];
        var pairs = new PairCounts(vocabulary);
        Walk(train, (previous, token) =>
        {
            singles[token]++;
            if (previous < 0) return;
            starts[previous]++;
            pairs.Add(previous, token);
        });
        double unigram = 0, bigram = 0;
        Walk(validation, (previous, token) =>
        {
            unigram -= Math.Log((singles[token] + 1.0) / (train.Length + vocabulary));
            if (previous >= 0) bigram -= Math.Log((pairs[previous, token] + 1.0) / (starts[previous] + vocabulary));
        });
        return new(unigram / validation.Length, bigram / (validation.Length - 1));
    }

    static void Walk(TokenStream stream, Action<int, int> visit)
    {
        var block = new int[(int)Math.Min(Block, stream.Length)];
        var previous = -1;
        for (long at = 0; at < stream.Length; at += Block)
        {
            var tokens = block.AsSpan(0, (int)Math.Min(Block, stream.Length - at));
            stream.CopyTo(at, tokens);
            foreach (var token in tokens)
            {
                visit(previous, token);
                previous = token;
            }
        }
    }

    /// <summary>Counts of pairs: a table while that is small, else only the pairs that occur.</summary>
    sealed class PairCounts(int vocabulary)
    {
        readonly int[]? table = vocabulary <= DenseVocabulary ? new int[vocabulary * vocabulary] : null;
        readonly Dictionary<long, int> sparse = [];

        public int this[int a, int b] => table is null ? sparse.GetValueOrDefault(a * (long)vocabulary + b) : table[a * vocabulary + b];

        public void Add(int a, int b)
        {
            if (table is not null) table[a * vocabulary + b]++;
            else System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(sparse, a * (long)vocabulary + b, out _)++;
        }
    }
}
