namespace Functional.Data;

/// <summary>Training examples: windows of a token stream, and for each token the next one as its label.</summary>
/// <param name="Rows">Windows.</param>
/// <param name="Context">Tokens in a window.</param>
/// <param name="Inputs">Token ids as <c>[rows, context]</c>.</param>
/// <param name="Labels">The token after each input as <c>[rows, context]</c>.</param>
public sealed record Batch(int Rows, int Context, int[] Inputs, int[] Labels)
{
    /// <summary>The batch of the windows at these starts.</summary>
    /// <param name="stream">The tokens.</param>
    /// <param name="starts">Where each window starts.</param>
    /// <param name="context">Tokens in a window.</param>
    public static Batch Read(TokenStream stream, ReadOnlySpan<long> starts, int context)
    {
        var (inputs, labels) = (new int[starts.Length * context], new int[starts.Length * context]);
        Fill(stream, starts, context, inputs, labels);
        return new(starts.Length, context, inputs, labels);
    }

    /// <summary>The same into memory that the caller owns, allocating nothing.</summary>
    /// <param name="stream">The tokens.</param>
    /// <param name="starts">Where each window starts.</param>
    /// <param name="context">Tokens in a window.</param>
    /// <param name="inputs">Filled as <c>[rows, context]</c>.</param>
    /// <param name="labels">Filled as <c>[rows, context]</c>.</param>
    public static void Fill(TokenStream stream, ReadOnlySpan<long> starts, int context, Span<int> inputs, Span<int> labels)
    {
        for (var row = 0; row < starts.Length; row++)
        {
            stream.CopyTo(starts[row], inputs.Slice(row * context, context));
            stream.CopyTo(starts[row] + 1, labels.Slice(row * context, context));
        }
    }
}
