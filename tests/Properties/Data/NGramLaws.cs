using Functional.Testing;

namespace Functional.Tests.Properties.Data;

public class NGramLaws
{
    const double Tolerance = 1e-12;

    static TokenStream Stream(byte[] tokens, int vocabulary) => TokenStream.Of(Array.ConvertAll(tokens, t => t % vocabulary));

    /// <summary>The same by a formula written the slow way.</summary>
    [Property]
    public bool Agree_with_counting_by_hand(byte[] train, byte[] validation, byte more)
    {
        var v = 1 + more % 6;
        int[] a = [.. train.Select(t => t % v)], b = [.. validation.Select(t => t % v), 0, 0];
        var (unigram, bigram) = (0.0, 0.0);
        for (var i = 0; i < b.Length; i++)
        {
            unigram -= Math.Log((a.Count(t => t == b[i]) + 1.0) / (a.Length + v)) / b.Length;
            if (i > 0) bigram -= Math.Log((a.Zip(a.Skip(1)).Count(p => p == (b[i - 1], b[i])) + 1.0) / (a.SkipLast(1).Count(t =>
                t == b[i - 1]) + v)) / (b.Length - 1);
        }
        var measured = NGrams.Measure(TokenStream.Of(a), TokenStream.Of(b), v);
        return Math.Abs(measured.Unigram - unigram) < Tolerance && Math.Abs(measured.Bigram - bigram) < Tolerance;
    }

    [Property]
    public bool Large_vocabularies_count_the_same(byte[] train, byte[] validation)
    {
        // Past a size pairs are kept sparsely; the numbers still follow the formula.
        const int v = 5000;
        int[] a = [.. train.Select(t => t % 7)], b = [.. validation.Select(t => t % 7), 1, 2];
        var expected = Enumerable.Range(1, b.Length - 1).Average(i =>
            -Math.Log((a.Zip(a.Skip(1)).Count(p => p == (b[i - 1], b[i])) + 1.0) / (a.SkipLast(1).Count(t => t == b[i - 1]) + v)));
        return Math.Abs(NGrams.Measure(TokenStream.Of(a), TokenStream.Of(b), v).Bigram - expected) < Tolerance;
    }

    [Property(MaxTest = 20)]
    public bool Know_nothing_without_data(byte v, byte[] tokens)
    {
        var measured = NGrams.Measure(TokenStream.Of(ReadOnlyMemory<int>.Empty), Stream([.. tokens, 1, 2], v + 1), v + 1);
        return Math.Abs(measured.Unigram - Math.Log(v + 1)) < Tolerance && Math.Abs(measured.Bigram - Math.Log(v + 1)) < Tolerance;
    }
}
